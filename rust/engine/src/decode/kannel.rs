//! Kannel's smsbox: every parameter name is the operator's choice, told by a template. Also
//! its `post-url` mode, which needs none: the text as body, the rest in `X-Kannel-` headers; and
//! its XML (see [`super::kannel_xml`]).
//!
//! Roles: `dlr` (`%d`), `client_ref`, `message_id` (`%I`, `%F`), `contact` (`%p`), `sender`
//! (`%P`), `text` (`%a`, `%b`), `receipt text` (`%A`; `text` does as well), `unix time` (`%T`),
//! `UTC time` (`%t`), `error_code` (`%#smpp#dlr_err#`), `meta-data` (`%D`), `coding` (`%c`),
//! `charset` (`%C`). Names are never compared without regard to case: `q` and `Q` differ.

use super::profile::{Profile, Shape, Word, check_reference, word};
use super::row::{Row, Zone, clean_code};
use super::slots::{Fault, Raw, Slot, Slots, Wire};
use super::tree::one_row;
use super::{BodyError, RejectCode, RequestView, Sink, Template};
use super::{charset, form, kannel_xml, receipt_text, source};
use crate::event::{Event, Provider, State};
use crate::limits::REPLY_TEXT_BYTES_MAX;
use std::borrow::Cow;

/// Roles of a template and their slots.
static ROLES: &[(&str, Slot)] = &[
    ("dlr", Slot::Status),
    ("client_ref", Slot::Ref),
    ("message_id", Slot::Id),
    ("contact", Slot::From),
    ("sender", Slot::To),
    ("text", Slot::Text),
    ("unix time", Slot::Time),
    ("UTC time", Slot::TimeAlt),
    ("unix ms", Slot::Time),
    ("receipt text", Slot::TextAlt),
    ("error_code", Slot::Code),
    ("meta-data", META),
    ("coding", CODING),
    ("charset", CHARSET),
];
const META: Slot = Slot::CodeAlt;
const CODING: Slot = Slot::Consent;
const CHARSET: Slot = Slot::Event;

/// Names where there is no template: those of the user guide's examples and of the receivers
/// that are most in use. `type` and `status` count only where they hold a number.
static NAMES: &[(&str, Slot)] = &[
    ("dlr", Slot::Status),
    ("type", Slot::Status),
    ("status", Slot::Status),
    ("dlr_type", Slot::Status),
    ("dlr-type", Slot::Status),
    ("client_ref", Slot::Ref),
    ("ref", Slot::Ref),
    ("reference", Slot::Ref),
    ("myId", Slot::Ref),
    ("myid", Slot::Ref),
    ("uuid", Slot::Ref),
    ("smslog_id", Slot::Ref),
    ("id", Slot::Id),
    ("msgid", Slot::Id),
    ("message_id", Slot::Id),
    ("fid", Slot::Id),
    ("from", Slot::From),
    ("sender", Slot::From),
    ("phone", Slot::From),
    ("msisdn", Slot::From),
    ("contact", Slot::From),
    ("to", Slot::To),
    ("receiver", Slot::To),
    ("shortcode", Slot::To),
    ("text", Slot::Text),
    ("message", Slot::Text),
    ("msg", Slot::Text),
    ("content", Slot::Text),
    ("answer", Slot::Text),
    ("reply", Slot::Text),
    ("charset", CHARSET),
    ("coding", CODING),
    ("ts", Slot::Time),
    ("time", Slot::Time),
    ("timestamp", Slot::Time),
];

/// Headers of the `post-url` mode.
static HEADERS: &[(&str, Slot)] = &[
    ("X-Kannel-From", Slot::From),
    ("X-Kannel-To", Slot::To),
    ("X-Kannel-Time", Slot::TimeAlt),
];

/// How a template calls the body.
const BODY: &str = "(body)";

const SHAPE: Shape = Shape {
    contact: &[Slot::From],
    sender: &[Slot::To],
    client_ref: &[Slot::Ref],
    ..Shape::NONE
};

pub(super) static PROFILE: Profile = Profile {
    provider: Provider::Kannel,
    status: &[Slot::Status],
    words: WORDS,
    code: &[],
    classes: &[],
    text: &[],
    receipt: SHAPE,
    reply: SHAPE,
};

/// Types of receipts. Where several bits are set, the gravest counts, and it stands first here.
static WORDS: &[Word] = &[
    word("16", State::Rejected),
    word("2", State::Undelivered),
    word("1", State::Delivered),
    word("8", State::Sent),
    word("4", State::Accepted),
    // Whole numbers that some builds send.
    word("34", State::Expired),
    word("66", State::Unknown),
];
/// How many of them are bits.
const BITS: usize = 5;

/// The state that the bits of `%d` mean.
fn state(bits: Option<u32>) -> State {
    let number = |word: &&Word| word.0.parse::<u32>().unwrap_or_default();
    let Some(bits) = bits else {
        return State::Unknown;
    };
    let whole = WORDS.iter().skip(BITS).find(|word| number(word) == bits);
    let word = whole.or_else(|| {
        WORDS
            .iter()
            .take(BITS)
            .find(|word| number(word) & bits != 0)
    });
    word.map_or(State::Unknown, |(_, state, _)| *state)
}

pub(super) fn decode<S: Sink>(
    request: &RequestView<'_>,
    template: Option<&Template>,
    sink: &mut S,
) -> Result<(), BodyError> {
    let query = request.query().as_bytes();
    let is_post_url = request.headers.iter().any(|(name, _)| {
        name.get(..9)
            .is_some_and(|start| start.eq_ignore_ascii_case("x-kannel-"))
    });
    let body_is_text =
        is_post_url || template.is_some_and(|template| role_of(template, BODY).is_some());
    if query.is_empty() && request.body.is_empty() && !is_post_url {
        return Err(source::nothing().into());
    }
    let mut slots = Slots::EMPTY;
    fields(query, template, &mut slots)?;
    headers(request, template, &mut slots);
    let text;
    if body_is_text {
        let slot = template
            .and_then(|template| role_of(template, BODY))
            .unwrap_or(Slot::Text);
        text = body_text(request)?;
        if let Some(text) = &text {
            slots.set(
                slot,
                Raw {
                    bytes: text.as_bytes(),
                    at: 0,
                    wire: Wire::Plain,
                },
            );
        }
    } else if matches!(request.body.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return Err(Fault::new(0, RejectCode::TypeUnsupported).into());
    } else if request.body.trim_ascii_start().starts_with(b"<") {
        return kannel_xml::decode(request, sink);
    } else {
        fields(request.body, template, &mut slots)?;
    }
    Ok(one_row(&slots, "", build, sink)?)
}

/// The slot that a template gives to a name.
fn role_of(template: &Template, name: &str) -> Option<Slot> {
    let (_, role) = template.roles.iter().find(|(known, _)| known == name)?;
    ROLES
        .iter()
        .find(|(known, _)| known == role)
        .map(|(_, slot)| *slot)
}

fn fields<'a>(
    form: &'a [u8],
    template: Option<&Template>,
    slots: &mut Slots<'a>,
) -> Result<(), Fault> {
    form::each_pair(form, |pair| {
        let known = form::find_name(&pair, |wire| match template {
            Some(template) => {
                let (_, role) = template
                    .roles
                    .iter()
                    .find(|(name, _)| form::is_same(wire, name.as_bytes()))?;
                ROLES.iter().find(|(name, _)| name == role)
            }
            None => NAMES
                .iter()
                .find(|(name, _)| form::is_same(wire, name.as_bytes())),
        });
        let Some((name, slot)) = known else { return };
        let is_number = !pair.value.is_empty() && pair.value.iter().all(u8::is_ascii_digit);
        if template.is_none() && *slot == Slot::Status && *name != "dlr" && !is_number {
            return;
        }
        // smsbox copies escapes it does not know, such as `%x`, as they are.
        slots.set(
            *slot,
            Raw {
                bytes: pair.value,
                at: pair.at,
                wire: if pair.is_escaped {
                    Wire::FormKept
                } else {
                    Wire::Plain
                },
            },
        );
    })
}

fn headers<'a>(request: &RequestView<'a>, template: Option<&Template>, slots: &mut Slots<'a>) {
    for (name, value) in request.headers {
        let told = template.and_then(|template| {
            let (known, _) = template
                .roles
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
            known
                .get(..2)
                .filter(|start| start.eq_ignore_ascii_case("x-"))?;
            role_of(template, known)
        });
        let usual = || {
            HEADERS
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
                .map(|(_, slot)| *slot)
        };
        if let Some(slot) = told.or_else(usual) {
            slots.set(
                slot,
                Raw {
                    bytes: value,
                    at: 0,
                    wire: Wire::Plain,
                },
            );
        }
    }
}

/// The body as text, by the charset of its type; none where it says that it is binary.
fn body_text<'a>(request: &RequestView<'a>) -> Result<Option<Cow<'a, str>>, Fault> {
    let kind = request
        .header("content-type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    if kind.starts_with("application/octet-stream") {
        return Ok(None);
    }
    let is_ucs2 = || request.header("x-kannel-coding").map(str::trim) == Some("2");
    if charset::is_utf16_name(&kind) || (!kind.contains("charset") && is_ucs2()) {
        let text = charset::utf16(request.body);
        return text
            .map(|text| Some(Cow::Owned(text)))
            .map_err(|broken| Fault::new(broken.0, RejectCode::NotUtf8));
    }
    if charset::is_latin1_name(&kind) {
        return Ok(Some(Cow::Owned(charset::latin1(request.body))));
    }
    match std::str::from_utf8(request.body) {
        Ok(text) => Ok(Some(Cow::Borrowed(text))),
        Err(error) => Err(Fault::new(error.valid_up_to(), RejectCode::NotUtf8)),
    }
}

/// The words of a reply: bytes in the charset, or the coding, that other parameters tell.
fn words<'s>(row: &mut Row<'s>) -> Result<Option<Cow<'s, str>>, Fault> {
    let Some(bytes) = form::bytes_of(row.slots.get(Slot::Text))? else {
        return Ok(None);
    };
    let mut named = row.text(CHARSET)?.unwrap_or_default().to_ascii_lowercase();
    if named.is_empty() && row.text(CODING)?.is_some_and(|coding| coding.trim() == "2") {
        named.push_str("ucs-2");
    }
    let text = if charset::is_utf16_name(&named) {
        charset::utf16(&bytes).map_err(|_| row.fault_in(Slot::Text, RejectCode::LoneSurrogate))?
    } else if charset::is_latin1_name(&named) {
        charset::latin1(&bytes)
    } else {
        match bytes {
            Cow::Borrowed(bytes) => return bounded(row, charset::guess(bytes)),
            Cow::Owned(bytes) => {
                String::from_utf8(bytes).unwrap_or_else(|error| charset::latin1(error.as_bytes()))
            }
        }
    };
    bounded(row, Cow::Owned(text))
}

fn bounded<'s>(row: &Row<'_>, text: Cow<'s, str>) -> Result<Option<Cow<'s, str>>, Fault> {
    if text.len() > REPLY_TEXT_BYTES_MAX {
        return Err(row.fault_in(Slot::Text, RejectCode::ValueTooLong));
    }
    Ok(Some(text))
}

fn build<'s>(row: &mut Row<'s>) -> Result<Option<Event<'s>>, Fault> {
    if row.slots.is_filled(Slot::Status) {
        let bits = row
            .text(Slot::Status)?
            .and_then(|text| text.trim_ascii().parse().ok());
        let state = state(bits);
        let text = if row.slots.has(Slot::TextAlt) {
            Slot::TextAlt
        } else {
            Slot::Text
        };
        let mut code = row.text(text)?.and_then(err_of);
        if code.is_none() {
            code = dlr_err(row)?;
        }
        let code = code.and_then(clean_code);
        let mut event = PROFILE.receipt_of(row, state, state.is_final(), code)?;
        event.occurred_us = time(row);
        check_reference(row, &event)?;
        return Ok(Some(event));
    }
    if row.slots.has(Slot::Text) || row.slots.has(Slot::From) {
        let mut event = PROFILE.reply(row)?;
        event.text = words(row)?;
        event.occurred_us = time(row);
        return Ok(Some(event));
    }
    Err(row.fault(RejectCode::KindUnknown))
}

/// The error code inside the text of a receipt.
fn err_of(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    match text {
        Cow::Borrowed(text) => receipt_text::parse(text).err.map(Cow::Borrowed),
        Cow::Owned(text) => receipt_text::parse(&text)
            .err
            .map(|err| Cow::Owned(err.to_owned())),
    }
}

/// The network's error: a parameter of its own, or `dlr_err` among the meta-data.
fn dlr_err<'s>(row: &mut Row<'s>) -> Result<Option<Cow<'s, str>>, Fault> {
    if let Some(value) = form::bytes_of(row.slots.get(Slot::Code))? {
        return Ok(Some(Cow::Owned(error_code(&value))));
    }
    let Some(meta) = form::bytes_of(row.slots.get(META))? else {
        return Ok(None);
    };
    let mut found = None;
    let pairs = meta.rsplit(|byte| *byte == b'?').next().unwrap_or_default();
    form::each_pair(pairs, |pair| {
        if pair.name == b"dlr_err" {
            let mut decoded = vec![0; pair.value.len()];
            let len = form::unescape(pair.value, &mut decoded, true).unwrap_or_default();
            decoded.truncate(len);
            found = Some(error_code(&decoded));
        }
    })?;
    Ok(found.map(Cow::Owned))
}

/// An error as text: SMPP's three bytes are the type of network and a number.
fn error_code(value: &[u8]) -> String {
    match value {
        [0..=9, high, low] => (u32::from(*high) << 8 | u32::from(*low)).to_string(),
        _ => charset::guess(value).into_owned(),
    }
}

/// A template tells unix times from texts; the default names may hold either.
fn time(row: &mut Row<'_>) -> Option<i64> {
    let unix = row.time(&[Slot::Time], Zone::Unix);
    unix.or_else(|| row.time(&[Slot::TimeAlt], Zone::Utc))
        .or_else(|| row.time(&[Slot::Time], Zone::Utc))
}
