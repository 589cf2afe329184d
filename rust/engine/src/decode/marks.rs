//! Which bytes of a JSON text can end or break a run of plain string bytes, 64 at a time. Knows
//! nothing of JSON but those bytes.
#![expect(
    clippy::inline_always,
    reason = "the word of bits has to stay in a register"
)]

use wide::u8x16;

/// Bytes that are looked at together: one bit each fills a word.
pub(super) const BLOCK_BYTES: usize = 64;
const LANE_BYTES: usize = 16;

/// Which of the 64 bytes from an offset on are a quotation mark, a backslash or a control
/// character.
#[inline(always)]
pub(super) fn marks(bytes: &[u8], from: usize) -> u64 {
    let rest = bytes.get(from..).unwrap_or_default();
    match rest.first_chunk() {
        Some(block) => block_marks(block),
        None => last_marks(rest),
    }
}

#[inline(always)]
fn block_marks(block: &[u8; BLOCK_BYTES]) -> u64 {
    let (lanes, _) = block.as_chunks::<LANE_BYTES>();
    lanes.iter().rev().fold(0, |marks, lane| {
        let lane = u8x16::new(*lane);
        let is_control = lane.min(u8x16::splat(0x1f)).simd_eq(lane);
        let is_quote = lane.simd_eq(u8x16::splat(b'"'));
        let is_slash = lane.simd_eq(u8x16::splat(b'\\'));
        let found = (is_control | is_quote | is_slash).to_bitmask();
        marks << LANE_BYTES | u64::from(found)
    })
}

/// The end of the bytes, filled up with plain ones.
#[inline(never)]
fn last_marks(rest: &[u8]) -> u64 {
    let mut block = [b' '; BLOCK_BYTES];
    if let Some(front) = block.get_mut(..rest.len()) {
        front.copy_from_slice(rest);
    }
    block_marks(&block)
}

/// Where the blanks from an offset on end.
#[inline(never)]
pub(super) fn after_blanks(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// How many bytes two texts have in common.
#[cold]
pub(super) fn same_count(text: &[u8], word: &[u8]) -> usize {
    text.iter().zip(word).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn same_as_byte_by_byte(text in prop::collection::vec(any::<u8>(), 0..200), from in 0..210_usize) {
            let rest = text.get(from..).unwrap_or_default();
            let expected = rest.iter().take(BLOCK_BYTES).enumerate().fold(0_u64, |bits, (at, byte)| {
                let is_marked = matches!(byte, 0..0x20 | b'"' | b'\\');
                bits | u64::from(is_marked) << at
            });
            prop_assert_eq!(marks(&text, from), expected);
        }
    }
}
