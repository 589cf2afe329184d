//! AWS: events of End User Messaging, Pinpoint streams, SNS delivery logs and inbound messages,
//! in SNS envelopes (where they are JSON inside a JSON string) or as a relay's plain JSON.

use super::body::body_rows;
use super::json::{Scanner, Token};
use super::profile::{Class, Profile, Shape, Word, check_reference, word};
use super::row::{Row, SCRATCH_BYTES, Scratch, Zone};
use super::slots::{Fault, Raw, Slot, Wire, at};
use super::table::{Key, key, object, rows};
use super::tree::Walk;
use super::{BodyError, RejectCode, RequestView, Sink, escape};
use crate::event::{ErrorClass, Event, Kind, Provider, State};
use crate::limits::{BODY_KEYS_MAX, ID_BYTES_MAX};
use std::borrow::Cow;

/// The envelope's own id, and its time.
const ENVELOPE_ID: Slot = Slot::Ref;
const ENVELOPE_TIME: Slot = Slot::TimeAlt;
/// What is in the envelope.
const MESSAGE: Slot = Slot::TextAlt;
/// The kind of an event of a stream (`_SMS.SUCCESS`), and its status word.
const STREAM_EVENT: Slot = Slot::PartText;
const RECORD_STATUS: Slot = Slot::StatusAlt;
/// Of a log: its status word and its time, which is UTC without saying so.
const LOG_STATUS: Slot = Slot::ReceiptSign;
const LOG_TIME: Slot = Slot::PartType;
const IS_FINAL: Slot = Slot::Consent;

/// The names of all that an envelope may hold, after some others.
macro_rules! facts {
    ($($other:expr,)*) => {
        &[
            $($other,)*
            key("eventType", Slot::Status),
            key("messageStatus", Slot::Code),
            key("isFinal", IS_FINAL),
            key("eventTimestamp", Slot::Time),
            key("messageId", Slot::Id),
            key("destinationPhoneNumber", Slot::To),
            key("originationPhoneNumber", Slot::From),
            key("totalMessageParts", Slot::Parts),
            key("originationNumber", Slot::From),
            key("destinationNumber", Slot::To),
            key("messageBody", Slot::Text),
            key("messageKeyword", Slot::ReplySign),
            key("inboundMessageId", Slot::IdAlt),
            key("event_type", STREAM_EVENT),
            key("event_timestamp", Slot::Time),
            object("attributes", Slot::None, STREAM),
            key("record_status", RECORD_STATUS),
            key("message_id", Slot::Id),
            key("destination_phone_number", Slot::To),
            key("origination_phone_number", Slot::From),
            key("number_of_message_parts", Slot::Parts),
            key("status", LOG_STATUS),
            object("notification", Slot::None, NOTIFICATION),
            object("delivery", Slot::None, DELIVERY),
        ]
    };
}

static ROOT: Key = rows(
    "",
    Slot::None,
    facts![
        key("Type", Slot::Event),
        key("MessageId", ENVELOPE_ID),
        key("Timestamp", ENVELOPE_TIME),
        object("Message", MESSAGE, facts![]),
    ],
);
static FACT: Key = object("", Slot::None, facts![]);
const STREAM: &[Key] = &[
    key("record_status", RECORD_STATUS),
    key("message_id", Slot::Id),
    key("destination_phone_number", Slot::To),
    key("origination_phone_number", Slot::From),
    key("number_of_message_parts", Slot::Parts),
];
const NOTIFICATION: &[Key] = &[key("messageId", Slot::Id), key("timestamp", LOG_TIME)];
const DELIVERY: &[Key] = &[
    key("destination", Slot::To),
    key("numberOfMessageParts", Slot::Parts),
    key("providerResponse", Slot::CodeAlt),
];

static WORDS: &[Word] = &[
    word("DELIVERED", State::Delivered),
    // Unless it is said to be final: see `state`.
    word("SUCCESSFUL", State::Sent),
    word("QUEUED", State::Queued),
    word("SENT", State::Sent),
    word("PENDING", State::Sent),
    word("BLOCKED", State::Rejected),
    word("CARRIER_BLOCKED", State::Filtered),
    word("SPAM", State::Filtered),
    word("TTL_EXPIRED", State::Expired),
    word("INVALID", State::Failed),
    word("INVALID_MESSAGE", State::Failed),
    word("UNREACHABLE", State::Undelivered),
    word("CARRIER_UNREACHABLE", State::Undelivered),
    word("UNKNOWN", State::Unknown),
    // Of logs, and of streams that say no more.
    word("SUCCESS", State::Delivered),
    word("FAILURE", State::Failed),
    word("BUFFERED", State::Accepted),
];

static CLASSES: &[Class] = &[
    (ErrorClass::InvalidNumber, &["INVALID"]),
    (ErrorClass::Absent, &["UNREACHABLE"]),
];

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::Aws,
    status: &[],
    words: WORDS,
    code: &[Slot::Code],
    classes: CLASSES,
    text: &[Slot::Text],
    receipt: Shape {
        contact: &[Slot::To],
        sender: &[Slot::From],
        parts: &[Slot::Parts],
        ..Shape::NONE
    },
    reply: Shape {
        id: &[Slot::IdAlt],
        contact: &[Slot::From],
        sender: &[Slot::To],
        parts: &[Slot::Parts],
        ..Shape::NONE
    },
};

pub(super) fn decode<S: Sink>(request: &RequestView<'_>, sink: &mut S) -> Result<(), BodyError> {
    body_rows(request, &ROOT, build, sink)
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    let kind = row.first(&[Slot::Event], usize::MAX)?;
    let envelope_time = row.time(&[ENVELOPE_TIME], Zone::Named);
    let said = match kind.as_deref() {
        Some("SubscriptionConfirmation" | "UnsubscribeConfirmation") => None,
        _ if row.slots.has(MESSAGE) => in_envelope(row)?,
        // A relay may have taken the string apart.
        _ if tells(row) => Some(fact(row)?),
        Some("Notification") => None,
        _ => return Err(row.fault(RejectCode::KindUnknown)),
    };
    let mut event = match said {
        Some(event) => event,
        None => control(row)?,
    };
    event.occurred_us = event.occurred_us.or(envelope_time);
    Ok(Some(event))
}

fn control<'s>(row: &mut Row<'s>) -> Result<Event<'s>, Fault> {
    let mut event = Event::new(Kind::Control, Provider::Aws);
    event.message_id = row.value(ENVELOPE_ID, ID_BYTES_MAX)?;
    Ok(event)
}

/// What the JSON in an envelope's string says; none where it is no JSON object.
fn in_envelope(row: &mut Row<'_>) -> Result<Option<Event<'static>>, Fault> {
    let raw = *row.slots.get(MESSAGE);
    let Some(text) = row.text(MESSAGE)? else {
        return Ok(None);
    };
    let mut walk = Walk::new(Scanner::new(text.as_bytes(), 0, BODY_KEYS_MAX));
    let is_object = walk.scan.token() == Ok(Token::Object);
    if !is_object || walk.object(&FACT).is_err() || walk.scan.end().is_err() {
        let fault = walk.scan.fault();
        // Any text may be published; only JSON that is too large is worth a complaint.
        return match fault.code {
            RejectCode::JsonInvalid | RejectCode::JsonTruncated => Ok(None),
            code => Err(Fault {
                byte: place_in(&raw, fault.byte as usize),
                code,
            }),
        };
    }
    let mut buffer = [0; SCRATCH_BYTES];
    let scratch = Scratch::new(&mut buffer);
    let mut inner = Row::new(&walk.slots, &text, scratch, row.number, 0);
    match fact(&mut inner) {
        Ok(event) => Ok(Some(owned(event))),
        Err(fault) => Err(Fault {
            byte: place_in(&raw, fault.byte as usize),
            ..fault
        }),
    }
}

/// Whether there is anything in the row that a fact is told by.
fn tells(row: &Row<'_>) -> bool {
    [
        Slot::Status,
        STREAM_EVENT,
        RECORD_STATUS,
        LOG_STATUS,
        Slot::Code,
        Slot::IdAlt,
        Slot::Text,
        Slot::ReplySign,
    ]
    .into_iter()
    .any(|slot| row.slots.has(slot))
}

fn fact<'s>(row: &mut Row<'s>) -> Result<Event<'s>, Fault> {
    let has = |slot| row.slots.is_filled(slot);
    if has(Slot::Status) {
        return messaging(row);
    }
    if has(STREAM_EVENT) || has(RECORD_STATUS) {
        return stream(row);
    }
    if has(LOG_STATUS) {
        return log(row);
    }
    if [Slot::IdAlt, Slot::Text, Slot::ReplySign]
        .into_iter()
        .any(|slot| row.slots.has(slot))
    {
        let mut event = PROFILE.reply(row)?;
        event.occurred_us = event_time(row);
        return Ok(event);
    }
    if has(Slot::Code) {
        return messaging(row);
    }
    Err(row.fault(RejectCode::KindUnknown))
}

/// An event of End User Messaging.
fn messaging<'s>(row: &mut Row<'s>) -> Result<Event<'s>, Fault> {
    let kind = row.first(&[Slot::Status, Slot::Code], usize::MAX)?;
    let kind = kind.as_deref().unwrap_or_default();
    let word = without(without(kind, "TEXT_"), "MEDIA_");
    let (state, is_final) = state(word, is_final(row)?);
    let code = if state.is_failure() {
        row.code(PROFILE.code)?
    } else {
        None
    };
    let mut event = PROFILE.receipt_of(row, state, is_final, code)?;
    if event.error_class == Some(ErrorClass::Other) {
        event.error_class = PROFILE.class(state, Some(word));
    }
    event.occurred_us = event_time(row);
    check_reference(row, &event)?;
    Ok(event)
}

/// A row of a Pinpoint stream.
fn stream<'s>(row: &mut Row<'s>) -> Result<Event<'s>, Fault> {
    let kind = row.first(&[STREAM_EVENT], usize::MAX)?;
    let kind = without(kind.as_deref().unwrap_or_default(), "_SMS.");
    let record = row.first(&[RECORD_STATUS], usize::MAX)?;
    // Not every word of a failure is listed, but that it is one stands in the kind.
    let is_listed = |word: &str| {
        WORDS
            .iter()
            .any(|(known, ..)| known.eq_ignore_ascii_case(word))
    };
    let word = record
        .as_deref()
        .filter(|word| is_listed(word) || kind != "FAILURE");
    let (state, is_final) = state(word.unwrap_or(kind), is_final(row)?);
    let mut event = PROFILE.receipt_of(row, state, is_final, None)?;
    event.occurred_us = event_time(row);
    check_reference(row, &event)?;
    if kind.eq_ignore_ascii_case("OPTOUT") {
        event.kind = Kind::OptOut;
        event.state = Some(State::Stop);
        (event.is_final, event.error_class) = (None, None);
    }
    Ok(event)
}

/// A record of the delivery log.
fn log<'s>(row: &mut Row<'s>) -> Result<Event<'s>, Fault> {
    let status = row.first(&[LOG_STATUS], usize::MAX)?;
    let (state, is_final) = PROFILE.state(status.as_deref());
    let code = if state.is_failure() {
        row.code(&[Slot::CodeAlt])?
    } else {
        None
    };
    let mut event = PROFILE.receipt_of(row, state, is_final, code)?;
    event.occurred_us = row.time(&[LOG_TIME], Zone::Utc);
    check_reference(row, &event)?;
    Ok(event)
}

/// The state a word means: a success that is not final only went to the carrier, and what stays
/// unknown is said to be final.
fn state(word: &str, is_last: bool) -> (State, bool) {
    match PROFILE.state(Some(word)) {
        (State::Sent, _) if is_last && word.eq_ignore_ascii_case("SUCCESSFUL") => {
            (State::Delivered, true)
        }
        (State::Unknown, _) if word.eq_ignore_ascii_case("UNKNOWN") => (State::Unknown, is_last),
        known => known,
    }
}

fn is_final(row: &mut Row<'_>) -> Result<bool, Fault> {
    match row.slots.get(IS_FINAL).wire {
        Wire::True => Ok(true),
        Wire::Text => {
            let text = row.first(&[IS_FINAL], usize::MAX)?;
            Ok(text.is_some_and(|text| text.eq_ignore_ascii_case("true")))
        }
        _ => Ok(false),
    }
}

/// Milliseconds since 1970, or a text with its zone.
fn event_time(row: &mut Row<'_>) -> Option<i64> {
    let unix = row.time(&[Slot::Time], Zone::Unix);
    unix.or_else(|| row.time(&[Slot::Time], Zone::Named))
}

/// A word without what stands before it, in any case.
fn without<'t>(word: &'t str, prefix: &str) -> &'t str {
    match word.split_at_checked(prefix.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(prefix) => rest,
        _ => word,
    }
}

/// Where in the body a byte of the decoded text comes from.
fn place_in(raw: &Raw<'_>, decoded: usize) -> u32 {
    let mut rest = raw.bytes;
    let mut seen = 0;
    while seen < decoded && !rest.is_empty() {
        let len = match rest {
            // Only together do two halves of a surrogate pair stand for something.
            [
                b'\\',
                b'u',
                b'd' | b'D',
                b'8' | b'9' | b'a' | b'b' | b'A' | b'B',
                ..,
            ] => 12,
            [b'\\', b'u', ..] => 6,
            [b'\\', ..] => 2,
            _ => 1,
        };
        let (unit, after) = rest.split_at(len.min(rest.len()));
        let mut out = [0; 12];
        seen += escape::unescape(unit, &mut out).unwrap_or(1);
        rest = after;
    }
    raw.at.saturating_add(at(raw.bytes.len() - rest.len()))
}

/// The same event, on its own.
fn owned(event: Event<'_>) -> Event<'static> {
    let own = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
    Event {
        kind: event.kind,
        provider: event.provider,
        message_id: own(event.message_id),
        contact: event.contact,
        strange_contact_at: event.strange_contact_at,
        sender: own(event.sender),
        state: event.state,
        is_final: event.is_final,
        error_code: own(event.error_code),
        error_class: event.error_class,
        occurred_us: event.occurred_us,
        text: own(event.text),
        parts: event.parts,
        client_ref: own(event.client_ref),
        consent: event.consent,
        profile: event.profile,
        own: None,
    }
}
