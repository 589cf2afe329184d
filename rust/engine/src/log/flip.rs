//! Whether one flipped bit explains a bad frame: damage to a frame that was written whole.
//!
//! A torn write leaves sectors that were never written: the file is short, or holds zeros or
//! what was there before, and all but surely differs from the frame in many bits. A single
//! flipped bit is what storage and memory do to bytes that were whole, and perhaps
//! acknowledged. CRC-32C tells the two apart: a frame has fewer than 2^31 bits, so each single
//! bit has a syndrome of its own, and no two flipped bits have that of one. The syndrome is
//! walked back bit by bit, at most once over the frame (64 MiB: under a second); a flipped
//! bit of the length, which says where the frame ends, is tried out, 32 checksums in all.
//!
//! The price: bytes that were torn look so by accident once in 2^32 for each bit of the frame.
//! Under `SURE_BYTES` that is once in 8,000 torn frames at worst, and the harm is a refusal,
//! not a loss. Above it, a sector of zeros in the frame is taken for the mark of a torn write.

use super::frame::{FORMAT_VERSION, FRAME_HEAD_BYTES, checksum, u32_at, u64_at};

/// Frames up to this size are judged by the checksum alone.
const SURE_BYTES: usize = 64 * 1024;
const SECTOR_BYTES: usize = 512;
/// CRC-32C's polynomial, lowest power first.
const POLYNOMIAL: u32 = 0x82F6_3B78;

/// A bit of a frame: byte from the frame's start, bit from the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bit {
    /// Byte in the frame.
    pub byte: usize,
    /// Bit in the byte.
    pub bit: u8,
}

/// The one bit that, flipped back, makes the bytes begin with a good frame of this position.
pub fn flipped_bit(identity: &[u8; 16], bytes: &[u8], position: u64) -> Option<Bit> {
    let head = bytes.get(..FRAME_HEAD_BYTES)?;
    let found = u32_at(head, 4);
    if let Some(payload) = payload_of(bytes, u32_at(head, 0)) {
        let bit = locate(found ^ checksum(identity, head, payload), payload.len());
        let is_sure = payload.len() <= SURE_BYTES || !has_zero_sector(payload);
        if let Some(bit) = bit.filter(|bit| is_sure && fits(head, *bit, position)) {
            return Some(bit);
        }
    }
    (0..32).find_map(|index| {
        let bit = Bit {
            byte: index / 8,
            bit: u8::try_from(index % 8).ok()?,
        };
        let mut mended = head.to_vec();
        flip(&mut mended, bit);
        let payload = payload_of(bytes, u32_at(&mended, 0))?;
        let is_good = fits(head, bit, position) && checksum(identity, &mended, payload) == found;
        is_good.then_some(bit)
    })
}

fn payload_of(bytes: &[u8], length: u32) -> Option<&[u8]> {
    bytes.get(FRAME_HEAD_BYTES..)?.get(..length as usize)
}

fn flip(bytes: &mut [u8], bit: Bit) {
    if let Some(byte) = bytes.get_mut(bit.byte) {
        *byte ^= 1 << bit.bit;
    }
}

/// Whether the head, mended, is one that stands here.
fn fits(head: &[u8], bit: Bit, position: u64) -> bool {
    let mut head = head.to_vec();
    flip(&mut head, bit);
    u64_at(&head, 8) == position
        && u64_at(&head, 16) < position
        && u32_at(&head, 32) != 0
        && u32_at(&head, 36) == FORMAT_VERSION
}

/// The bit whose flip changes the checksum so. `payload_bytes` follow the head.
fn locate(syndrome: u32, payload_bytes: usize) -> Option<Bit> {
    if syndrome.is_power_of_two() {
        // The checksum itself: bytes 4 to 7.
        let index = syndrome.trailing_zeros() as usize;
        return Some(Bit {
            byte: 4 + index / 8,
            bit: u8::try_from(index % 8).ok()?,
        });
    }
    let frame_bytes = FRAME_HEAD_BYTES + payload_bytes;
    let mut syndrome = syndrome;
    // Backwards from the last bit; the checksum passes over its own four bytes.
    for byte in (8..frame_bytes).rev().chain((0..4).rev()) {
        for bit in (0..8).rev() {
            syndrome = if syndrome & 0x8000_0000 == 0 {
                syndrome << 1
            } else {
                ((syndrome ^ POLYNOMIAL) << 1) | 1
            };
            if syndrome == 1 {
                return Some(Bit { byte, bit });
            }
        }
    }
    None
}

fn has_zero_sector(payload: &[u8]) -> bool {
    // Sectors of the file need not begin where ours do, but two halves of one cover a half.
    payload
        .chunks_exact(SECTOR_BYTES / 2)
        .any(|half| half.iter().all(|byte| *byte == 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::frame::{FrameHead, write_frame};

    const IDENTITY: [u8; 16] = [9; 16];

    fn sample(payload: &[u8]) -> Vec<u8> {
        let payload_bytes = u32::try_from(payload.len()).unwrap();
        let head = FrameHead {
            payload_bytes,
            position: 7,
            synced: 3,
            received_ms: 1,
            count: 2,
        };
        let mut out = Vec::new();
        write_frame(&IDENTITY, &head, payload, &mut out);
        out
    }

    fn noise(count: usize) -> Vec<u8> {
        let mut state = 1_u64;
        (0..count)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                state.to_le_bytes()[7]
            })
            .collect()
    }

    #[test]
    fn every_single_bit_is_found_and_named() {
        for follows in [0, 100] {
            for payload in [b"hello".to_vec(), vec![0; 700], noise(3_000)] {
                let whole = sample(&payload);
                let mut bytes = whole.clone();
                bytes.extend(vec![0; follows]);
                for byte in 0..whole.len() {
                    for bit in 0..8 {
                        let bit = Bit { byte, bit };
                        flip(&mut bytes, bit);
                        assert_eq!(flipped_bit(&IDENTITY, &bytes, 7), Some(bit));
                        flip(&mut bytes, bit);
                    }
                }
            }
        }
    }

    #[test]
    fn a_large_frame_is_walked_to_its_first_byte() {
        let mut bytes = sample(&noise(1 << 20));
        for byte in [0, 5, 8, 39, 40, bytes.len() / 2, bytes.len() - 1] {
            let bit = Bit { byte, bit: 6 };
            flip(&mut bytes, bit);
            assert_eq!(flipped_bit(&IDENTITY, &bytes, 7), Some(bit));
            flip(&mut bytes, bit);
        }
    }

    #[test]
    fn two_bits_and_torn_writes_are_not_one_bit() {
        let whole = sample(b"some payload");
        let bits = whole.len() * 8;
        for one in 0..bits {
            for two in one + 1..bits {
                let mut bytes = whole.clone();
                bytes[one / 8] ^= 1 << (one % 8);
                bytes[two / 8] ^= 1 << (two % 8);
                assert_eq!(
                    flipped_bit(&IDENTITY, &bytes, 7),
                    None,
                    "bits {one} and {two}"
                );
            }
        }
        let whole = sample(&noise(2_000));
        for cut in 0..whole.len() - 1 {
            let short = &whole[..cut];
            assert_eq!(flipped_bit(&IDENTITY, short, 7), None, "cut at {cut}");
            let mut filled = short.to_vec();
            filled.resize(whole.len(), 0);
            let differ: u32 = filled
                .iter()
                .zip(&whole)
                .map(|(a, b)| (a ^ b).count_ones())
                .sum();
            let is_found = flipped_bit(&IDENTITY, &filled, 7).is_some();
            assert_eq!(is_found, differ == 1, "zeros from {cut}");
        }
    }

    #[test]
    fn a_good_frame_has_no_wrong_bit() {
        assert_eq!(flipped_bit(&IDENTITY, &sample(b"hello"), 7), None);
        assert_eq!(flipped_bit(&IDENTITY, b"", 7), None);
    }
}
