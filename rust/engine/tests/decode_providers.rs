//! Odd forms of each provider's requests, beyond the samples.
#![cfg(test)]
#![expect(clippy::too_many_lines, reason = "tables of cases are long")]

mod cases;

use smstrack_engine::decode::{Template, decode, tables};
use smstrack_engine::event::Provider;

fn lines_of(provider: Provider, file: &[u8], template: &[(&str, &str)]) -> Vec<String> {
    let template = (!template.is_empty()).then(|| Template::new(template.iter().copied()));
    cases::lines_of(file, |view, lines| {
        decode(provider, view, template.as_ref(), lines)
    })
}

#[track_caller]
fn check_with(provider: Provider, template: &[(&str, &str)], cases: &[(&str, &[&str])]) {
    for (file, expected) in cases {
        assert_eq!(
            lines_of(provider, file.as_bytes(), template),
            *expected,
            "{file}"
        );
    }
}

#[track_caller]
fn check(provider: Provider, cases: &[(&str, &[&str])]) {
    check_with(provider, &[], cases);
}

#[test]
fn twilio() {
    check(
        Provider::Twilio,
        &[
            (
                "GET /t?MessageSid=SM1&MessageStatus=sent&To=%2B13035550107&client_ref=r-7\n\n",
                &[
                    "receipt client_ref=r-7 contact=+13035550107 final=false message_id=SM1 state=sent",
                ],
            ),
            (
                "POST /t?client_ref=a%20b\n\nMessageSid=SM1&MessageStatus=undelivered&ErrorCode=30007",
                &[
                    "receipt client_ref=a b error_class=filtered error_code=30007 final=true message_id=SM1 state=undelivered",
                ],
            ),
            (
                "POST /t\n\nMessageSid=SM1&MessageStatus=delivered&To=whatsapp:%2B13035550107&From=whatsapp%3A%2B14155550183",
                &[
                    "receipt contact=+13035550107 final=true message_id=SM1 sender=whatsapp:+14155550183 state=delivered",
                ],
            ),
            (
                "POST /t\n\nMessageSid=SM1&MessageStatus=delivered&To=whatsapp:US.1234",
                &["receipt final=true message_id=SM1 state=delivered"],
            ),
            (
                "POST /t\n\nMessageSid=SM1&MessageStatus=teleported&ErrorCode=30003",
                &["receipt error_code=30003 final=false message_id=SM1 state=unknown"],
            ),
            (
                "POST /t\n\nMessageSid=SM1&MessageStatus=failed&ErrorCode=99999",
                &[
                    "receipt error_class=other error_code=99999 final=true message_id=SM1 state=failed",
                ],
            ),
            (
                "POST /t\n\nMessageSid=SM1&MessageStatus=canceled&ErrorCode=",
                &["receipt final=true message_id=SM1 state=failed"],
            ),
            (
                "POST /t\n\nMessageSid=SM1&MessageStatus=delivered&ErrorCode=0&MessageStatus=read",
                &["receipt final=true message_id=SM1 state=read"],
            ),
            (
                "POST /t\n\nSmsSid=SM2&SmsStatus=scheduled",
                &["receipt final=false message_id=SM2 state=queued"],
            ),
            (
                "POST /t\n\nMessageSid=SM1&SmsStatus=received&From=%2B13035550107&To=2021&Body=&NumSegments=1&OptOutType=START",
                &[
                    "reply consent=start contact=+13035550107 message_id=SM1 parts=1 sender=2021 text=",
                ],
            ),
            (
                "POST /t\n\nMessageSid=SM1&From=%2B13035550107&Body=SGVsbG8gd29ybGQ%3D&NumSegments=2",
                &["reply contact=+13035550107 message_id=SM1 parts=2 text=SGVsbG8gd29ybGQ="],
            ),
            (
                "POST /t\n\nMessageSid=SM1&From=%2B13035550107&Body=caf%C3%A9+%26+%F0%9F%9A%B2\r\n",
                &["reply contact=+13035550107 message_id=SM1 text=café & 🚲"],
            ),
            (
                "POST /t\n\nMessageSid=SM1&MessageStatus=sent&To=abc",
                &["receipt final=false message_id=SM1 state=sent"],
            ),
            (
                "POST /t\n\nMessageStatus=sent&To=2021",
                &["!0@0 no_reference"],
            ),
            (
                "POST /t\n\nCallSid=CA1&CallStatus=ringing",
                &["!0@0 kind_unknown"],
            ),
            (
                "POST /t\n\nMessageSid=S%4&MessageStatus=sent",
                &["!!12 percent_invalid"],
            ),
            (
                "POST /t\n\nMessageSid=S%E9&MessageStatus=sent",
                &["!!11 not_utf8"],
            ),
            (
                "POST /t\n\nToCity=%E9%&MessageSid=S&MessageStatus=sent",
                &["receipt final=false message_id=S state=sent"],
            ),
            (
                "POST /t\n\nMessageSid=S%00&MessageStatus=sent",
                &["!0@11 nul_byte"],
            ),
            ("POST /t\n\n", &["!!0 body_empty"]),
            ("GET /t\n\n", &["control"]),
            (
                "POST /t\n\n{\"MessageSid\":\"S\"}",
                &["!!0 type_unsupported"],
            ),
        ],
    );
    let long = format!(
        "POST /t\n\nMessageStatus=sent&MessageSid={}",
        "S".repeat(256)
    );
    check(Provider::Twilio, &[(&long, &["!0@30 value_too_long"])]);
    check_with(
        Provider::Twilio,
        &[("order", "client_ref")],
        &[(
            "POST /t?order=77&client_ref=x\n\nMessageSid=SM1&MessageStatus=sent",
            &["receipt client_ref=77 final=false message_id=SM1 state=sent"],
        )],
    );
}

fn telnyx_body(event: &str, payload: &str) -> String {
    format!(
        "POST /t\n\n{{\"data\":{{\"event_type\":\"{event}\",\"occurred_at\":\"2026-01-10T23:05:00.2591234Z\",\
         \"payload\":{payload}}}}}"
    )
}

#[test]
fn telnyx() {
    let finalized = |payload: &str| telnyx_body("message.finalized", payload);
    let case = |file: &str, expected: &[&str]| check(Provider::Telnyx, &[(file, expected)]);
    case(
        &finalized(
            r#"{"id":"m1","to":[{"phone_number":"+14045550137","status":"delivered"},
            {"phone_number":"+14045550138","status":"delivery_failed"},{"phone_number":"nobody","status":"sent"},5,
            {"phone_number":"+14045550139","status":"delivery_unconfirmed"}],"errors":[{"code":40300},{"code":"1"}],"parts":"2"}"#,
        ),
        &[
            "receipt contact=+14045550137 error_code=40300 final=true message_id=m1 occurred_at=2026-01-10T23:05:00.259123Z parts=2 state=delivered",
            "receipt contact=+14045550138 error_class=opted_out error_code=40300 final=true message_id=m1 occurred_at=2026-01-10T23:05:00.259123Z parts=2 state=undelivered",
            "receipt error_code=40300 final=false message_id=m1 occurred_at=2026-01-10T23:05:00.259123Z parts=2 state=sent",
            "receipt error_code=40300 final=false message_id=m1 occurred_at=2026-01-10T23:05:00.259123Z parts=2 state=unknown",
            "receipt contact=+14045550139 error_code=40300 final=true message_id=m1 occurred_at=2026-01-10T23:05:00.259123Z parts=2 state=unknown",
        ],
    );
    case(
        &finalized(r#"{"id":"m1","from":"+1312","to":"+14045550137","status":"sending_failed"}"#),
        &[
            "receipt contact=+14045550137 final=true message_id=m1 occurred_at=2026-01-10T23:05:00.259123Z sender=+1312 state=failed",
        ],
    );
    case(
        &finalized(r#"{"id":"m1","to":["+14045550137"],"errors":[]}"#),
        &[
            "receipt contact=+14045550137 final=false message_id=m1 occurred_at=2026-01-10T23:05:00.259123Z state=unknown",
        ],
    );
    case(
        &telnyx_body("message.sent", r#"{"id":"m1","to":[]}"#),
        &["receipt final=false message_id=m1 occurred_at=2026-01-10T23:05:00.259123Z state=sent"],
    );
    case(
        &telnyx_body(
            "message.received",
            r#"{"id":"m1","from":{"phone_number":"+13125550113"},"to":[{"phone_number":"33333"},{"phone_number":"+1"}],"text":"a\u00e9\ud83d\udeb2\n","errors":[]}"#,
        ),
        &[
            "reply contact=+13125550113 message_id=m1 occurred_at=2026-01-10T23:05:00.259123Z sender=33333 text=aé🚲\n",
        ],
    );
    case(
        &telnyx_body(
            "message.received",
            r#"{"id":"m1","from":"+13125550113","to":"+13035550102","text":null}"#,
        ),
        &[
            "reply contact=+13125550113 message_id=m1 occurred_at=2026-01-10T23:05:00.259123Z sender=+13035550102",
        ],
    );
    check(
        Provider::Telnyx,
        &[
            (
                r#"POST /t

{"data":{"payload":{"id":"old","id":"new","to":[{"status":"sent"}],"to":[{"status":"queued"}]},"event_type":"message.sent"}}"#,
                &["receipt final=false message_id=new state=queued"],
            ),
            (
                r#"POST /t

{"data":{"event_type":"message.sent","payload":{"to":[{"status":"sent"},{"status":"sent"}]},"payload":{"id":"new"}}}"#,
                &["receipt final=false message_id=new state=sent"],
            ),
            (
                "POST /t\n\n{\"data\":{\"event_type\":\"call.hangup\",\"payload\":{}}}",
                &["!0@0 kind_unknown"],
            ),
            (
                "POST /t\n\n{\"data\":{\"event_type\":\"message.sent\",\"payload\":{\"id\":{}}}}",
                &["!0@53 wrong_type"],
            ),
            (
                "POST /t\n\n{\"data\":{\"event_type\":\"message.sent\",\"payload\":{\"id\":\"a\\ud800\"}}}",
                &["!0@55 lone_surrogate"],
            ),
            (
                "POST /t\n\n{\"data\":{\"event_type\":\"message.sent\",\"payload\":{\"id\":\"a\\u0000\"}}}",
                &["!0@54 nul_byte"],
            ),
            ("POST /t\n\n[]", &["!!0 wrong_type"]),
            ("POST /t\n\n\"a\"", &["!!0 wrong_type"]),
            ("POST /t\n\n{\"data\":", &["!!8 json_truncated"]),
            ("POST /t\n\nto=1", &["!!1 json_invalid"]),
            ("POST /t\n\n \n", &["!!0 body_empty"]),
            ("GET /t?x=1\n\n", &["!!0 body_empty"]),
        ],
    );
}

#[test]
fn vonage_sms() {
    check(
        Provider::VonageSms,
        &[
            ("GET /v\n\n", &["control"]),
            ("HEAD /v\n\n", &["control"]),
            ("POST /v\n\n", &["!!0 body_empty"]),
            (
                "POST /v\nContent-Type: application/json\n\nmsisdn=447700900899&to=Harbour&messageId=1A&status=expired&err-code=1",
                &[
                    "receipt contact=+447700900899 error_class=expired error_code=1 final=true message_id=1A sender=Harbour state=expired",
                ],
            ),
            (
                "POST /v\nContent-Type: application/x-www-form-urlencoded\n\n{\"msisdn\":447700900899,\"to\":12345678901234567890,\"messageId\":9007199254740993,\"status\":\"rejected\",\"err-code\":9,\"client-ref\":7}",
                &[
                    "receipt client_ref=7 contact=+447700900899 error_class=opted_out error_code=9 final=true message_id=9007199254740993 sender=12345678901234567890 state=rejected",
                ],
            ),
            (
                "GET /v?msisdn=447700900899&messageId=1&status=unknown&err-code=000&message-timestamp=2026-10-13T13:35:29%2B02:00",
                &[
                    "receipt contact=+447700900899 final=false message_id=1 occurred_at=2026-10-13T11:35:29Z state=unknown",
                ],
            ),
            (
                "GET /v?msisdn=44770090XXXX&messageId=1&status=failed&err-code=53&message-timestamp=soon",
                &[
                    "receipt error_class=filtered error_code=53 final=true message_id=1 state=failed",
                ],
            ),
            (
                "GET /v?msisdn=447700900899&to=4329&messageId=1&text=a+b&type=text&concat=true&concat-total=3&concat-part=1",
                &["reply contact=+447700900899 message_id=1 parts=3 sender=4329 text=a b"],
            ),
            (
                "GET /v?msisdn=447700900899&to=4329&messageId=1&type=binary&data=00ff&udh=0500",
                &["reply contact=+447700900899 message_id=1 sender=4329"],
            ),
            (
                "GET /v?message%2Dtimestamp=2026-10-13+13%3A35&msisdn=447700900899&text=x",
                &["reply contact=+447700900899 occurred_at=2026-10-13T13:35:00Z text=x"],
            ),
            ("GET /v?a=b\n\n", &["!0@0 kind_unknown"]),
        ],
    );
}

#[test]
fn infobip() {
    check(
        Provider::Infobip,
        &[
            ("POST /i\n\n{\"results\":[]}", &[]),
            (
                "POST /i\n\n{\"results\":[1,{\"messageId\":\"a\",\"to\":\"xy\",\"status\":{\"groupName\":\"PENDING\"}},{},{\"messageId\":\"b\",\"status\":{\"groupName\":\"NEW\"}},{\"status\":{\"groupName\":\"PENDING\"}}]}",
                &[
                    "!0@12 wrong_type",
                    "receipt final=false message_id=a state=sent",
                    "!2@75 kind_unknown",
                    "receipt final=false message_id=b state=unknown",
                    "!4@125 no_reference",
                ],
            ),
            (
                "POST /i\n\n{\"results\":[{\"messageId\":\"a\",\"to\":\"41790100126\",\"sender\":\"Harbour\",\"from\":\"other\",\"doneAt\":\"2026-10-21T15:51:17.120+0200\",\"smsCount\":2,\"callbackData\":\"\",\"status\":{\"groupName\":\"EXPIRED\"},\"error\":{\"id\":27}}]}",
                &[
                    "receipt contact=+41790100126 error_class=expired error_code=27 final=true message_id=a occurred_at=2026-10-21T13:51:17.120Z parts=2 sender=Harbour state=expired",
                ],
            ),
            (
                "POST /i\n\n{\"results\":[{\"messageId\":\"a\",\"status\":{\"groupName\":\"UNDELIVERABLE\"},\"error\":{\"id\":1,\"groupName\":\"HANDSET_ERRORS\"}}]}",
                &[
                    "receipt error_class=other error_code=1 final=true message_id=a state=undelivered",
                ],
            ),
            (
                "POST /i\n\n{\"results\":[{\"messageId\":\"a\",\"from\":\"385910100855\",\"text\":\"\",\"cleanText\":\"no\",\"receivedAt\":\"2026-09-25T09:12:07Z\"}]}",
                &[
                    "reply contact=+385910100855 message_id=a occurred_at=2026-09-25T09:12:07Z text=",
                ],
            ),
            (
                "POST /i\n\n{\"results\":[{\"messageId\":\"a\",\"from\":\"385910100855\",\"message\":[{\"contentType\":\"image/png\",\"url\":\"u\"},{\"contentType\":\"text/plain\",\"value\":\"hi\"},7]}],\"messageCount\":9}",
                &["reply contact=+385910100855 message_id=a text=hi"],
            ),
            (
                "POST /i\n\n{\"results\":[{\"messageId\":\"a\",\"from\":\"385910100855\",\"cleanText\":\"no\",\"text\":null}]}",
                &["reply contact=+385910100855 message_id=a"],
            ),
            (
                "POST /i\n\n{\"results\":[{\"messageId\":\"a\",\"status\":{\"groupName\":\"DELIVERED\"}},{\"messageId\":\"a\"",
                &["!!81 json_truncated"],
            ),
            ("POST /i\n\n{}", &["!0@0 kind_unknown"]),
            ("POST /i\n\n", &["!!0 body_empty"]),
        ],
    );
}

#[test]
fn kannel_with_a_template() {
    let template = [
        ("type", "dlr"),
        ("q", "contact"),
        ("Q", "sender"),
        ("a", "text"),
        ("t", "UTC time"),
        ("T", "unix time"),
        ("F", "message_id"),
        ("ref", "client_ref"),
        ("A", "receipt text"),
    ];
    let bits = |bits: &str, expected: &str| {
        let file = format!("GET /k?ref=1&type={bits}\n\n");
        check_with(
            Provider::Kannel,
            &template,
            &[(&file, &[&format!("receipt client_ref=1 {expected}")])],
        );
    };
    for (sum, expected) in [
        ("1", "final=true state=delivered"),
        ("2", "final=true state=undelivered"),
        ("4", "final=false state=accepted"),
        ("8", "final=false state=sent"),
        ("16", "final=true state=rejected"),
        ("9", "final=true state=delivered"),
        ("12", "final=false state=sent"),
        ("18", "final=true state=rejected"),
        ("36", "final=false state=accepted"),
        ("66", "final=false state=unknown"),
        ("0", "final=false state=unknown"),
        ("32", "final=false state=unknown"),
        ("%d", "final=false state=unknown"),
    ] {
        bits(sum, expected);
    }
    bits("34", "error_class=expired final=true state=expired");
    check_with(
        Provider::Kannel,
        &template,
        &[
            (
                "GET /k?F=id-9&q=%2B2348030000493&Q=49905&t=2026-04-12+14:50&x=%x&type=2&A=id:1+stat:UNDELIV+err:00b+text:x",
                &[
                    "receipt contact=+2348030000493 error_class=other error_code=00b final=true message_id=id-9 occurred_at=2026-04-12T14:50:00Z sender=49905 state=undelivered",
                ],
            ),
            (
                "GET /k?F=id-9&A=ACK%2F&type=8",
                &["receipt final=false message_id=id-9 state=sent"],
            ),
            (
                "GET /k?q=2348030000493&Q=49905&a=50%+off&T=1776267122",
                &[
                    "reply contact=+2348030000493 occurred_at=2026-04-15T15:32:02Z sender=49905 text=50% off",
                ],
            ),
            ("GET /k?q=MTN&a=x", &["reply text=x"]),
            ("GET /k?type=1", &["!0@0 no_reference"]),
            ("GET /k?other=1", &["!0@0 kind_unknown"]),
            ("GET /k\n\n", &["control"]),
        ],
    );
    check_with(
        Provider::Kannel,
        &[("(body)", "text"), ("from", "contact")],
        &[(
            "POST /k?from=2348030000493\nContent-Type: text/plain\n\na=b&c",
            &["reply contact=+2348030000493 text=a=b&c"],
        )],
    );
}

#[test]
fn kannel_without_a_template() {
    check(
        Provider::Kannel,
        &[
            (
                "GET /k?myId=7&type=1",
                &["receipt client_ref=7 final=true state=delivered"],
            ),
            (
                "GET /k?id=7&status=16&from=%2B2348030000493&to=49905",
                &[
                    "receipt contact=+2348030000493 final=true message_id=7 sender=49905 state=rejected",
                ],
            ),
            (
                "GET /k?from=2348030000493&to=49905&text=type+1&type=text&ts=2026-04-12+14:50:32",
                &[
                    "reply contact=+2348030000493 occurred_at=2026-04-12T14:50:32Z sender=49905 text=type 1",
                ],
            ),
            (
                "POST /k\n\nfrom=2348030000493&text=hi",
                &["reply contact=+2348030000493 text=hi"],
            ),
            (
                "POST /k\nx-kannel-from: +2348030000807\nx-kannel-to: 52335\nX-Kannel-Time: 2026-04-12 14:50:32\nContent-Type: text/plain\n\n50%+off",
                &[
                    "reply contact=+2348030000807 occurred_at=2026-04-12T14:50:32Z sender=52335 text=50%+off",
                ],
            ),
            (
                "POST /k\nX-Kannel-From: 52335\nX-Kannel-To: 1\n\n",
                &["reply sender=1 text="],
            ),
            ("POST /k\n\n<message/>", &["!!0 kind_unknown"]),
        ],
    );
    let mut utf16 = b"POST /k\nX-Kannel-From: +2348030000807\nContent-Type: text/plain; charset=\"UTF-16BE\"\n\n".to_vec();
    utf16.extend(
        "s\u{ed} \u{1f6b2}"
            .encode_utf16()
            .flat_map(u16::to_be_bytes),
    );
    assert_eq!(
        lines_of(Provider::Kannel, &utf16, &[]),
        ["reply contact=+2348030000807 text=sí 🚲"]
    );
}

fn pdu(head: &str, body: &[u8]) -> Vec<u8> {
    let line = if head.is_empty() { "" } else { "\n" };
    let head = format!(
        "SMPP deliver_sm\nsource_addr: 18085550155\ndestination_addr: 5215{line}{head}\n\n"
    );
    [head.as_bytes(), body].concat()
}

#[test]
fn smpp() {
    let from = "contact=+18085550155";
    for (head, body, expected) in [
        (
            "esm_class: 4",
            "stat:EXPIRED",
            "error_class=expired final=true sender=5215 state=expired",
        ),
        (
            "esm_class: 0x04",
            "id:0a1B stat:UNDELIV err:21b",
            "error_class=other error_code=21b final=true message_id=0a1B sender=5215 state=undelivered",
        ),
        (
            "esm_class: 0",
            "id:1 sub:001 dlvrd:000 stat:REJECTD err:0x0000000B",
            "error_class=other error_code=0x0000000B final=true message_id=1 sender=5215 state=rejected",
        ),
        (
            "",
            "id:00061194706 Dlvrd:1 Stat:BUFFERD Err:0 text:x stat:FAILED",
            "final=false message_id=00061194706 sender=5215 state=accepted",
        ),
        (
            "esm_class: 4\ntlv receipted_message_id: 3a5c1d2\ntlv message_state: 2",
            "id:61194706 stat:UNDELIV err:001",
            "error_code=001 final=true message_id=3a5c1d2 sender=5215 state=delivered",
        ),
        (
            "esm_class: 4\ntlv 0x001E: aa\\0\ntlv 0x0427: 0x05",
            "",
            "final=true message_id=aa\\0 sender=5215 state=undelivered",
        ),
        (
            "esm_class: 4\ntlv message_state: 7\ntlv receipted_message_id: q",
            "",
            "final=false message_id=q sender=5215 state=unknown",
        ),
        (
            "esm_class: 4\ntlv message_state: 77\ntlv receipted_message_id: q",
            "",
            "final=false message_id=q sender=5215 state=unknown",
        ),
        (
            "esm_class: 4\ntlv message_state: 3",
            "x",
            "error_class=expired final=true sender=5215 state=expired",
        ),
        (
            "esm_class: 4\ntlv message_payload: id:7 stat:FAILED err:12\0",
            "",
            "error_class=other error_code=12 final=true message_id=7 sender=5215 state=failed",
        ),
        (
            "tlv message_payload: id:7 stat:DELIVRD err:000",
            "see payload",
            "final=true message_id=7 sender=5215 state=delivered",
        ),
        (
            "esm_class: 4",
            "id:7 stat:WEIRD err:000",
            "final=false message_id=7 sender=5215 state=unknown",
        ),
        (
            "esm_class: 4",
            "id:7 text:stat: is fine stat:DELIVRD",
            "final=true message_id=7 sender=5215 state=delivered",
        ),
        (
            "esm_class: 4",
            "no receipt at all",
            "final=false sender=5215 state=unknown",
        ),
        (
            "esm_class: 36\ntlv message_state: 1",
            "",
            "final=false sender=5215 state=sent",
        ),
    ] {
        let body = body.as_bytes();
        let expected = format!("receipt {from} {expected}");
        assert_eq!(
            lines_of(Provider::Smpp, &pdu(head, body), &[]),
            [expected],
            "{head}"
        );
    }
    let hex = |wide: bool| {
        let text = "id:7 stat:DELIVRD err:000\0";
        let wide_bytes = || text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let bytes: Vec<u8> = if wide {
            wide_bytes()
        } else {
            text.bytes().collect()
        };
        bytes
            .iter()
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
    };
    for (coding, wide) in [(0, false), (8, true)] {
        let head = format!(
            "esm_class: 4\ndata_coding: {coding}\ntlv message_payload: {}",
            hex(wide)
        );
        let expected =
            format!("receipt {from} final=true message_id=7 sender=5215 state=delivered");
        assert_eq!(lines_of(Provider::Smpp, &pdu(&head, b""), &[]), [expected]);
    }
    for (head, body, text) in [
        ("esm_class: 0", &b"YES please"[..], "YES please"),
        ("", b"my stat: great", "my stat: great"),
        ("data_coding: 3", b"caf\xe9", "café"),
        ("data_coding: 8", b"\0s\0\xed", "sí"),
        (
            "data_coding: 0\nesm_class: 64",
            b"\x05\0\x03\x01\x02\x01part",
            "part",
        ),
        ("", b"hi\0", "hi"),
        ("tlv message_payload: long text", b"", "long text"),
    ] {
        let parts = if text == "part" { " parts=2" } else { "" };
        let expected = format!("reply {from}{parts} sender=5215 text={text}");
        assert_eq!(
            lines_of(Provider::Smpp, &pdu(head, body), &[]),
            [expected],
            "{head}"
        );
    }
    let wide: Vec<u8> = "id:9 stat:DELIVRD err:000"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    for body in [&wide[..], b"id:9 stat:DELIVRD err:000"] {
        let expected = [format!(
            "receipt {from} final=true message_id=9 sender=5215 state=delivered"
        )];
        assert_eq!(
            lines_of(
                Provider::Smpp,
                &pdu("esm_class: 4\ndata_coding: 8", body),
                &[]
            ),
            expected
        );
    }
    check(
        Provider::Smpp,
        &[
            (
                "POST /s?source_addr=18085550155&destination_addr=%2B5215\n\nid:9 sub:001 stat:DELIVRD err:000",
                &[
                    "receipt contact=+18085550155 final=true message_id=9 sender=+5215 state=delivered",
                ],
            ),
            (
                "POST /s\nSource-Addr: 18085550155\n\nstat:DELIVRD",
                &["receipt contact=+18085550155 final=true state=delivered"],
            ),
            ("POST /s\n\nstat:DELIVRD", &["!0@0 no_reference"]),
            (
                "SMPP deliver_sm\nsource_addr: MTN\n\nhi",
                &["reply text=hi"],
            ),
            (
                "SMPP deliver_sm\nsource_addr: 18085550155\n\n",
                &["!0@0 kind_unknown"],
            ),
            ("POST /s\n\n", &["!!0 body_empty"]),
        ],
    );
}

/// A request that tells nothing is a control event, whoever it is for; HEAD never tells anything.
#[test]
fn probes() {
    for provider in Provider::ALL {
        if matches!(
            provider,
            Provider::Canonical | Provider::Smpp | Provider::Profile
        ) {
            continue;
        }
        for file in [
            "GET /x\n\n",
            "GET /x\n\n\r\n",
            "HEAD /x\n\n",
            "OPTIONS /x\n\n",
            "HEAD /x?id=1&status=2\n\n",
            "GET /x?campaign=a&blast=b\n\n",
        ] {
            let found = lines_of(*provider, file.as_bytes(), &[]);
            assert_eq!(found, ["control"], "{provider:?} {file}");
        }
        let found = lines_of(*provider, b"POST /x\n\n", &[]);
        assert_eq!(found, ["!!0 body_empty"], "{provider:?}");
    }
}

/// A byte order mark before a body changes nothing but the offsets.
#[test]
fn byte_order_marks() {
    for (provider, body, expected) in [
        (
            Provider::Infobip,
            r#"{"results":[{"messageId":"m","status":{"groupName":"PENDING"}},7]}"#,
            &[
                "receipt final=false message_id=m state=sent",
                "!1@66 wrong_type",
            ][..],
        ),
        (
            Provider::Telnyx,
            r#"{"data":{"event_type":"message.received","payload":{"id":"m","text":"x"}}}"#,
            &["reply message_id=m text=x"],
        ),
        (
            Provider::Mmg,
            r#"{"CID":"c","reference":"r","MSISDN":"07700900443","status":"3"}"#,
            &["receipt client_ref=c contact=+447700900443 final=true message_id=r state=delivered"],
        ),
        (
            Provider::VonageSms,
            r#"{"messageId":"m","status":"delivered""#,
            &["!!40 json_truncated"],
        ),
        (
            Provider::Twilio,
            "MessageSid=SM1&MessageStatus=sent",
            &["receipt final=false message_id=SM1 state=sent"],
        ),
    ] {
        let file = format!("POST /x\n\n\u{feff}{body}");
        assert_eq!(lines_of(provider, file.as_bytes(), &[]), expected, "{file}");
    }
}

/// What an offset's plus becomes on the way, and what stands between day and time.
#[test]
fn times_on_the_way() {
    for (written, read) in [
        ("2026-07-22T18:49:20%2B02:00", Some("2026-07-22T16:49:20Z")),
        ("2026-07-22T18:49:20+02:00", Some("2026-07-22T16:49:20Z")),
        ("2026-07-22T18:49:20+0200", Some("2026-07-22T16:49:20Z")),
        (
            "2026-07-22+18:49:20.5++0200",
            Some("2026-07-22T16:49:20.500Z"),
        ),
        ("2026-07-22%2B18:49:20Z", Some("2026-07-22T18:49:20Z")),
        ("2026-07-22+18:49:20", None),
        ("2026-07-22T18:49:20+02", None),
        ("2026-07-22T18:49:20+", None),
    ] {
        let file = format!("GET /m?id=a&status=sent&statusDatetime={written}\n\n");
        let time = read.map_or(String::new(), |time| format!(" occurred_at={time}"));
        let expected = format!("receipt final=false message_id=a{time} state=sent");
        assert_eq!(
            lines_of(Provider::MessageBird, file.as_bytes(), &[]),
            [expected],
            "{file}"
        );
    }
}

/// Every provider but those whose states are none says what its words mean.
#[test]
fn tables_of_states() {
    for provider in Provider::ALL {
        let has_words = !tables(*provider).words.is_empty();
        let is_without = matches!(
            provider,
            Provider::Canonical | Provider::SmsEagle | Provider::Profile
        );
        assert_eq!(has_words, !is_without, "{provider:?}");
    }
}
