//! Bytes of a text -> characters, where a format does not say UTF-8: the alphabets of SMPP's
//! `data_coding`. Knows nothing of the requests that texts stand in.

use std::borrow::Cow;

/// The alphabet that a `data_coding` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// GSM 03.38, one character a byte.
    Gsm,
    /// ISO 8859-1.
    Latin1,
    /// UTF-16 in network order.
    Utf16,
    /// Eight bits whose meaning nobody tells.
    Untold,
}

/// The alphabet of a `data_coding`: SMPP 3.4, 5.2.19, and the groups of GSM 03.38.
pub(super) const fn alphabet(coding: u32) -> Alphabet {
    match coding {
        0 | 0xc0..=0xdf => Alphabet::Gsm,
        3 => Alphabet::Latin1,
        8 | 0xe0..=0xef => Alphabet::Utf16,
        0x10..=0x3f if coding & 0x0c == 0 => Alphabet::Gsm,
        0x10..=0x3f if coding & 0x0c == 8 => Alphabet::Utf16,
        0xf0..=0xff if coding & 0x04 == 0 => Alphabet::Gsm,
        _ => Alphabet::Untold,
    }
}

/// The basic table of GSM 03.38.
const BASIC: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', 'Δ', '_',
    'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', ' ', 'Æ', 'æ', 'ß', 'É', ' ', '!', '"', '#', '¤',
    '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', '0', '1', '2', '3', '4', '5', '6', '7',
    '8', '9', ':', ';', '<', '=', '>', '?', '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J',
    'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ',
    'Ü', '§', '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p',
    'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

/// The byte that announces a character of the extension table.
const ESCAPE: u8 = 0x1b;

/// A character of the extension table.
const fn extended(byte: u8) -> Option<char> {
    Some(match byte {
        0x0a => '\u{c}',
        0x14 => '^',
        0x28 => '{',
        0x29 => '}',
        0x2f => '\\',
        0x3c => '[',
        0x3d => '~',
        0x3e => ']',
        0x40 => '|',
        0x65 => '€',
        _ => return None,
    })
}

/// A text in GSM 03.38, one character a byte; none where a byte is beyond seven bits.
pub(super) fn gsm(bytes: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte == ESCAPE
            && let [next, after @ ..] = rest
        {
            rest = after;
            // What the extension table does not have is read from the basic one.
            let basic = || BASIC.get(usize::from(*next)).copied();
            text.push(extended(*next).or_else(basic)?);
            continue;
        }
        text.push(*BASIC.get(usize::from(*byte))?);
    }
    Some(text)
}

/// Whether bytes are GSM 03.38 rather than ASCII: they have what no text in ASCII has.
pub(super) fn is_gsm(bytes: &[u8]) -> bool {
    bytes.is_ascii()
        && bytes
            .iter()
            .any(|byte| *byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r'))
}

/// Why UTF-16 cannot be read: the offset of half a pair or of half a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken(pub usize);

/// UTF-16 in network order, or as a byte order mark says; the mark is no part of the text.
///
/// # Errors
/// [`Broken`].
pub(super) fn utf16(bytes: &[u8]) -> Result<String, Broken> {
    let (bytes, mark_len, is_little) = match bytes {
        [0xfe, 0xff, rest @ ..] => (rest, 2, false),
        [0xff, 0xfe, rest @ ..] => (rest, 2, true),
        _ => (bytes, 0, false),
    };
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len());
    let mut place = mark_len;
    for unit in char::decode_utf16(pairs.iter().map(|pair| unit(*pair, is_little))) {
        let character = unit.map_err(|_| Broken(place))?;
        place += 2 * character.len_utf16();
        text.push(character);
    }
    if rest.is_empty() {
        Ok(text)
    } else {
        Err(Broken(place))
    }
}

/// UTF-16 in network order of which halves may be cut off at the ends, as in the parts of a
/// long message: what is broken becomes U+FFFD.
pub(super) fn utf16_lossy(bytes: &[u8]) -> String {
    let (pairs, _) = bytes.as_chunks::<2>();
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair, false)))
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

const fn unit([first, second]: [u8; 2], is_little: bool) -> u16 {
    if is_little {
        (second as u16) << 8 | first as u16
    } else {
        (first as u16) << 8 | second as u16
    }
}

/// ISO 8859-1, the coding that no byte contradicts.
pub(super) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// Whether a text in lower case names UTF-16 or what was before it.
pub(super) fn is_utf16_name(name: &str) -> bool {
    ["utf-16", "utf16", "ucs-2", "ucs2"]
        .iter()
        .any(|known| name.contains(known))
}

/// Whether a text in lower case names ISO 8859-1 or Windows' own.
pub(super) fn is_latin1_name(name: &str) -> bool {
    ["8859-1", "latin1", "latin-1", "windows-1252"]
        .iter()
        .any(|known| name.contains(known))
}

/// UTF-8 where it is, else ISO 8859-1.
pub(super) fn guess(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(latin1(bytes)),
    }
}

/// Bytes written in hexadecimal; none where they are not.
pub(super) fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let digit = |byte: &u8| {
        char::from(*byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    pairs
        .iter()
        .map(|[high, low]| Some(digit(high)? << 4 | digit(low)?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn gsm_tables() {
        assert_eq!(gsm(b"r\x05c\x05piss\x05").unwrap(), "récépissé");
        assert_eq!(gsm(b"\x00\x02\x11@$_").unwrap(), "@$_¡¤§");
        assert_eq!(gsm(b"\x1be \x1b< \x1bq \x1b").unwrap(), "€ [ q  ");
        assert_eq!(gsm(b"caf\xe9"), None);
        let all: Vec<u8> = (0..128).collect();
        let text = gsm(&all).unwrap();
        assert_eq!(text.chars().count(), 127);
        assert!(text.ends_with("xyzäöñüà") && text.contains("ÄÖÑÜ§¿a"));
        assert!(is_gsm(b"a\x00b") && !is_gsm(b"a b\r\n") && !is_gsm(b"\x05\xe9"));
    }

    #[test]
    fn utf16_forms() {
        assert_eq!(utf16(b"\0s\0\xed").unwrap(), "sí");
        assert_eq!(utf16(b"\xfe\xff\0s").unwrap(), "s");
        assert_eq!(utf16(b"\xff\xfes\0").unwrap(), "s");
        assert_eq!(utf16(b"\xd8\x3d\xde\xb2").unwrap(), "🚲");
        assert_eq!(utf16(b"\0s\xd8\x3d"), Err(Broken(2)));
        assert_eq!(utf16(b"\0s\0"), Err(Broken(2)));
        assert_eq!(utf16_lossy(b"\0s\xd8\x3d"), "s\u{fffd}");
    }

    #[test]
    fn codings() {
        for (coding, expected) in [
            (0, Alphabet::Gsm),
            (1, Alphabet::Untold),
            (3, Alphabet::Latin1),
            (4, Alphabet::Untold),
            (8, Alphabet::Utf16),
            (0x18, Alphabet::Utf16),
            (0x10, Alphabet::Gsm),
            (0x14, Alphabet::Untold),
            (0xe0, Alphabet::Utf16),
            (0xf1, Alphabet::Gsm),
            (0xf5, Alphabet::Untold),
            (4_000, Alphabet::Untold),
        ] {
            assert_eq!(alphabet(coding), expected, "{coding:#x}");
        }
    }

    proptest! {
        #[test]
        fn written_and_read_again(text: String) {
            let wire: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            prop_assume!(!text.starts_with('\u{feff}') && !text.starts_with('\u{fffe}'));
            prop_assert_eq!(utf16(&wire).unwrap(), text.clone());
            prop_assert_eq!(utf16_lossy(&wire), text);
        }
    }
}
