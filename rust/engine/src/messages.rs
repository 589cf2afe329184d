//! Provider message id -> blast and contact.
//!
//! 16 bytes an entry and 5.7 to 11.4 for the table. Ids are kept as keyed hashes; the ids
//! themselves are in the log. An id belongs to the first message registered under it.

use hashbrown::HashTable;

use crate::event::{BlastId, ContactId};
use crate::table::table_of;

/// One message: the key of its id, its blast and its contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    key: u64,
    blast: u32,
    contact: u32,
}

impl Message {
    /// With blast and contact in one word, as in snapshots.
    pub fn of(key: u64, place: u64) -> Self {
        let [blast, contact] = [place >> 32, place & u64::from(u32::MAX)];
        Self {
            key,
            blast: u32::try_from(blast).unwrap_or(u32::MAX),
            contact: u32::try_from(contact).unwrap_or(u32::MAX),
        }
    }
}

/// The index of all registered messages.
#[derive(Debug, Default)]
pub struct Messages {
    entries: Vec<Message>,
    table: HashTable<u32>,
}

/// What registering an id did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// The id was not known.
    New,
    /// The same message was registered under it before.
    Same,
    /// Another message has this id; it keeps it.
    Conflict,
}

impl Messages {
    /// How many ids are registered.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// The message with this key.
    pub fn find(&self, key: u64) -> Option<(BlastId, ContactId)> {
        self.table
            .find(key, |index| {
                self.entries
                    .get(*index as usize)
                    .is_some_and(|e| e.key == key)
            })
            .and_then(|index| self.entries.get(*index as usize))
            .map(|entry| (BlastId(entry.blast), ContactId(entry.contact)))
    }

    /// Registers a key.
    pub fn register(&mut self, key: u64, blast: BlastId, contact: ContactId) -> Registered {
        if let Some(found) = self.find(key) {
            return if found == (blast, contact) {
                Registered::Same
            } else {
                Registered::Conflict
            };
        }
        let Ok(index) = u32::try_from(self.entries.len()) else {
            return Registered::Conflict;
        };
        self.entries.push(Message {
            key,
            blast: blast.0,
            contact: contact.0,
        });
        let entries = &self.entries;
        self.table.insert_unique(key, index, |index| {
            entries.get(*index as usize).map_or(0, |entry| entry.key)
        });
        Registered::New
    }

    /// All messages at once, each key once: for snapshots.
    pub fn fill(&mut self, entries: Vec<Message>) {
        self.table = table_of(entries.len(), entries.iter().map(|entry| entry.key));
        self.entries = entries;
    }

    /// Key, blast and contact of each, in order of registration.
    pub fn iter(&self) -> impl Iterator<Item = (u64, BlastId, ContactId)> {
        self.entries
            .iter()
            .map(|e| (e.key, BlastId(e.blast), ContactId(e.contact)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_belongs_to_the_first_message() {
        let mut messages = Messages::default();
        let (blast, one, two) = (BlastId(3), ContactId(1), ContactId(2));
        assert_eq!(messages.register(77, blast, one), Registered::New);
        assert_eq!(messages.register(77, blast, one), Registered::Same);
        assert_eq!(messages.register(77, blast, two), Registered::Conflict);
        assert_eq!(messages.find(77), Some((blast, one)));
        assert_eq!(messages.find(78), None);
        assert_eq!(messages.count(), 1);
    }
}
