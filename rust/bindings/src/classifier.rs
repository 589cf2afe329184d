//! The second opinion on replies, for Python: a model and its scores.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use smstrack_engine::classifier;

/// See `_core.pyi`.
#[pyclass(frozen, module = "smstrack_core._core")]
pub struct Classifier {
    inner: classifier::Classifier,
}

#[pymethods]
impl Classifier {
    #[new]
    fn new(file: &[u8]) -> PyResult<Self> {
        let inner = classifier::Classifier::read(file)
            .map_err(|what| PyValueError::new_err(format!("the model of replies {what}")))?;
        Ok(Self { inner })
    }

    fn score(&self, text: &[u8]) -> f32 {
        self.inner.score(&String::from_utf8_lossy(text))
    }

    #[staticmethod]
    #[expect(clippy::needless_pass_by_value, reason = "Python gives lists")]
    fn file(
        py: Python<'_>,
        weights: Vec<i16>,
        scale: f32,
        bias: f32,
        share: f32,
        networks: Vec<Vec<u8>>,
    ) -> PyResult<Bound<'_, PyBytes>> {
        let parts = classifier::Parts {
            weights: &weights,
            scale,
            bias,
            share,
            networks: &networks,
        };
        let made = parts.file();
        let made = made.map_err(|what| PyValueError::new_err(format!("the model {what}")))?;
        Ok(PyBytes::new(py, &made))
    }

    /// Little-endian u32 each.
    #[staticmethod]
    fn features<'py>(py: Python<'py>, text: &[u8], bits: u32) -> PyResult<Bound<'py, PyBytes>> {
        if !(8..=22).contains(&bits) {
            return Err(PyValueError::new_err("bits are 8 to 22"));
        }
        let found = classifier::features(&String::from_utf8_lossy(text), bits);
        let bytes: Vec<u8> = found.into_iter().flat_map(u32::to_le_bytes).collect();
        Ok(PyBytes::new(py, &bytes))
    }

    /// Little-endian u32 each, `PIECES_MAX` a word.
    #[staticmethod]
    fn pieces<'py>(py: Python<'py>, text: &[u8], bits: u32) -> PyResult<Bound<'py, PyBytes>> {
        if !(8..=22).contains(&bits) {
            return Err(PyValueError::new_err("bits are 8 to 22"));
        }
        let found = classifier::pieces(&String::from_utf8_lossy(text), bits);
        let numbers = found.into_iter().flatten();
        let bytes: Vec<u8> = numbers.flat_map(u32::to_le_bytes).collect();
        Ok(PyBytes::new(py, &bytes))
    }
}
