//! How far a sender is believed is kept with its events; one that is not believed cannot opt
//! anybody in, and its opt-outs count.
#![cfg(test)]

use smstrack_engine::decode::RequestView;
use smstrack_engine::engine::{Engine, Scope};
use smstrack_engine::event::{Label, Labels, Provider, Trust};
use smstrack_engine::log::faulty::FaultyDisk;

mod common;
use common::{NOW_MS, number, open, post};

const HOUR_MS: i64 = 3_600_000;

fn scope(provider: Provider, trust: Trust) -> Scope<'static> {
    Scope {
        provider,
        account: "",
        campaign: None,
        blast: None,
        template: None,
        trust,
    }
}

/// A reply through Twilio's door.
fn reply(engine: &Engine, hours: i64, contact: u64, id: &str, label: Label, trust: Trust) {
    let from = number(contact).replace('+', "%2B");
    let body = format!("MessageSid={id}&SmsStatus=received&From={from}&To=%2B15017122661&Body=x");
    let request = RequestView {
        method: "POST",
        target: "/hooks/twilio",
        headers: &[("content-type", b"application/x-www-form-urlencoded")],
        body: body.as_bytes(),
    };
    let mut batch = engine.batch(NOW_MS + hours * HOUR_MS);
    batch.push(&scope(Provider::Twilio, trust), &request);
    batch.set_labels(&[Labels::NONE.with(label).0]).unwrap();
    engine.commit(batch).unwrap();
}

/// A notice in the project's own format, with or without an id of its own.
fn notice(engine: &Engine, hours: i64, contact: u64, state: &str, id: &str, trust: Trust) {
    let contact = number(contact);
    let event_id = if id.is_empty() {
        String::new()
    } else {
        format!(r#","event_id":"{id}""#)
    };
    let body = format!(
        r#"{{"kind":"optout","contact":"{contact}","sender":"SHOP","state":"{state}"{event_id}}}"#
    );
    if trust == Trust::Verified {
        let at_ms = NOW_MS + hours * HOUR_MS;
        assert_eq!(
            post(engine, Provider::Canonical, "/events", &body, at_ms)
                .unwrap()
                .accepted,
            1
        );
        return;
    }
    let request = RequestView {
        method: "POST",
        target: "/events",
        headers: &[("content-type", b"application/json")],
        body: body.as_bytes(),
    };
    let mut batch = engine.batch(NOW_MS + hours * HOUR_MS);
    let pushed = batch.push(&scope(Provider::Canonical, trust), &request);
    assert_eq!((pushed.accepted, pushed.error), (1, None), "{body}");
    engine.commit(batch).unwrap();
}

fn is_suppressed(engine: &Engine, contact: u64) -> bool {
    engine.contains("suppressed", &number(contact)).unwrap()
}

#[test]
fn who_is_not_believed_opts_out_and_never_in() {
    use Trust::{Allowed, Untrusted, Verified};
    let disk = FaultyDisk::default();
    let engine = open(&disk).unwrap();
    for (contact, trust) in [(0, Verified), (1, Allowed), (2, Untrusted)] {
        let id = |word: &str| format!("{word}{contact}");
        reply(&engine, 1, contact, &id("OUT"), Label::OptOut, trust);
        assert!(is_suppressed(&engine, contact), "{trust:?}");
        reply(&engine, 2, contact, &id("IN"), Label::OptIn, trust);
        assert_eq!(
            is_suppressed(&engine, contact),
            trust == Untrusted,
            "{trust:?}"
        );
    }
    for (contact, trust) in [(3, Verified), (4, Allowed), (5, Untrusted)] {
        notice(&engine, 1, contact, "stop", "", trust);
        assert!(is_suppressed(&engine, contact), "{trust:?}");
        notice(&engine, 2, contact, "start", "", trust);
        assert_eq!(
            is_suppressed(&engine, contact),
            trust == Untrusted,
            "{trust:?}"
        );
    }
    // The same word from somebody who is believed is no repeat of the other.
    reply(&engine, 2, 2, "IN2", Label::OptIn, Verified);
    assert!(!is_suppressed(&engine, 2));
    for (contact, id) in [(6, ""), (7, "E7")] {
        notice(&engine, 1, contact, "stop", "", Verified);
        notice(&engine, 2, contact, "start", id, Untrusted);
        assert!(is_suppressed(&engine, contact));
        notice(&engine, 2, contact, "start", id, Verified);
        assert!(!is_suppressed(&engine, contact));
    }
    let digest = engine.digest().unwrap();
    drop(engine);
    let again = open(&disk).unwrap();
    assert_eq!(again.digest().unwrap(), digest);
}
