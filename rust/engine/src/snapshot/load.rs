//! Chunks into state: the mirror of `save`. Total: any bytes give a state or an error.

use std::collections::BTreeMap;

use super::facts;
use super::manifest::Sizes;
use super::pace::{Job, Pace, all_of};
use super::part::Section;
use crate::codec::{CodecError, Reader};
use crate::decode::RejectCode;
use crate::event::{BlastId, CampaignId, ContactId, Number, Position, Provider};
use crate::idset::IdSet;
use crate::ledger::Fact;
use crate::limits::CONTACTS_COUNT_MAX;
use crate::loose::Entry;
use crate::messages::Message;
use crate::registry::{Blast, Campaign};
use crate::sets::{Counts, Facts, Mask, SetKind, Tally};
use crate::state::{State, WaitingSend};

/// Most room made before anything is read: a count is believed only once it is there.
const ROOM_COUNT_MAX: usize = 1 << 28;

pub(super) type Read<T> = Result<T, CodecError>;

pub(super) fn wrong<T>(reader: &Reader<'_>, expected: &'static str) -> Read<T> {
    Err(CodecError {
        byte: reader.at(),
        expected,
    })
}

/// Takes chunks in the order of their manifest; sections that grow must come in theirs.
#[derive(Debug)]
pub(super) struct Loader {
    state: State,
    numbers: Vec<u64>,
    messages: Vec<Message>,
    seen: Vec<u64>,
    blasts: Vec<(u32, Blast)>,
    loose: Vec<Entry>,
    facts: Vec<(Fact, Position)>,
    next: BTreeMap<Section, u64>,
}

impl Loader {
    /// Begins with an empty state.
    pub(super) fn new(state: State, sizes: &Sizes) -> Self {
        let room = |count: u64| usize::try_from(count).unwrap_or(0).min(ROOM_COUNT_MAX);
        Self {
            state,
            numbers: Vec::with_capacity(room(sizes.contacts)),
            messages: Vec::with_capacity(room(sizes.messages)),
            seen: Vec::with_capacity(room(sizes.seen)),
            blasts: Vec::new(),
            loose: Vec::new(),
            facts: Vec::new(),
            next: BTreeMap::new(),
        }
    }

    /// Takes one chunk.
    ///
    /// # Errors
    /// In words, what is wrong with it.
    pub(super) fn take(
        &mut self,
        section: Section,
        index: u64,
        payload: &[u8],
    ) -> Result<(), String> {
        let next = self.next.entry(section).or_default();
        if is_row(section) && *next != index {
            let name = section.name();
            return Err(format!(
                "chunk {index} of {name} stands where {next} belongs"
            ));
        }
        *next = index + 1;
        let reader = &mut Reader::new(payload);
        let outcome = self.read(section, reader, payload.len());
        let outcome = match outcome {
            Ok(()) if !reader.is_done() => wrong(reader, "the end"),
            other => other,
        };
        outcome.map_err(|error| {
            let (name, byte) = (section.name(), error.byte);
            format!(
                "chunk {index} of {name}, byte {byte}: expected {}",
                error.expected
            )
        })
    }

    fn read(&mut self, section: Section, reader: &mut Reader<'_>, bytes: usize) -> Read<()> {
        let state = &mut self.state;
        match section {
            Section::Traffic => traffic(reader, state)?,
            Section::Contacts => words(reader, bytes, |[number]| self.numbers.push(number))?,
            Section::Campaigns => {
                while !reader.is_done() {
                    state.registry.campaigns.push(campaign(reader)?);
                }
            }
            Section::Blasts => {
                while !reader.is_done() {
                    let id = reader.varint32()?;
                    self.blasts.push((id, blast(reader)?));
                }
            }
            Section::Messages => words(reader, bytes, |[key, place]| {
                self.messages.push(Message::of(key, place));
            })?,
            Section::Seen => words(reader, bytes, |[key]| self.seen.push(key))?,
            Section::WaitingSends => waiting_sends(reader, state)?,
            Section::Loose => {
                while !reader.is_done() {
                    self.loose.push(entry(reader)?);
                }
            }
            Section::Consent => facts::load_consent(reader, &mut self.facts)?,
            Section::Replies => facts::load_replies(reader, state)?,
            Section::Settings => facts::load_settings(reader, state)?,
            Section::DeadLetters => {
                while !reader.is_done() {
                    state.dead_letters.push(Position(reader.varint()?));
                }
            }
        }
        Ok(())
    }

    /// The state, when all chunks are in.
    ///
    /// # Errors
    /// In words, what does not fit.
    pub(super) fn finish(self, position: u64, sizes: &Sizes, pace: Pace) -> Result<State, String> {
        let Self {
            mut state,
            numbers,
            messages,
            seen,
            mut blasts,
            mut loose,
            mut facts,
            ..
        } = self;
        let found = Sizes {
            contacts: numbers.len() as u64,
            messages: messages.len() as u64,
            seen: seen.len() as u64,
        };
        if found != *sizes {
            return Err(format!("holds {found:?}, expected {sizes:?}"));
        }
        if numbers.len() > CONTACTS_COUNT_MAX {
            return Err("has more contacts than there are ids".to_owned());
        }
        state.position = Position(position);
        let State {
            contacts: of_contacts,
            messages: of_messages,
            seen: of_seen,
            ..
        } = &mut state;
        let tables: Vec<Job<'_>> = vec![
            Box::new(|| of_contacts.fill(numbers)),
            Box::new(|| of_messages.fill(messages)),
            Box::new(|| of_seen.fill(seen)),
        ];
        all_of(pace, tables);
        blasts.sort_unstable_by_key(|(id, _)| *id);
        for ((id, blast), place) in blasts.into_iter().zip(0_u32..) {
            if id != place {
                return Err(format!("has no blast {place}"));
            }
            state.registry.blasts.push(blast);
        }
        state.registry.index();
        loose.sort_by_key(|entry| entry.position);
        for entry in loose {
            state.loose.insert(entry);
        }
        // In order of the ledger: built so, its tree is filled from one side.
        facts.sort_unstable();
        for (fact, position) in facts {
            state.consent.hear(fact, position);
        }
        state.validate()?;
        Ok(state)
    }
}

/// Sections whose chunks are pieces of one row.
const fn is_row(section: Section) -> bool {
    matches!(
        section,
        Section::Contacts
            | Section::Campaigns
            | Section::Messages
            | Section::Seen
            | Section::Replies
            | Section::DeadLetters
    )
}

/// These many bytes, as groups of `N` little-endian words.
fn words<const N: usize>(
    reader: &mut Reader<'_>,
    bytes: usize,
    mut take: impl FnMut([u64; N]),
) -> Read<()> {
    let rest = reader.take(bytes)?;
    let mut groups = rest.chunks_exact(8 * N);
    for group in &mut groups {
        let mut words = [0; N];
        for (word, bytes) in words.iter_mut().zip(group.as_chunks().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        take(words);
    }
    if groups.remainder().is_empty() {
        Ok(())
    } else {
        wrong(reader, "words of 8 bytes")
    }
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
    while !reader.is_done() {
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
    state.newest_ms = reader.signed()?;
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
