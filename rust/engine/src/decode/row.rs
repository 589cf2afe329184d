//! Reads the slots of one row: values are decoded, and limits checked, when they are asked
//! for, so that an odd value nobody needs costs nothing and breaks nothing.

use super::number::{Contact, classify};
use super::slots::{Fault, Raw, Slot, Slots, Wire};
use super::{RejectCode, escape, form, time};
use crate::event::{Event, Number};
use crate::limits::{ERROR_CODE_BYTES_MAX, MESSAGE_PARTS_MAX, REPLY_TEXT_BYTES_MAX};
use std::borrow::Cow;

/// Where decoded values are put, so that the common ones need no allocation.
#[derive(Debug)]
pub(super) struct Scratch<'s>(&'s mut [u8]);

/// Bytes of a [`Scratch`]: numbers, names and a text of one part.
pub(super) const SCRATCH_BYTES: usize = 256;

impl<'s> Scratch<'s> {
    pub fn new(buffer: &'s mut [u8; SCRATCH_BYTES]) -> Self {
        Self(buffer)
    }

    #[inline]
    fn take(&mut self, len: usize) -> Option<&'s mut [u8]> {
        if len > self.0.len() {
            return None;
        }
        let (head, rest) = std::mem::take(&mut self.0).split_at_mut_checked(len)?;
        self.0 = rest;
        Some(head)
    }

    /// Decodes into the scratch, or into a new string where that is full.
    fn decode(
        &mut self,
        raw: &Raw<'_>,
        unescape: impl Fn(&[u8], &mut [u8]) -> Result<usize, Fault>,
    ) -> Result<Cow<'s, str>, Fault> {
        let not_utf8 = || Fault {
            byte: raw.at,
            code: RejectCode::NotUtf8,
        };
        if let Some(place) = self.take(raw.bytes.len()) {
            let len = unescape(raw.bytes, place)?;
            let decoded = place.get(..len).unwrap_or_default();
            return std::str::from_utf8(decoded)
                .map(Cow::Borrowed)
                .map_err(|_| not_utf8());
        }
        let mut decoded = vec![0; raw.bytes.len()];
        let len = unescape(raw.bytes, &mut decoded)?;
        decoded.truncate(len);
        String::from_utf8(decoded)
            .map(Cow::Owned)
            .map_err(|_| not_utf8())
    }
}

/// Reads the slots of one row.
pub(super) struct Row<'s> {
    pub slots: &'s Slots<'s>,
    /// The text that [`Wire::Text`] and [`Wire::Number`] are parts of.
    whole: &'s str,
    scratch: Scratch<'s>,
    /// Row in the body, from 0.
    pub number: u32,
    /// Offset of the row in the body.
    pub at: u32,
}

/// What a provider's decoder makes of a row; `None` where there is nothing to tell.
pub(super) type Build = for<'s> fn(&mut Row<'s>) -> Result<Option<Event<'s>>, Fault>;

/// Makes events of rows: a provider's own function, or a profile that was loaded.
pub(super) trait Builder {
    /// What it makes of a row; `None` where there is nothing to tell.
    fn build<'s>(&self, row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault>;
}

impl Builder for Build {
    #[inline]
    fn build<'s>(&self, row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
        self(row)
    }
}

impl<'s> Row<'s> {
    #[inline]
    pub fn new(
        slots: &'s Slots<'s>,
        whole: &'s str,
        scratch: Scratch<'s>,
        number: u32,
        at: u32,
    ) -> Self {
        Self {
            slots,
            whole,
            scratch,
            number,
            at,
        }
    }

    /// A fault of the row as a whole.
    pub const fn fault(&self, code: RejectCode) -> Fault {
        Fault {
            byte: self.at,
            code,
        }
    }

    /// A fault of one value.
    pub fn fault_in(&self, slot: Slot, code: RejectCode) -> Fault {
        Fault {
            byte: self.slots.get(slot).at,
            code,
        }
    }

    /// The value as text, which may be empty; none where absent or null.
    #[inline]
    pub fn text(&mut self, slot: Slot) -> Result<Option<Cow<'s, str>>, Fault> {
        let raw = self.slots.get(slot);
        match raw.wire {
            Wire::Absent | Wire::Null => Ok(None),
            Wire::Text | Wire::Number => {
                let part = self.whole.get(raw.range());
                debug_assert_eq!(part.map(str::as_bytes), Some(raw.bytes));
                Ok(part.map(Cow::Borrowed))
            }
            _ => self.decoded(raw).map(Some),
        }
    }

    /// The value without its escapes.
    #[inline(never)]
    fn decoded(&mut self, raw: &Raw<'s>) -> Result<Cow<'s, str>, Fault> {
        match raw.wire {
            Wire::Plain => std::str::from_utf8(raw.bytes)
                .map(Cow::Borrowed)
                .map_err(|error| raw.fault(error.valid_up_to(), RejectCode::NotUtf8)),
            Wire::TextEscaped => self.scratch.decode(raw, |text, out| {
                escape::unescape(text, out).map_err(|at| raw.fault(at, RejectCode::LoneSurrogate))
            }),
            Wire::Form | Wire::FormKept => self.scratch.decode(raw, |text, out| {
                form::unescape(text, out, raw.wire == Wire::FormKept)
                    .map_err(|at| raw.fault(at, RejectCode::PercentInvalid))
            }),
            _ => Err(raw.fault(0, RejectCode::WrongType)),
        }
    }

    /// The value of an id or a name: none where empty.
    #[inline]
    pub fn value(&mut self, slot: Slot, bytes_max: usize) -> Result<Option<Cow<'s, str>>, Fault> {
        let Some(text) = self.text(slot)?.filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        if text.len() > bytes_max {
            return Err(self.fault_in(slot, RejectCode::ValueTooLong));
        }
        let wire = self.slots.get(slot).wire;
        if !matches!(wire, Wire::Text | Wire::Number) && has_nul(&text) {
            return Err(self.fault_in(slot, RejectCode::NulByte));
        }
        Ok(Some(text))
    }

    /// Puts the first value among these that is not empty in its place.
    #[inline]
    pub fn fill(
        &mut self,
        into: &mut Option<Cow<'s, str>>,
        slots: &[Slot],
        bytes_max: usize,
    ) -> Result<(), Fault> {
        for slot in slots {
            let text = match self.part(*slot) {
                Some(part) if part.len() <= bytes_max => Cow::Borrowed(part),
                _ => match self.value(*slot, bytes_max)? {
                    Some(text) => text,
                    None => continue,
                },
            };
            *into = Some(text);
            return Ok(());
        }
        Ok(())
    }

    /// The value, if it is not empty and stands in the row's own text as it is. Most do.
    #[inline]
    fn part(&self, slot: Slot) -> Option<&'s str> {
        let raw = self.slots.get(slot);
        if !matches!(raw.wire, Wire::Text | Wire::Number) {
            return None;
        }
        self.whole.get(raw.range()).filter(|part| !part.is_empty())
    }

    /// The first value among these that is not empty.
    #[inline]
    pub fn first(
        &mut self,
        slots: &[Slot],
        bytes_max: usize,
    ) -> Result<Option<Cow<'s, str>>, Fault> {
        for slot in slots {
            if let Some(text) = self.value(*slot, bytes_max)? {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// The contact; none where the value is no phone number but may stand in its place.
    pub fn contact(&mut self, slots: &[Slot]) -> Result<Option<Number>, Fault> {
        for slot in slots {
            let decoded;
            let text = if let Some(part) = self.part(*slot) {
                part
            } else {
                decoded = self.text(*slot)?;
                decoded.as_deref().unwrap_or_default()
            };
            if text.is_empty() {
                continue;
            }
            return match classify(text.as_bytes()) {
                Contact::Phone(number) => Ok(Some(number)),
                Contact::NotPhone => Ok(None),
                Contact::Garbage => Err(self.fault_in(*slot, RejectCode::NotANumber)),
            };
        }
        Ok(None)
    }

    /// The error code, prose cut to its limit; none where it says that there is no error.
    pub fn code(&mut self, slots: &[Slot]) -> Result<Option<Cow<'s, str>>, Fault> {
        let code = self.first(slots, usize::MAX)?;
        Ok(code.map(trimmed).and_then(clean_code))
    }

    /// The text of a reply: the first of these that the wire has, if only an empty one.
    pub fn reply_text(&mut self, slots: &[Slot]) -> Result<Option<Cow<'s, str>>, Fault> {
        for slot in slots {
            let Some(text) = self.text(*slot)? else {
                continue;
            };
            if text.len() > REPLY_TEXT_BYTES_MAX {
                return Err(self.fault_in(*slot, RejectCode::ValueTooLong));
            }
            return Ok(Some(text));
        }
        Ok(None)
    }

    /// The count of parts; none where the wire has something else there.
    pub fn parts(&mut self, slots: &[Slot]) -> Option<u32> {
        slots.iter().find_map(|slot| {
            let text = self.text(*slot).ok()??;
            text.trim()
                .parse()
                .ok()
                .filter(|parts| (1..=MESSAGE_PARTS_MAX).contains(parts))
        })
    }

    /// The time; none where it cannot be read or, unless it is known to be UTC, where it
    /// names no zone.
    pub fn time(&mut self, slots: &[Slot], zone: Zone) -> Option<i64> {
        let slot = slots.iter().find(|slot| self.slots.is_filled(**slot))?;
        let text = self.text(*slot).ok()??;
        match zone {
            Zone::Unix => time::parse_unix(text.as_bytes()),
            Zone::Named | Zone::Utc => time::parse_text(text.as_bytes())
                .filter(|read| read.is_zoned || zone == Zone::Utc)
                .map(|read| read.us),
        }
    }
}

/// In which zone a field's times are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    /// As the text itself says.
    Named,
    /// UTC where the text does not say.
    Utc,
    /// The field is a unix time.
    Unix,
}

/// Looks at every byte, which for short texts is faster than to stop early.
pub(super) fn has_nul(text: &str) -> bool {
    text.bytes()
        .map(|byte| u8::from(byte == 0))
        .fold(0, |found, is_nul| found | is_nul)
        != 0
}

/// Without the blanks around it, which providers pad codes with.
fn trimmed(code: Cow<'_, str>) -> Cow<'_, str> {
    match code {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_ascii()),
        Cow::Owned(text) if text.trim_ascii().len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.trim_ascii().to_owned()),
    }
}

/// A code that says something: none where it is empty, all zeros or a placeholder. Cut at its
/// limit, and at a NUL, which ends the C strings some gateways copy.
pub(super) fn clean_code(code: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let mut end = code.len().min(ERROR_CODE_BYTES_MAX);
    while !code.is_char_boundary(end) {
        end -= 1;
    }
    let kept = code.get(..end).unwrap_or_default();
    let kept = kept.split('\0').next().unwrap_or_default();
    let digits = kept.strip_prefix("0x").filter(|digits| !digits.is_empty());
    let digits = digits.unwrap_or(kept);
    if digits.bytes().all(|byte| byte == b'0') || matches!(kept, "ND" | "...") {
        return None;
    }
    let end = kept.len();
    Some(match code {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(..end).unwrap_or_default()),
        Cow::Owned(mut text) => {
            text.truncate(end);
            Cow::Owned(text)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_say_something() {
        for (code, expected) in [
            ("30003", Some("30003")),
            (" 1f ", Some("1f")),
            ("45\0junk", Some("45")),
            ("000", None),
            ("0x000", None),
            (" ND", None),
            ("   ", None),
            ("...", None),
            ("", None),
        ] {
            let found = clean_code(trimmed(Cow::Borrowed(code)));
            assert_eq!(found.as_deref(), expected, "{code:?}");
        }
    }
}
