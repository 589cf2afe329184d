//! A disk in memory whose operations are steps: other threads may come before and after each.

use std::io;

use crate::log::disk::{Disk, DiskFile};
use crate::log::faulty::FaultyDisk;
use crate::sync::Mutex;

/// Which operations are steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    /// Of files that are open: writes and syncs.
    Files,
    /// All.
    All,
}

/// See the module.
#[derive(Debug)]
pub struct Stepped {
    inner: FaultyDisk,
    steps: Steps,
    /// Taken for a moment at each step: the checker tries each order in which threads take it.
    step: std::sync::Arc<Mutex<()>>,
}

impl Stepped {
    pub fn new(inner: FaultyDisk, steps: Steps) -> Self {
        let step = std::sync::Arc::new(Mutex::new(()));
        Self { inner, steps, step }
    }

    fn step(&self) {
        if self.steps == Steps::All {
            drop(self.step.lock().unwrap());
        }
    }

    fn file(&self, inner: io::Result<Box<dyn DiskFile>>) -> io::Result<Box<dyn DiskFile>> {
        let step = std::sync::Arc::clone(&self.step);
        inner.map(|inner| Box::new(SteppedFile { inner, step }) as Box<dyn DiskFile>)
    }
}

impl Disk for Stepped {
    fn list(&self) -> io::Result<Vec<String>> {
        self.step();
        self.inner.list()
    }

    fn size(&self, name: &str) -> io::Result<u64> {
        self.step();
        self.inner.size(name)
    }

    fn read(&self, name: &str, offset: u64, count: usize) -> io::Result<Vec<u8>> {
        self.step();
        self.inner.read(name, offset, count)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.step();
        self.file(self.inner.create(name))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.step();
        self.file(self.inner.open(name))
    }

    fn truncate(&self, name: &str, bytes: u64) -> io::Result<()> {
        self.step();
        self.inner.truncate(name, bytes)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.step();
        self.inner.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.step();
        self.inner.remove(name)
    }

    fn sync_dir(&self, name: &str) -> io::Result<()> {
        self.step();
        self.inner.sync_dir(name)
    }

    fn settle(&self, name: &str) -> io::Result<()> {
        self.step();
        self.inner.settle(name)
    }
}

#[derive(Debug)]
struct SteppedFile {
    inner: Box<dyn DiskFile>,
    step: std::sync::Arc<Mutex<()>>,
}

impl DiskFile for SteppedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        drop(self.step.lock().unwrap());
        self.inner.write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        drop(self.step.lock().unwrap());
        self.inner.sync()
    }
}
