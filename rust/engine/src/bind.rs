//! Drafts -> the records that are written: a receipt is bound to its message where that is
//! registered, or to its sender where that is, so that neither commit nor replay looks again at
//! texts. Read-only; what a record does, is `apply`'s.

use crate::apply::event_key;
use crate::batch::{Batch, Draft};
use crate::codec::{
    EventRecord, LikelyRecord, Reader, ReceiptRecord, Record, decode_event, encode_record,
};
use crate::context::in_context;
use crate::decode::number::sender_key_text;
use crate::event::{BlastId, ContactId, ErrorClass, State as Word};
use crate::keys::has_aliases;
use crate::resolve::find_message;
use crate::state::State;

/// Drafts looked up together: the probes of one group do not wait for each other, and what
/// they touch still fits a core's own cache.
const GROUP_COUNT: usize = 1_024;

/// Records of a batch as bytes, and how many.
pub fn bind(state: &State, batch: &Batch) -> (Vec<u8>, u32) {
    let mut bytes = Vec::with_capacity(batch.drafts.len() * 64);
    let mut senders = Senders::default();
    let mut found = Vec::with_capacity(GROUP_COUNT);
    for group in batch.drafts.chunks(GROUP_COUNT) {
        look_up(state, group, &mut found);
        for (draft, found) in group.iter().zip(&found) {
            match draft.state.filter(|_| draft.is_receipt) {
                Some(word) => {
                    receipt(
                        state,
                        batch,
                        (draft, word, *found),
                        &mut senders,
                        &mut bytes,
                    );
                }
                None => {
                    let plain = batch.record(draft);
                    let judged = in_context(state, plain, batch.received_ms);
                    bytes.extend_from_slice(judged.as_deref().unwrap_or(plain));
                }
            }
        }
    }
    (bytes, u32::try_from(batch.drafts.len()).unwrap_or(u32::MAX))
}

type Found = Option<(u64, (BlastId, ContactId))>;

/// The registered message of each draft, by the keys it has.
fn look_up(state: &State, group: &[Draft], found: &mut Vec<Found>) {
    found.clear();
    if state.messages.count() == 0 {
        found.resize(group.len(), None);
        return;
    }
    found.extend(group.iter().map(|draft| {
        let mut keys = draft.messages.into_iter().filter(|key| *key != 0);
        keys.find_map(|key| Some((key, state.messages.find(key)?)))
    }));
}

/// The last sender seen: receipts of one batch mostly share theirs.
#[derive(Default)]
struct Senders {
    text: String,
    /// Its key, if blasts of it are registered; else 0.
    key: u64,
}

impl Senders {
    fn key(&mut self, state: &State, text: &str) -> u64 {
        if self.text != text {
            text.clone_into(&mut self.text);
            let key = state.keys.sender(&sender_key_text(text));
            self.key = if state.registry.of_sender(key).is_empty() {
                0
            } else {
                key
            };
        }
        self.key
    }
}

fn receipt(
    state: &State,
    batch: &Batch,
    (draft, word, found): (&Draft, Word, Found),
    senders: &mut Senders,
    bytes: &mut Vec<u8>,
) {
    let plain = batch.record(draft);
    // Such a receipt also concerns the contact it names, so that is not left out.
    if draft.class == Some(ErrorClass::OptedOut) {
        return bytes.extend_from_slice(plain);
    }
    if let Some(found) = found {
        return bound(batch, (draft, word), found, bytes);
    }
    let Ok(event) = decode_event(&mut Reader::new(plain)) else {
        return bytes.extend_from_slice(plain);
    };
    if has_aliases(event.provider)
        && let Some(found) = by_alias(state, &event)
    {
        let key = draft.messages.into_iter().max().unwrap_or_default();
        return bound(batch, (draft, word), (key, found), bytes);
    }
    match senders.key(state, event.sender) {
        sender if sender != 0 && is_simple(&event) => {
            likely(state, batch, (draft, word), (&event, sender), bytes);
        }
        _ => bytes.extend_from_slice(plain),
    }
}

fn by_alias(state: &State, event: &EventRecord<'_>) -> Option<(BlastId, ContactId)> {
    let contact = state.contacts.find(event.contact?);
    find_message(
        state,
        (event.provider, event.account),
        event.message_id,
        contact,
    )
}

/// Whether sender and contact are all there is to find the blast by.
const fn is_simple(event: &EventRecord<'_>) -> bool {
    event.contact.is_some()
        && event.campaign.is_empty()
        && event.blast.is_empty()
        && event.client_ref.is_empty()
        && event.event_id.is_empty()
}

fn bound(
    batch: &Batch,
    (draft, word): (&Draft, Word),
    (message, (blast, contact)): (u64, (BlastId, ContactId)),
    bytes: &mut Vec<u8>,
) {
    let record = Record::Receipt(ReceiptRecord {
        message,
        blast,
        contact,
        state: word,
        class: draft.class,
        code: batch.code(draft),
        occurred_us: draft.occurred_us,
    });
    encode_record(&record, bytes);
}

fn likely(
    state: &State,
    batch: &Batch,
    (draft, word): (&Draft, Word),
    (event, sender): (&EventRecord<'_>, u64),
    bytes: &mut Vec<u8>,
) {
    let Some(contact) = event.contact else { return };
    let [message, without_account, _] = draft.messages;
    let record = Record::Likely(LikelyRecord {
        provider: event.provider,
        account: event.account,
        message_id: event.message_id,
        messages: [message, without_account],
        sender,
        event: event_key(state.keys, event, batch.received_ms),
        contact,
        state: word,
        class: draft.class,
        code: event.code,
        occurred_us: event.occurred_us,
    });
    encode_record(&record, bytes);
}
