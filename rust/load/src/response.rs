//! Answer bytes to answers. Pure: no socket, no clock.

/// Header lines of one answer; more is not an answer of a server under test.
const HEADERS_MAX: usize = 64;
/// Bytes of one answer, head and body: what a receipt gets is tiny.
pub const ANSWER_BYTES_MAX: usize = 1 << 20;

/// What the front of the buffer holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed {
    /// Not yet a whole answer.
    Partial,
    /// An answer that lasts until the server closes.
    UntilClose { status: u16 },
    /// A whole answer of `len` bytes; after it the server closes if `is_last`.
    Whole {
        status: u16,
        len: usize,
        is_last: bool,
    },
}

/// Why bytes are not an HTTP answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

/// Reads one answer from the front of `input`; `to_head`: the request was HEAD, so no body comes.
pub fn parse(input: &[u8], to_head: bool) -> Result<Parsed, Malformed> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut head = httparse::Response::new(&mut headers);
    let head_len = match head.parse(input) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) if input.len() < ANSWER_BYTES_MAX => {
            return Ok(Parsed::Partial);
        }
        _ => return Err(Malformed),
    };
    let status = head.code.ok_or(Malformed)?;
    let is_bodiless = to_head || status < 200 || status == 204 || status == 304;
    let framing = if is_bodiless {
        Framing::Length(0)
    } else {
        framing(head.headers)?
    };
    let body = input.get(head_len..).unwrap_or_default();
    let body_len = match framing {
        Framing::UntilClose => return Ok(Parsed::UntilClose { status }),
        Framing::Length(len) if len > ANSWER_BYTES_MAX => return Err(Malformed),
        Framing::Length(len) => (body.len() >= len).then_some(len),
        Framing::Chunked => chunked_len(body)?,
    };
    let is_last = !keeps_alive(&head);
    match body_len {
        Some(len) => Ok(Parsed::Whole {
            status,
            len: head_len + len,
            is_last,
        }),
        None if input.len() >= ANSWER_BYTES_MAX => Err(Malformed),
        None => Ok(Parsed::Partial),
    }
}

fn framing(headers: &[httparse::Header<'_>]) -> Result<Framing, Malformed> {
    let mut found = Framing::UntilClose;
    for header in headers {
        if header.name.eq_ignore_ascii_case("transfer-encoding") {
            let is_chunked = header.value.trim_ascii().eq_ignore_ascii_case(b"chunked");
            return if is_chunked {
                Ok(Framing::Chunked)
            } else {
                Err(Malformed)
            };
        }
        if header.name.eq_ignore_ascii_case("content-length") {
            let text = str::from_utf8(header.value).map_err(|_| Malformed)?;
            found = Framing::Length(text.trim().parse().map_err(|_| Malformed)?);
        }
    }
    Ok(found)
}

fn keeps_alive(head: &httparse::Response<'_, '_>) -> bool {
    let connection = head
        .headers
        .iter()
        .find(|h| h.name.eq_ignore_ascii_case("connection"));
    match connection.map(|header| header.value.trim_ascii()) {
        Some(value) if value.eq_ignore_ascii_case(b"close") => false,
        Some(value) if value.eq_ignore_ascii_case(b"keep-alive") => true,
        _ => head.version == Some(1),
    }
}

/// Length of a whole chunked body; `None` if it is not whole yet.
fn chunked_len(body: &[u8]) -> Result<Option<usize>, Malformed> {
    let mut at = 0_usize;
    loop {
        let rest = body.get(at..).unwrap_or_default();
        let (line_len, chunk_len) = match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete(found)) => found,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(Malformed),
        };
        let chunk_len = usize::try_from(chunk_len).map_err(|_| Malformed)?;
        if chunk_len == 0 {
            // Trailers are not used by any server under test: the empty line must follow.
            return match rest.get(line_len..line_len + 2) {
                Some(b"\r\n") => Ok(Some(at + line_len + 2)),
                Some(_) => Err(Malformed),
                None => Ok(None),
            };
        }
        if chunk_len > ANSWER_BYTES_MAX {
            return Err(Malformed);
        }
        let end = line_len + chunk_len;
        match rest.get(end..end + 2) {
            Some(b"\r\n") => at += end + 2,
            Some(_) => return Err(Malformed),
            None => return Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(status: u16, len: usize, is_last: bool) -> Parsed {
        Parsed::Whole {
            status,
            len,
            is_last,
        }
    }

    #[test]
    fn every_cut_of_an_answer_is_partial_and_the_whole_is_whole() {
        for answer in [
            "HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;a=b\r\n!\r\n0\r\n\r\n",
        ] {
            for cut in 0..answer.len() {
                assert_eq!(
                    parse(&answer.as_bytes()[..cut], false),
                    Ok(Parsed::Partial),
                    "{cut}"
                );
            }
            let pair = [answer, answer].concat();
            let found = parse(pair.as_bytes(), false);
            let Ok(Parsed::Whole {
                len,
                is_last: false,
                ..
            }) = found
            else {
                panic!("{answer:?}: {found:?}");
            };
            assert_eq!(len, answer.len());
        }
    }

    #[test]
    fn closing_is_told_by_header_and_by_version() {
        let close = b"HTTP/1.1 204 x\r\nConnection: Close\r\n\r\n";
        assert_eq!(parse(close, false), Ok(whole(204, close.len(), true)));
        let old = b"HTTP/1.0 200 x\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(parse(old, false), Ok(whole(200, old.len(), true)));
        let kept = b"HTTP/1.0 200 x\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n";
        assert_eq!(parse(kept, false), Ok(whole(200, kept.len(), false)));
    }

    #[test]
    fn a_body_without_length_lasts_until_close_but_not_after_head() {
        let input = b"HTTP/1.1 200 OK\r\n\r\nabc";
        assert_eq!(parse(input, false), Ok(Parsed::UntilClose { status: 200 }));
        assert_eq!(parse(input, true), Ok(whole(200, 19, false)));
    }

    #[test]
    fn nonsense_is_malformed() {
        for input in [
            &b"SSH-2.0-OpenSSH\r\n"[..],
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
        ] {
            assert_eq!(
                parse(input, false),
                Err(Malformed),
                "{}",
                input.escape_ascii()
            );
        }
    }
}
