//! One fact about consent: who, when, out or in, how it is known, how far it is believed.
//!
//! Facts are only ever added. Texts, rule ids and sources stay in the log, at the fact's
//! position; what follows from all facts together is `consent`'s.

use crate::event::{ContactId, Grade, Trust};
use crate::named::named;

named! {
    /// How a fact about consent came to be known. Appended to, never renumbered.
    How {
        /// The contact's own text.
        Reply = 1 "reply",
        /// A provider's notice, without a text.
        Notice = 2 "notice",
        /// A provider refused to send because the contact had opted out there.
        Error = 3 "provider_error",
        /// Said by the operator, through the API.
        Api = 4 "api",
        /// Brought from elsewhere, with its wording and source.
        Import = 5 "import",
        /// The contact said that the number is not the right one.
        WrongNumber = 6 "wrong_number",
        /// The number has another owner from then on; nothing of the old one's consent counts.
        Reassigned = 7 "reassigned",
        /// A person looked at a fact and upheld it.
        Confirmed = 8 "confirmed",
        /// A person looked at a fact and found that it was none.
        Overturned = 9 "overturned",
        /// Today's rules see an opt-out in a kept reply.
        Relabelled = 10 "relabelled",
    }
}

impl How {
    /// Whether it is about another fact, and no word of its own.
    pub const fn is_review(self) -> bool {
        matches!(self, Self::Confirmed | Self::Overturned)
    }
}

/// See the module. Ordered by contact, then time, then opt-outs after opt-ins of the same moment:
/// of a contact's facts the last one decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    /// Whose consent.
    pub contact: ContactId,
    /// When it took effect, microseconds since 1970-01-01 UTC.
    pub at_us: i64,
    /// Out, or in. Of a review: upheld, or not.
    pub is_out: bool,
    /// How it is known.
    pub how: How,
    /// How far its source is believed.
    pub trust: Trust,
    /// How sure the rules were.
    pub grade: Grade,
    /// Key of our side; 0 where it concerns no sender alone.
    pub sender: u64,
    /// By what a repeat is known. Of a review: the key of the fact that it is about.
    pub key: u64,
}

impl Fact {
    /// The first of a contact's facts, whatever it is.
    pub const fn first(contact: ContactId) -> Self {
        Self {
            contact,
            at_us: i64::MIN,
            is_out: false,
            how: How::Reply,
            trust: Trust::Verified,
            grade: Grade::Certain,
            sender: 0,
            key: 0,
        }
    }

    /// Whether it says something about who may be sent to, if nobody overturned it.
    pub fn is_word(&self) -> bool {
        !self.how.is_review() && (self.is_out || self.trust != Trust::Untrusted)
    }

    /// All of it but the contact, for the digest.
    pub fn bytes(&self) -> [u8; 28] {
        let mut bytes = [0; 28];
        let flags = [
            u8::from(self.is_out),
            self.how.code(),
            self.trust.code(),
            self.grade.code(),
        ];
        let words = [self.at_us.cast_unsigned(), self.sender, self.key];
        let all = flags
            .into_iter()
            .chain(words.into_iter().flat_map(u64::to_le_bytes));
        for (slot, byte) in bytes.iter_mut().zip(all) {
            *slot = byte;
        }
        bytes
    }
}
