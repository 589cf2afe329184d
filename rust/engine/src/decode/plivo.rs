//! Plivo: one form (or query) for each message. Its names are compared without regard to
//! case; a report is on a part, and names the message as its parent.

use super::folded::form_slots_folded;
use super::profile::{Profile, Shape, Word, check_reference, word};
use super::row::Row;
use super::slots::{Fault, Slot, Slots};
use super::source::{self, Source};
use super::table::{Key, key, object};
use super::tree::one_row;
use super::{BodyError, RejectCode, RequestView, Sink};
use crate::event::{Event, Provider, State};

static ROOT: Key = object(
    "",
    Slot::None,
    &[
        key("parentmessageuuid", Slot::Id),
        key("messageuuid", Slot::IdAlt),
        key("status", Slot::Status),
        key("to", Slot::To),
        key("from", Slot::From),
        key("errorcode", Slot::Code),
        key("units", Slot::Parts),
        key("text", Slot::Text),
        key("partinfo", Slot::ReceiptSign),
        key("sequence", Slot::ReceiptSign),
        key("deliveryreporttime", Slot::ReceiptSign),
    ],
);

static WORDS: &[Word] = &[
    word("delivered", State::Delivered),
    word("sent", State::Sent),
    word("undelivered", State::Undelivered),
    word("failed", State::Failed),
    word("queued", State::Queued),
    word("rejected", State::Rejected),
    word("read", State::Read),
];

const SHAPE: Shape = Shape {
    id: &[Slot::Id, Slot::IdAlt],
    parts: &[Slot::Parts],
    ..Shape::NONE
};

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::Plivo,
    status: &[Slot::Status],
    words: WORDS,
    code: &[Slot::Code],
    classes: &[],
    text: &[Slot::Text],
    receipt: Shape {
        contact: &[Slot::To],
        sender: &[Slot::From],
        ..SHAPE
    },
    reply: Shape {
        contact: &[Slot::From],
        sender: &[Slot::To],
        ..SHAPE
    },
};

pub(super) fn decode<S: Sink>(request: &RequestView<'_>, sink: &mut S) -> Result<(), BodyError> {
    let form = match source::find(request) {
        Source::Nothing => return Err(source::nothing().into()),
        Source::Json(_) => return Err(Fault::new(0, RejectCode::TypeUnsupported).into()),
        Source::Query(form) | Source::Form(form) => form,
    };
    let mut slots = Slots::EMPTY;
    form_slots_folded(form, &ROOT, &mut slots)?;
    Ok(one_row(&slots, "", build, sink)?)
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    let status = row.first(PROFILE.status, usize::MAX)?;
    let is_inbound = status
        .as_deref()
        .is_some_and(|status| status.eq_ignore_ascii_case("received"));
    let has = |slot| row.slots.has(slot);
    let is_report = [Slot::Status, Slot::Code, Slot::ReceiptSign]
        .into_iter()
        .any(has);
    let is_reply = is_inbound || (status.is_none() && (has(Slot::Text) || !is_report));
    if !is_reply {
        let event = PROFILE.receipt_said(row, status.as_deref())?;
        check_reference(row, &event)?;
        return Ok(Some(event));
    }
    if has(Slot::Text) || row.slots.is_filled(Slot::From) {
        return PROFILE.reply(row).map(Some);
    }
    Err(row.fault(RejectCode::KindUnknown))
}
