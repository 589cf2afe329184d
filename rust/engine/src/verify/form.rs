//! Forms and queries as those who sign them see them: every pair decoded to bytes, none left
//! out, odd escapes kept as they are. Decoders have their own, stricter reading.

use std::borrow::Cow;

use crate::limits::BODY_KEYS_MAX;

use super::{Checked, Fault, escapes};

/// A name and a value, decoded.
pub type Pair<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// All pairs, in order; a name without `=` has an empty value.
///
/// # Errors
/// `BodyMalformed` for escapes in both cases, or more pairs than any body may have.
pub fn pairs(form: &[u8]) -> Checked<Vec<Pair<'_>>> {
    if escapes::form_agrees(form) {
        pairs_of_url(form)
    } else {
        Err(Fault::BodyMalformed)
    }
}

/// All pairs of a query whose text is signed as it is, or that the operator wrote: there both
/// cases of an escape may meet.
///
/// # Errors
/// `BodyMalformed` for more pairs than any body may have.
pub fn pairs_of_url(form: &[u8]) -> Checked<Vec<Pair<'_>>> {
    let mut pairs = Vec::new();
    for pair in form.split(|byte| *byte == b'&') {
        if pair.is_empty() {
            continue;
        }
        if pairs.len() == BODY_KEYS_MAX {
            return Err(Fault::BodyMalformed);
        }
        let (name, value) = match memchr::memchr(b'=', pair) {
            Some(place) => (
                pair.get(..place).unwrap_or_default(),
                pair.get(place + 1..).unwrap_or_default(),
            ),
            None => (pair, &[][..]),
        };
        pairs.push((unescape(name), unescape(value)));
    }
    Ok(pairs)
}

/// The values of a name in a form.
pub fn values<'p>(pairs: &'p [Pair<'_>], name: &[u8]) -> impl Iterator<Item = &'p [u8]> {
    let named = pairs.iter().filter(move |(key, _)| &**key == name);
    named.map(|(_, value)| &**value)
}

/// Undoes `+` and percent-encoding; a `%` without two digits stands for itself.
fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text);
    }
    let digit = |byte: u8| {
        let value = char::from(byte).to_digit(16)?;
        u8::try_from(value).ok()
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = after;
        match (byte, after) {
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            (b'+', _) => bytes.push(b' '),
            (other, _) => bytes.push(*other),
        }
    }
    Cow::Owned(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let pairs = pairs(form).unwrap().into_iter();
        pairs
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect()
    }

    #[test]
    fn every_pair_is_seen() {
        let pair = |name: &[u8], value: &[u8]| (name.to_vec(), value.to_vec());
        for (form, expected) in [
            (b"".as_slice(), vec![]),
            (b"&&", vec![]),
            (b"a", vec![pair(b"a", b"")]),
            (b"=a", vec![pair(b"", b"a")]),
            (b"a=b=c&a=", vec![pair(b"a", b"b=c"), pair(b"a", b"")]),
            (b"a+b=c%20d%2B", vec![pair(b"a b", b"c d+")]),
            (
                b"a=%&b=%4&c=%zz&d=%e9",
                vec![
                    pair(b"a", b"%"),
                    pair(b"b", b"%4"),
                    pair(b"c", b"%zz"),
                    pair(b"d", b"\xe9"),
                ],
            ),
            (b"a=\xff\x00;b", vec![pair(b"a", b"\xff\x00;b")]),
        ] {
            assert_eq!(read(form), expected);
        }
        let many = b"a=1&".repeat(BODY_KEYS_MAX + 1);
        assert_eq!(pairs(&many), Err(Fault::BodyMalformed));
        let two = pairs(b"a=1&b=2&a=3").unwrap();
        assert_eq!(values(&two, b"a").collect::<Vec<_>>(), [b"1", b"3"]);
    }
}
