//! When each request should go out, and the one clock.

use std::time::{Duration, Instant};

const SECOND_NS: u128 = 1_000_000_000;

/// Nanoseconds since the run began. The only reader of the machine's clock here.
pub struct Clock {
    began: Instant,
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "a load generator measures time; only here"
    )]
    pub fn start() -> Self {
        Self {
            began: Instant::now(),
        }
    }

    pub fn now_ns(&self) -> u64 {
        duration_ns(self.began.elapsed())
    }
}

/// A duration in nanoseconds; the end of time if it is longer than 584 years.
pub fn duration_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Which request is next and when it should go out. Holds no clock: it is told the time.
pub struct Pace {
    /// Requests a second; `None` sends whenever a connection is free (closed loop).
    rate: Option<u64>,
    /// Requests issued so far.
    issued: u64,
    /// Requests to issue at most.
    count_max: u64,
    /// From here on a closed loop issues nothing more. An open loop ends by its count.
    issue_until_ns: u64,
    /// When the next one should go out.
    next_ns: u64,
}

impl Pace {
    /// A closed loop: as many as the connections take, until either bound.
    pub fn closed(count_max: u64, issue_until_ns: u64) -> Self {
        Self {
            rate: None,
            issued: 0,
            count_max,
            issue_until_ns,
            next_ns: 0,
        }
    }

    /// An open loop: request n should go out at n / rate seconds, whatever the server does.
    pub fn open(rate: u64, count_max: u64, issue_until_ns: u64) -> Self {
        let scheduled = u128::from(rate) * u128::from(issue_until_ns) / SECOND_NS;
        let count_max = count_max.min(u64::try_from(scheduled).unwrap_or(u64::MAX));
        Self {
            rate: Some(rate),
            issued: 0,
            count_max,
            issue_until_ns,
            next_ns: 0,
        }
    }

    pub fn is_open_loop(&self) -> bool {
        self.rate.is_some()
    }

    /// Takes the next request if it is due: its number from 0 and when it should have gone out.
    pub fn take(&mut self, now_ns: u64) -> Option<(u64, u64)> {
        if self.is_exhausted(now_ns) || self.next_ns > now_ns {
            return None;
        }
        let number = self.issued;
        let intended_ns = if self.rate.is_some() {
            self.next_ns
        } else {
            now_ns
        };
        self.issued += 1;
        self.next_ns = self.intended_ns(self.issued);
        Some((number, intended_ns))
    }

    /// Whether nothing more will ever be due.
    pub fn is_exhausted(&self, now_ns: u64) -> bool {
        self.issued >= self.count_max || (self.rate.is_none() && now_ns >= self.issue_until_ns)
    }

    /// Nanoseconds until a request is due; `None` if none will be or a closed loop decides.
    pub fn wait_ns(&self, now_ns: u64) -> Option<u64> {
        let pending = self.rate.is_some() && self.issued < self.count_max;
        pending.then(|| self.next_ns.saturating_sub(now_ns))
    }

    /// When the requests of an open loop that were never issued should have gone out.
    pub fn overdue_ns(&self, now_ns: u64) -> impl Iterator<Item = u64> + '_ {
        let last = if self.rate.is_some() {
            self.count_max
        } else {
            self.issued
        };
        (self.issued..last)
            .map(|n| self.intended_ns(n))
            .take_while(move |at| *at <= now_ns)
    }

    fn intended_ns(&self, number: u64) -> u64 {
        self.rate.map_or(0, |rate| {
            let at = u128::from(number) * SECOND_NS / u128::from(rate.max(1));
            u64::try_from(at).unwrap_or(u64::MAX)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn an_open_loop_keeps_its_times_when_nobody_asked_for_a_while() {
        let mut pace = Pace::open(1_000, u64::MAX, 10_000 * MS);
        assert_eq!(pace.take(0), Some((0, 0)));
        assert_eq!(pace.take(0), None);
        assert_eq!(pace.wait_ns(0), Some(MS));
        // The server stood still for five milliseconds: all five are due, stamped as intended.
        let late: Vec<_> = std::iter::from_fn(|| pace.take(5 * MS)).collect();
        assert_eq!(late, (1..=5).map(|n| (n, n * MS)).collect::<Vec<_>>());
    }

    #[test]
    fn an_open_loop_ends_by_its_schedule_not_by_the_clock() {
        let mut pace = Pace::open(100, u64::MAX, 50 * MS);
        let all: Vec<_> = std::iter::from_fn(|| pace.take(60_000 * MS)).collect();
        assert_eq!(all.len(), 5);
        assert!(pace.is_exhausted(0));
        assert_eq!(pace.wait_ns(0), None);
    }

    #[test]
    fn what_was_never_issued_is_known_with_its_time() {
        let mut pace = Pace::open(1_000, 10, 1_000 * MS);
        assert!(pace.take(0).is_some());
        assert_eq!(
            pace.overdue_ns(4 * MS).collect::<Vec<_>>(),
            [MS, 2 * MS, 3 * MS, 4 * MS]
        );
        assert_eq!(pace.overdue_ns(100 * MS).count(), 9);
    }

    #[test]
    fn a_closed_loop_ends_by_count_and_by_time() {
        let mut by_count = Pace::closed(2, 1_000 * MS);
        assert_eq!(by_count.take(7), Some((0, 7)));
        assert_eq!(by_count.take(9), Some((1, 9)));
        assert_eq!(by_count.take(9), None);
        let mut by_time = Pace::closed(u64::MAX, 10);
        assert!(by_time.take(9).is_some());
        assert!(by_time.take(10).is_none());
        assert_eq!(by_time.overdue_ns(u64::MAX).count(), 0);
    }
}
