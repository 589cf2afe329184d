//! Provider profiles as Python sees them: loaded ones, and all providers as data.
#![expect(
    clippy::needless_pass_by_value,
    reason = "pyo3 hands over what it converted"
)]

use pyo3::prelude::*;
use serde_json::Value;
use smstrack_engine::event::Provider;
use smstrack_engine::facts::describe;
use smstrack_engine::profiles::Profiles;
use smstrack_server::PROVIDERS;

use crate::errors;

/// See `_core.pyi`.
#[pyclass(frozen, name = "Profiles", module = "smstrack_core._core")]
pub struct LoadedProfiles {
    inner: Profiles,
}

#[pymethods]
impl LoadedProfiles {
    #[staticmethod]
    fn load(py: Python<'_>, files: Vec<(String, String)>) -> PyResult<Self> {
        let reserved: Vec<&str> = PROVIDERS.iter().map(|(name, _)| *name).collect();
        let inner = py
            .detach(|| Profiles::load(&files, &reserved))
            .map_err(|error| errors::input(py, error))?;
        Ok(Self { inner })
    }

    #[getter]
    fn names(&self) -> Vec<String> {
        let all = self.inner.iter();
        all.flat_map(|profile| std::iter::once(profile.name()).chain(profile.aliases()))
            .map(str::to_owned)
            .collect()
    }
}

impl From<Profiles> for LoadedProfiles {
    fn from(inner: Profiles) -> Self {
        Self { inner }
    }
}

/// The profiles of an argument that may be left out.
pub fn inner(profiles: Option<&Bound<'_, LoadedProfiles>>) -> Profiles {
    profiles.map_or(Profiles::NONE, |profiles| profiles.get().inner.clone())
}

/// See `_core.pyi`.
#[pyfunction]
#[pyo3(signature = (profiles=None))]
pub fn describe_providers(profiles: Option<&Bound<'_, LoadedProfiles>>) -> String {
    let built_in = Provider::ALL
        .iter()
        .filter(|provider| **provider != Provider::Profile);
    let built_in = built_in.map(|provider| {
        let names = PROVIDERS.iter().filter(|(_, known)| known == provider);
        let aliases: Vec<&str> = names
            .map(|(name, _)| *name)
            .filter(|name| *name != provider.name())
            .collect();
        describe(*provider, &aliases)
    });
    let all: Vec<Value> = built_in.chain(inner(profiles).describe()).collect();
    Value::from(all).to_string()
}
