//! One campaign's figures, all read at one moment, as JSON for the layer that writes for people.

use serde_json::{Map, Value, json};

use super::{SETS, SetName, set_of};
use crate::error::InputError;
use crate::event::{BlastId, ErrorClass, Label};
use crate::sets::{Counts, SetKind};
use crate::state::State;

fn set_counts(state: &State, blasts: &[BlastId]) -> Value {
    let counts = SETS.iter().map(|(word, name)| {
        (
            (*word).to_owned(),
            Value::from(set_of(state, blasts, *name).count()),
        )
    });
    Value::Object(counts.collect::<Map<_, _>>())
}

fn counts_of(state: &State, blasts: &[BlastId]) -> Counts {
    let mut sum = Counts::default();
    for blast in blasts.iter().filter_map(|id| state.registry.blast(*id)) {
        sum.merge(&blast.facts.counts);
        sum.merge(&blast.loose_facts.counts);
    }
    sum
}

fn labels(state: &State, blasts: &[BlastId]) -> Value {
    let rows = Label::ALL.iter().map(|label| {
        let set = set_of(state, blasts, SetName::Raw(SetKind::label(*label)));
        (label.name().to_owned(), json!({ "contacts": set.count() }))
    });
    Value::Object(rows.collect())
}

fn causes(state: &State, blasts: &[BlastId]) -> Value {
    let rows = ErrorClass::ALL.iter().map(|class| {
        let name = SetName::FailedFinal(Some(SetKind::cause(*class)));
        (
            class.name().to_owned(),
            Value::from(set_of(state, blasts, name).count()),
        )
    });
    Value::Object(rows.collect())
}

fn blast_row(state: &State, id: BlastId) -> Value {
    let Some(blast) = state.registry.blast(id) else {
        return Value::Null;
    };
    let tags: Map<_, _> = blast
        .tags
        .iter()
        .map(|(key, value)| (key.clone(), Value::from(value.as_str())))
        .collect();
    let counts = counts_of(state, &[id]);
    json!({
        "name": blast.name,
        "sender": blast.sender,
        "at_ms": blast.at_ms,
        "tags": tags,
        "sets": set_counts(state, &[id]),
        "reply_messages": counts.replies,
        "clicks": counts.clicks,
    })
}

/// Counters of the directory.
pub fn directory(state: &State) -> Value {
    let rejects: Map<_, _> = state
        .traffic
        .rejects
        .iter()
        .map(|(code, count)| (code.word().to_owned(), Value::from(*count)))
        .collect();
    json!({
        "position": state.position.0,
        "contacts": state.contacts.count(),
        "campaigns": state.registry.campaigns.len(),
        "blasts": state.registry.blasts.len(),
        "messages": state.messages.count(),
        "suppressed": state.consent.suppressed().count(),
        "events": state.traffic.events,
        "duplicates": state.traffic.duplicates,
        "id_conflicts": state.traffic.id_conflicts,
        "unknown_states": state.traffic.unknown_states,
        "parked": state.loose.parked(),
        "sends_waiting": state.sends_waiting,
        "orphans": state.traffic.orphans,
        "unattributed_replies": state.traffic.unattributed,
        "dead_letters": state.traffic.rejects.values().sum::<u64>(),
        "dead_letters_open": state.dead_letters.len(),
        "rejects": rejects,
    })
}

/// The report of a campaign.
///
/// # Errors
/// `Unknown` when nobody registered it.
pub fn report(state: &State, name: &str) -> Result<Value, InputError> {
    let id = state.registry.campaign_id(state.keys.campaign(name));
    let Some(campaign) = id.and_then(|id| state.registry.campaign(id)) else {
        return Err(InputError::Unknown {
            what: "campaign",
            name: name.to_owned(),
            hint: "Names are case-sensitive.".to_owned(),
        });
    };
    let blasts = campaign.blasts.as_slice();
    let counts = counts_of(state, blasts);
    let revenue: Map<_, _> = counts
        .revenue
        .iter()
        .map(|(currency, micros)| (currency.clone(), Value::from(*micros)))
        .collect();
    let rows: Vec<Value> = blasts.iter().map(|id| blast_row(state, *id)).collect();
    Ok(json!({
        "campaign": campaign.name,
        "position": state.position.0,
        "cost_micros": campaign.cost_micros,
        "currency": campaign.currency,
        "closes_at_ms": campaign.closes_at_ms,
        "goal": campaign.goal,
        "sets": set_counts(state, blasts),
        "replies": labels(state, blasts),
        "reply_messages": counts.replies,
        "causes": causes(state, blasts),
        "clicks": counts.clicks,
        "conversions": counts.conversions,
        "revenue_micros": revenue,
        "blasts": rows,
        "directory": directory(state),
        "windows": {
            "attribution_ms": state.windows.attribution_ms,
            "receipt_ms": state.windows.receipt_ms,
        },
    }))
}
