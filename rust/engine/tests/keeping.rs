//! What an owner does with a data directory: copies of it while it is written to, and repair of
//! one that rotted. What opens afterwards is always a state that there has been.
#![expect(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use smstrack_engine::backup::backup;
use smstrack_engine::check::check;
use smstrack_engine::engine::Engine;
use smstrack_engine::log::disk::Disk;
use smstrack_engine::log::faulty::{FaultyDisk, Unsynced};
use smstrack_engine::repair::repair;

mod common;
#[path = "common/workload.rs"]
mod workload;

use common::{open, options};
use workload::{Mark, Step, commits, ledger, mark, steps, take, without_snapshots};

const LOG_FILE_BYTES_MAX: u64 = 1_500;

fn worked(traffic: u64) -> (FaultyDisk, Vec<Mark>) {
    let steps = steps(traffic);
    let disk = FaultyDisk::default();
    let engine = Engine::open_disk(Arc::new(disk.clone()), &options(LOG_FILE_BYTES_MAX)).unwrap();
    for step in &steps {
        take(&engine, *step).unwrap();
    }
    (disk, ledger(&commits(&steps)))
}

fn copy_of(disk: &FaultyDisk) -> FaultyDisk {
    let new = FaultyDisk::default();
    for name in disk.list().unwrap() {
        new.put(&name, &disk.bytes(&name).unwrap());
    }
    new
}

fn log_bytes(disk: &FaultyDisk) -> usize {
    let names = disk.list().unwrap();
    let log = names.iter().filter(|name| name.starts_with("log/"));
    log.map(|name| disk.bytes(name).unwrap().len()).sum()
}

/// Opens what was repaired; it must be one of the states there were.
fn opened(disk: &FaultyDisk, marks: &[Mark], what: &str) -> Mark {
    let found = check(disk);
    assert_eq!(found["ok"], true, "{what}: {found}");
    let engine = open(disk).unwrap_or_else(|error| panic!("{what}: {error}"));
    let found = mark(&engine);
    assert!(marks.contains(&found), "{what}: {found:?}");
    found
}

#[test]
fn a_sound_directory_is_left_as_it_is() {
    let (disk, marks) = worked(6);
    let before = disk.mutations();
    let found = repair(&disk).unwrap();
    assert_eq!(found["cut"].as_array().unwrap().len(), 0, "{found}");
    assert_eq!(disk.mutations(), before);
    assert_eq!(opened(&disk, &marks, "sound"), *marks.last().unwrap());
}

#[test]
fn damage_anywhere_is_cut_and_nothing_is_thrown_away() {
    let (disk, marks) = worked(6);
    for name in disk.list().unwrap() {
        if name == "IDENTITY" {
            continue;
        }
        let len = disk.bytes(&name).unwrap().len();
        for byte in (0..len).step_by(7) {
            let what = format!("{name}, byte {byte}");
            let bad = copy_of(&disk);
            let mut bytes = bad.bytes(&name).unwrap();
            bytes[byte] ^= 0x10;
            bad.put(&name, &bytes);
            let held = log_bytes(&bad);
            let found = repair(&bad).unwrap_or_else(|error| panic!("{what}: {error}"));
            let cut = found["cut"].as_array().unwrap();
            assert!(!cut.is_empty(), "{what}");
            assert_eq!(log_bytes(&bad), held, "{what}: {found}");
            for piece in cut {
                let kept = piece["kept_as"].as_str().unwrap();
                assert_eq!(bad.size(kept).unwrap(), piece["bytes"].as_u64().unwrap());
            }
            opened(&bad, &marks, &what);
            let again = repair(&bad).unwrap();
            assert_eq!(again["cut"].as_array().unwrap().len(), 0, "{what}: {again}");
        }
    }
}

#[test]
fn a_lost_file_costs_what_follows_it() {
    let (disk, marks) = worked(9);
    let names = disk.list().unwrap();
    let logs = names.iter().filter(|name| name.starts_with("log/"));
    for name in logs {
        let bad = copy_of(&disk);
        bad.remove(name).unwrap();
        let held = log_bytes(&bad);
        let found = repair(&bad).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(log_bytes(&bad), held, "{name}");
        if name.contains("0001.log") {
            // All that was in it is in the snapshots as well.
            assert_eq!(found["cut"].as_array().unwrap().len(), 0, "{found}");
            assert_eq!(mark(&open(&bad).unwrap()), *marks.last().unwrap());
        } else {
            opened(&bad, &marks, name);
        }
    }
    let bad = copy_of(&disk);
    bad.remove("IDENTITY").unwrap();
    let before = bad.mutations();
    assert_eq!(repair(&bad).unwrap_err().code(), "file_invalid");
    assert_eq!(bad.mutations(), before, "without it nothing can be read");
    let bad = without_snapshots(&disk);
    bad.remove("log/000000000001.log").unwrap();
    let before = bad.mutations();
    assert_eq!(open(&bad).unwrap_err().code(), "file_invalid");
    assert_eq!(check(&bad)["ok"], false);
    assert_eq!(repair(&bad).unwrap_err().code(), "file_invalid");
    assert!(bad.bytes("log/000000000002.log").is_some());
    assert!(bad.mutations() <= before + 4, "opening only settles");
}

#[test]
fn a_repair_that_is_broken_off_is_taken_up_again() {
    let (disk, marks) = worked(9);
    let first = "log/000000000002.log";
    let bad = || {
        let bad = without_snapshots(&disk);
        let mut bytes = bad.bytes(first).unwrap();
        bytes[400] ^= 1;
        bad.put(first, &bytes);
        bad
    };
    let whole = bad();
    let before = whole.mutations();
    repair(&whole).unwrap();
    let steps = whole.mutations() - before;
    assert!(steps > 4, "several files are cut");
    let expected = opened(&whole, &marks, "whole");
    for step in 0..steps {
        for unsynced in [Unsynced::Lost, Unsynced::Kept, Unsynced::Half] {
            let what = format!("step {step}, {unsynced:?}");
            let disk = bad();
            disk.crash_after(step);
            drop(repair(&disk));
            let disk = disk.crash(unsynced);
            repair(&disk).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(opened(&disk, &marks, &what), expected, "{what}");
        }
    }
}

#[test]
fn a_copy_made_while_it_is_written_to_is_a_state_there_has_been() {
    let steps = steps(9);
    let marks = ledger(&commits(&steps));
    for moment in 0..40_u64 {
        let disk = FaultyDisk::default();
        let engine =
            Engine::open_disk(Arc::new(disk.clone()), &options(LOG_FILE_BYTES_MAX)).unwrap();
        let (before, after) = steps.split_at(moment as usize % steps.len());
        for step in before {
            take(&engine, *step).unwrap();
        }
        let acknowledged = mark(&engine);
        let copy = FaultyDisk::default();
        let mut rest = after.iter();
        // The engine goes on between any two pieces that are copied.
        backup(&disk, &copy, &mut |_, _| {
            rest.next().is_none_or(|step| take(&engine, *step).is_ok())
        })
        .unwrap();
        let found = opened(&copy, &marks, &format!("after {moment} steps"));
        assert!(
            found.position >= acknowledged.position,
            "what was kept before is in it"
        );
    }
}

#[test]
fn a_snapshot_that_is_given_up_leaves_what_was_there() {
    let (disk, marks) = worked(20);
    let engine = open(&disk).unwrap();
    let older = smstrack_engine::snapshot::names(&disk.list().unwrap());
    let is_done = AtomicBool::new(false);
    let outcome = thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                engine.stop_snapshot();
            }
        });
        // It forgets what was asked before it began, so some try is not stopped at once.
        let outcome = (0..1_000)
            .map(|turn| {
                take(&engine, Step::Traffic(turn)).unwrap();
                engine.snapshot()
            })
            .find(Result::is_err);
        is_done.store(true, Ordering::Relaxed);
        outcome
    });
    let error = outcome.unwrap().unwrap_err();
    assert_eq!(error.code(), "snapshot_stopped");
    let kept = smstrack_engine::snapshot::names(&disk.list().unwrap());
    assert!(kept.len() >= older.len());
    let last = mark(&engine);
    assert!(last.position >= marks.last().unwrap().position);
    engine.snapshot().unwrap();
    drop(engine);
    let again = open(&disk).unwrap();
    assert_eq!(mark(&again), last);
    assert_eq!(again.opened().snapshot_position, last.position);
}
