//! Events -> canonical JSON, the form `smstrack decode` prints and `POST /events` takes back.

use super::time;
use crate::event::{ErrorClass, Event, Kind, Own, State};

/// Writes one JSON object without line ends: the thirteen canonical fields in their order,
/// nulls included, then the fields only the project's own events have, where present.
///
/// Decoding what was written gives the same event again. A time outside the years 0 to 9999
/// is written as null.
pub fn encode_canonical(event: &Event<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"kind\":");
    write_string(event.kind.name(), out);
    let provider = event.profile.unwrap_or_else(|| event.provider.name());
    field("provider", Some(provider), out);
    field("message_id", event.message_id.as_deref(), out);
    name("contact", out);
    match event.contact {
        Some(number) => {
            out.extend_from_slice(b"\"+");
            write_number(number.0, out);
            out.push(b'"');
        }
        None => out.extend_from_slice(b"null"),
    }
    field("sender", event.sender.as_deref(), out);
    field("state", event.state.map(State::name), out);
    name("final", out);
    out.extend_from_slice(match event.is_final {
        Some(true) => b"true",
        Some(false) => b"false",
        None => b"null",
    });
    field("error_code", event.error_code.as_deref(), out);
    field("error_class", event.error_class.map(ErrorClass::name), out);
    name("occurred_at", out);
    write_time(event.occurred_us, out);
    field("text", event.text.as_deref(), out);
    name("parts", out);
    match event.parts {
        Some(parts) => write_number(u64::from(parts), out),
        None => out.extend_from_slice(b"null"),
    }
    field("client_ref", event.client_ref.as_deref(), out);
    present("consent", event.consent.map(State::name), out);
    if let Some(own) = &event.own {
        write_own(event.kind, own, out);
    }
    out.push(b'}');
}

fn write_own(kind: Kind, own: &Own<'_>, out: &mut Vec<u8>) {
    let named = match kind {
        Kind::Click => "link",
        Kind::Flow => "flow",
        _ => "goal",
    };
    present("event_id", own.event_id.as_deref(), out);
    present("account", own.account.as_deref(), out);
    present("campaign", own.campaign.as_deref(), out);
    present("blast", own.blast.as_deref(), out);
    present(named, own.name.as_deref(), out);
    present("step", own.step.as_deref(), out);
    if let Some(micros) = own.value_micros {
        name("value", out);
        out.push(b'"');
        write_micros(micros, out);
        out.push(b'"');
    }
    present("currency", own.currency.as_deref(), out);
}

fn name(name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

fn field(key: &str, value: Option<&str>, out: &mut Vec<u8>) {
    name(key, out);
    match value {
        Some(value) => write_string(value, out),
        None => out.extend_from_slice(b"null"),
    }
}

fn present(key: &str, value: Option<&str>, out: &mut Vec<u8>) {
    if value.is_some() {
        field(key, value, out);
    }
}

fn write_time(us: Option<i64>, out: &mut Vec<u8>) {
    let start = out.len();
    out.push(b'"');
    if us.is_some_and(|us| time::write_text(us, out)) {
        out.push(b'"');
    } else {
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
}

fn write_number(mut number: u64, out: &mut Vec<u8>) {
    let start = out.len();
    loop {
        out.push(b'0' + u8::try_from(number % 10).unwrap_or(0));
        number /= 10;
        if number == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

/// Millionths as a decimal number without needless zeros.
fn write_micros(micros: i64, out: &mut Vec<u8>) {
    if micros < 0 {
        out.push(b'-');
    }
    let size = micros.unsigned_abs();
    write_number(size / 1_000_000, out);
    let mut fraction = size % 1_000_000;
    if fraction == 0 {
        return;
    }
    out.push(b'.');
    while fraction > 0 {
        fraction *= 10;
        out.push(b'0' + u8::try_from(fraction / 1_000_000).unwrap_or(0));
        fraction %= 1_000_000;
    }
}

/// A JSON string; characters beyond ASCII stay as they are.
fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut start = 0;
    for (place, byte) in bytes.iter().enumerate() {
        let short = match byte {
            b'"' | b'\\' => *byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0..0x20 => b'u',
            _ => continue,
        };
        out.extend_from_slice(bytes.get(start..place).unwrap_or_default());
        out.extend_from_slice(&[b'\\', short]);
        if short == b'u' {
            let hex = |digit: u8| {
                if digit < 10 {
                    b'0' + digit
                } else {
                    b'a' + digit - 10
                }
            };
            out.extend_from_slice(&[b'0', b'0', hex(byte >> 4), hex(byte & 15)]);
        }
        start = place + 1;
    }
    out.extend_from_slice(bytes.get(start..).unwrap_or_default());
    out.push(b'"');
}
