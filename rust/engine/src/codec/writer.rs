//! Records into bytes: the primitives and one function a record kind.

use super::facts;
use super::{
    AudienceRecord, BlastRecord, CampaignRecord, ConsentRecord, DeadLetterRecord, EventRecord,
    LikelyRecord, ReceiptRecord, Record, SentRecord, state_byte,
};
use crate::event::{ErrorClass, Number};

/// Appends little primitives to a buffer.
#[derive(Debug)]
pub struct Writer<'a>(pub &'a mut Vec<u8>);

impl Writer<'_> {
    /// One byte.
    pub fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    /// Eight bytes, little-endian.
    pub fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// 1 to 10 bytes, 7 bits each, low first.
    pub fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(low_byte(value) | 0x80);
            value >>= 7;
        }
        self.0.push(low_byte(value));
    }

    /// A signed number, zigzag, as a varint.
    pub fn signed(&mut self, value: i64) {
        self.varint(((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    /// A length and that many bytes.
    pub fn bytes(&mut self, value: &[u8]) {
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    /// A length and UTF-8.
    pub fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }

    /// A presence byte, then the number.
    pub fn maybe_signed(&mut self, value: Option<i64>) {
        self.u8(u8::from(value.is_some()));
        if let Some(value) = value {
            self.signed(value);
        }
    }

    /// A presence byte, then the text.
    pub fn maybe_text(&mut self, value: Option<&str>) {
        self.u8(u8::from(value.is_some()));
        if let Some(value) = value {
            self.text(value);
        }
    }
}

const fn low_byte(value: u64) -> u8 {
    let [low, ..] = value.to_le_bytes();
    low
}

/// Appends one record.
pub fn encode_record(record: &Record<'_>, out: &mut Vec<u8>) {
    let mut writer = Writer(out);
    match record {
        Record::Receipt(record) => receipt(&mut writer, record),
        Record::Likely(record) => likely(&mut writer, record),
        Record::Event(record) => event(&mut writer, record),
        Record::Sent(record) => sent(&mut writer, record),
        Record::Audience(record) => audience(&mut writer, record),
        Record::Campaign(record) => campaign(&mut writer, record),
        Record::Blast(record) => blast(&mut writer, record),
        Record::DeadLetter(record) => dead_letter(&mut writer, record),
        Record::Consent(record) => consent(&mut writer, record),
        Record::Ledger(record) => facts::write_ledger(&mut writer, record),
        Record::Setting(record) => facts::write_setting(&mut writer, record),
        Record::Relabel(record) => facts::write_relabel(&mut writer, record),
        Record::Settled(record) => facts::write_settled(&mut writer, record),
    }
}

/// Appends an event's record, as `encode_record` does, without putting it on the heap first.
pub fn encode_event(record: &EventRecord<'_>, out: &mut Vec<u8>) {
    event(&mut Writer(out), record);
}

fn campaign(writer: &mut Writer<'_>, record: &CampaignRecord<'_>) {
    writer.u8(1);
    writer.text(record.name);
    writer.maybe_signed(record.cost_micros);
    writer.maybe_text(record.currency);
    writer.maybe_signed(record.closes_at_ms);
    writer.maybe_text(record.goal);
}

fn blast(writer: &mut Writer<'_>, record: &BlastRecord<'_>) {
    writer.u8(2);
    writer.text(record.campaign);
    writer.text(record.name);
    writer.maybe_text(record.sender);
    writer.signed(record.at_ms);
    writer.varint(record.tags.len() as u64);
    for (key, value) in &record.tags {
        writer.text(key);
        writer.text(value);
    }
}

fn audience(writer: &mut Writer<'_>, record: &AudienceRecord<'_>) {
    writer.u8(3);
    writer.u64(record.blast);
    writer.varint(record.numbers.len() as u64);
    let mut last = 0;
    for number in record.numbers.iter() {
        writer.varint(number.wrapping_sub(last));
        last = *number;
    }
}

fn sent(writer: &mut Writer<'_>, record: &SentRecord<'_>) {
    writer.u8(4);
    writer.u64(record.blast);
    writer.u8(record.provider.code());
    writer.text(record.account);
    writer.text(record.id);
    writer.varint(record.number.0);
}

fn receipt(writer: &mut Writer<'_>, record: &ReceiptRecord<'_>) {
    writer.u8(5);
    writer.u64(record.message);
    writer.varint(u64::from(record.blast.0));
    writer.varint(u64::from(record.contact.0));
    writer.u8(state_byte(record.state, record.trust));
    writer.u8(record.class.map_or(0, ErrorClass::code));
    writer.maybe_signed(record.occurred_us);
    writer.text(record.code);
}

fn likely(writer: &mut Writer<'_>, record: &LikelyRecord<'_>) {
    writer.u8(9);
    writer.u8(record.provider.code());
    writer.text(record.account);
    writer.text(record.message_id);
    if !record.message_id.is_empty() {
        let [message, without_account] = record.messages;
        writer.u64(message);
        if !record.account.is_empty() {
            writer.u64(without_account);
        }
    }
    writer.u64(record.sender);
    writer.u64(record.event);
    writer.varint(record.contact.0);
    writer.u8(state_byte(record.state, record.trust));
    writer.u8(record.class.map_or(0, ErrorClass::code));
    writer.text(record.code);
    writer.maybe_signed(record.occurred_us);
}

/// Bits of an event record's presence word, in the order the fields follow.
pub(super) mod present {
    pub const ACCOUNT: u64 = 1;
    pub const MESSAGE_ID: u64 = 1 << 1;
    pub const CLIENT_REF: u64 = 1 << 2;
    pub const EVENT_ID: u64 = 1 << 3;
    pub const CONTACT: u64 = 1 << 4;
    pub const SENDER: u64 = 1 << 5;
    pub const CAMPAIGN: u64 = 1 << 6;
    pub const BLAST: u64 = 1 << 7;
    pub const STATE: u64 = 1 << 8;
    pub const CLASS: u64 = 1 << 9;
    pub const CODE: u64 = 1 << 10;
    pub const OCCURRED: u64 = 1 << 11;
    pub const LABELS: u64 = 1 << 12;
    pub const TEXT: u64 = 1 << 13;
    pub const NAME: u64 = 1 << 14;
    pub const STEP: u64 = 1 << 15;
    pub const VALUE: u64 = 1 << 16;
    pub const CURRENCY: u64 = 1 << 17;
    /// Two bits that are the code of the trust; no field follows.
    pub const TRUST_SHIFT: u32 = 18;
    pub const RULES: u64 = 1 << 20;
    pub const LANG: u64 = 1 << 21;
    pub const ALL: u64 = (1 << 22) - 1;
}

fn event(writer: &mut Writer<'_>, record: &EventRecord<'_>) {
    use present as p;
    let texts = [
        (p::ACCOUNT, record.account),
        (p::MESSAGE_ID, record.message_id),
        (p::CLIENT_REF, record.client_ref),
        (p::EVENT_ID, record.event_id),
        (p::SENDER, record.sender),
        (p::CAMPAIGN, record.campaign),
        (p::BLAST, record.blast),
        (p::CODE, record.code),
        (p::NAME, record.name),
        (p::STEP, record.step),
        (p::CURRENCY, record.currency),
        (p::RULES, record.rules),
        (p::LANG, record.lang),
    ];
    let others = [
        (p::CONTACT, record.contact.is_some()),
        (p::STATE, record.state.is_some()),
        (p::CLASS, record.class.is_some()),
        (p::OCCURRED, record.occurred_us.is_some()),
        (p::LABELS, record.labels.0 != 0),
        (p::TEXT, record.text.is_some()),
        (p::VALUE, record.value_micros.is_some()),
    ];
    let mask = texts
        .iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(bit, _)| bit);
    let mask: u64 = mask
        .chain(others.iter().filter(|(_, is)| *is).map(|(bit, _)| bit))
        .sum();

    writer.u8(6);
    writer.u8(record.kind.code());
    writer.u8(record.provider.code());
    writer.varint(mask | u64::from(record.trust.code()) << p::TRUST_SHIFT);
    for (_, text) in texts.iter().filter(|(_, text)| !text.is_empty()) {
        writer.text(text);
    }
    if let Some(Number(number)) = record.contact {
        writer.varint(number);
    }
    if let Some(state) = record.state {
        writer.u8(state.code());
    }
    if let Some(class) = record.class {
        writer.u8(class.code());
    }
    if let Some(occurred) = record.occurred_us {
        writer.signed(occurred);
    }
    if record.labels.0 != 0 {
        writer.varint(u64::from(record.labels.0));
    }
    if let Some(text) = record.text {
        writer.text(text);
    }
    if let Some(value) = record.value_micros {
        writer.signed(value);
    }
}

fn dead_letter(writer: &mut Writer<'_>, record: &DeadLetterRecord<'_>) {
    writer.u8(7);
    writer.u8(record.provider.code());
    writer.text(record.account);
    writer.text(record.method);
    writer.text(record.target);
    writer.bytes(record.body);
    writer.varint(record.rows.len() as u64);
    for reject in record.rows.iter() {
        writer.u8(reject.code.code());
        writer.varint(u64::from(reject.row));
        writer.varint(u64::from(reject.byte));
    }
}

fn consent(writer: &mut Writer<'_>, record: &ConsentRecord<'_>) {
    writer.u8(8);
    writer.varint(record.number.0);
    writer.u8(u8::from(record.opted_in));
    writer.signed(record.at_ms);
    writer.text(record.reason);
}
