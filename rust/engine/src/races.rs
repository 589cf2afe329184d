//! The hand-offs between threads, each step of them in turn: the engine itself, on a disk in
//! memory, under a checker that runs every order of the threads' steps (loom) or many at random
//! (shuttle). `make races` builds and runs them; row D17 of docs/reliability.md.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is what it is for"
)]

#[cfg(loom)]
mod every;
#[cfg(all(shuttle, not(loom)))]
mod random;
#[path = "../tests/common/row.rs"]
mod row;
mod stepped;

use std::sync::Arc;

use crate::codec::CampaignRecord;
use crate::decode::RequestView;
use crate::engine::{Committed, Engine, Options, Scope};
use crate::error::EngineError;
use crate::event::{Provider, Trust};
use crate::log::faulty::{FaultyDisk, Unsynced};
use crate::log::reader::replay;
use crate::mutants::{Mutant, plant};
#[cfg(loom)]
use every::spawn;
#[cfg(all(shuttle, not(loom)))]
use random::spawn;
use row::Row;
use stepped::{Stepped, Steps};

/// Some moment; tests have no clock.
const NOW_MS: i64 = 1_780_000_000_000;
const IDENTITY: [u8; 16] = [7; 16];
/// Events of a batch: a state that holds some of them is no whole one.
const EACH: u64 = 2;

/// What a thread does, one after the other.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// Commits the batch of this number.
    Commit(u64),
    Snapshot,
    Ask,
    Close,
}

/// A directory and the engine that has it open.
struct Scene {
    disk: FaultyDisk,
    engine: Engine,
    /// The position before the first batch.
    base: u64,
}

/// What a thread was told of its batch.
type Told = (u64, Result<Committed, EngineError>);

fn open(disk: &FaultyDisk, steps: Steps) -> Engine {
    let options = Options {
        new_identity: IDENTITY,
        ..Options::default()
    };
    let disk = Arc::new(Stepped::new(disk.clone(), steps));
    Engine::open_disk(disk, &options).unwrap()
}

/// Two contacts of a batch; fictional numbers.
fn contacts(batch: u64) -> [String; 2] {
    [0, 1].map(|index| format!("+{}", 12_025_550_100 + batch * EACH + index))
}

/// What the test that a child process runs has planted.
const PLANTED: &str = "RACES_MUTANT";

/// The defects, what they are called, and what is said of them by whoever sees them.
const MUTANTS: [(Mutant, &str, &str); 2] = [
    (Mutant::AckBeforeSync, "ack before sync", "before its sync"),
    (Mutant::LostNotify, "lost notify", "deadlock"),
];

/// Plants what the parent process asks for.
fn plant_as_told() {
    let told = std::env::var(PLANTED).unwrap_or_default();
    let found = MUTANTS.iter().find(|(_, name, _)| *name == told);
    plant(found.map(|(mutant, _, _)| *mutant));
}

/// Runs a test once more for each defect, in a process of its own, since a check that fails
/// leaves threads where they stood: it must fail, and for the right reason.
fn each_defect_is_seen_by(tests: [&str; 2], row: &mut Row) {
    for ((_, name, reason), test) in MUTANTS.into_iter().zip(tests) {
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(PLANTED, name)
            .env_remove("FAULT_ROWS")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stderr) + String::from_utf8_lossy(&child.stdout);
        let is_seen = !child.status.success() && said.contains(reason);
        assert!(is_seen, "nobody saw {name}: {said}");
        row.trial(name, 1);
    }
}

/// A directory with the blast that the clicks are for.
fn prepared() -> FaultyDisk {
    let disk = FaultyDisk::default();
    let engine = open(&disk, Steps::Files);
    let campaign = CampaignRecord {
        name: "c",
        ..CampaignRecord::default()
    };
    engine.campaign(&campaign, NOW_MS).unwrap();
    engine.blast("c", "b", None, None, &[], NOW_MS).unwrap();
    drop(engine);
    disk
}

/// The threads of a scene run to their end; then all that they were told is checked.
fn play(disk: FaultyDisk, steps: Steps, fault: Option<(u64, i32)>, work: &[&[Act]]) -> Vec<Told> {
    let scene = Arc::new(Scene::new(disk, steps));
    if let Some((nth, os_error)) = fault {
        scene.disk.fail_after(nth, os_error, false);
    }
    let (mine, others) = work.split_first().unwrap();
    let others: Vec<_> = others
        .iter()
        .map(|acts| {
            let (scene, acts) = (Arc::clone(&scene), acts.to_vec());
            spawn(move || scene.work(&acts))
        })
        .collect();
    let mut told = scene.work(mine);
    for other in others {
        told.extend(other.join().unwrap());
    }
    Arc::into_inner(scene).unwrap().check(&told);
    told
}

impl Scene {
    fn new(disk: FaultyDisk, steps: Steps) -> Self {
        let engine = open(&disk, steps);
        let base = engine.opened().last_position;
        Self { disk, engine, base }
    }

    fn work(&self, acts: &[Act]) -> Vec<Told> {
        let mut told = Vec::new();
        for act in acts {
            match act {
                Act::Commit(batch) => told.push(self.commit(*batch)),
                Act::Snapshot => self.snapshot(),
                Act::Ask => drop(self.ask()),
                Act::Close => drop(self.engine.close()),
            }
        }
        told
    }

    /// Commits a batch of two clicks. An ack must stand after the sync of what it is for.
    fn commit(&self, batch: u64) -> Told {
        let body = contacts(batch).map(|contact| {
            format!(r#"{{"kind":"click","event_id":"{contact}","contact":"{contact}","campaign":"c","blast":"b"}}"#)
        });
        let body = body.join("\n");
        let request = RequestView {
            method: "POST",
            target: "/events",
            headers: &[("content-type", b"application/x-ndjson")],
            body: body.as_bytes(),
        };
        let scope = Scope {
            provider: Provider::Canonical,
            account: "",
            campaign: None,
            blast: None,
            template: None,
            profile: None,
            trust: Trust::Verified,
        };
        let mut batch_of = self.engine.batch(NOW_MS);
        assert_eq!(u64::from(batch_of.push(&scope, &request).accepted), EACH);
        let told = self.engine.commit(batch_of);
        if let Ok(done) = told {
            assert_eq!(done.records, EACH);
            let last = done.first.0 + done.records - 1;
            assert!(
                self.durable() >= last,
                "batch {batch} was acknowledged before its sync"
            );
        }
        (batch, told)
    }

    /// The last position that a power cut now would leave.
    fn durable(&self) -> u64 {
        let left = self.disk.after_crash(Unsynced::Lost);
        let end = replay(&left, &IDENTITY, 1, &mut |_, _| Ok(())).unwrap();
        end.next_position - 1
    }

    /// A question sees all of a batch or nothing of it.
    fn ask(&self) -> Option<u64> {
        let stats = self.engine.stats().ok()?;
        let (events, position) = (
            stats["events"].as_u64().unwrap(),
            stats["position"].as_u64().unwrap(),
        );
        assert!(
            events % EACH == 0 && self.base + events == position,
            "a question saw half a batch: {events} events, position {position}"
        );
        Some(events)
    }

    /// A snapshot reaches a whole batch, and nothing that a power cut would take back.
    fn snapshot(&self) {
        if let Ok(position) = self.engine.snapshot() {
            let records = position.0 - self.base;
            assert!(records.is_multiple_of(EACH), "a snapshot of half a batch");
            assert!(
                position.0 <= self.durable(),
                "a snapshot of what is not there"
            );
        }
    }

    /// After all: a power cut, and what was acknowledged is there, each batch as a whole; with
    /// its snapshots and without them.
    fn check(self, told: &[Told]) {
        let has_failed = told.iter().any(|(_, told)| told.is_err());
        let living = self.engine.digest().ok();
        drop(self.engine);
        let left = self.disk.crash(Unsynced::Lost);
        let after = open(&left, Steps::Files);
        let mut there = 0;
        for (batch, told) in told {
            let [one, other] =
                contacts(*batch).map(|contact| after.contains("c.clicked", &contact).unwrap());
            assert_eq!(one, other, "half of batch {batch} came back");
            assert!(
                one || told.is_err(),
                "batch {batch} was acknowledged and is lost"
            );
            there += u64::from(one);
        }
        assert_eq!(after.stats().unwrap()["events"], there * EACH);
        let digest = after.digest().unwrap();
        // Where a write failed, the living state may lack what is there all the same.
        if let Some(living) = living.filter(|_| !has_failed) {
            assert_eq!(digest, living, "another state came back");
        }
        drop(after);
        let names = left.after_crash(Unsynced::Lost);
        for name in crate::snapshot::names(&crate::log::disk::Disk::list(&names).unwrap()) {
            crate::log::disk::Disk::remove(&names, &name.1).unwrap();
        }
        let replayed = open(&names, Steps::Files);
        assert_eq!(
            replayed.digest().unwrap(),
            digest,
            "the log says another state"
        );
    }
}
