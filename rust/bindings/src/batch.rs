//! Decoded requests on their way to a commit.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use smstrack_engine::engine::{self, Pushed};

/// What each body gave: events, rejects as (row, byte, code), and (byte, code) if unreadable.
type Bodies = Vec<(
    u32,
    Vec<(u32, u32, &'static str)>,
    Option<(u32, &'static str)>,
)>;

/// See `_core.pyi`.
#[pyclass(frozen, module = "smstrack_core._core")]
pub struct Batch {
    inner: Mutex<Option<engine::Batch>>,
    pushed: Vec<Pushed>,
}

impl Batch {
    pub fn new(inner: engine::Batch, pushed: Vec<Pushed>) -> Self {
        Self {
            inner: Mutex::new(Some(inner)),
            pushed,
        }
    }

    /// Takes the batch out; `None` the second time.
    pub fn take(&self) -> Option<engine::Batch> {
        self.inner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

#[pymethods]
impl Batch {
    #[getter]
    fn reply_count(&self) -> usize {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.as_ref().map_or(0, engine::Batch::reply_count)
    }

    fn reply_texts(&self) -> Vec<String> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner
            .as_ref()
            .map_or_else(Vec::new, |b| b.reply_texts().map(str::to_owned).collect())
    }

    #[getter]
    fn bodies(&self) -> Bodies {
        let row = |pushed: &Pushed| {
            let rejects = pushed
                .rejects
                .iter()
                .map(|r| (r.row, r.byte, r.code.word()))
                .collect();
            let error = pushed.error.map(|error| (error.byte, error.code.word()));
            (pushed.accepted, rejects, error)
        };
        self.pushed.iter().map(row).collect()
    }

    /// Events accepted, rows rejected, bodies unreadable: without a list of all bodies.
    #[getter]
    fn totals(&self) -> (u64, u64, u64) {
        let sum = |count: fn(&Pushed) -> u64| self.pushed.iter().map(count).sum();
        (
            sum(|pushed| u64::from(pushed.accepted)),
            sum(|pushed| pushed.rejects.len() as u64),
            sum(|pushed| u64::from(pushed.error.is_some())),
        )
    }
}
