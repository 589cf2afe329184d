//! `RingCentral` notifications: high-volume messages, the message store, and opt-outs.

use super::body::body_rows;
use super::profile::{Class, Profile, Shape, Word, check_reference, word};
use super::row::Row;
use super::slots::{Fault, Slot, Wire};
use super::table::{Key, first, key, object, rows};
use super::{BodyError, RejectCode, RequestView, Sink};
use crate::event::{ErrorClass, Event, Kind, Provider, State};

/// When the notification was made.
const NOTIFIED: Slot = Slot::PartType;
/// Whether an opt-out holds.
const ACTIVE: Slot = Slot::Consent;
/// What changed in a message store, where only that is told.
const CHANGES: Slot = Slot::ReceiptSign;

static ROOT: Key = rows(
    "",
    Slot::None,
    &[
        key("event", Slot::Event),
        key("timestamp", NOTIFIED),
        object(
            "body",
            Slot::None,
            &[
                key("id", Slot::Id),
                first("to", Slot::To, &[key("phoneNumber", Slot::To)]),
                first("from", Slot::From, &[key("phoneNumber", Slot::From)]),
                key("text", Slot::Text),
                key("subject", Slot::TextAlt),
                key("direction", Slot::ReplySign),
                key("messageStatus", Slot::Status),
                key("errorCode", Slot::Code),
                key("segmentCount", Slot::Parts),
                key("batchId", Slot::Ref),
                key("creationTime", Slot::TimeAlt),
                key("lastModifiedTime", Slot::Time),
                key("active", ACTIVE),
                key("changes", CHANGES),
            ],
        ),
    ],
);

static WORDS: &[Word] = &[
    word("Delivered", State::Delivered),
    word("Sent", State::Sent),
    word("Queued", State::Queued),
    word("SendingFailed", State::Failed),
    word("DeliveryFailed", State::Undelivered),
];

static CLASSES: &[Class] = &[
    (
        ErrorClass::InvalidNumber,
        &["SMS-UP-410", "SMS-CAR-411", "SMS-RC-410"],
    ),
    (ErrorClass::Filtered, &["SMS-UP-431"]),
    (ErrorClass::Absent, &["SMS-CAR-412"]),
    (ErrorClass::RateLimit, &["SMS-CAR-450", "SMS-RC-403"]),
];

/// Codes whose end alone says their class, whoever gave them.
static ENDS: &[(&str, ErrorClass)] = &[
    ("-430", ErrorClass::Filtered),
    ("-413", ErrorClass::OptedOut),
];

const SHAPE: Shape = Shape {
    parts: &[Slot::Parts],
    client_ref: &[Slot::Ref],
    ..Shape::NONE
};

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::RingCentral,
    status: &[Slot::Status],
    words: WORDS,
    code: &[Slot::Code],
    classes: CLASSES,
    text: &[Slot::Text, Slot::TextAlt],
    receipt: Shape {
        contact: &[Slot::To],
        sender: &[Slot::From],
        time: &[Slot::Time],
        ..SHAPE
    },
    reply: Shape {
        contact: &[Slot::From],
        sender: &[Slot::To],
        time: &[Slot::TimeAlt],
        ..SHAPE
    },
};

/// Opt-outs: their numbers stand as on receipts.
static NOTICE: Profile = Profile {
    provider: Provider::RingCentral,
    status: &[],
    words: &[],
    code: &[],
    classes: &[],
    text: &[],
    receipt: Shape {
        id: &[],
        contact: &[Slot::To],
        sender: &[Slot::From],
        time: &[NOTIFIED],
        ..Shape::NONE
    },
    reply: Shape::NONE,
};

pub(super) fn decode<S: Sink>(request: &RequestView<'_>, sink: &mut S) -> Result<(), BodyError> {
    // Sent when a webhook is made, and to be echoed.
    let is_probe = request.header("validation-token").is_some();
    if is_probe && request.body.trim_ascii().is_empty() {
        sink.event(0, Event::new(Kind::Control, Provider::RingCentral));
        return Ok(());
    }
    body_rows(request, &ROOT, build, sink)
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    let event = row.first(&[Slot::Event], usize::MAX)?;
    let event = event.as_deref().unwrap_or_default();
    let slots = row.slots;
    if event.contains("/opt-outs") || slots.has(ACTIVE) {
        return opt_out(row).map(Some);
    }
    let says_message = [Slot::Status, Slot::Text, Slot::TextAlt, Slot::ReplySign]
        .into_iter()
        .any(|slot| slots.has(slot));
    if !says_message && (event.contains("/subscription/") || slots.has(CHANGES)) {
        return Ok(Some(Event::new(Kind::Control, Provider::RingCentral)));
    }
    let status = row.first(PROFILE.status, usize::MAX)?;
    let direction = row.first(&[Slot::ReplySign], usize::MAX)?;
    let is_inbound = match (direction.as_deref(), status.as_deref()) {
        (Some(way), _) => way.eq_ignore_ascii_case("Inbound"),
        _ if event.contains("direction=Outbound") => false,
        _ if event.contains("direction=Inbound") => true,
        (None, Some(status)) => status.eq_ignore_ascii_case("Received"),
        (None, None) if says_message => true,
        _ => return Err(row.fault(RejectCode::KindUnknown)),
    };
    if is_inbound {
        return PROFILE.reply(row).map(Some);
    }
    let mut receipt = PROFILE.receipt_said(row, status.as_deref())?;
    if receipt.error_class == Some(ErrorClass::Other)
        && let Some(code) = receipt.error_code.as_deref()
        && let Some((_, class)) = ENDS.iter().find(|(end, _)| code.ends_with(end))
    {
        receipt.error_class = Some(*class);
    }
    check_reference(row, &receipt)?;
    Ok(Some(receipt))
}

fn opt_out<'s>(row: &mut Row<'s>) -> Result<Event<'s>, Fault> {
    let is_lifted = match row.slots.get(ACTIVE).wire {
        Wire::False => true,
        Wire::Text => row.first(&[ACTIVE], usize::MAX)?.as_deref() == Some("false"),
        _ => false,
    };
    let mut event = NOTICE.receipt_of(row, State::Stop, false, None)?;
    event.kind = Kind::OptOut;
    event.is_final = None;
    if is_lifted {
        event.state = Some(State::Start);
    }
    if event.contact.is_none() {
        return Err(row.fault(RejectCode::NoReference));
    }
    Ok(event)
}
