//! A profile's words: what statuses, error codes and signs of consent mean, and what is answered.

use super::doc::{View, shown};
use super::{Codes, Words};
use crate::error::InputError;
use crate::event::{ErrorClass, State};
use crate::facts::Answer;

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

pub(super) fn words(top: &View<'_, '_>) -> Result<Words, InputError> {
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
    let other = view.one_of("other", &states)?;
    words.other = other.map(|state| (state, state.is_final()));
    Ok(words)
}

pub(super) fn codes(top: &View<'_, '_>) -> Result<Codes, InputError> {
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

pub(super) fn consent(top: &View<'_, '_>) -> Result<Vec<(String, State)>, InputError> {
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

pub(super) fn answer(top: &View<'_, '_>) -> Result<Answer, InputError> {
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
