//! The handset of an event where a national number counts, if the country is known.

use super::number::{Contact, classify};
use super::row::Row;
use super::slots::{Fault, Slot};
use crate::event::{Event, Number};
use crate::limits::{NUMBER_DIGITS_MAX, NUMBER_DIGITS_MIN};

/// Makes the first of these slots that is filled the event's contact. `country` is the calling
/// code that takes the place of one leading zero.
pub(super) fn handset(
    event: &mut Event<'_>,
    row: &mut Row<'_>,
    slots: &[Slot],
    country: Option<u32>,
) -> Result<(), Fault> {
    for slot in slots {
        if let Some(text) = row.text(*slot)?.filter(|text| !text.is_empty()) {
            set_handset(event, &text, row.slots.get(*slot).at, country);
            return Ok(());
        }
    }
    Ok(())
}

/// Makes a text that stands at an offset of the body the event's contact; what can be no number
/// at all is remembered by its place.
pub(super) fn set_handset(event: &mut Event<'_>, text: &str, at: u32, country: Option<u32>) {
    match classify(text.as_bytes()) {
        Contact::Phone(number) => event.contact = Some(number),
        Contact::NotPhone => event.contact = country.and_then(|country| national(text, country)),
        Contact::Garbage => event.strange_contact_at = Some(at),
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
    use crate::event::{Kind, Provider};

    fn read(text: &str, country: Option<u32>) -> Event<'static> {
        let mut event = Event::new(Kind::Receipt, Provider::Mmg);
        set_handset(&mut event, text, 7, country);
        event
    }

    #[test]
    fn what_is_no_number() {
        for (text, at) in [("07700900123", None), ("61234", None), ("Harbour", Some(7))] {
            let event = read(text, None);
            assert_eq!(
                (event.contact, event.strange_contact_at),
                (None, at),
                "{text}"
            );
        }
    }

    #[test]
    fn national_numbers() {
        let gb = |text| read(text, Some(44)).contact.map(|number| number.0);
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
    }
}
