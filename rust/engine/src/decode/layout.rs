//! How the objects of a format were laid out last time: the bytes between one value and the
//! next, which a provider's software writes the same way for months.
//!
//! Only ever a guess. What was read by the grammar once is remembered as bytes; bytes that are
//! equal need not be read by it again, and any others are. So a body means the same with and
//! without a memory, and an odd one only costs what all used to. Knows nothing of values.

use std::cell::Cell;

use wide::u8x16;

use super::table::Key;

/// Members of one object that are remembered; what follows is read by the grammar.
const MEMBERS_COUNT_MAX: usize = 64;
/// Objects that are remembered on a thread, over all formats.
const OBJECTS_COUNT_MAX: usize = 64;
/// Longest stretch that is remembered: a comma, a name and what is around it.
const STRETCH_BYTES: usize = 32;
const LANE_BYTES: usize = 16;

/// An entry of a table with its place, if the name has one.
pub(super) type Entry = Option<(usize, &'static Key)>;

/// The bytes before one member's value.
#[derive(Clone, Copy)]
pub(super) struct Stretch {
    bytes: [u8; STRETCH_BYTES],
    len: usize,
    /// Bits of the bytes that count.
    mask: u32,
    /// Whether they end with the quotation mark that opens a string.
    pub is_text: bool,
    /// The entry for the name in them.
    pub entry: Entry,
}

impl Stretch {
    fn new(bytes: &[u8], is_text: bool, entry: Entry) -> Option<Self> {
        let mut kept = [0; STRETCH_BYTES];
        kept.get_mut(..bytes.len())?.copy_from_slice(bytes);
        let len = bytes.len();
        let mask = u32::MAX.checked_shr(u32::try_from(STRETCH_BYTES - len).ok()?)?;
        Some(Self {
            bytes: kept,
            len,
            mask,
            is_text,
            entry,
        })
    }

    /// How many bytes to go on where the text begins with these.
    #[inline]
    pub fn is_front(&self, text: &[u8]) -> Option<usize> {
        let is_same = match text.first_chunk::<STRETCH_BYTES>() {
            Some(front) => equal_bits(front, &self.bytes) & self.mask == self.mask,
            None => text.starts_with(self.bytes.get(..self.len)?),
        };
        is_same.then_some(self.len)
    }
}

#[inline]
fn equal_bits(a: &[u8; STRETCH_BYTES], b: &[u8; STRETCH_BYTES]) -> u32 {
    let (a, _) = a.as_chunks::<LANE_BYTES>();
    let (b, _) = b.as_chunks::<LANE_BYTES>();
    a.iter().zip(b).rev().fold(0, |bits, (a, b)| {
        bits << LANE_BYTES | u8x16::new(*a).simd_eq(u8x16::new(*b)).to_bitmask()
    })
}

/// The members of one object, in order.
#[derive(Default)]
pub(super) struct Layout(Vec<Stretch>);

impl Layout {
    /// What comes before the value of a member, by its place.
    #[inline]
    pub fn get(&self, place: usize) -> Option<&Stretch> {
        self.0.get(place)
    }

    /// Remembers a member, and forgets what used to follow if it is another than before.
    #[cold]
    #[inline(never)]
    pub fn learn(&mut self, place: usize, bytes: &[u8], is_text: bool, entry: Entry) {
        if place > self.0.len() || place >= MEMBERS_COUNT_MAX {
            return;
        }
        self.0.truncate(place);
        self.0.extend(Stretch::new(bytes, is_text, entry));
    }
}

/// What a thread remembers.
#[derive(Default)]
pub(super) struct Layouts(Vec<(&'static Key, Layout)>);

thread_local! {
    static LAYOUTS: Cell<Layouts> = const { Cell::new(Layouts(Vec::new())) };
}

impl Layouts {
    /// Takes what this thread remembers; another body meanwhile begins with nothing.
    pub fn take() -> Self {
        LAYOUTS.take()
    }

    /// Gives it back.
    pub fn keep(self) {
        LAYOUTS.set(self);
    }

    /// Takes out what is remembered of the objects that a table's entry is for.
    #[inline]
    pub fn of(&mut self, outer: &'static Key) -> Layout {
        self.0
            .iter_mut()
            .find(|(key, _)| std::ptr::eq(*key, outer))
            .map(|(_, layout)| std::mem::take(layout))
            .unwrap_or_default()
    }

    /// Puts it back.
    #[inline]
    pub fn put(&mut self, outer: &'static Key, layout: Layout) {
        let known = self.0.iter_mut().find(|(key, _)| std::ptr::eq(*key, outer));
        if let Some((_, place)) = known {
            *place = layout;
            return;
        }
        if self.0.len() >= OBJECTS_COUNT_MAX {
            self.0.clear();
        }
        self.0.push((outer, layout));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_equal_bytes_are_the_front() {
        let stretch = Stretch::new(b",\"id\":\"", true, None).unwrap();
        for (text, len) in [
            (",\"id\":\"x\"}", Some(7)),
            (",\"id\":\"0123456789012345678901234567890\"}", Some(7)),
            (",\"id\":\"", Some(7)),
            (",\"id\":", None),
            (",\"ie\":\"0123456789012345678901234567890\"}", None),
            (" ,\"id\":\"0123456789012345678901234567890\"}", None),
            ("", None),
        ] {
            assert_eq!(stretch.is_front(text.as_bytes()), len, "{text}");
        }
        assert!(Stretch::new(&[b'a'; STRETCH_BYTES + 1], true, None).is_none());
        let whole = Stretch::new(&[b'a'; STRETCH_BYTES], true, None).unwrap();
        assert_eq!(whole.is_front(&[b'a'; 40]), Some(STRETCH_BYTES));
        let mut other = [b'a'; 40];
        other[STRETCH_BYTES - 1] = b'b';
        assert_eq!(whole.is_front(&other), None);
    }

    #[test]
    fn another_member_makes_the_rest_forgotten() {
        let mut layout = Layout::default();
        layout.learn(1, b"\"b\":", false, None);
        assert!(layout.get(0).is_none(), "nothing is learned out of order");
        layout.learn(0, b"\"a\":", false, None);
        layout.learn(1, b",\"b\":", false, None);
        layout.learn(0, b"\"c\":", false, None);
        assert!(layout.get(0).is_some() && layout.get(1).is_none());
    }
}
