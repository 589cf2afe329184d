//! Questions about consent: what put a contact in or keeps it out, as it stands or as it stood;
//! the ledger page by page; what waits for a person. Changes nothing.

use serde_json::{Map, Value, json};

use super::Engine;
use super::evidence::{Row, Show, row};
use crate::consent::Consent;
use crate::decode::number::{Contact, classify};
use crate::error::{EngineError, InputError};
use crate::event::{Grade, Position};
use crate::ledger::Fact;
use crate::limits::PAGE_COUNT_MAX;
use crate::state::State;

impl Engine {
    /// The facts about one number's consent, oldest first, and what follows from them: as of a
    /// moment (`at_ms`, by when they took effect), or as it was known at one (`known_at_ms`, by
    /// when they arrived).
    ///
    /// # Errors
    /// `ValueInvalid` when it is no number; `Io`, `LogCorrupt`, `Closed`.
    pub fn explain(
        &self,
        number: &str,
        at_ms: Option<i64>,
        known_at_ms: Option<i64>,
        show: Show,
    ) -> Result<Value, EngineError> {
        let Contact::Phone(number) = classify(number.as_bytes()) else {
            let reason = "is no phone number. Write it with its country code.".to_owned();
            let what = "number";
            return Err(InputError::ValueInvalid { what, reason }.into());
        };
        let mut facts = {
            let state = self.read()?;
            let contact = state.contacts.find(number);
            contact.map(|contact| {
                let facts = state.consent.of(contact);
                facts
                    .map(|(fact, position)| row(&state, fact, position))
                    .collect::<Vec<_>>()
            })
        };
        let is_known = facts.is_some();
        let mut facts = facts.take().unwrap_or_default();
        let until_us = at_ms.map_or(i64::MAX, |at_ms| at_ms.saturating_mul(1_000));
        facts.retain(|row| row.fact.at_us <= until_us);
        let mut rows = self.rows(&facts, show)?;
        if let Some(known_at_ms) = known_at_ms {
            let knew = |map: &Map<String, Value>| {
                let received_ms = map.get("received_ms").and_then(Value::as_i64);
                received_ms.is_none_or(|received_ms| received_ms <= known_at_ms)
            };
            let is_there: Vec<bool> = rows.iter().map(knew).collect();
            let mut there = is_there.iter();
            facts.retain(|_| there.next() == Some(&true));
            rows.retain(knew);
        }
        // What held then, from the facts of then alone.
        let mut then = Consent::default();
        for row in &facts {
            then.hear(row.fact, row.position);
        }
        let decides = facts
            .first()
            .and_then(|row| then.decides(row.fact.contact))
            .copied();
        for (map, row) in rows.iter_mut().zip(&facts) {
            let effect = effect(&then, row, decides);
            map.insert("effect".to_owned(), effect.into());
        }
        let at = facts.iter().find(|row| Some(row.fact) == decides);
        Ok(json!({
            "is_known": is_known,
            "suppressed": decides.is_some_and(|fact| fact.is_out),
            "decided_by": at.map(|row| row.position.0),
            "facts": rows,
        }))
    }

    /// A page of the ledger in order of log position, after `after`.
    ///
    /// # Errors
    /// `Io`, `LogCorrupt`, `Closed`.
    pub fn ledger(
        &self,
        after: Position,
        count_max: usize,
        show: Show,
    ) -> Result<Vec<Value>, EngineError> {
        let page = self.page(after, count_max, |_, _| true)?;
        Ok(values(self.rows(&page, show)?))
    }

    /// Likely opt-outs that nobody has looked at, in order of log position, after `after`. They
    /// suppress meanwhile.
    ///
    /// # Errors
    /// As `ledger`.
    pub fn reviews(
        &self,
        after: Position,
        count_max: usize,
        show: Show,
    ) -> Result<Vec<Value>, EngineError> {
        let waits = |state: &State, fact: &Fact| {
            fact.grade == Grade::Likely
                && fact.is_out
                && !fact.how.is_review()
                && state.consent.review(fact).is_none()
        };
        let page = self.page(after, count_max, waits)?;
        Ok(values(self.rows(&page, show)?))
    }

    fn page(
        &self,
        after: Position,
        count_max: usize,
        is_wanted: impl Fn(&State, &Fact) -> bool,
    ) -> Result<Vec<Row>, EngineError> {
        let state = self.read()?;
        let facts = state.consent.facts();
        let facts = facts.filter(|(fact, position)| *position > after && is_wanted(&state, fact));
        let mut places: Vec<(Position, Fact)> =
            facts.map(|(fact, position)| (position, *fact)).collect();
        let count_max = count_max.clamp(1, PAGE_COUNT_MAX);
        if places.len() > count_max {
            // Facts of one position stay on one page, since the next begins after it.
            let (_, (last, _), _) = places.select_nth_unstable(count_max - 1);
            let last = *last;
            places.retain(|(position, _)| *position <= last);
        }
        places.sort_unstable();
        let rows = places
            .iter()
            .map(|(position, fact)| row(&state, fact, *position));
        Ok(rows.collect())
    }
}

fn effect(then: &Consent, row: &Row, decides: Option<Fact>) -> &'static str {
    let fact = &row.fact;
    if fact.how.is_review() {
        "reviews"
    } else if Some(*fact) == decides {
        "decides"
    } else if !fact.is_word() {
        "not_trusted"
    } else if then.counts(fact) {
        "superseded"
    } else {
        "overturned"
    }
}

fn values(rows: Vec<Map<String, Value>>) -> Vec<Value> {
    rows.into_iter().map(Value::Object).collect()
}
