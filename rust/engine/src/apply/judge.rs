//! What is judged about a contact: facts for the ledger, settings, and replies judged again.

use super::meaning::trust_of;
use super::place::judge_again;
use crate::codec::{EventRecord, LedgerRecord, RelabelRecord, SettingRecord};
use crate::consent::word_time;
use crate::decode::number::sender_key_text;
use crate::event::{ContactId, Grade, Kind, Label, Labels, Trust};
use crate::ledger::{Fact, How};
use crate::sets::{Mask, SetKind};
use crate::state::State;

fn sender_key(state: &State, sender: &str) -> u64 {
    match &*sender_key_text(sender) {
        "" => 0,
        text => state.keys.sender(text),
    }
}

/// The opt-out that a receipt's error code tells of, by its sender's and its own key.
pub(super) const fn refusal(
    contact: ContactId,
    at_us: i64,
    trust: Trust,
    (sender, key): (u64, u64),
) -> Fact {
    Fact {
        contact,
        at_us,
        is_out: true,
        how: How::Error,
        trust,
        grade: Grade::Certain,
        sender,
        key,
    }
}

/// The fact that an event states; `key` is that of the event.
pub(super) fn fact_of(
    state: &State,
    record: &EventRecord<'_>,
    (contact, is_out): (ContactId, bool),
    (key, received_ms): (u64, i64),
) -> Fact {
    let is_reply = record.kind == Kind::Reply;
    let how = match record.kind {
        Kind::Reply if is_out && !record.labels.has(Label::OptOut) => How::WrongNumber,
        Kind::Reply => How::Reply,
        Kind::Receipt => How::Error,
        _ => How::Notice,
    };
    Fact {
        contact,
        at_us: word_time(record.occurred_us, received_ms, is_out),
        is_out,
        how,
        trust: trust_of(record),
        grade: if is_reply {
            record.labels.grade()
        } else {
            Grade::Certain
        },
        sender: sender_key(state, record.sender),
        key,
    }
}

pub(super) fn ledger(state: &mut State, record: &LedgerRecord<'_>, received_ms: i64) {
    let Some(contact) = state.contacts.intern(record.number) else {
        return;
    };
    let key = if record.how.is_review() {
        record.subject
    } else {
        let texts = [record.source, record.wording, record.rules];
        let [source, wording, rules] = texts.map(str::as_bytes);
        let at_us = record.at_us.to_le_bytes();
        state
            .keys
            .event(&[b"ledger", &at_us, source, wording, rules])
    };
    let fact = Fact {
        contact,
        at_us: word_time(Some(record.at_us), received_ms, !record.opted_in),
        is_out: !record.opted_in,
        how: record.how,
        trust: record.trust,
        grade: record.grade,
        sender: sender_key(state, record.sender),
        key,
    };
    state.consent.hear(fact, state.position);
}

pub(super) fn setting(state: &mut State, record: &SettingRecord<'_>) {
    state
        .settings
        .hear(record.campaign, record.name, record.at_ms, record.value);
}

/// A reply has other labels from now on. Sets of labels follow; who opted out stays out.
pub(super) fn relabel(state: &mut State, record: &RelabelRecord<'_>) {
    let Some(contact) = state.contacts.intern(record.number) else {
        return;
    };
    state.replies.set_labels(record.reply, record.labels);
    let is_out = record.opts_out && record.labels.has(Label::OptOut);
    let out = Mask(u64::from(is_out) << SetKind::OPTED_OUT.number());
    let labels = Mask(SetKind::of_labels(record.labels).0 | out.0);
    judge_again(state, contact, record.reply, labels);
    let blast = state.registry.blast_id(record.blast);
    if let Some(blast) = blast.and_then(|id| state.registry.blast_mut(id)) {
        blast.facts.remove(SetKind::ALL_LABELS, contact);
        // What was written while the labels were looked at stays: rather a label too many.
        let newer = state.replies.after(record.as_of).iter();
        let newer = newer.filter(|reply| reply.contact == contact);
        let merged = newer.fold(record.merged, |all, reply| Labels(all.0 | reply.labels.0));
        let merged = Mask(SetKind::of_labels(merged).0 | out.0);
        blast.facts.add(merged, contact);
    }
    if record.opts_out {
        let fact = Fact {
            at_us: record.at_us,
            is_out: true,
            how: How::Relabelled,
            trust: Trust::Verified,
            grade: record.labels.grade(),
            sender: sender_key(state, record.sender),
            key: state
                .keys
                .event(&[b"relabel", &record.reply.0.to_le_bytes()]),
            ..Fact::first(contact)
        };
        state.consent.hear(fact, state.position);
    }
}
