//! Events whose blast is not certain: receipts that came before their send, and facts found by
//! sender and contact, which a later registration may show to belong elsewhere.
//!
//! Kept in order of arrival in one row, because most of them are never asked for again: the
//! look-ups that a registration needs are built only when one comes, over what arrived since
//! the last. Which blast an entry belongs to, `resolve` decides.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use crate::event::{BlastId, ContactId};
use crate::keys::KeyMap;
use crate::sets::{Mask, Tally};

/// Number of an entry, in order of arrival; never used twice.
pub type EntryId = u64;

/// Places of gone entries that the row may hold beside as many as there are entries.
const GONE_COUNT_MAX: usize = 1_024;

/// One uncertain event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// Sets it adds its contact to.
    pub mask: Mask,
    /// Counts it adds; receipts have none.
    pub tally: Option<Box<Tally>>,
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
    /// Its place in the log.
    pub position: u64,
    /// How long after a blast it may still be that blast's, milliseconds.
    pub window_ms: i64,
    /// Whether it proves that its contact was sent to.
    pub is_proof_of_send: bool,
    /// Where it is counted now.
    pub counted_in: Option<BlastId>,
}

impl Entry {
    fn scopes(&self) -> impl Iterator<Item = u64> + use<> {
        [self.campaign, self.sender]
            .into_iter()
            .filter(|key| *key != 0)
    }

    fn messages(&self) -> impl Iterator<Item = u64> + use<> {
        let [message, reference] = self.without_account;
        [self.message, self.reference, message, reference]
            .into_iter()
            .filter(|key| *key != 0)
    }

    fn blasts(&self) -> impl Iterator<Item = u64> + use<> {
        (self.blast != 0).then_some(self.blast).into_iter()
    }
}

/// What most entries do not have.
#[derive(Clone, Debug, Default, PartialEq)]
struct Rare {
    tally: Option<Box<Tally>>,
    reference: u64,
    without_account: [u64; 2],
    blast: u64,
    campaign: u64,
}

/// An entry as it is kept: half as large.
#[derive(Debug)]
struct Kept {
    mask: Mask,
    message: u64,
    sender: u64,
    at_us: i64,
    received_ms: i64,
    position: u64,
    window_ms: i64,
    rare: Option<Box<Rare>>,
    contact: Option<ContactId>,
    counted_in: Option<BlastId>,
    is_proof_of_send: bool,
}

impl From<Entry> for Kept {
    #[inline]
    fn from(entry: Entry) -> Self {
        let keys = entry.reference | entry.blast | entry.campaign;
        let [message, reference] = entry.without_account;
        let is_rare = keys | message | reference != 0 || entry.tally.is_some();
        Self {
            mask: entry.mask,
            message: entry.message,
            sender: entry.sender,
            at_us: entry.at_us,
            received_ms: entry.received_ms,
            position: entry.position,
            window_ms: entry.window_ms,
            rare: is_rare.then(|| {
                Box::new(Rare {
                    tally: entry.tally,
                    reference: entry.reference,
                    without_account: entry.without_account,
                    blast: entry.blast,
                    campaign: entry.campaign,
                })
            }),
            contact: entry.contact,
            counted_in: entry.counted_in,
            is_proof_of_send: entry.is_proof_of_send,
        }
    }
}

impl Kept {
    fn entry(&self) -> Entry {
        let rare = self.rare.as_deref().cloned().unwrap_or_default();
        Entry {
            mask: self.mask,
            tally: rare.tally,
            message: self.message,
            reference: rare.reference,
            without_account: rare.without_account,
            blast: rare.blast,
            campaign: rare.campaign,
            sender: self.sender,
            contact: self.contact,
            at_us: self.at_us,
            received_ms: self.received_ms,
            position: self.position,
            window_ms: self.window_ms,
            is_proof_of_send: self.is_proof_of_send,
            counted_in: self.counted_in,
        }
    }
}

/// A look-up that is built when it is asked: entries from `next` on are not in it yet.
#[derive(Debug)]
struct Index<K> {
    map: HashMap<K, Vec<EntryId>>,
    next: EntryId,
}

impl<K> Default for Index<K> {
    fn default() -> Self {
        Self {
            map: HashMap::new(),
            next: 0,
        }
    }
}

impl<K: Hash + Eq> Index<K> {
    fn remove(&mut self, key: &K, id: EntryId) {
        if let Some(list) = self.map.get_mut(key) {
            list.retain(|other| *other != id);
            if list.is_empty() {
                self.map.remove(key);
            }
        }
    }
}

/// All uncertain events.
#[derive(Debug, Default)]
pub struct Loose {
    /// In order of their numbers; `None` where one was taken out.
    entries: VecDeque<(EntryId, Option<Kept>)>,
    next: EntryId,
    count: usize,
    /// Entries that are counted nowhere.
    parked: usize,
    /// How many entries have a sender or a campaign.
    scopes: KeyMap<u32>,
    /// How many entries have a message or reference; how many name a blast.
    with_message: usize,
    with_blast: usize,
    by_message: Index<u64>,
    by_blast: Index<u64>,
    by_contact: Index<ContactId>,
}

impl Loose {
    /// How many there are.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// How many of them are counted nowhere yet.
    pub const fn parked(&self) -> usize {
        self.parked
    }

    fn slot(&self, id: EntryId) -> Option<usize> {
        let first = self.entries.front()?.0;
        // Without gaps the place follows from the number; with gaps it is not far before it.
        let guess = usize::try_from(id.checked_sub(first)?).ok()?;
        let is_at = |slot: usize| {
            self.entries
                .get(slot)
                .is_some_and(|(other, _)| *other == id)
        };
        if is_at(guess) {
            return Some(guess);
        }
        self.entries
            .binary_search_by(|(other, _)| other.cmp(&id))
            .ok()
    }

    /// Adds one.
    #[inline]
    pub fn insert(&mut self, entry: Entry) -> EntryId {
        let id = self.next;
        self.next += 1;
        if entry.contact.is_some() {
            for scope in entry.scopes() {
                *self.scopes.entry(scope).or_default() += 1;
            }
        }
        self.parked += usize::from(entry.counted_in.is_none());
        self.with_message += usize::from(entry.messages().next().is_some());
        self.with_blast += usize::from(entry.blast != 0);
        self.count += 1;
        self.entries.push_back((id, Some(entry.into())));
        id
    }

    /// Takes one out.
    pub fn remove(&mut self, id: EntryId) -> Option<Entry> {
        let slot = self.slot(id)?;
        let entry = self.entries.get_mut(slot)?.1.take()?.entry();
        if let Some(contact) = entry.contact {
            if id < self.by_contact.next {
                self.by_contact.remove(&contact, id);
            }
            for scope in entry.scopes() {
                if let Some(count) = self.scopes.get_mut(&scope) {
                    *count -= 1;
                    if *count == 0 {
                        self.scopes.remove(&scope);
                    }
                }
            }
        }
        if id < self.by_message.next {
            entry
                .messages()
                .for_each(|key| self.by_message.remove(&key, id));
        }
        if id < self.by_blast.next {
            entry
                .blasts()
                .for_each(|key| self.by_blast.remove(&key, id));
        }
        self.parked -= usize::from(entry.counted_in.is_none());
        self.with_message -= usize::from(entry.messages().next().is_some());
        self.with_blast -= usize::from(entry.blast != 0);
        self.count -= 1;
        while let Some((_, None)) = self.entries.front() {
            self.entries.pop_front();
        }
        // One old stranger in front must not keep the places of all who came and went since.
        if self.entries.len() > 2 * self.count + GONE_COUNT_MAX {
            self.entries.retain(|(_, entry)| entry.is_some());
        }
        Some(entry)
    }

    /// One of them.
    pub fn get(&self, id: EntryId) -> Option<Entry> {
        Some(self.entries.get(self.slot(id)?)?.1.as_ref()?.entry())
    }

    /// Notes where one is counted now.
    pub fn set_counted_in(&mut self, id: EntryId, blast: Option<BlastId>) {
        let slot = self.slot(id);
        if let Some((_, Some(entry))) = slot.and_then(|slot| self.entries.get_mut(slot)) {
            self.parked -= usize::from(entry.counted_in.is_none());
            self.parked += usize::from(blast.is_none());
            entry.counted_in = blast;
        }
    }

    /// Gives one other sets: its labels were judged again.
    pub fn set_mask(&mut self, id: EntryId, mask: Mask) {
        let slot = self.slot(id);
        if let Some((_, Some(entry))) = slot.and_then(|slot| self.entries.get_mut(slot)) {
            entry.mask = mask;
        }
    }

    fn unindexed(&self, from: EntryId) -> impl Iterator<Item = (EntryId, Entry)> {
        let skip = self.entries.partition_point(|(id, _)| *id < from);
        let rest = self.entries.range(skip..);
        rest.filter_map(|(id, kept)| Some((*id, kept.as_ref()?.entry())))
    }

    /// Entries about a message.
    pub fn of_message(&mut self, key: u64) -> Vec<EntryId> {
        if self.with_message == 0 {
            return Vec::new();
        }
        let mut index = std::mem::take(&mut self.by_message);
        for (id, entry) in self.unindexed(index.next) {
            entry
                .messages()
                .for_each(|key| index.map.entry(key).or_default().push(id));
        }
        index.next = self.next;
        self.by_message = index;
        self.by_message.map.get(&key).cloned().unwrap_or_default()
    }

    /// Entries that name a blast.
    pub fn of_blast(&mut self, key: u64) -> Vec<EntryId> {
        if self.with_blast == 0 {
            return Vec::new();
        }
        let mut index = std::mem::take(&mut self.by_blast);
        for (id, entry) in self.unindexed(index.next) {
            entry
                .blasts()
                .for_each(|key| index.map.entry(key).or_default().push(id));
        }
        index.next = self.next;
        self.by_blast = index;
        self.by_blast.map.get(&key).cloned().unwrap_or_default()
    }

    /// Entries of a contact.
    pub fn of_contact(&mut self, contact: ContactId) -> Vec<EntryId> {
        let mut index = std::mem::take(&mut self.by_contact);
        for (id, entry) in self.unindexed(index.next) {
            if let Some(contact) = entry.contact {
                index.map.entry(contact).or_default().push(id);
            }
        }
        index.next = self.next;
        self.by_contact = index;
        self.by_contact
            .map
            .get(&contact)
            .cloned()
            .unwrap_or_default()
    }

    /// Whether any entry has this sender or campaign.
    pub fn has_scope(&self, scope: u64) -> bool {
        scope != 0 && self.scopes.contains_key(&scope)
    }

    /// The oldest, if it arrived before this or there are more than `count_max`.
    pub fn due(&self, before_ms: i64, count_max: usize) -> Option<EntryId> {
        let (id, Some(oldest)) = self.entries.front()? else {
            return None;
        };
        (oldest.received_ms < before_ms || self.count > count_max).then_some(*id)
    }

    /// In order of arrival.
    pub fn iter(&self) -> impl Iterator<Item = Entry> {
        let kept = self.entries.iter().filter_map(|(_, kept)| kept.as_ref());
        kept.map(Kept::entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            message: 1,
            reference: 2,
            blast: 3,
            campaign: 4,
            sender: 5,
            contact: Some(ContactId(6)),
            received_ms: 10,
            ..Entry::default()
        }
    }

    #[test]
    fn nothing_stays_behind() {
        let mut loose = Loose::default();
        let id = loose.insert(entry());
        assert_eq!(loose.of_message(2), [id]);
        assert_eq!(loose.of_blast(3), [id]);
        assert_eq!(loose.of_contact(ContactId(6)), [id]);
        assert!(loose.has_scope(4) && loose.parked() == 1);
        loose.set_counted_in(id, Some(BlastId(0)));
        assert_eq!(loose.parked(), 0);
        assert_eq!(loose.due(10, 5), None);
        assert_eq!(loose.due(11, 5), Some(id));
        assert!(loose.remove(id).is_some());
        assert!(loose.by_message.map.is_empty() && loose.by_blast.map.is_empty());
        assert!(loose.by_contact.map.is_empty() && loose.scopes.is_empty());
        assert_eq!(loose.due(11, 5), None);
        assert_eq!(loose.count(), 0);
    }

    #[test]
    fn ids_outlive_what_goes_before_them() {
        let mut loose = Loose::default();
        let ids: Vec<_> = (0..5).map(|_| loose.insert(entry())).collect();
        assert_eq!(loose.of_contact(ContactId(6)), ids);
        loose.remove(ids[1]);
        loose.remove(ids[0]);
        let late = loose.insert(entry());
        assert_eq!(
            loose.of_contact(ContactId(6)),
            [ids[2], ids[3], ids[4], late]
        );
        assert_eq!(loose.get(ids[1]), None);
        assert!(loose.get(late).is_some());
        assert_eq!(loose.due(0, 3), Some(ids[2]));
    }

    #[test]
    fn entries_that_came_and_went_take_no_room() {
        let mut loose = Loose::default();
        let stays = loose.insert(Entry {
            received_ms: 1,
            ..Entry::default()
        });
        for _ in 0..10_000 {
            let id = loose.insert(entry());
            loose.remove(id);
        }
        let last = loose.insert(entry());
        assert!(
            loose.entries.len() <= GONE_COUNT_MAX + 8,
            "{}",
            loose.entries.len()
        );
        assert_eq!(loose.of_contact(ContactId(6)), [last]);
        assert_eq!(loose.get(last), Some(entry()));
        assert_eq!(loose.iter().last(), Some(entry()));
        assert_eq!(loose.due(2, 5), Some(stays));
    }
}
