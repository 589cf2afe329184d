//! Odd forms of requests of Jasmin, CM.com, MSG91, Gupshup, `TextMagic`, `ClickSend`, Kannel and
//! of SMPP PDUs, beyond the samples.
#![cfg(test)]
#![expect(clippy::too_many_lines, reason = "tables of cases are long")]
#![expect(clippy::big_endian_bytes, reason = "SMPP is in network order")]

mod cases;

use proptest::prelude::*;
use smstrack_engine::decode::{Reject, RequestView, Sink, TEMPLATE_ROLES, Template, decode};
use smstrack_engine::event::{Event, Provider};
use std::fmt::Write;
use std::time::Instant;

fn lines_of(provider: Provider, file: &[u8], template: &[(&str, &str)]) -> Vec<String> {
    let mut roles = template.iter();
    assert!(roles.all(|(_, role)| TEMPLATE_ROLES.contains(role)));
    let template = (!template.is_empty()).then(|| Template::new(template.iter().copied()));
    cases::lines_of(file, |view, lines| {
        decode(provider, view, template.as_ref(), lines)
    })
}

#[track_caller]
fn check_with(provider: Provider, template: &[(&str, &str)], cases: &[(&str, &[&str])]) {
    for (file, expected) in cases {
        let found = lines_of(provider, file.as_bytes(), template);
        assert_eq!(found, *expected, "{file}");
    }
}

#[track_caller]
fn check(provider: Provider, cases: &[(&str, &[&str])]) {
    check_with(provider, &[], cases);
}

#[test]
fn jasmin_receipts() {
    check(
        Provider::Jasmin,
        &[
            (
                "GET /j?ID=a&Level=1&MESSAGE_STATUS=ESME_ROK&connector=c\n\n",
                &["receipt final=false message_id=a state=sent"],
            ),
            (
                "POST /j?own=1\n\nid=a&level=1&message_status=ESME_RINVDSTADR",
                &[
                    "receipt error_class=invalid_number error_code=ESME_RINVDSTADR final=true message_id=a state=rejected",
                ],
            ),
            (
                "POST /j\n\nid=a&level=1&message_status=ESME_RTHROTTLED\r\n",
                &[
                    "receipt error_class=rate_limit error_code=ESME_RTHROTTLED final=true message_id=a state=rejected",
                ],
            ),
            (
                "POST /j\n\nid=a&message_status=ESME_RSYSERR",
                &[
                    "receipt error_class=other error_code=ESME_RSYSERR final=true message_id=a state=rejected",
                ],
            ),
            (
                "POST /j\n\nid=a&level=2&message_status=UNDELIV&id_smsc=1&sub=ND&dlvrd=ND&subdate=ND&donedate=ND&err=ND&text=x",
                &["receipt final=true message_id=a state=undelivered"],
            ),
            (
                "POST /j\n\nid=a&level=2&message_status=undeliv&err=21b",
                &[
                    "receipt error_class=other error_code=21b final=true message_id=a state=undelivered",
                ],
            ),
            (
                "POST /j\n\nid=a&level=2&message_status=EXPIRED&err=000",
                &["receipt error_class=expired final=true message_id=a state=expired"],
            ),
            (
                "POST /j\n\nid=a&level=2&message_status=UNKNOWN&err=001",
                &["receipt error_code=001 final=false message_id=a state=unknown"],
            ),
            (
                "POST /j\n\nid=a&level=2&message_status=DELIVRD&err=004",
                &["receipt error_code=004 final=true message_id=a state=delivered"],
            ),
            (
                "POST /j\n\nid=a&level=2&message_status=TELEPORTED",
                &["receipt final=false message_id=a state=unknown"],
            ),
            // Relays that leave the word out.
            (
                "POST /j\n\nid=a&err=1",
                &["receipt error_class=other error_code=1 final=true message_id=a state=failed"],
            ),
            (
                "POST /j\n\nid=a&err=000&dlvrd=001",
                &["receipt final=true message_id=a state=delivered"],
            ),
            (
                "POST /j\n\nid=a&err=0&dlvrd=0",
                &["receipt final=false message_id=a state=unknown"],
            ),
            // The last of a name counts, whatever its case.
            (
                "POST /j\n\nid=a&message_status=DELIVRD&Id=b&Message_Status=REJECTD",
                &["receipt final=true message_id=b state=rejected"],
            ),
            ("POST /j\n\nmessage_status=DELIVRD", &["!0@0 no_reference"]),
            (
                "POST /j\n\nid=a&message_status=%zz",
                &["!!20 percent_invalid"],
            ),
            (
                "POST /j\n\nid=a%00&message_status=DELIVRD",
                &["!0@3 nul_byte"],
            ),
            ("POST /j\n\nid=a&connector=b", &["!0@0 kind_unknown"]),
            ("POST /j\n\n{\"id\":\"a\"}", &["!!0 type_unsupported"]),
            ("GET /j\n\n", &["control"]),
        ],
    );
}

#[test]
fn jasmin_replies() {
    let reply = "reply contact=+22670200700 message_id=i sender=2933";
    for (rest, text) in [
        ("coding=0&content=caf%05+%40+%00+%1be%0ax", "café ¡ @ €\nx"),
        ("coding=%00&content=%05", "é"),
        ("coding=3&content=caf%e9", "café"),
        ("coding=8&content=%00s%00%ed%d8%3d%de%b2", "sí🚲"),
        ("coding=%08&content=%00s%00%ed", "sí"),
        ("coding=8&binary=007300ed", "sí"),
        ("coding=8&content=&binary=007300ed", "sí"),
        ("coding=0&binary=6305", "cé"),
        ("coding=24&content=%00s", "s"),
        ("coding=0&content=caf%c3%a9", "café"),
        ("content=caf%c3%a9+a%40b_c", "café a@b_c"),
        ("content=caf%e9", "café"),
        ("coding=0&content=Stop", "Stop"),
        ("CODING=0&Content=a&content=b", "b"),
    ] {
        let file = format!(
            "POST /j\n\nid=i&from=22670200700&to=2933&origin-connector=c&priority=1&{rest}"
        );
        assert_eq!(
            lines_of(Provider::Jasmin, file.as_bytes(), &[]),
            [format!("{reply} text={text}")],
            "{rest}"
        );
    }
    check(
        Provider::Jasmin,
        &[
            (
                "GET /j?id=i&From=%2B22670200700&To=%2B2348030000251&content=\n\n",
                &["reply contact=+22670200700 message_id=i sender=+2348030000251 text="],
            ),
            (
                "GET /j?id=i&from=22670200700&to=2933\n\n",
                &["reply contact=+22670200700 message_id=i sender=2933"],
            ),
            (
                "POST /j\n\nid=i&from=MTN&to=2933&content=x",
                &["reply message_id=i sender=2933 text=x"],
            ),
            (
                "POST /j\n\nid=i&from=0022670200700&to=&content=x&custom_tlvs=%5B%5D",
                &["reply contact=+22670200700 message_id=i text=x"],
            ),
            ("POST /j\n\nid=i&content=%zz", &["!!13 percent_invalid"]),
            ("POST /j\n\nid=i&binary=0g", &["!0@12 value_invalid"]),
            (
                "POST /j\n\nid=i&coding=8&content=%d8%3d",
                &["!0@22 lone_surrogate"],
            ),
        ],
    );
    // What the operator adds to the callback's own URL.
    check_with(
        Provider::Jasmin,
        &[
            ("ref", "client_ref"),
            ("msisdn", "contact"),
            ("x", "ignored"),
        ],
        &[
            (
                "POST /j?ref=a%20b&msisdn=%2B22670200700&x=1\n\nid=i&message_status=DELIVRD",
                &[
                    "receipt client_ref=a b contact=+22670200700 final=true message_id=i state=delivered",
                ],
            ),
            (
                "GET /j?id=i&message_status=DELIVRD&ref=\n\n",
                &["receipt final=true message_id=i state=delivered"],
            ),
            (
                "POST /j?ref=%zz\n\nid=i&message_status=DELIVRD",
                &["!!4 percent_invalid"],
            ),
        ],
    );
}

#[test]
fn cm() {
    let msg = |inner: &str| format!("POST /c\n\n{{\"messages\":{{\"msg\":{inner}}}}}");
    for (inner, expected) in [
        (
            r#"{"received":"x","to":"0031612000484","reference":"r","status":{"code":2,"errorCode":null,"errorDescription":"ok"}}"#,
            vec!["receipt client_ref=r contact=+31612000484 final=true state=delivered"],
        ),
        (
            r#"{"to":"0031612000484","reference":"r","status":{"code":"0","errorCode":"0"}}"#,
            vec!["receipt client_ref=r contact=+31612000484 final=false state=accepted"],
        ),
        (
            r#"{"to":31612000484,"reference":"","status":{"code":"1","errorCode":8}}"#,
            vec![
                "receipt contact=+31612000484 error_class=other error_code=8 final=true state=rejected",
            ],
        ),
        (
            r#"{"to":"3483","reference":"r","status":{"code":"3","errorCode":""}}"#,
            vec!["receipt client_ref=r final=true state=failed"],
        ),
        (
            r#"{"to":"+31 6 12000484","reference":"r","status":{"code":"77","errorCode":"5"}}"#,
            vec![
                "receipt client_ref=r contact=+31612000484 error_code=5 final=false state=unknown",
            ],
        ),
        (
            r#"{"reference":"a","reference":"b","status":"2"}"#,
            vec!["receipt client_ref=b final=true state=delivered"],
        ),
        (
            r#"[{"reference":"a","status":{"code":"2"}},5,{"status":{"code":"2"}},{"reference":"b","status":{"code":"3","errorCode":"9"}}]"#,
            vec![
                "receipt client_ref=a final=true state=delivered",
                "!1@60 wrong_type",
                "!2@62 no_reference",
                "receipt client_ref=b error_class=other error_code=9 final=true state=failed",
            ],
        ),
        ("[]", vec![]),
        (r#"{"to":"x"}"#, vec!["!0@0 kind_unknown"]),
    ] {
        assert_eq!(
            lines_of(Provider::Cm, msg(inner).as_bytes(), &[]),
            expected,
            "{inner}"
        );
    }
    check(
        Provider::Cm,
        &[
            (
                r#"POST /c

{"reference":"r","messageContext":"","from":{"number":"0031612000544","name":"n"},"to":{"number":"003161"},"message":{"text":"Caf\u00e9","media":{"mediaUri":""}},"groupings":["a","",""],"timeUtc":"2026-03-02T08:35:24","channel":"SMS"}"#,
                &["reply client_ref=r contact=+31612000544 sender=003161 text=Café"],
            ),
            (
                r#"POST /c

{"from":{"number":"0031612000544"},"to":{"number":3483},"message":{"media":{}},"reference":null}"#,
                &["reply contact=+31612000544 sender=3483"],
            ),
            (
                r#"POST /c

{"from":"0031612000544","to":"3483","body":"","reference":""}"#,
                &["reply contact=+31612000544 sender=3483 text="],
            ),
            (
                r#"POST /c

[{"from":"0031612000544","body":"a"},{"from":"CM","body":"b"},{},7]"#,
                &[
                    "reply contact=+31612000544 text=a",
                    "reply text=b",
                    "!2@62 kind_unknown",
                    "!3@65 wrong_type",
                ],
            ),
            (
                "POST /c\n\n{\"messages\":{\"msg\":",
                &["!!19 json_truncated"],
            ),
            ("POST /c\n\n{\"messages\":5}", &["!0@0 kind_unknown"]),
            ("POST /c\n\na=b", &["!!0 json_invalid"]),
            ("POST /c\n\n \n", &["!!0 body_empty"]),
        ],
    );
}

#[test]
fn cm_xml() {
    check(
        Provider::Cm,
        &[
            (
                "POST /c\nContent-Type: text/xml; charset=utf-8\n\n<?xml version=\"1.0\"?><!-- x --><messages><msg received='>'><to>0031612000036</to><reference>a &amp; b</reference><status><code>2</code><errorcode/></status></msg></messages>",
                &["receipt client_ref=a & b contact=+31612000036 final=true state=delivered"],
            ),
            (
                "POST /c\n\n<MESSAGES>\n<MSG><TO> 0031612000036 </TO><REFERENCE><![CDATA[x<y]]></REFERENCE><STATUS><CODE>1</CODE><ERRORCODE>005</ERRORCODE></STATUS></MSG>\n<MSG><STATUS>2</STATUS></MSG><MSG><TO>x</TO></MSG><n:MSG><REFERENCE>z</REFERENCE><STATUS><CODE>9</CODE></STATUS></n:MSG></MESSAGES>\n",
                &[
                    "receipt client_ref=x<y contact=+31612000036 error_class=other error_code=005 final=true state=rejected",
                    "!1@142 no_reference",
                    "!2@171 kind_unknown",
                    "receipt client_ref=z final=false state=unknown",
                ],
            ),
            (
                "POST /c\n\n<MSG><FROM>0031612000544</FROM><TO>3483</TO><BODY> Hi &#233;</BODY><REFERENCE>r</REFERENCE></MSG>",
                &["reply client_ref=r contact=+31612000544 sender=3483 text= Hi é"],
            ),
            ("POST /c\n\n<MESSAGES/>", &["!!0 kind_unknown"]),
            ("POST /c\n\n<MESSAGES><MSG>", &["!!15 xml_invalid"]),
            ("POST /c\n\n<MSG>&bomb;</MSG>", &["!!5 xml_invalid"]),
        ],
    );
    let latin = b"POST /c\n\n<?xml version='1.0' encoding='ISO-8859-1'?><MSG><REFERENCE>caf\xe9</REFERENCE><CODE>2</CODE></MSG>";
    assert_eq!(
        lines_of(Provider::Cm, latin, &[]),
        ["receipt client_ref=café final=true state=delivered"]
    );
    assert_eq!(
        lines_of(Provider::Cm, b"POST /c\n\n<MSG>\xff</MSG>", &[]),
        ["!!5 not_utf8"]
    );
}

/// A value as a form has it.
fn escaped(text: &str) -> String {
    let mut wire = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => wire.push('+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => wire.push(char::from(byte)),
            _ => write!(wire, "%{byte:02X}").unwrap(),
        }
    }
    wire
}

#[test]
fn msg91() {
    let report = r#"[{"report":[{"number":"919800000086","status":"1","desc":"DELIVERED","failedReason":"x","clientid":"c"},{"number":919800000860,"status":2,"failedReason":"absent_subscriber"}],"requestId":"q","senderId":"ABC"},{"requestId":"w","report":[{"number":"919800000861","status":"16","failedReason":"Blocked"},7,{"number":"5","status":""}]},5,{"number":"919800000862","status":"9","requestId":"e"}]"#;
    let expected = [
        "receipt client_ref=c contact=+919800000086 final=true message_id=q sender=ABC state=delivered",
        "receipt contact=+919800000860 error_class=absent error_code=absent_subscriber final=true message_id=q sender=ABC state=failed",
        "receipt contact=+919800000861 error_class=other error_code=Blocked final=true message_id=w state=rejected",
        "!3 wrong_type",
        "receipt final=false message_id=w state=unknown",
        "!5 wrong_type",
        "receipt contact=+919800000862 final=true message_id=e state=rejected",
    ];
    // Refused rows stand where they are in the body, whatever is around them.
    let strip = |lines: Vec<String>, body: &str, places: &[&str]| -> Vec<String> {
        let mut places = places.iter();
        lines
            .into_iter()
            .map(|line| match line.split_once('@') {
                Some((row, rest)) if line.starts_with('!') => {
                    let (byte, word) = rest.split_once(' ').unwrap();
                    let at = body.find(places.next().unwrap()).unwrap();
                    assert_eq!(byte.parse::<usize>().unwrap(), at + 1, "{line}");
                    format!("{row} {word}")
                }
                _ => line,
            })
            .collect()
    };
    for (body, marks) in [
        (report.to_owned(), [",7,", ",5,"]),
        (format!("data={report}"), [",7,", ",5,"]),
    ] {
        let file = format!("POST /m\n\n{body}");
        let found = lines_of(Provider::Msg91, file.as_bytes(), &[]);
        assert_eq!(strip(found, &body, &marks), expected, "{body}");
    }
    let wire = format!("x=1&data={}&y=2", escaped(report));
    let found = lines_of(
        Provider::Msg91,
        format!("POST /m\n\n{wire}").as_bytes(),
        &[],
    );
    let at = |mark: &str| wire.find(mark).unwrap() + 3;
    assert_eq!(found[3], format!("!3@{} wrong_type", at("%2C7%2C")));
    assert_eq!(found[5], format!("!5@{} wrong_type", at("%2C5%2C")));
    let events = |lines: &[String]| -> Vec<String> {
        lines
            .iter()
            .filter(|line| !line.starts_with('!'))
            .cloned()
            .collect()
    };
    let wanted = events(&expected.map(str::to_owned));
    assert_eq!(events(&found), wanted);
    for body in [
        format!("POST /m\n\n{{\"data\":{report}}}"),
        format!("POST /m\n\n{}", serde_json::json!({ "data": report })),
        format!("GET /m?data={}\n\n", escaped(report)),
    ] {
        assert_eq!(
            events(&lines_of(Provider::Msg91, body.as_bytes(), &[])),
            wanted
        );
    }
    check(
        Provider::Msg91,
        &[
            (
                r#"POST /m

{"number":"919800000108","senderId":"A","requestId":17,"status":1,"clientid":5,"failedReason":null}"#,
                &[
                    "receipt client_ref=5 contact=+919800000108 final=true message_id=17 sender=A state=delivered",
                ],
            ),
            (
                r#"POST /m

{"requestId":"a","desc":"DELIVERED"}"#,
                &["receipt final=true message_id=a state=delivered"],
            ),
            (
                r#"POST /m

{"requestId":"a","status":"77","failedReason":"x"}"#,
                &["receipt final=false message_id=a state=unknown"],
            ),
            (
                r#"POST /m

[{"requestId":"a","senderId":"o","report":{"status":"25","senderId":"i"}},{"requestId":"b","report":[]}]"#,
                &["receipt final=true message_id=a sender=i state=rejected"],
            ),
            (
                "POST /m\n\nrequestId=a&number=919800000108&status=2&failedReason=Absent+Subscriber",
                &[
                    "receipt contact=+919800000108 error_class=absent error_code=Absent Subscriber final=true message_id=a state=failed",
                ],
            ),
            ("POST /m\n\n{\"requestId\":\"a\"}", &["!0@0 kind_unknown"]),
            ("POST /m\n\n{\"status\":\"1\"}", &["!0@0 no_reference"]),
            (
                "POST /m\n\n{\"requestId\":{},\"status\":\"1\"}",
                &["!0@13 wrong_type"],
            ),
            ("POST /m\n\ndata=", &["!!5 body_empty"]),
            ("POST /m\n\ndata=%5B%7B", &["!!11 json_truncated"]),
            ("POST /m\n\ndata=%5B%zz", &["!!8 percent_invalid"]),
            ("POST /m\n\ndata=%5B%22%ff", &["!!11 not_utf8"]),
            ("POST /m\n\n{\"data\":\"\\ud800\"}", &["!!9 lone_surrogate"]),
            ("POST /m\n\n", &["!!0 body_empty"]),
        ],
    );
}

#[test]
fn gupshup() {
    let item = r#"[{"externalId":49236804961891764511234567890123,"eventType":"DELIVERED","eventTs":1778027604123,"destAddr":"919800000783","srcAddr":"ABC","cause":"SUCCESS","errCode":0,"noOfFrags":"2"},{"externalId":"b","eventType":"failed","eventTs":"","destAddr":null,"errCode":"3","cause":"UNKNOWN_SUBSCRIBER","noOfFrags":0}]"#;
    let expected = [
        "receipt contact=+919800000783 final=true message_id=49236804961891764511234567890123 occurred_at=2026-05-06T00:33:24.123Z parts=2 sender=ABC state=delivered",
        "receipt error_class=other error_code=3 final=true message_id=b state=failed",
    ];
    for file in [
        format!("POST /g\n\n{item}"),
        format!("POST /g\n\nresponse={item}"),
        format!("POST /g\n\nresponse={}", escaped(item)),
        format!("POST /g\n\n{{\"response\":{item}}}"),
    ] {
        assert_eq!(
            lines_of(Provider::Gupshup, file.as_bytes(), &[]),
            expected,
            "{file}"
        );
    }
    check(
        Provider::Gupshup,
        &[
            (
                "GET /g?externalId=a&status=FAILURE&cause=absent_subscriber&errCode=003&phoneNo=919800000922&mask=ABC\n\n",
                &[
                    "receipt contact=+919800000922 error_class=absent error_code=003 final=true message_id=a state=failed",
                ],
            ),
            (
                "GET /g?externalId=a&status=FAIL&cause=ABSENT_SUBSCRIBER&errCode=000\n\n",
                &["receipt final=true message_id=a state=failed"],
            ),
            (
                "GET /g?externalId=a&status=SUCCESS&deliveredTS=never&noOfFrags=x&errCode=5\n\n",
                &["receipt error_code=5 final=true message_id=a state=delivered"],
            ),
            (
                "POST /g\n\nexternalId=a&externalId=b&status=UNKNOWN&deliveredTS=1777421964000",
                &[
                    "receipt final=false message_id=b occurred_at=2026-04-29T00:19:24Z state=unknown",
                ],
            ),
            (
                r#"POST /g

{"externalId":"a","eventType":"EXPIRED","destAddr":"9198****0783"}"#,
                &["receipt final=false message_id=a state=unknown"],
            ),
            (
                r#"POST /g

[{"eventType":"DELIVERED"},[],{"externalId":"a"}]"#,
                &[
                    "!0@1 no_reference",
                    "!1@27 wrong_type",
                    "!2@30 kind_unknown",
                ],
            ),
            ("POST /g\n\n[response=[{}]]", &["!!1 json_invalid"]),
            ("GET /g?x=1\n\n", &["!0@0 kind_unknown"]),
            ("GET /g\n\n", &["control"]),
        ],
    );
    check_with(
        Provider::Gupshup,
        &[
            ("id", "message_id"),
            ("when", "unix ms"),
            ("st", "status"),
            ("why", "reason"),
            ("phoneNo", "sender"),
            ("who", "contact"),
            ("e", "error_code"),
            ("n", "parts"),
            ("ref", "client_ref"),
        ],
        &[(
            "GET /g?id=a&when=1777421964000&st=FAILED&why=ABSENT_SUBSCRIBER&phoneNo=ABC&who=919800000922&e=9&n=3&ref=r\n\n",
            &[
                "receipt client_ref=r contact=+919800000922 error_class=absent error_code=9 final=true message_id=a occurred_at=2026-04-29T00:19:24Z parts=3 sender=ABC state=failed",
            ],
        )],
    );
}

fn multipart(pairs: &[(&str, &str)]) -> String {
    let mut file = "POST /t\nContent-Type: multipart/form-data; boundary=\"b 1\"\n\n".to_owned();
    for (name, value) in pairs {
        write!(
            file,
            "--b 1\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
        .unwrap();
    }
    file + "--b 1--\r\n"
}

#[test]
fn textmagic() {
    for (pairs, expected) in [
        (
            vec![
                ("status", "d"),
                ("message_id", "1"),
                ("message_id", "2"),
                ("timestamp", "1793386410"),
            ],
            "receipt final=true message_id=2 occurred_at=2026-10-30T18:53:30Z state=delivered",
        ),
        (
            vec![("status", "f"), ("message_id", "1"), ("timestamp", "")],
            "receipt final=false message_id=1 state=unknown",
        ),
        (
            vec![
                ("message_id", "1"),
                ("timestamp", "1793386410"),
                ("from", "447700900038"),
                ("text", "a\r\n--b 12\r\nb"),
            ],
            "reply contact=+447700900038 message_id=1 occurred_at=2026-10-30T18:53:30Z text=a\r\n--b 12\r\nb",
        ),
        (
            vec![("message_id", "1"), ("from", "Bank"), ("text", "")],
            "reply message_id=1 text=",
        ),
        (vec![("status", "d")], "!0@0 no_reference"),
        (vec![("x", "d")], "!0@0 kind_unknown"),
        (
            vec![("message_id", "a\0"), ("status", "d")],
            "!0@60 nul_byte",
        ),
    ] {
        assert_eq!(
            lines_of(Provider::Textmagic, multipart(&pairs).as_bytes(), &[]),
            [expected]
        );
    }
    let whole = multipart(&[("message_id", "1"), ("status", "d")]);
    let body = whole.find("\n\n").unwrap() + 2;
    for end in body + 1..whole.len() - "--\r\n".len() {
        let found = lines_of(Provider::Textmagic, &whole.as_bytes()[..end], &[]);
        assert!(
            found[0].starts_with("!!") && found[0].ends_with("multipart_invalid"),
            "{found:?}"
        );
    }
    check(
        Provider::Textmagic,
        &[
            (
                "POST /t\n\nid=7&sender=447700900038&receiver=447700900523&messageTime=2026-11-03T17%3A07%3A45%2B0000&text=Noon+works",
                &[
                    "reply contact=+447700900038 message_id=7 occurred_at=2026-11-03T17:07:45Z sender=447700900523 text=Noon works",
                ],
            ),
            (
                r#"POST /t

{"id":99999999999999999999999,"sender":447700900038,"receiver":60777,"messageTime":"2026-11-03T18:07:45+0100","text":"a\u0000"}"#,
                &[
                    "reply contact=+447700900038 message_id=99999999999999999999999 occurred_at=2026-11-03T17:07:45Z sender=60777 text=a\0",
                ],
            ),
            (
                r#"POST /t

{"id":1,"sender":"447700900038","messageTime":"2026-11-03T17:07:45","text":null}"#,
                &["reply contact=+447700900038 message_id=1"],
            ),
            (
                r#"POST /t

{"id":"5","status":"d","timestamp":1793386410,"receiver":"447700900523"}"#,
                &[
                    "receipt final=true message_id=5 occurred_at=2026-10-30T18:53:30Z state=delivered",
                ],
            ),
            ("HEAD /t\n\n", &["control"]),
            ("POST /t\n\n{\"id\":", &["!!6 json_truncated"]),
        ],
    );
}

#[test]
fn clicksend() {
    check(
        Provider::Clicksend,
        &[
            (
                "POST /c\n\nfrom=%2B639170000281&to=%2B61411111111&body=thank+you&message_id=M&custom_string=r&timestamp=1793386410",
                &["reply contact=+639170000281 text=thank you"],
            ),
            (
                "GET /c?from=639170000281&body=STOP\n\n",
                &["reply contact=+639170000281 text=STOP"],
            ),
            (
                "POST /c\n\n{\"from\":639170000281,\"body\":\"\"}",
                &["reply contact=+639170000281 text="],
            ),
            ("POST /c\n\nfrom=ClickSend&body=a&body=b", &["reply text=b"]),
            (
                "POST /c\n\nmessage_id=M&status_code=301&error_code=301&custom_string=r",
                &[
                    "receipt client_ref=r error_class=other error_code=301 final=true message_id=M state=failed",
                ],
            ),
            ("POST /c\n\nto=1", &["!0@0 kind_unknown"]),
            ("POST /c\n\nfrom=1&body=%", &["!!12 percent_invalid"]),
            ("POST /c\n\nbody=\u{fffd}", &["reply text=\u{fffd}"]),
        ],
    );
    assert_eq!(
        lines_of(Provider::Clicksend, b"POST /c\n\nbody=\xff", &[]),
        ["!!5 not_utf8"]
    );
}

#[test]
fn kannel() {
    let template = [
        ("myId", "client_ref"),
        ("type", "dlr"),
        ("A", "receipt text"),
        ("D", "meta-data"),
        ("e", "error_code"),
        ("q", "contact"),
        ("Q", "sender"),
        ("b", "text"),
        ("c", "coding"),
        ("C", "charset"),
        ("T", "unix time"),
        ("F", "message_id"),
    ];
    check_with(
        Provider::Kannel,
        &template,
        &[
            (
                "GET /k?myId=1&type=2&A=id%3A1+stat%3AUNDELIV+err%3A021+text%3A&D=%3Fsmpp%3Fdlr_err%3D%2503%2500%250B%26&e=5\n\n",
                &[
                    "receipt client_ref=1 error_class=other error_code=021 final=true state=undelivered",
                ],
            ),
            (
                "GET /k?myId=1&type=2&A=&D=%3Fsmpp%3Fa%3D1%26dlr_err%3D%2503%2500%250B%26\n\n",
                &[
                    "receipt client_ref=1 error_class=other error_code=11 final=true state=undelivered",
                ],
            ),
            (
                "GET /k?myId=1&type=16&e=%03%01%00\n\n",
                &[
                    "receipt client_ref=1 error_class=other error_code=256 final=true state=rejected",
                ],
            ),
            (
                "GET /k?myId=1&type=1&e=%03%00%00\n\n",
                &["receipt client_ref=1 final=true state=delivered"],
            ),
            // The last of a name counts; another case is another name.
            (
                "GET /k?myId=1&myid=9&type=8&TYPE=1&myId=2&type=12\n\n",
                &["receipt client_ref=2 final=false state=sent"],
            ),
            (
                "GET /k?myId=%I&type=%d&F=\n\n",
                &["receipt client_ref=%I final=false state=unknown"],
            ),
            (
                "GET /k?q=2348030000493&Q=49905&b=%00s%00%ed&c=2\n\n",
                &["reply contact=+2348030000493 sender=49905 text=sí"],
            ),
            (
                "GET /k?q=2348030000493&b=%00s%00%ed&c=2&C=UTF-16BE\n\n",
                &["reply contact=+2348030000493 text=sí"],
            ),
            (
                "GET /k?q=2348030000493&b=caf%e9&c=0&C=ISO-8859-1\n\n",
                &["reply contact=+2348030000493 text=café"],
            ),
            (
                "GET /k?q=2348030000493&b=caf%c3%a9+50%x&c=0&C=UTF-8&T=1776267122\n\n",
                &["reply contact=+2348030000493 occurred_at=2026-04-15T15:32:02Z text=café 50%x"],
            ),
            (
                "GET /k?q=2348030000493&b=caf%e9\n\n",
                &["reply contact=+2348030000493 text=café"],
            ),
            (
                "GET /k?q=2348030000493&b=%d8%3d&c=2\n\n",
                &["!0@18 lone_surrogate"],
            ),
            (
                "POST /k\n\nq=2348030000493&Q=Bank&b=",
                &["reply contact=+2348030000493 sender=Bank text="],
            ),
        ],
    );
    check(
        Provider::Kannel,
        &[
            (
                "POST /k\nContent-Type: text/xml\n\n<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<!DOCTYPE message SYSTEM \"SMSmessage.dtd\">\n<message cid=\"1\">\n\t<submit>\n  \t\t<oa>  \t\t<number>+2348030000807</number>\n</oa>\n<da><number>52335</number>\n</da>\n<ud>caf%C3%A9+50%25</ud>\n<dcs><coding>0</coding></dcs><at><year>2026</year><month>04</month><day>12</day><hour>14</hour><minute>50</minute><second>32</second><timezone>0</timezone></at>\n<from><account>NGA_TEL</account></from><to><service>default</service></to></submit></message>\n",
                &[
                    "reply contact=+2348030000807 occurred_at=2026-04-12T14:50:32Z sender=52335 text=café 50%",
                ],
            ),
            (
                "POST /k\n\n<message><submit><oa><number>2348030000807</number></oa><ud>%00s%00%ED</ud><dcs><coding>2</coding></dcs></submit></message>",
                &["reply contact=+2348030000807 text=sí"],
            ),
            (
                "POST /k\n\n<message><submit><da><number>52335</number></da><ud>50% &lt;off&gt; now</ud></submit><submit/></message>",
                &[
                    "reply sender=52335 text=50% <off> now",
                    "!1@85 kind_unknown",
                ],
            ),
            ("POST /k\n\n<message><submit>", &["!!17 xml_invalid"]),
            (
                "POST /k\nX-Kannel-From: 2348030000807\nX-Kannel-Coding: 2\nContent-Type: text/plain\n\n\0s",
                &["reply contact=+2348030000807 text=s"],
            ),
            (
                "POST /k\nX-Kannel-From: 2348030000807\nContent-Type: text/plain; charset=utf-8\n\n<3 {you}",
                &["reply contact=+2348030000807 text=<3 {you}"],
            ),
            (
                "POST /k\nX-Kannel-From: 2348030000807\nX-Kannel-Coding: 1\nContent-Type: application/octet-stream\n\n\x01\x02",
                &["reply contact=+2348030000807"],
            ),
        ],
    );
}

/// The bytes of a PDU; its length comes from what is in it.
fn pdu(command: u32, fields: &[&[u8]]) -> Vec<u8> {
    let body = fields.concat();
    let mut bytes = u32::try_from(body.len() + 16)
        .unwrap()
        .to_be_bytes()
        .to_vec();
    bytes.extend(command.to_be_bytes());
    bytes.extend([0, 0, 0, 0, 0, 0, 0, 7]);
    bytes.extend(body);
    bytes
}

/// A `deliver_sm` from a handset to a short code.
fn deliver_sm(ton: u8, from: &str, esm_class: u8, coding: u8, text: &[u8], tlvs: &[u8]) -> Vec<u8> {
    let len = [u8::try_from(text.len()).unwrap()];
    let source = [b"\0", &[ton, 1][..], from.as_bytes(), b"\0\0\0", b"5215\0"].concat();
    let rest = [esm_class, 0, 0, 0, 0, 0, 0, coding, 0];
    pdu(5, &[&source, &rest, &len, text, tlvs])
}

fn tlv(tag: u16, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(value.len()).unwrap();
    [&tag.to_be_bytes()[..], &len.to_be_bytes(), value].concat()
}

fn pdu_lines(kind: &str, body: &[u8]) -> Vec<String> {
    let head = format!("POST /s\nContent-Type: {kind}\n\n");
    lines_of(Provider::Smpp, &[head.as_bytes(), body].concat(), &[])
}

const OCTETS: &str = "application/octet-stream";

#[test]
fn pdus() {
    let from = "18085550155";
    let text = b"id:0529799673 sub:001 dlvrd:001 submit date:2608141136 done date:2608141137 stat:UNDELIV err:21b text:x";
    let receipt = "receipt contact=+18085550155";
    for (bytes, expected) in [
        (
            deliver_sm(1, from, 4, 0, text, b""),
            format!(
                "{receipt} error_class=other error_code=21b final=true message_id=0529799673 sender=5215 state=undelivered"
            ),
        ),
        (
            deliver_sm(
                0,
                from,
                4,
                0,
                text,
                &[tlv(0x1e, b"3a5c1d2\0"), tlv(0x427, &[2])].concat(),
            ),
            format!(
                "{receipt} error_code=21b final=true message_id=3a5c1d2 sender=5215 state=delivered"
            ),
        ),
        (
            deliver_sm(
                1,
                from,
                4,
                0,
                b"",
                &[
                    tlv(0x1e, b"a"),
                    tlv(0x427, &[5]),
                    tlv(0x423, &[3, 0, 27]),
                    tlv(0x204, &[0, 9]),
                    tlv(0x1402, b"?"),
                ]
                .concat(),
            ),
            format!(
                "{receipt} error_class=other error_code=27 final=true message_id=a sender=5215 state=undelivered"
            ),
        ),
        (
            deliver_sm(
                1,
                from,
                4,
                0,
                b"",
                &[tlv(0x1e, b"a\0"), tlv(0x427, &[2]), tlv(0x423, &[3, 0, 27])].concat(),
            ),
            format!("{receipt} final=true message_id=a sender=5215 state=delivered"),
        ),
        (
            deliver_sm(
                1,
                from,
                4,
                0,
                b"",
                &tlv(0x424, b"id:7 stat:EXPIRED err:000\0"),
            ),
            format!(
                "{receipt} error_class=expired final=true message_id=7 sender=5215 state=expired"
            ),
        ),
        (
            deliver_sm(
                1,
                from,
                4,
                8,
                b"\0i\0d\0:\09\0 \0s\0t\0a\0t\0:\0D\0E\0L\0I\0V\0R\0D",
                b"",
            ),
            format!("{receipt} final=true message_id=9 sender=5215 state=delivered"),
        ),
        (
            deliver_sm(5, "18085550155", 4, 0, b"id:1 stat:DELIVRD", b""),
            "receipt final=true message_id=1 sender=5215 state=delivered".to_owned(),
        ),
        (
            pdu(
                0x103,
                &[
                    b"\0\x01\x0118085550155\0\0\x015215\0",
                    &[4, 0, 0],
                    &tlv(0x427, &[3]),
                    &tlv(0x1e, b"d"),
                ],
            ),
            format!(
                "{receipt} error_class=expired final=true message_id=d sender=5215 state=expired"
            ),
        ),
    ] {
        for kind in [OCTETS, "text/plain", "Application/VND.SMPP.PDU; x=y"] {
            assert_eq!(pdu_lines(kind, &bytes), [expected.as_str()], "{kind}");
        }
        // Whatever is cut off, it is refused; nothing stops the reader.
        for end in 17..bytes.len() {
            let found = pdu_lines(OCTETS, &bytes[..end]);
            assert_eq!(found, ["!!0 pdu_invalid"], "{end}");
        }
    }
    let reply = "reply contact=+18085550155";
    for (bytes, expected) in [
        (
            deliver_sm(1, from, 0, 0, b"YES", b""),
            format!("{reply} sender=5215 text=YES"),
        ),
        (
            deliver_sm(1, from, 0, 0, b"a@b.c_d", b""),
            format!("{reply} sender=5215 text=a@b.c_d"),
        ),
        (
            deliver_sm(1, from, 0, 0, b"caf\x05 \x00", b""),
            format!("{reply} sender=5215 text=café "),
        ),
        (
            deliver_sm(1, from, 0, 0, b"a\x00b", b""),
            format!("{reply} sender=5215 text=a@b"),
        ),
        (
            deliver_sm(1, from, 0, 3, b"caf\xe9", b""),
            format!("{reply} sender=5215 text=café"),
        ),
        (
            deliver_sm(1, from, 0, 8, b"\0s\0\xed", b""),
            format!("{reply} sender=5215 text=sí"),
        ),
        (
            deliver_sm(1, from, 0x40, 0, b"\x05\0\x03\x07\x03\x01first", b""),
            format!("{reply} parts=3 sender=5215 text=first"),
        ),
        (
            deliver_sm(
                1,
                from,
                0x40,
                8,
                b"\x06\x08\x04\x01\x02\x02\x01\0s\xd8\x3d",
                b"",
            ),
            format!("{reply} parts=2 sender=5215 text=s\u{fffd}"),
        ),
        (
            deliver_sm(1, from, 0, 0, b"part", &tlv(0x20e, &[4])),
            format!("{reply} parts=4 sender=5215 text=part"),
        ),
        (
            deliver_sm(1, from, 0, 0, b"", &tlv(0x424, b"long text")),
            format!("{reply} sender=5215 text=long text"),
        ),
        (
            deliver_sm(1, from, 0, 0, b"", b""),
            format!("{reply} sender=5215 text="),
        ),
        (
            deliver_sm(2, "8085550155", 0, 0, b"x", b""),
            "reply sender=5215 text=x".to_owned(),
        ),
    ] {
        assert_eq!(pdu_lines(OCTETS, &bytes), [expected]);
    }
}

#[test]
fn pdus_in_a_row() {
    let good = deliver_sm(1, "18085550155", 0, 0, b"a", b"");
    let short = pdu(5, &[b"\0\x01\x01no end"]);
    let other = pdu(0x15, &[]);
    let long_tlv = deliver_sm(1, "18085550155", 0, 0, b"a", &[0, 0x1e, 0, 9, b'x']);
    let body = [&good[..], &short, &other, &long_tlv, &good, b"\r\n"].concat();
    let at = |count: usize| {
        [good.len(), short.len(), other.len(), long_tlv.len()][..count]
            .iter()
            .sum::<usize>()
    };
    let event = "reply contact=+18085550155 sender=5215 text=a";
    let expected = [
        event.to_owned(),
        format!("!1@{} pdu_invalid", at(1) + 19),
        format!("!2@{} kind_unknown", at(2) + 4),
        format!("!3@{} pdu_invalid", at(4) - 1),
        event.to_owned(),
    ];
    assert_eq!(pdu_lines(OCTETS, &body), expected);
    let body = [&good[..], &[0, 0, 0, 5, 0, 0]].concat();
    assert_eq!(
        pdu_lines(OCTETS, &body),
        [event.to_owned(), format!("!1@{} pdu_invalid", good.len())]
    );
    // Receipts as text under the same content type stay what they were.
    assert_eq!(
        pdu_lines(OCTETS, b"id:1 stat:DELIVRD"),
        ["receipt final=true message_id=1 state=delivered"]
    );
}

#[test]
fn smpp_headers() {
    let head = "SMPP deliver_sm\nsource_addr: 18085550155\ndestination_addr: 5215\n";
    let receipt = "receipt contact=+18085550155";
    for (rest, expected) in [
        (
            "tlv message_state: DELIVERED\ntlv receipted_message_id: q\\0\n\n",
            format!("{receipt} final=true message_id=q\\0 sender=5215 state=delivered"),
        ),
        (
            "tlv message_state: UNDELIVERABLE\ntlv 0x1E: q\ntlv network_error_code: 03001b\n\n",
            format!(
                "{receipt} error_class=other error_code=27 final=true message_id=q sender=5215 state=undelivered"
            ),
        ),
        (
            "tlv 0x0427: 8\ntlv 0x001e: q\ntlv 0x0423: 27\ntlv user_message_reference: 77\n\n",
            format!(
                "{receipt} error_class=other error_code=27 final=true message_id=q sender=5215 state=rejected"
            ),
        ),
        (
            "esm_class: 4\ntlv message_payload: id:7 stat:FAILED err:12\\x00\n\n",
            format!(
                "{receipt} error_class=other error_code=12 final=true message_id=7 sender=5215 state=failed"
            ),
        ),
        (
            "esm_class: 4\ntlv network_error_code: 03001b\n\nid:7 stat:UNDELIV err:000",
            format!("{receipt} final=true message_id=7 sender=5215 state=undelivered"),
        ),
        (
            "esm_class: 4\n\nid:7 stat:UNDELIV err:8\0IMSI:310 MSC:44",
            format!(
                "{receipt} error_class=other error_code=8 final=true message_id=7 sender=5215 state=undelivered"
            ),
        ),
        (
            "esm_class: 4\n\nid:7 sub:001 delivrd:001 stat:0 err:000",
            format!("{receipt} final=false message_id=7 sender=5215 state=unknown"),
        ),
    ] {
        let file = format!("{head}{rest}");
        assert_eq!(
            lines_of(Provider::Smpp, file.as_bytes(), &[]),
            [expected],
            "{rest}"
        );
    }
    let wide: Vec<u8> = "id:9 stat:DELIVRD err:000"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let file = [format!("{head}data_coding: 8\n\n").as_bytes(), &wide].concat();
    assert_eq!(
        lines_of(Provider::Smpp, &file, &[]),
        [format!(
            "{receipt} final=true message_id=9 sender=5215 state=delivered"
        )]
    );
}

/// No body takes long, however it is made.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the time it takes is what is tested"
)]
fn the_work_is_bounded() {
    let big = 256 * 1024;
    let repeat = |text: &str| text.repeat(big / text.len());
    let rows = r#"0,{"status":"1"},"#;
    let bodies = [
        (
            Provider::Msg91,
            format!(
                "data={}",
                escaped(&format!(
                    "[{{\"report\":[{}0],\"requestId\":\"{}\"}}]",
                    repeat(rows)
                        .get(..big / 4)
                        .unwrap()
                        .rsplit_once("},")
                        .unwrap()
                        .0
                        .to_owned()
                        + "},",
                    "x".repeat(300)
                ))
            ),
        ),
        (Provider::Msg91, format!("data=[{}0]", repeat("0,"))),
        (Provider::Msg91, repeat("data=%5B&")),
        (Provider::Gupshup, format!("response=[{}0]", repeat("[],"))),
        (Provider::Cm, format!("<a>{}</a>", repeat("<MSG/>"))),
        (Provider::Cm, repeat("<a>")),
        (Provider::Cm, format!("<a>{}</a>", repeat("&amp;"))),
        (Provider::Cm, repeat("<!-- ")),
        (
            Provider::Kannel,
            format!(
                "<message>{}</message>",
                repeat("<submit><ud>%41</ud></submit>")
            ),
        ),
        (
            Provider::Textmagic,
            repeat("--b\r\nContent-Disposition: form-data; name=\""),
        ),
        (Provider::Textmagic, format!("--b\n{}", repeat("\n--bb"))),
        (
            Provider::Jasmin,
            format!("id=1&coding=0&content={}", repeat("%1b%65")),
        ),
        (Provider::Jasmin, repeat("ID=1&")),
        (Provider::Smpp, repeat("id:1 stat:")),
        (
            Provider::Smpp,
            repeat("\0\0\0\x10\0\0\0\x05\0\0\0\0\0\0\0\0"),
        ),
    ];
    for (provider, body) in bodies {
        let form: &[u8] = if body.starts_with("--b") {
            b"multipart/form-data; boundary=b"
        } else {
            b""
        };
        let view = RequestView {
            method: "POST",
            target: "/x",
            headers: &[("Content-Type", form)],
            body: body.as_bytes(),
        };
        let began = Instant::now();
        let mut count = Count::default();
        let outcome = decode(provider, &view, None, &mut count);
        let ms = began.elapsed().as_millis();
        let start = body.get(..20).unwrap_or_default();
        // Far above what it takes, for busy machines.
        assert!(ms < 1_000, "{provider:?} {start:?}: {ms} ms, {outcome:?}");
    }
}

#[derive(Default)]
struct Count(usize);

impl Sink for Count {
    fn event(&mut self, _row: u32, _event: Event<'_>) {
        self.0 += 1;
    }

    fn withdraw(&mut self) {
        *self = Self::default();
    }

    fn reject(&mut self, _reject: Reject) {
        self.0 += 1;
    }
}

proptest! {
    /// Nothing that a relay may send makes a decoder panic, and a refused body gives nothing.
    #[test]
    fn no_request_stops_a_decoder(
        index in 0..8_usize,
        kind in "(application/octet-stream|multipart/form-data; boundary=b|text/xml|)",
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..80),
            "(data=|response=|id=|content=|coding=|<MSG>|<TO>|</TO>|</MSG>|--b|--b--|name=a|\r\n|[\\[\\]{}\":,0-9%&a-f=+;]|id:|stat:|\"status\"|\"report\"){0,30}".prop_map(String::into_bytes),
        ],
    ) {
        use Provider::{Clicksend, Cm, Gupshup, Jasmin, Kannel, Msg91, Smpp, Textmagic};
        let provider = [Clicksend, Cm, Gupshup, Jasmin, Kannel, Msg91, Smpp, Textmagic][index];
        let view = RequestView {
            method: "POST",
            target: "/x",
            headers: &[("Content-Type", kind.as_bytes())],
            body: &body,
        };
        let mut count = Count::default();
        if decode(provider, &view, None, &mut count).is_err() {
            prop_assert_eq!(count.0, 0);
        }
    }

    /// Bytes behind a header that is one.
    #[test]
    fn no_pdu_stops_the_decoder(fields in prop::collection::vec(any::<u8>(), 0..120), place in 0..80_usize, byte: u8) {
        let mut whole = deliver_sm(1, "18085550155", 4, 0, b"id:1 stat:DELIVRD", &tlv(0x427, &[2]));
        let place = place.min(whole.len() - 1);
        whole[place] = byte;
        for body in [pdu(5, &[&fields]), whole] {
            let view = RequestView {
                method: "POST",
                target: "/x",
                headers: &[("Content-Type", b"application/octet-stream")],
                body: &body,
            };
            let mut count = Count::default();
            if decode(Provider::Smpp, &view, None, &mut count).is_err() {
                prop_assert_eq!(count.0, 0);
            }
        }
    }
}
