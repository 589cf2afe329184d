//! Odd forms of the requests of Vonage Messages, Sinch, Bandwidth, Plivo, `MessageBird`, AWS,
//! Azure and `RingCentral`, beyond the samples.
#![cfg(test)]
#![expect(clippy::too_many_lines, reason = "tables of cases are long")]

mod cases;

use serde_json::{Value, json};
use smstrack_engine::decode::encode::encode_canonical;
use smstrack_engine::decode::request_file::RequestFile;
use smstrack_engine::decode::{Reject, RequestView, Sink, decode};
use smstrack_engine::event::{Event, Provider};
use std::fs;
use std::path::Path;

/// The fields of a line, in the order in which people read them.
const FIELDS: [&str; 11] = [
    "message_id",
    "contact",
    "sender",
    "state",
    "final",
    "error_code",
    "error_class",
    "occurred_at",
    "parts",
    "client_ref",
    "text",
];

fn lines_of(provider: Provider, file: &[u8]) -> Vec<String> {
    cases::lines_of(file, |view, lines| decode(provider, view, None, lines))
}

/// Lines with their fields in order of names, as they are found.
fn sorted(lines: &[&str]) -> Vec<String> {
    let is_field = |word: &&str| FIELDS.contains(&word.split('=').next().unwrap());
    let sort = |line: &&str| {
        let mut words: Vec<String> = Vec::new();
        for word in line.split(' ') {
            match words.last_mut() {
                Some(last) if !is_field(&word) => *last = format!("{last} {word}"),
                _ => words.push(word.to_owned()),
            }
        }
        words.get_mut(1..).unwrap_or_default().sort();
        words.join(" ")
    };
    lines.iter().map(sort).collect()
}

/// What request files become.
#[track_caller]
fn files(provider: Provider, cases: &[(&str, &[&str])]) {
    for (file, expected) in cases {
        let found = lines_of(provider, file.as_bytes());
        assert_eq!(found, sorted(expected), "{file}");
    }
}

/// What bodies become.
#[track_caller]
fn bodies(provider: Provider, cases: &[(&str, &[&str])]) {
    for (body, expected) in cases {
        let file = format!("POST /x\nContent-Type: application/json\n\n{body}");
        let found = lines_of(provider, file.as_bytes());
        assert_eq!(found, sorted(expected), "{body}");
    }
}

/// What one JSON value becomes.
#[track_caller]
fn value(provider: Provider, value: &Value, expected: &[&str]) {
    bodies(provider, &[(&value.to_string(), expected)]);
}

const JSON_ONLY: [Provider; 6] = [
    Provider::VonageMessages,
    Provider::Sinch,
    Provider::Bandwidth,
    Provider::Aws,
    Provider::Azure,
    Provider::RingCentral,
];

#[test]
fn bodies_that_are_no_json() {
    let deep = format!("{{\"a\":{}", "[".repeat(70));
    let keys = format!("{{{}\"a\":1}}", "\"a\":1,".repeat(65_536));
    for provider in JSON_ONLY {
        bodies(
            provider,
            &[
                ("", &["!!0 body_empty"]),
                (" \r\n", &["!!0 body_empty"]),
                ("\u{feff}", &["!!3 body_empty"]),
                ("{\"id\":\"a", &["!!8 json_truncated"]),
                ("\u{feff}{\"id\":x", &["!!9 json_invalid"]),
                ("{} {}", &["!!3 json_invalid"]),
                ("a=b&c=d", &["!!0 json_invalid"]),
                ("5", &["!!0 wrong_type"]),
                (" \"a\"", &["!!1 wrong_type"]),
                ("null", &["!!0 wrong_type"]),
                ("{}", &["!0@0 kind_unknown"]),
                ("\u{feff} {}", &["!0@4 kind_unknown"]),
                ("[]", &[]),
                (
                    "[{},7,[]]",
                    &["!0@1 kind_unknown", "!1@4 wrong_type", "!2@6 wrong_type"],
                ),
                (&deep, &["!!68 json_too_deep"]),
                (&keys, &["!!393217 too_many_keys"]),
            ],
        );
        let file = b"POST /x\n\n{\"id\":\"\xff\"}";
        assert_eq!(lines_of(provider, file), ["!!7 not_utf8"]);
        files(provider, &[("GET /x?a=b\n\n", &["!!0 body_empty"])]);
    }
}

#[test]
fn vonage_messages() {
    let case = |of: Value, expected: &[&str]| value(Provider::VonageMessages, &of, expected);
    // The older shape: numbers are objects, the code a number of its own.
    case(
        json!({"message_uuid": "u1", "to": {"type": "sms", "number": "447700900001"},
            "from": {"type": "sms", "number": "Harbour"}, "timestamp": "2026-01-02T03:04:05.678+01:00",
            "status": "undeliverable", "error": {"code": 1300, "reason": "Not part of the network"},
            "usage": {"price": "0.03"}, "client_ref": null}),
        &[
            "receipt message_id=u1 contact=+447700900001 sender=Harbour state=undelivered final=true \
           error_code=1300 error_class=other occurred_at=2026-01-02T02:04:05.678Z",
        ],
    );
    for (status, error, expected) in [
        ("read", json!({}), "state=read final=true"),
        ("DELIVERED", Value::Null, "state=delivered final=true"),
        (
            "rejected",
            json!({"title": "1020"}),
            "state=rejected final=true error_code=1020 error_class=invalid_number",
        ),
        (
            "rejected",
            json!({"title": 1260, "detail": "x"}),
            "state=rejected final=true error_code=1260 error_class=absent",
        ),
        (
            "rejected",
            json!({"code": 1000, "title": "Throttled"}),
            "state=rejected final=true error_code=1000 error_class=rate_limit",
        ),
        (
            "undeliverable",
            json!({"title": "Absent Subscriber"}),
            "state=undelivered final=true error_code=Absent Subscriber error_class=other",
        ),
        (
            "undeliverable",
            json!({"title": ""}),
            "state=undelivered final=true",
        ),
        (
            "rejected",
            json!({"detail": "only"}),
            "state=rejected final=true",
        ),
        ("rejected", json!("text"), "state=rejected final=true"),
        (
            "submitted",
            json!({"title": 1000}),
            "state=accepted final=false error_code=1000",
        ),
        ("teleported", json!({}), "state=unknown final=false"),
    ] {
        case(
            json!({"message_uuid": "u1", "status": status, "error": error, "channel": "sms",
                "timestamp": {}, "sms": {"count_total": 3}}),
            &[&format!("receipt message_id=u1 {expected} parts=3")],
        );
    }
    // The flat shape of inbound texts.
    case(
        json!({"channel": "sms", "message_uuid": "u2", "to": "447700900002", "from": "447700900001",
            "timestamp": "2026-01-02 03:04:05 +0000", "text": "", "sms": {"num_messages": "2", "keyword": "HI"},
            "client_ref": 7}),
        &[
            "reply message_id=u2 contact=+447700900001 sender=447700900002 occurred_at=2026-01-02T03:04:05Z \
           parts=2 client_ref=7 text=",
        ],
    );
    case(
        json!({"channel": "whatsapp", "message_uuid": "u3", "to": 447_700_900_002_u64,
            "from": "whatsapp:447700900001", "timestamp": "2026-01-02 03:04:05", "message_type": "image"}),
        &["reply message_id=u3 contact=+447700900001 sender=447700900002"],
    );
    case(
        json!({"message_uuid": "u4", "to": {"type": "messenger", "id": "9"}, "from": {"type": "messenger", "id": "8"},
            "message": {"content": {"type": "image", "image": {"url": "x"}}}}),
        &["reply message_id=u4"],
    );
    case(
        json!({"message_uuid": "u5", "from": "abc", "to": "5215", "text": null, "message": {"content": {"text": "old"}}}),
        &["reply message_id=u5 sender=5215 text=old"],
    );
    // A short code, a name and masked digits are no contact, but the id is enough.
    for to in ["5215", "abc", "44770090****", "", "US.1234"] {
        case(
            json!({"message_uuid": "u1", "to": to, "from": "447700900002", "status": "delivered"}),
            &["receipt message_id=u1 sender=447700900002 state=delivered final=true"],
        );
    }
    case(
        json!([{"message_uuid": "u1", "status": "read"}, {"status": "read"}, {"message_uuid": {}, "status": "read"}]),
        &[
            "receipt message_id=u1 state=read final=true",
            "!1@39 no_reference",
            "!2@73 wrong_type",
        ],
    );
    bodies(
        Provider::VonageMessages,
        &[
            (
                r#"{"message_uuid":"old","message_uuid":"n\u0065w","\u0073tatus":"read","status":"delivered","error":{"code":1},"error":{}}"#,
                &["receipt message_id=new state=delivered final=true"],
            ),
            (
                r#"{"message_uuid":"a\u0000","status":"read"}"#,
                &["!0@17 nul_byte"],
            ),
            (
                r#"{"message_uuid":"a","from":"447700900001","text":"\ud83d\udeb2 \ud83d"}"#,
                &["!0@63 lone_surrogate"],
            ),
            (
                r#"{"message_uuid":"a","status":"","to":"447700900001"}"#,
                &["receipt message_id=a contact=+447700900001 state=unknown final=false"],
            ),
        ],
    );
}

#[test]
fn sinch_reports_on_one_recipient() {
    let case = |of: Value, expected: &[&str]| value(Provider::Sinch, &of, expected);
    for (status, code, expected) in [
        ("Queued", json!(400), "state=queued final=false"),
        ("Dispatched", json!("401"), "state=sent final=false"),
        ("Delivered", json!(0), "state=delivered final=true"),
        ("Delivered", json!("000"), "state=delivered final=true"),
        (
            "Aborted",
            json!(402),
            "state=failed final=true error_code=402 error_class=other",
        ),
        (
            "Cancelled",
            json!(407),
            "state=failed final=true error_code=407 error_class=other",
        ),
        (
            "Failed",
            json!(21),
            "state=failed final=true error_code=21 error_class=other",
        ),
        ("Failed", Value::Null, "state=failed final=true"),
        ("Failed", json!(401), "state=failed final=true"),
        (
            "Expired",
            json!(406),
            "state=expired final=true error_code=406 error_class=expired",
        ),
        (
            "Expired",
            json!(0),
            "state=expired final=true error_class=expired",
        ),
        (
            "Rejected",
            json!(413),
            "state=rejected final=true error_code=413 error_class=other",
        ),
        (
            "Deleted",
            json!(5),
            "state=undelivered final=true error_code=5 error_class=other",
        ),
        ("Unknown", json!(8), "state=unknown final=true error_code=8"),
        ("Pondering", json!(0), "state=unknown final=false"),
    ] {
        for kind in [
            "recipient_delivery_report_sms",
            "recipient_delivery_report_mms",
        ] {
            case(
                json!({"type": kind, "batch_id": "B1", "recipient": "+447700900001", "status": status,
                    "code": code, "applied_originator": 5215}),
                &[&format!(
                    "receipt message_id=B1 contact=+447700900001 sender=5215 {expected}"
                )],
            );
        }
    }
    let one = |recipient: Value, at: Value, operator: Value| {
        json!({"type": "recipient_delivery_report_sms", "batch_id": "B1", "recipient": recipient, "status": "Delivered",
            "at": at, "operator_status_at": operator, "number_of_message_parts": "2", "client_reference": ""})
    };
    let stem = "receipt message_id=B1";
    let end = "state=delivered final=true";
    case(
        one(
            json!("447700900001"),
            json!("2026-01-02T03:04:05.1Z"),
            json!(""),
        ),
        &[&format!(
            "{stem} contact=+447700900001 {end} occurred_at=2026-01-02T03:04:05.100Z parts=2"
        )],
    );
    case(
        one(json!(447_700_900_001_u64), json!(5), Value::Null),
        &[&format!("{stem} contact=+447700900001 {end} parts=2")],
    );
    case(
        one(
            json!("5215"),
            json!("2026-01-02T03:04:05Z"),
            json!("2026-01-02T03:04:04"),
        ),
        &[&format!("{stem} {end} parts=2")],
    );
    case(
        one(json!("abc"), json!({}), json!(true)),
        &[&format!("{stem} {end} parts=2")],
    );
}

#[test]
fn sinch_reports_on_a_batch() {
    let case = |of: Value, expected: &[&str]| value(Provider::Sinch, &of, expected);
    case(
        json!({"type": "delivery_report_sms", "batch_id": "B1", "client_reference": "r", "total_message_count": 5,
        "statuses": [
            {"code": 0, "count": 2, "recipients": ["447700900001", "+447700900002"], "status": "Delivered"},
            {"code": 402, "count": 3, "recipients": ["abc", 447_700_900_003_u64, {"x": 1}, null], "status": "Aborted"},
            {"status": "Queued", "code": 400, "recipients": []},
            {"status": "Dispatched", "code": 401, "recipients": "447700900004"}
        ]}),
        &[
            "receipt message_id=B1 contact=+447700900001 state=delivered final=true client_ref=r",
            "receipt message_id=B1 contact=+447700900002 state=delivered final=true client_ref=r",
            "receipt message_id=B1 state=failed final=true error_code=402 error_class=other client_ref=r",
            "receipt message_id=B1 contact=+447700900003 state=failed final=true error_code=402 error_class=other client_ref=r",
            "!4@195 wrong_type",
            "!5@203 wrong_type",
            "receipt message_id=B1 contact=+447700900004 state=sent final=false client_ref=r",
        ],
    );
    // The id may follow the groups; a group's members may come before its status.
    bodies(
        Provider::Sinch,
        &[
            (
                r#"{"statuses":[{"recipients":["447700900001"],"status":"Expired"},5],"type":"delivery_report_mms","batch_id":"B2"}"#,
                &[
                    "receipt message_id=B2 contact=+447700900001 state=expired final=true error_class=expired",
                    "!1@64 wrong_type",
                ],
            ),
            (
                r#"{"batch_id":"B2","statuses":{"recipients":["\u002b447700900001"],"status":"Rejected","code":"x"}}"#,
                &[
                    "receipt message_id=B2 contact=+447700900001 state=rejected final=true error_code=x error_class=other",
                ],
            ),
            (
                r#"[{"batch_id":"B2","statuses":[{"recipients":["447700900001"]}]},{"type":"mo_text","id":"m","from":"447700900001","body":"b"}]"#,
                &[
                    "receipt message_id=B2 contact=+447700900001 state=unknown final=false",
                    "reply message_id=m contact=+447700900001 text=b",
                ],
            ),
            (
                r#"{"type":"delivery_report_sms","batch_id":"B2","statuses":[]}"#,
                &[],
            ),
            (
                r#"{"type":"delivery_report_sms","statuses":[{"recipients":["abc"],"status":"Failed"}]}"#,
                &["!0@58 not_a_number"],
            ),
        ],
    );
    // A summary counts and names nobody.
    case(
        json!({"type": "delivery_report_sms", "batch_id": "B1", "statuses": [{"code": 0, "count": 3, "status": "Delivered"}]}),
        &["control message_id=B1"],
    );
}

#[test]
fn sinch_replies() {
    let case = |of: Value, expected: &[&str]| value(Provider::Sinch, &of, expected);
    let stem = "reply message_id=m1 contact=+447700900001 sender=5215";
    case(
        json!({"type": "mo_media", "id": "m1", "from": "447700900001", "to": "5215",
            "body": {"subject": "s", "message": "see \u{1f6b2}", "media": [{"url": "x"}]},
            "received_at": "2026-01-02T03:04:05+0000", "sent_at": "2026-01-02T03:04:00Z"}),
        &[&format!(
            "{stem} occurred_at=2026-01-02T03:04:05Z text=see \u{1f6b2}"
        )],
    );
    case(
        json!({"type": "mo_media", "id": "m1", "from": "447700900001", "to": 5215, "body": {"media": []}}),
        &[stem],
    );
    case(
        json!({"type": "mo_binary", "id": "m1", "from": "447700900001", "to": "5215", "body": "AAEC", "udh": "050003",
            "client_reference": "c"}),
        &[&format!("{stem} client_ref=c")],
    );
    case(
        json!({"type": "mo_text", "id": "m1", "from": "447700900001", "to": "5215", "body": ""}),
        &[&format!("{stem} text=")],
    );
    case(
        json!({"type": "mo_text", "id": "m1", "from": "Bank", "to": "5215", "body": "STOP"}),
        &["reply message_id=m1 sender=5215 text=STOP"],
    );
    case(
        json!({"type": "batch_something", "id": "m1"}),
        &["!0@0 kind_unknown"],
    );
}

#[test]
fn bandwidth() {
    let case = |of: Value, expected: &[&str]| value(Provider::Bandwidth, &of, expected);
    let receipt = |kind: &str, code: Value| {
        json!([{"type": kind, "time": "2026-01-02T03:04:05.1234567Z", "to": "12125550101", "errorCode": code,
            "eventTime": "2026-01-02T00:00:00Z",
            "message": {"id": "b1", "from": "+12125550102", "to": ["+12125550101", "+12125550103"], "text": "",
                "segmentCount": 2, "direction": "out", "tag": "t"}}])
    };
    for (kind, code, expected) in [
        ("message-sending", Value::Null, "state=accepted final=false"),
        ("message-sent", Value::Null, "state=sent final=false"),
        ("message-delivered", json!(0), "state=delivered final=true"),
        ("message-read", Value::Null, "state=read final=true"),
        ("message-failed", Value::Null, "state=failed final=true"),
        (
            "message-failed",
            json!(4720),
            "state=failed final=true error_code=4720 error_class=invalid_number",
        ),
        (
            "message-failed",
            json!("4303"),
            "state=failed final=true error_code=4303 error_class=invalid_number",
        ),
        (
            "message-failed",
            json!(4770),
            "state=failed final=true error_code=4770 error_class=filtered",
        ),
        (
            "message-failed",
            json!(4482),
            "state=failed final=true error_code=4482 error_class=opted_out",
        ),
        (
            "message-failed",
            json!(4701),
            "state=failed final=true error_code=4701 error_class=absent",
        ),
        (
            "message-failed",
            json!(4360),
            "state=failed final=true error_code=4360 error_class=expired",
        ),
        (
            "message-failed",
            json!(5600),
            "state=failed final=true error_code=5600 error_class=rate_limit",
        ),
        (
            "message-failed",
            json!(5999),
            "state=failed final=true error_code=5999 error_class=other",
        ),
        (
            "message-failed",
            json!(9902),
            "state=unknown final=true error_code=9902",
        ),
        (
            "message-failed",
            json!("9999"),
            "state=unknown final=true error_code=9999",
        ),
        ("message-pondered", Value::Null, "state=unknown final=false"),
    ] {
        case(
            receipt(kind, code),
            &[&format!(
                "receipt message_id=b1 contact=+12125550101 sender=+12125550102 {expected} \
                 occurred_at=2026-01-02T03:04:05.123456Z parts=2 client_ref=t"
            )],
        );
    }
    // One event for each recipient; a bad one does not harm the others; one alone needs no array.
    case(
        json!([{"type": "message-sent", "to": "+12125550101", "message": {"id": "b1"}}, "x",
            {"type": "message-sent", "to": "5215", "message": {"id": ""}}, {"to": "+12125550101"},
            {"type": "message-sent", "to": "tel", "message": {"id": "b1", "tag": 7}}]),
        &[
            "receipt message_id=b1 contact=+12125550101 state=sent final=false",
            "!1@67 wrong_type",
            "!2@71 no_reference",
            "!3@127 kind_unknown",
            "receipt message_id=b1 state=sent final=false client_ref=7",
        ],
    );
    for kind in [
        "message-received",
        "suggestion-response",
        "requested-location-response",
        "something-new",
    ] {
        case(
            json!({"type": kind, "time": "2026-01-02T03:04:05Z", "to": "+12125550101",
                "message": {"id": "b2", "from": "12125550109", "to": ["+12125550101", "+12125550103"], "text": "STOP",
                    "segmentCount": 1, "direction": "in"}}),
            &[
                "reply message_id=b2 contact=+12125550109 sender=+12125550101 occurred_at=2026-01-02T03:04:05Z parts=1 text=STOP",
            ],
        );
    }
    case(
        json!([{"type": "message-received", "to": "5215", "message": {"id": "b2", "from": "5215", "text": null}}]),
        &["reply message_id=b2 sender=5215"],
    );
    case(
        json!([{"type": "message-received", "message": {"id": "b2", "from": "+12125550109", "segmentCount": 0, "text": ""}}]),
        &["reply message_id=b2 contact=+12125550109 text="],
    );
    case(
        json!([{"type": "message-sent", "to": true, "message": {"id": "b2"}}]),
        &["!0@29 wrong_type"],
    );
}

#[test]
fn plivo() {
    files(
        Provider::Plivo,
        &[
            (
                "GET /p?MessageUUID=part&ParentMessageUUID=whole&Status=sent&To=%2B12125550101&From=Harbour+Co&Units=3&PartInfo=2+of+3\n\n",
                &[
                    "receipt message_id=whole contact=+12125550101 sender=Harbour Co state=sent final=false parts=3",
                ],
            ),
            (
                "POST /p?x=1\n\nMESSAGEUUID=part&parentmessageuuid=&STATUS=Failed&to=12125550101&errorCODE=000&UNITS=",
                &["receipt message_id=part contact=+12125550101 state=failed final=true"],
            ),
            // The last of a name wins, in whatever case, and if only with nothing.
            (
                "POST /p\n\nMessageUUID=a&Status=delivered&ErrorCode=300&status=undelivered&errorcode=",
                &["receipt message_id=a state=undelivered final=true"],
            ),
            (
                "POST /p\n\nMessageUUID=a&Status=rejected&ErrorCode=950\r\n",
                &[
                    "receipt message_id=a state=rejected final=true error_code=950 error_class=other",
                ],
            ),
            (
                "POST /p\n\nMessageUUID=a&Status=read&ErrorCode=300",
                &["receipt message_id=a state=read final=true error_code=300"],
            ),
            (
                "POST /p\n\nMessageUUID=a&Status=queued&MessageTime=2026-01-02+03%3A04%3A05.000000",
                &["receipt message_id=a state=queued final=false"],
            ),
            (
                "POST /p\n\nMessageUUID=a&Status=lost&To=5215",
                &["receipt message_id=a state=unknown final=false"],
            ),
            (
                "POST /p\n\nMessageUUID=a&Status=&Sequence=2",
                &["receipt message_id=a state=unknown final=false"],
            ),
            (
                "POST /p\n\nFROM=12125550101&TO=5215&text=&MessageUUID=m&Type=sms&Units=1",
                &["reply message_id=m contact=+12125550101 sender=5215 parts=1 text="],
            ),
            (
                "POST /p\n\nFrom=12125550101&To=12125550102&Text=caf%C3%A9+%26+%2B&MessageUUID=m&Status=received",
                &["reply message_id=m contact=+12125550101 sender=12125550102 text=café & +"],
            ),
            // A picture without a text.
            (
                "GET /p?From=12125550101&To=12125550102&Type=mms&Media0=https%3A%2F%2Fx&MessageUUID=m&MediaCount=1\n\n",
                &["reply message_id=m contact=+12125550101 sender=12125550102"],
            ),
            (
                "POST /p\n\nFrom=Bank&Text=x&MessageUUID=m",
                &["reply message_id=m text=x"],
            ),
            ("POST /p\n\nStatus=sent&To=abc", &["!0@15 not_a_number"]),
            ("POST /p\n\nCallUUID=a", &["!0@0 kind_unknown"]),
            (
                "POST /p\n\nMessageUUID=%zz&Status=sent",
                &["!!12 percent_invalid"],
            ),
            ("POST /p\n\nMessageUUID=%ff&Status=sent", &["!!12 not_utf8"]),
            (
                "POST /p\n\nMessageUUID=%00&Status=sent",
                &["!0@12 nul_byte"],
            ),
            ("POST /p\n\n{\"a\":1}", &["!!0 type_unsupported"]),
            ("POST /p\n\n", &["!!0 body_empty"]),
        ],
    );
}

#[test]
fn messagebird() {
    files(
        Provider::MessageBird,
        &[
            (
                "GET /m?id=a&recipient=12125550101&status=buffered&statusErrorCode=0&statusDatetime=2026-01-02T03%3A04%3A05%2B02%3A00&reference=\n\n",
                &[
                    "receipt message_id=a contact=+12125550101 state=accepted final=false occurred_at=2026-01-02T01:04:05Z",
                ],
            ),
            // The plus of the offset was not escaped.
            (
                "GET /m?id=a&status=sent&statusDatetime=2026-01-02T03:04:05+00:00&originator=Harbour\n\n",
                &["receipt message_id=a state=sent final=false occurred_at=2026-01-02T03:04:05Z"],
            ),
            (
                "GET /m?id=a&status=scheduled&statusDatetime=2026-01-02T03:04:05\n\n",
                &["receipt message_id=a state=queued final=false"],
            ),
            (
                "GET /m?id=a&status=expired&statusErrorCode=4\n\n",
                &["receipt message_id=a state=expired final=true error_code=4 error_class=expired"],
            ),
            (
                "GET /m?id=a&status=delivery_failed\n\n",
                &["receipt message_id=a state=failed final=true"],
            ),
            (
                "GET /m?id=a&id=b&status=delivery_failed&statusErrorCode=7&recipient=abc\n\n",
                &["receipt message_id=b state=failed final=true error_code=7 error_class=other"],
            ),
            (
                "GET /m?id=a&status=warped&price%5Bamount%5D=0\n\n",
                &["receipt message_id=a state=unknown final=false"],
            ),
            (
                "GET /m?id=a&status=&statusDatetime=\n\n",
                &["receipt message_id=a state=unknown final=false"],
            ),
            (
                "POST /m\n\nid=a&status=delivered&recipient=%2B12125550101&messagePartCount=3&reference=r",
                &[
                    "receipt message_id=a contact=+12125550101 state=delivered final=true parts=3 client_ref=r",
                ],
            ),
            // Keys that repeat: the last wins.
            (
                "POST /m\n\nid=a&originator=12125550101&recipient=12125550102&body=one&id=b&body=two&message=three&createdDatetime=2026-01-02T03%3A04%3A05%2B00%3A00&reference=r",
                &[
                    "reply message_id=b contact=+12125550101 sender=12125550102 occurred_at=2026-01-02T03:04:05Z text=two",
                ],
            ),
            (
                "POST /m\n\nid=a&originator=12125550101&receiver=12125550102&body=&message=x&date=1767323045&date_utc=1767323045",
                &["reply message_id=a contact=+12125550101 sender=12125550102 text=x"],
            ),
            (
                "POST /m\n\nid=a&originator=12125550101&receiver=12125550102&body=&message=",
                &["reply message_id=a contact=+12125550101 sender=12125550102 text="],
            ),
            (
                "POST /m\n\nshortcode=5215&originator=12125550101&message=&body=other&mid=m&id=i&receive_datetime=20260102030405",
                &[
                    "reply message_id=m contact=+12125550101 sender=5215 occurred_at=2026-01-02T03:04:05Z text=",
                ],
            ),
            (
                "POST /m\n\nshortcode=5215&originator=Bank&body=other&id=i&receive_datetime=20261302030405",
                &["reply message_id=i sender=5215"],
            ),
            (
                "POST /m\nContent-Type: application/json\n\n{\"id\":7,\"originator\":12125550101,\"body\":\"hi\",\"CreatedDatetime\":\"2026-01-02T03:04:05Z\"}",
                &[
                    "reply message_id=7 contact=+12125550101 occurred_at=2026-01-02T03:04:05Z text=hi",
                ],
            ),
            (
                "POST /m\n\noriginator=12125550101&mediaURLs=x",
                &["reply contact=+12125550101"],
            ),
            (
                "GET /m?status=sent&recipient=5215\n\n",
                &["!0@0 no_reference"],
            ),
            ("GET /m?other=1\n\n", &["!0@0 kind_unknown"]),
            ("GET /m\n\n", &["control"]),
            ("GET /m?id=%e9&status=sent\n\n", &["!!3 not_utf8"]),
        ],
    );
}

/// A notification around a message.
fn envelope(message: &str) -> Value {
    json!({"Type": "Notification", "MessageId": "env", "TopicArn": "arn", "Message": message,
        "Timestamp": "2026-01-02T03:04:05.678Z", "SignatureVersion": "1"})
}

fn messaging(kind: &str, status: Option<&str>, is_final: &Value) -> Value {
    json!({"eventType": kind, "eventTimestamp": 1_767_323_045_006_u64, "isFinal": is_final,
        "originationPhoneNumber": "+12125550102", "destinationPhoneNumber": "+12125550101", "messageId": "m1",
        "messageStatus": status, "context": {"a": "b"}, "totalMessageParts": 2})
}

#[test]
fn aws_end_user_messaging() {
    let facts = |state: &str| {
        format!(
            "receipt message_id=m1 contact=+12125550101 sender=+12125550102 {state} \
             occurred_at=2026-01-02T03:04:05.006Z parts=2"
        )
    };
    for (word, is_final, expected) in [
        ("QUEUED", json!(false), "state=queued final=false"),
        ("SENT", json!(false), "state=sent final=false"),
        ("PENDING", json!(false), "state=sent final=false"),
        ("SUCCESSFUL", json!(false), "state=sent final=false"),
        ("SUCCESSFUL", Value::Null, "state=sent final=false"),
        ("SUCCESSFUL", json!(true), "state=delivered final=true"),
        ("SUCCESSFUL", json!("true"), "state=delivered final=true"),
        ("DELIVERED", json!(false), "state=delivered final=true"),
        (
            "BLOCKED",
            json!(true),
            "state=rejected final=true error_code=BLOCKED error_class=other",
        ),
        (
            "CARRIER_BLOCKED",
            json!(true),
            "state=filtered final=true error_code=CARRIER_BLOCKED error_class=filtered",
        ),
        (
            "SPAM",
            json!(true),
            "state=filtered final=true error_code=SPAM error_class=filtered",
        ),
        (
            "TTL_EXPIRED",
            json!(true),
            "state=expired final=true error_code=TTL_EXPIRED error_class=expired",
        ),
        (
            "INVALID",
            json!(true),
            "state=failed final=true error_code=INVALID error_class=invalid_number",
        ),
        (
            "INVALID_MESSAGE",
            json!(true),
            "state=failed final=true error_code=INVALID_MESSAGE error_class=other",
        ),
        (
            "UNREACHABLE",
            json!(true),
            "state=undelivered final=true error_code=UNREACHABLE error_class=absent",
        ),
        (
            "CARRIER_UNREACHABLE",
            json!(true),
            "state=undelivered final=true error_code=CARRIER_UNREACHABLE error_class=other",
        ),
        ("UNKNOWN", json!(true), "state=unknown final=true"),
        ("UNKNOWN", json!(false), "state=unknown final=false"),
        ("PONDERING", json!(true), "state=unknown final=false"),
    ] {
        let fact = messaging(&format!("TEXT_{word}"), Some(word), &is_final);
        let expected = facts(expected);
        value(Provider::Aws, &envelope(&fact.to_string()), &[&expected]);
        // Delivered raw, taken apart by a relay, or in a list.
        value(Provider::Aws, &fact, &[&expected]);
        let apart = json!({"Type": "Notification", "MessageId": "env", "Message": fact});
        value(Provider::Aws, &apart, &[&expected]);
        value(
            Provider::Aws,
            &json!([fact, envelope(&fact.to_string())]),
            &[&expected, &expected],
        );
    }
    // Without a status there is no code, and so no class.
    value(
        Provider::Aws,
        &messaging("TEXT_INVALID", None, &json!(true)),
        &[&facts("state=failed final=true")],
    );
    value(
        Provider::Aws,
        &messaging("TEXT_SPAM", Some(""), &json!(true)),
        &[&facts("state=filtered final=true error_class=filtered")],
    );
    // The envelope's time stands in for the event's.
    value(
        Provider::Aws,
        &envelope(
            r#" {"eventType":"TEXT_QUEUED","messageId":"m1","destinationPhoneNumber":"abc"} "#,
        ),
        &["receipt message_id=m1 state=queued final=false occurred_at=2026-01-02T03:04:05.678Z"],
    );
    value(
        Provider::Aws,
        &envelope(
            r#"{"eventType":"TEXT_QUEUED","messageId":"m1","eventTimestamp":"2026-01-02T05:04:05+02:00"}"#,
        ),
        &["receipt message_id=m1 state=queued final=false occurred_at=2026-01-02T03:04:05Z"],
    );
}

#[test]
fn aws_envelopes() {
    let control = &["control message_id=env occurred_at=2026-01-02T03:04:05.678Z"];
    for message in [
        "",
        "hello",
        "[1]",
        "7",
        "null",
        "\"{}\"",
        "{",
        "{\"a\":",
        "{} {}",
        "[{\"eventType\":\"TEXT_SENT\"}]",
    ] {
        value(Provider::Aws, &envelope(message), control);
    }
    for kind in ["SubscriptionConfirmation", "UnsubscribeConfirmation"] {
        let mut confirmation = envelope("{\"eventType\":\"TEXT_SENT\",\"messageId\":\"m\"}");
        confirmation["Type"] = json!(kind);
        confirmation["SubscribeURL"] = json!("https://sns.eu-west-1.amazonaws.com/");
        value(Provider::Aws, &confirmation, control);
    }
    value(
        Provider::Aws,
        &json!({"Type": "Notification", "MessageId": "env"}),
        &["control message_id=env"],
    );
    value(
        Provider::Aws,
        &json!({"Type": "Notification", "MessageId": "env", "Timestamp": "2026-01-02T03:04:05", "Message": "x"}),
        &["control message_id=env"],
    );
    // Offsets are those of the body, whatever is escaped in the message.
    for (message, code) in [
        (
            r#"{"é🚲":"\n\u00e9","messageId":"@","eventType":{}}"#,
            "!0@{} wrong_type",
        ),
        (
            r#"{"a":"\"","eventType":"TEXT_SENT","messageId":"@\ud800"}"#,
            "!0@{} lone_surrogate",
        ),
        (
            r#"{"messageId":"m","eventType":"TEXT_SENT","totalMessageParts":"@","destinationPhoneNumber":true}"#,
            "!0@{} wrong_type",
        ),
    ] {
        let mark = if code.ends_with("surrogate") {
            "@"
        } else {
            "{}"
        };
        let body = envelope(message).to_string();
        let place = if message.contains("true") {
            body.find("true")
        } else {
            body.find(mark)
        };
        let place = place.unwrap() + usize::from(mark == "@");
        let expected = code.replace("{}", &place.to_string());
        bodies(Provider::Aws, &[(&body, &[&expected])]);
        let escaped = body.replace('é', "\\u00e9").replace('🚲', "\\ud83d\\udeb2");
        let moved = place + (escaped.len() - body.len());
        bodies(
            Provider::Aws,
            &[(&escaped, &[&code.replace("{}", &moved.to_string())])],
        );
    }
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(80), "]".repeat(80));
    value(Provider::Aws, &envelope(&deep), &["!0@82 json_too_deep"]);
    value(
        Provider::Aws,
        &envelope("{\"Records\":[]}"),
        &["!0@12 kind_unknown"],
    );
}

#[test]
fn aws_streams_logs_and_replies() {
    let stream = |kind: &str, record: Value| {
        json!({"event_type": kind, "event_timestamp": 1_767_323_045_006_u64, "application": {"app_id": "x"},
            "attributes": {"record_status": record, "message_id": "m1", "destination_phone_number": "+12125550101",
                "origination_phone_number": "+12125550102", "number_of_message_parts": "1", "campaign_id": "c"},
            "metrics": {"price_in_millicents_usd": 645.0}})
    };
    for (kind, record, expected) in [
        (
            "_SMS.SUCCESS",
            json!("DELIVERED"),
            "state=delivered final=true",
        ),
        (
            "_SMS.SUCCESS",
            json!("SUCCESSFUL"),
            "state=sent final=false",
        ),
        ("_SMS.BUFFERED", json!("PENDING"), "state=sent final=false"),
        (
            "_SMS.FAILURE",
            json!("CARRIER_UNREACHABLE"),
            "state=undelivered final=true",
        ),
        (
            "_SMS.FAILURE",
            json!("SPAM"),
            "state=filtered final=true error_class=filtered",
        ),
        (
            "_SMS.FAILURE",
            json!("TTL_EXPIRED"),
            "state=expired final=true error_class=expired",
        ),
        (
            "_SMS.FAILURE",
            json!("MAX_PRICE_EXCEEDED"),
            "state=failed final=true",
        ),
        (
            "_SMS.FAILURE",
            json!("UNKNOWN"),
            "state=unknown final=false",
        ),
        ("_SMS.SUCCESS", Value::Null, "state=delivered final=true"),
        ("_SMS.FAILURE", json!(""), "state=failed final=true"),
        ("_SMS.BUFFERED", Value::Null, "state=accepted final=false"),
    ] {
        let expected = format!(
            "receipt message_id=m1 contact=+12125550101 sender=+12125550102 {expected} \
             occurred_at=2026-01-02T03:04:05.006Z parts=1"
        );
        value(Provider::Aws, &stream(kind, record.clone()), &[&expected]);
        value(
            Provider::Aws,
            &envelope(&stream(kind, record).to_string()),
            &[&expected],
        );
    }
    value(
        Provider::Aws,
        &stream("_SMS.OPTOUT", Value::Null),
        &[
            "optout message_id=m1 contact=+12125550101 sender=+12125550102 state=stop occurred_at=2026-01-02T03:04:05.006Z parts=1",
        ],
    );
    value(
        Provider::Aws,
        &json!({"event_type": "_SMS.SUCCESS", "record_status": "DELIVERED", "message_id": "m1", "destination_phone_number": "1"}),
        &["receipt message_id=m1 state=delivered final=true"],
    );
    let log = |status: &str, response: Value| {
        json!({"notification": {"messageId": "m1", "timestamp": "2026-01-02 03:04:05.006"}, "status": status,
            "delivery": {"destination": "+12125550101", "mcc": 310, "mnc": 4, "numberOfMessageParts": 2,
                "providerResponse": response, "priceInUSD": 0.00645}})
    };
    for (status, response, expected) in [
        (
            "SUCCESS",
            json!("Message has been accepted by phone carrier"),
            "state=delivered final=true",
        ),
        (
            "FAILURE",
            json!("Phone is unreachable"),
            "state=failed final=true error_code=Phone is unreachable error_class=other",
        ),
        ("FAILURE", Value::Null, "state=failed final=true"),
        ("FAILURE", json!(""), "state=failed final=true"),
        ("PONDERING", json!("x"), "state=unknown final=false"),
    ] {
        value(
            Provider::Aws,
            &log(status, response),
            &[&format!(
                "receipt message_id=m1 contact=+12125550101 {expected} occurred_at=2026-01-02T03:04:05.006Z parts=2"
            )],
        );
    }
    let inbound = json!({"originationNumber": "+12125550101", "destinationNumber": "5215", "messageKeyword": "K",
        "messageBody": "", "inboundMessageId": "i1", "previousPublishedMessageId": "p1"});
    let stem = "reply message_id=i1 contact=+12125550101 sender=5215";
    value(Provider::Aws, &inbound, &[&format!("{stem} text=")]);
    value(
        Provider::Aws,
        &envelope(&inbound.to_string()),
        &[&format!(
            "{stem} occurred_at=2026-01-02T03:04:05.678Z text="
        )],
    );
    value(
        Provider::Aws,
        &envelope(
            "{\"originationNumber\":\"Bank\",\"inboundMessageId\":\"i1\",\"messageBody\":\"caf\\u00e9 \\ud83d\\udeb2\"}",
        ),
        &["reply message_id=i1 occurred_at=2026-01-02T03:04:05.678Z text=café 🚲"],
    );
    value(
        Provider::Aws,
        &json!([{"eventType": "TEXT_SENT"}, log("SUCCESS", Value::Null), {"a": 1}]),
        &[
            "!0@1 no_reference",
            "receipt message_id=m1 contact=+12125550101 state=delivered final=true occurred_at=2026-01-02T03:04:05.006Z parts=2",
            "!2@250 kind_unknown",
        ],
    );
}

#[test]
fn azure() {
    let report = "Microsoft.Communication.SMSDeliveryReportReceived";
    let data = |status: &str, details: &str| {
        json!({"messageId": "Outgoing_1", "from": "Harbour", "to": "12125550101", "deliveryStatus": status,
            "deliveryStatusDetails": details, "receivedTimestamp": "2026-01-02T03:04:05.1200000Z",
            "deliveryAttempts": [{"segmentsSucceeded": 2}], "tag": "t"})
    };
    for (status, details, expected) in [
        ("Delivered", "No error.", "state=delivered final=true"),
        (
            "Failed",
            "Blocked",
            "state=failed final=true error_code=Blocked error_class=other",
        ),
        ("failed", "", "state=failed final=true"),
        ("Failed", "000", "state=failed final=true"),
        ("Pondering", "Blocked", "state=unknown final=false"),
    ] {
        let expected = format!(
            "receipt message_id=Outgoing_1 contact=+12125550101 sender=Harbour {expected} \
             occurred_at=2026-01-02T03:04:05.120Z client_ref=t"
        );
        let grid = json!({"id": "e", "eventType": report, "data": data(status, details), "eventTime": "2026-01-02T00:00:00Z"});
        let cloud = json!({"id": "e", "type": report, "specversion": "1.0", "data": data(status, details), "time": "x"});
        value(
            Provider::Azure,
            &json!([grid, cloud]),
            &[&expected, &expected],
        );
        value(Provider::Azure, &cloud, &[&expected]);
        value(
            Provider::Azure,
            &json!({"data": data(status, details)}),
            &[&expected],
        );
    }
    value(
        Provider::Azure,
        &json!([
            {"eventType": "Microsoft.Communication.SMSReceived", "data": {"messageId": "Incoming_1", "from": "12125550101",
                "to": "+12125550102", "message": "", "segmentCount": 2, "receivedTimestamp": "2026-01-02T03:04:05Z"}},
            {"type": "microsoft.communication.smsreceived", "data": {"messageId": "Incoming_2", "from": "5215", "Tag": "a", "tag": "b"}},
            {"eventType": report, "data": {"messageId": "Outgoing_2", "to": "abc", "deliveryStatus": "Delivered", "Tag": "", "tag": "b"}},
            {"eventType": report, "data": {"to": "abc", "deliveryStatus": "Delivered"}},
            {"eventType": "Microsoft.Communication.ChatMessageReceived", "data": {}},
            {"eventType": report, "data": "text"},
            {"eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "data": {"validationCode": "c"}},
            {"eventType": 7, "data": {}}
        ]),
        &[
            "reply message_id=Incoming_1 contact=+12125550101 sender=+12125550102 occurred_at=2026-01-02T03:04:05Z parts=2 text=",
            "reply message_id=Incoming_2 client_ref=a",
            "receipt message_id=Outgoing_2 state=delivered final=true client_ref=b",
            "!3@519 not_a_number",
            "!4@590 kind_unknown",
            "!5@660 no_reference",
            "control",
            "!7@834 kind_unknown",
        ],
    );
    value(
        Provider::Azure,
        &json!({"type": "Microsoft.EventGrid.SubscriptionDeletedEvent", "specversion": "1.0"}),
        &["control"],
    );
    files(
        Provider::Azure,
        &[
            (
                "OPTIONS /x\nWebHook-Request-Origin: eventgrid.azure.net\n\n",
                &["control"],
            ),
            ("GET /x\n\n", &["control"]),
        ],
    );
}

#[test]
fn ringcentral() {
    let case = |of: Value, expected: &[&str]| value(Provider::RingCentral, &of, expected);
    let outbound = |status: &str, code: Value| {
        json!({"uuid": "u", "event": "/restapi/v1.0/account/1/a2p-sms/messages?direction=Outbound",
            "timestamp": "2026-01-02T00:00:00Z", "ownerId": "1",
            "body": {"id": 77, "from": "+12125550102", "to": ["+12125550101", "+12125550103"], "text": "not ours",
                "messageStatus": status, "errorCode": code, "segmentCount": 2, "batchId": "b", "direction": "Outbound",
                "creationTime": "2026-01-02T03:04:05Z", "lastModifiedTime": "2026-01-02T03:04:06.138007Z"}})
    };
    for (status, code, expected) in [
        ("Queued", Value::Null, "state=queued final=false"),
        ("Sent", json!(""), "state=sent final=false"),
        ("Delivered", Value::Null, "state=delivered final=true"),
        ("SendingFailed", Value::Null, "state=failed final=true"),
        (
            "SendingFailed",
            json!("SMS-UP-410"),
            "state=failed final=true error_code=SMS-UP-410 error_class=invalid_number",
        ),
        (
            "DeliveryFailed",
            json!("SMS-CAR-411"),
            "state=undelivered final=true error_code=SMS-CAR-411 error_class=invalid_number",
        ),
        (
            "SendingFailed",
            json!("SMS-RC-410"),
            "state=failed final=true error_code=SMS-RC-410 error_class=invalid_number",
        ),
        (
            "DeliveryFailed",
            json!("SMS-CAR-430"),
            "state=undelivered final=true error_code=SMS-CAR-430 error_class=filtered",
        ),
        (
            "SendingFailed",
            json!("SMS-UP-430"),
            "state=failed final=true error_code=SMS-UP-430 error_class=filtered",
        ),
        (
            "SendingFailed",
            json!("SMS-UP-431"),
            "state=failed final=true error_code=SMS-UP-431 error_class=filtered",
        ),
        (
            "DeliveryFailed",
            json!("SMS-CAR-413"),
            "state=undelivered final=true error_code=SMS-CAR-413 error_class=opted_out",
        ),
        (
            "DeliveryFailed",
            json!("SMS-CAR-412"),
            "state=undelivered final=true error_code=SMS-CAR-412 error_class=absent",
        ),
        (
            "SendingFailed",
            json!("SMS-RC-403"),
            "state=failed final=true error_code=SMS-RC-403 error_class=rate_limit",
        ),
        (
            "SendingFailed",
            json!("SMS-CAR-450"),
            "state=failed final=true error_code=SMS-CAR-450 error_class=rate_limit",
        ),
        (
            "DeliveryFailed",
            json!("SMS-CAR-104"),
            "state=undelivered final=true error_code=SMS-CAR-104 error_class=other",
        ),
        (
            "DeliveryFailed",
            json!("SMS-CAR-199"),
            "state=undelivered final=true error_code=SMS-CAR-199 error_class=other",
        ),
        (
            "Delivered",
            json!("SMS-CAR-430"),
            "state=delivered final=true error_code=SMS-CAR-430",
        ),
        (
            "Pondering",
            json!("SMS-CAR-413"),
            "state=unknown final=false error_code=SMS-CAR-413",
        ),
    ] {
        case(
            outbound(status, code),
            &[&format!(
                "receipt message_id=77 contact=+12125550101 sender=+12125550102 {expected} \
                 occurred_at=2026-01-02T03:04:06.138007Z parts=2 client_ref=b"
            )],
        );
    }
    // The message store: numbers are objects, the text is the subject.
    let stored = |direction: Value, status: &str| {
        json!({"event": "/restapi/v1.0/account/1/extension/2/message-store/instant?type=SMS", "timestamp": "2026-01-02T00:00:00Z",
            "body": {"id": "8", "to": [{"phoneNumber": "+12125550102", "name": "n", "target": true}],
                "from": {"phoneNumber": "+12125550101", "location": "l"}, "type": "SMS", "direction": direction,
                "creationTime": "2026-01-02T03:04:05.000Z", "lastModifiedTime": "2026-01-02T03:04:06Z",
                "subject": "see you", "messageStatus": status, "conversation": {"id": 5}}})
    };
    let reply = "reply message_id=8 contact=+12125550101 sender=+12125550102 occurred_at=2026-01-02T03:04:05Z text=see you";
    case(stored(json!("Inbound"), "Received"), &[reply]);
    case(stored(json!("inbound"), "Delivered"), &[reply]);
    case(stored(Value::Null, "Received"), &[reply]);
    case(
        stored(json!("Outbound"), "Sent"),
        &[
            "receipt message_id=8 contact=+12125550102 sender=+12125550101 state=sent final=false occurred_at=2026-01-02T03:04:06Z",
        ],
    );
    case(
        json!({"event": "/a2p-sms/messages?direction=Inbound&to=+1", "body": {"id": 1, "from": "abc", "to": [], "text": "", "messageStatus": "Delivered"}}),
        &["reply message_id=1 text="],
    );
    case(
        json!({"body": {"id": 1, "from": "5215", "to": "12125550101", "messageStatus": "Delivered", "direction": "Outbound"}}),
        &["receipt message_id=1 contact=+12125550101 sender=5215 state=delivered final=true"],
    );
    for (active, expected) in [
        (json!(true), "state=stop"),
        (json!(false), "state=start"),
        (json!("false"), "state=start"),
        (Value::Null, "state=stop"),
    ] {
        case(
            json!({"uuid": "u", "event": "/restapi/v1.0/account/1/a2p-sms/opt-outs", "timestamp": "2026-01-02T03:04:05.000Z",
                "body": {"id": "x", "from": "5215", "to": "12125550101", "active": active}}),
            &[&format!(
                "optout contact=+12125550101 sender=5215 {expected} occurred_at=2026-01-02T03:04:05Z"
            )],
        );
    }
    case(
        json!({"event": "/restapi/v1.0/account/1/a2p-sms/opt-outs", "body": {"from": "5215", "to": "abc", "active": true}}),
        &["!0@0 no_reference"],
    );
    case(
        json!({"event": "/restapi/v1.0/subscription/~?threshold=60", "uuid": "u", "body": {"id": "s"}}),
        &["control"],
    );
    case(
        json!({"event": "/restapi/v1.0/account/1/extension/2/message-store", "body": {"changes": [{"type": "SMS", "newCount": 1}]}}),
        &["control"],
    );
    case(
        json!([{"event": "/restapi/v1.0/account/1/presence", "body": {}}, {"body": {"to": [], "direction": "Outbound"}}]),
        &["!0@1 kind_unknown", "!1@56 no_reference"],
    );
    files(
        Provider::RingCentral,
        &[
            (
                "POST /x\nValidation-Token: t\nContent-Length: 0\n\n",
                &["control"],
            ),
            ("POST /x\n\n", &["!!0 body_empty"]),
        ],
    );
}

/// Names before the rest, blanks everywhere, names in escapes: the same events.
#[test]
fn the_form_of_json_does_not_matter() {
    let body = r#"[{"type":"message-failed","time":"2026-01-02T03:04:05Z","to":"+12125550101","errorCode":4775,"message":{"id":"b1","from":"5215"}}]"#;
    let expected = "receipt message_id=b1 contact=+12125550101 sender=5215 state=failed final=true error_code=4775 error_class=opted_out occurred_at=2026-01-02T03:04:05Z";
    let value: Value = serde_json::from_str(body).unwrap();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    for form in [
        body.to_owned(),
        pretty.replace('\n', "\r\n"),
        body.replace(':', " \t: "),
        body.replace("\"id\"", "\"\\u0069\\u0064\"")
            .replace("b1", "\\u00621"),
        format!("\u{feff}{body}\n\n"),
    ] {
        // A blank inside of the time is a blank between date and offset.
        let form = form.replace("T03 \t: 04 \t: 05Z", "T03:04:05Z");
        bodies(Provider::Bandwidth, &[(&form, &[expected])]);
    }
}

/// Cut anywhere, or with any byte turned into another: never a panic, a refused body gives
/// nothing, and what is given can be written and read again.
#[test]
fn broken_samples_break_nothing() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/providers/samples");
    let mut count = 0;
    for provider in Provider::ALL.iter().filter(|p| p.code() >= 7) {
        let Ok(folder) = fs::read_dir(samples.join(provider.name())) else {
            continue;
        };
        for sample in folder {
            let file = fs::read(sample.unwrap().path()).unwrap();
            for place in 0..file.len() {
                lines_of_any(*provider, &file[..place]);
                for byte in [b'"', b'{', b'[', b'\\', b'0', b'%', b'&', 0, 0xff] {
                    let mut broken = file.clone();
                    broken[place] = byte;
                    lines_of_any(*provider, &broken);
                    count += 1;
                }
            }
        }
    }
    assert!(count > 100_000, "{count} broken samples");
}

fn lines_of_any(provider: Provider, file: &[u8]) {
    if RequestFile::parse(file).is_err() {
        return;
    }
    let mut written = Written::default();
    let request = RequestFile::parse(file).unwrap();
    if decode(provider, &request.view(), None, &mut written).is_err() {
        assert!(written.0.is_empty());
    }
    for line in &written.0 {
        let view = RequestView {
            method: "POST",
            target: "/events",
            headers: &[],
            body: line,
        };
        let mut again = Written::default();
        decode(Provider::Canonical, &view, None, &mut again).unwrap();
        assert_eq!(again.0, std::slice::from_ref(line));
    }
}

/// Events as canonical lines.
#[derive(Default)]
struct Written(Vec<Vec<u8>>);

impl Sink for Written {
    fn event(&mut self, _row: u32, event: Event<'_>) {
        let mut line = Vec::new();
        encode_canonical(&event, &mut line);
        self.0.push(line);
    }

    fn reject(&mut self, _reject: Reject) {}

    fn withdraw(&mut self) {
        self.0.clear();
    }
}
