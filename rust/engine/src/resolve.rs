//! Who and which: the blast an event belongs to, by the stated rules. Read-only.
//!
//! 1. The message id, or our reference, is registered.
//! 2. The event names a blast (in the callback URL, or itself) and says its contact.
//! 3. It names a campaign, or has a sender: the newest blast in that scope that holds the
//!    contact and is not later than the event, within the window; failing that, the oldest
//!    later one within the early limit, since blasts are often registered after first texts.
//! 4. It waits.
//!
//! 1 and 2 are certain. 3 depends on what is registered, so it is asked again when more is.

use crate::event::{BlastId, ContactId, Provider};
use crate::ids::{IdForms, any_account, id_aliases, id_form};
use crate::limits::EARLY_MS_MAX;
use crate::loose::Entry;
use crate::sets::SetKind;
use crate::state::State;

/// Where an event belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Certain.
    Firm(BlastId, ContactId),
    /// By sender or campaign and contact.
    Likely(BlastId),
    /// Nowhere yet.
    Waits,
}

/// The registered message with this id. An id that was registered without an account is found
/// from any.
///
/// Where the provider writes one number in decimal and in hex, another form is taken only if it
/// belongs to the same contact: decimal 16 is hex 10, and both may be ids of their own.
pub fn find_message(
    state: &State,
    (provider, account): (Provider, &str),
    id: &str,
    contact: Option<ContactId>,
) -> Option<(BlastId, ContactId)> {
    if id.is_empty() {
        return None;
    }
    let forms = IdForms::of(provider, account);
    let any = any_account(provider, account);
    let form = id_form(forms, id);
    let number = contact.and_then(|contact| state.contacts.number(contact));
    let find = |id: &str| {
        let within = |account: &str| {
            state
                .messages
                .find(state.keys.message(provider, account, id, number))
        };
        within(account).or_else(|| if account == any { None } else { within(any) })
    };
    let is_theirs = |(_, owner): &(BlastId, ContactId)| contact == Some(*owner);
    find(&form).or_else(|| {
        let mut aliases = id_aliases(forms, &form);
        aliases.find_map(|alias| find(&alias).filter(is_theirs))
    })
}

/// Applies rules 2 and 3 to an entry (rule 1 is `find_message`).
pub fn route(state: &State, entry: &Entry) -> Route {
    let Some(contact) = entry.contact else {
        return Route::Waits;
    };
    if entry.blast != 0
        && let Some(blast) = state.registry.blast_id(entry.blast)
    {
        return Route::Firm(blast, contact);
    }
    match by_scope(state, entry, contact) {
        Some(blast) => Route::Likely(blast),
        None => Route::Waits,
    }
}

fn by_scope(state: &State, entry: &Entry, contact: ContactId) -> Option<BlastId> {
    let at_ms = entry.at_us.div_euclid(1_000);
    if entry.campaign != 0
        && let Some(campaign) = state.registry.campaign_id(entry.campaign)
    {
        let blasts = &state.registry.campaign(campaign)?.blasts;
        // The campaign was named, so no window applies.
        let found = choose(
            state,
            blasts.iter().copied(),
            contact,
            at_ms,
            i64::MAX,
            i64::MAX,
        );
        if found.is_some() {
            return found;
        }
    }
    if entry.sender == 0 {
        return None;
    }
    let blasts = state.registry.of_sender(entry.sender);
    // Sorted by time: what is too old or too far ahead is never looked at.
    let time = |id: &BlastId| {
        state
            .registry
            .blast(*id)
            .map_or(i64::MAX, |blast| blast.at_ms)
    };
    let first = blasts.partition_point(|id| time(id) < at_ms.saturating_sub(entry.window_ms));
    let last = blasts.partition_point(|id| time(id) <= at_ms.saturating_add(EARLY_MS_MAX));
    let near = blasts.get(first..last).unwrap_or_default();
    choose(
        state,
        near.iter().copied(),
        contact,
        at_ms,
        entry.window_ms,
        EARLY_MS_MAX,
    )
}

/// The newest blast at or before `at_ms` that holds the contact, else the oldest after it.
fn choose(
    state: &State,
    blasts: impl DoubleEndedIterator<Item = BlastId>,
    contact: ContactId,
    at_ms: i64,
    window_ms: i64,
    early_ms: i64,
) -> Option<BlastId> {
    let mut before: Option<((i64, u64), BlastId)> = None;
    let mut after: Option<((i64, u64), BlastId)> = None;
    for id in blasts.rev() {
        let Some(blast) = state.registry.blast(id) else {
            continue;
        };
        let order = (blast.at_ms, blast.key);
        let is_before = blast.at_ms <= at_ms;
        let distance = at_ms.saturating_sub(blast.at_ms).saturating_abs();
        let is_better = if is_before {
            distance <= window_ms && before.is_none_or(|(best, _)| order > best)
        } else {
            distance <= early_ms && after.is_none_or(|(best, _)| order < best)
        };
        if !is_better {
            continue;
        }
        let holds =
            blast.facts.has(SetKind::AUDIENCE, contact) || blast.facts.has(SetKind::SENT, contact);
        if holds {
            *if is_before { &mut before } else { &mut after } = Some((order, id));
        }
    }
    before.or(after).map(|(_, id)| id)
}
