//! The head of a request: where it ends, and what it says, as strictly as RFC 9112 allows.
//! Pure. Knows nothing of sockets, of paths, or of which methods are welcome.

use std::mem::MaybeUninit;

use memchr::memchr2;

use crate::limits::{HEAD_BYTES_MAX, HEADERS_COUNT_MAX, REQUEST_LINE_BYTES_MAX};
use crate::reason::Reason;

/// Room for the fields of one head.
pub type Fields<'b> = [MaybeUninit<httparse::Header<'b>>; HEADERS_COUNT_MAX];

/// How far a head that is still arriving has been looked at. Each byte is looked at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scan {
    /// Where the request line begins: one empty line before it is passed over.
    start: usize,
    /// Where the current line begins.
    line: usize,
    /// Everything before is known.
    seen: usize,
}

impl Scan {
    /// Whether nothing of a request line has come.
    pub const fn is_untouched(&self) -> bool {
        self.seen == self.start
    }

    /// Where the head begins and where its body begins, once both are there.
    ///
    /// # Errors
    /// A line end that is none, or a line or a head over its limit.
    pub fn advance(&mut self, bytes: &[u8]) -> Result<Option<(usize, usize)>, Reason> {
        let window = bytes.get(..HEAD_BYTES_MAX).unwrap_or(bytes);
        loop {
            let rest = window.get(self.seen..).unwrap_or_default();
            let Some(at) = memchr2(b'\r', b'\n', rest).map(|found| self.seen + found) else {
                self.seen = window.len();
                self.check_line(window.len())?;
                break;
            };
            self.check_line(at)?;
            if window.get(at) == Some(&b'\n') {
                return Err(Reason::LineEnd);
            }
            match window.get(at + 1) {
                Some(b'\n') => {}
                Some(_) => return Err(Reason::LineEnd),
                None => {
                    self.seen = at;
                    break;
                }
            }
            let is_empty = at == self.line;
            self.line = at + 2;
            self.seen = at + 2;
            if is_empty && at == 0 {
                self.start = 2;
            } else if is_empty {
                return Ok(Some((self.start, at + 2)));
            }
        }
        if window.len() == HEAD_BYTES_MAX {
            Err(Reason::HeadSize)
        } else {
            Ok(None)
        }
    }

    fn check_line(&self, end: usize) -> Result<(), Reason> {
        let is_first = self.line == self.start;
        if is_first && end - self.start > REQUEST_LINE_BYTES_MAX {
            return Err(Reason::LineSize);
        }
        Ok(())
    }
}

/// How the end of the body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// By its length in bytes.
    Sized(u64),
    /// By its last chunk.
    Chunked,
}

impl Framing {
    /// Whether there is no body at all.
    pub fn is_none(self) -> bool {
        self == Self::Sized(0)
    }
}

/// What a head says.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts of one head, not states"
)]
pub struct Head<'h, 'b> {
    /// As received.
    pub method: &'b str,
    /// Path and query; of an absolute URL too.
    pub target: &'b str,
    /// As received.
    pub fields: &'h [httparse::Header<'b>],
    /// Where the body ends.
    pub framing: Framing,
    /// HTTP/1.0.
    pub is_old: bool,
    /// Whether the connection ends after this request.
    pub closes: bool,
    /// Whether the sender waits for `100 Continue`.
    pub expects_continue: bool,
    /// Whether it expects anything else.
    pub expects_other: bool,
    /// Whether the body is compressed.
    pub is_encoded: bool,
}

impl<'h, 'b> Head<'h, 'b> {
    /// Reads a whole head, from the request line to the empty line.
    ///
    /// # Errors
    /// Why it is not one; the connection cannot go on then.
    pub fn parse(bytes: &'b [u8], room: &'h mut Fields<'b>) -> Result<Self, Reason> {
        let mut request = httparse::Request::new(&mut []);
        let status = request.parse_with_uninit_headers(bytes, room);
        match status {
            Ok(httparse::Status::Complete(end)) if end == bytes.len() => {}
            Ok(_) => return Err(Reason::RequestLine),
            Err(error) => return Err(reason_of(error, bytes)),
        }
        let (Some(method), Some(target)) = (request.method, request.path) else {
            return Err(Reason::RequestLine);
        };
        let is_old = request.version == Some(0);
        let fields: &'h [httparse::Header<'b>] = request.headers;
        let said = Said::read(fields, is_old)?;
        Ok(Self {
            method,
            target: path_of(target, method)?,
            fields,
            framing: said.framing(is_old)?,
            is_old,
            closes: if is_old {
                !said.keeps || said.closes
            } else {
                said.closes
            },
            expects_continue: said.expects_continue && !is_old,
            expects_other: said.expects_other && !is_old,
            is_encoded: said.is_encoded,
        })
    }
}

fn reason_of(error: httparse::Error, bytes: &[u8]) -> Reason {
    match error {
        httparse::Error::TooManyHeaders => Reason::HeaderCount,
        httparse::Error::HeaderName => Reason::HeaderName,
        httparse::Error::HeaderValue => Reason::HeaderValue,
        httparse::Error::NewLine => Reason::LineEnd,
        httparse::Error::Version if has_other_version(bytes) => Reason::Version,
        _ => Reason::RequestLine,
    }
}

/// Whether the request line ends with a well-formed version that is not ours.
fn has_other_version(bytes: &[u8]) -> bool {
    let line = memchr::memchr(b'\r', bytes)
        .and_then(|end| bytes.get(..end))
        .unwrap_or(bytes);
    let mut words = line.split(|byte| *byte == b' ');
    let (_, Some([_, ..]), Some(word), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return false;
    };
    matches!(word, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
        if major.is_ascii_digit() && minor.is_ascii_digit())
}

/// Path and query of a target in origin form or absolute form.
fn path_of<'b>(target: &'b str, method: &str) -> Result<&'b str, Reason> {
    if !target
        .bytes()
        .all(|byte| (0x21..0x7f).contains(&byte) && byte != b'#')
    {
        return Err(Reason::Target);
    }
    if target.starts_with('/') || (target == "*" && method == "OPTIONS") {
        return Ok(target);
    }
    let (scheme, rest) = target.split_once("://").ok_or(Reason::Target)?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(Reason::Target);
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.is_empty() || !is_host(authority.as_bytes()) {
        return Err(Reason::Target);
    }
    match rest.get(authority.len()..) {
        Some(path) if path.starts_with('/') => Ok(path),
        // No path: what follows is at most a query, and `/` has no meaning here either.
        _ => Ok("/"),
    }
}

/// What the fields that concern framing say.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts of one head, not states"
)]
struct Said {
    hosts: u32,
    length: Option<u64>,
    codings: u32,
    has_other_coding: bool,
    has_transfer: bool,
    closes: bool,
    keeps: bool,
    expects_continue: bool,
    expects_other: bool,
    is_encoded: bool,
}

impl Said {
    fn read(fields: &[httparse::Header<'_>], is_old: bool) -> Result<Self, Reason> {
        let mut said = Self::default();
        for field in fields {
            said.field(field)?;
        }
        if said.hosts > 1 || (said.hosts == 0 && !is_old) {
            return Err(Reason::Host);
        }
        Ok(said)
    }

    fn field(&mut self, field: &httparse::Header<'_>) -> Result<(), Reason> {
        let (name, value) = (field.name, field.value.trim_ascii());
        match name.len() {
            4 if name.eq_ignore_ascii_case("host") => {
                self.hosts += 1;
                if !is_host(value) {
                    return Err(Reason::Host);
                }
            }
            6 if name.eq_ignore_ascii_case("expect") => {
                let is_continue = value.eq_ignore_ascii_case(b"100-continue");
                self.expects_continue |= is_continue;
                self.expects_other |= !is_continue;
            }
            10 if name.eq_ignore_ascii_case("connection") => {
                for word in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                    self.closes |= word.eq_ignore_ascii_case(b"close");
                    self.keeps |= word.eq_ignore_ascii_case(b"keep-alive");
                }
            }
            14 if name.eq_ignore_ascii_case("content-length") => {
                if self.length.is_some() {
                    return Err(Reason::ContentLength);
                }
                self.length = Some(length_of(value)?);
            }
            16 if name.eq_ignore_ascii_case("content-encoding") => {
                self.is_encoded |= !value.is_empty() && !value.eq_ignore_ascii_case(b"identity");
            }
            17 if name.eq_ignore_ascii_case("transfer-encoding") => self.transfer(value)?,
            _ => {}
        }
        Ok(())
    }

    /// Reads a list of codings: `chunked` must be the last of all lists, and come once.
    fn transfer(&mut self, value: &[u8]) -> Result<(), Reason> {
        self.has_transfer = true;
        for word in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            if self.codings > 0 || word.is_empty() || !word.iter().copied().all(is_token) {
                return Err(Reason::TransferEncoding);
            }
            if word.eq_ignore_ascii_case(b"chunked") {
                self.codings += 1;
            } else {
                self.has_other_coding = true;
            }
        }
        Ok(())
    }

    fn framing(&self, is_old: bool) -> Result<Framing, Reason> {
        match (self.has_transfer, self.length) {
            (true, Some(_)) => Err(Reason::BothLengths),
            (true, None) if is_old || self.codings == 0 => Err(Reason::TransferEncoding),
            (true, None) if self.has_other_coding => Err(Reason::Coding),
            (true, None) => Ok(Framing::Chunked),
            (false, length) => Ok(Framing::Sized(length.unwrap_or(0))),
        }
    }
}

/// Digits only. More than a u64 holds is too large for any limit, not malformed.
fn length_of(value: &[u8]) -> Result<u64, Reason> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Reason::ContentLength);
    }
    Ok(value.iter().fold(0_u64, |sum, digit| {
        sum.saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
    }))
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// `uri-host [ ":" port ]`; may be empty, as RFC 9110 has it.
fn is_host(value: &[u8]) -> bool {
    let (name, port) = match value.iter().rposition(|byte| *byte == b':') {
        Some(colon) if !value.ends_with(b"]") => value.split_at(colon),
        _ => (value, &[][..]),
    };
    let port_holds = port.iter().skip(1).all(u8::is_ascii_digit);
    let name_holds = match name {
        [b'[', inside @ .., b']'] => inside
            .iter()
            .all(|byte| byte.is_ascii_hexdigit() || b":.".contains(byte)),
        _ => name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(byte)),
    };
    port_holds && name_holds
}
