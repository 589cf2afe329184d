//! Decoded requests on their way to a commit.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use smstrack_engine::engine::{self, Pushed};
use smstrack_engine::error::InputError;

use crate::errors;

/// A refused row as (body, row, byte, code); row -1 for a body that cannot be read at all.
type Refused = (usize, i64, u32, &'static str);

/// See `_core.pyi`.
#[pyclass(frozen, module = "smstrack_core._core")]
pub struct Batch {
    /// `None` once it was taken out.
    inner: Mutex<Option<engine::Batch>>,
    pushed: Mutex<Vec<Pushed>>,
}

impl Batch {
    pub const fn new(inner: engine::Batch, pushed: Vec<Pushed>) -> Self {
        Self {
            inner: Mutex::new(Some(inner)),
            pushed: Mutex::new(pushed),
        }
    }

    /// The batch, locked.
    pub fn lock(&self) -> MutexGuard<'_, Option<engine::Batch>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pushed(&self) -> MutexGuard<'_, Vec<Pushed>> {
        self.pushed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what became of further requests.
    pub fn extend(&self, pushed: Vec<Pushed>) {
        self.pushed().extend(pushed);
    }
}

/// The error of whoever commits a batch twice, or adds to one that was.
pub fn committed_before(py: Python<'_>) -> PyErr {
    let reason = "was committed before".to_owned();
    errors::input(
        py,
        InputError::ValueInvalid {
            what: "batch",
            reason,
        },
    )
}

#[pymethods]
impl Batch {
    #[getter]
    fn reply_count(&self) -> usize {
        self.lock().as_ref().map_or(0, engine::Batch::reply_count)
    }

    fn reply_texts(&self) -> Vec<String> {
        self.lock()
            .as_ref()
            .map_or_else(Vec::new, |b| b.reply_texts().map(str::to_owned).collect())
    }

    #[getter]
    fn accepted<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let pushed = self.pushed();
        let counts = pushed
            .iter()
            .flat_map(|pushed| pushed.accepted.to_le_bytes());
        PyBytes::new(py, &counts.collect::<Vec<u8>>())
    }

    #[getter]
    fn rejects(&self) -> Vec<Refused> {
        let mut all = Vec::new();
        for (body, pushed) in self.pushed().iter().enumerate() {
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
