//! The ingest door as Python drives it.

use std::net::ToSocketAddrs;
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use smstrack_engine::error::InputError;
use smstrack_engine::profiles::Profiles;
use smstrack_server::{Options, Turn};

use crate::convert::{read_judged, read_labels};
use crate::engine::Engine;
use crate::errors;

/// See `_core.pyi`.
#[pyclass(frozen, module = "smstrack_core._core")]
pub struct Door {
    inner: Mutex<Option<smstrack_server::Door>>,
}

impl Door {
    fn lock(&self) -> MutexGuard<'_, Option<smstrack_server::Door>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on the door without the GIL.
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut smstrack_server::Door) -> T + Send,
    ) -> PyResult<T> {
        py.detach(|| self.lock().as_mut().map(work))
            .ok_or_else(|| errors::closed(py))
    }
}

fn timer(turn: &Turn) -> i64 {
    turn.next_timer_ms
        .map_or(-1, |ms| i64::try_from(ms).unwrap_or(i64::MAX))
}

#[pymethods]
impl Door {
    #[staticmethod]
    #[pyo3(signature = (engine, host, port, options="{}"))]
    fn bind(
        py: Python<'_>,
        engine: &Bound<'_, Engine>,
        host: &str,
        port: u16,
        options: &str,
    ) -> PyResult<Self> {
        let options = read_options(py, options, engine.get().profiles())?;
        let engine = Arc::clone(engine.get().shared());
        let address = py.detach(|| (host, port).to_socket_addrs().map(|mut found| found.next()));
        let what = format!("listening on {host} port {port}");
        let address = address
            .map_err(|error| errors::io(py, &what, &error))?
            .ok_or_else(|| {
                let reason = format!("{host} names no address");
                errors::input(
                    py,
                    InputError::ValueInvalid {
                        what: "host",
                        reason,
                    },
                )
            })?;
        let door = smstrack_server::Door::bind(engine, address, options)
            .map_err(|error| errors::io(py, &what, &error))?;
        Ok(Self {
            inner: Mutex::new(Some(door)),
        })
    }

    #[getter]
    fn address(&self, py: Python<'_>) -> PyResult<(String, u16)> {
        self.with(py, |door| {
            (door.local_addr().ip().to_string(), door.local_addr().port())
        })
    }

    fn fileno(&self, py: Python<'_>) -> PyResult<i32> {
        self.with(py, |door| door.as_raw_fd())
    }

    fn pump(&self, py: Python<'_>, now_ms: i64) -> PyResult<(Option<Vec<String>>, i64)> {
        self.with(py, |door| {
            let turn = door.pump(now_ms);
            let waits = turn.replies_waiting > 0;
            let texts = waits.then(|| door.reply_texts().map(str::to_owned).collect());
            (texts, timer(&turn))
        })
    }

    #[pyo3(signature = (labels, now_ms, judged=None))]
    fn finish(
        &self,
        py: Python<'_>,
        labels: &Bound<'_, PyBytes>,
        now_ms: i64,
        judged: Option<Vec<(String, String)>>,
    ) -> PyResult<i64> {
        let labels = read_labels(py, labels.as_bytes())?;
        let turn = self.with(py, |door| {
            if let Some(judged) = judged {
                door.set_judged(read_judged(judged))?;
            }
            door.finish(&labels, now_ms)
        })?;
        turn.map(|turn| timer(&turn))
            .map_err(|error| errors::input(py, error))
    }

    #[pyo3(signature = (now_ms))]
    fn drain(&self, py: Python<'_>, now_ms: i64) -> PyResult<()> {
        // The door has its own clock; the argument keeps the calls alike.
        let _ = now_ms;
        self.with(py, smstrack_server::Door::drain)
    }

    fn take_confirmations(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.with(py, smstrack_server::Door::take_confirmations)
    }

    #[getter]
    fn is_idle(&self, py: Python<'_>) -> bool {
        py.detach(|| {
            self.lock()
                .as_ref()
                .is_none_or(smstrack_server::Door::is_idle)
        })
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| {
            if let Some(mut door) = self.lock().take() {
                door.close();
            }
        });
    }

    fn wanted_certificates(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.with(py, smstrack_server::Door::take_wanted_certificates)
    }

    fn put_certificate(&self, py: Python<'_>, url: &str, pem: &Bound<'_, PyBytes>) -> PyResult<()> {
        let pem = pem.as_bytes();
        self.with(py, |door| door.put_certificate(url, pem))?
            .map_err(|fault| errors::input_code(py, fault.sentence(), fault.word()))
    }

    fn stats(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, |door| door.stats().to_json())
    }
}

fn read_options(py: Python<'_>, text: &str, profiles: &Profiles) -> PyResult<Options> {
    let invalid = |reason: String| {
        errors::input(
            py,
            InputError::ValueInvalid {
                what: "door option",
                reason,
            },
        )
    };
    let map: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text)
        .map_err(|error| invalid(format!("text is no JSON object: {error}")))?;
    let mut options = Options {
        profiles: profiles.clone(),
        ..Options::default()
    };
    for (name, value) in &map {
        if name == "templates" {
            read_templates(py, value, &mut options)?;
            continue;
        }
        if name == "guard" {
            options.guard = Arc::new(crate::guard::read(py, value, profiles)?);
            continue;
        }
        if name == "confirm_topics" {
            let topics = value.as_array().into_iter().flatten();
            let topics = topics.filter_map(|topic| topic.as_str().map(str::to_owned));
            options.confirm_topics = topics.collect();
            continue;
        }
        let number = value.as_u64().ok_or_else(|| {
            invalid(format!(
                "{name} is {value}; expected a whole number above 0"
            ))
        })?;
        options
            .set(name, number)
            .map_err(|error| errors::input(py, error))?;
    }
    Ok(options)
}

/// `{"kannel": {"": {"type": "dlr"}}}`: provider, account, names and roles.
fn read_templates(
    py: Python<'_>,
    value: &serde_json::Value,
    options: &mut Options,
) -> PyResult<()> {
    let none = serde_json::Map::new();
    for (name, accounts) in value.as_object().unwrap_or(&none) {
        let (provider, _) = crate::decode::provider(py, name, &Profiles::NONE)?;
        for (account, roles) in accounts.as_object().unwrap_or(&none) {
            if let Some(template) = crate::decode::template(py, Some(&roles.to_string()))? {
                options
                    .templates
                    .entry(provider)
                    .or_default()
                    .insert(account.clone(), template);
            }
        }
    }
    Ok(())
}
