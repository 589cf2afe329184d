//! Decoded events -> drafts of a batch: what can become a record at all.

use super::draft::{Draft, Kept, Receipt, is_plain_receipt};
use super::{Batch, Pushed, Scope, place};
use crate::codec::{EventRecord, Record, SentRecord, encode_event};
use crate::decode::{Reject, RejectCode, Sink};
use crate::event::{ErrorClass, Event, Kind, Labels, Number, Own, Provider, State as Word};
use crate::ids::{IdForms, any_account, id_form};

/// The sink of one request.
pub(super) struct Taker<'a, 'b> {
    batch: &'a mut Batch,
    scope: &'a Scope<'b>,
    pub pushed: Pushed,
    /// What the batch held before: drafts, bytes, texts, senders and replies.
    before: [usize; 5],
}

impl<'a, 'b> Taker<'a, 'b> {
    pub fn new(batch: &'a mut Batch, scope: &'a Scope<'b>) -> Self {
        let before = [
            batch.drafts.len(),
            batch.bytes.len(),
            batch.texts.len(),
            batch.senders.len(),
            batch.replies.len(),
        ];
        Self {
            batch,
            scope,
            pushed: Pushed::default(),
            before,
        }
    }
}

impl Sink for Taker<'_, '_> {
    fn event(&mut self, row: u32, event: Event<'_>) {
        match self.refusal(&event) {
            Some(code) => {
                let byte = event.strange_contact_at.unwrap_or_default();
                self.pushed.rejects.push(Reject { row, byte, code });
            }
            None if event.kind == Kind::Control => {}
            None => self.take(&event),
        }
    }

    fn reject(&mut self, reject: Reject) {
        self.pushed.rejects.push(reject);
    }

    fn withdraw(&mut self) {
        let [drafts, bytes, texts, senders, replies] = self.before;
        self.batch.drafts.truncate(drafts);
        self.batch.bytes.truncate(bytes);
        self.batch.texts.truncate(texts);
        self.batch.senders.truncate(senders);
        self.batch.replies.truncate(replies);
        self.pushed = Pushed::default();
    }
}

impl Taker<'_, '_> {
    /// Why an event that could be decoded cannot be kept as one.
    fn refusal(&self, event: &Event<'_>) -> Option<RejectCode> {
        if event.strange_contact_at.is_some() && event.kind != Kind::Control {
            return Some(RejectCode::NotANumber);
        }
        match event.kind {
            Kind::Reply | Kind::OptOut if event.contact.is_none() => Some(RejectCode::NotANumber),
            Kind::Sent => {
                let own = event.own.as_deref();
                let named = own.is_some_and(|own| own.campaign.is_some() && own.blast.is_some());
                let named = named || (self.scope.campaign.is_some() && self.scope.blast.is_some());
                let is_whole = named && event.contact.is_some() && event.message_id.is_some();
                (!is_whole).then_some(RejectCode::FieldMissing)
            }
            _ => None,
        }
    }

    fn take(&mut self, event: &Event<'_>) {
        let none = Own::default();
        let own = event.own.as_deref().unwrap_or(&none);
        let account = own.account.as_deref().unwrap_or(self.scope.account);
        let named = self.scope.named_account(event.profile, account);
        let account = named.as_deref().unwrap_or(account);
        let campaign = own
            .campaign
            .as_deref()
            .or(self.scope.campaign)
            .unwrap_or_default();
        let blast = own
            .blast
            .as_deref()
            .or(self.scope.blast)
            .unwrap_or_default();
        self.pushed.accepted += 1;
        if event.kind == Kind::Sent {
            return self.take_sent(event, account, campaign, blast);
        }
        let mut record = EventRecord::new(event.kind, event.provider);
        record.account = account;
        record.message_id = event.message_id.as_deref().unwrap_or_default();
        record.client_ref = event.client_ref.as_deref().unwrap_or_default();
        record.event_id = own.event_id.as_deref().unwrap_or_default();
        record.contact = event.contact;
        record.sender = event.sender.as_deref().unwrap_or_default();
        record.campaign = campaign;
        record.blast = blast;
        record.state = event.state;
        record.class = event.error_class;
        record.code = event.error_code.as_deref().unwrap_or_default();
        record.occurred_us = event.occurred_us;
        record.text = event.text.as_deref();
        record.name = own.name.as_deref().unwrap_or_default();
        record.step = own.step.as_deref().unwrap_or_default();
        record.value_micros = own.value_micros;
        record.currency = own.currency.as_deref().unwrap_or_default();
        record.labels = Labels::of_sign(event.consent);
        record.trust = self.scope.trust;
        // A receipt that says the contact opted out concerns more than its message.
        match record.state {
            Some(state)
                if record.class != Some(ErrorClass::OptedOut) && is_plain_receipt(&record) =>
            {
                self.keep_receipt(&record, state);
            }
            _ => self.keep_event(&record),
        }
    }

    fn key(&self, provider: Provider, account: &str, id: &str, contact: Option<Number>) -> u64 {
        match id {
            "" => 0,
            id => {
                let form = id_form(IdForms::of(provider, account), id);
                self.batch.keys.message(provider, account, &form, contact)
            }
        }
    }

    /// Keys of an id within its account and, if it has one, without.
    fn message_keys(&self, record: &EventRecord<'_>) -> [u64; 2] {
        let (provider, id, contact) = (record.provider, record.message_id, record.contact);
        let any = any_account(provider, record.account);
        let without_account = match record.account {
            account if account == any => 0,
            _ => self.key(provider, any, id, contact),
        };
        [
            self.key(provider, record.account, id, contact),
            without_account,
        ]
    }

    fn keep_receipt(&mut self, record: &EventRecord<'_>, state: Word) {
        let messages = self.message_keys(record);
        let batch = &mut *self.batch;
        let receipt = Receipt {
            provider: record.provider,
            account: batch.text(record.account),
            message_id: batch.text(record.message_id),
            messages,
            contact: record.contact,
            sender: batch.sender(record.sender),
            state,
            class: record.class,
            code: batch.text(record.code),
            occurred_us: record.occurred_us,
            trust: record.trust,
        };
        batch.drafts.push(Draft::Receipt(receipt));
    }

    fn keep_event(&mut self, record: &EventRecord<'_>) {
        let mut messages = [0; 3];
        if record.kind == Kind::Receipt {
            let [message, without_account] = self.message_keys(record);
            let reference = self.key(record.provider, record.account, record.client_ref, None);
            messages = [message, without_account, reference];
        }
        let start = place(self.batch.bytes.len());
        encode_event(record, &mut self.batch.bytes);
        let bytes = (start, place(self.batch.bytes.len()));
        self.batch
            .drafts
            .push(Draft::Kept(Kept { bytes, messages }));
        if record.kind == Kind::Reply {
            self.pushed.replies += 1;
            let text = self.batch.text(record.text.unwrap_or_default());
            let draft = place(self.batch.drafts.len() - 1);
            self.batch.replies.push((draft, text));
        }
    }

    fn take_sent(&mut self, event: &Event<'_>, account: &str, campaign: &str, blast: &str) {
        let (Some(number), Some(id)) = (event.contact, event.message_id.as_deref()) else {
            return;
        };
        let record = Record::Sent(SentRecord {
            blast: self.batch.keys.blast(campaign, blast),
            provider: event.provider,
            account,
            id,
            number,
        });
        self.batch.keep(&record);
    }
}
