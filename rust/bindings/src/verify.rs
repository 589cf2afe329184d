//! Signatures without a door: one request, its scheme and its secrets -> a word and a sentence.

use std::net::IpAddr;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyBytesMethods};
use smstrack_engine::error::InputError;
use smstrack_engine::verify::{Fault, Keys, Scheme, Signed};

use crate::errors;
use crate::request::read_headers;

/// The scheme of this name.
pub fn scheme(py: Python<'_>, name: &str) -> PyResult<Scheme> {
    Scheme::from_name(name).ok_or_else(|| {
        errors::input(
            py,
            InputError::Unknown {
                what: "scheme",
                name: name.to_owned(),
                hint: format!("Known are {}.", Scheme::names().join(", ")),
            },
        )
    })
}

/// See `_core.pyi`.
#[pyfunction]
#[pyo3(signature = (scheme, method, url, headers, body, secrets, now_s, peer=None))]
#[expect(
    clippy::too_many_arguments,
    reason = "the parts of one request, as callers have them"
)]
pub fn verify(
    py: Python<'_>,
    scheme: &str,
    method: &str,
    url: &str,
    headers: &Bound<'_, PyAny>,
    body: &Bound<'_, PyBytes>,
    secrets: &Bound<'_, PyAny>,
    now_s: i64,
    peer: Option<&str>,
) -> PyResult<Option<(&'static str, &'static str)>> {
    let scheme = self::scheme(py, scheme)?;
    let headers = read_headers(headers)?;
    let held: Vec<Bound<'_, PyBytes>> = secrets.extract()?;
    let secrets: Vec<&[u8]> = held.iter().map(PyBytesMethods::as_bytes).collect();
    let body = body.as_bytes();
    // An address that is none is nobody's, and on no list.
    let peer = peer.and_then(|text| text.parse::<IpAddr>().ok());
    let found: Result<(), Fault> = py.detach(|| {
        let headers: Vec<(&str, &[u8])> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        let request = Signed {
            method,
            url,
            headers: &headers,
            body,
            peer,
        };
        Keys::parse(&scheme, &secrets)?.verify(&request, now_s)
    });
    Ok(found.err().map(|fault| (fault.word(), fault.sentence())))
}

/// See `_core.pyi`.
#[pyfunction]
pub fn schemes() -> Vec<&'static str> {
    Scheme::names()
}

/// See `_core.pyi`.
#[pyfunction]
pub fn is_certificate_url(url: &str) -> bool {
    smstrack_engine::verify::is_certificate_url(url)
}
