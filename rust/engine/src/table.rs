//! Large tables of places in a row, built at once.
//!
//! One after the other, each key would wait for memory alone. They are sorted first into ranges of
//! the table that fit the processor's cache, a block of them at a time.

use hashbrown::HashTable;

/// Ranges that a table is filled in, as a power of two: each of a table of 100 million fits.
const RANGES_BITS: u32 = 11;
/// Keys sorted at once: the memory that sorting takes.
const BLOCK_COUNT: usize = 1 << 22;
/// Below this a table fits the cache as a whole.
const SORTED_COUNT_MIN: usize = 1 << 16;

/// A table of the places 0, 1, 2 ... of a row whose hashes these are, each place once.
pub fn table_of(count: usize, mut hashes: impl Iterator<Item = u64>) -> HashTable<u32> {
    let mut table = HashTable::with_capacity(count);
    if count < SORTED_COUNT_MIN {
        for (hash, place) in hashes.zip(0_u32..) {
            table.insert_unique(hash, place, |_| 0);
        }
        return table;
    }
    // The table's buckets are a power of two, of which seven eighths are used at most; a key's is
    // told by the low bits of its hash.
    let buckets = table.capacity().next_power_of_two();
    let shift = buckets.trailing_zeros().saturating_sub(RANGES_BITS);
    let mask = (buckets as u64 - 1) >> shift;
    let range = |hash: u64| usize::try_from(hash >> shift & mask).unwrap_or_default();
    let (mut block, mut sorted) = (Vec::new(), Vec::new());
    let mut first = 0_u32;
    loop {
        block.clear();
        block.extend(hashes.by_ref().take(BLOCK_COUNT));
        if block.is_empty() {
            return table;
        }
        sort_by_range(&block, first, 1 << RANGES_BITS, range, &mut sorted);
        for (hash, place) in &sorted {
            table.insert_unique(*hash, *place, |_| 0);
        }
        first = first.saturating_add(u32::try_from(block.len()).unwrap_or(u32::MAX));
    }
}

/// The hashes with their places, in order of the range of each.
fn sort_by_range(
    hashes: &[u64],
    first: u32,
    ranges: usize,
    range: impl Fn(u64) -> usize,
    sorted: &mut Vec<(u64, u32)>,
) {
    let mut ends = vec![0_usize; ranges + 1];
    for hash in hashes {
        if let Some(count) = ends.get_mut(range(*hash) + 1) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for end in &mut ends {
        sum += *end;
        *end = sum;
    }
    sorted.resize(hashes.len(), (0, 0));
    for (hash, place) in hashes.iter().zip(first..) {
        if let Some(next) = ends.get_mut(range(*hash))
            && let Some(slot) = sorted.get_mut(*next)
        {
            *slot = (*hash, place);
            *next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_found_by_its_hash() {
        for count in [0, 1, 1_000, SORTED_COUNT_MIN, SORTED_COUNT_MIN * 3 + 7] {
            let hash = |place: u32| (u64::from(place) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let places = 0..u32::try_from(count).unwrap();
            let table = table_of(count, places.clone().map(hash));
            assert_eq!(table.len(), count);
            for place in places {
                assert_eq!(
                    table.find(hash(place), |other| *other == place),
                    Some(&place)
                );
            }
        }
    }

    #[test]
    fn blocks_follow_each_other() {
        let mut sorted = Vec::new();
        let range = |hash: u64| usize::try_from(hash % 4).unwrap();
        sort_by_range(&[7, 4, 6, 3, 0, 5], 10, 4, range, &mut sorted);
        assert_eq!(
            sorted,
            [(4, 11), (0, 14), (5, 15), (6, 12), (7, 10), (3, 13)]
        );
    }
}
