//! What an owner does with a whole data directory: check, copy, repair.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use pyo3::prelude::*;
use serde_json::json;
use smstrack_engine::backup::backup;
use smstrack_engine::engine::lock_path;
use smstrack_engine::error::{EngineError, InputError};
use smstrack_engine::log::disk::{Disk, RealDisk};
use smstrack_engine::log_lines::Range;

use crate::errors;

/// See `_core.pyi`.
#[pyfunction]
pub fn check(py: Python<'_>, path: &str) -> String {
    py.detach(|| {
        let disk = RealDisk::read_only(Path::new(path));
        smstrack_engine::check::check(&disk).to_string()
    })
}

/// See `_core.pyi`.
#[pyfunction]
pub fn repair(py: Python<'_>, path: &str) -> PyResult<String> {
    py.detach(|| {
        let disk = lock_path(Path::new(path), false)?;
        Ok(smstrack_engine::repair::repair(&disk)?.to_string())
    })
    .map_err(|error: EngineError| errors::engine(py, &error))
}

/// See `_core.pyi`.
#[pyfunction]
#[pyo3(signature = (path, *, first, last, count_max, numbers=false, texts=false))]
pub fn log_lines(
    py: Python<'_>,
    path: &str,
    first: u64,
    last: u64,
    count_max: usize,
    numbers: bool,
    texts: bool,
) -> PyResult<String> {
    let range = Range {
        first,
        last,
        count_max,
        numbers,
        texts,
    };
    py.detach(|| {
        let disk = RealDisk::read_only(Path::new(path));
        smstrack_engine::log_lines::log_lines(&disk, &range)
    })
    .map(|lines| serde_json::Value::from(lines).to_string())
    .map_err(|error| errors::engine(py, &error))
}

/// See `_core.pyi`.
#[pyclass(frozen, module = "smstrack_core._core")]
pub struct Backup {
    from: PathBuf,
    to: PathBuf,
    done: AtomicU64,
    total: AtomicU64,
    is_stopped: AtomicBool,
}

#[pymethods]
impl Backup {
    #[new]
    const fn new(from: PathBuf, to: PathBuf) -> Self {
        Self {
            from,
            to,
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            is_stopped: AtomicBool::new(false),
        }
    }

    #[getter]
    fn progress(&self) -> (u64, u64) {
        let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        (read(&self.done), read(&self.total))
    }

    fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    fn run(&self, py: Python<'_>) -> PyResult<String> {
        py.detach(|| self.copy())
            .map_err(|error| errors::engine(py, &error))
    }
}

impl Backup {
    fn copy(&self) -> Result<String, EngineError> {
        let from = RealDisk::read_only(&self.from);
        // Before anything is made: whoever names the wrong path finds it as it was.
        smstrack_engine::engine::is_directory(&from)?;
        let to = lock_path(&self.to, true)?;
        if to.size("IDENTITY").is_ok() {
            return Err(EngineError::Input(InputError::ValueInvalid {
                what: "target",
                reason: "is a data directory already. Name an empty or a new one.".to_owned(),
            }));
        }
        let copied = backup(&from, &to, &mut |done, total| {
            self.done.store(done, Ordering::Relaxed);
            self.total.store(total, Ordering::Relaxed);
            !self.is_stopped.load(Ordering::Relaxed)
        })?;
        Ok(json!({ "files": copied.files, "bytes": copied.bytes }).to_string())
    }
}
