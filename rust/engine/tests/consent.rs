//! The ledger of consent through the whole engine, against a naive model: words and reviews as a
//! plain list, read from the start for every question. Closes, crashes and relabelling among them.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::Value;
use smstrack_engine::codec::CampaignRecord;
use smstrack_engine::decode::RequestView;
use smstrack_engine::engine::{Engine, Judged, Judgement, Listing, Scope, Show, Word};
use smstrack_engine::event::{Grade, Label, Labels, Position, Provider, Trust};
use smstrack_engine::ledger::How;
use smstrack_engine::log::disk::Disk;
use smstrack_engine::log::faulty::{FaultyDisk, Unsynced};

mod common;
use common::{NOW_MS, number, open, post};

const HOUR_MS: i64 = 3_600_000;
const CONTACTS: u64 = 6;
const SENDER: &str = "+15017122661";

/// What a reply says, and what follows for consent.
const SAID: [(&str, Labels, Option<bool>); 8] = [
    (
        "stop",
        Labels::NONE.with(Label::OptOut).graded(Grade::Certain),
        Some(true),
    ),
    (
        "enough of this",
        Labels::NONE.with(Label::OptOut).graded(Grade::Likely),
        Some(true),
    ),
    (
        "start",
        Labels::NONE.with(Label::OptIn).graded(Grade::Certain),
        Some(false),
    ),
    (
        "maybe again",
        Labels::NONE.with(Label::OptIn).graded(Grade::Likely),
        None,
    ),
    (
        "who is this",
        Labels::NONE.with(Label::WrongNumber).graded(Grade::Certain),
        Some(true),
    ),
    (
        "out of office",
        Labels::NONE.with(Label::AutoReply).with(Label::OptIn),
        None,
    ),
    ("yes", Labels::NONE.with(Label::Yes), None),
    ("no", Labels::NONE.with(Label::No), None),
];

#[derive(Clone, Debug)]
enum Op {
    /// Contact, index in `SAID`, hours before now, and its number: the same number is a repeat.
    Reply(u64, usize, i64, u32),
    /// Contact, how, opted in, trusted, hours.
    Word(u64, How, bool, bool, i64),
    /// The nth open review: upheld or not.
    Review(usize, bool),
    /// All "yes" are opt-outs by today's rules.
    Relabel,
    Snapshot,
    Reopen,
    Crash,
}

/// One word of the model: contact, time, out, position, and whether it may be overturned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Heard {
    contact: u64,
    at_ms: i64,
    is_out: bool,
    is_likely: bool,
    position: u64,
}

#[derive(Default)]
struct Model {
    heard: Vec<Heard>,
    overturned: BTreeSet<u64>,
    reviewed: BTreeSet<u64>,
    replies: BTreeMap<u32, (u64, usize, i64, u64)>,
    is_relabelled: BTreeSet<u32>,
}

impl Model {
    fn is_out(&self, contact: u64, until_ms: i64) -> bool {
        let words = self.heard.iter().filter(|word| word.contact == contact);
        words
            .filter(|word| word.at_ms <= until_ms && !self.overturned.contains(&word.position))
            .map(|word| (word.at_ms, word.is_out))
            .max()
            .is_some_and(|(_, is_out)| is_out)
    }

    fn open_reviews(&self) -> Vec<u64> {
        let open = self
            .heard
            .iter()
            .filter(|word| word.is_likely && word.is_out);
        let open = open.map(|word| word.position);
        let mut open: Vec<u64> = open.filter(|at| !self.reviewed.contains(at)).collect();
        open.sort_unstable();
        open.dedup();
        open
    }
}

struct World {
    disk: FaultyDisk,
    engine: Engine,
    model: Model,
}

fn world() -> World {
    let disk = FaultyDisk::default();
    let engine = open(&disk).unwrap();
    let campaign = CampaignRecord {
        name: "spring",
        ..CampaignRecord::default()
    };
    engine.campaign(&campaign, NOW_MS).unwrap();
    let at_ms = Some(NOW_MS - 70 * HOUR_MS);
    engine
        .blast("spring", "b1", Some(SENDER), at_ms, &[], NOW_MS)
        .unwrap();
    let lines: Vec<String> = (0..CONTACTS).map(number).collect();
    engine
        .audience("spring", "b1", lines.join("\n").as_bytes(), NOW_MS)
        .unwrap();
    World {
        disk,
        engine,
        model: Model::default(),
    }
}

/// One reply with its labels; the log position of its record.
fn reply(engine: &Engine, contact: u64, said: usize, at_ms: i64, id: u32) -> u64 {
    let at = format!(r#","occurred_at":{}"#, at_ms / 1_000);
    reply_at(engine, contact, said, (&at, NOW_MS), id)
}

/// A reply with its provider's time, if it has one, and its arrival.
fn reply_at(engine: &Engine, contact: u64, said: usize, at: (&str, i64), id: u32) -> u64 {
    let (text, labels, _) = SAID[said];
    let body = format!(
        r#"{{"kind":"reply","event_id":"e{id}","contact":"{}","sender":"{SENDER}","text":"{text}"{}}}"#,
        number(contact),
        at.0
    );
    let mut batch = engine.batch(at.1);
    let scope = Scope {
        provider: Provider::Canonical,
        account: "",
        campaign: None,
        blast: None,
        template: None,
        profile: None,
        trust: Trust::Verified,
    };
    let request = RequestView {
        method: "POST",
        target: "/events",
        headers: &[("content-type", b"application/json")],
        body: body.as_bytes(),
    };
    assert_eq!(batch.push(&scope, &request).accepted, 1);
    batch.set_labels(&[labels.0]).unwrap();
    batch
        .set_judged(vec![Judged {
            lang: "en".to_owned(),
            rules: format!("rule-{said}"),
        }])
        .unwrap();
    engine.commit(batch).unwrap().first.0
}

impl World {
    fn last_position(&self) -> u64 {
        self.engine.stats().unwrap()["position"].as_u64().unwrap()
    }

    fn take(&mut self, op: &Op) -> Result<(), TestCaseError> {
        match op {
            Op::Reply(contact, said, hours, id) => {
                // A number is one reply, whoever says it again.
                let known = self.model.replies.get(id).copied();
                let (contact, said, at_ms) = known.map_or(
                    (*contact, *said, NOW_MS - hours * HOUR_MS),
                    |(contact, said, at_ms, _)| (contact, said, at_ms),
                );
                let position = reply(&self.engine, contact, said, at_ms, *id);
                if known.is_none() {
                    self.model
                        .replies
                        .insert(*id, (contact, said, at_ms, position));
                    if let Some(is_out) = SAID[said].2 {
                        self.model.heard.push(Heard {
                            contact,
                            at_ms,
                            is_out,
                            is_likely: SAID[said].1.grade() == Grade::Likely,
                            position,
                        });
                    }
                }
            }
            Op::Word(contact, how, opted_in, is_trusted, hours) => {
                self.word(*contact, *how, *opted_in, *is_trusted, *hours);
            }
            Op::Review(nth, is_upheld) => self.review(*nth, *is_upheld)?,
            Op::Relabel => self.relabel()?,
            Op::Snapshot => drop(self.engine.snapshot().unwrap()),
            Op::Reopen => {
                self.engine.close().unwrap();
                self.engine = open(&self.disk).unwrap();
            }
            Op::Crash => {
                self.disk = self.disk.crash(Unsynced::Lost);
                self.engine = open(&self.disk).unwrap();
            }
        }
        Ok(())
    }

    fn word(&mut self, contact: u64, how: How, opted_in: bool, is_trusted: bool, hours: i64) {
        let at_ms = NOW_MS - hours * HOUR_MS;
        let opted_in = opted_in && how == How::Import;
        let word = Word {
            how,
            opted_in,
            trust: [Trust::Untrusted, Trust::Verified][usize::from(is_trusted)],
            sender: "",
            source: "a list",
            wording: "made up",
            at_ms,
        };
        self.engine
            .word(number(contact).as_bytes(), &word, NOW_MS)
            .unwrap();
        let heard = Heard {
            contact,
            at_ms,
            is_out: !opted_in,
            is_likely: false,
            position: self.last_position(),
        };
        // A repeat is one fact, and told twice it says the same.
        if heard.is_out || is_trusted {
            self.model.heard.push(heard);
        }
    }

    fn review(&mut self, nth: usize, is_upheld: bool) -> Result<(), TestCaseError> {
        let open = self.model.open_reviews();
        if open.is_empty() {
            return Ok(());
        }
        let position = open[nth % open.len()];
        let contact = self
            .model
            .heard
            .iter()
            .find(|word| word.position == position);
        let contact = contact.unwrap().contact;
        let is_out = self
            .engine
            .review(Position(position), is_upheld, "ann", NOW_MS)
            .unwrap();
        self.model.reviewed.insert(position);
        if !is_upheld {
            self.model.overturned.insert(position);
        }
        prop_assert_eq!(is_out, self.model.is_out(contact, i64::MAX));
        Ok(())
    }

    fn relabel(&mut self) -> Result<(), TestCaseError> {
        let out = Labels::NONE.with(Label::OptOut).graded(Grade::Certain);
        let changed: Vec<(u32, (u64, usize, i64, u64))> = self
            .model
            .replies
            .iter()
            .filter(|(id, (_, said, ..))| {
                SAID[*said].0 == "yes" && !self.model.is_relabelled.contains(id)
            })
            .map(|(id, all)| (*id, *all))
            .collect();
        let judged: Vec<Judgement> = changed
            .iter()
            .map(|(_, (.., position))| Judgement {
                position: Position(*position),
                labels: out,
                rules: "new".to_owned(),
            })
            .collect();
        let digest = self.engine.digest().unwrap();
        let dry = self.engine.relabel(&judged, false, NOW_MS).unwrap();
        prop_assert_eq!(
            self.engine.digest().unwrap(),
            digest,
            "a dry run changed something"
        );
        let before = outs(&self.engine);
        let first = self.last_position() + 1;
        let done = self.engine.relabel(&judged, true, NOW_MS).unwrap();
        prop_assert_eq!(&dry["campaigns"], &done["campaigns"]);
        for (nth, (id, (contact, _, at_ms, _))) in (0..).zip(&changed) {
            self.model.is_relabelled.insert(*id);
            self.model.heard.push(Heard {
                contact: *contact,
                at_ms: *at_ms,
                is_out: true,
                is_likely: false,
                position: first + nth,
            });
        }
        let after = outs(&self.engine);
        prop_assert!(before.is_subset(&after), "an opt-out was undone");
        let entered = &done["campaigns"]["spring"]["suppressed"]["enter"]["contacts"];
        prop_assert_eq!(
            entered.as_u64().unwrap_or(0),
            (after.len() - before.len()) as u64
        );
        Ok(())
    }
}

fn outs(engine: &Engine) -> BTreeSet<String> {
    let page = engine.numbers("suppressed", None, 1_000, false).unwrap();
    page.text.lines().map(str::to_owned).collect()
}

fn compare(engine: &Engine, model: &Model) -> Result<(), TestCaseError> {
    let expected: BTreeSet<String> = (0..CONTACTS)
        .filter(|contact| model.is_out(*contact, i64::MAX))
        .map(number)
        .collect();
    prop_assert_eq!(outs(engine), expected);
    for contact in 0..CONTACTS {
        for hours in [0, 2, 5] {
            let until_ms = NOW_MS - hours * HOUR_MS;
            let found = engine
                .explain(&number(contact), Some(until_ms), None, Show::default())
                .unwrap();
            // Reviews are of now; what held before them is told without them.
            let is_out = if hours == 0 {
                model.is_out(contact, until_ms)
            } else {
                let then = Model {
                    heard: model.heard.clone(),
                    ..Model::default()
                };
                then.is_out(contact, until_ms)
            };
            prop_assert_eq!(&found["suppressed"], is_out);
            let decides = |fact: &&Value| fact["effect"] == "decides";
            let decides = found["facts"].as_array().unwrap().iter().find(decides);
            prop_assert_eq!(
                decides.map(|fact| &fact["position"]),
                found["decided_by"].as_u64().map(|_| &found["decided_by"])
            );
        }
    }
    let open = engine.reviews(Position(0), 1_000, Show::default()).unwrap();
    let open: Vec<u64> = open
        .iter()
        .map(|row| row["position"].as_u64().unwrap())
        .collect();
    prop_assert_eq!(open, model.open_reviews());
    sets(engine, model)
}

/// Labels of the campaign are those of its replies, as they are judged now.
fn sets(engine: &Engine, model: &Model) -> Result<(), TestCaseError> {
    for label in [Label::OptOut, Label::Yes, Label::No, Label::WrongNumber] {
        let said = model.replies.iter().filter(|(id, (_, said, ..))| {
            if model.is_relabelled.contains(id) {
                label == Label::OptOut
            } else {
                SAID[*said].1.has(label)
            }
        });
        let contacts: BTreeSet<u64> = said.map(|(_, (contact, ..))| *contact).collect();
        let expression = format!("spring.replied:{}", label.name());
        prop_assert_eq!(
            engine.count(&expression).unwrap(),
            contacts.len() as u64,
            "{}",
            expression
        );
    }
    let listing = Listing {
        campaign: Some("spring"),
        count_max: 3,
        ..Listing::default()
    };
    let (mut after, mut found) = (0, 0);
    loop {
        let after_it = Listing {
            after: Position(after),
            ..listing
        };
        let page = engine.replies(&after_it).unwrap();
        found += page["rows"].as_array().unwrap().len();
        match page["next"].as_u64() {
            Some(next) => after = next,
            None => break,
        }
    }
    prop_assert_eq!(found, model.replies.len());
    Ok(())
}

fn op() -> impl Strategy<Value = Op> {
    let hows = prop::sample::select(vec![How::Import, How::Reassigned, How::WrongNumber]);
    prop_oneof![
        12 => (0..CONTACTS, 0..SAID.len(), 0..8_i64, 0..40_u32).prop_map(|(c, s, h, id)| Op::Reply(c, s, h, id)),
        4 => (0..CONTACTS, hows, any::<bool>(), any::<bool>(), 0..8_i64)
            .prop_map(|(c, how, opted_in, trusted, h)| Op::Word(c, how, opted_in, trusted, h)),
        3 => (0..9_usize, any::<bool>()).prop_map(|(nth, upheld)| Op::Review(nth, upheld)),
        1 => Just(Op::Relabel),
        1 => Just(Op::Snapshot),
        1 => Just(Op::Reopen),
        1 => Just(Op::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128.max(ProptestConfig::default().cases / 2), ..ProptestConfig::default() })]

    #[test]
    fn random_words_equal_the_model(ops in prop::collection::vec(op(), 1..60)) {
        let mut world = world();
        for op in &ops {
            world.take(op)?;
        }
        compare(&world.engine, &world.model)?;
        let digest = world.engine.digest().unwrap();
        let whole = world.disk.crash(Unsynced::Lost);
        let from_log = FaultyDisk::default();
        for name in whole.list().unwrap().iter().filter(|name| !name.starts_with("snapshots/")) {
            from_log.put(name, &whole.bytes(name).unwrap());
        }
        for disk in [&whole, &from_log] {
            let engine = open(disk).unwrap();
            prop_assert_eq!(engine.digest().unwrap(), digest);
            compare(&engine, &world.model)?;
        }
    }
}

/// The campaign's own meaning of NO and YES is put into the record as the reply comes.
#[test]
fn no_opts_out_where_the_campaign_says_so() {
    let world = world();
    let engine = &world.engine;
    let (no, yes) = (7, 6);
    reply(engine, 0, no, NOW_MS, 1);
    assert_eq!(outs(engine).len(), 0);
    engine.set("spring", "on_no", "opt_out", NOW_MS).unwrap();
    engine.set("spring", "on_yes", "opt_in", NOW_MS).unwrap();
    reply(engine, 1, no, NOW_MS, 2);
    assert_eq!(outs(engine), BTreeSet::from([number(1)]));
    assert_eq!(engine.count("spring.opted_out").unwrap(), 1);
    assert_eq!(engine.count("spring.replied:no").unwrap(), 2);
    let told = engine
        .explain(&number(1), None, None, Show::default())
        .unwrap();
    assert_eq!(told["facts"][0]["rules"][1], "campaign:on_no");
    reply(engine, 1, yes, NOW_MS + 1_000, 3);
    assert_eq!(
        outs(engine).len(),
        1,
        "arrived before it was said: its arrival counts"
    );
    let digest = engine.digest().unwrap();
    engine.set("spring", "on_no", "", NOW_MS).unwrap();
    reply(engine, 2, no, NOW_MS, 4);
    assert_eq!(outs(engine).len(), 1);
    let again = open(&world.disk.crash(Unsynced::Lost)).unwrap();
    assert_ne!(again.digest().unwrap(), digest);
    assert_eq!(again.digest().unwrap(), engine.digest().unwrap());
    assert_eq!(
        engine
            .set("nosuch", "on_no", "x", NOW_MS)
            .unwrap_err()
            .code(),
        "unknown_name"
    );
}

/// A blast's own word comes before its campaign's.
#[test]
fn a_blast_may_say_otherwise() {
    let world = world();
    let engine = &world.engine;
    engine.set("spring", "on_no", "opt_out", NOW_MS).unwrap();
    engine.set("spring", "on_no:b1", "no", NOW_MS).unwrap();
    reply(engine, 1, 7, NOW_MS, 1);
    assert_eq!(outs(engine).len(), 0);
}

#[test]
fn a_certain_opt_out_is_not_overturned() {
    let world = world();
    let engine = &world.engine;
    let position = reply(engine, 1, 0, NOW_MS, 1);
    for at in [position, 1, 9_999] {
        let refused = engine.review(Position(at), false, "ann", NOW_MS);
        assert_eq!(refused.unwrap_err().code(), "value_invalid");
    }
    assert!(
        engine
            .review(Position(position), true, "ann", NOW_MS)
            .unwrap()
    );
    assert_eq!(outs(engine).len(), 1);
}

/// A receipt that says "opted out" is one fact, whether its message was known before or after,
/// and whether or not it names the contact.
#[test]
fn a_refusing_receipt_is_one_fact() {
    let receipt = |contact: &str| {
        format!(
            r#"{{"kind":"receipt","provider":"twilio","message_id":"SM1"{contact},"state":"failed","error_class":"opted_out","error_code":"21610"}}"#
        )
    };
    let named = format!(r#","contact":"{}""#, number(1));
    for body in [receipt(""), receipt(&named)] {
        for is_early in [true, false] {
            let world = world();
            let engine = &world.engine;
            let send = || {
                let rows = [(number(1), "SM1")];
                let rows: Vec<(&str, &str)> =
                    rows.iter().map(|(n, id)| (n.as_str(), *id)).collect();
                engine
                    .sent("spring", "b1", Provider::Twilio, "", &rows, NOW_MS)
                    .unwrap();
            };
            if !is_early {
                send();
            }
            for _ in 0..2 {
                post(engine, Provider::Canonical, "/events", &body, NOW_MS).unwrap();
            }
            if is_early {
                send();
            }
            assert_eq!(outs(engine), BTreeSet::from([number(1)]), "{is_early}");
            let told = engine
                .explain(&number(1), None, None, Show::default())
                .unwrap();
            let facts = told["facts"].as_array().unwrap();
            assert_eq!(facts.len(), 1, "{facts:?}");
            assert_eq!(facts[0]["how"], "provider_error");
            assert_eq!(facts[0]["code"], "21610");
        }
    }
}

/// The clock was an hour ahead, somebody said START, and the clock was put right: whatever says STOP
/// from then on, a reply or a person, counts as said after it. A clock that was days ahead is not
/// waited for.
#[test]
fn a_stop_counts_though_the_clock_went_back() {
    const START: (&str, usize) = ("start", 2);
    assert_eq!(SAID[START.1].0, START.0);
    for by_hand in [false, true] {
        let world = world();
        let engine = &world.engine;
        reply_at(engine, 1, START.1, ("", NOW_MS + HOUR_MS), 1);
        assert!(outs(engine).is_empty());
        assert_eq!(engine.arrival(NOW_MS).unwrap(), NOW_MS + HOUR_MS);
        if by_hand {
            let lines = format!("{}\n", number(1));
            let at = (NOW_MS, NOW_MS);
            engine
                .suppress(lines.as_bytes(), false, "manual", at)
                .unwrap();
        } else {
            reply_at(engine, 1, 0, ("", engine.arrival(NOW_MS).unwrap()), 2);
        }
        assert_eq!(outs(engine), BTreeSet::from([number(1)]), "{by_hand}");
        let later = NOW_MS + 2 * HOUR_MS;
        assert_eq!(engine.arrival(later).unwrap(), later);
        let days = NOW_MS - 48 * HOUR_MS;
        assert_eq!(engine.arrival(days).unwrap(), days);
    }
}
