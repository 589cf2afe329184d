//! The requests: provider-shaped templates with a running id and contact, or a file of raw ones.
//!
//! Request `index` of every shape is a receipt for contact `index * 2654435761 mod contacts`,
//! written `12000000000 + contact`, with the message id that [`message_words`] gives. Every 20th
//! contact (contact mod 20 = 19) did not get its message. `bench/shapes.py` holds the same rules.

use crate::options::{Failure, Shape};

/// Spreads contacts over their range: a prime, so every contact gets its turn.
const CONTACT_STRIDE: u64 = 2_654_435_761;
/// Contact 0. Ten million contacts stay within eleven digits.
const CONTACT_FIRST: u64 = 12_000_000_000;
/// One contact in so many did not get its message.
const FAILED_EVERY: u64 = 20;
const ID_MIX: (u64, u64) = (0x9E37_79B9_7F4A_7C15, 0xC2B2_AE3D_27D4_EB4F);

// Markers in templates: as wide as what replaces them.
const ID_MARK: &[u8] = b"IIIIIIIIIIIIIIIIIIIIIIIIIIIIIIII";
const UUID_MARK: &[u8] = b"UUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUU";
const CONTACT_MARK: &[u8] = b"CCCCCCCCCCC";

/// The two halves of a message id, written as 32 hex digits.
pub fn message_words(index: u64) -> (u64, u64) {
    (index.wrapping_mul(ID_MIX.0), index.wrapping_mul(ID_MIX.1))
}

/// Where requests come from.
pub enum Source {
    /// A built-in shape; endless.
    Shape(Templates),
    /// Raw requests of a file, in order, once or round and round.
    File {
        requests: Vec<Vec<u8>>,
        repeat: bool,
    },
}

impl Source {
    /// Requests it can give; `None` if endless.
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::File {
                requests,
                repeat: false,
            } => Some(requests.len() as u64),
            _ => None,
        }
    }

    /// Appends request `index` to `out`.
    pub fn write(&self, index: u64, out: &mut Vec<u8>) {
        match self {
            Self::Shape(templates) => templates.write(index, out),
            Self::File { requests, .. } => {
                let at = usize::try_from(index % (requests.len() as u64).max(1)).unwrap_or(0);
                out.extend_from_slice(requests.get(at).map_or(&[], Vec::as_slice));
            }
        }
    }
}

/// A file of raw requests: for each a little-endian u32 length, then its bytes.
pub fn parse_file(mut bytes: &[u8]) -> Result<Vec<Vec<u8>>, Failure> {
    let total = bytes.len();
    let mut requests = Vec::new();
    while !bytes.is_empty() {
        let torn = || {
            let at = total - bytes.len();
            Failure::usage(format!(
                "request file: entry {} at byte {at} is cut",
                requests.len()
            ))
        };
        let (len, rest) = bytes.split_first_chunk::<4>().ok_or_else(torn)?;
        let len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
        let (request, rest) = rest.split_at_checked(len).ok_or_else(torn)?;
        requests.push(request.to_vec());
        bytes = rest;
    }
    if requests.is_empty() {
        return Err(Failure::usage("request file: holds no request".to_owned()));
    }
    Ok(requests)
}

/// One request with its running fields cut out.
struct Template {
    bytes: Vec<u8>,
    slots: Vec<(usize, Slot)>,
}

#[derive(Clone, Copy)]
enum Slot {
    Id,
    Uuid,
    Contact,
}

/// A shape's receipts: delivered and not.
pub struct Templates {
    delivered: Template,
    failed: Template,
    contacts: u64,
}

impl Templates {
    /// `target` replaces the shape's path (and for kannel what stands before the query).
    pub fn new(shape: Shape, contacts: u64, host: &str, target: Option<&str>) -> Self {
        let make = |is_failed| Template::new(&request_text(shape, is_failed, host, target));
        Self {
            delivered: make(false),
            failed: make(true),
            contacts: contacts.max(1),
        }
    }

    fn write(&self, index: u64, out: &mut Vec<u8>) {
        let contact = (index % self.contacts) * CONTACT_STRIDE % self.contacts;
        let is_failed = contact % FAILED_EVERY == FAILED_EVERY - 1;
        let template = if is_failed {
            &self.failed
        } else {
            &self.delivered
        };
        template.write(message_words(index), CONTACT_FIRST + contact, out);
    }
}

impl Template {
    fn new(text: &str) -> Self {
        let bytes = text.as_bytes().to_vec();
        let mut slots = Vec::new();
        for (mark, slot) in [
            (ID_MARK, Slot::Id),
            (UUID_MARK, Slot::Uuid),
            (CONTACT_MARK, Slot::Contact),
        ] {
            let places = bytes
                .windows(mark.len())
                .enumerate()
                .filter(|(_, w)| *w == mark);
            slots.extend(places.map(|(at, _)| (at, slot)));
        }
        Self { bytes, slots }
    }

    fn write(&self, id: (u64, u64), number: u64, out: &mut Vec<u8>) {
        let base = out.len();
        out.extend_from_slice(&self.bytes);
        let Some(request) = out.get_mut(base..) else {
            return;
        };
        for (at, slot) in &self.slots {
            let Some(field) = request.get_mut(*at..) else {
                continue;
            };
            match slot {
                Slot::Id => put_hex(field, id),
                Slot::Uuid => put_uuid(field, id),
                Slot::Contact => put_decimal(field, number),
            }
        }
    }
}

fn put_hex(field: &mut [u8], id: (u64, u64)) {
    for (digit, byte) in hex_digits(id).zip(field) {
        *byte = digit;
    }
}

fn put_uuid(field: &mut [u8], id: (u64, u64)) {
    let mut digits = hex_digits(id);
    for (at, byte) in field.iter_mut().take(UUID_MARK.len()).enumerate() {
        *byte = if matches!(at, 8 | 13 | 18 | 23) {
            b'-'
        } else {
            digits.next().unwrap_or(b'0')
        };
    }
}

fn put_decimal(field: &mut [u8], mut number: u64) {
    for byte in field.iter_mut().take(CONTACT_MARK.len()).rev() {
        *byte = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
}

fn hex_digits(id: (u64, u64)) -> impl Iterator<Item = u8> {
    let digits_of = |word: u64| {
        (0..16)
            .rev()
            .map(move |nibble| hex_digit(word >> (nibble * 4)))
    };
    digits_of(id.0).chain(digits_of(id.1))
}

fn hex_digit(value: u64) -> u8 {
    let nibble = u8::try_from(value & 15).unwrap_or(0);
    if nibble < 10 {
        b'0' + nibble
    } else {
        b'a' + nibble - 10
    }
}

fn request_text(shape: Shape, is_failed: bool, host: &str, target: Option<&str>) -> String {
    let path = target.unwrap_or(shape.path());
    let id = str::from_utf8(ID_MARK).unwrap_or_default();
    let uuid = str::from_utf8(UUID_MARK).unwrap_or_default();
    let contact = str::from_utf8(CONTACT_MARK).unwrap_or_default();
    match shape {
        Shape::Twilio => post(
            path,
            host,
            TWILIO_HEAD,
            &twilio_body(is_failed, id, contact),
        ),
        Shape::Telnyx => post(
            path,
            host,
            TELNYX_HEAD,
            &telnyx_body(is_failed, uuid, contact),
        ),
        Shape::Vonage => post(
            path,
            host,
            VONAGE_HEAD,
            &vonage_body(is_failed, id, contact),
        ),
        Shape::Kannel => {
            let kind = if is_failed { 2 } else { 1 };
            let glue = if path.contains('?') { '&' } else { '?' };
            format!(
                "GET {path}{glue}id={id}&to=%2B{contact}&from=%2B14155550183&type={kind} \
                 HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Kannel/1.4.5\r\n\
                 Connection: keep-alive\r\n\r\n"
            )
        }
    }
}

fn post(path: &str, host: &str, head: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\n{head}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

const TWILIO_HEAD: &str = "User-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n\
    Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n\
    I-Twilio-Idempotency-Token: 0f6b4ac5-6f5e-4c1e-9d4e-6b1c8f0d7a21\r\n\
    X-Twilio-Signature: 0/KCTR6DLpKmkAf8muzZqo1nDgQ=\r\n";
const TELNYX_HEAD: &str = "User-Agent: telnyx-webhooks\r\nContent-Type: application/json\r\n\
    Telnyx-Timestamp: 1768086300\r\n\
    Telnyx-Signature-Ed25519: kfZOvcZE1Rlqrk1XGkzDo5gMn0bBMrFRy3sZwWzpzMTrKKq/1pR1F6nq9Vbq3Gr1v9\
    UPTp8tJ9tMErX6tZqIBw==\r\n";
const VONAGE_HEAD: &str = "User-Agent: Nexmo/MessagingHUB/v1.0\r\nAccept: */*\r\n\
    Content-Type: application/json; charset=utf-8\r\n";

fn twilio_body(is_failed: bool, id: &str, contact: &str) -> String {
    let (status, error) = if is_failed {
        ("undelivered", "&ErrorCode=30003")
    } else {
        ("delivered", "")
    };
    format!(
        "SmsSid=SM{id}&SmsStatus={status}&MessageStatus={status}&To=%2B{contact}&MessageSid=SM{id}\
         &AccountSid=AC3e0d4733a63ce850ecc917f212912030&From=%2B14155550183&ApiVersion=2010-04-01\
         {error}"
    )
}

fn telnyx_body(is_failed: bool, uuid: &str, contact: &str) -> String {
    let (status, errors) = if is_failed {
        (
            "delivery_failed",
            r#"{"code":"40008","title":"Undeliverable","detail":"Not delivered."}"#,
        )
    } else {
        ("delivered", "")
    };
    format!(
        concat!(
            r#"{{"data":{{"event_type":"message.finalized","#,
            r#""id":"aa499bcd-8824-484c-bf24-e53b55c8ca50","#,
            r#""occurred_at":"2026-01-10T23:05:00.259+00:00","payload":{{"#,
            r#""completed_at":"2026-01-10T23:05:00.259+00:00","#,
            r#""cost":{{"amount":"0.0061","currency":"USD"}},"direction":"outbound","#,
            r#""encoding":"GSM-7","errors":[{errors}],"from":{{"carrier":"Telnyx","#,
            r#""line_type":"Wireless","phone_number":"+14155550183"}},"id":"{uuid}","media":[],"#,
            r#""messaging_profile_id":"d38fa2ce-5d45-4b2c-8b34-2b804ec1e1f7","#,
            r#""organization_id":"a9ac0c65-adba-4e96-9f25-8efe1e26209c","parts":1,"#,
            r#""received_at":"2026-01-10T23:04:59.663+00:00","record_type":"message","#,
            r#""sent_at":"2026-01-10T23:04:59.707+00:00","tags":["flash-sale","north"],"#,
            r#""text":"Table is booked!","to":[{{"carrier":"EXAMPLE WIRELESS, INC.","#,
            r#""line_type":"Wireless","phone_number":"+{contact}","status":"{status}"}}],"#,
            r#""type":"SMS","valid_until":"2026-01-11T00:04:59.663+00:00","#,
            r#""webhook_url":"https://hooks.example.net/telnyx"}},"record_type":"event"}},"#,
            r#""meta":{{"attempt":1,"delivered_to":"https://hooks.example.net/telnyx"}}}}"#,
        ),
        errors = errors,
        uuid = uuid,
        contact = contact,
        status = status,
    )
}

fn vonage_body(is_failed: bool, id: &str, contact: &str) -> String {
    let (status, code) = if is_failed {
        ("failed", "6")
    } else {
        ("delivered", "0")
    };
    format!(
        r#"{{"err-code":"{code}","message-timestamp":"2026-10-13 13:35:29","messageId":"{id}","#
    ) + &format!(
        r#""msisdn":"{contact}","network-code":"23415","price":"0.08870000","scts":"2610131435","#
    ) + &format!(r#""status":"{status}","to":"14155550183"}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn text(shape: Shape, index: u64) -> String {
        let source = Source::Shape(Templates::new(shape, 1_000, "127.0.0.1:80", None));
        let mut out = b"before".to_vec();
        source.write(index, &mut out);
        String::from_utf8(out)
            .unwrap()
            .strip_prefix("before")
            .unwrap()
            .to_owned()
    }

    fn body(request: &str) -> &str {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        if let Some((_, rest)) = head.split_once("Content-Length: ") {
            assert_eq!(
                rest.lines().next().unwrap().parse::<usize>().unwrap(),
                body.len()
            );
        }
        body
    }

    #[test]
    fn the_twilio_receipt_has_the_measured_size_and_its_running_fields() {
        let request = text(Shape::Twilio, 1);
        let id = format!("SM{:016x}{:016x}", ID_MIX.0, ID_MIX.1);
        assert_eq!(body(&request).len(), 237);
        assert_eq!(request.matches(&id).count(), 2);
        assert!(request.contains(&format!(
            "To=%2B{}&",
            12_000_000_000 + 2_654_435_761_u64 % 1000
        )));
        let failed = (0..1_000)
            .filter(|n| text(Shape::Twilio, *n).contains("=undelivered"))
            .count();
        assert_eq!(failed, 50);
    }

    #[test]
    fn json_shapes_are_json_and_distinct() {
        for shape in [Shape::Telnyx, Shape::Vonage] {
            let bodies: HashSet<_> = (0..100).map(|n| body(&text(shape, n)).to_owned()).collect();
            assert_eq!(bodies.len(), 100);
            for body in bodies {
                serde_json::from_str::<serde_json::Value>(&body).unwrap();
            }
        }
    }

    #[test]
    fn no_marker_is_left_and_every_contact_gets_its_turn() {
        for shape in [Shape::Twilio, Shape::Telnyx, Shape::Vonage, Shape::Kannel] {
            for mark in [ID_MARK, UUID_MARK, CONTACT_MARK] {
                assert!(!text(shape, 7).contains(str::from_utf8(mark).unwrap()));
            }
        }
        let requests: Vec<_> = (0..1_000).map(|n| text(Shape::Kannel, n)).collect();
        let contacts: HashSet<_> = requests
            .iter()
            .map(|r| r.split_once("to=%2B").unwrap().1[..11].to_owned())
            .collect();
        assert_eq!(contacts.len(), 1_000);
    }

    #[test]
    fn a_file_is_read_back_and_a_cut_one_is_refused() {
        let file = [&3_u32.to_le_bytes()[..], b"abc", &1_u32.to_le_bytes(), b"d"].concat();
        let requests = parse_file(&file).unwrap();
        assert_eq!(requests, [b"abc".to_vec(), b"d".to_vec()]);
        assert!(parse_file(&file[..9]).is_err());
        assert!(parse_file(&file[..11]).is_err());
        assert!(parse_file(b"").is_err());
        let source = Source::File {
            requests,
            repeat: true,
        };
        let mut out = Vec::new();
        source.write(3, &mut out);
        assert_eq!((out.as_slice(), source.count()), (&b"d"[..], None));
    }
}
