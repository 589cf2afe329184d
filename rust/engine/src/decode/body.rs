//! JSON bodies that may be empty, and bodies behind a byte order mark. Knows no provider.

use super::row::Build;
use super::table::Key;
use super::tree::json_rows;
use super::{BodyError, Reject, RequestView, Sink, source};
use crate::event::Event;

/// What some editors and serializers put before a text.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

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
    if request.body.trim_ascii().is_empty() {
        return Err(source::nothing().into());
    }
    json_rows(request.body, root, build, sink)
}

/// Calls `read` for what follows the mark, and counts the mark in the offsets it gives.
///
/// # Errors
/// What `read` complains of.
pub(super) fn moved(
    sink: &mut dyn Sink,
    read: impl FnOnce(&mut Moved<'_>) -> Result<(), BodyError>,
) -> Result<(), BodyError> {
    read(&mut Moved(sink)).map_err(|error| BodyError {
        byte: after_mark(error.byte),
        ..error
    })
}

/// A sink for what begins after the mark.
pub(super) struct Moved<'k>(&'k mut dyn Sink);

impl Sink for Moved<'_> {
    fn event(&mut self, row: u32, event: Event<'_>) {
        self.0.event(row, event);
    }

    fn reject(&mut self, reject: Reject) {
        self.0.reject(Reject {
            byte: after_mark(reject.byte),
            ..reject
        });
    }

    fn withdraw(&mut self) {
        self.0.withdraw();
    }
}

fn after_mark(byte: u32) -> u32 {
    byte.saturating_add(super::slots::at(BYTE_ORDER_MARK.len()))
}
