//! The project's own events: one JSON object, an array of them, or one a line (NDJSON). The
//! same fields that [`super::encode`] writes, and strict where provider formats are lenient:
//! whoever sends these can mend what is wrong.
//!
//! Names that a kind does not have are not read; neither are names nobody knows.

use super::json::{Scanner, Stopped, Token};
use super::number::{Contact, classify};
use super::row::{Row, SCRATCH_BYTES, Scratch, clean_code};
use super::slots::{Fault, Slot, Slots, Wire, at};
use super::table::{Key, key, object};
use super::tree::{Walk, check_utf8};
use super::{BodyError, RejectCode, RequestView, Sink, source, time};
use crate::event::{ErrorClass, Event, Kind, Number, Own, Provider, State};
use crate::limits::{
    BODY_EVENTS_MAX, BODY_KEYS_MAX, ID_BYTES_MAX, MESSAGE_PARTS_MAX, NAME_BYTES_MAX,
    SENDER_BYTES_MAX,
};
use crate::profiles::provider_named;
use std::borrow::Cow;

// Slots that canonical events use for what only they have.
const PROVIDER: Slot = Slot::StatusAlt;
const FINAL: Slot = Slot::ReceiptSign;
const CLASS: Slot = Slot::CodeAlt;
const EVENT_ID: Slot = Slot::IdAlt;
const ACCOUNT: Slot = Slot::Sender;
const CAMPAIGN: Slot = Slot::TimeAlt;
const BLAST: Slot = Slot::TextAlt;
const NAME: Slot = Slot::PartsAlt;
const STEP: Slot = Slot::ReplySign;
const VALUE: Slot = Slot::PartType;
const CURRENCY: Slot = Slot::PartText;

static ROOT: Key = object(
    "",
    Slot::None,
    &[
        key("kind", Slot::Event),
        key("provider", PROVIDER),
        key("message_id", Slot::Id),
        key("contact", Slot::From),
        key("sender", Slot::To),
        key("state", Slot::Status),
        key("final", FINAL),
        key("error_code", Slot::Code),
        key("error_class", CLASS),
        key("occurred_at", Slot::Time),
        key("text", Slot::Text),
        key("parts", Slot::Parts),
        key("client_ref", Slot::Ref),
        key("consent", Slot::Consent),
        key("event_id", EVENT_ID),
        key("account", ACCOUNT),
        key("campaign", CAMPAIGN),
        key("blast", BLAST),
        key("link", NAME),
        key("flow", NAME),
        key("goal", NAME),
        key("step", STEP),
        key("value", VALUE),
        key("currency", CURRENCY),
    ],
);

pub(super) fn decode<S: Sink>(request: &RequestView<'_>, sink: &mut S) -> Result<(), BodyError> {
    let body = request.body;
    let kind = request
        .header("content-type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    match body.trim_ascii_start().first() {
        None => return Err(source::nothing().into()),
        Some(b'[') => return array(body, sink),
        Some(_) if kind.contains("ndjson") || kind.contains("jsonl") => return lines(body, sink),
        Some(_) => {}
    }
    match whole(body, 0, 0, sink) {
        Ok(()) => Ok(()),
        Err(_) if line_follows(body) || second_line_opens(body) => lines(body, sink),
        Err(fault) => Err(fault.into()),
    }
}

/// Whether a first value is whole, and what follows it stands on a later line.
fn line_follows(body: &[u8]) -> bool {
    let mut scan = Scanner::new(body, 0, BODY_KEYS_MAX);
    if scan.skip_value().is_err() {
        return false;
    }
    let end = scan.place();
    scan.skip_blanks().is_some()
        && body
            .get(end..scan.place())
            .is_some_and(|blank| blank.contains(&b'\n'))
}

/// Whether the second line that is not blank begins an object, as no JSON value printed over
/// several lines has it.
fn second_line_opens(body: &[u8]) -> bool {
    let mut lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.by_ref().find(|line| !line.is_empty());
    lines
        .find(|line| !line.is_empty())
        .is_some_and(|line| line.first() == Some(&b'{'))
}

/// An array: proved to be JSON first, then read element by element.
fn array<S: Sink>(body: &[u8], sink: &mut S) -> Result<(), BodyError> {
    let text = check_utf8(body)?;
    let mut scan = Scanner::new(body, 0, usize::MAX);
    let count = count_elements(&mut scan).map_err(|Stopped| scan.fault())?;
    let mut walk = Walk::new(Scanner::new(body, 0, usize::MAX));
    for index in 0..count {
        let read = element(&mut walk, index == 0).map_err(|Stopped| walk.scan.fault())?;
        give(&walk.slots, text, 0, read, at(index), sink);
    }
    Ok(())
}

/// Reads the next element of an array.
fn element(walk: &mut Walk<'_>, first: bool) -> Result<Read, Stopped> {
    if first {
        walk.scan.token()?;
    }
    walk.scan.next_element(first)?;
    walk.slots = Slots::EMPTY;
    read(walk)
}

/// Reads an array and all that is around it.
fn count_elements(scan: &mut Scanner<'_>) -> Result<usize, Stopped> {
    scan.token()?;
    let mut count = 0;
    while scan.next_element(count == 0)? {
        count += 1;
        if count > BODY_EVENTS_MAX {
            return Err(scan.stop_at(scan.place(), RejectCode::TooManyEvents));
        }
        scan.skip_value()?;
    }
    scan.end()?;
    Ok(count)
}

/// One event a line. A line that is no JSON is refused by itself; its number is the row.
fn lines<S: Sink>(body: &[u8], sink: &mut S) -> Result<(), BodyError> {
    if memchr::memchr_iter(b'\n', body).count() >= BODY_EVENTS_MAX
        && body
            .split(|byte| *byte == b'\n')
            .filter(|l| !l.trim_ascii().is_empty())
            .count()
            > BODY_EVENTS_MAX
    {
        return Err(Fault::new(0, RejectCode::TooManyEvents).into());
    }
    let mut start = 0;
    for (row, line) in body.split(|byte| *byte == b'\n').enumerate() {
        let end = start + line.len();
        if !line.trim_ascii().is_empty() {
            let outcome = whole(line, at(start), at(row), sink);
            if let Err(fault) = outcome {
                sink.reject(fault.in_row(at(row)));
            }
        }
        start = end + 1;
    }
    Ok(())
}

/// Reads the one value of a text, which begins at an offset of the body, and gives it to the
/// sink, if it is JSON.
fn whole<S: Sink>(text: &[u8], start: u32, number: u32, sink: &mut S) -> Result<(), Fault> {
    let text = check_utf8(text).map_err(|fault| fault.moved(start))?;
    let mut walk = Walk::new(Scanner::new(text.as_bytes(), 0, BODY_KEYS_MAX));
    let read = read(&mut walk)
        .and_then(|read| walk.scan.end().map(|()| read))
        .map_err(|Stopped| walk.scan.fault().moved(start))?;
    give(&walk.slots, text, start, read, number, sink);
    Ok(())
}

/// The place of a value that was read into slots, or why it is refused.
type Read = Result<u32, Fault>;

/// Reads the value that is next into slots that are empty.
fn read(walk: &mut Walk<'_>) -> Result<Read, Stopped> {
    walk.scan.skip_blanks();
    let place = walk.scan.place();
    match walk.scan.token()? {
        Token::Object => {
            walk.object(&ROOT)?;
            return Ok(Ok(at(place)));
        }
        Token::Array => walk.scan.skip_open(false)?,
        _ => {}
    }
    Ok(Err(Fault::new(place, RejectCode::WrongType)))
}

/// Gives the sink what was read from a text, which begins at an offset of the body.
fn give<S: Sink>(slots: &Slots<'_>, text: &str, start: u32, read: Read, number: u32, sink: &mut S) {
    let mut buffer = [0; SCRATCH_BYTES];
    let scratch = Scratch::new(&mut buffer);
    let mut row = Row::new(slots, text, scratch, number, read.unwrap_or_default());
    match read.and_then(|_| event(&mut row)) {
        Ok(event) => sink.event(number, event),
        Err(fault) => sink.reject(fault.moved(start).in_row(number)),
    }
}

/// A value out of a closed list of words.
fn named<T>(
    row: &mut Row<'_>,
    slot: Slot,
    unknown: RejectCode,
    known: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Fault> {
    let Some(text) = row.value(slot, usize::MAX)? else {
        return Ok(None);
    };
    known(&text)
        .map(Some)
        .ok_or_else(|| row.fault_in(slot, unknown))
}

fn event<'s>(row: &mut Row<'s>) -> Result<Event<'s>, Fault> {
    let kind = named(row, Slot::Event, RejectCode::KindUnknown, Kind::from_name)?
        .ok_or_else(|| row.fault(RejectCode::FieldMissing))?;
    let provider = named(row, PROVIDER, RejectCode::ValueInvalid, provider_named)?;
    let (provider, profile) = provider.unwrap_or((Provider::Canonical, None));
    let mut event = Event::new(kind, provider);
    event.profile = profile;
    event.message_id = row.first(&[Slot::Id], ID_BYTES_MAX)?;
    event.contact = contact(row)?;
    event.sender = row.first(&[Slot::To], SENDER_BYTES_MAX)?;
    event.client_ref = row.first(&[Slot::Ref], ID_BYTES_MAX)?;
    event.occurred_us = occurred(row)?;
    event.parts = parts(row)?;
    event.error_code = row.first(&[Slot::Code], usize::MAX)?.and_then(clean_code);
    outcome(row, &mut event)?;
    if kind == Kind::Reply {
        event.text = row.reply_text(&[Slot::Text])?;
    }
    event.consent = consent(row)?;
    event.own = own(row)?;
    let nameless =
        event.message_id.is_none() && event.client_ref.is_none() && event.contact.is_none();
    if nameless && !matches!(kind, Kind::Reply | Kind::Control) {
        return Err(row.fault(RejectCode::NoReference));
    }
    Ok(event)
}

/// State, finality and class, as far as the kind has them.
fn outcome(row: &mut Row<'_>, event: &mut Event<'_>) -> Result<(), Fault> {
    let belongs: fn(State) -> bool = match event.kind {
        Kind::Receipt => |state| state.code() <= State::Unknown.code(),
        Kind::OptOut => |state| matches!(state, State::Stop | State::Start),
        Kind::Flow => |state| matches!(state, State::Started | State::Step | State::Completed),
        _ => return Ok(()),
    };
    let state = named(row, Slot::Status, RejectCode::ValueInvalid, |name| {
        State::from_name(name).filter(|state| belongs(*state))
    })?;
    let state = state.ok_or_else(|| row.fault(RejectCode::FieldMissing))?;
    event.state = Some(state);
    if event.kind != Kind::Receipt {
        return Ok(());
    }
    event.is_final = Some(match row.slots.get(FINAL).wire {
        Wire::Absent | Wire::Null => state.is_final(),
        Wire::True => true,
        Wire::False => false,
        _ => return Err(row.fault_in(FINAL, RejectCode::WrongType)),
    });
    let class = named(row, CLASS, RejectCode::ValueInvalid, ErrorClass::from_name)?;
    event.error_class = class.filter(|_| state.is_failure());
    Ok(())
}

fn contact(row: &mut Row<'_>) -> Result<Option<Number>, Fault> {
    let Some(text) = row.text(Slot::From)?.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    match classify(text.as_bytes()) {
        Contact::Phone(number) => Ok(Some(number)),
        Contact::NotPhone | Contact::Garbage => {
            Err(row.fault_in(Slot::From, RejectCode::NotANumber))
        }
    }
}

/// A text that names its zone, or a unix time as a JSON number.
fn occurred(row: &mut Row<'_>) -> Result<Option<i64>, Fault> {
    let Some(text) = row.value(Slot::Time, usize::MAX)? else {
        return Ok(None);
    };
    let us = if row.slots.get(Slot::Time).wire == Wire::Number {
        time::parse_unix(text.as_bytes())
    } else {
        time::parse_text(text.as_bytes())
            .filter(|read| read.is_zoned)
            .map(|read| read.us)
    };
    us.map(Some)
        .ok_or_else(|| row.fault_in(Slot::Time, RejectCode::TimeInvalid))
}

fn parts(row: &mut Row<'_>) -> Result<Option<u32>, Fault> {
    named(row, Slot::Parts, RejectCode::ValueInvalid, |text| {
        text.parse()
            .ok()
            .filter(|parts| (1..=MESSAGE_PARTS_MAX).contains(parts))
    })
}

fn consent(row: &mut Row<'_>) -> Result<Option<State>, Fault> {
    named(row, Slot::Consent, RejectCode::ValueInvalid, |name| {
        State::from_name(name)
            .filter(|state| matches!(state, State::Stop | State::Start | State::Help))
    })
}

fn own<'s>(row: &mut Row<'s>) -> Result<Option<Box<Own<'s>>>, Fault> {
    let fields = [
        EVENT_ID, ACCOUNT, CAMPAIGN, BLAST, NAME, STEP, VALUE, CURRENCY,
    ];
    if !fields.iter().any(|slot| row.slots.is_filled(*slot)) {
        return Ok(None);
    }
    Ok(Some(Box::new(Own {
        event_id: row.value(EVENT_ID, ID_BYTES_MAX)?,
        account: row.value(ACCOUNT, NAME_BYTES_MAX)?,
        campaign: row.value(CAMPAIGN, NAME_BYTES_MAX)?,
        blast: row.value(BLAST, NAME_BYTES_MAX)?,
        name: row.value(NAME, NAME_BYTES_MAX)?,
        step: row.value(STEP, NAME_BYTES_MAX)?,
        value_micros: named(row, VALUE, RejectCode::ValueInvalid, parse_micros)?,
        currency: currency(row)?,
    })))
}

fn currency<'s>(row: &mut Row<'s>) -> Result<Option<Cow<'s, str>>, Fault> {
    let Some(text) = row.value(CURRENCY, usize::MAX)? else {
        return Ok(None);
    };
    if text.len() != 3 || !text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Err(row.fault_in(CURRENCY, RejectCode::ValueInvalid));
    }
    let is_upper = text.bytes().all(|byte| byte.is_ascii_uppercase());
    Ok(Some(if is_upper {
        text
    } else {
        Cow::Owned(text.to_ascii_uppercase())
    }))
}

/// A decimal number in millionths, further digits rounded to the nearest.
fn parse_micros(text: &str) -> Option<i64> {
    let (is_negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    if whole.is_empty() || mantissa.ends_with('.') || !digits().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // The digit at index i stands for 10^(whole.len() - 1 - i + exponent) units.
    let mut place = i32::try_from(whole.len())
        .ok()?
        .checked_add(exponent)?
        .checked_add(6)?;
    let mut value: i64 = 0;
    for byte in digits() {
        place -= 1;
        let digit = i64::from(byte - b'0');
        if place >= 0 {
            value = value.checked_mul(10)?.checked_add(digit)?;
        } else if place == -1 && digit >= 5 {
            value = value.checked_add(1)?;
        }
    }
    if value != 0 && place > 0 {
        value = value.checked_mul(10_i64.checked_pow(u32::try_from(place).ok()?)?)?;
    }
    Some(if is_negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::parse_micros;

    #[test]
    fn micros() {
        for (text, micros) in [
            ("0", 0),
            ("-0", 0),
            ("1", 1_000_000),
            ("49.90", 49_900_000),
            ("0.000001", 1),
            ("0.0000014", 1),
            ("19.98999999999", 19_990_000),
            ("-3.5", -3_500_000),
            ("1e3", 1_000_000_000),
            ("1.25E-2", 12_500),
            ("5e-7", 1),
            ("4e-7", 0),
            ("0e99999", 0),
            ("9223372036854.775807", i64::MAX),
        ] {
            assert_eq!(parse_micros(text), Some(micros), "{text}");
        }
        for text in [
            "",
            "-",
            ".5",
            "1.",
            "1,5",
            "x",
            "1e",
            "9223372036854.775808",
            "1e30",
            "--1",
            "+1",
            "1e99999999999",
        ] {
            assert_eq!(parse_micros(text), None, "{text}");
        }
    }
}
