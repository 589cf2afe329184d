//! The walk of an XML body along a table of element names, into slots. A body is read to its
//! end first, which proves that it is XML; nothing is given out before the proof.

use super::row::{Build, Row, SCRATCH_BYTES, Scratch};
use super::slots::{Fault, Raw, Slot, Slots, Wire, at};
use super::xml::{Node, Reader};
use super::{BodyError, RejectCode, RequestView, Sink};
use crate::limits::BODY_EVENTS_MAX;
use memchr::memmem;

/// Which elements are rows, and the slots of the elements inside: by name, or by the name
/// around it and its own (`da/number`). Case does not count.
pub(super) struct Table {
    pub row: &'static str,
    pub names: &'static [(&'static str, Slot)],
}

impl Table {
    fn slot(&self, outer: &[u8], name: &[u8]) -> Option<Slot> {
        let fits = |known: &str| match known.split_once('/') {
            Some((above, own)) => {
                above.as_bytes().eq_ignore_ascii_case(outer)
                    && own.as_bytes().eq_ignore_ascii_case(name)
            }
            None => known.as_bytes().eq_ignore_ascii_case(name),
        };
        self.names
            .iter()
            .find(|(known, _)| fits(known))
            .map(|(_, slot)| *slot)
    }

    fn is_row(&self, name: &[u8]) -> bool {
        self.row.as_bytes().eq_ignore_ascii_case(name)
    }
}

/// Reads an XML body along its table and gives the sink its rows.
///
/// # Errors
/// When the body is not XML, or has no row at all.
pub(super) fn xml_rows<S: Sink>(
    request: &RequestView<'_>,
    table: &Table,
    build: Build,
    sink: &mut S,
) -> Result<(), BodyError> {
    let is_latin1 = is_latin1(request);
    let mut reader = Reader::new(request.body, is_latin1);
    let mut count = 0;
    while let Some(node) = reader.next()? {
        if let Node::Open(name) = node
            && table.is_row(name)
        {
            count += 1;
            if count > BODY_EVENTS_MAX {
                return Err(Fault::new(reader.place, RejectCode::TooManyEvents).into());
            }
        }
    }
    if count == 0 {
        return Err(Fault::new(0, RejectCode::KindUnknown).into());
    }
    Ok(give(
        Reader::new(request.body, is_latin1),
        table,
        build,
        sink,
    )?)
}

/// One value of a row.
type Value = (Slot, String, u32);

fn give<S: Sink>(
    mut reader: Reader<'_>,
    table: &Table,
    build: Build,
    sink: &mut S,
) -> Result<(), Fault> {
    let mut values: Vec<Value> = Vec::new();
    let (mut text, mut text_at) = (String::new(), 0);
    // Depth and place of the row that is open, and whether the last tag opened an element.
    let mut open_row: Option<(usize, usize)> = None;
    let mut is_leaf = false;
    let mut number = 0;
    loop {
        let before = reader.place;
        let Some(node) = reader.next()? else { break };
        match node {
            Node::Open(name) => {
                if open_row.is_none() && table.is_row(name) {
                    open_row = Some((reader.open.len(), before));
                    values.clear();
                }
                text.clear();
                (text_at, is_leaf) = (reader.place, true);
            }
            Node::Text(part) => {
                if text.is_empty() {
                    text_at = before;
                }
                text.push_str(&part);
            }
            Node::Close(outer, name) => {
                let Some((depth, start)) = open_row else {
                    continue;
                };
                if is_leaf && let Some(slot) = table.slot(outer, name) {
                    values.push((slot, std::mem::take(&mut text), at(text_at)));
                }
                is_leaf = false;
                if reader.open.len() < depth {
                    open_row = None;
                    row(&values, number, start, build, sink);
                    number += 1;
                }
            }
        }
    }
    Ok(())
}

/// Gives the sink what the values of one row say. Blanks around a value are the printing of
/// the XML, but around the words of a text they may be the sender's.
fn row<S: Sink>(values: &[Value], number: u32, start: usize, build: Build, sink: &mut S) {
    let mut slots = Slots::EMPTY;
    for (slot, text, place) in values {
        let is_text = matches!(slot, Slot::Text | Slot::TextAlt);
        let text = if is_text { text } else { text.trim() };
        slots.set(
            *slot,
            Raw {
                bytes: text.as_bytes(),
                at: *place,
                wire: Wire::Plain,
            },
        );
    }
    let mut buffer = [0; SCRATCH_BYTES];
    let mut row = Row::new(&slots, "", Scratch::new(&mut buffer), number, at(start));
    match build(&mut row) {
        Ok(Some(event)) => sink.event(number, event),
        Ok(None) => {}
        Err(fault) => sink.reject(fault.in_row(number)),
    }
}

/// Whether the XML declaration or the content type says ISO 8859-1 (or Windows' own).
fn is_latin1(request: &RequestView<'_>) -> bool {
    let named = |text: &str| {
        let text = text.to_ascii_lowercase();
        ["iso-8859-1", "latin1", "latin-1", "windows-1252"]
            .iter()
            .any(|name| text.contains(name))
    };
    let head = request.body.trim_ascii_start();
    let head = head.get(..head.len().min(128)).unwrap_or_default();
    let declaration = head
        .starts_with(b"<?xml")
        .then(|| memmem::find(head, b"?>"))
        .flatten()
        .and_then(|end| head.get(..end));
    match declaration.filter(|text| memmem::find(text, b"encoding").is_some()) {
        Some(text) => named(&String::from_utf8_lossy(text)),
        None => named(request.header("content-type").unwrap_or_default()),
    }
}
