//! A log that is trimmed, by its owner's order: what goes lies behind two proved snapshots, no
//! crash leaves less than one whole state, and what is gone is said to be gone.
#![expect(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::sync::Arc;

use smstrack_engine::backup::backup;
use smstrack_engine::check::check;
use smstrack_engine::engine::{Engine, Options, Show};
use smstrack_engine::error::EngineError;
use smstrack_engine::log::disk::Disk;
use smstrack_engine::log::faulty::{FaultyDisk, Unsynced};
use smstrack_engine::repair::repair;
use smstrack_engine::snapshot::{self, Manifest};

mod common;
#[path = "common/workload.rs"]
mod workload;

use common::{number, options};
use workload::{Mark, Step, commits, ledger, mark, steps, take, without_snapshots};

const MODES: [Unsynced; 4] = [
    Unsynced::Lost,
    Unsynced::Kept,
    Unsynced::Half,
    Unsynced::Zeros,
];
const IDENTITY: [u8; 16] = [7; 16];
const EIO: i32 = 5;

fn trimming() -> Options {
    Options {
        is_log_kept: false,
        ..options(1_500)
    }
}

fn open(disk: &FaultyDisk) -> Result<Engine, EngineError> {
    Engine::open_disk(Arc::new(disk.clone()), &trimming())
}

/// The work done, with three snapshots at least, the last of them at the end.
fn worked(traffic: u64) -> (FaultyDisk, Mark) {
    let steps = all_steps(traffic);
    let disk = FaultyDisk::default();
    let engine = open(&disk).unwrap();
    for step in &steps {
        take(&engine, *step).unwrap();
    }
    let last = ledger(&commits(&steps)).pop().unwrap();
    assert_eq!(mark(&engine), last);
    (disk, last)
}

/// Without steps that read old replies: those may be gone.
fn all_steps(traffic: u64) -> Vec<Step> {
    let mut steps = steps(traffic);
    steps.retain(|step| !matches!(step, Step::Relabel(_)));
    steps.push(Step::Snapshot);
    steps
}

fn copy_of(disk: &FaultyDisk) -> FaultyDisk {
    let new = FaultyDisk::default();
    for name in disk.list().unwrap() {
        new.put(&name, &disk.bytes(&name).unwrap());
    }
    new
}

fn logs(disk: &FaultyDisk) -> Vec<String> {
    let names = disk.list().unwrap();
    let mut logs: Vec<_> = names
        .into_iter()
        .filter(|name| name.starts_with("log/"))
        .collect();
    logs.sort();
    logs
}

/// All files of each kept snapshot, newest first.
fn snapshots(disk: &FaultyDisk) -> Vec<Vec<String>> {
    let names = snapshot::names(&disk.list().unwrap());
    let files = names.iter().map(|(_, name)| {
        let manifest = snapshot::manifest(disk, &IDENTITY, name).unwrap();
        manifest.part_names().chain([name.clone()]).collect()
    });
    files.collect()
}

#[test]
fn what_lies_behind_two_proved_snapshots_goes() {
    let (disk, last) = worked(16);
    let logs = logs(&disk);
    assert!(
        !logs.contains(&"log/000000000001.log".to_owned()),
        "{logs:?}"
    );
    let found = check(&disk);
    assert_eq!(found["ok"], true, "{found}");
    assert_eq!(
        found["snapshots_compared"], 1,
        "the older leads to the newer"
    );
    assert_eq!(found["digest"], format!("{:016x}", last.digest).as_str());
    let engine = open(&disk).unwrap();
    assert_eq!(mark(&engine), last);
    assert!(engine.opened().warnings.is_empty());
    drop(engine);
    let older = removed(&disk, &Manifest::name(last.position));
    assert_eq!(mark(&open(&older).unwrap()), last, "the older one serves");
    let bare = open(&without_snapshots(&disk)).unwrap_err();
    assert!(bare.to_string().contains("there is no snapshot"), "{bare}");
    assert_eq!(repair(&disk).unwrap()["cut"], serde_json::json!([]));
    let copy = FaultyDisk::default();
    backup(&disk, &copy, &mut |_, _| true).unwrap();
    assert_eq!(mark(&open(&copy).unwrap()), last);
}

fn removed(disk: &FaultyDisk, name: &str) -> FaultyDisk {
    let new = copy_of(disk);
    new.remove(name).unwrap();
    new
}

#[test]
fn by_default_nothing_is_trimmed() {
    let disk = FaultyDisk::default();
    let engine = Engine::open_disk(Arc::new(disk.clone()), &options(1_500)).unwrap();
    for step in all_steps(16) {
        take(&engine, step).unwrap();
    }
    engine.close().unwrap();
    assert_eq!(logs(&disk).first().unwrap(), "log/000000000001.log");
    let letters = Engine::open_disk(Arc::new(disk), &options(1_500)).unwrap();
    let found = letters.dead_letters(0, 100, |_| String::new()).unwrap();
    assert_eq!(found.len(), 16);
}

#[test]
fn what_was_trimmed_is_said_to_be_gone() {
    let (disk, _) = worked(16);
    let engine = open(&disk).unwrap();
    let show = Show {
        wording: true,
        numbers: true,
    };
    let letters = engine.dead_letters(0, 100, |_| String::new());
    let error = letters.unwrap_err();
    assert_eq!(error.code(), "record_trimmed", "{error}");
    let text = error.to_string();
    let begins = text.split("now begins at position ").nth(1).unwrap();
    let begins: u64 = begins.split('.').next().unwrap().parse().unwrap();
    assert!(begins > 1, "{text}");
    let later = engine.dead_letters(begins, 100, |_| String::new()).unwrap();
    assert!(!later.is_empty(), "what is there is still given");
    let explained = engine.explain(&number(2), None, None, show);
    assert_eq!(explained.unwrap_err().code(), "record_trimmed");
    assert!(engine.contains("spring.replied", &number(2)).unwrap());
}

#[test]
fn both_snapshots_damaged_is_refused_in_one_line() {
    let (disk, last) = worked(8);
    let files = snapshots(&disk);
    let [newest, older] = files.as_slice() else {
        panic!("two are kept: {files:?}");
    };
    let rotten = |disk: &FaultyDisk, name: &str, byte: usize| {
        let mut bytes = disk.bytes(name).unwrap();
        if let Some(byte) = bytes.get_mut(byte) {
            *byte ^= 8;
        }
        disk.put(name, &bytes);
    };
    for name in newest {
        for byte in 0..disk.bytes(name).unwrap().len() {
            let what = format!("{name}, byte {byte}");
            let bad = copy_of(&disk);
            rotten(&bad, name, byte);
            let engine = open(&bad).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(mark(&engine), last, "{what}");
            assert!(engine.opened().warnings.join(";").contains(name), "{what}");
            drop(engine);
            if byte % 64 != 0 {
                continue;
            }
            for other in older {
                rotten(&bad, other, byte % disk.bytes(other).unwrap().len());
                let error = open(&bad).unwrap_err();
                assert_eq!(error.code(), "file_invalid", "{what}: {error}");
                let text = error.to_string();
                assert!(text.contains(name) && text.contains(other), "{text}");
                assert!(text.contains("what came before is lost"), "{text}");
                assert!(!text.contains('\n'), "{text}");
                rotten(&bad, other, byte % disk.bytes(other).unwrap().len());
            }
            // A new snapshot is made from the sound one and takes the rotten one's place.
            let engine = open(&bad).unwrap();
            take(&engine, Step::Traffic(90)).unwrap();
            engine.snapshot().unwrap();
            let after = mark(&engine);
            drop(engine);
            let again = open(&bad).unwrap();
            assert_eq!(mark(&again), after, "{what}");
            assert!(again.opened().warnings.is_empty(), "{what}");
            assert_eq!(check(&bad)["ok"], true, "{what}");
        }
    }
}

/// Runs the steps, faults or not; how many commits were acknowledged.
fn run(disk: &FaultyDisk, steps: &[Step]) -> usize {
    let Ok(engine) = open(disk) else {
        return 0;
    };
    let mut acknowledged = 0;
    for step in steps {
        if take(&engine, *step).is_ok() && *step != Step::Snapshot {
            acknowledged += 1;
        }
    }
    acknowledged
}

/// Opens twice and goes on to the end; what was acknowledged is there.
fn recovered(disk: &FaultyDisk, steps: &[Step], marks: &[Mark], acknowledged: usize, what: &str) {
    let engine = open(disk).unwrap_or_else(|error| panic!("{what}: {error}"));
    let found = mark(&engine);
    let warnings = engine.opened().warnings.clone();
    assert!(warnings.is_empty(), "{what}: {warnings:?}");
    drop(engine);
    let is_next = marks.get(acknowledged + 1) == Some(&found);
    assert!(
        marks.get(acknowledged) == Some(&found) || is_next,
        "{what}: {acknowledged} acknowledged; found {found:?}"
    );
    let engine = open(disk).unwrap_or_else(|error| panic!("{what}, twice: {error}"));
    assert_eq!(mark(&engine), found, "{what}: recovering twice differs");
    let rest = commits(steps);
    for step in rest.iter().skip(acknowledged + usize::from(is_next)) {
        take(&engine, *step).unwrap_or_else(|error| panic!("{what}: going on: {error}"));
    }
    engine.snapshot().unwrap();
    let after = mark(&engine);
    assert_eq!(Some(&after), marks.last(), "{what}: going on");
    drop(engine);
    let checked = check(disk);
    assert_eq!(checked["ok"], true, "{what}: {checked}");
    let engine = open(&disk.crash(Unsynced::Lost)).unwrap();
    assert_eq!(mark(&engine), after, "{what}: the last cut");
}

fn operations(steps: &[Step]) -> u64 {
    let disk = FaultyDisk::default();
    run(&disk, steps);
    disk.mutations()
}

#[test]
fn power_is_cut_before_every_operation() {
    let steps = all_steps(12);
    let marks = ledger(&commits(&steps));
    for nth in 0..operations(&steps) {
        for mode in MODES {
            let what = format!("cut before operation {nth}, unsynced {mode:?}");
            let disk = FaultyDisk::default();
            disk.crash_after(nth);
            let acknowledged = run(&disk, &steps);
            recovered(&disk.crash(mode), &steps, &marks, acknowledged, &what);
        }
    }
}

#[test]
fn every_operation_fails_once_or_for_ever() {
    let steps = all_steps(12);
    let marks = ledger(&commits(&steps));
    for nth in 0..operations(&steps) {
        for sticky in [false, true] {
            let what = format!("operation {nth} fails, sticky {sticky}");
            let disk = FaultyDisk::default();
            disk.fail_after(nth, EIO, sticky);
            let acknowledged = run(&disk, &steps);
            disk.heal();
            recovered(&disk, &steps, &marks, acknowledged, &what);
        }
    }
}

#[test]
fn power_is_cut_during_recovery_and_the_next_snapshot() {
    let steps = all_steps(7);
    let marks = ledger(&commits(&steps));
    for nth in (0..operations(&steps)).step_by(3) {
        for mode in MODES {
            let disk = FaultyDisk::default();
            disk.crash_after(nth);
            let acknowledged = run(&disk, &steps);
            for second in 0.. {
                let what = format!("cuts before operations {nth} and {second}, {mode:?}");
                let broken = disk.crash(mode);
                broken.crash_after(second);
                if let Ok(engine) = open(&broken) {
                    drop(engine.snapshot());
                }
                if broken.fired() == 0 {
                    break;
                }
                let third = broken.crash(mode);
                third.crash_after(second / 2);
                if let Ok(engine) = open(&third) {
                    drop(engine.snapshot());
                }
                recovered(&third.crash(mode), &steps, &marks, acknowledged, &what);
            }
        }
    }
}

/// A copy is made while snapshots come and go and the log is trimmed: it is whole, or refused.
#[test]
fn a_copy_made_while_the_log_is_trimmed_is_whole_or_refused() {
    let steps = all_steps(16);
    let marks = ledger(&commits(&steps));
    let mut whole = 0;
    for moment in 0..steps.len() {
        let disk = FaultyDisk::default();
        let engine = open(&disk).unwrap();
        let (before, after) = steps.split_at(moment);
        for step in before {
            take(&engine, *step).unwrap();
        }
        let copy = FaultyDisk::default();
        let mut rest = after.iter();
        let outcome = backup(&disk, &copy, &mut |_, _| {
            rest.next().is_none_or(|step| take(&engine, *step).is_ok())
        });
        match outcome {
            Ok(_) => {
                let found = mark(&open(&copy).unwrap());
                assert!(marks.contains(&found), "after {moment} steps: {found:?}");
                assert!(found.position >= marks[commits(before).len()].position);
                whole += 1;
            }
            Err(error) => {
                assert_eq!(error.code(), "io_failed", "{error}");
                assert!(open(&copy).is_err(), "after {moment} steps");
            }
        }
    }
    assert!(whole > 4, "{whole}");
}
