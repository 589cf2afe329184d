//! playSMS's callback of a generic gateway: receipts and inbound messages, whose fields may
//! stand in the query, in the form, or in both.

use super::handset::handset;
use super::profile::{Profile, Shape, Word, check_reference, word};
use super::row::Row;
use super::slots::{Fault, Slot};
use super::table::{Key, key, object};
use super::{BodyError, RejectCode, RequestView, Sink, flat};
use crate::event::{Event, Provider, State};

static ROOT: Key = object(
    "",
    Slot::None,
    &[
        key("id", Slot::Id),
        key("message_status", Slot::Status),
        key("from", Slot::From),
        key("to", Slot::To),
        key("message", Slot::Text),
    ],
);

/// Any other status is a failure.
static WORDS: &[Word] = &[word("1", State::Sent), word("3", State::Delivered)];

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::PlaySms,
    status: &[Slot::Status],
    words: WORDS,
    code: &[],
    classes: &[],
    text: &[Slot::Text],
    receipt: Shape::NONE,
    reply: Shape {
        sender: &[Slot::To],
        ..Shape::NONE
    },
};

pub(super) fn decode<S: Sink>(request: &RequestView<'_>, sink: &mut S) -> Result<(), BodyError> {
    flat::decode_merged(request, &ROOT, build, sink)
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    if row.slots.is_filled(Slot::Status) {
        let mut event = PROFILE.receipt(row)?;
        if event.state == Some(State::Unknown) {
            (event.state, event.is_final) = (Some(State::Failed), Some(true));
        }
        check_reference(row, &event)?;
        return Ok(Some(event));
    }
    if row.slots.has(Slot::Text) || row.slots.has(Slot::From) {
        let mut event = PROFILE.reply(row)?;
        handset(&mut event, row, &[Slot::From], None)?;
        return Ok(Some(event));
    }
    Err(row.fault(RejectCode::KindUnknown))
}
