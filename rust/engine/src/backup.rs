//! A consistent copy of a data directory, also while an engine writes to it.
//!
//! Log files only grow, so what is copied of them is a beginning of the log; it may end within
//! a frame, as after a crash, and the next open cuts that. A snapshot is copied before the log,
//! so that the log reaches it. IDENTITY comes last: a copy that was broken off cannot be taken
//! for a whole one. Knows nothing of what a record says.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};

use crate::engine::{IDENTITY, identity_of};
use crate::error::StorageError;
use crate::log::disk::Disk;
use crate::log::heads::begins_at;
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
    let reached = copy_snapshot(from, &mut copy)?;
    let mut done = 0;
    loop {
        let files = log_files(&from.list()?);
        let Some((number, name)) = files.into_iter().find(|(number, _)| *number > done) else {
            break;
        };
        if done > 0 && number != done + 1 {
            return Err(trimmed());
        }
        // What is written from here on is not this copy's.
        copy(&name, from.size(&name)?)?;
        done = number;
    }
    let identity = identity_of(from).map(|(identity, _)| identity);
    let begins = identity.ok().and_then(|who| begins_at(to, &who));
    if begins.is_some_and(|begins| begins > reached + 1) {
        return Err(trimmed());
    }
    copy(IDENTITY, from.size(IDENTITY)?)?;
    Ok(copied)
}

fn trimmed() -> io::Error {
    io::Error::other("the log was trimmed meanwhile; empty the target and begin again")
}

/// Copies the newest snapshot that can be copied whole; the position that it reaches, or 0.
fn copy_snapshot(
    from: &dyn Disk,
    copy: &mut dyn FnMut(&str, u64) -> io::Result<u64>,
) -> io::Result<u64> {
    let Ok((identity, _)) = identity_of(from) else {
        return Ok(0);
    };
    let mut there = BTreeSet::new();
    let mut tried = Vec::new();
    loop {
        // Snapshots go when newer ones come: as long as they do, there is another to be tried.
        let names = snapshot::names(&from.list()?);
        if names == tried {
            return Ok(0);
        }
        for (position, name) in &names {
            let Ok(manifest) = snapshot::manifest(from, &identity, name) else {
                continue;
            };
            let mut all = manifest.part_names().chain([name.clone()]);
            let outcome: io::Result<()> = all.try_for_each(|file| {
                if !there.contains(&file) {
                    copy(&file, from.size(&file)?)?;
                    there.insert(file);
                }
                Ok(())
            });
            match outcome {
                Ok(()) => return Ok(*position),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        tried = names;
    }
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
    use std::sync::Arc;

    use super::*;
    use crate::codec::CampaignRecord;
    use crate::engine::{Engine, Options};
    use crate::log::faulty::FaultyDisk;

    /// An engine's directory with two snapshots, and what an owner may have put beside them.
    fn filled() -> FaultyDisk {
        let disk = FaultyDisk::default();
        let shared = Arc::new(disk.clone());
        let engine = Engine::open_disk(shared, &Options::default()).unwrap();
        for name in ["one", "two"] {
            let record = CampaignRecord {
                name,
                ..CampaignRecord::default()
            };
            engine.campaign(&record, 5).unwrap();
            engine.snapshot().unwrap();
        }
        disk.put("LOCK", b"1");
        disk
    }

    #[test]
    fn all_but_old_snapshots_and_the_lock_are_copied() {
        let (from, to) = (filled(), FaultyDisk::default());
        let copied = backup(&from, &to, &mut |_, _| true).unwrap();
        let names = to.list().unwrap();
        let newest = format!("snapshots/{:020}.snap", 2);
        let parts: Vec<_> = names
            .iter()
            .filter(|name| name.starts_with("snapshots/") && **name != newest)
            .collect();
        assert_eq!(parts.len(), 1, "those of the newest alone: {names:?}");
        let others = [IDENTITY, "log/000000000001.log", &newest];
        assert!(others.iter().all(|name| to.bytes(name) == from.bytes(name)));
        assert_eq!((copied.files, names.len()), (4, 4));
        let kept = to.crash(crate::log::faulty::Unsynced::Lost);
        assert_eq!(kept.list().unwrap().len(), 4, "all of it is durable");
    }

    #[test]
    fn the_older_snapshot_is_copied_where_the_newest_lacks_a_part() {
        let (from, to) = (filled(), FaultyDisk::default());
        let (identity, _) = identity_of(&from).unwrap();
        let newest = format!("snapshots/{:020}.snap", 2);
        let manifest = snapshot::manifest(&from, &identity, &newest).unwrap();
        from.remove(&manifest.part_names().next().unwrap()).unwrap();
        backup(&from, &to, &mut |_, _| true).unwrap();
        let copied = snapshot::names(&to.list().unwrap());
        assert_eq!(copied.first().map(|(position, _)| *position), Some(1));
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
