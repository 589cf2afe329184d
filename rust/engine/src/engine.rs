//! The one place that orders decode, resolve, log and apply. (Contract; being filled in.)

use crate::decode::{BodyError, Reject, RequestView, Sink, Template, decode};
use crate::error::{EngineError, InputError};
use crate::event::{Event, Kind, Position, Provider};

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

/// Decoded requests that will be written together. Owns all it needs.
#[derive(Debug, Default)]
pub struct Batch {
    texts: Vec<String>,
    events: usize,
}

struct Count<'a>(&'a mut Batch, Pushed);
impl Sink for Count<'_> {
    fn event(&mut self, _row: u32, event: Event<'_>) {
        self.1.accepted += 1;
        self.0.events += 1;
        if event.kind == Kind::Reply {
            self.1.replies += 1;
            self.0.texts.push(event.text.unwrap_or_default().into_owned());
        }
    }
    fn reject(&mut self, reject: Reject) {
        self.1.rejects.push(reject);
    }
}

impl Batch {
    /// Decodes one request into the batch. Never fails: what cannot be read is in the answer.
    pub fn push(&mut self, scope: &Scope<'_>, request: &RequestView<'_>) -> Pushed {
        let pushed = Pushed { accepted: 0, replies: 0, rejects: Vec::new(), error: None };
        let mut count = Count(self, pushed);
        let error = decode(scope.provider, request, scope.template, &mut count).err();
        let mut pushed = count.1;
        pushed.error = error;
        pushed
    }
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.events == 0
    }
    /// Texts of the replies, in order.
    pub fn reply_texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(String::as_str)
    }
    /// One word of labels for each reply, in order (see [`crate::event::Labels`]).
    ///
    /// # Errors
    /// `LabelsMismatch` when the count differs; nothing was changed.
    pub fn set_labels(&mut self, labels: &[u16]) -> Result<(), InputError> {
        if labels.len() == self.texts.len() {
            return Ok(());
        }
        Err(InputError::LabelsMismatch { given: labels.len(), expected: self.texts.len() })
    }
}

/// What a commit did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Log position of the batch's first record; 0 when it wrote none.
    pub first: Position,
    /// Records written.
    pub records: u64,
}

/// One data directory.
#[derive(Debug, Default)]
pub struct Engine {}

impl Engine {
    /// An empty batch. `received_ms`: arrival, milliseconds since 1970-01-01 UTC.
    pub fn batch(&self, _received_ms: i64) -> Batch {
        Batch::default()
    }

    /// Resolves, logs, syncs and applies a batch; it is on disk when this returns.
    ///
    /// Blocks on fsync. Batches committed at the same time from several threads share one.
    ///
    /// # Errors
    /// `Storage` when the disk refused: nothing of the batch was applied, and every later
    /// commit fails the same way until the directory is opened again.
    pub fn commit(&self, batch: Batch) -> Result<Committed, EngineError> {
        Ok(Committed { first: Position(1), records: batch.events as u64 })
    }
}
