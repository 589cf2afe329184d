//! Canonical events: the three shapes of a body, what is refused where, and that encoding and
//! decoding are each other's inverse. And for every provider: no bytes make a decoder panic.
#![cfg(test)]
#![expect(clippy::too_many_lines, reason = "tables of cases are long")]

use proptest::prelude::*;
use smstrack_engine::decode::encode::encode_canonical;
use smstrack_engine::decode::{BodyError, Reject, RejectCode, RequestView, Sink, Template, decode};
use smstrack_engine::event::{ErrorClass, Event, Kind, Number, Own, Provider, State};
use std::borrow::Cow;

#[derive(Default)]
struct Found {
    events: Vec<(u32, Event<'static>)>,
    rejects: Vec<Reject>,
}

fn owned(text: Option<Cow<'_, str>>) -> Option<Cow<'static, str>> {
    text.map(|text| Cow::Owned(text.into_owned()))
}

fn detached(event: Event<'_>) -> Event<'static> {
    let own = |own: Own<'_>| Own {
        event_id: owned(own.event_id),
        account: owned(own.account),
        campaign: owned(own.campaign),
        blast: owned(own.blast),
        name: owned(own.name),
        step: owned(own.step),
        value_micros: own.value_micros,
        currency: owned(own.currency),
    };
    Event {
        kind: event.kind,
        provider: event.provider,
        message_id: owned(event.message_id),
        contact: event.contact,
        strange_contact_at: event.strange_contact_at,
        sender: owned(event.sender),
        state: event.state,
        is_final: event.is_final,
        error_code: owned(event.error_code),
        error_class: event.error_class,
        occurred_us: event.occurred_us,
        text: owned(event.text),
        parts: event.parts,
        client_ref: owned(event.client_ref),
        consent: event.consent,
        own: event.own.map(|boxed| Box::new(own(*boxed))),
        profile: event.profile,
    }
}

impl Sink for Found {
    fn event(&mut self, row: u32, event: Event<'_>) {
        self.events.push((row, detached(event)));
    }

    fn reject(&mut self, reject: Reject) {
        self.rejects.push(reject);
    }

    fn withdraw(&mut self) {
        *self = Self::default();
    }
}

fn read_as(kind: &str, body: &[u8]) -> Result<Found, BodyError> {
    let headers = [("Content-Type", kind.as_bytes())];
    let request = RequestView {
        method: "POST",
        target: "/events",
        headers: &headers,
        body,
    };
    let mut found = Found::default();
    let outcome = decode(Provider::Canonical, &request, None, &mut found);
    if outcome.is_err() {
        assert!(found.events.is_empty() && found.rejects.is_empty());
    }
    outcome.map(|()| found)
}

fn read(body: &str) -> Result<Found, BodyError> {
    read_as("application/json", body.as_bytes())
}

fn rejects(found: &Found) -> Vec<(u32, u32, &'static str)> {
    found
        .rejects
        .iter()
        .map(|reject| (reject.row, reject.byte, reject.code.word()))
        .collect()
}

const SENT: &str = r#"{"kind":"sent","message_id":"m1","contact":"+12025550101","campaign":"c"}"#;

#[test]
fn one_object() {
    let found = read(&format!(" {SENT}\n")).unwrap();
    let (row, event) = &found.events[0];
    assert_eq!(
        (*row, event.kind, event.provider),
        (0, Kind::Sent, Provider::Canonical)
    );
    assert_eq!(event.contact, Some(Number(12_025_550_101)));
    assert_eq!(event.own.as_ref().unwrap().campaign.as_deref(), Some("c"));
    let printed = SENT
        .replace(',', ",\n  ")
        .replace('{', "{\n")
        .replace('}', "\n}");
    assert_eq!(read(&printed).unwrap().events, found.events);
}

#[test]
fn an_array() {
    let found = read(&format!("[{SENT}, 7,[[]], {SENT} ,{{\"kind\":\"x\"}}]\n")).unwrap();
    assert_eq!(
        found.events.iter().map(|(row, _)| *row).collect::<Vec<_>>(),
        [0, 3]
    );
    let len = u32::try_from(SENT.len()).unwrap();
    assert_eq!(
        rejects(&found),
        [
            (1, len + 3, "wrong_type"),
            (2, len + 5, "wrong_type"),
            (4, 2 * len + 22, "kind_unknown")
        ]
    );
    assert_eq!(read("[]").unwrap().events, []);
    for (body, byte, code) in [
        (format!("[{SENT},"), 75, RejectCode::JsonTruncated),
        (format!("[{SENT}] x"), 76, RejectCode::JsonInvalid),
        (format!("[{SENT} {SENT}]"), 75, RejectCode::JsonInvalid),
        ("\"x\"".to_owned(), 0, RejectCode::JsonInvalid),
    ] {
        let error = read(&body).map(|found| rejects(&found));
        if body.starts_with('"') {
            assert_eq!(error, Ok(vec![(0, 0, "wrong_type")]));
        } else {
            assert_eq!(error, Err(BodyError { byte, code }), "{body}");
        }
    }
}

#[test]
fn lines() {
    let body = format!("{SENT}\n\n{{\"kind\":\nnot json\n{SENT}\r\n{{\"kind\":\"sent\"}}");
    let len = u32::try_from(SENT.len()).unwrap();
    for kind in ["application/json", "application/x-ndjson", ""] {
        let found = read_as(kind, body.as_bytes()).unwrap();
        assert_eq!(
            found.events.iter().map(|(row, _)| *row).collect::<Vec<_>>(),
            [0, 4]
        );
        assert_eq!(
            rejects(&found),
            [
                (2, len + 10, "json_truncated"),
                (3, len + 12, "json_invalid"),
                (5, 2 * len + 22, "no_reference")
            ]
        );
    }
    let mut broken = format!("{{\"kind\n{SENT}\n").into_bytes();
    assert_eq!(
        rejects(&read_as("", &broken).unwrap()),
        [(0, 6, "json_truncated")]
    );
    broken[2] = 0xff;
    assert_eq!(
        rejects(&read_as("", &broken).unwrap()),
        [(0, 2, "not_utf8")]
    );
    let single = read_as("application/x-ndjson", SENT.as_bytes()).unwrap();
    assert_eq!(single.events.len(), 1);
}

#[test]
fn refused_bodies() {
    for (body, byte, code) in [
        (&b""[..], 0, RejectCode::BodyEmpty),
        (b" \n", 0, RejectCode::BodyEmpty),
        (b"{", 1, RejectCode::JsonTruncated),
        (b"nope", 1, RejectCode::JsonInvalid),
        (b"{\"kind\":\"\xff\"}", 9, RejectCode::NotUtf8),
        (b"{\"a\":1,\n \"b\":}", 13, RejectCode::JsonInvalid),
    ] {
        let error = read_as("application/json", body).map(|found| rejects(&found));
        assert_eq!(error, Err(BodyError { byte, code }), "{body:?}");
    }
}

#[test]
fn refused_rows() {
    let name = "n".repeat(129);
    for (fields, code) in [
        (r#""contact":"+12025550101""#.to_owned(), "field_missing"),
        (
            r#""kind":"dream","contact":"+12025550101""#.to_owned(),
            "kind_unknown",
        ),
        (
            r#""kind":7,"contact":"+12025550101""#.to_owned(),
            "kind_unknown",
        ),
        (r#""kind":"click""#.to_owned(), "no_reference"),
        (
            r#""kind":"click","contact":"5215""#.to_owned(),
            "not_a_number",
        ),
        (
            r#""kind":"click","contact":"07700900123""#.to_owned(),
            "not_a_number",
        ),
        (
            r#""kind":"click","contact":["+12025550101"]"#.to_owned(),
            "wrong_type",
        ),
        (
            r#""kind":"receipt","message_id":"a""#.to_owned(),
            "field_missing",
        ),
        (
            r#""kind":"receipt","message_id":"a","state":"stop""#.to_owned(),
            "value_invalid",
        ),
        (
            r#""kind":"receipt","message_id":"a","state":"DELIVERED""#.to_owned(),
            "value_invalid",
        ),
        (
            r#""kind":"receipt","message_id":"a","state":"read","final":"yes""#.to_owned(),
            "wrong_type",
        ),
        (
            r#""kind":"receipt","message_id":"a","state":"failed","error_class":"bad""#.to_owned(),
            "value_invalid",
        ),
        (
            r#""kind":"receipt","message_id":"a","state":"read","provider":"acme""#.to_owned(),
            "value_invalid",
        ),
        (
            r#""kind":"receipt","message_id":true,"state":"read""#.to_owned(),
            "wrong_type",
        ),
        (
            r#""kind":"optout","contact":"+12025550101""#.to_owned(),
            "field_missing",
        ),
        (
            r#""kind":"optout","contact":"+12025550101","state":"help""#.to_owned(),
            "value_invalid",
        ),
        (
            r#""kind":"flow","contact":"+12025550101","state":"sent""#.to_owned(),
            "value_invalid",
        ),
        (
            r#""kind":"click","client_ref":"a","occurred_at":"2026-01-01 12:00:00""#.to_owned(),
            "time_invalid",
        ),
        (
            r#""kind":"click","client_ref":"a","occurred_at":"yesterday""#.to_owned(),
            "time_invalid",
        ),
        (
            r#""kind":"click","client_ref":"a","parts":0"#.to_owned(),
            "value_invalid",
        ),
        (
            r#""kind":"click","client_ref":"a","parts":256"#.to_owned(),
            "value_invalid",
        ),
        (
            r#""kind":"click","client_ref":"a","consent":"maybe""#.to_owned(),
            "value_invalid",
        ),
        (
            r#""kind":"conversion","client_ref":"a","value":"1,50""#.to_owned(),
            "value_invalid",
        ),
        (
            r#""kind":"conversion","client_ref":"a","value":1,"currency":"EURO""#.to_owned(),
            "value_invalid",
        ),
        (
            r#""kind":"click","client_ref":"a\u0000""#.to_owned(),
            "nul_byte",
        ),
        (
            r#""kind":"click","client_ref":"a\udc00""#.to_owned(),
            "lone_surrogate",
        ),
        (
            format!(r#""kind":"click","client_ref":"a","campaign":"{name}""#),
            "value_too_long",
        ),
        (
            format!(r#""kind":"click","client_ref":"{name}{name}""#),
            "value_too_long",
        ),
        (
            format!(r#""kind":"click","client_ref":"a","sender":"{name}""#),
            "value_too_long",
        ),
    ] {
        let found = read(&format!("{{{fields}}}")).unwrap();
        assert!(found.events.is_empty(), "{fields}");
        assert_eq!(
            found.rejects.first().map(|reject| reject.code.word()),
            Some(code),
            "{fields}"
        );
    }
}

#[test]
fn defaults_and_own_fields() {
    let body = r#"{"kind":"conversion","contact":12025550101,"goal":"order","value":49.9,"currency":"eur",
        "occurred_at":1776267122123,"event_id":"e1","account":"main","blast":"b","step":"2","unknown":{"kind":"sent"}}"#;
    let (_, event) = read(body).unwrap().events.remove(0);
    let own = event.own.unwrap();
    assert_eq!(own.name.as_deref(), Some("order"));
    assert_eq!(own.value_micros, Some(49_900_000));
    assert_eq!(own.currency.as_deref(), Some("EUR"));
    assert_eq!(event.occurred_us, Some(1_776_267_122_123_000));
    let body = r#"{"kind":"receipt","provider":"telnyx","message_id":123456789012345678901,"state":"unknown","error_code":"000"}"#;
    let (_, event) = read(body).unwrap().events.remove(0);
    assert_eq!(event.message_id.as_deref(), Some("123456789012345678901"));
    assert_eq!(
        (event.provider, event.is_final),
        (Provider::Telnyx, Some(false))
    );
    assert_eq!((event.error_code, event.own), (None, None));
}

#[test]
fn the_thirteen_fields_in_their_order() {
    let mut text = Vec::new();
    encode_canonical(&Event::new(Kind::Control, Provider::Kannel), &mut text);
    assert_eq!(
        String::from_utf8(text).unwrap(),
        r#"{"kind":"control","provider":"kannel","message_id":null,"contact":null,"sender":null,"state":null,"final":null,"error_code":null,"error_class":null,"occurred_at":null,"text":null,"parts":null,"client_ref":null}"#
    );
}

fn text(max: usize) -> impl Strategy<Value = Option<Cow<'static, str>>> {
    let text = prop_oneof!["[a-zA-Z0-9+_-]{1,20}", "[^\0]{1,20}"];
    proptest::option::of(text.prop_map(Cow::Owned::<str>))
        .prop_map(move |text| text.filter(|text| text.len() <= max))
}

fn of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    proptest::sample::select(all)
}

fn own() -> impl Strategy<Value = Option<Box<Own<'static>>>> {
    let currency = proptest::option::of("[A-Z]{3}".prop_map(Cow::Owned));
    let value = proptest::option::of(any::<i64>());
    (
        text(99),
        text(99),
        text(99),
        text(99),
        text(99),
        text(99),
        value,
        currency,
    )
        .prop_map(
            |(event_id, account, campaign, blast, name, step, value_micros, currency)| {
                let own = Own {
                    event_id,
                    account,
                    campaign,
                    blast,
                    name,
                    step,
                    value_micros,
                    currency,
                };
                (own != Own::default()).then(|| Box::new(own))
            },
        )
}

prop_compose! {
    fn event()(
        kind in of(Kind::ALL),
        // A profile's events have its name, and are read again only while it is loaded.
        provider in of(Provider::ALL).prop_filter("built in", |p| *p != Provider::Profile),
        message_id in text(255),
        contact in proptest::option::of(10_000_000_u64..1_000_000_000_000_000),
        sender in text(64),
        (any_state, is_final, class) in (of(State::ALL), any::<bool>(), proptest::option::of(of(ErrorClass::ALL))),
        error_code in text(255),
        occurred_us in proptest::option::of(-62_167_219_200_000_000_i64..253_402_300_800_000_000),
        reply in proptest::option::of(any::<String>()),
        parts in proptest::option::of(1..=255_u32),
        client_ref in text(255),
        consent in proptest::option::of(of(&[State::Stop, State::Start, State::Help])),
        own in own(),
    ) -> Event<'static> {
        let mut event = Event::new(kind, provider);
        event.message_id = message_id;
        event.contact = contact.map(Number);
        event.sender = sender;
        event.error_code = error_code.filter(|code| !code.bytes().all(|byte| byte == b'0'));
        event.occurred_us = occurred_us;
        event.parts = parts;
        event.client_ref = client_ref;
        event.consent = consent;
        event.own = own;
        let nameless = event.message_id.is_none() && event.client_ref.is_none();
        if nameless && event.contact.is_none() {
            event.contact = Some(Number(12_025_550_101));
        }
        match kind {
            Kind::Receipt => {
                let state = if any_state.code() <= 11 { any_state } else { State::Failed };
                event.state = Some(state);
                event.is_final = Some(is_final);
                event.error_class = class.filter(|_| state.is_failure());
            }
            Kind::OptOut => event.state = Some(if is_final { State::Stop } else { State::Start }),
            Kind::Flow => event.state = Some(if is_final { State::Completed } else { State::Step }),
            Kind::Reply => event.text = reply.map(Cow::Owned),
            _ => {}
        }
        event
    }
}

fn any_provider() -> impl Strategy<Value = Provider> {
    of(Provider::ALL)
}

fn wire() -> impl Strategy<Value = Vec<u8>> {
    let words = of(&[
        "MessageSid=",
        "&",
        "=",
        "%2B",
        "+",
        "12025550101",
        "MessageStatus=",
        "delivered",
        "\"data\":",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"payload\":",
        "\"to\":",
        "\"results\":",
        "\"status\":",
        "\"id\":",
        "\"a\\ud800\"",
        "\\u00e9",
        "null",
        "1e9",
        "id:",
        " stat:",
        "DELIVRD",
        " err:",
        " text:",
        "\n",
        "\"kind\":\"sent\"",
        "\"contact\":\"",
        "\"",
        "\\",
        "\"message\":",
        "\"event_type\":\"message.sent\"",
        "\0",
    ]);
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        proptest::collection::vec(words, 0..40).prop_map(|words| words.concat().into_bytes()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn written_and_read_again(event in event()) {
        let mut text = Vec::new();
        encode_canonical(&event, &mut text);
        let found = read(std::str::from_utf8(&text).unwrap()).unwrap();
        prop_assert_eq!(rejects(&found), []);
        prop_assert_eq!(&found.events, &[(0, event)]);
    }

    #[test]
    fn bulk_and_single_agree(events in proptest::collection::vec(event(), 1..5)) {
        let mut texts = Vec::new();
        for event in &events {
            let mut text = Vec::new();
            encode_canonical(event, &mut text);
            texts.push(String::from_utf8(text).unwrap());
        }
        let rows: Vec<_> = (0..).zip(events).collect();
        for body in [texts.join("\n"), format!("[{}]", texts.join(",")), texts.join("\r\n") + "\r\n"] {
            prop_assert_eq!(&read(&body).unwrap().events, &rows);
        }
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(
        provider in any_provider(), body in wire(), query in "\\PC{0,40}", head in wire(), with_template: bool,
    ) {
        let template = Template {
            roles: [("a", "dlr"), ("(body)", "text"), ("X-Kannel-From", "contact"), ("b", "client_ref")]
                .map(|(name, role)| (name.to_owned(), role.to_owned())).to_vec(),
        };
        let target = format!("/x?{query}");
        let headers = [("Content-Type", &head[..]), ("source_addr", &head), ("tlv message_payload", &head),
            ("data_coding", b"8"), ("X-Kannel-From", &head)];
        for headers in [&headers[..], &headers[..4], &headers[..1], &[]] {
            let request = RequestView { method: "POST", target: &target, headers, body: &body };
            let mut found = Found::default();
            let outcome = decode(provider, &request, with_template.then_some(&template), &mut found);
            if outcome.is_err() {
                prop_assert!(found.events.is_empty() && found.rejects.is_empty());
            }
            let max = u32::try_from(body.len().max(target.len())).unwrap();
            prop_assert!(found.rejects.iter().all(|reject| reject.byte <= max));
        }
    }
}
