//! A pull reader over XML bytes. Only what providers send: elements, text, `CDATA`. No entities
//! but the five and characters by number, so that no body can grow while it is read;
//! attributes are passed over.

use super::slots::Fault;
use super::{RejectCode, charset};
use crate::limits::{BODY_KEYS_MAX, XML_DEPTH_MAX};
use memchr::{memchr, memmem};
use std::borrow::Cow;

/// What the reader meets.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Node<'a> {
    /// An element begins; its name without prefix.
    Open(&'a [u8]),
    /// Text, decoded.
    Text(Cow<'a, str>),
    /// An element ends: the name of the one around it, and its own.
    Close(&'a [u8], &'a [u8]),
}

/// Reads XML from front to back.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    /// Offset of what is read next.
    pub place: usize,
    /// Names of the elements that are open, with their prefixes.
    pub open: Vec<&'a [u8]>,
    is_latin1: bool,
    /// The element just opened was empty: it closes next.
    closes: bool,
    has_root: bool,
    tags: usize,
}

/// A name without its prefix.
fn local(name: &[u8]) -> &[u8] {
    name.rsplit(|byte| *byte == b':').next().unwrap_or_default()
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8], is_latin1: bool) -> Self {
        let place = if bytes.starts_with(b"\xef\xbb\xbf") {
            3
        } else {
            0
        };
        Self {
            bytes,
            place,
            open: Vec::new(),
            is_latin1,
            closes: false,
            has_root: false,
            tags: 0,
        }
    }

    fn fault(&self) -> Fault {
        Fault::new(self.place, RejectCode::XmlInvalid)
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.place..).unwrap_or_default()
    }

    /// What comes next; none at the end.
    ///
    /// # Errors
    /// `xml_invalid`, `not_utf8`, `too_many_keys`.
    pub fn next(&mut self) -> Result<Option<Node<'a>>, Fault> {
        if self.closes {
            self.closes = false;
            return self.close().map(Some);
        }
        loop {
            let rest = self.rest();
            if rest.is_empty() {
                let is_whole = self.has_root && self.open.is_empty();
                return if is_whole {
                    Ok(None)
                } else {
                    Err(self.fault())
                };
            }
            if rest.first() != Some(&b'<') {
                match self.text()? {
                    Some(node) => return Ok(Some(node)),
                    None => continue,
                }
            }
            if rest.starts_with(b"<!--") {
                self.pass(4, b"-->")?;
            } else if rest.starts_with(b"<?") {
                self.pass(2, b"?>")?;
            } else if rest.starts_with(b"<![CDATA[") && !self.open.is_empty() {
                let start = self.place + 9;
                self.pass(9, b"]]>")?;
                let raw = self.bytes.get(start..self.place - 3).unwrap_or_default();
                return Ok(Some(Node::Text(self.decoded(raw, start)?)));
            } else if rest.starts_with(b"<!DOCTYPE") && !self.has_root {
                self.doctype()?;
            } else if rest.starts_with(b"</") {
                return self.end_tag().map(Some);
            } else {
                return self.start_tag().map(Some);
            }
        }
    }

    /// Passes what ends with a mark, of which so many bytes are its beginning.
    fn pass(&mut self, begin: usize, end: &[u8]) -> Result<(), Fault> {
        let body = self.rest().get(begin..).unwrap_or_default();
        let found = memmem::find(body, end).ok_or_else(|| self.fault())?;
        self.place += begin + found + end.len();
        Ok(())
    }

    /// Passes a document type. One that declares anything is refused.
    fn doctype(&mut self) -> Result<(), Fault> {
        let mut quote = None;
        for (index, byte) in self.rest().iter().enumerate() {
            match (quote, byte) {
                (None, b'"' | b'\'') => quote = Some(*byte),
                (Some(open), byte) if open == *byte => quote = None,
                (None, b'[') => {
                    self.place += index;
                    return Err(self.fault());
                }
                (None, b'>') => {
                    self.place += index + 1;
                    return Ok(());
                }
                _ => {}
            }
        }
        Err(self.fault())
    }

    /// The text up to the next tag; blanks around the root are nothing.
    fn text(&mut self) -> Result<Option<Node<'a>>, Fault> {
        let start = self.place;
        let rest = self.rest();
        let raw = rest
            .get(..memchr(b'<', rest).unwrap_or(rest.len()))
            .unwrap_or_default();
        if self.open.is_empty() {
            let blank = raw.len() - raw.trim_ascii_start().len();
            self.place += blank;
            return if blank == raw.len() {
                Ok(None)
            } else {
                Err(self.fault())
            };
        }
        self.place += raw.len();
        if memchr(b'&', raw).is_none() {
            return self.decoded(raw, start).map(|text| Some(Node::Text(text)));
        }
        let mut text = String::with_capacity(raw.len());
        let mut from = 0;
        while let Some(rest) = raw.get(from..).filter(|rest| !rest.is_empty()) {
            if let Some(body) = rest.strip_prefix(b"&") {
                let (character, len) =
                    entity(body).ok_or(Fault::new(start + from, RejectCode::XmlInvalid))?;
                text.push(character);
                from += len + 1;
                continue;
            }
            let end = memchr(b'&', rest).unwrap_or(rest.len());
            let part = rest.get(..end).unwrap_or_default();
            text.push_str(&self.decoded(part, start + from)?);
            from += end;
        }
        Ok(Some(Node::Text(Cow::Owned(text))))
    }

    fn decoded(&self, raw: &'a [u8], start: usize) -> Result<Cow<'a, str>, Fault> {
        if self.is_latin1 {
            return Ok(Cow::Owned(charset::latin1(raw)));
        }
        std::str::from_utf8(raw)
            .map(Cow::Borrowed)
            .map_err(|error| Fault::new(start + error.valid_up_to(), RejectCode::NotUtf8))
    }

    /// The name that begins so many bytes on.
    fn name(&self, skip: usize) -> Result<&'a [u8], Fault> {
        let rest = self.rest().get(skip..).unwrap_or_default();
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b"/>=<\"'&".contains(byte);
        let name = rest
            .get(..rest.iter().position(ends).unwrap_or(rest.len()))
            .unwrap_or_default();
        let starts = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | 0x80..);
        if name.first().is_some_and(starts) {
            Ok(name)
        } else {
            Err(self.fault())
        }
    }

    fn skip_blanks(&mut self) -> Option<u8> {
        self.place += self.rest().len() - self.rest().trim_ascii_start().len();
        self.rest().first().copied()
    }

    fn start_tag(&mut self) -> Result<Node<'a>, Fault> {
        let name = self.name(1)?;
        let is_second_root = self.open.is_empty() && self.has_root;
        if is_second_root || self.open.len() == XML_DEPTH_MAX {
            return Err(self.fault());
        }
        self.count()?;
        self.place += 1 + name.len();
        loop {
            match self.skip_blanks() {
                Some(b'>') => {
                    self.place += 1;
                    break;
                }
                Some(b'/') if self.rest().starts_with(b"/>") => {
                    self.place += 2;
                    self.closes = true;
                    break;
                }
                Some(_) => self.attribute()?,
                None => return Err(self.fault()),
            }
        }
        self.has_root = true;
        self.open.push(name);
        Ok(Node::Open(local(name)))
    }

    fn count(&mut self) -> Result<(), Fault> {
        self.tags += 1;
        if self.tags > BODY_KEYS_MAX {
            return Err(Fault::new(self.place, RejectCode::TooManyKeys));
        }
        Ok(())
    }

    /// Passes `name="value"`.
    fn attribute(&mut self) -> Result<(), Fault> {
        self.count()?;
        self.place += self.name(0)?.len();
        if self.skip_blanks() != Some(b'=') {
            return Err(self.fault());
        }
        self.place += 1;
        let Some(quote @ (b'"' | b'\'')) = self.skip_blanks() else {
            return Err(self.fault());
        };
        self.pass(1, &[quote])
    }

    fn end_tag(&mut self) -> Result<Node<'a>, Fault> {
        let name = self.name(2)?;
        if self.open.last() != Some(&name) {
            return Err(self.fault());
        }
        self.place += 2 + name.len();
        if self.skip_blanks() != Some(b'>') {
            return Err(self.fault());
        }
        self.place += 1;
        self.close()
    }

    fn close(&mut self) -> Result<Node<'a>, Fault> {
        let name = self.open.pop().ok_or_else(|| self.fault())?;
        let outer = self.open.last().copied().unwrap_or_default();
        Ok(Node::Close(local(outer), local(name)))
    }
}

/// The character that a reference stands for, without its ampersand, and how long that is.
fn entity(text: &[u8]) -> Option<(char, usize)> {
    // The longest is that of the last character of all, `#1114111;`, with some leading zeros.
    let near = text.get(..text.len().min(16))?;
    let end = memchr(b';', near)?;
    let name = std::str::from_utf8(near.get(..end)?).ok()?;
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let digits = name.strip_prefix('#')?;
            let hex = digits.strip_prefix(['x', 'X']);
            let (digits, radix) = hex.map_or((digits, 10), |digits| (digits, 16));
            // The standard library's reader would take a sign.
            digits.chars().all(|c| c.is_digit(radix)).then_some(())?;
            char::from_u32(u32::from_str_radix(digits, radix).ok()?).filter(|c| *c != '\0')?
        }
    };
    Some((character, end + 1))
}

#[cfg(test)]
#[path = "xml_tests.rs"]
mod tests;
