//! How long a directory takes to open, to replay and to be copied into a snapshot, and how long
//! ingest stands still meanwhile. `cargo run --release --example snapshot_speed -- make DIR
//! CONTACTS BLASTS MESSAGES`, then `open DIR`, `replay DIR`, `gap DIR`. Every message has a
//! receipt. Figures are printed in pairs: the work, and what it is held against.
#![expect(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a tool for the workshop"
)]

use std::fmt::Write;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{Advice, fadvise};
use rustix::time::{ClockId, clock_gettime};
use smstrack_engine::codec::CampaignRecord;
use smstrack_engine::decode::RequestView;
use smstrack_engine::engine::{Engine, Options, Scope, lock_path};
use smstrack_engine::event::{Provider, Trust};
use smstrack_engine::log::disk::{Disk, DiskFile, RealDisk};
use smstrack_engine::snapshot::manifest;

const NOW_MS: i64 = 1_781_132_700_000;
const FIRST: u64 = 12_000_000_000;
const PAIRS: usize = 5;

fn now_ms() -> f64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6
}

/// What this thread has used of a core: other programs on the machine do not count.
fn cpu_ms() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6
}

/// A directory without its snapshots.
#[derive(Debug)]
struct LogOnly(RealDisk);

impl Disk for LogOnly {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = self.0.list()?;
        names.retain(|name| !name.starts_with("snapshots/"));
        Ok(names)
    }
    fn size(&self, name: &str) -> io::Result<u64> {
        self.0.size(name)
    }
    fn read(&self, name: &str, offset: u64, count: usize) -> io::Result<Vec<u8>> {
        self.0.read(name, offset, count)
    }
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.0.create(name)
    }
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.0.open(name)
    }
    fn truncate(&self, name: &str, bytes: u64) -> io::Result<()> {
        self.0.truncate(name, bytes)
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.remove(name)
    }
    fn sync_dir(&self, name: &str) -> io::Result<()> {
        self.0.sync_dir(name)
    }
    fn settle(&self, name: &str) -> io::Result<()> {
        self.0.settle(name)
    }
}

/// Receipts for these messages, in one batch.
fn receipts(engine: &Engine, messages: impl Iterator<Item = u64>, state: &str) {
    let mut body = String::new();
    for message in messages {
        writeln!(
            body,
            r#"{{"kind":"receipt","provider":"twilio","message_id":"SM{message:016x}","state":"{state}"}}"#
        )
        .unwrap();
    }
    let scope = Scope {
        provider: Provider::Canonical,
        account: "",
        campaign: None,
        blast: None,
        template: None,
        profile: None,
        trust: Trust::Verified,
    };
    let request = RequestView {
        method: "POST",
        target: "/events",
        headers: &[("content-type", b"application/json")],
        body: body.as_bytes(),
    };
    let mut batch = engine.batch(NOW_MS + 1_000);
    assert!(batch.push(&scope, &request).rejects.is_empty());
    engine.commit(batch).unwrap();
}

fn make(path: &Path, contacts: u64, blasts: u64, messages: u64) {
    let options = Options {
        is_durable: false,
        new_identity: [7; 16],
        ..Options::default()
    };
    let engine = Engine::open(path, &options).unwrap();
    let campaign = CampaignRecord {
        name: "c",
        ..CampaignRecord::default()
    };
    engine.campaign(&campaign, NOW_MS).unwrap();
    let each = messages / blasts;
    for blast in 0..blasts {
        let name = format!("b{blast}");
        let at_ms = NOW_MS + i64::try_from(blast).unwrap();
        engine
            .blast("c", &name, Some("+14155550183"), Some(at_ms), &[], NOW_MS)
            .unwrap();
        let all = blast * each..(blast + 1) * each;
        let mut lines = String::new();
        for message in all.clone() {
            writeln!(lines, "+{}", FIRST + message % contacts).unwrap();
        }
        engine
            .audience("c", &name, lines.as_bytes(), NOW_MS)
            .unwrap();
        let rows: Vec<(String, String)> = all
            .clone()
            .map(|message| {
                let number = format!("+{}", FIRST + message % contacts);
                (number, format!("SM{message:016x}"))
            })
            .collect();
        let rows: Vec<_> = rows.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        engine
            .sent("c", &name, Provider::Twilio, "", &rows, NOW_MS)
            .unwrap();
        for first in all.clone().step_by(20_000) {
            let last = (first + 20_000).min(all.end);
            receipts(&engine, first..last, "delivered");
        }
    }
    println!("made: {}", engine.stats().unwrap());
    let began = now_ms();
    engine.close().unwrap();
    println!("close, with its snapshot: {:.0} ms", now_ms() - began);
}

/// Reads these files as `cat` would; how many bytes.
fn cat(path: &Path, names: &[String]) -> u64 {
    let mut buffer = vec![0; 128 * 1024];
    let mut bytes = 0;
    for name in names {
        let mut file = std::fs::File::open(path.join(name)).unwrap();
        loop {
            let count = file.read(&mut buffer).unwrap();
            if count == 0 {
                break;
            }
            bytes += count as u64;
        }
    }
    bytes
}

fn named(path: &Path, begin: &str) -> Vec<String> {
    let names = RealDisk::read_only(path).list().unwrap();
    names
        .into_iter()
        .filter(|name| name.starts_with(begin))
        .collect()
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

fn open(path: &Path) {
    // What opening reads: a snapshot, and the newest log file to its end.
    let snapshots = named(path, "snapshots/");
    let newest = snapshots.iter().filter(|name| name.contains(".snap")).max();
    let identity = RealDisk::read_only(path).read("IDENTITY", 12, 16).unwrap();
    let identity = identity.try_into().unwrap();
    let disk = RealDisk::read_only(path);
    let manifest = manifest(&disk, &identity, newest.unwrap()).unwrap();
    let mut names: Vec<String> = manifest.part_names().collect();
    names.extend(named(path, "log/").into_iter().max());
    for is_cold in [true, false] {
        pairs(path, &names, is_cold);
    }
}

/// Opening and `cat` in turn. Cold: the files are read from the device, as after a reboot.
fn pairs(path: &Path, names: &[String], is_cold: bool) {
    let ready = || {
        if is_cold {
            forget(path, names);
        }
        (now_ms(), cpu_ms())
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for pair in 0..PAIRS {
        let began = ready();
        let bytes = cat(path, names);
        theirs.push((now_ms() - began.0, cpu_ms() - began.1));
        let began = ready();
        let engine = Engine::open(path, &Options::default()).unwrap();
        ours.push((now_ms() - began.0, cpu_ms() - began.1));
        assert!(engine.opened().snapshot_position > 0 && engine.opened().replayed_records == 0);
        if pair == 0 && is_cold {
            println!("{bytes} bytes, {}", engine.stats().unwrap());
        }
    }
    let cache = if is_cold { "cold" } else { "cached" };
    let print = |what: &str, pick: fn(&(f64, f64)) -> f64| {
        let of = |all: &[(f64, f64)]| median(all.iter().map(pick).collect());
        let (ours, theirs) = (of(&ours), of(&theirs));
        let ratio = ours / theirs;
        println!("{cache}, {what}: open {ours:.0} ms, cat {theirs:.1} ms: {ratio:.1}x");
    };
    print("wall", |times| times.0);
    print("processor of this thread", |times| times.1);
}

/// Has the system drop what it keeps of these files in memory.
fn forget(path: &Path, names: &[String]) {
    for name in names {
        let file = std::fs::File::open(path.join(name)).unwrap();
        file.sync_all().unwrap();
        fadvise(&file, 0, None, Advice::DontNeed).unwrap();
    }
}

fn replay(path: &Path) {
    for _ in 0..2 {
        let disk = LogOnly(lock_path(path, false).unwrap());
        let began = (now_ms(), cpu_ms());
        let engine = Engine::open_disk(Arc::new(disk), &Options::default()).unwrap();
        let took = [now_ms() - began.0, cpu_ms() - began.1];
        let records = engine.opened().replayed_records;
        for (what, took) in ["wall", "processor"].iter().zip(took) {
            let each = records as f64 / took / 1e3;
            println!("{what}: {records} records in {took:.0} ms: {each:.2} M/s");
        }
    }
}

/// Commits small durable batches until told to stop; how long each took, longest first.
fn ingest(engine: &Engine, first: u64, stop: &AtomicBool) -> Vec<f64> {
    let mut took = Vec::new();
    let mut message = first;
    while !stop.load(Ordering::Relaxed) {
        let began = now_ms();
        receipts(engine, message..message + 100, "read");
        message += 100;
        took.push(now_ms() - began);
    }
    took.sort_by(|one, two| two.total_cmp(one));
    took
}

fn gap(path: &Path) {
    let engine = Engine::open(path, &Options::default()).unwrap();
    let print = |what: &str, took: &[f64]| {
        let p99 = took.get(took.len() / 100).copied().unwrap_or_default();
        let longest: Vec<String> = took.iter().take(5).map(|ms| format!("{ms:.1}")).collect();
        println!(
            "{what}: {} commits of 100, longest {} ms, 99 % within {p99:.1} ms",
            took.len(),
            longest.join(" ")
        );
    };
    for round in 0..3_u64 {
        for with in [false, true] {
            let stop = AtomicBool::new(false);
            let first = (2 * round + u64::from(with)) * 1_000_000;
            std::thread::scope(|scope| {
                let ingest = scope.spawn(|| ingest(&engine, first, &stop));
                let began = now_ms();
                if with {
                    engine.snapshot().unwrap();
                } else {
                    std::thread::sleep(std::time::Duration::from_secs(10));
                }
                let took = now_ms() - began;
                stop.store(true, Ordering::Relaxed);
                let word = if with { "with" } else { "without" };
                print(
                    &format!("{word} a snapshot ({took:.0} ms)"),
                    &ingest.join().unwrap(),
                );
            });
        }
    }
    engine.close().unwrap();
    println!(
        "{} bytes in snapshots",
        cat(path, &named(path, "snapshots/"))
    );
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let figure = |at: usize| args.get(at).map_or(0, |text| text.parse().unwrap());
    let path = Path::new(args.get(1).map_or("", String::as_str));
    match args.first().map(String::as_str) {
        Some("make") => make(path, figure(2), figure(3), figure(4)),
        Some("open") => open(path),
        Some("replay") => replay(path),
        Some("gap") => gap(path),
        _ => println!("make DIR CONTACTS BLASTS MESSAGES | open DIR | replay DIR | gap DIR"),
    }
}
