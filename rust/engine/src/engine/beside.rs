//! Snapshots made beside the living state, which goes on meanwhile: the newest snapshot is
//! loaded into a state of its own and the log replayed up to a synced position, as opening would.
//! What was written is then read back and must give the same state; only then older ones go.

use std::sync::atomic::{AtomicBool, Ordering};

use super::apply_payload;
use crate::error::StorageError;
use crate::keys::Keys;
use crate::log::disk::Disk;
use crate::log::reader::replay;
use crate::mutants::{Mutant, is};
use crate::snapshot::{self, Manifest, Pace, Store};
use crate::state::{State, Windows};
use crate::trim::trim;

/// A directory whose state is built a second time.
pub(super) struct Beside<'a> {
    pub disk: &'a dyn Disk,
    pub identity: &'a [u8; 16],
    pub windows: Windows,
    /// Set by others once the snapshot is not wanted any more.
    pub is_stopped: &'a AtomicBool,
}

impl Beside<'_> {
    /// Makes and proves a snapshot that reaches `target`, which the log holds and storage has.
    /// With `is_trimmed` the log then loses what lies behind two proved snapshots.
    ///
    /// # Errors
    /// `Io`, what replay says, `FileInvalid` for a snapshot that read back otherwise, or
    /// `SnapshotStopped`.
    pub fn make(&self, target: u64, is_trimmed: bool) -> Result<(), StorageError> {
        let (base, mut state) = self.newest(target)?;
        self.go_on()?;
        let at = base.as_ref().map_or(0, |base| base.position);
        if at < target {
            self.replay_to(&mut state, target)?;
            let store = base.as_ref().map_or(Store::A, |base| base.store.other());
            let digest = state.digest();
            self.go_on()?;
            if is_trimmed && is(Mutant::TrimBeforeSync) {
                trim(self.disk, self.identity, target)?;
            }
            let draft = snapshot::draft(self.disk, self.identity, &state, store, self.is_stopped)?;
            // Before the next is built: two states in memory are enough.
            drop(state);
            self.go_on()?;
            draft.seal(self.disk, self.identity)?;
            self.prove(&draft.manifest, digest)?;
        }
        let mut keep = vec![target, at];
        if at == target {
            // It was there already; the one before it is the other of two.
            keep.extend(snapshot::older(self.disk, self.identity, at)?);
        }
        snapshot::tidy(self.disk, self.identity, &keep)?;
        if is_trimmed && at > 0 && at < target {
            trim(self.disk, self.identity, at)?;
        }
        Ok(())
    }

    fn go_on(&self) -> Result<(), StorageError> {
        if self.is_stopped.load(Ordering::Relaxed) {
            return Err(StorageError::SnapshotStopped);
        }
        Ok(())
    }

    fn empty(&self) -> State {
        State::new(Keys::new(*self.identity), self.windows)
    }

    /// The newest snapshot up to a position that can be read, and its state; else an empty one.
    fn newest(&self, until: u64) -> Result<(Option<Manifest>, State), StorageError> {
        let all = self.disk.list();
        let all = all.map_err(|error| StorageError::Io {
            what: "reading of the directory".to_owned(),
            reason: error.to_string(),
        })?;
        let names = snapshot::names(&all).into_iter();
        for (_, name) in names.filter(|(position, _)| *position <= until) {
            let found = snapshot::load(self.disk, self.identity, &name, self.empty(), Pace::Beside);
            if let Ok((manifest, state)) = found {
                return Ok((Some(manifest), state));
            }
        }
        Ok((None, self.empty()))
    }

    fn replay_to(&self, state: &mut State, target: u64) -> Result<(), StorageError> {
        let from = state.position.0 + 1;
        let outcome = replay(self.disk, self.identity, from, &mut |head, payload| {
            self.go_on()?;
            // What comes later may be half written now.
            if head.position > target || head.position != state.position.0 + 1 {
                return Ok(());
            }
            apply_payload(state, payload, head.position, head.received_ms)
                .map_err(|what| StorageError::Internal { what })
        });
        if state.position.0 == target {
            return Ok(());
        }
        outcome?;
        Err(StorageError::FileInvalid {
            file: "log".to_owned(),
            reason: format!(
                "it was read up to position {}, and {target} had been kept",
                state.position.0
            ),
            hint: "Run `smstrack check`.",
        })
    }

    /// Reads a snapshot back from storage: it must give the state that was written.
    fn prove(&self, manifest: &Manifest, digest: u64) -> Result<(), StorageError> {
        let name = Manifest::name(manifest.position);
        for file in manifest.part_names().chain([name.clone()]) {
            self.disk.settle(&file).map_err(|error| StorageError::Io {
                what: format!("sync of {file}"),
                reason: error.to_string(),
            })?;
        }
        let found = snapshot::load(self.disk, self.identity, &name, self.empty(), Pace::Beside);
        let reason = match found {
            Ok((found, state)) if found == *manifest && state.digest() == digest => return Ok(()),
            Ok(_) => "read back, it is another state than was written".to_owned(),
            Err(unsound) => format!("read back, it {unsound}"),
        };
        // Nobody may come to rely on it; if this fails, too, the next opening judges it again.
        drop(self.disk.remove(&name));
        drop(self.disk.sync_dir(&name));
        Err(StorageError::FileInvalid {
            file: name,
            reason,
            hint: "The log and the older snapshots hold everything. Check the disk and memory.",
        })
    }
}
