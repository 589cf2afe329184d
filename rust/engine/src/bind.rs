//! Drafts -> the records that are written: a receipt is bound to its message where that is
//! registered, or to its sender where that is, so that neither commit nor replay looks again at
//! texts. Read-only; what a record does, is `apply`'s.

use crate::apply::receipt_key;
use crate::batch::Batch;
use crate::batch::draft::{Draft, Kept, Receipt};
use crate::codec::{
    EventRecord, LikelyRecord, Reader, ReceiptRecord, Record, decode_event, encode_event,
    encode_record,
};
use crate::context::in_context;
use crate::decode::number::sender_key_text;
use crate::event::{BlastId, ContactId, ErrorClass, Kind, Number, Provider};
use crate::ids::IdForms;
use crate::resolve::find_message;
use crate::state::State;

/// Drafts looked up together: the probes of one group do not wait for each other, and what
/// they touch still fits a core's own cache.
const GROUP_COUNT: usize = 1_024;

/// Records of a batch as bytes, put into an empty buffer, and how many.
pub fn bind(state: &State, batch: &Batch, bytes: Vec<u8>) -> (Vec<u8>, u32) {
    let mut binder = Binder {
        state,
        batch,
        senders: vec![None; batch.senders.len()],
        bytes,
    };
    let mut found = Vec::with_capacity(GROUP_COUNT);
    for group in batch.drafts.chunks(GROUP_COUNT) {
        look_up(state, group, &mut found);
        for (draft, found) in group.iter().zip(&found) {
            match draft {
                Draft::Receipt(receipt) => binder.receipt(receipt, *found),
                Draft::Kept(kept) => binder.kept(kept, *found),
            }
        }
    }
    let count = u32::try_from(batch.drafts.len()).unwrap_or(u32::MAX);
    (binder.bytes, count)
}

/// A registered message: its key, and whose it is.
type Found = (u64, (BlastId, ContactId));

/// The registered message of each draft, by the keys it has.
fn look_up(state: &State, group: &[Draft], found: &mut Vec<Option<Found>>) {
    found.clear();
    if state.messages.count() == 0 {
        found.resize(group.len(), None);
        return;
    }
    found.extend(group.iter().map(|draft| {
        let mut keys = draft.messages().into_iter().filter(|key| *key != 0);
        keys.find_map(|key| Some((key, state.messages.find(key)?)))
    }));
}

struct Binder<'a> {
    state: &'a State,
    batch: &'a Batch,
    /// The key of each of the batch's senders, once it was asked for.
    senders: Vec<Option<u64>>,
    bytes: Vec<u8>,
}

impl Binder<'_> {
    fn receipt(&mut self, draft: &Receipt, found: Option<Found>) {
        let found = found.or_else(|| self.by_alias(draft));
        if let Some((message, (blast, contact))) = found {
            let record = ReceiptRecord {
                message,
                blast,
                contact,
                state: draft.state,
                class: draft.class,
                code: self.batch.text_at(draft.code),
                occurred_us: draft.occurred_us,
                trust: draft.trust,
            };
            return encode_record(&Record::Receipt(record), &mut self.bytes);
        }
        match (draft.contact, self.sender_key(draft.sender)) {
            (Some(contact), sender) if sender != 0 => self.likely(draft, contact, sender),
            _ => self.event(draft),
        }
    }

    /// Sender and contact are all there is to find the blast by.
    fn likely(&mut self, draft: &Receipt, contact: Number, sender: u64) {
        let batch = self.batch;
        let mut record = LikelyRecord {
            provider: draft.provider,
            account: batch.text_at(draft.account),
            message_id: batch.text_at(draft.message_id),
            messages: draft.messages,
            sender,
            event: 0,
            contact,
            state: draft.state,
            class: draft.class,
            code: batch.text_at(draft.code),
            occurred_us: draft.occurred_us,
            trust: draft.trust,
        };
        record.event = receipt_key(self.state.keys, &record, batch.received_ms);
        encode_record(&Record::Likely(record), &mut self.bytes);
    }

    fn event(&mut self, draft: &Receipt) {
        let batch = self.batch;
        let mut record = EventRecord::new(Kind::Receipt, draft.provider);
        record.account = batch.text_at(draft.account);
        record.message_id = batch.text_at(draft.message_id);
        record.contact = draft.contact;
        record.sender = sender_text(batch, draft.sender);
        record.state = Some(draft.state);
        record.class = draft.class;
        record.code = batch.text_at(draft.code);
        record.occurred_us = draft.occurred_us;
        record.trust = draft.trust;
        encode_event(&record, &mut self.bytes);
    }

    fn by_alias(&self, draft: &Receipt) -> Option<Found> {
        let account = self.batch.text_at(draft.account);
        if !IdForms::of(draft.provider, account).mixes_bases {
            return None;
        }
        let id = self.batch.text_at(draft.message_id);
        let whose = self.find_alias((draft.provider, account), id, draft.contact?)?;
        Some((draft.messages.into_iter().max()?, whose))
    }

    fn find_alias(
        &self,
        whose: (Provider, &str),
        id: &str,
        number: Number,
    ) -> Option<(BlastId, ContactId)> {
        let contact = self.state.contacts.find(number);
        find_message(self.state, whose, id, contact)
    }

    /// The key of a sender, if blasts of it are registered, else 0.
    fn sender_key(&mut self, sender: u32) -> u64 {
        let Some(known) = self.senders.get_mut(sender as usize) else {
            return 0;
        };
        *known.get_or_insert_with(|| {
            let text = sender_text(self.batch, sender);
            let key = self.state.keys.sender(&sender_key_text(text));
            let has_blasts = !self.state.registry.of_sender(key).is_empty();
            if has_blasts { key } else { 0 }
        })
    }

    fn kept(&mut self, kept: &Kept, found: Option<Found>) {
        let plain = self.batch.record(kept.bytes);
        if kept.messages != [0; 3]
            && let Ok(event) = decode_event(&mut Reader::new(plain))
            && let Some(record) = self.bound(kept, &event, found)
        {
            return encode_record(&Record::Receipt(record), &mut self.bytes);
        }
        let judged = in_context(self.state, plain, self.batch.received_ms);
        let bytes = judged.as_deref().unwrap_or(plain);
        self.bytes.extend_from_slice(bytes);
    }

    /// A receipt that says more than its message needs, if that is registered.
    fn bound<'e>(
        &self,
        kept: &Kept,
        event: &EventRecord<'e>,
        found: Option<Found>,
    ) -> Option<ReceiptRecord<'e>> {
        // Such a receipt also concerns the contact it names, so that is not left out.
        if event.class == Some(ErrorClass::OptedOut) {
            return None;
        }
        let (message, (blast, contact)) = match found {
            Some(found) => found,
            None if IdForms::of(event.provider, event.account).mixes_bases => {
                let whose = (event.provider, event.account);
                let found = self.find_alias(whose, event.message_id, event.contact?)?;
                (kept.messages.into_iter().max()?, found)
            }
            None => return None,
        };
        Some(ReceiptRecord {
            message,
            blast,
            contact,
            state: event.state?,
            class: event.class,
            code: event.code,
            occurred_us: event.occurred_us,
            trust: event.trust,
        })
    }
}

fn sender_text(batch: &Batch, sender: u32) -> &str {
    let range = batch.senders.get(sender as usize);
    range.map_or("", |range| batch.text_at(*range))
}
