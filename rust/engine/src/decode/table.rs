//! Tables of names -> slots, one for each provider.

use super::name::Name;
use super::slots::Slot;

/// One name of a table: the slot for a plain value, the names inside an object, and what an
/// array means.
pub(super) struct Key {
    name: Name<'static>,
    pub slot: Slot,
    pub list: List,
    pub keys: &'static [Key],
    /// Lengths of the names inside, as a set.
    lens: u64,
    /// First bytes of the names inside, as a set.
    firsts: u64,
}

/// What an array in a value's place means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// The wrong type.
    Not,
    /// Its first element stands for it.
    First,
    /// Each element is a row.
    Rows,
    /// Each element is a row; without elements, what is around it is the only row.
    RowsOrSelf,
    /// Parts of a multimedia message, of which the plain text is wanted.
    TextPart,
}

impl Key {
    const fn new(name: &'static str, slot: Slot, list: List, keys: &'static [Key]) -> Self {
        let (mut lens, mut firsts) = (0, 0);
        let mut rest = keys;
        while let Some((key, others)) = rest.split_first() {
            lens |= bit_of(key.name.len());
            if let Some(byte) = key.name.first() {
                firsts |= bit_of(*byte as usize);
            }
            rest = others;
        }
        Self {
            name: Name::new(name.as_bytes()),
            slot,
            list,
            keys,
            lens,
            firsts,
        }
    }

    /// Whether the elements of an array are rows.
    pub const fn is_rows(&self) -> bool {
        matches!(self.list, List::Rows | List::RowsOrSelf)
    }

    /// Whether all that is inside is one name for rows, and nothing around it fills slots.
    pub const fn has_plain_rows(&self) -> bool {
        match self.keys {
            [only] => matches!(only.list, List::Rows) && matches!(only.slot, Slot::None),
            _ => false,
        }
    }

    /// The entry for a name inside this one. Most names of a body are in no table, and most of
    /// those are told apart by their length or first byte alone.
    #[inline]
    pub fn find(&self, wire: &[u8]) -> Option<(usize, &'static Key)> {
        let first = wire.first()?;
        if self.lens & bit_of(wire.len()) == 0 || self.firsts & bit_of(usize::from(*first)) == 0 {
            return None;
        }
        let name = Name::new(wire);
        let mut keys = self.keys.iter().enumerate();
        keys.find(|(_, key)| key.name.is_same(&name))
    }
}

/// One bit of a set of small numbers; larger ones share bits.
pub(super) const fn bit_of(number: usize) -> u64 {
    1 << (number & 63)
}

/// A plain value.
pub(super) const fn key(name: &'static str, slot: Slot) -> Key {
    Key::new(name, slot, List::Not, &[])
}

/// An object; a plain value in its place goes to the slot.
pub(super) const fn object(name: &'static str, slot: Slot, keys: &'static [Key]) -> Key {
    Key::new(name, slot, List::Not, keys)
}

/// An array of which the first element counts; it may be missing around a single one.
pub(super) const fn first(name: &'static str, slot: Slot, keys: &'static [Key]) -> Key {
    Key::new(name, slot, List::First, keys)
}

/// An array whose elements are rows; a single object in its place is one row.
pub(super) const fn rows(name: &'static str, slot: Slot, keys: &'static [Key]) -> Key {
    Key::new(name, slot, List::Rows, keys)
}

/// Like [`rows`], but what is around an empty array is a row by itself.
pub(super) const fn rows_or_self(name: &'static str, slot: Slot, keys: &'static [Key]) -> Key {
    Key::new(name, slot, List::RowsOrSelf, keys)
}

/// The parts of a multimedia message: `PartType` and `PartText` inside, the first part of
/// type `text/plain` goes to the slot.
pub(super) const fn text_part(name: &'static str, slot: Slot, keys: &'static [Key]) -> Key {
    Key::new(name, slot, List::TextPart, keys)
}
