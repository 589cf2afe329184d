//! JSON bodies as webhooks and relays send them: perhaps empty, perhaps behind a byte order
//! mark. Knows no provider.

use super::row::Build;
use super::slots::at;
use super::table::Key;
use super::tree::json_rows;
use super::{BodyError, Reject, RequestView, Sink, source};
use crate::event::Event;

/// What some editors and serializers put before a text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a JSON body along its table and gives the sink its rows.
///
/// # Errors
/// When the body is empty, not JSON, or not of the outer type this table has.
pub(super) fn body_rows<S: Sink>(
    request: &RequestView<'_>,
    root: &'static Key,
    build: Build,
    sink: &mut S,
) -> Result<(), BodyError> {
    unmarked(request, sink, |body, sink| {
        json_rows(body, root, build, sink)
    })
}

/// Calls `read` with the body after its mark, and counts the mark in the offsets it gives.
///
/// # Errors
/// When the body is empty, and what `read` complains of.
pub(super) fn unmarked<S: Sink>(
    request: &RequestView<'_>,
    sink: &mut S,
    read: impl FnOnce(&[u8], &mut Moved<'_, S>) -> Result<(), BodyError>,
) -> Result<(), BodyError> {
    let body = request.body;
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    if body.trim_ascii().is_empty() {
        return Err(source::nothing().into());
    }
    let by = at(request.body.len() - body.len());
    read(body, &mut Moved { sink, by }).map_err(|error| BodyError {
        byte: error.byte.saturating_add(by),
        ..error
    })
}

/// A sink for what begins some bytes into the body.
#[derive(Debug)]
pub(super) struct Moved<'k, S> {
    sink: &'k mut S,
    by: u32,
}

impl<S: Sink> Sink for Moved<'_, S> {
    fn event(&mut self, row: u32, event: Event<'_>) {
        self.sink.event(row, event);
    }

    fn reject(&mut self, reject: Reject) {
        self.sink.reject(Reject {
            byte: reject.byte.saturating_add(self.by),
            ..reject
        });
    }

    fn withdraw(&mut self) {
        self.sink.withdraw();
    }
}
