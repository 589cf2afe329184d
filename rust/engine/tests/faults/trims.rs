//! D15: a log that is trimmed behind its snapshots, and the power cut at any operation of that.

use std::sync::Arc;

use smstrack_engine::engine::{Engine, Options};
use smstrack_engine::log::faulty::{FaultyDisk, Unsynced};

use crate::common::options;
use crate::row::Row;
use crate::workload::{Mark, Step, commits, ledger, mark, steps, take};

const MODES: [Unsynced; 4] = [
    Unsynced::Lost,
    Unsynced::Kept,
    Unsynced::Half,
    Unsynced::Zeros,
];

/// What is done, and the state after each commit of it.
pub struct Trimming {
    steps: Vec<Step>,
    marks: Vec<Mark>,
}

impl Trimming {
    pub fn new() -> Self {
        let mut steps = steps(12);
        // What reads old replies may find them gone.
        steps.retain(|step| !matches!(step, Step::Relabel(_)));
        steps.push(Step::Snapshot);
        let marks = ledger(&commits(&steps));
        Self { steps, marks }
    }

    fn open(disk: &FaultyDisk) -> Result<Engine, String> {
        let options = Options {
            is_log_kept: false,
            ..options(1_500)
        };
        Engine::open_disk(Arc::new(disk.clone()), &options).map_err(|error| error.to_string())
    }

    fn run(&self, disk: &FaultyDisk) -> usize {
        let Ok(engine) = Self::open(disk) else {
            return 0;
        };
        let taken = |step: &&Step| take(&engine, **step).is_ok() && **step != Step::Snapshot;
        self.steps.iter().filter(taken).count()
    }

    /// How many operations change the disk.
    fn operations(&self) -> u64 {
        let disk = FaultyDisk::default();
        self.run(&disk);
        disk.mutations()
    }

    /// The power is cut before this operation; what was acknowledged must be there.
    pub fn cut(&self, nth: u64, mode: Unsynced) -> Result<(), String> {
        let disk = FaultyDisk::default();
        disk.crash_after(nth);
        let acknowledged = self.run(&disk);
        let found = mark(&Self::open(&disk.crash(mode))?);
        let expected = self.marks.get(acknowledged..).unwrap_or_default();
        if expected.iter().take(2).any(|mark| *mark == found) {
            return Ok(());
        }
        Err(format!(
            "{acknowledged} commits acknowledged, another state is there"
        ))
    }
}

#[test]
fn power_is_cut_while_the_log_is_trimmed() {
    let mut row = Row::begin(
        "D15",
        "power cut before each operation, snapshots and trimming among them",
    );
    let trimming = Trimming::new();
    for nth in 0..trimming.operations() {
        for mode in MODES {
            trimming
                .cut(nth, mode)
                .unwrap_or_else(|what| panic!("cut before {nth}, {mode:?}: {what}"));
            row.trial("power cut", 1);
        }
    }
}
