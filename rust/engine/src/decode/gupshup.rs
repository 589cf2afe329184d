//! Gupshup: delivery reports by query, under names that the operator may choose, or as a JSON
//! array, which may be wrapped in `response=`.

use super::nested::{self, Tables};
use super::profile::{Profile, Shape, Word, check_reference, word};
use super::row::{Row, Zone};
use super::slots::{Fault, Raw, Slot, Slots};
use super::source::{self, Source};
use super::table::{Key, key, object};
use super::tree::one_row;
use super::{BodyError, RejectCode, RequestView, Sink, Template, form};
use crate::event::{ErrorClass, Event, Provider, State};

const CAUSE: Slot = Slot::CodeAlt;

static REPORT: Key = object(
    "",
    Slot::None,
    &[
        key("externalId", Slot::Id),
        key("eventType", Slot::Status),
        key("status", Slot::StatusAlt),
        key("eventTs", Slot::Time),
        key("deliveredTS", Slot::TimeAlt),
        key("destAddr", Slot::To),
        key("phoneNo", Slot::Sender),
        key("srcAddr", Slot::From),
        key("cause", CAUSE),
        key("errCode", Slot::Code),
        key("noOfFrags", Slot::Parts),
    ],
);

/// Roles of a template and their slots.
static ROLES: &[(&str, Slot)] = &[
    ("message_id", Slot::Id),
    ("status", Slot::Status),
    ("dlr", Slot::Status),
    ("unix ms", Slot::Time),
    ("unix time", Slot::Time),
    ("contact", Slot::To),
    ("sender", Slot::From),
    ("reason", CAUSE),
    ("error_code", Slot::Code),
    ("parts", Slot::Parts),
    ("client_ref", Slot::Ref),
];

static TABLES: Tables = Tables {
    rows: None,
    flat: &REPORT,
    build,
};

static WORDS: &[Word] = &[
    word("SUCCESS", State::Delivered),
    word("DELIVERED", State::Delivered),
    word("FAILED", State::Failed),
    word("FAILURE", State::Failed),
    word("FAIL", State::Failed),
];

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::Gupshup,
    status: &[Slot::Status, Slot::StatusAlt],
    words: WORDS,
    code: &[Slot::Code],
    classes: &[],
    text: &[],
    receipt: Shape {
        contact: &[Slot::To, Slot::Sender],
        sender: &[Slot::From],
        time: &[Slot::Time, Slot::TimeAlt],
        zone: Zone::Unix,
        parts: &[Slot::Parts],
        client_ref: &[Slot::Ref],
        ..Shape::NONE
    },
    reply: Shape::NONE,
};

/// The name under which a form, or an object around all, holds the reports.
const RESPONSE: &str = "response";

pub(super) fn decode<S: Sink>(
    request: &RequestView<'_>,
    template: Option<&Template>,
    sink: &mut S,
) -> Result<(), BodyError> {
    let form = match source::find(request) {
        Source::Nothing => return Err(source::nothing().into()),
        Source::Json(body) => return nested::json_under(body, RESPONSE, &TABLES, sink),
        Source::Form(form) | Source::Query(form) => form,
    };
    if nested::json_in_form(form, RESPONSE, &TABLES, sink)? {
        return Ok(());
    }
    let mut slots = Slots::EMPTY;
    fields(form, template, &mut slots)?;
    Ok(one_row(&slots, "", build, sink)?)
}

/// A name of the template has the role it gives; others their usual one.
fn fields<'a>(
    form: &'a [u8],
    template: Option<&Template>,
    slots: &mut Slots<'a>,
) -> Result<(), Fault> {
    form::each_pair(form, |pair| {
        let slot = form::find_name(&pair, |wire| {
            let own = template.and_then(|template| {
                let mut roles = template.roles.iter();
                roles.find(|(name, _)| form::is_same(wire, name.as_bytes()))
            });
            match own {
                Some((_, role)) => ROLES.iter().find(|(known, _)| known == role).map(|r| r.1),
                None => REPORT.find(wire).map(|(_, key)| key.slot),
            }
        });
        if let Some(slot) = slot {
            slots.set(
                slot,
                Raw {
                    bytes: pair.value,
                    at: pair.at,
                    wire: pair.wire(),
                },
            );
        }
    })
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    let has = |slot| row.slots.has(slot);
    let signs = [Slot::Status, Slot::StatusAlt, CAUSE, Slot::Code];
    if !signs.into_iter().any(has) {
        return Err(row.fault(RejectCode::KindUnknown));
    }
    let mut event = PROFILE.receipt(row)?;
    let cause = row.value(CAUSE, usize::MAX)?;
    let is_absent =
        cause.is_some_and(|cause| cause.trim().eq_ignore_ascii_case("ABSENT_SUBSCRIBER"));
    if is_absent && event.error_class == Some(ErrorClass::Other) {
        event.error_class = Some(ErrorClass::Absent);
    }
    check_reference(row, &event)?;
    Ok(Some(event))
}
