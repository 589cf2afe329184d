//! What a connection is waited for, and until when. Pure; is told the time.

use crate::limits::{BODY_WINDOW_BYTES_MIN, EVICTION_FRESH_MS_MIN, LINGER_MS_MAX};
use crate::options::Options;

/// What a connection is waited for; each has its own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The next request.
    Idle,
    /// The rest of a head, or the first request.
    Head,
    /// The rest of a body.
    Body,
    /// That our answers are taken.
    Write,
    /// That the other side reads the last answer and closes.
    Linger,
}

/// A wait and its end. The same wait for the same request keeps the end it had.
#[derive(Debug)]
pub struct Deadline {
    wait: Wait,
    request: u64,
    received: u64,
    at_ms: u64,
}

impl Deadline {
    /// For a connection that was just accepted.
    pub const fn new(now_ms: u64, options: &Options) -> Self {
        Self {
            wait: Wait::Head,
            request: 0,
            received: 0,
            at_ms: now_ms.saturating_add(options.head_ms_max),
        }
    }

    /// What for.
    pub const fn wait(&self) -> Wait {
        self.wait
    }

    /// Until when.
    pub const fn at_ms(&self) -> u64 {
        self.at_ms
    }

    /// Since when a connection that waits like this, for nothing that has begun, could be closed.
    pub const fn dispensable_since(&self, options: &Options) -> u64 {
        let (wait_ms, spared_ms) = match self.wait {
            Wait::Idle => (options.idle_ms_max, 0),
            _ => (options.head_ms_max, EVICTION_FRESH_MS_MIN),
        };
        let since = self.at_ms.saturating_sub(wait_ms);
        since.saturating_add(spared_ms)
    }

    /// No later than this.
    pub fn hurry(&mut self, at_ms: u64) {
        self.at_ms = self.at_ms.min(at_ms);
    }

    /// Waits for something within request number `request`, `received` bytes having come.
    pub fn set(&mut self, wait: Wait, request: u64, received: u64, now_ms: u64, options: &Options) {
        if self.wait == wait && self.request == request {
            return;
        }
        let ms_max = match wait {
            Wait::Idle => options.idle_ms_max,
            Wait::Head => options.head_ms_max,
            Wait::Body => options.body_window_ms,
            Wait::Write => options.unread_ms_max,
            Wait::Linger => LINGER_MS_MAX,
        };
        *self = Self {
            wait,
            request,
            received,
            at_ms: now_ms.saturating_add(ms_max),
        };
    }

    /// Its end has come; whether enough of a body has come to wait for another window.
    pub const fn renew(&mut self, received: u64, now_ms: u64, options: &Options) -> bool {
        if received - self.received < BODY_WINDOW_BYTES_MIN {
            return false;
        }
        self.received = received;
        self.at_ms = now_ms.saturating_add(options.body_window_ms);
        true
    }
}
