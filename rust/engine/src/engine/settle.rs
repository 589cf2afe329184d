//! Takes dead letters off the list once they were dealt with. How they are mended and sent again
//! is the caller's.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use super::Engine;
use crate::codec::{Record, SettledRecord};
use crate::error::EngineError;
use crate::event::Position;

impl Engine {
    /// Takes these dead letters off the list: they were sent again, or are given up. Their
    /// records stay in the log. Durable on return. Returns how many there were; letters that are
    /// settled already, and positions of other things, are passed over.
    ///
    /// # Errors
    /// As `commit`.
    pub fn settle(&self, letters: &[u64], now_ms: i64) -> Result<usize, EngineError> {
        let _one = self
            .registering
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let asked: BTreeSet<Position> = letters.iter().copied().map(Position).collect();
        let open: Vec<Position> = {
            let state = self.read()?;
            let letters = state.dead_letters.iter();
            letters
                .filter(|letter| asked.contains(letter))
                .copied()
                .collect()
        };
        let count = open.len();
        if count > 0 {
            self.write(now_ms, &[Record::Settled(SettledRecord { letters: open })])?;
        }
        Ok(count)
    }
}
