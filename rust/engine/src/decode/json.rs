//! A pull scanner over JSON bytes: one pass, no tree, nothing allocated. Strict by RFC 8259;
//! numbers stay text, strings stay as on the wire, every complaint has its exact byte.
//!
//! The caller has checked that the bytes are UTF-8 (see [`Scanner::new`]).
//!
//! Speed comes from what stays in registers: the small functions are always put into the loop
//! that calls them, errors carry nothing, and the rare cases are functions that take and give
//! plain values.
#![expect(
    clippy::inline_always,
    reason = "a result that goes through memory costs more than the whole step"
)]

use super::RejectCode;
use super::escape::slow_end;
use super::slots::Fault;
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
    /// Whether there is a backslash in it.
    pub is_escaped: bool,
}

/// The scanner stopped; [`Scanner::fault`] says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stopped;

/// Reads JSON from front to back.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    /// What is not read yet. After a stop: from the byte that is wrong on.
    rest: &'a [u8],
    depth: usize,
    keys: usize,
    keys_max: usize,
    /// Why it stopped, if not for its grammar.
    code: RejectCode,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// High bits over the bytes of a word that end or break a run of plain string bytes; the
/// lowest is exact. With one bit turned over, the quotation mark is 0x20, and all that matters
/// but the backslash is below 0x21.
const fn special(word: u64) -> u64 {
    let low = (word ^ (ONES * 2)).wrapping_sub(ONES * 0x21);
    let slash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    (low | slash) & !word & HIGHS
}

impl<'a> Scanner<'a> {
    /// Starts at an offset; offsets in faults count from the front of `bytes`, which must be
    /// UTF-8 from `start` on.
    pub fn new(bytes: &'a [u8], start: usize, keys_max: usize) -> Self {
        Self {
            bytes,
            rest: bytes.get(start..).unwrap_or_default(),
            depth: 0,
            keys: 0,
            keys_max,
            code: RejectCode::JsonInvalid,
        }
    }

    /// Offset of the next byte.
    #[inline(always)]
    pub const fn place(&self) -> usize {
        self.bytes.len() - self.rest.len()
    }

    /// Why it stopped, and where.
    pub fn fault(&self) -> Fault {
        let is_cut = self.rest.is_empty() && self.code == RejectCode::JsonInvalid;
        let code = if is_cut {
            RejectCode::JsonTruncated
        } else {
            self.code
        };
        Fault::new(self.place(), code)
    }

    /// Stops for a limit that was passed here.
    #[inline(always)]
    fn stop(&mut self, code: RejectCode) -> Stopped {
        self.code = code;
        Stopped
    }

    /// Stops for a limit that was passed at a place read before.
    pub fn stop_at(&mut self, place: usize, code: RejectCode) -> Stopped {
        self.rest = self.bytes.get(place..).unwrap_or_default();
        self.stop(code)
    }

    /// Passes one byte. That it is there was seen before: the compiler knows, too.
    #[inline(always)]
    fn pass(&mut self) {
        if let [_, rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// Stops so many bytes on.
    #[inline(always)]
    fn stop_after(&mut self, count: usize) -> Stopped {
        self.rest = self.rest.get(count..).unwrap_or_default();
        Stopped
    }

    /// Passes blanks; the byte after them. Mostly there are none.
    #[inline(always)]
    pub fn skip_blanks(&mut self) -> Option<u8> {
        if let [byte @ 0x21..=0xff, ..] = self.rest {
            return Some(*byte);
        }
        self.rest = after_blanks(self.rest);
        self.rest.first().copied()
    }

    /// Nothing but blanks may follow.
    pub fn end(&mut self) -> Result<(), Stopped> {
        match self.skip_blanks() {
            None => Ok(()),
            Some(_) => Err(Stopped),
        }
    }

    /// The next value; of objects and arrays only the opening.
    #[inline(always)]
    pub fn token(&mut self) -> Result<Token<'a>, Stopped> {
        match self.skip_blanks() {
            Some(b'"') => self.string().map(Token::String),
            Some(b'{') => self.open().map(|()| Token::Object),
            Some(b'[') => self.open().map(|()| Token::Array),
            Some(b'-' | b'0'..=b'9') => self.number().map(Token::Number),
            Some(b't') => self.word(b"true").map(|()| Token::Bool(true)),
            Some(b'f') => self.word(b"false").map(|()| Token::Bool(false)),
            Some(b'n') => self.word(b"null").map(|()| Token::Null),
            _ => Err(Stopped),
        }
    }

    #[inline(always)]
    fn open(&mut self) -> Result<(), Stopped> {
        if self.depth == JSON_DEPTH_MAX {
            return Err(self.stop(RejectCode::JsonTooDeep));
        }
        self.depth += 1;
        self.pass();
        Ok(())
    }

    /// The next name of the open object, or none, and the object is closed.
    #[inline(always)]
    pub fn next_key(&mut self, first: bool) -> Result<Option<Text<'a>>, Stopped> {
        if self.closes(b'}', first)? {
            return Ok(None);
        }
        if self.skip_blanks() != Some(b'"') {
            return Err(Stopped);
        }
        self.keys += 1;
        if self.keys > self.keys_max {
            return Err(self.stop(RejectCode::TooManyKeys));
        }
        let key = self.string()?;
        if self.skip_blanks() != Some(b':') {
            return Err(Stopped);
        }
        self.pass();
        Ok(Some(key))
    }

    /// Whether the open array has another element; if not, it is closed.
    #[inline(always)]
    pub fn next_element(&mut self, first: bool) -> Result<bool, Stopped> {
        if self.closes(b']', first)? {
            return Ok(false);
        }
        self.skip_blanks();
        Ok(true)
    }

    /// Passes the closing byte, or the comma before the next member.
    #[inline(always)]
    fn closes(&mut self, close: u8, first: bool) -> Result<bool, Stopped> {
        match self.skip_blanks() {
            Some(b',') if !first => {
                self.pass();
                Ok(false)
            }
            Some(byte) if byte == close => {
                self.pass();
                self.depth = self.depth.saturating_sub(1);
                Ok(true)
            }
            Some(_) if first => Ok(false),
            _ => Err(Stopped),
        }
    }

    /// Passes one whole value.
    #[inline(always)]
    pub fn skip_value(&mut self) -> Result<(), Stopped> {
        match self.token()? {
            Token::Object => self.skip_open(true),
            Token::Array => self.skip_open(false),
            _ => Ok(()),
        }
    }

    /// Passes the rest of an object or array that was just opened.
    pub fn skip_open(&mut self, object: bool) -> Result<(), Stopped> {
        // A scanner of its own stays in registers.
        let mut scan = self.clone();
        let outcome = scan.skip_members(object);
        *self = scan;
        outcome
    }

    /// Not recursive: the kinds of the open containers are the bits of one word, which is why
    /// 64 levels are the most.
    #[inline(always)]
    fn skip_members(&mut self, object: bool) -> Result<(), Stopped> {
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
    #[inline(always)]
    fn string(&mut self) -> Result<Text<'a>, Stopped> {
        self.pass();
        let mut tail = self.rest;
        while let Some((chunk, after)) = tail.split_first_chunk() {
            let word = u64::from_le_bytes(*chunk);
            let found = special(word);
            if found == 0 {
                tail = after;
                continue;
            }
            let bit = found.trailing_zeros() & 0x38;
            if word >> bit & 0xff == u64::from(b'"') {
                let len = self.rest.len() - tail.len() + (bit / 8) as usize;
                return self.text(len, false);
            }
            break;
        }
        match slow_end(self.rest, self.rest.len() - tail.len()) {
            Ok((len, is_escaped)) => self.text(len, is_escaped),
            Err(place) => Err(self.stop_after(place)),
        }
    }

    /// The string of so many bytes that is next, and passes its closing quotation mark.
    #[inline(always)]
    fn text(&mut self, len: usize, is_escaped: bool) -> Result<Text<'a>, Stopped> {
        let Some((bytes, [_, rest @ ..])) = self.rest.split_at_checked(len) else {
            return Err(Stopped);
        };
        self.rest = rest;
        Ok(Text { bytes, is_escaped })
    }

    /// Passes one digit or more.
    #[inline(always)]
    fn digits(&mut self) -> Result<(), Stopped> {
        let [b'0'..=b'9', rest @ ..] = self.rest else {
            return Err(Stopped);
        };
        self.rest = rest;
        while let [b'0'..=b'9', rest @ ..] = self.rest {
            self.rest = rest;
        }
        Ok(())
    }

    #[inline(always)]
    fn number(&mut self) -> Result<&'a [u8], Stopped> {
        let start = self.rest;
        if let [b'-', rest @ ..] = self.rest {
            self.rest = rest;
        }
        if let [b'0', rest @ ..] = self.rest {
            self.rest = rest;
        } else {
            self.digits()?;
        }
        if let [b'.', rest @ ..] = self.rest {
            self.rest = rest;
            self.digits()?;
        }
        if let [b'e' | b'E', rest @ ..] = self.rest {
            self.rest = rest;
            if let [b'+' | b'-', rest @ ..] = self.rest {
                self.rest = rest;
            }
            self.digits()?;
        }
        let len = start.len() - self.rest.len();
        Ok(start.get(..len).unwrap_or_default())
    }

    #[inline(always)]
    fn word(&mut self, word: &[u8]) -> Result<(), Stopped> {
        if let Some(rest) = self.rest.strip_prefix(word) {
            self.rest = rest;
            return Ok(());
        }
        Err(self.stop_after(same_count(self.rest, word)))
    }
}

#[inline(never)]
fn after_blanks(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

/// How many bytes two texts have in common.
#[cold]
fn same_count(text: &[u8], word: &[u8]) -> usize {
    text.iter().zip(word).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
