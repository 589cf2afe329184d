//! Counting an event where it belongs, and moving it when a registration shows that it belongs
//! elsewhere. Certain facts only add; likely ones are kept apart and can be taken back.

use std::collections::BTreeSet;

use super::judge::refusal;
use super::register::add_member;
use crate::consent::word_time;
use crate::event::{BlastId, ContactId, Position, Trust};
use crate::limits::{LOOSE_COUNT_MAX, SETTLE_MS};
use crate::loose::{Entry, EntryId};
use crate::resolve::{Route, route};
use crate::sets::{Mask, SetKind};
use crate::state::State;

/// Counts an entry where it belongs; `known` is its message, if that is registered.
pub(super) fn put(state: &mut State, mut entry: Entry, known: Option<(BlastId, ContactId)>) {
    // This record's own arrival, not the newest ever: one clock that ran ahead must not end
    // the waiting of all who come after.
    let received_ms = entry.received_ms;
    let route = match known {
        Some((blast, contact)) => Route::Firm(blast, contact),
        None => route(state, &entry),
    };
    match route {
        Route::Firm(blast, contact) => {
            let is_new = add_firm(state, &entry, blast, contact);
            state.traffic.duplicates += u64::from(!is_new);
        }
        Route::Likely(blast) => {
            entry.counted_in = Some(blast);
            count(state, &entry, blast);
            state.loose.insert(entry);
        }
        Route::Waits => {
            state.loose.insert(entry);
        }
    }
    while let Some(id) = state
        .loose
        .due(received_ms.saturating_sub(SETTLE_MS), LOOSE_COUNT_MAX)
    {
        settle(state, id);
    }
}

/// Whether it changed anything.
fn add_firm(state: &mut State, entry: &Entry, id: BlastId, contact: ContactId) -> bool {
    let Some(blast) = state.registry.blast_mut(id) else {
        return false;
    };
    let new = blast.facts.add(entry.mask, contact);
    if let Some(tally) = &entry.tally {
        blast.facts.counts.add(tally, 1);
    }
    let is_unheard = entry.contact != Some(contact);
    if is_unheard && entry.is_proof_of_send && entry.mask.has(SetKind::OPTED_OUT) {
        // The receipt need not have said whom it was about.
        let heard_us = word_time(Some(entry.at_us), entry.received_ms, true);
        let key = if entry.message == 0 {
            entry.reference
        } else {
            entry.message
        };
        let fact = refusal(contact, heard_us, Trust::Allowed, (entry.sender, key));
        state.consent.hear(fact, Position(entry.position));
    }
    // A receipt that names its blast makes its contact one of the blast, as a send would.
    let is_member = entry.is_proof_of_send && add_member(state, id, contact, SetKind::SENT);
    is_member || new != 0 || entry.tally.is_some()
}

fn count(state: &mut State, entry: &Entry, blast: BlastId) {
    if let (Some(blast), Some(contact)) = (state.registry.blast_mut(blast), entry.contact) {
        blast.loose_facts.add(entry.mask, contact);
        if let Some(tally) = &entry.tally {
            blast.loose_facts.counts.add(tally, 1);
        }
    }
}

/// Takes an entry's counts and facts back from where it is counted, leaving what other entries
/// of the same contact hold up.
fn uncount(state: &mut State, id: EntryId) {
    let Some(entry) = state.loose.get(id) else {
        return;
    };
    let (Some(blast_id), Some(contact)) = (entry.counted_in, entry.contact) else {
        return;
    };
    state.loose.set_counted_in(id, None);
    if let (Some(blast), Some(tally)) = (state.registry.blast_mut(blast_id), &entry.tally) {
        blast.loose_facts.counts.add(tally, -1);
    }
    let others = state.loose.of_contact(contact);
    count_anew(state, blast_id, contact, &others);
}

/// An entry is certain now.
pub(super) fn make_firm(state: &mut State, id: EntryId, blast: BlastId, contact: ContactId) {
    uncount(state, id);
    if let Some(entry) = state.loose.remove(id) {
        add_firm(state, &entry, blast, contact);
    }
}

/// Asks again where an entry belongs.
pub(super) fn ask_again(state: &mut State, id: EntryId) {
    let Some(entry) = state.loose.get(id) else {
        return;
    };
    match route(state, &entry) {
        Route::Firm(blast, contact) => make_firm(state, id, blast, contact),
        Route::Likely(blast) if entry.counted_in != Some(blast) => {
            uncount(state, id);
            state.loose.set_counted_in(id, Some(blast));
            if let Some(entry) = state.loose.get(id) {
                count(state, &entry, blast);
            }
        }
        Route::Likely(_) => {}
        Route::Waits => uncount(state, id),
    }
}

/// Asks again where all of a contact's entries belong: each once, and each blast that one left
/// is counted anew once, so that a contact who writes a lot costs no more than its entries.
pub(super) fn ask_all_again(state: &mut State, contact: ContactId) {
    let ids = state.loose.of_contact(contact);
    let mut left = BTreeSet::new();
    let mut firm = Vec::new();
    for id in &ids {
        let Some(entry) = state.loose.get(*id) else {
            continue;
        };
        let (old, new) = (entry.counted_in, route(state, &entry));
        let new = match new {
            Route::Firm(blast, contact) => {
                firm.push((*id, blast, contact));
                continue;
            }
            Route::Likely(blast) => Some(blast),
            Route::Waits => None,
        };
        if old == new {
            continue;
        }
        let entry = entry.clone();
        let blast = old.and_then(|old| state.registry.blast_mut(old));
        if let (Some(blast), Some(tally)) = (blast, &entry.tally) {
            blast.loose_facts.counts.add(tally, -1);
        }
        left.extend(old);
        state.loose.set_counted_in(*id, new);
        if let Some(blast) = new {
            count(state, &entry, blast);
        }
    }
    for blast in left {
        count_anew(state, blast, contact, &ids);
    }
    for (id, blast, contact) in firm {
        make_firm(state, id, blast, contact);
    }
}

/// A reply was judged again: its entry, if it is still uncertain, has these labels from now on.
pub(super) fn judge_again(state: &mut State, contact: ContactId, position: Position, labels: Mask) {
    let ids = state.loose.of_contact(contact);
    let is_it = |id: &&EntryId| {
        let entry = state.loose.get(**id);
        entry.is_some_and(|entry| entry.position == position.0)
    };
    let Some(id) = ids.iter().find(is_it).copied() else {
        return;
    };
    let Some(entry) = state.loose.get(id) else {
        return;
    };
    let mask = Mask(entry.mask.0 & !SetKind::ALL_LABELS.0 | labels.0);
    let blast = entry.counted_in;
    state.loose.set_mask(id, mask);
    if let Some(blast) = blast {
        count_anew(state, blast, contact, &ids);
    }
}

/// Makes a contact's likely facts in a blast what its entries say.
fn count_anew(state: &mut State, id: BlastId, contact: ContactId, entries: &[EntryId]) {
    let entries = entries.iter().filter_map(|id| state.loose.get(*id));
    let here = entries.filter(|entry| entry.counted_in == Some(id));
    let mask = here.fold(Mask::default(), |sum, entry| Mask(sum.0 | entry.mask.0));
    if let Some(blast) = state.registry.blast_mut(id) {
        blast.loose_facts.clear(contact);
        blast.loose_facts.add(mask, contact);
    }
}

/// An entry's time is over: what was found stays, what was not is an orphan.
///
/// Its bits may stay among the likely facts too: both are read together, and a later `uncount`
/// of the same contact clears them without loss.
fn settle(state: &mut State, id: EntryId) {
    let Some(entry) = state.loose.remove(id) else {
        return;
    };
    let (Some(blast), Some(contact)) = (entry.counted_in, entry.contact) else {
        let is_reply = entry.tally.is_some_and(|tally| tally.replies != 0);
        state.traffic.unattributed += u64::from(is_reply);
        state.traffic.orphans += u64::from(!is_reply);
        return;
    };
    add_firm(state, &entry, blast, contact);
    if let (Some(blast), Some(tally)) = (state.registry.blast_mut(blast), &entry.tally) {
        blast.loose_facts.counts.add(tally, -1);
    }
}
