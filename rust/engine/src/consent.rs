//! Who must not be sent to: the latest word of each contact, and the set that follows.
//!
//! A join: the later time wins, an opt-out wins a tie. Scope is the whole directory, the widest.

use std::collections::HashMap;

use crate::event::ContactId;
use crate::idset::IdSet;

/// Consent of all contacts that ever said a word about it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Consent {
    /// Time (microseconds) and whether it is out.
    latest: HashMap<ContactId, (i64, bool)>,
    suppressed: IdSet,
}

impl Consent {
    /// Takes one word in; whether it changed anything.
    pub fn hear(&mut self, contact: ContactId, at_us: i64, is_out: bool) -> bool {
        let word = (at_us, is_out);
        let latest = self.latest.entry(contact).or_insert((i64::MIN, false));
        if word <= *latest {
            return false;
        }
        *latest = word;
        if is_out {
            self.suppressed.insert(contact);
        } else {
            self.suppressed.remove(contact);
        }
        true
    }

    /// Contacts that must not be sent to.
    pub const fn suppressed(&self) -> &IdSet {
        &self.suppressed
    }

    /// Contact, time in microseconds, and whether it is out, in any order.
    pub fn iter(&self) -> impl Iterator<Item = (ContactId, i64, bool)> {
        self.latest
            .iter()
            .map(|(contact, (at, out))| (*contact, *at, *out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_word_decides_in_any_order() {
        let words = [(10, true), (20, false), (20, true), (15, false)];
        for turn in 0..words.len() {
            let mut consent = Consent::default();
            for index in 0..words.len() {
                let (at, out) = words[(index + turn) % words.len()];
                consent.hear(ContactId(1), at, out);
            }
            assert!(
                consent.suppressed().contains(ContactId(1)),
                "opt-out wins the tie at 20"
            );
        }
    }

    #[test]
    fn only_a_later_opt_in_undoes() {
        let mut consent = Consent::default();
        assert!(consent.hear(ContactId(1), 10, true));
        assert!(!consent.hear(ContactId(1), 9, false));
        assert!(consent.suppressed().contains(ContactId(1)));
        assert!(consent.hear(ContactId(1), 11, false));
        assert!(consent.suppressed().is_empty());
    }
}
