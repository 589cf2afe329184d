//! State and the position it reaches <-> one checksummed file.
//!
//! A snapshot only saves time: the log alone rebuilds the same state. It is written under
//! another name, synced, renamed, and the directory synced; the older of two is removed only
//! after that. One that cannot be read is passed over with a warning, never trusted in part.

use super::codec::Writer;
use crate::error::StorageError;
use crate::limits::SNAPSHOTS_KEPT_COUNT;
use crate::log::disk::Disk;
use crate::log::frame::{u32_at, u64_at};
use crate::mutants::{Mutant, is};
use crate::state::State;

mod facts;
mod load;
mod save;

/// The version this build writes, and the newest it reads.
pub const SNAPSHOT_VERSION: u32 = 2;

const MAGIC: &[u8; 8] = b"SMSTKSNP";
/// magic, version, identity, position, payload bytes, checksum of all before and the payload.
const HEAD_BYTES: usize = 48;

/// Names of snapshots, newest first, with their positions.
pub fn names(all: &[String]) -> Vec<(u64, String)> {
    let mut found: Vec<(u64, String)> = all
        .iter()
        .filter_map(|name| {
            let stem = name.strip_prefix("snapshots/")?.strip_suffix(".snap")?;
            stem.parse().ok().map(|position| (position, name.clone()))
        })
        .collect();
    found.sort();
    found.reverse();
    found
}

fn failed(what: &str, error: &std::io::Error) -> StorageError {
    StorageError::Io {
        what: what.to_owned(),
        reason: error.to_string(),
    }
}

/// The bytes of a snapshot.
pub fn encode(identity: &[u8; 16], state: &State) -> Vec<u8> {
    let mut bytes = vec![0; HEAD_BYTES];
    save::save(state, &mut Writer(&mut bytes));
    let payload_bytes = (bytes.len() - HEAD_BYTES) as u64;
    let mut head = Vec::with_capacity(HEAD_BYTES);
    head.extend_from_slice(MAGIC);
    head.extend_from_slice(&SNAPSHOT_VERSION.to_le_bytes());
    head.extend_from_slice(identity);
    head.extend_from_slice(&state.position.0.to_le_bytes());
    head.extend_from_slice(&payload_bytes.to_le_bytes());
    let crc = crc32c::crc32c(&head);
    let crc = crc32c::crc32c_append(crc, bytes.get(HEAD_BYTES..).unwrap_or_default());
    head.extend_from_slice(&crc.to_le_bytes());
    for (slot, byte) in bytes.iter_mut().zip(head) {
        *slot = byte;
    }
    bytes
}

/// Reads a snapshot's bytes into an empty state.
///
/// # Errors
/// In words, what is wrong with it.
pub fn decode(identity: &[u8; 16], bytes: &[u8], state: &mut State) -> Result<(), String> {
    let Some(head) = bytes.get(..HEAD_BYTES) else {
        return Err("is shorter than its head".to_owned());
    };
    let payload = bytes.get(HEAD_BYTES..).unwrap_or_default();
    let (body, _) = head.split_at(HEAD_BYTES - 4);
    let crc = crc32c::crc32c_append(crc32c::crc32c(body), payload);
    let found = u32_at(head, HEAD_BYTES - 4);
    if crc != found {
        return Err(format!("checksum is {found:08x}, expected {crc:08x}"));
    }
    if body.get(..8) != Some(MAGIC.as_slice()) {
        return Err("has another magic word".to_owned());
    }
    let version = u32_at(body, 8);
    if version != SNAPSHOT_VERSION {
        return Err(format!(
            "has format {version}; this build reads {SNAPSHOT_VERSION}"
        ));
    }
    if body.get(12..28) != Some(identity.as_slice()) {
        return Err("belongs to another directory".to_owned());
    }
    if u64_at(body, 36) != payload.len() as u64 {
        return Err("has another length than its head says".to_owned());
    }
    load::load(payload, state).map_err(|error| {
        format!(
            "byte {}: expected {}",
            error.byte + HEAD_BYTES,
            error.expected
        )
    })?;
    if state.position.0 != u64_at(body, 28) {
        return Err("has another position than its head says".to_owned());
    }
    state.validate()
}

/// Writes a snapshot's bytes under the name of its position; durable on return.
///
/// # Errors
/// `Io`; what was there before is still there.
pub fn write(disk: &dyn Disk, position: u64, bytes: &[u8]) -> Result<(), StorageError> {
    let name = format!("snapshots/{position:020}.snap");
    let temporary = format!("snapshots/{position:020}.tmp");
    let write = || {
        if disk.size(&temporary).is_ok() {
            disk.remove(&temporary)?;
        }
        let mut file = disk.create(&temporary)?;
        file.append(bytes)?;
        if is(Mutant::RenameBeforeSync) {
            disk.rename(&temporary, &name)?;
            return file.sync().and_then(|()| disk.sync_dir(&name));
        }
        file.sync()?;
        drop(file);
        disk.rename(&temporary, &name)?;
        disk.sync_dir(&name)
    };
    write().map_err(|error| failed(&format!("writing of {name}"), &error))
}

/// Removes all but the newest two, and what unfinished writing left.
///
/// # Errors
/// `Io`.
pub fn tidy(disk: &dyn Disk) -> Result<(), StorageError> {
    let all = disk
        .list()
        .map_err(|error| failed("reading of the directory", &error))?;
    let old = names(&all)
        .into_iter()
        .skip(SNAPSHOTS_KEPT_COUNT)
        .map(|(_, name)| name);
    let left = all
        .iter()
        .filter(|name| {
            name.strip_suffix(".tmp")
                .is_some_and(|n| n.starts_with("snapshots/"))
        })
        .cloned();
    for name in old.chain(left) {
        disk.remove(&name)
            .map_err(|error| failed(&format!("removal of {name}"), &error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
