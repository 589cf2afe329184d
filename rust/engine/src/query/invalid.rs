//! Numbers that cannot take texts: no such number, a landline. One set over all campaigns, told
//! by the newest blast that learnt anything of a contact. Read-only.

use super::{SetName, set_of};
use crate::event::{BlastId, ErrorClass};
use crate::idset::IdSet;
use crate::sets::SetKind;
use crate::state::State;

/// Contacts that failed as invalid, and that no later blast reached: a number may be given to
/// somebody else, or its holder change from a landline.
pub(super) fn invalid(state: &State) -> IdSet {
    let mut blasts: Vec<(i64, BlastId)> = (0..)
        .map(BlastId)
        .map_while(|id| Some((state.registry.blast(id)?.at_ms, id)))
        .collect();
    blasts.sort_unstable();
    let failed = SetName::FailedFinal(Some(SetKind::cause(ErrorClass::InvalidNumber)));
    let mut found = IdSet::new();
    // Of blasts of the same moment none is later: delivered wins, as within a blast.
    for moment in blasts.chunk_by(|(one, _), (other, _)| one == other) {
        let ids: Vec<BlastId> = moment.iter().map(|(_, id)| *id).collect();
        found.union_with(&set_of(state, &ids, failed));
        found.subtract(&set_of(state, &ids, SetName::Delivered));
    }
    found
}
