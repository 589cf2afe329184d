//! Events whose blast is not certain: receipts that came before their send, and facts found by
//! sender and contact, which a later registration may show to belong elsewhere.
//!
//! Holds what is needed to find the blast again, and finds entries by what a registration
//! brings: a message id, a blast, a contact of a sender. Which blast it is, `resolve` decides.

use std::collections::{HashMap, VecDeque};

use crate::event::{BlastId, ContactId};
use crate::sets::{Mask, Tally};

/// Number of an entry, as long as it is there.
pub type EntryId = u32;

/// Numbers of gone entries that `order` may hold beside as many as there are entries.
const ORDER_SLACK_COUNT: usize = 1_024;

/// One uncertain event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// Sets it adds its contact to.
    pub mask: Mask,
    /// Counts it adds.
    pub tally: Tally,
    /// Key of the message it is about; 0 if none.
    pub message: u64,
    /// Key of our own reference; 0 if none.
    pub reference: u64,
    /// The same two without the account, where there is one; 0 if none.
    pub without_account: [u64; 2],
    /// Key of the blast it names; 0 if none.
    pub blast: u64,
    /// Key of the campaign it names; 0 if none.
    pub campaign: u64,
    /// Key of its sender; 0 if none.
    pub sender: u64,
    /// Its contact, if it says one.
    pub contact: Option<ContactId>,
    /// The provider's time, else arrival; microseconds.
    pub at_us: i64,
    /// Arrival, milliseconds.
    pub received_ms: i64,
    /// How long after a blast it may still be that blast's, milliseconds.
    pub window_ms: i64,
    /// Whether it proves that its contact was sent to.
    pub is_proof_of_send: bool,
    /// Where it is counted now.
    pub counted_in: Option<BlastId>,
}

impl Entry {
    fn scopes(&self) -> impl Iterator<Item = u64> {
        [self.campaign, self.sender].into_iter().filter(|key| *key != 0)
    }

    fn messages(&self) -> impl Iterator<Item = u64> {
        let [message, reference] = self.without_account;
        [self.message, self.reference, message, reference].into_iter().filter(|key| *key != 0)
    }
}

/// All uncertain events.
#[derive(Debug, Default)]
pub struct Loose {
    entries: HashMap<EntryId, Entry>,
    /// In order of arrival; may name entries that are gone.
    order: VecDeque<EntryId>,
    next: EntryId,
    by_message: HashMap<u64, Vec<EntryId>>,
    by_blast: HashMap<u64, Vec<EntryId>>,
    by_contact: HashMap<ContactId, Vec<EntryId>>,
    scopes: HashMap<u64, u32>,
    /// Entries that are counted nowhere.
    parked: usize,
}

impl Loose {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// How many of them are counted nowhere yet.
    pub const fn parked(&self) -> usize {
        self.parked
    }

    /// Adds one.
    pub fn insert(&mut self, entry: Entry) -> EntryId {
        while self.entries.contains_key(&self.next) {
            self.next = self.next.wrapping_add(1);
        }
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        for key in entry.messages() {
            self.by_message.entry(key).or_default().push(id);
        }
        if entry.blast != 0 {
            self.by_blast.entry(entry.blast).or_default().push(id);
        }
        if let Some(contact) = entry.contact {
            self.by_contact.entry(contact).or_default().push(id);
            for scope in entry.scopes() {
                *self.scopes.entry(scope).or_default() += 1;
            }
        }
        self.parked += usize::from(entry.counted_in.is_none());
        self.entries.insert(id, entry);
        self.order.push_back(id);
        id
    }

    /// Takes one out.
    pub fn remove(&mut self, id: EntryId) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        for key in entry.messages() {
            forget(&mut self.by_message, &key, id);
        }
        if entry.blast != 0 {
            forget(&mut self.by_blast, &entry.blast, id);
        }
        if let Some(contact) = entry.contact {
            forget(&mut self.by_contact, &contact, id);
            for scope in entry.scopes() {
                if let Some(count) = self.scopes.get_mut(&scope) {
                    *count -= 1;
                    if *count == 0 {
                        self.scopes.remove(&scope);
                    }
                }
            }
        }
        self.parked -= usize::from(entry.counted_in.is_none());
        // One old stranger in front must not keep the numbers of all who came and went since.
        if self.order.len() > 2 * self.entries.len() + ORDER_SLACK_COUNT {
            self.order.retain(|id| self.entries.contains_key(id));
        }
        Some(entry)
    }

    /// One of them.
    pub fn get(&self, id: EntryId) -> Option<&Entry> {
        self.entries.get(&id)
    }

    /// Notes where one is counted now.
    pub fn set_counted_in(&mut self, id: EntryId, blast: Option<BlastId>) {
        if let Some(entry) = self.entries.get_mut(&id) {
            self.parked -= usize::from(entry.counted_in.is_none());
            self.parked += usize::from(blast.is_none());
            entry.counted_in = blast;
        }
    }

    /// Entries about a message.
    pub fn of_message(&self, key: u64) -> Vec<EntryId> {
        self.by_message.get(&key).cloned().unwrap_or_default()
    }

    /// Entries that name a blast.
    pub fn of_blast(&self, key: u64) -> Vec<EntryId> {
        self.by_blast.get(&key).cloned().unwrap_or_default()
    }

    /// Entries of a contact.
    pub fn of_contact(&self, contact: ContactId) -> Vec<EntryId> {
        self.by_contact.get(&contact).cloned().unwrap_or_default()
    }

    /// Whether any entry has this sender or campaign.
    pub fn has_scope(&self, scope: u64) -> bool {
        scope != 0 && self.scopes.contains_key(&scope)
    }

    /// The oldest, if it arrived before this or there are more than `count_max`.
    pub fn due(&mut self, before_ms: i64, count_max: usize) -> Option<EntryId> {
        while let Some(id) = self.order.front() {
            match self.entries.get(id) {
                None => {
                    self.order.pop_front();
                }
                Some(entry) if entry.received_ms < before_ms || self.entries.len() > count_max => {
                    return Some(*id);
                }
                Some(_) => return None,
            }
        }
        None
    }

    /// In order of arrival.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.order.iter().filter_map(|id| self.entries.get(id))
    }
}

fn forget<K: std::hash::Hash + Eq>(map: &mut HashMap<K, Vec<EntryId>>, key: &K, id: EntryId) {
    if let Some(list) = map.get_mut(key) {
        list.retain(|other| *other != id);
        if list.is_empty() {
            map.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_stays_behind() {
        let mut loose = Loose::default();
        let entry = Entry {
            message: 1,
            reference: 2,
            blast: 3,
            campaign: 4,
            sender: 5,
            contact: Some(ContactId(6)),
            received_ms: 10,
            ..Entry::default()
        };
        let id = loose.insert(entry.clone());
        assert_eq!(loose.of_message(2), [id]);
        assert_eq!(loose.of_blast(3), [id]);
        assert_eq!(loose.of_contact(ContactId(6)), [id]);
        assert!(loose.has_scope(4) && loose.parked() == 1);
        loose.set_counted_in(id, Some(BlastId(0)));
        assert_eq!(loose.parked(), 0);
        assert_eq!(loose.due(10, 5), None);
        assert_eq!(loose.due(11, 5), Some(id));
        assert!(loose.remove(id).is_some());
        assert!(loose.by_message.is_empty() && loose.by_blast.is_empty());
        assert!(loose.by_contact.is_empty() && loose.scopes.is_empty());
        assert_eq!(loose.due(11, 5), None);
        assert_eq!(loose.count(), 0);
    }

    #[test]
    fn entries_that_came_and_went_take_no_room() {
        let mut loose = Loose::default();
        let stays = loose.insert(Entry { received_ms: 1, ..Entry::default() });
        for _ in 0..10_000 {
            let id = loose.insert(Entry { received_ms: 2, ..Entry::default() });
            loose.remove(id);
        }
        assert!(loose.order.len() <= ORDER_SLACK_COUNT + 4, "{}", loose.order.len());
        assert_eq!(loose.due(2, 5), Some(stays));
    }
}
