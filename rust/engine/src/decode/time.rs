//! Times as text or as unix numbers <-> microseconds since 1970-01-01 UTC. Pure arithmetic of
//! the proleptic Gregorian calendar; no zone database, because no provider names a zone.

const SECOND_US: i64 = 1_000_000;
const DAY_S: i64 = 86_400;

/// A time read from text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// Microseconds since 1970-01-01 UTC; of the wall clock where the text names no zone.
    pub us: i64,
    /// Whether the text names its zone.
    pub is_zoned: bool,
}

/// Days from 1970-01-01 to a date.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month = (month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The date that is so many days from 1970-01-01: year, month, day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// The year of a time in microseconds since 1970-01-01.
pub(super) fn civil_year(us: i64) -> i64 {
    civil_from_days(us.div_euclid(DAY_S * SECOND_US)).0
}

/// Microseconds since 1970-01-01 of a wall time: year, month, day, hour, minute, second; none
/// where there is no such date or time.
pub(super) fn wall_us([year, month, day, hour, minute, second]: [i64; 6]) -> Option<i64> {
    let sound = (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    let days = days_from_civil(year, month, day);
    sound.then(|| (days * DAY_S + hour * 3_600 + minute * 60 + second) * SECOND_US)
}

/// Days from 1970-01-01 to the nth Sunday of a month, from 1; 0 stands for the last.
pub(super) fn sunday_in_month(year: i64, month: i64, nth: i64) -> i64 {
    // 1970-01-01 was a Thursday; Sunday is 0.
    let weekday = |days: i64| (days + 4).rem_euclid(7);
    if nth == 0 {
        let last = days_from_civil(year, month, days_in_month(year, month));
        return last - weekday(last);
    }
    let first = days_from_civil(year, month, 1);
    first + (7 - weekday(first)) % 7 + (nth - 1) * 7
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Reads digits off the front of a text.
struct Cursor<'t>(&'t [u8]);

impl Cursor<'_> {
    fn take(&mut self, byte: u8) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if *first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn number(&mut self, digits: usize) -> Option<i64> {
        let (head, rest) = self.0.split_at_checked(digits)?;
        let mut value = 0;
        for byte in head {
            if !byte.is_ascii_digit() {
                return None;
            }
            value = value * 10 + i64::from(byte - b'0');
        }
        self.0 = rest;
        Some(value)
    }

    /// The fraction after its point, in microseconds; digits beyond the sixth are cut.
    fn fraction(&mut self) -> Option<i64> {
        let mut micros = 0;
        let mut unit = SECOND_US / 10;
        let mut count = 0;
        while let Some((byte, rest)) = self.0.split_first().filter(|(b, _)| b.is_ascii_digit()) {
            micros += i64::from(byte - b'0') * unit;
            unit /= 10;
            count += 1;
            self.0 = rest;
        }
        (count > 0).then_some(micros)
    }

    /// Seconds east of UTC; none where the text ends without a zone.
    fn zone(&mut self) -> Result<Option<i64>, Broken> {
        let blank = self.take(b' ');
        if self.0.is_empty() {
            return if blank { Err(Broken) } else { Ok(None) };
        }
        // A plus that a form did not escape has become a blank.
        let is_offset =
            || matches!(self.0.len(), 4 | 5) && self.0.first().is_some_and(u8::is_ascii_digit);
        let is_lost = blank && (self.take(b' ') || is_offset());
        if matches!(self.0, b"Z" | b"z" | b"UTC" | b"GMT") {
            return Ok(Some(0));
        }
        let sign = match (self.take(b'+'), self.take(b'-')) {
            (true, false) => 1,
            (false, true) => -1,
            _ if is_lost => 1,
            _ => return Err(Broken),
        };
        let hours = self.number(2).ok_or(Broken)?;
        let minutes = match (self.take(b':'), self.0.is_empty()) {
            (false, true) => 0,
            _ => self.number(2).ok_or(Broken)?,
        };
        let sound = self.0.is_empty() && hours <= 23 && minutes <= 59;
        if sound {
            Ok(Some(sign * (hours * 3_600 + minutes * 60)))
        } else {
            Err(Broken)
        }
    }
}

/// What follows a time is no zone.
struct Broken;

/// Reads `YYYY-MM-DDThh:mm[:ss[.f...]]` with `T`, a blank or a plus, and with `Z`, `UTC`, an offset
/// (`+00:00`, `+0000`, `+00`) or no zone at the end. Fractions are cut to microseconds.
pub fn parse_text(text: &[u8]) -> Option<Read> {
    let mut rest = Cursor(text.trim_ascii());
    let year = rest.number(4)?;
    rest.take(b'-').then_some(())?;
    let month = rest.number(2)?;
    rest.take(b'-').then_some(())?;
    let day = rest.number(2)?;
    (rest.take(b'T') || rest.take(b't') || rest.take(b' ') || rest.take(b'+')).then_some(())?;
    let hour = rest.number(2)?;
    rest.take(b':').then_some(())?;
    let minute = rest.number(2)?;
    let second = if rest.take(b':') { rest.number(2)? } else { 0 };
    let micros = if rest.take(b'.') || rest.take(b',') {
        rest.fraction()?
    } else {
        0
    };
    let zone = rest.zone().ok()?;
    let sound = (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour <= 23
        && minute <= 59
        && second <= 60;
    sound.then_some(())?;
    let seconds = days_from_civil(year, month, day) * DAY_S + hour * 3_600 + minute * 60 + second;
    let us = (seconds - zone.unwrap_or(0)) * SECOND_US + micros;
    Some(Read {
        us,
        is_zoned: zone.is_some(),
    })
}

/// Reads a unix time: up to 11 digits are seconds (a fraction may follow), 12 to 14
/// milliseconds, 15 to 17 microseconds.
pub fn parse_unix(text: &[u8]) -> Option<i64> {
    let text = text.trim_ascii();
    let whole = text
        .iter()
        .position(|byte| *byte == b'.')
        .unwrap_or(text.len());
    let mut rest = Cursor(text);
    if !(1..=17).contains(&whole) {
        return None;
    }
    let value = rest.number(whole)?;
    let micros = if rest.take(b'.') { rest.fraction()? } else { 0 };
    rest.0.is_empty().then_some(())?;
    match whole {
        1..=11 => Some(value * SECOND_US + micros),
        12..=14 => Some(value * 1_000),
        _ => Some(value),
    }
}

/// Writes `YYYY-MM-DDThh:mm:ss[.fff|.ffffff]Z`; false, and nothing written, where the year
/// does not have four digits.
pub fn write_text(us: i64, out: &mut Vec<u8>) -> bool {
    let seconds = us.div_euclid(SECOND_US);
    let micros = us.rem_euclid(SECOND_US);
    let (year, month, day) = civil_from_days(seconds.div_euclid(DAY_S));
    if !(0..=9_999).contains(&year) {
        return false;
    }
    let of_day = seconds.rem_euclid(DAY_S);
    write_digits(year, 4, out);
    for (mark, value) in [
        (b'-', month),
        (b'-', day),
        (b'T', of_day / 3_600),
        (b':', of_day / 60 % 60),
        (b':', of_day % 60),
    ] {
        out.push(mark);
        write_digits(value, 2, out);
    }
    if micros != 0 {
        out.push(b'.');
        if micros % 1_000 == 0 {
            write_digits(micros / 1_000, 3, out);
        } else {
            write_digits(micros, 6, out);
        }
    }
    out.push(b'Z');
    true
}

fn write_digits(value: i64, width: u32, out: &mut Vec<u8>) {
    for place in (0..width).rev() {
        let digit = value / 10_i64.pow(place) % 10;
        out.push(b'0' + u8::try_from(digit).unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn utc(text: &str) -> Option<(i64, bool)> {
        parse_text(text.as_bytes()).map(|read| (read.us, read.is_zoned))
    }

    #[test]
    fn forms() {
        let noon = 1_767_268_800_000_000;
        for text in [
            "2026-01-01T12:00:00Z",
            "2026-01-01t12:00:00z",
            "2026-01-01 12:00:00 UTC",
            "2026-01-01T12:00:00+00:00",
            "2026-01-01T12:00:00.000+0000",
            "2026-01-01T14:00:00+02",
            "2026-01-01T06:30:00-0530",
            "2026-01-01T12:00Z",
            "2026-01-01 12:00:00 +0000",
        ] {
            assert_eq!(utc(text), Some((noon, true)), "{text}");
        }
        assert_eq!(utc("2026-01-01 12:00:00"), Some((noon, false)));
        assert_eq!(utc("2026-01-01 12:00"), Some((noon, false)));
        assert_eq!(
            utc("2026-01-01T12:00:00.1234567Z"),
            Some((noon + 123_456, true))
        );
        assert_eq!(utc("2026-01-01T12:00:00.25Z"), Some((noon + 250_000, true)));
        assert_eq!(utc("1969-12-31T23:59:59.5Z"), Some((-500_000, true)));
        assert_eq!(
            utc("2024-02-29T00:00:00Z"),
            Some((1_709_164_800_000_000, true))
        );
    }

    #[test]
    fn refused() {
        for text in [
            "",
            "2026-01-01",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:61Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+",
            "2026-01-01T00:00:00+0",
            "2026-01-01T00:00:00+000",
            "2026-01-01T00:00:00Zx",
            "2026-01-01T00:00:00+24:00",
            "1767268800",
            "2026-1-1T00:00:00Z",
            "20260101T000000Z",
        ] {
            assert_eq!(utc(text), None, "{text}");
        }
    }

    #[test]
    fn unix() {
        assert_eq!(parse_unix(b"1776267122"), Some(1_776_267_122_000_000));
        assert_eq!(parse_unix(b"1776267122.5"), Some(1_776_267_122_500_000));
        assert_eq!(parse_unix(b"1776267122123"), Some(1_776_267_122_123_000));
        assert_eq!(parse_unix(b"1776267122123456"), Some(1_776_267_122_123_456));
        for text in ["", "x", "-1", "1.", "12345678901234567890", "1e3", "1.5x"] {
            assert_eq!(parse_unix(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn written_and_read_again(us in -62_167_219_200_000_000_i64..253_402_300_800_000_000) {
            let mut out = Vec::new();
            prop_assert!(write_text(us, &mut out));
            prop_assert_eq!(parse_text(&out), Some(Read { us, is_zoned: true }));
        }

        #[test]
        fn any_bytes(text in proptest::collection::vec(any::<u8>(), 0..40), us: i64) {
            let _ = parse_text(&text);
            let _ = parse_unix(&text);
            let _ = write_text(us, &mut Vec::new());
        }
    }
}
