//! A handle in reserve for the next log file. Opens nothing itself.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(target_os = "linux")]
use rustix::io::{DupFlags, dup3};

/// The system has no handle left, for this process or at all.
pub(super) const NO_HANDLES: [i32; 2] = [23, 24];

/// Where connections may take every handle, the log must still be able to go on in a new file.
#[derive(Debug, Default)]
pub(super) struct Reserve {
    /// The directory of the log, open for its syncs.
    log: Option<File>,
    /// A handle that a new log file may have.
    spare: Mutex<Option<OwnedFd>>,
}

impl Reserve {
    /// Without the directory it does nothing.
    pub(super) fn new(log: Option<File>) -> Self {
        let spare = log.as_ref().and_then(|log| log.try_clone().ok());
        Self {
            spare: Mutex::new(spare.map(OwnedFd::from)),
            log,
        }
    }

    fn spare(&self) -> MutexGuard<'_, Option<OwnedFd>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The directory of the log, if it is held open.
    pub(super) const fn log(&self) -> Option<&File> {
        self.log.as_ref()
    }

    /// Opens a file, with the spare handle if there is no other.
    pub(super) fn lend(&self, open: impl Fn() -> io::Result<File>) -> io::Result<File> {
        open().or_else(|error| match error.raw_os_error() {
            Some(code) if NO_HANDLES.contains(&code) && self.spare().take().is_some() => open(),
            _ => Err(error),
        })
    }

    /// A file's handle becomes the spare one, if that was lent.
    pub(super) fn take(&self, file: File) {
        let mut spare = self.spare();
        if let (None, Some(log)) = (&*spare, &self.log) {
            *spare = exchanged(file, log);
        }
    }
}

/// The handle of `file` for `folder`; nobody can take it in between.
#[cfg(target_os = "linux")]
fn exchanged(file: File, folder: &File) -> Option<OwnedFd> {
    let mut handle = OwnedFd::from(file);
    dup3(folder, &mut handle, DupFlags::CLOEXEC).ok()?;
    Some(handle)
}

#[cfg(not(target_os = "linux"))]
fn exchanged(file: File, folder: &File) -> Option<OwnedFd> {
    drop(file);
    folder.try_clone().ok().map(OwnedFd::from)
}
