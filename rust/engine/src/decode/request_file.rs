//! Raw requests in files, as `smstrack decode` reads them: request line, headers, a blank
//! line, and the body to the end of the file.

use super::RequestView;
use crate::error::InputError;

/// A request read from the bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFile<'a> {
    method: &'a str,
    target: &'a str,
    headers: Vec<(&'a str, &'a [u8])>,
    body: &'a [u8],
}

impl<'a> RequestFile<'a> {
    /// Reads a file: lines of the head end in LF or CRLF, the request line may end in an HTTP
    /// version or not, and every byte after the blank line is body.
    ///
    /// ```
    /// use smstrack_engine::decode::request_file::RequestFile;
    /// let file = b"POST /hooks/twilio\nContent-Type: text/plain\n\nhello";
    /// let request = RequestFile::parse(file)?;
    /// assert_eq!(request.view().method, "POST");
    /// assert_eq!(request.view().body, b"hello");
    /// # Ok::<(), smstrack_engine::error::InputError>(())
    /// ```
    ///
    /// # Errors
    /// [`InputError::ValueInvalid`] where the head has no request line or a line that is no
    /// header.
    pub fn parse(file: &'a [u8]) -> Result<Self, InputError> {
        let mut rest = file;
        let line = next_line(&mut rest);
        let line = text(line, "line 1 is not UTF-8")?;
        let (method, target) = line
            .split_once(' ')
            .map(|(method, target)| (method, without_version(target.trim_ascii())))
            .filter(|(method, target)| !method.is_empty() && !target.is_empty())
            .ok_or_else(|| {
                invalid("line 1 has no method and target, such as POST /hooks/twilio")
            })?;
        let mut headers = Vec::new();
        while !rest.is_empty() {
            let line = next_line(&mut rest);
            if line.is_empty() {
                break;
            }
            let number = headers.len() + 2;
            let colon = memchr::memchr(b':', line).ok_or_else(|| {
                invalid(&format!("line {number} has no colon after a header name"))
            })?;
            let name = text(
                line.get(..colon).unwrap_or_default(),
                "a header name is not UTF-8",
            )?;
            headers.push((
                name.trim_ascii(),
                line.get(colon + 1..).unwrap_or_default().trim_ascii(),
            ));
        }
        Ok(Self {
            method,
            target,
            headers,
            body: rest,
        })
    }

    /// The request as decoders take it.
    pub fn view(&self) -> RequestView<'_> {
        RequestView {
            method: self.method,
            target: self.target,
            headers: &self.headers,
            body: self.body,
        }
    }
}

fn invalid(reason: &str) -> InputError {
    InputError::ValueInvalid {
        what: "request file",
        reason: reason.to_owned(),
    }
}

fn text<'a>(line: &'a [u8], reason: &str) -> Result<&'a str, InputError> {
    std::str::from_utf8(line).map_err(|_| invalid(reason))
}

/// Takes one line off the front, without its end.
fn next_line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    let line = rest.get(..end).unwrap_or_default();
    *rest = rest.get(end + 1..).unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn without_version(target: &str) -> &str {
    match target.rsplit_once(' ') {
        Some((target, version)) if version.starts_with("HTTP/") => target.trim_ascii_end(),
        _ => target,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_file() {
        let plain =
            RequestFile::parse(b"POST /a?b=c\nX-One: 1\ntlv message_state: 2\n\nbo\n\ndy").unwrap();
        let crlf = RequestFile::parse(
            b"POST /a?b=c HTTP/1.1\r\nX-One: 1\r\ntlv message_state:2\r\n\r\nbo\n\ndy",
        );
        assert_eq!(crlf.as_ref(), Ok(&plain));
        assert_eq!(plain.view().body, b"bo\n\ndy");
        assert_eq!(plain.view().query(), "b=c");
        assert_eq!(plain.view().header("x-one"), Some("1"));
        assert_eq!(plain.view().header("TLV message_state"), Some("2"));
        let get = RequestFile::parse(b"GET /x?a=1\n\n").unwrap();
        assert_eq!((get.view().method, get.view().body), ("GET", &b""[..]));
        assert_eq!(RequestFile::parse(b"GET /x").unwrap().view().target, "/x");
    }

    #[test]
    fn refused() {
        for file in [
            &b""[..],
            b"\n\n",
            b"GET\n\n",
            b"GET \n",
            b"GET /\nno colon\n\n",
            b"\xff /\n",
        ] {
            assert!(RequestFile::parse(file).is_err(), "{file:?}");
        }
    }
}
