//! A fixed piece of work in steps of one commit each, and what the state must be after every
//! one of them: the ledger that a recovered directory is held against.

use smstrack_engine::codec::CampaignRecord;
use smstrack_engine::engine::{Engine, Judgement, Listing, Word};
use smstrack_engine::error::EngineError;
use smstrack_engine::event::{Label, Labels, Position, Provider, Trust};
use smstrack_engine::ledger::How;
use smstrack_engine::log::disk::Disk;
use smstrack_engine::log::faulty::FaultyDisk;

use crate::common::{NOW_MS, number, open, post};

/// One commit, or a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Campaign,
    Blast,
    Audience,
    Sent,
    /// Receipts, a reply, a click and a refused row under this number.
    Traffic(u64),
    Suppress,
    /// An import with its evidence.
    Word(u64),
    /// All replies so far have other labels, which opt their contacts out.
    Relabel(u64),
    Snapshot,
}

/// What a state amounts to: digest of the facts, and counters that would show a double effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub digest: u64,
    pub events: u64,
    pub dead_letters: u64,
    pub position: u64,
}

/// The work: rotations come from small log files, snapshots stand in between.
pub fn steps(traffic: u64) -> Vec<Step> {
    let mut steps = vec![Step::Campaign, Step::Blast, Step::Audience, Step::Sent];
    for turn in 0..traffic {
        steps.push(Step::Traffic(turn));
        match turn % 5 {
            1 => steps.push(Step::Snapshot),
            2 => steps.push(Step::Word(turn)),
            3 => steps.push(Step::Suppress),
            4 => steps.push(Step::Relabel(turn)),
            _ => {}
        }
    }
    steps
}

/// Steps that write to the log, in order.
pub fn commits(steps: &[Step]) -> Vec<Step> {
    steps
        .iter()
        .copied()
        .filter(|step| *step != Step::Snapshot)
        .collect()
}

pub fn take(engine: &Engine, step: Step) -> Result<(), EngineError> {
    match step {
        Step::Campaign => {
            let record = CampaignRecord {
                name: "spring",
                ..CampaignRecord::default()
            };
            engine.campaign(&record, NOW_MS)
        }
        Step::Blast => engine.blast("spring", "b1", Some("+15017122661"), None, &[], NOW_MS),
        Step::Audience => {
            let lines: Vec<String> = (0..40).map(number).collect();
            engine
                .audience("spring", "b1", lines.join("\n").as_bytes(), NOW_MS)
                .map(|_| ())
        }
        Step::Sent => {
            let rows: Vec<(String, String)> = (0..40)
                .map(|index| (number(index), format!("SM{index}")))
                .collect();
            let rows: Vec<(&str, &str)> = rows
                .iter()
                .map(|(number, id)| (number.as_str(), id.as_str()))
                .collect();
            let twilio = Provider::Twilio;
            engine
                .sent("spring", "b1", twilio, "", &rows, NOW_MS)
                .map(|_| ())
        }
        Step::Traffic(turn) => {
            let body = traffic(turn);
            post(
                engine,
                Provider::Canonical,
                "/events",
                &body,
                NOW_MS + 1_000,
            )
            .map(|_| ())
        }
        Step::Suppress => engine
            .suppress(number(39).as_bytes(), false, "", (NOW_MS, NOW_MS))
            .map(|_| ()),
        Step::Word(turn) => word(engine, turn),
        Step::Relabel(turn) => relabel(engine, turn),
        Step::Snapshot => engine.snapshot().map(|_| ()),
    }
}

fn word(engine: &Engine, turn: u64) -> Result<(), EngineError> {
    let word = Word {
        how: [How::Import, How::Reassigned][turn as usize % 2],
        opted_in: false,
        trust: Trust::Verified,
        sender: "",
        source: "a list",
        wording: "made up",
        at_ms: NOW_MS,
    };
    let lines = [number(turn % 40), number(1_000 + turn)].join("\n");
    engine.word(lines.as_bytes(), &word, NOW_MS).map(|_| ())
}

fn relabel(engine: &Engine, turn: u64) -> Result<(), EngineError> {
    if let Some(refused) = engine.refusal() {
        return Err(refused);
    }
    let listing = Listing {
        count_max: 1_000,
        ..Listing::default()
    };
    let replies = engine.replies(&listing)?;
    let labels = [Label::OptOut, Label::Question][turn as usize % 2];
    let judged: Vec<Judgement> = replies["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| Judgement {
            position: Position(row["position"].as_u64().unwrap()),
            labels: Labels::NONE.with(labels),
            rules: format!("made-up-{turn}"),
        })
        .collect();
    engine.relabel(&judged, true, NOW_MS + 2_000).map(|_| ())
}

fn traffic(turn: u64) -> String {
    let contact = number(turn % 40);
    let word = ["delivered", "failed", "expired"][turn as usize % 3];
    let rows = [
        format!(
            r#"{{"kind":"receipt","provider":"twilio","message_id":"SM{turn}","state":"{word}"}}"#
        ),
        format!(
            r#"{{"kind":"receipt","provider":"twilio","message_id":"EARLY{turn}","state":"{word}"}}"#
        ),
        format!(
            r#"{{"kind":"reply","provider":"twilio","message_id":"IN{turn}","contact":"{contact}","sender":"+15017122661","text":"made up {turn}"}}"#
        ),
        format!(
            r#"{{"kind":"click","event_id":"c{turn}","contact":"{contact}","campaign":"spring","blast":"b1","link":"x"}}"#
        ),
        r#"{"kind":"reply","contact":"nobody","text":"refused"}"#.to_owned(),
    ];
    rows.join("\n")
}

pub fn mark(engine: &Engine) -> Mark {
    let stats = engine.stats().unwrap();
    let figure = |name: &str| stats[name].as_u64().unwrap();
    Mark {
        digest: engine.digest().unwrap(),
        events: figure("events"),
        dead_letters: figure("dead_letters"),
        position: figure("position"),
    }
}

/// What must be there after each number of commits.
pub fn ledger(commits: &[Step]) -> Vec<Mark> {
    let engine = open(&FaultyDisk::default()).unwrap();
    let mut marks = vec![mark(&engine)];
    for step in commits {
        take(&engine, *step).unwrap();
        marks.push(mark(&engine));
    }
    marks
}

/// The same directory without its snapshots: all must come from the log.
pub fn without_snapshots(disk: &FaultyDisk) -> FaultyDisk {
    let new = FaultyDisk::default();
    for name in disk
        .list()
        .unwrap()
        .iter()
        .filter(|name| !name.starts_with("snapshots/"))
    {
        new.put(name, &disk.bytes(name).unwrap());
    }
    new
}
