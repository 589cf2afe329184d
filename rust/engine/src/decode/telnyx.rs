//! Telnyx messaging webhooks (v2): one JSON event, whose `to[]` may name several recipients.

use super::profile::{Class, Profile, Shape, Word, check_reference, ends_unknown, word};
use super::row::{Row, Zone};
use super::slots::{Fault, Slot};
use super::source;
use super::table::{Key, first, key, object, rows_or_self};
use super::tree::json_rows;
use super::{BodyError, RejectCode, RequestView, Sink};
use crate::event::{ErrorClass, Event, Provider, State};

static ROOT: Key = object("", Slot::None, &[DATA]);
const DATA: Key = object(
    "data",
    Slot::None,
    &[
        key("event_type", Slot::Event),
        key("occurred_at", Slot::Time),
        PAYLOAD,
    ],
);
const PAYLOAD: Key = object(
    "payload",
    Slot::None,
    &[
        key("id", Slot::Id),
        object("from", Slot::From, &[key("phone_number", Slot::From)]),
        rows_or_self(
            "to",
            Slot::To,
            &[key("phone_number", Slot::To), key("status", Slot::Status)],
        ),
        first("errors", Slot::None, &[key("code", Slot::Code)]),
        key("parts", Slot::Parts),
        key("text", Slot::Text),
        key("status", Slot::StatusAlt),
        key("direction", Slot::ReplySign),
    ],
);

static WORDS: &[Word] = &[
    word("delivered", State::Delivered),
    word("sent", State::Sent),
    word("delivery_failed", State::Undelivered),
    word("sending_failed", State::Failed),
    ends_unknown("delivery_unconfirmed"),
    word("queued", State::Queued),
    word("sending", State::Accepted),
];

static CLASSES: &[Class] = &[
    (ErrorClass::InvalidNumber, &["40001", "40012", "40310"]),
    (
        ErrorClass::Filtered,
        &["40002", "40003", "40015", "40017", "40322"],
    ),
    (ErrorClass::OptedOut, &["40300"]),
    (ErrorClass::Absent, &["40006"]),
    (ErrorClass::Expired, &["40005", "40014"]),
    (ErrorClass::RateLimit, &["40011", "40016", "40018", "40318"]),
];

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::Telnyx,
    status: &[Slot::Status, Slot::StatusAlt],
    words: WORDS,
    code: &[Slot::Code],
    classes: CLASSES,
    text: &[Slot::Text],
    receipt: Shape {
        contact: &[Slot::To],
        sender: &[Slot::From],
        time: &[Slot::Time],
        parts: &[Slot::Parts],
        ..Shape::NONE
    },
    reply: Shape {
        contact: &[Slot::From],
        sender: &[Slot::To],
        time: &[Slot::Time],
        zone: Zone::Named,
        parts: &[Slot::Parts],
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
    let event = row.first(&[Slot::Event], usize::MAX)?;
    let direction = row.first(&[Slot::ReplySign], usize::MAX)?;
    match (event.as_deref(), direction.as_deref()) {
        (Some("message.received"), _) | (None, Some("inbound")) => {
            // A group message names all its recipients; the first is the number it came to.
            if row.number > 0 {
                Ok(None)
            } else {
                PROFILE.reply(row).map(Some)
            }
        }
        (Some("message.sent" | "message.finalized"), _) | (None, Some("outbound")) => {
            let mut receipt = PROFILE.receipt(row)?;
            let says_nothing =
                !row.slots.is_filled(Slot::Status) && !row.slots.is_filled(Slot::StatusAlt);
            if says_nothing && event.as_deref() == Some("message.sent") {
                receipt.state = Some(State::Sent);
            }
            check_reference(row, &receipt)?;
            Ok(Some(receipt))
        }
        _ => Err(row.fault(RejectCode::KindUnknown)),
    }
}
