//! Promise 1 under faults: fail or forget at every write and sync in turn. What was
//! acknowledged is there after recovery and counted once; what was not is there whole or not
//! at all.
#![expect(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::sync::Arc;

use smstrack_engine::engine::Engine;
use smstrack_engine::error::{EngineError, StorageError};
use smstrack_engine::event::Provider;
use smstrack_engine::log::faulty::{FaultyDisk, Unsynced};

mod common;
#[expect(dead_code, reason = "tiers are for the rows of tests/faults")]
#[path = "common/row.rs"]
mod row;
#[path = "common/workload.rs"]
mod workload;

use common::{NOW_MS, number, options, post};
use row::Row;
use workload::{Mark, Step, commits, ledger, mark, steps, take, without_snapshots};

const MODES: [Unsynced; 4] = [
    Unsynced::Lost,
    Unsynced::Kept,
    Unsynced::Half,
    Unsynced::Zeros,
];
/// Closed after about three batches, so that the work rotates a dozen times.
const LOG_FILE_BYTES_MAX: u64 = 1_500;
const EIO: i32 = 5;
const ENOSPC: i32 = 28;

fn reopen(disk: &FaultyDisk) -> Result<Engine, EngineError> {
    Engine::open_disk(Arc::new(disk.clone()), &options(LOG_FILE_BYTES_MAX))
}

/// How far a run came: commits acknowledged, whether anything failed for good, and how many
/// commits found no room first and were taken when they were sent again.
struct Run {
    acknowledged: usize,
    failed: bool,
    mended: usize,
}

/// Runs steps until the end, faults or not; checks what must hold while the fault is there.
fn run(disk: &FaultyDisk, steps: &[Step], marks: &[Mark], what: &str) -> Run {
    let Ok(engine) = reopen(disk) else {
        return Run {
            acknowledged: 0,
            failed: true,
            mended: 0,
        };
    };
    let mut done = Run {
        acknowledged: 0,
        failed: false,
        mended: 0,
    };
    for step in steps {
        match (take(&engine, *step), *step) {
            (_, Step::Snapshot) => {}
            (Ok(()), _) => {
                assert!(
                    !done.failed,
                    "{what}: {step:?} was acknowledged after a failed write"
                );
                done.acknowledged += 1;
            }
            (Err(error), _) => {
                let code = error.code();
                let first = if done.failed {
                    "log_poisoned"
                } else {
                    "log_append_failed"
                };
                // A step that needs one before it is refused for that, not for the disk.
                assert!(
                    code == first || code == "unknown_name",
                    "{what}: {step:?}: {error}"
                );
                // As a sender does: only a log that lacked room takes it then.
                done.failed = code != "log_append_failed" || take(&engine, *step).is_err();
                if !done.failed {
                    assert!(
                        error.to_string().contains("No space left"),
                        "{what}: {step:?} was acknowledged after {error}"
                    );
                    done.acknowledged += 1;
                    done.mended += 1;
                }
            }
        }
    }
    assert_eq!(
        mark(&engine),
        marks[done.acknowledged],
        "{what}: questions are still answered"
    );
    done
}

/// Recovers and holds the result against the ledger; how many commits are there.
fn recovered(disk: &FaultyDisk, marks: &[Mark], acknowledged: usize, what: &str) -> usize {
    let engine = reopen(disk).unwrap_or_else(|error| panic!("{what}: {error}"));
    let found = mark(&engine);
    // A snapshot has its name only once all of it is on storage.
    assert!(
        engine.opened().warnings.is_empty(),
        "{what}: {:?}",
        engine.opened().warnings
    );
    drop(engine);
    let is_next = marks.get(acknowledged + 1) == Some(&found);
    assert!(
        found == marks[acknowledged] || is_next,
        "{what}: {acknowledged} acknowledged; found {found:?}"
    );
    let again = reopen(disk).unwrap_or_else(|error| panic!("{what}, twice: {error}"));
    assert_eq!(mark(&again), found, "{what}: recovering twice differs");
    drop(again);
    let replayed = reopen(&without_snapshots(disk)).unwrap();
    assert_eq!(
        mark(&replayed),
        found,
        "{what}: full replay differs from snapshot and tail"
    );
    acknowledged + usize::from(is_next)
}

/// Goes on after recovery to the end of the work, through a last power cut, and repeats it.
fn go_on(disk: &FaultyDisk, commits: &[Step], marks: &[Mark], done: usize, what: &str) {
    let engine = reopen(disk).unwrap();
    for step in &commits[done..] {
        take(&engine, *step).unwrap_or_else(|error| panic!("{what}: going on: {error}"));
    }
    drop(engine);
    let engine = reopen(&disk.crash(Unsynced::Lost));
    let engine = engine.unwrap_or_else(|error| panic!("{what}: after going on: {error}"));
    assert_eq!(
        &mark(&engine),
        &marks[commits.len()],
        "{what}: after going on"
    );
    // Sent once more, as a sender does that read no answer: nothing is counted again.
    for step in commits
        .iter()
        .filter(|step| matches!(step, Step::Traffic(_)))
    {
        take(&engine, *step).unwrap();
    }
    assert_eq!(
        mark(&engine).digest,
        marks[commits.len()].digest,
        "{what}: repeats counted"
    );
}

/// Mutating operations of the untouched work.
fn operations(steps: &[Step], marks: &[Mark]) -> u64 {
    let disk = FaultyDisk::default();
    assert!(!run(&disk, steps, marks, "untouched").failed);
    disk.mutations()
}

#[test]
fn every_operation_fails_once_or_for_ever() {
    let steps = steps(16);
    let commits = commits(&steps);
    let marks = ledger(&commits);
    let operations = operations(&steps, &marks);
    assert!(
        operations > 60,
        "the work is too small: {operations} operations"
    );
    let mut mended = 0;
    let mut row = Row::begin(
        "D7",
        "each write, sync and name change fails, once or for ever",
    );
    for nth in 0..operations {
        for (error, sticky) in [(EIO, false), (ENOSPC, false), (EIO, true), (ENOSPC, true)] {
            let what = format!("operation {nth}, error {error}, sticky {sticky}");
            let disk = FaultyDisk::default();
            disk.fail_after(nth, error, sticky);
            let done = run(&disk, &steps, &marks, &what);
            assert!(disk.fired() > 0, "{what}: no fault fired");
            mended += done.mended;
            row.trial(if error == EIO { "EIO" } else { "ENOSPC" }, disk.fired());
            disk.heal();
            let found = recovered(&disk, &marks, done.acknowledged, &what);
            go_on(&disk, &commits, &marks, found, &what);
        }
    }
    // Each commit, and each beginning of a log file but the first, found no room once.
    assert!(mended > commits.len(), "room that came back was not used");
}

#[test]
fn power_is_cut_before_every_operation() {
    let steps = steps(16);
    let commits = commits(&steps);
    let marks = ledger(&commits);
    let mut row = Row::begin(
        "D2",
        "power cut before each operation that changes the disk",
    );
    for nth in 0..operations(&steps, &marks) {
        for mode in MODES {
            let what = format!("cut before operation {nth}, unsynced {mode:?}");
            let disk = FaultyDisk::default();
            disk.crash_after(nth);
            let done = run(&disk, &steps, &marks, &what);
            row.trial("power cut", disk.fired());
            let after = disk.crash(mode);
            let found = recovered(&after, &marks, done.acknowledged, &what);
            go_on(&after, &commits, &marks, found, &what);
        }
    }
}

/// Cut, and cut again at every operation of the recovery, and once more in the next one.
#[test]
fn power_is_cut_during_recovery() {
    let steps = steps(8);
    let commits = commits(&steps);
    let marks = ledger(&commits);
    let mut row = Row::begin(
        "D16",
        "power cut at each operation of a recovery, and again",
    );
    for nth in 0..operations(&steps, &marks) {
        for mode in MODES {
            let disk = FaultyDisk::default();
            disk.crash_after(nth);
            let done = run(&disk, &steps, &marks, "first cut");
            for second in 0.. {
                let what =
                    format!("cuts before operation {nth} and {second} of recovery, {mode:?}");
                let broken = disk.crash(mode);
                broken.crash_after(second);
                let outcome = reopen(&broken);
                if broken.fired() == 0 {
                    break;
                }
                assert!(outcome.is_err(), "{what}: opened over a dead disk");
                let third = broken.crash(mode);
                third.crash_after(second / 2);
                drop(reopen(&third));
                row.trial("power cut", 1 + broken.fired() + third.fired());
                recovered(&third.crash(mode), &marks, done.acknowledged, &what);
            }
        }
    }
}

/// A process that is killed leaves its writes in the system's cache: readable, not yet durable.
/// What the next process builds on them must not outlive them.
#[test]
fn a_killed_process_and_then_a_power_cut() {
    let steps = steps(16);
    let commits = commits(&steps);
    let marks = ledger(&commits);
    for nth in 0..operations(&steps, &marks) {
        for mode in MODES {
            let what = format!("killed before operation {nth}, then a cut, {mode:?}");
            let disk = FaultyDisk::default();
            disk.crash_after(nth);
            let done = run(&disk, &steps, &marks, &what);
            // The kill forgets nothing.
            disk.heal();
            let engine = reopen(&disk).unwrap();
            engine.snapshot().unwrap();
            let at_snapshot = mark(&engine);
            drop(engine);
            let after = disk.crash(mode);
            let found = recovered(&after, &marks, done.acknowledged, &what);
            assert_eq!(
                marks[found], at_snapshot,
                "{what}: the snapshot outlived the log"
            );
            go_on(&after, &commits, &marks, found, &what);
        }
    }
}

/// Without a sync of each commit a cut may take the newest, never the directory.
#[test]
fn without_syncs_a_cut_loses_a_tail_and_nothing_else() {
    let steps = steps(16);
    let commits = commits(&steps);
    let marks = ledger(&commits);
    let mut unsynced = options(LOG_FILE_BYTES_MAX);
    unsynced.is_durable = false;
    for stop in 0..steps.len() {
        for mode in MODES {
            let what = format!("no syncs, cut after step {stop}, {mode:?}");
            let disk = FaultyDisk::default();
            let engine = Engine::open_disk(Arc::new(disk.clone()), &unsynced).unwrap();
            for step in &steps[..stop] {
                take(&engine, *step).unwrap();
            }
            let engine = Engine::open_disk(Arc::new(disk.crash(mode)), &unsynced);
            let engine = engine.unwrap_or_else(|error| panic!("{what}: {error}"));
            let found = mark(&engine);
            assert!(
                marks.contains(&found),
                "{what}: {found:?} is no prefix of the work"
            );
        }
    }
}

/// Threads share commits while the disk fails: none is told yes for what is not there.
#[test]
fn threads_commit_while_the_disk_fails() {
    const THREADS: u64 = 4;
    const EACH: u64 = 12;
    for nth in 0..80 {
        let disk = FaultyDisk::default();
        let engine = Arc::new(reopen(&disk).unwrap());
        take(&engine, Step::Campaign).unwrap();
        take(&engine, Step::Blast).unwrap();
        disk.fail_after(nth, EIO, nth % 2 == 0);
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let engine = Arc::clone(&engine);
                std::thread::spawn(move || {
                    let turns = (0..EACH).map(|turn| thread * EACH + turn);
                    turns
                        .map(|turn| (turn, click(&engine, turn)))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let snapshots = {
            let engine = Arc::clone(&engine);
            std::thread::spawn(move || (0..5).for_each(|_| drop(engine.snapshot())))
        };
        let outcomes: Vec<_> = threads
            .into_iter()
            .flat_map(|t| t.join().unwrap())
            .collect();
        snapshots.join().unwrap();
        drop(engine);
        let after = if nth % 3 == 0 {
            disk.crash(Unsynced::Lost)
        } else {
            disk
        };
        after.heal();
        let engine = reopen(&after).unwrap();
        for (turn, outcome) in &outcomes {
            let is_there = engine.contains("spring.clicked", &number(*turn)).unwrap();
            assert!(
                is_there || outcome.is_err(),
                "fault {nth}: click {turn} was acknowledged"
            );
        }
        let report = engine.report("spring").unwrap();
        assert_eq!(
            report["clicks"], report["sets"]["clicked"],
            "fault {nth}: counted twice"
        );
        let found = mark(&engine);
        drop(engine);
        let replayed = reopen(&without_snapshots(&after)).unwrap();
        assert_eq!(
            mark(&replayed),
            found,
            "fault {nth}: full replay differs from snapshot and tail"
        );
        for thread in 0..THREADS {
            let mine = outcomes.iter().filter(|(turn, _)| turn / EACH == thread);
            let mut after_no = mine.skip_while(|(_, outcome)| outcome.is_ok());
            assert!(
                after_no.all(|(_, outcome)| outcome.is_err()),
                "fault {nth}: thread {thread} was told yes after a no"
            );
        }
    }
}

fn click(engine: &Engine, turn: u64) -> Result<(), EngineError> {
    let contact = number(turn);
    let body = format!(
        r#"{{"kind":"click","event_id":"c{turn}","contact":"{contact}","campaign":"spring","blast":"b1"}}"#
    );
    post(engine, Provider::Canonical, "/events", &body, NOW_MS).map(|_| ())
}

/// The first refusal says why; later ones say so too, and a closed engine says that.
#[test]
fn refusals_are_told_apart() {
    let disk = FaultyDisk::default();
    let engine = reopen(&disk).unwrap();
    take(&engine, Step::Campaign).unwrap();
    disk.fail_after(0, EIO, false);
    let first = take(&engine, Step::Blast).unwrap_err();
    assert!(matches!(
        &first,
        EngineError::Storage(StorageError::LogAppendFailed { position: 1, .. })
    ));
    assert!(first.to_string().contains("Input/output error"), "{first}");
    let before = disk.mutations();
    let later = take(&engine, Step::Blast).unwrap_err();
    assert_eq!(later.code(), "log_poisoned");
    assert_eq!(
        engine.refusal().map(|error| error.code()),
        Some("log_poisoned")
    );
    assert_eq!(
        disk.mutations(),
        before,
        "a failed write or sync is never tried again"
    );
    engine.close().unwrap();
    assert_eq!(take(&engine, Step::Blast).unwrap_err().code(), "closed");
}

/// A full disk refuses, and questions go on; once there is room the same engine takes events
/// again, and nothing that was refused meanwhile comes back.
#[test]
fn room_that_comes_back_is_used() {
    let disk = FaultyDisk::default();
    let engine = reopen(&disk).unwrap();
    for step in [Step::Campaign, Step::Blast] {
        take(&engine, step).unwrap();
    }
    disk.fill(true);
    let first = take(&engine, Step::Audience).unwrap_err();
    assert_eq!(first.code(), "log_append_failed");
    assert!(first.to_string().contains("until there is room"), "{first}");
    for turn in 0..5 {
        let refused = click(&engine, turn).unwrap_err();
        assert_eq!(refused.code(), "log_poisoned");
        assert_eq!(engine.count("spring.clicked").unwrap(), 0);
    }
    disk.fill(false);
    assert_eq!(
        engine.refusal(),
        None,
        "whoever asks for its health finds it mended"
    );
    click(&engine, 7).unwrap();
    let found = mark(&engine);
    assert_eq!(found.position, 3);
    drop(engine);
    for is_cut in [false, true] {
        let after = if is_cut {
            disk.crash(Unsynced::Lost)
        } else {
            disk.clone()
        };
        let engine = reopen(&after).unwrap();
        assert_eq!(mark(&engine), found);
        assert_eq!(engine.opened().torn, None);
    }
}

/// A sync that finds no room has lost what it was to keep: that is the last word on the file.
#[test]
fn a_sync_without_room_is_never_tried_again() {
    let disk = FaultyDisk::default();
    let engine = reopen(&disk).unwrap();
    disk.fail_after(1, ENOSPC, false);
    let first = take(&engine, Step::Campaign).unwrap_err();
    assert_eq!(first.code(), "log_append_failed");
    let before = disk.mutations();
    assert_eq!(
        take(&engine, Step::Campaign).unwrap_err().code(),
        "log_poisoned"
    );
    assert!(engine.refusal().is_some());
    assert_eq!(disk.mutations(), before);
}
