//! Everything derived from the log, in one place, with the position it reaches.
//!
//! Only `apply` changes it. Holds no rule about what an event means.

use std::collections::{BTreeMap, BTreeSet};

use crate::consent::Consent;
use crate::contacts::Contacts;
use crate::decode::RejectCode;
use crate::event::{Number, Position, Provider};
use crate::keys::{KeyMap, Keys};
use crate::limits::{ATTRIBUTION_WINDOW_MS, RECEIPT_WINDOW_MS};
use crate::loose::Loose;
use crate::messages::Messages;
use crate::registry::Registry;
use crate::replies::Replies;
use crate::seen::Seen;
use crate::settings::Settings;

/// Windows of the resolution rules, fixed when a directory is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// See `limits::ATTRIBUTION_WINDOW_MS`.
    pub attribution_ms: i64,
    /// See `limits::RECEIPT_WINDOW_MS`.
    pub receipt_ms: i64,
}

impl Default for Windows {
    fn default() -> Self {
        Self {
            attribution_ms: ATTRIBUTION_WINDOW_MS,
            receipt_ms: RECEIPT_WINDOW_MS,
        }
    }
}

/// What happened at the door, beside the facts: these depend on how often a thing was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Records of events applied.
    pub events: u64,
    /// Of those, repeats that changed nothing.
    pub duplicates: u64,
    /// Message ids that another message had already.
    pub id_conflicts: u64,
    /// Events that never found their blast, after their time.
    pub orphans: u64,
    /// Replies credited to no blast and never to be.
    pub unattributed: u64,
    /// Receipts with a status word that is not listed.
    pub unknown_states: u64,
    /// Rejects by code.
    pub rejects: BTreeMap<RejectCode, u64>,
}

/// A message id that names a blast nobody has registered yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WaitingSend {
    /// Whose id it is.
    pub provider: Provider,
    /// Provider account.
    pub account: String,
    /// The id as given.
    pub id: String,
    /// The contact.
    pub number: Number,
}

/// See the module.
#[derive(Debug)]
pub struct State {
    /// Makes keys of names.
    pub keys: Keys,
    /// Windows of the rules.
    pub windows: Windows,
    /// The last record applied.
    pub position: Position,
    /// Newest arrival seen, milliseconds.
    pub newest_ms: i64,
    /// Numbers and ids.
    pub contacts: Contacts,
    /// Campaigns and blasts, with their sets.
    pub registry: Registry,
    /// Provider ids.
    pub messages: Messages,
    /// Message ids that wait for their blast, by its key.
    pub waiting_sends: KeyMap<BTreeSet<WaitingSend>>,
    /// How many of them there are.
    pub sends_waiting: usize,
    /// Events whose blast is not certain.
    pub loose: Loose,
    /// Keys of events already counted.
    pub seen: Seen,
    /// The ledger of consent, and the suppression that follows from it.
    pub consent: Consent,
    /// Where replies stand in the log.
    pub replies: Replies,
    /// Named texts of campaigns and of the directory.
    pub settings: Settings,
    /// Counters of traffic.
    pub traffic: Traffic,
    /// Positions of dead letters.
    pub dead_letters: Vec<Position>,
}

impl State {
    /// Nothing yet.
    pub fn new(keys: Keys, windows: Windows) -> Self {
        Self {
            keys,
            windows,
            position: Position(0),
            newest_ms: i64::MIN,
            contacts: Contacts::default(),
            registry: Registry::default(),
            messages: Messages::default(),
            waiting_sends: KeyMap::default(),
            sends_waiting: 0,
            loose: Loose::default(),
            seen: Seen::default(),
            consent: Consent::default(),
            replies: Replies::default(),
            settings: Settings::default(),
            traffic: Traffic::default(),
            dead_letters: Vec::new(),
        }
    }

    /// A hash of all facts by their natural names: equal for equal facts, in whatever order and
    /// however often they came. Leaves out what depends on repetition (traffic, positions).
    pub fn digest(&self) -> u64 {
        let mut sum = 0_u64;
        let mut add = |parts: &[&[u8]]| sum = sum.wrapping_add(self.keys.fact(parts));
        let number = |id| {
            self.contacts
                .number(id)
                .map_or(0, |number| number.0)
                .to_le_bytes()
        };
        for campaign in &self.registry.campaigns {
            let text = format!(
                "{:?}",
                (
                    campaign.cost_micros,
                    &campaign.currency,
                    campaign.closes_at_ms
                )
            );
            add(&[b"campaign", campaign.name.as_bytes(), text.as_bytes()]);
        }
        for blast in &self.registry.blasts {
            let key = blast.key.to_le_bytes();
            let text = format!("{:?}", (&blast.sender, blast.at_ms, &blast.tags));
            add(&[b"blast", &key, text.as_bytes()]);
            for (kind, set) in crate::query::merged_facts(blast) {
                for contact in set.iter() {
                    add(&[b"fact", &key, &[kind.number()], &number(contact)]);
                }
            }
            let mut counts = blast.facts.counts.clone();
            counts.merge(&blast.loose_facts.counts);
            add(&[b"counts", &key, format!("{counts:?}").as_bytes()]);
        }
        for (fact, _) in self.consent.facts() {
            add(&[b"consent", &number(fact.contact), &fact.bytes()]);
        }
        for reply in self.replies.iter() {
            let labels = reply.labels.0.to_le_bytes();
            add(&[b"reply", &number(reply.contact), &labels]);
        }
        for ((campaign, name), (at_ms, value)) in self.settings.iter() {
            let text = format!("{:?}", (campaign, name, at_ms, value));
            add(&[b"setting", text.as_bytes()]);
        }
        for (key, blast, contact) in self.messages.iter() {
            let blast = self.registry.blast(blast).map_or(0, |blast| blast.key);
            let parts = [key.to_le_bytes(), blast.to_le_bytes(), number(contact)];
            add(&[b"message", &parts[0], &parts[1], &parts[2]]);
        }
        for (key, sends) in &self.waiting_sends {
            for send in sends {
                add(&[
                    b"waiting",
                    &key.to_le_bytes(),
                    format!("{:?}", (send, send.number.0)).as_bytes(),
                ]);
            }
        }
        for entry in self.loose.iter() {
            let blast = entry
                .counted_in
                .and_then(|id| self.registry.blast(id))
                .map(|b| b.key);
            let contact = entry.contact.map(number);
            let mut entry = entry.clone();
            entry.contact = None;
            entry.counted_in = None;
            entry.received_ms = 0;
            entry.position = 0;
            add(&[
                b"loose",
                format!("{:?}", (entry, blast, contact)).as_bytes(),
            ]);
        }
        sum
    }

    /// Checks what must always hold; the first thing that does not, in words.
    ///
    /// # Errors
    /// What is wrong. A defect of ours: the engine must not go on.
    pub fn validate(&self) -> Result<(), String> {
        let count = u32::try_from(self.contacts.count()).map_err(|_| "too many contacts")?;
        for blast in &self.registry.blasts {
            for facts in [&blast.facts, &blast.loose_facts] {
                for (kind, set) in facts.iter() {
                    if set.iter_from(count).next().is_some() {
                        return Err(format!(
                            "set {} of a blast has an id of no contact",
                            kind.number()
                        ));
                    }
                }
            }
        }
        let blasts = self.registry.blasts.len();
        for (_, blast, contact) in self.messages.iter() {
            if blast.0 as usize >= blasts || contact.0 >= count {
                return Err("a message points to no blast or no contact".to_owned());
            }
        }
        if self.consent.suppressed().iter_from(count).next().is_some() {
            return Err("the suppressed have an id of no contact".to_owned());
        }
        if !self.consent.is_derived() {
            return Err("the suppressed are not what the ledger says".to_owned());
        }
        Ok(())
    }
}
