//! Random operations, closes and crashes among them, against a naive model: it keeps all that it
//! was ever told as plain lists, and answers each question by reading them from the start.
#![expect(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use smstrack_engine::codec::CampaignRecord;
use smstrack_engine::engine::Engine;
use smstrack_engine::event::Provider;
use smstrack_engine::log::disk::Disk;
use smstrack_engine::log::faulty::{FaultyDisk, Unsynced};

mod common;
use common::{NOW_MS, number, open, post};

const HOUR_MS: i64 = 3_600_000;
const CONTACTS: u64 = 8;
const SENDERS: [&str; 2] = ["+15017122661", "49905"];
/// Campaign, name, sender, hours after `NOW_MS`.
const BLASTS: [(&str, &str, usize, i64); 5] = [
    ("spring", "b0", 0, 0),
    ("spring", "b1", 1, 12),
    ("autumn", "b0", 0, 30),
    ("autumn", "b1", 1, 50),
    ("spring", "b2", 0, 80),
];
const STATES: [&str; 11] = [
    "queued",
    "accepted",
    "sent",
    "delivered",
    "undelivered",
    "failed",
    "rejected",
    "expired",
    "filtered",
    "read",
    "unknown",
];
/// The most telling first.
const FAILURES: [&str; 5] = ["filtered", "rejected", "expired", "undelivered", "failed"];

type Contacts = BTreeSet<u64>;

/// One event of the pool; it may be sent any number of times.
#[derive(Clone, Debug)]
struct Said {
    number: usize,
    what: What,
    /// Of these message ids; for replies, the message answered.
    message: Option<usize>,
    contact: u64,
    sender: Option<usize>,
    hours: i64,
    /// The blast it names, and whether by campaign only.
    named: Option<(usize, bool)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Receipt(&'static str),
    OptedOutFailure,
    Reply(&'static str),
    Notice(&'static str),
    Click,
    Conversion(i64),
    Lead,
    Flow(&'static str),
}

#[derive(Clone, Debug)]
enum Op {
    Campaign(usize),
    Blast(usize),
    Audience(usize, Contacts),
    /// A message id; whether by an event.
    Sent(usize, bool),
    Say(Vec<usize>),
    Suppress(u64, bool, i64),
    Snapshot,
    Reopen,
    Crash(Unsynced),
}

/// Whose a message id is: follows from the id, so that ids never conflict.
fn message(id: usize) -> (usize, u64) {
    (id % BLASTS.len(), id as u64 % CONTACTS)
}

impl Said {
    fn line(&self) -> String {
        let mut fields = vec![
            format!(r#""contact":"{}""#, number(self.contact)),
            format!(r#""occurred_at":{}"#, NOW_MS / 1_000 + self.hours * 3_600),
            r#""provider":"twilio""#.to_owned(),
        ];
        if let Some(sender) = self.sender {
            fields.push(format!(r#""sender":"{}""#, SENDERS[sender]));
        }
        if let Some((blast, by_campaign)) = self.named {
            fields.push(format!(r#""campaign":"{}""#, BLASTS[blast].0));
            if !by_campaign {
                fields.push(format!(r#""blast":"{}""#, BLASTS[blast].1));
            }
        }
        if let Some(id) = self.message {
            let name = if matches!(self.what, What::Reply(_)) {
                "client_ref"
            } else {
                "message_id"
            };
            fields.push(format!(r#""{name}":"m{id}""#));
        }
        let event_id = format!(r#","event_id":"e{}""#, self.number);
        fields.push(match self.what {
            What::Receipt(state) => format!(r#""kind":"receipt","state":"{state}""#),
            What::OptedOutFailure => {
                r#""kind":"receipt","state":"failed","error_class":"opted_out""#.to_owned()
            }
            What::Reply("other") => format!(r#""kind":"reply","text":"{}"{event_id}"#, self.number),
            What::Reply(label) => {
                format!(
                    r#""kind":"reply","text":"{}","consent":"{label}"{event_id}"#,
                    self.number
                )
            }
            What::Notice(state) => format!(r#""kind":"optout","state":"{state}"{event_id}"#),
            What::Click => format!(r#""kind":"click"{event_id}"#),
            What::Conversion(value) => {
                format!(r#""kind":"conversion","value":{value},"currency":"USD"{event_id}"#)
            }
            What::Lead => format!(r#""kind":"lead"{event_id}"#),
            What::Flow(state) => format!(r#""kind":"flow","state":"{state}"{event_id}"#),
        });
        format!("{{{}}}", fields.join(","))
    }

    fn is_receipt(&self) -> bool {
        matches!(self.what, What::Receipt(_) | What::OptedOutFailure)
    }

    /// Names of the sets it puts its contact in.
    fn facts(&self) -> Vec<&'static str> {
        match self.what {
            What::Receipt("sent") => vec!["carrier"],
            What::Receipt(state) => vec![state],
            What::OptedOutFailure => vec!["failed", "cause:opted_out", "out"],
            What::Reply("stop") => vec!["replied", "label:stop", "out"],
            What::Reply("start") => vec!["replied", "label:start", "opted_in"],
            What::Reply(_) => vec!["replied", "label:other"],
            What::Notice("stop") => vec!["out"],
            What::Notice(_) => vec!["opted_in"],
            What::Click => vec!["clicked"],
            What::Conversion(_) => vec!["converted"],
            What::Lead => vec!["qualified"],
            What::Flow("completed") => vec!["flow_started", "flow_completed"],
            What::Flow(_) => vec!["flow_started"],
        }
    }

    /// What it says of consent: whether the contact is out.
    fn consent(&self) -> Option<bool> {
        match self.what {
            What::OptedOutFailure | What::Reply("stop") | What::Notice("stop") => Some(true),
            What::Reply("start") | What::Notice("start") => Some(false),
            _ => None,
        }
    }
}

/// All that was ever told.
#[derive(Clone, Debug, Default)]
struct Model {
    campaigns: BTreeSet<&'static str>,
    blasts: BTreeSet<usize>,
    audiences: BTreeMap<usize, Contacts>,
    /// Message ids, their blast registered or not.
    sends: BTreeSet<usize>,
    said: BTreeMap<usize, Said>,
    by_hand: Vec<(u64, bool, i64)>,
}

/// Figures of a scope.
#[derive(Debug, Default, PartialEq)]
struct Figures {
    sets: BTreeMap<String, Contacts>,
    replies: i64,
    clicks: i64,
    conversions: i64,
    usd: i64,
}

impl Model {
    fn message(&self, id: usize) -> Option<(usize, u64)> {
        let (blast, contact) = message(id);
        (self.sends.contains(&id) && self.blasts.contains(&blast)).then_some((blast, contact))
    }

    /// Contacts known to have been addressed by a blast.
    fn members(&self, blast: usize) -> Contacts {
        let mut members = self.audiences.get(&blast).cloned().unwrap_or_default();
        members.extend(self.sent_otherwise(blast));
        members
    }

    fn sent_otherwise(&self, blast: usize) -> Contacts {
        let sends = self.sends.iter().filter_map(|id| self.message(*id));
        let mut sent: Contacts = sends.filter(|(b, _)| *b == blast).map(|(_, c)| c).collect();
        let receipts = self.said.values().filter(|said| said.is_receipt());
        for said in receipts {
            let is_by_id = said.message.and_then(|id| self.message(id)).is_some();
            if !is_by_id && said.named == Some((blast, false)) && self.blasts.contains(&blast) {
                sent.insert(said.contact);
            }
        }
        sent
    }

    /// The rules of resolution, read as they stand.
    fn place(&self, said: &Said) -> Option<(usize, u64)> {
        if let Some(found) = said.message.and_then(|id| self.message(id)) {
            return Some(found);
        }
        if let Some((blast, false)) = said.named
            && self.blasts.contains(&blast)
        {
            return Some((blast, said.contact));
        }
        let window = if said.is_receipt() { 7 * 24 } else { 72 };
        let holding = |blast: &&usize| self.members(**blast).contains(&said.contact);
        let by_campaign = said.named.and_then(|(named, _)| {
            let campaign = BLASTS[named].0;
            let blasts = self.blasts.iter().filter(|b| BLASTS[**b].0 == campaign);
            nearest(blasts.filter(holding), said.hours, i64::MAX, i64::MAX)
        });
        let by_sender = || {
            let sender = said.sender?;
            let blasts = self.blasts.iter().filter(|b| BLASTS[**b].2 == sender);
            nearest(blasts.filter(holding), said.hours, window, 24)
        };
        by_campaign
            .or_else(by_sender)
            .map(|blast| (blast, said.contact))
    }

    fn suppressed(&self) -> Contacts {
        let mut words: BTreeMap<u64, (i64, bool)> = BTreeMap::new();
        let said = self
            .said
            .values()
            // An opt-in never counts from later than its arrival, an opt-out not from a day later.
            .filter_map(|s| {
                let is_out = s.consent()?;
                let ahead = if is_out { 24 } else { 0 };
                let hours = if s.hours > ahead { 0 } else { s.hours };
                Some((s.contact, hours, is_out))
            });
        for (contact, hours, is_out) in
            said.chain(self.by_hand.iter().map(|(c, o, h)| (*c, *h, *o)))
        {
            let word = words.entry(contact).or_insert((hours, is_out));
            *word = (*word).max((hours, is_out));
        }
        words
            .into_iter()
            .filter(|(_, (_, is_out))| *is_out)
            .map(|(contact, _)| contact)
            .collect()
    }

    fn figures(&self, blasts: &[usize]) -> Figures {
        let mut raw: BTreeMap<&str, Contacts> = BTreeMap::new();
        let mut figures = Figures::default();
        for blast in blasts {
            raw.entry("audience")
                .or_default()
                .extend(self.audiences.get(blast).into_iter().flatten());
            raw.entry("sent").or_default().extend(self.members(*blast));
        }
        for said in self.said.values() {
            let Some((blast, contact)) = self.place(said) else {
                continue;
            };
            if !blasts.contains(&blast) {
                continue;
            }
            for fact in said.facts() {
                raw.entry(fact).or_default().insert(contact);
            }
            match said.what {
                What::Reply(_) => figures.replies += 1,
                What::Click => figures.clicks += 1,
                What::Conversion(value) => {
                    figures.conversions += 1;
                    figures.usd += value * 1_000_000;
                }
                _ => {}
            }
        }
        figures.sets = self.words(&raw);
        figures
    }

    fn words(&self, raw: &BTreeMap<&str, Contacts>) -> BTreeMap<String, Contacts> {
        let get = |name: &str| raw.get(name).cloned().unwrap_or_default();
        let any = |names: &[&str]| {
            names
                .iter()
                .flat_map(|name| get(name))
                .collect::<Contacts>()
        };
        let minus = |left: &Contacts, right: &Contacts| left - right;
        let mut words = BTreeMap::new();
        for name in [
            "audience",
            "sent",
            "queued",
            "accepted",
            "carrier",
            "read",
            "replied",
            "clicked",
            "flow_started",
            "flow_completed",
            "qualified",
            "converted",
            "opted_in",
        ] {
            words.insert(name.to_owned(), get(name));
        }
        let delivered = any(&["delivered", "read"]);
        let failed = any(&FAILURES);
        let failed_final = minus(&failed, &delivered);
        for (index, name) in FAILURES.iter().enumerate() {
            let set = minus(&get(name), &any(&FAILURES[..index]));
            words.insert((*name).to_owned(), minus(&set, &delivered));
        }
        for label in ["stop", "start", "yes", "other"] {
            words.insert(format!("replied:{label}"), get(&format!("label:{label}")));
        }
        let out = &get("out") & &self.suppressed();
        let quiet = minus(&minus(&delivered, &get("replied")), &get("clicked"));
        words.insert(
            "failed_final:opted_out".into(),
            &failed_final & &get("cause:opted_out"),
        );
        words.insert(
            "unknown".into(),
            minus(&minus(&get("unknown"), &delivered), &failed),
        );
        words.insert(
            "pending".into(),
            minus(&minus(&get("sent"), &delivered), &failed),
        );
        words.insert("conflicted".into(), &delivered & &failed);
        words.insert(
            "flow_dropped".into(),
            minus(&get("flow_started"), &get("flow_completed")),
        );
        words.insert("non_responders".into(), minus(&quiet, &out));
        words.insert("opted_out".into(), out);
        words.insert("failed_final".into(), failed_final);
        words.insert("delivered".into(), delivered);
        words
    }
}

/// The newest that is not later, else the oldest that is.
fn nearest<'a>(
    blasts: impl Iterator<Item = &'a usize>,
    hours: i64,
    window: i64,
    early: i64,
) -> Option<usize> {
    let (before, after): (Vec<_>, Vec<_>) = blasts
        .map(|blast| (BLASTS[*blast].3, *blast))
        .filter(|(at, _)| {
            if *at <= hours {
                hours - at <= window
            } else {
                at - hours <= early
            }
        })
        .partition(|(at, _)| *at <= hours);
    let newest = before.into_iter().max();
    newest
        .or_else(|| after.into_iter().min())
        .map(|(_, blast)| blast)
}

fn contacts_of(engine: &Engine, expression: &str) -> Contacts {
    let text = engine.numbers(expression, None, 1_000, false).unwrap().text;
    let all: Vec<(String, u64)> = (0..CONTACTS)
        .map(|contact| (number(contact), contact))
        .collect();
    text.lines()
        .map(|line| all.iter().find(|(text, _)| text == line).unwrap().1)
        .collect()
}

fn compare(engine: &Engine, model: &Model) -> Result<(), TestCaseError> {
    prop_assert_eq!(contacts_of(engine, "suppressed"), model.suppressed());
    for campaign in &model.campaigns {
        let blasts: Vec<usize> = model
            .blasts
            .iter()
            .copied()
            .filter(|blast| BLASTS[*blast].0 == *campaign)
            .collect();
        let report = engine.report(campaign).unwrap();
        let mut scopes = vec![((*campaign).to_owned(), model.figures(&blasts))];
        let figures = &scopes[0].1;
        prop_assert_eq!(&report["reply_messages"], figures.replies);
        prop_assert_eq!(&report["clicks"], figures.clicks);
        prop_assert_eq!(&report["conversions"], figures.conversions);
        prop_assert_eq!(
            report["revenue_micros"]["USD"].as_i64().unwrap_or(0),
            figures.usd
        );
        for blast in blasts {
            let scope = format!("{campaign}/{}", BLASTS[blast].1);
            scopes.push((scope, model.figures(&[blast])));
        }
        for (scope, figures) in scopes {
            for (word, contacts) in figures.sets {
                let expression = format!("{scope}.{word}");
                let found = contacts_of(engine, &expression);
                prop_assert_eq!(found, contacts, "{}", expression);
            }
        }
    }
    Ok(())
}

struct World {
    disk: FaultyDisk,
    engine: Engine,
    model: Model,
    pool: Vec<Said>,
}

impl World {
    fn take(&mut self, op: &Op) -> Result<(), TestCaseError> {
        match op {
            Op::Campaign(index) => {
                let name = ["spring", "autumn"][*index];
                let record = CampaignRecord {
                    name,
                    ..CampaignRecord::default()
                };
                self.engine.campaign(&record, NOW_MS).unwrap();
                self.model.campaigns.insert(name);
            }
            Op::Blast(index) => {
                let (campaign, name, sender, hours) = BLASTS[*index];
                let at_ms = Some(NOW_MS + hours * HOUR_MS);
                let sender = Some(SENDERS[sender]);
                let outcome = self
                    .engine
                    .blast(campaign, name, sender, at_ms, &[], NOW_MS);
                prop_assert_eq!(outcome.is_ok(), self.model.campaigns.contains(campaign));
                if outcome.is_ok() {
                    self.model.blasts.insert(*index);
                }
            }
            Op::Audience(index, contacts) => {
                let (campaign, name, ..) = BLASTS[*index];
                let lines: Vec<String> = contacts.iter().map(|contact| number(*contact)).collect();
                let outcome =
                    self.engine
                        .audience(campaign, name, lines.join("\n").as_bytes(), NOW_MS);
                prop_assert_eq!(outcome.is_ok(), self.model.blasts.contains(index));
                if let Ok(outcome) = outcome {
                    let audience = self.model.audiences.entry(*index).or_default();
                    let before = audience.len();
                    audience.extend(contacts);
                    prop_assert_eq!(outcome.new as usize, audience.len() - before);
                }
            }
            Op::Sent(id, by_event) => self.send(*id, *by_event)?,
            Op::Say(numbers) => {
                let said: Vec<Said> = numbers
                    .iter()
                    .map(|index| self.pool[index % self.pool.len()].clone())
                    .collect();
                let lines: Vec<String> = said.iter().map(Said::line).collect();
                self.say(&lines)?;
                self.model
                    .said
                    .extend(said.into_iter().map(|said| (said.number, said)));
            }
            Op::Suppress(contact, is_out, hours) => {
                let at_ms = NOW_MS + hours * HOUR_MS;
                self.engine
                    .suppress(number(*contact).as_bytes(), !is_out, "", (at_ms, NOW_MS))
                    .unwrap();
                self.model.by_hand.push((*contact, *is_out, *hours));
            }
            Op::Snapshot => drop(self.engine.snapshot().unwrap()),
            Op::Reopen => {
                let digest = self.engine.digest().unwrap();
                self.engine.close().unwrap();
                self.engine = open(&self.disk).unwrap();
                prop_assert_eq!(self.engine.opened().replayed_records, 0);
                prop_assert_eq!(self.engine.digest().unwrap(), digest);
            }
            Op::Crash(mode) => {
                let digest = self.engine.digest().unwrap();
                self.disk = self.disk.crash(*mode);
                self.engine = open(&self.disk).unwrap();
                prop_assert_eq!(self.engine.digest().unwrap(), digest);
            }
        }
        Ok(())
    }

    fn say(&self, lines: &[String]) -> Result<(), TestCaseError> {
        let body = lines.join("\n");
        let pushed = post(&self.engine, Provider::Canonical, "/events", &body, NOW_MS).unwrap();
        prop_assert_eq!(
            (pushed.accepted as usize, pushed.error),
            (lines.len(), None),
            "{}",
            body
        );
        Ok(())
    }

    fn send(&mut self, id: usize, by_event: bool) -> Result<(), TestCaseError> {
        let (blast, contact) = message(id);
        let (campaign, name, ..) = BLASTS[blast];
        let contact = number(contact);
        let is_taken = by_event || self.model.blasts.contains(&blast);
        if by_event {
            let line = format!(
                r#"{{"kind":"sent","provider":"twilio","message_id":"m{id}","contact":"{contact}","campaign":"{campaign}","blast":"{name}"}}"#
            );
            self.say(&[line])?;
        } else {
            let id = format!("m{id}");
            let rows = [(contact.as_str(), id.as_str())];
            let outcome = self
                .engine
                .sent(campaign, name, Provider::Twilio, "", &rows, NOW_MS);
            prop_assert_eq!(outcome.is_ok(), is_taken);
        }
        if is_taken {
            self.model.sends.insert(id);
        }
        Ok(())
    }
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        8 => prop::sample::select(STATES.to_vec()).prop_map(What::Receipt),
        1 => Just(What::OptedOutFailure),
        4 => prop::sample::select(vec!["other", "stop", "start"]).prop_map(What::Reply),
        2 => prop::sample::select(vec!["stop", "start"]).prop_map(What::Notice),
        2 => Just(What::Click),
        2 => (-5..50_i64).prop_map(What::Conversion),
        1 => Just(What::Lead),
        2 => prop::sample::select(vec!["started", "completed"]).prop_map(What::Flow),
    ]
}

fn said() -> impl Strategy<Value = Said> {
    let named = prop::option::of((0..BLASTS.len(), any::<bool>()));
    let message = prop::option::weighted(0.4, 0..10_usize);
    (
        what(),
        message,
        0..CONTACTS,
        prop::option::weighted(0.8, 0..2_usize),
        -30..160_i64,
        named,
    )
        .prop_map(|(what, message, contact, sender, hours, named)| {
            // Who names a blast and a message does not contradict himself: the blast named is
            // taken at once, and stays if the id turns out to be another's.
            let (named, contact) = match (message, named) {
                (Some(id), None | Some((_, true))) if what == What::OptedOutFailure => {
                    (named, self::message(id).1)
                }
                (Some(id), Some((_, false))) => {
                    (Some((id % BLASTS.len(), false)), self::message(id).1)
                }
                other => (other.1, contact),
            };
            Said {
                number: 0,
                what,
                message,
                contact,
                sender,
                hours,
                named,
            }
        })
}

fn op() -> impl Strategy<Value = Op> {
    let contacts = prop::collection::btree_set(0..CONTACTS, 0..5);
    let modes = vec![
        Unsynced::Lost,
        Unsynced::Kept,
        Unsynced::Half,
        Unsynced::Zeros,
    ];
    prop_oneof![
        2 => (0..2_usize).prop_map(Op::Campaign),
        5 => (0..BLASTS.len()).prop_map(Op::Blast),
        5 => (0..BLASTS.len(), contacts).prop_map(|(blast, contacts)| Op::Audience(blast, contacts)),
        4 => (0..10_usize, any::<bool>()).prop_map(|(id, by_event)| Op::Sent(id, by_event)),
        12 => prop::collection::vec(0..64_usize, 1..6).prop_map(Op::Say),
        1 => (0..CONTACTS, any::<bool>(), -30..160_i64).prop_map(|(c, out, h)| Op::Suppress(c, out, h)),
        1 => Just(Op::Snapshot),
        1 => Just(Op::Reopen),
        1 => prop::sample::select(modes).prop_map(Op::Crash),
    ]
}

fn pool() -> impl Strategy<Value = Vec<Said>> {
    prop::collection::vec(said(), 1..40).prop_map(|mut pool| {
        pool.iter_mut()
            .enumerate()
            .for_each(|(number, said)| said.number = number);
        pool
    })
}

/// 64 unless `PROPTEST_CASES` says otherwise.
fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|text| text.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(64),
        ..ProptestConfig::default()
    }
}

fn world(pool: Vec<Said>) -> World {
    let disk = FaultyDisk::default();
    let engine = open(&disk).unwrap();
    World {
        disk,
        engine,
        model: Model::default(),
        pool,
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn random_operations_equal_the_model(
        pool in pool(),
        ops in prop::collection::vec(op(), 1..80),
    ) {
        let mut world = world(pool);
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
        for (what, disk) in [("once", &whole), ("twice", &whole), ("from the log alone", &from_log)] {
            let engine = open(disk).unwrap();
            prop_assert_eq!(engine.digest().unwrap(), digest, "recovered {}", what);
            compare(&engine, &world.model)?;
        }
    }

    #[test]
    fn expressions_equal_sets_computed_by_hand(
        pool in pool(),
        ops in prop::collection::vec(op(), 20..60),
        trees in prop::collection::vec(tree(), 20),
    ) {
        let mut world = world(pool);
        for index in 0..2 {
            world.take(&Op::Campaign(index))?;
        }
        for index in 0..BLASTS.len() {
            world.take(&Op::Blast(index))?;
        }
        for op in &ops {
            world.take(op)?;
        }
        for tree in &trees {
            let (text, expected) = tree.both(&world.model);
            prop_assert_eq!(contacts_of(&world.engine, &text), expected.clone(), "{}", text);
            prop_assert_eq!(world.engine.count(&text).unwrap(), expected.len() as u64, "{}", text);
        }
        let pairs = trees.iter().zip(trees.iter().skip(1));
        for ((a, _), (b, _)) in pairs.map(|(a, b)| (a.both(&world.model), b.both(&world.model))) {
            let set = |text: String| contacts_of(&world.engine, &text);
            prop_assert_eq!(set(format!("{a} & {b}")), set(format!("{b} & {a}")));
            prop_assert_eq!(set(format!("{a} ^ {b}")), set(format!("({a} | {b}) - ({a} & {b})")));
            prop_assert_eq!(set(format!("{a} - {b}")), set(format!("{a} & ({a} ^ {b})")));
            prop_assert_eq!(set(format!("{a} - {a}")), Contacts::new());
        }
    }
}

/// A random expression.
#[derive(Clone, Debug)]
enum Tree {
    Suppressed,
    Set(Option<usize>, usize),
    Pair(char, Box<Tree>, Box<Tree>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        1 => Just(Tree::Suppressed),
        9 => (prop::option::of(0..BLASTS.len()), 0..100_usize).prop_map(|(blast, word)| Tree::Set(blast, word)),
    ];
    leaf.prop_recursive(5, 24, 2, |inner| {
        (
            prop::sample::select(vec!['&', '|', '-', '^']),
            inner.clone(),
            inner,
        )
            .prop_map(|(op, left, right)| Tree::Pair(op, Box::new(left), Box::new(right)))
    })
}

impl Tree {
    /// As text, and computed by hand.
    fn both(&self, model: &Model) -> (String, Contacts) {
        match self {
            Self::Suppressed => ("suppressed".to_owned(), model.suppressed()),
            Self::Set(blast, word) => {
                let (scope, blasts) = match blast {
                    Some(blast) => (
                        format!("{}/{}", BLASTS[*blast].0, BLASTS[*blast].1),
                        vec![*blast],
                    ),
                    None => ("spring".to_owned(), vec![0, 1, 4]),
                };
                let sets = model.figures(&blasts).sets;
                let at = word % sets.len();
                let (word, contacts) = sets.into_iter().nth(at).unwrap();
                (format!("{scope}.{word}"), contacts)
            }
            Self::Pair(op, left, right) => {
                let ((left_text, left), (right_text, right)) =
                    (left.both(model), right.both(model));
                let set = match op {
                    '&' => &left & &right,
                    '|' => &left | &right,
                    '-' => &left - &right,
                    _ => &left ^ &right,
                };
                (format!("({left_text} {op} {right_text})"), set)
            }
        }
    }
}
