//! No input may keep a thread busy for long. What is measured is the time of the processor, so
//! that other work on the machine changes nothing.

use rustix::time::{ClockId, Timespec, clock_gettime};

/// The longest that one input may take, in milliseconds.
const MS_MAX: i64 = 100;

/// Does the work, and panics where it takes too long three times in a row: pages may be new to
/// the process, or the machine may have stood still.
pub fn bounded(work: impl Fn()) {
    let mut ms = 0;
    for _ in 0..3 {
        let began = now_ms();
        work();
        ms = now_ms() - began;
        if ms <= MS_MAX {
            return;
        }
    }
    panic!("{ms} ms for one input, and {MS_MAX} are the limit");
}

fn now_ms() -> i64 {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::ThreadCPUTime);
    tv_sec * 1_000 + tv_nsec / 1_000_000
}
