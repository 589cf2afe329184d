//! Other labels for kept replies: what would change, set by set, and the change as one batch.
//!
//! Opt-outs already given stay; what today's rules see beside them comes with it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::PoisonError;

use serde_json::{Map, Value, json};

use super::Engine;
use crate::apply::{of_event, reply_word};
use crate::codec::{Record, RelabelRecord};
use crate::error::{EngineError, InputError};
use crate::event::{BlastId, CampaignId, ContactId, Label, Labels, Number, Position};
use crate::idset::IdSet;
use crate::limits::REPLIES_READ_COUNT_MAX;
use crate::query::raw;
use crate::replies::ReplyAt;
use crate::sets::SetKind;
use crate::state::State;

/// What today's rules say of one reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Log position of the reply.
    pub position: Position,
    /// Its labels with their grade.
    pub labels: Labels,
    /// Rules that fired.
    pub rules: String,
}

/// A reply of a contact that is concerned.
struct Told {
    at: ReplyAt,
    labels: Labels,
    number: Number,
    blast: Option<BlastId>,
    /// Whether its blast may still change; then its entry is changed, not the blast's sets.
    is_loose: bool,
    at_us: i64,
    sender: String,
    is_changed: bool,
}

impl Told {
    fn opts_out(&self) -> bool {
        reply_word(self.labels) == Some(true) && reply_word(self.at.labels) != Some(true)
    }
}

impl Engine {
    /// What other labels for these replies would change, campaign by campaign: contacts that
    /// enter and leave each set, with the positions of the replies that move them. With `apply`
    /// the change is written as one batch, all of it or nothing; durable on return.
    ///
    /// # Errors
    /// `ValueInvalid` when there is no reply at a position; `TooLarge` when the change does not
    /// fit one batch; as `commit`.
    pub fn relabel(
        &self,
        judged: &[Judgement],
        apply: bool,
        now_ms: i64,
    ) -> Result<Value, EngineError> {
        let _one = self
            .registering
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let by_position: HashMap<Position, &Judgement> =
            judged.iter().map(|one| (one.position, one)).collect();
        let (replies, as_of) = self.concerned(&by_position)?;
        let told = self.told(&replies, &by_position)?;
        let changes = self.read().map(|state| changes(&state, &told))?;
        let count = told.iter().filter(|one| one.is_changed).count();
        if apply && count > 0 {
            let state = self.read()?;
            let keys: Vec<u64> = told
                .iter()
                .map(|one| one.blast.and_then(|id| state.registry.blast(id)))
                .map(|blast| blast.map_or(0, |blast| blast.key))
                .collect();
            drop(state);
            let merged = merged(&told);
            let records: Vec<Record<'_>> = told
                .iter()
                .zip(&keys)
                .filter(|(one, _)| one.is_changed)
                .map(|(one, key)| {
                    let all = merged.get(&(one.blast, one.at.contact));
                    let judgement = by_position.get(&one.at.position);
                    Record::Relabel(RelabelRecord {
                        reply: one.at.position,
                        number: one.number,
                        labels: one.labels,
                        blast: *key,
                        merged: all.copied().unwrap_or(Labels::NONE),
                        as_of,
                        opts_out: one.opts_out(),
                        at_us: one.at_us,
                        sender: &one.sender,
                        rules: judgement.map_or("", |one| one.rules.as_str()),
                    })
                })
                .collect();
            self.write(now_ms, &records)?;
        }
        Ok(json!({ "replies": count, "applied": apply, "campaigns": changes }))
    }

    /// All replies of the contacts whose replies are judged, and the last reply there is.
    fn concerned(
        &self,
        judged: &HashMap<Position, &Judgement>,
    ) -> Result<(Vec<ReplyAt>, Position), EngineError> {
        let state = self.read()?;
        let mut contacts = HashSet::new();
        let mut found = 0;
        for reply in state.replies.iter() {
            if judged.contains_key(&reply.position) {
                contacts.insert(reply.contact);
                found += 1;
            }
        }
        if found < judged.len() {
            let reason = format!("of {} judged replies hold no reply", judged.len() - found);
            let what = "positions";
            return Err(InputError::ValueInvalid { what, reason }.into());
        }
        let all = state.replies.iter().copied();
        let all: Vec<ReplyAt> = all
            .filter(|reply| contacts.contains(&reply.contact))
            .collect();
        let as_of = state.replies.iter().last().map(|reply| reply.position);
        Ok((all, as_of.unwrap_or_default()))
    }

    fn told(
        &self,
        replies: &[ReplyAt],
        judged: &HashMap<Position, &Judgement>,
    ) -> Result<Vec<Told>, EngineError> {
        let loose: HashSet<u64> = {
            let state = self.read()?;
            let entries = state.loose.iter();
            entries.map(|entry| entry.position).collect()
        };
        let mut told = Vec::with_capacity(replies.len());
        let mut failed = None;
        for chunk in replies.chunks(REPLIES_READ_COUNT_MAX) {
            let positions: Vec<u64> = chunk.iter().map(|reply| reply.position.0).collect();
            let mut current = chunk.iter();
            self.records(&positions, &mut |position, received_ms, record| {
                let at = current.find(|reply| reply.position.0 == position);
                let (Record::Event(event), Some(at)) = (record, at) else {
                    return Ok(());
                };
                let blast = self.ask(&mut failed, |state| of_event(state, event, received_ms));
                let judgement = judged.get(&at.position);
                let labels = judgement.map_or(at.labels, |one| one.labels);
                told.push(Told {
                    at: *at,
                    labels,
                    number: event.contact.unwrap_or(Number(0)),
                    blast,
                    is_loose: loose.contains(&position),
                    at_us: event
                        .occurred_us
                        .unwrap_or(received_ms.saturating_mul(1_000)),
                    sender: event.sender.to_owned(),
                    is_changed: labels != at.labels,
                });
                Ok(())
            })?;
        }
        failed.map_or(Ok(told), Err)
    }
}

/// Labels of all certain replies of a contact to a blast, as they will be.
fn merged(told: &[Told]) -> HashMap<(Option<BlastId>, ContactId), Labels> {
    let mut merged: HashMap<_, Labels> = HashMap::new();
    for one in told.iter().filter(|one| !one.is_loose) {
        let slot = merged.entry((one.blast, one.at.contact)).or_default();
        *slot = Labels(slot.0 | one.labels.words().0);
    }
    merged
}

/// One set's movements: contacts, and the replies that move them.
#[derive(Default)]
struct Moved {
    enter: BTreeMap<ContactId, BTreeSet<u64>>,
    leave: BTreeMap<ContactId, BTreeSet<u64>>,
}

impl Moved {
    fn json(&self) -> Value {
        let side = |side: &BTreeMap<ContactId, BTreeSet<u64>>| {
            let replies: BTreeSet<u64> = side.values().flatten().copied().collect();
            json!({ "contacts": side.len(), "replies": replies })
        };
        json!({ "enter": side(&self.enter), "leave": side(&self.leave) })
    }
}

/// By campaign (empty: credited to none) and set, who enters and who leaves.
fn changes(state: &State, told: &[Told]) -> Value {
    let campaign_of = |one: &Told| {
        one.blast
            .and_then(|id| state.registry.blast(id))
            .map(|b| b.campaign)
    };
    let mut groups: BTreeMap<_, Vec<&Told>> = BTreeMap::new();
    for one in told {
        let group = groups.entry((campaign_of(one), one.at.contact));
        group.or_default().push(one);
    }
    let mut all: BTreeMap<String, BTreeMap<String, Moved>> = BTreeMap::new();
    let mut out: HashMap<Option<CampaignId>, IdSet> = HashMap::new();
    for ((campaign_id, contact), replies) in groups {
        let changed: BTreeSet<u64> = replies
            .iter()
            .filter(|one| one.is_changed)
            .map(|one| one.at.position.0)
            .collect();
        if changed.is_empty() {
            continue;
        }
        let campaign = campaign_id.and_then(|id| state.registry.campaign(id));
        let name = campaign.map(|campaign| campaign.name.clone());
        let sets = all.entry(name.unwrap_or_default()).or_default();
        let before = replies
            .iter()
            .fold(0, |all, one| all | one.at.labels.words().0);
        let after = replies
            .iter()
            .fold(0, |all, one| all | one.labels.words().0);
        for label in Label::ALL {
            let has = |bits: u16| Labels(bits).has(*label);
            if has(before) == has(after) {
                continue;
            }
            let moved = sets.entry(format!("replied:{}", label.name())).or_default();
            let side = if has(after) {
                &mut moved.enter
            } else {
                &mut moved.leave
            };
            side.insert(contact, changed.clone());
        }
        let blasts = campaign.map_or(&[][..], |campaign| campaign.blasts.as_slice());
        let out = out.entry(campaign_id);
        let out = out.or_insert_with(|| raw(state, blasts, SetKind::OPTED_OUT));
        let was_out = out.contains(contact);
        for one in replies
            .iter()
            .filter(|one| one.is_changed && one.opts_out())
        {
            let position = one.at.position.0;
            let mut enter = |set: &str| {
                let moved = sets.entry(set.to_owned()).or_default();
                moved.enter.entry(contact).or_default().insert(position);
            };
            if !was_out && one.labels.has(Label::OptOut) {
                enter("opted_out");
            }
            let decides = state.consent.decides(contact);
            if decides.is_none_or(|fact| !fact.is_out && fact.at_us <= one.at_us) {
                enter("suppressed");
            }
        }
    }
    let campaigns = all.iter().map(|(name, sets)| {
        let sets: Map<String, Value> = sets
            .iter()
            .map(|(name, moved)| (name.clone(), moved.json()))
            .collect();
        (name.clone(), Value::Object(sets))
    });
    Value::Object(campaigns.collect())
}
