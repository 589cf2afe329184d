//! State into bytes, section after section, each with its count before it.

use super::facts;
use crate::codec::Writer;
use crate::loose::Entry;
use crate::registry::{Blast, Campaign};
use crate::sets::{Counts, Facts};
use crate::state::{State, WaitingSend};

pub(super) fn save(state: &State, out: &mut Writer<'_>) {
    out.varint(state.position.0);
    out.signed(state.newest_ms);
    out.varint(state.contacts.count() as u64);
    for number in state.contacts.numbers() {
        out.u64(*number);
    }
    out.varint(state.registry.campaigns.len() as u64);
    for item in &state.registry.campaigns {
        campaign(item, out);
    }
    out.varint(state.registry.blasts.len() as u64);
    for item in &state.registry.blasts {
        blast(item, out);
    }
    out.varint(state.messages.count() as u64);
    for (key, blast, contact) in state.messages.iter() {
        out.u64(key);
        out.varint(u64::from(blast.0));
        out.varint(u64::from(contact.0));
    }
    waiting_sends(state, out);
    out.varint(state.loose.count() as u64);
    for item in state.loose.iter() {
        entry(&item, out);
    }
    // Sorted, so that equal states have equal bytes.
    let mut seen: Vec<u64> = state.seen.iter().copied().collect();
    seen.sort_unstable();
    out.varint(seen.len() as u64);
    for key in seen {
        out.u64(key);
    }
    facts::save(state, out);
    traffic(state, out);
    out.varint(state.dead_letters.len() as u64);
    for position in &state.dead_letters {
        out.varint(position.0);
    }
}

fn campaign(campaign: &Campaign, out: &mut Writer<'_>) {
    out.text(&campaign.name);
    out.u64(campaign.key);
    out.maybe_signed(campaign.cost_micros);
    out.maybe_text(campaign.currency.as_deref());
    out.maybe_signed(campaign.closes_at_ms);
    out.maybe_text(campaign.goal.as_deref());
    out.varint(campaign.blasts.len() as u64);
    for blast in &campaign.blasts {
        out.varint(u64::from(blast.0));
    }
}

fn blast(blast: &Blast, out: &mut Writer<'_>) {
    out.varint(u64::from(blast.campaign.0));
    out.text(&blast.name);
    out.u64(blast.key);
    out.maybe_text(blast.sender.as_deref());
    out.u64(blast.sender_key);
    out.signed(blast.at_ms);
    out.varint(blast.tags.len() as u64);
    for (key, value) in &blast.tags {
        out.text(key);
        out.text(value);
    }
    facts(&blast.facts, out);
    facts(&blast.loose_facts, out);
}

fn facts(facts: &Facts, out: &mut Writer<'_>) {
    let sets: Vec<_> = facts.iter().filter(|(_, set)| !set.is_empty()).collect();
    out.varint(sets.len() as u64);
    let mut bytes = Vec::new();
    for (kind, set) in sets {
        out.u8(kind.number());
        bytes.clear();
        set.serialize_into(&mut bytes);
        out.bytes(&bytes);
    }
    counts(&facts.counts, out);
}

fn counts(counts: &Counts, out: &mut Writer<'_>) {
    out.signed(counts.replies);
    out.signed(counts.clicks);
    out.signed(counts.conversions);
    out.varint(counts.revenue.len() as u64);
    for (currency, micros) in &counts.revenue {
        out.text(currency);
        out.signed(*micros);
    }
}

fn waiting_sends(state: &State, out: &mut Writer<'_>) {
    let mut waiting: Vec<_> = state.waiting_sends.iter().collect();
    waiting.sort_unstable();
    out.varint(waiting.len() as u64);
    for (blast, sends) in waiting {
        out.u64(*blast);
        out.varint(sends.len() as u64);
        for WaitingSend {
            provider,
            account,
            id,
            number,
        } in sends
        {
            out.u8(provider.code());
            out.text(account);
            out.text(id);
            out.varint(number.0);
        }
    }
}

fn entry(entry: &Entry, out: &mut Writer<'_>) {
    out.u64(entry.mask.0);
    out.u8(u8::from(entry.tally.is_some()));
    if let Some(tally) = &entry.tally {
        out.signed(tally.replies);
        out.signed(tally.clicks);
        out.signed(tally.conversions);
        out.maybe_text(tally.value.as_ref().map(|(_, currency)| currency.as_str()));
        out.maybe_signed(tally.value.as_ref().map(|(micros, _)| *micros));
    }
    let [message, reference] = entry.without_account;
    for key in [entry.message, entry.reference, message, reference] {
        out.u64(key);
    }
    for key in [entry.blast, entry.campaign, entry.sender] {
        out.u64(key);
    }
    out.maybe_signed(entry.contact.map(|contact| i64::from(contact.0)));
    out.signed(entry.at_us);
    out.signed(entry.received_ms);
    out.varint(entry.position);
    out.signed(entry.window_ms);
    out.u8(u8::from(entry.is_proof_of_send));
    out.maybe_signed(entry.counted_in.map(|blast| i64::from(blast.0)));
}

fn traffic(state: &State, out: &mut Writer<'_>) {
    let traffic = &state.traffic;
    for value in [
        traffic.events,
        traffic.duplicates,
        traffic.id_conflicts,
        traffic.orphans,
        traffic.unattributed,
        traffic.unknown_states,
    ] {
        out.varint(value);
    }
    out.varint(traffic.rejects.len() as u64);
    for (code, count) in &traffic.rejects {
        out.u8(code.code());
        out.varint(*count);
    }
}
