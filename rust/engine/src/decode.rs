//! Provider bytes -> events and rejects. One file per wire format under `decode/`, tables
//! rather than code where possible.
//!
//! Pure: no clock, no files, no state. Knows nothing of campaigns, of who is registered, or
//! of what an event changes. A body that cannot be read at all is a [`BodyError`]; a row that
//! cannot become an event is a [`Reject`], and its neighbours are not affected.

pub mod number;
pub mod time;

mod escape;
mod form;
mod json;
mod marks;
mod name;
mod out;
mod outline;
mod plain_rows;
mod row;
mod slots;
mod table;
mod track;
mod tree;

mod profile;
mod receipt_text;
mod source;

mod charset;
mod multipart;
mod nested;
mod own_keys;
mod xml;
mod xml_rows;

pub mod custom;
mod flat;
mod handset;
mod latin;
pub mod zone;

mod africastalking;
mod canonical;
mod clicksend;
mod cm;
mod firetext;
mod gupshup;
mod highconnection;
mod infobip;
mod jasmin;
mod kannel;
mod kannel_xml;
mod mmg;
mod msg91;
mod mtarget;
mod pdu;
mod playsms;
mod smpp;
mod smpp_text;
mod smseagle;
mod telnyx;
mod textlocal;
mod textmagic;
mod twilio;
mod udh;
mod vonage_sms;

mod body;
mod folded;
mod groups;

mod aws;
mod azure;
mod bandwidth;
mod messagebird;
mod plivo;
mod ringcentral;
mod sinch;
mod vonage_messages;

pub mod encode;
pub mod request_file;
mod template;

pub use template::{TEMPLATE_ROLES, Template, known_role};

use crate::event::{ErrorClass, Event, Kind, Provider, State};

/// One HTTP request, or what stands for one. Header names are matched without regard to case.
#[derive(Clone, Copy, Debug)]
pub struct RequestView<'a> {
    /// `GET`, `POST` or `HEAD`; upper case.
    pub method: &'a str,
    /// Path and query as received, percent-encoding untouched.
    pub target: &'a str,
    /// Names and values as received.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The body after transfer decoding; empty where there is none.
    pub body: &'a [u8],
}

impl<'a> RequestView<'a> {
    /// The first header with this name (any case), if it is visible text.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .and_then(|(_, value)| std::str::from_utf8(value).ok())
    }

    /// What follows the first `?` of the target; empty if nothing does.
    pub fn query(&self) -> &'a str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// Whether it only asks if somebody is there: HEAD, or GET without a body and without any
    /// parameter but those that our own addresses carry.
    pub fn is_probe(&self) -> bool {
        let is_own = |pair: &str| {
            let name = pair.split_once('=').map_or(pair, |(name, _)| name);
            matches!(name, "" | "campaign" | "blast")
        };
        match self.method {
            "HEAD" => true,
            "GET" => self.body.trim_ascii().is_empty() && self.query().split('&').all(is_own),
            _ => false,
        }
    }
}

/// Why a row could not become an event. The word is stable; senders may match on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reject {
    /// Row in the body, from 0.
    pub row: u32,
    /// Offset in the body (or in the query, for requests without one), in bytes.
    pub byte: u32,
    /// Why.
    pub code: RejectCode,
}

/// Why a whole body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BodyError {
    /// Offset in the body (or in the query, for requests without one), in bytes.
    pub byte: u32,
    /// Why.
    pub code: RejectCode,
}

macro_rules! reject_codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal $word:literal $sentence:literal,)+) => {
        /// Stable reasons, for rows and for whole bodies. `word()` is the contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum RejectCode { $($(#[$doc])* $variant = $code,)+ }

        impl RejectCode {
            /// Every code.
            pub const ALL: &'static [RejectCode] = &[$(RejectCode::$variant,)+];
            /// The stable word.
            pub const fn word(self) -> &'static str { match self { $(Self::$variant => $word,)+ } }
            /// What it means and what to do; never holds a number or a text.
            pub const fn sentence(self) -> &'static str { match self { $(Self::$variant => $sentence,)+ } }
            /// The byte written to disk.
            pub const fn code(self) -> u8 { self as u8 }
            /// The code with this byte, if there is one.
            pub const fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

reject_codes! {
    /// No body and no query to read.
    BodyEmpty = 1 "body_empty" "there is no body and no query to read an event from",
    /// Not JSON.
    JsonInvalid = 2 "json_invalid" "the body is not JSON from this byte on",
    /// JSON that ends early.
    JsonTruncated = 3 "json_truncated" "the JSON ends before it is complete",
    /// Deeper than `JSON_DEPTH_MAX`.
    JsonTooDeep = 4 "json_too_deep" "the JSON is nested deeper than 64 levels",
    /// More keys than `BODY_KEYS_MAX`.
    TooManyKeys = 5 "too_many_keys" "the body has more than 65,536 keys",
    /// More events than `BODY_EVENTS_MAX`.
    TooManyEvents = 6 "too_many_events" "the body has more than 262,144 events; split it",
    /// Bytes that are not UTF-8.
    NotUtf8 = 7 "not_utf8" "the text is not UTF-8 from this byte on",
    /// A `%` without two hexadecimal digits.
    PercentInvalid = 8 "percent_invalid" "a percent sign is not followed by two hexadecimal digits",
    /// A `\u` escape of half a character.
    LoneSurrogate = 9 "lone_surrogate" "an escape names half of a surrogate pair",
    /// A field of the wrong type.
    WrongType = 10 "wrong_type" "a field has another type than this provider sends",
    /// A field that must be there is not.
    FieldMissing = 11 "field_missing" "a field that every such event has is missing or empty",
    /// A contact that is not a phone number.
    NotANumber = 12 "not_a_number" "the contact is not a phone number in international form",
    /// Nothing to find the message or the contact by.
    NoReference = 13 "no_reference" "there is neither a message id, a reference nor a contact to match it by",
    /// A value over its limit.
    ValueTooLong = 14 "value_too_long" "a value is longer than its limit",
    /// Neither a receipt nor a reply nor anything known.
    KindUnknown = 15 "kind_unknown" "this is not a kind of event that is known",
    /// A time that cannot be read.
    TimeInvalid = 16 "time_invalid" "the time is not in the form this field has",
    /// A number out of range.
    ValueInvalid = 17 "value_invalid" "a value is not in the range or form this field has",
    /// The body's content type is not one this provider sends.
    TypeUnsupported = 18 "type_unsupported" "the content type is not one that can be read here",
    /// A NUL byte in an id or a name.
    NulByte = 19 "nul_byte" "a value contains a NUL byte",
    /// A multipart form that is not whole.
    MultipartInvalid = 40 "multipart_invalid" "the multipart form is not whole from this byte on",
    /// Not XML, or XML that declares entities of its own.
    XmlInvalid = 41 "xml_invalid" "the body is not XML that can be read from this byte on",
    /// Not an SMPP PDU of a message.
    PduInvalid = 42 "pdu_invalid" "the bytes are not an SMPP deliver_sm or data_sm from this byte on",
}

/// Takes what a decoder finds, in the order of the request.
pub trait Sink {
    /// One event; its texts live only during the call.
    fn event(&mut self, row: u32, event: Event<'_>);
    /// One refused row.
    fn reject(&mut self, reject: Reject);
    /// Forgets all events and rejects of this request so far: what followed them showed that
    /// they do not count.
    fn withdraw(&mut self);
}

/// Reads one request of a provider.
///
/// The roles of a `template` are, for all providers, `client_ref`, `message_id`, `contact` and
/// `sender`: names of the operator's own in the callback's query, which tell what the provider
/// does not. Kannel and Gupshup, whose parameter names are all the operator's, know more (see
/// [`TEMPLATE_ROLES`]); there the name `(body)` is the body.
///
/// A request that tells nothing ([`RequestView::is_probe`], OPTIONS) is a control event.
///
/// # Errors
/// [`BodyError`] when the body cannot be read; what the sink was given was withdrawn then.
pub fn decode<S: Sink>(
    provider: Provider,
    request: &RequestView<'_>,
    template: Option<&Template>,
    sink: &mut S,
) -> Result<(), BodyError> {
    // Fields of a PDU may all stand in headers.
    let is_asking = request.is_probe() || request.method == "OPTIONS";
    if is_asking && !matches!(provider, Provider::Canonical | Provider::Smpp) {
        sink.event(0, Event::new(Kind::Control, provider));
        return Ok(());
    }
    let is_text = matches!(
        provider,
        Provider::Canonical | Provider::Smpp | Provider::Kannel
    );
    if !is_text && let Some(body) = request.body.strip_prefix(body::BYTE_ORDER_MARK) {
        let unmarked = RequestView { body, ..*request };
        return body::moved(sink, |sink| named(provider, &unmarked, template, sink));
    }
    named(provider, request, template, sink)
}

/// Reads a request, and the operator's own parameters in its query.
fn named<S: Sink>(
    provider: Provider,
    request: &RequestView<'_>,
    template: Option<&Template>,
    sink: &mut S,
) -> Result<(), BodyError> {
    let is_all_named = matches!(provider, Provider::Kannel | Provider::Gupshup);
    if let Some(named) = template.filter(|_| !is_all_named)
        && let Some(keys) = own_keys::read(request.query().as_bytes(), named)?
    {
        return dispatch(provider, request, template, &mut keys.fill(sink));
    }
    dispatch(provider, request, template, sink)
}

fn dispatch<S: Sink>(
    provider: Provider,
    request: &RequestView<'_>,
    template: Option<&Template>,
    sink: &mut S,
) -> Result<(), BodyError> {
    match provider {
        Provider::Canonical => canonical::decode(request, sink),
        Provider::Twilio => twilio::decode(request, template, sink),
        Provider::Telnyx => telnyx::decode(request, sink),
        Provider::VonageSms => vonage_sms::decode(request, sink),
        Provider::Kannel => kannel::decode(request, template, sink),
        Provider::Infobip => infobip::decode(request, sink),
        Provider::Smpp => smpp::decode(request, sink),
        Provider::VonageMessages => vonage_messages::decode(request, sink),
        Provider::Sinch => sinch::decode(request, sink),
        Provider::Bandwidth => bandwidth::decode(request, sink),
        Provider::Plivo => plivo::decode(request, sink),
        Provider::MessageBird => messagebird::decode(request, sink),
        Provider::Aws => aws::decode(request, sink),
        Provider::Azure => azure::decode(request, sink),
        Provider::RingCentral => ringcentral::decode(request, sink),
        Provider::Jasmin => jasmin::decode(request, sink),
        Provider::Cm => cm::decode(request, sink),
        Provider::Msg91 => msg91::decode(request, sink),
        Provider::Gupshup => gupshup::decode(request, template, sink),
        Provider::Textmagic => textmagic::decode(request, sink),
        Provider::Clicksend => clicksend::decode(request, sink),
        // Whoever has loaded profiles calls them by name.
        Provider::Profile => Err(BodyError {
            byte: 0,
            code: RejectCode::TypeUnsupported,
        }),
        Provider::AfricasTalking => africastalking::decode(request, sink),
        Provider::Textlocal => textlocal::decode(request, sink),
        Provider::SmsEagle => smseagle::decode(request, sink),
        Provider::PlaySms => playsms::decode(request, sink),
        Provider::Mmg => mmg::decode(request, sink),
        Provider::Firetext => firetext::decode(request, sink),
        Provider::Mtarget => mtarget::decode(request, sink),
        Provider::HighConnection => highconnection::decode(request, sink),
    }
}

/// What a provider's status words and error codes mean, as data.
#[derive(Clone, Copy, Debug)]
pub struct Tables {
    /// Word, state, and whether nothing follows it.
    pub words: &'static [(&'static str, State, bool)],
    /// Codes by class.
    pub classes: &'static [(ErrorClass, &'static [&'static str])],
}

/// The tables of a built-in provider; empty where its states are no words.
pub fn tables(provider: Provider) -> Tables {
    let profile = match provider {
        Provider::Twilio => &twilio::PROFILE,
        Provider::Telnyx => &telnyx::PROFILE,
        Provider::VonageSms => &vonage_sms::PROFILE,
        Provider::VonageMessages => &vonage_messages::PROFILE,
        Provider::Kannel => &kannel::PROFILE,
        Provider::Infobip => &infobip::PROFILE,
        Provider::Smpp => &smpp::PROFILE,
        Provider::Sinch => &sinch::PROFILE,
        Provider::Bandwidth => &bandwidth::PROFILE,
        Provider::Plivo => &plivo::PROFILE,
        Provider::MessageBird => &messagebird::PROFILE,
        Provider::Aws => &aws::PROFILE,
        Provider::Azure => &azure::PROFILE,
        Provider::RingCentral => &ringcentral::PROFILE,
        Provider::Jasmin => &jasmin::PROFILE,
        Provider::Cm => &cm::PROFILE,
        Provider::Msg91 => &msg91::PROFILE,
        Provider::Gupshup => &gupshup::PROFILE,
        Provider::AfricasTalking => &africastalking::PROFILE,
        Provider::Textlocal => &textlocal::PROFILE,
        Provider::Textmagic => &textmagic::PROFILE,
        Provider::Clicksend => &clicksend::PROFILE,
        Provider::SmsEagle => &smseagle::PROFILE,
        Provider::PlaySms => &playsms::PROFILE,
        Provider::Mmg => &mmg::PROFILE,
        Provider::Firetext => &firetext::PROFILE,
        Provider::Mtarget => &mtarget::PROFILE,
        Provider::HighConnection => &highconnection::PROFILE,
        Provider::Canonical | Provider::Profile => {
            return Tables {
                words: &[],
                classes: &[],
            };
        }
    };
    Tables {
        words: profile.words,
        classes: profile.classes,
    }
}
