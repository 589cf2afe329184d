//! Parameters of the operator's own in a callback's URL (`?ref=42`), told by a template, for
//! providers whose own parameters have fixed names. They fill what the provider did not say.

use super::number::{Contact, classify};
use super::slots::{Fault, at};
use super::{Reject, RejectCode, Sink, Template, form};
use crate::event::{Event, Number};
use crate::limits::{ID_BYTES_MAX, SENDER_BYTES_MAX};
use std::borrow::Cow;

/// What the operator's own parameters say.
#[derive(Debug, Default)]
pub(super) struct OwnKeys {
    client_ref: Option<String>,
    message_id: Option<String>,
    contact: Option<Number>,
    sender: Option<String>,
}

/// Reads them from a query; none where the template names none that is there.
///
/// # Errors
/// A value that cannot be decoded, is too long or has a NUL.
pub(super) fn read(query: &[u8], template: &Template) -> Result<Option<OwnKeys>, Fault> {
    let mut keys = OwnKeys::default();
    let mut outcome = Ok(());
    let mut found = false;
    form::each_pair(query, |pair| {
        let role = form::find_name(&pair, |wire| {
            let mut roles = template.roles.iter();
            roles.find(|(name, _)| form::is_same(wire, name.as_bytes()))
        });
        let Some((_, role)) = role else { return };
        if let Err(fault) = keys.take(role, &pair)
            && outcome.is_ok()
        {
            outcome = Err(fault);
        }
        found = true;
    })?;
    outcome?;
    Ok(found.then_some(keys))
}

impl OwnKeys {
    fn take(&mut self, role: &str, pair: &form::Pair<'_>) -> Result<(), Fault> {
        let (place, bytes_max) = match role {
            "client_ref" => (&mut self.client_ref, ID_BYTES_MAX),
            "message_id" => (&mut self.message_id, ID_BYTES_MAX),
            "sender" => (&mut self.sender, SENDER_BYTES_MAX),
            "contact" => {
                let text = value(pair, usize::MAX)?.unwrap_or_default();
                if let Contact::Phone(number) = classify(text.as_bytes()) {
                    self.contact = Some(number);
                }
                return Ok(());
            }
            _ => return Ok(()),
        };
        *place = value(pair, bytes_max)?;
        Ok(())
    }

    /// A sink that fills events before it passes them on.
    pub const fn fill<'k, S: Sink>(&'k self, sink: &'k mut S) -> Filled<'k, S> {
        Filled { keys: self, sink }
    }
}

/// A value without its escapes; none where empty.
fn value(pair: &form::Pair<'_>, bytes_max: usize) -> Result<Option<String>, Fault> {
    let fault = |byte: usize, code| Fault {
        byte: pair.at.saturating_add(at(byte)),
        code,
    };
    let mut decoded = vec![0; pair.value.len()];
    let len = form::unescape(pair.value, &mut decoded, false)
        .map_err(|byte| fault(byte, RejectCode::PercentInvalid))?;
    decoded.truncate(len);
    let text = String::from_utf8(decoded).map_err(|_| fault(0, RejectCode::NotUtf8))?;
    if text.len() > bytes_max {
        return Err(fault(0, RejectCode::ValueTooLong));
    }
    if text.contains('\0') {
        return Err(fault(0, RejectCode::NulByte));
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// See [`OwnKeys::fill`].
pub(super) struct Filled<'k, S> {
    keys: &'k OwnKeys,
    sink: &'k mut S,
}

impl<S: Sink> Sink for Filled<'_, S> {
    fn event(&mut self, row: u32, event: Event<'_>) {
        fn fill<'e>(place: &mut Option<Cow<'e, str>>, own: Option<&'e String>) {
            if place.is_none() {
                *place = own.map(|text| Cow::Borrowed(text.as_str()));
            }
        }
        let mut event = event;
        fill(&mut event.client_ref, self.keys.client_ref.as_ref());
        fill(&mut event.message_id, self.keys.message_id.as_ref());
        fill(&mut event.sender, self.keys.sender.as_ref());
        if event.contact.is_none() && self.keys.contact.is_some() {
            event.contact = self.keys.contact;
            event.strange_contact_at = None;
        }
        self.sink.event(row, event);
    }

    fn reject(&mut self, reject: Reject) {
        self.sink.reject(reject);
    }

    fn withdraw(&mut self) {
        self.sink.withdraw();
    }
}
