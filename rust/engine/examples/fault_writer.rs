//! A process to be killed, frozen and lied to: `fault_writer DIR COUNT` commits one click after
//! another and says `ACK n` on standard output once it is kept, `NO n CODE` otherwise; with a third
//! argument, `wait`, it waits after the first `NO` for a line on standard input.
//! `fault_writer DIR check` says what is there. See docs/reliability.md.
#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a program for tests: what it says is read by them"
)]

use std::path::Path;
use std::process::ExitCode;

use smstrack_engine::check::check;
use smstrack_engine::codec::CampaignRecord;
use smstrack_engine::decode::RequestView;
use smstrack_engine::engine::{Engine, Options, Scope};
use smstrack_engine::error::EngineError;
use smstrack_engine::event::{Provider, Trust};
use smstrack_engine::log::disk::RealDisk;

const NOW_MS: i64 = 1_780_000_000_000;
/// Rotates about every thirty events.
const LOG_FILE_BYTES_MAX: u64 = 6_000;
const SNAPSHOT_EVERY: u64 = 70;
/// Tries after a refusal: none of them may be kept.
const TRIES_AFTER_NO: u64 = 3;

fn options() -> Options {
    Options {
        new_identity: [7; 16],
        log_file_bytes_max: Some(LOG_FILE_BYTES_MAX),
        ..Options::default()
    }
}

fn click(engine: &Engine, index: u64) -> Result<(), EngineError> {
    let number = 12_025_550_100 + index;
    let body = format!(
        r#"{{"kind":"click","event_id":"c{index}","contact":"+{number}","campaign":"spring","blast":"b1"}}"#
    );
    let request = RequestView {
        method: "POST",
        target: "/events",
        headers: &[("content-type", b"application/json")],
        body: body.as_bytes(),
    };
    let scope = Scope {
        provider: Provider::Canonical,
        account: "",
        campaign: None,
        blast: None,
        template: None,
        profile: None,
        trust: Trust::Verified,
    };
    let mut batch = engine.batch(NOW_MS);
    batch.push(&scope, &request);
    engine.commit(batch).map(|_| ())
}

fn write(path: &Path, count: u64, is_waiting: bool) -> Result<(), EngineError> {
    let engine = Engine::open(path, &options())?;
    let record = CampaignRecord {
        name: "spring",
        ..CampaignRecord::default()
    };
    engine.campaign(&record, NOW_MS)?;
    engine.blast("spring", "b1", None, None, &[], NOW_MS)?;
    let first = engine.report("spring")?["clicks"].as_u64().unwrap();
    let mut refused = 0;
    for index in first..first + count {
        match click(&engine, index) {
            Ok(()) => println!("ACK {index}"),
            Err(error) => {
                println!("NO {index} {}", error.code());
                refused += 1;
                if is_waiting && refused == 1 {
                    std::io::stdin().read_line(&mut String::new()).unwrap();
                }
                if refused > TRIES_AFTER_NO {
                    break;
                }
            }
        }
        if index % SNAPSHOT_EVERY == SNAPSHOT_EVERY - 1 && refused == 0 {
            drop(engine.snapshot());
        }
    }
    engine.close()
}

/// The set, the counter, and the state from the log alone, from the snapshot, and once more.
fn told(path: &Path) -> Result<(), EngineError> {
    let first = Engine::open(path, &options())?;
    let digest = first.digest()?;
    for warning in &first.opened().warnings {
        eprintln!("warning: {warning}");
    }
    drop(first);
    let found = check(&RealDisk::read_only(path));
    let engine = Engine::open(path, &options())?;
    let clicks = match engine.report("spring") {
        Ok(report) => report["clicks"].as_u64().unwrap(),
        Err(_) => 0,
    };
    let numbers = match engine.numbers("spring.clicked", None, 100_000, false) {
        Ok(page) => page.text,
        Err(_) => String::new(),
    };
    let is_same = digest == engine.digest()?
        && found["digest"].as_str() == Some(format!("{digest:016x}").as_str());
    println!("OK {} {} {clicks}", found["ok"], is_same);
    for problem in found["problems"].as_array().into_iter().flatten() {
        eprintln!("{}", problem["text"].as_str().unwrap_or_default());
    }
    print!("{numbers}");
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = Path::new(arguments.first().map_or("", String::as_str));
    let is_waiting = arguments.get(2).is_some_and(|word| word == "wait");
    let done = match arguments.get(1).and_then(|count| count.parse().ok()) {
        Some(count) => write(path, count, is_waiting),
        None => told(path),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
