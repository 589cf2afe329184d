//! The Python border: convert, detach, work, convert. Decides nothing.
//!
//! One crossing a batch; only `bytes` comes in where the GIL is released; Rust never calls
//! Python. What each name promises is written in `_core.pyi`.

use pyo3::prelude::*;

mod batch;
mod classifier;
mod consent;
mod convert;
mod decode;
mod door;
mod engine;
mod errors;
mod guard;
mod keeping;
mod profiles;
mod reading;
mod request;
mod verify;

/// The compiled core; see `_core.pyi`.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    errors::add_to(module)?;
    module.add_class::<request::Request>()?;
    module.add_class::<batch::Batch>()?;
    module.add_class::<engine::Engine>()?;
    module.add_class::<door::Door>()?;
    module.add_class::<profiles::LoadedProfiles>()?;
    module.add_function(wrap_pyfunction!(profiles::describe_providers, module)?)?;
    module.add_class::<consent::Consent>()?;
    module.add_class::<reading::Reader>()?;
    module.add_function(wrap_pyfunction!(decode::decode, module)?)?;
    module.add_function(wrap_pyfunction!(decode::parse_request, module)?)?;
    module.add_function(wrap_pyfunction!(decode::providers, module)?)?;
    module.add_class::<classifier::Classifier>()?;
    module.add_class::<keeping::Backup>()?;
    module.add_function(wrap_pyfunction!(keeping::check, module)?)?;
    module.add_function(wrap_pyfunction!(keeping::repair, module)?)?;
    module.add_function(wrap_pyfunction!(keeping::log_lines, module)?)?;
    module.add_function(wrap_pyfunction!(decode::known_role, module)?)?;
    module.add_function(wrap_pyfunction!(verify::verify, module)?)?;
    module.add_function(wrap_pyfunction!(verify::schemes, module)?)?;
    module.add_function(wrap_pyfunction!(verify::is_certificate_url, module)?)?;
    module.add("LABELS", decode::labels(module.py())?)?;
    module.add("TEMPLATE_ROLES", decode::template_roles(module.py())?)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    Ok(())
}
