//! Gateways told by a loaded profile: the same walk along the same kind of table as built-in
//! providers have, and one builder that asks the profile what a row means.
//!
//! Reading profiles is `custom/read.rs`. Knows nothing of files.

mod describe;
mod doc;
mod fields;
mod meanings;
mod pattern;
pub(crate) mod read;
mod sections;

use super::handset::handset;
use super::latin::latin;
use super::profile::check_reference;
use super::row::{Builder, Row, clean_code};
use super::slots::{Fault, Slot, Slots};
use super::source::{self, Source};
use super::table::Key;
use super::tree::{form_slots, json_rows_with, one_row_with};
use super::{BodyError, RejectCode, RequestView, Sink};
use crate::event::{ErrorClass, Event, Kind, Provider, State};
use crate::facts::{Answer, Parts};
use crate::ids::{IdForms, Scoped};
use crate::limits::{ID_BYTES_MAX, REPLY_TEXT_BYTES_MAX, SENDER_BYTES_MAX};
use pattern::Times;
use std::borrow::Cow;

/// One loaded profile.
pub struct Custom {
    name: &'static str,
    aliases: Vec<String>,
    title: String,
    requests: Requests,
    /// Names of queries and forms.
    flat: &'static Key,
    /// Names of JSON bodies.
    tree: &'static Key,
    kinds: Vec<(Kind, Section)>,
    words: Words,
    codes: Codes,
    consent: Vec<(String, State)>,
    country: Option<u32>,
    /// Texts and senders of forms are in ISO-8859-1.
    is_latin: bool,
    ids: IdForms,
    parts: Parts,
    clock: String,
    signature: Option<String>,
    answer: Answer,
}

/// Which kinds of request a gateway sends.
#[derive(Clone, Copy, Debug, Default)]
struct Requests {
    query: bool,
    form: bool,
    json: bool,
}

/// Which fields a kind of event is made of; of several the first that is filled counts.
#[derive(Debug, Default)]
struct Section {
    when: Vec<Condition>,
    id: Vec<Slot>,
    contact: Vec<Slot>,
    sender: Vec<Slot>,
    status: Vec<Slot>,
    code: Vec<Slot>,
    time: Vec<Slot>,
    times: Times,
    text: Vec<Slot>,
    parts: Vec<Slot>,
    client_ref: Vec<Slot>,
    consent: Vec<Slot>,
    /// Opt-out notices whose state no field tells.
    state: Option<State>,
}

/// What must hold for a row to be of a kind.
#[derive(Debug)]
enum Condition {
    /// A field is there and not empty, or is not.
    Filled(Slot, bool),
    /// A field is there, if only empty, or is not.
    Present(Slot, bool),
    /// One of these fields is there and not empty.
    AnyFilled(Vec<Slot>),
    /// One of these fields is there, if only empty.
    AnyPresent(Vec<Slot>),
    /// A field is one of these words, or is filled with none of them.
    Is(Slot, Vec<String>, bool),
    /// The path of the request ends so.
    Route(String),
}

/// Status words.
#[derive(Debug, Default)]
struct Words {
    listed: Vec<(String, State, bool)>,
    other: Option<(State, bool)>,
}

/// Error codes.
#[derive(Debug, Default)]
struct Codes {
    classes: Vec<(ErrorClass, Vec<String>)>,
    /// Codes that say that nothing is wrong.
    none: Vec<String>,
    /// What stands there counts only where the message failed.
    failures_only: bool,
}

impl PartialEq for Custom {
    /// A profile is the same as itself only: its text is kept once.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Custom {}

impl std::fmt::Debug for Custom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Custom({})", self.name)
    }
}

impl Custom {
    /// Its name, which events carry and `/hooks/NAME` leads to.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Other names of it.
    pub fn aliases(&self) -> impl Iterator<Item = &str> {
        self.aliases.iter().map(String::as_str)
    }

    /// Whether this is its name or an alias.
    pub fn is_named(&self, name: &str) -> bool {
        self.name == name || self.aliases.iter().any(|alias| alias == name)
    }

    /// What it expects to hear when a request was kept.
    pub const fn answer(&self) -> &Answer {
        &self.answer
    }

    /// The scheme of its signatures, if it names one.
    pub fn signature(&self) -> Option<&str> {
        self.signature.as_deref()
    }

    /// The scope of its message ids for an account, which may be empty.
    pub fn scope(&self, account: &str) -> String {
        Scoped::write(self.name, self.ids, account)
    }

    /// Reads one request.
    ///
    /// # Errors
    /// [`BodyError`] when nothing in the body can be read; nothing was given to the sink then.
    pub fn decode<S: Sink>(
        &'static self,
        request: &RequestView<'_>,
        sink: &mut S,
    ) -> Result<(), BodyError> {
        if request.is_probe() {
            sink.event(0, self.event(Kind::Control));
            return Ok(());
        }
        let path = request.target.split('?').next().unwrap_or_default();
        let job = Job {
            custom: self,
            path: path.trim_end_matches('/'),
        };
        let is_flat = self.requests.form || self.requests.query;
        match source::find(request) {
            Source::Nothing => Err(source::nothing().into()),
            Source::Json(body) if self.requests.json => json_rows_with(body, self.tree, &job, sink),
            Source::Form(body) if !is_flat => json_rows_with(body, self.tree, &job, sink),
            Source::Query(form) if self.requests.query => job.flat(form, sink),
            Source::Form(form) if self.requests.form => job.flat(form, sink),
            _ => Err(Fault::new(0, RejectCode::TypeUnsupported).into()),
        }
    }

    const fn event(&self, kind: Kind) -> Event<'static> {
        let mut event = Event::new(kind, Provider::Profile);
        event.profile = Some(self.name);
        event
    }

    fn state(&self, status: &str) -> (State, bool) {
        let mut words = self.words.listed.iter();
        let known = words.find(|(word, ..)| word.eq_ignore_ascii_case(status));
        match known {
            Some((_, state, is_final)) => (*state, *is_final),
            None => self.words.other.unwrap_or((State::Unknown, false)),
        }
    }

    fn class(&self, state: State, code: Option<&str>) -> Option<ErrorClass> {
        match state {
            State::Expired => return Some(ErrorClass::Expired),
            State::Filtered => return Some(ErrorClass::Filtered),
            _ if !state.is_failure() => return None,
            _ => {}
        }
        let code = code?;
        let is_listed = |codes: &[String]| codes.iter().any(|listed| listed == code);
        let mut classes = self.codes.classes.iter();
        let listed = classes.find(|(_, codes)| is_listed(codes));
        Some(listed.map_or(ErrorClass::Other, |(class, _)| *class))
    }

    /// What a word says of consent.
    fn consent(&self, word: &str) -> Option<State> {
        let mut words = self.consent.iter();
        let known = words.find(|(known, _)| known.eq_ignore_ascii_case(word));
        known.map(|(_, state)| *state)
    }
}

/// A profile at work on one request.
struct Job<'p> {
    custom: &'static Custom,
    path: &'p str,
}

/// Longest status word that is compared.
const WORD_BYTES_MAX: usize = 255;

impl Job<'_> {
    fn flat<S: Sink>(&self, form: &[u8], sink: &mut S) -> Result<(), BodyError> {
        let mut slots = Slots::EMPTY;
        let whole = form_slots(form, self.custom.flat, &mut slots)?;
        Ok(one_row_with(&slots, whole, self, sink)?)
    }

    fn holds(&self, row: &mut Row<'_>, condition: &Condition) -> Result<bool, Fault> {
        Ok(match condition {
            Condition::Filled(slot, wanted) => row.slots.is_filled(*slot) == *wanted,
            Condition::Present(slot, wanted) => row.slots.has(*slot) == *wanted,
            Condition::AnyFilled(slots) => slots.iter().any(|slot| row.slots.is_filled(*slot)),
            Condition::AnyPresent(slots) => slots.iter().any(|slot| row.slots.has(*slot)),
            Condition::Is(slot, words, wanted) => {
                let value = word(row, &[*slot])?;
                value.is_some_and(|value| {
                    words.iter().any(|w| w.eq_ignore_ascii_case(&value)) == *wanted
                })
            }
            Condition::Route(end) => {
                let rest = self.path.strip_suffix(end.as_str());
                rest.is_some_and(|rest| rest.ends_with('/'))
            }
        })
    }

    fn receipt<'s>(&self, section: &Section, row: &mut Row<'s>) -> Result<Event<'s>, Fault> {
        let custom = self.custom;
        let status = word(row, &section.status)?;
        let (state, is_final) = custom.state(status.as_deref().unwrap_or_default());
        let code = row.first(&section.code, usize::MAX)?.and_then(clean_code);
        let is_counted = |code: &Cow<'_, str>| {
            !custom.codes.none.iter().any(|none| none == code)
                && (state.is_failure() || !custom.codes.failures_only)
        };
        let mut event = custom.event(Kind::Receipt);
        event.state = Some(state);
        event.is_final = Some(is_final);
        event.error_code = code.filter(is_counted);
        event.error_class = custom.class(state, event.error_code.as_deref());
        self.fill(&mut event, section, row)?;
        check_reference(row, &event)?;
        Ok(event)
    }

    fn reply<'s>(&self, section: &Section, row: &mut Row<'s>) -> Result<Event<'s>, Fault> {
        let mut event = self.custom.event(Kind::Reply);
        self.fill(&mut event, section, row)?;
        event.text = if self.custom.is_latin {
            let text = section.text.iter().find(|slot| row.slots.has(**slot));
            let text = text.map(|slot| latin(row, *slot, REPLY_TEXT_BYTES_MAX));
            text.transpose()?.flatten()
        } else {
            row.reply_text(&section.text)?
        };
        let sign = word(row, &section.consent)?;
        event.consent = sign.and_then(|sign| self.custom.consent(&sign));
        Ok(event)
    }

    fn opt_out<'s>(&self, section: &Section, row: &mut Row<'s>) -> Result<Event<'s>, Fault> {
        let mut event = self.custom.event(Kind::OptOut);
        self.fill(&mut event, section, row)?;
        let sign = word(row, &section.consent)?;
        let told = sign.and_then(|sign| self.custom.consent(&sign));
        event.state = told.or(section.state);
        if event.state.is_none() {
            return Err(row.fault(RejectCode::KindUnknown));
        }
        Ok(event)
    }

    fn fill<'s>(
        &self,
        event: &mut Event<'s>,
        section: &Section,
        row: &mut Row<'s>,
    ) -> Result<(), Fault> {
        row.fill(&mut event.message_id, &section.id, ID_BYTES_MAX)?;
        handset(event, row, &section.contact, self.custom.country)?;
        if self.custom.is_latin {
            let filled = section
                .sender
                .iter()
                .find(|slot| row.slots.is_filled(**slot));
            let sender = filled.map(|slot| latin(row, *slot, SENDER_BYTES_MAX));
            event.sender = sender.transpose()?.flatten();
        } else {
            row.fill(&mut event.sender, &section.sender, SENDER_BYTES_MAX)?;
        }
        let filled = section.time.iter().find(|slot| row.slots.is_filled(**slot));
        if let Some(slot) = filled {
            let text = row.text(*slot).unwrap_or_default();
            event.occurred_us = text.and_then(|text| section.times.read(&text));
        }
        event.parts = row.parts(&section.parts);
        row.fill(&mut event.client_ref, &section.client_ref, ID_BYTES_MAX)
    }
}

impl Builder for Job<'_> {
    fn build<'s>(&self, row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
        for (kind, section) in &self.custom.kinds {
            let mut fits = true;
            for condition in &section.when {
                fits = fits && self.holds(row, condition)?;
            }
            if !fits {
                continue;
            }
            return match kind {
                Kind::Receipt => self.receipt(section, row),
                Kind::Reply => self.reply(section, row),
                Kind::OptOut => self.opt_out(section, row),
                _ => Ok(self.custom.event(Kind::Control)),
            }
            .map(Some);
        }
        Err(row.fault(RejectCode::KindUnknown))
    }
}

/// The first of these fields that is filled, without blanks around it.
fn word<'s>(row: &mut Row<'s>, slots: &[Slot]) -> Result<Option<Cow<'s, str>>, Fault> {
    for slot in slots {
        // True and false are words as well as any.
        let raw = row.slots.get(*slot);
        let value = match raw.wire {
            super::slots::Wire::True => Some(Cow::Borrowed("true")),
            super::slots::Wire::False => Some(Cow::Borrowed("false")),
            _ => row.value(*slot, WORD_BYTES_MAX)?,
        };
        match value {
            Some(Cow::Borrowed(text)) => return Ok(Some(Cow::Borrowed(text.trim()))),
            Some(Cow::Owned(text)) => return Ok(Some(Cow::Owned(text.trim().to_owned()))),
            None => {}
        }
    }
    Ok(None)
}
