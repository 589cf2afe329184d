//! `TextMagic`: inbound messages as JSON or forms, and the older API's receipts and messages as
//! `multipart/form-data`.

use super::multipart;
use super::nested::{self, Tables};
use super::profile::{Profile, Shape, Word, check_reference, word};
use super::row::{Row, Zone};
use super::slots::{Fault, Raw, Slot, Slots, Wire};
use super::source::{self, Source};
use super::table::{Key, key, object};
use super::tree::{form_slots, one_row};
use super::{BodyError, RejectCode, RequestView, Sink};
use crate::event::{Event, Provider, State};

static ROOT: Key = object(
    "",
    Slot::None,
    &[
        key("message_id", Slot::Id),
        key("id", Slot::IdAlt),
        key("status", Slot::Status),
        key("timestamp", Slot::Time),
        key("messageTime", Slot::TimeAlt),
        key("sender", Slot::Sender),
        key("from", Slot::From),
        key("receiver", Slot::To),
        key("text", Slot::Text),
    ],
);

static TABLES: Tables = Tables {
    rows: None,
    flat: &ROOT,
    build,
};

static WORDS: &[Word] = &[word("d", State::Delivered)];

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::Textmagic,
    status: &[Slot::Status],
    words: WORDS,
    code: &[],
    classes: &[],
    text: &[Slot::Text],
    receipt: Shape {
        id: &[Slot::Id, Slot::IdAlt],
        ..Shape::NONE
    },
    reply: Shape {
        id: &[Slot::IdAlt, Slot::Id],
        contact: &[Slot::Sender, Slot::From],
        sender: &[Slot::To],
        ..Shape::NONE
    },
};

pub(super) fn decode<S: Sink>(request: &RequestView<'_>, sink: &mut S) -> Result<(), BodyError> {
    fields(request, &TABLES, sink)
}

/// Reads the fields of a request in whatever form they come: JSON, form, query or multipart.
pub(super) fn fields<S: Sink>(
    request: &RequestView<'_>,
    tables: &Tables,
    sink: &mut S,
) -> Result<(), BodyError> {
    let mut slots = Slots::EMPTY;
    if multipart::is_multipart(request) {
        let parts = multipart::parts(request)?;
        for part in &parts {
            if let Some((_, key)) = tables.flat.find(part.name.as_bytes()) {
                slots.set(
                    key.slot,
                    Raw {
                        bytes: &part.value,
                        at: part.at,
                        wire: Wire::Plain,
                    },
                );
            }
        }
        return Ok(one_row(&slots, "", tables.build, sink)?);
    }
    let form = match source::find(request) {
        Source::Nothing => return Err(source::nothing().into()),
        Source::Json(body) => return nested::json_body(body, tables, sink),
        Source::Form(form) | Source::Query(form) => form,
    };
    let whole = form_slots(form, tables.flat, &mut slots)?;
    Ok(one_row(&slots, whole, tables.build, sink)?)
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    let has = |slot| row.slots.has(slot);
    let mut event = if row.slots.is_filled(Slot::Status) {
        let event = PROFILE.receipt(row)?;
        check_reference(row, &event)?;
        event
    } else if [Slot::Text, Slot::Sender, Slot::From].into_iter().any(has) {
        PROFILE.reply(row)?
    } else {
        return Err(row.fault(RejectCode::KindUnknown));
    };
    // The older API's times are unix seconds, the newer one's texts with a zone.
    let named = row.time(&[Slot::TimeAlt], Zone::Named);
    event.occurred_us = named
        .or_else(|| row.time(&[Slot::Time], Zone::Unix))
        .or_else(|| row.time(&[Slot::Time], Zone::Named));
    Ok(Some(event))
}
