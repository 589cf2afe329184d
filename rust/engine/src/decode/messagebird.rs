//! `MessageBird`: status reports as queries, inbound messages as forms; those to a short code
//! have names of their own, beside which the usual ones say something else.

use super::profile::{Class, Profile, Shape, Word, check_reference, word};
use super::row::{Row, Zone};
use super::slots::{Fault, Slot, Slots};
use super::source::{self, Source};
use super::table::{Key, key, rows};
use super::tree::{form_slots, json_rows, one_row};
use super::{BodyError, RejectCode, RequestView, Sink, time};
use crate::event::{ErrorClass, Event, Provider, State};

/// Where the short code itself is.
const SHORT_CODE: Slot = Slot::Sender;
/// Another name of our number.
const RECEIVER: Slot = Slot::PartType;
/// When a text to a short code came.
const RECEIVED: Slot = Slot::PartText;

static ROOT: Key = rows(
    "",
    Slot::None,
    &[
        key("id", Slot::Id),
        key("mid", Slot::IdAlt),
        key("reference", Slot::Ref),
        key("recipient", Slot::To),
        key("receiver", RECEIVER),
        key("shortcode", SHORT_CODE),
        key("originator", Slot::From),
        key("status", Slot::Status),
        key("statusErrorCode", Slot::Code),
        key("statusDatetime", Slot::Time),
        key("messagePartCount", Slot::Parts),
        key("body", Slot::Text),
        key("message", Slot::TextAlt),
        key("createdDatetime", Slot::TimeAlt),
        key("CreatedDatetime", Slot::TimeAlt),
        key("receive_datetime", RECEIVED),
    ],
);

static WORDS: &[Word] = &[
    word("delivered", State::Delivered),
    word("sent", State::Sent),
    word("delivery_failed", State::Failed),
    word("buffered", State::Accepted),
    word("scheduled", State::Queued),
    word("expired", State::Expired),
];

static CLASSES: &[Class] = &[(ErrorClass::OptedOut, &["103"])];

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::MessageBird,
    status: &[Slot::Status],
    words: WORDS,
    code: &[Slot::Code],
    classes: CLASSES,
    text: &[Slot::Text, Slot::TextAlt],
    receipt: Shape {
        contact: &[Slot::To],
        time: &[Slot::Time],
        parts: &[Slot::Parts],
        client_ref: &[Slot::Ref],
        ..Shape::NONE
    },
    reply: Shape {
        contact: &[Slot::From],
        sender: &[Slot::To, RECEIVER],
        parts: &[Slot::Parts],
        ..Shape::NONE
    },
};

/// Texts to a short code.
static SHORT: Profile = Profile {
    provider: Provider::MessageBird,
    status: &[],
    words: &[],
    code: &[],
    classes: &[],
    // The usual text may be there, too, and is that of something else.
    text: &[Slot::TextAlt],
    receipt: Shape::NONE,
    reply: Shape {
        id: &[Slot::IdAlt, Slot::Id],
        contact: &[Slot::From],
        sender: &[SHORT_CODE, Slot::To, RECEIVER],
        parts: &[Slot::Parts],
        ..Shape::NONE
    },
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
    let has = |slot| row.slots.has(slot);
    let is_reply = has(Slot::From) || has(Slot::Text) || has(Slot::TextAlt);
    let is_report = has(Slot::Status) || has(Slot::Code) || has(Slot::Time);
    if row.slots.is_filled(Slot::Status) || (is_report && !is_reply) {
        let event = PROFILE.receipt(row)?;
        check_reference(row, &event)?;
        return Ok(Some(event));
    }
    if !is_reply {
        return Err(row.fault(RejectCode::KindUnknown));
    }
    let is_short = row.slots.is_filled(SHORT_CODE) || row.slots.is_filled(Slot::IdAlt);
    let profile = if is_short { &SHORT } else { &PROFILE };
    let mut event = profile.reply(row)?;
    if !is_short && event.text.as_deref() == Some("") && row.slots.is_filled(Slot::TextAlt) {
        event.text = row.reply_text(&[Slot::TextAlt])?;
    }
    let (created, received) = (row.time(&[Slot::TimeAlt], Zone::Named), received(row));
    event.occurred_us = if is_short {
        received.or(created)
    } else {
        created.or(received)
    };
    Ok(Some(event))
}

/// `YYYYMMDDhhmmss`, which is UTC.
fn received(row: &mut Row<'_>) -> Option<i64> {
    let text = row.text(RECEIVED).ok()??;
    let text = text.trim_ascii();
    if text.len() != 14 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return time::parse_text(text.as_bytes()).map(|read| read.us);
    }
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let spelled = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14)
    );
    time::parse_text(spelled.as_bytes()).map(|read| read.us)
}
