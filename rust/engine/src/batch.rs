//! Requests decoded and waiting to be written together.
//!
//! Owns all it needs, so the request bytes may go. A receipt is kept as the few fields that it
//! has, any other event as the bytes of its record. `take` decides what can become a record at
//! all; whose it is, is decided at commit.

use std::borrow::Cow;

use crate::codec::{DeadLetterRecord, Reader, Record, decode_record, encode_record};
use crate::decode::{BodyError, Reject, RequestView};
use crate::error::InputError;
use crate::event::Labels;
use crate::keys::Keys;
pub use crate::scope::Scope;

pub(crate) mod draft;
mod judged;
mod take;

pub use judged::Judged;

use draft::{Draft, Kept, Range};
use take::Taker;

/// What became of one request's body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

/// See the module.
#[derive(Debug)]
pub struct Batch {
    keys: Keys,
    pub(crate) received_ms: i64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) drafts: Vec<Draft>,
    texts: String,
    /// Where each sender stands: receipts of one batch mostly share a few.
    pub(crate) senders: Vec<Range>,
    /// Draft and text of each reply.
    replies: Vec<(u32, Range)>,
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
            senders: Vec::new(),
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
        let account = scope.profile_account();
        let scope = &scope.within(account.as_deref());
        let mut taker = Taker::new(self, scope);
        let error = scope.decode(request, &mut taker).err();
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

    /// Empties it; its memory stays.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.drafts.clear();
        self.texts.clear();
        self.senders.clear();
        self.replies.clear();
        self.labels.clear();
        self.judged.clear();
        self.body_bytes = 0;
    }

    /// The same memory for requests that arrive at another time.
    pub(crate) const fn begun_at(mut self, received_ms: i64) -> Self {
        self.received_ms = received_ms;
        self
    }

    /// Memory that it holds, full or empty.
    pub(crate) const fn held_bytes(&self) -> usize {
        self.bytes.capacity()
            + self.texts.capacity()
            + self.drafts.capacity() * size_of::<Draft>()
            + self.replies.capacity() * size_of::<(u32, Range)>()
            + self.judged.capacity() * size_of::<Judged>()
    }

    /// The keys that its records are made with.
    pub(crate) const fn keys(&self) -> Keys {
        self.keys
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.drafts.is_empty()
    }

    /// Bytes of the requests taken in.
    pub const fn body_bytes(&self) -> usize {
        self.body_bytes
    }

    /// Bytes of what is kept so far, records or what they will be made of.
    pub fn record_bytes(&self) -> usize {
        self.bytes.len() + self.texts.len() + self.drafts.len() * size_of::<Draft>()
    }

    /// How many replies wait for labels.
    pub fn reply_count(&self) -> usize {
        self.replies.len()
    }

    /// Texts of the replies, in order; empty where one has none.
    pub fn reply_texts(&self) -> impl Iterator<Item = &str> {
        self.replies.iter().map(|(_, range)| self.text_at(*range))
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
        for (index, (draft, _)) in std::mem::take(&mut self.replies).into_iter().enumerate() {
            let Some(Draft::Kept(kept)) = self.drafts.get(draft as usize).copied() else {
                continue;
            };
            let old = self.record(kept.bytes).to_vec();
            let Ok(Record::Event(mut record)) = decode_record(&mut Reader::new(&old)) else {
                continue;
            };
            let own = self.labels.get(index).map_or(0, |word| *word);
            judged::judge(&mut record, Labels(own), self.judged.get(index));
            let start = place(self.bytes.len());
            encode_record(&Record::Event(record), &mut self.bytes);
            let bytes = (start, place(self.bytes.len()));
            if let Some(draft) = self.drafts.get_mut(draft as usize) {
                *draft = Draft::Kept(Kept { bytes, ..kept });
            }
        }
    }

    /// A text of a draft.
    pub(crate) fn text_at(&self, (start, end): Range) -> &str {
        self.texts
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    /// The bytes of a draft that is kept as a record.
    pub(crate) fn record(&self, (start, end): Range) -> &[u8] {
        self.bytes
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    fn encode(&mut self, record: &Record<'_>) -> Range {
        let start = place(self.bytes.len());
        encode_record(record, &mut self.bytes);
        (start, place(self.bytes.len()))
    }

    fn keep(&mut self, record: &Record<'_>) {
        let bytes = self.encode(record);
        self.drafts.push(Draft::Kept(Kept {
            bytes,
            ..Kept::default()
        }));
    }

    fn text(&mut self, text: &str) -> Range {
        if text.is_empty() {
            return (0, 0);
        }
        let start = place(self.texts.len());
        self.texts.push_str(text);
        (start, place(self.texts.len()))
    }

    /// Place of a sender among `senders`.
    fn sender(&mut self, sender: &str) -> u32 {
        let recent = self.senders.iter().enumerate().rev().take(RECENT_COUNT);
        for (place, range) in recent {
            if self.text_at(*range) == sender {
                return self::place(place);
            }
        }
        let range = self.text(sender);
        self.senders.push(range);
        place(self.senders.len() - 1)
    }
}

/// Senders that are looked through: an account has a few, and one that is kept twice is no harm.
const RECENT_COUNT: usize = 16;

/// Offsets in a batch fit 32 bits: `BATCH_BYTES_MAX` keeps them far below.
fn place(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
