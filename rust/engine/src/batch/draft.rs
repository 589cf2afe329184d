//! What a batch holds of one event until it is written.

use crate::codec::EventRecord;
use crate::event::{ErrorClass, Kind, Number, Provider, State, Trust};

/// A part of a batch's texts: first byte and the byte after the last.
pub(crate) type Range = (u32, u32);

/// One event or dead letter.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Draft {
    /// The bytes of its record.
    Kept(Kept),
    /// The few fields of a receipt that says nothing else: most of all traffic.
    Receipt(Receipt),
}

/// A record that is bytes already.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kept {
    pub bytes: Range,
    /// Only for receipts, 0 if none: keys of the message id, with and without its account, and
    /// of our reference.
    pub messages: [u64; 3],
}

/// A receipt with no reference, no name and no id of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Receipt {
    pub provider: Provider,
    pub account: Range,
    pub message_id: Range,
    /// Keys of the message id, with and without its account; 0 if none.
    pub messages: [u64; 2],
    pub contact: Option<Number>,
    /// Place among the batch's senders.
    pub sender: u32,
    pub state: State,
    pub class: Option<ErrorClass>,
    pub code: Range,
    pub occurred_us: Option<i64>,
    pub trust: Trust,
}

/// Whether these fields of a [`Receipt`] are all that a record says.
pub(crate) fn is_plain_receipt(record: &EventRecord<'_>) -> bool {
    record.kind == Kind::Receipt
        && record.state.is_some()
        && record.text.is_none()
        && record.value_micros.is_none()
        && [
            record.client_ref,
            record.event_id,
            record.campaign,
            record.blast,
            record.name,
            record.step,
            record.currency,
        ]
        .iter()
        .all(|text| text.is_empty())
}

impl Draft {
    /// Keys of the messages it may be about; 0 where there is none.
    pub const fn messages(&self) -> [u64; 3] {
        match self {
            Self::Kept(kept) => kept.messages,
            Self::Receipt(receipt) => {
                let [message, without_account] = receipt.messages;
                [message, without_account, 0]
            }
        }
    }
}
