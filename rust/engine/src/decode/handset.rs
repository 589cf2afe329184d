//! The handset of an event where the field may hold anything: what is no phone number is none,
//! and a national number counts where the country is known.

use super::number::{Contact, classify};
use super::row::Row;
use super::slots::{Fault, Slot};
use crate::event::Number;
use crate::limits::{NUMBER_DIGITS_MAX, NUMBER_DIGITS_MIN};

/// The number in the first of these slots that is filled. `country` is the calling code that
/// takes the place of one leading zero.
pub(super) fn handset(
    row: &mut Row<'_>,
    slots: &[Slot],
    country: Option<u32>,
) -> Result<Option<Number>, Fault> {
    for slot in slots {
        let Some(text) = row.text(*slot)?.filter(|text| !text.is_empty()) else {
            continue;
        };
        return Ok(number_of(&text, country));
    }
    Ok(None)
}

/// The number a text is, or none.
pub(super) fn number_of(text: &str, country: Option<u32>) -> Option<Number> {
    match classify(text.as_bytes()) {
        Contact::Phone(number) => Some(number),
        Contact::NotPhone => country.and_then(|country| national(text, country)),
        Contact::Garbage => None,
    }
}

/// A number with one leading zero, as dialled within its country.
fn national(text: &str, country: u32) -> Option<Number> {
    let is_mark = |c: char| matches!(c, ' ' | '\t' | '(' | ')' | '[' | ']' | '.' | '-');
    let digits: String = text.chars().filter(|c| !is_mark(*c)).collect();
    let rest = digits.strip_prefix('0')?;
    if rest.starts_with('0') || !rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole = format!("{country}{rest}");
    if !(NUMBER_DIGITS_MIN..=NUMBER_DIGITS_MAX).contains(&whole.len()) {
        return None;
    }
    whole.parse().ok().map(Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn national_numbers() {
        let gb = |text| number_of(text, Some(44)).map(|number| number.0);
        for text in [
            "07700900123",
            "07700 900123",
            "(0)7700-900123",
            "447700900123",
            "+447700900123",
            "00447700900123",
            " 447700900123",
        ] {
            assert_eq!(gb(text), Some(447_700_900_123), "{text}");
        }
        for text in [
            "0",
            "000",
            "+07700900123",
            "077009x0123",
            "61234",
            "",
            "Harbour",
        ] {
            assert_eq!(gb(text), None, "{text}");
        }
        assert_eq!(number_of("07700900123", None), None);
    }
}
