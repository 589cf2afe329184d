//! M1: each planted defect is seen by a row within 1,000 trials, and the row is named.

use smstrack_engine::log::faulty::Unsynced;
use smstrack_engine::mutants::{Mutant, plant};

use crate::dice::Dice;
use crate::row::Row;
use crate::trims::Trimming;
use crate::workload::{commits, ledger, steps};
use crate::{rows, sim};

const TRIALS: u64 = 1_000;

/// Defects and their letters in the table.
const MUTANTS: [(&str, Mutant); 12] = [
    ("a skip fdatasync", Mutant::SkipSync),
    ("b ack before sync", Mutant::AckBeforeSync),
    ("c retry a failed sync", Mutant::RetrySync),
    ("d no directory sync", Mutant::SkipDirSync),
    (
        "e snapshot renamed before its sync",
        Mutant::RenameBeforeSync,
    ),
    ("f log trimmed before the snapshot", Mutant::TrimBeforeSync),
    ("g checksum of the payload alone", Mutant::ChecksumOfPayload),
    ("h append after a torn tail", Mutant::KeepTornTail),
    ("i checksum not compared", Mutant::IgnoreChecksum),
    (
        "j short write taken for the whole",
        Mutant::ShortWriteIsWhole,
    ),
    ("k snapshot forgets what was counted", Mutant::ForgetSeen),
    ("l damage taken for a torn tail", Mutant::DamageIsTorn),
];

/// The first trial of a row that fails, and how.
fn first(trial: impl Fn(u64) -> Result<(), String>) -> Option<(u64, String)> {
    (0..TRIALS).find_map(|number| Some((number, trial(number).err()?)))
}

/// Alone in its process: what is planted is planted for every thread.
#[test]
#[ignore = "plants defects in the whole process: run it by its name"]
fn every_planted_defect_is_seen() {
    let mut row = Row::begin(
        "M1",
        "planted defects, each seen within 1,000 trials of a row",
    );
    let work = steps(16);
    let marks = ledger(&commits(&work));
    let worked = rows::worked();
    let trimming = Trimming::new();
    let mut missed = Vec::new();
    let mut told = Vec::new();
    for (name, mutant) in MUTANTS {
        let found = order(mutant).into_iter().find_map(|id| {
            let (trial, what) = planted(mutant, |number| match id {
                "D6" => sim::run(number).map(|_| ()),
                "D11" => {
                    let count = [1, 20, 100][number as usize % 3];
                    rows::stutters(number / 3, count, &work, &marks).map(|_| ())
                }
                "D15" => trimming.cut(number, Unsynced::Lost),
                "D13" => worked.flip(&mut Dice::new(number)),
                _ => worked.misplace(&mut Dice::new(number)).map(|_| ()),
            })?;
            Some((id, trial, what))
        });
        row.trial(name, u64::from(found.is_some()));
        match found {
            None => missed.push(name),
            Some((id, trial, what)) => {
                let what: String = what.chars().take(160).collect();
                told.push(format!("{} by {id} trial {}", &name[..1], trial + 1));
                println!("({name}) is seen by {id}, trial {}: {what}", trial + 1);
            }
        }
    }
    row.note(told.join(", "));
    assert!(missed.is_empty(), "nobody saw {missed:?}");
}

/// The rows that should see it, most likely first.
const fn order(mutant: Mutant) -> [&'static str; 4] {
    match mutant {
        Mutant::ShortWriteIsWhole => ["D11", "D6", "D13", "D14"],
        Mutant::ChecksumOfPayload | Mutant::DamageIsTorn => ["D14", "D13", "D6", "D11"],
        Mutant::TrimBeforeSync => ["D15", "D6", "D13", "D14"],
        Mutant::IgnoreChecksum => ["D13", "D14", "D6", "D11"],
        _ => ["D6", "D13", "D14", "D11"],
    }
}

fn planted(mutant: Mutant, trial: impl Fn(u64) -> Result<(), String>) -> Option<(u64, String)> {
    plant(Some(mutant));
    let found = first(trial);
    plant(None);
    found
}
