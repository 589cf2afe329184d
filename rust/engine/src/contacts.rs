//! E.164 numbers <-> dense contact ids.
//!
//! Ids are given in order of first appearance and never taken back, so bitmaps stay dense.
//! 8 bytes for the number, 5.7 to 11.4 for the table: the key lives only once, outside it.

use hashbrown::HashTable;

use crate::event::{ContactId, Number};
use crate::limits::CONTACTS_COUNT_MAX;
use crate::table::table_of;

/// All contacts of a directory.
#[derive(Debug, Default)]
pub struct Contacts {
    numbers: Vec<u64>,
    table: HashTable<u32>,
}

/// Spreads a number over 64 bits. Numbers are bounded and cannot be chosen freely by senders
/// of receipts at a scale that hurts, so a fast mix serves where a keyed hash would cost more.
fn mix(number: u64) -> u64 {
    let mixed = (number ^ (number >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 29)
}

impl Contacts {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.numbers.len()
    }

    /// The id of a number, if it has one.
    pub fn find(&self, number: Number) -> Option<ContactId> {
        self.table
            .find(mix(number.0), |id| {
                self.numbers.get(*id as usize) == Some(&number.0)
            })
            .map(|id| ContactId(*id))
    }

    /// The number of an id.
    pub fn number(&self, id: ContactId) -> Option<Number> {
        self.numbers
            .get(id.0 as usize)
            .map(|number| Number(*number))
    }

    /// The id of a number, given now if it had none. `None` when the table is full.
    pub fn intern(&mut self, number: Number) -> Option<ContactId> {
        if let Some(id) = self.find(number) {
            return Some(id);
        }
        if self.numbers.len() >= CONTACTS_COUNT_MAX {
            return None;
        }
        let id = u32::try_from(self.numbers.len()).ok()?;
        self.numbers.push(number.0);
        let numbers = &self.numbers;
        self.table.insert_unique(mix(number.0), id, |id| {
            mix(numbers.get(*id as usize).copied().unwrap_or_default())
        });
        Some(ContactId(id))
    }

    /// All numbers in order of their ids.
    pub fn numbers(&self) -> &[u64] {
        &self.numbers
    }

    /// All numbers at once, each once: for snapshots.
    pub fn fill(&mut self, numbers: Vec<u64>) {
        self.table = table_of(numbers.len(), numbers.iter().map(|number| mix(*number)));
        self.numbers = numbers;
    }

    /// Makes room for more.
    pub fn reserve(&mut self, more: usize) {
        self.numbers.reserve(more);
        let numbers = &self.numbers;
        self.table.reserve(more, |id| {
            mix(numbers.get(*id as usize).copied().unwrap_or_default())
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_dense_and_stable() {
        let mut contacts = Contacts::default();
        for turn in 0..2 {
            for index in 0..1_000_u64 {
                let id = contacts.intern(Number(12_025_550_000 + index * 7)).unwrap();
                assert_eq!(u64::from(id.0), index, "turn {turn}");
                assert_eq!(
                    contacts.number(id),
                    Some(Number(12_025_550_000 + index * 7))
                );
            }
        }
        assert_eq!(contacts.count(), 1_000);
        assert_eq!(contacts.find(Number(12_025_550_001)), None);
        assert_eq!(contacts.number(ContactId(1_000)), None);
    }
}
