//! The ledger of consent, the places of replies, and the settings: into bytes and back.

use super::load::{Read, wrong};
use crate::codec::{Reader, Writer};
use crate::event::{ContactId, Grade, Labels, Position, Trust};
use crate::ledger::{Fact, How};
use crate::replies::ReplyAt;
use crate::state::State;

pub(super) fn save(state: &State, out: &mut Writer<'_>) {
    out.varint(state.consent.count() as u64);
    for (fact, position) in state.consent.facts() {
        out.varint(u64::from(fact.contact.0));
        out.signed(fact.at_us);
        out.u8(u8::from(fact.is_out));
        for code in [fact.how.code(), fact.trust.code(), fact.grade.code()] {
            out.u8(code);
        }
        out.u64(fact.sender);
        out.u64(fact.key);
        out.varint(position.0);
    }
    out.varint(state.replies.count() as u64);
    for reply in state.replies.iter() {
        out.varint(reply.position.0);
        out.varint(u64::from(reply.contact.0));
        out.varint(u64::from(reply.labels.0));
    }
    out.varint(state.settings.iter().count() as u64);
    for ((campaign, name), (at_ms, value)) in state.settings.iter() {
        out.text(campaign);
        out.text(name);
        out.signed(*at_ms);
        out.text(value);
    }
}

pub(super) fn load(reader: &mut Reader<'_>, state: &mut State) -> Read<()> {
    for _ in 0..reader.varint()? {
        let fact = fact(reader)?;
        let position = Position(reader.varint()?);
        state.consent.hear(fact, position);
    }
    for _ in 0..reader.varint()? {
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
    for _ in 0..reader.varint()? {
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
