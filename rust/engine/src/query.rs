//! Questions about the state: a segment expression -> text tree -> one bitmap. Read-only.
//!
//! Precedence among facts is decided here, at reading: delivered wins over every failure; of
//! several failures the most telling counts (filtered, rejected, expired, undelivered, failed,
//! in this order), so that the parts of a balance never overlap.

use std::borrow::Cow;

use crate::error::InputError;
use crate::event::{BlastId, ContactId, Number};
use crate::idset::IdSet;
use crate::registry::Blast;
use crate::sets::SetKind;
use crate::state::State;

mod invalid;
mod names;
mod parse;
pub mod report;

pub use names::{SETS, SetName};
pub use parse::{Expr, Op, Scope, parse};

/// The facts of a blast, certain and likely ones together.
pub fn merged_facts(blast: &Blast) -> impl Iterator<Item = (SetKind, Cow<'_, IdSet>)> {
    (0..64)
        .filter_map(SetKind::from_number)
        .filter_map(move |kind| {
            match (blast.facts.get(kind), blast.loose_facts.get(kind)) {
                (None, None) => None,
                (Some(set), None) | (None, Some(set)) => Some((kind, Cow::Borrowed(set))),
                (Some(firm), Some(loose)) => {
                    let mut both = firm.clone();
                    both.union_with(loose);
                    Some((kind, Cow::Owned(both)))
                }
            }
            .filter(|(_, set)| !set.is_empty())
        })
}

/// Contacts that a kind of fact holds for, in any of these blasts.
pub(crate) fn raw(state: &State, blasts: &[BlastId], kind: SetKind) -> IdSet {
    let mut union = IdSet::new();
    for blast in blasts.iter().filter_map(|id| state.registry.blast(*id)) {
        for facts in [&blast.facts, &blast.loose_facts] {
            if let Some(set) = facts.get(kind) {
                union.union_with(set);
            }
        }
    }
    union
}

fn any_of(state: &State, blasts: &[BlastId], kinds: &[SetKind]) -> IdSet {
    let mut union = IdSet::new();
    for kind in kinds {
        union.union_with(&raw(state, blasts, *kind));
    }
    union
}

/// Failures, the most telling first.
const FAILURES: [SetKind; 5] = [
    SetKind::FILTERED,
    SetKind::REJECTED,
    SetKind::EXPIRED,
    SetKind::UNDELIVERED,
    SetKind::FAILED,
];

/// The set of one name over some blasts.
pub(crate) fn set_of(state: &State, blasts: &[BlastId], name: SetName) -> IdSet {
    let all = |kinds: &[SetKind]| any_of(state, blasts, kinds);
    let delivered = || all(&[SetKind::DELIVERED, SetKind::READ]);
    let everybody = || all(&[SetKind::AUDIENCE, SetKind::SENT]);
    let minus = |mut set: IdSet, other: &IdSet| {
        set.subtract(other);
        set
    };
    let failed_final = || minus(all(&FAILURES), &delivered());
    match name {
        SetName::Raw(kind) => raw(state, blasts, kind),
        SetName::Sent => everybody(),
        SetName::Delivered => delivered(),
        SetName::Failure(kind) => {
            let stronger: Vec<SetKind> = FAILURES
                .into_iter()
                .take_while(|other| *other != kind)
                .collect();
            let set = minus(raw(state, blasts, kind), &all(&stronger));
            minus(set, &delivered())
        }
        SetName::FailedFinal(cause) => {
            let mut set = failed_final();
            if let Some(kind) = cause {
                set.intersect_with(&raw(state, blasts, kind));
            }
            set
        }
        SetName::Unknown => {
            let set = minus(raw(state, blasts, SetKind::UNKNOWN), &delivered());
            minus(set, &all(&FAILURES))
        }
        SetName::Pending => minus(minus(everybody(), &delivered()), &all(&FAILURES)),
        SetName::OptedOut => {
            let mut set = raw(state, blasts, SetKind::OPTED_OUT);
            set.intersect_with(state.consent.suppressed());
            set
        }
        SetName::Conflicted => {
            let mut set = delivered();
            set.intersect_with(&all(&FAILURES));
            set
        }
        SetName::FlowDropped => {
            let started = raw(state, blasts, SetKind::FLOW_STARTED);
            minus(started, &raw(state, blasts, SetKind::FLOW_COMPLETED))
        }
        SetName::NonResponders => {
            let quiet = minus(delivered(), &all(&[SetKind::REPLIED, SetKind::CLICKED]));
            minus(quiet, &set_of(state, blasts, SetName::OptedOut))
        }
    }
}

/// Evaluates an expression.
///
/// # Errors
/// `Unknown` for a campaign or blast nobody registered.
pub fn evaluate(state: &State, expr: &Expr) -> Result<IdSet, InputError> {
    match expr {
        Expr::Suppressed => Ok(state.consent.suppressed().clone()),
        Expr::Invalid => Ok(invalid::invalid(state)),
        Expr::Contacts => Ok(IdSet::below(
            u32::try_from(state.contacts.count()).unwrap_or(u32::MAX),
        )),
        Expr::Set(scope, name) => Ok(set_of(state, &blasts_of(state, scope)?, *name)),
        Expr::Chain(first, others) => {
            let mut set = evaluate(state, first)?;
            for (op, other) in others {
                let other = evaluate(state, other)?;
                match op {
                    Op::And => set.intersect_with(&other),
                    Op::Or => set.union_with(&other),
                    Op::Minus => set.subtract(&other),
                    Op::Xor => set.differ_with(&other),
                }
            }
            Ok(set)
        }
    }
}

/// The blasts that a scope names.
fn blasts_of(state: &State, scope: &Scope) -> Result<Vec<BlastId>, InputError> {
    let key = state.keys.campaign(&scope.campaign);
    let campaign = state
        .registry
        .campaign_id(key)
        .and_then(|id| state.registry.campaign(id));
    let Some(campaign) = campaign else {
        return Err(InputError::Unknown {
            what: "campaign",
            name: scope.campaign.clone(),
            hint: "Names are case-sensitive; quote those with other characters.".to_owned(),
        });
    };
    let has_tag = |id: &BlastId| {
        let blast = state.registry.blast(*id);
        scope.tags.iter().all(|(key, value)| {
            blast.is_some_and(|blast| blast.tags.iter().any(|(k, v)| k == key && v == value))
        })
    };
    let Some(name) = &scope.blast else {
        return Ok(campaign.blasts.iter().copied().filter(has_tag).collect());
    };
    match state
        .registry
        .blast_id(state.keys.blast(&scope.campaign, name))
    {
        Some(id) => Ok(std::iter::once(id).filter(has_tag).collect()),
        None => Err(InputError::Unknown {
            what: "blast",
            name: format!("{}/{name}", scope.campaign),
            hint: "Names are case-sensitive; quote those with other characters.".to_owned(),
        }),
    }
}

/// One page of a segment's numbers, ascending by id, after `after`.
pub fn numbers_page(
    state: &State,
    set: &IdSet,
    after: Option<ContactId>,
    count_max: usize,
) -> (Vec<Number>, Option<ContactId>) {
    let first = after.map_or(Some(0), |id| id.0.checked_add(1));
    let Some(first) = first else {
        return (Vec::new(), None);
    };
    let mut page = Vec::with_capacity(count_max.min(1 << 16));
    let mut last = None;
    for id in set.iter_from(first).take(count_max) {
        page.extend(state.contacts.number(id));
        last = Some(id);
    }
    let is_full = page.len() == count_max;
    (page, last.filter(|_| is_full))
}
