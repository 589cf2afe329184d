//! Bytes into records. Total: any bytes give a record or an error, never a panic.

use std::borrow::Cow;

use super::facts;
use super::writer::present;
use super::{
    AudienceRecord, BlastRecord, CampaignRecord, CodecError, DeadLetterRecord, EventRecord,
    LikelyRecord, ReceiptRecord, Record, SentRecord, believed_state,
};
use crate::decode::{Reject, RejectCode};
use crate::event::{BlastId, ContactId, ErrorClass, Kind, Labels, Number, Provider, State, Trust};

/// Takes little primitives off the front of a buffer.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

type Read<T> = Result<T, CodecError>;

impl<'a> Reader<'a> {
    /// Reads from the start of these bytes.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Whether all is read.
    pub const fn is_done(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Where it is.
    pub const fn at(&self) -> usize {
        self.at
    }

    pub(super) fn fail<T>(&self, expected: &'static str) -> Read<T> {
        Err(CodecError {
            byte: self.at,
            expected,
        })
    }

    /// These many bytes.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn take(&mut self, count: usize) -> Read<&'a [u8]> {
        let end = self.at.checked_add(count);
        match end.and_then(|end| self.bytes.get(self.at..end)) {
            Some(taken) => {
                self.at += count;
                Ok(taken)
            }
            None => self.fail("more bytes"),
        }
    }

    /// One byte.
    ///
    /// # Errors
    /// When none is left.
    pub fn u8(&mut self) -> Read<u8> {
        self.take(1)
            .map(|bytes| bytes.first().copied().unwrap_or_default())
    }

    /// Eight bytes, little-endian.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn u64(&mut self) -> Read<u64> {
        let bytes = self.take(8)?;
        Ok(<[u8; 8]>::try_from(bytes).map_or(0, u64::from_le_bytes))
    }

    /// See `Writer::varint`.
    ///
    /// # Errors
    /// When it does not end, or is over 64 bits.
    pub fn varint(&mut self) -> Read<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7F);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        self.fail("a number of at most 64 bits")
    }

    /// A varint that fits 32 bits.
    ///
    /// # Errors
    /// When it does not.
    pub fn varint32(&mut self) -> Read<u32> {
        let value = self.varint()?;
        u32::try_from(value).or_else(|_| self.fail("a number of at most 32 bits"))
    }

    /// See `Writer::signed`.
    ///
    /// # Errors
    /// As `varint`.
    pub fn signed(&mut self) -> Read<i64> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -((value & 1).cast_signed()))
    }

    /// A length and that many bytes.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn bytes(&mut self) -> Read<&'a [u8]> {
        let length = self.varint()?;
        match usize::try_from(length) {
            Ok(length) => self.take(length),
            Err(_) => self.fail("a length"),
        }
    }

    /// A length and UTF-8.
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub fn text(&mut self) -> Read<&'a str> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).or_else(|_| self.fail("UTF-8"))
    }

    pub(super) fn flag(&mut self) -> Read<bool> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => self.fail("0 or 1"),
        }
    }

    /// See `Writer::maybe_signed`.
    ///
    /// # Errors
    /// When the presence byte is neither 0 nor 1.
    pub fn maybe_signed(&mut self) -> Read<Option<i64>> {
        if self.flag()? {
            self.signed().map(Some)
        } else {
            Ok(None)
        }
    }

    /// See `Writer::maybe_text`.
    ///
    /// # Errors
    /// When the presence byte is neither 0 nor 1.
    pub fn maybe_text(&mut self) -> Read<Option<&'a str>> {
        if self.flag()? {
            self.text().map(Some)
        } else {
            Ok(None)
        }
    }

    pub(super) fn named<T>(
        &mut self,
        find: fn(u8) -> Option<T>,
        expected: &'static str,
    ) -> Read<T> {
        let code = self.u8()?;
        find(code).map_or_else(|| self.fail(expected), Ok)
    }

    fn provider(&mut self) -> Read<Provider> {
        self.named(Provider::from_code, "a provider's code")
    }

    fn class(&mut self) -> Read<Option<ErrorClass>> {
        match self.u8()? {
            0 => Ok(None),
            code => ErrorClass::from_code(code)
                .map_or_else(|| self.fail("an error class"), |class| Ok(Some(class))),
        }
    }
}

/// Reads one record.
///
/// # Errors
/// When the bytes are not one.
pub fn decode_record<'a>(reader: &mut Reader<'a>) -> Read<Record<'a>> {
    match reader.u8()? {
        1 => campaign(reader).map(Record::Campaign),
        2 => blast(reader).map(Record::Blast),
        3 => audience(reader).map(Record::Audience),
        4 => sent(reader).map(Record::Sent),
        5 => receipt(reader).map(Record::Receipt),
        6 => event(reader).map(|event| Record::Event(Box::new(event))),
        7 => dead_letter(reader).map(Record::DeadLetter),
        8 => facts::read_consent(reader).map(Record::Consent),
        9 => likely(reader).map(Record::Likely),
        10 => facts::read_ledger(reader).map(Record::Ledger),
        11 => facts::read_setting(reader).map(Record::Setting),
        12 => facts::read_relabel(reader).map(Record::Relabel),
        13 => facts::read_settled(reader).map(Record::Settled),
        _ => reader.fail("a record kind from 1 to 13"),
    }
}

/// Reads one record that is known to be an event, without putting it on the heap.
///
/// # Errors
/// When the bytes are not one.
pub fn decode_event<'a>(reader: &mut Reader<'a>) -> Read<EventRecord<'a>> {
    match reader.u8()? {
        6 => event(reader),
        _ => reader.fail("an event record"),
    }
}

fn likely<'a>(reader: &mut Reader<'a>) -> Read<LikelyRecord<'a>> {
    let provider = reader.provider()?;
    let (account, message_id) = (reader.text()?, reader.text()?);
    let mut messages = [0; 2];
    if !message_id.is_empty() {
        messages = [
            reader.u64()?,
            if account.is_empty() { 0 } else { reader.u64()? },
        ];
    }
    let (sender, event, contact) = (reader.u64()?, reader.u64()?, Number(reader.varint()?));
    let (state, trust) = reader.named(believed_state, "a state's code")?;
    Ok(LikelyRecord {
        provider,
        account,
        message_id,
        messages,
        sender,
        event,
        contact,
        state,
        trust,
        class: reader.class()?,
        code: reader.text()?,
        occurred_us: reader.maybe_signed()?,
    })
}

fn campaign<'a>(reader: &mut Reader<'a>) -> Read<CampaignRecord<'a>> {
    Ok(CampaignRecord {
        name: reader.text()?,
        cost_micros: reader.maybe_signed()?,
        currency: reader.maybe_text()?,
        closes_at_ms: reader.maybe_signed()?,
        goal: reader.maybe_text()?,
    })
}

fn blast<'a>(reader: &mut Reader<'a>) -> Read<BlastRecord<'a>> {
    let (campaign, name) = (reader.text()?, reader.text()?);
    let (sender, at_ms) = (reader.maybe_text()?, reader.signed()?);
    let mut tags = Vec::new();
    for _ in 0..reader.varint()? {
        tags.push((reader.text()?, reader.text()?));
    }
    Ok(BlastRecord {
        campaign,
        name,
        sender,
        at_ms,
        tags,
    })
}

fn audience<'a>(reader: &mut Reader<'a>) -> Read<AudienceRecord<'a>> {
    let blast = reader.u64()?;
    let count = reader.varint()?;
    // Every number takes a byte at least, so a false count cannot reserve what is not there.
    let mut numbers = Vec::with_capacity(usize::try_from(count).unwrap_or(0).min(1 << 16));
    let mut last = 0_u64;
    for _ in 0..count {
        last = last.wrapping_add(reader.varint()?);
        numbers.push(last);
    }
    Ok(AudienceRecord {
        blast,
        numbers: Cow::Owned(numbers),
    })
}

fn sent<'a>(reader: &mut Reader<'a>) -> Read<SentRecord<'a>> {
    Ok(SentRecord {
        blast: reader.u64()?,
        provider: reader.provider()?,
        account: reader.text()?,
        id: reader.text()?,
        number: Number(reader.varint()?),
    })
}

fn receipt<'a>(reader: &mut Reader<'a>) -> Read<ReceiptRecord<'a>> {
    let message = reader.u64()?;
    let (blast, contact) = (BlastId(reader.varint32()?), ContactId(reader.varint32()?));
    let (state, trust) = reader.named(believed_state, "a state's code")?;
    Ok(ReceiptRecord {
        message,
        blast,
        contact,
        state,
        trust,
        class: reader.class()?,
        occurred_us: reader.maybe_signed()?,
        code: reader.text()?,
    })
}

fn event<'a>(reader: &mut Reader<'a>) -> Read<EventRecord<'a>> {
    use present as p;
    let kind = reader.named(Kind::from_code, "a kind's code")?;
    let provider = reader.provider()?;
    let mask = reader.varint()?;
    if mask & !p::ALL != 0 {
        return reader.fail("a presence word with known bits");
    }
    let mut event = EventRecord::new(kind, provider);
    let texts: [(u64, &mut &'a str); 13] = [
        (p::ACCOUNT, &mut event.account),
        (p::MESSAGE_ID, &mut event.message_id),
        (p::CLIENT_REF, &mut event.client_ref),
        (p::EVENT_ID, &mut event.event_id),
        (p::SENDER, &mut event.sender),
        (p::CAMPAIGN, &mut event.campaign),
        (p::BLAST, &mut event.blast),
        (p::CODE, &mut event.code),
        (p::NAME, &mut event.name),
        (p::STEP, &mut event.step),
        (p::CURRENCY, &mut event.currency),
        (p::RULES, &mut event.rules),
        (p::LANG, &mut event.lang),
    ];
    for (bit, slot) in texts {
        if mask & bit != 0 {
            *slot = reader.text()?;
        }
    }
    if mask & p::CONTACT != 0 {
        event.contact = Some(Number(reader.varint()?));
    }
    if mask & p::STATE != 0 {
        event.state = Some(reader.named(State::from_code, "a state's code")?);
    }
    if mask & p::CLASS != 0 {
        event.class = Some(reader.named(ErrorClass::from_code, "an error class")?);
    }
    if mask & p::OCCURRED != 0 {
        event.occurred_us = Some(reader.signed()?);
    }
    if mask & p::LABELS != 0 {
        event.labels = Labels(u16::try_from(reader.varint()?).unwrap_or(u16::MAX));
    }
    if mask & p::TEXT != 0 {
        event.text = Some(reader.text()?);
    }
    if mask & p::VALUE != 0 {
        event.value_micros = Some(reader.signed()?);
    }
    let trust = u8::try_from(mask >> p::TRUST_SHIFT & 3).ok();
    let trust = trust.and_then(Trust::from_code);
    event.trust = trust.map_or_else(|| reader.fail("a level of trust"), Ok)?;
    Ok(event)
}

fn dead_letter<'a>(reader: &mut Reader<'a>) -> Read<DeadLetterRecord<'a>> {
    let (provider, account) = (reader.provider()?, reader.text()?);
    let (method, target, body) = (reader.text()?, reader.text()?, reader.bytes()?);
    let mut rows = Vec::new();
    for _ in 0..reader.varint()? {
        rows.push(Reject {
            code: reader.named(RejectCode::from_code, "a reject code")?,
            row: reader.varint32()?,
            byte: reader.varint32()?,
        });
    }
    Ok(DeadLetterRecord {
        provider,
        account,
        rows: Cow::Owned(rows),
        method,
        target,
        body,
    })
}
