//! CM.com: status reports as JSON or XML, inbound messages as JSON in two versions. A receipt
//! has no id of the provider's: the reference that was sent with the message is the only key.

use super::nested::{self, Tables};
use super::profile::{Profile, Shape, Word, check_reference, word};
use super::row::Row;
use super::slots::{Fault, Slot};
use super::table::{Key, key, object, rows};
use super::xml_rows::{self, xml_rows};
use super::{BodyError, RejectCode, RequestView, Sink, source};
use crate::event::{Event, Provider, State};

/// Reference of an inbound message: what is around a report must not share its slots.
const REPLY_REF: Slot = Slot::IdAlt;

static ROOT: Key = object(
    "",
    Slot::None,
    &[
        object("messages", Slot::None, &[REPORT]),
        key("reference", REPLY_REF),
        object("from", Slot::From, &[key("number", Slot::From)]),
        object("to", Slot::Sender, &[key("number", Slot::Sender)]),
        object("message", Slot::PartText, &[key("text", Slot::Text)]),
        key("body", Slot::TextAlt),
        key("groupings", Slot::ReplySign),
    ],
);
const REPORT: Key = rows(
    "msg",
    Slot::None,
    &[
        key("to", Slot::To),
        key("reference", Slot::Ref),
        object(
            "status",
            Slot::StatusAlt,
            &[key("code", Slot::Status), key("errorCode", Slot::Code)],
        ),
    ],
);

static TABLES: Tables = Tables {
    rows: None,
    flat: &ROOT,
    build,
};

static XML: xml_rows::Table = xml_rows::Table {
    row: "MSG",
    names: &[
        ("TO", Slot::To),
        ("FROM", Slot::From),
        ("REFERENCE", Slot::Ref),
        ("CODE", Slot::Status),
        ("STATUS", Slot::StatusAlt),
        ("ERRORCODE", Slot::Code),
        ("BODY", Slot::TextAlt),
    ],
};

static WORDS: &[Word] = &[
    word("0", State::Accepted),
    word("1", State::Rejected),
    word("2", State::Delivered),
    word("3", State::Failed),
];

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::Cm,
    status: &[Slot::Status, Slot::StatusAlt],
    words: WORDS,
    code: &[Slot::Code],
    classes: &[],
    text: &[Slot::Text, Slot::TextAlt, Slot::PartText],
    receipt: Shape {
        id: &[],
        contact: &[Slot::To],
        client_ref: &[Slot::Ref],
        ..Shape::NONE
    },
    reply: Shape {
        id: &[],
        contact: &[Slot::From],
        sender: &[Slot::Sender, Slot::To],
        client_ref: &[REPLY_REF, Slot::Ref],
        ..Shape::NONE
    },
};

pub(super) fn decode<S: Sink>(request: &RequestView<'_>, sink: &mut S) -> Result<(), BodyError> {
    match request.body.trim_ascii_start().first() {
        None => Err(source::nothing().into()),
        Some(b'<') => xml_rows(request, &XML, build, sink),
        Some(_) => nested::json_body(request.body, &TABLES, sink),
    }
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    let has = |slot| row.slots.has(slot);
    let is_reply = [Slot::From, Slot::Text, Slot::TextAlt, Slot::PartText]
        .into_iter()
        .any(has);
    if has(Slot::Status) || has(Slot::StatusAlt) {
        let event = PROFILE.receipt(row)?;
        check_reference(row, &event)?;
        return Ok(Some(event));
    }
    if is_reply || has(Slot::ReplySign) {
        return PROFILE.reply(row).map(Some);
    }
    Err(row.fault(RejectCode::KindUnknown))
}
