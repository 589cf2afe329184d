//! Deadlines of connections, earliest first. Knows tokens and milliseconds, nothing of why.
//!
//! Setting a later deadline costs nothing here: the owner keeps the true one, and an entry
//! that comes up early is put back. Only an earlier deadline needs an entry of its own.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Entries `(at_ms, token)`, stale ones among them.
#[derive(Debug, Default)]
pub struct Timers(BinaryHeap<Reverse<(u64, usize)>>);

impl Timers {
    /// Adds an entry.
    pub fn set(&mut self, at_ms: u64, token: usize) {
        self.0.push(Reverse((at_ms, token)));
    }

    /// Takes an entry whose time has come.
    pub fn take_due(&mut self, now_ms: u64) -> Option<(u64, usize)> {
        self.next_ms().filter(|at_ms| *at_ms <= now_ms)?;
        self.0.pop().map(|Reverse(entry)| entry)
    }

    /// When the earliest entry comes up.
    pub fn next_ms(&self) -> Option<u64> {
        self.0.peek().map(|Reverse((at_ms, _))| *at_ms)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
