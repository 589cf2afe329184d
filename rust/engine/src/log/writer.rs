//! Appends frames to the newest log file and syncs: the group commit's hands.
//!
//! Frames are staged in memory; `commit` writes all of them with one append and one sync.
//! After a failed append, sync or rotation every later commit is refused: what is on disk is
//! then unknown until somebody reads it again, so nothing is retried and nothing is guessed.
//! Where only room was missing, for bytes or for a handle, no sync has failed: `mend` cuts what
//! was begun, reads what is there, and goes on once the same number of bytes fits.

use std::io;
use std::sync::Arc;

use super::disk::{Disk, DiskFile};
use super::frame::{FILE_HEAD_BYTES, FrameHead, write_file_head, write_frame};
use super::log_file_name;
use super::reader::{End, replay};
use super::reserve::NO_HANDLES;
use crate::error::{InputError, StorageError};
use crate::limits::{FRAME_BYTES_MAX, LOG_FILE_BYTES_MAX};
use crate::mutants::{Mutant, is};

/// The one writer of a directory's log.
#[derive(Debug)]
pub struct LogWriter {
    disk: Arc<dyn Disk>,
    identity: [u8; 16],
    durable: bool,
    file: Box<dyn DiskFile>,
    number: u64,
    bytes: u64,
    next: u64,
    /// Last position that a commit covered.
    committed: u64,
    /// Last position known to be on stable storage: behind `committed` only without syncs.
    synced: u64,
    staged: Vec<u8>,
    poison: Option<Poison>,
    file_bytes_max: u64,
}

/// Why writes are refused.
#[derive(Debug)]
struct Poison {
    reason: String,
    /// Bytes that did not fit, where that is all that failed.
    wanted: Option<usize>,
}

/// What went wrong with a write.
#[derive(Debug)]
enum Failed {
    /// There was no room for it, or no handle. Nothing that was written before is in doubt.
    Room(io::Error),
    /// The last word on this file.
    Other(io::Error),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Other(error)
    }
}

/// A file could not be opened or made: names and handles run out as bytes do.
fn not_opened(error: io::Error) -> Failed {
    match error.raw_os_error() {
        Some(code) if NO_HANDLES.contains(&code) => Failed::Room(error),
        _ => not_written(error),
    }
}

/// A file could not be opened to be cut. What else fails there may be its sync.
fn no_handle(error: io::Error) -> Failed {
    match error.raw_os_error() {
        Some(code) if NO_HANDLES.contains(&code) => Failed::Room(error),
        _ => Failed::Other(error),
    }
}

/// Bytes could not be written. Not for syncs: one that finds no room has lost what it was to keep.
fn not_written(error: io::Error) -> Failed {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            Failed::Room(error)
        }
        _ => Failed::Other(error),
    }
}

fn io_error(what: &str, error: &io::Error) -> StorageError {
    StorageError::Io {
        what: what.to_owned(),
        reason: error.to_string(),
    }
}

/// Makes a log file whose first record will have this position; durable on return.
fn make_file(
    disk: &dyn Disk,
    identity: &[u8; 16],
    number: u64,
    first: u64,
) -> Result<Box<dyn DiskFile>, Failed> {
    let name = log_file_name(number);
    let mut file = disk.create(&name).map_err(not_opened)?;
    file.append(&write_file_head(identity, first))
        .map_err(not_written)?;
    file.sync()?;
    if !is(Mutant::SkipDirSync) {
        disk.sync_dir(&name)?;
    }
    Ok(file)
}

impl LogWriter {
    /// Goes on where the log ends, in a new file if there is none.
    ///
    /// # Errors
    /// When the file cannot be opened or made.
    pub fn open(
        disk: Arc<dyn Disk>,
        identity: [u8; 16],
        end: &End,
        durable: bool,
    ) -> Result<Self, StorageError> {
        let (file, number, bytes) = match &end.file {
            Some(last) => {
                let name = log_file_name(last.number);
                let file = disk
                    .open(&name)
                    .map_err(|e| io_error(&format!("open of {name}"), &e))?;
                (file, last.number, last.bytes)
            }
            None => {
                let first = end.next_position;
                let made = make_file(disk.as_ref(), &identity, end.next_number, first);
                let file = match made {
                    Ok(file) => file,
                    Err(Failed::Room(error) | Failed::Other(error)) => {
                        return Err(io_error("making of the log file", &error));
                    }
                };
                (file, end.next_number, FILE_HEAD_BYTES as u64)
            }
        };
        let next = end.next_position;
        Ok(Self {
            disk,
            identity,
            durable,
            file,
            number,
            bytes,
            next,
            committed: next - 1,
            synced: next - 1,
            staged: Vec::new(),
            poison: None,
            file_bytes_max: LOG_FILE_BYTES_MAX,
        })
    }

    /// Begins a new file at this size instead: for tests of rotation.
    pub fn set_file_bytes_max(&mut self, bytes: u64) {
        self.file_bytes_max = bytes;
    }

    /// The last position that a commit covered.
    pub const fn committed(&self) -> u64 {
        self.committed
    }

    /// The position the next record gets.
    pub const fn next_position(&self) -> u64 {
        self.next
    }

    /// Refusal of all further writes, if one failed.
    ///
    /// # Errors
    /// `Poisoned`.
    pub fn check(&self) -> Result<(), StorageError> {
        match &self.poison {
            None => Ok(()),
            Some(poison) => Err(StorageError::Poisoned {
                position: self.committed,
                reason: poison.reason.clone(),
            }),
        }
    }

    /// Stages one frame; returns the position of its first record.
    ///
    /// # Errors
    /// `TooLarge` when the payload does not fit a frame; nothing was staged.
    pub fn stage(
        &mut self,
        received_ms: i64,
        count: u32,
        payload: &[u8],
    ) -> Result<u64, InputError> {
        let too_large = || InputError::TooLarge {
            what: "batch",
            bytes: payload.len(),
            limit: "frame_bytes_max",
            bytes_max: FRAME_BYTES_MAX,
        };
        if payload.len() > FRAME_BYTES_MAX {
            return Err(too_large());
        }
        let payload_bytes = u32::try_from(payload.len()).map_err(|_| too_large())?;
        let position = self.next;
        let head = FrameHead {
            payload_bytes,
            position,
            synced: self.synced,
            received_ms,
            count,
        };
        write_frame(&self.identity, &head, payload, &mut self.staged);
        self.next += u64::from(count);
        Ok(position)
    }

    /// Writes and syncs what is staged; on disk when this returns.
    ///
    /// # Errors
    /// `LogAppendFailed` the first time, then `Poisoned`.
    pub fn commit(&mut self) -> Result<(), StorageError> {
        self.check()?;
        if self.staged.is_empty() {
            return Ok(());
        }
        let outcome = self.write();
        let wanted = self.staged.len();
        self.staged.clear();
        // A batch of unusual size should not hold its memory for ever.
        self.staged.shrink_to(1 << 20);
        match outcome {
            Ok(()) => {
                self.committed = self.next - 1;
                if self.durable {
                    self.synced = self.committed;
                }
                Ok(())
            }
            Err(Failed::Room(error)) => Err(self.failed(&error, Some(wanted))),
            Err(Failed::Other(error)) => Err(self.failed(&error, None)),
        }
    }

    fn failed(&mut self, error: &io::Error, wanted: Option<usize>) -> StorageError {
        let reason = error.to_string();
        self.poison = Some(Poison {
            reason: reason.clone(),
            wanted,
        });
        StorageError::LogAppendFailed {
            position: self.committed,
            reason,
        }
    }

    fn write(&mut self) -> Result<(), Failed> {
        if is(Mutant::AckBeforeSync) {
            self.file.sync()?;
        }
        if self.bytes >= self.file_bytes_max {
            // A file that another follows must be whole: only the newest may have a torn tail.
            if self.synced < self.committed {
                self.file.sync()?;
                self.synced = self.committed;
            }
            let number = self.number + 1;
            self.file = make_file(
                self.disk.as_ref(),
                &self.identity,
                number,
                self.committed + 1,
            )?;
            self.number = number;
            self.bytes = FILE_HEAD_BYTES as u64;
        }
        self.file.append(&self.staged).map_err(not_written)?;
        self.bytes += self.staged.len() as u64;
        if self.durable && !is(Mutant::SkipSync) && !is(Mutant::AckBeforeSync) {
            let outcome = self.file.sync();
            if outcome.is_err() && is(Mutant::RetrySync) {
                self.file.sync()?;
            } else {
                outcome?;
            }
        }
        Ok(())
    }

    /// Where only room was missing, looks whether there is some now, and goes on if so.
    pub fn mend(&mut self) {
        let wanted = self.poison.as_ref().and_then(|poison| poison.wanted);
        let Some(wanted) = wanted else { return };
        match self.find_room(wanted) {
            Ok(()) => {
                self.poison = None;
                self.next = self.committed + 1;
            }
            Err(Failed::Room(_)) => {}
            Err(Failed::Other(error)) => drop(self.failed(&error, None)),
        }
    }

    /// Cuts what a write began, takes the room it wanted, gives it back, and reads what is there.
    fn find_room(&mut self, wanted: usize) -> Result<(), Failed> {
        let begun = log_file_name(self.number + 1);
        if self.disk.list().map_err(not_opened)?.contains(&begun) {
            // Without a frame in it: it was not whole when its making stopped.
            self.disk.remove(&begun)?;
        }
        // Also where an earlier try removed it and got no further: if it came back after a power
        // cut, the zeros below would stand before another file, which is damage.
        self.disk.sync_dir(&begun).map_err(no_handle)?;
        let name = log_file_name(self.number);
        if self.disk.size(&name)? < self.bytes {
            return Err(io::Error::other(format!("{name} lost bytes that were written")).into());
        }
        self.disk.truncate(&name, self.bytes).map_err(no_handle)?;
        self.file = self.disk.open(&name).map_err(not_opened)?;
        // Zeros after the last frame are a torn tail to whoever reads them meanwhile.
        self.file.append(&vec![0; wanted]).map_err(not_written)?;
        self.disk.truncate(&name, self.bytes).map_err(no_handle)?;
        let from = self.committed + 1;
        let end = replay(self.disk.as_ref(), &self.identity, from, &mut |_, _| Ok(()));
        match end {
            Ok(end) if end.next_position == from && end.torn.is_none() => Ok(()),
            Ok(_) => Err(io::Error::other("the log does not end where it was written to").into()),
            Err(error) => Err(io::Error::other(error.to_string()).into()),
        }
    }

    /// Refuses all further writes: a defect was caught above the log.
    pub fn poison(&mut self, reason: &str) {
        let poison = self.poison.get_or_insert_with(|| Poison {
            reason: reason.to_owned(),
            wanted: None,
        });
        poison.wanted = None;
    }

    /// Syncs whatever a mode without syncs has left: before a snapshot may say it covers it,
    /// and before the directory is let go.
    ///
    /// # Errors
    /// As `commit`.
    pub fn finish(&mut self) -> Result<(), StorageError> {
        self.check()?;
        if self.synced < self.committed {
            self.file
                .sync()
                .map_err(|error| self.failed(&error, None))?;
            self.synced = self.committed;
        }
        Ok(())
    }
}
