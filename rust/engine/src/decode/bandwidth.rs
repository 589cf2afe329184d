//! Bandwidth: a JSON array of callbacks, one for each recipient of a message.

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
        key("type", Slot::Event),
        key("time", Slot::Time),
        key("to", Slot::To),
        key("errorCode", Slot::Code),
        object(
            "message",
            Slot::None,
            &[
                key("id", Slot::Id),
                key("from", Slot::From),
                key("text", Slot::Text),
                key("segmentCount", Slot::Parts),
                key("tag", Slot::Ref),
                key("direction", Slot::ReplySign),
            ],
        ),
    ],
);

static WORDS: &[Word] = &[
    word("message-delivered", State::Delivered),
    word("message-failed", State::Failed),
    word("message-sending", State::Accepted),
    word("message-sent", State::Sent),
    word("message-read", State::Read),
];

/// What comes from a handset.
const INBOUND: [&str; 3] = [
    "message-received",
    "suggestion-response",
    "requested-location-response",
];

/// Failures that only say that no receipt came.
const OUTCOME_UNKNOWN: [&str; 2] = ["9902", "9999"];

static CLASSES: &[Class] = &[
    (
        ErrorClass::InvalidNumber,
        &["4303", "4404", "4406", "4720", "4721"],
    ),
    (ErrorClass::Filtered, &["4470", "4770", "4481"]),
    (ErrorClass::OptedOut, &["4775", "4482"]),
    (ErrorClass::Absent, &["4702", "4701"]),
    (ErrorClass::Expired, &["4360"]),
    (ErrorClass::RateLimit, &["4780", "5600"]),
];

const SHAPE: Shape = Shape {
    time: &[Slot::Time],
    parts: &[Slot::Parts],
    client_ref: &[Slot::Ref],
    ..Shape::NONE
};

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::Bandwidth,
    status: &[Slot::Event],
    words: WORDS,
    code: &[Slot::Code],
    classes: CLASSES,
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
    body_rows(request, &ROOT, build, sink)
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    let kind = row.first(&[Slot::Event], usize::MAX)?;
    let kind = kind.as_deref().unwrap_or_default();
    let direction = row.first(&[Slot::ReplySign], usize::MAX)?;
    let is_listed = PROFILE.state(Some(kind)).0 != State::Unknown;
    let is_inbound = match direction.as_deref() {
        _ if is_listed => false,
        _ if INBOUND.iter().any(|name| kind.eq_ignore_ascii_case(name)) => true,
        Some(way) if way.eq_ignore_ascii_case("in") => true,
        None if !kind.starts_with("message-") => return Err(row.fault(RejectCode::KindUnknown)),
        _ => false,
    };
    if is_inbound {
        return PROFILE.reply(row).map(Some);
    }
    let (mut state, mut is_final) = PROFILE.state(Some(kind));
    let code = row.code(PROFILE.code)?;
    let is_open = code
        .as_deref()
        .is_some_and(|c| OUTCOME_UNKNOWN.contains(&c));
    if state == State::Failed && is_open {
        (state, is_final) = (State::Unknown, true);
    }
    let event = PROFILE.receipt_of(row, state, is_final, code)?;
    check_reference(row, &event)?;
    Ok(Some(event))
}
