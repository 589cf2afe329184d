//! The one place that orders decode, resolve, log and apply.
//!
//! `commit` brings a job to the group; its leader resolves all waiting jobs against the state,
//! writes them with one sync, and only then applies what was written, from the very bytes that
//! replay would read. After a failed write nothing more is written until the directory is
//! opened again, or until there is room if only that was missing; questions are still answered.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use crate::apply::apply_found;
pub use crate::batch::{Batch, Judged, Pushed, Scope};
use crate::bind::bind;
use crate::codec::{Reader, Record, decode_record};
use crate::error::{ClosedError, EngineError, InputError, StorageError};
use crate::event::{ContactId, Position};
use crate::group::Group;
use crate::keys::Keys;
use crate::limits::BATCH_BYTES_MAX;
use crate::log::disk::Disk;
use crate::log::writer::LogWriter;
use crate::spare::Spare;
use crate::state::{State, Windows};
use crate::sync::{AtomicBool, Mutex, MutexGuard, RwLock, RwLockReadGuard};

mod beside;
mod evidence;
mod explain;
mod identity;
mod listing;
mod open;
mod read;
mod register;
mod relabel;
mod settle;
mod snapshots;
mod trend;
mod word;

pub use evidence::Show;
pub use identity::is_directory;
pub(crate) use identity::{IDENTITY, identity_of};
pub use listing::Listing;
pub use open::{Opened, Options, lock_path};
pub use register::{Audience, Refused, SendRow};
pub use relabel::Judgement;
pub use word::Word;

/// What a commit did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Log position of the batch's first record; 0 when it wrote none.
    pub first: Position,
    /// Records written.
    pub records: u64,
}

/// What waits to be written together.
#[derive(Debug)]
enum Job {
    /// Decoded requests.
    Batch(Box<Batch>),
    /// Records that are ready, and how many.
    Records(i64, Vec<u8>, u32),
}

type Outcome = Result<Committed, EngineError>;

/// The parts that writing needs; gone when the engine is closed.
#[derive(Debug)]
struct Open {
    disk: Arc<dyn Disk>,
    log: LogWriter,
    snapshot_at: u64,
}

/// One open data directory. Safe from any thread.
#[derive(Debug)]
pub struct Engine {
    keys: Keys,
    identity: [u8; 16],
    windows: Windows,
    is_log_kept: bool,
    opened: Opened,
    state: RwLock<State>,
    open: Mutex<Option<Open>>,
    /// Beside `open`, because questions must not wait for a sync to find out.
    is_closed: AtomicBool,
    group: Group<Job, Outcome>,
    /// One registration at a time, so that what it checked still holds when it is written.
    registering: Mutex<()>,
    /// One snapshot at a time.
    snapshotting: Mutex<()>,
    /// The one that is made now is not wanted any more.
    is_snapshot_stopped: std::sync::atomic::AtomicBool,
    spare: Spare,
}

impl Engine {
    /// Opens or creates a directory, and replays what its newest snapshot does not hold.
    ///
    /// # Errors
    /// `AlreadyOpen`, `LogCorrupt`, `FormatUnsupported`, `FileInvalid`, `Io`; `ValueInvalid`
    /// when options differ from what the directory was made with.
    pub fn open(path: &Path, options: &Options) -> Result<Self, EngineError> {
        open::open_path(path, options)
    }

    /// Opens a directory on any disk: for tests, and for stores other than files.
    ///
    /// # Errors
    /// As `open`.
    pub fn open_disk(disk: Arc<dyn Disk>, options: &Options) -> Result<Self, EngineError> {
        open::open_disk(disk, options)
    }

    /// What opening found.
    pub const fn opened(&self) -> &Opened {
        &self.opened
    }

    /// An empty batch. `received_ms`: arrival, milliseconds since 1970-01-01 UTC.
    pub fn batch(&self, received_ms: i64) -> Batch {
        match self.spare.batch() {
            Some(batch) => batch.begun_at(received_ms),
            None => Batch::new(self.keys, received_ms),
        }
    }

    /// Resolves, logs, syncs and applies a batch; it is on disk when this returns.
    ///
    /// All of it is kept, or none. Blocks on fsync. Batches committed at the same time from
    /// several threads share one.
    ///
    /// # Errors
    /// `Storage` when the disk refused: nothing of the batch was applied. Where room was missing,
    /// commits go on once it is there; after any other failure every later one fails the same
    /// way until the directory is opened again. `Input` when the batch
    /// is over its limit, `Closed` after `close`.
    pub fn commit(&self, mut batch: Batch) -> Result<Committed, EngineError> {
        if batch.body_bytes() > BATCH_BYTES_MAX {
            return Err(EngineError::Input(InputError::TooLarge {
                what: "batch",
                bytes: batch.body_bytes(),
                limit: "batch_bytes_max",
                bytes_max: BATCH_BYTES_MAX,
            }));
        }
        self.check_owner(&batch)?;
        batch.settle_labels();
        if batch.is_empty() {
            return Ok(Committed::default());
        }
        self.submit(Job::Batch(Box::new(batch)))
    }

    /// Refuses a batch of another directory: its keys mean nothing here.
    ///
    /// # Errors
    /// `ValueInvalid`.
    pub fn check_owner(&self, batch: &Batch) -> Result<(), EngineError> {
        if batch.keys() == self.keys {
            return Ok(());
        }
        Err(EngineError::Input(InputError::ValueInvalid {
            what: "batch",
            reason: "was begun with another engine".to_owned(),
        }))
    }

    fn submit(&self, job: Job) -> Outcome {
        self.group.submit(job, |jobs| {
            let count = jobs.len();
            // A defect must not leave the others waiting, nor a half-applied state in use.
            let outcomes = catch_unwind(AssertUnwindSafe(|| self.run(&jobs)));
            for job in jobs {
                if let Job::Batch(batch) = job {
                    self.spare.keep_batch(*batch);
                }
            }
            outcomes.unwrap_or_else(|_| {
                let what = "a panic while writing".to_owned();
                if let Some(open) = self.lock_open().as_mut() {
                    open.log.poison(&what);
                }
                let error = EngineError::Storage(StorageError::Internal { what });
                vec![Err(error); count]
            })
        })
    }

    fn lock_open(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, for reading.
    ///
    /// # Errors
    /// `Closed`; `Internal` when a defect left it half-changed.
    fn read(&self) -> Result<RwLockReadGuard<'_, State>, EngineError> {
        if self.is_closed.load(Ordering::Acquire) {
            return Err(EngineError::Closed(ClosedError));
        }
        self.state.read().map_err(|_| {
            let what = "the state was left half-changed by a defect".to_owned();
            EngineError::Storage(StorageError::Internal { what })
        })
    }

    /// Writes and applies one group of jobs; results in their order.
    fn run(&self, jobs: &[Job]) -> Vec<Outcome> {
        let mut guard = self.lock_open();
        let Some(open) = guard.as_mut() else {
            return vec![Err(EngineError::Closed(ClosedError)); jobs.len()];
        };
        open.log.mend();
        // Before anything is staged: what is refused must not gather in memory.
        if let Err(error) = open.log.check() {
            return vec![Err(EngineError::Storage(error)); jobs.len()];
        }
        let payloads = match self.resolve_all(jobs) {
            Ok(payloads) => payloads,
            Err(error) => return vec![Err(error); jobs.len()],
        };
        let staged: Vec<Result<u64, InputError>> = payloads
            .iter()
            .map(|(received_ms, bytes, count)| open.log.stage(*received_ms, *count, bytes))
            .collect();
        if let Err(error) = open.log.commit() {
            return vec![Err(EngineError::Storage(error)); jobs.len()];
        }
        let Ok(mut state) = self.state.write() else {
            return vec![Err(self.read_error()); jobs.len()];
        };
        let mut outcomes = Vec::with_capacity(jobs.len());
        for ((received_ms, bytes, count), first) in payloads.iter().zip(staged) {
            outcomes.push(match first {
                Ok(first) => apply_payload(&mut state, bytes, first, *received_ms)
                    .map(|()| Committed {
                        first: Position(first),
                        records: u64::from(*count),
                    })
                    .map_err(|what| {
                        open.log.poison(&what);
                        EngineError::Storage(StorageError::Internal { what })
                    }),
                Err(error) => Err(EngineError::Input(error)),
            });
        }
        for (_, bytes, _) in payloads {
            self.spare.keep_buffer(bytes);
        }
        outcomes
    }

    fn read_error(&self) -> EngineError {
        self.read()
            .err()
            .unwrap_or(EngineError::Closed(ClosedError))
    }

    /// The records of each job as bytes, receipts bound to their messages where these are known.
    fn resolve_all(&self, jobs: &[Job]) -> Result<Vec<(i64, Vec<u8>, u32)>, EngineError> {
        let state = self.read()?;
        Ok(jobs
            .iter()
            .map(|job| match job {
                Job::Batch(batch) => {
                    let (bytes, count) = bind(&state, batch, self.spare.buffer());
                    (batch.received_ms, bytes, count)
                }
                Job::Records(received_ms, bytes, count) => (*received_ms, bytes.clone(), *count),
            })
            .collect())
    }

    /// Takes a snapshot if there is something new, then lets go of the directory. Calls after
    /// it say `Closed`; a second `close` does nothing.
    ///
    /// # Errors
    /// `Storage` when the snapshot or the last sync failed; the directory is let go all the
    /// same, and the log holds everything that was acknowledged.
    pub fn close(&self) -> Result<(), EngineError> {
        let is_open = self
            .lock_open()
            .as_ref()
            .is_some_and(|open| open.log.check().is_ok());
        let kept = if is_open {
            self.snapshot_living()
        } else {
            Ok(())
        };
        let Some(mut open) = self.lock_open().take() else {
            return Ok(());
        };
        self.is_closed.store(true, Ordering::Release);
        let synced = if is_open { open.log.finish() } else { Ok(()) };
        kept.and(synced.map_err(EngineError::Storage))
    }

    /// Why writes are refused, if they are. Where only room was missing, looks for it first.
    pub fn refusal(&self) -> Option<EngineError> {
        match self.lock_open().as_mut() {
            None => Some(EngineError::Closed(ClosedError)),
            Some(open) => {
                open.log.mend();
                open.log.check().err().map(EngineError::Storage)
            }
        }
    }
}

fn apply_payload(
    state: &mut State,
    bytes: &[u8],
    first: u64,
    received_ms: i64,
) -> Result<(), String> {
    let mut reader = Reader::new(bytes);
    let mut position = first;
    let mut group = Vec::with_capacity(GROUP_COUNT);
    let mut found = Vec::with_capacity(GROUP_COUNT);
    while !reader.is_done() {
        while group.len() < GROUP_COUNT && !reader.is_done() {
            group.push(decode_record(&mut reader).map_err(|error| {
                format!(
                    "a record of ours, byte {}: expected {}",
                    error.byte, error.expected
                )
            })?);
        }
        look_up(state, &group, &mut found);
        for (record, found) in group.iter().zip(&found) {
            apply_found(state, record, *found, Position(position), received_ms);
            position += 1;
        }
        group.clear();
    }
    Ok(())
}

/// Records applied together.
const GROUP_COUNT: usize = 512;

/// The contact that each record of a group names, if it is known, and a look at the keys of
/// all: one after the other, each would wait for memory alone.
fn look_up(state: &State, group: &[Record<'_>], found: &mut Vec<Option<ContactId>>) {
    let mut known = 0_usize;
    found.clear();
    found.extend(group.iter().map(|record| {
        let (number, event) = match record {
            Record::Likely(record) => (Some(record.contact), record.event),
            Record::Event(record) => (record.contact, 0),
            _ => (None, 0),
        };
        known += usize::from(event != 0 && state.seen.contains(event));
        number.and_then(|number| state.contacts.find(number))
    }));
    std::hint::black_box(known);
}
