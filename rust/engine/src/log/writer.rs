//! Appends frames to the newest log file and syncs: the group commit's hands.
//!
//! Frames are staged in memory; `commit` writes all of them with one append and one sync.
//! After a failed append, sync or rotation every later commit is refused: what is on disk is
//! then unknown until somebody reads it again, so nothing is retried and nothing is guessed.

use std::sync::Arc;

use super::disk::{Disk, DiskFile};
use super::frame::{FILE_HEAD_BYTES, FrameHead, write_file_head, write_frame};
use super::log_file_name;
use super::reader::End;
use crate::error::{InputError, StorageError};
use crate::limits::{FRAME_BYTES_MAX, LOG_FILE_BYTES_MAX};

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
    poison: Option<String>,
    file_bytes_max: u64,
}

fn io_error(what: &str, error: &std::io::Error) -> StorageError {
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
) -> std::io::Result<Box<dyn DiskFile>> {
    let name = log_file_name(number);
    let mut file = disk.create(&name)?;
    file.append(&write_file_head(identity, first))?;
    file.sync()?;
    disk.sync_dir(&name)?;
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
                let file = make_file(disk.as_ref(), &identity, end.next_number, first)
                    .map_err(|error| io_error("making of the log file", &error))?;
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
            Some(reason) => Err(StorageError::Poisoned {
                position: self.committed,
                reason: reason.clone(),
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
    /// `LogAppendFailed` the first time, `Poisoned` ever after.
    pub fn commit(&mut self) -> Result<(), StorageError> {
        self.check()?;
        if self.staged.is_empty() {
            return Ok(());
        }
        let outcome = self.write();
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
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn failed(&mut self, error: &std::io::Error) -> StorageError {
        let reason = error.to_string();
        self.poison = Some(reason.clone());
        StorageError::LogAppendFailed {
            position: self.committed,
            reason,
        }
    }

    fn write(&mut self) -> std::io::Result<()> {
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
        self.file.append(&self.staged)?;
        self.bytes += self.staged.len() as u64;
        if self.durable {
            self.file.sync()?;
        }
        Ok(())
    }

    /// Refuses all further writes: a defect was caught above the log.
    pub fn poison(&mut self, reason: &str) {
        self.poison.get_or_insert_with(|| reason.to_owned());
    }

    /// Syncs whatever a mode without syncs has left: before a snapshot may say it covers it,
    /// and before the directory is let go.
    ///
    /// # Errors
    /// As `commit`.
    pub fn finish(&mut self) -> Result<(), StorageError> {
        self.check()?;
        if self.synced < self.committed {
            self.file.sync().map_err(|error| self.failed(&error))?;
            self.synced = self.committed;
        }
        Ok(())
    }
}
