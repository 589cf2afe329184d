//! When snapshots are made, and of what: beside the living state while it is open to all, of the
//! living state itself when it is closed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use super::beside::Beside;
use super::{Engine, Open};
use crate::error::{ClosedError, EngineError, StorageError};
use crate::event::Position;
use crate::log::disk::Disk;
use crate::log::heads::begins_at;
use crate::snapshot::{self, Manifest, Store};

impl Engine {
    /// Makes a snapshot beside the living state and proves it; the position it reaches. Commits
    /// and questions go on meanwhile. Takes the memory of a second state, and the time of an
    /// opening. Where the log is not kept whole, it is then trimmed.
    ///
    /// # Errors
    /// `Io`, `Closed`, `Poisoned` after a failed write; `FileInvalid` when what was written read
    /// back otherwise; `SnapshotStopped`. What was there before is still there.
    pub fn snapshot(&self) -> Result<Position, EngineError> {
        let _one = self
            .snapshotting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.is_snapshot_stopped.store(false, Ordering::Relaxed);
        let (disk, target) = {
            let mut guard = self.lock_open();
            let open = guard.as_mut().ok_or(EngineError::Closed(ClosedError))?;
            let target = open.log.committed();
            if open.snapshot_at == target {
                return Ok(Position(target));
            }
            // Without a sync of each commit the log may be behind; a snapshot must not outlive it.
            open.log.finish()?;
            (Arc::clone(&open.disk), target)
        };
        let beside = Beside {
            disk: disk.as_ref(),
            identity: &self.identity,
            windows: self.windows,
            is_stopped: &self.is_snapshot_stopped,
        };
        beside.make(target, !self.is_log_kept)?;
        if let Some(open) = self.lock_open().as_mut() {
            open.snapshot_at = target;
        }
        Ok(Position(target))
    }

    /// Has a snapshot that `snapshot` makes now given up, soon; without one, does nothing.
    pub fn stop_snapshot(&self) {
        self.is_snapshot_stopped.store(true, Ordering::Relaxed);
    }

    /// Makes a snapshot of the living state, which waits for it. Nothing has read it back: two
    /// that were proved, or opened from, stay beside it.
    pub(super) fn snapshot_living(&self) -> Result<(), EngineError> {
        let _one = self
            .snapshotting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (disk, at) = match self.lock_open().as_ref() {
            Some(Open {
                disk, snapshot_at, ..
            }) => (Arc::clone(disk), *snapshot_at),
            None => return Err(EngineError::Closed(ClosedError)),
        };
        let (disk, identity) = (disk.as_ref(), &self.identity);
        let draft = {
            let state = self.read()?;
            if state.position.0 == at {
                return Ok(());
            }
            let store = store_after(disk, identity, at);
            snapshot::draft(disk, identity, &state, store, &AtomicBool::new(false))?
        };
        let position = draft.manifest.position;
        if let Some(open) = self.lock_open().as_mut() {
            // As above; not under the state's lock, which a commit takes inside this one.
            open.log.finish()?;
        }
        draft.seal(disk, identity)?;
        let mut keep = vec![position, at];
        keep.extend(snapshot::older(disk, identity, at)?);
        snapshot::tidy(disk, identity, &keep)?;
        if let Some(open) = self.lock_open().as_mut() {
            open.snapshot_at = position;
        }
        Ok(())
    }

    /// Refuses what was trimmed from the log, before anything is read of it.
    pub(super) fn check_kept(
        &self,
        disk: &dyn Disk,
        first: Option<u64>,
    ) -> Result<(), StorageError> {
        let begins = begins_at(disk, &self.identity).unwrap_or(1);
        match first {
            Some(position) if position < begins => {
                Err(StorageError::RecordTrimmed { position, begins })
            }
            _ => Ok(()),
        }
    }
}

/// The store that the newest sound snapshot does not rely on.
fn store_after(disk: &dyn Disk, identity: &[u8; 16], at: u64) -> Store {
    snapshot::manifest(disk, identity, &Manifest::name(at))
        .map_or(Store::A, |manifest| manifest.store.other())
}
