//! Rows of the ledger: facts from memory, and who said what in which words from the log.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Engine;
use crate::codec::{CodecError, Reader, Record, decode_record};
use crate::error::{ClosedError, EngineError, StorageError};
use crate::event::Position;
use crate::ledger::Fact;
use crate::log::pick::pick;
use crate::state::State;

/// What a row of the ledger shows beside the facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Show {
    /// The words that were said or agreed to.
    pub wording: bool,
    /// Phone numbers.
    pub numbers: bool,
}

type Seen<'a> = dyn FnMut(u64, i64, &Record<'_>) -> Result<(), StorageError> + 'a;

impl Engine {
    /// Gives the records at these positions, ascending, with the arrival of each.
    pub(super) fn records(&self, wanted: &[u64], see: &mut Seen<'_>) -> Result<(), EngineError> {
        let disk = self
            .lock_open()
            .as_ref()
            .map(|open| Arc::clone(&open.disk))
            .ok_or(EngineError::Closed(ClosedError))?;
        self.check_kept(disk.as_ref(), wanted.first().copied())?;
        pick(
            disk.as_ref(),
            &self.identity,
            wanted,
            &mut |head, payload| {
                let mut reader = Reader::new(payload);
                let mut position = head.position;
                while !reader.is_done() {
                    let record = decode_record(&mut reader).map_err(unreadable)?;
                    if wanted.binary_search(&position).is_ok() {
                        see(position, head.received_ms, &record)?;
                    }
                    position += 1;
                }
                Ok(())
            },
        )?;
        Ok(())
    }

    /// Asks the state about one record while the log is read, so that commits need not wait for
    /// all of the reading. An error is kept for after it.
    pub(super) fn ask<T>(
        &self,
        failed: &mut Option<EngineError>,
        question: impl FnOnce(&State) -> Option<T>,
    ) -> Option<T> {
        match self.read() {
            Ok(state) => question(&state),
            Err(error) => {
                *failed = Some(error);
                None
            }
        }
    }

    /// Rows of facts as JSON, in the order given.
    pub(super) fn rows(
        &self,
        facts: &[Row],
        show: Show,
    ) -> Result<Vec<Map<String, Value>>, EngineError> {
        let mut wanted: Vec<u64> = facts.iter().map(|row| row.position.0).collect();
        wanted.sort_unstable();
        wanted.dedup();
        wanted.retain(|position| *position != 0);
        let mut evidence = BTreeMap::new();
        self.records(&wanted, &mut |position, received_ms, record| {
            evidence.insert(position, self.evidence(record, received_ms, show.wording));
            Ok(())
        })?;
        self.add_texts(&mut evidence, show.wording)?;
        let none = Map::new();
        Ok(facts
            .iter()
            .map(|row| {
                let mut map = row.map(show);
                let told = evidence.get(&row.position.0).unwrap_or(&none);
                map.extend(told.iter().map(|(key, value)| (key.clone(), value.clone())));
                map
            })
            .collect())
    }

    /// What was said in the replies that were judged again: their texts stand elsewhere.
    fn add_texts(
        &self,
        evidence: &mut BTreeMap<u64, Map<String, Value>>,
        wording: bool,
    ) -> Result<(), EngineError> {
        let replies = evidence.values();
        let mut wanted: Vec<u64> = replies
            .filter_map(|map| map.get("reply").and_then(Value::as_u64))
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut texts = BTreeMap::new();
        self.records(&wanted, &mut |position, received_ms, record| {
            texts.insert(position, self.evidence(record, received_ms, wording));
            Ok(())
        })?;
        for map in evidence.values_mut() {
            let reply = map.get("reply").and_then(Value::as_u64);
            let text = reply.and_then(|reply| texts.get(&reply));
            for key in ["wording_id", "wording", "provider", "account", "lang"] {
                if let Some(value) = text.and_then(|text| text.get(key)) {
                    map.insert(key.to_owned(), value.clone());
                }
            }
        }
        Ok(())
    }

    /// What a record says beside the fact.
    fn evidence(&self, record: &Record<'_>, received_ms: i64, wording: bool) -> Map<String, Value> {
        let mut map = Map::new();
        let mut put = |key: &str, value: Value| {
            map.insert(key.to_owned(), value);
        };
        put("received_ms", received_ms.into());
        let (mut text, mut rules) = (None, "");
        match record {
            Record::Event(event) => {
                put("provider", event.provider.name().into());
                put("account", event.account.into());
                put("sender", event.sender.into());
                put("code", event.code.into());
                put("lang", event.lang.into());
                (text, rules) = (event.text, event.rules);
            }
            Record::Likely(receipt) => {
                put("provider", receipt.provider.name().into());
                put("account", receipt.account.into());
                put("code", receipt.code.into());
            }
            Record::Receipt(receipt) => put("code", receipt.code.into()),
            Record::Consent(word) => {
                put("source", "api".into());
                text = Some(word.reason);
            }
            Record::Ledger(fact) => {
                put("source", fact.source.into());
                put("sender", fact.sender.into());
                (text, rules) = (Some(fact.wording), fact.rules);
            }
            Record::Relabel(relabel) => {
                put("reply", relabel.reply.0.into());
                put("sender", relabel.sender.into());
                rules = relabel.rules;
            }
            _ => {}
        }
        put("rules", rules.split_whitespace().collect::<Vec<_>>().into());
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            let id = self.keys.fact(&[b"wording", text.as_bytes()]);
            put("wording_id", format!("{id:016x}").into());
            if wording {
                put("wording", text.into());
            }
        }
        map
    }
}

/// A fact with what the state says about it.
pub(super) struct Row {
    pub fact: Fact,
    pub position: Position,
    number: Option<u64>,
    review: Option<bool>,
}

pub(super) fn row(state: &State, fact: &Fact, position: Position) -> Row {
    Row {
        fact: *fact,
        position,
        number: state.contacts.number(fact.contact).map(|number| number.0),
        review: state.consent.review(fact),
    }
}

impl Row {
    fn map(&self, show: Show) -> Map<String, Value> {
        let fact = &self.fact;
        let opted = match (fact.how.is_review(), fact.is_out) {
            (true, _) => Value::Null,
            (false, true) => "out".into(),
            (false, false) => "in".into(),
        };
        let review = self.review.filter(|_| !fact.how.is_review());
        let mut map = Map::new();
        let mut put = |key: &str, value: Value| {
            map.insert(key.to_owned(), value);
        };
        put("position", self.position.0.into());
        put("contact", fact.contact.0.into());
        if let Some(number) = self.number.filter(|_| show.numbers) {
            put("number", format!("+{number}").into());
        }
        put("opted", opted);
        put("how", fact.how.name().into());
        put("at_ms", fact.at_us.div_euclid(1_000).into());
        put("trust", fact.trust.name().into());
        put("grade", fact.grade.name().into());
        let words = ["overturned", "confirmed"];
        let review = review.and_then(|is_upheld| words.get(usize::from(is_upheld)).copied());
        put("review", review.into());
        map
    }
}

fn unreadable(error: CodecError) -> StorageError {
    StorageError::Internal {
        what: format!(
            "a record of ours, byte {}: expected {}",
            error.byte, error.expected
        ),
    }
}
