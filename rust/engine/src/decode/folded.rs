//! Forms whose names are compared without regard to case. Knows no provider.

use super::form;
use super::slots::{Fault, Raw, Slots};
use super::table::Key;

/// Longest name that is looked at: no table has a longer one.
const NAME_BYTES_MAX: usize = 64;

/// Puts the pairs of a form or query into the slots that the names inside a table's root have,
/// whatever their case; the last value wins. The table's own names are in lower case.
///
/// # Errors
/// `too_many_keys`.
pub(super) fn form_slots_folded<'a>(
    form: &'a [u8],
    root: &Key,
    slots: &mut Slots<'a>,
) -> Result<(), Fault> {
    form::each_pair(form, |pair| {
        let slot = form::find_name(&pair, |name| {
            let mut buffer = [0; NAME_BYTES_MAX];
            let folded = buffer.get_mut(..name.len())?;
            folded.copy_from_slice(name);
            folded.make_ascii_lowercase();
            root.find(folded).map(|(_, key)| key.slot)
        });
        if let Some(slot) = slot {
            slots.set(
                slot,
                Raw {
                    bytes: pair.value,
                    at: pair.at,
                    wire: pair.wire(),
                },
            );
        }
    })
}
