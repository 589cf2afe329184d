//! Records of a log as JSON, by a range of positions, for an operator's eyes. Reads only.
//!
//! Numbers are masked and what people wrote is left out unless asked for. Knows the records, not
//! what they amount to.

use serde_json::{Map, Value, json};

use crate::codec::{EventRecord, Reader, Record, decode_record};
use crate::engine::identity_of;
use crate::error::{EngineError, StorageError};
use crate::event::{ErrorClass, Label, Labels, Number, State};
use crate::ids::shown;
use crate::limits::PAGE_BYTES_MAX;
use crate::log::disk::Disk;
use crate::log::reader::replay;

/// Which records, and how much of them.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// First position.
    pub first: u64,
    /// Last position.
    pub last: u64,
    /// At most so many.
    pub count_max: usize,
    /// Whole numbers.
    pub numbers: bool,
    /// What people wrote, and bodies.
    pub texts: bool,
}

/// Records of the range, one JSON object each, in order. The caller goes on after the last.
///
/// # Errors
/// `FileInvalid`, `IdentityMissing`, `Io`; `LogCorrupt` with file and byte, if nothing of the
/// range stands before the damage.
pub fn log_lines(disk: &dyn Disk, range: &Range) -> Result<Vec<Value>, EngineError> {
    let (identity, _) = identity_of(disk)?;
    let mut lines = Vec::new();
    let mut bytes = 0;
    let mut is_done = false;
    let read = replay(disk, &identity, range.first.max(1), &mut |head, payload| {
        let mut reader = Reader::new(payload);
        for position in head.position.. {
            is_done |=
                position > range.last || lines.len() >= range.count_max || bytes >= PAGE_BYTES_MAX;
            if is_done {
                return Err(stopped());
            }
            if reader.is_done() {
                break;
            }
            let record = decode_record(&mut reader).map_err(|error| StorageError::Internal {
                what: format!(
                    "the record at position {position}: expected {}",
                    error.expected
                ),
            })?;
            if position >= range.first {
                let line = line(&record, position, head.received_ms, range);
                bytes += line.to_string().len();
                lines.push(line);
            }
        }
        Ok(())
    });
    match read {
        Err(error) if !is_done && lines.is_empty() => Err(error.into()),
        _ => Ok(lines),
    }
}

/// What ends the reading early; nobody sees it.
fn stopped() -> StorageError {
    StorageError::Internal {
        what: String::from("enough was read"),
    }
}

fn line(record: &Record<'_>, position: u64, received_ms: i64, range: &Range) -> Value {
    let mut map = Map::new();
    map.insert("position".to_owned(), position.into());
    map.insert("received_ms".to_owned(), received_ms.into());
    let said = match record {
        Record::Event(event) => event_line(event, range),
        Record::Receipt(_) | Record::Likely(_) => receipt_line(record, range),
        Record::Campaign(_) | Record::Blast(_) | Record::Audience(_) | Record::Sent(_) => {
            registered_line(record, range)
        }
        _ => word_line(record, range),
    };
    if let Value::Object(said) = said {
        map.extend(said.into_iter().filter(|(_, value)| !is_nothing(value)));
    }
    Value::Object(map)
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

/// `+*********01` unless numbers are asked for.
fn number(number: Number, range: &Range) -> String {
    let whole = number.to_string();
    if range.numbers {
        return whole;
    }
    let hidden = whole.len().saturating_sub(3);
    let last = whole.get(hidden + 1..).unwrap_or_default();
    format!("+{}{last}", "*".repeat(hidden))
}

/// Under `name` what people wrote if asked for, else under `name_bytes` how much it was.
fn text(map: &mut Value, name: &str, text: Option<&str>, range: &Range) {
    if let (Some(text), Value::Object(map)) = (text, map) {
        if range.texts {
            map.insert(name.to_owned(), text.into());
        } else {
            map.insert(format!("{name}_bytes"), text.len().into());
        }
    }
}

fn labels(labels: Labels) -> Value {
    let names: Vec<&str> = labels.iter().map(Label::name).collect();
    if names.is_empty() {
        Value::Null
    } else {
        names.into()
    }
}

fn event_line(event: &EventRecord<'_>, range: &Range) -> Value {
    let (provider, account) = shown(event.provider, event.account);
    let mut said = json!({
        "record": "event",
        "kind": event.kind.name(),
        "provider": provider,
        "account": account,
        "message_id": event.message_id,
        "client_ref": event.client_ref,
        "event_id": event.event_id,
        "contact": event.contact.map(|contact| number(contact, range)),
        "sender": event.sender,
        "campaign": event.campaign,
        "blast": event.blast,
        "state": event.state.map(State::name),
        "error_class": event.class.map(ErrorClass::name),
        "error_code": event.code,
        "occurred_us": event.occurred_us,
        "labels": labels(event.labels),
        "grade": (event.labels != Labels::NONE).then(|| event.labels.grade().name()),
        "rules": event.rules,
        "lang": event.lang,
        "name": event.name,
        "step": event.step,
        "value_micros": event.value_micros,
        "currency": event.currency,
        "trust": event.trust.name(),
    });
    text(&mut said, "text", event.text, range);
    said
}

fn receipt_line(record: &Record<'_>, range: &Range) -> Value {
    match record {
        Record::Receipt(receipt) => json!({
            "record": "receipt",
            "blast": receipt.blast.0,
            "contact_id": receipt.contact.0,
            "state": receipt.state.name(),
            "error_class": receipt.class.map(ErrorClass::name),
            "error_code": receipt.code,
            "occurred_us": receipt.occurred_us,
            "trust": receipt.trust.name(),
        }),
        Record::Likely(receipt) => {
            let (provider, account) = shown(receipt.provider, receipt.account);
            json!({
                "record": "likely",
                "provider": provider,
                "account": account,
                "message_id": receipt.message_id,
                "contact": number(receipt.contact, range),
                "state": receipt.state.name(),
                "error_class": receipt.class.map(ErrorClass::name),
                "error_code": receipt.code,
                "occurred_us": receipt.occurred_us,
                "trust": receipt.trust.name(),
            })
        }
        _ => Value::Null,
    }
}

fn registered_line(record: &Record<'_>, range: &Range) -> Value {
    match record {
        Record::Campaign(campaign) => json!({
            "record": "campaign",
            "name": campaign.name,
            "cost_micros": campaign.cost_micros,
            "currency": campaign.currency,
            "closes_at_ms": campaign.closes_at_ms,
            "goal": campaign.goal,
        }),
        Record::Blast(blast) => json!({
            "record": "blast",
            "campaign": blast.campaign,
            "name": blast.name,
            "sender": blast.sender,
            "at_ms": blast.at_ms,
            "tags": blast.tags.iter().copied().collect::<std::collections::BTreeMap<_, _>>(),
        }),
        Record::Audience(audience) => json!({
            "record": "audience",
            "blast_key": format!("{:016x}", audience.blast),
            "contacts": audience.numbers.len(),
        }),
        Record::Sent(sent) => {
            let (provider, account) = shown(sent.provider, sent.account);
            json!({
                "record": "sent",
                "blast_key": format!("{:016x}", sent.blast),
                "provider": provider,
                "account": account,
                "message_id": sent.id,
                "contact": number(sent.number, range),
            })
        }
        _ => Value::Null,
    }
}

fn word_line(record: &Record<'_>, range: &Range) -> Value {
    let (mut said, written) = match record {
        Record::Consent(word) => (
            json!({
                "record": "consent",
                "contact": number(word.number, range),
                "opted": if word.opted_in { "in" } else { "out" },
                "at_ms": word.at_ms,
            }),
            ("reason", Some(word.reason)),
        ),
        Record::Ledger(fact) => (
            json!({
                "record": "ledger",
                "contact": number(fact.number, range),
                "how": fact.how.name(),
                "opted": if fact.opted_in { "in" } else { "out" },
                "at_us": fact.at_us,
                "trust": fact.trust.name(),
                "grade": fact.grade.name(),
                "sender": fact.sender,
                "source": fact.source,
                "rules": fact.rules,
            }),
            ("wording", Some(fact.wording)),
        ),
        Record::Setting(setting) => (
            json!({
                "record": "setting",
                "campaign": setting.campaign,
                "name": setting.name,
                "value": setting.value,
                "at_ms": setting.at_ms,
            }),
            ("", None),
        ),
        Record::Relabel(relabel) => (
            json!({
                "record": "relabel",
                "reply": relabel.reply.0,
                "contact": number(relabel.number, range),
                "labels": labels(relabel.labels),
                "opts_out": relabel.opts_out,
                "rules": relabel.rules,
            }),
            ("", None),
        ),
        Record::Settled(settled) => (
            json!({
                "record": "settled",
                "letters": settled.letters.iter().map(|letter| letter.0).collect::<Vec<_>>(),
            }),
            ("", None),
        ),
        Record::DeadLetter(letter) => {
            let (provider, account) = shown(letter.provider, letter.account);
            let (path, query) = letter.target.split_once('?').unwrap_or((letter.target, ""));
            let codes = letter.rows.iter().map(|row| row.code.word());
            (
                json!({
                    "record": "dead_letter",
                    "provider": provider,
                    "account": account,
                    "codes": codes.collect::<Vec<_>>(),
                    "method": letter.method,
                    "path": path,
                    "body_bytes": letter.body.len(),
                }),
                ("query", Some(query)),
            )
        }
        _ => (Value::Null, ("", None)),
    };
    let (name, written) = written;
    text(
        &mut said,
        name,
        written.filter(|text| !text.is_empty()),
        range,
    );
    said
}
