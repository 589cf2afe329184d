//! Opening a directory: newest readable snapshot, the log's tail, the torn end.

use std::path::Path;
use std::sync::Arc;

use super::identity::{IDENTITY, identity};
use super::{Engine, Open, apply_payload};
use crate::error::{EngineError, InputError, StorageError};
use crate::group::Group;
use crate::keys::Keys;
use crate::log::disk::{Disk, OpenError, RealDisk};
use crate::log::heads::{begins_at, unsound};
use crate::log::log_files;
use crate::log::reader::{End, Torn, replay};
use crate::log::writer::LogWriter;
use crate::mutants::{Mutant, is};
use crate::snapshot::{self, Pace};
use crate::spare::Spare;
use crate::state::{State, Windows};
use crate::sync::{AtomicBool, Mutex, RwLock};

/// How to open.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// False leaves out the sync of each commit: events survive the process, not a power cut.
    pub is_durable: bool,
    /// Whether a missing directory is made.
    pub create: bool,
    /// Identity of a directory that is made now: 16 random bytes.
    pub new_identity: [u8; 16],
    /// For a new directory; for an old one it must be what it was made with, or `None`.
    pub attribution_window_ms: Option<i64>,
    /// As `attribution_window_ms`.
    pub receipt_window_ms: Option<i64>,
    /// False lets snapshots trim the log: what lies behind two proved ones goes, and with it the
    /// texts of replies, the evidence of consent and the bodies of dead letters that it held.
    pub is_log_kept: bool,
    /// Bytes at which a log file is closed; `None`: the limit. For tests of rotation.
    pub log_file_bytes_max: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            is_durable: true,
            create: true,
            new_identity: [0; 16],
            attribution_window_ms: None,
            receipt_window_ms: None,
            is_log_kept: true,
            log_file_bytes_max: None,
        }
    }
}

/// What opening found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// Whether the directory was made now.
    pub is_new: bool,
    /// Position of the snapshot used; 0 for none.
    pub snapshot_position: u64,
    /// Records replayed after it.
    pub replayed_records: u64,
    /// The last record of the log.
    pub last_position: u64,
    /// What a crash left behind and was cut.
    pub torn: Option<Torn>,
    /// What an operator should read.
    pub warnings: Vec<String>,
}

pub(super) fn io(what: &str, error: &std::io::Error) -> EngineError {
    EngineError::Storage(StorageError::Io {
        what: what.to_owned(),
        reason: error.to_string(),
    })
}

pub(super) fn open_path(path: &Path, options: &Options) -> Result<Engine, EngineError> {
    open_disk(Arc::new(lock_path(path, options.create)?), options)
}

/// A real directory, locked: nobody else opens it meanwhile.
///
/// # Errors
/// `AlreadyOpen`, `ValueInvalid` where it holds something else, `Io`.
pub fn lock_path(path: &Path, create: bool) -> Result<RealDisk, EngineError> {
    RealDisk::open(path, create).map_err(|error| match error {
        OpenError::Locked(process) => {
            let holder = match process {
                Some(id) if id == std::process::id() => "another engine of this process".to_owned(),
                Some(id) => format!("process {id}"),
                None => "another process".to_owned(),
            };
            EngineError::Storage(StorageError::AlreadyOpen { holder })
        }
        OpenError::Foreign(name) => EngineError::Input(InputError::ValueInvalid {
            what: "data directory",
            reason: format!("holds other files ({name}). Name an empty or a new one."),
        }),
        OpenError::Missing => EngineError::Storage(StorageError::Io {
            what: format!("open of {}", path.display()),
            reason: "there is no data directory at this path".to_owned(),
        }),
        OpenError::Io(what, error) => io(what, &error),
    })
}

pub(super) fn open_disk(disk: Arc<dyn Disk>, options: &Options) -> Result<Engine, EngineError> {
    let (identity, windows, is_new) = identity(disk.as_ref(), options)?;
    if !is_new {
        settle(disk.as_ref())?;
    }
    let mut opened = Opened {
        is_new,
        ..Opened::default()
    };
    let (mut state, end) = recover(disk.as_ref(), &identity, windows, &mut opened)?;
    let snapshot_at = opened.snapshot_position;
    if let Some(torn) = &end.torn
        && !is(Mutant::KeepTornTail)
    {
        cut(disk.as_ref(), torn)?;
    }
    let mut log = LogWriter::open(Arc::clone(&disk), identity, &end, options.is_durable)?;
    if let Some(bytes) = options.log_file_bytes_max {
        log.set_file_bytes_max(bytes);
    }
    // A snapshot was judged when it was read; the records after it are not yet.
    if opened.snapshot_position == 0 || opened.replayed_records > 0 {
        state
            .validate()
            .map_err(|what| EngineError::Storage(StorageError::Internal { what }))?;
    }
    opened.last_position = end.next_position - 1;
    opened.torn = end.torn;
    state.contacts.reserve(0);
    Ok(Engine {
        keys: Keys::new(identity),
        identity,
        windows,
        is_log_kept: options.is_log_kept,
        opened,
        state: RwLock::new(state),
        is_closed: AtomicBool::new(false),
        open: Mutex::new(Some(Open {
            disk,
            log,
            snapshot_at,
        })),
        group: Group::default(),
        registering: Mutex::new(()),
        snapshotting: Mutex::new(()),
        is_snapshot_stopped: std::sync::atomic::AtomicBool::new(false),
        spare: Spare::default(),
    })
}

/// Makes durable what this opening will build on: the newest log file's bytes and the names. A
/// process that was killed, or whose sync failed, left them in the cache only; a snapshot or a
/// frame put after them would outlive them.
fn settle(disk: &dyn Disk) -> Result<(), EngineError> {
    let all = disk
        .list()
        .map_err(|error| io("reading of the directory", &error))?;
    let settle = || {
        if let Some((_, name)) = log_files(&all).last() {
            disk.settle(name)?;
            disk.sync_dir(name)?;
        }
        disk.sync_dir(IDENTITY)
    };
    settle().map_err(|error| io("sync of the newest log file", &error))
}

/// Cuts what a crash left behind, so that the next frame stands where a reader looks for it.
fn cut(disk: &dyn Disk, torn: &Torn) -> Result<(), EngineError> {
    let outcome = if torn.byte == 0 {
        disk.remove(&torn.file)
            .and_then(|()| disk.sync_dir(&torn.file))
    } else {
        disk.truncate(&torn.file, torn.byte)
    };
    outcome.map_err(|error| io(&format!("cutting the torn tail of {}", torn.file), &error))
}

/// The newest snapshot that can be read, then the log after it.
fn recover(
    disk: &dyn Disk,
    identity: &[u8; 16],
    windows: Windows,
    opened: &mut Opened,
) -> Result<(State, End), EngineError> {
    let all = disk
        .list()
        .map_err(|error| io("reading of the directory", &error))?;
    let fresh = || State::new(Keys::new(*identity), windows);
    for (position, name) in snapshot::names(&all) {
        let outcome = snapshot::load(disk, identity, &name, fresh(), Pace::Alone)
            .map_err(|unsound| Attempt::Unusable(unsound.to_string()));
        match outcome.and_then(|(_, state)| Ok((replay_into(disk, identity, state)?, position))) {
            Ok(((state, end), position)) => {
                opened.snapshot_position = position;
                opened.replayed_records = state.position.0 - position;
                for what in unsound(disk, identity) {
                    opened.warnings.push(format!(
                        "{what}; the snapshot at position {position} covers it. Run `smstrack check`"
                    ));
                }
                return Ok((state, end));
            }
            Err(Attempt::Unusable(reason)) => {
                opened
                    .warnings
                    .push(format!("{name} {reason}; it was passed over"));
            }
            Err(Attempt::Fatal(error)) => return Err(earliest(disk, identity, error)),
        }
    }
    let begins = begins_at(disk, identity).unwrap_or(1);
    if begins > 1 {
        return Err(beginning_lost(begins, &opened.warnings));
    }
    match replay_into(disk, identity, fresh()) {
        Ok((state, end)) => {
            opened.replayed_records = state.position.0;
            Ok((state, end))
        }
        Err(Attempt::Fatal(error)) => Err(error),
        Err(Attempt::Unusable(reason)) => Err(EngineError::Storage(StorageError::FileInvalid {
            file: "log".to_owned(),
            reason,
            hint: "Restore the missing log files or snapshot from a backup.",
        })),
    }
}

/// The first damage there is: a snapshot may have led past it to a later one.
fn earliest(disk: &dyn Disk, identity: &[u8; 16], found: EngineError) -> EngineError {
    let begins = begins_at(disk, identity).unwrap_or(1);
    match replay(disk, identity, begins, &mut |_, _| Ok(())) {
        Err(first @ (StorageError::LogCorrupt { .. } | StorageError::FileInvalid { .. })) => {
            EngineError::Storage(first)
        }
        _ => found,
    }
}

/// Nothing holds what came before the log that is there.
fn beginning_lost(begins: u64, warnings: &[String]) -> EngineError {
    let why = if warnings.is_empty() {
        "there is no snapshot".to_owned()
    } else {
        warnings.join("; ")
    };
    EngineError::Storage(StorageError::FileInvalid {
        file: "log".to_owned(),
        reason: format!("it begins at position {begins}, and what came before is lost: {why}"),
        hint: "Restore the directory, or what it lacks, from a backup.",
    })
}

enum Attempt {
    /// Another snapshot, or the whole log, may serve.
    Unusable(String),
    /// Nothing else can help.
    Fatal(EngineError),
}

impl From<StorageError> for Attempt {
    fn from(error: StorageError) -> Self {
        Self::Fatal(EngineError::Storage(error))
    }
}

fn replay_into(
    disk: &dyn Disk,
    identity: &[u8; 16],
    mut state: State,
) -> Result<(State, End), Attempt> {
    let from = state.position.0 + 1;
    let mut gap = None;
    let end = replay(disk, identity, from, &mut |head, payload| {
        if head.position > state.position.0 + 1 {
            gap.get_or_insert(head.position);
        }
        if gap.is_some() || head.position <= state.position.0 {
            return Ok(());
        }
        apply_payload(&mut state, payload, head.position, head.received_ms)
            .map_err(|what| StorageError::Internal { what })
    })?;
    if let Some(position) = gap {
        let have = state.position.0;
        return Err(Attempt::Unusable(format!(
            "reaches position {have}, and the log goes on only at {position}"
        )));
    }
    if end.next_position <= state.position.0 {
        // The log ends before the snapshot does: it lost synced records. Nothing can be right.
        return Err(Attempt::Fatal(EngineError::Storage(
            StorageError::FileInvalid {
                file: "log".to_owned(),
                reason: format!(
                    "the log ends at position {}, but a snapshot reaches {}",
                    end.next_position - 1,
                    state.position.0
                ),
                hint: "The log lost records that had been synced. Restore it from a backup.",
            },
        )));
    }
    Ok((state, end))
}
