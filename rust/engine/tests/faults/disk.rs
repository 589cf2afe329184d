//! A disk in memory with the failures of real ones, all drawn from one seed. It keeps apart what
//! readers see (the cache) and what storage has, sector by sector, for bytes and for names.
//!
//! As real systems do: a failed sync leaves its bytes in the cache, marked clean, so that the next
//! sync says that all is well; a power cut keeps any of the unsynced sectors and any of the
//! unsynced names, in any order; a whole sector is written or not.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use smstrack_engine::log::disk::{Disk, DiskFile};

use crate::dice::Dice;

pub const SECTOR: usize = 512;
const EIO: i32 = 5;
const EINTR: i32 = 4;
const EMFILE: i32 = 24;
const ENOSPC: i32 = 28;

/// How likely each fault is in one seed, in thousandths of the operations it can strike.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    pub read_error: u64,
    pub write_error: u64,
    pub short_write: u64,
    pub interrupted: u64,
    pub full: u64,
    pub sync_error: u64,
    pub sync_full: u64,
    pub no_handle: u64,
    pub name_error: u64,
    pub slow: u64,
    /// Syncs say yes and do nothing: no fault to survive, but one that must be seen.
    pub lies: bool,
}

impl Weights {
    /// Drawn anew for each seed: most faults are absent from most seeds.
    pub fn draw(dice: &mut Dice) -> Self {
        let mut some = |max: u64| {
            if dice.below(3) == 0 {
                1 + dice.below(max)
            } else {
                0
            }
        };
        Self {
            read_error: some(60),
            write_error: some(40),
            short_write: some(300),
            interrupted: some(200),
            full: some(60),
            sync_error: some(40),
            sync_full: some(20),
            no_handle: some(60),
            name_error: some(60),
            slow: some(200),
            lies: false,
        }
    }
}

/// Kind of fault and where it struck -> how often.
pub type Fired = BTreeMap<(&'static str, &'static str), u64>;

#[derive(Clone, Debug, Default)]
struct File {
    cached: Vec<u8>,
    stored: Vec<u8>,
    /// Sectors of the cache that no sync has tried to store.
    dirty: BTreeSet<usize>,
}

impl File {
    fn store(&mut self, sector: usize) {
        let from = sector * SECTOR;
        let to = (from + SECTOR).min(self.cached.len());
        if from >= to {
            return;
        }
        if self.stored.len() < to {
            self.stored.resize(to, 0);
        }
        self.stored[from..to].copy_from_slice(&self.cached[from..to]);
    }

    fn store_all(&mut self) {
        for sector in std::mem::take(&mut self.dirty) {
            self.store(sector);
        }
        self.stored.resize(self.cached.len(), 0);
    }

    /// Some sectors reach storage, and all are taken for clean.
    fn store_some(&mut self, dice: &mut Dice) {
        for sector in std::mem::take(&mut self.dirty) {
            if dice.below(2) == 0 {
                self.store(sector);
            }
        }
    }

    fn append(&mut self, bytes: &[u8]) {
        let from = self.cached.len();
        self.cached.extend_from_slice(bytes);
        self.dirty
            .extend(from / SECTOR..self.cached.len().div_ceil(SECTOR));
    }

    /// What a power cut leaves of it.
    fn cut(&mut self, dice: &mut Dice) {
        let (old, len) = (self.stored.len(), self.cached.len());
        match dice.below(5) {
            0 => {}
            1 => self.store_all(),
            2 if len > old => {
                // In order, up to any byte.
                let to = old + dice.index(len - old + 1);
                self.stored.extend_from_slice(&self.cached[old..to]);
            }
            _ => {
                for sector in self.dirty.clone() {
                    if dice.below(2) == 0 {
                        self.store(sector);
                    }
                }
                // The length may have reached storage before the bytes did.
                if len > self.stored.len() && dice.below(2) == 0 {
                    self.stored.resize(len, 0);
                }
            }
        }
        self.cached.clone_from(&self.stored);
        self.dirty.clear();
    }
}

#[derive(Clone, Debug)]
enum Change {
    Link(String, u64),
    Unlink(String),
    Rename(String, String, u64),
}

impl Change {
    fn folder(&self) -> &str {
        let (Self::Link(name, _) | Self::Unlink(name) | Self::Rename(_, name, _)) = self;
        folder(name)
    }

    fn apply(&self, names: &mut BTreeMap<String, u64>) {
        match self {
            Self::Link(name, number) => drop(names.insert(name.clone(), *number)),
            Self::Unlink(name) => drop(names.remove(name)),
            Self::Rename(from, to, number) => {
                names.remove(from);
                names.insert(to.clone(), *number);
            }
        }
    }
}

fn folder(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Which file an operation is on, for the counts.
fn site(operation: &str, name: &str) -> &'static str {
    let file = match (folder(name), name) {
        ("log", _) => 0,
        ("snapshots", _) => 1,
        (_, "") => 3,
        _ => 2,
    };
    let sites: [&'static str; 4] = match operation {
        "write" => ["log write", "snapshot write", "identity write", "write"],
        "sync" => ["log sync", "snapshot sync", "identity sync", "sync"],
        "create" => ["log create", "snapshot create", "identity create", "create"],
        "open" => ["log open", "snapshot open", "identity open", "open"],
        "read" => ["log read", "snapshot read", "identity read", "read"],
        "rename" => ["log rename", "snapshot rename", "identity rename", "rename"],
        "remove" => ["log remove", "snapshot remove", "identity remove", "remove"],
        "sync_dir" => [
            "log dir sync",
            "snapshot dir sync",
            "root dir sync",
            "dir sync",
        ],
        "truncate" => [
            "log truncate",
            "snapshot truncate",
            "identity truncate",
            "truncate",
        ],
        "settle" => ["log settle", "snapshot settle", "identity settle", "settle"],
        _ => ["list"; 4],
    };
    sites[file]
}

#[derive(Clone, Debug)]
struct Inner {
    files: BTreeMap<u64, File>,
    names: BTreeMap<String, u64>,
    stored_names: BTreeMap<String, u64>,
    changes: Vec<Change>,
    next: u64,
    weights: Weights,
    armed: bool,
    dice: Dice,
    fired: Fired,
    /// Mutating operations until the power goes.
    cut_in: Option<u64>,
    is_off: bool,
    /// Writes that still find no room.
    full_for: u64,
    slow_ms: u64,
    writes: u64,
    /// The write of this number stops after so many bytes; after none, it is interrupted.
    stutter: Option<(u64, usize)>,
}

/// See the module. Clones share one disk.
#[derive(Clone, Debug)]
pub struct SimDisk(Arc<Mutex<Inner>>);

fn off() -> io::Error {
    io::Error::other("the power is off")
}

impl SimDisk {
    pub fn new(weights: Weights, dice: Dice) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            files: BTreeMap::new(),
            names: BTreeMap::new(),
            stored_names: BTreeMap::new(),
            changes: Vec::new(),
            next: 0,
            weights,
            armed: true,
            dice,
            fired: Fired::new(),
            cut_in: None,
            is_off: false,
            full_for: 0,
            slow_ms: 0,
            writes: 0,
            stutter: None,
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// A disk of its own that holds the same.
    pub fn fork(&self) -> Self {
        Self(Arc::new(Mutex::new(self.inner().clone())))
    }

    /// Whether faults strike.
    pub fn arm(&self, armed: bool) {
        let mut inner = self.inner();
        inner.armed = armed;
        if !armed {
            inner.cut_in = None;
            inner.full_for = 0;
        }
    }

    /// The power goes before this many mutating operations from now.
    pub fn cut_in(&self, operations: u64) {
        self.inner().cut_in = Some(operations);
    }

    /// The write of this number, from 0, stops after so many bytes; after none, it is interrupted.
    pub fn stutter(&self, write: u64, bytes: usize) {
        self.inner().stutter = Some((write, bytes));
    }

    /// Writes so far.
    pub fn writes(&self) -> u64 {
        self.inner().writes
    }

    pub fn is_off(&self) -> bool {
        self.inner().is_off
    }

    pub fn fired(&self) -> Fired {
        self.inner().fired.clone()
    }

    pub fn fired_count(&self) -> u64 {
        self.inner().fired.values().sum()
    }

    /// Milliseconds that slow operations took since the last call.
    pub fn take_slow_ms(&self) -> u64 {
        std::mem::take(&mut self.inner().slow_ms)
    }

    pub fn note(&self, kind: &'static str, site: &'static str) {
        *self.inner().fired.entry((kind, site)).or_default() += 1;
    }

    /// The power goes and comes: what storage has is what there is.
    pub fn power_cut(&self) {
        let mut inner = self.inner();
        let Inner {
            files,
            names,
            stored_names,
            changes,
            dice,
            ..
        } = &mut *inner;
        let mode = dice.below(4);
        let kept = dice.index(changes.len() + 1);
        for (index, change) in std::mem::take(changes).iter().enumerate() {
            let is_kept = match mode {
                0 => false,
                1 => true,
                2 => index < kept,
                _ => dice.below(2) == 0,
            };
            if is_kept {
                change.apply(stored_names);
            }
        }
        names.clone_from(stored_names);
        for file in files.values_mut() {
            file.cut(dice);
        }
        let named: BTreeSet<u64> = names.values().copied().collect();
        files.retain(|number, _| named.contains(number));
        inner.is_off = false;
        inner.cut_in = None;
        inner.full_for = 0;
    }

    /// The process is gone; the cache stays. Handles of before are not used again.
    pub fn killed(&self) {
        let mut inner = self.inner();
        inner.is_off = false;
        inner.cut_in = None;
    }

    pub fn names(&self) -> Vec<String> {
        self.inner().names.keys().cloned().collect()
    }

    /// The bytes that readers see.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        let inner = self.inner();
        inner.files[&inner.names[name]].cached.clone()
    }

    /// Puts other bytes into storage and cache, as rot does; the bytes of before.
    pub fn rot(&self, name: &str, edit: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut inner = self.inner();
        let number = inner.names[name];
        let file = inner.files.get_mut(&number).unwrap();
        let before = file.cached.clone();
        edit(&mut file.cached);
        file.stored.clone_from(&file.cached);
        file.dirty.clear();
        before
    }
}

impl Inner {
    fn note(&mut self, kind: &'static str, site: &'static str) {
        *self.fired.entry((kind, site)).or_default() += 1;
    }

    fn strikes(
        &mut self,
        weight: fn(&Weights) -> u64,
        kind: &'static str,
        site: &'static str,
    ) -> bool {
        let weight = weight(&self.weights);
        let strikes = weight > 0 && self.armed && self.dice.below(1_000) < weight;
        if strikes {
            *self.fired.entry((kind, site)).or_default() += 1;
        }
        strikes
    }

    /// Before every operation that changes or syncs something.
    fn mutate(&mut self, site: &'static str) -> io::Result<()> {
        if self.is_off {
            return Err(off());
        }
        if self.cut_in == Some(0) {
            self.is_off = true;
            *self.fired.entry(("power cut", site)).or_default() += 1;
            return Err(off());
        }
        self.cut_in = self.cut_in.map(|left| left - 1);
        if self.strikes(|w| w.slow, "slow", site) {
            self.slow_ms += 200 + self.dice.below(4_800);
        }
        Ok(())
    }

    fn no_handle(&mut self, site: &'static str) -> io::Result<()> {
        if self.strikes(|w| w.no_handle, "no handle", site) {
            return Err(io::Error::from_raw_os_error(EMFILE));
        }
        Ok(())
    }

    fn name_error(&mut self, site: &'static str) -> io::Result<()> {
        if self.strikes(|w| w.name_error, "EIO", site) {
            return Err(io::Error::from_raw_os_error(EIO));
        }
        Ok(())
    }

    fn no_room(&mut self, site: &'static str) -> io::Result<()> {
        if self.full_for > 0 {
            self.full_for -= 1;
            *self.fired.entry(("ENOSPC", site)).or_default() += 1;
            return Err(io::Error::from_raw_os_error(ENOSPC));
        }
        if self.strikes(|w| w.full, "ENOSPC", site) {
            self.full_for = self.dice.below(6);
            return Err(io::Error::from_raw_os_error(ENOSPC));
        }
        Ok(())
    }

    fn number(&self, name: &str) -> io::Result<u64> {
        let number = self.names.get(name).copied();
        number.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn file(&mut self, number: u64) -> &mut File {
        self.files.entry(number).or_default()
    }

    fn sync(&mut self, number: u64, site: &'static str) -> io::Result<()> {
        let error = if self.strikes(|w| w.sync_error, "EIO", site) {
            EIO
        } else if self.strikes(|w| w.sync_full, "ENOSPC", site) {
            ENOSPC
        } else {
            if !self.weights.lies {
                self.file(number).store_all();
            }
            return Ok(());
        };
        let mut file = std::mem::take(self.file(number));
        file.store_some(&mut self.dice);
        *self.file(number) = file;
        Err(io::Error::from_raw_os_error(error))
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.names);
        self.changes.push(change);
    }

    fn handle(disk: &SimDisk, number: u64, name: &str) -> Box<dyn DiskFile> {
        Box::new(SimFile {
            disk: disk.clone(),
            number,
            write: site("write", name),
            sync: site("sync", name),
        })
    }
}

impl Disk for SimDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut inner = self.inner();
        if inner.is_off {
            return Err(off());
        }
        inner.no_handle("list")?;
        Ok(inner.names.keys().cloned().collect())
    }

    fn size(&self, name: &str) -> io::Result<u64> {
        let mut inner = self.inner();
        if inner.is_off {
            return Err(off());
        }
        let number = inner.number(name)?;
        Ok(inner.file(number).cached.len() as u64)
    }

    fn read(&self, name: &str, offset: u64, count: usize) -> io::Result<Vec<u8>> {
        let mut inner = self.inner();
        if inner.is_off {
            return Err(off());
        }
        let number = inner.number(name)?;
        inner.no_handle(site("read", name))?;
        if inner.strikes(|w| w.read_error, "EIO", site("read", name)) {
            return Err(io::Error::from_raw_os_error(EIO));
        }
        let bytes = &inner.file(number).cached;
        let start = (offset as usize).min(bytes.len());
        let end = start.saturating_add(count).min(bytes.len());
        Ok(bytes[start..end].to_vec())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let site = site("create", name);
        let mut inner = self.inner();
        inner.mutate(site)?;
        if inner.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        inner.no_handle(site)?;
        inner.no_room(site)?;
        inner.name_error(site)?;
        inner.next += 1;
        let number = inner.next;
        inner.files.insert(number, File::default());
        inner.change(Change::Link(name.to_owned(), number));
        Ok(Inner::handle(self, number, name))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut inner = self.inner();
        if inner.is_off {
            return Err(off());
        }
        let number = inner.number(name)?;
        inner.no_handle(site("open", name))?;
        Ok(Inner::handle(self, number, name))
    }

    fn truncate(&self, name: &str, bytes: u64) -> io::Result<()> {
        let site = site("truncate", name);
        let mut inner = self.inner();
        inner.mutate(site)?;
        let number = inner.number(name)?;
        inner.no_handle(site)?;
        let file = inner.file(number);
        file.cached.truncate(bytes as usize);
        let sectors = file.cached.len().div_ceil(SECTOR);
        file.dirty.retain(|sector| *sector < sectors);
        // Its new length reaches storage with the sync, and the end of its last sector with it.
        if sectors > 0 {
            file.dirty.insert(sectors - 1);
        }
        inner.sync(number, site)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let site = site("rename", to);
        let mut inner = self.inner();
        inner.mutate(site)?;
        let number = inner.number(from)?;
        inner.name_error(site)?;
        inner.change(Change::Rename(from.to_owned(), to.to_owned(), number));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let site = site("remove", name);
        let mut inner = self.inner();
        inner.mutate(site)?;
        inner.number(name)?;
        inner.name_error(site)?;
        inner.change(Change::Unlink(name.to_owned()));
        Ok(())
    }

    fn sync_dir(&self, name: &str) -> io::Result<()> {
        let site = site("sync_dir", name);
        let mut inner = self.inner();
        inner.mutate(site)?;
        inner.no_handle(site)?;
        inner.name_error(site)?;
        if inner.weights.lies {
            return Ok(());
        }
        let wanted = folder(name);
        let changes = std::mem::take(&mut inner.changes);
        for change in changes {
            if change.folder() == wanted {
                change.apply(&mut inner.stored_names);
            } else {
                inner.changes.push(change);
            }
        }
        Ok(())
    }

    fn settle(&self, name: &str) -> io::Result<()> {
        let site = site("settle", name);
        let mut inner = self.inner();
        inner.mutate(site)?;
        let number = inner.number(name)?;
        inner.no_handle(site)?;
        inner.sync(number, site)?;
        if !inner.weights.lies {
            let file = inner.file(number);
            file.cached.clone_from(&file.stored);
        }
        Ok(())
    }
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    number: u64,
    write: &'static str,
    sync: &'static str,
}

impl DiskFile for SimFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut inner = self.disk.inner();
        inner.mutate(self.write)?;
        let now = inner.writes;
        inner.writes += 1;
        if let Some((write, count)) = inner.stutter
            && write == now
            && count < bytes.len()
        {
            if count == 0 {
                inner.note("EINTR", self.write);
                return Err(io::Error::from_raw_os_error(EINTR));
            }
            inner.note("short write", self.write);
            inner.file(self.number).append(&bytes[..count]);
            return Ok(count);
        }
        if inner.strikes(|w| w.interrupted, "EINTR", self.write) {
            return Err(io::Error::from_raw_os_error(EINTR));
        }
        let some = inner.dice.index(bytes.len());
        let failure = if let Err(full) = inner.no_room(self.write) {
            Some(full)
        } else if inner.strikes(|w| w.write_error, "EIO", self.write) {
            Some(io::Error::from_raw_os_error(EIO))
        } else {
            None
        };
        if let Some(error) = failure {
            inner.file(self.number).append(&bytes[..some]);
            return Err(error);
        }
        let is_short = some > 0 && inner.strikes(|w| w.short_write, "short write", self.write);
        let count = if is_short { some } else { bytes.len() };
        inner.file(self.number).append(&bytes[..count]);
        Ok(count)
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut inner = self.disk.inner();
        inner.mutate(self.sync)?;
        inner.sync(self.number, self.sync)
    }
}
