//! Who must not be sent to: all facts of the ledger, and the set that follows from them.
//!
//! A join: facts are only added, in any order and any number of times; of a contact's words the
//! latest counts, an opt-out before an opt-in of the same moment. A word that a person overturned
//! counts no more. Scope is the whole directory, the widest; `suppressed_for` asks for less.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use crate::event::{ContactId, Position};
use crate::idset::IdSet;
use crate::ledger::Fact;

/// 2000-01-01 UTC: no text message of a campaign is older.
const EARLIEST_US: i64 = 946_684_800_000_000;
/// How far ahead of ours a provider's clock may be when it reports an opt-out.
const AHEAD_US_MAX: i64 = 24 * 3_600 * 1_000_000;

/// The time that a word about consent counts from: the provider's where it can be true, else
/// its arrival. An opt-in never counts from later than its arrival, or a wrong clock could
/// silence every STOP that follows.
pub fn word_time(occurred_us: Option<i64>, received_ms: i64, is_out: bool) -> i64 {
    let arrived = received_ms.saturating_mul(1_000);
    let ahead = if is_out { AHEAD_US_MAX } else { 0 };
    match occurred_us {
        Some(at) if at >= EARLIEST_US && at <= arrived.saturating_add(ahead) => at,
        _ => arrived,
    }
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Consent {
    /// With the log position of each; 0 where that is not known.
    facts: BTreeMap<Fact, Position>,
    /// By contact and key of a fact: when a person last looked at it, and whether it was upheld.
    reviews: HashMap<(ContactId, u64), (i64, bool)>,
    /// Time of each contact's word that counts, in microseconds, and whether it is out.
    latest: HashMap<ContactId, (i64, bool)>,
    suppressed: IdSet,
}

impl Consent {
    /// Takes one fact in; whether it is new.
    pub fn hear(&mut self, fact: Fact, position: Position) -> bool {
        match self.facts.entry(fact) {
            Entry::Occupied(mut old) => {
                if old.get().0 == 0 {
                    old.insert(position);
                }
                return false;
            }
            Entry::Vacant(new) => new.insert(position),
        };
        if fact.how.is_review() {
            let review = (fact.at_us, fact.is_out);
            let of = (fact.contact, fact.key);
            let latest = self.reviews.entry(of).or_insert((i64::MIN, false));
            if review > *latest {
                *latest = review;
                self.derive(fact.contact);
            }
        } else if self.counts(&fact) {
            let word = (fact.at_us, fact.is_out);
            let latest = self.latest.get(&fact.contact).copied();
            if latest.is_none_or(|latest| word > latest) {
                self.set(fact.contact, Some(word));
            }
        }
        true
    }

    fn set(&mut self, contact: ContactId, word: Option<(i64, bool)>) {
        match word {
            Some(word) => self.latest.insert(contact, word),
            None => self.latest.remove(&contact),
        };
        if word.is_some_and(|(_, is_out)| is_out) {
            self.suppressed.insert(contact);
        } else {
            self.suppressed.remove(contact);
        }
    }

    /// Finds a contact's word anew, after a review changed what counts.
    fn derive(&mut self, contact: ContactId) {
        let word = self.decides(contact).map(|fact| (fact.at_us, fact.is_out));
        self.set(contact, word);
    }

    /// Whether a fact is a word that nobody overturned.
    pub fn counts(&self, fact: &Fact) -> bool {
        fact.is_word() && self.review(fact) != Some(false)
    }

    /// What a person said of a fact: upheld or not; `None` if nobody looked.
    pub fn review(&self, fact: &Fact) -> Option<bool> {
        let review = self.reviews.get(&(fact.contact, fact.key));
        review.map(|(_, is_upheld)| *is_upheld)
    }

    /// The fact that decides whether a contact is out.
    pub fn decides(&self, contact: ContactId) -> Option<&Fact> {
        let facts = self.of(contact).map(|(fact, _)| fact);
        facts.rev().find(|fact| self.counts(fact))
    }

    /// A contact's facts with their positions, oldest first.
    pub fn of(&self, contact: ContactId) -> impl DoubleEndedIterator<Item = (&Fact, Position)> {
        let first = Fact::first(contact);
        let facts = match contact.0.checked_add(1) {
            Some(next) => self.facts.range(first..Fact::first(ContactId(next))),
            None => self.facts.range(first..),
        };
        facts.map(|(fact, position)| (fact, *position))
    }

    /// All facts with their positions, by contact and time.
    pub fn facts(&self) -> impl Iterator<Item = (&Fact, Position)> {
        self.facts.iter().map(|(fact, position)| (fact, *position))
    }

    /// How many facts there are.
    pub fn count(&self) -> usize {
        self.facts.len()
    }

    /// Contacts that must not be sent to.
    pub const fn suppressed(&self) -> &IdSet {
        &self.suppressed
    }

    /// Contacts that must not be sent to from senders for which `holds` is true: each sender's
    /// words alone, and those that name none.
    pub fn suppressed_for(&self, holds: impl Fn(u64) -> bool) -> IdSet {
        let mut out = IdSet::new();
        for fact in self.facts.keys() {
            if (fact.sender != 0 && !holds(fact.sender)) || !self.counts(fact) {
                continue;
            }
            // In order of time: the last one stands.
            if fact.is_out {
                out.insert(fact.contact);
            } else {
                out.remove(fact.contact);
            }
        }
        out
    }

    /// Whether the suppressed are exactly those whose ledger says so.
    pub fn is_derived(&self) -> bool {
        self.suppressed_for(|_| true) == self.suppressed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Grade, Trust};
    use crate::ledger::How;

    const ONE: ContactId = ContactId(1);

    fn word(at_us: i64, is_out: bool, key: u64) -> Fact {
        Fact {
            at_us,
            is_out,
            key,
            trust: Trust::Allowed,
            ..Fact::first(ONE)
        }
    }

    fn review(at_us: i64, is_upheld: bool, key: u64) -> Fact {
        let how = [How::Overturned, How::Confirmed][usize::from(is_upheld)];
        Fact {
            how,
            ..word(at_us, is_upheld, key)
        }
    }

    fn is_out(facts: &[Fact]) -> bool {
        let mut consent = Consent::default();
        for fact in facts {
            consent.hear(*fact, Position(1));
        }
        assert!(consent.is_derived());
        consent.suppressed().contains(ONE)
    }

    fn in_any_order(facts: &[Fact], expected: bool) {
        for turn in 0..facts.len() {
            let mut turned = facts.to_vec();
            turned.rotate_left(turn);
            assert_eq!(is_out(&turned), expected, "{turned:?}");
            turned.reverse();
            turned.extend_from_slice(facts);
            assert_eq!(is_out(&turned), expected, "{turned:?}");
        }
    }

    #[test]
    fn the_latest_word_decides_in_any_order() {
        let words = [
            word(10, true, 1),
            word(20, false, 2),
            word(20, true, 3),
            word(15, false, 4),
        ];
        in_any_order(&words, true);
        in_any_order(&[word(10, true, 1), word(11, false, 2)], false);
    }

    #[test]
    fn an_overturned_word_counts_no_more_in_any_order() {
        let likely = Fact {
            grade: Grade::Likely,
            ..word(10, true, 1)
        };
        in_any_order(&[likely, review(30, false, 1)], false);
        in_any_order(&[likely, review(30, false, 1), review(31, true, 1)], true);
        in_any_order(&[likely, review(30, false, 1), word(9, true, 2)], true);
        // Upholding an old word does not outlive a later opt-in.
        let later = [likely, word(20, false, 2), review(30, true, 1)];
        in_any_order(&later, false);
    }

    #[test]
    fn an_untrusted_source_opts_out_and_never_in() {
        let untrusted = |at_us, is_out| Fact {
            trust: Trust::Untrusted,
            ..word(at_us, is_out, 7)
        };
        in_any_order(&[word(10, true, 1), untrusted(20, false)], true);
        in_any_order(&[word(10, false, 1), untrusted(20, true)], true);
    }

    #[test]
    fn a_sender_may_be_asked_for_alone() {
        let of = |sender, fact| Fact { sender, ..fact };
        let mut consent = Consent::default();
        consent.hear(of(5, word(10, true, 1)), Position(1));
        consent.hear(of(6, word(20, false, 2)), Position(2));
        assert!(consent.suppressed_for(|sender| sender == 5).contains(ONE));
        assert!(!consent.suppressed_for(|sender| sender == 6).contains(ONE));
        consent.hear(word(30, true, 3), Position(3));
        assert!(consent.suppressed_for(|sender| sender == 6).contains(ONE));
    }

    #[test]
    fn no_clock_can_silence_a_stop() {
        let (now_ms, now) = (1_780_000_000_000, 1_780_000_000_000_000);
        assert_eq!(word_time(Some(253_402_300_799_000_000), now_ms, false), now);
        assert_eq!(word_time(Some(now + 5), now_ms, false), now);
        assert_eq!(word_time(Some(now + 5), now_ms, true), now + 5);
        assert_eq!(word_time(Some(0), now_ms, true), now);
        assert_eq!(word_time(Some(now - 5), now_ms, false), now - 5);
        assert_eq!(word_time(None, now_ms, true), now);
    }
}
