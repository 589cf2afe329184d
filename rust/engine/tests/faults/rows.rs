//! Rows that plant one fault at a time: D11, D13, D14, and the accounting of W3, W4 and W7.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use smstrack_engine::check::check;
use smstrack_engine::engine::Engine;
use smstrack_engine::event::Provider;
use smstrack_engine::log::disk::Disk;
use smstrack_engine::log::faulty::{FaultyDisk, Unsynced};
use smstrack_engine::log::frame::{FILE_HEAD_BYTES, FRAME_HEAD_BYTES};

use crate::common::{NOW_MS, number, open, options, post};
use crate::dice::Dice;
use crate::disk::{SimDisk, Weights};
use crate::row::{Row, trials};
use crate::workload::{Mark, Step, commits, ledger, mark, steps, take};

const LOG_FILE_BYTES_MAX: u64 = 8_000;

/// A directory that was worked in, and what is in it.
pub struct Worked {
    disk: FaultyDisk,
    mark: Mark,
    names: Vec<String>,
    other: FaultyDisk,
}

pub fn worked() -> Worked {
    let work = |identity: u8| {
        let disk = FaultyDisk::default();
        let mut options = options(LOG_FILE_BYTES_MAX);
        options.new_identity = [identity; 16];
        let engine = Engine::open_disk(Arc::new(disk.clone()), &options).unwrap();
        for step in steps(24) {
            take(&engine, step).unwrap();
        }
        (disk, mark(&engine))
    };
    let (disk, mark) = work(7);
    let names = disk.list().unwrap();
    assert!(names.iter().filter(|name| name.starts_with("log/")).count() > 2);
    Worked {
        disk,
        mark,
        names,
        other: work(8).0,
    }
}

impl Worked {
    fn edited(&self, name: &str, edit: impl FnOnce(&mut Vec<u8>)) -> FaultyDisk {
        let new = FaultyDisk::default();
        for other in &self.names {
            new.put(other, &self.disk.bytes(other).unwrap());
        }
        let mut bytes = self.disk.bytes(name).unwrap();
        edit(&mut bytes);
        new.put(name, &bytes);
        new
    }

    /// Damage must be found by `check`, and either refused or passed over with the right answers;
    /// only of the last frame may it be taken for a torn tail, if `may_be_torn`.
    fn judge(&self, bad: &FaultyDisk, may_be_torn: bool) -> Result<(), String> {
        let found = catch_unwind(AssertUnwindSafe(|| {
            let was_found = check(bad)["ok"] == false;
            (was_found, open(bad).map_err(|error| error.to_string()))
        }));
        let Ok((was_found, opened)) = found else {
            return Err("a panic".to_owned());
        };
        let Ok(engine) = opened else {
            return if was_found {
                Ok(())
            } else {
                Err("the check found nothing of what the opening refuses".to_owned())
            };
        };
        if let Some(torn) = &engine.opened().torn {
            let what = format!("taken for a torn tail: {torn:?}");
            return if may_be_torn { Ok(()) } else { Err(what) };
        }
        if !was_found {
            return Err("nobody found it".to_owned());
        }
        if mark(&engine) != self.mark {
            return Err("answered from damaged data".to_owned());
        }
        Ok(())
    }

    /// One flipped bit anywhere.
    pub fn flip(&self, dice: &mut Dice) -> Result<(), String> {
        let name = dice.pick(&self.names);
        let bit = dice.index(self.disk.bytes(name).unwrap().len() * 8);
        let bad = self.edited(name, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        self.judge(&bad, false)
            .map_err(|what| format!("bit {bit} of {name}: {what}"))
    }

    fn frames(disk: &FaultyDisk, name: &str) -> Vec<Range<usize>> {
        let bytes = disk.bytes(name).unwrap();
        let mut frames = Vec::new();
        let mut at = FILE_HEAD_BYTES;
        while at < bytes.len() {
            let end = at + FRAME_HEAD_BYTES + payload_bytes(&bytes[at..]);
            frames.push(at..end);
            at = end;
        }
        frames
    }

    /// Right bytes in the wrong place: a block of this or another directory, or a whole frame.
    pub fn misplace(&self, dice: &mut Dice) -> Result<bool, String> {
        let logs: Vec<&String> = self
            .names
            .iter()
            .filter(|name| name.starts_with("log/"))
            .collect();
        let (from, to) = (*dice.pick(&logs), *dice.pick(&logs));
        let source = [&self.disk, &self.other][dice.index(2)];
        let (one, other) = if dice.below(2) == 0 {
            let (ones, others) = (Self::frames(source, from), Self::frames(&self.disk, to));
            (dice.pick(&ones).clone(), dice.pick(&others).clone())
        } else {
            let size = *dice.pick(&[512, 4_096]);
            let block = |dice: &mut Dice, bytes: usize| {
                let at = dice.index(bytes.div_ceil(size)) * size;
                at..bytes.min(at + size)
            };
            let (all, here) = (
                source.bytes(from).unwrap().len(),
                self.disk.bytes(to).unwrap().len(),
            );
            (block(dice, all), block(dice, here))
        };
        let block = source.bytes(from).unwrap()[one.clone()].to_vec();
        let here = self.disk.bytes(to).unwrap();
        let is_last = to == *logs.last().unwrap();
        let last = Self::frames(&self.disk, to).last().unwrap().start;
        let mut new = here.clone();
        new.splice(other.clone(), block);
        // What is cut short to a prefix of itself is a torn tail by any measure.
        if new == here || here.starts_with(&new) {
            return Ok(false);
        }
        let bad = self.edited(to, |bytes| *bytes = new);
        let may_be_torn = is_last && other.end > last;
        self.judge(&bad, may_be_torn)
            .map_err(|what| format!("bytes {one:?} of {from} at {other:?} of {to}: {what}"))?;
        Ok(true)
    }
}

fn payload_bytes(frame: &[u8]) -> usize {
    u32::from_le_bytes(frame[..4].try_into().unwrap()) as usize
}

/// The write of one number stops half-way, or is interrupted; nobody may notice.
pub fn stutters(write: u64, count: usize, work: &[Step], marks: &[Mark]) -> Result<u64, String> {
    let disk = SimDisk::new(Weights::default(), Dice::new(write));
    disk.stutter(write, count);
    let reopen = || Engine::open_disk(Arc::new(disk.clone()), &options(1_500));
    let engine = reopen().map_err(|error| error.to_string())?;
    for step in work {
        take(&engine, *step).map_err(|error| format!("{step:?}: {error}"))?;
    }
    drop(engine);
    disk.power_cut();
    let engine = reopen().map_err(|error| error.to_string())?;
    if Some(&mark(&engine)) != marks.last() {
        return Err("acknowledged events are lost".to_owned());
    }
    Ok(disk.fired_count())
}

#[test]
fn a_write_that_stops_half_way_goes_on() {
    let mut row = Row::begin(
        "D11",
        "short write (1 byte, half a head, 100 bytes) or EINTR at each write",
    );
    let work = steps(16);
    let marks = ledger(&commits(&work));
    let disk = SimDisk::new(Weights::default(), Dice::new(0));
    let engine = Engine::open_disk(Arc::new(disk.clone()), &options(1_500)).unwrap();
    for step in &work {
        take(&engine, *step).unwrap();
    }
    for write in 0..disk.writes() {
        for count in [0, 1, 20, 100] {
            let fired = stutters(write, count, &work, &marks)
                .unwrap_or_else(|what| panic!("write {write} stops after {count}: {what}"));
            row.trial(if count == 0 { "EINTR" } else { "short write" }, fired);
        }
    }
}

#[test]
fn flipped_bits_anywhere_are_found() {
    let mut row = Row::begin(
        "D13",
        "one flipped bit in a log, snapshot or IDENTITY, at random",
    );
    let worked = worked();
    let mut dice = Dice::new(13);
    for _ in 0..trials(4_000, 100_000) {
        worked.flip(&mut dice).unwrap();
        row.trial("bit flip", 1);
    }
}

#[test]
fn right_bytes_in_the_wrong_place_are_found() {
    let mut row = Row::begin(
        "D14",
        "blocks and frames of other places, files and directories",
    );
    let worked = worked();
    let mut dice = Dice::new(14);
    for _ in 0..trials(2_500, 10_000) {
        let is_other = worked.misplace(&mut dice).unwrap();
        row.trial("misplaced", u64::from(is_other));
    }
}

/// Each event is sent one to ten times, in any order, over crashes and snapshots.
#[test]
fn duplicates_count_once() {
    let mut row = Row::begin(
        "W3",
        "each event 1 to 10 times, over restarts and snapshots",
    );
    let mut dice = Dice::new(3);
    let rounds = trials(18, 180);
    for round in 0..rounds {
        let lines: Vec<String> = (0..1_000).map(event).collect();
        let mut sends: Vec<usize> = (0..lines.len())
            .flat_map(|line| std::iter::repeat_n(line, 1 + dice.index(10)))
            .collect();
        for at in (1..sends.len()).rev() {
            sends.swap(at, dice.index(at + 1));
        }
        let once = FaultyDisk::default();
        let expected = registered(&once);
        post(
            &expected,
            Provider::Canonical,
            "/events",
            &lines.join("\n"),
            NOW_MS,
        )
        .unwrap();
        let mut disk = FaultyDisk::default();
        let mut engine = registered(&disk);
        for chunk in sends.chunks(100) {
            let body: Vec<&str> = chunk.iter().map(|line| lines[*line].as_str()).collect();
            post(
                &engine,
                Provider::Canonical,
                "/events",
                &body.join("\n"),
                NOW_MS,
            )
            .unwrap();
            match dice.below(8) {
                0 => drop(engine.snapshot().unwrap()),
                1 => {
                    drop(engine);
                    disk = disk.crash(Unsynced::Lost);
                    engine = open(&disk).unwrap();
                }
                _ => {}
            }
            row.trials(chunk.len() as u64);
        }
        row.fired("duplicate", (sends.len() - lines.len()) as u64);
        same_effect(&engine, &expected, &format!("round {round}"));
    }
}

fn same_effect(found: &Engine, expected: &Engine, what: &str) {
    assert_eq!(
        found.digest().unwrap(),
        expected.digest().unwrap(),
        "{what}"
    );
    let (found, expected) = (
        found.report("spring").unwrap(),
        expected.report("spring").unwrap(),
    );
    for figure in ["clicks", "reply_messages", "sets"] {
        assert_eq!(found[figure], expected[figure], "{what}: {figure}");
    }
}

fn registered(disk: &FaultyDisk) -> Engine {
    let engine = open(disk).unwrap();
    for step in [Step::Campaign, Step::Blast, Step::Audience, Step::Sent] {
        take(&engine, step).unwrap();
    }
    engine
}

fn event(index: u64) -> String {
    let contact = number(index % 40);
    match index % 3 {
        0 => format!(
            r#"{{"kind":"click","event_id":"c{index}","contact":"{contact}","campaign":"spring","blast":"b1"}}"#
        ),
        1 => format!(
            r#"{{"kind":"reply","provider":"twilio","message_id":"IN{index}","contact":"{contact}","sender":"+15017122661","text":"made up"}}"#
        ),
        _ => format!(
            r#"{{"kind":"receipt","provider":"twilio","message_id":"SM{}","state":"delivered"}}"#,
            index % 40
        ),
    }
}

/// A provider repeats itself hours and days later, after a snapshot and a restart.
#[test]
fn late_duplicates_count_once() {
    const HOUR_MS: i64 = 3_600_000;
    let mut row = Row::begin(
        "W4",
        "the same events 76 hours and 7 days later, after a snapshot",
    );
    let disk = FaultyDisk::default();
    let engine = registered(&disk);
    let lines: Vec<String> = (0..1_000).map(event).collect();
    post(
        &engine,
        Provider::Canonical,
        "/events",
        &lines.join("\n"),
        NOW_MS,
    )
    .unwrap();
    let once = engine.digest().unwrap();
    let clicks = engine.report("spring").unwrap()["clicks"].clone();
    engine.close().unwrap();
    for hours in [76, 7 * 24] {
        let engine = open(&disk).unwrap();
        let at_ms = NOW_MS + hours * HOUR_MS;
        for line in &lines {
            post(&engine, Provider::Canonical, "/events", line, at_ms).unwrap();
            row.trial("late duplicate", 1);
        }
        assert_eq!(engine.digest().unwrap(), once, "{hours} hours later");
        assert_eq!(engine.report("spring").unwrap()["clicks"], clicks);
        engine.close().unwrap();
    }
}

/// Events that cannot be read hold nothing up, and each is accounted for.
#[test]
fn poison_events_are_accounted_for() {
    let mut row = Row::begin("W7", "events broken at random: deep, huge, cut, unknown");
    let disk = FaultyDisk::default();
    let engine = registered(&disk);
    let mut dice = Dice::new(7);
    let dead = |engine: &Engine| engine.stats().unwrap()["dead_letters"].as_u64().unwrap();
    let mut expected = 0;
    for turn in 0..trials(10_000, 40_000) {
        let mut body = poison(&mut dice);
        let good = format!(
            r#"{{"kind":"click","event_id":"g{turn}","contact":"{}","campaign":"spring","blast":"b1"}}"#,
            number(turn % 40)
        );
        let before = dead(&engine);
        // As bytes that are perhaps no text.
        let pushed = post(&engine, Provider::Canonical, "/events", &body, NOW_MS).unwrap();
        let is_kept = dead(&engine) > before;
        let is_refused = pushed.error.is_some();
        assert!(
            is_kept || is_refused || pushed.accepted > 0 || body.trim().is_empty(),
            "neither kept nor refused: {body:.200}"
        );
        row.trial("poison", u64::from(is_kept || is_refused));
        post(&engine, Provider::Canonical, "/events", &good, NOW_MS).unwrap();
        expected += 1;
        body.clear();
    }
    let report = engine.report("spring").unwrap();
    assert!(
        report["clicks"].as_u64().unwrap() >= expected,
        "good events waited"
    );
    let found = mark(&engine);
    drop(engine);
    assert_eq!(mark(&open(&disk.crash(Unsynced::Lost)).unwrap()), found);
}

fn poison(dice: &mut Dice) -> String {
    let line = event(dice.below(1_000));
    match dice.below(8) {
        0 => line.replace("kind\":\"", "kind\":\"un"),
        1 => line[..dice.index(line.len())].to_owned(),
        2 => format!("{{\"kind\":{}1{}}}", "[".repeat(64), "]".repeat(64)),
        3 => {
            let keys: Vec<String> = (0..dice.below(2_000))
                .map(|key| format!("\"k{key}\":1"))
                .collect();
            format!("{{{}}}", keys.join(","))
        }
        4 => line.replace("contact\":\"", "contact\":1e999999,\"x\":\""),
        5 => line.replace("text\":\"", "text\":\"\\ud800"),
        6 => {
            let at = dice.index(line.len());
            format!(
                "{}{}{}",
                &line[..at],
                char::from(dice.below(127) as u8),
                &line[at..]
            )
        }
        _ => "null".to_owned(),
    }
}
