//! From the slots of one row to the sink: an event, a reject, or nothing.

use super::row::{Builder, Row, SCRATCH_BYTES, Scratch};
use super::slots::{Fault, Slots, at};
use super::{RejectCode, Sink};

/// Gives rows to the sink.
pub(super) struct Out<'b, 'k, S, B> {
    text: &'b str,
    builder: &'k B,
    sink: &'k mut S,
    next: u32,
}

impl<'b, 'k, S: Sink, B: Builder> Out<'b, 'k, S, B> {
    /// Nothing was given yet; `text` is what slots are parts of.
    pub fn new(text: &'b str, builder: &'k B, sink: &'k mut S) -> Self {
        Self {
            text,
            builder,
            sink,
            next: 0,
        }
    }

    /// Forgets all rows so far.
    pub fn forget(&mut self) {
        self.sink.withdraw();
        self.next = 0;
    }

    /// One row, or the fault that it has the wrong type.
    pub fn row(&mut self, slots: &Slots<'_>, start: usize, fits: bool) {
        let number = self.next;
        self.next += 1;
        if !fits {
            let fault = Fault::new(start, RejectCode::WrongType);
            return self.sink.reject(fault.in_row(number));
        }
        let mut buffer = [0; SCRATCH_BYTES];
        let scratch = Scratch::new(&mut buffer);
        let mut row = Row::new(slots, self.text, scratch, number, at(start));
        match self.builder.build(&mut row) {
            Ok(Some(event)) => self.sink.event(number, event),
            Ok(None) => {}
            Err(fault) => self.sink.reject(fault.in_row(number)),
        }
    }
}
