//! What each provider wants to hear: a table, one row for each. Knows neither what a request
//! says nor when it was kept.
//!
//! Rows go by name, so that the table can be read beside `docs/providers.md`, which says the
//! same for people (a test compares them).

use std::sync::LazyLock;

use smstrack_engine::event::Provider;
use smstrack_engine::facts::Answer;

/// What becomes of a body that can never be read. It is kept as a dead letter in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// 400: the provider does not send it again, or only a few times, and shows the refusal to
    /// whoever set it up.
    Refused,
    /// 200: it would come again for hours (or nobody knows for how long), and never be better;
    /// or the provider would tell the contact about the refusal.
    Passed,
}

/// A provider's row.
#[derive(Clone, Copy, Debug)]
pub struct Acks {
    /// As in [`Provider::name`].
    pub provider: &'static str,
    /// For receipts and notices.
    pub receipt: Answer,
    /// For replies.
    pub reply: Answer,
    /// For what cannot be read.
    pub unread: Unread,
}

const PLAIN: Answer = Answer::EMPTY;
/// An instruction to do nothing: any text here would be sent to the contact.
const TWIML: Answer = answer("text/xml", "<Response/>");
const STATUS_OK: Answer = answer("application/json", "{\"status\":\"ok\"}");

const fn answer(content_type: &'static str, body: &'static str) -> Answer {
    Answer {
        status: 200,
        content_type,
        body,
    }
}

const fn text(body: &'static str) -> Answer {
    answer("text/plain", body)
}

const fn row(provider: &'static str, receipt: Answer, reply: Answer, unread: Unread) -> Acks {
    Acks {
        provider,
        receipt,
        reply,
        unread,
    }
}

const fn plain(provider: &'static str, unread: Unread) -> Acks {
    row(provider, PLAIN, PLAIN, unread)
}

use Unread::{Passed, Refused};

/// Every provider, in the order of the documentation.
pub static ACKS: &[Acks] = &[
    // Our own senders read refusals.
    plain("smstrack", Refused),
    // Not sent again unless the operator says so; listed in its debugger.
    row("twilio", PLAIN, TWIML, Refused),
    // Again for 24 hours.
    plain("vonage-sms", Passed),
    // Again only after 5xx.
    plain("vonage-messages", Refused),
    // Three tries for each address.
    plain("telnyx", Refused),
    // 4xx is dropped, but for 429.
    plain("sinch", Refused),
    plain("infobip", Passed),
    // Again for 24 hours.
    plain("bandwidth", Passed),
    // An empty instruction, as with Twilio.
    row("plivo", PLAIN, TWIML, Passed),
    plain("messagebird", Passed),
    plain("aws", Passed),
    plain("azure", Passed),
    plain("ringcentral", Passed),
    // A body is sent to the contact as a text, and so is word of a refusal.
    plain("kannel", Passed),
    // Anything else is sent again.
    row("jasmin", text("ACK/Jasmin"), text("ACK/Jasmin"), Passed),
    // By relays of the operator's own.
    plain("smpp", Refused),
    // Again for seven days, replies for a month; exactly 200.
    plain("cm", Passed),
    plain("msg91", Passed),
    plain("gupshup", Passed),
    plain("africastalking", Passed),
    plain("textlocal", Passed),
    plain("textmagic", Passed),
    plain("clicksend", Passed),
    // Again for 24 hours.
    plain("smseagle", Passed),
    row("playsms", text("OK"), text("OK"), Passed),
    row("mmg", STATUS_OK, text("RECEIVED"), Passed),
    plain("firetext", Passed),
    plain("mtarget", Passed),
    plain("highconnection", Passed),
];

/// Gateways told by profiles, which say their own answer: whoever writes one reads refusals.
static OTHER: Acks = plain("", Refused);

static BY_CODE: LazyLock<Vec<&Acks>> = LazyLock::new(|| {
    let of_code = |code| {
        let provider = Provider::from_code(code)?;
        ACKS.iter().find(|row| row.provider == provider.name())
    };
    (0..=u8::MAX)
        .map(|code| of_code(code).unwrap_or(&OTHER))
        .collect()
});

impl Acks {
    /// The row of a provider.
    pub fn of(provider: Provider) -> &'static Self {
        BY_CODE
            .get(usize::from(provider.code()))
            .copied()
            .unwrap_or(&OTHER)
    }

    /// The answer to a kept request with so many events, so many of them replies.
    pub const fn kept(&'static self, accepted: u32, replies: u32) -> &'static Answer {
        // Nothing was taken: it may have been a reply, and its answer harms no receipt.
        if replies > 0 || accepted == 0 {
            &self.reply
        } else {
            &self.receipt
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_has_a_row() {
        for provider in Provider::ALL {
            let row = Acks::of(*provider);
            // Profiles say their own answer.
            if *provider != Provider::Profile {
                assert_eq!(row.provider, provider.name());
            }
        }
        let mut names: Vec<_> = ACKS.iter().map(|row| row.provider).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ACKS.len());
    }

    #[test]
    fn bodies_are_ascii_and_have_a_type() {
        for ack in ACKS.iter().flat_map(|row| [row.receipt, row.reply]) {
            assert_eq!(ack.body.is_empty(), ack.content_type.is_empty());
            assert!(ack.body.is_ascii() && !ack.content_type.contains(['\r', '\n']));
        }
    }

    #[test]
    fn what_is_listed_of_a_provider_is_what_it_hears() {
        for facts in smstrack_engine::facts::FACTS {
            let row = ACKS.iter().find(|row| row.provider == facts.name).unwrap();
            assert!(
                [row.receipt, row.reply].contains(&facts.answer),
                "{}",
                facts.name
            );
        }
    }

    #[test]
    fn a_reply_that_was_refused_is_answered_as_a_reply() {
        let twilio = Acks::of(Provider::Twilio);
        assert_eq!(twilio.kept(1, 1), &TWIML);
        assert_eq!(twilio.kept(0, 0), &TWIML);
        assert_eq!(twilio.kept(1, 0), &PLAIN);
    }

    #[test]
    fn the_documentation_has_the_same_table() {
        let page = include_str!("../../../docs/providers.md");
        for row in ACKS {
            let starts = format!("| `{}` |", row.provider);
            let line = page.lines().find(|line| line.starts_with(&starts));
            let line = line.unwrap_or_else(|| panic!("no row for {}", row.provider));
            for ack in [row.receipt, row.reply] {
                assert!(line.contains(ack.body), "{}", row.provider);
            }
            let unread = if row.unread == Refused {
                "| 400 |"
            } else {
                "| 200 |"
            };
            assert!(line.contains(unread), "{}: {unread}", row.provider);
        }
    }
}
