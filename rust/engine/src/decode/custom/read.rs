//! A profile's TOML -> a profile, or the one error that says what is wrong with it and what is
//! allowed. docs/add-a-provider.md describes every key.

use std::ops::Range;

use super::doc::{Doc, Text, View, shown};
use super::fields::Fields;
use super::meanings::{answer, codes, consent, words};
use super::pattern::Times;
use super::sections::{sections, times};
use super::{Custom, Requests};
use crate::decode::slots::Slot;
use crate::error::InputError;
use crate::facts::Parts;
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
    "charset",
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
    /// Whether this is its name or an alias.
    pub fn is_named(&self, name: &str) -> bool {
        self.name == name || self.aliases.iter().any(|alias| alias == name)
    }

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
        is_latin: top
            .one_of("charset", &[("utf-8", false), ("iso-8859-1", true)])?
            .unwrap_or_default(),
        ids: ids(&top)?,
        parts: top
            .one_of("parts", &[("whole", Parts::Whole), ("each", Parts::Each)])?
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

fn zone_name(view: &View<'_, '_>, key: &str) -> Result<Option<String>, InputError> {
    Ok(view.text(key)?.map(|(name, _)| name))
}
