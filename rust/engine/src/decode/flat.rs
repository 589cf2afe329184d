//! Requests that are one flat set of fields: a query, a form, or one JSON object with the same
//! names. Knows no provider.

use super::row::Build;
use super::slots::{Raw, Slots};
use super::source::{self, Source};
use super::table::Key;
use super::tree::{form_slots, json_rows, one_row};
use super::{BodyError, RequestView, Sink, form};

/// Reads the request's fields and gives the sink what the row says.
pub(super) fn decode<S: Sink>(
    request: &RequestView<'_>,
    root: &'static Key,
    build: Build,
    sink: &mut S,
) -> Result<(), BodyError> {
    match source::find(request) {
        Source::Nothing => Err(source::nothing().into()),
        Source::Json(body) => json_rows(body, root, build, sink),
        Source::Query(form) | Source::Form(form) => {
            let mut slots = Slots::EMPTY;
            let whole = form_slots(form, root, &mut slots)?;
            Ok(one_row(&slots, whole, build, sink)?)
        }
    }
}

/// Like [`decode`], for receivers that put the query and the form of one request together; the
/// form wins.
pub(super) fn decode_merged<S: Sink>(
    request: &RequestView<'_>,
    root: &'static Key,
    build: Build,
    sink: &mut S,
) -> Result<(), BodyError> {
    let body = match source::find(request) {
        Source::Nothing => return Err(source::nothing().into()),
        Source::Json(body) => return json_rows(body, root, build, sink),
        Source::Query(_) => &[],
        Source::Form(form) => form,
    };
    let mut slots = Slots::EMPTY;
    for fields in [request.query().as_bytes(), body] {
        form::each_pair(fields, |pair| {
            let found = form::find_name(&pair, |name| root.find(name).map(|(_, key)| key.slot));
            if let Some(slot) = found {
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
    }
    // The values are parts of two texts, so each is judged by itself.
    Ok(one_row(&slots, "", build, sink)?)
}
