//! Form values in ISO-8859-1, of which every byte is a character.

use super::row::Row;
use super::slots::{Fault, Slot, Wire};
use super::{RejectCode, form};
use std::borrow::Cow;

/// A form value whose bytes, once decoded, are characters of ISO-8859-1.
pub(super) fn latin<'s>(
    row: &mut Row<'s>,
    slot: Slot,
    bytes_max: usize,
) -> Result<Option<Cow<'s, str>>, Fault> {
    let raw = row.slots.get(slot);
    let is_form = matches!(raw.wire, Wire::Plain | Wire::Form | Wire::Text);
    if !is_form || (raw.wire != Wire::Form && raw.bytes.is_ascii()) {
        let text = row.text(slot)?;
        return match text {
            Some(text) if text.len() > bytes_max => {
                Err(row.fault_in(slot, RejectCode::ValueTooLong))
            }
            text => Ok(text),
        };
    }
    let mut decoded = vec![0; raw.bytes.len()];
    let len = form::unescape(raw.bytes, &mut decoded, raw.wire != Wire::Form)
        .map_err(|at| raw.fault(at, RejectCode::PercentInvalid))?;
    let text: String = decoded
        .iter()
        .take(len)
        .map(|byte| char::from(*byte))
        .collect();
    if text.len() > bytes_max {
        return Err(row.fault_in(slot, RejectCode::ValueTooLong));
    }
    Ok(Some(Cow::Owned(text)))
}
