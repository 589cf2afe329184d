//! What a provider told us, typed, not yet on disk; and the ids that the rest of the engine
//! speaks in. Knows nothing of wire formats, of files, or of what an event changes.

use std::borrow::Cow;
use std::fmt;

pub use crate::labels::{Grade, Label, Labels};
use crate::named::named;
pub use crate::provider::Provider;

/// Dense number of a contact, from 0 in order of first appearance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContactId(pub u32);

/// Dense number of a campaign, from 0 in order of registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CampaignId(pub u32);

/// Dense number of a blast over all campaigns, from 0 in order of registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlastId(pub u32);

/// Number of a record in the log, from 1. `Position(0)` means none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

/// A phone number in E.164, as the integer its digits make (8 to 15 digits, no leading zero).
///
/// `Display` writes `+` and the digits: for exports only. `Debug` masks, so that no number
/// reaches a log line or an error by accident.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(pub u64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Number(masked)")
    }
}

named! {
    /// How far the sender of an event is believed.
    Trust {
        /// It signed the request, or it called us in the same process.
        Verified = 0 "verified",
        /// It knows a shared secret or has a listed address.
        Allowed = 1 "allowed",
        /// Anybody could have sent it. It cannot opt anybody in.
        Untrusted = 2 "untrusted",
    }
}

named! {
    /// What kind of fact an event is.
    Kind {
        /// A delivery receipt (DLR) on a message.
        Receipt = 1 "receipt",
        /// An inbound text (MO) from a contact. A STOP that comes as a text is one.
        Reply = 2 "reply",
        /// A notice, without text, that a contact opted out or in.
        OptOut = 3 "optout",
        /// A handshake or probe: nothing to count.
        Control = 4 "control",
        /// A message was handed to a provider under an id. Canonical events only.
        Sent = 5 "sent",
        /// A tracked link was opened. Canonical events only.
        Click = 6 "click",
        /// A step of a flow. Canonical events only.
        Flow = 7 "flow",
        /// The goal was reached, perhaps with a value. Canonical events only.
        Conversion = 8 "conversion",
        /// A contact was judged a qualified lead. Canonical events only.
        Lead = 9 "lead",
    }
}

named! {
    /// What became of a message, or of a contact's consent (`stop`, `start`: opt-out notices).
    State {
        /// The provider holds it.
        Queued = 1 "queued",
        /// The next hop took or buffers it.
        Accepted = 2 "accepted",
        /// Handed to the carrier.
        Sent = 3 "sent",
        /// On the handset. Final.
        Delivered = 4 "delivered",
        /// Carrier or handset could not. Final.
        Undelivered = 5 "undelivered",
        /// The provider could not. Final.
        Failed = 6 "failed",
        /// Refused by policy, validation or carrier. Final.
        Rejected = 7 "rejected",
        /// Its validity ended. Final.
        Expired = 8 "expired",
        /// Blocked as spam or for content. Final.
        Filtered = 9 "filtered",
        /// Read (MMS, RCS); implies delivered. Final.
        Read = 10 "read",
        /// A status word that is not listed, or the provider's own "unknown".
        Unknown = 11 "unknown",
        /// Consent: the contact opted out.
        Stop = 12 "stop",
        /// Consent: the contact opted in.
        Start = 13 "start",
        /// Consent: the contact asked for help. No effect on consent.
        Help = 14 "help",
        /// A flow: begun.
        Started = 15 "started",
        /// A flow: one step done.
        Step = 16 "step",
        /// A flow: finished.
        Completed = 17 "completed",
    }
}

impl State {
    /// Whether nothing else is expected after it. `Unknown` is left to the provider's profile.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Delivered
                | Self::Undelivered
                | Self::Failed
                | Self::Rejected
                | Self::Expired
                | Self::Filtered
                | Self::Read
        )
    }

    /// Whether it says that the message did not arrive.
    pub const fn is_failure(self) -> bool {
        matches!(
            self,
            Self::Undelivered | Self::Failed | Self::Rejected | Self::Expired | Self::Filtered
        )
    }
}

named! {
    /// Why a message did not arrive: the closed list that provider error codes map to.
    ErrorClass {
        /// No such number, a landline, or not able to take texts.
        InvalidNumber = 1 "invalid_number",
        /// Spam or content filter.
        Filtered = 2 "filtered",
        /// The recipient had opted out at the provider.
        OptedOut = 3 "opted_out",
        /// Handset off, unreachable, full.
        Absent = 4 "absent",
        /// Validity ended.
        Expired = 5 "expired",
        /// Too many, too fast.
        RateLimit = 6 "rate_limit",
        /// A code that says none of these.
        Other = 7 "other",
    }
}

/// One fact as a provider tells it. Texts borrow from the request where no decoding was needed.
///
/// `contact` is the handset on receipts and replies; `sender` is our number, short code or
/// name as on the wire. `occurred_us` is set only where the zone is known: microseconds since
/// 1970-01-01 UTC. An empty value on the wire is `None`, reply text excepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// What kind of fact.
    pub kind: Kind,
    /// Whose wire format said so. For canonical events: the provider named inside, if any.
    pub provider: Provider,
    /// The provider's id of the message (receipts) or of the reply.
    pub message_id: Option<Cow<'a, str>>,
    /// The handset.
    pub contact: Option<Number>,
    /// Offset of the contact in the body, where it is neither a phone number nor anything that
    /// may stand for one. What came of it can be shown; it is not kept as an event.
    pub strange_contact_at: Option<u32>,
    /// Our side: number, short code or name, as on the wire.
    pub sender: Option<Cow<'a, str>>,
    /// Receipts, opt-out notices and flow events.
    pub state: Option<State>,
    /// Receipts only: whether nothing else is expected.
    pub is_final: Option<bool>,
    /// The provider's own code, as text.
    pub error_code: Option<Cow<'a, str>>,
    /// The class the code maps to; only on failures.
    pub error_class: Option<ErrorClass>,
    /// Microseconds since 1970-01-01 UTC, where the provider's zone is known.
    pub occurred_us: Option<i64>,
    /// Replies only.
    pub text: Option<Cow<'a, str>>,
    /// Parts of the whole message, if the wire says so.
    pub parts: Option<u32>,
    /// Our own reference, given back.
    pub client_ref: Option<Cow<'a, str>>,
    /// Replies: the provider's own sign of consent (`stop`, `start`, `help`), beside the text.
    pub consent: Option<State>,
    /// Fields that only canonical events have.
    pub own: Option<Box<Own<'a>>>,
    /// Name of the loaded profile, where the provider is `Profile`.
    pub profile: Option<&'static str>,
}

/// Fields that only the project's own canonical events carry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own<'a> {
    /// The sender's own id of this event: the key that makes a repeat harmless.
    pub event_id: Option<Cow<'a, str>>,
    /// Provider account that `message_id` belongs to.
    pub account: Option<Cow<'a, str>>,
    /// Campaign the event names.
    pub campaign: Option<Cow<'a, str>>,
    /// Blast the event names.
    pub blast: Option<Cow<'a, str>>,
    /// Link of a click; name of a flow; name of a goal.
    pub name: Option<Cow<'a, str>>,
    /// Step of a flow.
    pub step: Option<Cow<'a, str>>,
    /// Value of a conversion in millionths of the currency unit.
    pub value_micros: Option<i64>,
    /// ISO 4217 code of the value, upper case.
    pub currency: Option<Cow<'a, str>>,
}

impl Event<'_> {
    /// An event of this kind that says nothing else yet.
    pub const fn new(kind: Kind, provider: Provider) -> Self {
        Self {
            kind,
            provider,
            message_id: None,
            contact: None,
            strange_contact_at: None,
            sender: None,
            state: None,
            is_final: None,
            error_code: None,
            error_class: None,
            occurred_us: None,
            text: None,
            parts: None,
            client_ref: None,
            consent: None,
            own: None,
            profile: None,
        }
    }
}
