//! mTarget: receipts and inbound messages, one form each. Long messages come in parts, each by
//! itself; a keyword that mTarget found says `Stop`.

use super::handset::handset;
use super::profile::{Profile, Shape, Word, check_reference, word};
use super::row::Row;
use super::slots::{Fault, Slot};
use super::table::{Key, key, object};
use super::{BodyError, RejectCode, RequestView, Sink, flat};
use crate::event::{Event, Kind, Provider, State};

static ROOT: Key = object(
    "",
    Slot::None,
    &[
        key("MsgId", Slot::Id),
        key("Status", Slot::Status),
        key("Msisdn", Slot::From),
        key("Content", Slot::Text),
        key("Keyword", Slot::Consent),
        key("msglong.msgcount", Slot::Parts),
        key("msglong.id", Slot::ReplySign),
        // The same as one JSON object.
        object(
            "msglong",
            Slot::ReplySign,
            &[key("msgcount", Slot::Parts), key("id", Slot::ReplySign)],
        ),
    ],
);

static WORDS: &[Word] = &[
    word("0", State::Accepted),
    word("1", State::Accepted),
    word("2", State::Sent),
    word("3", State::Delivered),
    word("4", State::Failed),
    word("6", State::Failed),
];

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::Mtarget,
    status: &[Slot::Status],
    words: WORDS,
    code: &[],
    classes: &[],
    text: &[Slot::Text],
    receipt: Shape {
        parts: &[Slot::Parts],
        ..Shape::NONE
    },
    reply: Shape {
        parts: &[Slot::Parts],
        ..Shape::NONE
    },
};

pub(super) fn decode<S: Sink>(request: &RequestView<'_>, sink: &mut S) -> Result<(), BodyError> {
    flat::decode(request, &ROOT, build, sink)
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    let has = |slot| row.slots.has(slot);
    if row.slots.is_filled(Slot::Status) {
        let event = PROFILE.receipt(row)?;
        check_reference(row, &event)?;
        return Ok(Some(event));
    }
    if !(has(Slot::Text) || has(Slot::From) || has(Slot::Consent) || has(Slot::ReplySign)) {
        return Err(row.fault(RejectCode::KindUnknown));
    }
    let keyword = row.value(Slot::Consent, usize::MAX)?;
    let is_stop = keyword.is_some_and(|word| word.trim().eq_ignore_ascii_case("stop"));
    let mut event = PROFILE.reply(row)?;
    handset(&mut event, row, &[Slot::From], None)?;
    match (is_stop, &event.text) {
        (true, None) => (event.kind, event.state) = (Kind::OptOut, Some(State::Stop)),
        (true, Some(_)) => event.consent = Some(State::Stop),
        (false, _) => {}
    }
    Ok(Some(event))
}
