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
use super::marks::{BLOCK_BYTES, after_blanks, marks, same_count};
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
    /// Offset of what is not read yet. After a stop: of the byte that is wrong.
    at: usize,
    /// Where the bytes begin that `marks` tells of.
    block: usize,
    /// Which of the 64 bytes from `block` on can end or break a run of plain string bytes.
    marks: u64,
    depth: usize,
    keys: usize,
    keys_max: usize,
    /// Why it stopped, if not for its grammar.
    code: RejectCode,
}

impl<'a> Scanner<'a> {
    /// Starts at an offset; offsets in faults count from the front of `bytes`, which must be
    /// UTF-8 from `start` on.
    pub fn new(bytes: &'a [u8], start: usize, keys_max: usize) -> Self {
        let at = start.min(bytes.len());
        Self {
            bytes,
            at,
            block: at,
            marks: marks(bytes, at),
            depth: 0,
            keys: 0,
            keys_max,
            code: RejectCode::JsonInvalid,
        }
    }

    /// All it reads from.
    #[inline(always)]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Offset of the next byte.
    #[inline(always)]
    pub const fn place(&self) -> usize {
        self.at
    }

    /// Why it stopped, and where.
    pub fn fault(&self) -> Fault {
        let is_cut = self.at >= self.bytes.len() && self.code == RejectCode::JsonInvalid;
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
        self.at = place;
        self.stop(code)
    }

    /// The next byte.
    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Passes one byte that was seen to be there.
    #[inline(always)]
    const fn pass(&mut self) {
        self.at += 1;
    }

    /// Passes blanks; the byte after them. Mostly there are none.
    #[inline(always)]
    pub fn skip_blanks(&mut self) -> Option<u8> {
        let next = self.peek();
        if next.is_some_and(|byte| byte > b' ') {
            return next;
        }
        self.at = after_blanks(self.bytes, self.at);
        self.peek()
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

    /// Passes these bytes, if they are next.
    #[inline(always)]
    pub fn passes(&mut self, bytes: &[u8]) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let is_next = rest.starts_with(bytes);
        self.at += if is_next { bytes.len() } else { 0 };
        is_next
    }

    /// How deep what is next lies, and how many names were read.
    pub const fn counts(&self) -> (usize, usize) {
        (self.depth, self.keys)
    }

    /// Counts names that are passed all at once, if they are not too many.
    #[inline(always)]
    pub const fn takes_keys(&mut self, keys: usize) -> bool {
        self.keys += keys;
        self.keys <= self.keys_max
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
        self.string_rest()
    }

    /// Reads a string whose opening quotation mark was passed.
    #[inline(always)]
    pub fn string_rest(&mut self) -> Result<Text<'a>, Stopped> {
        let start = self.at;
        let end = self.mark_after(start);
        if self.bytes.get(end) == Some(&b'"') {
            return self.text(start, end, false);
        }
        match slow_end(self.bytes, end) {
            Ok((end, is_escaped)) => self.text(start, end, is_escaped),
            Err(place) => {
                self.at = place;
                Err(Stopped)
            }
        }
    }

    /// The first byte from an offset on that can end or break a run of plain string bytes, or
    /// the end of all.
    #[inline(always)]
    fn mark_after(&mut self, from: usize) -> usize {
        let mut from = from;
        // The offset only grows, and a block holds several short strings.
        while from < self.bytes.len() {
            let skip = from - self.block;
            if skip < BLOCK_BYTES {
                let marks = self.marks >> skip;
                if marks != 0 {
                    return from + marks.trailing_zeros() as usize;
                }
                from = self.block + BLOCK_BYTES;
            }
            if from < self.bytes.len() {
                (self.block, self.marks) = (from, marks(self.bytes, from));
            }
        }
        self.bytes.len()
    }

    /// The string between these offsets; passes its closing quotation mark.
    #[inline(always)]
    fn text(&mut self, start: usize, end: usize, is_escaped: bool) -> Result<Text<'a>, Stopped> {
        let Some(bytes) = self.bytes.get(start..end) else {
            return Err(Stopped);
        };
        self.at = end + 1;
        Ok(Text { bytes, is_escaped })
    }

    /// Passes one digit or more.
    #[inline(always)]
    fn digits(&mut self) -> Result<(), Stopped> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(Stopped);
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.pass();
        }
        Ok(())
    }

    #[inline(always)]
    pub fn number(&mut self) -> Result<&'a [u8], Stopped> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.pass();
        }
        if self.peek() == Some(b'0') {
            self.pass();
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.pass();
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.pass();
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.pass();
            }
            self.digits()?;
        }
        Ok(self.bytes.get(start..self.at).unwrap_or_default())
    }

    #[inline(always)]
    fn word(&mut self, word: &[u8]) -> Result<(), Stopped> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.starts_with(word) {
            self.at += word.len();
            return Ok(());
        }
        self.at += same_count(rest, word);
        Err(Stopped)
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
