//! Serves the ingest door in a plain loop, for measuring: `door ADDR [--sync FILE | --data DIR]`.
//!
//! With `--data`, the whole engine keeps them. Otherwise
//! events are decoded and counted, not kept; with `--sync`, every commit writes one 4 KiB block to FILE
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
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use smstrack_engine::decode::{Reject, RequestView, Sink, decode};
use smstrack_engine::engine::{self, Committed, Engine, Pushed, Scope};
use smstrack_engine::error::{EngineError, InputError, StorageError};
use smstrack_engine::event::{Event, Kind};
use smstrack_server::{Door, Gather, Keeper, Options};
use std::os::fd::AsRawFd;

struct Measured(Option<Mutex<File>>);

/// Decodes as the engine does, and counts.
struct Counted {
    pushed: Pushed,
    texts: Vec<String>,
}

impl Sink for Counted {
    fn event(&mut self, _row: u32, event: Event<'_>) {
        self.pushed.accepted += 1;
        if event.kind == Kind::Reply {
            self.pushed.replies += 1;
            self.texts.push(event.text.unwrap_or_default().into_owned());
        }
    }
    fn reject(&mut self, reject: Reject) {
        self.pushed.rejects.push(reject);
    }
    fn withdraw(&mut self) {
        let kept = self.texts.len() - self.pushed.replies as usize;
        self.texts.truncate(kept);
        self.pushed = Pushed::default();
    }
}

impl Gather for Counted {
    fn push(&mut self, scope: &Scope<'_>, request: &RequestView<'_>) -> Pushed {
        self.pushed = Pushed::default();
        let error = decode(scope.provider, request, scope.template, self).err();
        Pushed {
            error,
            ..self.pushed.clone()
        }
    }
    fn reply_texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(String::as_str)
    }
    fn set_labels(&mut self, _labels: &[u16]) -> Result<(), InputError> {
        Ok(())
    }
}

impl Measured {
    fn sync(&self) -> io::Result<()> {
        let Some(Ok(mut file)) = self.0.as_ref().map(Mutex::lock) else {
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
    type Batch = Counted;
    fn batch(&self, _received_ms: i64) -> Counted {
        let pushed = Pushed {
            accepted: 0,
            replies: 0,
            rejects: Vec::new(),
            error: None,
        };
        Counted {
            pushed,
            texts: Vec::new(),
        }
    }
    fn commit(&self, _batch: Counted) -> Result<Committed, EngineError> {
        self.sync().map_err(|error| StorageError::Io {
            what: "fdatasync".to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Committed::default())
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
        .ok_or("usage: door ADDR [--sync FILE | --data DIR]")?
        .parse()?;
    match (args.next().as_deref(), args.next()) {
        (Some("--sync"), Some(path)) => {
            let file = Some(Mutex::new(File::create(path)?));
            serve(Door::bind(Measured(file), addr, Options::default())?)
        }
        (Some("--data"), Some(path)) => {
            let engine = Engine::open(Path::new(&path), &engine::Options::default())?;
            serve(Door::bind(Arc::new(engine), addr, Options::default())?)
        }
        _ => serve(Door::bind(Measured(None), addr, Options::default())?),
    }
}

fn serve<K: Keeper>(mut door: Door<K>) -> Result<(), Box<dyn Error>> {
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
