//! `IdSet`: a set of contact ids, and the one place that knows the bitmap library.

use roaring::RoaringBitmap;

use crate::event::ContactId;

/// A set of contacts as a compressed bitmap.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IdSet(RoaringBitmap);

impl IdSet {
    /// No contact.
    pub fn new() -> Self {
        Self::default()
    }

    /// All contacts below `count`.
    pub fn below(count: u32) -> Self {
        let mut map = RoaringBitmap::new();
        map.insert_range(0..count);
        Self(map)
    }

    /// Adds one; whether it was new.
    pub fn insert(&mut self, id: ContactId) -> bool {
        self.0.insert(id.0)
    }

    /// Takes one out; whether it was there.
    pub fn remove(&mut self, id: ContactId) -> bool {
        self.0.remove(id.0)
    }

    /// Whether it is there.
    pub fn contains(&self, id: ContactId) -> bool {
        self.0.contains(id.0)
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ids, ascending.
    pub fn iter(&self) -> impl Iterator<Item = ContactId> + '_ {
        self.0.iter().map(ContactId)
    }

    /// The ids from `first` on, ascending.
    pub fn iter_from(&self, first: u32) -> impl Iterator<Item = ContactId> + '_ {
        self.0.range(first..).map(ContactId)
    }

    /// Adds all of another.
    pub fn union_with(&mut self, other: &Self) {
        self.0 |= &other.0;
    }

    /// Keeps what both have.
    pub fn intersect_with(&mut self, other: &Self) {
        self.0 &= &other.0;
    }

    /// Takes out what the other has.
    pub fn subtract(&mut self, other: &Self) {
        self.0 -= &other.0;
    }

    /// Keeps what exactly one of them has.
    pub fn differ_with(&mut self, other: &Self) {
        self.0 ^= &other.0;
    }

    /// How many both have.
    pub fn common_count(&self, other: &Self) -> u64 {
        self.0.intersection_len(&other.0)
    }

    /// Appends the portable roaring format, readable by pyroaring and others. Runs are folded
    /// first: it costs a pass and shrinks audiences to almost nothing.
    pub fn serialize_into(&self, out: &mut Vec<u8>) {
        let mut folded = self.0.clone();
        folded.optimize();
        out.reserve(folded.serialized_size());
        // Writing to a Vec cannot fail.
        drop(folded.serialize_into(out));
    }

    /// Reads the portable format; `None` if the bytes are not exactly one bitmap.
    pub fn deserialize(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let map = RoaringBitmap::deserialize_from(&mut rest).ok()?;
        rest.is_empty().then_some(Self(map))
    }
}

impl FromIterator<ContactId> for IdSet {
    fn from_iter<I: IntoIterator<Item = ContactId>>(ids: I) -> Self {
        Self(ids.into_iter().map(|id| id.0).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_its_bytes() {
        let set: IdSet = (0..100_000).step_by(3).map(ContactId).collect();
        let mut bytes = Vec::new();
        set.serialize_into(&mut bytes);
        assert_eq!(IdSet::deserialize(&bytes), Some(set));
        bytes.push(0);
        assert_eq!(
            IdSet::deserialize(&bytes),
            None,
            "a byte too many is not a bitmap"
        );
    }
}
