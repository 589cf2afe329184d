//! No request takes long, whatever is in it: for every decoder and verifier, bodies that repeat
//! what their formats are made of, at two sizes. Twice the bytes may take about twice the time;
//! a decoder that looks back for each thing it finds would take four times as long.
//!
//! Time is that of the processor, so that a busy machine changes nothing.
#![cfg(test)]

use rustix::time::{ClockId, clock_gettime};
use smstrack_engine::decode::{Reject, RequestView, Sink, Template, decode};
use smstrack_engine::event::{Event, Provider};
use smstrack_engine::limits::{BODY_BYTES_MAX, EVENTS_BODY_BYTES_MAX};
use smstrack_engine::profiles::Profiles;
use smstrack_engine::verify::{Keys, Scheme, Signed};

/// The largest body there is, and half of it.
const LARGE: usize = BODY_BYTES_MAX;
const SMALL: usize = BODY_BYTES_MAX / 2;
/// No request may take longer, in milliseconds of the processor. Unoptimised code is slower.
const MS_MAX: f64 = if cfg!(debug_assertions) {
    2_000.0
} else {
    100.0
};
/// Below this, in milliseconds, two times cannot be compared.
const MS_COMPARED: f64 = if cfg!(debug_assertions) { 100.0 } else { 8.0 };

struct Ignore;

impl Sink for Ignore {
    fn event(&mut self, _row: u32, _event: Event<'_>) {}
    fn reject(&mut self, _reject: Reject) {}
    fn withdraw(&mut self) {}
}

/// What is written before, again and again, and behind.
const FAMILIES: &[(&str, &str, &str)] = &[
    // Forms and queries.
    ("", "a=1&", "id=1&status=delivered"),
    ("", "&", "id=1"),
    ("", "=", ""),
    ("", "id=1&status=2&to=3&from=4&", ""),
    ("", "%69%64=%31&", ""),
    ("id=", "%41", "&status=1"),
    ("id=1&text=", "%00%41", "&coding=8&from=447700900123"),
    ("id=1&content=", "%1B", "&coding=0&from=447700900123"),
    ("id=1&binary=", "0041", "&coding=8&from=447700900123"),
    ("text=", "+", "&from=447700900123"),
    ("text=", "id%3A1+stat%3A", "&type=1&ref=1"),
    ("meta=%3Fsmpp%3F", "dlr_err=1%26", "&type=1&D=1"),
    ("To=%2B1", "(((", "&MessageSid=1&MessageStatus=sent"),
    ("time=", "2026-01-01 ", "&status=0&reference=1"),
    ("data=[", "{\"report\":[{\"number\":1,\"status\":1},", "]"),
    (
        "data=%5B",
        "%7B%22report%22%3A%5B%7B%22status%22%3A1%7D%5D%7D%2C",
        "%7B%7D%5D",
    ),
    (
        "response=[",
        "{\"externalId\":1,\"eventType\":\"x\"},",
        "{}]",
    ),
    ("sig=00&", "a%26=b%3D&", ""),
    // JSON.
    ("{", "\"a\":1,", "\"id\":1}"),
    ("{", "\"id\":1,\"status\":2,", "\"to\":3}"),
    ("{", "\"\\u0069\\u0064\":1,", "\"to\":3}"),
    ("[", "{},", "{}]"),
    ("[", "[],", "[]]"),
    ("[", "7,", "7]"),
    ("", "{\"a\":", "1"),
    ("", "[", ""),
    ("{\"a\":\"", "\\u0041", "\"}"),
    ("{\"text\":\"", "\\ud83d\\ude00", "\"}"),
    ("{\"text\":\"", "\\\\", "\"}"),
    (
        "{\"results\":[",
        "{\"messageId\":1,\"status\":{\"groupName\":\"x\"}},",
        "{}]}",
    ),
    (
        "{\"results\":[{\"message\":[",
        "{\"contentType\":\"text/plain\"},",
        "{}]}]}",
    ),
    (
        "{\"data\":{\"payload\":{\"to\":[",
        "{\"status\":\"sent\"},",
        "{}]}}}",
    ),
    (
        "{\"data\":{\"payload\":{\"errors\":[",
        "{\"code\":1},",
        "{}],\"to\":[{},{}]}}}",
    ),
    (
        "{\"type\":\"delivery_report_sms\",\"statuses\":[",
        "{\"recipients\":[1,2]},",
        "{}]}",
    ),
    (
        "{\"type\":\"delivery_report_sms\",\"statuses\":[{\"recipients\":[",
        "1,",
        "1]}]}",
    ),
    (
        "{\"messages\":{\"msg\":[",
        "{\"to\":1,\"status\":{\"code\":2}},",
        "{}]}}",
    ),
    (
        "[",
        "{\"type\":\"message-sent\",\"message\":{\"id\":1}},",
        "{}]",
    ),
    ("[", "{\"report\":[{\"number\":1,\"status\":1}]},", "{}]"),
    (
        "[",
        "{\"eventType\":\"Microsoft.Communication.SMSReceived\",\"data\":{}},",
        "{}]",
    ),
    (
        "{\"Type\":\"Notification\",\"Message\":\"{",
        "\\\"a\\\":1,",
        "\\\"messageId\\\":1}\"}",
    ),
    (
        "{\"Type\":\"Notification\",\"Message\":\"",
        "{\\\"a\\\":",
        "1\"}",
    ),
    (
        "{\"Type\":\"Notification\",\"Message\":\"[",
        "\\\\u0041",
        "\"}",
    ),
    // XML.
    (
        "<MESSAGES>",
        "<MSG><TO>1</TO><STATUS><CODE>2</CODE></STATUS></MSG>",
        "</MESSAGES>",
    ),
    ("", "<MSG>", ""),
    ("<MSG ", "a=\"1\" ", "/>"),
    ("<MSG><TO>", "&amp;", "</TO></MSG>"),
    ("<MSG><TO>", "<![CDATA[x]]>", "</TO></MSG>"),
    ("<MSG>", "<!-- x -->", "</MSG>"),
    ("<", "!", ">"),
    ("<message><submit><ud>", "%20", "</ud></submit></message>"),
    // Multipart.
    (
        "",
        "--b\r\nContent-Disposition: form-data; name=\"status\"\r\n\r\nd\r\n",
        "--b--\r\n",
    ),
    ("", "--b\r\n", "--b--\r\n"),
    (
        "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n",
        "\r\n--",
        "\r\n--b--\r\n",
    ),
    ("--b\r\n", "X: y\r\n", "\r\n\r\n--b--\r\n"),
    (
        "--b\r\nContent-Disposition: form-data; ",
        "a=\"b\"; ",
        "\r\n\r\n--b--\r\n",
    ),
    // Receipt texts, bytes, lines.
    ("", "id:1 stat:DELIVRD err:1 text:", ""),
    ("", ":", ""),
    ("text:", "submit date:", "stat:DELIVRD"),
    ("", "\0", ""),
    ("", "\0\0\0\u{10}\0\0\0\u{5}\0\0\0\0\0\0\0\u{1}", ""),
    ("", "\u{1b}", ""),
    ("", "\n", ""),
    ("", "{}\n", ""),
    (
        "",
        "{\"kind\":\"receipt\",\"message_id\":\"1\",\"state\":\"sent\"}\n",
        "",
    ),
];

/// The types of bodies that make a difference to a provider.
fn types(provider: Provider) -> &'static [&'static str] {
    match provider {
        Provider::Textmagic | Provider::Clicksend => &["", "multipart/form-data; boundary=b"],
        Provider::Smpp | Provider::Kannel => &["", "application/octet-stream"],
        _ => &[""],
    }
}

fn body(family: &(&str, &str, &str), size: usize) -> String {
    let (before, again, behind) = family;
    let count = (size - before.len() - behind.len()) / again.len();
    [before, again.repeat(count).as_str(), behind].concat()
}

fn now_ms() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "seconds of one test")]
    let ms = now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6;
    ms
}

fn time_ms(work: impl FnOnce()) -> f64 {
    let began = now_ms();
    work();
    now_ms() - began
}

/// Complains where the larger of two pieces of work takes too long, by itself or compared with
/// the smaller. What looks slow is done again: pages may have been new, caches cold.
fn check(what: &str, work: impl Fn(bool)) -> Option<String> {
    let mut said = None;
    for _ in 0..3 {
        let (small, large) = (time_ms(|| work(false)), time_ms(|| work(true)));
        let grows = large > MS_COMPARED && large > small * 3.0;
        if large <= MS_MAX && !grows {
            return None;
        }
        said = Some(format!(
            "{what}: {small:.1} ms, twice the bytes {large:.1} ms"
        ));
    }
    said
}

fn template() -> Template {
    Template::new([
        ("type", "dlr"),
        ("text", "receipt text"),
        ("meta", "meta-data"),
        ("ref", "client_ref"),
        ("a", "text"),
        ("st", "status"),
    ])
}

#[test]
fn decoders_take_time_in_proportion() {
    let template = template();
    let mut slow = Vec::new();
    for family in FAMILIES {
        let bodies = [body(family, SMALL), body(family, LARGE)];
        let targets = bodies.each_ref().map(|body| format!("/x?{body}"));
        for provider in Provider::ALL {
            for kind in types(*provider) {
                let what = format!("{provider:?} {kind} {family:?}");
                slow.extend(check(&what, |is_large| {
                    let view = RequestView {
                        method: "POST",
                        target: "/x",
                        headers: &[("Content-Type", kind.as_bytes())],
                        body: bodies[usize::from(is_large)].as_bytes(),
                    };
                    let _ = decode(*provider, &view, Some(&template), &mut Ignore);
                }));
            }
            let what = format!("{provider:?} query {family:?}");
            slow.extend(check(&what, |is_large| {
                let view = RequestView {
                    method: "GET",
                    target: &targets[usize::from(is_large)],
                    headers: &[],
                    body: b"",
                };
                let _ = decode(*provider, &view, Some(&template), &mut Ignore);
            }));
        }
    }
    assert!(slow.is_empty(), "{}", slow.join("\n"));
}

/// Canonical events may come in larger bodies.
#[test]
fn canonical_events_take_time_in_proportion() {
    let mut slow = Vec::new();
    for family in FAMILIES {
        let bodies =
            [EVENTS_BODY_BYTES_MAX / 2, EVENTS_BODY_BYTES_MAX].map(|size| body(family, size));
        slow.extend(check(&format!("{family:?}"), |is_large| {
            let view = RequestView {
                method: "POST",
                target: "/events",
                headers: &[],
                body: bodies[usize::from(is_large)].as_bytes(),
            };
            let _ = decode(Provider::Canonical, &view, None, &mut Ignore);
        }));
    }
    assert!(slow.is_empty(), "{}", slow.join("\n"));
}

#[test]
fn verifiers_take_time_in_proportion() {
    let tag = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let short = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM=";
    let headers: &[(&str, &[u8])] = &[
        ("X-Twilio-Signature", short.as_bytes()),
        ("X-Plivo-Signature-V2", tag.as_bytes()),
        ("X-Plivo-Signature-V2-Nonce", b"1"),
        ("X-Plivo-Signature-V3", tag.as_bytes()),
        ("X-Plivo-Signature-V3-Nonce", b"1"),
        ("X-Sinch-Webhook-Signature", tag.as_bytes()),
        ("X-Sinch-Webhook-Signature-Nonce", b"1"),
        ("X-Sinch-Webhook-Signature-Timestamp", b"1"),
        ("X-Sinch-Webhook-Signature-Algorithm", b"HmacSHA256"),
    ];
    let mut slow = Vec::new();
    for family in FAMILIES {
        let bodies = [body(family, SMALL), body(family, LARGE)];
        let urls = bodies
            .each_ref()
            .map(|body| format!("https://a.example/x?{body}"));
        for name in Scheme::names() {
            let scheme = Scheme::from_name(&name.replace("NAME", "key")).unwrap();
            let secrets: &[&str] = match scheme {
                Scheme::TelnyxEd25519 => &["11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="],
                Scheme::StandardWebhooks => &["whsec_MDEyMzQ1Njc4OWFiY2RlZg=="],
                Scheme::IpAllowList => &["203.0.113.0/24"],
                Scheme::Sns | Scheme::SnsV1 | Scheme::SnsV2 => &[],
                _ => &["one", "other"],
            };
            let keys = Keys::parse(&scheme, secrets).unwrap();
            for kind in ["application/x-www-form-urlencoded", "application/json"] {
                let mut headers = headers.to_vec();
                headers.push(("Content-Type", kind.as_bytes()));
                for in_url in [false, true] {
                    let what = format!("{name} {kind} {in_url} {family:?}");
                    slow.extend(check(&what, |is_large| {
                        let place = usize::from(is_large);
                        let request = Signed {
                            method: "POST",
                            url: if in_url {
                                &urls[place]
                            } else {
                                "https://a.example/x"
                            },
                            headers: &headers,
                            body: if in_url {
                                b""
                            } else {
                                bodies[place].as_bytes()
                            },
                            peer: None,
                        };
                        let _ = keys.verify(&request, 0);
                    }));
                }
            }
        }
    }
    assert!(slow.is_empty(), "{}", slow.join("\n"));
}

#[test]
fn profiles_take_time_in_proportion() {
    let mut slow = Vec::new();
    for (before, again) in [
        ("", "a = 1\n"),
        ("", "[a]\n"),
        ("", "[[a]]\n"),
        ("a = ", "["),
        ("a = [", "1,"),
        ("a = \"", "\\u0041"),
        ("", "#\n"),
        ("a.", "a."),
        (
            "name = \"x\"\nrequest = \"form\"\n[receipt]\nstatus = \"s\"\n[states]\ndelivered = [",
            "\"a\",",
        ),
        (
            "name = \"x\"\nrequest = \"form\"\n[errors]\nabsent = [",
            "1,",
        ),
    ] {
        let text = |size: usize| format!("{before}{}", again.repeat(size / again.len()));
        let texts = [text(30 * 1024), text(60 * 1024)];
        slow.extend(check(&format!("{before:?} {again:?}"), |is_large| {
            let file = ("x.toml".to_owned(), texts[usize::from(is_large)].clone());
            let _ = Profiles::load(&[file], &[]);
        }));
    }
    assert!(slow.is_empty(), "{}", slow.join("\n"));
}
