//! One open data directory as Python sees it.
#![expect(
    clippy::needless_pass_by_value,
    reason = "pyo3 hands over what it converted"
)]

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::json;
use smstrack_engine::codec::CampaignRecord;
use smstrack_engine::engine::{self, Options, Scope, SendRow};
use smstrack_engine::error::{EngineError, InputError};
use smstrack_engine::event::{ContactId, Trust};
use smstrack_engine::profiles::Profiles;
use smstrack_engine::registry::check_name;

use crate::batch::{Batch, committed_before};
use crate::convert::{check_size, new_identity, push_all, read_judged, read_labels, refused};
use crate::decode::{provider, template};
use crate::errors;
use crate::profiles::{self, LoadedProfiles};
use crate::request::{Held, Parts};

/// See `_core.pyi`.
#[pyclass(frozen, module = "smstrack_core._core")]
pub struct Engine {
    inner: Arc<engine::Engine>,
    profiles: Profiles,
}

impl Engine {
    /// The engine, for the door.
    pub const fn shared(&self) -> &Arc<engine::Engine> {
        &self.inner
    }

    /// The profiles it was opened with.
    pub const fn profiles(&self) -> &Profiles {
        &self.profiles
    }

    /// Works without the GIL, and turns the engine's error into an exception.
    fn run<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&engine::Engine) -> Result<T, EngineError> + Send,
    ) -> PyResult<T> {
        let inner = &self.inner;
        py.detach(|| work(inner))
            .map_err(|error| errors::engine(py, &error))
    }
}

#[pymethods]
impl Engine {
    #[staticmethod]
    #[pyo3(signature = (path, *, durable=true, create=true, attribution_window_ms=None, receipt_window_ms=None, keep_log=true, profiles=None))]
    #[expect(clippy::too_many_arguments, reason = "keywords in Python")]
    fn open(
        py: Python<'_>,
        path: &str,
        durable: bool,
        create: bool,
        attribution_window_ms: Option<i64>,
        receipt_window_ms: Option<i64>,
        keep_log: bool,
        profiles: Option<Bound<'_, LoadedProfiles>>,
    ) -> PyResult<Self> {
        let options = Options {
            is_durable: durable,
            create,
            new_identity: new_identity(),
            attribution_window_ms,
            receipt_window_ms,
            is_log_kept: keep_log,
            log_file_bytes_max: None,
        };
        let inner = py
            .detach(|| engine::Engine::open(Path::new(path), &options))
            .map_err(|error| errors::engine(py, &error))?;
        Ok(Self {
            inner: Arc::new(inner),
            profiles: profiles::inner(profiles.as_ref()),
        })
    }

    fn opened(&self) -> String {
        let opened = self.inner.opened();
        json!({
            "is_new": opened.is_new,
            "snapshot_position": opened.snapshot_position,
            "replayed_records": opened.replayed_records,
            "last_position": opened.last_position,
            "torn_file": opened.torn.as_ref().map(|torn| torn.file.as_str()),
            "torn_byte": opened.torn.as_ref().map_or(0, |torn| torn.byte),
            "torn_bytes": opened.torn.as_ref().map_or(0, |torn| torn.bytes),
            "warnings": opened.warnings,
        })
        .to_string()
    }

    #[getter(profiles)]
    fn loaded_profiles(&self) -> LoadedProfiles {
        self.profiles.clone().into()
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.run(py, engine::Engine::close)
    }

    #[expect(clippy::too_many_arguments, reason = "keywords in Python")]
    #[pyo3(signature = (name, *, cost_micros=None, currency=None, closes_at_ms=None, goal=None, now_ms))]
    fn campaign(
        &self,
        py: Python<'_>,
        name: &str,
        cost_micros: Option<i64>,
        currency: Option<&str>,
        closes_at_ms: Option<i64>,
        goal: Option<&str>,
        now_ms: i64,
    ) -> PyResult<()> {
        let record = CampaignRecord {
            name,
            cost_micros,
            currency,
            closes_at_ms,
            goal,
        };
        self.run(py, |engine| engine.campaign(&record, now_ms))
    }

    #[expect(clippy::too_many_arguments, reason = "keywords in Python")]
    #[pyo3(signature = (campaign, name, *, sender=None, at_ms=None, tags=None, now_ms))]
    fn blast(
        &self,
        py: Python<'_>,
        campaign: &str,
        name: &str,
        sender: Option<&str>,
        at_ms: Option<i64>,
        tags: Option<std::collections::BTreeMap<String, String>>,
        now_ms: i64,
    ) -> PyResult<()> {
        let tags: Vec<(String, String)> = tags.unwrap_or_default().into_iter().collect();
        self.run(py, |engine| {
            engine.blast(campaign, name, sender, at_ms, &tags, now_ms)
        })
    }

    #[pyo3(signature = (campaign, blast, numbers, *, now_ms))]
    fn audience(
        &self,
        py: Python<'_>,
        campaign: &str,
        blast: &str,
        numbers: &Bound<'_, PyBytes>,
        now_ms: i64,
    ) -> PyResult<(u64, Vec<(u32, &'static str)>)> {
        let lines = numbers.as_bytes();
        let done = self.run(py, |engine| engine.audience(campaign, blast, lines, now_ms))?;
        Ok((done.new, refused(&done.refused)))
    }

    #[pyo3(signature = (campaign, blast, provider, account, numbers, ids, *, now_ms))]
    #[expect(
        clippy::too_many_arguments,
        reason = "the border's shape: columns, not objects"
    )]
    fn sent(
        &self,
        py: Python<'_>,
        campaign: &str,
        blast: &str,
        provider: &str,
        account: &str,
        numbers: Vec<String>,
        ids: Vec<String>,
        now_ms: i64,
    ) -> PyResult<(u64, Vec<(u32, &'static str)>)> {
        if numbers.len() != ids.len() {
            let reason = format!("{} were given for {} ids", numbers.len(), ids.len());
            return Err(errors::input(
                py,
                InputError::ValueInvalid {
                    what: "numbers",
                    reason,
                },
            ));
        }
        let (provider, profile) = self::provider(py, provider, &self.profiles)?;
        if profile.is_some() && !account.is_empty() {
            check_name("account", account).map_err(|error| errors::input(py, error))?;
        }
        let scope = profile.map(|profile| profile.scope(account));
        let account = scope.as_deref().unwrap_or(account);
        let done = self.run(py, |engine| {
            let rows: Vec<SendRow<'_>> = numbers
                .iter()
                .map(String::as_str)
                .zip(ids.iter().map(String::as_str))
                .collect();
            engine.sent(campaign, blast, provider, account, &rows, now_ms)
        })?;
        Ok((done.new, refused(&done.refused)))
    }

    #[pyo3(signature = (numbers, *, opted_in, reason, at_ms, now_ms))]
    fn suppress(
        &self,
        py: Python<'_>,
        numbers: &Bound<'_, PyBytes>,
        opted_in: bool,
        reason: &str,
        at_ms: i64,
        now_ms: i64,
    ) -> PyResult<(u64, Vec<(u32, &'static str)>)> {
        let lines = numbers.as_bytes();
        let done = self.run(py, |engine| {
            engine.suppress(lines, opted_in, reason, (at_ms, now_ms))
        })?;
        Ok((done.new, refused(&done.refused)))
    }

    fn arrival(&self, py: Python<'_>, now_ms: i64) -> PyResult<i64> {
        self.run(py, |engine| engine.arrival(now_ms))
    }

    #[pyo3(signature = (provider, requests, *, account="", campaign=None, blast=None, template=None, received_ms, into=None))]
    #[expect(
        clippy::too_many_arguments,
        reason = "the border's shape: one call a batch"
    )]
    fn begin(
        &self,
        py: Python<'_>,
        provider: &str,
        requests: Vec<Bound<'_, PyAny>>,
        account: &str,
        campaign: Option<&str>,
        blast: Option<&str>,
        template: Option<&str>,
        received_ms: i64,
        into: Option<Py<Batch>>,
    ) -> PyResult<Py<Batch>> {
        let (provider, profile) = self::provider(py, provider, &self.profiles)?;
        let template = self::template(py, template)?;
        let into = match into {
            Some(into) => into,
            None => Py::new(py, Batch::new(self.inner.batch(received_ms), Vec::new()))?,
        };
        let held = requests
            .into_iter()
            .map(Held::take)
            .collect::<PyResult<Vec<_>>>()?;
        let parts: Vec<Parts<'_>> = held.iter().map(Held::parts).collect();
        let held_bytes = into.get().lock().as_ref().map(engine::Batch::body_bytes);
        let held_bytes = held_bytes.ok_or_else(|| committed_before(py))?;
        let bytes = held_bytes + parts.iter().map(Parts::body_bytes).sum::<usize>();
        check_size(py, bytes)?;
        for (what, name) in [
            ("account", account),
            ("campaign", campaign.unwrap_or_default()),
        ]
        .into_iter()
        .chain(blast.map(|blast| ("blast", blast)))
        {
            if !name.is_empty() {
                check_name(what, name).map_err(|error| errors::input(py, error))?;
            }
        }
        let scope = Scope {
            provider,
            account,
            campaign,
            blast,
            template: template.as_ref(),
            profile,
            // Whoever calls in the process has checked for itself.
            trust: Trust::Verified,
        };
        let batch = into.get();
        let pushed = self.run(py, |engine| match batch.lock().as_mut() {
            Some(batch) => {
                engine.check_owner(batch)?;
                push_all(batch, &scope, &parts)
            }
            None => Ok(Vec::new()),
        })?;
        batch.extend(pushed);
        Ok(into)
    }

    #[pyo3(signature = (batch, labels=None, judged=None))]
    fn commit(
        &self,
        py: Python<'_>,
        batch: &Bound<'_, Batch>,
        labels: Option<&Bound<'_, PyBytes>>,
        judged: Option<Vec<(String, String)>>,
    ) -> PyResult<(u64, u64)> {
        let labels = labels
            .map(|labels| read_labels(py, labels.as_bytes()))
            .transpose()?;
        let mut inner = (batch.get().lock().take()).ok_or_else(|| committed_before(py))?;
        let done = self.run(py, move |engine| {
            if let Some(labels) = labels.filter(|labels| !labels.is_empty()) {
                inner.set_labels(&labels)?;
            }
            if let Some(judged) = judged {
                inner.set_judged(read_judged(judged))?;
            }
            engine.commit(inner)
        })?;
        Ok((done.first.0, done.records))
    }

    fn count(&self, py: Python<'_>, expression: &str) -> PyResult<u64> {
        self.run(py, |engine| engine.count(expression))
    }

    fn contains(&self, py: Python<'_>, expression: &str, number: &str) -> PyResult<bool> {
        self.run(py, |engine| engine.contains(expression, number))
    }

    #[pyo3(signature = (expression, *, after=-1, count_max=65_536, unsuppressed=false))]
    fn numbers<'py>(
        &self,
        py: Python<'py>,
        expression: &str,
        after: i64,
        count_max: usize,
        unsuppressed: bool,
    ) -> PyResult<(Bound<'py, PyBytes>, i64, u64)> {
        let after = u32::try_from(after).ok().map(ContactId);
        let page = self.run(py, |engine| {
            engine.numbers(expression, after, count_max, unsuppressed)
        })?;
        let next = page.next.map_or(-1, |id| i64::from(id.0));
        Ok((PyBytes::new(py, page.text.as_bytes()), next, page.left_out))
    }

    fn ids<'py>(&self, py: Python<'py>, expression: &str) -> PyResult<Bound<'py, PyBytes>> {
        let ids = self.run(py, |engine| engine.ids(expression))?;
        Ok(PyBytes::new(py, &ids))
    }

    fn roaring<'py>(&self, py: Python<'py>, expression: &str) -> PyResult<Bound<'py, PyBytes>> {
        let set = self.run(py, |engine| engine.roaring(expression))?;
        Ok(PyBytes::new(py, &set))
    }

    fn report(&self, py: Python<'_>, campaign: &str) -> PyResult<String> {
        self.run(py, |engine| Ok(engine.report(campaign)?.to_string()))
    }

    fn campaigns(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.run(py, engine::Engine::campaigns)
    }

    fn blasts(&self, py: Python<'_>, campaign: &str) -> PyResult<Vec<String>> {
        self.run(py, |engine| engine.blasts(campaign))
    }

    #[pyo3(signature = (*, after=0, count_max=1_000))]
    fn dead_letters(&self, py: Python<'_>, after: u64, count_max: usize) -> PyResult<String> {
        self.run(py, |engine| {
            let letters = engine.dead_letters(after, count_max, |body| BASE64.encode(body))?;
            Ok(serde_json::Value::from(letters).to_string())
        })
    }

    fn settle(&self, py: Python<'_>, letters: Vec<u64>, now_ms: i64) -> PyResult<usize> {
        self.run(py, |engine| engine.settle(&letters, now_ms))
    }

    fn stats(&self, py: Python<'_>) -> PyResult<String> {
        self.run(py, |engine| engine.stats().map(|stats| stats.to_string()))
    }

    fn snapshot(&self, py: Python<'_>) -> PyResult<u64> {
        self.run(py, |engine| engine.snapshot().map(|position| position.0))
    }

    fn stop_snapshot(&self) {
        self.inner.stop_snapshot();
    }

    fn digest(&self, py: Python<'_>) -> PyResult<String> {
        self.run(py, |engine| Ok(format!("{:016x}", engine.digest()?)))
    }
}
