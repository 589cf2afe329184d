//! One seed: a life of an engine on a disk that fails, crashes and rots, held against the one
//! oracle. Ends with counts of what fired, or with the first divergence in words; the same seed
//! gives the same, always.
//!
//! The oracle: a second engine on a disk without faults takes exactly what was acknowledged, and
//! of what was cut off what the first one turns out to have; after every recovery the two must be
//! the same to the byte (digest of all facts, counters, position), and questions are answered as
//! sets computed by hand say.

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::sync::Arc;

use smstrack_engine::check::check;
use smstrack_engine::engine::Engine;
use smstrack_engine::log::faulty::FaultyDisk;
use smstrack_engine::log::frame::FILE_HEAD_BYTES;
use smstrack_engine::repair::repair;
use smstrack_engine::snapshot;

use crate::acts::{Act, FIRST, Model};
use crate::common::{NOW_MS, open, options};
use crate::dice::Dice;
use crate::disk::{Fired, SECTOR, SimDisk, Weights};
use crate::workload::{Mark, mark, without_snapshots};

/// What a lost sector left of a frame nobody was told of may be all of it but for one bit. Nothing
/// tells that from rot, so it is refused, and an operator cuts it; nothing acknowledged goes.
const ONE_BIT: &str = "all of the frame is there but for bit";
const RECOVERIES_CUT: u64 = 5;
const HOUR_MS: i64 = 3_600_000;

/// What one seed did.
#[derive(Debug, Default)]
pub struct Report {
    pub acts: u64,
    pub opens: u64,
    pub simulated_ms: u64,
    pub fired: Fired,
}

struct World {
    disk: SimDisk,
    dice: Dice,
    log_file_bytes_max: u64,
    engine: Option<Engine>,
    reference: Engine,
    model: Model,
    done: usize,
    /// What was cut off: perhaps it is there.
    pending: Option<(Act, i64)>,
    /// A sync or a write failed for good: nothing more may be acknowledged before the next open.
    is_last_word: bool,
    now_ms: i64,
    report: Report,
}

/// Runs one seed with its own faults.
pub fn run(seed: u64) -> Result<Report, String> {
    let weights = Weights::draw(&mut Dice::new(seed ^ 0xD15C));
    catch_unwind(|| run_with(seed, weights)).unwrap_or_else(|_| Err("a panic".to_owned()))
}

/// Runs one seed with these faults.
pub fn run_with(seed: u64, weights: Weights) -> Result<Report, String> {
    let mut dice = Dice::new(seed);
    let disk = SimDisk::new(weights, Dice::new(dice.next()));
    let mut world = World {
        log_file_bytes_max: 600 + dice.below(5_000),
        dice,
        disk,
        engine: None,
        reference: open(&FaultyDisk::default()).unwrap(),
        model: Model::default(),
        done: 0,
        pending: None,
        is_last_word: false,
        now_ms: NOW_MS,
        report: Report::default(),
    };
    let turns = 10 + world.dice.below(40);
    for turn in 0..turns {
        world
            .turn()
            .map_err(|what| format!("turn {turn}: {what}"))?;
    }
    world.end().map_err(|what| format!("the end: {what}"))?;
    world.report.fired = world.disk.fired();
    Ok(world.report)
}

/// Faults that are the last word on the log, of those that fired between two counts.
fn has_last_word(before: &Fired, after: &Fired) -> bool {
    after.iter().any(|((kind, site), count)| {
        let is_new = before.get(&(*kind, *site)).copied().unwrap_or(0) < *count;
        let is_sync = matches!(*site, "log sync" | "log truncate" | "log settle");
        is_new && site.starts_with("log") && (*kind == "EIO" || (*kind == "ENOSPC" && is_sync))
    })
}

impl World {
    fn turn(&mut self) -> Result<(), String> {
        if self.engine.is_none() {
            self.open()?;
        }
        self.now_ms += 1_000;
        match self.dice.below(40) {
            0 => {
                let back = self.dice.below(2) == 0;
                self.now_ms += if back { -HOUR_MS } else { HOUR_MS };
                self.disk.note("clock jump", "arrival");
            }
            1..=3 => self.snapshot()?,
            4 => self.close(),
            5 => {
                self.engine = None;
                self.disk.killed();
                self.disk.note("kill", "process");
            }
            6 | 7 => {
                let operations = self.dice.below(12);
                self.disk.cut_in(operations);
            }
            8 => self.ask()?,
            9 => self.rot()?,
            _ => self.act()?,
        }
        if self.disk.is_off() {
            self.engine = None;
            self.disk.power_cut();
        } else if self.is_last_word && self.dice.below(3) == 0 {
            self.close();
        }
        let slow_ms = self.disk.take_slow_ms();
        self.now_ms += slow_ms as i64;
        self.report.simulated_ms += 1_000 + slow_ms;
        Ok(())
    }

    fn act(&mut self) -> Result<(), String> {
        let Some(engine) = &self.engine else {
            return Ok(());
        };
        let act = match FIRST.get(self.done) {
            Some(first) => first.clone(),
            None => Act::draw(&mut self.dice),
        };
        let before = self.disk.fired();
        let outcome = act.take(engine, self.now_ms);
        let after = self.disk.fired();
        let struck = has_last_word(&before, &after);
        self.report.acts += 1;
        match outcome {
            Ok(()) => {
                let before = position(&self.reference);
                self.keep(&act, self.now_ms)?;
                // What changes nothing is not written, and may always be answered.
                let was_written = position(&self.reference) > before;
                if was_written && (struck || self.is_last_word) {
                    return Err(format!(
                        "{act:?} was acknowledged after a failure that is the last word"
                    ));
                }
                if was_written {
                    // Only a log that mends itself takes another after one that failed, and it
                    // has cut what was begun.
                    self.pending = None;
                }
                Ok(())
            }
            Err(error) => {
                if before == after && !self.is_last_word && self.pending.is_none() {
                    return Err(format!(
                        "{act:?} was refused although no fault struck: {error}"
                    ));
                }
                self.is_last_word |= struck;
                if error.code() == "log_append_failed" {
                    self.pending = Some((act, self.now_ms));
                }
                Ok(())
            }
        }
    }

    /// Takes for kept, by the reference and by hand.
    fn keep(&mut self, act: &Act, at_ms: i64) -> Result<(), String> {
        act.take(&self.reference, at_ms)
            .map_err(|error| format!("the reference refuses {act:?}: {error}"))?;
        self.model.take(act);
        if FIRST.get(self.done).is_some() {
            self.done += 1;
        }
        Ok(())
    }

    fn snapshot(&mut self) -> Result<(), String> {
        let before = self.disk.fired_count();
        let Some(engine) = &self.engine else {
            return Ok(());
        };
        match engine.snapshot() {
            Err(error) if self.disk.fired_count() == before && error.code() != "log_poisoned" => {
                Err(format!("no snapshot although no fault struck: {error}"))
            }
            _ => Ok(()),
        }
    }

    fn close(&mut self) {
        if let Some(engine) = self.engine.take() {
            drop(engine.close());
        }
    }

    fn ask(&mut self) -> Result<(), String> {
        match &self.engine {
            Some(engine) if self.done == FIRST.len() => self.model.ask(engine, &mut self.dice, 5),
            _ => Ok(()),
        }
    }

    fn opened(&self, disk: &SimDisk) -> Result<Engine, String> {
        Engine::open_disk(Arc::new(disk.clone()), &options(self.log_file_bytes_max))
            .map_err(|error| error.to_string())
    }

    /// Recovers, however often that is cut too, and holds the result against the oracle.
    fn open(&mut self) -> Result<(), String> {
        self.is_last_word = false;
        for attempt in 0.. {
            if attempt == RECOVERIES_CUT {
                self.disk.arm(false);
            } else if self.dice.below(4) == 0 {
                let operations = self.dice.below(6);
                self.disk.cut_in(operations);
            }
            let before = self.disk.fired_count();
            self.report.opens += 1;
            match self.opened(&self.disk) {
                Ok(engine) => {
                    let is_untouched = self.disk.fired_count() == before;
                    let warnings = &engine.opened().warnings;
                    if is_untouched && !warnings.is_empty() {
                        return Err(format!("a snapshot was not whole: {warnings:?}"));
                    }
                    self.engine = Some(engine);
                    break;
                }
                Err(error) if error.contains(ONE_BIT) && self.pending.is_some() => {
                    self.disk.arm(false);
                    repair(&self.disk).map_err(|error| format!("no repair: {error}"))?;
                    self.disk.arm(true);
                    self.disk
                        .note("power cut that looks like a flipped bit", "log tail");
                }
                Err(error) if self.disk.fired_count() == before => {
                    return Err(format!("does not open although no fault struck: {error}"));
                }
                Err(_) if self.disk.is_off() => self.disk.power_cut(),
                Err(_) => self.disk.killed(),
            }
        }
        self.disk.arm(true);
        self.compare()?;
        if self.dice.below(4) == 0 && self.done == FIRST.len() {
            self.ask()?;
        }
        Ok(())
    }

    fn compare(&mut self) -> Result<(), String> {
        let Some(engine) = &self.engine else {
            return Ok(());
        };
        let found = mark(engine);
        let mut expected = mark(&self.reference);
        if let Some((act, at_ms)) = self.pending.take()
            && found.position > expected.position
        {
            self.keep(&act, at_ms)?;
            expected = mark(&self.reference);
            self.disk.note("recovered", "unanswered");
        }
        same(&found, &expected)
    }

    /// Damages a copy of what a closed engine left: it must be found.
    fn rot(&mut self) -> Result<(), String> {
        self.disk.arm(false);
        self.close();
        self.open()?;
        self.engine = None;
        self.disk.killed();
        let names = self.disk.names();
        let parts = self.parts_in_use(&names);
        let files: Vec<&String> = names
            .iter()
            // None is ever read: what was not finished, what a repair has cut, and parts of
            // snapshots that a crash kept from being finished.
            .filter(|name| !name.contains(".tmp") && !name.contains(".cut-"))
            .filter(|name| !name.contains(".part") || parts.contains(*name))
            .filter(|name| !self.disk.bytes(name).is_empty())
            .collect();
        let name = (*self.dice.pick(&files)).clone();
        let bad = self.disk.fork();
        bad.arm(false);
        let bytes = self.disk.bytes(&name);
        let is_flip = self.dice.below(2) == 0;
        let what = if is_flip {
            let bit = self.dice.index(bytes.len() * 8);
            bad.rot(&name, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
            self.disk.note("bit flip", folder(&name));
            format!("bit {bit} of {name} flipped")
        } else {
            let from = (*self.dice.pick(&files)).clone();
            let source = self.disk.bytes(&from);
            let (one, other) = (self.sector(source.len()), self.sector(bytes.len()));
            let block = &source[one..source.len().min(one + SECTOR)];
            let end = bytes.len().min(other + block.len());
            if bytes[other..end] == block[..end - other] {
                return Ok(());
            }
            bad.rot(&name, |bytes| {
                bytes[other..end].copy_from_slice(&block[..end - other]);
            });
            self.disk.note("misdirected write", folder(&name));
            format!("byte {one} of {from} also at byte {other} of {name}")
        };
        let was_found = check(&bad)["ok"] == false;
        match self.opened(&bad) {
            Err(_) => Ok(()),
            Ok(engine) => {
                let opened = engine.opened();
                let is_named = opened.torn.is_some() || !opened.warnings.is_empty();
                if !was_found && !is_named {
                    return Err(format!("{what}: nobody found it"));
                }
                // A file without a frame is made anew: nothing is lost with it.
                if is_flip && opened.torn.is_some() && bytes.len() > FILE_HEAD_BYTES {
                    return Err(format!("{what}: taken for a torn tail"));
                }
                if opened.torn.is_some() {
                    // Written over the last frame: a tail that was lost, and named.
                    return Ok(());
                }
                same(&mark(&engine), &mark(&self.reference)).map_err(|e| format!("{what}: {e}"))
            }
        }
    }

    /// Parts that a manifest names.
    fn parts_in_use(&self, names: &[String]) -> BTreeSet<String> {
        let identity: [u8; 16] = self.disk.bytes("IDENTITY")[12..28].try_into().unwrap();
        let manifests = snapshot::names(names).into_iter();
        let read =
            manifests.filter_map(|(_, name)| snapshot::manifest(&self.disk, &identity, &name).ok());
        read.flat_map(|manifest| manifest.part_names().collect::<Vec<_>>())
            .collect()
    }

    fn sector(&mut self, bytes: usize) -> usize {
        self.dice.index(bytes.div_ceil(SECTOR)) * SECTOR
    }

    /// The last power cut; then from the snapshot, from the log alone, and twice.
    fn end(&mut self) -> Result<(), String> {
        if self.dice.below(2) == 0 {
            self.close();
        }
        self.engine = None;
        self.disk.arm(false);
        self.disk.power_cut();
        self.open()?;
        self.engine = None;
        self.open()?;
        let expected = mark(&self.reference);
        let plain = FaultyDisk::default();
        for name in self.disk.names() {
            plain.put(&name, &self.disk.bytes(&name));
        }
        let replayed = Engine::open_disk(
            Arc::new(without_snapshots(&plain)),
            &options(self.log_file_bytes_max),
        )
        .map_err(|error| format!("from the log alone: {error}"))?;
        same(&mark(&replayed), &expected).map_err(|what| format!("from the log alone: {what}"))?;
        if self.done == FIRST.len()
            && let Some(engine) = &self.engine
        {
            self.model.ask(engine, &mut self.dice, 20)?;
        }
        Ok(())
    }
}

fn position(engine: &Engine) -> u64 {
    engine.stats().unwrap()["position"].as_u64().unwrap()
}

fn folder(name: &str) -> &'static str {
    match name.split('/').next() {
        Some("log") => "log",
        Some("snapshots") => "snapshots",
        _ => "identity",
    }
}

fn same(found: &Mark, expected: &Mark) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    let word = match found.position.cmp(&expected.position) {
        std::cmp::Ordering::Less => "acknowledged events are lost",
        std::cmp::Ordering::Equal => "another state at the same position",
        std::cmp::Ordering::Greater => "events that were not acknowledged",
    };
    Err(format!("{word}: {found:?}, not {expected:?}"))
}
