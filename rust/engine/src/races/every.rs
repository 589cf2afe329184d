//! loom: every order of the steps of up to three threads, with up to two batches each. Where a
//! bound on preemptions is named, every order with at most so many of them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use loom::model::Builder;
use loom::thread;

use super::row::{Row, trials};
use super::stepped::Steps;
use super::{Act, Told, each_defect_is_seen_by, plant_as_told, play, prepared};
use crate::group::Group;
use crate::log::faulty::Unsynced;
use crate::sync::Mutex;

/// An engine needs more than the checker's threads have.
const STACK_BYTES: usize = 1 << 20;
const EIO: i32 = 5;
const ENOSPC: i32 = 28;

pub fn spawn<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    let builder = thread::Builder::new().stack_size(STACK_BYTES);
    builder.spawn(work).unwrap()
}

/// Runs every order, and counts them.
fn every(what: &'static str, preemptions: Option<usize>, scene: impl Fn() + Send + Sync + 'static) {
    plant_as_told();
    let mut row = Row::begin("D17", what);
    let count = Arc::new(AtomicU64::new(0));
    let (counted, scene) = (Arc::clone(&count), Arc::new(scene));
    let mut builder = Builder::new();
    builder.preemption_bound = preemptions.or(builder.preemption_bound);
    builder.max_branches = 100_000;
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        let scene = Arc::clone(&scene);
        spawn(move || scene()).join().unwrap();
    });
    let count = count.load(Ordering::Relaxed);
    row.trials(count);
    row.fired("orders", count);
    if let Some(bound) = preemptions {
        row.note(format!("{what}: at most {bound} preemptions"));
    }
}

/// The queue alone, over a log whose write and sync are two steps.
#[test]
fn the_queue_hands_every_result_to_its_caller() {
    hand_off("loom: 3 callers of the queue, a job each", None, &[4]);
}

/// One of them comes back while the others wait.
#[test]
fn the_queue_wakes_all_whose_results_are_there() {
    hand_off(
        "loom: 3 callers of the queue, 2 + 1 + 1 jobs",
        bound(),
        &[4, 8],
    );
}

fn hand_off(what: &'static str, preemptions: Option<usize>, mine: &'static [usize]) {
    every(what, preemptions, move || {
        let group = Arc::new(Group::<usize, usize>::default());
        // Not a step: it only says who else is between the steps of a run.
        let is_running = Arc::new(AtomicBool::new(false));
        let synced = Arc::new(Mutex::new(0));
        let caller = |jobs: &'static [usize]| {
            let group = Arc::clone(&group);
            let (is_running, synced) = (Arc::clone(&is_running), Arc::clone(&synced));
            move || {
                for job in jobs {
                    let result = group.submit(*job, |jobs| {
                        assert!(!is_running.swap(true, Ordering::AcqRel), "two leaders");
                        let all = jobs.iter().fold(0, |all, job| all | job);
                        *synced.lock().unwrap() |= all;
                        is_running.store(false, Ordering::Release);
                        jobs
                    });
                    assert_eq!(result, *job);
                    assert_eq!(*synced.lock().unwrap() & job, *job, "before its sync");
                }
            }
        };
        let others = [spawn(caller(&[1])), spawn(caller(&[2]))];
        caller(mine)();
        for other in others {
            other.join().unwrap();
        }
    });
}

/// The engine itself, on a new directory.
fn engine(
    what: &'static str,
    preemptions: Option<usize>,
    steps: Steps,
    fault: Option<(u64, i32)>,
    work: &'static [&'static [Act]],
    judge: fn(&[Told]),
) {
    let base = Arc::new(OnceLock::new());
    let made = Arc::clone(&base);
    Builder::new().check(move || {
        let made = Arc::clone(&made);
        spawn(move || drop(made.set(prepared()))).join().unwrap();
    });
    every(what, preemptions, move || {
        let disk = base.get().unwrap().after_crash(Unsynced::Lost);
        judge(&play(disk, steps, fault, work));
    });
}

fn all_are_kept(told: &[Told]) {
    assert!(told.iter().all(|(_, told)| told.is_ok()), "{told:?}");
}

fn none_is_kept(told: &[Told]) {
    assert!(
        told.iter().all(|(_, told)| told.is_err()),
        "an ack after a failed sync: {told:?}"
    );
}

#[test]
fn three_commits_share_syncs() {
    engine(
        "loom: 3 threads commit a batch each",
        None,
        Steps::Files,
        None,
        &[&[Act::Commit(0)], &[Act::Commit(1)], &[Act::Commit(2)]],
        all_are_kept,
    );
}

#[test]
fn two_threads_commit_twice() {
    engine(
        "loom: 2 threads commit two batches each",
        None,
        Steps::Files,
        None,
        &[
            &[Act::Commit(0), Act::Commit(1)],
            &[Act::Commit(2), Act::Commit(3)],
        ],
        all_are_kept,
    );
}

/// The group's one sync fails: none of its batches is acknowledged, and no later one.
#[test]
fn a_failed_sync_acknowledges_nobody() {
    engine(
        "loom: the first sync fails under 3 threads",
        None,
        Steps::Files,
        Some((1, EIO)),
        &[&[Act::Commit(0)], &[Act::Commit(1)], &[Act::Commit(2)]],
        none_is_kept,
    );
}

/// The first write finds no room, later ones do.
#[test]
fn room_that_comes_back_acknowledges_what_is_there() {
    engine(
        "loom: the first write finds no room under 3 threads",
        None,
        Steps::Files,
        Some((0, ENOSPC)),
        &[&[Act::Commit(0)], &[Act::Commit(1)], &[Act::Commit(2)]],
        |_| {},
    );
}

#[test]
fn a_snapshot_beside_sees_a_whole_state() {
    engine(
        "loom: a snapshot beside commits and questions",
        Some(3),
        Steps::All,
        None,
        &[
            &[Act::Commit(0), Act::Commit(1)],
            &[Act::Snapshot],
            &[Act::Ask, Act::Ask],
        ],
        all_are_kept,
    );
}

#[test]
fn closing_loses_nothing_that_was_acknowledged() {
    engine(
        "loom: closing under commits and questions",
        bound(),
        Steps::Files,
        None,
        &[
            &[Act::Commit(0), Act::Commit(1)],
            &[Act::Close],
            &[Act::Ask],
        ],
        |_| {},
    );
}

#[test]
fn planted_defects_are_seen() {
    let mut row = Row::begin("D17", "loom: planted defects, each seen");
    let tests = [
        "races::every::two_threads_commit_twice",
        "races::every::the_queue_wakes_all_whose_results_are_there",
    ];
    each_defect_is_seen_by(tests, &mut row);
}

/// Every order of these is out of reach.
fn bound() -> Option<usize> {
    usize::try_from(trials(3, 4)).ok()
}
