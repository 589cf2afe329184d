//! A consistent copy of a data directory, also while an engine writes to it.
//!
//! Log files only grow, so what is copied of them is a beginning of the log; it may end within
//! a frame, as after a crash, and the next open cuts that. A snapshot is copied before the log,
//! so that the log reaches it. IDENTITY comes last: a copy that was broken off cannot be taken
//! for a whole one. Knows nothing of what a record says.

use std::io::{self, ErrorKind};

use crate::engine::IDENTITY;
use crate::error::StorageError;
use crate::log::disk::Disk;
use crate::log::log_files;
use crate::snapshot;

/// Bytes copied at a time.
const COPY_BYTES: usize = 8 * 1024 * 1024;

/// What a copy holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Files.
    pub files: u64,
    /// Bytes of all of them.
    pub bytes: u64,
}

/// Copies a directory into an empty one; durable on return. `progress` hears the bytes copied
/// so far and all that are to be copied, as far as is known, and says whether to go on.
///
/// # Errors
/// `Io`, also when `progress` says no; the copy is not whole then, and cannot be opened.
pub fn backup(
    from: &dyn Disk,
    to: &dyn Disk,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Copied, StorageError> {
    let failed = |error: io::Error| StorageError::Io {
        what: "copying of the data directory".to_owned(),
        reason: error.to_string(),
    };
    copy_all(from, to, progress).map_err(failed)
}

fn copy_all(
    from: &dyn Disk,
    to: &dyn Disk,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> io::Result<Copied> {
    let mut copied = Copied::default();
    let names = from.list()?;
    let mut total: u64 = names.iter().filter_map(|name| from.size(name).ok()).sum();
    let mut copy = |name: &str, until: u64| {
        let before = copied.bytes;
        total = total.max(before + until);
        let bytes = copy_file(from, to, name, until, &mut |bytes| {
            progress(before + bytes, total)
        })?;
        copied.files += 1;
        copied.bytes += bytes;
        Ok::<u64, io::Error>(bytes)
    };
    for (_, name) in snapshot::names(&names) {
        // The oldest snapshot goes when a new one comes.
        match from.size(&name).and_then(|size| copy(&name, size)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(_) => break,
        }
    }
    let mut done = 0;
    loop {
        let files = log_files(&from.list()?);
        let Some((number, name)) = files.into_iter().find(|(number, _)| *number > done) else {
            break;
        };
        // What is written from here on is not this copy's.
        copy(&name, from.size(&name)?)?;
        done = number;
    }
    copy(IDENTITY, from.size(IDENTITY)?)?;
    Ok(copied)
}

fn copy_file(
    from: &dyn Disk,
    to: &dyn Disk,
    name: &str,
    until: u64,
    progress: &mut dyn FnMut(u64) -> bool,
) -> io::Result<u64> {
    let mut bytes_read = 0;
    // Not made before something was read: what is gone leaves no empty file.
    let mut file = None;
    loop {
        let rest = usize::try_from(until - bytes_read).unwrap_or(usize::MAX);
        let bytes = from.read(name, bytes_read, rest.min(COPY_BYTES))?;
        let file = match &mut file {
            Some(file) => file,
            None => file.insert(to.create(name)?),
        };
        file.append(&bytes)?;
        bytes_read += bytes.len() as u64;
        if !progress(bytes_read) {
            return Err(io::Error::new(ErrorKind::Interrupted, "it was broken off"));
        }
        if bytes.is_empty() || bytes_read == until {
            file.sync()?;
            break;
        }
    }
    to.sync_dir(name)?;
    Ok(bytes_read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::faulty::FaultyDisk;

    fn filled() -> FaultyDisk {
        let disk = FaultyDisk::default();
        disk.put(IDENTITY, b"who");
        disk.put("LOCK", b"1");
        disk.put("log/000000000001.log", b"one");
        disk.put("log/000000000002.log", b"two!");
        disk.put("snapshots/00000000000000000003.snap", b"old");
        disk.put("snapshots/00000000000000000009.snap", b"new");
        disk
    }

    #[test]
    fn all_but_old_snapshots_and_the_lock_are_copied() {
        let to = FaultyDisk::default();
        let copied = backup(&filled(), &to, &mut |_, _| true).unwrap();
        assert_eq!((copied.files, copied.bytes), (4, 13));
        let mut names = to.list().unwrap();
        names.sort();
        let [newest, first] = [
            "snapshots/00000000000000000009.snap",
            "log/000000000001.log",
        ];
        assert_eq!(names, [IDENTITY, first, "log/000000000002.log", newest]);
        assert_eq!(to.bytes(newest).unwrap(), b"new");
        let kept = to.crash(crate::log::faulty::Unsynced::Lost);
        assert_eq!(kept.list().unwrap().len(), 4, "all of it is durable");
    }

    #[test]
    fn a_copy_that_was_broken_off_has_no_identity() {
        let to = FaultyDisk::default();
        let mut left = 3;
        let outcome = backup(&filled(), &to, &mut |_, _| {
            left -= 1;
            left > 0
        });
        assert!(outcome.is_err());
        assert!(to.size(IDENTITY).is_err());
    }
}
