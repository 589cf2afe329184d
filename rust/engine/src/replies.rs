//! Where replies stand in the log, whose they are, and their labels as they are judged now.
//!
//! Texts stay in the log. Which campaign a reply is credited to, `apply::whose` says when asked.

use crate::event::{ContactId, Labels, Position};

/// One reply, 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyAt {
    /// Its record in the log.
    pub position: Position,
    /// Who wrote it.
    pub contact: ContactId,
    /// Its labels.
    pub labels: Labels,
}

/// All replies, in order of their positions.
#[derive(Clone, Debug, Default)]
pub struct Replies {
    list: Vec<ReplyAt>,
}

impl Replies {
    /// How many there are.
    pub const fn count(&self) -> usize {
        self.list.len()
    }

    /// Adds one; its position is after all others.
    pub fn push(&mut self, reply: ReplyAt) {
        self.list.push(reply);
    }

    /// Gives a reply other labels; those it had.
    pub fn set_labels(&mut self, position: Position, labels: Labels) -> Option<Labels> {
        let found = self
            .list
            .binary_search_by_key(&position, |reply| reply.position);
        let reply = self.list.get_mut(found.ok()?)?;
        Some(std::mem::replace(&mut reply.labels, labels))
    }

    /// Those after a position.
    pub fn after(&self, position: Position) -> &[ReplyAt] {
        let first = self
            .list
            .partition_point(|reply| reply.position <= position);
        self.list.get(first..).unwrap_or_default()
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = &ReplyAt> {
        self.list.iter()
    }
}
