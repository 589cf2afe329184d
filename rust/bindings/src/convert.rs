//! Values that cross the border more than once, into and out of the engine's own.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use pyo3::prelude::*;
use smstrack_engine::engine::{self, Judged, Pushed, Refused, Scope};
use smstrack_engine::error::{EngineError, InputError};
use smstrack_engine::limits::BATCH_BYTES_MAX;

use crate::errors;
use crate::request::Parts;

/// 16 random bytes from the system, by way of the seeds of hash tables.
pub fn new_identity() -> [u8; 16] {
    let word = || RandomState::new().build_hasher().finish();
    let both = (u128::from(word()) << 64) | u128::from(word());
    both.to_le_bytes()
}

/// Refuses bodies that are too large together for one batch.
pub fn check_size(py: Python<'_>, bytes: usize) -> PyResult<()> {
    if bytes <= BATCH_BYTES_MAX {
        return Ok(());
    }
    let error = InputError::TooLarge {
        what: "batch",
        bytes,
        limit: "batch_bytes_max",
        bytes_max: BATCH_BYTES_MAX,
    };
    Err(errors::input(py, error))
}

/// Labels as they cross the border.
pub fn read_labels(py: Python<'_>, bytes: &[u8]) -> PyResult<Vec<u16>> {
    if !bytes.len().is_multiple_of(2) {
        let reason = "are not whole little-endian uint16".to_owned();
        return Err(errors::input(
            py,
            InputError::ValueInvalid {
                what: "labels",
                reason,
            },
        ));
    }
    let words = bytes
        .chunks_exact(2)
        .filter_map(|pair| <[u8; 2]>::try_from(pair).ok());
    Ok(words.map(u16::from_le_bytes).collect())
}

/// What rules said of replies as it crosses the border: language and rule ids of each.
pub fn read_judged(judged: Vec<(String, String)>) -> Vec<Judged> {
    let judged = judged.into_iter();
    judged.map(|(lang, rules)| Judged { lang, rules }).collect()
}

/// Refused rows as Python sees them.
pub fn refused(rows: &[Refused]) -> Vec<(u32, &'static str)> {
    rows.iter().map(|(row, code)| (*row, code.word())).collect()
}

/// How many requests ahead a body is fetched from memory.
const TOUCH_AHEAD_COUNT: usize = 2;

/// Decodes all requests of one call into a batch.
///
/// # Errors
/// `NameInvalid` when a target names a campaign or blast that cannot be read.
pub fn push_all(
    batch: &mut engine::Batch,
    scope: &Scope<'_>,
    parts: &[Parts<'_>],
) -> Result<Vec<Pushed>, EngineError> {
    let mut headers = Vec::new();
    let mut pushed = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        if let Some(next) = parts.get(index + TOUCH_AHEAD_COUNT) {
            next.touch();
        }
        let names =
            smstrack_server::names_in(part.target).map_err(|_| InputError::NameInvalid {
                what: "campaign or blast",
                reason: "in a request's target cannot be read",
            })?;
        let mut scope = *scope;
        scope.campaign = names.0.as_deref().or(scope.campaign);
        scope.blast = names.1.as_deref().or(scope.blast);
        pushed.push(part.with_view(&mut headers, |view| batch.push(&scope, view)));
    }
    Ok(pushed)
}
