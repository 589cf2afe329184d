//! A histogram of durations with log-linear buckets: constant memory, every value kept within
//! 1.6 %.

/// log2 of the buckets that each power of two is cut into: 64 buckets, so at most 1/64 off.
const SPLIT_BITS: u32 = 6;
const SPLIT_COUNT: u64 = 1 << SPLIT_BITS;
/// Buckets that cover every `u64`: one exact row for values below 64, then 64 a power of two.
const BUCKET_COUNT: usize = (64 - SPLIT_BITS as usize + 1) << SPLIT_BITS;

/// Counts of durations in nanoseconds.
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    max_ns: u64,
}

impl Histogram {
    pub fn new() -> Self {
        Self {
            buckets: vec![0; BUCKET_COUNT],
            count: 0,
            max_ns: 0,
        }
    }

    pub fn record(&mut self, value_ns: u64) {
        if let Some(bucket) = self.buckets.get_mut(bucket_of(value_ns)) {
            *bucket += 1;
        }
        self.count += 1;
        self.max_ns = self.max_ns.max(value_ns);
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// The exact greatest value; 0 if there is none.
    pub fn max_ns(&self) -> u64 {
        self.max_ns
    }

    /// The value that `per_100k` of 100,000 recorded values do not exceed (99.9 % = 99,900), as the
    /// upper end of its bucket; 0 if nothing was recorded.
    pub fn quantile_ns(&self, per_100k: u64) -> u64 {
        let rank = (u128::from(self.count) * u128::from(per_100k))
            .div_ceil(100_000)
            .max(1);
        let mut seen = 0_u128;
        for (index, count) in self.buckets.iter().enumerate() {
            seen += u128::from(*count);
            if seen >= rank {
                return upper_end_of(index).min(self.max_ns);
            }
        }
        self.max_ns
    }

    /// Values greater than `limit_ns`, to the bucket (1.6 %).
    pub fn count_over(&self, limit_ns: u64) -> u64 {
        self.buckets.iter().skip(bucket_of(limit_ns) + 1).sum()
    }
}

fn bucket_of(value_ns: u64) -> usize {
    let shift = 63_u32.saturating_sub((value_ns | SPLIT_COUNT).leading_zeros()) - SPLIT_BITS;
    // Row 0 holds 0..64 exactly; row s+1 the values whose top bit is 6+s, of which the top bit
    // itself is dropped.
    let row_and_column = if value_ns < SPLIT_COUNT {
        value_ns
    } else {
        (u64::from(shift) << SPLIT_BITS) + (value_ns >> shift)
    };
    usize::try_from(row_and_column).unwrap_or(BUCKET_COUNT - 1)
}

fn upper_end_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < SPLIT_COUNT {
        return bucket;
    }
    let shift = (bucket >> SPLIT_BITS) - 1;
    let top = SPLIT_COUNT + (bucket & (SPLIT_COUNT - 1));
    (top << shift) + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_a_bucket_that_ends_within_one_64th_above_it() {
        let mut value = 0_u64;
        while value < u64::MAX / 3 {
            for near in [value, value + 1, value + value / 7] {
                let end = upper_end_of(bucket_of(near));
                assert!(end >= near, "{near} is over the end {end} of its bucket");
                assert!(end - near <= near / 64, "{near} is told as {end}");
            }
            value = value * 2 + 1;
        }
        assert!(bucket_of(u64::MAX) < BUCKET_COUNT);
        assert_eq!(upper_end_of(bucket_of(u64::MAX)), u64::MAX);
    }

    #[test]
    fn buckets_rise_with_values() {
        let mut previous = 0;
        for value in 0..100_000_u64 {
            let bucket = bucket_of(value);
            assert!(bucket == previous || bucket == previous + 1, "{value}");
            previous = bucket;
        }
    }

    #[test]
    fn quantiles_of_a_known_list() {
        let mut histogram = Histogram::new();
        for value in 1..=1_000_u64 {
            histogram.record(value * 1_000);
        }
        for (per_100k, expected) in [(50_000, 500_000), (99_000, 990_000), (99_900, 999_000)] {
            let found = histogram.quantile_ns(per_100k);
            assert!(
                found >= expected && found <= expected + expected / 64,
                "{found}"
            );
        }
        assert_eq!(histogram.max_ns(), 1_000_000);
        assert_eq!(histogram.quantile_ns(100_000), 1_000_000);
        assert_eq!(histogram.count(), 1_000);
    }

    #[test]
    fn a_pause_shows_as_values_over_a_limit() {
        let mut histogram = Histogram::new();
        for _ in 0..990 {
            histogram.record(1_000_000);
        }
        for _ in 0..10 {
            histogram.record(500_000_000);
        }
        assert_eq!(histogram.count_over(100_000_000), 10);
    }

    #[test]
    fn nothing_recorded_is_zero() {
        assert_eq!(Histogram::new().quantile_ns(99_900), 0);
    }
}
