//! MMG (UK): receipts and inbound messages, one JSON object each. Values of inbound messages
//! are percent-encoded inside the JSON, with `+` for blanks. Times of receipts are those of the
//! clock in London; of inbound messages UTC, unless the text says otherwise.

use super::handset::set_handset;
use super::profile::{Class, Profile, Shape, Word, check_reference, word};
use super::row::Row;
use super::slots::{Fault, Slot};
use super::table::{Key, key, object};
use super::zone::{self, Clock};
use super::{BodyError, RejectCode, RequestView, Sink, flat, form};
use crate::event::{ErrorClass, Event, Provider, State};
use crate::limits::{ID_BYTES_MAX, REPLY_TEXT_BYTES_MAX, SENDER_BYTES_MAX};
use std::borrow::Cow;

/// The calling code in place of a leading zero.
const COUNTRY: Option<u32> = Some(44);

static ROOT: Key = object(
    "",
    Slot::None,
    &[
        key("reference", Slot::Id),
        key("CID", Slot::Ref),
        key("MSISDN", Slot::From),
        key("status", Slot::Status),
        key("substatus", Slot::Code),
        key("deliverytime", Slot::Time),
        key("ID", Slot::IdAlt),
        key("Number", Slot::Sender),
        key("Message", Slot::Text),
        key("DateRecieved", Slot::TimeAlt),
        // Should the misspelling be mended one day.
        key("DateReceived", Slot::TimeAlt),
    ],
);

static WORDS: &[Word] = &[
    word("3", State::Delivered),
    word("4", State::Undelivered),
    word("2", State::Failed),
    word("5", State::Failed),
];

/// Status and substatus: a substatus means something else under each status.
static CLASSES: &[Class] = &[
    (
        ErrorClass::InvalidNumber,
        &["2/1", "2/5", "5/8", "5/51", "5/52"],
    ),
    // Blacklists of the operator, of the subscriber, of the sender's number.
    (
        ErrorClass::OptedOut,
        &["2/2049", "2/2050", "2/2051", "2/2052", "2/2053", "5/10"],
    ),
    (ErrorClass::Absent, &["4/6", "4/27"]),
    (ErrorClass::Expired, &["4/15"]),
    (ErrorClass::RateLimit, &["5/20"]),
];

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::Mmg,
    status: &[Slot::Status],
    words: WORDS,
    code: &[Slot::Code],
    classes: CLASSES,
    text: &[],
    receipt: Shape {
        client_ref: &[Slot::Ref],
        ..Shape::NONE
    },
    reply: Shape {
        id: &[],
        client_ref: &[Slot::Ref],
        ..Shape::NONE
    },
};

pub(super) fn decode<S: Sink>(request: &RequestView<'_>, sink: &mut S) -> Result<(), BodyError> {
    flat::decode(request, &ROOT, build, sink)
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    let has = |slot| row.slots.has(slot);
    if row.slots.is_filled(Slot::Status) {
        return receipt(row).map(Some);
    }
    if has(Slot::Text) || has(Slot::IdAlt) || has(Slot::Sender) || has(Slot::TimeAlt) {
        return reply(row).map(Some);
    }
    Err(row.fault(RejectCode::KindUnknown))
}

fn receipt<'s>(row: &mut Row<'s>) -> Result<Event<'s>, Fault> {
    let status = row.first(&[Slot::Status], usize::MAX)?;
    let status = status.as_deref().map(str::trim);
    let mut event = PROFILE.receipt_said(row, status)?;
    if status == Some("3") {
        // It tells who confirmed, the operator or the handset.
        event.error_code = None;
    }
    let pair = match (&event.error_code, event.state, status) {
        (Some(code), Some(state), Some(status)) => {
            Some((state, format!("{status}/{}", code.trim())))
        }
        _ => None,
    };
    event.error_class = pair.and_then(|(state, pair)| PROFILE.class(state, Some(&pair)));
    contact(&mut event, row)?;
    event.occurred_us = time(row, Slot::Time, zone::LONDON);
    check_reference(row, &event)?;
    Ok(event)
}

fn reply<'s>(row: &mut Row<'s>) -> Result<Event<'s>, Fault> {
    let mut event = PROFILE.reply(row)?;
    event.message_id = decoded(row, Slot::IdAlt, ID_BYTES_MAX)?.filter(|id| !id.is_empty());
    contact(&mut event, row)?;
    event.sender = decoded(row, Slot::Sender, SENDER_BYTES_MAX)?.filter(|name| !name.is_empty());
    event.text = decoded(row, Slot::Text, REPLY_TEXT_BYTES_MAX)?;
    event.occurred_us = time(row, Slot::TimeAlt, Clock::UTC);
    Ok(event)
}

fn contact(event: &mut Event<'_>, row: &mut Row<'_>) -> Result<(), Fault> {
    let text = decoded(row, Slot::From, usize::MAX)?.unwrap_or_default();
    set_handset(event, &text, row.slots.get(Slot::From).at, COUNTRY);
    Ok(())
}

/// The time as it is, or percent-encoded; a plus sign may stand for a blank or for itself.
fn time(row: &mut Row<'_>, slot: Slot, clock: Clock) -> Option<i64> {
    let text = row.text(slot).ok()??;
    clock
        .read(&text)
        .or_else(|| clock.read(&undo_percent(&text)))
}

/// A value without its percent-encoding. A plus sign in front of a digit is one: no number
/// begins with a blank.
fn decoded<'s>(
    row: &mut Row<'s>,
    slot: Slot,
    bytes_max: usize,
) -> Result<Option<Cow<'s, str>>, Fault> {
    let Some(text) = row.text(slot)? else {
        return Ok(None);
    };
    if text.len() > bytes_max {
        return Err(row.fault_in(slot, RejectCode::ValueTooLong));
    }
    if !text.contains(['%', '+']) {
        return Ok(Some(text));
    }
    let is_number = text
        .strip_prefix('+')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if is_number && slot == Slot::Sender {
        let rest = text.get(1..).unwrap_or_default();
        return Ok(Some(Cow::Owned(format!("+{}", undo_percent(rest)))));
    }
    Ok(Some(Cow::Owned(undo_percent(&text))))
}

/// A percent sign without two digits stands for itself; bytes that are no text are replaced.
fn undo_percent(text: &str) -> String {
    let mut out = vec![0; text.len()];
    let len = form::unescape(text.as_bytes(), &mut out, true).unwrap_or(0);
    out.truncate(len);
    String::from_utf8(out)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
