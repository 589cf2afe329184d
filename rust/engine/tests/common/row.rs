//! One line for the table of docs/reliability.md: which row was tried, how often, how many faults
//! really fired, and how it ended. Written when it is dropped, so that a failure is a line too.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::time::Instant;

/// A row under way.
pub struct Row {
    id: &'static str,
    what: &'static str,
    begun: Instant,
    trials: u64,
    fired: BTreeMap<String, u64>,
    note: String,
}

/// As many in the short tier, as many in the long one (`FAULT_TIER=T2`).
pub fn trials(short: u64, long: u64) -> u64 {
    match std::env::var("FAULT_TIER").as_deref() {
        Ok("T2") => long,
        _ => short,
    }
}

impl Row {
    #[expect(
        clippy::disallowed_methods,
        reason = "the engine is told the time; the table says how long a row took"
    )]
    pub fn begin(id: &'static str, what: &'static str) -> Self {
        Self {
            id,
            what,
            begun: Instant::now(),
            trials: 0,
            fired: BTreeMap::new(),
            note: String::new(),
        }
    }

    /// Counts a trial in which this fault fired so often.
    pub fn trial(&mut self, kind: &str, fired: u64) {
        self.trials += 1;
        self.fired(kind, fired);
    }

    pub fn trials(&mut self, count: u64) {
        self.trials += count;
    }

    pub fn fired(&mut self, kind: &str, count: u64) {
        *self.fired.entry(kind.to_owned()).or_default() += count;
    }

    pub fn note(&mut self, note: String) {
        self.note = note;
    }
}

impl Drop for Row {
    fn drop(&mut self) {
        let Ok(path) = std::env::var("FAULT_ROWS") else {
            return;
        };
        let failed = std::thread::panicking();
        let line = serde_json::json!({
            "row": self.id,
            "what": self.what,
            "trials": self.trials,
            "fired": self.fired,
            "result": if failed { "FAILED" } else { "held" },
            "seconds": self.begun.elapsed().as_secs_f64(),
            "note": self.note,
        });
        let file = OpenOptions::new().append(true).create(true).open(path);
        // One write, so that tests in several processes do not mix their lines.
        // What cannot be written is missing in the table, which says so.
        drop(file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes())));
    }
}
