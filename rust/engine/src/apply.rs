//! (State, Record) -> State. The only place where state changes.
//!
//! Total: every record has an effect or none, never an error. Deterministic: no clock, no
//! files, no random. Facts only add; the order of records does not change the end, because
//! what is found by rule 3 is kept apart and found again when a registration could move it.
//!
//! `apply/` holds what an event says (`meaning`), where it is counted (`place`), and what
//! registrations bring (`register`).

use crate::codec::{EventRecord, LikelyRecord, ReceiptRecord, Record};
use crate::consent::word_time;
use crate::event::{ContactId, ErrorClass, Kind, Position, State as Word};
use crate::ids::IdForms;
use crate::loose::Entry;
use crate::replies::ReplyAt;
use crate::resolve::find_message;
use crate::sets::Mask;
use crate::state::State;

mod judge;
mod meaning;
mod place;
mod register;
mod whose;

pub(crate) use meaning::{event_key, receipt_key, reply_word};
pub(crate) use whose::{of_event, whose};

use judge::{fact_of, ledger, refusal, relabel, setting};
use meaning::{entry_of, meaning, receipt_mask};
use place::put;
use register::{audience, blast, consent, sent};

/// Applies one record. `received_ms` is its frame's arrival time.
pub fn apply(state: &mut State, record: &Record<'_>, position: Position, received_ms: i64) {
    apply_found(state, record, None, position, received_ms);
}

/// The same where the contact that it names may have been looked up before.
pub fn apply_found(
    state: &mut State,
    record: &Record<'_>,
    found: Option<ContactId>,
    position: Position,
    received_ms: i64,
) {
    state.position = position;
    state.newest_ms = state.newest_ms.max(received_ms);
    match record {
        Record::Receipt(record) => receipt(state, record, received_ms),
        Record::Likely(record) => likely(state, record, found, received_ms),
        Record::Event(record) => event(state, record, received_ms),
        Record::Sent(record) => sent(state, record),
        Record::Audience(record) => audience(state, record),
        Record::Campaign(record) => state.registry.put_campaign(state.keys, record),
        Record::Blast(record) => blast(state, record),
        Record::Consent(record) => consent(state, record),
        Record::Ledger(record) => ledger(state, record, received_ms),
        Record::Setting(record) => setting(state, record),
        Record::Relabel(record) => relabel(state, record),
        Record::DeadLetter(record) => {
            for reject in record.rows.iter() {
                *state.traffic.rejects.entry(reject.code).or_default() += 1;
            }
            state.dead_letters.push(position);
        }
        Record::Settled(record) => {
            let is_settled = |letter: &Position| record.letters.binary_search(letter).is_ok();
            state.dead_letters.retain(|letter| !is_settled(letter));
        }
    }
}

fn receipt(state: &mut State, record: &ReceiptRecord<'_>, received_ms: i64) {
    state.traffic.events += 1;
    state.traffic.unknown_states += u64::from(record.state == Word::Unknown);
    let mask = receipt_mask(Some(record.state), record.class);
    let Some(blast) = state.registry.blast_mut(record.blast) else {
        return;
    };
    let new = blast.facts.add(mask, record.contact);
    state.traffic.duplicates += u64::from(new == 0);
    if record.class == Some(ErrorClass::OptedOut) {
        let at_us = word_time(record.occurred_us, received_ms, true);
        let fact = refusal(record.contact, at_us, record.trust, (0, record.message));
        state.consent.hear(fact, state.position);
    }
}

/// The same as `event` for a receipt of this shape, with the keys at hand.
fn likely(
    state: &mut State,
    record: &LikelyRecord<'_>,
    found: Option<ContactId>,
    received_ms: i64,
) {
    state.traffic.events += 1;
    let Some(contact) = found.or_else(|| state.contacts.intern(record.contact)) else {
        return;
    };
    let at_us = record
        .occurred_us
        .unwrap_or(received_ms.saturating_mul(1_000));
    if record.class == Some(ErrorClass::OptedOut) {
        let heard_us = word_time(record.occurred_us, received_ms, true);
        let fact = refusal(
            contact,
            heard_us,
            record.trust,
            (record.sender, record.event),
        );
        state.consent.hear(fact, state.position);
    }
    if !state.seen.insert(record.event) {
        state.traffic.duplicates += 1;
        return;
    }
    state.traffic.unknown_states += u64::from(record.state == Word::Unknown);
    let [message, without_account] = record.messages;
    let entry = Entry {
        mask: receipt_mask(Some(record.state), record.class),
        message,
        without_account: [without_account, 0],
        sender: record.sender,
        contact: Some(contact),
        at_us,
        received_ms,
        position: state.position.0,
        window_ms: state.windows.receipt_ms,
        is_proof_of_send: true,
        ..Entry::default()
    };
    let known = if IdForms::of(record.provider, record.account).mixes_bases {
        find_message(
            state,
            (record.provider, record.account),
            record.message_id,
            Some(contact),
        )
    } else {
        record
            .messages
            .into_iter()
            .filter(|key| *key != 0)
            .find_map(|key| state.messages.find(key))
    };
    put(state, entry, known);
}

fn event(state: &mut State, record: &EventRecord<'_>, received_ms: i64) {
    state.traffic.events += 1;
    let (mask, tally, word) = meaning(record);
    let contact = record
        .contact
        .and_then(|number| state.contacts.intern(number));
    let at_us = record
        .occurred_us
        .unwrap_or(received_ms.saturating_mul(1_000));
    let has_identity = !record.message_id.is_empty() || !record.event_id.is_empty();
    // Without an identity a second STOP cannot be told from a repeat of the first, and what
    // lies between may be a START. It is heard again: suppressing once too often is the
    // lesser harm. So are receipts, as those whose message is known already (`receipt`) are.
    let is_heard_once = has_identity && record.kind != Kind::Receipt;
    let key = event_key(state.keys, record, received_ms);
    let fact = contact
        .zip(word)
        .map(|(contact, is_out)| fact_of(state, record, (contact, is_out), (key, received_ms)));
    if let (Some(fact), Some(true), false) = (fact, word, is_heard_once) {
        state.consent.hear(fact, state.position);
    }
    if !state.seen.insert(key) {
        state.traffic.duplicates += 1;
        return;
    }
    let is_unknown = record.kind == Kind::Receipt && record.state == Some(Word::Unknown);
    state.traffic.unknown_states += u64::from(is_unknown);
    if let Some(fact) = fact {
        state.consent.hear(fact, state.position);
    }
    if let (Kind::Reply, Some(contact)) = (record.kind, contact) {
        state.replies.push(ReplyAt {
            position: state.position,
            contact,
            labels: record.labels,
        });
    }
    if mask == Mask::default() {
        return;
    }
    let entry = entry_of(state, record, (mask, tally), contact, (at_us, received_ms));
    place(state, record, entry);
}

fn place(state: &mut State, record: &EventRecord<'_>, entry: Entry) {
    let (provider, account) = (record.provider, record.account);
    // A reply's own id is not the id of a message of ours; its reference may be.
    let by_id = if record.kind == Kind::Reply {
        ""
    } else {
        record.message_id
    };
    let whose = (provider, account);
    let message = find_message(state, whose, by_id, entry.contact)
        .or_else(|| find_message(state, whose, record.client_ref, None));
    put(state, entry, message);
}
