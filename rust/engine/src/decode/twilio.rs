//! Twilio: status callbacks and inbound messages, one form (or query) each.

use super::profile::{Class, Profile, Shape, Word, check_reference, word};
use super::row::Row;
use super::slots::{Fault, Slot, Slots};
use super::source::{self, Source};
use super::table::{Key, key, object};
use super::tree::{form_slots, one_row};
use super::{BodyError, RejectCode, RequestView, Sink, Template};
use crate::event::{ErrorClass, Event, Provider, State};

static ROOT: Key = object(
    "",
    Slot::None,
    &[
        key("MessageSid", Slot::Id),
        key("SmsSid", Slot::IdAlt),
        key("MessageStatus", Slot::Status),
        key("SmsStatus", Slot::StatusAlt),
        key("To", Slot::To),
        key("From", Slot::From),
        key("ErrorCode", Slot::Code),
        key("Body", Slot::Text),
        key("NumSegments", Slot::Parts),
        key("OptOutType", Slot::Consent),
        key("SmsMessageSid", Slot::ReplySign),
        key("NumMedia", Slot::ReplySign),
    ],
);

static WORDS: &[Word] = &[
    word("delivered", State::Delivered),
    word("sent", State::Sent),
    word("undelivered", State::Undelivered),
    word("failed", State::Failed),
    word("queued", State::Queued),
    word("accepted", State::Accepted),
    word("scheduled", State::Queued),
    word("sending", State::Accepted),
    word("read", State::Read),
    word("canceled", State::Failed),
];

static CLASSES: &[Class] = &[
    (
        ErrorClass::InvalidNumber,
        &["21211", "21614", "30005", "30006", "21612"],
    ),
    (ErrorClass::Filtered, &["30007"]),
    (ErrorClass::OptedOut, &["21610", "30004"]),
    (ErrorClass::Absent, &["30003"]),
    (
        ErrorClass::RateLimit,
        &[
            "30001", "14107", "30022", "30023", "30027", "63018", "20429",
        ],
    ),
];

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::Twilio,
    status: &[Slot::Status, Slot::StatusAlt],
    words: WORDS,
    code: &[Slot::Code],
    classes: CLASSES,
    text: &[Slot::Text],
    receipt: Shape {
        id: &[Slot::Id, Slot::IdAlt],
        contact: &[Slot::To],
        sender: &[Slot::From],
        parts: &[Slot::Parts],
        client_ref: &[Slot::Ref],
        ..Shape::NONE
    },
    reply: Shape {
        id: &[Slot::Id, Slot::IdAlt],
        contact: &[Slot::From],
        sender: &[Slot::To],
        parts: &[Slot::Parts],
        client_ref: &[Slot::Ref],
        ..Shape::NONE
    },
};

pub(super) fn decode<S: Sink>(
    request: &RequestView<'_>,
    template: Option<&Template>,
    sink: &mut S,
) -> Result<(), BodyError> {
    let query = request.query().as_bytes();
    let form = match source::find(request) {
        Source::Nothing => return Err(source::nothing().into()),
        Source::Json(_) => return Err(Fault::new(0, RejectCode::TypeUnsupported).into()),
        Source::Query(form) | Source::Form(form) => form,
    };
    let mut slots = Slots::EMPTY;
    let whole = form_slots(form, &ROOT, &mut slots)?;
    source::client_ref(query, template, &mut slots)?;
    Ok(one_row(&slots, whole, build, sink)?)
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    let status = row.first(PROFILE.status, usize::MAX)?;
    let inbound = |status: &str| matches!(status, "received" | "receiving");
    let is_reply = match status.as_deref() {
        Some(status) => inbound(status),
        None => row.slots.has(Slot::Text) || row.slots.has(Slot::ReplySign),
    };
    if is_reply {
        let mut event = PROFILE.reply(row)?;
        let consent = row.value(Slot::Consent, usize::MAX)?;
        event.consent = match consent.as_deref() {
            Some("STOP") => Some(State::Stop),
            Some("START") => Some(State::Start),
            Some("HELP") => Some(State::Help),
            _ => None,
        };
        return Ok(Some(event));
    }
    if status.is_none() {
        return Err(row.fault(RejectCode::KindUnknown));
    }
    let event = PROFILE.receipt_said(row, status.as_deref())?;
    check_reference(row, &event)?;
    Ok(Some(event))
}
