//! A pull scanner over JSON bytes: one pass, no tree, nothing allocated. Strict by RFC 8259;
//! numbers stay text, strings stay as on the wire, every complaint has its exact byte.
//!
//! The caller has checked that the bytes are UTF-8 (see [`Scanner::new`]).

use super::RejectCode;
use super::slots::{Fault, at};
use crate::limits::JSON_DEPTH_MAX;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `{`, now open.
    Object,
    /// `[`, now open.
    Array,
    /// A string.
    String(Text<'a>),
    /// A number, as written.
    Number(&'a [u8]),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
}

/// What stands between two quotation marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Text<'a> {
    pub bytes: &'a [u8],
    /// Offset of the first byte after the quotation mark.
    pub at: u32,
    /// Whether there is a backslash in it.
    pub is_escaped: bool,
}

/// Reads JSON from front to back.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    place: usize,
    depth: usize,
    keys: usize,
    keys_max: usize,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// High bits over the bytes that end or break a run of plain string bytes; the lowest is exact.
const fn special(word: u64) -> u64 {
    let quote = word ^ (ONES * b'"' as u64);
    let slash = word ^ (ONES * b'\\' as u64);
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    ((quote.wrapping_sub(ONES) & !quote) | (slash.wrapping_sub(ONES) & !slash) | control) & HIGHS
}

impl<'a> Scanner<'a> {
    /// Starts at an offset; offsets in faults count from the front of `bytes`, which must be
    /// UTF-8 from `start` on.
    pub fn new(bytes: &'a [u8], start: usize, keys_max: usize) -> Self {
        Self {
            bytes,
            place: start,
            depth: 0,
            keys: 0,
            keys_max,
        }
    }

    /// Offset of the next byte.
    pub const fn place(&self) -> usize {
        self.place
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.place).copied()
    }

    /// The fault at a place: truncated if nothing is there.
    fn fault(&self, place: usize) -> Fault {
        if place >= self.bytes.len() {
            return Fault::new(self.bytes.len(), RejectCode::JsonTruncated);
        }
        Fault::new(place, RejectCode::JsonInvalid)
    }

    /// Passes blanks; the byte after them.
    #[inline]
    pub fn skip_blanks(&mut self) -> Option<u8> {
        loop {
            match self.peek() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.place += 1,
                byte => return byte,
            }
        }
    }

    /// Nothing but blanks may follow.
    pub fn end(&mut self) -> Result<(), Fault> {
        match self.skip_blanks() {
            None => Ok(()),
            Some(_) => Err(self.fault(self.place)),
        }
    }

    /// The next value; of objects and arrays only the opening.
    #[inline]
    pub fn token(&mut self) -> Result<Token<'a>, Fault> {
        match self.skip_blanks() {
            Some(b'"') => self.string().map(Token::String),
            Some(b'{') => self.open().map(|()| Token::Object),
            Some(b'[') => self.open().map(|()| Token::Array),
            Some(b'-' | b'0'..=b'9') => self.number().map(Token::Number),
            Some(b't') => self.word(b"true").map(|()| Token::Bool(true)),
            Some(b'f') => self.word(b"false").map(|()| Token::Bool(false)),
            Some(b'n') => self.word(b"null").map(|()| Token::Null),
            _ => Err(self.fault(self.place)),
        }
    }

    #[inline]
    fn open(&mut self) -> Result<(), Fault> {
        if self.depth == JSON_DEPTH_MAX {
            return Err(Fault::new(self.place, RejectCode::JsonTooDeep));
        }
        self.depth += 1;
        self.place += 1;
        Ok(())
    }

    /// The next name of the open object, or none, and the object is closed.
    #[inline]
    pub fn next_key(&mut self, first: bool) -> Result<Option<Text<'a>>, Fault> {
        if self.closes(b'}', first)? {
            return Ok(None);
        }
        if self.skip_blanks() != Some(b'"') {
            return Err(self.fault(self.place));
        }
        self.keys += 1;
        if self.keys > self.keys_max {
            return Err(Fault::new(self.place, RejectCode::TooManyKeys));
        }
        let key = self.string()?;
        if self.skip_blanks() != Some(b':') {
            return Err(self.fault(self.place));
        }
        self.place += 1;
        Ok(Some(key))
    }

    /// Whether the open array has another element; if not, it is closed.
    #[inline]
    pub fn next_element(&mut self, first: bool) -> Result<bool, Fault> {
        if self.closes(b']', first)? {
            return Ok(false);
        }
        self.skip_blanks();
        Ok(true)
    }

    /// Passes the closing byte, or the comma before the next member.
    #[inline]
    fn closes(&mut self, close: u8, first: bool) -> Result<bool, Fault> {
        match self.skip_blanks() {
            Some(byte) if byte == close => {
                self.place += 1;
                self.depth = self.depth.saturating_sub(1);
                Ok(true)
            }
            Some(b',') if !first => {
                self.place += 1;
                Ok(false)
            }
            Some(_) if first => Ok(false),
            _ => Err(self.fault(self.place)),
        }
    }

    /// Passes one whole value.
    pub fn skip_value(&mut self) -> Result<(), Fault> {
        match self.token()? {
            Token::Object => self.skip_open(true),
            Token::Array => self.skip_open(false),
            _ => Ok(()),
        }
    }

    /// Passes the rest of an object or array that was just opened. Not recursive: the kinds
    /// of the open containers are the bits of one word, which is why 64 levels are the most.
    pub fn skip_open(&mut self, object: bool) -> Result<(), Fault> {
        let floor = self.depth;
        let mut kinds = u64::from(object);
        let mut first = true;
        loop {
            let more = if kinds & 1 == 1 {
                self.next_key(first)?.is_some()
            } else {
                self.next_element(first)?
            };
            if !more {
                if self.depth < floor {
                    return Ok(());
                }
                kinds >>= 1;
                first = false;
                continue;
            }
            let token = self.token()?;
            first = matches!(token, Token::Object | Token::Array);
            if first {
                kinds = kinds << 1 | u64::from(token == Token::Object);
            }
        }
    }

    /// Reads a string whose quotation mark is next.
    #[inline]
    fn string(&mut self) -> Result<Text<'a>, Fault> {
        let start = self.place + 1;
        let mut place = start;
        let mut is_escaped = false;
        loop {
            while let Some(chunk) = self.bytes.get(place..).and_then(|rest| rest.first_chunk()) {
                let found = special(u64::from_le_bytes(*chunk));
                if found != 0 {
                    place += (found.trailing_zeros() / 8) as usize;
                    break;
                }
                place += 8;
            }
            match self.bytes.get(place) {
                Some(b'"') => break,
                Some(0x20..) => place = self.step(place, &mut is_escaped)?,
                _ => return Err(self.fault(place)),
            }
        }
        self.place = place + 1;
        let bytes = self.bytes.get(start..place).unwrap_or_default();
        Ok(Text {
            bytes,
            at: at(start),
            is_escaped,
        })
    }

    /// Passes an escape, or one byte of a tail too short for a word.
    #[cold]
    fn step(&self, place: usize, is_escaped: &mut bool) -> Result<usize, Fault> {
        if self.bytes.get(place) != Some(&b'\\') {
            return Ok(place + 1);
        }
        *is_escaped = true;
        self.escape(place)
    }

    /// Passes the escape at a place; whether surrogates pair up is asked by [`unescape`].
    fn escape(&self, place: usize) -> Result<usize, Fault> {
        match self.bytes.get(place + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(place + 2),
            Some(b'u') => {
                for digit in place + 2..place + 6 {
                    if !self.bytes.get(digit).is_some_and(u8::is_ascii_hexdigit) {
                        return Err(self.fault(digit));
                    }
                }
                Ok(place + 6)
            }
            _ => Err(self.fault(place + 1)),
        }
    }

    fn digits(&self, mut place: usize) -> Result<usize, Fault> {
        let start = place;
        while self.bytes.get(place).is_some_and(u8::is_ascii_digit) {
            place += 1;
        }
        if place == start {
            Err(self.fault(place))
        } else {
            Ok(place)
        }
    }

    fn number(&mut self) -> Result<&'a [u8], Fault> {
        let start = self.place;
        let mut place = if self.peek() == Some(b'-') {
            start + 1
        } else {
            start
        };
        place = match self.bytes.get(place) {
            Some(b'0') => place + 1,
            _ => self.digits(place)?,
        };
        if self.bytes.get(place) == Some(&b'.') {
            place = self.digits(place + 1)?;
        }
        if matches!(self.bytes.get(place), Some(b'e' | b'E')) {
            place += 1;
            if matches!(self.bytes.get(place), Some(b'+' | b'-')) {
                place += 1;
            }
            place = self.digits(place)?;
        }
        self.place = place;
        Ok(self.bytes.get(start..place).unwrap_or_default())
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Fault> {
        for byte in word {
            if self.peek() != Some(*byte) {
                return Err(self.fault(self.place));
            }
            self.place += 1;
        }
        Ok(())
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
/// be as long as `text` at least, and `text` have come from a [`Scanner`].
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

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
