//! Which requests were answered 2xx: one bit each while running, a list of ranges in the file.

use std::fmt::Write as _;

/// The set of request indexes that were answered 2xx.
pub struct Ledger {
    first: u64,
    words: Vec<u64>,
    repeats: u64,
}

impl Ledger {
    /// `first` is the lowest index this run can issue.
    pub fn new(first: u64) -> Self {
        Self {
            first,
            words: Vec::new(),
            repeats: 0,
        }
    }

    /// Notes one answered request; indexes come nearly in order, so the bits stay dense.
    pub fn mark(&mut self, index: u64) {
        let bit = index.saturating_sub(self.first);
        let Ok(word) = usize::try_from(bit / 64) else {
            return;
        };
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            let mask = 1 << (bit % 64);
            self.repeats += u64::from(*word & mask != 0);
            *word |= mask;
        }
    }

    /// Answers to a request that had one already: a fault of the generator or the server.
    pub fn repeats(&self) -> u64 {
        self.repeats
    }

    /// One line a range, `FIRST LAST`, both included, ascending.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let mut open: Option<u64> = None;
        let mut index = self.first;
        for word in &self.words {
            for bit in 0..64 {
                match (word >> bit & 1 == 1, open) {
                    (true, None) => open = Some(index),
                    (false, Some(from)) => {
                        push_range(&mut text, from, index - 1);
                        open = None;
                    }
                    _ => {}
                }
                index += 1;
            }
        }
        if let Some(from) = open {
            push_range(&mut text, from, index - 1);
        }
        text
    }
}

fn push_range(text: &mut String, from: u64, to: u64) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{from} {to}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_name_exactly_what_was_marked() {
        let mut ledger = Ledger::new(100);
        for index in [100, 101, 103, 163, 164, 165, 227, 300] {
            ledger.mark(index);
        }
        assert_eq!(
            ledger.to_text(),
            "100 101\n103 103\n163 165\n227 227\n300 300\n"
        );
        assert_eq!(ledger.repeats(), 0);
        ledger.mark(300);
        assert_eq!(ledger.repeats(), 1);
    }

    #[test]
    fn a_range_may_end_with_its_word() {
        let mut ledger = Ledger::new(0);
        (0..64).for_each(|index| ledger.mark(index));
        assert_eq!(ledger.to_text(), "0 63\n");
        assert_eq!(Ledger::new(5).to_text(), "");
    }
}
