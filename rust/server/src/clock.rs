//! The door's clocks: monotonic for timers, and the text of the `Date` field for a given
//! second. Does not ask for wall time; the caller brings it.

use std::time::Instant;

/// Time since the door was opened.
#[derive(Debug)]
pub struct Monotonic(Instant);

impl Monotonic {
    /// Starts at zero.
    pub fn start() -> Self {
        Self(now())
    }

    /// Microseconds since then.
    pub fn elapsed_us(&self) -> u64 {
        u64::try_from(now().duration_since(self.0).as_micros()).unwrap_or(u64::MAX)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "timers of sockets need a clock; it is read here only"
)]
fn now() -> Instant {
    Instant::now()
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` for a time in seconds since 1970-01-01 UTC.
pub fn http_date(unix_s: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (day, second) = (unix_s.div_euclid(86_400), unix_s.rem_euclid(86_400));
    let weekday = usize::try_from(day.rem_euclid(7))
        .ok()
        .and_then(|i| DAYS.get(i))
        .unwrap_or(&"");
    // Civil date of a day number, in years that begin on 1 March, eras of 400 years.
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * march_month + 2) / 5 + 1;
    let month = (march_month + 2) % 12;
    let year = year_of_era + era * 400 + i64::from(month < 2);
    let month = usize::try_from(month)
        .ok()
        .and_then(|i| MONTHS.get(i))
        .unwrap_or(&"");
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{weekday}, {date:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

#[cfg(test)]
mod tests {
    use super::http_date;

    #[test]
    fn dates_as_rfc_9110_writes_them() {
        for (unix_s, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_709_164_799, "Wed, 28 Feb 2024 23:59:59 GMT"),
            (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        ] {
            assert_eq!(http_date(unix_s), text);
        }
    }
}
