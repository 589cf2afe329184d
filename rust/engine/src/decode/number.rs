//! Wire text -> phone numbers, and senders -> keys that compare equal. Pure; the form of a
//! number is judged, never whether anybody has it: fictional ranges must pass.

use crate::event::Number;
use crate::limits::{NUMBER_DIGITS_MAX, NUMBER_DIGITS_MIN};
use std::borrow::Cow;

/// What a contact field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contact {
    /// A number in international form.
    Phone(Number),
    /// Something that stands where a number may stand but is none: empty, a short code, a
    /// national number, masked digits, an id of a channel (`whatsapp:US.1234`).
    NotPhone,
    /// Anything else.
    Garbage,
}

/// Longest channel prefix (`whatsapp:`) that is looked for.
const CHANNEL_BYTES_MAX: usize = 16;

/// What was seen in one pass over a number.
#[derive(Default)]
struct Seen {
    plus: bool,
    digits: usize,
    leading_zeros: usize,
    value: u64,
    stars: usize,
    crosses: usize,
    strange: bool,
}

impl Seen {
    fn digit(&mut self, digit: u8) {
        if self.value == 0 && digit == 0 {
            self.leading_zeros += 1;
        }
        self.digits += 1;
        if self.digits <= NUMBER_DIGITS_MAX + 2 {
            self.value = self.value * 10 + u64::from(digit);
        }
    }

    fn read(text: &[u8]) -> Self {
        let mut seen = Self::default();
        for &byte in text {
            match byte {
                b'0'..=b'9' => seen.digit(byte - b'0'),
                b' ' | b'\t' | b'(' | b')' | b'[' | b']' | b'.' | b'-' => {}
                b'+' if seen.digits == 0 && !seen.plus => seen.plus = true,
                b'*' => seen.stars += 1,
                b'x' | b'X' => seen.crosses += 1,
                _ => seen.strange = true,
            }
        }
        seen
    }

    const fn is_masked(&self) -> bool {
        self.stars + self.crosses > 0
    }

    fn number(&self) -> Option<Number> {
        let dialled = !self.plus && self.leading_zeros == 2;
        let digits = if dialled {
            self.digits - 2
        } else {
            self.digits
        };
        let zeros = if dialled { 0 } else { self.leading_zeros };
        let fits = (NUMBER_DIGITS_MIN..=NUMBER_DIGITS_MAX).contains(&digits) && zeros == 0;
        fits.then_some(Number(self.value))
    }
}

/// `whatsapp:+1...` -> (true, `+1...`).
fn split_channel(text: &[u8]) -> (bool, &[u8]) {
    let colon = text
        .iter()
        .take(CHANNEL_BYTES_MAX + 1)
        .position(|byte| *byte == b':');
    match colon.and_then(|at| text.split_at_checked(at)) {
        Some((name, rest)) if !name.is_empty() && name.iter().all(u8::is_ascii_alphabetic) => {
            (true, rest.get(1..).unwrap_or_default())
        }
        _ => (false, text),
    }
}

/// Two capitals, a dot, an id: how a channel names somebody without giving the number.
fn is_scoped_id(text: &[u8]) -> bool {
    matches!(text, [a, b, b'.', rest @ ..]
        if a.is_ascii_uppercase() && b.is_ascii_uppercase() && !rest.is_empty())
}

/// The usual form: a plus or none, then only digits.
fn plain(text: &[u8]) -> Option<Number> {
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    let fits = (NUMBER_DIGITS_MIN..=NUMBER_DIGITS_MAX).contains(&digits.len());
    if !fits || digits.first() == Some(&b'0') {
        return None;
    }
    let mut value = 0;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u64::from(byte - b'0');
    }
    Some(Number(value))
}

/// Judges a contact field.
///
/// A channel prefix, blanks, brackets, dots, dashes and a leading `00` do not count. With `+`,
/// and without it where the first digit is not zero, 8 to 15 digits are a number.
pub fn classify(text: &[u8]) -> Contact {
    if let Some(number) = plain(text) {
        return Contact::Phone(number);
    }
    let text = text.trim_ascii();
    let (channel, text) = split_channel(text);
    let seen = Seen::read(text);
    if seen.strange {
        let named = channel || is_scoped_id(text);
        return if named {
            Contact::NotPhone
        } else {
            Contact::Garbage
        };
    }
    if seen.is_masked() {
        // An `x` may be a letter of a name; beside digits enough for a number it masks others.
        let enough = seen.digits >= 2 && seen.digits + seen.crosses >= NUMBER_DIGITS_MIN - 1;
        let hidden = seen.stars > 0 || enough || channel;
        return if hidden {
            Contact::NotPhone
        } else {
            Contact::Garbage
        };
    }
    if seen.digits == 0 && !text.is_empty() {
        return Contact::Garbage;
    }
    seen.number().map_or(Contact::NotPhone, Contact::Phone)
}

/// The form of a sender under which the same sender always compares equal: the digits of
/// numbers and short codes, names trimmed and in lower case.
///
/// ```
/// use smstrack_engine::decode::number::sender_key_text;
/// assert_eq!(sender_key_text("whatsapp:+1 (202) 555-0101"), "12025550101");
/// assert_eq!(sender_key_text("12025550101"), "12025550101");
/// assert_eq!(sender_key_text(" Harbour "), "harbour");
/// ```
pub fn sender_key_text(sender: &str) -> Cow<'_, str> {
    let trimmed = sender.trim();
    if let Contact::Phone(number) = classify(trimmed.as_bytes()) {
        if !trimmed.starts_with('0') && trimmed.bytes().all(|byte| byte.is_ascii_digit()) {
            return Cow::Borrowed(trimmed);
        }
        return Cow::Owned(number.0.to_string());
    }
    let seen = Seen::read(trimmed.as_bytes());
    if seen.digits > 0 && !seen.is_masked() && !seen.strange {
        if seen.digits == trimmed.len() {
            return Cow::Borrowed(trimmed);
        }
        return Cow::Owned(trimmed.chars().filter(char::is_ascii_digit).collect());
    }
    if trimmed.chars().any(char::is_uppercase) {
        return Cow::Owned(trimmed.to_lowercase());
    }
    Cow::Borrowed(trimmed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers() {
        for text in [
            "+12025550101",
            "12025550101",
            "0012025550101",
            "whatsapp:+12025550101",
            " +1 (202) 555-0101 ",
            "1.202.555.0101",
            " 12025550101",
            "+1[202]5550101",
        ] {
            assert_eq!(
                classify(text.as_bytes()),
                Contact::Phone(Number(12_025_550_101)),
                "{text}"
            );
        }
        assert_eq!(classify(b"68312345"), Contact::Phone(Number(68_312_345)));
        assert_eq!(
            classify(b"123456789012345"),
            Contact::Phone(Number(123_456_789_012_345))
        );
    }

    #[test]
    fn not_phones() {
        for text in [
            "",
            "  ",
            "5215",
            "1234567",
            "+123",
            "07700900123",
            "+0123456789",
            "1202555****",
            "+1202555XXXX",
            "whatsapp:US.1234",
            "US.1234",
            "messenger:12345",
            "****",
            "1234567890123456",
            "99999999999999999999999999",
            "000123456789",
            "whatsapp:",
            "whatsapp:abc",
            "000",
            "rcs:agent_x",
        ] {
            assert_eq!(classify(text.as_bytes()), Contact::NotPhone, "{text}");
        }
    }

    #[test]
    fn garbage() {
        for text in [
            "abc",
            "+1202abc",
            "+",
            "()",
            "XXX",
            "x1",
            "Xx12",
            "1+2025550101",
            "12025550101;ext=1",
            ":5",
        ] {
            assert_eq!(classify(text.as_bytes()), Contact::Garbage, "{text}");
        }
        assert_eq!(classify(&[0xff, b'1']), Contact::Garbage);
    }

    #[test]
    fn sender_keys() {
        for (sender, key) in [
            ("+12025550101", "12025550101"),
            ("0012025550101", "12025550101"),
            ("whatsapp:+1 202 555 0101", "12025550101"),
            ("5215", "5215"),
            (" 52-15", "5215"),
            ("07700900123", "07700900123"),
            ("Harbour", "harbour"),
            ("NIMBUSCO ", "nimbusco"),
            ("Ärger", "ärger"),
            ("", ""),
        ] {
            assert_eq!(sender_key_text(sender), key, "{sender}");
        }
    }

    proptest! {
        #[test]
        fn keys_are_stable(sender in "\\PC{0,20}|[+0-9 ().x-]{0,20}") {
            let key = sender_key_text(&sender).into_owned();
            prop_assert_eq!(sender_key_text(&key), key.as_str());
        }

        #[test]
        fn every_number_is_read_in_every_form(value in 10_000_000_u64..1_000_000_000_000_000) {
            for text in [format!("{value}"), format!("+{value}"), format!("00{value}")] {
                prop_assert_eq!(classify(text.as_bytes()), Contact::Phone(Number(value)));
            }
        }
    }
}
