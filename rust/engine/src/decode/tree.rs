//! The walk of a JSON body (or a form) along a table of names, into slots.
//!
//! Where rows say all there is, they are given out as they are read, and withdrawn if the body
//! turns out not to be JSON. Where they share what is around them, which may come after them, a
//! body is read to its end first; that finds what they share, and the first row. Further rows
//! are then read again, each in the place of the one before, so that nothing is kept for each
//! row. A row must not fill slots that what is around it fills.

use super::escape::unescape;
use super::json::{Scanner, Stopped, Text, Token};
use super::out::Out;
use super::outline::{OneRow, Outlines, Read};
use super::row::{Build, Builder, Row, SCRATCH_BYTES, Scratch, has_nul};
use super::slots::{Fault, Raw, Slot, Slots, Wire};
use super::table::{Key, List, bit_of};
use super::{BodyError, RejectCode, Sink, form};
use crate::limits::{BODY_EVENTS_MAX, BODY_KEYS_MAX};

/// Puts the pairs of a form or query into the slots that the names inside a table's root have;
/// the last value wins. Gives the text that the values are parts of.
///
/// # Errors
/// `too_many_keys`.
pub(super) fn form_slots<'a>(
    form: &'a [u8],
    root: &Key,
    slots: &mut Slots<'a>,
) -> Result<&'a str, Fault> {
    // Rarely there are bytes that no text has; then each value is judged by itself.
    let whole = std::str::from_utf8(form).ok().filter(|t| !has_nul(t));
    let plain = whole.map_or(Wire::Plain, |_| Wire::Text);
    form::each_pair(form, |pair| {
        let slot = form::find_name(&pair, |name| root.find(name).map(|(_, key)| key.slot));
        if let Some(slot) = slot {
            let wire = if pair.is_escaped { Wire::Form } else { plain };
            slots.set(
                slot,
                Raw {
                    bytes: pair.value,
                    at: pair.at,
                    wire,
                },
            );
        }
    })?;
    Ok(whole.unwrap_or_default())
}

/// Gives the sink what a single row says; `whole` is the text that the slots are parts of.
pub(super) fn one_row<S: Sink>(
    slots: &Slots<'_>,
    whole: &str,
    build: Build,
    sink: &mut S,
) -> Result<(), Fault> {
    one_row_with(slots, whole, &build, sink)
}

/// Like [`one_row`], with any builder.
pub(super) fn one_row_with<S: Sink, B: Builder>(
    slots: &Slots<'_>,
    whole: &str,
    builder: &B,
    sink: &mut S,
) -> Result<(), Fault> {
    let mut buffer = [0; SCRATCH_BYTES];
    let mut row = Row::new(slots, whole, Scratch::new(&mut buffer), 0, 0);
    match builder.build(&mut row) {
        Ok(Some(event)) => sink.event(0, event),
        Ok(None) => {}
        // Nothing else is in such a body, so text that cannot be decoded spoils all of it.
        Err(fault) if is_malformed(fault.code) => return Err(fault),
        Err(fault) => sink.reject(fault.in_row(0)),
    }
    Ok(())
}

const fn is_malformed(code: RejectCode) -> bool {
    matches!(code, RejectCode::PercentInvalid | RejectCode::NotUtf8)
}

/// Reads a JSON body along its table and gives the sink its rows.
///
/// # Errors
/// When the body is not JSON, or not of the outer type this table has.
pub(super) fn json_rows<S: Sink>(
    body: &[u8],
    root: &'static Key,
    build: Build,
    sink: &mut S,
) -> Result<(), BodyError> {
    json_rows_with(body, root, &build, sink)
}

/// Like [`json_rows`], with any builder.
///
/// # Errors
/// As [`json_rows`].
pub(super) fn json_rows_with<S: Sink, B: Builder>(
    body: &[u8],
    root: &'static Key,
    builder: &B,
    sink: &mut S,
) -> Result<(), BodyError> {
    let text = check_utf8(body)?;
    let mut walk = Walk::new(Scanner::new(body, 0, BODY_KEYS_MAX));
    let mut out = Out::new(text, builder, sink);
    if root.has_plain_rows() {
        return walk.plain_rows(root, &mut out).map_err(|Stopped| {
            out.forget();
            walk.scan.fault().into()
        });
    }
    let (start, fits) = walk.whole(root).map_err(|Stopped| walk.scan.fault())?;
    if !fits {
        return Err(Fault::new(start, RejectCode::WrongType).into());
    }
    let Some(found) = walk.rows.take() else {
        out.row(&walk.slots, start, true);
        return Ok(());
    };
    if found.count > 1 {
        walk.scan = Scanner::new(body, found.second, usize::MAX);
    }
    for index in 0..found.count {
        let (start, fits) = if index == 0 {
            found.first
        } else {
            let next = walk.next_row(found.key);
            next.map_err(|Stopped| walk.scan.fault())?
        };
        out.row(&walk.slots, start, fits);
    }
    Ok(())
}

/// # Errors
/// `not_utf8` with the offset of the first byte that cannot be.
pub(super) fn check_utf8(text: &[u8]) -> Result<&str, Fault> {
    // The fast check says no more than yes or no; the place is asked for when it matters.
    simdutf8::basic::from_utf8(text).map_err(|_| {
        let place = std::str::from_utf8(text).map_or_else(|e| e.valid_up_to(), str::len);
        Fault::new(place, RejectCode::NotUtf8)
    })
}

/// An array of rows that was found. The first row is in the slots already.
#[derive(Clone, Copy)]
struct Found {
    key: &'static Key,
    count: usize,
    /// Where the first element is, and whether its type is one the table has.
    first: (usize, bool),
    /// What follows the first element.
    second: usize,
}

impl Found {
    const fn of(key: &'static Key, row: OneRow) -> Self {
        Self {
            key,
            count: row.count,
            first: row.first,
            second: 0,
        }
    }

    /// If there is no second row.
    fn one(&self) -> Option<(&'static Key, OneRow)> {
        let (count, first) = (self.count, self.first);
        (count <= 1).then_some((self.key, OneRow { count, first }))
    }
}

/// One value on the way into slots.
pub(super) struct Walk<'a> {
    pub scan: Scanner<'a>,
    pub slots: Slots<'a>,
    rows: Option<Found>,
    /// Whether parts of a multimedia message were read.
    has_text_parts: bool,
}

impl<'a> Walk<'a> {
    #[inline]
    pub fn new(scan: Scanner<'a>) -> Self {
        Self {
            scan,
            slots: Slots::EMPTY,
            rows: None,
            has_text_parts: false,
        }
    }

    /// Reads all there is; where it begins, and whether its type is one the table has.
    fn whole(&mut self, root: &'static Key) -> Result<(usize, bool), Stopped> {
        self.scan.skip_blanks();
        let start = self.scan.place();
        let fits = self.known_value(root, false)?;
        self.scan.end()?;
        Ok((start, fits))
    }

    /// Reads the next row in the place of the one before.
    fn next_row(&mut self, key: &'static Key) -> Result<(usize, bool), Stopped> {
        self.scan.next_element(false)?;
        let start = self.scan.place();
        self.clear(key);
        Ok((start, self.known_value(key, true)?))
    }

    /// Reads one value; false where it is of a type the table does not have.
    pub fn value(&mut self, key: &'static Key, in_list: bool) -> Result<bool, Stopped> {
        let place = self.scan.place();
        let token = self.scan.token()?;
        let end = self.scan.place();
        let (bytes, at, wire): (&[u8], usize, Wire) = match token {
            Token::Object if !key.keys.is_empty() => {
                self.object(key)?;
                return Ok(true);
            }
            Token::Array if key.list != List::Not && !in_list => {
                self.list(key)?;
                return Ok(true);
            }
            Token::Object | Token::Array => {
                self.scan.skip_open(token == Token::Object)?;
                (&[], place, Wire::Nested)
            }
            Token::String(text) if text.is_escaped => {
                (text.bytes, end - 1 - text.bytes.len(), Wire::TextEscaped)
            }
            Token::String(text) => (text.bytes, end - 1 - text.bytes.len(), Wire::Text),
            Token::Number(bytes) => (bytes, end - bytes.len(), Wire::Number),
            Token::Bool(true) => (&[], place, Wire::True),
            Token::Bool(false) => (&[], place, Wire::False),
            Token::Null => (&[], place, Wire::Null),
        };
        let at = super::slots::at(at);
        self.slots.set(key.slot, Raw { bytes, at, wire });
        Ok(key.slot != Slot::None)
    }

    /// Like [`Walk::value`], for values that are written in a few ways over and over.
    pub fn known_value(&mut self, key: &'static Key, in_list: bool) -> Result<bool, Stopped> {
        let mut outlines = Outlines::take(key);
        let outcome = self.pass_or_learn(key, in_list, &mut outlines);
        outlines.keep(key);
        outcome
    }

    fn pass_or_learn(
        &mut self,
        key: &'static Key,
        in_list: bool,
        outlines: &mut Outlines,
    ) -> Result<bool, Stopped> {
        for way in 0..outlines.count() {
            if let Some(rows) = outlines.pass(way, &mut self.scan, &mut self.slots) {
                self.rows = rows.map(|(key, row)| Found::of(key, row));
                return Ok(true);
            }
            self.clear(key);
        }
        let is_object = self.scan.skip_blanks() == Some(b'{') && !key.keys.is_empty();
        let (start, (depth, keys)) = (self.scan.place(), self.scan.counts());
        self.has_text_parts = false;
        let fits = self.value(key, in_list)?;
        let rows = self.rows.as_ref().map(Found::one);
        // What a part of a message means, hangs on what another string says.
        let is_fixed = is_object && !self.has_text_parts && !matches!(rows, Some(None));
        if is_fixed && outlines.is_learning() {
            outlines.learn(&Read {
                body: self.scan.bytes(),
                range: (start, self.scan.place()),
                depth,
                keys: self.scan.counts().1 - keys,
                slots: &self.slots,
                rows: rows.flatten(),
            });
        }
        Ok(fits)
    }

    /// Reads the members of an object that was just opened.
    pub fn object(&mut self, outer: &'static Key) -> Result<(), Stopped> {
        let mut seen = 0_u64;
        let mut first = true;
        while let Some(name) = self.scan.next_key(first)? {
            first = false;
            let Some((index, key)) = find_key(outer, name) else {
                self.scan.skip_value()?;
                continue;
            };
            let bit = bit_of(index);
            if seen & bit != 0 {
                self.clear(key);
            }
            seen |= bit;
            self.scan.skip_blanks();
            self.value(key, false)?;
        }
        Ok(())
    }

    /// Forgets an earlier value of the same name: the last one wins as a whole.
    #[cold]
    fn clear(&mut self, key: &'static Key) {
        if key.is_rows() {
            self.rows = None;
        }
        self.slots.set(key.slot, Raw::ABSENT);
        for key in key.keys {
            self.clear(key);
        }
    }

    /// Reads an array that was just opened.
    fn list(&mut self, key: &'static Key) -> Result<(), Stopped> {
        let place = self.scan.place();
        let mut count = 0;
        let (mut first, mut second) = ((0, false), 0);
        while self.scan.next_element(count == 0)? {
            match key.list {
                List::TextPart => self.text_part(key)?,
                _ if count == 0 => {
                    first.0 = self.scan.place();
                    first.1 = self.value(key, true)?;
                    second = self.scan.place();
                }
                _ => self.scan.skip_value()?,
            }
            count += 1;
        }
        if !key.is_rows() {
            return Ok(());
        }
        if count > BODY_EVENTS_MAX {
            return Err(self.scan.stop_at(place, RejectCode::TooManyEvents));
        }
        self.rows = (count > 0 || key.list == List::Rows).then_some(Found {
            key,
            count,
            first,
            second,
        });
        Ok(())
    }

    fn text_part(&mut self, key: &'static Key) -> Result<(), Stopped> {
        self.has_text_parts = true;
        self.slots.set(Slot::PartType, Raw::ABSENT);
        self.slots.set(Slot::PartText, Raw::ABSENT);
        match self.scan.token()? {
            Token::Object => self.object(key)?,
            Token::Array => self.scan.skip_open(false)?,
            _ => {}
        }
        let kind = self.slots.get(Slot::PartType).bytes;
        let is_text = kind
            .get(..10)
            .is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/plain"));
        if is_text && !self.slots.has(key.slot) {
            self.slots.set(key.slot, *self.slots.get(Slot::PartText));
        }
        Ok(())
    }
}

/// Longest name with escapes that is looked at.
const NAME_BYTES_MAX: usize = 256;

/// The table's entry for a name; escapes in names are rare but allowed.
#[inline]
pub(super) fn find_key(outer: &'static Key, name: Text<'_>) -> Option<(usize, &'static Key)> {
    if !name.is_escaped {
        return outer.find(name.bytes);
    }
    let mut buffer = [0; NAME_BYTES_MAX];
    if name.bytes.len() > buffer.len() {
        return None;
    }
    let len = unescape(name.bytes, &mut buffer).ok()?;
    buffer.get(..len).and_then(|wire| outer.find(wire))
}
