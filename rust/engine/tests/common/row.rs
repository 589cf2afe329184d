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

/// Whether the long tier was asked for.
pub fn is_long() -> bool {
    std::env::var("FAULT_TIER").is_ok_and(|tier| tier == "T2")
}

/// As many in the short tier, as many in the long one; `FAULT_TRIALS` says otherwise.
pub fn trials(short: u64, long: u64) -> u64 {
    let asked = std::env::var("FAULT_TRIALS").ok();
    asked
        .and_then(|text| text.parse().ok())
        .unwrap_or(if is_long() { long } else { short })
}

impl Row {
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
        let written = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
        if !failed {
            written.unwrap();
        }
    }
}
