//! Form bodies and query strings (`application/x-www-form-urlencoded`) -> pairs. One pass;
//! values stay as they are on the wire until somebody asks for them, so that an odd value in
//! a field nobody needs costs nothing and breaks nothing.

use super::RejectCode;
use super::slots::{Fault, at};
use crate::limits::BODY_KEYS_MAX;

/// One `name=value`, neither of them decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair<'a> {
    pub name: &'a [u8],
    pub value: &'a [u8],
    /// Offset of the value in the form, in bytes.
    pub at: u32,
}

/// Gives every pair of a form to `take`, in order. A name without `=` has an empty value.
///
/// # Errors
/// `too_many_keys` beyond [`BODY_KEYS_MAX`].
pub(super) fn each_pair<'a>(form: &'a [u8], mut take: impl FnMut(Pair<'a>)) -> Result<(), Fault> {
    let mut start = 0;
    let mut count = 0;
    while let Some(rest) = form.get(start..).filter(|rest| !rest.is_empty()) {
        let len = memchr::memchr(b'&', rest).unwrap_or(rest.len());
        let part = rest.get(..len).unwrap_or_default();
        if !part.is_empty() {
            count += 1;
            if count > BODY_KEYS_MAX {
                return Err(Fault::new(start, RejectCode::TooManyKeys));
            }
            let sign = memchr::memchr(b'=', part).unwrap_or(part.len());
            let name = part.get(..sign).unwrap_or_default();
            let value = part.get(sign + 1..).unwrap_or_default();
            let value_at = if sign < len {
                start + sign + 1
            } else {
                start + len
            };
            take(Pair {
                name,
                value,
                at: at(value_at),
            });
        }
        start += len + 1;
    }
    Ok(())
}

/// Whether a name or value means something else than its bytes.
pub(super) fn is_escaped(text: &[u8]) -> bool {
    memchr::memchr2(b'%', b'+', text).is_some()
}

const fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Writes the decoded bytes to the front of `out` and says how many there are. `out` must be
/// as long as `text` at least.
///
/// # Errors
/// The offset in `text` of a `%` without two hexadecimal digits; with `keep_broken` such a
/// `%` stands for itself.
pub(super) fn unescape(text: &[u8], out: &mut [u8], keep_broken: bool) -> Result<usize, usize> {
    let mut from = 0;
    let mut len = 0;
    while let Some(&byte) = text.get(from) {
        let pair = (text.get(from + 1).copied(), text.get(from + 2).copied());
        let (decoded, used) = match (byte, pair) {
            (b'+', _) => (b' ', 1),
            (b'%', (Some(high), Some(low))) => match (hex(high), hex(low)) {
                (Some(high), Some(low)) => (high << 4 | low, 3),
                _ if keep_broken => (byte, 1),
                _ => return Err(from),
            },
            (b'%', _) if !keep_broken => return Err(from),
            _ => (byte, 1),
        };
        if let Some(place) = out.get_mut(len) {
            *place = decoded;
            len += 1;
        }
        from += used;
    }
    Ok(len)
}

/// Whether a name on the wire is this name.
pub(super) fn name_is(wire: &[u8], name: &[u8]) -> bool {
    if wire == name {
        return true;
    }
    if !is_escaped(wire) {
        return false;
    }
    let mut buffer = [0; 64];
    wire.len() <= buffer.len()
        && unescape(wire, &mut buffer, false)
            .is_ok_and(|len| buffer.get(..len).is_some_and(|decoded| decoded == name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(form: &str) -> Vec<(String, String, u32)> {
        let mut all = Vec::new();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        each_pair(form.as_bytes(), |p| {
            all.push((text(p.name), text(p.value), p.at))
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
        assert!(name_is(b"price[amount]", b"price[amount]"));
        assert!(name_is(b"price%5Bamount%5D", b"price[amount]"));
        assert!(name_is(b"message%2dtimestamp", b"message-timestamp"));
        assert!(!name_is(b"q", b"Q"));
        assert!(!name_is(b"%zz", b"%zz-"));
    }

    proptest! {
        #[test]
        fn escaped_and_read_again(text: String) {
            let mut wire = String::new();
            for byte in text.bytes() {
                match byte {
                    b' ' => wire.push('+'),
                    b'a'..=b'z' | b'0'..=b'9' => wire.push(char::from(byte)),
                    _ => wire.push_str(&format!("%{byte:02X}")),
                }
            }
            prop_assert_eq!(decoded(&wire).unwrap(), text.as_bytes());
        }
    }
}
