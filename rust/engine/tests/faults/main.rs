//! The fault harness of docs/reliability.md: the simulated disk, and the rows that need one.
//!
//! `FAULT_SEED=N` runs one seed of it again; `FAULT_TIER=T2` runs the long tier.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is what it is for"
)]

mod acts;
#[path = "../common/mod.rs"]
mod common;
mod dice;
mod disk;
#[path = "../common/row.rs"]
mod row;
mod sim;
#[expect(
    dead_code,
    reason = "the lives have work of their own; the rows use this one"
)]
#[path = "../common/workload.rs"]
mod workload;

use std::collections::BTreeMap;

use row::{Row, trials};

/// The seed to run alone, if one was asked for.
fn asked_seed() -> Option<u64> {
    std::env::var("FAULT_SEED").ok()?.parse().ok()
}

#[test]
fn lives_on_a_simulated_disk() {
    let mut row = Row::begin("D6", "simulated disk, seeded lives");
    let seeds = match asked_seed() {
        Some(seed) => seed..seed + 1,
        None => 0..trials(6_000, 1_000_000),
    };
    let mut by_place: BTreeMap<String, u64> = BTreeMap::new();
    let mut simulated_ms = 0;
    for seed in seeds {
        let report = sim::run(seed)
            .unwrap_or_else(|what| panic!("FAULT_SEED={seed} runs this again: {what}"));
        row.trial("lives", 0);
        simulated_ms += report.simulated_ms;
        for ((kind, site), count) in report.fired {
            row.fired(kind, count);
            *by_place.entry(format!("{kind} at {site}")).or_default() += count;
        }
    }
    row.note(format!("{} simulated hours", simulated_ms / 3_600_000));
    eprintln!("{by_place:#?}");
}
