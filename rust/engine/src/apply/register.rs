//! Registrations: blasts, audiences, message ids, and what they bring to events that waited.

use super::place::{ask_again, ask_all_again, make_firm};
use crate::codec::{AudienceRecord, BlastRecord, ConsentRecord, SentRecord};
use crate::event::{BlastId, ContactId, Number, Trust};
use crate::ids::{IdForms, id_aliases, id_form};
use crate::keys::shares_ids;
use crate::ledger::{Fact, How};
use crate::limits::SENDS_WAITING_COUNT_MAX;
use crate::messages::Registered;
use crate::sets::SetKind;
use crate::state::{State, WaitingSend};

pub(super) fn sent(state: &mut State, record: &SentRecord<'_>) {
    let Some(blast) = state.registry.blast_id(record.blast) else {
        let send = WaitingSend {
            provider: record.provider,
            account: record.account.to_owned(),
            id: record.id.to_owned(),
            number: record.number,
        };
        if state.sends_waiting < SENDS_WAITING_COUNT_MAX {
            let waiting = state.waiting_sends.entry(record.blast).or_default();
            state.sends_waiting += usize::from(waiting.insert(send));
        } else {
            state.traffic.orphans += 1;
        }
        return;
    };
    let Some(contact) = state.contacts.intern(record.number) else {
        return;
    };
    let (provider, account) = (record.provider, record.account);
    let forms = IdForms::of(provider, account);
    let form = id_form(forms, record.id);
    let (keys, to) = (state.keys, Some(record.number));
    let key = keys.message(provider, account, &form, to);
    // Whoever has the id already keeps it; that this contact was sent to is true all the same.
    let registered = state.messages.register(key, blast, contact);
    state.traffic.id_conflicts += u64::from(registered == Registered::Conflict);
    add_member(state, blast, contact, SetKind::SENT);
    if shares_ids(provider) {
        // For what names no contact, and for references; of several with one id, the first.
        let alone = keys.message(provider, account, &form, None);
        if state.messages.register(alone, blast, contact) == Registered::New {
            make_firm_if(state, alone, (blast, contact), |_| true);
        }
    }
    if registered != Registered::New {
        return;
    }
    for id in state.loose.of_message(key) {
        make_firm(state, id, blast, contact);
    }
    for alias in id_aliases(forms, &form) {
        let key = keys.message(provider, account, &alias, to);
        // As `find_message`: another form of the id counts for the same contact only.
        make_firm_if(state, key, (blast, contact), |of| of == Some(contact));
    }
}

/// Makes firm what waits for a message, if it names such a contact.
fn make_firm_if(
    state: &mut State,
    key: u64,
    (blast, contact): (BlastId, ContactId),
    names: impl Fn(Option<ContactId>) -> bool,
) {
    for id in state.loose.of_message(key) {
        if state
            .loose
            .get(id)
            .is_some_and(|entry| names(entry.contact))
        {
            make_firm(state, id, blast, contact);
        }
    }
}

pub(super) fn audience(state: &mut State, record: &AudienceRecord<'_>) {
    let Some(blast) = state.registry.blast_id(record.blast) else {
        return;
    };
    state.contacts.reserve(record.numbers.len());
    for number in record.numbers.iter() {
        if let Some(contact) = state.contacts.intern(Number(*number)) {
            add_member(state, blast, contact, SetKind::AUDIENCE);
        }
    }
}

/// A contact belongs to a blast now: events that look for it are asked again. Whether it is new.
pub(super) fn add_member(
    state: &mut State,
    id: BlastId,
    contact: ContactId,
    kind: SetKind,
) -> bool {
    let Some(blast) = state.registry.blast_mut(id) else {
        return false;
    };
    let is_new = blast
        .facts
        .get_mut(kind)
        .is_some_and(|set| set.insert(contact));
    // The blast held the contact before, for the other reason: nothing is found differently.
    let other = if kind == SetKind::SENT {
        SetKind::AUDIENCE
    } else {
        SetKind::SENT
    };
    let was_held = blast.facts.has(other, contact);
    let (sender, campaign) = (blast.sender_key, blast.campaign);
    if !is_new || was_held || state.loose.count() == 0 {
        return is_new;
    }
    let campaign = state
        .registry
        .campaign(campaign)
        .map_or(0, |campaign| campaign.key);
    if state.loose.has_scope(sender) || state.loose.has_scope(campaign) {
        ask_all_again(state, contact);
    }
    is_new
}

pub(super) fn blast(state: &mut State, record: &BlastRecord<'_>) {
    let key = state.keys.blast(record.campaign, record.name);
    let known = state
        .registry
        .blast_id(key)
        .and_then(|id| state.registry.blast(id));
    let had_sender = known.is_none_or(|blast| blast.sender_key != 0);
    let Some(id) = state.registry.put_blast(state.keys, record) else {
        return;
    };
    let waiting = state.waiting_sends.remove(&key).unwrap_or_default();
    state.sends_waiting -= waiting.len();
    for send in waiting {
        let WaitingSend {
            provider,
            account,
            id,
            number,
        } = &send;
        let (provider, number) = (*provider, *number);
        sent(
            state,
            &SentRecord {
                blast: key,
                provider,
                account,
                id,
                number,
            },
        );
    }
    for entry in state.loose.of_blast(key) {
        ask_again(state, entry);
    }
    // A sender given later makes the blast findable for contacts it already has.
    let Some(blast) = state.registry.blast(id) else {
        return;
    };
    let sender = blast.sender_key;
    if had_sender || !state.loose.has_scope(sender) {
        return;
    }
    let members = [SetKind::AUDIENCE, SetKind::SENT];
    let members = members.into_iter().filter_map(|kind| blast.facts.get(kind));
    let contacts: Vec<ContactId> = members.flat_map(crate::idset::IdSet::iter).collect();
    for contact in contacts {
        ask_all_again(state, contact);
    }
}

pub(super) fn consent(state: &mut State, record: &ConsentRecord<'_>) {
    if let Some(contact) = state.contacts.intern(record.number) {
        let reason = record.reason.as_bytes();
        let fact = Fact {
            at_us: record.at_ms.saturating_mul(1_000),
            is_out: !record.opted_in,
            how: How::Api,
            trust: Trust::Verified,
            key: state.keys.event(&[b"consent", reason]),
            ..Fact::first(contact)
        };
        state.consent.hear(fact, state.position);
    }
}
