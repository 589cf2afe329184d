//! SMPP `deliver_sm`: delivery receipts as text, as TLVs or as both, and inbound messages.
//!
//! A PDU comes as a request of method `SMPP` whose headers carry its fields (`source_addr`,
//! `esm_class`, `tlv message_state`, ...) and whose body is `short_message`. Gateways that
//! forward receipt texts over HTTP may give the same fields as headers or in the query.

use super::profile::{Profile, Shape, Word, check_reference, word};
use super::receipt_text::{self, ReceiptText};
use super::row::{Row, SCRATCH_BYTES, Scratch, clean_code};
use super::slots::{Fault, Raw, Slot, Slots, Wire};
use super::{BodyError, RejectCode, RequestView, Sink, form, source};
use crate::event::{Event, Provider, State};
use std::borrow::Cow;

static WORDS: &[Word] = &[
    word("DELIVRD", State::Delivered),
    word("UNDELIV", State::Undelivered),
    word("EXPIRED", State::Expired),
    word("REJECTD", State::Rejected),
    word("ENROUTE", State::Sent),
    word("ACCEPTD", State::Accepted),
    word("DELETED", State::Undelivered),
    word("UNKNOWN", State::Unknown),
    word("FAILED", State::Failed),
    word("REJECTED", State::Rejected),
    word("ACKED", State::Accepted),
    word("BUFFRED", State::Accepted),
    word("BUFFERD", State::Accepted),
    word("ACCEPTED", State::Accepted),
];

/// States by `message_state`.
static MESSAGE_STATES: &[State] = &[
    State::Queued,
    State::Sent,
    State::Delivered,
    State::Expired,
    State::Undelivered,
    State::Undelivered,
    State::Accepted,
    State::Unknown,
    State::Rejected,
    State::Failed,
];

const SHAPE: Shape = Shape {
    contact: &[Slot::From],
    sender: &[Slot::To],
    ..Shape::NONE
};

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::Smpp,
    status: &[],
    words: WORDS,
    code: &[],
    classes: &[],
    text: &[],
    receipt: SHAPE,
    reply: Shape { id: &[], ..SHAPE },
};

/// Fields of the PDU by their names and TLV tags, and the slots they are kept in.
static FIELDS: &[(&str, Slot)] = &[
    ("source_addr", Slot::From),
    ("destination_addr", Slot::To),
    ("esm_class", ESM_CLASS),
    ("data_coding", DATA_CODING),
    ("short_message", Slot::Text),
    ("receipted_message_id", Slot::Id),
    ("0x001e", Slot::Id),
    ("message_state", Slot::Status),
    ("0x0427", Slot::Status),
    ("message_payload", PAYLOAD),
    ("0x0424", PAYLOAD),
];
const ESM_CLASS: Slot = Slot::Event;
const DATA_CODING: Slot = Slot::Consent;
const PAYLOAD: Slot = Slot::TextAlt;

/// Bits of `esm_class` that tell the type of message: zero is an ordinary one.
const TYPE_BITS: u32 = 0x3c;
/// Bit of `esm_class`: the text begins with a user data header.
const UDH_BIT: u32 = 0x40;
/// `data_coding` of UTF-16 in network order.
const CODING_UTF16: u32 = 8;

fn slot_of(name: &[u8]) -> Option<Slot> {
    let name = match name.split_at_checked(4) {
        Some((tlv, rest)) if tlv.eq_ignore_ascii_case(b"tlv ") => rest.trim_ascii(),
        _ => name,
    };
    let is = |field: &str| {
        field.len() == name.len()
            && field.bytes().zip(name).all(|(field, byte)| {
                field == byte.to_ascii_lowercase() || (field == b'_' && *byte == b'-')
            })
    };
    FIELDS
        .iter()
        .find(|(field, _)| is(field))
        .map(|(_, slot)| *slot)
}

pub(super) fn decode<S: Sink>(request: &RequestView<'_>, sink: &mut S) -> Result<(), BodyError> {
    let mut slots = Slots::EMPTY;
    form::each_pair(request.query().as_bytes(), |pair| {
        if let Some(slot) = slot_of(pair.name) {
            slots.set(
                slot,
                Raw {
                    bytes: pair.value,
                    at: pair.at,
                    wire: pair.wire(),
                },
            );
        }
    })?;
    for (name, value) in request.headers {
        if let Some(slot) = slot_of(name.as_bytes()) {
            slots.set(
                slot,
                Raw {
                    bytes: value,
                    at: 0,
                    wire: Wire::Plain,
                },
            );
        }
    }
    if !request.body.is_empty() {
        slots.set(
            Slot::Text,
            Raw {
                bytes: request.body,
                at: 0,
                wire: Wire::Plain,
            },
        );
    }
    if slots.is_empty() {
        return Err(source::nothing().into());
    }
    trim_id(&mut slots);
    let mut buffer = [0; SCRATCH_BYTES];
    let mut row = Row::new(&slots, "", Scratch::new(&mut buffer), 0, 0);
    match event(&mut row) {
        Ok(event) => sink.event(0, event),
        Err(fault) => sink.reject(fault.in_row(0)),
    }
    Ok(())
}

/// A field of the PDU that is a small number: decimal, or hexadecimal after `0x`.
fn number(row: &mut Row<'_>, slot: Slot) -> Option<u32> {
    let text = row.text(slot).ok()??;
    let text = text.trim_ascii();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn event<'s>(row: &mut Row<'s>) -> Result<Event<'s>, Fault> {
    let esm_class = number(row, ESM_CLASS).unwrap_or(0);
    let coding = number(row, DATA_CODING).unwrap_or(0);
    let short = message(row, Slot::Text, coding)?;
    let payload = message(row, PAYLOAD, coding)?;
    let short_text = short
        .as_deref()
        .map(receipt_text::parse)
        .unwrap_or_default();
    let payload_text = payload
        .as_deref()
        .map(receipt_text::parse)
        .unwrap_or_default();
    let said = if is_receipt(&short_text) || !is_receipt(&payload_text) {
        (short_text, &short)
    } else {
        (payload_text, &payload)
    };
    let has_tlvs = row.slots.has(Slot::Id) || row.slots.has(Slot::Status);
    if esm_class & TYPE_BITS != 0 || has_tlvs || is_receipt(&said.0) {
        return receipt(row, &said.0, said.1.as_ref());
    }
    let Some(text) = short
        .filter(|text| !text.is_empty() || payload.is_none())
        .or(payload)
    else {
        return Err(row.fault(RejectCode::KindUnknown));
    };
    reply(row, text, esm_class)
}

/// Whether a text that nothing else calls a receipt is one.
fn is_receipt(text: &ReceiptText<'_>) -> bool {
    let is_listed = text.stat.is_some_and(|stat| {
        WORDS
            .iter()
            .any(|(word, ..)| word.eq_ignore_ascii_case(stat))
    });
    is_listed || (text.stat.is_some() && text.id.is_some() && text.labels_count >= 3)
}

fn receipt<'s>(
    row: &mut Row<'s>,
    text: &ReceiptText<'_>,
    whole: Option<&Cow<'s, str>>,
) -> Result<Event<'s>, Fault> {
    let (state, is_final) = match state_tlv(row)? {
        Some(known) => known,
        None => PROFILE.state(text.stat),
    };
    let code = text.err.and_then(|err| clean_code(part_of(err, whole)));
    let mut event = PROFILE.receipt_of(row, state, is_final, code)?;
    if event.message_id.is_none()
        && let Some(id) = text.id
    {
        if id.len() > crate::limits::ID_BYTES_MAX {
            return Err(row.fault_in(Slot::Text, RejectCode::ValueTooLong));
        }
        if id.contains('\0') {
            return Err(row.fault_in(Slot::Text, RejectCode::NulByte));
        }
        event.message_id = Some(part_of(id, whole));
    }
    check_reference(row, &event)?;
    Ok(event)
}

/// A part of a text for as long as the text lives: borrowed where the text is.
fn part_of<'s>(part: &str, whole: Option<&Cow<'s, str>>) -> Cow<'s, str> {
    if let Some(Cow::Borrowed(whole)) = whole {
        let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
        if let Some(same) = whole.get(start..start.wrapping_add(part.len())) {
            return Cow::Borrowed(same);
        }
    }
    Cow::Owned(part.to_owned())
}

/// The id in its TLV is a C string: its end mark is no part of it.
fn trim_id(slots: &mut Slots<'_>) {
    let mut raw = *slots.get(Slot::Id);
    while let Some(rest) = raw.bytes.strip_suffix(b"\0") {
        raw.bytes = rest;
    }
    slots.set(Slot::Id, raw);
}

/// The state by its TLV: a number, or one of the words.
fn state_tlv(row: &mut Row<'_>) -> Result<Option<(State, bool)>, Fault> {
    let Some(text) = row.value(Slot::Status, 255)? else {
        return Ok(None);
    };
    let state = match number(row, Slot::Status) {
        Some(state) => {
            let state = usize::try_from(state)
                .ok()
                .and_then(|at| MESSAGE_STATES.get(at));
            let state = state.copied().unwrap_or(State::Unknown);
            (state, state.is_final())
        }
        None => PROFILE.state(Some(text.trim_ascii())),
    };
    Ok(Some(state))
}

/// The text of a message in its coding, without the NULs some gateways end it with.
fn message<'s>(row: &mut Row<'s>, slot: Slot, coding: u32) -> Result<Option<Cow<'s, str>>, Fault> {
    let raw = row.slots.get(slot);
    if raw.wire != Wire::Plain {
        return row.text(slot);
    }
    if slot == PAYLOAD
        && let Some(bytes) = from_hex(raw.bytes)
    {
        let text = if coding == CODING_UTF16 {
            utf16(&bytes)
        } else {
            String::from_utf8(bytes).ok()
        };
        if let Some(text) = text {
            return Ok(Some(Cow::Owned(text.trim_end_matches('\0').to_owned())));
        }
    }
    if coding == CODING_UTF16
        && !is_plain_receipt(raw.bytes)
        && let Some(text) = utf16(raw.bytes)
    {
        return Ok(Some(Cow::Owned(text)));
    }
    let end = raw
        .bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    let bytes = raw.bytes.get(..end).unwrap_or_default();
    Ok(Some(match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        // ISO 8859-1 is the coding that no byte contradicts.
        Err(_) => Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect()),
    }))
}

/// A TLV that a gateway writes in hexadecimal, because a header cannot hold every byte. Short
/// ones are left alone: a reply may be `beef`.
fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = text.trim_ascii().as_chunks::<2>();
    if !rest.is_empty() || pairs.len() < 8 {
        return None;
    }
    let digit = |byte: &u8| {
        char::from(*byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    pairs
        .iter()
        .map(|[high, low]| Some(digit(high)? << 4 | digit(low)?))
        .collect()
}

/// Whether a receipt was written in one byte a character whatever `data_coding` says.
fn is_plain_receipt(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && !bytes
            .trim_ascii_end()
            .strip_suffix(b"\0")
            .unwrap_or(bytes)
            .contains(&0)
        && std::str::from_utf8(bytes).is_ok_and(|text| receipt_text::parse(text).stat.is_some())
}

fn utf16(bytes: &[u8]) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() || bytes.is_empty() {
        return None;
    }
    let units = pairs
        .iter()
        .map(|[high, low]| u16::from(*high) << 8 | u16::from(*low));
    let mut text = char::decode_utf16(units)
        .collect::<Result<String, _>>()
        .ok()?;
    text.truncate(text.trim_end_matches('\0').len());
    Some(text)
}

fn reply<'s>(row: &mut Row<'s>, text: Cow<'s, str>, esm_class: u32) -> Result<Event<'s>, Fault> {
    let text = if esm_class & UDH_BIT == 0 {
        text
    } else {
        without_udh(text)
    };
    if text.len() > crate::limits::REPLY_TEXT_BYTES_MAX {
        return Err(row.fault_in(Slot::Text, RejectCode::ValueTooLong));
    }
    let mut event = PROFILE.reply(row)?;
    event.text = Some(text);
    Ok(event)
}

/// Drops the header before the text: its first byte says how long the rest of it is.
fn without_udh(text: Cow<'_, str>) -> Cow<'_, str> {
    let len = text
        .as_bytes()
        .first()
        .map_or(0, |len| usize::from(*len) + 1);
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(len..).unwrap_or(text)),
        Cow::Owned(text) => Cow::Owned(text.get(len..).map_or(text.clone(), str::to_owned)),
    }
}
