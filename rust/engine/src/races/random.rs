//! shuttle: orders of steps drawn at random, of more threads and faults than every order of them
//! could be tried.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use shuttle::scheduler::RandomScheduler;
use shuttle::{Config, Runner, rand, thread};

use super::row::{Row, trials};
use super::stepped::Steps;
use super::{Act, each_defect_is_seen_by, plant_as_told, play, prepared};
use crate::log::faulty::Unsynced;

/// An engine needs more than the checker's threads have.
const STACK_BYTES: usize = 1 << 20;
const EIO: i32 = 5;
const ENOSPC: i32 = 28;

pub fn spawn<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    thread::spawn(work)
}

fn run(orders: u64, scene: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    config.stack_size = STACK_BYTES;
    let orders = usize::try_from(orders).unwrap();
    Runner::new(RandomScheduler::new(orders), config).run(scene);
}

/// Three who commit, one who makes snapshots and one who asks; in some, one who closes; in half,
/// a fault somewhere.
#[test]
fn any_order_keeps_what_was_acknowledged() {
    plant_as_told();
    let what = "shuttle: 3 threads commit beside snapshots, questions, closing and faults";
    let mut row = Row::begin("D17", what);
    let base = Arc::new(OnceLock::new());
    let made = Arc::clone(&base);
    run(1, move || drop(made.set(prepared())));
    let orders = trials(10_000, 100_000);
    let counts: Arc<[AtomicU64; 2]> = Arc::default();
    let counted = Arc::clone(&counts);
    run(orders, move || {
        use rand::Rng;
        let count = |of: usize| counted[of].fetch_add(1, Ordering::Relaxed);
        let mut dice = rand::thread_rng();
        let fault = dice.gen_bool(0.5).then(|| {
            let os_error = if dice.gen_bool(0.5) { EIO } else { ENOSPC };
            (dice.gen_range(0..16), os_error)
        });
        let steps = if dice.gen_bool(0.25) {
            Steps::All
        } else {
            Steps::Files
        };
        let mut work: Vec<&[Act]> = vec![
            &[Act::Commit(0), Act::Commit(1)],
            &[Act::Commit(2), Act::Commit(3)],
            &[Act::Commit(4), Act::Commit(5)],
            &[Act::Snapshot, Act::Snapshot],
            &[Act::Ask, Act::Ask, Act::Ask],
        ];
        if dice.gen_bool(0.125) {
            work.push(&[Act::Close]);
        }
        let disk = base.get().unwrap().after_crash(Unsynced::Lost);
        let told = play(disk, steps, fault, &work);
        count(0);
        if told.iter().any(|(_, told)| told.is_err()) {
            count(1);
        }
    });
    let read = |of: usize| counts[of].load(Ordering::Relaxed);
    row.trials(read(0));
    row.fired("orders", read(0));
    row.note(format!(
        "{what}: in {} of them a commit was refused",
        read(1)
    ));
}

#[test]
fn planted_defects_are_seen() {
    let mut row = Row::begin("D17", "shuttle: planted defects, each seen");
    let test = "races::random::any_order_keeps_what_was_acknowledged";
    each_defect_is_seen_by([test; 2], &mut row);
}
