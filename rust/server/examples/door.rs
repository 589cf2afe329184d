//! Serves the ingest door in a plain loop, for measuring: `door ADDR [--sync FILE]`.
//!
//! Events are counted, not kept; with `--sync`, every commit writes one 4 KiB block to FILE
//! and waits for fdatasync, which is what a commit costs at least. Prints its own CPU time
//! per request every second. Not a server: no shutdown, no data directory.
#![expect(
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a measuring tool"
)]

use std::error::Error;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use smstrack_engine::engine::{Batch, Committed, Engine};
use smstrack_engine::error::{EngineError, StorageError};
use smstrack_server::{Door, Keeper, Options};
use std::os::fd::AsRawFd;

struct Measured {
    engine: Engine,
    file: Option<Mutex<File>>,
}

impl Measured {
    fn sync(&self) -> io::Result<()> {
        let Some(Ok(mut file)) = self.file.as_ref().map(Mutex::lock) else {
            return Ok(());
        };
        if file.stream_position()? > 64 << 20 {
            file.rewind()?;
        }
        file.write_all(&[7; 4096])?;
        file.sync_data()
    }
}

impl Keeper for Measured {
    type Batch = Batch;
    fn batch(&self, received_ms: i64) -> Batch {
        self.engine.batch(received_ms)
    }
    fn commit(&self, batch: Batch) -> Result<Committed, EngineError> {
        self.sync().map_err(|error| StorageError::Io {
            what: "fdatasync".to_owned(),
            reason: error.to_string(),
        })?;
        self.engine.commit(batch)
    }
}

/// User and system time of this process, in milliseconds.
fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|field| field.parse::<u64>().ok())
        .sum::<u64>()
        * 10
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let addr = args
        .next()
        .ok_or("usage: door ADDR [--sync FILE]")?
        .parse()?;
    let file = match (args.next().as_deref(), args.next()) {
        (Some("--sync"), Some(path)) => Some(Mutex::new(File::create(path)?)),
        _ => None,
    };
    let mut door = Door::bind(
        Measured {
            engine: Engine::default(),
            file,
        },
        addr,
        Options::default(),
    )?;
    let mut poll = Poll::new()?;
    let fd = door.as_raw_fd();
    poll.registry()
        .register(&mut SourceFd(&fd), Token(0), Interest::READABLE)?;
    let mut events = Events::with_capacity(4);
    let (mut last, mut seen, mut spent) = (Instant::now(), 0, cpu_ms());
    let mut wait = None;
    loop {
        let second = Duration::from_secs(1);
        poll.poll(
            &mut events,
            Some(wait.map_or(second, Duration::from_millis).min(second)),
        )?;
        let wall = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let wall_ms = i64::try_from(wall.as_millis())?;
        // The outer poll is edge-triggered too: go on until the door has nothing left.
        let mut turn = door.pump(wall_ms);
        while turn.replies_waiting > 0 {
            turn = door.finish(&vec![0; turn.replies_waiting], wall_ms)?;
        }
        wait = turn.next_timer_ms;
        if last.elapsed() >= second {
            let (stats, cpu) = (door.stats(), cpu_ms());
            let requests = stats.requests - seen;
            if let Some(each) = ((cpu - spent) * 1_000_000).checked_div(requests) {
                let commits = stats.commits;
                eprintln!("{requests} requests, {each} ns CPU each, {commits} commits so far");
            }
            (last, seen, spent) = (Instant::now(), stats.requests, cpu);
        }
    }
}
