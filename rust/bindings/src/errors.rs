//! The one file that turns Rust errors into Python exceptions.

use pyo3::exceptions::{PyException, PyOSError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple, PyType};
use smstrack_engine::error::{ClosedError, EngineError, InputError, StorageError};

struct Classes {
    base: Py<PyType>,
    input: Py<PyType>,
    storage: Py<PyType>,
    closed: Py<PyType>,
}

static CLASSES: PyOnceLock<Classes> = PyOnceLock::new();

fn class<'py>(
    py: Python<'py>,
    name: &str,
    doc: &str,
    bases: Vec<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyType>> {
    let body = PyDict::new(py);
    body.set_item("__module__", "smstrack_core._core")?;
    body.set_item("__doc__", doc)?;
    body.set_item("code", "")?;
    let bases = PyTuple::new(py, bases)?;
    let made = py.get_type::<PyType>().call1((name, bases, body))?;
    Ok(made.cast_into::<PyType>()?)
}

fn classes(py: Python<'_>) -> PyResult<&Classes> {
    CLASSES.get_or_try_init(py, || {
        let exception = py.get_type::<PyException>().into_any();
        let base = class(
            py,
            "SmstrackError",
            "Anything the engine can say.",
            vec![exception],
        )?;
        let any = || base.clone().into_any();
        let value = vec![any(), py.get_type::<PyValueError>().into_any()];
        let input = class(
            py,
            "InputError",
            "The sender must act; nothing was changed.",
            value,
        )?;
        let os = vec![any(), py.get_type::<PyOSError>().into_any()];
        let words = "The operator must act: the directory or its disk.";
        let storage = class(py, "StorageError", words, os)?;
        let closed = class(py, "ClosedError", "The engine was closed.", vec![any()])?;
        Ok(Classes {
            input: input.unbind(),
            storage: storage.unbind(),
            closed: closed.unbind(),
            base: base.unbind(),
        })
    })
}

/// Adds the exception classes to the module.
pub fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let classes = classes(module.py())?;
    module.add("SmstrackError", &classes.base)?;
    module.add("InputError", &classes.input)?;
    module.add("StorageError", &classes.storage)?;
    module.add("ClosedError", &classes.closed)
}

fn raise(py: Python<'_>, class: &Py<PyType>, text: &str, code: &str) -> PyErr {
    let made = class.bind(py).call1((text,)).and_then(|error| {
        error.setattr("code", code)?;
        Ok(error)
    });
    match made {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}

/// An engine's error as an exception.
pub fn engine(py: Python<'_>, error: &EngineError) -> PyErr {
    let text = error.to_string();
    match classes(py) {
        Ok(classes) => {
            let class = match error {
                EngineError::Input(_) => &classes.input,
                EngineError::Storage(_) => &classes.storage,
                EngineError::Closed(_) => &classes.closed,
            };
            raise(py, class, &text, error.code())
        }
        Err(error) => error,
    }
}

/// The sender's mistake as an exception.
pub fn input(py: Python<'_>, error: InputError) -> PyErr {
    engine(py, &EngineError::Input(error))
}

/// A body that cannot be read, with a code that is not one of the engine's own.
pub fn input_code(py: Python<'_>, text: &str, code: &str) -> PyErr {
    match classes(py) {
        Ok(classes) => raise(py, &classes.input, text, code),
        Err(error) => error,
    }
}

/// An operating system's refusal as an exception.
pub fn io(py: Python<'_>, what: &str, error: &std::io::Error) -> PyErr {
    let error = StorageError::Io {
        what: what.to_owned(),
        reason: error.to_string(),
    };
    engine(py, &EngineError::Storage(error))
}

/// The caller used something up or closed it.
pub fn closed(py: Python<'_>) -> PyErr {
    engine(py, &EngineError::Closed(ClosedError))
}

/// A wrong type.
pub fn wrong_type(text: &'static str) -> PyErr {
    PyTypeError::new_err(text)
}
