//! Who must not be sent to: the latest word of each contact, and the set that follows.
//!
//! A join: the later time wins, an opt-out wins a tie. Scope is the whole directory, the widest.

use std::collections::HashMap;

use crate::event::ContactId;
use crate::idset::IdSet;

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
    fn no_clock_can_silence_a_stop() {
        let (now_ms, now) = (1_780_000_000_000, 1_780_000_000_000_000);
        assert_eq!(word_time(Some(253_402_300_799_000_000), now_ms, false), now);
        assert_eq!(word_time(Some(now + 5), now_ms, false), now);
        assert_eq!(word_time(Some(now + 5), now_ms, true), now + 5);
        assert_eq!(word_time(Some(0), now_ms, true), now);
        assert_eq!(word_time(Some(now - 5), now_ms, false), now - 5);
        assert_eq!(word_time(None, now_ms, true), now);
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
