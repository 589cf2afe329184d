//! Firetext (UK): receipts and inbound messages, one form each, blanks often not escaped.
//! Times are those of the clock in London; there are no message ids.

use super::handset::handset;
use super::profile::{Class, Profile, Shape, Word, check_reference, word};
use super::row::Row;
use super::slots::{Fault, Slot};
use super::table::{Key, key, object};
use super::{BodyError, RejectCode, RequestView, Sink, flat, zone};
use crate::event::{ErrorClass, Event, Provider, State};

/// The calling code in place of a leading zero.
const COUNTRY: Option<u32> = Some(44);

static ROOT: Key = object(
    "",
    Slot::None,
    &[
        key("mobile", Slot::To),
        key("status", Slot::Status),
        key("code", Slot::Code),
        key("reference", Slot::Ref),
        key("time", Slot::Time),
        key("source", Slot::From),
        key("destination", Slot::Sender),
        key("message", Slot::Text),
    ],
);

static WORDS: &[Word] = &[
    word("0", State::Delivered),
    word("1", State::Failed),
    word("2", State::Accepted),
];

static CLASSES: &[Class] = &[
    (ErrorClass::InvalidNumber, &["101", "201"]),
    (ErrorClass::Absent, &["102", "103", "104"]),
];

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::Firetext,
    status: &[Slot::Status],
    words: WORDS,
    code: &[Slot::Code],
    classes: CLASSES,
    text: &[Slot::Text],
    receipt: Shape {
        id: &[],
        client_ref: &[Slot::Ref],
        ..Shape::NONE
    },
    reply: Shape {
        id: &[],
        sender: &[Slot::Sender],
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
        let mut event = PROFILE.receipt(row)?;
        handset(&mut event, row, &[Slot::To], COUNTRY)?;
        event.occurred_us = time(row);
        check_reference(row, &event)?;
        return Ok(Some(event));
    }
    if has(Slot::Text) || has(Slot::From) || has(Slot::Sender) {
        let mut event = PROFILE.reply(row)?;
        handset(&mut event, row, &[Slot::From], COUNTRY)?;
        event.occurred_us = time(row);
        return Ok(Some(event));
    }
    Err(row.fault(RejectCode::KindUnknown))
}

/// The time, on the clock in London where it names no zone.
fn time(row: &mut Row<'_>) -> Option<i64> {
    let text = row.text(Slot::Time).ok()??;
    zone::LONDON.read(&text)
}
