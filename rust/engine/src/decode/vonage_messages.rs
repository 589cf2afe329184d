//! Vonage's Messages API: one JSON status or inbound message, in the flat shape or the older
//! one, whose numbers are objects and whose text is nested.

use super::body::body_rows;
use super::profile::{Class, Profile, Shape, Word, check_reference, word};
use super::row::Row;
use super::slots::{Fault, Slot};
use super::table::{Key, key, object, rows};
use super::{BodyError, RejectCode, RequestView, Sink};
use crate::event::{ErrorClass, Event, Provider, State};

static ROOT: Key = rows(
    "",
    Slot::None,
    &[
        key("message_uuid", Slot::Id),
        object("to", Slot::To, &[key("number", Slot::To)]),
        object("from", Slot::From, &[key("number", Slot::From)]),
        key("timestamp", Slot::Time),
        key("status", Slot::Status),
        ERROR,
        key("client_ref", Slot::Ref),
        SMS,
        key("text", Slot::Text),
        MESSAGE,
        key("message_type", Slot::ReplySign),
    ],
);
const ERROR: Key = object(
    "error",
    Slot::ReceiptSign,
    &[key("code", Slot::Code), key("title", Slot::CodeAlt)],
);
const SMS: Key = object(
    "sms",
    Slot::None,
    &[
        key("count_total", Slot::Parts),
        key("num_messages", Slot::PartsAlt),
    ],
);
const MESSAGE: Key = object(
    "message",
    Slot::ReplySign,
    &[
        object(
            "content",
            Slot::ReplySign,
            &[key("text", Slot::TextAlt), key("type", Slot::ReplySign)],
        ),
        SMS,
    ],
);

static WORDS: &[Word] = &[
    word("delivered", State::Delivered),
    word("submitted", State::Accepted),
    word("rejected", State::Rejected),
    word("undeliverable", State::Undelivered),
    word("read", State::Read),
];

static CLASSES: &[Class] = &[
    (ErrorClass::RateLimit, &["1000"]),
    (ErrorClass::InvalidNumber, &["1020"]),
    (ErrorClass::Absent, &["1260"]),
];

const SHAPE: Shape = Shape {
    time: &[Slot::Time],
    parts: &[Slot::Parts, Slot::PartsAlt],
    client_ref: &[Slot::Ref],
    ..Shape::NONE
};

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::VonageMessages,
    status: &[Slot::Status],
    words: WORDS,
    code: &[Slot::Code, Slot::CodeAlt],
    classes: CLASSES,
    text: &[Slot::Text, Slot::TextAlt],
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
    body_rows(request, &ROOT, build, sink)
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    let has = |slot| row.slots.has(slot);
    let is_reply = [Slot::Text, Slot::TextAlt, Slot::ReplySign]
        .into_iter()
        .any(has);
    let is_receipt = [Slot::Status, Slot::Code, Slot::CodeAlt, Slot::ReceiptSign]
        .into_iter()
        .any(has);
    if row.slots.is_filled(Slot::Status) || (is_receipt && !is_reply) {
        let event = PROFILE.receipt(row)?;
        check_reference(row, &event)?;
        return Ok(Some(event));
    }
    if is_reply || has(Slot::From) {
        return PROFILE.reply(row).map(Some);
    }
    Err(row.fault(RejectCode::KindUnknown))
}
