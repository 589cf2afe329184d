//! What the door makes of bytes: valid requests whole and in pieces, invalid ones, limits.
#![expect(clippy::indexing_slicing, reason = "helpers of tests")]

mod common;

use common::{Rig, parse, post, post_to, statuses};

const HOOK: &str = "POST /hooks/twilio HTTP/1.1\r\nHost: a\r\n";
const MARKER: &str = "POST /hooks/twilio HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nMARKER";

/// Sends one request, cut at these offsets, with a marker behind it that must not be run.
fn refused(rig: &mut Rig, head: &str, cuts: &[usize]) -> (u16, String) {
    let mut client = rig.connect();
    let bytes = [head.as_bytes(), MARKER.as_bytes()].concat();
    rig.send(&mut client, &bytes, cuts);
    let answers = rig.answers(&mut client, 1);
    assert_eq!(answers.len(), 1, "{head:?} {cuts:?}: {answers:?}");
    assert!(answers[0].closes, "{head:?}: {answers:?}");
    assert!(
        rig.ends(&mut client),
        "{head:?}: the refusal was followed by a reset"
    );
    assert_eq!(parse(&client.got).0.len(), 0, "{head:?}");
    (answers[0].status, answers[0].body.clone())
}

/// Each is refused, whole and in two pieces, and nothing behind it is run.
fn all_refused(table: &[(u16, &str)]) {
    let mut rig = Rig::new();
    for (status, head) in table {
        let length = head.len();
        for cuts in [
            vec![],
            vec![1],
            vec![length / 2],
            vec![length - 1],
            vec![length],
        ] {
            let (got, body) = refused(&mut rig, head, &cuts);
            assert_eq!(got, *status, "{head:?} {cuts:?}: {body}");
            assert!(body.starts_with("{\"code\":\""), "{body}");
        }
    }
    assert_eq!(rig.kept(), 0, "{:?}", rig.bodies());
    rig.waits_open(0);
}

#[test]
fn lengths_and_codings_that_could_be_read_two_ways_are_refused() {
    let table = [
        (
            400,
            format!("{HOOK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ),
        (
            400,
            format!("{HOOK}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
        ),
        (
            400,
            format!("{HOOK}Content-Length: 5\r\nContent-Length: 6\r\n\r\n"),
        ),
        (
            400,
            format!("{HOOK}Content-Length: 5\r\nContent-Length: 5\r\n\r\n"),
        ),
        (400, format!("{HOOK}Content-Length: 5, 5\r\n\r\n")),
        (400, format!("{HOOK}Content-Length: +5\r\n\r\n")),
        (400, format!("{HOOK}Content-Length: -5\r\n\r\n")),
        (400, format!("{HOOK}Content-Length: 0x5\r\n\r\n")),
        (400, format!("{HOOK}Content-Length: 5_0\r\n\r\n")),
        (400, format!("{HOOK}Content-Length: 5 0\r\n\r\n")),
        (400, format!("{HOOK}Content-Length:\r\n\r\n")),
        (400, format!("{HOOK}Content-Length: a\r\n\r\n")),
        (
            400,
            format!("{HOOK}Transfer-Encoding: chunked\r\n\r\n+5\r\n"),
        ),
        (
            400,
            format!("{HOOK}Transfer-Encoding: chunked\r\n\r\n0x5\r\n"),
        ),
        (
            400,
            format!("{HOOK}Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n"),
        ),
        (
            400,
            "POST /hooks/twilio HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        ),
        (
            417,
            format!("{HOOK}Expect: 200-ok\r\nContent-Length: 5\r\n\r\n"),
        ),
        (
            417,
            format!("{HOOK}Expect: 100-continue, x\r\nContent-Length: 5\r\n\r\n"),
        ),
        (
            415,
            format!("{HOOK}Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"),
        ),
        (
            501,
            format!("{HOOK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        ),
        (413, format!("{HOOK}Content-Length: 262145\r\n\r\n")),
        (
            413,
            format!("{HOOK}Content-Length: 99999999999999999999999\r\n\r\n"),
        ),
        (
            413,
            format!("{HOOK}Transfer-Encoding: chunked\r\n\r\n40001\r\n"),
        ),
    ];
    let table = table
        .each_ref()
        .map(|(status, head)| (*status, head.as_str()));
    all_refused(&table);
}

#[test]
fn malformed_heads_are_refused() {
    all_refused(&[
        (400, "POST /hooks/twilio HTTP/1.1\nHost: a\n\n"),
        (400, "POST /hooks/twilio HTTP/1.1\r\nHost: a\n\r\n"),
        (400, "POST /hooks/twilio HTTP/1.1\rHost: a\r\r"),
        (400, "POST /hooks/twilio HTTP/1.1\r\nHost: a\rX: y\r\n\r\n"),
        (
            400,
            "POST /hooks/twilio HTTP/1.1\r\nHost: a\r\nX: a\r\n folded\r\n\r\n",
        ),
        (400, "POST /hooks/twilio HTTP/1.1\r\n Host: a\r\n\r\n"),
        (
            400,
            "POST /hooks/twilio HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n",
        ),
        (400, "POST /hooks/twilio HTTP/1.1\r\nHost: a\r\n: a\r\n\r\n"),
        (400, "POST /hooks/twilio HTTP/1.1\r\nHost: a\r\nX\r\n\r\n"),
        (
            400,
            "POST /hooks/twilio HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        ),
        (
            400,
            "POST /hooks/twilio HTTP/1.1\r\nHost: a\r\nX\0: ab\r\n\r\n",
        ),
        (400, "POST /hooks/twilio HTTP/1.1\r\n\r\n"),
        (
            400,
            "POST /hooks/twilio HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        ),
        (
            400,
            "POST /hooks/twilio HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
        ),
        (400, "POST /hooks/twilio HTTP/1.1\r\nHost: a b\r\n\r\n"),
        (400, "POST /hooks/twilio HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        (400, "POST /hooks/twilio HTTP/1.1\r\nHost: a:b\r\n\r\n"),
        (400, "GET /hooks/twilio\r\n\r\n"),
        (400, "GET  /hooks/twilio HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET /hooks/twilio  HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET /hooks/twilio HTTP/1.1 \r\nHost: a\r\n\r\n"),
        (400, " GET /hooks/twilio HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET /hooks/twilio http/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET /hooks/twilio HTTP/1.\r\nHost: a\r\n\r\n"),
        (400, "GET /hooks/twilio HTTP/11\r\nHost: a\r\n\r\n"),
        (400, "GET hooks/twilio HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET /hooks/twilio#x HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "GET /hooks/tw\u{ed}lio HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "G(T /hooks/twilio HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, "\r\n\r\nGET /hooks/twilio HTTP/1.1\r\nHost: a\r\n\r\n"),
        (505, "GET /hooks/twilio HTTP/2.0\r\nHost: a\r\n\r\n"),
        (505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        (505, "GET /hooks/twilio HTTP/1.2\r\nHost: a\r\n\r\n"),
    ]);
}

/// H3: a proxy in front may read the length another way. Whatever the spelling, the request
/// behind is either never run, or plainly is one (both bodies read as the sender framed them).
#[test]
fn no_spelling_of_transfer_encoding_lets_a_request_through() {
    let mut spellings = Vec::new();
    for value in [
        "chunked", "Chunked", "CHUNKED", "x", "identity", "chunk", "chunked,", "gzip",
    ] {
        for name in [
            "Transfer-Encoding",
            "Transfer_Encoding",
            "transfer-encoding",
            "X",
        ] {
            for byte in (0..=32).chain([b',', b';', b'"', b'\'', b'x', 0x7f, 0x80, 0xa0, 0xff]) {
                let byte = char::from(byte);
                spellings.push(format!("{name}:{byte}{value}"));
                spellings.push(format!("{name}: {value}{byte}"));
                spellings.push(format!("{name}{byte}: {value}"));
                spellings.push(format!("{byte}{name}: {value}"));
                spellings.push(format!("X: y\r{byte}{name}: {value}"));
            }
        }
    }
    let mut rig = Rig::new();
    for spelling in spellings {
        let body = format!("0\r\n\r\n{MARKER}");
        let head = format!("{HOOK}{spelling}\r\nContent-Length: {}\r\n\r\n", body.len());
        // Latin-1 bytes, not UTF-8: what was meant by the byte above 0x7f.
        let bytes: Vec<u8> = head.chars().chain(body.chars()).map(|c| c as u8).collect();
        let mut client = rig.connect();
        rig.send(&mut client, &bytes, &[]);
        let answers = rig.answers(&mut client, 1);
        assert_eq!(answers.len(), 1, "{spelling:?}");
        // Either refused, or the length rules and the marker is body.
        assert!(
            answers[0].closes || answers[0].status == 200,
            "{spelling:?} {answers:?}"
        );
        assert!(!rig.bodies().contains(&"MARKER".to_owned()), "{spelling:?}");
    }
}

#[test]
fn limits_hold_at_and_one_beyond() {
    let mut rig = Rig::new();
    let line = |bytes: usize| {
        let fixed = "GET /hooks/twilio?x= HTTP/1.1".len();
        format!(
            "GET /hooks/twilio?x={} HTTP/1.1\r\nHost: a\r\n\r\n",
            "y".repeat(bytes - fixed)
        )
    };
    let head = |bytes: usize| {
        let fixed = format!("{HOOK}X: \r\n\r\n").len();
        format!("{HOOK}X: {}\r\n\r\n", "y".repeat(bytes - fixed))
    };
    let fields = |count: usize| format!("{HOOK}{}\r\n", "X: y\r\n".repeat(count - 1));
    for (status, request) in [
        (200, line(8192)),
        (414, line(8193)),
        (414, line(81_920)),
        (200, head(16_384)),
        (431, head(16_385)),
        (431, head(163_840)),
        (200, fields(100)),
        (431, fields(101)),
    ] {
        assert_eq!(
            rig.ask(request.as_bytes()).status,
            status,
            "{} bytes",
            request.len()
        );
    }
    for (target, limit) in [("/hooks/twilio", 256 * 1024), ("/events", 8 * 1024 * 1024)] {
        let body = "x".repeat(limit);
        assert_eq!(rig.ask(&post_to(target, &body)).status, 200);
        assert_eq!(rig.bodies().last().map(String::len), Some(limit));
        assert_eq!(rig.ask(&post_to(target, &format!("{body}x"))).status, 413);
        let chunked = |body: &str| {
            let head = format!("POST {target} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked");
            format!(
                "{head}\r\n\r\n10\r\n0123456789abcdef\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
                body.len()
            )
        };
        assert_eq!(rig.ask(chunked(&body[16..]).as_bytes()).status, 200);
        assert_eq!(rig.bodies().last().map(String::len), Some(limit));
        assert_eq!(rig.ask(chunked(&body[15..]).as_bytes()).status, 413);
    }
    assert_eq!(rig.door.stats().buffered_bytes, 0);
}

#[test]
fn valid_requests_mean_the_same_however_they_are_cut() {
    let mut rig = Rig::new();
    let requests = [
        String::from_utf8(post("hello")).unwrap(),
        "GET /hooks/kannel/status/?campaign=a%20b&blast=c&x=1 HTTP/1.1\r\nHost: a:80\r\n\r\n"
            .into(),
        "\r\nPOST http://a/hooks/twilio HTTP/1.1\r\nhOST: [::1]:80\r\ncontent-length: 2\r\n\r\nhi"
            .into(),
        format!(
            "{HOOK}Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nT: v\r\n\r\n"
        ),
        "POST /events HTTP/1.0\r\nConnection: Keep-Alive\r\nContent-Length: 3\r\n\r\nrow".into(),
    ];
    for request in &requests {
        let bytes = request.as_bytes();
        let whole = rig.ask(bytes);
        assert_eq!(whole.status, 200, "{request:?}");
        let seen = rig.memory.kept.lock().unwrap().pop().unwrap();
        let every: Vec<usize> = (1..bytes.len()).collect();
        let cuts = every.iter().map(|cut| vec![*cut]).chain([every.clone()]);
        // One connection for all, so that nothing of one request leaks into the next either.
        let mut client = rig.connect();
        for cuts in cuts {
            rig.send(&mut client, bytes, &cuts);
            assert_eq!(
                rig.answers(&mut client, 1),
                std::slice::from_ref(&whole),
                "{request:?} at {cuts:?}"
            );
            assert_eq!(rig.memory.kept.lock().unwrap().pop(), Some(seen.clone()));
            assert_eq!(rig.kept(), 0);
        }
        assert_eq!(rig.door.stats().buffered_bytes, 0);
    }
}

#[test]
fn pipelines_are_answered_in_order_and_end_at_a_bad_request() {
    for count in [1, 2, 3, 10, 127, 128, 129, 257, 1000] {
        let mut rig = Rig::new();
        let mut bytes = Vec::new();
        for index in 0..count {
            bytes.extend(post(&format!("number {index}")));
        }
        let bad_from = bytes.len();
        bytes.extend(b"POST /hooks/twilio HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n");
        for index in 0..count {
            bytes.extend(post(&format!("after {index}")));
        }
        let mut client = rig.connect();
        rig.send(&mut client, &bytes[..bad_from], &[]);
        rig.send(&mut client, &bytes[bad_from..], &[]);
        let answers = rig.answers(&mut client, count + 1);
        let mut expected = vec![200; count];
        expected.push(400);
        assert_eq!(statuses(&answers), expected);
        assert!(rig.ends(&mut client));
        let bodies: Vec<String> = (0..count).map(|index| format!("number {index}")).collect();
        assert_eq!(rig.bodies(), bodies);
    }
}

#[test]
fn mixed_pipelines_keep_their_order() {
    let mut rig = Rig::new();
    let mut client = rig.connect();
    let bytes = [
        post("a"),
        b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
        b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
        post_to("/events", "row"),
        b"DELETE /events HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
        b"GET /hooks/nobody HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
        post("bad"),
        post("never"),
    ];
    rig.send(&mut client, &bytes.concat(), &[]);
    let answers = rig.answers(&mut client, 7);
    assert_eq!(statuses(&answers), [200, 200, 404, 200, 405, 404, 400]);
    assert!(answers[4].has("Allow: POST"));
    assert_eq!(
        answers[6].body,
        "{\"code\":\"json_truncated\",\
         \"message\":\"the JSON ends before it is complete\",\"byte\":2}"
    );
    assert!(rig.ends(&mut client));
    // The unreadable body went to the keeper, which has it as a dead letter.
    assert_eq!(rig.bodies(), ["a", "row", "bad"]);
}

#[test]
fn one_byte_chunks_cost_no_more_than_they_carry() {
    let mut rig = Rig::new();
    let head = format!("{HOOK}Transfer-Encoding: chunked\r\n\r\n");
    let few = format!("{head}{}0\r\n\r\n", "1\r\nx\r\n".repeat(20_000));
    assert_eq!(rig.ask(few.as_bytes()).status, 200);
    assert_eq!(rig.bodies()[0].len(), 20_000);
    let many = format!("{head}{}", "1\r\nx\r\n".repeat(1_000_000));
    assert_eq!(rig.ask(many.as_bytes()).status, 413);
    let padded = format!(
        "{head}{}",
        "1;abcdefghijklmnopqrstuvwxyz\r\nx\r\n".repeat(10_000)
    );
    assert_eq!(rig.ask(padded.as_bytes()).status, 400);
    let extension = format!("{head}1;{}\r\n", "x".repeat(1 << 20));
    assert_eq!(rig.ask(extension.as_bytes()).status, 400);
    rig.waits_open(0);
    assert_eq!(rig.door.stats().buffered_bytes, 0);
}

#[test]
fn answers_and_what_the_keeper_sees() {
    let mut rig = Rig::new();
    let mut client = rig.connect();
    rig.send(
        &mut client,
        b"HEAD /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        &[],
    );
    assert!(rig.ends(&mut client));
    let head = String::from_utf8(client.got).unwrap();
    assert!(
        head.contains("Content-Length: 15\r\n") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
    assert_eq!(
        rig.ask(b"GET /healthz HTTP/1.0\r\n\r\n").body,
        "{\"status\":\"ok\"}"
    );
    let answer = rig.ask(b"PUT /hooks/twilio HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(answer.status == 405 && answer.has("Allow: GET, HEAD, POST") && !answer.closes);
    // Refused with a body behind: the connection ends, for the body is not read.
    let answer = rig.ask(b"POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    assert!(answer.status == 404 && answer.closes);
    let answer = rig.ask(&post_to("/events?campaign=may", "row"));
    assert!(answer.has("Content-Type: application/json"));
    assert!(answer.has("Date: Sun, 06 Nov 1994 08:49:37 GMT"));
    assert_eq!(
        answer.body,
        "{\"accepted\":1,\"rejected\":1,\"rejects\":[{\"row\":1,\"byte\":40,\
         \"code\":\"not_a_number\",\
         \"message\":\"the contact is not a phone number in international form\"}]}"
    );
    let answer = rig.ask(
        b"POST /hooks/vonage/east/?blast=b1&x=%zz HTTP/1.1\r\nHost: a\r\nX-Odd: \xff\xfe\r\n\
          Content-Length: 3\r\n\r\na\0b",
    );
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    let seen = rig.memory.kept.lock().unwrap().pop().unwrap();
    assert_eq!(
        (seen.provider, seen.account.as_str()),
        ("vonage-sms", "east")
    );
    assert_eq!((seen.campaign, seen.blast.as_deref()), (None, Some("b1")));
    assert_eq!(seen.target, "/hooks/vonage/east/?blast=b1&x=%zz");
    assert_eq!(seen.headers[1], ("X-Odd".to_owned(), vec![0xff, 0xfe]));
    assert_eq!(seen.body, b"a\0b");
    let json = rig.door.stats().to_json();
    assert!(
        json.contains("\"path_unknown\":1") && json.contains("\"404\":1"),
        "{json}"
    );
}
