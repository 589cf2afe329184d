//! Record <-> bytes. Pure: no files, no state, no clock.
//!
//! A record is one fact as the log keeps it. Contacts appear by number and names as text,
//! so a log can be replayed into an empty state; receipts whose message was already known
//! carry the dense ids that replay gives again. Byte layouts are in FORMAT.md.

use std::borrow::Cow;

use crate::decode::Reject;
use crate::event::{
    BlastId, ContactId, ErrorClass, Grade, Kind, Labels, Number, Position, Provider, State, Trust,
};
use crate::ledger::How;

mod facts;
mod reader;
mod writer;

pub use reader::{Reader, decode_event, decode_record};
pub use writer::{Writer, encode_event, encode_record};

/// Bytes that are not a record. Offsets are within the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodecError {
    /// Where reading stopped.
    pub byte: usize,
    /// What was expected there.
    pub expected: &'static str,
}

/// One fact of the log.
#[derive(Clone, Debug, PartialEq)]
pub enum Record<'a> {
    /// A campaign registered or updated; fields left `None` stay as they were.
    Campaign(CampaignRecord<'a>),
    /// A blast registered or updated.
    Blast(BlastRecord<'a>),
    /// Contacts added to a blast's audience.
    Audience(AudienceRecord<'a>),
    /// A provider's message id became known.
    Sent(SentRecord<'a>),
    /// A receipt on a message that was already known.
    Receipt(ReceiptRecord<'a>),
    /// A receipt whose message is not known, but whose sender is.
    Likely(LikelyRecord<'a>),
    /// Any other event, with all that is needed to find whom it concerns.
    Event(Box<EventRecord<'a>>),
    /// Rows, or a whole body, that could not become events.
    DeadLetter(DeadLetterRecord<'a>),
    /// A contact suppressed, or no longer, by hand.
    Consent(ConsentRecord<'a>),
    /// A fact about consent that came with its evidence, or a person's word on another one.
    Ledger(LedgerRecord<'a>),
    /// A named text of a campaign or of the directory: surveys, coupon codes, what NO means.
    Setting(SettingRecord<'a>),
    /// What today's rules say of a kept reply.
    Relabel(RelabelRecord<'a>),
    /// Dead letters that were dealt with: sent again, or given up.
    Settled(SettledRecord),
}

/// See [`Record::Campaign`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CampaignRecord<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it cost, in millionths of the currency unit.
    pub cost_micros: Option<i64>,
    /// ISO 4217 code.
    pub currency: Option<&'a str>,
    /// When its window closes, milliseconds since 1970-01-01 UTC.
    pub closes_at_ms: Option<i64>,
    /// The chosen success measure.
    pub goal: Option<&'a str>,
}

/// See [`Record::Blast`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlastRecord<'a> {
    /// Its campaign's name.
    pub campaign: &'a str,
    /// Its own name.
    pub name: &'a str,
    /// Whom it was sent from.
    pub sender: Option<&'a str>,
    /// When it was sent, milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// Key and value.
    pub tags: Vec<(&'a str, &'a str)>,
}

/// See [`Record::Audience`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudienceRecord<'a> {
    /// Key of the blast (see `keys`).
    pub blast: u64,
    /// Numbers, ascending.
    pub numbers: Cow<'a, [u64]>,
}

/// See [`Record::Sent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentRecord<'a> {
    /// Key of the blast.
    pub blast: u64,
    /// Whose id it is.
    pub provider: Provider,
    /// Provider account; empty if none.
    pub account: &'a str,
    /// The id as given.
    pub id: &'a str,
    /// The contact.
    pub number: Number,
}

/// See [`Record::Receipt`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptRecord<'a> {
    /// Key of the message id.
    pub message: u64,
    /// Its blast.
    pub blast: BlastId,
    /// Its contact.
    pub contact: ContactId,
    /// What became of it.
    pub state: State,
    /// Why not.
    pub class: Option<ErrorClass>,
    /// The provider's code as on the wire; empty if none.
    pub code: &'a str,
    /// Provider's time, microseconds since 1970-01-01 UTC.
    pub occurred_us: Option<i64>,
    /// How far its sender is believed.
    pub trust: Trust,
}

/// See [`Record::Likely`]. The keys are those of the texts (see `keys`), so that neither
/// writing nor replay hashes them again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LikelyRecord<'a> {
    /// Whose wire format.
    pub provider: Provider,
    /// Provider account.
    pub account: &'a str,
    /// The message id; empty if none.
    pub message_id: &'a str,
    /// Keys of the message id, with and without the account; 0 if none.
    pub messages: [u64; 2],
    /// Key of the sender.
    pub sender: u64,
    /// Key by which a repeat is known.
    pub event: u64,
    /// The handset.
    pub contact: Number,
    /// What became of it.
    pub state: State,
    /// Why not.
    pub class: Option<ErrorClass>,
    /// The provider's code.
    pub code: &'a str,
    /// Provider's time, microseconds since 1970-01-01 UTC.
    pub occurred_us: Option<i64>,
    /// How far its sender is believed.
    pub trust: Trust,
}

/// See [`Record::Event`]. Texts are empty where there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRecord<'a> {
    /// What kind of fact.
    pub kind: Kind,
    /// Whose wire format.
    pub provider: Provider,
    /// Provider account.
    pub account: &'a str,
    /// Provider's id of the message or of the reply.
    pub message_id: &'a str,
    /// Our reference, given back.
    pub client_ref: &'a str,
    /// The sender's own id of the event.
    pub event_id: &'a str,
    /// The handset.
    pub contact: Option<Number>,
    /// Our side.
    pub sender: &'a str,
    /// Campaign named explicitly.
    pub campaign: &'a str,
    /// Blast named explicitly.
    pub blast: &'a str,
    /// Receipts, notices, flow events.
    pub state: Option<State>,
    /// Why not.
    pub class: Option<ErrorClass>,
    /// The provider's code.
    pub code: &'a str,
    /// Provider's time, microseconds since 1970-01-01 UTC.
    pub occurred_us: Option<i64>,
    /// Labels given at arrival; replay never labels again.
    pub labels: Labels,
    /// The reply's text; `None` where the wire had none.
    pub text: Option<&'a str>,
    /// Link, flow or goal.
    pub name: &'a str,
    /// Step of a flow.
    pub step: &'a str,
    /// Value in millionths.
    pub value_micros: Option<i64>,
    /// Currency of the value.
    pub currency: &'a str,
    /// How far its sender is believed.
    pub trust: Trust,
    /// Ids of the rules that gave the labels, with a blank between them.
    pub rules: &'a str,
    /// Language of the text, as the rules saw it.
    pub lang: &'a str,
}

impl EventRecord<'_> {
    /// An event of this kind that says nothing else yet.
    pub const fn new(kind: Kind, provider: Provider) -> Self {
        Self {
            kind,
            provider,
            account: "",
            message_id: "",
            client_ref: "",
            event_id: "",
            contact: None,
            sender: "",
            campaign: "",
            blast: "",
            state: None,
            class: None,
            code: "",
            occurred_us: None,
            labels: Labels::NONE,
            text: None,
            name: "",
            step: "",
            value_micros: None,
            currency: "",
            trust: Trust::Verified,
            rules: "",
            lang: "",
        }
    }
}

/// See [`Record::DeadLetter`]: one request, with all that was refused of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetterRecord<'a> {
    /// Whose door it came through.
    pub provider: Provider,
    /// Provider account.
    pub account: &'a str,
    /// Why, row by row.
    pub rows: Cow<'a, [Reject]>,
    /// Request method.
    pub method: &'a str,
    /// Path and query, with the body's first dead letter; empty with later ones.
    pub target: &'a str,
    /// The whole body as received.
    pub body: &'a [u8],
}

/// See [`Record::Consent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsentRecord<'a> {
    /// The contact.
    pub number: Number,
    /// True lifts the suppression.
    pub opted_in: bool,
    /// When it took effect, milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// Why, in the operator's words.
    pub reason: &'a str,
}

/// See [`Record::Ledger`]. Texts are empty where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerRecord<'a> {
    /// The contact.
    pub number: Number,
    /// How it came to be known.
    pub how: How,
    /// True opts in, or lifts.
    pub opted_in: bool,
    /// When it took effect, microseconds since 1970-01-01 UTC.
    pub at_us: i64,
    /// How far its source is believed.
    pub trust: Trust,
    /// How sure it is.
    pub grade: Grade,
    /// The fact that a review is about, by its key; 0 if none.
    pub subject: u64,
    /// Our side, if it concerns one sender.
    pub sender: &'a str,
    /// Where it comes from: a form, a list, a person.
    pub source: &'a str,
    /// The words that were agreed to, or said; or why.
    pub wording: &'a str,
    /// Rules that fired.
    pub rules: &'a str,
}

/// See [`Record::Setting`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettingRecord<'a> {
    /// Campaign; empty for the whole directory.
    pub campaign: &'a str,
    /// Its name, such as `survey:nps`.
    pub name: &'a str,
    /// The text; empty takes the setting back.
    pub value: &'a str,
    /// When it was made, milliseconds since 1970-01-01 UTC: the latest counts.
    pub at_ms: i64,
}

/// See [`Record::Relabel`]. Comes after the reply it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelabelRecord<'a> {
    /// Log position of the reply.
    pub reply: Position,
    /// The contact.
    pub number: Number,
    /// Its labels from now on, with their grade.
    pub labels: Labels,
    /// Key of the blast that the reply is credited to; 0 if none.
    pub blast: u64,
    /// All labels that the contact's replies to that blast have from now on, as bits; of those
    /// up to `as_of`, and whose blast is certain.
    pub merged: Labels,
    /// The last reply that was looked at.
    pub as_of: Position,
    /// Whether it opts out by these rules. Relabelling never opts anybody in, and never takes an
    /// opt-out back.
    pub opts_out: bool,
    /// When the reply was said, microseconds since 1970-01-01 UTC.
    pub at_us: i64,
    /// Our side.
    pub sender: &'a str,
    /// Rules that fired.
    pub rules: &'a str,
}

/// See [`Record::Settled`]. Comes after the letters it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettledRecord {
    /// Log positions of the letters, ascending.
    pub letters: Vec<Position>,
}

/// Where the trust is in a state's byte: states have codes below 64.
const TRUST_SHIFT: u32 = 6;

/// A state, and in its two high bits how far the sender is believed.
const fn state_byte(state: State, trust: Trust) -> u8 {
    state.code() | trust.code() << TRUST_SHIFT
}

/// The same, taken apart.
fn believed_state(byte: u8) -> Option<(State, Trust)> {
    let state = State::from_code(byte & ((1 << TRUST_SHIFT) - 1));
    state.zip(Trust::from_code(byte >> TRUST_SHIFT))
}

#[cfg(test)]
mod tests;
