//! Africa's Talking: delivery reports and inbound messages, one form each.

use super::handset::handset;
use super::profile::{Class, Profile, Shape, Word, check_reference, word};
use super::row::{Row, Zone};
use super::slots::{Fault, Slot};
use super::table::{Key, key, object};
use super::{BodyError, RejectCode, RequestView, Sink, flat};
use crate::event::{ErrorClass, Event, Provider, State};

static ROOT: Key = object(
    "",
    Slot::None,
    &[
        key("id", Slot::Id),
        key("status", Slot::Status),
        key("phoneNumber", Slot::To),
        key("failureReason", Slot::Code),
        key("from", Slot::From),
        key("to", Slot::Sender),
        key("text", Slot::Text),
        key("date", Slot::Time),
        key("linkId", Slot::ReplySign),
    ],
);

static WORDS: &[Word] = &[
    word("Success", State::Delivered),
    word("Sent", State::Sent),
    word("Submitted", State::Sent),
    word("Buffered", State::Accepted),
    word("Rejected", State::Rejected),
    word("Failed", State::Failed),
    word("Expired", State::Expired),
];

static CLASSES: &[Class] = &[
    (
        ErrorClass::OptedOut,
        &["UserInBlackList", "UserInBlacklist"],
    ),
    (ErrorClass::Absent, &["UserIsInactive"]),
];

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::AfricasTalking,
    status: &[Slot::Status],
    words: WORDS,
    code: &[Slot::Code],
    classes: CLASSES,
    text: &[Slot::Text],
    receipt: Shape {
        time: &[Slot::Time],
        zone: Zone::Utc,
        ..Shape::NONE
    },
    reply: Shape {
        sender: &[Slot::Sender],
        time: &[Slot::Time],
        zone: Zone::Utc,
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
        if !event.state.is_some_and(State::is_failure) {
            // A reason is a word, not a code: it stands for one only where something failed.
            event.error_code = None;
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
