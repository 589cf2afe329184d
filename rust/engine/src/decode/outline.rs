//! How the values of a format were written last time: the bytes that stay, and the strings and
//! numbers between them that change. A provider's software writes the same way for months.
//!
//! Only ever a guess. A value is read by the grammar once; where the same bytes stand again
//! around other strings and numbers, it must mean the same, so those are put into the slots
//! that their forerunners had. Any other value is read by the grammar. So a body means the same
//! with and without a memory, and an odd one only costs what all used to. Knows no format.

use std::cell::RefCell;

use super::json::Scanner;
use super::slots::{Slots, Wire};
use super::table::Key;
use super::track::{Fixed, Hole, Track, holes_of};

/// Ways of writing that are remembered of one kind of value.
const WAYS_COUNT_MAX: usize = 4;
/// Kinds of values that are remembered on a thread, over all formats.
const KINDS_COUNT_MAX: usize = 64;
/// Longest value that is remembered.
const VALUE_BYTES_MAX: usize = 8 * 1024;
/// Most strings and numbers in it.
const HOLES_COUNT_MAX: usize = 256;
/// Values that are looked at before what never changed is taken for what stays.
const TRIALS_COUNT: u8 = 16;
/// Values that must have been read, one way or the other, for each one that is learned: bodies
/// that are never alike must not cost more for it.
const LEARNING_COST: u32 = 8;
const CREDIT_MAX: u32 = 4 * LEARNING_COST;

/// An array of rows in a value, of one row at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OneRow {
    /// How many rows: 0 or 1.
    pub count: usize,
    /// Where it begins, and whether its type is one the table has.
    pub first: (usize, bool),
}

/// What is known of a value that the grammar has read.
pub(super) struct Read<'a, 'b> {
    pub body: &'a [u8],
    /// Where it begins and ends.
    pub range: (usize, usize),
    /// How many objects and arrays it lies in.
    pub depth: usize,
    /// Names in it.
    pub keys: usize,
    pub slots: &'b Slots<'a>,
    pub rows: Rows,
}

/// One way of writing a value.
struct Outline {
    /// The value that it was learned from.
    learned: Vec<u8>,
    /// How deep that lay: deeper, it could pass a limit.
    depth: usize,
    keys: usize,
    holes: Vec<Hole>,
    fixed: Vec<Fixed>,
    /// All strings and numbers can change.
    open: Track,
    /// Only those change that did, once that is known.
    tight: Option<Track>,
    trials: u8,
    rows: Rows,
}

/// The rows of a value that was passed.
pub(super) type Rows = Option<(&'static Key, OneRow)>;

impl Outline {
    fn new(read: &Read<'_, '_>) -> Option<Self> {
        let (start, end) = read.range;
        let learned = read.body.get(start..end)?;
        if learned.len() > VALUE_BYTES_MAX {
            return None;
        }
        let mut holes = holes_of(learned, HOLES_COUNT_MAX)?;
        let mut fixed = Vec::new();
        for (slot, raw) in read.slots.iter() {
            let place = raw.at as usize;
            if raw.wire == Wire::Absent || place < start || place >= end {
                continue;
            }
            let place = place - start;
            match holes.binary_search_by_key(&place, |hole| hole.start) {
                Ok(index) => holes.get_mut(index)?.fill(slot, raw)?,
                Err(_) => fixed.push(Fixed::new(place, slot, raw)?),
            }
        }
        if let Some((_, OneRow { count: 1, first })) = read.rows {
            fixed.push(Fixed::mark(first.0.checked_sub(start)?));
        }
        fixed.sort_unstable_by_key(|fixed| fixed.at);
        let open = Track::new(learned.len(), &holes, &fixed, |_| true);
        Some(Self {
            learned: learned.to_vec(),
            depth: read.depth,
            keys: read.keys,
            holes,
            fixed,
            open,
            tight: None,
            trials: 0,
            rows: read.rows,
        })
    }

    /// Passes a value that is written this way. If not, slots may have been filled.
    #[inline]
    fn pass<'a>(&mut self, scan: &mut Scanner<'a>, slots: &mut Slots<'a>) -> Option<Rows> {
        if scan.counts().0 > self.depth || !scan.takes_keys(self.keys) {
            return None;
        }
        let before = scan.clone();
        let place = self.tight.as_ref().and_then(|track| {
            let place = track.pass(&self.learned, scan, slots, |_, _| ());
            place.or_else(|| {
                *scan = before.clone();
                None
            })
        });
        let place = match place {
            Some(place) => place,
            None => self.try_out(scan, slots)?,
        };
        Some(self.rows.map(|(key, row)| {
            let first = (place, row.first.1);
            (key, OneRow { first, ..row })
        }))
    }

    /// Passes a value whose strings and numbers may be any, and notes which of them changed.
    #[inline(never)]
    fn try_out<'a>(&mut self, scan: &mut Scanner<'a>, slots: &mut Slots<'a>) -> Option<usize> {
        let (holes, learned) = (&mut self.holes, &self.learned);
        let place = self.open.pass(learned, scan, slots, |index, bytes| {
            if let Some(hole) = holes.get_mut(index) {
                hole.compare(learned, bytes);
            }
        })?;
        self.trials = self.trials.saturating_add(1);
        if self.trials >= TRIALS_COUNT {
            let changes = |hole: &Hole| hole.changes;
            self.tight = Some(Track::new(
                self.learned.len(),
                &self.holes,
                &self.fixed,
                changes,
            ));
        }
        Some(place)
    }
}

/// The ways in which one kind of value was written.
#[derive(Default)]
pub(super) struct Outlines {
    ways: Vec<Outline>,
    /// Values read since the last that was learned, as far as they count.
    credit: u32,
}

thread_local! {
    static KNOWN: RefCell<Vec<(&'static Key, Outlines)>> = const { RefCell::new(Vec::new()) };
}

impl Outlines {
    /// Takes out what this thread remembers of the values that a table's entry is for.
    #[inline]
    pub fn take(key: &'static Key) -> Self {
        let known = KNOWN.with_borrow_mut(|known| {
            let mut all = known.iter_mut();
            all.find(|(other, _)| std::ptr::eq(*other, key))
                .map(|(_, outlines)| std::mem::take(outlines))
        });
        known.unwrap_or(Self {
            ways: Vec::new(),
            credit: CREDIT_MAX,
        })
    }

    /// Puts it back.
    #[inline]
    pub fn keep(self, key: &'static Key) {
        KNOWN.with_borrow_mut(|known| {
            let mut all = known.iter_mut();
            match all.find(|(other, _)| std::ptr::eq(*other, key)) {
                Some((_, place)) => *place = self,
                None => {
                    if known.len() >= KINDS_COUNT_MAX {
                        known.clear();
                    }
                    known.push((key, self));
                }
            }
        });
    }

    /// How many ways there are to try.
    #[inline]
    pub const fn count(&self) -> usize {
        self.ways.len()
    }

    /// Passes a value written in one of the ways. If it is not, slots may have been filled.
    #[inline]
    pub fn pass<'a>(
        &mut self,
        way: usize,
        scan: &mut Scanner<'a>,
        slots: &mut Slots<'a>,
    ) -> Option<Rows> {
        let before = scan.clone();
        let Some(rows) = self.ways.get_mut(way)?.pass(scan, slots) else {
            *scan = before;
            return None;
        };
        self.credit = CREDIT_MAX.min(self.credit + 1);
        if way > 0 {
            self.ways.swap(way - 1, way);
        }
        Some(rows)
    }

    /// Whether a value that was written in no known way is to be learned.
    pub const fn is_learning(&mut self) -> bool {
        if self.credit < LEARNING_COST {
            self.credit += 1;
            return false;
        }
        self.credit -= LEARNING_COST;
        true
    }

    /// Remembers one more way, in the place of the one that is used least.
    #[cold]
    pub fn learn(&mut self, read: &Read<'_, '_>) {
        let Some(outline) = Outline::new(read) else {
            return;
        };
        self.ways.truncate(WAYS_COUNT_MAX - 1);
        self.ways.push(outline);
    }
}
