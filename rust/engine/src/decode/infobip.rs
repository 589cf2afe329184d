//! Infobip: JSON `results[]` of delivery reports or of inbound messages, each row by itself.

use super::profile::{Profile, Shape, Word, check_reference, word};
use super::row::Row;
use super::slots::{Fault, Slot};
use super::source;
use super::table::{Key, key, object, rows, text_part};
use super::tree::json_rows;
use super::{BodyError, RejectCode, RequestView, Sink};
use crate::event::{Event, Provider, State};

static ROOT: Key = object("", Slot::None, &[RESULTS]);
const RESULTS: Key = rows(
    "results",
    Slot::None,
    &[
        key("messageId", Slot::Id),
        key("to", Slot::To),
        key("from", Slot::From),
        key("sender", Slot::Sender),
        object("status", Slot::StatusAlt, &[key("groupName", Slot::Status)]),
        object("error", Slot::CodeAlt, &[key("id", Slot::Code)]),
        key("doneAt", Slot::Time),
        key("receivedAt", Slot::TimeAlt),
        key("messageCount", Slot::Parts),
        key("smsCount", Slot::PartsAlt),
        key("callbackData", Slot::Ref),
        key("text", Slot::Text),
        text_part(
            "message",
            Slot::TextAlt,
            &[
                key("contentType", Slot::PartType),
                key("value", Slot::PartText),
            ],
        ),
        key("cleanText", Slot::ReplySign),
        key("keyword", Slot::ReplySign),
        key("sentAt", Slot::ReceiptSign),
    ],
);

static WORDS: &[Word] = &[
    word("DELIVERED", State::Delivered),
    word("PENDING", State::Sent),
    word("ACCEPTED", State::Accepted),
    word("UNDELIVERABLE", State::Undelivered),
    word("EXPIRED", State::Expired),
    word("REJECTED", State::Rejected),
];

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::Infobip,
    status: &[Slot::Status],
    words: WORDS,
    code: &[Slot::Code],
    classes: &[],
    text: &[Slot::Text, Slot::TextAlt],
    receipt: Shape {
        contact: &[Slot::To],
        sender: &[Slot::Sender, Slot::From],
        time: &[Slot::Time],
        parts: &[Slot::Parts, Slot::PartsAlt],
        client_ref: &[Slot::Ref],
        ..Shape::NONE
    },
    reply: Shape {
        contact: &[Slot::From],
        sender: &[Slot::To],
        time: &[Slot::TimeAlt],
        parts: &[Slot::Parts, Slot::PartsAlt],
        client_ref: &[Slot::Ref],
        ..Shape::NONE
    },
};

pub(super) fn decode<S: Sink>(request: &RequestView<'_>, sink: &mut S) -> Result<(), BodyError> {
    if request.body.trim_ascii().is_empty() {
        return Err(source::nothing().into());
    }
    json_rows(request.body, &ROOT, build, sink)
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    let has = |slot| row.slots.has(slot);
    let is_receipt =
        has(Slot::Status) || has(Slot::StatusAlt) || has(Slot::Time) || has(Slot::Code);
    let is_reply = [Slot::Text, Slot::TextAlt, Slot::TimeAlt, Slot::ReplySign]
        .into_iter()
        .any(has);
    if is_receipt {
        let event = PROFILE.receipt(row)?;
        check_reference(row, &event)?;
        return Ok(Some(event));
    }
    if is_reply {
        return PROFILE.reply(row).map(Some);
    }
    Err(row.fault(RejectCode::KindUnknown))
}
