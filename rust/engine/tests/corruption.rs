//! Promise 1 on a disk that rots: damage is found and named, or it is a torn tail of what
//! nobody was told was kept. Never a wrong count, never a panic.
#![expect(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::fs;
use std::sync::Arc;

use serde_json::Value;
use smstrack_engine::check::check;
use smstrack_engine::engine::Engine;
use smstrack_engine::error::{EngineError, StorageError};
use smstrack_engine::log::disk::Disk;
use smstrack_engine::log::faulty::FaultyDisk;
use smstrack_engine::log::frame::{FILE_HEAD_BYTES, FRAME_HEAD_BYTES, read_frame};
use smstrack_engine::snapshot::{self, Manifest};

mod common;
#[expect(dead_code, reason = "tiers are for the rows of tests/faults")]
#[path = "common/row.rs"]
mod row;
#[path = "common/workload.rs"]
mod workload;

use common::{open, options};
use row::Row;
use workload::{Mark, Step, commits, ledger, mark, steps, take, without_snapshots};

const FIRST: &str = "log/000000000001.log";
const IDENTITY: [u8; 16] = [7; 16];

/// The work done on a fresh disk, in log files of about this size; left without a close.
fn worked(steps: &[Step], log_file_bytes_max: u64) -> FaultyDisk {
    let disk = FaultyDisk::default();
    let engine = Engine::open_disk(Arc::new(disk.clone()), &options(log_file_bytes_max)).unwrap();
    for step in steps {
        take(&engine, *step).unwrap();
    }
    disk
}

fn edited(disk: &FaultyDisk, name: &str, edit: impl FnOnce(&mut Vec<u8>)) -> FaultyDisk {
    let new = FaultyDisk::default();
    for other in disk.list().unwrap() {
        new.put(&other, &disk.bytes(&other).unwrap());
    }
    let mut bytes = disk.bytes(name).unwrap();
    edit(&mut bytes);
    new.put(name, &bytes);
    new
}

fn removed(disk: &FaultyDisk, name: &str) -> FaultyDisk {
    let new = edited(disk, name, |_| {});
    new.remove(name).unwrap();
    new.crash(smstrack_engine::log::faulty::Unsynced::Kept)
}

/// Manifests of the snapshots, newest first.
fn manifests(disk: &FaultyDisk) -> Vec<Manifest> {
    let names = snapshot::names(&disk.list().unwrap());
    names
        .iter()
        .map(|(_, name)| snapshot::manifest(disk, &IDENTITY, name).unwrap())
        .collect()
}

/// Byte range of each frame of a log file.
fn frames(disk: &FaultyDisk, name: &str) -> Vec<std::ops::Range<usize>> {
    let bytes = disk.bytes(name).unwrap();
    let mut frames = Vec::new();
    let mut at = FILE_HEAD_BYTES;
    while at < bytes.len() {
        let (_, payload) = read_frame(&IDENTITY, &bytes[at..], 0).unwrap();
        let end = at + FRAME_HEAD_BYTES + payload.len();
        frames.push(at..end);
        at = end;
    }
    frames
}

fn refusal(disk: &FaultyDisk, what: &str) -> EngineError {
    match open(disk) {
        Ok(engine) => panic!("{what}: opened, with {:?}", mark(&engine)),
        Err(error) => error,
    }
}

/// What `check` says; it must change nothing.
fn checked(disk: &FaultyDisk, what: &str) -> Value {
    let before = disk.mutations();
    let found = check(disk);
    assert_eq!(disk.mutations(), before, "{what}: check changed something");
    found
}

fn finds(disk: &FaultyDisk, code: &str, what: &str) {
    let found = checked(disk, what);
    assert_eq!(found["ok"], false, "{what}: {found}");
    let problems = found["problems"].as_array().unwrap();
    assert!(
        problems.iter().any(|problem| problem["code"] == code),
        "{what}: {found}"
    );
}

fn last_mark(steps: &[Step]) -> Mark {
    ledger(&commits(steps)).pop().unwrap()
}

#[test]
fn an_undamaged_directory_is_found_so() {
    let steps = steps(7);
    let found = checked(&worked(&steps, 900), "undamaged");
    assert_eq!(found["ok"], true, "{found}");
    assert_eq!(found["snapshots_compared"], 2);
    assert_eq!(found["log"]["last_position"], last_mark(&steps).position);
    let digest = format!("{:016x}", last_mark(&steps).digest);
    assert_eq!(found["digest"], digest.as_str());
}

#[test]
fn every_flipped_bit_of_the_log_is_found_and_named() {
    let disk = without_snapshots(&worked(&steps(4), 900));
    let files: Vec<String> = disk
        .list()
        .unwrap()
        .into_iter()
        .filter(|name| name.starts_with("log/"))
        .collect();
    assert!(files.len() > 2, "the log should rotate: {files:?}");
    let mut row = Row::begin("D13", "each bit of a log flipped, in turn");
    for name in &files {
        let frames = frames(&disk, name);
        assert!(!frames.is_empty());
        for bit in 0..disk.bytes(name).unwrap().len() * 8 {
            let what = format!("{name}, bit {bit}");
            let bad = edited(&disk, name, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
            let error = refusal(&bad, &what);
            let EngineError::Storage(StorageError::LogCorrupt { file, byte, .. }) = &error else {
                panic!("{what}: {error}");
            };
            let frame = frames.iter().find(|frame| frame.contains(&(bit / 8)));
            assert_eq!(file, name, "{what}");
            assert_eq!(*byte, frame.map_or(0, |frame| frame.start as u64), "{what}");
            assert_eq!(
                bad.mutations(),
                opening_settles(),
                "{what}: something was changed"
            );
            finds(&bad, "log_corrupt", &what);
            row.trial("bit flip", 1);
        }
    }
}

/// Opening syncs what was there before it reads, and does nothing else before it refuses.
const fn opening_settles() -> u64 {
    3
}

#[test]
fn damage_before_the_last_good_frame_refuses_to_open() {
    let steps = steps(6);
    let disk = worked(&steps, 1 << 30);
    let frames = frames(&disk, FIRST);
    for frame in &frames[..frames.len() - 1] {
        for byte in [frame.start, frame.start + 20, frame.end - 1] {
            for fill in [0x00, 0xFF, 0x5A] {
                let what = format!("bytes from {byte} are {fill:02x}");
                let end = (byte + 64).min(frame.end);
                let bad = edited(&disk, FIRST, |bytes| bytes[byte..end].fill(fill));
                let is_same = bad.bytes(FIRST) == disk.bytes(FIRST);
                // The snapshots read well, and yet nothing may be answered from such a log.
                match open(&bad) {
                    Ok(_) => assert!(is_same, "{what}"),
                    Err(error) => {
                        assert_eq!(error.code(), "log_corrupt", "{what}: {error}");
                        let place = format!("{FIRST}, byte {}", frame.start);
                        assert!(error.to_string().starts_with(&place), "{what}: {error}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_damaged_snapshot_is_passed_over() {
    let steps = steps(8);
    let disk = worked(&steps, 1_500);
    let expected = last_mark(&steps);
    let names = disk.list().unwrap();
    let manifests = manifests(&disk);
    let [newest, older] = manifests.as_slice() else {
        panic!("two are kept: {manifests:?}");
    };
    let of = |manifest: &Manifest| {
        let name = Manifest::name(manifest.position);
        manifest.part_names().chain([name]).collect::<Vec<_>>()
    };
    let (newest, older) = (of(newest), of(older));
    let all: Vec<&String> = newest.iter().chain(&older).collect();
    assert!(newest.iter().all(|name| !older.contains(name)), "{all:?}");
    let in_folder = names.iter().filter(|name| name.starts_with("snapshots/"));
    assert_eq!(in_folder.count(), all.len(), "nothing else is left");
    for name in all {
        let is_newest = newest.contains(name);
        for byte in 0..disk.bytes(name).unwrap().len() {
            let what = format!("{name}, byte {byte}");
            let bad = edited(&disk, name, |bytes| bytes[byte] ^= 1 << (byte % 8));
            let engine = open(&bad).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(mark(&engine), expected, "{what}");
            let warnings = &engine.opened().warnings;
            assert_eq!(
                warnings.len(),
                usize::from(is_newest),
                "{what}: {warnings:?}"
            );
            assert!(
                warnings.iter().all(|text| text.contains(name.as_str())),
                "{what}"
            );
            if byte % 16 == 0 {
                finds(&bad, "snapshot_invalid", &what);
            }
        }
    }
    for name in &newest {
        let cut = edited(&disk, name, |bytes| bytes.truncate(bytes.len() / 2));
        assert_eq!(mark(&open(&cut).unwrap()), expected, "half of {name}");
        let gone = removed(&disk, name);
        assert_eq!(mark(&open(&gone).unwrap()), expected, "without {name}");
    }
    let gone = without_snapshots(&disk);
    assert_eq!(mark(&open(&gone).unwrap()), expected, "no snapshot");
}

#[test]
fn a_snapshot_under_the_name_of_another_is_passed_over() {
    let steps = steps(8);
    let disk = worked(&steps, 1_500);
    let names = disk.list().unwrap();
    let mut snapshots = names.iter().filter(|name| name.starts_with("snapshots/"));
    let (older, newer) = (snapshots.next().unwrap(), snapshots.next().unwrap());
    for (from, to) in [(older, newer), (newer, older)] {
        let what = format!("{to} holds the bytes of {from}");
        let bytes = disk.bytes(from).unwrap();
        let bad = edited(&disk, to, |there| *there = bytes);
        finds(&bad, "snapshot_invalid", &what);
        let engine = open(&bad).unwrap();
        assert_eq!(mark(&engine), last_mark(&steps), "{what}");
        assert_eq!(
            engine.opened().warnings.len(),
            usize::from(to == newer),
            "{what}"
        );
    }
}

#[test]
fn a_log_that_lost_what_a_snapshot_holds_is_refused() {
    let disk = worked(&steps(3), 1 << 30);
    let engine = open(&disk).unwrap();
    engine.close().unwrap();
    let frames = frames(&disk, FIRST);
    let last = frames.last().unwrap();
    for cut in [last.start, last.start + 7, last.end - 1] {
        let what = format!("cut at {cut}");
        let bad = edited(&disk, FIRST, |bytes| bytes.truncate(cut));
        let error = refusal(&bad, &what);
        assert_eq!(error.code(), "file_invalid", "{error}");
        assert!(
            error
                .to_string()
                .contains("lost records that had been synced"),
            "{error}"
        );
        finds(&bad, "snapshot_ahead", &what);
    }
}

#[test]
fn every_flipped_bit_of_the_identity_is_refused() {
    let disk = worked(&steps(1), 1 << 30);
    for bit in 0..disk.bytes("IDENTITY").unwrap().len() * 8 {
        let what = format!("IDENTITY, bit {bit}");
        let bad = edited(&disk, "IDENTITY", |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        let error = refusal(&bad, &what);
        assert!(
            matches!(error.code(), "file_invalid" | "format_unsupported"),
            "{what}: {error}"
        );
        assert!(error.to_string().starts_with("IDENTITY"), "{what}: {error}");
        finds(&bad, error.code(), &what);
    }
    let cut = edited(&disk, "IDENTITY", |bytes| bytes.truncate(20));
    assert_eq!(refusal(&cut, "cut").code(), "file_invalid");
    let gone = removed(&disk, "IDENTITY");
    assert_eq!(refusal(&gone, "gone").code(), "file_invalid");
    finds(&gone, "file_invalid", "gone");
}

/// The last three batches cut at every byte, and the rest of the file as a crash may leave it.
#[test]
fn a_torn_tail_gives_back_exactly_the_whole_frames() {
    let steps = commits(&steps(5));
    let marks = ledger(&steps);
    let disk = worked(&steps, 1 << 30);
    let whole = disk.bytes(FIRST).unwrap();
    let frames = frames(&disk, FIRST);
    let mut row = Row::begin(
        "D12",
        "the last 3 batches cut at each byte, then 4 fillings",
    );
    for cut in frames[frames.len() - 3].start..whole.len() {
        let left = whole.len() - cut;
        let noise = (0..left).map(|at| (at * 167 + cut * 31 + 89) as u8 | 1);
        let old = whole[FILE_HEAD_BYTES..].iter().copied();
        let fills: [Vec<u8>; 4] = [
            vec![],
            vec![0; left],
            noise.collect(),
            old.take(left).collect(),
        ];
        for (mode, fill) in ["nothing", "zeros", "noise", "old bytes"].iter().zip(fills) {
            let what = format!("cut at {cut}, then {mode}");
            let torn = edited(&disk, FIRST, |bytes| {
                bytes.truncate(cut);
                bytes.extend(&fill);
            });
            let bytes = torn.bytes(FIRST).unwrap();
            let cut_frame = frames.iter().find(|frame| frame.end > cut).unwrap().clone();
            let differ = bytes.get(cut_frame.clone()).map_or(u32::MAX, |bytes| {
                let pairs = bytes.iter().zip(&whole[cut_frame]);
                pairs.map(|(a, b)| (a ^ b).count_ones()).sum()
            });
            if differ <= 1 {
                // What differs in no bit is whole; in one bit, it is a flipped bit.
                continue;
            }
            row.trial(mode, 1);
            assert_eq!(checked(&torn, &what)["ok"], true, "{what}");
            let kept = frames.iter().filter(|frame| frame.end <= cut).count();
            let engine = open(&torn).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(mark(&engine), marks[kept], "{what}");
            let end = frames[kept].start;
            let tail = engine.opened().torn.clone();
            assert_eq!(
                tail.map(|t| (t.byte, t.bytes)),
                expected_tail(end, bytes.len()),
                "{what}"
            );
            for step in &steps[kept..] {
                take(&engine, *step).unwrap();
            }
            assert_eq!(mark(&engine), marks[steps.len()], "{what}: going on");
            drop(engine);
            assert_eq!(
                mark(&open(&torn).unwrap()),
                marks[steps.len()],
                "{what}: reopened"
            );
        }
    }
}

fn expected_tail(end: usize, size: usize) -> Option<(u64, u64)> {
    (size > end).then_some((end as u64, (size - end) as u64))
}

#[test]
fn right_bytes_in_the_wrong_place_are_found() {
    let disk = without_snapshots(&worked(&steps(6), 900));
    let bytes = disk.bytes(FIRST).unwrap();
    let other = FaultyDisk::default();
    let mut foreign = options(900);
    foreign.new_identity = [8; 16];
    let engine = Engine::open_disk(Arc::new(other.clone()), &foreign).unwrap();
    for step in steps(6) {
        take(&engine, step).unwrap();
    }
    let others = other.bytes(FIRST).unwrap();
    let all = frames(&disk, FIRST);
    let mut row = Row::begin(
        "D14",
        "each frame in place of each other, and files of others",
    );
    for one in 0..all.len() {
        for two in 0..all.len() {
            if one == two {
                continue;
            }
            let what = format!("frame {two} also stands where frame {one} was");
            let bad = edited(&disk, FIRST, |log| {
                log.splice(all[one].clone(), bytes[all[two].clone()].iter().copied());
            });
            assert_eq!(refusal(&bad, &what).code(), "log_corrupt", "{what}");
            finds(&bad, "log_corrupt", &what);
            row.trial("misplaced", 1);
        }
        let what = format!("frame {one} of another directory");
        let bad = edited(&disk, FIRST, |log| {
            log.splice(all[one].clone(), others[all[one].clone()].iter().copied());
        });
        assert_eq!(refusal(&bad, &what).code(), "log_corrupt", "{what}");
        let what = format!("frame {one} is gone");
        let bad = edited(&disk, FIRST, |log| drop(log.drain(all[one].clone())));
        assert_eq!(refusal(&bad, &what).code(), "log_corrupt", "{what}");
    }
    let logs: Vec<String> = disk
        .list()
        .unwrap()
        .into_iter()
        .filter(|name| name.starts_with("log/"))
        .collect();
    for pair in logs.windows(2) {
        let what = format!("{} has the bytes of {}", pair[0], pair[1]);
        let bytes = disk.bytes(&pair[1]).unwrap();
        let bad = edited(&disk, &pair[0], |log| *log = bytes);
        let code = refusal(&bad, &what).code();
        assert!(
            matches!(code, "log_corrupt" | "file_invalid"),
            "{what}: {code}"
        );
        let what = format!("{} is missing", pair[0]);
        let bad = removed(&disk, &pair[0]);
        assert_eq!(refusal(&bad, &what).code(), "file_invalid", "{what}");
    }
}

/// Writes a version and puts the checksum right, as a newer build would.
fn of_version(bytes: &mut [u8], at: usize, crc_at: usize, crc: impl Fn(&[u8]) -> u32) {
    bytes[at] += 1;
    let crc = crc(bytes);
    bytes[crc_at..crc_at + 4].copy_from_slice(&crc.to_le_bytes());
}

#[test]
fn a_newer_format_is_refused_in_one_line() {
    let disk = worked(&steps(3), 1 << 30);
    let frame = frames(&disk, FIRST).pop().unwrap();
    let newer_frame = edited(&disk, FIRST, |bytes| {
        let start = frame.start;
        of_version(bytes, start + 36, start + 4, |bytes| {
            let frame = &bytes[start..];
            let crc = crc32c::crc32c_append(crc32c::crc32c(&IDENTITY), &frame[..4]);
            crc32c::crc32c_append(crc, &frame[8..])
        });
    });
    let newer_file = edited(&disk, FIRST, |bytes| {
        of_version(bytes, 8, 36, |bytes| crc32c::crc32c(&bytes[..36]));
    });
    let newer_directory = edited(&disk, "IDENTITY", |bytes| {
        of_version(bytes, 8, 44, |bytes| crc32c::crc32c(&bytes[..44]));
    });
    let cases = [("frame", newer_frame, FIRST), ("file", newer_file, FIRST)];
    let cases = cases
        .into_iter()
        .chain([("directory", newer_directory, "IDENTITY")]);
    for (what, disk, file) in cases {
        let error = refusal(&disk, what);
        let text = format!(
            "{file} has format 2; this build reads up to 1. Upgrade smstrack, or restore an older copy."
        );
        assert_eq!(
            (error.code(), error.to_string()),
            ("format_unsupported", text),
            "{what}"
        );
        finds(&disk, "format_unsupported", what);
    }
}

#[test]
fn a_newer_snapshot_is_passed_over_for_the_log() {
    let steps = steps(3);
    let disk = worked(&steps, 1 << 30);
    let (_, name) = snapshot::names(&disk.list().unwrap()).swap_remove(0);
    let newer = edited(&disk, &name, |bytes| {
        of_version(bytes, 8, 44, |bytes| {
            crc32c::crc32c_append(crc32c::crc32c(&bytes[..44]), &bytes[48..])
        });
    });
    let engine = open(&newer).unwrap();
    assert_eq!(mark(&engine), last_mark(&steps));
    let warning = engine.opened().warnings.join("; ");
    assert!(
        warning.contains("has format 4; this build reads 3"),
        "{warning}"
    );
}

#[test]
fn one_engine_for_a_directory() {
    let path = std::env::temp_dir().join(format!("smstrack-lock-{}", std::process::id()));
    let first = Engine::open(&path, &options(1 << 30)).unwrap();
    let error = Engine::open(&path, &options(1 << 30)).unwrap_err();
    let text =
        "data directory is locked by another engine of this process. One engine per directory.";
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("already_open", text)
    );
    // As another process would have left it: the lock decides, the number names.
    fs::write(path.join("LOCK"), "4121").unwrap();
    let error = Engine::open(&path, &options(1 << 30)).unwrap_err();
    let text = "data directory is locked by process 4121. One engine per directory.";
    assert_eq!(error.to_string(), text);
    take(&first, Step::Campaign).unwrap();
    first.close().unwrap();
    drop(first);
    let second = Engine::open(&path, &options(1 << 30)).unwrap();
    assert_eq!(second.campaigns().unwrap(), ["spring"]);
    drop(second);
    fs::remove_dir_all(&path).unwrap();
}
