//! Which blast a kept record is credited to, as it would be now. Changes nothing.

use super::meaning::{entry_of, meaning};
use crate::codec::{EventRecord, LikelyRecord, Record};
use crate::event::{BlastId, Kind};
use crate::ids::IdForms;
use crate::loose::Entry;
use crate::resolve::{Route, find_message, route};
use crate::state::State;

/// The blast of a record from the log that arrived then; `None` while it has none.
pub fn whose(state: &State, record: &Record<'_>, received_ms: i64) -> Option<BlastId> {
    match record {
        Record::Receipt(record) => Some(record.blast),
        Record::Likely(record) => of_likely(state, record, received_ms),
        Record::Event(record) => of_event(state, record, received_ms),
        _ => None,
    }
}

/// The same for an event.
pub fn of_event(state: &State, record: &EventRecord<'_>, received_ms: i64) -> Option<BlastId> {
    let contact = record
        .contact
        .and_then(|number| state.contacts.find(number));
    let at_us = record
        .occurred_us
        .unwrap_or(received_ms.saturating_mul(1_000));
    let (mask, tally, _) = meaning(record);
    let entry = entry_of(state, record, (mask, tally), contact, (at_us, received_ms));
    let by_id = if record.kind == Kind::Reply {
        ""
    } else {
        record.message_id
    };
    let whose = (record.provider, record.account);
    let message = find_message(state, whose, by_id, contact)
        .or_else(|| find_message(state, whose, record.client_ref, None));
    message
        .map(|(blast, _)| blast)
        .or_else(|| routed(state, &entry))
}

fn of_likely(state: &State, record: &LikelyRecord<'_>, received_ms: i64) -> Option<BlastId> {
    let contact = state.contacts.find(record.contact);
    let known = if IdForms::of(record.provider, record.account).mixes_bases {
        let whose = (record.provider, record.account);
        find_message(state, whose, record.message_id, contact)
    } else {
        let keys = record.messages.into_iter().filter(|key| *key != 0);
        keys.into_iter().find_map(|key| state.messages.find(key))
    };
    let entry = Entry {
        sender: record.sender,
        contact,
        at_us: record
            .occurred_us
            .unwrap_or(received_ms.saturating_mul(1_000)),
        received_ms,
        window_ms: state.windows.receipt_ms,
        ..Entry::default()
    };
    known
        .map(|(blast, _)| blast)
        .or_else(|| routed(state, &entry))
}

fn routed(state: &State, entry: &Entry) -> Option<BlastId> {
    match route(state, entry) {
        Route::Firm(blast, _) | Route::Likely(blast) => Some(blast),
        Route::Waits => None,
    }
}
