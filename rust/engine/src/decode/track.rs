//! Along the bytes of a value that stay, over those that change. Knows where strings and
//! numbers are, and nothing of tables.

use super::json::Scanner;
use super::slots::{Raw, Slot, Slots, Wire, at};

/// A string or number of a value.
pub(super) struct Hole {
    /// Where it begins; of a string, the byte after its quotation mark.
    pub start: usize,
    end: usize,
    is_text: bool,
    is_escaped: bool,
    slot: Slot,
    /// Whether another one was seen in its place.
    pub changes: bool,
}

impl Hole {
    /// It is what a slot holds. None if it cannot be.
    pub fn fill(&mut self, slot: Slot, raw: &Raw<'_>) -> Option<()> {
        let fits = match raw.wire {
            Wire::Text | Wire::TextEscaped => self.is_text,
            Wire::Number => !self.is_text,
            _ => false,
        };
        let is_free = self.slot == Slot::None && raw.bytes.len() == self.end - self.start;
        self.slot = slot;
        (fits && is_free).then_some(())
    }

    /// Notes whether these bytes are others than those in the value it was learned from.
    pub fn compare(&mut self, learned: &[u8], bytes: &[u8]) {
        self.changes |= learned.get(self.start..self.end) != Some(bytes);
    }

    /// Where what stays goes on.
    const fn after(&self) -> usize {
        self.end + self.is_text as usize
    }

    const fn wire(&self) -> Wire {
        match (self.is_text, self.is_escaped) {
            (false, _) => Wire::Number,
            (true, false) => Wire::Text,
            (true, true) => Wire::TextEscaped,
        }
    }
}

/// The strings that are no names, and the numbers, of a value that the grammar has read, in
/// order; none if they are too many.
pub(super) fn holes_of(value: &[u8], count_max: usize) -> Option<Vec<Hole>> {
    let mut holes = Vec::new();
    let mut place = 0;
    while let Some(byte) = value.get(place) {
        let is_text = *byte == b'"';
        if !is_text && !matches!(byte, b'-' | b'0'..=b'9') {
            place += 1;
            continue;
        }
        let start = place + usize::from(is_text);
        let (end, is_escaped) = if is_text {
            string_end(value, start)
        } else {
            (number_end(value, start), false)
        };
        place = end + usize::from(is_text);
        let is_name = is_text && follows_colon(value, place);
        if is_name {
            continue;
        }
        if holes.len() == count_max {
            return None;
        }
        holes.push(Hole {
            start,
            end,
            is_text,
            is_escaped,
            slot: Slot::None,
            changes: false,
        });
    }
    Some(holes)
}

fn string_end(value: &[u8], start: usize) -> (usize, bool) {
    let mut place = start;
    let mut is_escaped = false;
    loop {
        match value.get(place) {
            None | Some(b'"') => return (place, is_escaped),
            Some(b'\\') => {
                is_escaped = true;
                place += 2;
            }
            Some(_) => place += 1,
        }
    }
}

fn number_end(value: &[u8], start: usize) -> usize {
    let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    let rest = value.get(start..).unwrap_or_default();
    start + rest.iter().take_while(is_part).count()
}

fn follows_colon(value: &[u8], place: usize) -> bool {
    let mut rest = value.get(place..).unwrap_or_default().iter();
    rest.find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

/// What a slot holds because of bytes that stay.
#[derive(Clone, Copy)]
pub(super) struct Fixed {
    /// Offset in the value.
    pub at: usize,
    len: usize,
    /// `None` where it only marks a place.
    slot: Slot,
    wire: Wire,
}

impl Fixed {
    /// `true`, `false`, `null` or something nested. None if it is none of these.
    pub fn new(at: usize, slot: Slot, raw: &Raw<'_>) -> Option<Self> {
        let wire = raw.wire;
        let is_one = matches!(wire, Wire::True | Wire::False | Wire::Null | Wire::Nested);
        is_one.then_some(Self {
            at,
            len: 0,
            slot,
            wire,
        })
    }

    /// A place to be told of.
    pub const fn mark(at: usize) -> Self {
        Self {
            at,
            len: 0,
            slot: Slot::None,
            wire: Wire::Absent,
        }
    }

    const fn of(hole: &Hole) -> Self {
        Self {
            at: hole.start,
            len: hole.end - hole.start,
            slot: hole.slot,
            wire: hole.wire(),
        }
    }
}

/// What follows a stretch that stays.
#[derive(Clone, Copy)]
enum Next {
    Text,
    Number,
    /// The end of the value.
    End,
}

/// A stretch that stays, and what follows it.
#[derive(Clone, Copy)]
struct Step {
    /// First byte and the byte after the last, in the value it was learned from.
    range: (usize, usize),
    /// First and the one after the last of what slots hold because of it.
    fixed: (usize, usize),
    next: Next,
    slot: Slot,
}

/// A value from its first byte to its last.
pub(super) struct Track {
    steps: Vec<Step>,
    fixed: Vec<Fixed>,
}

impl Track {
    /// `fixed` in order of its places; `changes` says which strings and numbers may be others.
    pub fn new(
        len: usize,
        holes: &[Hole],
        fixed: &[Fixed],
        changes: impl Fn(&Hole) -> bool,
    ) -> Self {
        let stays = holes.iter().filter(|hole| !changes(hole));
        let kept = stays.filter(|hole| hole.slot != Slot::None).map(Fixed::of);
        let mut fixed: Vec<Fixed> = fixed.iter().copied().chain(kept).collect();
        fixed.sort_by_key(|fixed| fixed.at);
        let mut steps = Vec::new();
        let (mut start, mut done) = (0, 0);
        let mut push = |end: usize, after: usize, next: Next, slot: Slot| {
            let count = fixed.iter().skip(done).take_while(|fixed| fixed.at <= end);
            let until = done + count.count();
            steps.push(Step {
                range: (start, end),
                fixed: (done, until),
                next,
                slot,
            });
            (start, done) = (after, until);
        };
        for hole in holes.iter().filter(|hole| changes(hole)) {
            let next = if hole.is_text {
                Next::Text
            } else {
                Next::Number
            };
            push(hole.start, hole.after(), next, hole.slot);
        }
        push(len, len, Next::End, Slot::None);
        Self { steps, fixed }
    }

    /// Passes a value that is written this way, fills slots, and shows each string and number
    /// that may change. Gives the place that was marked, or 0. None if the value is another;
    /// slots may have been filled then.
    #[inline]
    pub fn pass<'a>(
        &self,
        learned: &[u8],
        scan: &mut Scanner<'a>,
        slots: &mut Slots<'a>,
        mut show: impl FnMut(usize, &[u8]),
    ) -> Option<usize> {
        let mut marked = 0;
        for (index, step) in self.steps.iter().enumerate() {
            let start = scan.place();
            let (first, end) = step.range;
            if !scan.passes(learned.get(first..end)?) {
                return None;
            }
            for fixed in self.fixed.get(step.fixed.0..step.fixed.1)? {
                let place = start + (fixed.at - first);
                match fixed.slot {
                    Slot::None => marked = place,
                    slot => slots.set(slot, raw(scan, place, fixed.len, fixed.wire)),
                }
            }
            let raw = match step.next {
                Next::Text => raw_text(scan)?,
                Next::Number => raw_number(scan)?,
                Next::End => return Some(marked),
            };
            show(index, raw.bytes);
            slots.set(step.slot, raw);
        }
        None
    }
}

/// A part that was passed, as a slot holds it.
#[inline]
fn raw<'a>(scan: &Scanner<'a>, place: usize, len: usize, wire: Wire) -> Raw<'a> {
    let bytes = scan.bytes().get(place..place + len).unwrap_or_default();
    let at = at(place);
    Raw { bytes, at, wire }
}

/// Reads a string whose opening quotation mark was passed, as a slot holds it.
#[inline]
fn raw_text<'a>(scan: &mut Scanner<'a>) -> Option<Raw<'a>> {
    let at = at(scan.place());
    let text = scan.string_rest().ok()?;
    let wire = if text.is_escaped {
        Wire::TextEscaped
    } else {
        Wire::Text
    };
    let bytes = text.bytes;
    Some(Raw { bytes, at, wire })
}

/// Reads a number, as a slot holds it.
#[inline]
fn raw_number<'a>(scan: &mut Scanner<'a>) -> Option<Raw<'a>> {
    let at = at(scan.place());
    let bytes = scan.number().ok()?;
    let wire = Wire::Number;
    Some(Raw { bytes, at, wire })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(value: &str) -> Vec<&str> {
        let holes = holes_of(value.as_bytes(), 100).unwrap();
        holes
            .iter()
            .map(|hole| &value[hole.start..hole.end])
            .collect()
    }

    #[test]
    fn holes_are_strings_and_numbers_but_no_names() {
        for (value, found) in [
            (
                r#"{"a":"b","c" : [1,-2.5e+3,"d\"e"],"f":{"g":true}}"#,
                vec!["b", "1", "-2.5e+3", r#"d\"e"#],
            ),
            (r#"{"a\\":"","b":null}"#, vec![""]),
            ("[]", vec![]),
            ("12", vec!["12"]),
        ] {
            assert_eq!(texts(value), found, "{value}");
        }
        assert!(holes_of(b"[1,2,3]", 2).is_none());
    }
}
