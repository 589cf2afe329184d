//! From the JSON of a door's options to whom it believes. No error says a secret.

use pyo3::prelude::*;
use serde_json::Value;
use smstrack_engine::error::InputError;
use smstrack_engine::event::{Provider, Trust};
use smstrack_engine::profiles::Profiles;
use smstrack_engine::verify::{Keys, Range};
use smstrack_server::{Guard, Source, source_name};

use crate::{decode, errors, verify};

/// Reads `{"base_url", "proxies", "default_trust", "sources": {provider: {account: source}}}`.
pub fn read(py: Python<'_>, value: &Value, profiles: &Profiles) -> PyResult<Guard> {
    let mut guard = Guard {
        base_url: text(value, "base_url"),
        proxies: ranges(py, "trusted_proxies", value.get("proxies"))?,
        ..Guard::default()
    };
    if let Some(trust) = trust(py, "default_trust", value.get("default_trust"))? {
        guard.unlisted = trust;
    }
    let none = serde_json::Map::new();
    let sources = value.get("sources").and_then(Value::as_object);
    for (name, accounts) in sources.unwrap_or(&none) {
        let provider = match name.as_str() {
            "events" => Provider::Canonical.name(),
            name => source_name(decode::provider(py, name, profiles)?),
        };
        for (account, value) in accounts.as_object().unwrap_or(&none) {
            let source = source(py, name, value)?;
            let accounts = guard.sources.entry(provider).or_default();
            accounts.insert(account.clone(), source);
        }
    }
    Ok(guard)
}

fn source(py: Python<'_>, name: &str, value: &Value) -> PyResult<Source> {
    let keys = match text(value, "scheme") {
        None => None,
        Some(scheme) => {
            let scheme = verify::scheme(py, &scheme)?;
            let secrets = texts(value.get("secrets"));
            let keys = Keys::parse(&scheme, &secrets).map_err(|fault| {
                let sentence = format!("source {name}: {}", fault.sentence());
                errors::input_code(py, &sentence, fault.word())
            })?;
            Some(keys)
        }
    };
    Ok(Source {
        keys,
        ranges: ranges(py, name, value.get("allow"))?,
        base_url: text(value, "base_url"),
        trust: trust(py, name, value.get("trust"))?,
    })
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    let list = value.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).collect()
}

fn ranges(py: Python<'_>, what: &str, value: Option<&Value>) -> PyResult<Vec<Range>> {
    let read = |text: &str| {
        Range::parse(text).ok_or_else(|| {
            let reason = format!(
                "{what}: {text} is no address and no range such as 203.0.113.0/24 (no bits \
                 behind the prefix)"
            );
            invalid(py, reason)
        })
    };
    texts(value).into_iter().map(read).collect()
}

fn trust(py: Python<'_>, what: &str, value: Option<&Value>) -> PyResult<Option<Trust>> {
    let Some(name) = value.and_then(Value::as_str) else {
        return Ok(None);
    };
    let known = Trust::from_name(name);
    known.map(Some).ok_or_else(|| {
        let reason = format!("{what}: trust {name} is none of verified, allowed, untrusted");
        invalid(py, reason)
    })
}

fn invalid(py: Python<'_>, reason: String) -> PyErr {
    let what = "source";
    errors::input(py, InputError::ValueInvalid { what, reason })
}
