//! A profile's sections: which fields a kind of event is made of, and what tells the kind.

use super::doc::{Text, View, shown};
use super::fields::Fields;
use super::pattern::{self, Form, Times};
use super::{Condition, Section};
use crate::decode::slots::Slot;
use crate::decode::zone::Clock;
use crate::error::InputError;
use crate::event::{Kind, State};

const RECEIPT: &[&str] = &[
    "when",
    "message_id",
    "contact",
    "sender",
    "status",
    "error_code",
    "time",
    "time_format",
    "zone",
    "parts",
    "client_ref",
];
const REPLY: &[&str] = &[
    "when",
    "message_id",
    "contact",
    "sender",
    "text",
    "time",
    "time_format",
    "zone",
    "parts",
    "client_ref",
    "consent",
];
const OPTOUT: &[&str] = &[
    "when",
    "message_id",
    "contact",
    "sender",
    "time",
    "time_format",
    "zone",
    "client_ref",
    "consent",
    "state",
];

/// Sections in the order in which a row is held against them.
const SECTIONS: &[(&str, Kind, &[&str])] = &[
    ("control", Kind::Control, &["when"]),
    ("receipt", Kind::Receipt, RECEIPT),
    ("optout", Kind::OptOut, OPTOUT),
    ("reply", Kind::Reply, REPLY),
];

pub(super) fn times(
    view: &View<'_, '_>,
    format_key: &str,
    zone_key: &str,
    default: &Times,
) -> Result<Times, InputError> {
    let mut times = default.clone();
    if let Some((format, span)) = view.text(format_key)? {
        times.form = Form::read(&format).ok_or_else(|| {
            let reason = format!(
                "\"{}\" is no form of times; allowed are {}.",
                shown(&format),
                pattern::ALLOWED
            );
            view.error(&span, format_key, &reason)
        })?;
    }
    if let Some((zone, span)) = view.text(zone_key)? {
        let clock = Clock::named(&zone).ok_or_else(|| {
            let names: Vec<&str> = Clock::names().collect();
            let reason = format!(
                "\"{}\" is no zone known here; allowed are utc, an offset such as +05:30, {}. \
                 Leave it out where the zone is not known.",
                shown(&zone),
                names.join(", ")
            );
            view.error(&span, zone_key, &reason)
        })?;
        times.clock = Some(clock);
    }
    Ok(times)
}

pub(super) fn sections(
    top: &View<'_, '_>,
    fields: &mut Fields,
    default: &Times,
) -> Result<Vec<(Kind, Section)>, InputError> {
    let mut all = Vec::new();
    for (name, kind, allowed) in SECTIONS {
        if let Some(view) = top.table(name)? {
            view.only(allowed)?;
            all.push((*kind, section(&view, *kind, fields, default)?));
        }
    }
    if all.iter().any(|(kind, _)| *kind != Kind::Control) {
        return Ok(all);
    }
    let reason = "there is no [receipt], [reply] or [optout]; a profile has one of them at least.";
    Err(top.error(&(0..0), "", reason))
}

fn section(
    view: &View<'_, '_>,
    kind: Kind,
    fields: &mut Fields,
    default: &Times,
) -> Result<Section, InputError> {
    let mut slots = |key: &str| -> Result<Vec<Slot>, InputError> {
        let paths = view.texts(key)?.into_iter();
        paths
            .map(|(path, span)| {
                let slot = fields.slot(&path);
                slot.map_err(|reason| view.error(&span, key, &reason))
            })
            .collect()
    };
    let mut section = Section {
        id: slots("message_id")?,
        contact: slots("contact")?,
        sender: slots("sender")?,
        status: slots("status")?,
        code: slots("error_code")?,
        time: slots("time")?,
        text: slots("text")?,
        parts: slots("parts")?,
        client_ref: slots("client_ref")?,
        consent: slots("consent")?,
        times: times(view, "time_format", "zone", default)?,
        ..Section::default()
    };
    if kind == Kind::OptOut {
        let states = [("stop", State::Stop), ("start", State::Start)];
        section.state = view.one_of("state", &states)?;
    }
    section.when = conditions(view, fields)?;
    let missing =
        |key: &str| view.error(&view.span, key, "is missing, and nothing stands in for it.");
    match kind {
        Kind::Receipt if section.status.is_empty() => return Err(missing("status")),
        Kind::Reply if section.text.is_empty() => return Err(missing("text")),
        Kind::Reply | Kind::OptOut if section.contact.is_empty() => return Err(missing("contact")),
        Kind::OptOut if section.state.is_none() && section.consent.is_empty() => {
            return Err(missing("state"));
        }
        _ if !section.when.is_empty() => {}
        Kind::Receipt => section.when = one_filled(&section.status),
        Kind::Reply => section.when = one_present(&section.text),
        _ => return Err(missing("when")),
    }
    let is_nameless = kind == Kind::Receipt
        && section.id.is_empty()
        && section.contact.is_empty()
        && section.client_ref.is_empty();
    if is_nameless {
        let reason = "is missing, and so are contact and client_ref: nothing tells which message \
                      a receipt is about.";
        return Err(view.error(&view.span, "message_id", reason));
    }
    Ok(section)
}

/// Without a `when`, a receipt is what has a status.
fn one_filled(slots: &[Slot]) -> Vec<Condition> {
    vec![Condition::AnyFilled(slots.to_vec())]
}

/// Without a `when`, a reply is what has a text, if only an empty one.
fn one_present(slots: &[Slot]) -> Vec<Condition> {
    vec![Condition::AnyPresent(slots.to_vec())]
}

fn conditions(view: &View<'_, '_>, fields: &mut Fields) -> Result<Vec<Condition>, InputError> {
    let Some(value) = view.get("when") else {
        return Ok(Vec::new());
    };
    let list = match value.get_ref().as_array() {
        Some(list) => list.iter().collect(),
        None => vec![value],
    };
    let mut all = Vec::with_capacity(list.len());
    for item in list {
        if let Some(path) = item.get_ref().as_str() {
            let slot = fields.slot(path);
            let slot = slot.map_err(|reason| view.error(&item.span(), "when", &reason))?;
            all.push(Condition::Filled(slot, true));
            continue;
        }
        let expected = "a field's name, a table { field = \"...\", is = [...] }, or a list of such";
        let Some(table) = view.within("when", item) else {
            return Err(view.wrong("when", item, expected));
        };
        condition(&table, fields, &mut all)?;
    }
    Ok(all)
}

fn condition(
    view: &View<'_, '_>,
    fields: &mut Fields,
    all: &mut Vec<Condition>,
) -> Result<(), InputError> {
    view.only(&["field", "is", "not", "filled", "present", "route"])?;
    if let Some((route, _)) = view.text("route")? {
        all.push(Condition::Route(route.trim_matches('/').to_owned()));
    }
    let Some((path, span)) = view.text("field")? else {
        if view.get("route").is_some() && view.entries().count() == 1 {
            return Ok(());
        }
        return Err(view.error(
            &view.span,
            "field",
            "is missing; name the field, or a route.",
        ));
    };
    let slot = fields.slot(&path);
    let slot = slot.map_err(|reason| view.error(&span, "field", &reason))?;
    let before = all.len();
    let only = |texts: Vec<Text>| texts.into_iter().map(|(text, _)| text).collect();
    for (key, wanted) in [("is", true), ("not", false)] {
        let words = view.texts(key)?;
        if !words.is_empty() {
            all.push(Condition::Is(slot, only(words), wanted));
        }
    }
    if let Some(wanted) = view.flag("filled")? {
        all.push(Condition::Filled(slot, wanted));
    }
    if let Some(wanted) = view.flag("present")? {
        all.push(Condition::Present(slot, wanted));
    }
    if all.len() == before {
        all.push(Condition::Filled(slot, true));
    }
    Ok(())
}
