//! The user data header before the text of a message: how long it is, and of how many parts
//! the whole message is made.

/// What a header says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Udh {
    /// Parts of the whole message; none where the header does not say.
    pub parts: Option<u32>,
}

/// Concatenation with a reference of one byte (3GPP TS 23.040, 9.2.3.24.1).
const CONCAT_8: u8 = 0x00;
/// Concatenation with a reference of two bytes (9.2.3.24.8).
const CONCAT_16: u8 = 0x08;

/// Takes the header off the front; all is text where the header would be longer than all.
pub(super) fn split(bytes: &[u8]) -> (Udh, &[u8]) {
    let Some((len, rest)) = bytes.split_first() else {
        return (Udh::default(), bytes);
    };
    let Some((header, text)) = rest.split_at_checked(usize::from(*len)) else {
        return (Udh::default(), bytes);
    };
    (read(header), text)
}

/// Reads the elements of a header, without the byte that says how long it is.
fn read(header: &[u8]) -> Udh {
    let mut udh = Udh::default();
    let mut rest = header;
    while let [id, len, after @ ..] = rest {
        let Some((data, after)) = after.split_at_checked(usize::from(*len)) else {
            break;
        };
        let total = match (*id, data) {
            (CONCAT_8, [_, total, _]) | (CONCAT_16, [_, _, total, _]) => *total,
            _ => 0,
        };
        if total > 0 {
            udh.parts = Some(u32::from(total));
        }
        rest = after;
    }
    udh
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        for (bytes, parts, text) in [
            (&b"\x05\0\x03\x07\x03\x01hi"[..], Some(3), &b"hi"[..]),
            (b"\x06\x08\x04\x01\x02\x04\x02hi", Some(4), b"hi"),
            // Ports first, then the parts.
            (
                b"\x0b\x05\x04\x0b\x84\0\0\0\x03\x07\x02\x01hi",
                Some(2),
                b"hi",
            ),
            (b"\0hi", None, b"hi"),
            (b"\x05\0\x03\x07\0\x01hi", None, b"hi"),
            (b"\x03\0\x09\x01hi", None, b"hi"),
            (b"\x30hi", None, b"\x30hi"),
            (b"", None, b""),
        ] {
            assert_eq!(split(bytes), (Udh { parts }, text), "{bytes:?}");
        }
    }
}
