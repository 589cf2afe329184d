//! What a decoder pulled out of one row, before it is an event: one slot for each thing an
//! event can be made of, holding the wire's bytes as they are. [`super::row`] reads them.

use super::{BodyError, Reject, RejectCode};

/// An offset as rejects carry it. Bodies are bounded far below 4 GiB.
#[inline]
pub(super) fn at(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// What is wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub byte: u32,
    pub code: RejectCode,
}

impl Fault {
    pub fn new(place: usize, code: RejectCode) -> Self {
        Self {
            byte: at(place),
            code,
        }
    }

    /// The same fault where the text it is in begins at an offset.
    pub const fn moved(self, start: u32) -> Self {
        Self {
            byte: self.byte.saturating_add(start),
            code: self.code,
        }
    }

    /// As the reason why one row is refused.
    pub const fn in_row(self, row: u32) -> Reject {
        Reject {
            row,
            byte: self.byte,
            code: self.code,
        }
    }
}

impl From<Fault> for BodyError {
    fn from(fault: Fault) -> Self {
        Self {
            byte: fault.byte,
            code: fault.code,
        }
    }
}

/// The things an event can be made of. Which is what in a format is said by its tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Slot {
    /// The kind of the event, where the wire names it.
    Event,
    /// Status word.
    Status,
    /// A second place for the status word.
    StatusAlt,
    Id,
    IdAlt,
    To,
    From,
    /// A name that stands beside `From` or `To`.
    Sender,
    Code,
    CodeAlt,
    Time,
    TimeAlt,
    Text,
    TextAlt,
    Parts,
    PartsAlt,
    Ref,
    /// The provider's sign of consent.
    Consent,
    /// Only tells that the row is a reply.
    ReplySign,
    /// Only tells that the row is a receipt.
    ReceiptSign,
    /// Content type of one part of a multimedia message.
    PartType,
    /// Text of that part.
    PartText,
    /// Holds nothing: for names that only lead to others.
    None,
}

const COUNT: usize = Slot::None as usize;

impl Slot {
    /// Those that hold something, in order.
    const ALL: [Self; COUNT] = [
        Self::Event,
        Self::Status,
        Self::StatusAlt,
        Self::Id,
        Self::IdAlt,
        Self::To,
        Self::From,
        Self::Sender,
        Self::Code,
        Self::CodeAlt,
        Self::Time,
        Self::TimeAlt,
        Self::Text,
        Self::TextAlt,
        Self::Parts,
        Self::PartsAlt,
        Self::Ref,
        Self::Consent,
        Self::ReplySign,
        Self::ReceiptSign,
        Self::PartType,
        Self::PartText,
    ];
}

/// How the bytes of a slot are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    /// The name is not there.
    Absent,
    /// JSON `null`.
    Null,
    /// As they are.
    Plain,
    /// Form value with escapes.
    Form,
    /// Form value with escapes, of which a broken one stands for itself.
    FormKept,
    /// A part of the row's own text, without escapes and without NUL.
    Text,
    /// JSON string with escapes.
    TextEscaped,
    /// JSON number, a part of the row's own text.
    Number,
    /// JSON `true`.
    True,
    /// JSON `false`.
    False,
    /// JSON object or array where a plain value belongs.
    Nested,
}

/// One value as on the wire.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'a> {
    pub bytes: &'a [u8],
    pub at: u32,
    pub wire: Wire,
}

impl Raw<'_> {
    pub const ABSENT: Self = Self {
        bytes: &[],
        at: 0,
        wire: Wire::Absent,
    };

    /// Where in the row's own text the value is.
    #[inline]
    pub fn range(&self) -> std::ops::Range<usize> {
        let start = self.at as usize;
        start..start + self.bytes.len()
    }

    /// A fault so many bytes into the value.
    pub fn fault(&self, place: usize, code: RejectCode) -> Fault {
        Fault {
            byte: self.at.saturating_add(at(place)),
            code,
        }
    }
}

/// One row's values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slots<'a>([Raw<'a>; COUNT]);

impl<'a> Slots<'a> {
    pub const EMPTY: Self = Self([Raw::ABSENT; COUNT]);

    #[inline]
    pub fn set(&mut self, slot: Slot, raw: Raw<'a>) {
        if let Some(place) = self.0.get_mut(slot as usize) {
            *place = raw;
        }
    }

    #[inline]
    pub fn get(&self, slot: Slot) -> &Raw<'a> {
        self.0.get(slot as usize).unwrap_or(&Raw::ABSENT)
    }

    /// All slots with what they hold.
    pub fn iter(&self) -> impl Iterator<Item = (Slot, &Raw<'a>)> {
        Slot::ALL.iter().copied().zip(&self.0)
    }

    /// Whether the wire has a value there, if only an empty one.
    #[inline]
    pub fn has(&self, slot: Slot) -> bool {
        !matches!(self.get(slot).wire, Wire::Absent | Wire::Null)
    }

    /// Whether the wire has a value of at least one byte there.
    #[inline]
    pub fn is_filled(&self, slot: Slot) -> bool {
        let raw = self.get(slot);
        match raw.wire {
            Wire::Absent | Wire::Null => false,
            Wire::True | Wire::False | Wire::Nested => true,
            _ => !raw.bytes.is_empty(),
        }
    }

    /// Whether nothing at all was found.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|raw| raw.wire == Wire::Absent)
    }
}
