//! JSON inside something else: in a form's value, in a JSON string, in arrays whose elements
//! hold arrays of rows. Cuts out what [`super::tree`] can walk, and moves rows and offsets back
//! to where they are in the body.

use super::json::{Scanner, Stopped, Token};
use super::row::Build;
use super::slots::{Fault, at};
use super::table::Key;
use super::tree::{check_utf8, json_rows};
use super::{BodyError, Reject, RejectCode, Sink, escape, form};
use crate::event::Event;
use crate::limits::{BODY_EVENTS_MAX, BODY_KEYS_MAX};
use std::cell::OnceCell;

/// The tables of elements: of one that holds rows of its own under a name, and of one that is
/// a row itself.
pub(super) struct Tables {
    /// Name of the array of rows, and the table around it; none where elements are rows.
    pub rows: Option<(&'static str, &'static Key)>,
    pub flat: &'static Key,
    pub build: Build,
}

/// How offsets in a text become offsets in the body.
enum Start<'t> {
    /// The text is a part of the body.
    At(u32),
    /// The text is what an escaped form value stands for.
    Form(&'t [u8], u32, OnceCell<Vec<u32>>),
    /// The text is what a JSON string with escapes stands for: all of it is at its beginning.
    String(u32),
}

/// Decoded bytes between two marks: what is walked for each offset.
const MARK_BYTES: usize = 64;

impl Start<'_> {
    fn place(&self, byte: u32) -> u32 {
        match self {
            Self::At(start) => start.saturating_add(byte),
            Self::String(start) => *start,
            Self::Form(raw, start, marks) => {
                let marks = marks.get_or_init(|| marks_of(raw));
                let byte = byte as usize;
                let mut place = marks
                    .get(byte / MARK_BYTES)
                    .map_or(raw.len(), |mark| *mark as usize);
                for _ in 0..byte % MARK_BYTES {
                    place += width(raw, place);
                }
                start.saturating_add(at(place.min(raw.len())))
            }
        }
    }
}

/// How many bytes of a form value make the one at a place.
fn width(raw: &[u8], place: usize) -> usize {
    if raw.get(place) == Some(&b'%') { 3 } else { 1 }
}

fn marks_of(raw: &[u8]) -> Vec<u32> {
    let mut marks = Vec::with_capacity(raw.len() / MARK_BYTES + 1);
    let (mut place, mut count) = (0, 0_usize);
    while place < raw.len() {
        if count.is_multiple_of(MARK_BYTES) {
            marks.push(at(place));
        }
        place += width(raw, place);
        count += 1;
    }
    marks
}

/// A sink for a part of a body.
struct Inner<'k, 't, S> {
    sink: &'k mut S,
    start: &'k Start<'t>,
    /// Where in the text the part begins.
    from: u32,
    /// Number of the part's first row, and of the row after its last.
    row: u32,
    next: u32,
}

impl<S: Sink> Sink for Inner<'_, '_, S> {
    fn event(&mut self, row: u32, event: Event<'_>) {
        self.next = self.next.max(self.row + row + 1);
        self.sink.event(self.row + row, event);
    }

    fn reject(&mut self, reject: Reject) {
        self.next = self.next.max(self.row + reject.row + 1);
        self.sink.reject(Reject {
            row: self.row + reject.row,
            byte: self.start.place(self.from.saturating_add(reject.byte)),
            code: reject.code,
        });
    }

    fn withdraw(&mut self) {
        self.next = self.row;
        self.sink.withdraw();
    }
}

/// Reads a JSON body: one element, or an array of them.
///
/// # Errors
/// When the body is not JSON.
pub(super) fn json_body<S: Sink>(
    body: &[u8],
    tables: &Tables,
    sink: &mut S,
) -> Result<(), BodyError> {
    Ok(read(body, &Start::At(0), tables, sink)?)
}

/// Reads JSON that a JSON body holds under a name of its outermost object, as it is or as a
/// string; the body itself where there is no such name.
///
/// # Errors
/// When the body, or the string, is not JSON.
pub(super) fn json_under<S: Sink>(
    body: &[u8],
    name: &str,
    tables: &Tables,
    sink: &mut S,
) -> Result<(), BodyError> {
    check_utf8(body)?;
    let mut scan = Scanner::new(body, 0, BODY_KEYS_MAX);
    let found = member(&mut scan, name).map_err(|Stopped| scan.fault())?;
    let Some((from, to)) = found else {
        return json_body(body, tables, sink);
    };
    let value = body.get(from..to).unwrap_or_default();
    let Some(text) = value
        .strip_prefix(b"\"")
        .and_then(|v| v.strip_suffix(b"\""))
    else {
        return Ok(read(value, &Start::At(at(from)), tables, sink)?);
    };
    let mut decoded = vec![0; text.len()];
    let len = escape::unescape(text, &mut decoded)
        .map_err(|byte| Fault::new(from + 1 + byte, RejectCode::LoneSurrogate))?;
    decoded.truncate(len);
    Ok(read(&decoded, &Start::String(at(from)), tables, sink)?)
}

/// Reads JSON that a form holds under a name: escaped, or, as some relays send it, as it is to
/// the end of the form. False where there is no such name.
///
/// # Errors
/// When the value is not JSON.
pub(super) fn json_in_form<S: Sink>(
    form: &[u8],
    name: &str,
    tables: &Tables,
    sink: &mut S,
) -> Result<bool, BodyError> {
    let (mut last, mut first_at) = (None, None);
    form::each_pair(form, |pair| {
        let is_it = |wire: &[u8]| (wire == name.as_bytes()).then_some(());
        if form::find_name(&pair, is_it).is_some() {
            first_at = first_at.or(Some(pair.at));
            last = Some(pair);
        }
    })?;
    let (Some(pair), Some(first_at)) = (last, first_at) else {
        return Ok(false);
    };
    // Unescaped JSON may hold what ends a value.
    let raw = form.get(first_at as usize..).unwrap_or_default();
    let is_bare = matches!(raw.trim_ascii_start().first(), Some(b'[' | b'{'));
    if is_bare && prove(raw, tables).is_ok() {
        read(raw, &Start::At(first_at), tables, sink)?;
        return Ok(true);
    }
    if pair.value.is_empty() {
        return Err(Fault::new(pair.at as usize, RejectCode::BodyEmpty).into());
    }
    let mut decoded = vec![0; pair.value.len()];
    let len = form::unescape(pair.value, &mut decoded, false)
        .map_err(|byte| Fault::new(pair.at as usize + byte, RejectCode::PercentInvalid))?;
    decoded.truncate(len);
    let start = Start::Form(pair.value, pair.at, OnceCell::new());
    read(&decoded, &start, tables, sink)?;
    Ok(true)
}

/// Reads a text of one element or of an array of them.
fn read<S: Sink>(
    text: &[u8],
    start: &Start<'_>,
    tables: &Tables,
    sink: &mut S,
) -> Result<(), Fault> {
    let moved = |fault: Fault| Fault {
        byte: start.place(fault.byte),
        code: fault.code,
    };
    check_utf8(text).map_err(moved)?;
    let is_list = prove(text, tables).map_err(moved)?;
    let mut next = 0;
    if !is_list {
        return element(text, (0, text.len()), (start, &mut next), tables, sink).map_err(moved);
    }
    // What follows was proved to be so.
    let mut scan = Scanner::new(text, 0, usize::MAX);
    let mut first = true;
    let broken = |Stopped| Fault::new(0, RejectCode::JsonInvalid);
    scan.token().map_err(broken)?;
    while scan.next_element(first).map_err(broken)? {
        first = false;
        let from = scan.place();
        scan.skip_value().map_err(broken)?;
        let range = (from, scan.place());
        let row = next;
        if let Err(fault) = element(text, range, (start, &mut next), tables, sink) {
            // An element that is no object, or rows that are none: refused by itself.
            sink.reject(moved(fault).in_row(row));
            next = next.max(row + 1);
        }
    }
    Ok(())
}

/// Gives the sink the rows of one element. A fault's offset counts from the front of the text.
fn element<S: Sink>(
    text: &[u8],
    (from, to): (usize, usize),
    (start, next): (&Start<'_>, &mut u32),
    tables: &Tables,
    sink: &mut S,
) -> Result<(), Fault> {
    let value = text.get(from..to).unwrap_or_default();
    let root = match tables.rows {
        Some((name, around)) if has_member(value, name) => around,
        _ => tables.flat,
    };
    let mut inner = Inner {
        sink,
        start,
        from: at(from),
        row: *next,
        next: *next,
    };
    let outcome = json_rows(value, root, tables.build, &mut inner);
    *next = inner.next;
    outcome.map_err(|error| {
        Fault {
            byte: error.byte,
            code: error.code,
        }
        .moved(at(from))
    })
}

/// Proves that a text is JSON and holds no more rows than a body may; whether it is an array.
fn prove(text: &[u8], tables: &Tables) -> Result<bool, Fault> {
    let mut scan = Scanner::new(text, 0, BODY_KEYS_MAX);
    let name = tables.rows.map_or("", |(name, _)| name);
    count(&mut scan, name).map_err(|Stopped| scan.fault())
}

fn count(scan: &mut Scanner<'_>, name: &str) -> Result<bool, Stopped> {
    let mut rows = 0;
    let is_list = match scan.token()? {
        Token::Array => {
            let mut first = true;
            while scan.next_element(first)? {
                first = false;
                let token = scan.token()?;
                count_in(scan, token, name, &mut rows)?;
            }
            true
        }
        token => {
            count_in(scan, token, name, &mut rows)?;
            false
        }
    };
    scan.end()?;
    Ok(is_list)
}

/// Passes the rest of an element, counting it and the rows in it.
fn count_in(
    scan: &mut Scanner<'_>,
    token: Token<'_>,
    name: &str,
    rows: &mut usize,
) -> Result<(), Stopped> {
    *rows += 1;
    match token {
        Token::Object => {
            let mut first = true;
            while let Some(key) = scan.next_key(first)? {
                first = false;
                match scan.token()? {
                    Token::Array if key.bytes == name.as_bytes() => {
                        let mut first = true;
                        while scan.next_element(first)? {
                            first = false;
                            *rows += 1;
                            scan.skip_value()?;
                        }
                    }
                    Token::Object => scan.skip_open(true)?,
                    Token::Array => scan.skip_open(false)?,
                    _ => {}
                }
            }
        }
        Token::Array => scan.skip_open(false)?,
        _ => {}
    }
    if *rows > BODY_EVENTS_MAX {
        return Err(scan.stop_at(scan.place(), RejectCode::TooManyEvents));
    }
    Ok(())
}

fn has_member(value: &[u8], name: &str) -> bool {
    let mut scan = Scanner::new(value, 0, usize::MAX);
    member(&mut scan, name).is_ok_and(|found| found.is_some())
}

/// Where the value of a name of the outermost object is; of several the last.
fn member(scan: &mut Scanner<'_>, name: &str) -> Result<Option<(usize, usize)>, Stopped> {
    let mut found = None;
    if scan.skip_blanks() != Some(b'{') {
        return Ok(None);
    }
    scan.token()?;
    let mut first = true;
    while let Some(key) = scan.next_key(first)? {
        first = false;
        let is_it = key.bytes == name.as_bytes();
        scan.skip_blanks();
        let from = scan.place();
        scan.skip_value()?;
        if is_it {
            found = Some((from, scan.place()));
        }
    }
    scan.end()?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_of_escaped_values() {
        let raw = b"%5Bab%20".repeat(40);
        let start = Start::Form(&raw, 5, OnceCell::new());
        let mut place = 0;
        let mut byte = 0;
        while place < raw.len() {
            assert_eq!(start.place(byte), 5 + at(place));
            place += width(&raw, place);
            byte += 1;
        }
        assert_eq!(start.place(byte), 5 + at(raw.len()));
        assert_eq!(start.place(byte + 1_000), 5 + at(raw.len()));
        assert_eq!(Start::At(7).place(3), 10);
    }
}
