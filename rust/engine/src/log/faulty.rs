//! A disk in memory that fails, tears and forgets on order: for tests of everything above
//! `trait Disk`. Keeps apart what was written and what was synced, for files and for names.
//!
//! A sync that fails is remembered as systems do it: the bytes stay readable, later syncs say
//! that all is well, and the bytes are gone at the next crash or once the cache is let go.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::disk::{Disk, DiskFile};

/// What a crash leaves of bytes that were written but not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsynced {
    /// Nothing of them.
    Lost,
    /// All of them.
    Kept,
    /// The first half.
    Half,
    /// The right length, all zeros.
    Zeros,
}

#[derive(Clone, Debug, Default)]
struct Content {
    bytes: Vec<u8>,
    synced: usize,
    /// What a failed sync left in the cache only: first byte and end.
    doomed: Option<(usize, usize)>,
}

impl Content {
    fn sync_failed(&mut self) {
        let first = self
            .doomed
            .map_or(self.synced, |(first, _)| first.min(self.synced));
        self.doomed = Some((first, self.bytes.len()));
    }

    /// Storage is read again: what only the cache had is zeros.
    fn forget(&mut self) {
        if let Some((first, end)) = self.doomed.take() {
            let count = end.saturating_sub(first);
            self.bytes
                .iter_mut()
                .skip(first)
                .take(count)
                .for_each(|byte| *byte = 0);
        }
    }
}

#[derive(Debug, Default)]
struct Inner {
    /// By the number that names point to, as inodes.
    contents: BTreeMap<u64, Content>,
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    next: u64,
    mutations: u64,
    fail_at: Option<u64>,
    crash_at: Option<u64>,
    sticky: bool,
    full: bool,
    error: Option<i32>,
    fired: u64,
    crashed: bool,
}

/// See the module. Clones share one disk.
#[derive(Clone, Debug, Default)]
pub struct FaultyDisk(Arc<Mutex<Inner>>);

impl FaultyDisk {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many operations so far changed or synced something.
    pub fn mutations(&self) -> u64 {
        self.inner().mutations
    }

    /// How many planted faults fired.
    pub fn fired(&self) -> u64 {
        self.inner().fired
    }

    /// Fails the `nth` mutating operation from now (0: the next) with this OS error; with
    /// `sticky`, every later one too. An append that fails leaves half of its bytes.
    pub fn fail_after(&self, nth: u64, os_error: i32, sticky: bool) {
        let mut inner = self.inner();
        inner.fail_at = Some(inner.mutations + nth);
        inner.error = Some(os_error);
        inner.sticky = sticky;
    }

    /// No room from now on, or room again: nothing can be made, and of an append half fits.
    pub fn fill(&self, full: bool) {
        self.inner().full = full;
    }

    /// Cuts the power before the `nth` mutating operation from now (0: the next): it and all
    /// later ones fail. Follow with [`Self::crash`].
    pub fn crash_after(&self, nth: u64) {
        let mut inner = self.inner();
        inner.crash_at = Some(inner.mutations + nth);
    }

    /// No more faults.
    pub fn heal(&self) {
        let mut inner = self.inner();
        inner.fail_at = None;
        inner.crashed = false;
    }

    /// Power is cut: what remains for the next open. Handles of before are dead.
    #[must_use]
    pub fn crash(&self, unsynced: Unsynced) -> Self {
        self.inner().crashed = true;
        self.after_crash(unsynced)
    }

    /// What a power cut now would leave, without one.
    #[must_use]
    pub fn after_crash(&self, unsynced: Unsynced) -> Self {
        let old = self.inner();
        let mut contents = old.contents.clone();
        for content in contents.values_mut() {
            let (synced, len) = (content.synced, content.bytes.len());
            match unsynced {
                Unsynced::Lost => content.bytes.truncate(synced),
                Unsynced::Kept => {}
                Unsynced::Half => content.bytes.truncate(synced + (len - synced) / 2),
                Unsynced::Zeros => content.bytes.iter_mut().skip(synced).for_each(|b| *b = 0),
            }
            content.forget();
            content.synced = content.bytes.len();
        }
        // Names are the file system's: a crash may or may not have kept an unsynced one.
        let names = if unsynced == Unsynced::Kept {
            old.names.clone()
        } else {
            old.durable_names.clone()
        };
        let inner = Inner {
            contents,
            durable_names: names.clone(),
            names,
            next: old.next,
            ..Inner::default()
        };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// The bytes of a file, for tests that damage them.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let inner = self.inner();
        let number = inner.names.get(name)?;
        inner
            .contents
            .get(number)
            .map(|content| content.bytes.clone())
    }

    /// Replaces the bytes of a file, as damage or an operator would.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let mut inner = self.inner();
        let number = inner.names.get(name).copied();
        let number = number.unwrap_or_else(|| inner.new_file(name));
        inner.durable_names.insert(name.to_owned(), number);
        inner.contents.insert(
            number,
            Content {
                bytes: bytes.to_vec(),
                synced: bytes.len(),
                doomed: None,
            },
        );
    }
}

impl Inner {
    fn new_file(&mut self, name: &str) -> u64 {
        self.next += 1;
        self.names.insert(name.to_owned(), self.next);
        self.contents.insert(self.next, Content::default());
        self.next
    }

    fn mutate(&mut self) -> io::Result<()> {
        if self.crashed {
            return Err(io::Error::other("the disk has crashed"));
        }
        let now = self.mutations;
        self.mutations += 1;
        if self.crash_at == Some(now) {
            self.crashed = true;
            self.fired += 1;
            return Err(io::Error::other("the disk has crashed"));
        }
        let due = self
            .fail_at
            .is_some_and(|at| now == at || (self.sticky && now > at));
        if due {
            self.fired += 1;
            return Err(io::Error::from_raw_os_error(self.error.unwrap_or(5)));
        }
        Ok(())
    }

    fn number(&self, name: &str) -> io::Result<u64> {
        self.names
            .get(name)
            .copied()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn content(&mut self, number: u64) -> &mut Content {
        self.contents.entry(number).or_default()
    }
}

impl Disk for FaultyDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.inner().names.keys().cloned().collect())
    }

    fn size(&self, name: &str) -> io::Result<u64> {
        let mut inner = self.inner();
        let number = inner.number(name)?;
        Ok(inner.content(number).bytes.len() as u64)
    }

    fn read(&self, name: &str, offset: u64, count: usize) -> io::Result<Vec<u8>> {
        let mut inner = self.inner();
        let number = inner.number(name)?;
        let bytes = &inner.content(number).bytes;
        let start = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let end = start.saturating_add(count).min(bytes.len());
        Ok(bytes.get(start..end).unwrap_or_default().to_vec())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut inner = self.inner();
        inner.mutate()?;
        if inner.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if inner.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let number = inner.new_file(name);
        Ok(Box::new(FaultyFile {
            disk: self.clone(),
            number,
        }))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let number = self.inner().number(name)?;
        Ok(Box::new(FaultyFile {
            disk: self.clone(),
            number,
        }))
    }

    fn truncate(&self, name: &str, bytes: u64) -> io::Result<()> {
        let mut inner = self.inner();
        inner.mutate()?;
        let number = inner.number(name)?;
        let content = inner.content(number);
        content
            .bytes
            .truncate(usize::try_from(bytes).unwrap_or(usize::MAX));
        content.synced = content.bytes.len();
        let len = content.synced;
        content.doomed = content.doomed.filter(|(first, _)| *first < len);
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut inner = self.inner();
        inner.mutate()?;
        let number = inner.number(from)?;
        inner.names.remove(from);
        inner.names.insert(to.to_owned(), number);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut inner = self.inner();
        inner.mutate()?;
        inner.number(name)?;
        inner.names.remove(name);
        Ok(())
    }

    fn sync_dir(&self, name: &str) -> io::Result<()> {
        let mut inner = self.inner();
        inner.mutate()?;
        let folder = |name: &str| {
            name.rsplit_once('/')
                .map_or("", |(folder, _)| folder)
                .to_owned()
        };
        let wanted = folder(name);
        inner.durable_names.retain(|name, _| folder(name) != wanted);
        let synced: Vec<_> = inner
            .names
            .iter()
            .filter(|(name, _)| folder(name) == wanted)
            .map(|(name, number)| (name.clone(), *number))
            .collect();
        inner.durable_names.extend(synced);
        Ok(())
    }

    fn settle(&self, name: &str) -> io::Result<()> {
        let mut inner = self.inner();
        let outcome = inner.mutate();
        let number = inner.number(name)?;
        let content = inner.content(number);
        if outcome.is_ok() {
            content.forget();
            content.synced = content.bytes.len();
        } else {
            content.sync_failed();
        }
        outcome
    }
}

#[derive(Debug)]
struct FaultyFile {
    disk: FaultyDisk,
    number: u64,
}

impl DiskFile for FaultyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut inner = self.disk.inner();
        let room = if inner.full {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            Ok(())
        };
        let outcome = inner.mutate().and(room);
        let crashed = inner.crashed;
        let content = inner.content(self.number);
        match outcome {
            Ok(()) => content.bytes.extend_from_slice(bytes),
            Err(_) if crashed => {}
            Err(_) => {
                let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
                content.bytes.extend_from_slice(half);
            }
        }
        outcome.map(|()| bytes.len())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut inner = self.disk.inner();
        let outcome = inner.mutate();
        let crashed = inner.crashed;
        let content = inner.content(self.number);
        match outcome {
            Ok(()) => content.synced = content.bytes.len(),
            Err(_) if crashed => {}
            Err(_) => content.sync_failed(),
        }
        outcome
    }
}
