//! MSG91: delivery reports as JSON inside a form (v2: requests, each with its reports), or as
//! one JSON object a report (v3). One id stands for a whole request, so the number counts.

use super::nested::{self, Tables};
use super::profile::{Profile, Shape, Word, check_reference, word};
use super::row::Row;
use super::slots::{Fault, Slot, Slots};
use super::source::{self, Source};
use super::table::{Key, key, object, rows};
use super::tree::{form_slots, one_row};
use super::{BodyError, RejectCode, RequestView, Sink};
use crate::event::{ErrorClass, Event, Provider, State};
use std::borrow::Cow;

/// Around an array of reports.
static REQUEST: Key = object(
    "",
    Slot::None,
    &[
        key("requestId", Slot::Id),
        key("senderId", Slot::From),
        rows(
            "report",
            Slot::None,
            &[
                key("requestId", Slot::IdAlt),
                key("senderId", Slot::Sender),
                key("number", Slot::To),
                key("status", Slot::Status),
                key("desc", Slot::StatusAlt),
                key("failedReason", Slot::Code),
                key("clientid", Slot::Ref),
            ],
        ),
    ],
);

/// A report by itself.
static REPORT: Key = object(
    "",
    Slot::None,
    &[
        key("requestId", Slot::Id),
        key("senderId", Slot::From),
        key("number", Slot::To),
        key("status", Slot::Status),
        key("desc", Slot::StatusAlt),
        key("failedReason", Slot::Code),
        key("clientid", Slot::Ref),
    ],
);

static TABLES: Tables = Tables {
    rows: Some(("report", &REQUEST)),
    flat: &REPORT,
    build,
};

static WORDS: &[Word] = &[
    word("1", State::Delivered),
    word("2", State::Failed),
    word("9", State::Rejected),
    word("16", State::Rejected),
    word("17", State::Rejected),
    word("25", State::Rejected),
    word("26", State::Rejected),
    // The same outcomes in the words of `desc`.
    word("DELIVERED", State::Delivered),
    word("FAILED", State::Failed),
    word("NDNC", State::Rejected),
    word("REJECTED", State::Rejected),
    word("BLOCKED", State::Rejected),
];

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::Msg91,
    status: &[Slot::Status, Slot::StatusAlt],
    words: WORDS,
    code: &[Slot::Code],
    classes: &[],
    text: &[],
    receipt: Shape {
        id: &[Slot::IdAlt, Slot::Id],
        contact: &[Slot::To],
        sender: &[Slot::Sender, Slot::From],
        client_ref: &[Slot::Ref],
        ..Shape::NONE
    },
    reply: Shape::NONE,
};

/// The name under which a form, or an object around all, holds the reports.
const DATA: &str = "data";

pub(super) fn decode<S: Sink>(request: &RequestView<'_>, sink: &mut S) -> Result<(), BodyError> {
    let form = match source::find(request) {
        Source::Nothing => return Err(source::nothing().into()),
        Source::Json(body) => return nested::json_under(body, DATA, &TABLES, sink),
        Source::Form(form) | Source::Query(form) => form,
    };
    if nested::json_in_form(form, DATA, &TABLES, sink)? {
        return Ok(());
    }
    let mut slots = Slots::EMPTY;
    let whole = form_slots(form, &REPORT, &mut slots)?;
    Ok(one_row(&slots, whole, build, sink)?)
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    let has = |slot| row.slots.has(slot);
    if ![Slot::Status, Slot::StatusAlt, Slot::Code]
        .into_iter()
        .any(has)
    {
        return Err(row.fault(RejectCode::KindUnknown));
    }
    let (state, is_final) = state(row)?;
    // The reason is prose, which says something on failures only.
    let reason = row.code(PROFILE.code)?.filter(|_| state.is_failure());
    let is_absent = reason.as_deref().is_some_and(is_absent);
    let mut event = PROFILE.receipt_of(row, state, is_final, reason)?;
    if is_absent && event.error_class == Some(ErrorClass::Other) {
        event.error_class = Some(ErrorClass::Absent);
    }
    check_reference(row, &event)?;
    Ok(Some(event))
}

/// The number says more than the word, but the word of a number that is not listed may be.
fn state(row: &mut Row<'_>) -> Result<(State, bool), Fault> {
    for slot in PROFILE.status {
        let word: Option<Cow<'_, str>> = row.value(*slot, usize::MAX)?;
        let state = PROFILE.state(word.as_deref().map(str::trim));
        if state.0 != State::Unknown {
            return Ok(state);
        }
    }
    Ok((State::Unknown, false))
}

/// `Absent Subscriber`, however it is written.
fn is_absent(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    reason.contains("absent") && reason.contains("subscriber")
}
