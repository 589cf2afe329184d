//! `ClickSend`: inbound messages pushed as form, query or JSON, and delivery reports.

use super::nested::Tables;
use super::profile::{Profile, Shape, Word, check_reference, word};
use super::row::Row;
use super::slots::{Fault, Slot};
use super::table::{Key, key, object};
use super::textmagic::fields;
use super::{BodyError, RejectCode, RequestView, Sink};
use crate::event::{Event, Provider, State};

static ROOT: Key = object(
    "",
    Slot::None,
    &[
        key("from", Slot::From),
        key("body", Slot::Text),
        key("message_id", Slot::Id),
        key("status_code", Slot::Status),
        key("error_code", Slot::Code),
        key("custom_string", Slot::Ref),
    ],
);

static TABLES: Tables = Tables {
    rows: None,
    flat: &ROOT,
    build,
};

static WORDS: &[Word] = &[
    word("200", State::Sent),
    word("201", State::Delivered),
    word("301", State::Failed),
];

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::Clicksend,
    status: &[Slot::Status],
    words: WORDS,
    code: &[Slot::Code],
    classes: &[],
    text: &[Slot::Text],
    receipt: Shape {
        client_ref: &[Slot::Ref],
        ..Shape::NONE
    },
    // What else a push may carry is not known well enough to be built on.
    reply: Shape {
        id: &[],
        contact: &[Slot::From],
        ..Shape::NONE
    },
};

pub(super) fn decode<S: Sink>(request: &RequestView<'_>, sink: &mut S) -> Result<(), BodyError> {
    fields(request, &TABLES, sink)
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    let has = |slot| row.slots.has(slot);
    if row.slots.is_filled(Slot::Status) && !has(Slot::Text) {
        let event = PROFILE.receipt(row)?;
        check_reference(row, &event)?;
        return Ok(Some(event));
    }
    if has(Slot::Text) || has(Slot::From) {
        return PROFILE.reply(row).map(Some);
    }
    Err(row.fault(RejectCode::KindUnknown))
}
