//! Bytes into state: the mirror of `save`. Total: any bytes give a state or an error.

use super::facts;
use crate::codec::{CodecError, Reader};
use crate::decode::RejectCode;
use crate::event::{BlastId, CampaignId, ContactId, Number, Position, Provider};
use crate::idset::IdSet;
use crate::loose::Entry;
use crate::registry::{Blast, Campaign};
use crate::sets::{Counts, Facts, Mask, SetKind, Tally};
use crate::state::{State, WaitingSend};

pub(super) type Read<T> = Result<T, CodecError>;

pub(super) fn wrong<T>(reader: &Reader<'_>, expected: &'static str) -> Read<T> {
    Err(CodecError {
        byte: reader.at(),
        expected,
    })
}

pub(super) fn load(bytes: &[u8], state: &mut State) -> Read<()> {
    let reader = &mut Reader::new(bytes);
    state.position = Position(reader.varint()?);
    state.newest_ms = reader.signed()?;
    let count = reader.varint()?;
    state.contacts.reserve(room(count, bytes.len(), 8));
    for _ in 0..count {
        let number = Number(reader.u64()?);
        if state.contacts.intern(number).is_none() {
            return wrong(reader, "a contact that fits");
        }
    }
    for _ in 0..reader.varint()? {
        let item = campaign(reader)?;
        state.registry.campaigns.push(item);
    }
    for _ in 0..reader.varint()? {
        let item = blast(reader)?;
        state.registry.blasts.push(item);
    }
    state.registry.index();
    let count = reader.varint()?;
    state.messages.reserve(room(count, bytes.len(), 10));
    for _ in 0..count {
        let (key, blast, contact) = (reader.u64()?, reader.varint32()?, reader.varint32()?);
        state
            .messages
            .register(key, BlastId(blast), ContactId(contact));
    }
    waiting_sends(reader, state)?;
    for _ in 0..reader.varint()? {
        let item = entry(reader)?;
        state.loose.insert(item);
    }
    let count = reader.varint()?;
    state.seen.reserve(room(count, bytes.len(), 8));
    for _ in 0..count {
        state.seen.insert(reader.u64()?);
    }
    facts::load(reader, state)?;
    traffic(reader, state)?;
    for _ in 0..reader.varint()? {
        state.dead_letters.push(Position(reader.varint()?));
    }
    if reader.is_done() {
        Ok(())
    } else {
        wrong(reader, "the end")
    }
}

/// Room to make for a count that might be false: never more than the bytes could hold.
fn room(count: u64, bytes: usize, bytes_each: usize) -> usize {
    usize::try_from(count)
        .unwrap_or(usize::MAX)
        .min(bytes / bytes_each)
}

fn campaign(reader: &mut Reader<'_>) -> Read<Campaign> {
    let mut campaign = Campaign {
        name: reader.text()?.to_owned(),
        key: reader.u64()?,
        cost_micros: reader.maybe_signed()?,
        currency: reader.maybe_text()?.map(str::to_owned),
        closes_at_ms: reader.maybe_signed()?,
        goal: reader.maybe_text()?.map(str::to_owned),
        blasts: Vec::new(),
    };
    for _ in 0..reader.varint()? {
        campaign.blasts.push(BlastId(reader.varint32()?));
    }
    Ok(campaign)
}

fn blast(reader: &mut Reader<'_>) -> Read<Blast> {
    let mut blast = Blast {
        campaign: CampaignId(reader.varint32()?),
        name: reader.text()?.to_owned(),
        key: reader.u64()?,
        sender: reader.maybe_text()?.map(str::to_owned),
        sender_key: reader.u64()?,
        at_ms: reader.signed()?,
        tags: Vec::new(),
        facts: Facts::default(),
        loose_facts: Facts::default(),
    };
    for _ in 0..reader.varint()? {
        blast
            .tags
            .push((reader.text()?.to_owned(), reader.text()?.to_owned()));
    }
    blast.facts = facts(reader)?;
    blast.loose_facts = facts(reader)?;
    Ok(blast)
}

fn facts(reader: &mut Reader<'_>) -> Read<Facts> {
    let mut facts = Facts::default();
    for _ in 0..reader.varint()? {
        let Some(kind) = SetKind::from_number(reader.u8()?) else {
            return wrong(reader, "a set's number below 64");
        };
        let Some(set) = IdSet::deserialize(reader.bytes()?) else {
            return wrong(reader, "a portable roaring bitmap");
        };
        facts.put(kind, set);
    }
    facts.counts = counts(reader)?;
    Ok(facts)
}

fn counts(reader: &mut Reader<'_>) -> Read<Counts> {
    let mut counts = Counts {
        replies: reader.signed()?,
        clicks: reader.signed()?,
        conversions: reader.signed()?,
        revenue: Vec::new(),
    };
    for _ in 0..reader.varint()? {
        counts
            .revenue
            .push((reader.text()?.to_owned(), reader.signed()?));
    }
    Ok(counts)
}

fn provider(reader: &mut Reader<'_>) -> Read<Provider> {
    let code = reader.u8()?;
    Provider::from_code(code).map_or_else(|| wrong(reader, "a provider's code"), Ok)
}

fn waiting_sends(reader: &mut Reader<'_>, state: &mut State) -> Read<()> {
    for _ in 0..reader.varint()? {
        let blast = reader.u64()?;
        for _ in 0..reader.varint()? {
            let send = WaitingSend {
                provider: provider(reader)?,
                account: reader.text()?.to_owned(),
                id: reader.text()?.to_owned(),
                number: Number(reader.varint()?),
            };
            let waiting = state.waiting_sends.entry(blast).or_default();
            state.sends_waiting += usize::from(waiting.insert(send));
        }
    }
    Ok(())
}

fn small(reader: &mut Reader<'_>) -> Read<Option<u32>> {
    match reader.maybe_signed()?.map(u32::try_from) {
        None => Ok(None),
        Some(Ok(value)) => Ok(Some(value)),
        Some(Err(_)) => wrong(reader, "an id of 32 bits"),
    }
}

fn tally(reader: &mut Reader<'_>) -> Read<Tally> {
    let (replies, clicks, conversions) = (reader.signed()?, reader.signed()?, reader.signed()?);
    let currency = reader.maybe_text()?.map(str::to_owned);
    let value = reader.maybe_signed()?.zip(currency);
    Ok(Tally {
        replies,
        clicks,
        conversions,
        value,
    })
}

fn entry(reader: &mut Reader<'_>) -> Read<Entry> {
    let mask = Mask(reader.u64()?);
    let tally = if reader.u8()? == 0 {
        None
    } else {
        Some(Box::new(tally(reader)?))
    };
    Ok(Entry {
        mask,
        tally,
        message: reader.u64()?,
        reference: reader.u64()?,
        without_account: [reader.u64()?, reader.u64()?],
        blast: reader.u64()?,
        campaign: reader.u64()?,
        sender: reader.u64()?,
        contact: small(reader)?.map(ContactId),
        at_us: reader.signed()?,
        received_ms: reader.signed()?,
        position: reader.varint()?,
        window_ms: reader.signed()?,
        is_proof_of_send: reader.u8()? != 0,
        counted_in: small(reader)?.map(BlastId),
    })
}

fn traffic(reader: &mut Reader<'_>, state: &mut State) -> Read<()> {
    let traffic = &mut state.traffic;
    traffic.events = reader.varint()?;
    traffic.duplicates = reader.varint()?;
    traffic.id_conflicts = reader.varint()?;
    traffic.orphans = reader.varint()?;
    traffic.unattributed = reader.varint()?;
    traffic.unknown_states = reader.varint()?;
    for _ in 0..reader.varint()? {
        let code = reader.u8()?;
        let Some(code) = RejectCode::from_code(code) else {
            return wrong(reader, "a reject code");
        };
        let count = reader.varint()?;
        traffic.rejects.insert(code, count);
    }
    Ok(())
}
