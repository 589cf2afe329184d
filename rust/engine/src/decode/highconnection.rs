//! `HighConnection`: receipts as query, inbound messages as form, whose values are
//! percent-encoded ISO-8859-1. Their times name no zone.

use super::handset::{handset, set_handset};
use super::latin::latin;
use super::profile::{Profile, Shape, Word, check_reference, word};
use super::row::Row;
use super::slots::{Fault, Slot};
use super::table::{Key, key, object};
use super::{BodyError, RejectCode, RequestView, Sink, flat};
use crate::event::{Event, Kind, Provider, State};
use crate::limits::{ID_BYTES_MAX, REPLY_TEXT_BYTES_MAX, SENDER_BYTES_MAX};

static ROOT: Key = object(
    "",
    Slot::None,
    &[
        key("push_id", Slot::Id),
        key("status", Slot::Status),
        key("to", Slot::To),
        key("ret_id", Slot::Ref),
        key("ID", Slot::IdAlt),
        key("FROM", Slot::From),
        key("TO", Slot::Sender),
        key("MESSAGE", Slot::Text),
        key("RET_ID", Slot::PartText),
        key("RECEPTION_DATE", Slot::ReplySign),
    ],
);

static WORDS: &[Word] = &[
    word("4", State::Sent),
    word("6", State::Delivered),
    word("2", State::Failed),
    word("11", State::Failed),
    word("12", State::Failed),
    word("13", State::Failed),
    word("14", State::Failed),
    word("15", State::Failed),
    word("16", State::Failed),
];

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::HighConnection,
    status: &[Slot::Status],
    words: WORDS,
    code: &[],
    classes: &[],
    text: &[],
    receipt: Shape {
        client_ref: &[Slot::Ref],
        ..Shape::NONE
    },
    reply: Shape::NONE,
};

pub(super) fn decode<S: Sink>(request: &RequestView<'_>, sink: &mut S) -> Result<(), BodyError> {
    flat::decode(request, &ROOT, build, sink)
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    let has = |slot| row.slots.has(slot);
    if row.slots.is_filled(Slot::Status) {
        let mut event = PROFILE.receipt(row)?;
        handset(&mut event, row, &[Slot::To], None)?;
        check_reference(row, &event)?;
        return Ok(Some(event));
    }
    if has(Slot::Text) || has(Slot::From) || has(Slot::IdAlt) || has(Slot::ReplySign) {
        return reply(row).map(Some);
    }
    Err(row.fault(RejectCode::KindUnknown))
}

fn reply<'s>(row: &mut Row<'s>) -> Result<Event<'s>, Fault> {
    let mut event = Event::new(Kind::Reply, PROFILE.provider);
    event.message_id = latin(row, Slot::IdAlt, ID_BYTES_MAX)?.filter(|id| !id.is_empty());
    let from = latin(row, Slot::From, usize::MAX)?.unwrap_or_default();
    set_handset(&mut event, &from, row.slots.get(Slot::From).at, None);
    event.sender = latin(row, Slot::Sender, SENDER_BYTES_MAX)?.filter(|name| !name.is_empty());
    event.text = latin(row, Slot::Text, REPLY_TEXT_BYTES_MAX)?;
    event.client_ref = latin(row, Slot::PartText, ID_BYTES_MAX)?.filter(|id| !id.is_empty());
    Ok(event)
}
