//! Vonage's (Nexmo's) SMS API: one receipt or inbound message, as query, form or JSON by the
//! account's setting. `msisdn` is always the handset and `to` always our side.

use super::profile::{Class, Profile, Shape, Word, check_reference, word};
use super::row::{Row, Zone};
use super::slots::{Fault, Slot, Slots};
use super::source::{self, Source};
use super::table::{Key, key, object};
use super::tree::{form_slots, json_rows, one_row};
use super::{BodyError, RejectCode, RequestView, Sink};
use crate::event::{ErrorClass, Event, Provider, State};

static ROOT: Key = object(
    "",
    Slot::None,
    &[
        key("messageId", Slot::Id),
        key("status", Slot::Status),
        key("msisdn", Slot::From),
        key("to", Slot::To),
        key("err-code", Slot::Code),
        key("message-timestamp", Slot::Time),
        key("text", Slot::Text),
        key("concat-total", Slot::Parts),
        key("client-ref", Slot::Ref),
        key("scts", Slot::ReceiptSign),
        key("type", Slot::ReplySign),
        key("keyword", Slot::ReplySign),
        key("data", Slot::ReplySign),
    ],
);

static WORDS: &[Word] = &[
    word("delivered", State::Delivered),
    word("accepted", State::Accepted),
    word("buffered", State::Accepted),
    word("expired", State::Expired),
    word("failed", State::Failed),
    word("rejected", State::Rejected),
    word("unknown", State::Unknown),
];

static CLASSES: &[Class] = &[
    (ErrorClass::Absent, &["2", "7"]),
    (ErrorClass::InvalidNumber, &["3", "12", "11"]),
    (ErrorClass::Filtered, &["6", "50", "51", "52", "53"]),
    (ErrorClass::OptedOut, &["9"]),
];

const SHAPE: Shape = Shape {
    contact: &[Slot::From],
    sender: &[Slot::To],
    time: &[Slot::Time],
    zone: Zone::Utc,
    parts: &[Slot::Parts],
    client_ref: &[Slot::Ref],
    ..Shape::NONE
};

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::VonageSms,
    status: &[Slot::Status],
    words: WORDS,
    code: &[Slot::Code],
    classes: CLASSES,
    text: &[Slot::Text],
    receipt: SHAPE,
    reply: SHAPE,
};

pub(super) fn decode<S: Sink>(request: &RequestView<'_>, sink: &mut S) -> Result<(), BodyError> {
    match source::find(request) {
        Source::Nothing => Err(source::nothing().into()),
        Source::Json(body) => json_rows(body, &ROOT, build, sink),
        Source::Query(form) | Source::Form(form) => {
            let mut slots = Slots::EMPTY;
            let whole = form_slots(form, &ROOT, &mut slots)?;
            Ok(one_row(&slots, whole, build, sink)?)
        }
    }
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    let slots = &row.slots;
    if slots.is_filled(Slot::Status) {
        let event = PROFILE.receipt(row)?;
        check_reference(row, &event)?;
        return Ok(Some(event));
    }
    if slots.has(Slot::Text) || slots.has(Slot::ReplySign) {
        return PROFILE.reply(row).map(Some);
    }
    if slots.has(Slot::Status) || slots.has(Slot::Code) || slots.has(Slot::ReceiptSign) {
        let event = PROFILE.receipt(row)?;
        check_reference(row, &event)?;
        return Ok(Some(event));
    }
    Err(row.fault(RejectCode::KindUnknown))
}
