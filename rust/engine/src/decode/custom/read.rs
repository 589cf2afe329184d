//! A profile's TOML -> a profile, or the one error that says what is wrong with it and what is
//! allowed. docs/add-a-provider.md describes every key.

use std::ops::Range;

use super::doc::{Doc, Text, View};
use super::fields::Fields;
use super::pattern::{self, Form, Times};
use super::{Codes, Condition, Custom, Requests, Section, Words};
use crate::decode::slots::Slot;
use crate::decode::zone::Clock;
use crate::error::InputError;
use crate::event::{ErrorClass, Kind, State};
use crate::facts::{Answer, Parts};
use crate::ids::IdForms;
use crate::limits::PROFILE_BYTES_MAX;

/// Longest name: it stands in paths, and before accounts.
const NAME_BYTES_MAX: usize = 32;

const TOP: &[&str] = &[
    "name",
    "aliases",
    "title",
    "request",
    "rows",
    "country",
    "ids",
    "parts",
    "signature",
    "time",
    "receipt",
    "reply",
    "optout",
    "control",
    "states",
    "errors",
    "consent",
    "answer",
];
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

/// States that a status word may mean.
const STATES: &[State] = &[
    State::Queued,
    State::Accepted,
    State::Sent,
    State::Delivered,
    State::Undelivered,
    State::Failed,
    State::Rejected,
    State::Expired,
    State::Filtered,
    State::Read,
    State::Unknown,
];

/// A profile that was read and is not kept yet.
#[derive(Debug)]
pub(crate) struct Draft {
    pub name: String,
    pub aliases: Vec<String>,
    name_span: Range<usize>,
    fields: Fields,
    custom: Custom,
}

impl Draft {
    /// An error in its name.
    pub fn name_error(&self, file: &str, text: &str, reason: &str) -> InputError {
        Doc { file, text }.error(&self.name_span, "name", reason)
    }

    /// The profile, whose tables stay in memory from now on.
    pub fn finish(self) -> Custom {
        let name: &'static str = String::leak(self.name);
        Custom {
            name,
            aliases: self.aliases,
            flat: self.fields.flat(),
            tree: self.fields.tree(),
            ..self.custom
        }
    }
}

/// Reads one file.
///
/// # Errors
/// `ProfileInvalid`.
pub(crate) fn read(file: &str, text: &str) -> Result<Draft, InputError> {
    let doc = Doc { file, text };
    if text.len() > PROFILE_BYTES_MAX {
        let reason = format!(
            "the file is {} bytes; a profile has at most {PROFILE_BYTES_MAX}.",
            text.len()
        );
        return Err(doc.error(&(0..0), "", &reason));
    }
    let table = doc.parse()?;
    let top = View::top(doc, &table);
    top.only(TOP)?;
    let (name, name_span) = name(&top)?;
    let mut fields = Fields::default();
    fields.rows = rows(&top)?;
    let default_times = match top.table("time")? {
        Some(time) => {
            time.only(&["format", "zone"])?;
            (
                times(&time, "format", "zone", &Times::default())?,
                zone_name(&time, "zone")?,
            )
        }
        None => (Times::default(), None),
    };
    let kinds = sections(&top, &mut fields, &default_times.0)?;
    let requests = requests(&top)?;
    if fields.rows.is_some() && !requests.json {
        let span = top.get("rows").map_or(0..0, toml::Spanned::span);
        return Err(top.error(&span, "rows", "needs \"json\" in `request`."));
    }
    let custom = Custom {
        name: "",
        aliases: Vec::new(),
        title: top
            .text("title")?
            .map_or_else(|| name.clone(), |(title, _)| title),
        requests,
        flat: EMPTY,
        tree: EMPTY,
        kinds,
        words: words(&top)?,
        codes: codes(&top)?,
        consent: consent(&top)?,
        country: top.number("country", 1..1_000)?,
        ids: ids(&top)?,
        parts: one_of(
            &top,
            "parts",
            &[("whole", Parts::Whole), ("each", Parts::Each)],
        )?
        .unwrap_or_default(),
        clock: default_times.1.unwrap_or_else(|| "named".to_owned()),
        signature: top.text("signature")?.map(|(scheme, _)| scheme),
        answer: answer(&top)?,
    };
    Ok(Draft {
        name,
        aliases: aliases(&top)?,
        name_span,
        fields,
        custom,
    })
}

static EMPTY: &crate::decode::table::Key = &crate::decode::table::key("", Slot::None);

fn name(top: &View<'_, '_>) -> Result<Text, InputError> {
    match top.text("name")? {
        Some((name, span)) => check_name(top, "name", name, span),
        None => Err(top.error(
            &(0..0),
            "name",
            "is missing; name = \"acme\" is what a profile begins with.",
        )),
    }
}

fn aliases(top: &View<'_, '_>) -> Result<Vec<String>, InputError> {
    let all = top.texts("aliases")?.into_iter();
    all.map(|(name, span)| check_name(top, "aliases", name, span).map(|(name, _)| name))
        .collect()
}

fn check_name(
    top: &View<'_, '_>,
    key: &str,
    name: String,
    span: Range<usize>,
) -> Result<Text, InputError> {
    let is_first = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_part = |byte: u8| is_first(byte) || matches!(byte, b'-' | b'_' | b'.');
    let is_sound = (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().take(1).all(is_first)
        && name.bytes().all(is_part);
    if is_sound {
        return Ok((name, span));
    }
    let reason = format!(
        "\"{}\" is no name; use 1 to {NAME_BYTES_MAX} of a-z, 0-9, '-', '_' and '.', a letter or \
         digit first.",
        shown(&name)
    );
    Err(top.error(&span, key, &reason))
}

/// As much of a value as an error repeats.
fn shown(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_debug).collect()
}

fn rows(top: &View<'_, '_>) -> Result<Option<String>, InputError> {
    let Some((path, span)) = top.text("rows")? else {
        return Ok(None);
    };
    if path == "[]" {
        return Ok(Some(String::new()));
    }
    let is_sound = |name: &str| !name.is_empty() && !name.contains(['[', ']', '/']);
    if path.split('.').all(is_sound) {
        return Ok(Some(path));
    }
    let reason = "is the path of the array of rows, as in \"results\" or \"data.items\"; \"[]\" is \
                  an array at the top of the body.";
    Err(top.error(&span, "rows", reason))
}

fn requests(top: &View<'_, '_>) -> Result<Requests, InputError> {
    let mut requests = Requests::default();
    let words = top.texts("request")?;
    for (word, span) in &words {
        match word.as_str() {
            "query" => requests.query = true,
            "form" => requests.form = true,
            "json" => requests.json = true,
            _ => {
                let reason = format!(
                    "\"{}\" is no form of request; allowed are query, form, json, or a list.",
                    shown(word)
                );
                return Err(top.error(span, "request", &reason));
            }
        }
    }
    if words.is_empty() {
        let reason =
            "is missing; say which requests come: \"query\", \"form\", \"json\", or a list.";
        return Err(top.error(&(0..0), "request", reason));
    }
    Ok(requests)
}

fn ids(top: &View<'_, '_>) -> Result<IdForms, InputError> {
    let words = top.texts("ids")?;
    words
        .iter()
        .try_fold(IdForms::EXACT, |forms, (word, span)| {
            forms.with_word(word).ok_or_else(|| {
                let reason = format!(
                    "\"{}\" is no form of ids; allowed are {}, or nothing for ids as they are.",
                    shown(word),
                    IdForms::WORDS.join(", ")
                );
                top.error(span, "ids", &reason)
            })
        })
}

fn one_of<T: Copy>(
    view: &View<'_, '_>,
    key: &str,
    allowed: &[(&str, T)],
) -> Result<Option<T>, InputError> {
    let Some((word, span)) = view.text(key)? else {
        return Ok(None);
    };
    let known = allowed.iter().find(|(name, _)| *name == word);
    known.map(|(_, value)| Some(*value)).ok_or_else(|| {
        let names: Vec<&str> = allowed.iter().map(|(name, _)| *name).collect();
        let reason = format!(
            "\"{}\" is not allowed; use one of: {}.",
            shown(&word),
            names.join(", ")
        );
        view.error(&span, key, &reason)
    })
}

fn zone_name(view: &View<'_, '_>, key: &str) -> Result<Option<String>, InputError> {
    Ok(view.text(key)?.map(|(name, _)| name))
}

fn times(
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

fn sections(
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
        section.state = one_of(view, "state", &states)?;
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

fn words(top: &View<'_, '_>) -> Result<Words, InputError> {
    let Some(view) = top.table("states")? else {
        return match top.table("receipt")? {
            Some(receipt) => {
                let reason = "is missing: a profile with receipts says what its status words mean, \
                              as in [states] delivered = [\"OK\"].";
                Err(top.error(&receipt.span, "states", reason))
            }
            None => Ok(Words::default()),
        };
    };
    let names = || STATES.iter().map(|state| state.name());
    let allowed: Vec<&str> = names().chain(["other", "final", "not_final"]).collect();
    view.only(&allowed)?;
    let mut words = Words::default();
    for state in STATES {
        for (word, span) in view.texts(state.name())? {
            if words
                .listed
                .iter()
                .any(|(known, ..)| known.eq_ignore_ascii_case(&word))
            {
                let reason = format!("\"{}\" has a state already.", shown(&word));
                return Err(view.error(&span, state.name(), &reason));
            }
            words.listed.push((word, *state, state.is_final()));
        }
    }
    for (key, is_final) in [("final", true), ("not_final", false)] {
        for (word, span) in view.texts(key)? {
            let mut listed = words.listed.iter_mut();
            let known = listed.find(|(known, ..)| known.eq_ignore_ascii_case(&word));
            let Some((_, _, place)) = known else {
                let reason = format!(
                    "\"{}\" has no state; list it under one first.",
                    shown(&word)
                );
                return Err(view.error(&span, key, &reason));
            };
            *place = is_final;
        }
    }
    let states: Vec<(&str, State)> = STATES.iter().map(|state| (state.name(), *state)).collect();
    let other = one_of(&view, "other", &states)?;
    words.other = other.map(|state| (state, state.is_final()));
    Ok(words)
}

fn codes(top: &View<'_, '_>) -> Result<Codes, InputError> {
    let mut codes = Codes::default();
    let Some(view) = top.table("errors")? else {
        return Ok(codes);
    };
    let names = || ErrorClass::ALL.iter().map(|class| class.name());
    let allowed: Vec<&str> = names().chain(["none", "failures_only"]).collect();
    view.only(&allowed)?;
    for class in ErrorClass::ALL {
        let listed = view.texts(class.name())?;
        if !listed.is_empty() {
            let listed = listed.into_iter().map(|(code, _)| code).collect();
            codes.classes.push((*class, listed));
        }
    }
    codes.none = view
        .texts("none")?
        .into_iter()
        .map(|(code, _)| code)
        .collect();
    codes.failures_only = view.flag("failures_only")?.unwrap_or(false);
    Ok(codes)
}

fn consent(top: &View<'_, '_>) -> Result<Vec<(String, State)>, InputError> {
    let mut all = Vec::new();
    let Some(view) = top.table("consent")? else {
        return Ok(all);
    };
    view.only(&["stop", "start", "help"])?;
    for state in [State::Stop, State::Start, State::Help] {
        let words = view.texts(state.name())?.into_iter();
        all.extend(words.map(|(word, _)| (word, state)));
    }
    Ok(all)
}

fn answer(top: &View<'_, '_>) -> Result<Answer, InputError> {
    let Some(view) = top.table("answer")? else {
        return Ok(Answer::EMPTY);
    };
    view.only(&["status", "content_type", "body"])?;
    let status = view.number("status", 200..203)?.unwrap_or(200);
    let header = view.text("content_type")?;
    if let Some((kind, span)) = &header
        && !kind.bytes().all(|byte| (b' '..0x7f).contains(&byte))
    {
        return Err(view.error(
            span,
            "content_type",
            "has a character that no header may have.",
        ));
    }
    let body = view
        .text("body")?
        .map_or_else(String::new, |(body, _)| body);
    let kind = header.map_or_else(String::new, |(kind, _)| kind);
    let kind = if body.is_empty() || !kind.is_empty() {
        kind
    } else {
        "text/plain".to_owned()
    };
    Ok(Answer {
        status: u16::try_from(status).unwrap_or(200),
        content_type: String::leak(kind),
        body: String::leak(body),
    })
}
