//! The sets and counters of one blast: which contacts each fact holds for.
//!
//! A fact is only ever added; precedence is decided when reading (`query`). Facts whose blast
//! may still turn out to be another one are kept apart by the caller, in a second `Facts`.
//! Knows nothing of names, of time, or of how a fact came to be.

use crate::event::{ContactId, ErrorClass, Label, Labels, State};
use crate::idset::IdSet;

/// One kind of fact about a contact in a blast, as a bit number below 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SetKind(u8);

/// Several kinds at once: bit `n` for the kind with number `n`. Written to disk in snapshots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mask(pub u64);

impl Mask {
    /// These and one more.
    #[must_use]
    pub const fn with(self, kind: SetKind) -> Self {
        Self(self.0 | 1 << kind.0)
    }

    /// Whether a kind is among them.
    pub const fn has(self, kind: SetKind) -> bool {
        self.0 & (1 << kind.0) != 0
    }

    /// The kinds, in order.
    pub fn iter(self) -> impl Iterator<Item = SetKind> {
        (0..64)
            .filter(move |bit| self.0 & (1 << bit) != 0)
            .map(SetKind)
    }
}

impl SetKind {
    /// Registered for the blast.
    pub const AUDIENCE: Self = Self(0);
    /// Known to have been sent otherwise: a provider id was registered, or a receipt named the blast.
    pub const SENT: Self = Self(1);
    /// `queued` was reported.
    pub const QUEUED: Self = Self(2);
    /// `accepted` was reported.
    pub const ACCEPTED: Self = Self(3);
    /// `sent` (to the carrier) was reported.
    pub const CARRIER: Self = Self(4);
    /// `delivered` was reported.
    pub const DELIVERED: Self = Self(5);
    /// `undelivered` was reported.
    pub const UNDELIVERED: Self = Self(6);
    /// `failed` was reported.
    pub const FAILED: Self = Self(7);
    /// `rejected` was reported.
    pub const REJECTED: Self = Self(8);
    /// `expired` was reported.
    pub const EXPIRED: Self = Self(9);
    /// `filtered` was reported.
    pub const FILTERED: Self = Self(10);
    /// `read` was reported.
    pub const READ: Self = Self(11);
    /// `unknown`, or a word that is not listed, was reported.
    pub const UNKNOWN: Self = Self(12);
    /// Replied.
    pub const REPLIED: Self = Self(13);
    /// Opened a link.
    pub const CLICKED: Self = Self(14);
    /// Reached the goal.
    pub const CONVERTED: Self = Self(15);
    /// A qualified lead.
    pub const QUALIFIED: Self = Self(16);
    /// Began a flow.
    pub const FLOW_STARTED: Self = Self(17);
    /// Finished a flow.
    pub const FLOW_COMPLETED: Self = Self(18);
    /// Opted out because of this blast.
    pub const OPTED_OUT: Self = Self(19);
    /// Opted in by answering this blast.
    pub const OPTED_IN: Self = Self(20);
    /// Said something a rule saw: 24 to 39, by label code.
    pub const fn label(label: Label) -> Self {
        Self(24 + label.code())
    }
    /// All kinds of labels.
    pub const ALL_LABELS: Mask = Mask(0xFFFF << 24);
    /// Failed for this cause: 40 to 47, by class code.
    pub const fn cause(class: ErrorClass) -> Self {
        Self(40 + class.code())
    }

    /// The kind of a reported state; `None` for states of consent and of flows.
    pub const fn of_state(state: State) -> Option<Self> {
        Some(match state {
            State::Queued => Self::QUEUED,
            State::Accepted => Self::ACCEPTED,
            State::Sent => Self::CARRIER,
            State::Delivered => Self::DELIVERED,
            State::Undelivered => Self::UNDELIVERED,
            State::Failed => Self::FAILED,
            State::Rejected => Self::REJECTED,
            State::Expired => Self::EXPIRED,
            State::Filtered => Self::FILTERED,
            State::Read => Self::READ,
            State::Unknown => Self::UNKNOWN,
            State::Stop
            | State::Start
            | State::Help
            | State::Started
            | State::Step
            | State::Completed => return None,
        })
    }

    /// The kinds of labels.
    pub fn of_labels(labels: Labels) -> Mask {
        labels
            .iter()
            .fold(Mask::default(), |mask, label| mask.with(Self::label(label)))
    }

    /// The bit number, as in snapshots.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The kind with a number from a snapshot.
    pub const fn from_number(number: u8) -> Option<Self> {
        if number < 64 {
            Some(Self(number))
        } else {
            None
        }
    }
}

/// What is counted, not only collected: distinct events, by their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Replies.
    pub replies: i64,
    /// Clicks.
    pub clicks: i64,
    /// Conversions.
    pub conversions: i64,
    /// Value of conversions in millionths, by currency, in order of the code.
    pub revenue: Vec<(String, i64)>,
}

/// What one event adds to the counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// 1 for a reply.
    pub replies: i64,
    /// 1 for a click.
    pub clicks: i64,
    /// 1 for a conversion.
    pub conversions: i64,
    /// Value in millionths and currency.
    pub value: Option<(i64, String)>,
}

impl Counts {
    /// Adds (`sign` 1) or takes back (`sign` -1) one event's tally.
    pub fn add(&mut self, tally: &Tally, sign: i64) {
        self.replies += sign * tally.replies;
        self.clicks += sign * tally.clicks;
        self.conversions += sign * tally.conversions;
        if let Some((micros, currency)) = &tally.value {
            let amount = micros.saturating_mul(sign);
            match self
                .revenue
                .binary_search_by(|(code, _)| code.cmp(currency))
            {
                Ok(at) => {
                    if let Some((_, sum)) = self.revenue.get_mut(at) {
                        *sum = sum.saturating_add(amount);
                    }
                }
                Err(at) => self.revenue.insert(at, (currency.clone(), amount)),
            }
            self.revenue.retain(|(_, sum)| *sum != 0);
        }
    }

    /// Adds another's.
    pub fn merge(&mut self, other: &Self) {
        let (replies, clicks) = (other.replies, other.clicks);
        self.add(
            &Tally {
                replies,
                clicks,
                conversions: other.conversions,
                value: None,
            },
            1,
        );
        for (currency, micros) in &other.revenue {
            let value = Some((*micros, currency.clone()));
            self.add(
                &Tally {
                    value,
                    ..Tally::default()
                },
                1,
            );
        }
    }
}

/// Sets and counts of one blast. Only kinds that occur take room.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    present: u64,
    sets: Vec<IdSet>,
    /// Counters.
    pub counts: Counts,
}

impl Facts {
    fn index(&self, kind: SetKind) -> usize {
        (self.present & ((1_u64 << kind.0) - 1)).count_ones() as usize
    }

    /// The set of a kind, if any contact is or was in it.
    pub fn get(&self, kind: SetKind) -> Option<&IdSet> {
        if self.present & (1 << kind.0) == 0 {
            return None;
        }
        self.sets.get(self.index(kind))
    }

    /// The set of a kind, made if it was not there.
    pub fn get_mut(&mut self, kind: SetKind) -> Option<&mut IdSet> {
        let index = self.index(kind);
        if self.present & (1 << kind.0) == 0 {
            self.present |= 1 << kind.0;
            self.sets.insert(index, IdSet::new());
        }
        self.sets.get_mut(index)
    }

    /// Adds a contact to all kinds of a mask; how many of them it was new to.
    pub fn add(&mut self, mask: Mask, contact: ContactId) -> u32 {
        let mut rest = mask.0;
        let mut new = 0;
        while rest != 0 {
            let lowest = rest.trailing_zeros().to_le_bytes();
            rest &= rest - 1;
            let kind = SetKind(lowest.first().copied().unwrap_or_default());
            new += u32::from(self.get_mut(kind).is_some_and(|set| set.insert(contact)));
        }
        new
    }

    /// Takes a contact out of all kinds.
    pub fn clear(&mut self, contact: ContactId) {
        for set in &mut self.sets {
            set.remove(contact);
        }
    }

    /// Takes a contact out of the kinds of a mask.
    pub fn remove(&mut self, mask: Mask, contact: ContactId) {
        for kind in Mask(mask.0 & self.present).iter() {
            if let Some(set) = self.get_mut(kind) {
                set.remove(contact);
            }
        }
    }

    /// Whether a contact is in a kind.
    pub fn has(&self, kind: SetKind, contact: ContactId) -> bool {
        self.get(kind).is_some_and(|set| set.contains(contact))
    }

    /// Kinds and their sets, in order.
    pub fn iter(&self) -> impl Iterator<Item = (SetKind, &IdSet)> {
        Mask(self.present).iter().zip(&self.sets)
    }

    /// Replaces the set of a kind: for snapshots.
    pub fn put(&mut self, kind: SetKind, set: IdSet) {
        if let Some(slot) = self.get_mut(kind) {
            *slot = set;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_keep_apart() {
        let mut facts = Facts::default();
        let mask = Mask::default()
            .with(SetKind::REPLIED)
            .with(SetKind::label(Label::Yes))
            .with(SetKind::cause(ErrorClass::Other));
        assert_eq!(facts.add(mask, ContactId(7)), 3);
        assert_eq!(facts.add(mask, ContactId(7)), 0);
        assert_eq!(facts.add(mask.with(SetKind::AUDIENCE), ContactId(7)), 1);
        let kinds: Vec<u8> = facts.iter().map(|(kind, _)| kind.number()).collect();
        assert_eq!(kinds, [0, 13, 27, 47]);
        assert!(!facts.has(SetKind::CLICKED, ContactId(7)));
    }

    #[test]
    fn a_tally_taken_back_leaves_nothing() {
        let tally = Tally {
            conversions: 1,
            value: Some((5, "USD".into())),
            ..Tally::default()
        };
        let mut counts = Counts::default();
        counts.add(&tally, 1);
        counts.add(&tally, -1);
        assert_eq!(counts, Counts::default());
    }
}
