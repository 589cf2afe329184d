//! One HTTP request as Python hands it over. Frozen, so that it can be read without the GIL.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use smstrack_engine::decode::RequestView;

use crate::errors;

/// See `_core.pyi`.
#[pyclass(frozen, module = "smstrack_core._core")]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Py<PyBytes>,
}

#[pymethods]
impl Request {
    #[new]
    #[pyo3(signature = (method, target, headers=None, body=None))]
    fn new(
        py: Python<'_>,
        method: &str,
        target: String,
        headers: Option<&Bound<'_, PyAny>>,
        body: Option<Py<PyBytes>>,
    ) -> PyResult<Self> {
        Ok(Self {
            method: method.to_ascii_uppercase(),
            target,
            headers: headers.map_or_else(|| Ok(Vec::new()), read_headers)?,
            body: body.unwrap_or_else(|| PyBytes::new(py, b"").unbind()),
        })
    }

    #[getter]
    fn method(&self) -> &str {
        &self.method
    }

    #[getter]
    fn target(&self) -> &str {
        &self.target
    }

    #[getter]
    fn headers(&self) -> Vec<(String, String)> {
        self.headers
            .iter()
            .map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned()))
            .collect()
    }

    #[getter]
    fn body(&self, py: Python<'_>) -> Py<PyBytes> {
        self.body.clone_ref(py)
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        // Never the target's query, the headers or the body: they hold numbers and texts.
        let path = self.target.split('?').next().unwrap_or_default();
        let bytes = self.body.as_bytes(py).len();
        format!("<Request {} {path} with {bytes} bytes>", self.method)
    }
}

impl Request {
    /// Made in Rust, of the parts of a file.
    pub fn of_view(py: Python<'_>, view: &RequestView<'_>) -> Self {
        let headers = view.headers.iter();
        Self {
            method: view.method.to_owned(),
            target: view.target.to_owned(),
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), value.to_vec()))
                .collect(),
            body: PyBytes::new(py, view.body).unbind(),
        }
    }
}

/// Pairs of a mapping or a sequence of pairs.
pub fn read_headers(headers: &Bound<'_, PyAny>) -> PyResult<Vec<(String, Vec<u8>)>> {
    let pairs = match headers.cast::<PyDict>() {
        Ok(dict) => dict.items().into_any(),
        Err(_) if headers.hasattr("items")? => headers.call_method0("items")?,
        Err(_) => headers.clone(),
    };
    let mut read = Vec::new();
    for pair in pairs.try_iter()? {
        let (name, value): (String, Bound<'_, PyAny>) = pair?.extract()?;
        read.push((name, header_value(&value)?));
    }
    Ok(read)
}

fn header_value(value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    match value.cast::<PyString>() {
        Ok(text) => Ok(text.to_str()?.as_bytes().to_vec()),
        Err(_) => Err(errors::wrong_type(
            "a header's value is neither str nor bytes",
        )),
    }
}

/// What decoding reads of a request, borrowed, so that the GIL can be released.
pub struct Parts<'a> {
    method: &'a str,
    /// Path and query.
    pub target: &'a str,
    headers: &'a [(String, Vec<u8>)],
    body: &'a [u8],
}

/// Something that can be decoded, held while it is read.
pub enum Held<'py> {
    /// A request.
    Request(Bound<'py, Request>),
    /// A POST body alone.
    Body(Bound<'py, PyBytes>),
}

impl<'py> Held<'py> {
    /// Takes a `Request` or `bytes`.
    pub fn take(item: Bound<'py, PyAny>) -> PyResult<Self> {
        let item = match item.cast_into::<PyBytes>() {
            Ok(body) => return Ok(Self::Body(body)),
            Err(error) => error.into_inner(),
        };
        item.cast_into::<Request>().map(Self::Request).map_err(|_| {
            errors::wrong_type("a request is a smstrack_core.Request, or bytes for a POST body")
        })
    }

    /// Borrows the parts.
    pub fn parts(&self) -> Parts<'_> {
        match self {
            Self::Request(request) => {
                let inner = request.get();
                Parts {
                    method: &inner.method,
                    target: &inner.target,
                    headers: &inner.headers,
                    body: inner.body.as_bytes(request.py()),
                }
            }
            Self::Body(body) => Parts {
                method: "POST",
                target: "/",
                headers: &[],
                body: body.as_bytes(),
            },
        }
    }
}

/// A line of memory.
const LINE_BYTES: usize = 64;
/// Lines that are fetched ahead: of longer bodies the system fetches the rest as it is read.
const LINES_COUNT_MAX: usize = 32;

impl<'a> Parts<'a> {
    /// Reads a byte of each line of memory that the body is in, all at once: while the request
    /// before it is decoded, they arrive.
    pub fn touch(&self) {
        let lines = self.body.iter().step_by(LINE_BYTES).take(LINES_COUNT_MAX);
        std::hint::black_box(lines.fold(0, |all, byte| all | byte));
    }

    /// Bytes of the body.
    pub const fn body_bytes(&self) -> usize {
        self.body.len()
    }

    /// Calls with the view that decoders take.
    pub fn with_view<T>(
        &self,
        headers: &mut Vec<(&'a str, &'a [u8])>,
        then: impl FnOnce(&RequestView<'_>) -> T,
    ) -> T {
        headers.clear();
        headers.extend(
            self.headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_slice())),
        );
        let (method, target, body) = (self.method, self.target, self.body);
        then(&RequestView {
            method,
            target,
            headers,
            body,
        })
    }
}
