//! The ledger of consent, the places of replies, and the settings: into bytes and back.

use super::load::{Read, wrong};
use super::part::Section;
use super::save::{CHUNK_COUNT, Emit, each, one};
use crate::codec::Reader;
use crate::error::StorageError;
use crate::event::{ContactId, Grade, Labels, Position, Trust};
use crate::ledger::{Fact, How};
use crate::replies::ReplyAt;
use crate::state::State;

pub(super) fn save(state: &State, emit: &mut Emit<'_>) -> Result<(), StorageError> {
    // In order of the log, so that what comes later stands behind.
    let mut facts: Vec<(&Fact, Position)> = state.consent.facts().collect();
    facts.sort_unstable_by_key(|(fact, position)| (*position, **fact));
    each(
        Section::Consent,
        facts.into_iter(),
        CHUNK_COUNT,
        emit,
        |(fact, position), out| {
            out.varint(u64::from(fact.contact.0));
            out.signed(fact.at_us);
            out.u8(u8::from(fact.is_out));
            for code in [fact.how.code(), fact.trust.code(), fact.grade.code()] {
                out.u8(code);
            }
            out.u64(fact.sender);
            out.u64(fact.key);
            out.varint(position.0);
        },
    )?;
    let replies = state.replies.after(Position(0)).iter();
    each(
        Section::Replies,
        replies,
        CHUNK_COUNT,
        emit,
        |reply, out| {
            out.varint(reply.position.0);
            out.varint(u64::from(reply.contact.0));
            out.varint(u64::from(reply.labels.0));
        },
    )?;
    settings(state, emit)
}

/// A chunk for each campaign's.
fn settings(state: &State, emit: &mut Emit<'_>) -> Result<(), StorageError> {
    let mut all = state.settings.iter().peekable();
    let mut index = 0;
    while let Some(((owner, _), _)) = all.peek().copied() {
        one(Section::Settings, index, emit, |out| {
            while let Some(((campaign, name), (at_ms, value))) =
                all.next_if(|((campaign, _), _)| campaign == owner)
            {
                out.text(campaign);
                out.text(name);
                out.signed(*at_ms);
                out.text(value);
            }
        })?;
        index += 1;
    }
    Ok(())
}

pub(super) fn load_consent(reader: &mut Reader<'_>, facts: &mut Vec<(Fact, Position)>) -> Read<()> {
    while !reader.is_done() {
        let fact = fact(reader)?;
        facts.push((fact, Position(reader.varint()?)));
    }
    Ok(())
}

pub(super) fn load_replies(reader: &mut Reader<'_>, state: &mut State) -> Read<()> {
    while !reader.is_done() {
        let position = Position(reader.varint()?);
        let contact = ContactId(reader.varint32()?);
        let Ok(labels) = u16::try_from(reader.varint()?) else {
            return wrong(reader, "labels of 16 bits");
        };
        let labels = Labels(labels);
        state.replies.push(ReplyAt {
            position,
            contact,
            labels,
        });
    }
    Ok(())
}

pub(super) fn load_settings(reader: &mut Reader<'_>, state: &mut State) -> Read<()> {
    while !reader.is_done() {
        let (campaign, name) = (reader.text()?, reader.text()?);
        let at_ms = reader.signed()?;
        state.settings.hear(campaign, name, at_ms, reader.text()?);
    }
    Ok(())
}

fn fact(reader: &mut Reader<'_>) -> Read<Fact> {
    let (contact, at_us) = (ContactId(reader.varint32()?), reader.signed()?);
    let is_out = reader.u8()? != 0;
    let codes = (reader.u8()?, reader.u8()?, reader.u8()?);
    let named = (
        How::from_code(codes.0),
        Trust::from_code(codes.1),
        Grade::from_code(codes.2),
    );
    let (Some(how), Some(trust), Some(grade)) = named else {
        return wrong(reader, "how, trust and grade of a fact");
    };
    Ok(Fact {
        contact,
        at_us,
        is_out,
        how,
        trust,
        grade,
        sender: reader.u64()?,
        key: reader.u64()?,
    })
}
