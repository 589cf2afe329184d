//! `SMSEagle`: messages that a device received, as query or form. Its ids are small numbers that
//! each device counts for itself, its times those of the device.

use super::handset::handset;
use super::profile::{Profile, Shape};
use super::row::Row;
use super::slots::{Fault, Slot};
use super::table::{Key, key, object};
use super::{BodyError, RejectCode, RequestView, Sink, flat};
use crate::event::{Event, Provider};

static ROOT: Key = object(
    "",
    Slot::None,
    &[
        key("msgid", Slot::Id),
        key("sender", Slot::From),
        key("text", Slot::Text),
    ],
);

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::SmsEagle,
    status: &[],
    words: &[],
    code: &[],
    classes: &[],
    text: &[Slot::Text],
    receipt: Shape::NONE,
    reply: Shape::NONE,
};

pub(super) fn decode<S: Sink>(request: &RequestView<'_>, sink: &mut S) -> Result<(), BodyError> {
    flat::decode(request, &ROOT, build, sink)
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    if !row.slots.has(Slot::Text) && !row.slots.has(Slot::From) {
        return Err(row.fault(RejectCode::KindUnknown));
    }
    let mut event = PROFILE.reply(row)?;
    handset(&mut event, row, &[Slot::From], None)?;
    Ok(Some(event))
}
