//! Where files begin: the trait, and the real one. The only user of `std::fs` in the engine.
//!
//! Names are relative to the data directory (`log/000000000001.log`). What has been written is
//! durable when `sync` returned; a created, renamed or removed name when `sync_dir` did.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[cfg(target_os = "linux")]
use rustix::fs::{Advice, fadvise};
use rustix::fs::{FlockOperation, flock};

use super::reserve::Reserve;
use crate::mutants::{Mutant, is};

/// A file open for appending.
pub trait DiskFile: Send + Sync + Debug {
    /// Writes at the end, perhaps only a part of it: how many bytes.
    ///
    /// # Errors
    /// The system's; how much was written is then unknown.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Writes all of it at the end, however often the system stops half-way.
    ///
    /// # Errors
    /// The system's; how much was written is then unknown.
    fn append(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) if is(Mutant::ShortWriteIsWhole) => return Ok(()),
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
    /// Returns when all that was appended is on stable storage (fdatasync).
    ///
    /// # Errors
    /// The system's. Never to be tried again on this file: the first error is the last word.
    fn sync(&mut self) -> io::Result<()>;
}

/// A directory of files.
pub trait Disk: Send + Sync + Debug {
    /// All file names, in any order.
    ///
    /// # Errors
    /// The system's.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Bytes of a file.
    ///
    /// # Errors
    /// The system's.
    fn size(&self, name: &str) -> io::Result<u64>;
    /// Reads up to `count` bytes from `offset`; fewer only at the file's end.
    ///
    /// # Errors
    /// The system's.
    fn read(&self, name: &str, offset: u64, count: usize) -> io::Result<Vec<u8>>;
    /// A new, empty file; an error if the name is taken.
    ///
    /// # Errors
    /// The system's.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// An existing file, to be appended to.
    ///
    /// # Errors
    /// The system's.
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Cuts a file to `bytes` and syncs it.
    ///
    /// # Errors
    /// The system's.
    fn truncate(&self, name: &str, bytes: u64) -> io::Result<()>;
    /// Gives a file another name, replacing what had it.
    ///
    /// # Errors
    /// The system's.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// The system's.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes the names in the directory of `name` durable.
    ///
    /// # Errors
    /// The system's.
    fn sync_dir(&self, name: &str) -> io::Result<()>;
    /// Makes durable what an earlier process wrote to a file and may not have synced, and lets
    /// go of the system's cached copy of it: after a failed sync the cache shows bytes that
    /// storage does not have, and no later sync writes them.
    ///
    /// # Errors
    /// The system's.
    fn settle(&self, name: &str) -> io::Result<()>;
}

const LOG: &str = "log/";

/// The sub-directories of a data directory.
const FOLDERS: [&str; 2] = ["log", "snapshots"];

/// Why a real directory could not be had.
#[derive(Debug)]
pub enum OpenError {
    /// Another engine holds the lock; its process id, if the lock file says one.
    Locked(Option<u32>),
    /// There is no such data directory and none was to be made.
    Missing,
    /// The directory holds something else: its name.
    Foreign(String),
    /// The system's words.
    Io(&'static str, io::Error),
}

/// A real directory, locked for as long as this lives.
#[derive(Debug)]
pub struct RealDisk {
    root: PathBuf,
    reserve: Arc<Reserve>,
    /// Held for its lock; `None` when opened for reading only.
    _lock: Option<File>,
}

impl RealDisk {
    /// Opens and locks a directory, made if it is missing and `create` says so.
    ///
    /// Files are made for their owner only (0600): they hold phone numbers and texts.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(root: &Path, create: bool) -> Result<Self, OpenError> {
        if root.as_os_str().is_empty() {
            let error = io::Error::new(io::ErrorKind::InvalidInput, "the path is empty");
            return Err(OpenError::Io("open of the data directory", error));
        }
        Self::judge(root, create)?;
        if !root.is_dir() {
            if root.exists() {
                let kind = io::Error::from(io::ErrorKind::NotADirectory);
                return Err(OpenError::Io("open of the data directory", kind));
            }
            if !create {
                return Err(OpenError::Missing);
            }
        }
        let missing: Vec<&Path> = root.ancestors().take_while(|path| !path.exists()).collect();
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        for folder in FOLDERS {
            if create || root.join("IDENTITY").exists() {
                builder
                    .create(root.join(folder))
                    .map_err(|error| OpenError::Io("making the data directory", error))?;
            }
        }
        for path in missing {
            let parent = path
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty());
            sync_folder(parent.unwrap_or(Path::new(".")))
                .map_err(|error| OpenError::Io("making the data directory", error))?;
        }
        let lock = Self::lock(root)?;
        let log = OpenOptions::new().read(true).open(root.join(LOG)).ok();
        Ok(Self {
            root: root.to_path_buf(),
            reserve: Arc::new(Reserve::new(log)),
            _lock: Some(lock),
        })
    }

    /// Looks before anything is made: whoever is refused finds the place as it was.
    fn judge(root: &Path, create: bool) -> Result<(), OpenError> {
        if !root.is_dir() || root.join("IDENTITY").exists() {
            return Ok(());
        }
        if !create && !FOLDERS.iter().any(|folder| root.join(folder).is_dir()) {
            return Err(OpenError::Missing);
        }
        let io = |error| OpenError::Io("reading of the data directory", error);
        for entry in fs::read_dir(root).map_err(io)? {
            let name = entry
                .map_err(io)?
                .file_name()
                .to_string_lossy()
                .into_owned();
            let is_ours = name == "LOCK" || name.starts_with("IDENTITY.");
            if !is_ours && !FOLDERS.contains(&name.as_str()) {
                return Err(OpenError::Foreign(name));
            }
        }
        Ok(())
    }

    /// A directory for reading only, not locked: for checks while nobody writes.
    pub fn read_only(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
            reserve: Arc::default(),
            _lock: None,
        }
    }

    fn lock(root: &Path) -> Result<File, OpenError> {
        let path = root.join("LOCK");
        let io = |error| OpenError::Io("open of LOCK", error);
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(io)?;
        if flock(file.as_fd(), FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut holder = String::new();
            // The lock decides; the process id inside only helps the reader of the message.
            drop(file.read_to_string(&mut holder));
            return Err(OpenError::Locked(holder.trim().parse().ok()));
        }
        file.set_len(0).map_err(io)?;
        write!(file, "{}", std::process::id()).map_err(io)?;
        Ok(file)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn append_to(&self, name: &str, new: bool) -> io::Result<Box<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.append(true).create_new(new).mode(0o600);
        let open = || options.open(self.path(name));
        let file = if name.starts_with(LOG) {
            self.reserve.lend(open)?
        } else {
            open()?
        };
        Ok(Box::new(RealFile {
            file: Some(file),
            reserve: Arc::clone(&self.reserve),
        }))
    }
}

impl Disk for RealDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for folder in ["", "log", "snapshots"] {
            let entries = match fs::read_dir(self.path(folder)) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound && !folder.is_empty() => {
                    continue;
                }
                Err(error) => return Err(error),
            };
            for entry in entries {
                let entry = entry?;
                if entry.file_type()?.is_file() {
                    let name = entry.file_name().to_string_lossy().into_owned();
                    names.push(if folder.is_empty() {
                        name
                    } else {
                        format!("{folder}/{name}")
                    });
                }
            }
        }
        Ok(names)
    }

    fn size(&self, name: &str) -> io::Result<u64> {
        fs::metadata(self.path(name)).map(|data| data.len())
    }

    fn read(&self, name: &str, offset: u64, count: usize) -> io::Result<Vec<u8>> {
        let mut file = OpenOptions::new().read(true).open(self.path(name))?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::with_capacity(count.min(64 << 20));
        file.take(count as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.append_to(name, true)
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.append_to(name, false)
    }

    fn truncate(&self, name: &str, bytes: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(self.path(name))?;
        file.set_len(bytes)?;
        file.sync_all()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path(name))
    }

    fn sync_dir(&self, name: &str) -> io::Result<()> {
        let path = self.path(name);
        match self.reserve.log() {
            Some(log) if name.starts_with(LOG) => log.sync_all(),
            _ => sync_folder(path.parent().unwrap_or(&self.root)),
        }
    }

    fn settle(&self, name: &str) -> io::Result<()> {
        let file = OpenOptions::new().read(true).open(self.path(name))?;
        file.sync_all()?;
        // Only clean pages go, and all are clean now; a system that keeps them is no worse off.
        #[cfg(target_os = "linux")]
        fadvise(&file, 0, None, Advice::DontNeed).unwrap_or_default();
        Ok(())
    }
}

/// Makes the names in a directory durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    OpenOptions::new().read(true).open(folder)?.sync_all()
}

#[derive(Debug)]
struct RealFile {
    /// There until it is dropped.
    file: Option<File>,
    reserve: Arc<Reserve>,
}

impl RealFile {
    fn file(&mut self) -> io::Result<&mut File> {
        self.file
            .as_mut()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl DiskFile for RealFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file()?.write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file()?.sync_data()
    }
}

impl Drop for RealFile {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            self.reserve.take(file);
        }
    }
}
