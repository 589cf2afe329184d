//! The ledger of consent, kept replies and settings of one open engine, as Python sees them.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::Value;
use smstrack_engine::engine::{self, Judgement, Listing, Show, Word};
use smstrack_engine::error::{EngineError, InputError};
use smstrack_engine::event::{Labels, Position, Trust};
use smstrack_engine::ledger::How;

use crate::convert::{read_labels, refused};
use crate::engine::Engine;
use crate::errors;

/// See `_core.pyi`.
#[pyclass(frozen, module = "smstrack_core._core")]
pub struct Consent {
    inner: Arc<engine::Engine>,
}

fn invalid(py: Python<'_>, what: &'static str, reason: String) -> PyErr {
    errors::input(py, InputError::ValueInvalid { what, reason })
}

fn unknown(py: Python<'_>, what: &'static str, known: impl Iterator<Item = &'static str>) -> PyErr {
    let known: Vec<&str> = known.collect();
    let reason = format!("is not known; expected one of {}.", known.join(", "));
    invalid(py, what, reason)
}

impl Consent {
    fn run<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&engine::Engine) -> Result<T, EngineError> + Send,
    ) -> PyResult<T> {
        py.detach(|| work(&self.inner))
            .map_err(|error| errors::engine(py, &error))
    }
}

#[pymethods]
impl Consent {
    #[new]
    fn new(engine: &Bound<'_, Engine>) -> Self {
        Self {
            inner: Arc::clone(engine.get().shared()),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "keywords in Python")]
    #[pyo3(signature = (numbers, *, how, opted_in, trust, sender, source, wording, at_ms, now_ms))]
    fn word(
        &self,
        py: Python<'_>,
        numbers: &Bound<'_, PyBytes>,
        how: &str,
        opted_in: bool,
        trust: &str,
        sender: &str,
        source: &str,
        wording: &str,
        at_ms: i64,
        now_ms: i64,
    ) -> PyResult<(u64, Vec<(u32, &'static str)>)> {
        let names = How::ALL.iter().map(|how| how.name());
        let how = How::from_name(how).ok_or_else(|| unknown(py, "how", names))?;
        let names = Trust::ALL.iter().map(|trust| trust.name());
        let trust = Trust::from_name(trust).ok_or_else(|| unknown(py, "trust", names))?;
        let word = Word {
            how,
            opted_in,
            trust,
            sender,
            source,
            wording,
            at_ms,
        };
        let lines = numbers.as_bytes();
        let done = self.run(py, |engine| engine.word(lines, &word, now_ms))?;
        Ok((done.new, refused(&done.refused)))
    }

    #[pyo3(signature = (position, *, upheld, who, now_ms))]
    fn review(
        &self,
        py: Python<'_>,
        position: u64,
        upheld: bool,
        who: &str,
        now_ms: i64,
    ) -> PyResult<bool> {
        self.run(py, |engine| {
            engine.review(Position(position), upheld, who, now_ms)
        })
    }

    #[pyo3(signature = (number, *, at_ms=None, known_at_ms=None, wording=false, numbers=false))]
    fn explain(
        &self,
        py: Python<'_>,
        number: &str,
        at_ms: Option<i64>,
        known_at_ms: Option<i64>,
        wording: bool,
        numbers: bool,
    ) -> PyResult<String> {
        let show = Show { wording, numbers };
        self.run(py, |engine| {
            let found = engine.explain(number, at_ms, known_at_ms, show)?;
            Ok(found.to_string())
        })
    }

    #[pyo3(signature = (*, after=0, count_max=1_000, wording=false, numbers=false))]
    fn ledger(
        &self,
        py: Python<'_>,
        after: u64,
        count_max: usize,
        wording: bool,
        numbers: bool,
    ) -> PyResult<String> {
        let show = Show { wording, numbers };
        self.run(py, |engine| {
            let rows = engine.ledger(Position(after), count_max, show)?;
            Ok(Value::from(rows).to_string())
        })
    }

    #[pyo3(signature = (*, after=0, count_max=1_000, wording=false, numbers=false))]
    fn reviews(
        &self,
        py: Python<'_>,
        after: u64,
        count_max: usize,
        wording: bool,
        numbers: bool,
    ) -> PyResult<String> {
        let show = Show { wording, numbers };
        self.run(py, |engine| {
            let rows = engine.reviews(Position(after), count_max, show)?;
            Ok(Value::from(rows).to_string())
        })
    }

    #[pyo3(signature = (*, campaign=None, weekly=false))]
    fn trend(&self, py: Python<'_>, campaign: Option<&str>, weekly: bool) -> PyResult<String> {
        self.run(py, |engine| {
            Ok(engine.consent_trend(campaign, weekly)?.to_string())
        })
    }

    #[pyo3(signature = (sender, *, by_brand=false))]
    fn suppressed_for<'py>(
        &self,
        py: Python<'py>,
        sender: &str,
        by_brand: bool,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.run(py, |engine| engine.suppressed_for(sender, by_brand))?;
        Ok(PyBytes::new(py, &bytes))
    }

    #[pyo3(signature = (campaign, name, value, *, now_ms))]
    fn set(
        &self,
        py: Python<'_>,
        campaign: &str,
        name: &str,
        value: &str,
        now_ms: i64,
    ) -> PyResult<()> {
        self.run(py, |engine| engine.set(campaign, name, value, now_ms))
    }

    fn settings(&self, py: Python<'_>, campaign: &str) -> PyResult<Vec<(String, String)>> {
        self.run(py, |engine| engine.settings(campaign))
    }

    #[pyo3(signature = (*, campaign=None, labels=0, after=0, count_max=1_000, numbers=false))]
    fn replies(
        &self,
        py: Python<'_>,
        campaign: Option<&str>,
        labels: u16,
        after: u64,
        count_max: usize,
        numbers: bool,
    ) -> PyResult<String> {
        let listing = Listing {
            campaign,
            labels: Labels(labels),
            after: Position(after),
            count_max,
            numbers,
        };
        self.run(py, |engine| Ok(engine.replies(&listing)?.to_string()))
    }

    #[pyo3(signature = (positions, labels, rules, *, apply, now_ms))]
    fn relabel(
        &self,
        py: Python<'_>,
        positions: &Bound<'_, PyBytes>,
        labels: &Bound<'_, PyBytes>,
        rules: Vec<String>,
        apply: bool,
        now_ms: i64,
    ) -> PyResult<String> {
        let labels = read_labels(py, labels.as_bytes())?;
        let positions: Vec<u64> = positions
            .as_bytes()
            .chunks_exact(8)
            .filter_map(|bytes| Some(u64::from_le_bytes(<[u8; 8]>::try_from(bytes).ok()?)))
            .collect();
        if positions.len() != labels.len() || rules.len() != labels.len() {
            let reason = format!("are {} for {} labels", positions.len(), labels.len());
            return Err(invalid(py, "positions and rules", reason));
        }
        let judged: Vec<Judgement> = positions
            .into_iter()
            .zip(labels)
            .zip(rules)
            .map(|((position, labels), rules)| Judgement {
                position: Position(position),
                labels: Labels(labels),
                rules,
            })
            .collect();
        self.run(py, |engine| {
            Ok(engine.relabel(&judged, apply, now_ms)?.to_string())
        })
    }
}
