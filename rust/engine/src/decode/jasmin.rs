//! Jasmin's HTTP throwers: receipts by level, and inbound messages whose text is the bytes of
//! the `short_message`. One form (or query) each; names are compared without regard to case.

use super::charset::{self, Alphabet, alphabet};
use super::profile::{Class, Profile, Shape, check_reference};
use super::row::{Row, clean_code};
use super::slots::{Fault, Raw, Slot, Slots};
use super::tree::one_row;
use super::{BodyError, RejectCode, RequestView, Sink, form, smpp, source};
use crate::event::{ErrorClass, Event, Provider, State};
use crate::limits::REPLY_TEXT_BYTES_MAX;
use std::borrow::Cow;

const LEVEL: Slot = Slot::Event;
const DELIVERED_COUNT: Slot = Slot::StatusAlt;
const CODING: Slot = Slot::Consent;
const BINARY: Slot = Slot::TextAlt;

static NAMES: &[(&str, Slot)] = &[
    ("id", Slot::Id),
    ("message_status", Slot::Status),
    ("level", LEVEL),
    ("err", Slot::Code),
    ("dlvrd", DELIVERED_COUNT),
    ("from", Slot::From),
    ("to", Slot::To),
    ("content", Slot::Text),
    ("binary", BINARY),
    ("coding", CODING),
    ("origin-connector", Slot::ReplySign),
];

static CLASSES: &[Class] = &[
    (ErrorClass::InvalidNumber, &["ESME_RINVDSTADR"]),
    (ErrorClass::RateLimit, &["ESME_RTHROTTLED"]),
];

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::Jasmin,
    status: &[Slot::Status],
    words: smpp::WORDS,
    code: &[Slot::Code],
    classes: CLASSES,
    text: &[],
    receipt: Shape::NONE,
    reply: Shape {
        contact: &[Slot::From],
        sender: &[Slot::To],
        ..Shape::NONE
    },
};

pub(super) fn decode<S: Sink>(request: &RequestView<'_>, sink: &mut S) -> Result<(), BodyError> {
    let form = source::form(request)?;
    let mut slots = Slots::EMPTY;
    form::each_pair(form, |pair| {
        let slot = form::find_name(&pair, |wire| {
            let is_it = |name: &str| name.as_bytes().eq_ignore_ascii_case(wire);
            NAMES.iter().find(|(name, _)| is_it(name))
        });
        if let Some((_, slot)) = slot {
            slots.set(
                *slot,
                Raw {
                    bytes: pair.value,
                    at: pair.at,
                    wire: pair.wire(),
                },
            );
        }
    })?;
    Ok(one_row(&slots, "", build, sink)?)
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    let has = |slot| row.slots.has(slot);
    let is_inbound = has(Slot::Text) || has(BINARY) || has(Slot::ReplySign);
    let is_status = has(LEVEL) || has(Slot::Code) || has(DELIVERED_COUNT);
    if row.slots.is_filled(Slot::Status) || (is_status && !is_inbound) {
        let event = receipt(row)?;
        check_reference(row, &event)?;
        return Ok(Some(event));
    }
    if is_inbound || has(Slot::From) {
        let mut event = PROFILE.reply(row)?;
        event.text = text(row)?;
        return Ok(Some(event));
    }
    Err(row.fault(RejectCode::KindUnknown))
}

/// Level 1 tells what the SMSC said when it took the message, as an `ESME_` word; level 2 is
/// the receipt. The word itself tells which of both it is.
fn receipt<'s>(row: &mut Row<'s>) -> Result<Event<'s>, Fault> {
    let err = row.code(PROFILE.code)?;
    let Some(status) = row.value(Slot::Status, usize::MAX)? else {
        let state = state_without_word(row, err.is_some())?;
        return PROFILE.receipt_of(row, state, state.is_final(), err);
    };
    let word = status.trim_ascii();
    let is_answer = word
        .get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case("ESME_"));
    if !is_answer {
        let (state, is_final) = PROFILE.state(Some(word));
        return PROFILE.receipt_of(row, state, is_final, err);
    }
    if word.eq_ignore_ascii_case("ESME_ROK") {
        return PROFILE.receipt_of(row, State::Sent, false, err);
    }
    let is_level_2 = row
        .text(LEVEL)?
        .is_some_and(|level| level.trim_ascii() == "2");
    let code = match err.filter(|_| is_level_2) {
        Some(err) => err,
        None => Cow::Owned(word.to_owned()),
    };
    PROFILE.receipt_of(row, State::Rejected, true, clean_code(code))
}

/// Relays may leave the word out: then an error means a failure, and a count of delivered
/// messages that it arrived.
fn state_without_word(row: &mut Row<'_>, has_error: bool) -> Result<State, Fault> {
    if has_error {
        return Ok(State::Failed);
    }
    let count = row.text(DELIVERED_COUNT)?;
    let count = count.and_then(|count| count.trim_ascii().parse::<u32>().ok());
    Ok(if count.is_some_and(|count| count > 0) {
        State::Delivered
    } else {
        State::Unknown
    })
}

/// The text: `content`, else what `binary` has in hexadecimal.
fn text<'s>(row: &mut Row<'s>) -> Result<Option<Cow<'s, str>>, Fault> {
    let coding = coding(row)?;
    let content = form::bytes_of(row.slots.get(Slot::Text))?;
    if let Some(content) = content.as_deref().filter(|content| !content.is_empty()) {
        return read(content, coding, row, Slot::Text).map(Some);
    }
    let binary = form::bytes_of(row.slots.get(BINARY))?;
    if let Some(digits) = binary.filter(|digits| !digits.is_empty()) {
        let binary = charset::from_hex(digits.trim_ascii())
            .ok_or_else(|| row.fault_in(BINARY, RejectCode::ValueInvalid))?;
        return read(&binary, coding, row, BINARY).map(Some);
    }
    Ok(content.map(|_| Cow::Borrowed("")))
}

fn read<'s>(
    bytes: &[u8],
    coding: Option<u32>,
    row: &Row<'s>,
    slot: Slot,
) -> Result<Cow<'s, str>, Fault> {
    let text = match coding.map(alphabet) {
        Some(Alphabet::Gsm) => charset::gsm(bytes),
        Some(Alphabet::Latin1) => Some(charset::latin1(bytes)),
        Some(Alphabet::Utf16) => {
            Some(charset::utf16(bytes).map_err(|_| row.fault_in(slot, RejectCode::LoneSurrogate))?)
        }
        Some(Alphabet::Untold) | None => None,
    };
    let text = text.unwrap_or_else(|| charset::guess(bytes).into_owned());
    if text.len() > REPLY_TEXT_BYTES_MAX {
        return Err(row.fault_in(slot, RejectCode::ValueTooLong));
    }
    Ok(Cow::Owned(text))
}

/// `data_coding` as digits, or, as some builds send it, as the byte itself.
fn coding(row: &mut Row<'_>) -> Result<Option<u32>, Fault> {
    Ok(match form::bytes_of(row.slots.get(CODING))?.as_deref() {
        Some([byte]) if !byte.is_ascii_digit() => Some(u32::from(*byte)),
        Some(digits) => std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.trim_ascii().parse().ok()),
        None => None,
    })
}
