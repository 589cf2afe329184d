//! The bytes of SMPP PDUs (`deliver_sm`, `data_sm`) -> what [`super::smpp`] reads. One PDU
//! after another, each a row: its header, its mandatory fields, its TLVs.

use super::row::{Row, SCRATCH_BYTES, Scratch};
use super::slots::{Fault, Raw, Slot, Slots, Wire, at};
use super::smpp::{self, Facts, PAYLOAD};
use super::{BodyError, RejectCode, RequestView, Sink};
use crate::event::Event;
use crate::limits::BODY_EVENTS_MAX;
use memchr::memchr;

const DELIVER_SM: u32 = 0x0000_0005;
const DATA_SM: u32 = 0x0000_0103;
/// Bytes of a PDU's header: length, command, status, sequence.
const HEADER_BYTES: usize = 16;

const TAG_MESSAGE_STATE: u32 = 0x0427;
const TAG_NETWORK_ERROR: u32 = 0x0423;
const TAG_SEGMENTS: u32 = 0x020e;

/// Content types under which gateways forward PDUs.
const TYPES: &[&str] = &[
    "application/octet-stream",
    "application/smpp",
    "application/x-smpp",
    "application/vnd.smpp",
];

/// Whether a request's body is PDUs. Its type says so; but some senders give that type to
/// whatever they post, and others give PDUs none, so the first bytes count for more.
pub(super) fn is_pdu(request: &RequestView<'_>) -> bool {
    let begins = || {
        let mut bytes = Bytes::new(request.body, 0, request.body.len());
        let len = bytes.u32().unwrap_or_default();
        let command = bytes.u32().unwrap_or_default();
        len as usize <= request.body.len()
            && len as usize >= HEADER_BYTES
            && matches!(command, DELIVER_SM | DATA_SM)
    };
    let kind = request.header("content-type").unwrap_or_default();
    let is_named = || {
        TYPES.iter().any(|known| {
            kind.get(..known.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(known))
        })
    };
    // No text begins with a NUL, but for UTF-16, whose coding a header tells.
    request.body.first() == Some(&0)
        && (begins() || (is_named() && request.header("data_coding").is_none()))
}

/// Gives the sink each PDU of a body.
///
/// # Errors
/// `pdu_invalid` where the first has no length that can be; one further on that has none is
/// refused as a row, with all that follows it.
pub(super) fn decode<S: Sink>(body: &[u8], sink: &mut S) -> Result<(), BodyError> {
    if frames(body).take(BODY_EVENTS_MAX + 1).count() > BODY_EVENTS_MAX {
        return Err(Fault::new(0, RejectCode::TooManyEvents).into());
    }
    for (number, frame) in frames(body).enumerate() {
        let number = at(number);
        let (start, end) = match frame {
            Ok(frame) => frame,
            Err(fault) if number == 0 => return Err(fault.into()),
            Err(fault) => {
                sink.reject(fault.in_row(number));
                break;
            }
        };
        row(Bytes::new(body, start, end), number, sink);
    }
    Ok(())
}

/// The ranges of the PDUs of a body, by their lengths; after a length that cannot be, nothing.
fn frames(body: &[u8]) -> impl Iterator<Item = Result<(usize, usize), Fault>> + '_ {
    let mut start = Some(0);
    std::iter::from_fn(move || {
        let place = start.take()?;
        if place > 0 && body.get(place..)?.trim_ascii().is_empty() {
            return None;
        }
        let len = Bytes::new(body, place, body.len()).u32();
        let fits = |len: &usize| *len >= HEADER_BYTES && *len <= body.len() - place;
        let Some(len) = len.ok().map(|len| len as usize).filter(fits) else {
            return Some(Err(Fault::new(place, RejectCode::PduInvalid)));
        };
        start = Some(place + len);
        Some(Ok((place, place + len)))
    })
}

fn row<S: Sink>(bytes: Bytes<'_>, number: u32, sink: &mut S) {
    let start = bytes.place;
    let read = pdu(bytes);
    let (slots, facts) = match &read {
        Ok((slots, facts)) => (slots, facts),
        Err(fault) => return sink.reject(fault.in_row(number)),
    };
    let mut buffer = [0; SCRATCH_BYTES];
    let scratch = Scratch::new(&mut buffer);
    let mut row = Row::new(slots, "", scratch, number, at(start));
    let outcome: Result<Event<'_>, Fault> = smpp::event(&mut row, facts);
    match outcome {
        Ok(event) => sink.event(number, event),
        Err(fault) => sink.reject(fault.in_row(number)),
    }
}

/// Reads the fields of one PDU.
fn pdu(mut bytes: Bytes<'_>) -> Result<(Slots<'_>, Facts), Fault> {
    let start = bytes.place;
    bytes.u32()?;
    let command = bytes.u32()?;
    bytes.u32()?;
    bytes.u32()?;
    if !matches!(command, DELIVER_SM | DATA_SM) {
        return Err(Fault::new(start + 4, RejectCode::KindUnknown));
    }
    let mut slots = Slots::EMPTY;
    bytes.c_string()?;
    let source_ton = Some(u32::from(bytes.byte()?));
    bytes.byte()?;
    slots.set(Slot::From, bytes.c_string()?);
    bytes.byte()?;
    bytes.byte()?;
    slots.set(Slot::To, bytes.c_string()?);
    let esm_class = u32::from(bytes.byte()?);
    let coding = if command == DATA_SM {
        bytes.byte()?;
        u32::from(bytes.byte()?)
    } else {
        // Protocol, priority, two times, registered delivery, replace flag.
        bytes.byte()?;
        bytes.byte()?;
        bytes.c_string()?;
        bytes.c_string()?;
        bytes.byte()?;
        bytes.byte()?;
        let coding = u32::from(bytes.byte()?);
        bytes.byte()?;
        let len = usize::from(bytes.byte()?);
        slots.set(Slot::Text, bytes.take(len)?);
        coding
    };
    let mut facts = Facts {
        esm_class,
        coding,
        source_ton,
        ..Facts::default()
    };
    while !bytes.rest().is_empty() {
        let tag = bytes.u16()?;
        let len = bytes.u16()? as usize;
        tlv(tag, bytes.take(len)?, &mut slots, &mut facts);
    }
    smpp::trim_id(&mut slots);
    Ok((slots, facts))
}

/// Keeps what a TLV says. `user_message_reference` is passed over: sixteen bits that begin
/// anew tell no message from another.
fn tlv<'a>(tag: u32, value: Raw<'a>, slots: &mut Slots<'a>, facts: &mut Facts) {
    match (tag, value.bytes) {
        (TAG_MESSAGE_STATE, [.., state]) => {
            facts.state = Some(smpp::state_of_number(u32::from(*state)));
        }
        (TAG_NETWORK_ERROR, [_, high, low]) => {
            facts.network_error = Some(u32::from(*high) << 8 | u32::from(*low));
        }
        (TAG_SEGMENTS, [.., total]) if *total > 0 => facts.parts = Some(u32::from(*total)),
        _ => {
            let slot = smpp::slot_of_tag(tag);
            if let Some(slot @ (Slot::Id | PAYLOAD)) = slot {
                slots.set(slot, value);
            }
        }
    }
}

/// The bytes of one PDU, read from the front; offsets are those of the body.
struct Bytes<'a> {
    body: &'a [u8],
    place: usize,
    end: usize,
}

impl<'a> Bytes<'a> {
    const fn new(body: &'a [u8], place: usize, end: usize) -> Self {
        Self { body, place, end }
    }

    fn rest(&self) -> &'a [u8] {
        self.body.get(self.place..self.end).unwrap_or_default()
    }

    fn fault(&self) -> Fault {
        Fault::new(self.place, RejectCode::PduInvalid)
    }

    fn take(&mut self, len: usize) -> Result<Raw<'a>, Fault> {
        let bytes = self.rest().get(..len).ok_or_else(|| self.fault())?;
        let raw = Raw {
            bytes,
            at: at(self.place),
            wire: Wire::Plain,
        };
        self.place += len;
        Ok(raw)
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        let fault = self.fault();
        self.take(1)?.bytes.first().copied().ok_or(fault)
    }

    fn u16(&mut self) -> Result<u32, Fault> {
        Ok(u32::from(self.byte()?) << 8 | u32::from(self.byte()?))
    }

    fn u32(&mut self) -> Result<u32, Fault> {
        Ok(self.u16()? << 16 | self.u16()?)
    }

    /// A text that ends with a NUL, which is passed.
    fn c_string(&mut self) -> Result<Raw<'a>, Fault> {
        let len = memchr(0, self.rest()).ok_or_else(|| self.fault())?;
        let raw = self.take(len)?;
        self.place += 1;
        Ok(raw)
    }
}
