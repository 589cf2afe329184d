//! Textlocal: receipts and inbound messages, one form each. Receipts have no message id and
//! times name no zone.

use super::handset::handset;
use super::profile::{Profile, Shape, Word, check_reference, ends_unknown, word};
use super::row::Row;
use super::slots::{Fault, Slot};
use super::table::{Key, key, object};
use super::{BodyError, RejectCode, RequestView, Sink, flat};
use crate::event::{ErrorClass, Event, Provider, State};

static ROOT: Key = object(
    "",
    Slot::None,
    &[
        key("number", Slot::To),
        key("status", Slot::Status),
        key("customID", Slot::Ref),
        key("sender", Slot::From),
        key("inNumber", Slot::Sender),
        key("content", Slot::Text),
        key("keyword", Slot::ReplySign),
        key("comments", Slot::ReplySign),
    ],
);

static WORDS: &[Word] = &[
    word("D", State::Delivered),
    word("U", State::Undelivered),
    word("I", State::Failed),
    // Sent when nothing was heard for four days.
    ends_unknown("?"),
];

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::Textlocal,
    status: &[Slot::Status],
    words: WORDS,
    code: &[],
    classes: &[],
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
        handset(&mut event, row, &[Slot::To], None)?;
        if event.state == Some(State::Failed) {
            event.error_class = Some(ErrorClass::InvalidNumber);
        }
        check_reference(row, &event)?;
        return Ok(Some(event));
    }
    if has(Slot::Text) || has(Slot::From) || has(Slot::ReplySign) {
        let mut event = PROFILE.reply(row)?;
        handset(&mut event, row, &[Slot::From], None)?;
        return Ok(Some(event));
    }
    Err(row.fault(RejectCode::KindUnknown))
}
