//! The escapes of JSON strings: where they end, and the characters they stand for.

/// Where a string with escapes, or close to the end of all, has its closing quotation mark,
/// and whether there are escapes. Some bytes at its front are known to be plain.
///
/// # Errors
/// The place of the byte that cannot stand there.
#[cold]
#[inline(never)]
pub(super) fn slow_end(text: &[u8], plain: usize) -> Result<(usize, bool), usize> {
    let mut place = plain;
    let mut is_escaped = false;
    loop {
        match text.get(place) {
            Some(b'"') => return Ok((place, is_escaped)),
            Some(b'\\') => {
                is_escaped = true;
                place = escape(text, place)?;
            }
            Some(0x20..) => place += 1,
            _ => return Err(place),
        }
    }
}

/// Passes the escape at a place; whether surrogates pair up is asked by [`super::escape::unescape`].
fn escape(text: &[u8], place: usize) -> Result<usize, usize> {
    match text.get(place + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(place + 2),
        Some(b'u') => {
            for digit in place + 2..place + 6 {
                if !text.get(digit).is_some_and(u8::is_ascii_hexdigit) {
                    return Err(digit);
                }
            }
            Ok(place + 6)
        }
        _ => Err(place + 1),
    }
}

fn hex4(text: &[u8], place: usize) -> Option<u32> {
    let digits = text.get(place..place + 4)?;
    digits.iter().try_fold(0, |sum, digit| {
        Some(sum << 4 | char::from(*digit).to_digit(16)?)
    })
}

/// The character of the `\u` escape at a place, and how many bytes it takes.
fn unicode(text: &[u8], place: usize) -> Option<(char, usize)> {
    let unit = hex4(text, place + 2)?;
    if !(0xd800..0xdc00).contains(&unit) {
        return Some((char::from_u32(unit)?, 6));
    }
    if text.get(place + 6..place + 8) != Some(b"\\u") {
        return None;
    }
    let low = hex4(text, place + 8).filter(|low| (0xdc00..0xe000).contains(low))?;
    let code = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    Some((char::from_u32(code)?, 12))
}

/// Writes the decoded text to the front of `out` and says how many bytes it has. `out` must
/// be as long as `text` at least, and `text` have come from a [`super::json::Scanner`].
///
/// # Errors
/// The offset in `text` of an escape that is half of a surrogate pair.
pub(super) fn unescape(text: &[u8], out: &mut [u8]) -> Result<usize, usize> {
    let mut from = 0;
    let mut len = 0;
    while let Some(&byte) = text.get(from) {
        let mut buffer = [0; 4];
        let mut plain = [byte];
        let (decoded, used): (&[u8], usize) = match (byte, text.get(from + 1)) {
            (b'\\', Some(b'u')) => {
                let (character, used) = unicode(text, from).ok_or(from)?;
                (character.encode_utf8(&mut buffer).as_bytes(), used)
            }
            (b'\\', Some(kind)) => {
                plain = [match kind {
                    b'b' => 8,
                    b'f' => 12,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    other => *other,
                }];
                (&plain, 2)
            }
            _ => (&plain, 1),
        };
        if let Some(place) = out.get_mut(len..len + decoded.len()) {
            place.copy_from_slice(decoded);
            len += decoded.len();
        }
        from += used;
    }
    Ok(len)
}
