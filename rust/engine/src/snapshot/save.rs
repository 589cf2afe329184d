//! State into chunks. A chunk holds a fixed range of its section, and sections that only grow are
//! in the order in which they grow: what did not change has the bytes it had.

use super::facts;
use super::part::{Chunk, Section};
use crate::codec::Writer;
use crate::error::StorageError;
use crate::event::{BlastId, ContactId};
use crate::loose::Entry;
use crate::registry::{Blast, Campaign};
use crate::sets::{Counts, Facts};
use crate::state::{State, WaitingSend};

/// Contacts, messages, keys, replies, facts of the ledger or dead letters in one chunk.
pub(super) const CHUNK_COUNT: usize = 65_536;
/// Campaigns in one chunk.
const CAMPAIGNS_COUNT: usize = 1_024;
/// Blasts whose small ones share a chunk.
const BLASTS_COUNT: usize = 64;
/// Bytes from which on a blast has a chunk of its own, and a chunk a part.
pub(super) const LARGE_BYTES: usize = 64 * 1024;

/// Takes chunks, in order of their sections.
pub(super) type Emit<'a> = dyn FnMut(Chunk) -> Result<(), StorageError> + 'a;

/// Gives one chunk for each `count` items, and none for no items.
pub(super) fn each<T>(
    section: Section,
    items: impl Iterator<Item = T>,
    count: usize,
    emit: &mut Emit<'_>,
    write: impl Fn(T, &mut Writer<'_>),
) -> Result<(), StorageError> {
    let mut items = items.peekable();
    let mut index = 0;
    while items.peek().is_some() {
        let mut payload = Vec::new();
        for item in items.by_ref().take(count) {
            write(item, &mut Writer(&mut payload));
        }
        emit(Chunk {
            section,
            index,
            payload,
        })?;
        index += 1;
    }
    Ok(())
}

/// Gives one chunk, or none where nothing is written.
pub(super) fn one(
    section: Section,
    index: u64,
    emit: &mut Emit<'_>,
    write: impl FnOnce(&mut Writer<'_>),
) -> Result<(), StorageError> {
    let mut payload = Vec::new();
    write(&mut Writer(&mut payload));
    if payload.is_empty() {
        return Ok(());
    }
    emit(Chunk {
        section,
        index,
        payload,
    })
}

pub(super) fn save(state: &State, emit: &mut Emit<'_>) -> Result<(), StorageError> {
    let numbers = state.contacts.numbers().iter();
    each(
        Section::Contacts,
        numbers,
        CHUNK_COUNT,
        emit,
        |number, out| {
            out.u64(*number);
        },
    )?;
    let campaigns = state.registry.campaigns.iter();
    each(
        Section::Campaigns,
        campaigns,
        CAMPAIGNS_COUNT,
        emit,
        campaign,
    )?;
    blasts(&state.registry.blasts, emit)?;
    let write = |(key, blast, contact): (u64, BlastId, ContactId), out: &mut Writer<'_>| {
        out.u64(key);
        out.u64(u64::from(blast.0) << 32 | u64::from(contact.0));
    };
    each(
        Section::Messages,
        state.messages.iter(),
        CHUNK_COUNT,
        emit,
        write,
    )?;
    let seen = state.seen.keys().iter();
    each(Section::Seen, seen, CHUNK_COUNT, emit, |key, out| {
        out.u64(*key);
    })?;
    one(Section::WaitingSends, 0, emit, |out| {
        waiting_sends(state, out);
    })?;
    loose(state, emit)?;
    facts::save(state, emit)?;
    let letters = state.dead_letters.iter();
    each(
        Section::DeadLetters,
        letters,
        CHUNK_COUNT,
        emit,
        |position, out| {
            out.varint(position.0);
        },
    )?;
    one(Section::Traffic, 0, emit, |out| traffic(state, out))
}

/// A large blast has a chunk of its own; the small ones of a range share one.
fn blasts(all: &[Blast], emit: &mut Emit<'_>) -> Result<(), StorageError> {
    let mut id = 0_u64;
    for (some, range) in all.chunks(BLASTS_COUNT).zip(0_u64..) {
        let mut small = Vec::new();
        for item in some {
            let mut payload = Vec::new();
            let mut out = Writer(&mut payload);
            out.varint(id);
            blast(item, &mut out);
            if payload.len() < LARGE_BYTES {
                small.extend_from_slice(&payload);
            } else {
                emit(Chunk {
                    section: Section::Blasts,
                    index: id,
                    payload,
                })?;
            }
            id += 1;
        }
        one(Section::Blasts, range, emit, |out| {
            out.0.extend_from_slice(&small);
        })?;
    }
    Ok(())
}

/// By ranges of positions in the log: entries leave the row, and a count would shift the rest.
fn loose(state: &State, emit: &mut Emit<'_>) -> Result<(), StorageError> {
    let range = |position: u64| position / CHUNK_COUNT as u64;
    let mut entries = state.loose.iter().peekable();
    while let Some(first) = entries.peek() {
        let index = range(first.position);
        one(Section::Loose, index, emit, |out| {
            while let Some(item) = entries.next_if(|item| range(item.position) == index) {
                entry(&item, out);
            }
        })?;
    }
    Ok(())
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
    out.signed(state.newest_ms);
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
