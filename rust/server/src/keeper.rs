//! What the door needs of an engine: a batch to decode into, and a commit. A seam, so that
//! tests can plant failures; resolved at compile time. Knows nothing of sockets.

use std::sync::Arc;

use smstrack_engine::decode::RequestView;
use smstrack_engine::engine::{Batch, Committed, Engine, Judged, Pushed, Scope};
use smstrack_engine::error::{EngineError, InputError};

/// Decoded requests that are written together. See [`Batch`].
pub trait Gather {
    /// Decodes one request; what cannot be read is in the answer.
    fn push(&mut self, scope: &Scope<'_>, request: &RequestView<'_>) -> Pushed;
    /// Bytes of the records so far.
    fn record_bytes(&self) -> usize {
        0
    }
    /// Texts of the replies, in order.
    fn reply_texts(&self) -> impl Iterator<Item = &str>;
    /// One word of labels for each reply.
    ///
    /// # Errors
    /// When the count differs; nothing was changed.
    fn set_labels(&mut self, labels: &[u16]) -> Result<(), InputError>;
    /// What the rules said of each reply beside its labels, in order.
    ///
    /// # Errors
    /// When there is not one for each reply; nothing was changed.
    fn set_judged(&mut self, judged: Vec<Judged>) -> Result<(), InputError> {
        let _ = judged;
        Ok(())
    }
}

/// What keeps events. See [`Engine`].
pub trait Keeper {
    /// Its batches.
    type Batch: Gather;
    /// An empty batch; `received_ms`: arrival, milliseconds since 1970-01-01 UTC.
    fn batch(&self, received_ms: i64) -> Self::Batch;
    /// Keeps a batch: on disk when this returns `Ok`, not at all when it returns `Err`.
    ///
    /// # Errors
    /// Whatever the engine says; every request of the batch is answered 503 then.
    fn commit(&self, batch: Self::Batch) -> Result<Committed, EngineError>;
    /// Whether every commit is refused until the directory is opened again.
    fn is_poisoned(&self) -> bool {
        false
    }
}

impl Gather for Batch {
    fn push(&mut self, scope: &Scope<'_>, request: &RequestView<'_>) -> Pushed {
        Batch::push(self, scope, request)
    }

    fn record_bytes(&self) -> usize {
        Batch::record_bytes(self)
    }

    fn reply_texts(&self) -> impl Iterator<Item = &str> {
        Batch::reply_texts(self)
    }

    fn set_labels(&mut self, labels: &[u16]) -> Result<(), InputError> {
        Batch::set_labels(self, labels)
    }

    fn set_judged(&mut self, judged: Vec<Judged>) -> Result<(), InputError> {
        Batch::set_judged(self, judged)
    }
}

impl Keeper for Arc<Engine> {
    type Batch = Batch;

    fn batch(&self, received_ms: i64) -> Batch {
        // A closed engine refuses the commit.
        let arrival = self.arrival(received_ms).unwrap_or(received_ms);
        Engine::batch(self, arrival)
    }

    fn commit(&self, batch: Batch) -> Result<Committed, EngineError> {
        Engine::commit(self, batch)
    }

    fn is_poisoned(&self) -> bool {
        self.refusal().is_some()
    }
}
