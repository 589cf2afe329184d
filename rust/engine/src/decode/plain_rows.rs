//! Rows that say all there is, with nothing around them that they share: given out as they are
//! read. Whoever asked withdraws them if what follows is no JSON.

use super::json::{Stopped, Token};
use super::out::Out;
use super::row::Builder;
use super::slots::Slots;
use super::table::Key;
use super::tree::{Walk, find_key};
use super::{RejectCode, Sink};
use crate::limits::BODY_EVENTS_MAX;

impl Walk<'_> {
    /// Reads all there is, of a table whose rows say all there is, and gives them out.
    pub fn plain_rows<S: Sink, B: Builder>(
        &mut self,
        root: &'static Key,
        out: &mut Out<'_, '_, S, B>,
    ) -> Result<(), Stopped> {
        self.scan.skip_blanks();
        let start = self.scan.place();
        match self.scan.token()? {
            Token::Object => {}
            _ => return Err(self.scan.stop_at(start, RejectCode::WrongType)),
        }
        let mut is_found = false;
        let mut first = true;
        while let Some(name) = self.scan.next_key(first)? {
            first = false;
            let Some((_, key)) = find_key(root, name) else {
                self.scan.skip_value()?;
                continue;
            };
            // The last value of a name wins as a whole.
            if is_found {
                out.forget();
            }
            is_found = true;
            self.rows_of(key, out)?;
        }
        self.scan.end()?;
        if !is_found {
            out.row(&self.slots, start, true);
        }
        Ok(())
    }

    /// Reads the value that rows are in, one row or an array of them.
    fn rows_of<S: Sink, B: Builder>(
        &mut self,
        key: &'static Key,
        out: &mut Out<'_, '_, S, B>,
    ) -> Result<(), Stopped> {
        let opening = self.scan.skip_blanks();
        let place = self.scan.place();
        if opening != Some(b'[') {
            self.slots = Slots::EMPTY;
            let fits = self.known_value(key, true)?;
            out.row(&self.slots, place, fits);
            return Ok(());
        }
        self.scan.token()?;
        let mut count = 0;
        while self.scan.next_element(count == 0)? {
            count += 1;
            if count > BODY_EVENTS_MAX {
                return Err(self.scan.stop_at(place, RejectCode::TooManyEvents));
            }
            let start = self.scan.place();
            self.slots = Slots::EMPTY;
            let fits = self.known_value(key, true)?;
            out.row(&self.slots, start, fits);
        }
        Ok(())
    }
}
