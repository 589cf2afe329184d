//! Sinch SMS (XMS): a report on one recipient, a report on a batch, whose recipients stand in
//! groups of one status, or an inbound message. A batch has one id for all its recipients.

use super::groups::{Groups, json_groups};
use super::profile::{Class, Profile, Shape, Word, check_reference, ends_unknown, word};
use super::row::Row;
use super::slots::{Fault, Slot};
use super::table::{Key, key, object};
use super::{BodyError, RejectCode, RequestView, Sink, source};
use crate::event::{ErrorClass, Event, Kind, Provider, State};
use crate::limits::ID_BYTES_MAX;

/// The groups of a report on a batch.
const STATUSES: Slot = Slot::ReceiptSign;
/// When an inbound message came.
const RECEIVED: Slot = Slot::PartType;

static ROOT: Key = object(
    "",
    Slot::None,
    &[
        key("type", Slot::Event),
        key("batch_id", Slot::Id),
        key("id", Slot::IdAlt),
        key("recipient", Slot::To),
        key("to", Slot::To),
        key("from", Slot::From),
        key("applied_originator", Slot::Sender),
        key("status", Slot::Status),
        key("code", Slot::Code),
        key("operator_status_at", Slot::Time),
        key("at", Slot::TimeAlt),
        key("received_at", RECEIVED),
        key("number_of_message_parts", Slot::Parts),
        key("client_reference", Slot::Ref),
        object("body", Slot::Text, &[key("message", Slot::TextAlt)]),
        key("statuses", STATUSES),
    ],
);
static GROUP: Key = object(
    "",
    Slot::None,
    &[
        key("status", Slot::Status),
        key("code", Slot::Code),
        key("recipients", Slot::To),
    ],
);
static MEMBER: Key = key("", Slot::To);

static GROUPS: Groups = Groups {
    root: &ROOT,
    list: STATUSES,
    group: &GROUP,
    members: Slot::To,
    member: &MEMBER,
};

static WORDS: &[Word] = &[
    word("Delivered", State::Delivered),
    word("Dispatched", State::Sent),
    word("Queued", State::Queued),
    word("Aborted", State::Failed),
    word("Cancelled", State::Failed),
    word("Failed", State::Failed),
    word("Expired", State::Expired),
    word("Rejected", State::Rejected),
    word("Deleted", State::Undelivered),
    ends_unknown("Unknown"),
];

/// Codes that only say "queued" and "dispatched".
const NO_ERROR: [&str; 2] = ["400", "401"];

static CLASSES: &[Class] = &[(ErrorClass::Expired, &["406"])];

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::Sinch,
    status: &[Slot::Status],
    words: WORDS,
    code: &[Slot::Code],
    classes: CLASSES,
    text: &[Slot::TextAlt, Slot::Text],
    receipt: Shape {
        contact: &[Slot::To],
        sender: &[Slot::Sender],
        time: &[Slot::Time, Slot::TimeAlt],
        parts: &[Slot::Parts],
        client_ref: &[Slot::Ref],
        ..Shape::NONE
    },
    reply: Shape {
        id: &[Slot::IdAlt],
        contact: &[Slot::From],
        sender: &[Slot::To],
        time: &[RECEIVED],
        parts: &[Slot::Parts],
        client_ref: &[Slot::Ref],
        ..Shape::NONE
    },
};

pub(super) fn decode<S: Sink>(request: &RequestView<'_>, sink: &mut S) -> Result<(), BodyError> {
    if request.body.trim_ascii().is_empty() {
        return Err(source::nothing().into());
    }
    json_groups(request.body, &GROUPS, build, sink)
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    let kind = row.first(&[Slot::Event], usize::MAX)?;
    let slots = row.slots;
    match kind.as_deref() {
        Some(kind) if kind.starts_with("mo_") => reply(row, kind == "mo_binary").map(Some),
        Some(kind) if kind.contains("delivery_report") => receipt(row).map(Some),
        None if slots.has(Slot::Status) || slots.has(STATUSES) => receipt(row).map(Some),
        None if slots.has(Slot::Text) || slots.has(Slot::TextAlt) => reply(row, false).map(Some),
        _ => Err(row.fault(RejectCode::KindUnknown)),
    }
}

fn reply<'s>(row: &mut Row<'s>, is_binary: bool) -> Result<Event<'s>, Fault> {
    let mut event = PROFILE.reply(row)?;
    if is_binary {
        // Bytes in base64 are no text.
        event.text = None;
    }
    Ok(event)
}

fn receipt<'s>(row: &mut Row<'s>) -> Result<Event<'s>, Fault> {
    // A summary counts recipients and names none: there is nothing to tell of anybody.
    if row.slots.has(STATUSES) && !row.slots.has(Slot::To) {
        let mut event = Event::new(Kind::Control, Provider::Sinch);
        event.message_id = row.value(Slot::Id, ID_BYTES_MAX)?;
        return Ok(event);
    }
    let status = row.first(PROFILE.status, usize::MAX)?;
    let (state, is_final) = PROFILE.state(status.as_deref());
    let code = row.code(PROFILE.code)?;
    let code = code.filter(|code| !NO_ERROR.contains(&code.as_ref()));
    let event = PROFILE.receipt_of(row, state, is_final, code)?;
    check_reference(row, &event)?;
    Ok(event)
}
