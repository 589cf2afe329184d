//! (State, Record) -> State. The only place where state changes.
//!
//! Total: every record has an effect or none, never an error. Deterministic: no clock, no
//! files, no random. Facts only add; the order of records does not change the end, because
//! what is found by rule 3 is kept apart and found again when a registration could move it.

use std::borrow::Cow;

use crate::codec::{
    AudienceRecord, BlastRecord, ConsentRecord, EventRecord, ReceiptRecord, Record, SentRecord,
};
use crate::event::{BlastId, ContactId, ErrorClass, Kind, Label, Number, Position, State as Word};
use crate::keys::{id_aliases, id_form};
use crate::limits::{LOOSE_COUNT_MAX, SETTLE_MS};
use crate::loose::{Entry, EntryId};
use crate::messages::Registered;
use crate::resolve::{Route, find_message, route};
use crate::sets::{Mask, SetKind, Tally};
use crate::state::{State, WaitingSend};

const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// Applies one record. `received_ms` is its frame's arrival time.
pub fn apply(state: &mut State, record: &Record<'_>, position: Position, received_ms: i64) {
    state.position = position;
    state.newest_ms = state.newest_ms.max(received_ms);
    match record {
        Record::Receipt(record) => receipt(state, record, received_ms),
        Record::Event(record) => event(state, record, received_ms),
        Record::Sent(record) => sent(state, record),
        Record::Audience(record) => audience(state, record),
        Record::Campaign(record) => state.registry.put_campaign(state.keys, record),
        Record::Blast(record) => blast(state, record),
        Record::Consent(record) => consent(state, record),
        Record::DeadLetter(record) => {
            *state.traffic.rejects.entry(record.code).or_default() += 1;
            state.dead_letters.push(position);
        }
    }
}

fn receipt(state: &mut State, record: &ReceiptRecord<'_>, received_ms: i64) {
    state.traffic.events += 1;
    state.traffic.unknown_states += u64::from(record.state == Word::Unknown);
    let mask = receipt_mask(Some(record.state), record.class);
    let Some(blast) = state.registry.blast_mut(record.blast) else { return };
    let new = blast.facts.add(mask, record.contact);
    state.traffic.duplicates += u64::from(new == 0);
    if record.class == Some(ErrorClass::OptedOut) {
        let at_us = record.occurred_us.unwrap_or(received_ms.saturating_mul(1_000));
        state.consent.hear(record.contact, at_us, true);
    }
}

fn receipt_mask(word: Option<Word>, class: Option<ErrorClass>) -> Mask {
    let mut mask = Mask::default();
    if let Some(kind) = word.and_then(SetKind::of_state) {
        mask = mask.with(kind);
    }
    if let Some(class) = class {
        mask = mask.with(SetKind::cause(class));
        if class == ErrorClass::OptedOut {
            mask = mask.with(SetKind::OPTED_OUT);
        }
    }
    mask
}

/// What an event adds to its blast, and what it says about consent (`true`: out).
fn meaning(record: &EventRecord<'_>) -> (Mask, Tally, Option<bool>) {
    let mut tally = Tally::default();
    let none = Mask::default();
    match record.kind {
        Kind::Receipt => {
            let is_out = record.class == Some(ErrorClass::OptedOut);
            (receipt_mask(record.state, record.class), tally, is_out.then_some(true))
        }
        Kind::Reply => {
            tally.replies = 1;
            let labels = record.labels;
            let mask = Mask(SetKind::of_labels(labels).0).with(SetKind::REPLIED);
            // Stop wins over whatever else the text says.
            if labels.has(Label::OptOut) {
                (mask.with(SetKind::OPTED_OUT), tally, Some(true))
            } else if labels.has(Label::OptIn) {
                (mask.with(SetKind::OPTED_IN), tally, Some(false))
            } else {
                (mask, tally, None)
            }
        }
        Kind::OptOut => match record.state {
            Some(Word::Stop) => (none.with(SetKind::OPTED_OUT), tally, Some(true)),
            Some(Word::Start) => (none.with(SetKind::OPTED_IN), tally, Some(false)),
            _ => (none, tally, None),
        },
        Kind::Click => {
            tally.clicks = 1;
            (none.with(SetKind::CLICKED), tally, None)
        }
        Kind::Conversion => {
            tally.conversions = 1;
            tally.value = record.value_micros.map(|micros| (micros, record.currency.to_owned()));
            (none.with(SetKind::CONVERTED), tally, None)
        }
        Kind::Lead => (none.with(SetKind::QUALIFIED), tally, None),
        Kind::Flow => {
            let mask = none.with(SetKind::FLOW_STARTED);
            let is_done = record.state == Some(Word::Completed);
            (if is_done { mask.with(SetKind::FLOW_COMPLETED) } else { mask }, tally, None)
        }
        Kind::Control | Kind::Sent => (none, tally, None),
    }
}

fn event(state: &mut State, record: &EventRecord<'_>, received_ms: i64) {
    state.traffic.events += 1;
    let (mask, tally, word) = meaning(record);
    let contact = record.contact.and_then(|number| state.contacts.intern(number));
    let at_us = record.occurred_us.unwrap_or(received_ms.saturating_mul(1_000));
    let has_identity = !record.message_id.is_empty() || !record.event_id.is_empty();
    // Without an identity a second STOP cannot be told from a repeat of the first, and what
    // lies between may be a START. It is heard again: suppressing once too often is the
    // lesser harm. So are receipts, as those whose message is known already (`receipt`) are.
    let is_heard_once = has_identity && record.kind != Kind::Receipt;
    if let (Some(contact), Some(true), false) = (contact, word, is_heard_once) {
        state.consent.hear(contact, at_us, true);
    }
    if !state.seen.insert(event_key(state, record, received_ms)) {
        state.traffic.duplicates += 1;
        return;
    }
    let is_unknown = record.kind == Kind::Receipt && record.state == Some(Word::Unknown);
    state.traffic.unknown_states += u64::from(is_unknown);
    if let (Some(contact), Some(is_out)) = (contact, word) {
        state.consent.hear(contact, at_us, is_out);
    }
    if mask == Mask::default() {
        return;
    }
    let entry = entry_of(state, record, (mask, tally), contact, (at_us, received_ms));
    place(state, record, entry);
}

fn place(state: &mut State, record: &EventRecord<'_>, mut entry: Entry) {
    let (provider, account) = (record.provider, record.account);
    // A reply's own id is not the id of a message of ours; its reference may be.
    let by_id = if record.kind == Kind::Reply { "" } else { record.message_id };
    let message = find_message(state, provider, account, by_id)
        .or_else(|| find_message(state, provider, account, record.client_ref));
    let route = match message {
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
    while let Some(id) = state.loose.due(state.newest_ms.saturating_sub(SETTLE_MS), LOOSE_COUNT_MAX)
    {
        settle(state, id);
    }
}

fn entry_of(
    state: &State,
    record: &EventRecord<'_>,
    (mask, tally): (Mask, Tally),
    contact: Option<ContactId>,
    (at_us, received_ms): (i64, i64),
) -> Entry {
    let keys = state.keys;
    let message = |account: &str, id: &str| {
        if id.is_empty() {
            return 0;
        }
        keys.message(record.provider, account, &id_form(record.provider, id))
    };
    let by_id = if record.kind == Kind::Reply { "" } else { record.message_id };
    let without_account = match record.account {
        "" => [0, 0],
        _ => [message("", by_id), message("", record.client_ref)],
    };
    let named = match record.client_ref.split_once('/') {
        _ if !record.blast.is_empty() => keys.blast(record.campaign, record.blast),
        Some((campaign, blast)) => keys.blast(campaign, blast),
        None => 0,
    };
    let sender = crate::decode::number::sender_key_text(record.sender);
    let window = match record.kind {
        Kind::Receipt => state.windows.receipt_ms,
        _ => state.windows.attribution_ms,
    };
    Entry {
        mask,
        tally,
        message: message(record.account, by_id),
        reference: message(record.account, record.client_ref),
        without_account,
        blast: named,
        campaign: if record.campaign.is_empty() { 0 } else { keys.campaign(record.campaign) },
        sender: if sender.is_empty() { 0 } else { keys.sender(&sender) },
        contact,
        at_us,
        received_ms,
        window_ms: window,
        is_proof_of_send: record.kind == Kind::Receipt,
        counted_in: None,
    }
}

/// By what a repeat of this event is known. With neither an id nor a time of its own, an equal
/// event of the same day counts as the same.
fn event_key(state: &State, record: &EventRecord<'_>, received_ms: i64) -> u64 {
    let kind = [record.kind.code(), record.provider.code()];
    if !record.event_id.is_empty() {
        return state.keys.event(&[&kind[..1], b"id", record.event_id.as_bytes()]);
    }
    let contact = record.contact.map_or(0, |number| number.0).to_le_bytes();
    let state_byte = [record.state.map_or(0, Word::code)];
    let id = id_form(record.provider, record.message_id);
    let is_named = !id.is_empty();
    let own_id = matches!(record.kind, Kind::Reply | Kind::OptOut | Kind::Receipt) && is_named;
    let when = match record.occurred_us {
        _ if own_id => 0,
        Some(at_us) => at_us,
        None => received_ms.div_euclid(DAY_MS),
    };
    let text: Cow<'_, str> = match record.text {
        Some(text) if !own_id => Cow::Borrowed(text),
        _ => Cow::Borrowed(""),
    };
    state.keys.event(&[
        &kind,
        record.account.as_bytes(),
        id.as_bytes(),
        record.client_ref.as_bytes(),
        &contact,
        crate::decode::number::sender_key_text(record.sender).as_bytes(),
        &state_byte,
        record.code.as_bytes(),
        text.as_bytes(),
        record.campaign.as_bytes(),
        record.blast.as_bytes(),
        record.name.as_bytes(),
        record.step.as_bytes(),
        &record.value_micros.unwrap_or_default().to_le_bytes(),
        &when.to_le_bytes(),
    ])
}

/// Whether it changed anything.
fn add_firm(state: &mut State, entry: &Entry, id: BlastId, contact: ContactId) -> bool {
    let Some(blast) = state.registry.blast_mut(id) else { return false };
    let new = blast.facts.add(entry.mask, contact);
    blast.facts.counts.add(&entry.tally, 1);
    if entry.is_proof_of_send && entry.mask.has(SetKind::OPTED_OUT) {
        // The receipt need not have said whom it was about.
        state.consent.hear(contact, entry.at_us, true);
    }
    // A receipt that names its blast makes its contact one of the blast, as a send would.
    let is_member = entry.is_proof_of_send && add_member(state, id, contact, SetKind::SENT);
    is_member || new != 0 || entry.tally != Tally::default()
}

fn count(state: &mut State, entry: &Entry, blast: BlastId) {
    if let (Some(blast), Some(contact)) = (state.registry.blast_mut(blast), entry.contact) {
        blast.loose_facts.add(entry.mask, contact);
        blast.loose_facts.counts.add(&entry.tally, 1);
    }
}

/// Takes an entry's counts and facts back from where it is counted, leaving what other entries
/// of the same contact hold up.
fn uncount(state: &mut State, id: EntryId) {
    let Some(entry) = state.loose.get(id).cloned() else { return };
    let (Some(blast_id), Some(contact)) = (entry.counted_in, entry.contact) else { return };
    state.loose.set_counted_in(id, None);
    let others = state.loose.of_contact(contact);
    let others: Vec<Mask> = others
        .into_iter()
        .filter_map(|other| state.loose.get(other))
        .filter(|other| other.counted_in == Some(blast_id))
        .map(|other| other.mask)
        .collect();
    let Some(blast) = state.registry.blast_mut(blast_id) else { return };
    blast.loose_facts.counts.add(&entry.tally, -1);
    blast.loose_facts.clear(contact);
    for mask in others {
        blast.loose_facts.add(mask, contact);
    }
}

/// An entry is certain now.
fn make_firm(state: &mut State, id: EntryId, blast: BlastId, contact: ContactId) {
    uncount(state, id);
    if let Some(entry) = state.loose.remove(id) {
        add_firm(state, &entry, blast, contact);
    }
}

/// Asks again where an entry belongs.
fn ask_again(state: &mut State, id: EntryId) {
    let Some(entry) = state.loose.get(id) else { return };
    match route(state, entry) {
        Route::Firm(blast, contact) => make_firm(state, id, blast, contact),
        Route::Likely(blast) if entry.counted_in != Some(blast) => {
            uncount(state, id);
            state.loose.set_counted_in(id, Some(blast));
            if let Some(entry) = state.loose.get(id).cloned() {
                count(state, &entry, blast);
            }
        }
        Route::Likely(_) => {}
        Route::Waits => uncount(state, id),
    }
}

/// An entry's time is over: what was found stays, what was not is an orphan.
fn settle(state: &mut State, id: EntryId) {
    let Some(entry) = state.loose.get(id) else { return };
    match (entry.counted_in, entry.contact) {
        (Some(blast), Some(contact)) => make_firm(state, id, blast, contact),
        _ => {
            if let Some(entry) = state.loose.remove(id) {
                let is_reply = entry.tally.replies != 0;
                state.traffic.unattributed += u64::from(is_reply);
                state.traffic.orphans += u64::from(!is_reply);
            }
        }
    }
}

fn sent(state: &mut State, record: &SentRecord<'_>) {
    let Some(blast) = state.registry.blast_id(record.blast) else {
        let send = WaitingSend {
            provider: record.provider,
            account: record.account.to_owned(),
            id: record.id.to_owned(),
            number: record.number,
        };
        state.waiting_sends.entry(record.blast).or_default().insert(send);
        return;
    };
    let Some(contact) = state.contacts.intern(record.number) else { return };
    let (provider, account) = (record.provider, record.account);
    let form = id_form(provider, record.id);
    let key = state.keys.message(provider, account, &form);
    match state.messages.register(key, blast, contact) {
        Registered::New => {}
        Registered::Same => return,
        Registered::Conflict => {
            state.traffic.id_conflicts += 1;
            return;
        }
    }
    add_member(state, blast, contact, SetKind::SENT);
    let aliases = id_aliases(provider, &form);
    let aliases = aliases.map(|alias| state.keys.message(provider, account, &alias));
    let waiting: Vec<EntryId> =
        std::iter::once(key).chain(aliases).flat_map(|key| state.loose.of_message(key)).collect();
    for id in waiting {
        make_firm(state, id, blast, contact);
    }
}

fn audience(state: &mut State, record: &AudienceRecord<'_>) {
    let Some(blast) = state.registry.blast_id(record.blast) else { return };
    state.contacts.reserve(record.numbers.len());
    for number in record.numbers.iter() {
        if let Some(contact) = state.contacts.intern(Number(*number)) {
            add_member(state, blast, contact, SetKind::AUDIENCE);
        }
    }
}

/// A contact belongs to a blast now: events that look for it are asked again. Whether it is new.
fn add_member(state: &mut State, id: BlastId, contact: ContactId, kind: SetKind) -> bool {
    let Some(blast) = state.registry.blast_mut(id) else { return false };
    let is_new = blast.facts.get_mut(kind).is_some_and(|set| set.insert(contact));
    let (sender, campaign) = (blast.sender_key, blast.campaign);
    if !is_new || state.loose.count() == 0 {
        return is_new;
    }
    let campaign = state.registry.campaign(campaign).map_or(0, |campaign| campaign.key);
    if state.loose.has_scope(sender) || state.loose.has_scope(campaign) {
        ask_all_again(state, contact);
    }
    is_new
}

fn ask_all_again(state: &mut State, contact: ContactId) {
    for entry in state.loose.of_contact(contact) {
        ask_again(state, entry);
    }
}

fn blast(state: &mut State, record: &BlastRecord<'_>) {
    let key = state.keys.blast(record.campaign, record.name);
    let known = state.registry.blast_id(key).and_then(|id| state.registry.blast(id));
    let had_sender = known.is_none_or(|blast| blast.sender_key != 0);
    let Some(id) = state.registry.put_blast(state.keys, record) else { return };
    for send in state.waiting_sends.remove(&key).unwrap_or_default() {
        let WaitingSend { provider, account, id, number } = &send;
        let (provider, number) = (*provider, *number);
        sent(state, &SentRecord { blast: key, provider, account, id, number });
    }
    for entry in state.loose.of_blast(key) {
        ask_again(state, entry);
    }
    // A sender given later makes the blast findable for contacts it already has.
    let Some(blast) = state.registry.blast(id) else { return };
    let sender = blast.sender_key;
    if had_sender || !state.loose.has_scope(sender) {
        return;
    }
    let members = [SetKind::AUDIENCE, SetKind::SENT];
    let members = members.into_iter().filter_map(|kind| blast.facts.get(kind));
    let contacts: Vec<ContactId> = members.flat_map(|set| set.iter()).collect();
    for contact in contacts {
        ask_all_again(state, contact);
    }
}


fn consent(state: &mut State, record: &ConsentRecord<'_>) {
    if let Some(contact) = state.contacts.intern(record.number) {
        state.consent.hear(contact, record.at_ms.saturating_mul(1_000), !record.opted_in);
    }
}
