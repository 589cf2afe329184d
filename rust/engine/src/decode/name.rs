//! Names of fields, compared quickly.

/// A name and the words at its ends, which are all of it up to sixteen bytes: comparing those
/// is quicker than to call for it.
#[derive(Clone, Copy)]
pub(super) struct Name<'n> {
    bytes: &'n [u8],
    head: u64,
    tail: u64,
}

impl<'n> Name<'n> {
    #[inline]
    pub const fn new(bytes: &'n [u8]) -> Self {
        let (head, tail) = match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
            _ => match (bytes.first_chunk(), bytes.last_chunk()) {
                (Some(head), Some(tail)) => (
                    u32::from_le_bytes(*head) as u64,
                    u32::from_le_bytes(*tail) as u64,
                ),
                _ => match bytes {
                    [first, .., last] => (*first as u64, *last as u64),
                    [only] => (*only as u64, 0),
                    [] => (0, 0),
                },
            },
        };
        Self { bytes, head, tail }
    }

    #[inline]
    pub fn is_same(&self, other: &Self) -> bool {
        let len = self.bytes.len();
        self.head == other.head
            && self.tail == other.tail
            && len == other.bytes.len()
            && (len <= 16 && len != 3 || self.bytes == other.bytes)
    }

    /// Its length in bytes.
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Its first byte.
    pub const fn first(&self) -> Option<&'n u8> {
        self.bytes.first()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn same_as_bytes_are(a in "[ab]{0,20}", b in "[ab]{0,20}", at: prop::sample::Index) {
            let same = |a: &[u8], b: &[u8]| Name::new(a).is_same(&Name::new(b));
            prop_assert_eq!(same(a.as_bytes(), b.as_bytes()), a == b);
            prop_assert!(same(a.as_bytes(), a.clone().as_bytes()));
            let mut other = a.clone().into_bytes();
            if !other.is_empty() {
                let at = at.index(other.len());
                other[at] ^= 0x20;
                prop_assert!(!same(a.as_bytes(), &other));
            }
        }
    }
}
