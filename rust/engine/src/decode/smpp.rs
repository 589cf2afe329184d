//! SMPP `deliver_sm`: delivery receipts as text, as TLVs or as both, and inbound messages.
//!
//! A PDU comes as its bytes (see [`super::pdu`]), or as a request of method `SMPP` whose headers
//! carry its fields (`source_addr`, `esm_class`, `tlv message_state`, ...) and whose body is
//! `short_message`. Gateways that forward receipt texts over HTTP may give the same fields as
//! headers or in the query.

use super::profile::{Profile, Shape, Word, check_reference, word};
use super::receipt_text::{self, ReceiptText};
use super::row::{Row, SCRATCH_BYTES, Scratch, clean_code};
use super::slots::{Fault, Raw, Slot, Slots, Wire};
use super::smpp_text::{plain, text_bytes, trim_nuls, unwrapped, words};
use super::{BodyError, RejectCode, RequestView, Sink, form, pdu, source};
use crate::event::{Event, Provider, State};
use crate::limits::{ID_BYTES_MAX, REPLY_TEXT_BYTES_MAX};
use std::borrow::Cow;

pub(super) static WORDS: &[Word] = &[
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

/// States by `message_state`, with the words that some gateways write for the number.
static MESSAGE_STATES: &[(&str, State)] = &[
    ("SCHEDULED", State::Queued),
    ("ENROUTE", State::Sent),
    ("DELIVERED", State::Delivered),
    ("EXPIRED", State::Expired),
    ("DELETED", State::Undelivered),
    ("UNDELIVERABLE", State::Undelivered),
    ("ACCEPTED", State::Accepted),
    ("UNKNOWN", State::Unknown),
    ("REJECTED", State::Rejected),
    ("SKIPPED", State::Failed),
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
static FIELDS: &[(&str, u32, Slot)] = &[
    ("source_addr", 0, Slot::From),
    ("source_addr_ton", 0, SOURCE_TON),
    ("destination_addr", 0, Slot::To),
    ("esm_class", 0, ESM_CLASS),
    ("data_coding", 0, DATA_CODING),
    ("short_message", 0, Slot::Text),
    ("receipted_message_id", 0x001e, Slot::Id),
    ("message_state", 0x0427, Slot::Status),
    ("network_error_code", 0x0423, NETWORK_ERROR),
    ("message_payload", 0x0424, PAYLOAD),
    ("sar_total_segments", 0x020e, SEGMENTS),
];
const ESM_CLASS: Slot = Slot::Event;
const DATA_CODING: Slot = Slot::Consent;
const SOURCE_TON: Slot = Slot::Sender;
const NETWORK_ERROR: Slot = Slot::CodeAlt;
const SEGMENTS: Slot = Slot::Parts;
/// The text of a message too long for `short_message`.
pub(super) const PAYLOAD: Slot = Slot::TextAlt;

/// Bits of `esm_class` that tell the type of message: zero is an ordinary one.
const TYPE_BITS: u32 = 0x3c;

/// What the numbers of a PDU say; its texts are in slots.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts {
    pub esm_class: u32,
    pub coding: u32,
    /// Type of the source address's number; none where it is not told.
    pub source_ton: Option<u32>,
    pub state: Option<(State, bool)>,
    /// Code of the network, without its type.
    pub network_error: Option<u32>,
    pub parts: Option<u32>,
}

/// The slot of a tag.
pub(super) fn slot_of_tag(tag: u32) -> Option<Slot> {
    FIELDS
        .iter()
        .find(|(_, known, _)| *known == tag && tag != 0)
        .map(|(_, _, slot)| *slot)
}

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
    let named = FIELDS.iter().find(|(field, ..)| is(field));
    named.map(|(_, _, slot)| *slot).or_else(|| {
        let name = std::str::from_utf8(name).ok()?;
        let digits = name
            .strip_prefix("0x")
            .or_else(|| name.strip_prefix("0X"))?;
        slot_of_tag(u32::from_str_radix(digits, 16).ok()?)
    })
}

pub(super) fn decode<S: Sink>(request: &RequestView<'_>, sink: &mut S) -> Result<(), BodyError> {
    if pdu::is_pdu(request) {
        return pdu::decode(request.body, sink);
    }
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
    let raw = |bytes| Raw {
        bytes,
        at: 0,
        wire: Wire::Plain,
    };
    for (name, value) in request.headers {
        if let Some(slot) = slot_of(name.as_bytes()) {
            slots.set(slot, raw(*value));
        }
    }
    if !request.body.is_empty() {
        slots.set(Slot::Text, raw(request.body));
    }
    if slots.is_empty() {
        return Err(source::nothing().into());
    }
    trim_id(&mut slots);
    let payload = *slots.get(PAYLOAD);
    let unwrapped = unwrapped(payload.bytes);
    if let Some(bytes) = &unwrapped
        && payload.wire == Wire::Plain
    {
        slots.set(PAYLOAD, raw(bytes));
    }
    let mut buffer = [0; SCRATCH_BYTES];
    let mut row = Row::new(&slots, "", Scratch::new(&mut buffer), 0, 0);
    match facts(&mut row).and_then(|facts| event(&mut row, &facts)) {
        Ok(event) => sink.event(0, event),
        Err(fault) => sink.reject(fault.in_row(0)),
    }
    Ok(())
}

/// The numbers among the fields that a request gives.
fn facts(row: &mut Row<'_>) -> Result<Facts, Fault> {
    Ok(Facts {
        esm_class: number(row, ESM_CLASS).unwrap_or(0),
        coding: number(row, DATA_CODING).unwrap_or(0),
        source_ton: number(row, SOURCE_TON),
        state: state_tlv(row)?,
        network_error: network_error(row),
        parts: row.parts(&[SEGMENTS]),
    })
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

/// The code of `network_error_code`: its three bytes in hexadecimal, of which the first is the
/// type of network, or the number itself.
fn network_error(row: &mut Row<'_>) -> Option<u32> {
    let text = row.text(NETWORK_ERROR).ok()??;
    let text = text.trim_ascii();
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.len() == 6 {
        return Some(u32::from_str_radix(digits, 16).ok()? & 0xffff);
    }
    number(row, NETWORK_ERROR)
}

/// The event of one PDU: a receipt by its type, its TLVs or its text, else a reply.
pub(super) fn event<'s>(row: &mut Row<'s>, facts: &Facts) -> Result<Event<'s>, Fault> {
    let mut facts = *facts;
    let short = text_bytes(row, Slot::Text, &mut facts)?;
    let payload = text_bytes(row, PAYLOAD, &mut facts)?;
    let short_text = short.clone().map(|bytes| plain(bytes, facts.coding));
    let payload_text = payload.clone().map(|bytes| plain(bytes, facts.coding));
    let read = |text: &Option<Cow<'s, str>>| is_receipt(&parsed(text.as_ref()));
    let said = if read(&short_text) || !read(&payload_text) {
        &short_text
    } else {
        &payload_text
    };
    let has_tlvs = row.slots.has(Slot::Id) || facts.state.is_some();
    if facts.esm_class & TYPE_BITS != 0 || has_tlvs || read(said) {
        return receipt(row, said.as_ref(), &facts);
    }
    let bytes = short.filter(|bytes| !bytes.is_empty() || payload.is_none());
    let Some(bytes) = bytes.or(payload) else {
        return Err(row.fault(RejectCode::KindUnknown));
    };
    reply(row, bytes, &facts)
}

fn parsed<'t>(text: Option<&'t Cow<'_, str>>) -> ReceiptText<'t> {
    text.map(|text| receipt_text::parse(text))
        .unwrap_or_default()
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
    whole: Option<&Cow<'s, str>>,
    facts: &Facts,
) -> Result<Event<'s>, Fault> {
    let text = parsed(whole);
    let (state, is_final) = match facts.state {
        Some(known) => known,
        None => PROFILE.state(text.stat),
    };
    let code = match text.err {
        Some(err) => clean_code(part_of(err, whole)),
        // Only where the text has no code of its own, and there is something to explain.
        None => facts
            .network_error
            .filter(|code| *code != 0 && state.is_failure())
            .map(|code| Cow::Owned(code.to_string())),
    };
    let mut event = PROFILE.receipt_of(row, state, is_final, code)?;
    known_contact(&mut event, facts);
    if event.message_id.is_none()
        && let Some(id) = text.id
    {
        if id.len() > ID_BYTES_MAX {
            return Err(row.fault_in(Slot::Text, RejectCode::ValueTooLong));
        }
        event.message_id = Some(part_of(id, whole));
    }
    check_reference(row, &event)?;
    Ok(event)
}

/// A source that is told to be something else than an international number is no contact.
fn known_contact(event: &mut Event<'_>, facts: &Facts) {
    const UNKNOWN: u32 = 0;
    const INTERNATIONAL: u32 = 1;
    if !matches!(facts.source_ton, None | Some(UNKNOWN | INTERNATIONAL)) {
        event.contact = None;
    }
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
pub(super) fn trim_id(slots: &mut Slots<'_>) {
    let mut raw = *slots.get(Slot::Id);
    if matches!(raw.wire, Wire::Plain) {
        raw.bytes = trim_nuls(raw.bytes);
        slots.set(Slot::Id, raw);
    }
}

/// The state by its TLV: a number, or one of the words.
fn state_tlv(row: &mut Row<'_>) -> Result<Option<(State, bool)>, Fault> {
    let Some(text) = row.value(Slot::Status, 255)? else {
        return Ok(None);
    };
    if let Some(state) = number(row, Slot::Status) {
        return Ok(Some(state_of_number(state)));
    }
    let text = text.trim_ascii();
    let named = MESSAGE_STATES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    Ok(Some(named.map_or_else(
        || PROFILE.state(Some(text)),
        |(_, state)| (*state, state.is_final()),
    )))
}

/// The state that a `message_state` means, and whether it is final.
pub(super) fn state_of_number(number: u32) -> (State, bool) {
    let known = usize::try_from(number)
        .ok()
        .and_then(|at| MESSAGE_STATES.get(at));
    let state = known.map_or(State::Unknown, |(_, state)| *state);
    (state, state.is_final())
}

fn reply<'s>(row: &mut Row<'s>, bytes: Cow<'s, [u8]>, facts: &Facts) -> Result<Event<'s>, Fault> {
    let text = words(bytes, facts);
    if text.len() > REPLY_TEXT_BYTES_MAX {
        return Err(row.fault_in(Slot::Text, RejectCode::ValueTooLong));
    }
    let mut event = PROFILE.reply(row)?;
    known_contact(&mut event, facts);
    event.parts = facts.parts;
    event.text = Some(text);
    Ok(event)
}
