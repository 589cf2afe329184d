//! Records of consent, settings, relabelling and settled letters, into bytes and back: kinds 10
//! to 13.

use super::{
    CodecError, ConsentRecord, LedgerRecord, Reader, RelabelRecord, SettingRecord, SettledRecord,
    Writer,
};
use crate::event::{Grade, Labels, Number, Position, Trust};
use crate::ledger::How;

type Read<T> = Result<T, CodecError>;

pub(super) fn write_ledger(writer: &mut Writer<'_>, record: &LedgerRecord<'_>) {
    writer.u8(10);
    writer.varint(record.number.0);
    writer.u8(record.how.code());
    writer.u8(u8::from(record.opted_in));
    writer.signed(record.at_us);
    writer.u8(record.trust.code());
    writer.u8(record.grade.code());
    writer.u64(record.subject);
    for text in [record.sender, record.source, record.wording, record.rules] {
        writer.text(text);
    }
}

pub(super) fn read_consent<'a>(reader: &mut Reader<'a>) -> Read<ConsentRecord<'a>> {
    Ok(ConsentRecord {
        number: Number(reader.varint()?),
        opted_in: reader.flag()?,
        at_ms: reader.signed()?,
        reason: reader.text()?,
    })
}

pub(super) fn read_ledger<'a>(reader: &mut Reader<'a>) -> Read<LedgerRecord<'a>> {
    Ok(LedgerRecord {
        number: Number(reader.varint()?),
        how: reader.named(How::from_code, "a way consent is known")?,
        opted_in: reader.flag()?,
        at_us: reader.signed()?,
        trust: reader.named(Trust::from_code, "a level of trust")?,
        grade: reader.named(Grade::from_code, "a grade")?,
        subject: reader.u64()?,
        sender: reader.text()?,
        source: reader.text()?,
        wording: reader.text()?,
        rules: reader.text()?,
    })
}

pub(super) fn write_setting(writer: &mut Writer<'_>, record: &SettingRecord<'_>) {
    writer.u8(11);
    writer.text(record.campaign);
    writer.text(record.name);
    writer.text(record.value);
    writer.signed(record.at_ms);
}

pub(super) fn read_setting<'a>(reader: &mut Reader<'a>) -> Read<SettingRecord<'a>> {
    Ok(SettingRecord {
        campaign: reader.text()?,
        name: reader.text()?,
        value: reader.text()?,
        at_ms: reader.signed()?,
    })
}

pub(super) fn write_relabel(writer: &mut Writer<'_>, record: &RelabelRecord<'_>) {
    writer.u8(12);
    writer.varint(record.reply.0);
    writer.varint(record.number.0);
    writer.varint(u64::from(record.labels.0));
    writer.u64(record.blast);
    writer.varint(u64::from(record.merged.0));
    writer.varint(record.as_of.0);
    writer.u8(u8::from(record.opts_out));
    writer.signed(record.at_us);
    writer.text(record.sender);
    writer.text(record.rules);
}

pub(super) fn read_relabel<'a>(reader: &mut Reader<'a>) -> Read<RelabelRecord<'a>> {
    Ok(RelabelRecord {
        reply: Position(reader.varint()?),
        number: Number(reader.varint()?),
        labels: labels(reader)?,
        blast: reader.u64()?,
        merged: labels(reader)?,
        as_of: Position(reader.varint()?),
        opts_out: reader.flag()?,
        at_us: reader.signed()?,
        sender: reader.text()?,
        rules: reader.text()?,
    })
}

fn labels(reader: &mut Reader<'_>) -> Read<Labels> {
    let at = reader.at();
    u16::try_from(reader.varint()?)
        .map(Labels)
        .map_err(|_| CodecError {
            byte: at,
            expected: "labels of 16 bits",
        })
}

pub(super) fn write_settled(writer: &mut Writer<'_>, record: &SettledRecord) {
    writer.u8(13);
    writer.varint(record.letters.len() as u64);
    let mut last = 0;
    for letter in &record.letters {
        writer.varint(letter.0 - last);
        last = letter.0;
    }
}

pub(super) fn read_settled(reader: &mut Reader<'_>) -> Read<SettledRecord> {
    let mut record = SettledRecord::default();
    let mut last = 0_u64;
    for _ in 0..reader.varint()? {
        let next = last.checked_add(reader.varint()?);
        let Some(next) = next.filter(|next| *next > last) else {
            return reader.fail("positions that ascend");
        };
        record.letters.push(Position(next));
        last = next;
    }
    Ok(record)
}
