//! Makes a damaged directory open again, by its owner's order only: the log is cut where it
//! can no longer be read, and all that is cut is kept beside it under another name.
//!
//! What follows damage cannot be kept in the log: its records name contacts and blasts by the
//! order of what came before them. Safe to break off at any point and to begin again.

use serde_json::{Value, json};

use crate::codec::{Reader, decode_record};
use crate::engine::identity_of;
use crate::error::{EngineError, StorageError};
use crate::keys::Keys;
use crate::log::disk::Disk;
use crate::log::frame::FILE_HEAD_BYTES;
use crate::log::heads::begins_at;
use crate::log::log_files;
use crate::log::reader::{End, replay};
use crate::snapshot::{self, Pace, Unsound};
use crate::state::{State, Windows};

/// Bytes copied at a time.
const COPY_BYTES: usize = 8 * 1024 * 1024;

/// Repairs a directory that nobody else has open. Says what was cut and where it is kept; an
/// empty list if nothing was wrong.
///
/// # Errors
/// `Io`, `FormatUnsupported`, or `FileInvalid` for what cannot be repaired: an IDENTITY that is
/// missing or damaged.
pub fn repair(disk: &dyn Disk) -> Result<Value, EngineError> {
    let (identity, windows) = identity_of(disk)?;
    // A log that lacks its beginning is no worse while a snapshot holds what was there.
    let begin = begins_at(disk, &identity).unwrap_or(1);
    let from = match newest_sound(disk, &identity, windows)? {
        Some(position) if begin <= position + 1 => begin,
        _ => 1,
    };
    if begin > from {
        return Err(StorageError::FileInvalid {
            file: "the log".to_owned(),
            reason: format!("it begins at position {begin}; what came before is missing"),
            hint: "Restore the log files before it from a backup.",
        }
        .into());
    }
    let mut cut = Vec::new();
    let end = loop {
        match read_through(disk, &identity, from) {
            Ok(end) => break end,
            Err(StorageError::LogCorrupt {
                file, byte, found, ..
            }) => {
                cut.extend(cut_log(disk, &file, byte, &found)?);
            }
            Err(StorageError::FileInvalid { file, reason, .. }) if file.starts_with("log/") => {
                cut.extend(cut_log(disk, &file, 0, &reason)?);
            }
            Err(other) => return Err(other.into()),
        }
    };
    for (position, name) in snapshot::names(&listed(disk)?) {
        let unsound = if position >= end.next_position {
            let reason = format!("reaches position {position}, which the log does not");
            Some(Unsound { part: None, reason })
        } else {
            read_snapshot(disk, &name, &identity, windows).err()
        };
        let Some(unsound) = unsound else {
            continue;
        };
        cut.push(set_aside(disk, &name, &unsound.to_string())?);
        if let Some(part) = unsound.part.filter(|part| disk.size(part).is_ok()) {
            cut.push(set_aside(disk, &part, &unsound.reason)?);
        }
    }
    Ok(json!({
        "cut": cut,
        "last_position": end.next_position - 1,
        "records": end.records,
    }))
}

fn failed(what: &str, error: &std::io::Error) -> StorageError {
    StorageError::Io {
        what: what.to_owned(),
        reason: error.to_string(),
    }
}

fn listed(disk: &dyn Disk) -> Result<Vec<String>, StorageError> {
    disk.list()
        .map_err(|error| failed("reading of the directory", &error))
}

/// Position of the newest snapshot that can be read.
fn newest_sound(
    disk: &dyn Disk,
    identity: &[u8; 16],
    windows: Windows,
) -> Result<Option<u64>, StorageError> {
    let mut names = snapshot::names(&listed(disk)?).into_iter();
    let sound = names.find(|(_, name)| read_snapshot(disk, name, identity, windows).is_ok());
    Ok(sound.map(|(position, _)| position))
}

fn read_snapshot(
    disk: &dyn Disk,
    name: &str,
    identity: &[u8; 16],
    windows: Windows,
) -> Result<(), Unsound> {
    let state = State::new(Keys::new(*identity), windows);
    snapshot::load(disk, identity, name, state, Pace::Alone).map(|_| ())
}

/// Reads every record; the reader says where it cannot go on.
fn read_through(disk: &dyn Disk, identity: &[u8; 16], from: u64) -> Result<End, StorageError> {
    replay(disk, identity, from, &mut |head, payload| {
        let mut reader = Reader::new(payload);
        while !reader.is_done() {
            // Its checksum holds: another build wrote it, and cutting it would lose what that reads.
            decode_record(&mut reader).map_err(|error| StorageError::FileInvalid {
                file: "the log".to_owned(),
                reason: format!(
                    "the frame at position {} is whole, but this build cannot read byte {} of it \
                     (expected {})",
                    head.position, error.byte, error.expected
                ),
                hint: "Use the build that wrote it.",
            })?;
        }
        Ok(())
    })
}

/// Cuts the log from a byte of a file on. Later files first, so that no gap is left between.
fn cut_log(disk: &dyn Disk, file: &str, byte: u64, why: &str) -> Result<Vec<Value>, StorageError> {
    let mut files = log_files(&listed(disk)?);
    if !files.iter().any(|(_, name)| name == file) {
        return Err(StorageError::FileInvalid {
            file: file.to_owned(),
            reason: format!("{why}, and it is not there"),
            hint: "Restore it from a backup.",
        });
    }
    let mut cut = Vec::new();
    while let Some((_, name)) = files.pop() {
        if name == *file {
            break;
        }
        cut.push(set_aside(disk, &name, "follows what is damaged")?);
    }
    cut.push(if byte <= FILE_HEAD_BYTES as u64 {
        set_aside(disk, file, why)?
    } else {
        cut_file(disk, file, byte, why)?
    });
    Ok(cut)
}

/// A name that is not taken, beside this one.
fn free_name(disk: &dyn Disk, name: &str) -> String {
    let mut number = 1;
    loop {
        let free = format!("{name}.cut-{number}");
        if disk.size(&free).is_err() {
            return free;
        }
        number += 1;
    }
}

fn set_aside(disk: &dyn Disk, name: &str, why: &str) -> Result<Value, StorageError> {
    let kept = free_name(disk, name);
    let bytes = disk.size(name).unwrap_or_default();
    disk.rename(name, &kept)
        .and_then(|()| disk.sync_dir(&kept))
        .map_err(|error| failed(&format!("renaming of {name}"), &error))?;
    Ok(json!({ "file": name, "byte": 0, "bytes": bytes, "kept_as": kept, "why": why }))
}

fn cut_file(disk: &dyn Disk, name: &str, byte: u64, why: &str) -> Result<Value, StorageError> {
    let kept = free_name(disk, name);
    let cut = || {
        let mut at = byte;
        let mut file = disk.create(&kept)?;
        loop {
            let bytes = disk.read(name, at, COPY_BYTES)?;
            if bytes.is_empty() {
                break;
            }
            file.append(&bytes)?;
            at += bytes.len() as u64;
        }
        file.sync()?;
        // Kept for sure before it is cut.
        disk.sync_dir(&kept)?;
        disk.truncate(name, byte)?;
        Ok(at - byte)
    };
    let bytes = cut().map_err(|error| failed(&format!("cutting of {name}"), &error))?;
    Ok(json!({ "file": name, "byte": byte, "bytes": bytes, "kept_as": kept, "why": why }))
}
