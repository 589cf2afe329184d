//! Snapshots on a disk: written, read, and cleared away.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use super::load::Loader;
use super::manifest::{Manifest, Sizes, Store};
use super::pace::Pace;
use super::part::{self, Chunk, PartId};
use super::save::{LARGE_BYTES, save};
use super::{failed, names, pace};
use crate::error::StorageError;
use crate::log::disk::Disk;
use crate::mutants::{Mutant, is};
use crate::state::State;

/// Bytes at which a part of small chunks is closed.
const GATHERED_BYTES: usize = 1024 * 1024;
/// Chunks of a section that share a part if they are small.
const GATHERED_COUNT: u64 = 16;
/// Parts read before they are needed.
const PARTS_AHEAD: usize = 2;
/// Bytes of a snapshot from which other threads are worth their start.
const SHARED_BYTES_MIN: u64 = 16 * 1024 * 1024;

/// A snapshot whose parts are written and which has no name yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What it consists of.
    pub manifest: Manifest,
    /// Parts that were new.
    pub new_count: u64,
    /// Their bytes.
    pub new_bytes: u64,
}

/// Writes the parts of a state, until told to stop. Those that their store has already are read
/// and compared, and not written again.
///
/// # Errors
/// `Io`, `SnapshotStopped`; what was there before is still there.
pub fn draft(
    disk: &dyn Disk,
    identity: &[u8; 16],
    state: &State,
    store: Store,
    is_stopped: &AtomicBool,
) -> Result<Draft, StorageError> {
    let mut parts = Parts {
        disk,
        identity,
        store,
        is_stopped,
        there: listed(disk)?.into_iter().collect(),
        ids: Vec::new(),
        new_count: 0,
        new_bytes: 0,
        small: Vec::new(),
    };
    save(state, &mut |chunk| parts.take(chunk))?;
    parts.gather()?;
    let sizes = Sizes {
        contacts: state.contacts.count() as u64,
        messages: state.messages.count() as u64,
        seen: state.seen.count() as u64,
    };
    let manifest = Manifest {
        position: state.position.0,
        store,
        sizes,
        parts: parts.ids,
    };
    Ok(Draft {
        manifest,
        new_count: parts.new_count,
        new_bytes: parts.new_bytes,
    })
}

impl Draft {
    /// Gives it its name; durable on return.
    ///
    /// # Errors
    /// As `draft`.
    pub fn seal(&self, disk: &dyn Disk, identity: &[u8; 16]) -> Result<(), StorageError> {
        let name = Manifest::name(self.manifest.position);
        let seal = || {
            // The names of the parts before the name of what relies on them.
            disk.sync_dir(&name)?;
            put(disk, &name, &self.manifest.encode(identity))?;
            disk.sync_dir(&name)
        };
        seal().map_err(|error| failed(&format!("writing of {name}"), &error))
    }
}

/// A file that has its name only once all of it is on storage.
fn put(disk: &dyn Disk, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = format!("{name}.tmp");
    if disk.size(&temporary).is_ok() {
        disk.remove(&temporary)?;
    }
    let mut file = disk.create(&temporary)?;
    file.append(bytes)?;
    if is(Mutant::RenameBeforeSync) {
        return disk.rename(&temporary, name);
    }
    file.sync()?;
    drop(file);
    disk.rename(&temporary, name)
}

fn listed(disk: &dyn Disk) -> Result<Vec<String>, StorageError> {
    disk.list()
        .map_err(|error| failed("reading of the directory", &error))
}

/// Puts chunks into parts: large ones have their own; small ones share one with their
/// neighbours, and with the small ones of other sections where they are few.
struct Parts<'a> {
    disk: &'a dyn Disk,
    identity: &'a [u8; 16],
    store: Store,
    is_stopped: &'a AtomicBool,
    there: BTreeSet<String>,
    ids: Vec<PartId>,
    new_count: u64,
    new_bytes: u64,
    small: Vec<Chunk>,
}

fn bytes_of(chunks: &[Chunk]) -> usize {
    chunks.iter().map(|chunk| chunk.payload.len()).sum()
}

impl Parts<'_> {
    fn take(&mut self, chunk: Chunk) -> Result<(), StorageError> {
        if chunk.payload.len() >= LARGE_BYTES {
            return self.put(&[chunk]);
        }
        self.small.push(chunk);
        Ok(())
    }

    fn gather(&mut self) -> Result<(), StorageError> {
        let small = std::mem::take(&mut self.small);
        let group = |chunk: &Chunk| (chunk.section, chunk.index / GATHERED_COUNT);
        let mut rest = Vec::new();
        for chunks in small.chunk_by(|one, next| group(one) == group(next)) {
            if bytes_of(chunks) >= LARGE_BYTES {
                self.put(chunks)?;
            } else {
                rest.extend_from_slice(chunks);
            }
            if bytes_of(&rest) >= GATHERED_BYTES {
                self.put(&rest)?;
                rest.clear();
            }
        }
        if rest.is_empty() {
            return Ok(());
        }
        self.put(&rest)
    }

    fn put(&mut self, chunks: &[Chunk]) -> Result<(), StorageError> {
        if self.is_stopped.load(Ordering::Relaxed) {
            return Err(StorageError::SnapshotStopped);
        }
        let (id, bytes) = part::encode(self.identity, chunks);
        let name = id.name(self.store.letter());
        self.ids.push(id);
        // A file has its name only once it was synced; what rotted since is written anew.
        if self.there.contains(&name) && self.has(&name, &bytes) {
            return Ok(());
        }
        put(self.disk, &name, &bytes)
            .map_err(|error| failed(&format!("writing of {name}"), &error))?;
        self.new_bytes += bytes.len() as u64;
        self.new_count += 1;
        self.there.insert(name);
        Ok(())
    }

    fn has(&self, name: &str, bytes: &[u8]) -> bool {
        let found = self.disk.read(name, 0, bytes.len() + 1);
        found.is_ok_and(|found| found == bytes)
    }
}

/// Reads the manifest of this name.
///
/// # Errors
/// In words, what is wrong with it.
pub fn manifest(disk: &dyn Disk, identity: &[u8; 16], name: &str) -> Result<Manifest, String> {
    let manifest = Manifest::decode(identity, &all_of(disk, name)?)?;
    if Manifest::name(manifest.position) != name {
        let position = manifest.position;
        return Err(format!("says that it reaches position {position}"));
    }
    Ok(manifest)
}

/// The newest position before this one that a snapshot reaches whose manifest can be read.
///
/// # Errors
/// `Io`.
pub fn older(
    disk: &dyn Disk,
    identity: &[u8; 16],
    position: u64,
) -> Result<Option<u64>, StorageError> {
    let mut names = names(&listed(disk)?).into_iter();
    let found = names.find(|(at, name)| *at < position && manifest(disk, identity, name).is_ok());
    Ok(found.map(|(at, _)| at))
}

/// Reads a whole snapshot into an empty state; a large one on several threads, if the pace is so.
///
/// # Errors
/// Which file is wrong if it is not the manifest, and in words what is wrong with it.
pub fn load(
    disk: &dyn Disk,
    identity: &[u8; 16],
    name: &str,
    state: State,
    pace: Pace,
) -> Result<(Manifest, State), Unsound> {
    let of_manifest = |reason| Unsound { part: None, reason };
    let manifest = manifest(disk, identity, name).map_err(of_manifest)?;
    let mut loader = Loader::new(state, &manifest.sizes);
    let parts: Vec<_> = manifest.parts.iter().zip(manifest.part_names()).collect();
    let bytes: u64 = manifest.parts.iter().map(|id| id.bytes).sum();
    let pace = if bytes < SHARED_BYTES_MIN {
        Pace::Beside
    } else {
        pace
    };
    let ahead = match pace {
        Pace::Alone => PARTS_AHEAD,
        Pace::Beside => 0,
    };
    let read = |(_, name): &(&PartId, String)| all_of(disk, name);
    pace::each_ahead(ahead, &parts, read, |(id, name), bytes| {
        bytes
            .and_then(|bytes| take_part(identity, id, &bytes, &mut loader))
            .map_err(|reason| Unsound {
                part: Some(name.clone()),
                reason,
            })
    })?;
    let mut state = loader
        .finish(manifest.position, &manifest.sizes, pace)
        .map_err(of_manifest)?;
    if is(Mutant::ForgetSeen) {
        state.seen = crate::seen::Seen::default();
    }
    Ok((manifest, state))
}

fn take_part(
    identity: &[u8; 16],
    id: &PartId,
    bytes: &[u8],
    loader: &mut Loader,
) -> Result<(), String> {
    for (section, index, payload) in part::open(identity, id, bytes)? {
        loader.take(section, index, payload)?;
    }
    Ok(())
}

fn all_of(disk: &dyn Disk, name: &str) -> Result<Vec<u8>, String> {
    let read = || {
        let size = disk.size(name)?;
        disk.read(name, 0, usize::try_from(size).unwrap_or(usize::MAX))
    };
    read().map_err(|error| format!("cannot be read ({error})"))
}

/// Why a snapshot cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsound {
    /// The part that is at fault; `None`: its manifest is.
    pub part: Option<String>,
    /// In words.
    pub reason: String,
}

impl std::fmt::Display for Unsound {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.part {
            Some(part) => write!(out, "names {part}, which {}", self.reason),
            None => out.write_str(&self.reason),
        }
    }
}

/// Removes all snapshots but those that reach these positions, then parts that none of them
/// names and what unfinished writing left.
///
/// # Errors
/// `Io`.
pub fn tidy(disk: &dyn Disk, identity: &[u8; 16], keep: &[u64]) -> Result<(), StorageError> {
    let all = listed(disk)?;
    let (kept, old): (Vec<_>, Vec<_>) = names(&all)
        .into_iter()
        .partition(|(position, _)| keep.contains(position));
    let manifests: Vec<_> = kept
        .iter()
        .map(|(_, name)| manifest(disk, identity, name))
        .collect();
    // Where a manifest cannot be read now, nobody knows which parts are its own.
    let is_known = manifests.iter().all(Result::is_ok);
    let named: BTreeSet<String> = manifests
        .iter()
        .flatten()
        .flat_map(Manifest::part_names)
        .collect();
    let remove = |name: &str| {
        let removed = disk.remove(name);
        removed.map_err(|error| failed(&format!("removal of {name}"), &error))
    };
    for (_, name) in &old {
        remove(name)?;
    }
    if let Some((_, name)) = old.first() {
        // A manifest must not come back after its parts are gone.
        disk.sync_dir(name)
            .map_err(|error| failed("removal of old snapshots", &error))?;
    }
    for name in &all {
        let is_left = name.starts_with("snapshots/")
            && match name.rsplit_once('.') {
                Some((_, "tmp")) => true,
                Some((_, "part")) => is_known && !named.contains(name),
                _ => false,
            };
        if is_left {
            remove(name)?;
        }
    }
    Ok(())
}
