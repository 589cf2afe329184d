//! What is answered depends on what was kept: commits, failures, replies that wait for labels.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use common::{Rig, WALL_MS, post, post_to, statuses};
use smstrack_engine::decode::Template;
use smstrack_engine::error::InputError;
use smstrack_engine::event::Provider;
use smstrack_server::Options;

#[test]
fn one_commit_for_all_that_one_turn_reads() {
    let mut rig = Rig::new();
    let mut clients: Vec<_> = (0..20).map(|_| rig.connect()).collect();
    rig.waits_open(20);
    for client in &mut clients {
        std::io::Write::write_all(&mut client.stream, &[post("a"), post("b")].concat()).unwrap();
    }
    // Loopback delivers within the write; one turn sees them all.
    rig.pump();
    assert_eq!(*rig.memory.commits.lock().unwrap(), 1);
    assert_eq!(rig.kept(), 40);
    for client in &mut clients {
        assert_eq!(statuses(&rig.answers(client, 2)), [200, 200]);
    }
}

/// A turn looks at the poller more than once, so a connection may be read twice in it, with
/// others in between. It was then closed after its first answer, the second being lost.
#[test]
fn what_arrives_within_a_turn_shares_its_commit_and_is_answered() {
    let mut rig = Rig::new();
    let (mut one, mut other) = (rig.connect(), rig.connect());
    rig.waits_open(2);
    let mut late = one.stream.try_clone().unwrap();
    *rig.memory.on_push.lock().unwrap() = Some(Box::new(move || {
        std::io::Write::write_all(&mut late, &post("a2")).unwrap();
        late.shutdown(std::net::Shutdown::Write).unwrap();
    }));
    std::io::Write::write_all(&mut one.stream, &post("a1")).unwrap();
    std::io::Write::write_all(&mut other.stream, &post("b1")).unwrap();
    rig.pump();
    assert_eq!(rig.bodies(), ["a1", "b1", "a2"]);
    assert_eq!(*rig.memory.commits.lock().unwrap(), 1);
    assert_eq!(statuses(&rig.answers(&mut one, 2)), [200, 200]);
    assert!(rig.ends(&mut one));
    assert_eq!(statuses(&rig.answers(&mut other, 1)), [200]);
}

#[test]
fn turns_without_events_commit_nothing() {
    let mut rig = Rig::new();
    assert_eq!(
        rig.ask(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").status,
        200
    );
    assert_eq!(rig.ask(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n").status, 404);
    assert_eq!(*rig.memory.commits.lock().unwrap(), 0);
}

#[test]
fn a_failed_commit_is_503_for_the_whole_turn_and_the_connection_lives_on() {
    let mut rig = Rig::new();
    rig.memory.fails.store(true, Ordering::Relaxed);
    let mut client = rig.connect();
    let health = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".to_vec();
    let bytes = [
        post("a"),
        post_to("/events", "row"),
        health.clone(),
        post("b"),
    ]
    .concat();
    rig.send(&mut client, &bytes, &[]);
    let answers = rig.answers(&mut client, 4);
    assert_eq!(statuses(&answers), [503, 503, 503, 503]);
    for answer in &answers {
        assert!(answer.has("Retry-After: 5") && !answer.closes, "{answer:?}");
    }
    assert!(answers[0].body.contains("storage_failed"));
    assert_eq!(answers[2].body, "{\"status\":\"storage_failed\"}");
    assert_eq!(rig.kept(), 0);
    assert!(rig.door.is_poisoned());
    assert_eq!(rig.door.stats().commit_failure, Some("log_append_failed"));

    // For a second requests are refused without being decoded, nor the engine asked.
    rig.memory.fails.store(false, Ordering::Relaxed);
    rig.send(&mut client, &post("c"), &[]);
    assert_eq!(statuses(&rig.answers(&mut client, 1)), [503]);
    assert_eq!(*rig.memory.commits.lock().unwrap(), 1);

    // Then one turn tries again.
    rig.now_ms += 1000;
    rig.send(&mut client, &[post("d"), health].concat(), &[]);
    assert_eq!(statuses(&rig.answers(&mut client, 2)), [200, 200]);
    assert_eq!(rig.bodies(), ["d"]);
    assert!(!rig.door.is_poisoned());
}

#[test]
fn a_commit_that_panics_is_never_answered_as_kept() {
    let mut rig = Rig::new();
    let mut client = rig.connect();
    rig.waits_open(1);
    rig.memory.panics.store(true, Ordering::Relaxed);
    std::io::Write::write_all(&mut client.stream, &post("a")).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| rig.pump())).is_err());
    rig.memory.panics.store(false, Ordering::Relaxed);
    assert_eq!(statuses(&rig.answers(&mut client, 1)), [503]);
    assert_eq!(rig.kept(), 0);
}

#[test]
fn replies_wait_for_labels_and_everything_waits_with_them() {
    let mut rig = Rig::new();
    let mut one = rig.connect();
    let mut other = rig.connect();
    rig.waits_open(2);
    rig.send(
        &mut one,
        &[post("a"), post("reply yes"), post("reply stop")].concat(),
        &[],
    );
    rig.until("replies", |rig| rig.last.replies_waiting == 2);
    let texts: Vec<String> = rig.door.reply_texts().map(str::to_owned).collect();
    assert_eq!(texts, ["reply yes", "reply stop"]);

    // Pumping meanwhile loses nothing, answers nothing and reads nothing.
    std::io::Write::write_all(&mut other.stream, &post("b")).unwrap();
    for _ in 0..3 {
        assert_eq!(rig.tick().replies_waiting, 2);
    }
    one.pull();
    assert!(one.got.is_empty() && rig.kept() == 0);
    let mismatch = InputError::LabelsMismatch {
        given: 1,
        expected: 2,
    };
    assert_eq!(rig.door.finish_at(&[1], WALL_MS, rig.now_ms), Err(mismatch));
    assert_eq!(rig.pump().replies_waiting, 2);

    let turn = rig.door.finish_at(&[8, 1], WALL_MS, rig.now_ms).unwrap();
    assert_eq!(turn.replies_waiting, 0);
    assert_eq!(statuses(&rig.answers(&mut one, 3)), [200, 200, 200]);
    let labels: Vec<_> = rig
        .memory
        .kept
        .lock()
        .unwrap()
        .iter()
        .map(|seen| seen.label)
        .collect();
    assert_eq!(labels, [None, Some(8), Some(1)]);
    assert_eq!(statuses(&rig.answers(&mut other, 1)), [200]);
    // Nothing waits: no labels are right, some are not.
    assert!(rig.door.finish_at(&[], WALL_MS, rig.now_ms).is_ok());
    assert!(rig.door.finish_at(&[1], WALL_MS, rig.now_ms).is_err());
}

#[test]
fn a_sender_that_left_while_labels_were_made_changes_nothing() {
    let mut rig = Rig::new();
    let mut client = rig.connect();
    rig.send(&mut client, &post("reply"), &[]);
    rig.until("the reply", |rig| rig.last.replies_waiting == 1);
    drop(client);
    rig.door.finish_at(&[1], WALL_MS, rig.now_ms).unwrap();
    assert_eq!(rig.bodies(), ["reply"]);
    rig.waits_open(0);
}

#[test]
fn turns_are_bounded_and_ask_to_be_called_again() {
    let options = Options {
        turn_requests_max: 10,
        ..Options::default()
    };
    let mut rig = Rig::with(options);
    let mut client = rig.connect();
    rig.waits_open(1);
    std::io::Write::write_all(&mut client.stream, &post("a").repeat(25)).unwrap();
    let mut kept = Vec::new();
    for _ in 0..3 {
        let turn = rig.pump();
        kept.push((rig.kept(), turn.next_timer_ms == Some(0)));
    }
    assert_eq!(kept, [(10, true), (20, true), (25, false)]);
    assert_eq!(rig.answers(&mut client, 25).len(), 25);
}

#[test]
fn templates_go_by_account_then_by_provider() {
    let mut options = Options::default();
    let accounts = options.templates.entry(Provider::Kannel).or_default();
    accounts.insert("east".to_owned(), Template::default());
    let mut rig = Rig::with(options);
    for (target, expected) in [
        ("/hooks/kannel/east", true),
        ("/hooks/kannel/west", false),
        ("/hooks/kannel", false),
    ] {
        assert_eq!(rig.ask(&post_to(target, "x")).status, 200);
        let seen = rig.memory.kept.lock().unwrap().pop().unwrap();
        assert_eq!(seen.has_template, expected, "{target}");
    }
}
