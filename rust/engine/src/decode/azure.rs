//! Azure Communication Services: Event Grid events (a JSON array) or `CloudEvents` (one or an
//! array), and the handshakes that come before them.

use super::body::body_rows;
use super::profile::{Profile, Shape, Word, check_reference, word};
use super::row::Row;
use super::slots::{Fault, Slot};
use super::table::{Key, key, object, rows};
use super::{BodyError, RejectCode, RequestView, Sink};
use crate::event::{Event, Kind, Provider, State};

/// How `CloudEvents` call the type.
const CLOUD_TYPE: Slot = Slot::PartType;
/// Another name of the tag.
const TAG: Slot = Slot::Sender;

static ROOT: Key = rows(
    "",
    Slot::None,
    &[
        key("eventType", Slot::Event),
        key("type", CLOUD_TYPE),
        object(
            "data",
            Slot::None,
            &[
                key("messageId", Slot::Id),
                key("from", Slot::From),
                key("to", Slot::To),
                key("deliveryStatus", Slot::Status),
                key("deliveryStatusDetails", Slot::Code),
                key("receivedTimestamp", Slot::Time),
                key("Tag", Slot::Ref),
                key("tag", TAG),
                key("message", Slot::Text),
                key("segmentCount", Slot::Parts),
            ],
        ),
    ],
);

/// Ends of the names of the two events that are counted.
const REPORT: &str = ".SMSDeliveryReportReceived";
const INBOUND: &str = ".SMSReceived";
/// Handshakes, and what tells that there will be no more events.
const CONTROL: &str = "Microsoft.EventGrid.Subscription";

static WORDS: &[Word] = &[
    word("Delivered", State::Delivered),
    word("Failed", State::Failed),
];

const SHAPE: Shape = Shape {
    time: &[Slot::Time],
    parts: &[Slot::Parts],
    client_ref: &[Slot::Ref, TAG],
    ..Shape::NONE
};

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::Azure,
    status: &[Slot::Status],
    words: WORDS,
    code: &[Slot::Code],
    classes: &[],
    text: &[Slot::Text],
    receipt: Shape {
        contact: &[Slot::To],
        sender: &[Slot::From],
        ..SHAPE
    },
    reply: Shape {
        contact: &[Slot::From],
        sender: &[Slot::To],
        ..SHAPE
    },
};

pub(super) fn decode<S: Sink>(request: &RequestView<'_>, sink: &mut S) -> Result<(), BodyError> {
    if request.method == "OPTIONS" && request.body.is_empty() {
        sink.event(0, Event::new(Kind::Control, Provider::Azure));
        return Ok(());
    }
    body_rows(request, &ROOT, build, sink)
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    let name = row.first(&[Slot::Event, CLOUD_TYPE], usize::MAX)?;
    match name.as_deref() {
        Some(name) if starts(name, CONTROL) => Ok(Some(Event::new(Kind::Control, Provider::Azure))),
        Some(name) if ends(name, REPORT) => receipt(row).map(Some),
        Some(name) if ends(name, INBOUND) => PROFILE.reply(row).map(Some),
        None if row.slots.has(Slot::Status) => receipt(row).map(Some),
        None if row.slots.has(Slot::Text) => PROFILE.reply(row).map(Some),
        _ => Err(row.fault(RejectCode::KindUnknown)),
    }
}

/// Details come with every report; only those of a failure say why.
fn receipt<'s>(row: &mut Row<'s>) -> Result<Event<'s>, Fault> {
    let status = row.first(PROFILE.status, usize::MAX)?;
    let (state, is_final) = PROFILE.state(status.as_deref());
    let code = if state.is_failure() {
        row.code(PROFILE.code)?
    } else {
        None
    };
    let event = PROFILE.receipt_of(row, state, is_final, code)?;
    check_reference(row, &event)?;
    Ok(event)
}

fn starts(name: &str, with: &str) -> bool {
    let start = name.get(..with.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(with))
}

fn ends(name: &str, with: &str) -> bool {
    let at = name.len().checked_sub(with.len());
    let end = at.and_then(|at| name.get(at..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(with))
}
