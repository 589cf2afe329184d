//! Threads at once on a real disk: commits, questions, snapshots beside, closing and opening
//! again, for as long as `THREADS_SECONDS` says. `make tsan` builds it with `ThreadSanitizer`.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is what it is for"
)]

#[path = "common/row.rs"]
mod row;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use row::{Row, trials};
use smstrack_engine::codec::CampaignRecord;
use smstrack_engine::decode::RequestView;
use smstrack_engine::engine::{Engine, Options, Scope};
use smstrack_engine::event::{Provider, Trust};

/// Some moment; tests have no clock.
const NOW_MS: i64 = 1_780_000_000_000;
const COMMITTERS: u64 = 3;
/// Commits of each thread between two openings.
const EACH: u64 = 60;

/// A directory that goes with it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn open(folder: &Folder) -> Arc<Engine> {
    let options = Options {
        new_identity: [7; 16],
        is_log_kept: false,
        log_file_bytes_max: Some(16 * 1024),
        ..Options::default()
    };
    Arc::new(Engine::open(&folder.0, &options).unwrap())
}

fn click(engine: &Engine, index: u64) {
    let contact = format!("+{}", 12_025_550_100 + index);
    let rows = [0, 1].map(|part| {
        format!(
            r#"{{"kind":"click","event_id":"{index}-{part}","contact":"{contact}","campaign":"c","blast":"b"}}"#
        )
    });
    let body = rows.join("\n");
    let request = RequestView {
        method: "POST",
        target: "/events",
        headers: &[("content-type", b"application/x-ndjson")],
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
    assert_eq!(batch.push(&scope, &request).accepted, 2);
    engine.commit(batch).unwrap();
    assert!(engine.contains("c.clicked", &contact).unwrap(), "{index}");
}

/// One life of the directory: all threads until the committers are done, then closed.
fn live(engine: &Arc<Engine>, first: u64, counted: &[AtomicU64; 2]) {
    let [asked, snapshots] = counted;
    let is_over = AtomicBool::new(false);
    let until_over = |count: &AtomicU64, work: &dyn Fn()| {
        while !is_over.load(Ordering::Acquire) {
            work();
            count.fetch_add(1, Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        let committers: Vec<_> = (0..COMMITTERS)
            .map(|thread| {
                let begin = first + thread * EACH;
                scope.spawn(move || (begin..begin + EACH).for_each(|index| click(engine, index)))
            })
            .collect();
        scope.spawn(|| {
            until_over(asked, &|| {
                let stats = engine.stats().unwrap();
                assert_eq!(stats["events"].as_u64().unwrap() % 2, 0, "half a batch");
                drop(engine.report("c").unwrap());
                drop(engine.ids("c.clicked").unwrap());
            });
        });
        scope.spawn(|| {
            until_over(snapshots, &|| {
                engine.snapshot().unwrap();
            });
        });
        for committer in committers {
            committer.join().unwrap();
        }
        is_over.store(true, Ordering::Release);
    });
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the engine is told the time; this asks how long it has run"
)]
fn threads_at_once_agree() {
    let seconds = std::env::var("THREADS_SECONDS").ok();
    let seconds = seconds.map_or(trials(2, 30), |seconds| seconds.parse().unwrap());
    let mut row = Row::begin(
        "D17",
        "threads at once on a real disk, opened again and again",
    );
    let folder =
        Folder(std::env::temp_dir().join(format!("smstrack-threads-{}", std::process::id())));
    let (begun, mut lives, mut clicks) = (Instant::now(), 0, 0);
    let counted = [AtomicU64::new(0), AtomicU64::new(0)];
    let mut digest = None;
    while lives == 0 || begun.elapsed() < Duration::from_secs(seconds) {
        let engine = open(&folder);
        if lives == 0 {
            let campaign = CampaignRecord {
                name: "c",
                ..CampaignRecord::default()
            };
            engine.campaign(&campaign, NOW_MS).unwrap();
            engine.blast("c", "b", None, None, &[], NOW_MS).unwrap();
        } else {
            assert_eq!(engine.digest().ok(), digest, "another state came back");
        }
        assert_eq!(engine.count("c.clicked").unwrap(), clicks);
        live(&engine, clicks, &counted);
        clicks += COMMITTERS * EACH;
        lives += 1;
        assert_eq!(engine.count("c.clicked").unwrap(), clicks);
        digest = engine.digest().ok();
        engine.close().unwrap();
        row.trial("openings", 1);
    }
    let [asked, snapshots] = counted.map(AtomicU64::into_inner);
    row.trials(clicks);
    row.fired("commits", clicks);
    row.note(format!(
        "{clicks} commits, {asked} questions, {snapshots} snapshots, {lives} openings"
    ));
}

/// What the sanitizer must report, or its silence says nothing. `make tsan` runs it first.
#[test]
#[ignore = "races on purpose, for a build with ThreadSanitizer"]
#[expect(unsafe_code, reason = "without it there is no race to plant")]
fn a_planted_race() {
    struct Shared(std::cell::UnsafeCell<u64>);
    // SAFETY: not sound at all; that is what the sanitizer is asked to find.
    unsafe impl Sync for Shared {}
    static SHARED: Shared = Shared(std::cell::UnsafeCell::new(0));
    // Both at once: the sanitizer may take a thread that ended for the one that began after it.
    let both = std::sync::Barrier::new(2);
    let add = || {
        both.wait();
        for _ in 0..1_000 {
            // SAFETY: as above; nothing but this figure is at stake.
            unsafe { *std::hint::black_box(SHARED.0.get()) += 1 };
        }
    };
    thread::scope(|scope| {
        scope.spawn(add);
        scope.spawn(add);
    });
}
