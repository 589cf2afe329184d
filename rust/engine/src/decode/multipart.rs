//! `multipart/form-data` -> pairs of name and value. One pass; knows nothing of what the names
//! mean. Files are values like others; part heads beyond name and charset are passed over.

use super::RejectCode;
use super::slots::{Fault, at};
use super::{RequestView, charset};
use crate::limits::{BODY_KEYS_MAX, PART_HEAD_BYTES_MAX};
use memchr::{memchr, memmem};
use std::borrow::Cow;

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub name: String,
    /// The value; in UTF-8 where its part names ISO 8859-1.
    pub value: Cow<'a, [u8]>,
    /// Offset of the value in the body, in bytes.
    pub at: u32,
}

/// Longest boundary (RFC 2046 allows 70).
const BOUNDARY_BYTES_MAX: usize = 200;

/// Whether a request is such a form: by its type, or, where the type was lost, by its first
/// line.
pub(super) fn is_multipart(request: &RequestView<'_>) -> bool {
    let kind = request.header("content-type").unwrap_or_default();
    let named = kind
        .get(..10)
        .is_some_and(|start| start.eq_ignore_ascii_case("multipart/"));
    let looks =
        || request.body.starts_with(b"--") && memmem::find(request.body, b"form-data").is_some();
    !request.body.is_empty() && (named || looks())
}

/// All parts, in order.
///
/// # Errors
/// `multipart_invalid` where the form is not whole, `too_many_keys`.
pub(super) fn parts<'a>(request: &RequestView<'a>) -> Result<Vec<Part<'a>>, Fault> {
    let body = request.body;
    let delimiter = delimiter(request)?;
    let finder = memmem::Finder::new(&delimiter);
    let mut all = Vec::new();
    let mut place = next_delimiter(body, 0, &finder)
        .ok_or_else(|| invalid(0))?
        .1;
    loop {
        let rest = body.get(place..).unwrap_or_default();
        if rest.starts_with(b"--") {
            return Ok(all);
        }
        // Blanks may stand between the boundary and the end of its line.
        let line = memchr(b'\n', rest).ok_or_else(|| invalid(body.len()))?;
        if !rest.get(..line).unwrap_or_default().trim_ascii().is_empty() {
            return Err(invalid(place));
        }
        let start = place + line + 1;
        if all.len() == BODY_KEYS_MAX {
            return Err(Fault::new(start, RejectCode::TooManyKeys));
        }
        let (end, next) =
            next_delimiter(body, start, &finder).ok_or_else(|| invalid(body.len()))?;
        if let Some(part) = part(body, start, end)? {
            all.push(part);
        }
        place = next;
    }
}

fn invalid(place: usize) -> Fault {
    Fault::new(place, RejectCode::MultipartInvalid)
}

/// The delimiter: what the content type says, else the body's first line.
fn delimiter(request: &RequestView<'_>) -> Result<Vec<u8>, Fault> {
    let kind = request.header("content-type").unwrap_or_default();
    let boundary = param(kind, "boundary").filter(|text| !text.is_empty());
    let delimiter = match boundary {
        Some(boundary) => [b"--", boundary.as_bytes()].concat(),
        None => {
            let body = request.body;
            let end = memchr(b'\n', body).ok_or_else(|| invalid(0))?;
            body.get(..end)
                .unwrap_or_default()
                .trim_ascii_end()
                .to_vec()
        }
    };
    let fits = delimiter.len() > 2 && delimiter.len() <= BOUNDARY_BYTES_MAX;
    if fits && delimiter.starts_with(b"--") {
        Ok(delimiter)
    } else {
        Err(invalid(0))
    }
}

/// The next delimiter at the beginning of a line: where what stands before it ends, and what
/// follows it.
fn next_delimiter(body: &[u8], from: usize, finder: &memmem::Finder<'_>) -> Option<(usize, usize)> {
    let mut search = from;
    loop {
        let found = search + finder.find(body.get(search..)?)?;
        let before = body.get(from..found)?;
        let follows = found + finder.needle().len();
        let is_whole = matches!(
            body.get(follows),
            None | Some(b'\r' | b'\n' | b' ' | b'\t' | b'-')
        );
        let end = if before.is_empty() {
            Some(found)
        } else {
            before
                .strip_suffix(b"\n")
                .map(|before| from + before.strip_suffix(b"\r").unwrap_or(before).len())
        };
        match end.filter(|_| is_whole) {
            Some(end) => return Some((end, follows)),
            None => search = follows,
        }
    }
}

/// The part between two places; none where it has no name.
fn part(body: &[u8], start: usize, end: usize) -> Result<Option<Part<'_>>, Fault> {
    let (mut place, mut name, mut is_latin1) = (start, None, false);
    loop {
        let rest = body.get(place..end).unwrap_or_default();
        let Some(len) = memchr(b'\n', rest) else {
            // A head without a value: there is no empty line.
            return if rest.trim_ascii().is_empty() {
                Ok(finish(name, b"", end, false))
            } else {
                Err(invalid(place))
            };
        };
        let line = rest.get(..len).unwrap_or_default().trim_ascii_end();
        place += len + 1;
        if line.is_empty() {
            break;
        }
        if place - start > PART_HEAD_BYTES_MAX {
            return Err(invalid(place));
        }
        let line = charset::guess(line);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        match field.trim().to_ascii_lowercase().as_str() {
            "content-disposition" => name = param(value, "name"),
            "content-type" => {
                let charset = param(value, "charset").unwrap_or_default();
                is_latin1 = charset.eq_ignore_ascii_case("iso-8859-1");
            }
            _ => {}
        }
    }
    let value = body.get(place..end).unwrap_or_default();
    Ok(finish(name, value, place, is_latin1))
}

fn finish(name: Option<String>, value: &[u8], place: usize, is_latin1: bool) -> Option<Part<'_>> {
    let value = if is_latin1 {
        Cow::Owned(charset::latin1(value).into_bytes())
    } else {
        Cow::Borrowed(value)
    };
    Some(Part {
        name: name?,
        value,
        at: at(place),
    })
}

/// A parameter of a header's value: `form-data; name="x"`. Its name in any case.
fn param(header: &str, name: &str) -> Option<String> {
    let mut rest = header;
    while let Some(semicolon) = next_semicolon(rest) {
        rest = rest.get(semicolon + 1..)?;
        let text = rest.trim_start();
        let (key, value) = text.split_once('=')?;
        if !key.trim().eq_ignore_ascii_case(name) {
            continue;
        }
        let value = value.trim_start();
        let Some(quoted) = value.strip_prefix('"') else {
            let end = value.find(';').unwrap_or(value.len());
            return value.get(..end).map(|text| text.trim().to_owned());
        };
        let mut text = String::new();
        let mut characters = quoted.chars();
        while let Some(character) = characters.next() {
            match character {
                '"' => break,
                '\\' => text.extend(characters.next()),
                other => text.push(other),
            }
        }
        return Some(text);
    }
    None
}

/// The next semicolon that is not inside quotation marks.
fn next_semicolon(text: &str) -> Option<usize> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    text.bytes().position(|byte| {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b';' => return !is_quoted,
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, value and place of each part, or where and why there are none.
    type Read = Result<Vec<(String, String, u32)>, (u32, &'static str)>;

    fn read(kind: &str, body: &[u8]) -> Read {
        let request = RequestView {
            method: "POST",
            target: "/",
            headers: &[("Content-Type", kind.as_bytes())],
            body,
        };
        let all = parts(&request).map_err(|fault| (fault.byte, fault.code.word()))?;
        Ok(all
            .into_iter()
            .map(|part| {
                let value = String::from_utf8(part.value.into_owned()).unwrap();
                (part.name, value, part.at)
            })
            .collect())
    }

    fn pairs(kind: &str, body: &str) -> Vec<(String, String)> {
        let all = read(kind, body.as_bytes()).unwrap();
        for (_, value, at) in &all {
            assert!(body[*at as usize..].starts_with(value.as_str()));
        }
        all.into_iter()
            .map(|(name, value, _)| (name, value))
            .collect()
    }

    #[test]
    fn forms() {
        let kind = "multipart/form-data; boundary=b";
        for (kind, body, expected) in [
            (
                kind,
                "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n",
                vec![("a", "1")],
            ),
            (
                kind,
                "preamble\r\n--b  \r\ncontent-disposition:form-data;NAME=a\r\n\r\n\r\n--b--",
                vec![("a", "")],
            ),
            (
                kind,
                "--b\nContent-Disposition: form-data; filename=\"x;name=y\"; name=\"a\\\"b\"\n\n1\n2\n--b--epilogue",
                vec![("a\"b", "1\n2")],
            ),
            (
                kind,
                "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n--bc --b\r\n--b\r\nContent-Disposition: form-data; name=c\r\n\r\n2\r\n--b--",
                vec![("a", "--bc --b"), ("c", "2")],
            ),
            (
                "Multipart/Form-Data; charset=utf-8; Boundary=\"b c\"",
                "--b c\r\nContent-Disposition: form-data; name=a\r\nContent-Type: text/plain\r\n\r\n1\r\n--b c--",
                vec![("a", "1")],
            ),
            (
                "",
                "--zz\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--zz--\r\n",
                vec![("a", "1")],
            ),
            (kind, "--b\r\nX: y\r\n\r\n1\r\n--b--", vec![]),
            (kind, "--b--", vec![]),
        ] {
            let expected: Vec<_> = expected
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect();
            assert_eq!(pairs(kind, body), expected, "{body}");
        }
        let latin = b"--b\r\nContent-Disposition: form-data; name=a\r\nContent-Type: text/plain; charset=ISO-8859-1\r\n\r\ncaf\xe9\r\n--b--";
        assert_eq!(read(kind, latin).unwrap()[0].1, "café");
    }

    #[test]
    fn refused() {
        let kind = "multipart/form-data; boundary=b";
        for (kind, body, byte) in [
            (kind, "", 0),
            (kind, "a=b", 0),
            (kind, "--b", 3),
            (
                kind,
                "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1",
                48,
            ),
            (
                kind,
                "--b\r\nContent-Disposition: form-data; name=a\r\n--b--",
                5,
            ),
            (kind, "--b x\r\n\r\n--b--", 3),
            ("", "no line", 0),
            ("multipart/form-data; boundary=", "\n", 0),
        ] {
            assert_eq!(
                read(kind, body.as_bytes()),
                Err((byte, "multipart_invalid")),
                "{body}"
            );
        }
        let many = format!(
            "{}--b--",
            "--b\nContent-Disposition:f;name=a\n\n\n".repeat(BODY_KEYS_MAX + 1)
        );
        assert_eq!(read(kind, many.as_bytes()).unwrap_err().1, "too_many_keys");
        let head = format!("--b\nX: {}\n\n1\n--b--", "y".repeat(PART_HEAD_BYTES_MAX));
        assert_eq!(
            read(kind, head.as_bytes()).unwrap_err().1,
            "multipart_invalid"
        );
    }

    /// Boundaries that are none must not make the search begin anew.
    #[test]
    fn the_work_is_linear() {
        let body = format!("--b\nX: y\n\n{}", "--bb".repeat(1 << 18));
        assert!(read("multipart/form-data; boundary=b", body.as_bytes()).is_err());
        let bare = format!("--{}\n", "-".repeat(1 << 20));
        assert!(read("", bare.as_bytes()).is_err());
    }
}
