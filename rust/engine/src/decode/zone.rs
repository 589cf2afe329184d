//! Wall clocks -> UTC for the few zones that gateways write their times in: fixed offsets, and
//! the two families of summer time that have rules simple enough to need no database.
//!
//! Rules are those in force since 1996 (Europe) and 2007 (America). An hour that the clocks
//! repeat is read as its first; one that they skip as if they had not been moved yet.

use super::time::{civil_year, parse_text, sunday_in_month};

const SECOND_US: i64 = 1_000_000;
const HOUR_S: i64 = 3_600;

/// When a zone's clocks are moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Summer {
    /// Never.
    None,
    /// Last Sunday of March to last Sunday of October, both at 01:00 UTC.
    Europe,
    /// Second Sunday of March to first Sunday of November, at 02:00 of the wall clock.
    America,
}

/// A zone whose wall clock can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Seconds east of UTC in winter.
    offset_s: i64,
    summer: Summer,
}

const fn europe(hours: i64) -> Clock {
    Clock {
        offset_s: hours * HOUR_S,
        summer: Summer::Europe,
    }
}

const fn america(hours: i64) -> Clock {
    Clock {
        offset_s: hours * HOUR_S,
        summer: Summer::America,
    }
}

/// The clock of MMG's and Firetext's times.
pub(super) const LONDON: Clock = europe(0);

/// Names of zones that are known beside fixed offsets.
static NAMES: &[(&str, Clock)] = &[
    ("Europe/London", LONDON),
    ("Europe/Dublin", europe(0)),
    ("Europe/Lisbon", europe(0)),
    ("Europe/Amsterdam", europe(1)),
    ("Europe/Berlin", europe(1)),
    ("Europe/Brussels", europe(1)),
    ("Europe/Budapest", europe(1)),
    ("Europe/Copenhagen", europe(1)),
    ("Europe/Madrid", europe(1)),
    ("Europe/Oslo", europe(1)),
    ("Europe/Paris", europe(1)),
    ("Europe/Prague", europe(1)),
    ("Europe/Rome", europe(1)),
    ("Europe/Stockholm", europe(1)),
    ("Europe/Vienna", europe(1)),
    ("Europe/Warsaw", europe(1)),
    ("Europe/Zurich", europe(1)),
    ("Europe/Athens", europe(2)),
    ("Europe/Bucharest", europe(2)),
    ("Europe/Helsinki", europe(2)),
    ("Europe/Kyiv", europe(2)),
    ("Europe/Riga", europe(2)),
    ("Europe/Sofia", europe(2)),
    ("Europe/Tallinn", europe(2)),
    ("Europe/Vilnius", europe(2)),
    ("America/New_York", america(-5)),
    ("America/Chicago", america(-6)),
    ("America/Denver", america(-7)),
    ("America/Los_Angeles", america(-8)),
];

impl Clock {
    /// UTC itself.
    pub const UTC: Self = Self {
        offset_s: 0,
        summer: Summer::None,
    };

    /// The zone with this name, or with this offset (`+05:30`).
    pub fn named(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("utc") {
            return Some(Self::UTC);
        }
        let known = NAMES.iter().find(|(known, _)| *known == name);
        known.map(|(_, clock)| *clock).or_else(|| offset(name))
    }

    /// Every name that [`Self::named`] knows beside `utc` and offsets.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// Microseconds since 1970-01-01 UTC of a time on this wall clock, given as if it were UTC.
    pub(super) fn to_utc(self, wall_us: i64) -> i64 {
        let is_summer = match self.summer {
            Summer::None => false,
            Summer::Europe => {
                let change_s = HOUR_S + self.offset_s;
                is_between(
                    wall_us,
                    (3, LAST, change_s + HOUR_S),
                    (10, LAST, change_s + HOUR_S),
                )
            }
            Summer::America => is_between(wall_us, (3, 2, 3 * HOUR_S), (11, 1, 2 * HOUR_S)),
        };
        let offset_s = self.offset_s + if is_summer { HOUR_S } else { 0 };
        wall_us - offset_s * SECOND_US
    }

    /// Reads a time in the usual form; an offset it names wins over this clock.
    pub(super) fn read(self, text: &str) -> Option<i64> {
        let read = parse_text(text.as_bytes())?;
        Some(if read.is_zoned {
            read.us
        } else {
            self.to_utc(read.us)
        })
    }
}

/// The last Sunday of a month, where others are counted from 1.
const LAST: i64 = 0;

/// Whether a wall time is in the summer of its year, each end given as month, which Sunday, and
/// second of that day.
fn is_between(wall_us: i64, from: (i64, i64, i64), until: (i64, i64, i64)) -> bool {
    let year = civil_year(wall_us);
    let edge = |(month, nth, second): (i64, i64, i64)| {
        (sunday_in_month(year, month, nth) * 86_400 + second) * SECOND_US
    };
    (edge(from)..edge(until)).contains(&wall_us)
}

/// `+05:30`, `-0800`, `+01`.
fn offset(text: &str) -> Option<Clock> {
    let with_time = format!("2000-01-01T00:00:00{text}");
    let read = parse_text(with_time.as_bytes()).filter(|read| read.is_zoned)?;
    let midnight_us = 946_684_800 * SECOND_US;
    let is_signed = text.starts_with(['+', '-']);
    is_signed.then_some(Clock {
        offset_s: (midnight_us - read.us) / SECOND_US,
        summer: Summer::None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::time::write_text;

    fn utc(clock: &str, text: &str) -> String {
        let mut out = Vec::new();
        assert!(write_text(
            Clock::named(clock).unwrap().read(text).unwrap(),
            &mut out
        ));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn wall_clocks() {
        for (clock, wall, expected) in [
            (
                "Europe/London",
                "2026-06-27 18:07:17",
                "2026-06-27T17:07:17Z",
            ),
            (
                "Europe/London",
                "2026-01-27 18:07:17",
                "2026-01-27T18:07:17Z",
            ),
            (
                "Europe/London",
                "2026-06-27T18:07:17Z",
                "2026-06-27T18:07:17Z",
            ),
            (
                "Europe/London",
                "2026-06-27 18:07:17+0200",
                "2026-06-27T16:07:17Z",
            ),
            // Sundays of change: 29 March and 25 October 2026.
            (
                "Europe/London",
                "2026-03-29 00:59:59",
                "2026-03-29T00:59:59Z",
            ),
            (
                "Europe/London",
                "2026-03-29 01:30:00",
                "2026-03-29T01:30:00Z",
            ),
            (
                "Europe/London",
                "2026-03-29 02:00:00",
                "2026-03-29T01:00:00Z",
            ),
            (
                "Europe/London",
                "2026-10-25 00:59:59",
                "2026-10-24T23:59:59Z",
            ),
            (
                "Europe/London",
                "2026-10-25 01:30:00",
                "2026-10-25T00:30:00Z",
            ),
            (
                "Europe/London",
                "2026-10-25 02:00:00",
                "2026-10-25T02:00:00Z",
            ),
            (
                "Europe/London",
                "2027-03-28 12:00:00",
                "2027-03-28T11:00:00Z",
            ),
            (
                "Europe/London",
                "2024-10-27 12:00:00",
                "2024-10-27T12:00:00Z",
            ),
        ] {
            assert_eq!(utc(clock, wall), expected, "{clock} {wall}");
        }
    }

    #[test]
    fn other_clocks() {
        for (clock, wall, expected) in [
            (
                "Europe/Paris",
                "2026-03-29 01:59:59",
                "2026-03-29T00:59:59Z",
            ),
            (
                "Europe/Paris",
                "2026-03-29 03:00:00",
                "2026-03-29T01:00:00Z",
            ),
            (
                "Europe/Paris",
                "2026-10-25 03:00:00",
                "2026-10-25T02:00:00Z",
            ),
            (
                "America/New_York",
                "2026-03-08 01:59:59",
                "2026-03-08T06:59:59Z",
            ),
            (
                "America/New_York",
                "2026-03-08 03:00:00",
                "2026-03-08T07:00:00Z",
            ),
            (
                "America/New_York",
                "2026-11-01 00:30:00",
                "2026-11-01T04:30:00Z",
            ),
            (
                "America/New_York",
                "2026-11-01 02:00:00",
                "2026-11-01T07:00:00Z",
            ),
            ("+05:30", "2026-11-01 02:00:00", "2026-10-31T20:30:00Z"),
            ("-0800", "2026-11-01 02:00:00", "2026-11-01T10:00:00Z"),
            ("UTC", "2026-11-01 02:00:00", "2026-11-01T02:00:00Z"),
        ] {
            assert_eq!(utc(clock, wall), expected, "{clock} {wall}");
        }
        for name in ["", "Mars/Olympus", "Z", "05:30", "+5", "GMT+1"] {
            assert_eq!(Clock::named(name), None, "{name}");
        }
    }
}
