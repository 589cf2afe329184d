//! Registration: campaigns, blasts, audiences, message ids, suppression by hand.
//!
//! Checked against the state, then written like anything else. One at a time, so that what was
//! checked still holds when it is written.

use std::borrow::Cow;
use std::sync::PoisonError;

use super::{Engine, Job};
use crate::codec::{
    AudienceRecord, BlastRecord, CampaignRecord, ConsentRecord, Record, SentRecord, encode_record,
};
use crate::decode::RejectCode;
use crate::decode::number::{Contact, classify};
use crate::error::{EngineError, InputError};
use crate::event::{Number, Provider};
use crate::limits::{AUDIENCE_CHUNK_COUNT_MAX, CONTACTS_COUNT_MAX, ID_BYTES_MAX};
use crate::registry::check_name;
use crate::sets::SetKind;

/// A row that was refused: its number from 0, and why.
pub type Refused = (u32, RejectCode);

/// What an audience registration did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// Contacts that were not in the audience before.
    pub new: u64,
    /// Rows refused; the others were taken.
    pub refused: Vec<Refused>,
}

/// One message to register: number as written, id.
pub type SendRow<'a> = (&'a str, &'a str);

fn unknown_blast(campaign: &str, blast: &str) -> EngineError {
    EngineError::Input(InputError::Unknown {
        what: "blast",
        name: format!("{campaign}/{blast}"),
        hint: "Register it first.".to_owned(),
    })
}

impl Engine {
    pub(super) fn write(&self, now_ms: i64, records: &[Record<'_>]) -> Result<(), EngineError> {
        if records.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        for record in records {
            encode_record(record, &mut bytes);
        }
        let count = u32::try_from(records.len()).unwrap_or(u32::MAX);
        self.submit(Job::Records(now_ms, bytes, count)).map(|_| ())
    }

    /// Registers or updates a campaign; durable on return. Says nothing to the log if nothing
    /// changes.
    ///
    /// # Errors
    /// `NameInvalid`, `TooMany`, or as `commit`.
    pub fn campaign(&self, record: &CampaignRecord<'_>, now_ms: i64) -> Result<(), EngineError> {
        let _one = self
            .registering
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_known = {
            let state = self.read()?;
            state.registry.check_campaign(self.keys, record)?;
            let known = state.registry.campaign_id(self.keys.campaign(record.name));
            let same = |campaign: &crate::registry::Campaign| {
                let is = |asked: Option<i64>, has: Option<i64>| asked.is_none() || asked == has;
                let text = |asked: Option<&str>, has: Option<&str>| asked.is_none() || asked == has;
                is(record.cost_micros, campaign.cost_micros)
                    && is(record.closes_at_ms, campaign.closes_at_ms)
                    && text(record.currency, campaign.currency.as_deref())
                    && text(record.goal, campaign.goal.as_deref())
            };
            known
                .and_then(|id| state.registry.campaign(id))
                .is_some_and(same)
        };
        if is_known {
            Ok(())
        } else {
            self.write(now_ms, &[Record::Campaign(*record)])
        }
    }

    /// Registers or updates a blast; durable on return. Without `at_ms` its time is `now_ms`,
    /// or what it was registered with.
    ///
    /// # Errors
    /// `NameInvalid`, `TooMany`, `Unknown` campaign, `ValueInvalid`, or as `commit`.
    pub fn blast(
        &self,
        campaign: &str,
        name: &str,
        sender: Option<&str>,
        at_ms: Option<i64>,
        tags: &[(String, String)],
        now_ms: i64,
    ) -> Result<(), EngineError> {
        let _one = self
            .registering
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let tags: Vec<(&str, &str)> = tags.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let sender = sender.filter(|sender| !sender.trim().is_empty());
        let mut record = BlastRecord {
            campaign,
            name,
            sender,
            at_ms: now_ms,
            tags,
        };
        record.at_ms = at_ms.unwrap_or(now_ms);
        let is_known = {
            let state = self.read()?;
            state
                .registry
                .check_blast(self.keys, &record, at_ms.is_some())?;
            let known = state.registry.blast_id(self.keys.blast(campaign, name));
            known
                .and_then(|id| state.registry.blast(id))
                .is_some_and(|blast| {
                    (sender.is_none() || blast.sender_key != 0)
                        && record.tags.iter().all(|(key, value)| {
                            blast.tags.iter().any(|(k, v)| k == key && v == value)
                        })
                })
        };
        if is_known {
            Ok(())
        } else {
            self.write(now_ms, &[Record::Blast(record)])
        }
    }

    /// Adds contacts to a blast's audience; durable on return.
    ///
    /// `lines`: written numbers, one a line (CSV: the first column). Empty lines are passed
    /// over, and so is row 0 if it is a heading (no digit in it).
    ///
    /// # Errors
    /// `Unknown` blast, `TooMany` contacts, `TooLarge`, or as `commit`. Rows that are no
    /// numbers are no error: they are in the answer.
    pub fn audience(
        &self,
        campaign: &str,
        blast: &str,
        lines: &[u8],
        now_ms: i64,
    ) -> Result<Audience, EngineError> {
        let _one = self
            .registering
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let key = self.keys.blast(campaign, blast);
        let (mut numbers, refused) = read_numbers(lines);
        numbers.sort_unstable();
        numbers.dedup();
        let before = self
            .audience_count(key)
            .ok_or_else(|| unknown_blast(campaign, blast))?;
        let contacts = self.read()?.contacts.count();
        if contacts + numbers.len() > CONTACTS_COUNT_MAX {
            let (what, unit, count) = ("contacts", "directory", CONTACTS_COUNT_MAX);
            let error = InputError::TooMany { what, unit, count };
            return Err(EngineError::Input(error));
        }
        let records: Vec<Record<'_>> = numbers
            .chunks(AUDIENCE_CHUNK_COUNT_MAX)
            .map(|chunk| {
                Record::Audience(AudienceRecord {
                    blast: key,
                    numbers: Cow::Borrowed(chunk),
                })
            })
            .collect();
        self.write(now_ms, &records)?;
        let after = self.audience_count(key).unwrap_or(before);
        Ok(Audience {
            new: after - before,
            refused,
        })
    }

    fn audience_count(&self, key: u64) -> Option<u64> {
        let state = self.read().ok()?;
        let blast = state.registry.blast(state.registry.blast_id(key)?)?;
        Some(
            blast
                .facts
                .get(SetKind::AUDIENCE)
                .map_or(0, crate::idset::IdSet::count),
        )
    }

    /// Registers provider message ids of a blast; receipts that waited for them are counted
    /// now. Durable on return.
    ///
    /// # Errors
    /// `Unknown` blast, `NameInvalid` account, or as `commit`. Rows that cannot be taken are in
    /// the answer.
    pub fn sent(
        &self,
        campaign: &str,
        blast: &str,
        provider: Provider,
        account: &str,
        rows: &[SendRow<'_>],
        now_ms: i64,
    ) -> Result<Audience, EngineError> {
        let _one = self
            .registering
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !account.is_empty() {
            check_name("account", account)?;
        }
        let key = self.keys.blast(campaign, blast);
        let before = {
            let state = self.read()?;
            state
                .registry
                .blast_id(key)
                .ok_or_else(|| unknown_blast(campaign, blast))?;
            state.messages.count()
        };
        let mut records = Vec::with_capacity(rows.len());
        let mut refused = Vec::new();
        for ((number, id), row) in rows.iter().zip(0..) {
            match send_row(number, id) {
                Ok(number) => {
                    let id = id.trim();
                    records.push(Record::Sent(SentRecord {
                        blast: key,
                        provider,
                        account,
                        id,
                        number,
                    }));
                }
                Err(code) => refused.push((row, code)),
            }
        }
        self.write(now_ms, &records)?;
        let after = self.read()?.messages.count();
        Ok(Audience {
            new: (after - before) as u64,
            refused,
        })
    }

    /// Suppresses contacts by hand, or lifts it, as of `at_ms`; durable on return.
    ///
    /// # Errors
    /// As `commit`.
    pub fn suppress(
        &self,
        lines: &[u8],
        opted_in: bool,
        reason: &str,
        (at_ms, now_ms): (i64, i64),
    ) -> Result<Audience, EngineError> {
        let (at_ms, now_ms) = self.said_at(at_ms, now_ms)?;
        let _one = self
            .registering
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (numbers, refused) = read_numbers(lines);
        let before = self.read()?.consent.suppressed().count();
        let records: Vec<Record<'_>> = numbers
            .into_iter()
            .map(|number| {
                let number = Number(number);
                Record::Consent(ConsentRecord {
                    number,
                    opted_in,
                    at_ms,
                    reason,
                })
            })
            .collect();
        self.write(now_ms, &records)?;
        let after = self.read()?.consent.suppressed().count();
        Ok(Audience {
            new: before.abs_diff(after),
            refused,
        })
    }
}

fn send_row(number: &str, id: &str) -> Result<Number, RejectCode> {
    let id = id.trim();
    if id.is_empty() {
        return Err(RejectCode::FieldMissing);
    }
    if id.len() > ID_BYTES_MAX {
        return Err(RejectCode::ValueTooLong);
    }
    if id.contains('\0') {
        return Err(RejectCode::NulByte);
    }
    match classify(number.as_bytes()) {
        Contact::Phone(number) => Ok(number),
        Contact::NotPhone | Contact::Garbage => Err(RejectCode::NotANumber),
    }
}

/// Written numbers, one a line; rows that are none.
pub(super) fn read_numbers(lines: &[u8]) -> (Vec<u64>, Vec<Refused>) {
    let mut numbers = Vec::new();
    let mut refused = Vec::new();
    let lines = lines.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(lines);
    for (line, row) in lines.split(|byte| *byte == b'\n').zip(0_u32..) {
        let field = line
            .split(|byte| matches!(byte, b',' | b';' | b'\t'))
            .next()
            .unwrap_or_default();
        let field = field.trim_ascii();
        let field = field
            .strip_prefix(b"\"")
            .and_then(|f| f.strip_suffix(b"\""))
            .unwrap_or(field);
        if field.is_empty() {
            continue;
        }
        match classify(field) {
            Contact::Phone(number) => numbers.push(number.0),
            _ if row == 0 && !field.iter().any(u8::is_ascii_digit) => {}
            _ => refused.push((row, RejectCode::NotANumber)),
        }
    }
    (numbers, refused)
}
