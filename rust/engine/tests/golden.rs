//! Directories as each released format wrote them, opened for ever: what they answer is written
//! beside them. And this build writes the newest of them byte for byte, so that no format changes
//! unnoticed. `GOLDEN=write cargo test --release -p smstrack-engine --test golden` writes it anew,
//! which is right only for a format that was never released.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use smstrack_engine::batch::Judged;
use smstrack_engine::check::check;
use smstrack_engine::codec::CampaignRecord;
use smstrack_engine::decode::RequestView;
use smstrack_engine::engine::{Engine, Judgement, Listing, Options, Scope, Show, Word};
use smstrack_engine::event::{Grade, Label, Labels, Position, Provider, Trust};
use smstrack_engine::ledger::How;
use smstrack_engine::log::disk::Disk;
use smstrack_engine::log::faulty::FaultyDisk;
use smstrack_engine::log_lines::{Range, log_lines};

#[expect(dead_code, reason = "other tests use the rest")]
mod common;
#[expect(dead_code, reason = "tiers are for the rows of tests/faults")]
#[path = "common/row.rs"]
mod row;

use common::{NOW_MS, number, options, post};
use row::Row;

/// The format that this build writes.
const NEWEST: &str = "log1-snapshot3";
const SENDER: &str = "+15017122661";
/// Small, so that the log has several files.
const LOG_FILE_BYTES_MAX: u64 = 1_500;
/// Every kind of record, as `smstrack log` names it.
const KINDS: [&str; 13] = [
    "campaign",
    "blast",
    "audience",
    "sent",
    "receipt",
    "event",
    "dead_letter",
    "consent",
    "likely",
    "ledger",
    "setting",
    "relabel",
    "settled",
];
const QUESTIONS: [&str; 12] = [
    "spring.sent",
    "spring.delivered",
    "spring.failed_final",
    "spring.replied",
    "spring.clicked",
    "spring.converted",
    "spring.delivered - spring.replied - spring.clicked - suppressed",
    "spring.replied:question",
    "spring.replied:stop",
    "summer.sent",
    "suppressed",
    "spring{variant:a}.audience & suppressed",
];

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn register(engine: &Engine) {
    for (name, cost_micros) in [("spring", Some(12_500_000)), ("summer", None)] {
        let record = CampaignRecord {
            name,
            cost_micros,
            currency: cost_micros.map(|_| "EUR"),
            closes_at_ms: cost_micros.map(|_| NOW_MS + 86_400_000),
            goal: None,
        };
        engine.campaign(&record, NOW_MS).unwrap();
    }
    let tags =
        [("variant", "a"), ("list", "été")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    for (campaign, blast) in [("spring", "b1"), ("spring", "b2"), ("summer", "b1")] {
        engine
            .blast(campaign, blast, Some(SENDER), Some(NOW_MS), &tags, NOW_MS)
            .unwrap();
    }
    let lines: Vec<String> = (0..60).map(number).collect();
    engine
        .audience("spring", "b1", lines.join("\n").as_bytes(), NOW_MS)
        .unwrap();
    let rows: Vec<(String, String)> = (0..50).map(|at| (number(at), format!("SM{at}"))).collect();
    let rows: Vec<(&str, &str)> = rows.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let twilio = Provider::Twilio;
    engine
        .sent("spring", "b1", twilio, "AC1", &rows, NOW_MS)
        .unwrap();
    engine.set("spring", "survey.q1", "1,2,3", NOW_MS).unwrap();
    engine.set("spring", "survey.q1", "1,2", NOW_MS).unwrap();
    engine.set("", "note", "für alle", NOW_MS).unwrap();
}

fn events(engine: &Engine) {
    let (c1, c2, c3) = (number(1), number(2), number(3));
    let at = "2026-05-28T20:27:00Z";
    let twilio = format!(
        "MessageSid=SM1&MessageStatus=delivered&To=%2B{}&From=%2B15017122661",
        &c1[1..]
    );
    let failed = "MessageSid=SM2&MessageStatus=undelivered&ErrorCode=21610";
    let unknown = format!(
        "MessageSid=NEW9&MessageStatus=sent&To=%2B{}&From=%2B15017122661",
        &c3[1..]
    );
    for body in [
        twilio.as_str(),
        failed,
        unknown.as_str(),
        "MessageSid=EARLY1&MessageStatus=delivered",
    ] {
        post(
            engine,
            Provider::Twilio,
            "/v1/twilio/AC1/status",
            body,
            NOW_MS + 1_000,
        )
        .unwrap();
    }
    let rows = [
        format!(
            r#"{{"kind":"click","event_id":"k1","contact":"{c1}","campaign":"spring","blast":"b1","link":"shop","at":"{at}"}}"#
        ),
        format!(
            r#"{{"kind":"flow","event_id":"f1","contact":"{c2}","campaign":"spring","flow":"welcome","step":"2"}}"#
        ),
        format!(
            r#"{{"kind":"conversion","event_id":"v1","contact":"{c3}","campaign":"spring","blast":"b1","value":"19.90","currency":"EUR"}}"#
        ),
        format!(
            r#"{{"kind":"optout","event_id":"o1","state":"stop","contact":"{}"}}"#,
            number(5)
        ),
        r#"{"kind":"click","contact":"nobody","link":"x"}"#.to_owned(),
        r#"{"kind":"click","contact":"#.to_owned(),
    ];
    post(
        engine,
        Provider::Canonical,
        "/events",
        &rows.join("\n"),
        NOW_MS + 2_000,
    )
    .unwrap();
    post(engine, Provider::Canonical, "/events", "{", NOW_MS + 2_500).unwrap();
}

/// Replies with labels as rules give them.
fn replies(engine: &Engine) {
    let said = [
        (
            7,
            "IN7",
            "could I have less of these",
            Labels::NONE.with(Label::OptOut).graded(Grade::Likely),
            "en",
            "en-less",
        ),
        (
            8,
            "IN8",
            "mañana a las 3?",
            Labels::NONE.with(Label::Question),
            "es",
            "mark",
        ),
        (
            9,
            "IN9",
            "START",
            Labels::NONE.with(Label::OptIn),
            "und",
            "keyword:start",
        ),
        (10, "IN10", "👍", Labels::NONE.with(Label::Yes), "und", ""),
        (
            11,
            "IN11",
            "who is this",
            Labels::NONE.with(Label::WrongNumber),
            "en",
            "en-who",
        ),
    ];
    for (contact, id, text, labels, lang, rules) in said {
        let body = json!({"kind": "reply", "provider": "twilio", "message_id": id,
            "contact": number(contact), "sender": SENDER, "text": text});
        let mut batch = engine.batch(NOW_MS + 3_000);
        let scope = Scope {
            provider: Provider::Canonical,
            account: "",
            campaign: None,
            blast: None,
            template: None,
            profile: None,
            trust: Trust::Verified,
        };
        let body = body.to_string();
        let request = RequestView {
            method: "POST",
            target: "/events",
            headers: &[("content-type", b"application/json")],
            body: body.as_bytes(),
        };
        batch.push(&scope, &request);
        batch.set_labels(&[labels.0]).unwrap();
        let judged = Judged {
            lang: lang.to_owned(),
            rules: rules.to_owned(),
        };
        batch.set_judged(vec![judged]).unwrap();
        engine.commit(batch).unwrap();
    }
}

fn consent(engine: &Engine) {
    let now = (NOW_MS + 4_000, NOW_MS + 4_000);
    engine
        .suppress(number(20).as_bytes(), false, "", now)
        .unwrap();
    engine
        .suppress(number(21).as_bytes(), false, SENDER, now)
        .unwrap();
    for (how, at_ms) in [
        (How::Import, NOW_MS + 4_000),
        (How::Reassigned, NOW_MS + 5_000),
    ] {
        let word = Word {
            how,
            opted_in: false,
            trust: Trust::Allowed,
            sender: "",
            source: "a list",
            wording: "no more, please",
            at_ms,
        };
        engine.word(number(22).as_bytes(), &word, at_ms).unwrap();
    }
    let open = engine.reviews(Position(0), 10, Show::default()).unwrap();
    let position = open[0]["position"].as_u64().unwrap();
    engine
        .review(Position(position), false, "ann", NOW_MS + 6_000)
        .unwrap();
    let listing = Listing {
        count_max: 100,
        ..Listing::default()
    };
    let rows = engine.replies(&listing).unwrap();
    let judged: Vec<Judgement> = rows["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["position"].as_u64().unwrap())
        .skip(1)
        .map(|position| Judgement {
            position: Position(position),
            labels: Labels::NONE.with(Label::OptOut).graded(Grade::Certain),
            rules: "later".to_owned(),
        })
        .take(1)
        .collect();
    engine.relabel(&judged, true, NOW_MS + 7_000).unwrap();
    let letters = engine.dead_letters(0, 100, |_| String::new()).unwrap();
    let first = letters[0]["position"].as_u64().unwrap();
    engine.settle(&[first], NOW_MS + 8_000).unwrap();
}

/// The directory as this build writes it.
fn written() -> FaultyDisk {
    let disk = FaultyDisk::default();
    let engine = Engine::open_disk(Arc::new(disk.clone()), &options(LOG_FILE_BYTES_MAX)).unwrap();
    register(&engine);
    engine.snapshot().unwrap();
    events(&engine);
    replies(&engine);
    engine.snapshot().unwrap();
    consent(&engine);
    engine.close().unwrap();
    disk
}

/// What a directory answers; nothing of how it is kept.
fn answers(engine: &Engine) -> Value {
    let counts: Vec<Value> = QUESTIONS
        .iter()
        .map(|question| json!([question, engine.count(question).unwrap()]))
        .collect();
    let show = Show {
        wording: true,
        numbers: true,
    };
    let letters = engine.dead_letters(0, 100, |body| String::from_utf8_lossy(body).into_owned());
    let listing = Listing {
        count_max: 100,
        numbers: true,
        ..Listing::default()
    };
    let explained: Vec<Value> = [2, 5, 7, 8, 11, 20, 22]
        .iter()
        .map(|at| engine.explain(&number(*at), None, None, show).unwrap())
        .collect();
    json!({
        "counts": counts,
        "ledger": engine.ledger(Position(0), 100, show).unwrap(),
        "explained": explained,
        "dead_letters": letters.unwrap(),
        "replies": engine.replies(&listing).unwrap(),
        "settings": [engine.settings("spring").unwrap(), engine.settings("").unwrap()],
        "report": engine.report("spring").unwrap(),
    })
}

/// The files of a kept directory.
fn kept(place: &Path) -> FaultyDisk {
    let disk = FaultyDisk::default();
    let mut rooms = vec![place.to_owned()];
    while let Some(room) = rooms.pop() {
        for entry in fs::read_dir(room).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                rooms.push(path);
            } else {
                let name = path
                    .strip_prefix(place)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                disk.put(&name, &fs::read(&path).unwrap());
            }
        }
    }
    disk
}

fn write_anew(place: &Path) {
    let disk = written();
    let _ = fs::remove_dir_all(place);
    for name in disk.list().unwrap() {
        let path = place.join("data").join(&name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, disk.bytes(&name).unwrap()).unwrap();
    }
    let engine = Engine::open_disk(Arc::new(disk), &Options::default()).unwrap();
    let text = serde_json::to_string_pretty(&answers(&engine)).unwrap();
    fs::write(place.join("answers.json"), text + "\n").unwrap();
}

fn without(disk: &FaultyDisk, prefix: &str) -> FaultyDisk {
    let new = FaultyDisk::default();
    for name in disk.list().unwrap() {
        if !name.starts_with(prefix) {
            new.put(&name, &disk.bytes(&name).unwrap());
        }
    }
    new
}

#[test]
fn directories_of_every_format_answer_as_they_did() {
    let mut row = Row::begin(
        "D23",
        "directories of each format: opened, with and without snapshots",
    );
    for entry in fs::read_dir(golden()).unwrap() {
        let place = entry.unwrap().path();
        let expected = fs::read_to_string(place.join("answers.json")).unwrap();
        let expected: Value = serde_json::from_str(&expected).unwrap();
        let disk = kept(&place.join("data"));
        let found = check(&disk);
        assert_eq!(found["ok"], true, "{}: {found}", place.display());
        for disk in [disk.clone(), without(&disk, "snapshots/")] {
            let engine = Engine::open_disk(Arc::new(disk), &Options::default()).unwrap();
            assert_eq!(engine.opened().warnings, Vec::<String>::new());
            assert_eq!(answers(&engine), expected, "{}", place.display());
            row.trial("opened", 1);
        }
    }
}

#[test]
fn this_build_writes_the_newest_format_to_the_byte() {
    let place = golden().join(NEWEST);
    if std::env::var("GOLDEN").as_deref() == Ok("write") {
        write_anew(&place);
    }
    let mut row = Row::begin("D23", "this build writes the newest format to the byte");
    let (old, new) = (kept(&place.join("data")), written());
    assert_eq!(new.list().unwrap(), old.list().unwrap());
    for name in old.list().unwrap() {
        let (old, new) = (old.bytes(&name).unwrap(), new.bytes(&name).unwrap());
        let at = old.iter().zip(&new).position(|(old, new)| old != new);
        assert!(
            old == new,
            "{name} differs at byte {at:?}: a new format needs a new number and a golden directory"
        );
        row.trial("file", 1);
    }
}

#[test]
fn the_newest_has_every_kind_of_record() {
    let all = Range {
        first: 1,
        last: u64::MAX,
        count_max: 10_000,
        numbers: false,
        texts: false,
    };
    let lines = log_lines(&kept(&golden().join(NEWEST).join("data")), &all).unwrap();
    let kinds: BTreeSet<&str> = lines
        .iter()
        .map(|line| line["record"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, BTreeSet::from(KINDS));
}
