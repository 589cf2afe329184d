//! Requests decoded and waiting to be written together.
//!
//! Owns all it needs, so the request bytes may go. An event is kept here as the bytes of its
//! record; a receipt also as the few fields it needs once its message is found. Decides what
//! can become a record at all; whose it is, is decided at commit.

use std::borrow::Cow;

use crate::codec::{
    DeadLetterRecord, EventRecord, Reader, Record, SentRecord, decode_record, encode_event,
    encode_record,
};
use crate::decode::{BodyError, Reject, RejectCode, RequestView, Sink, Template, decode};
use crate::error::InputError;
use crate::event::{ErrorClass, Event, Kind, Label, Labels, Own, Provider, State as Word};
use crate::keys::{Keys, id_form};

mod judged;

pub use judged::Judged;

/// What the door knows of a request beside its bytes: from the path and the query.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// From the path.
    pub provider: Provider,
    /// Provider account from the path; empty if none.
    pub account: &'a str,
    /// `campaign=` of the callback URL.
    pub campaign: Option<&'a str>,
    /// `blast=` of the callback URL.
    pub blast: Option<&'a str>,
    /// Parameter names of the operator.
    pub template: Option<&'a Template>,
}

/// What became of one request's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// Events taken from it.
    pub accepted: u32,
    /// Of those, replies: texts that wait for labels.
    pub replies: u32,
    /// Rows refused; kept as dead letters at commit.
    pub rejects: Vec<Reject>,
    /// Set when the body could not be read at all (answer 400); kept as a dead letter too.
    pub error: Option<BodyError>,
}

/// One event or dead letter, as the bytes of its record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draft {
    pub start: u32,
    pub end: u32,
    /// Only for receipts, 0 if none: keys of the message id, with and without its account, and
    /// of our reference.
    pub messages: [u64; 3],
    pub is_receipt: bool,
    pub state: Option<Word>,
    pub class: Option<ErrorClass>,
    pub occurred_us: Option<i64>,
    /// Where the error code stands in `texts`.
    pub code: (u32, u32),
}

impl Draft {
    const NOTHING: Self = Self {
        start: 0,
        end: 0,
        messages: [0; 3],
        is_receipt: false,
        state: None,
        class: None,
        occurred_us: None,
        code: (0, 0),
    };
}

/// See the module.
#[derive(Debug)]
pub struct Batch {
    keys: Keys,
    pub(crate) received_ms: i64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) drafts: Vec<Draft>,
    texts: String,
    /// Draft and text range of each reply.
    replies: Vec<(u32, u32, u32)>,
    labels: Vec<u16>,
    judged: Vec<Judged>,
    body_bytes: usize,
}

impl Batch {
    /// An empty one. `received_ms`: arrival, milliseconds since 1970-01-01 UTC.
    pub(crate) const fn new(keys: Keys, received_ms: i64) -> Self {
        Self {
            keys,
            received_ms,
            bytes: Vec::new(),
            drafts: Vec::new(),
            texts: String::new(),
            replies: Vec::new(),
            labels: Vec::new(),
            judged: Vec::new(),
            body_bytes: 0,
        }
    }

    /// Decodes one request into the batch. Never fails: what cannot be read is in the answer,
    /// and is kept as a dead letter at commit.
    ///
    /// Names come from the scope alone: whoever routes a request reads them from its URL.
    pub fn push(&mut self, scope: &Scope<'_>, request: &RequestView<'_>) -> Pushed {
        self.body_bytes += request.body.len() + request.target.len();
        let pushed = Pushed {
            accepted: 0,
            replies: 0,
            rejects: Vec::new(),
            error: None,
        };
        let mut taker = Taker {
            batch: self,
            scope,
            pushed,
        };
        let error = decode(scope.provider, request, scope.template, &mut taker).err();
        let mut pushed = taker.pushed;
        pushed.error = error;
        self.keep_refused(scope, request, &pushed);
        pushed
    }

    fn keep_refused(&mut self, scope: &Scope<'_>, request: &RequestView<'_>, pushed: &Pushed) {
        let whole = pushed.error.map(|e| Reject {
            row: 0,
            byte: e.byte,
            code: e.code,
        });
        let rows: Vec<Reject> = whole.iter().chain(&pushed.rejects).copied().collect();
        if !rows.is_empty() {
            // One record a request, however many rows it has: refusals must not multiply it.
            self.keep(&Record::DeadLetter(DeadLetterRecord {
                provider: scope.provider,
                account: scope.account,
                rows: Cow::Owned(rows),
                method: request.method,
                target: request.target,
                body: request.body,
            }));
        }
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.drafts.is_empty()
    }

    /// Bytes of the requests taken in.
    pub const fn body_bytes(&self) -> usize {
        self.body_bytes
    }

    /// Bytes of the records so far.
    pub fn record_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// How many replies wait for labels.
    pub fn reply_count(&self) -> usize {
        self.replies.len()
    }

    /// Texts of the replies, in order; empty where one has none.
    pub fn reply_texts(&self) -> impl Iterator<Item = &str> {
        self.replies.iter().map(|(_, start, end)| {
            self.texts
                .get(*start as usize..*end as usize)
                .unwrap_or_default()
        })
    }

    /// One word of labels for each reply, in order (see [`Labels`]). Without a call, replies
    /// have the provider's own signs of consent as labels, or `other`.
    ///
    /// # Errors
    /// `LabelsMismatch` when the count differs; nothing was changed.
    pub fn set_labels(&mut self, labels: &[u16]) -> Result<(), InputError> {
        if labels.len() != self.replies.len() {
            let (given, expected) = (labels.len(), self.replies.len());
            return Err(InputError::LabelsMismatch { given, expected });
        }
        self.labels = labels.to_vec();
        Ok(())
    }

    /// Writes the labels into the replies' records.
    pub(crate) fn settle_labels(&mut self) {
        for (index, (draft, _, _)) in std::mem::take(&mut self.replies).into_iter().enumerate() {
            let Some(slot) = self.drafts.get(draft as usize).copied() else {
                continue;
            };
            let old = self.bytes.get(slot.start as usize..slot.end as usize);
            let old = old.unwrap_or_default().to_vec();
            let Ok(Record::Event(mut record)) = decode_record(&mut Reader::new(&old)) else {
                continue;
            };
            let own = self.labels.get(index).map_or(0, |word| *word);
            judged::judge(&mut record, Labels(own), self.judged.get(index));
            let start = self.bytes.len();
            encode_record(&Record::Event(record), &mut self.bytes);
            let end = self.bytes.len();
            if let Some(slot) = self.drafts.get_mut(draft as usize) {
                (slot.start, slot.end) = (place(start), place(end));
            }
        }
    }

    /// The error code of a draft.
    pub(crate) fn code(&self, draft: &Draft) -> &str {
        self.texts
            .get(draft.code.0 as usize..draft.code.1 as usize)
            .unwrap_or_default()
    }

    /// The record of a draft, as bytes.
    pub(crate) fn record(&self, draft: &Draft) -> &[u8] {
        self.bytes
            .get(draft.start as usize..draft.end as usize)
            .unwrap_or_default()
    }

    fn keep(&mut self, record: &Record<'_>) {
        let start = place(self.bytes.len());
        encode_record(record, &mut self.bytes);
        self.drafts.push(Draft {
            start,
            end: place(self.bytes.len()),
            ..Draft::NOTHING
        });
    }

    fn text(&mut self, text: &str) -> (u32, u32) {
        let start = place(self.texts.len());
        self.texts.push_str(text);
        (start, place(self.texts.len()))
    }
}

/// Offsets in a batch fit 32 bits: `BATCH_BYTES_MAX` keeps them far below.
fn place(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

struct Taker<'a, 'b> {
    batch: &'a mut Batch,
    scope: &'a Scope<'b>,
    pushed: Pushed,
}

impl Sink for Taker<'_, '_> {
    fn event(&mut self, row: u32, event: Event<'_>) {
        match self.refusal(&event) {
            Some(code) => self.pushed.rejects.push(Reject { row, byte: 0, code }),
            None if event.kind == Kind::Control => {}
            None => self.take(&event),
        }
    }

    fn reject(&mut self, reject: Reject) {
        self.pushed.rejects.push(reject);
    }
}

impl Taker<'_, '_> {
    /// Why an event that could be decoded cannot be kept as one.
    fn refusal(&self, event: &Event<'_>) -> Option<RejectCode> {
        let own = event.own.as_deref();
        match event.kind {
            Kind::Reply | Kind::OptOut if event.contact.is_none() => Some(RejectCode::NotANumber),
            Kind::Sent => {
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
        record.labels = consent_labels(event.consent);
        self.keep_event(&record);
    }

    fn keep_event(&mut self, record: &EventRecord<'_>) {
        let (kind, provider, account) = (record.kind, record.provider, record.account);
        let (keys, text) = (self.batch.keys, record.text);
        let (state, class, occurred_us) = (record.state, record.class, record.occurred_us);
        let key = |account: &str, id: &str| match id {
            "" => 0,
            id => keys.message(provider, account, &id_form(provider, id)),
        };
        let is_receipt = kind == Kind::Receipt;
        let (mut messages, mut code) = ([0; 3], (0, 0));
        if is_receipt {
            let any = if account.is_empty() {
                0
            } else {
                key("", record.message_id)
            };
            messages = [
                key(account, record.message_id),
                any,
                key(account, record.client_ref),
            ];
            if !record.code.is_empty() {
                code = self.batch.text(record.code);
            }
        }
        let start = place(self.batch.bytes.len());
        encode_event(record, &mut self.batch.bytes);
        let end = place(self.batch.bytes.len());
        self.batch.drafts.push(Draft {
            start,
            end,
            messages,
            is_receipt,
            state,
            class,
            occurred_us,
            code,
        });
        if kind == Kind::Reply {
            self.pushed.replies += 1;
            let (start, end) = self.batch.text(text.unwrap_or_default());
            let draft = place(self.batch.drafts.len() - 1);
            self.batch.replies.push((draft, start, end));
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

fn consent_labels(sign: Option<Word>) -> Labels {
    match sign {
        Some(Word::Stop) => Labels::NONE.with(Label::OptOut),
        Some(Word::Start) => Labels::NONE.with(Label::OptIn),
        Some(Word::Help) => Labels::NONE.with(Label::Help),
        _ => Labels::NONE,
    }
}
