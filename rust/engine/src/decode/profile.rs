//! What all provider formats have in common, as a table for each to fill in, and the one place
//! where slots become a receipt or a reply.
#![expect(
    clippy::inline_always,
    reason = "an event is large: each call less is one copy of it less"
)]

use super::RejectCode;
use super::row::{Row, Zone};
use super::slots::{Fault, Slot};
use crate::event::{ErrorClass, Event, Kind, Provider, State};
use crate::limits::{ID_BYTES_MAX, SENDER_BYTES_MAX};
use std::borrow::Cow;

/// A status word of a provider, its state, and whether nothing else follows it.
pub(super) type Word = (&'static str, State, bool);

/// A status word whose state says whether it is final.
pub(super) const fn word(text: &'static str, state: State) -> Word {
    (text, state, state.is_final())
}

/// A status word that ends in no known state.
pub(super) const fn ends_unknown(text: &'static str) -> Word {
    (text, State::Unknown, true)
}

/// Error codes of one class.
pub(super) type Class = (ErrorClass, &'static [&'static str]);

/// Which slots a kind of event is made of; of several the first that is filled counts.
pub(super) struct Shape {
    pub id: &'static [Slot],
    pub contact: &'static [Slot],
    pub sender: &'static [Slot],
    pub time: &'static [Slot],
    pub zone: Zone,
    pub parts: &'static [Slot],
    pub client_ref: &'static [Slot],
}

impl Shape {
    /// Made of nothing; for `..Shape::NONE` in tables.
    pub const NONE: Self = Self {
        id: &[Slot::Id],
        contact: &[],
        sender: &[],
        time: &[],
        zone: Zone::Named,
        parts: &[],
        client_ref: &[],
    };
}

/// One provider's tables.
pub(super) struct Profile {
    pub provider: Provider,
    pub status: &'static [Slot],
    pub words: &'static [Word],
    pub code: &'static [Slot],
    pub classes: &'static [Class],
    pub text: &'static [Slot],
    pub receipt: Shape,
    pub reply: Shape,
}

/// Longest status word that is compared.
const WORD_BYTES_MAX: usize = 255;

impl Profile {
    /// The state a status word means, and whether it is final; unknown where it is not listed.
    pub fn state(&self, status: Option<&str>) -> (State, bool) {
        let status = status.unwrap_or_default();
        self.words
            .iter()
            .find(|(word, ..)| word.eq_ignore_ascii_case(status))
            .map_or((State::Unknown, false), |(_, state, is_final)| {
                (*state, *is_final)
            })
    }

    /// The class of an error, on failures only.
    pub fn class(&self, state: State, code: Option<&str>) -> Option<ErrorClass> {
        match state {
            State::Expired => return Some(ErrorClass::Expired),
            State::Filtered => return Some(ErrorClass::Filtered),
            _ if !state.is_failure() => return None,
            _ => {}
        }
        let code = code?;
        let listed = self.classes.iter().find(|(_, codes)| codes.contains(&code));
        Some(listed.map_or(ErrorClass::Other, |(class, _)| *class))
    }

    /// The receipt that the row's status word and code make.
    #[inline]
    pub fn receipt<'s>(&self, row: &mut Row<'s>) -> Result<Event<'s>, Fault> {
        let status = row.first(self.status, WORD_BYTES_MAX)?;
        self.receipt_said(row, status.as_deref())
    }

    /// The receipt that a status word, read before, and the row's code make.
    #[inline(always)]
    pub fn receipt_said<'s>(
        &self,
        row: &mut Row<'s>,
        status: Option<&str>,
    ) -> Result<Event<'s>, Fault> {
        let (state, is_final) = self.state(status);
        let code = row.code(self.code)?;
        self.receipt_of(row, state, is_final, code)
    }

    /// A receipt with this outcome.
    #[inline(always)]
    pub fn receipt_of<'s>(
        &self,
        row: &mut Row<'s>,
        state: State,
        is_final: bool,
        code: Option<Cow<'s, str>>,
    ) -> Result<Event<'s>, Fault> {
        let mut event = Event::new(Kind::Receipt, self.provider);
        event.state = Some(state);
        event.is_final = Some(is_final);
        event.error_class = self.class(state, code.as_deref());
        event.error_code = code;
        fill(&mut event, row, &self.receipt)?;
        Ok(event)
    }

    /// The reply that the row makes.
    #[inline]
    pub fn reply<'s>(&self, row: &mut Row<'s>) -> Result<Event<'s>, Fault> {
        let mut event = Event::new(Kind::Reply, self.provider);
        fill(&mut event, row, &self.reply)?;
        event.text = row.reply_text(self.text)?;
        Ok(event)
    }
}

#[inline(always)]
fn fill<'s>(event: &mut Event<'s>, row: &mut Row<'s>, shape: &Shape) -> Result<(), Fault> {
    row.fill(&mut event.message_id, shape.id, ID_BYTES_MAX)?;
    event.contact = match row.contact(shape.contact) {
        Err(fault) if fault.code == RejectCode::NotANumber => {
            event.strange_contact_at = Some(fault.byte);
            None
        }
        read => read?,
    };
    row.fill(&mut event.sender, shape.sender, SENDER_BYTES_MAX)?;
    event.occurred_us = row.time(shape.time, shape.zone);
    event.parts = row.parts(shape.parts);
    row.fill(&mut event.client_ref, shape.client_ref, ID_BYTES_MAX)
}

/// Refuses a receipt that nothing could be matched by.
pub(super) fn check_reference(row: &Row<'_>, event: &Event<'_>) -> Result<(), Fault> {
    if event.message_id.is_none() && event.client_ref.is_none() && event.contact.is_none() {
        if let Some(byte) = event.strange_contact_at {
            let code = RejectCode::NotANumber;
            return Err(Fault { byte, code });
        }
        return Err(row.fault(RejectCode::NoReference));
    }
    Ok(())
}
