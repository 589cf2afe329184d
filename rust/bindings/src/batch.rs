//! Decoded requests on their way to a commit.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use smstrack_engine::engine::{self, Pushed};

/// A refused row as (body, row, byte, code); row -1 for a body that cannot be read at all.
type Refused = (usize, i64, u32, &'static str);

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
    fn accepted<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let counts = self
            .pushed
            .iter()
            .flat_map(|pushed| pushed.accepted.to_le_bytes());
        PyBytes::new(py, &counts.collect::<Vec<u8>>())
    }

    #[getter]
    fn rejects(&self) -> Vec<Refused> {
        let mut all = Vec::new();
        for (body, pushed) in self.pushed.iter().enumerate() {
            let rows = pushed.rejects.iter();
            all.extend(rows.map(|r| (body, i64::from(r.row), r.byte, r.code.word())));
            all.extend(
                pushed
                    .error
                    .map(|error| (body, -1, error.byte, error.code.word())),
            );
        }
        all
    }
}
