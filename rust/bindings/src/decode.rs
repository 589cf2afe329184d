//! Decoding without an engine, and the words Python needs to know.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use smstrack_engine::decode::custom::Custom;
use smstrack_engine::decode::encode::encode_canonical;
use smstrack_engine::decode::request_file::RequestFile;
use smstrack_engine::decode::{
    Reject, Sink, TEMPLATE_ROLES, Template, decode as decode_of, known_role as role_of,
};
use smstrack_engine::error::InputError;
use smstrack_engine::event::{Event, Label, Provider};
use smstrack_engine::profiles::Profiles;
use smstrack_server::{PROVIDERS, Whose, named};

use crate::errors;
use crate::profiles::{self, LoadedProfiles};
use crate::request::{Held, Request};

/// The provider or loaded profile with this name or alias.
pub fn provider(py: Python<'_>, name: &str, profiles: &Profiles) -> PyResult<Whose> {
    let own = || (name == Provider::Canonical.name()).then_some((Provider::Canonical, None));
    let known = named(name, profiles).or_else(own);
    known.ok_or_else(|| {
        let loaded = profiles.iter().map(Custom::name);
        let names: Vec<&str> = PROVIDERS
            .iter()
            .map(|(name, _)| *name)
            .chain(loaded)
            .collect();
        errors::input(
            py,
            InputError::Unknown {
                what: "provider",
                name: name.to_owned(),
                hint: format!("Known are smstrack, {}.", names.join(", ")),
            },
        )
    })
}

/// A template from its JSON: an object of parameter names and roles.
pub fn template(py: Python<'_>, text: Option<&str>) -> PyResult<Option<Template>> {
    let Some(text) = text else { return Ok(None) };
    let parsed: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(text);
    let map = parsed.map_err(|error| {
        let reason = format!("is no JSON object of names and roles: {error}");
        errors::input(
            py,
            InputError::ValueInvalid {
                what: "template",
                reason,
            },
        )
    })?;
    let mut roles = Vec::with_capacity(map.len());
    for (name, role) in map {
        let serde_json::Value::String(role) = role else {
            let reason = "has a role that is not text".to_owned();
            return Err(errors::input(
                py,
                InputError::ValueInvalid {
                    what: "template",
                    reason,
                },
            ));
        };
        roles.push((name, role));
    }
    Ok(Some(Template::new(roles)))
}

#[derive(Default)]
struct Collect {
    events: Vec<u8>,
    rejects: Vec<Reject>,
}

impl Sink for Collect {
    fn event(&mut self, _row: u32, mut event: Event<'_>) {
        if event.own.is_none() {
            // The canonical fields of a provider's event, and no other.
            event.consent = None;
        }
        if !self.events.is_empty() {
            self.events.push(b',');
        }
        encode_canonical(&event, &mut self.events);
    }

    fn withdraw(&mut self) {
        *self = Self::default();
    }

    fn reject(&mut self, reject: Reject) {
        self.rejects.push(reject);
    }
}

/// See `_core.pyi`.
#[pyfunction]
#[pyo3(signature = (provider, request, template=None, profiles=None))]
pub fn decode(
    py: Python<'_>,
    provider: &str,
    request: Bound<'_, Request>,
    template: Option<&str>,
    profiles: Option<&Bound<'_, LoadedProfiles>>,
) -> PyResult<String> {
    let (provider, profile) = self::provider(py, provider, &profiles::inner(profiles))?;
    let template = self::template(py, template)?;
    let held = Held::Request(request);
    let parts = held.parts();
    let (outcome, found) = py.detach(|| {
        let mut found = Collect::default();
        let outcome = parts.with_view(&mut Vec::new(), |view| match profile {
            Some(profile) => profile.decode(view, &mut found),
            None => decode_of(provider, view, template.as_ref(), &mut found),
        });
        (outcome, found)
    });
    if let Err(error) = outcome {
        let text = format!("body, byte {}: {}", error.byte, error.code.sentence());
        return Err(errors::input_code(py, &text, error.code.word()));
    }
    let rejects: Vec<serde_json::Value> = found
        .rejects
        .iter()
        .map(|r| {
            let (code, reason) = (r.code.word(), r.code.sentence());
            serde_json::json!({ "row": r.row, "byte": r.byte, "code": code, "reason": reason })
        })
        .collect();
    let events = String::from_utf8_lossy(&found.events);
    Ok(format!(
        "{{\"events\":[{events}],\"rejects\":{}}}",
        serde_json::Value::from(rejects)
    ))
}

/// See `_core.pyi`.
#[pyfunction]
pub fn parse_request(py: Python<'_>, file: &Bound<'_, PyBytes>) -> PyResult<Request> {
    let parsed = RequestFile::parse(file.as_bytes()).map_err(|error| errors::input(py, error))?;
    Ok(Request::of_view(py, &parsed.view()))
}

/// See `_core.pyi`.
#[pyfunction]
pub fn providers() -> Vec<&'static str> {
    let own = Provider::Canonical.name();
    std::iter::once(own)
        .chain(PROVIDERS.iter().map(|(name, _)| *name))
        .collect()
}

/// Label words; a label's index is its bit.
pub fn labels(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
    PyTuple::new(py, Label::ALL.iter().map(|label| label.name()))
}

/// See `_core.pyi`.
#[pyfunction]
pub fn known_role(word: &str) -> Option<&'static str> {
    role_of(word)
}

/// Roles that a parameter of a template may have.
pub fn template_roles(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
    PyTuple::new(py, TEMPLATE_ROLES)
}
