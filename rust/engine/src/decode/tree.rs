//! Tables of names -> slots, and the walk of a JSON body (or a form) along such a table.
//!
//! A body is read twice where it holds a list of rows: once to its end, which proves that it
//! is JSON and finds what all rows share, then row by row. Nothing is given out before the
//! proof, and nothing is kept for each row.

use super::json::{Scanner, Text, Token, unescape};
use super::row::{Build, Row, SCRATCH_BYTES, Scratch};
use super::slots::{Fault, Raw, Slot, Slots, Wire, at};
use super::{BodyError, RejectCode, Sink, form};
use crate::limits::{BODY_EVENTS_MAX, BODY_KEYS_MAX};

/// One name of a table: the slot for a plain value, the names inside an object, and what an
/// array means.
pub(super) struct Key {
    name: &'static str,
    slot: Slot,
    list: List,
    keys: &'static [Key],
    /// Lengths of the names inside, as a set.
    lens: u64,
    /// First bytes of the names inside, as a set.
    firsts: u64,
}

/// What an array in a value's place means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    /// The wrong type.
    Not,
    /// Its first element stands for it.
    First,
    /// Each element is a row.
    Rows,
    /// Each element is a row; without elements, what is around it is the only row.
    RowsOrSelf,
    /// Parts of a multimedia message, of which the plain text is wanted.
    TextPart,
}

impl Key {
    const fn new(name: &'static str, slot: Slot, list: List, keys: &'static [Key]) -> Self {
        let (mut lens, mut firsts) = (0, 0);
        let mut rest = keys;
        while let Some((key, others)) = rest.split_first() {
            lens |= bit_of(key.name.len());
            if let Some(byte) = key.name.as_bytes().first() {
                firsts |= bit_of(*byte as usize);
            }
            rest = others;
        }
        Self {
            name,
            slot,
            list,
            keys,
            lens,
            firsts,
        }
    }

    /// The entry for a name inside this one. Most names of a body are in no table, and most of
    /// those are told apart by their length or first byte alone.
    #[inline]
    fn find(&self, wire: &[u8]) -> Option<(usize, &'static Key)> {
        let first = wire.first()?;
        if self.lens & bit_of(wire.len()) == 0 || self.firsts & bit_of(usize::from(*first)) == 0 {
            return None;
        }
        self.keys
            .iter()
            .enumerate()
            .find(|(_, key)| form::is_same(wire, key.name.as_bytes()))
    }
}

/// One bit of a set of small numbers; larger ones share bits.
const fn bit_of(number: usize) -> u64 {
    1 << (number & 63)
}

/// A plain value.
pub(super) const fn key(name: &'static str, slot: Slot) -> Key {
    Key::new(name, slot, List::Not, &[])
}

/// An object; a plain value in its place goes to the slot.
pub(super) const fn object(name: &'static str, slot: Slot, keys: &'static [Key]) -> Key {
    Key::new(name, slot, List::Not, keys)
}

/// An array of which the first element counts; it may be missing around a single one.
pub(super) const fn first(name: &'static str, slot: Slot, keys: &'static [Key]) -> Key {
    Key::new(name, slot, List::First, keys)
}

/// An array whose elements are rows; a single object in its place is one row.
pub(super) const fn rows(name: &'static str, slot: Slot, keys: &'static [Key]) -> Key {
    Key::new(name, slot, List::Rows, keys)
}

/// Like [`rows`], but what is around an empty array is a row by itself.
pub(super) const fn rows_or_self(name: &'static str, slot: Slot, keys: &'static [Key]) -> Key {
    Key::new(name, slot, List::RowsOrSelf, keys)
}

/// The parts of a multimedia message: `PartType` and `PartText` inside, the first part of
/// type `text/plain` goes to the slot.
pub(super) const fn text_part(name: &'static str, slot: Slot, keys: &'static [Key]) -> Key {
    Key::new(name, slot, List::TextPart, keys)
}

/// Puts the pairs of a form or query into the slots that the names inside a table's root have; the last value wins.
///
/// # Errors
/// `too_many_keys`.
pub(super) fn form_slots<'a>(form: &'a [u8], root: &Key) -> Result<Slots<'a>, Fault> {
    let mut slots = Slots::EMPTY;
    form::each_pair(form, |pair| {
        let slot = form::find_name(&pair, |name| root.find(name).map(|(_, key)| key.slot));
        if let Some(slot) = slot {
            slots.set(
                slot,
                Raw {
                    bytes: pair.value,
                    at: pair.at,
                    wire: pair.wire(),
                },
            );
        }
    })?;
    Ok(slots)
}

/// Gives the sink what a single row says.
pub(super) fn one_row<S: Sink>(slots: &Slots<'_>, build: Build, sink: &mut S) -> Result<(), Fault> {
    let mut buffer = [0; SCRATCH_BYTES];
    let mut row = Row::new(slots, Scratch::new(&mut buffer), 0, 0);
    match build(&mut row) {
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
    check_utf8(body, 0)?;
    let mut walk = Walk::new(Scanner::new(body, 0, BODY_KEYS_MAX), &Slots::EMPTY);
    let start = walk.scan.skip_blanks().map_or(0, |_| walk.scan.place());
    let fits = walk.value(root, false)?;
    walk.scan.end()?;
    if !fits {
        return Err(Fault::new(start, RejectCode::WrongType).into());
    }
    let mut out = Out {
        body,
        build,
        sink,
        next: 0,
    };
    match walk.rows {
        Some(list) => out.list(&walk.slots, list)?,
        None => out.row(&walk.slots, start),
    }
    Ok(())
}

/// # Errors
/// `not_utf8` with the offset of the first byte that cannot be.
pub(super) fn check_utf8(text: &[u8], start: usize) -> Result<(), Fault> {
    match std::str::from_utf8(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(Fault::new(start + error.valid_up_to(), RejectCode::NotUtf8)),
    }
}

/// An array of rows that was found: its table, and where its first element may begin.
#[derive(Clone, Copy)]
struct Found {
    key: &'static Key,
    place: usize,
    count: usize,
}

/// One value on the way into slots.
pub(super) struct Walk<'a> {
    pub scan: Scanner<'a>,
    pub slots: Slots<'a>,
    rows: Option<Found>,
}

impl<'a> Walk<'a> {
    pub fn new(scan: Scanner<'a>, slots: &Slots<'a>) -> Self {
        Self {
            scan,
            slots: *slots,
            rows: None,
        }
    }

    /// Reads one value; false where it is of a type the table does not have.
    fn value(&mut self, key: &'static Key, in_list: bool) -> Result<bool, Fault> {
        let raw = |bytes: &'a [u8], at, wire| Raw { bytes, at, wire };
        let place = at(self.scan.place());
        let raw = match self.scan.token()? {
            Token::Object if !key.keys.is_empty() => {
                self.object(key)?;
                return Ok(true);
            }
            Token::Array if key.list != List::Not && !in_list => {
                self.list(key)?;
                return Ok(true);
            }
            Token::Object => {
                self.scan.skip_open(true)?;
                raw(&[], place, Wire::Nested)
            }
            Token::Array => {
                self.scan.skip_open(false)?;
                raw(&[], place, Wire::Nested)
            }
            Token::String(text) if text.is_escaped => raw(text.bytes, text.at, Wire::TextEscaped),
            Token::String(text) => raw(text.bytes, text.at, Wire::Text),
            Token::Number(bytes) => raw(bytes, at(self.scan.place() - bytes.len()), Wire::Number),
            Token::Bool(value) => raw(&[], place, Wire::Bool(value)),
            Token::Null => raw(&[], place, Wire::Null),
        };
        self.slots.set(key.slot, raw);
        Ok(key.slot != Slot::None)
    }

    /// Reads the members of an object that was just opened.
    pub fn object(&mut self, outer: &'static Key) -> Result<(), Fault> {
        let mut first = true;
        let mut seen = 0_u64;
        while let Some(name) = self.scan.next_key(first)? {
            first = false;
            match find_key(outer, name) {
                Some((index, key)) => {
                    let bit = bit_of(index);
                    if seen & bit != 0 {
                        self.clear(key);
                    }
                    seen |= bit;
                    if matches!(key.list, List::Rows | List::RowsOrSelf) {
                        self.rows = None;
                    }
                    self.value(key, false)?;
                }
                None => self.scan.skip_value()?,
            }
        }
        Ok(())
    }

    /// Forgets an earlier value of the same name: the last one wins as a whole.
    fn clear(&mut self, key: &'static Key) {
        self.slots.set(key.slot, Raw::ABSENT);
        for key in key.keys {
            self.clear(key);
        }
    }

    /// Reads an array that was just opened.
    fn list(&mut self, key: &'static Key) -> Result<(), Fault> {
        let place = self.scan.place();
        let mut count = 0;
        while self.scan.next_element(count == 0)? {
            match key.list {
                List::First if count == 0 => {
                    self.value(key, true)?;
                }
                List::TextPart => self.text_part(key)?,
                _ => self.scan.skip_value()?,
            }
            count += 1;
        }
        if matches!(key.list, List::Rows | List::RowsOrSelf) {
            if count > BODY_EVENTS_MAX {
                return Err(Fault::new(place, RejectCode::TooManyEvents));
            }
            self.rows =
                (count > 0 || key.list == List::Rows).then_some(Found { key, place, count });
        }
        Ok(())
    }

    fn text_part(&mut self, key: &'static Key) -> Result<(), Fault> {
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
            self.slots.set(key.slot, self.slots.get(Slot::PartText));
        }
        Ok(())
    }
}

/// Longest name with escapes that is looked at.
const NAME_BYTES_MAX: usize = 256;

/// The table's entry for a name; escapes in names are rare but allowed.
#[inline]
fn find_key(outer: &'static Key, name: Text<'_>) -> Option<(usize, &'static Key)> {
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

/// Gives rows to the sink.
struct Out<'b, 'k, S> {
    body: &'b [u8],
    build: Build,
    sink: &'k mut S,
    next: u32,
}

impl<'b, S: Sink> Out<'b, '_, S> {
    fn row(&mut self, slots: &Slots<'b>, place: usize) {
        let mut buffer = [0; SCRATCH_BYTES];
        let mut row = Row::new(slots, Scratch::new(&mut buffer), self.next, at(place));
        match (self.build)(&mut row) {
            Ok(Some(event)) => self.sink.event(self.next, event),
            Ok(None) => {}
            Err(fault) => self.sink.reject(fault.in_row(self.next)),
        }
        self.next += 1;
    }

    /// Gives each element of an array, which was read to its end before, on top of what is
    /// shared; an element may hold an array of rows itself.
    fn list(&mut self, shared: &Slots<'b>, found: Found) -> Result<(), Fault> {
        let mut scan = Scanner::new(self.body, found.place, usize::MAX);
        for index in 0..found.count {
            scan.next_element(index == 0)?;
            let start = scan.place();
            let mut walk = Walk::new(scan, shared);
            let fits = walk.value(found.key, true)?;
            let (slots, rows) = (walk.slots, walk.rows);
            scan = walk.scan;
            match rows {
                Some(inner) => self.list(&slots, inner)?,
                None if fits => self.row(&slots, start),
                None => {
                    let fault = Fault::new(start, RejectCode::WrongType);
                    self.sink.reject(fault.in_row(self.next));
                    self.next += 1;
                }
            }
        }
        Ok(())
    }
}
