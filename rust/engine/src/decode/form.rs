//! Form bodies and query strings (`application/x-www-form-urlencoded`) -> pairs. One pass;
//! values stay as they are on the wire until somebody asks for them, so that an odd value in
//! a field nobody needs costs nothing and breaks nothing.

use super::RejectCode;
use super::slots::{Fault, Raw, Wire, at};
use crate::limits::BODY_KEYS_MAX;
use std::borrow::Cow;

/// One `name=value`, neither of them decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair<'a> {
    pub name: &'a [u8],
    pub value: &'a [u8],
    /// Offset of the value in the form, in bytes.
    pub at: u32,
    /// Whether there is a `%` or a `+` in the value.
    pub is_escaped: bool,
    is_name_escaped: bool,
}

impl Pair<'_> {
    /// How the value is to be read.
    pub const fn wire(&self) -> Wire {
        if self.is_escaped {
            Wire::Form
        } else {
            Wire::Plain
        }
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// High bits over the bytes of a word that may end or escape a value: those below a comma,
/// of which `%`, `&` and `+` matter and the others are rare; the lowest is exact.
const fn low(word: u64) -> u64 {
    word.wrapping_sub(ONES * b',' as u64) & !word & HIGHS
}

/// High bits over the equals signs of a word; the lowest is exact.
const fn equals(word: u64) -> u64 {
    let differs = word ^ (ONES * b'=' as u64);
    differs.wrapping_sub(ONES) & !differs & HIGHS
}

/// Where the name (or value) that begins at a place ends, and whether there is an escape in
/// it. Names and values are short: eight bytes at a time beats a call.
#[inline]
fn find_end(form: &[u8], mut place: usize, is_name: bool) -> (usize, bool) {
    let mut is_escaped = false;
    loop {
        while let Some(chunk) = form.get(place..).and_then(|rest| rest.first_chunk()) {
            let word = u64::from_le_bytes(*chunk);
            let found = low(word) | if is_name { equals(word) } else { 0 };
            if found != 0 {
                place += (found.trailing_zeros() / 8) as usize;
                break;
            }
            place += 8;
        }
        match form.get(place) {
            None | Some(b'&') => return (place, is_escaped),
            Some(b'=') if is_name => return (place, is_escaped),
            Some(b'%' | b'+') => is_escaped = true,
            Some(_) => {}
        }
        place += 1;
    }
}

/// Gives every pair of a form to `take`, in order. A name without `=` has an empty value.
///
/// # Errors
/// `too_many_keys` beyond [`BODY_KEYS_MAX`].
#[inline]
pub(super) fn each_pair<'a>(form: &'a [u8], mut take: impl FnMut(Pair<'a>)) -> Result<(), Fault> {
    let mut start = 0;
    let mut count = 0;
    while start < form.len() {
        let (name_end, is_name_escaped) = find_end(form, start, true);
        let (mut end, mut is_escaped) = (name_end, false);
        if form.get(name_end) == Some(&b'=') {
            (end, is_escaped) = find_end(form, name_end + 1, false);
        }
        if end > start {
            count += 1;
            if count > BODY_KEYS_MAX {
                return Err(Fault::new(start, RejectCode::TooManyKeys));
            }
            let value_start = end.min(name_end + 1);
            let name = form.get(start..name_end).unwrap_or_default();
            let value = form.get(value_start..end).unwrap_or_default();
            take(Pair {
                name,
                value,
                at: at(value_start),
                is_escaped,
                is_name_escaped,
            });
        }
        start = end + 1;
    }
    Ok(())
}

/// What a hexadecimal digit stands for; 255 for other bytes.
const fn hex(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        b'A'..=b'F' => byte - b'A' + 10,
        _ => u8::MAX,
    }
}

/// Writes the decoded bytes to the front of `out` and says how many there are. `out` must be
/// as long as `text` at least.
///
/// # Errors
/// The offset in `text` of a `%` without two hexadecimal digits; with `keep_broken` such a
/// `%` stands for itself.
pub(super) fn unescape(text: &[u8], out: &mut [u8], keep_broken: bool) -> Result<usize, usize> {
    let mut rest = text;
    let mut len = 0;
    for place in out {
        let [byte, after @ ..] = rest else { break };
        (*place, rest) = match (*byte, after) {
            (b'%', [high, low, after @ ..]) if hex(*high) | hex(*low) < 16 => {
                (hex(*high) << 4 | hex(*low), after)
            }
            (b'%', _) if !keep_broken => return Err(text.len() - rest.len()),
            (b'+', _) => (b' ', after),
            _ => (*byte, after),
        };
        len += 1;
    }
    Ok(len)
}

/// The bytes of a value without its escapes, for texts that are not UTF-8; none where the wire
/// has no value, or not one of a form.
///
/// # Errors
/// `percent_invalid`.
pub(super) fn bytes_of<'a>(raw: &Raw<'a>) -> Result<Option<Cow<'a, [u8]>>, Fault> {
    match raw.wire {
        Wire::Form | Wire::FormKept => {
            let mut decoded = vec![0; raw.bytes.len()];
            let len = unescape(raw.bytes, &mut decoded, raw.wire == Wire::FormKept)
                .map_err(|place| raw.fault(place, RejectCode::PercentInvalid))?;
            decoded.truncate(len);
            Ok(Some(Cow::Owned(decoded)))
        }
        Wire::Plain | Wire::Text => Ok(Some(Cow::Borrowed(raw.bytes))),
        _ => Ok(None),
    }
}

/// Longest name with escapes that is looked at.
const NAME_BYTES_MAX: usize = 64;

/// Finds the name of a pair among some, decoding it at most once.
#[inline]
pub(super) fn find_name<T>(pair: &Pair<'_>, find: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
    if !pair.is_name_escaped {
        return find(pair.name);
    }
    let mut buffer = [0; NAME_BYTES_MAX];
    if pair.name.len() > buffer.len() {
        return None;
    }
    let len = unescape(pair.name, &mut buffer, true).ok()?;
    buffer.get(..len).and_then(find)
}

/// Whether two names are the same; most that differ do so in length or in the first byte.
#[inline]
pub(super) fn is_same(wire: &[u8], name: &[u8]) -> bool {
    wire.len() == name.len() && wire.first() == name.first() && wire == name
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fmt::Write;

    fn pairs(form: &str) -> Vec<(String, String, u32)> {
        let mut all = Vec::new();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        each_pair(form.as_bytes(), |p| {
            all.push((text(p.name), text(p.value), p.at));
        })
        .unwrap();
        all
    }

    fn decoded(text: &str) -> Result<Vec<u8>, usize> {
        let mut out = vec![0; text.len()];
        unescape(text.as_bytes(), &mut out, false).map(|len| out[..len].to_vec())
    }

    #[test]
    fn pairs_and_offsets() {
        assert_eq!(pairs(""), []);
        assert_eq!(
            pairs("a=1&&b&c=&=d&e=f=g"),
            [
                ("a", "1", 2),
                ("b", "", 6),
                ("c", "", 9),
                ("", "d", 11),
                ("e", "f=g", 15)
            ]
            .map(|(name, value, at)| (name.to_owned(), value.to_owned(), at))
        );
    }

    #[test]
    fn escapes() {
        assert_eq!(decoded("a+b%20c%2Bd%2b").unwrap(), b"a b c+d+");
        assert_eq!(decoded("%C3%A9").unwrap(), "é".as_bytes());
        for (text, byte) in [("ab%", 2), ("%4", 0), ("%zz", 0), ("a%4g", 1), ("%%20", 0)] {
            assert_eq!(decoded(text), Err(byte), "{text}");
        }
        let mut out = [0; 8];
        assert_eq!(unescape(b"%x%41%", &mut out, true), Ok(4));
        assert_eq!(&out[..4], b"%xA%");
    }

    #[test]
    fn too_many_keys() {
        let form = "a&".repeat(BODY_KEYS_MAX);
        assert_eq!(each_pair(form.as_bytes(), |_| ()), Ok(()));
        let form = "a&".repeat(BODY_KEYS_MAX + 1);
        let fault = Fault::new(BODY_KEYS_MAX * 2, RejectCode::TooManyKeys);
        assert_eq!(each_pair(form.as_bytes(), |_| ()), Err(fault));
    }

    #[test]
    fn names() {
        let is = |wire: &[u8], name: &[u8]| {
            let mut found = None;
            each_pair(wire, |pair| {
                found = find_name(&pair, |read| is_same(read, name).then_some(()));
            })
            .unwrap();
            found.is_some()
        };
        assert!(is(b"price[amount]", b"price[amount]"));
        assert!(is(b"price%5Bamount%5D", b"price[amount]"));
        assert!(is(b"message%2dtimestamp", b"message-timestamp"));
        assert!(!is(b"q", b"Q"));
        assert!(!is(&[b'+'; 65], &[b' '; 65]));
    }

    proptest! {
        #[test]
        fn pairs_are_what_splitting_gives(form in "[a=&%+,!é\\x00]{0,40}|[a-z&=]{0,40}") {
            let mut found = Vec::new();
            each_pair(form.as_bytes(), |pair| found.push(pair)).unwrap();
            let parts: Vec<_> = form.split('&').filter(|part| !part.is_empty()).collect();
            prop_assert_eq!(found.len(), parts.len());
            for (pair, part) in found.iter().zip(parts) {
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                prop_assert_eq!((pair.name, pair.value), (name.as_bytes(), value.as_bytes()));
                prop_assert_eq!(pair.is_escaped, value.contains(['%', '+']));
                prop_assert_eq!(pair.is_name_escaped, name.contains(['%', '+']));
                let start = usize::try_from(pair.at).unwrap();
                prop_assert_eq!(&form.as_bytes()[start..start + value.len()], value.as_bytes());
            }
        }

        #[test]
        fn escaped_and_read_again(text: String) {
            let mut wire = String::new();
            for byte in text.bytes() {
                match byte {
                    b' ' => wire.push('+'),
                    b'a'..=b'z' | b'0'..=b'9' => wire.push(char::from(byte)),
                    _ => write!(wire, "%{byte:02X}").unwrap(),
                }
            }
            prop_assert_eq!(decoded(&wire).unwrap(), text.as_bytes());
        }
    }
}
