//! Connections from accept to close: keep-alive, expectations, half-close, reset, timers,
//! caps, drain. Time is the test's own.

mod common;

use std::io::Write;

use common::{Answer, Rig, post, statuses};
use smstrack_server::Options;

const HOOK: &str = "POST /hooks/twilio HTTP/1.1\r\nHost: a\r\n";

#[test]
fn who_keeps_a_connection_and_who_closes_it() {
    let mut rig = Rig::new();
    for (stays, head) in [
        (true, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"),
        (
            false,
            "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n",
        ),
        (
            false,
            "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n",
        ),
        (false, "GET /healthz HTTP/1.0\r\n\r\n"),
        (
            true,
            "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        ),
        (
            false,
            "GET /healthz HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
        ),
    ] {
        let mut client = rig.connect();
        rig.send(&mut client, head.as_bytes(), &[]);
        let answers = rig.answers(&mut client, 1);
        assert_eq!(
            (answers[0].status, answers[0].closes),
            (200, !stays),
            "{head:?}"
        );
        let is_old = head.contains("HTTP/1.0");
        assert_eq!(
            answers[0].has("Connection: keep-alive"),
            stays && is_old,
            "{head:?}"
        );
        if stays {
            rig.send(&mut client, &post("again"), &[]);
            assert_eq!(statuses(&rig.answers(&mut client, 1)), [200], "{head:?}");
        } else {
            assert!(rig.ends(&mut client), "{head:?}");
        }
    }
}

#[test]
fn continue_is_said_only_when_the_body_will_be_read() {
    let mut rig = Rig::new();
    let asks = |rest: &str| format!("{HOOK}Expect: 100-continue\r\n{rest}");
    let mut client = rig.connect();
    rig.send(
        &mut client,
        asks("Content-Length: 5\r\n\r\n").as_bytes(),
        &[],
    );
    assert_eq!(statuses(&rig.answers(&mut client, 1)), [100]);
    rig.send(&mut client, b"hello", &[]);
    assert_eq!(statuses(&rig.answers(&mut client, 1)), [200]);
    // In a pipeline it comes after the answer before it.
    let bytes = [
        post("a"),
        asks("Transfer-Encoding: chunked\r\n\r\n").into_bytes(),
    ]
    .concat();
    rig.send(&mut client, &bytes, &[]);
    assert_eq!(statuses(&rig.answers(&mut client, 2)), [200, 100]);
    rig.send(&mut client, b"1\r\nx\r\n0\r\n\r\n", &[]);
    assert_eq!(statuses(&rig.answers(&mut client, 1)), [200]);
    // The body is there, or there is none, or it is an old client: nothing to wait for.
    let whole = asks("Content-Length: 5\r\n\r\nhello");
    assert_eq!(rig.ask(whole.as_bytes()).status, 200);
    assert_eq!(rig.ask(asks("\r\n").as_bytes()).status, 200);
    let old = whole.replace("1.1", "1.0");
    assert_eq!(rig.ask(old.as_bytes()).status, 200);
    // Refused: the refusal, and no invitation.
    assert_eq!(
        rig.ask(asks("Content-Length: 262145\r\n\r\n").as_bytes())
            .status,
        413
    );
    let unknown = asks("Content-Length: 5\r\n\r\n").replace("twilio", "nobody");
    let answer = rig.ask(unknown.as_bytes());
    assert!(answer.status == 404 && answer.closes);
}

#[test]
fn a_sender_that_still_sends_reads_its_refusal() {
    let mut rig = Rig::new();
    let mut client = rig.connect();
    let head = format!("{HOOK}Content-Length: 1500000\r\n\r\n");
    let bytes = [head.into_bytes(), vec![b'x'; 1_500_000]].concat();
    rig.send(&mut client, &bytes, &[]);
    let answers = rig.answers(&mut client, 1);
    assert_eq!(statuses(&answers), [413]);
    client.half_close();
    assert!(rig.ends(&mut client), "reset before the refusal was read");
    rig.waits_open(0);
    // One that neither stops nor closes is dropped after a second.
    let mut client = rig.connect();
    rig.send(&mut client, b"\0\r\n\r\n", &[]);
    assert_eq!(statuses(&rig.answers(&mut client, 1)), [400]);
    assert!(rig.ends(&mut client));
    rig.waits_open(1);
    rig.now_ms += 1000;
    rig.waits_open(0);
}

#[test]
fn half_close_is_answered_and_leaves_nothing() {
    let mut rig = Rig::new();
    let mut client = rig.connect();
    client
        .stream
        .write_all(&[post("a"), post("b")].concat())
        .unwrap();
    client.half_close();
    assert_eq!(statuses(&rig.answers(&mut client, 2)), [200, 200]);
    assert!(rig.ends(&mut client));
    // Within a head, a body, a chunk; and before anything.
    let partial = [
        String::new(),
        "POST /hoo".to_owned(),
        format!("{HOOK}Content-Length: 5\r\n\r\nhel"),
        format!("{HOOK}Transfer-Encoding: chunked\r\n\r\n5\r\nhel"),
    ];
    for bytes in &partial {
        let mut client = rig.connect();
        client.stream.write_all(bytes.as_bytes()).unwrap();
        client.half_close();
        assert!(rig.ends(&mut client), "{bytes:?}");
    }
    rig.waits_open(0);
    assert_eq!(rig.kept(), 2);
    assert_eq!(rig.door.stats().buffered_bytes, 0);
}

/// Closing a socket that holds unread bytes resets the connection.
#[test]
fn resets_at_any_point_leak_nothing() {
    let mut rig = Rig::new();
    let whole = [
        post("hello"),
        format!("{HOOK}Content-Length: 5\r\n\r\nhel").into_bytes(),
    ]
    .concat();
    for cut in 0..=whole.len() {
        let mut client = rig.connect();
        rig.waits_open(1);
        client.stream.write_all(&whole[..cut]).unwrap();
        if cut % 2 == 0 {
            rig.pump();
        }
        drop(client);
        rig.waits_open(0);
    }
    assert_eq!(rig.door.stats().buffered_bytes, 0);
    assert!(rig.bodies().iter().all(|body| body == "hello"));
}

fn timed_out(rig: &mut Rig, bytes: &[u8], ms: u64) -> Vec<Answer> {
    let mut client = rig.connect();
    rig.waits_open(1);
    rig.send(&mut client, bytes, &[]);
    for _ in 0..20 {
        rig.tick();
    }
    let answered = rig.answers(&mut client, 0);
    rig.now_ms += ms - 1;
    for _ in 0..20 {
        rig.tick();
    }
    client.pull();
    assert!(
        !client.is_ended && client.got.is_empty(),
        "closed before its time"
    );
    assert!(rig.last.next_timer_ms.is_some_and(|left| left <= ms));
    rig.now_ms += 1;
    assert!(rig.ends(&mut client));
    let late = rig.answers(&mut client, 1);
    drop(client);
    rig.waits_open(0);
    [answered, late].concat()
}

#[test]
fn slow_senders_are_cut_off_in_time() {
    let mut rig = Rig::new();
    assert_eq!(timed_out(&mut rig, b"", 10_000), []);
    assert_eq!(statuses(&timed_out(&mut rig, b"POST /hoo", 10_000)), [408]);
    assert_eq!(statuses(&timed_out(&mut rig, &post("a"), 75_000)), [200]);
    let partial = [post("a"), b"GET /he".to_vec()].concat();
    assert_eq!(statuses(&timed_out(&mut rig, &partial, 10_000)), [200, 408]);
    let body = format!("{HOOK}Content-Length: 5000\r\n\r\n");
    assert_eq!(
        statuses(&timed_out(&mut rig, body.as_bytes(), 30_000)),
        [408]
    );
    assert_eq!(rig.door.stats().refusals["head_too_slow"], 2);
}

#[test]
fn a_head_has_ten_seconds_in_all_and_a_body_a_hundred_bytes_a_second() {
    let mut rig = Rig::new();
    let mut client = rig.connect();
    rig.waits_open(1);
    for (index, byte) in b"GET /healthz".iter().enumerate() {
        rig.send(&mut client, &[*byte], &[]);
        let expected = if index < 10 { "" } else { "408" };
        client.pull();
        assert_eq!(client.got.is_empty(), expected.is_empty(), "byte {index}");
        if index >= 10 {
            break;
        }
        rig.now_ms += 1000;
        for _ in 0..10 {
            rig.tick();
        }
    }
    let mut client = rig.connect();
    rig.send(
        &mut client,
        format!("{HOOK}Content-Length: 9000\r\n\r\n").as_bytes(),
        &[],
    );
    for _ in 0..2 {
        rig.send(&mut client, &[b'x'; 3000], &[3000]);
        rig.now_ms += 30_000;
        rig.until("another window", |rig| {
            rig.last.next_timer_ms.is_some_and(|left| left > 1000)
        });
        assert!(rig.answers(&mut client, 0).is_empty());
    }
    rig.send(&mut client, &[b'x'; 3000], &[]);
    assert_eq!(statuses(&rig.answers(&mut client, 1)), [200]);
}

#[test]
fn answers_that_are_not_read_stop_the_reading_and_then_the_connection() {
    let mut rig = Rig::new();
    let mut client = rig.connect();
    rig.waits_open(1);
    // Requests until the door, whose answers nobody takes, takes no more.
    let many = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2000);
    let (mut sent, mut stuck) = (0, 0);
    while stuck < 50 {
        match client.stream.write(&many[sent % many.len()..]) {
            Ok(count) => (sent, stuck) = (sent + count, 0),
            Err(_) => stuck += 1,
        }
        rig.tick();
    }
    let stats = rig.door.stats();
    assert!(stats.requests > 1000 && stats.requests < sent as u64 / 34);
    assert!(
        stats.buffered_bytes <= 64 * 1024,
        "{}",
        stats.buffered_bytes
    );
    assert!(
        rig.last.next_timer_ms.is_some_and(|left| left > 0),
        "it spins"
    );
    // Taking them makes it go on.
    let before = stats.requests;
    rig.until("more requests", |rig| {
        client.pull();
        rig.door.stats().requests > before + 1000
    });
    let whole = sent as u64 / 34;
    rig.until("the rest", |rig| {
        client.pull();
        rig.door.stats().requests == whole
    });
    // And not taking them ends it.
    let mut client = rig.connect();
    stuck = 0;
    while stuck < 50 {
        let is_busy = client.stream.write(&many).is_ok() || rig.last.next_timer_ms == Some(0);
        stuck = if is_busy { 0 } else { stuck + 1 };
        rig.tick();
    }
    rig.now_ms += 30_000;
    rig.until("the deaf one to go", |rig| {
        rig.door.stats().connections_open <= 1
    });
}

#[test]
fn connections_beyond_the_cap_are_told_so() {
    let mut rig = Rig::with(Options {
        connections_count_max: 2,
        ..Options::default()
    });
    let mut first = rig.connect();
    let _second = rig.connect();
    rig.waits_open(2);
    let mut third = rig.connect();
    rig.until("the refusal", |rig| {
        rig.door.stats().connections_refused == 1
    });
    let answers = rig.answers(&mut third, 1);
    assert_eq!(statuses(&answers), [503]);
    assert!(answers[0].has("Retry-After: 5") && answers[0].closes);
    rig.send(&mut first, &post("a"), &[]);
    assert_eq!(statuses(&rig.answers(&mut first, 1)), [200]);
    drop(first);
    rig.waits_open(1);
    assert_eq!(rig.ask(&post("b")).status, 200);
}

#[test]
fn who_is_silent_makes_room_for_who_wants_in() {
    let mut rig = Rig::with(Options {
        connections_count_max: 2,
        ..Options::default()
    });
    let mut busy = rig.connect();
    let mut idle = rig.connect();
    for client in [&mut idle, &mut busy] {
        rig.send(client, &post("a"), &[]);
        assert_eq!(statuses(&rig.answers(client, 1)), [200]);
        rig.now_ms += 10;
    }
    let half = post("b");
    rig.send(&mut busy, &half[..half.len() - 1], &[]);
    // Both are open; one is between two requests, the other within one.
    let mut new = rig.connect();
    rig.until("room", |rig| rig.door.stats().connections_evicted == 1);
    rig.send(&mut new, &post("c"), &[]);
    assert_eq!(statuses(&rig.answers(&mut new, 1)), [200]);
    rig.send(&mut busy, &half[half.len() - 1..], &[]);
    assert_eq!(
        statuses(&rig.answers(&mut busy, 1)),
        [200],
        "never within a request"
    );
    assert!(rig.ends(&mut idle), "an orderly end");
    // Who has said nothing yet has a second to begin.
    drop((busy, new));
    rig.waits_open(0);
    let _mute = rig.connect();
    let _mute_too = rig.connect();
    rig.waits_open(2);
    let mut third = rig.connect();
    assert_eq!(statuses(&rig.answers(&mut third, 1)), [503]);
    rig.now_ms += 1_000;
    let mut fourth = rig.connect();
    rig.send(&mut fourth, &post("d"), &[]);
    assert_eq!(statuses(&rig.answers(&mut fourth, 1)), [200]);
}

#[test]
fn unfinished_requests_are_bounded_together() {
    let mut rig = Rig::with(Options {
        buffered_bytes_max: 120_000,
        ..Options::default()
    });
    let head = format!("{HOOK}Content-Length: 90000\r\n\r\n").into_bytes();
    let mut one = rig.connect();
    rig.send(&mut one, &[head.clone(), vec![b'x'; 89_000]].concat(), &[]);
    rig.until("the first", |rig| rig.door.stats().buffered_bytes > 80_000);
    let mut other = rig.connect();
    rig.send(
        &mut other,
        &[head.clone(), vec![b'x'; 70_000]].concat(),
        &[],
    );
    let answers = rig.answers(&mut other, 1);
    assert!(answers[0].status == 503 && answers[0].has("Retry-After: 5"));
    // Large bodies leave room for small ones, which are bounded as well.
    let mut small = rig.connect();
    rig.send(
        &mut small,
        &[head.clone(), vec![b'x'; 20_000]].concat(),
        &[],
    );
    rig.until("the small", |rig| rig.door.stats().buffered_bytes > 100_000);
    let mut last = rig.connect();
    rig.send(&mut last, &[head, vec![b'x'; 20_000]].concat(), &[]);
    assert_eq!(statuses(&rig.answers(&mut last, 1)), [503]);
    drop(small);
    rig.send(&mut one, &[b'x'; 1000], &[]);
    assert_eq!(statuses(&rig.answers(&mut one, 1)), [200]);
    assert_eq!(rig.door.stats().buffered_bytes, 0);
}

#[test]
fn drain_answers_what_is_in_progress_and_nothing_by_half() {
    let mut rig = Rig::new();
    let mut idle = rig.connect();
    rig.send(&mut idle, &post("a"), &[]);
    assert_eq!(statuses(&rig.answers(&mut idle, 1)), [200]);
    let mut midway = rig.connect();
    let bytes = post("hello");
    rig.send(&mut midway, &bytes[..bytes.len() - 2], &[]);
    let mut fresh = rig.connect();
    rig.waits_open(3);
    let mut queued = rig.connect();
    queued.stream.write_all(&post("queued")).unwrap();

    rig.door.drain();
    assert!(!rig.door.is_idle());
    assert!(rig.ends(&mut idle));
    let answers = rig.answers(&mut queued, 1);
    assert!(answers[0].status == 200 && answers[0].closes);
    let addr = rig.door.local_addr();
    assert!(
        std::net::TcpStream::connect(addr).is_err(),
        "still listening"
    );
    rig.send(&mut midway, &bytes[bytes.len() - 2..], &[]);
    let answers = rig.answers(&mut midway, 1);
    assert!(answers[0].status == 200 && answers[0].closes);
    assert!(rig.ends(&mut midway));
    fresh.pull();
    assert!(!fresh.is_ended && !rig.door.is_idle());
    rig.now_ms += 1000;
    assert!(rig.ends(&mut fresh));
    rig.until("idleness", |rig| rig.door.is_idle());
    assert_eq!(rig.bodies(), ["a", "queued", "hello"]);
}

#[test]
fn drain_under_load_loses_no_answered_event() {
    let mut rig = Rig::new();
    let mut clients: Vec<_> = (0..50).map(|_| rig.connect()).collect();
    rig.waits_open(50);
    let mut acknowledged = 0;
    for round in 0..20 {
        for client in &mut clients {
            let _ = client.stream.write_all(&post("x"));
        }
        if round == 10 {
            rig.door.drain();
        }
        rig.tick();
        for client in &mut clients {
            client.pull();
        }
    }
    rig.now_ms += 2000;
    rig.until("idleness", |rig| rig.door.is_idle());
    for client in &mut clients {
        let _ = rig.ends(client);
        let (answers, rest) = common::parse(&client.got);
        assert_eq!(rest, 0, "half an answer");
        acknowledged += answers.iter().filter(|answer| answer.status == 200).count();
        assert!(client.is_reset || answers.last().unwrap().closes || answers.len() >= 10);
    }
    assert!(
        acknowledged <= rig.kept() && acknowledged >= 500,
        "{acknowledged}"
    );
}

#[test]
fn close_drops_everything_at_once() {
    let mut rig = Rig::new();
    let mut client = rig.connect();
    rig.send(&mut client, &post("reply"), &[]);
    rig.until("the reply", |rig| rig.last.replies_waiting == 1);
    rig.door.close();
    assert!(rig.door.is_idle());
    assert_eq!(rig.pump().replies_waiting, 0);
    assert_eq!(rig.kept(), 0);
    let _ = rig.ends(&mut client);
    assert!(client.got.is_empty());
}

#[test]
fn slots_are_used_again_by_many_short_connections() {
    let mut rig = Rig::new();
    for _ in 0..2000 {
        let answer = rig.ask(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert_eq!(answer.status, 200);
    }
    rig.waits_open(0);
    assert_eq!(rig.door.stats().connections_accepted, 2000);
}
