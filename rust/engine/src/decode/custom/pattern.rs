//! Times as a profile says they are written: the usual form, unix numbers, or a pattern such as
//! `DD/MM/YYYY hh:mm:ss`.

use crate::decode::time::{parse_text, parse_unix, wall_us};
use crate::decode::zone::Clock;

/// How times are written, and on which clock.
#[derive(Clone, Debug, Default)]
pub(super) struct Times {
    pub form: Form,
    /// The clock where the text names no zone; none where it is not known.
    pub clock: Option<Clock>,
}

/// How times are written.
#[derive(Clone, Debug, Default)]
pub(super) enum Form {
    /// `YYYY-MM-DDThh:mm:ss`, with a blank for the `T`, a fraction and a zone if there are any.
    #[default]
    Iso,
    /// A number: seconds, milliseconds or microseconds by its length.
    Unix,
    /// As the pattern says.
    Pattern(Vec<Token>),
}

/// One piece of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Digits of a part: which, and how many.
    Digits(usize, usize),
    /// `YY`: years from 1970 to 2069.
    ShortYear,
    /// A character as it is.
    Literal(char),
}

/// Letters of a pattern, the place of their part (year, month, day, hour, minute, second), and
/// their digits.
static LETTERS: &[(&str, usize, usize)] = &[
    ("YYYY", 0, 4),
    ("MM", 1, 2),
    ("DD", 2, 2),
    ("hh", 3, 2),
    ("mm", 4, 2),
    ("ss", 5, 2),
];

/// What `time_format` may be.
pub(super) const ALLOWED: &str =
    "\"iso\", \"unix\", or a pattern of YYYY or YY, MM, DD, hh, mm and perhaps ss";

impl Form {
    /// Reads the word or pattern of a profile.
    pub fn read(text: &str) -> Option<Self> {
        match text {
            "iso" => Some(Self::Iso),
            "unix" => Some(Self::Unix),
            _ => tokens(text).map(Self::Pattern),
        }
    }
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut seen = [false; 6];
    'all: while let Some(next) = rest.chars().next() {
        for (letters, part, digits) in LETTERS {
            if let Some(after) = rest.strip_prefix(letters) {
                tokens.push(Token::Digits(*part, *digits));
                *seen.get_mut(*part)? = true;
                rest = after;
                continue 'all;
            }
        }
        if let Some(after) = rest.strip_prefix("YY") {
            tokens.push(Token::ShortYear);
            seen[0] = true;
            rest = after;
            continue;
        }
        if next.is_ascii_alphabetic() && next != 'T' {
            return None;
        }
        tokens.push(Token::Literal(next));
        rest = rest.get(next.len_utf8()..)?;
    }
    let [year, month, day, hour, minute, _] = seen;
    (year && month && day && hour && minute).then_some(tokens)
}

impl Times {
    /// Microseconds since 1970-01-01 UTC; none where the text is no such time or its zone is
    /// not known.
    pub fn read(&self, text: &str) -> Option<i64> {
        match &self.form {
            Form::Unix => parse_unix(text.as_bytes()),
            Form::Iso => {
                let read = parse_text(text.as_bytes())?;
                match self.clock {
                    _ if read.is_zoned => Some(read.us),
                    Some(clock) => Some(clock.to_utc(read.us)),
                    None => None,
                }
            }
            Form::Pattern(tokens) => {
                let wall = wall_us(parts(tokens, text.trim())?)?;
                Some(self.clock?.to_utc(wall))
            }
        }
    }
}

fn parts(tokens: &[Token], text: &str) -> Option<[i64; 6]> {
    let mut parts = [0; 6];
    let mut rest = text;
    for token in tokens {
        let (part, digits) = match token {
            Token::Literal(literal) => {
                rest = rest.strip_prefix(*literal)?;
                continue;
            }
            Token::ShortYear => (0, 2),
            Token::Digits(part, digits) => (*part, *digits),
        };
        let (number, after) = rest.split_at_checked(digits)?;
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        let mut value: i64 = number.parse().ok().filter(|_| is_number)?;
        if *token == Token::ShortYear {
            value += if value < 70 { 2_000 } else { 1_900 };
        }
        *parts.get_mut(part)? = value;
        rest = after;
    }
    rest.is_empty().then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::time::write_text;

    fn read(pattern: &str, clock: Option<&str>, text: &str) -> Option<String> {
        let times = Times {
            form: Form::read(pattern).unwrap(),
            clock: clock.map(|name| Clock::named(name).unwrap()),
        };
        let mut out = Vec::new();
        assert!(write_text(times.read(text)?, &mut out));
        String::from_utf8(out).ok()
    }

    #[test]
    fn patterns() {
        let utc = Some("utc");
        for (pattern, clock, text, expected) in [
            ("iso", utc, "2026-06-27 18:07:17", "2026-06-27T18:07:17Z"),
            (
                "iso",
                None,
                "2026-06-27T18:07:17+02:00",
                "2026-06-27T16:07:17Z",
            ),
            ("unix", None, "1776267122", "2026-04-15T15:32:02Z"),
            (
                "YYYYMMDDhhmmss",
                utc,
                "20260627180717",
                "2026-06-27T18:07:17Z",
            ),
            ("YYMMDDhhmm", utc, "2606271807", "2026-06-27T18:07:00Z"),
            (
                "DD/MM/YYYY hh:mm:ss",
                Some("Europe/London"),
                "27/06/2026 18:07:17",
                "2026-06-27T17:07:17Z",
            ),
            (
                "YYYY-MM-DDThh.mm",
                Some("+05:30"),
                "2026-06-27T18.07",
                "2026-06-27T12:37:00Z",
            ),
        ] {
            assert_eq!(
                read(pattern, clock, text).as_deref(),
                Some(expected),
                "{pattern}"
            );
        }
        for (pattern, clock, text) in [
            ("iso", None, "2026-06-27 18:07:17"),
            ("YYYYMMDDhhmmss", None, "20260627180717"),
            ("YYYYMMDDhhmmss", utc, "20260631180717"),
            ("YYYYMMDDhhmmss", utc, "2026062718071"),
            ("YYYYMMDDhhmmss", utc, "2026062718071+"),
            ("YYYYMMDDhhmmss", utc, "202606271807171"),
            ("YYMMDDhhmm", utc, "26é6271807"),
        ] {
            assert_eq!(read(pattern, clock, text), None, "{pattern} {text}");
        }
        for pattern in ["", "YYYY-MM-DD", "YYYY-MM-DD hh:nn", "rfc3339"] {
            assert!(Form::read(pattern).is_none(), "{pattern}");
        }
    }
}
