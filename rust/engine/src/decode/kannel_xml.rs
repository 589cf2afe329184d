//! An inbound message as Kannel's smsbox posts it in XML (`post-xml`): `oa` is the handset, `da`
//! our number, `ud` the text, percent-encoded by newer builds, `at` the time in UTC.

use super::kannel::PROFILE;
use super::row::Row;
use super::slots::{Fault, Slot};
use super::xml_rows::{Table, xml_rows};
use super::{BodyError, RejectCode, RequestView, Sink, charset, form, time};
use crate::event::Event;
use crate::limits::REPLY_TEXT_BYTES_MAX;
use std::borrow::Cow;

const CODING: Slot = Slot::Consent;
const CLOCK: [Slot; 6] = [
    Slot::Time,
    Slot::TimeAlt,
    Slot::Parts,
    Slot::PartsAlt,
    Slot::PartType,
    Slot::PartText,
];

static TABLE: Table = Table {
    row: "submit",
    names: &[
        ("oa/number", Slot::From),
        ("da/number", Slot::To),
        ("ud", Slot::Text),
        ("dcs/coding", CODING),
        ("at/year", CLOCK[0]),
        ("at/month", CLOCK[1]),
        ("at/day", CLOCK[2]),
        ("at/hour", CLOCK[3]),
        ("at/minute", CLOCK[4]),
        ("at/second", CLOCK[5]),
    ],
};

pub(super) fn decode<S: Sink>(request: &RequestView<'_>, sink: &mut S) -> Result<(), BodyError> {
    xml_rows(request, &TABLE, build, sink)
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    if !row.slots.has(Slot::From) && !row.slots.has(Slot::Text) {
        return Err(row.fault(RejectCode::KindUnknown));
    }
    let mut event = PROFILE.reply(row)?;
    event.text = words(row)?;
    event.occurred_us = clock(row)?;
    Ok(Some(event))
}

/// A text without blanks and with escapes is percent-encoded; any other stands as it is.
fn words<'s>(row: &mut Row<'s>) -> Result<Option<Cow<'s, str>>, Fault> {
    let Some(text) = row.text(Slot::Text)? else {
        return Ok(None);
    };
    let is_encoded = text.contains(['%', '+']) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_encoded {
        return bounded(row, text);
    }
    let mut bytes = vec![0; text.len()];
    let len = form::unescape(text.as_bytes(), &mut bytes, true).unwrap_or_default();
    bytes.truncate(len);
    let is_ucs2 = row.text(CODING)?.is_some_and(|coding| coding == "2");
    let text = if is_ucs2 {
        charset::utf16(&bytes).map_err(|_| row.fault_in(Slot::Text, RejectCode::LoneSurrogate))?
    } else {
        charset::guess(&bytes).into_owned()
    };
    bounded(row, Cow::Owned(text))
}

fn bounded<'s>(row: &Row<'_>, text: Cow<'s, str>) -> Result<Option<Cow<'s, str>>, Fault> {
    if text.len() > REPLY_TEXT_BYTES_MAX {
        return Err(row.fault_in(Slot::Text, RejectCode::ValueTooLong));
    }
    Ok(Some(text))
}

/// The time that the parts of `at` make; seconds may be missing.
fn clock(row: &mut Row<'_>) -> Result<Option<i64>, Fault> {
    let mut text = String::new();
    for (slot, mark) in CLOCK.into_iter().zip(["", "-", "-", "T", ":", ":"]) {
        let part = row.text(slot)?.unwrap_or(Cow::Borrowed("00"));
        text.push_str(mark);
        text.push_str(&part);
    }
    Ok(time::parse_text(text.as_bytes()).map(|read| read.us))
}
