//! What is true of each built-in provider beside its wire format, as data: id forms, number
//! form, clock, parts, signatures, answer. A loaded profile says the same in its file.
//!
//! Read by whoever keys ids, and shown by `smstrack providers`. Decides nothing.

use serde_json::{Value, json};

use crate::decode::{Tables, tables};
use crate::event::Provider;
use crate::ids::IdForms;

/// How many receipts a message of several parts gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Parts {
    /// One for the whole message.
    #[default]
    Whole,
    /// One for each part.
    Each,
}

impl Parts {
    /// The word used in profiles and listings.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Each => "each",
        }
    }
}

/// What a provider expects to hear when its request was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status, 200 to 202.
    pub status: u16,
    /// Empty where there is no body.
    pub content_type: &'static str,
    /// Empty for most.
    pub body: &'static str,
}

impl Answer {
    /// 200 without a body.
    pub const EMPTY: Self = Self {
        status: 200,
        content_type: "",
        body: "",
    };
}

/// Facts of one provider.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// As in `Provider::name`.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// Forms of one message id.
    pub ids: IdForms,
    /// Whether recipients of a batch share an id.
    pub shares_ids: bool,
    /// Calling code in place of a leading zero.
    pub country: Option<u32>,
    /// Zone of times that name none: a zone, `utc`, `unix`; `named`: they name it; `none`: it
    /// is not known, or there are no times.
    pub clock: &'static str,
    /// Receipts of a message of several parts.
    pub parts: Parts,
    /// Schemes of its signatures; none where it signs nothing.
    pub signatures: &'static [&'static str],
    /// The one of them that is checked where none is named; none where only the account at the
    /// provider knows which it is.
    pub scheme: Option<&'static str>,
    /// What it expects to hear.
    pub answer: Answer,
}

const PLAIN: Facts = Facts {
    name: "",
    title: "",
    ids: IdForms::EXACT,
    shares_ids: false,
    country: None,
    clock: "none",
    parts: Parts::Whole,
    signatures: &[],
    scheme: None,
    answer: Answer::EMPTY,
};

/// All of them.
pub static FACTS: &[Facts] = &[
    Facts {
        name: "smstrack",
        title: "smstrack's own canonical events",
        clock: "named",
        ..PLAIN
    },
    Facts {
        name: "twilio",
        title: "Twilio",
        signatures: &["twilio-hmac-sha1", "twilio-bodysha256"],
        scheme: Some("twilio-hmac-sha1"),
        answer: Answer {
            status: 200,
            content_type: "text/xml",
            body: "<Response/>",
        },
        ..PLAIN
    },
    Facts {
        name: "telnyx",
        title: "Telnyx",
        clock: "named",
        signatures: &["telnyx-ed25519"],
        scheme: Some("telnyx-ed25519"),
        ..PLAIN
    },
    Facts {
        name: "vonage-sms",
        title: "Vonage (Nexmo) SMS API",
        clock: "utc",
        parts: Parts::Each,
        signatures: &[
            "vonage-sig-md5hash",
            "vonage-sig-md5hmac",
            "vonage-sig-sha1hmac",
            "vonage-sig-sha256hmac",
            "vonage-sig-sha512hmac",
        ],
        ..PLAIN
    },
    Facts {
        name: "vonage-messages",
        title: "Vonage Messages API",
        clock: "named",
        signatures: &["vonage-jwt"],
        scheme: Some("vonage-jwt"),
        ..PLAIN
    },
    Facts {
        name: "kannel",
        title: "Kannel's smsbox",
        ids: IdForms::NUMERIC,
        clock: "utc",
        parts: Parts::Each,
        ..PLAIN
    },
    Facts {
        name: "jasmin",
        title: "Jasmin",
        parts: Parts::Each,
        answer: Answer {
            status: 200,
            content_type: "text/plain",
            body: "ACK/Jasmin",
        },
        ..PLAIN
    },
    Facts {
        name: "smpp",
        title: "SMPP deliver_sm receipts",
        ids: IdForms::NUMERIC,
        parts: Parts::Each,
        ..PLAIN
    },
    Facts {
        name: "infobip",
        title: "Infobip",
        clock: "named",
        ..PLAIN
    },
    Facts {
        name: "sinch",
        title: "Sinch XMS",
        clock: "named",
        shares_ids: true,
        signatures: &["sinch-hmac-sha256"],
        scheme: Some("sinch-hmac-sha256"),
        ..PLAIN
    },
    Facts {
        name: "bandwidth",
        title: "Bandwidth",
        clock: "named",
        shares_ids: true,
        ..PLAIN
    },
    Facts {
        name: "plivo",
        title: "Plivo",
        parts: Parts::Each,
        signatures: &["plivo-v2", "plivo-v3"],
        scheme: Some("plivo-v3"),
        ..PLAIN
    },
    Facts {
        name: "messagebird",
        title: "MessageBird (Bird)",
        clock: "named",
        shares_ids: true,
        signatures: &["messagebird-jwt"],
        scheme: Some("messagebird-jwt"),
        ..PLAIN
    },
    Facts {
        name: "aws",
        title: "AWS End User Messaging, Pinpoint, SNS",
        clock: "named",
        signatures: &["sns", "sns-v1", "sns-v2"],
        scheme: Some("sns"),
        ..PLAIN
    },
    Facts {
        name: "azure",
        title: "Azure Communication Services",
        clock: "named",
        ..PLAIN
    },
    Facts {
        name: "ringcentral",
        title: "RingCentral",
        clock: "named",
        signatures: &["ringcentral-token"],
        scheme: Some("ringcentral-token"),
        ..PLAIN
    },
    Facts {
        name: "cm",
        title: "CM.com",
        ..PLAIN
    },
    Facts {
        name: "msg91",
        title: "MSG91",
        shares_ids: true,
        ..PLAIN
    },
    Facts {
        name: "gupshup",
        title: "Gupshup",
        clock: "unix",
        ..PLAIN
    },
    Facts {
        name: "africastalking",
        title: "Africa's Talking",
        clock: "utc",
        ..PLAIN
    },
    Facts {
        name: "textlocal",
        title: "Textlocal",
        ..PLAIN
    },
    Facts {
        name: "textmagic",
        title: "TextMagic",
        clock: "named",
        ..PLAIN
    },
    Facts {
        name: "clicksend",
        title: "ClickSend",
        ..PLAIN
    },
    Facts {
        name: "smseagle",
        title: "SMSEagle",
        ..PLAIN
    },
    Facts {
        name: "playsms",
        title: "playSMS",
        answer: Answer {
            status: 200,
            content_type: "text/plain",
            body: "OK",
        },
        ..PLAIN
    },
    Facts {
        name: "mmg",
        title: "MMG",
        country: Some(44),
        clock: "Europe/London",
        answer: Answer {
            status: 200,
            content_type: "application/json",
            body: "{\"status\":\"ok\"}",
        },
        ..PLAIN
    },
    Facts {
        name: "firetext",
        title: "Firetext",
        country: Some(44),
        clock: "Europe/London",
        ..PLAIN
    },
    Facts {
        name: "mtarget",
        title: "mTarget",
        ..PLAIN
    },
    Facts {
        name: "highconnection",
        title: "HighConnection",
        ..PLAIN
    },
];

/// Facts of a provider; the plain ones where nothing special is known.
pub fn facts(provider: Provider) -> &'static Facts {
    static NONE: Facts = PLAIN;
    let name = provider.name();
    FACTS
        .iter()
        .find(|facts| facts.name == name)
        .unwrap_or(&NONE)
}

/// A built-in provider as one JSON object: the fields a profile file has.
pub fn describe(provider: Provider, aliases: &[&str]) -> Value {
    let facts = facts(provider);
    let tables = tables(provider);
    let ids: Vec<&str> = facts.ids.words().collect();
    json!({
        "name": provider.name(),
        "aliases": aliases,
        "title": facts.title,
        "built_in": true,
        "ids": ids,
        "shares_ids": facts.shares_ids,
        "country": facts.country,
        "clock": facts.clock,
        "parts": facts.parts.word(),
        "signatures": facts.signatures,
        "scheme": facts.scheme,
        "answer": answer(&facts.answer),
        "states": states(&tables),
        "errors": errors(&tables),
    })
}

/// An answer as JSON.
pub fn answer(answer: &Answer) -> Value {
    json!({ "status": answer.status, "content_type": answer.content_type, "body": answer.body })
}

/// Status words by state: word, and whether nothing follows it.
pub(crate) fn states(tables: &Tables) -> Value {
    let all = tables.words.iter();
    all.map(
        |(word, state, is_final)| json!({ "word": word, "state": state.name(), "final": is_final }),
    )
    .collect()
}

/// Error codes by class.
pub(crate) fn errors(tables: &Tables) -> Value {
    let all = tables.classes.iter();
    let all = all.map(|(class, codes)| (class.name().to_owned(), json!(codes)));
    Value::Object(all.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_has_facts() {
        for provider in Provider::ALL {
            if *provider != Provider::Profile {
                assert_eq!(facts(*provider).name, provider.name());
            }
        }
        for (place, facts) in FACTS.iter().enumerate() {
            let again = FACTS.iter().skip(place + 1).any(|f| f.name == facts.name);
            assert!(!again, "{} is there twice", facts.name);
        }
    }
}
