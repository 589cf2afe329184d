//! From method and target to what is asked for: which door, whose format, which account,
//! campaign and blast. Pure; knows nothing of bodies or of what becomes of a request.

use std::borrow::Cow;

use memchr::memchr;
use smstrack_engine::decode::custom::Custom;
use smstrack_engine::event::Provider;
use smstrack_engine::limits::NAME_BYTES_MAX;
use smstrack_engine::profiles::Profiles;

use crate::reason::Reason;

/// Names in `/hooks/NAME`, and whose format each means.
pub const PROVIDERS: &[(&str, Provider)] = &[
    ("twilio", Provider::Twilio),
    ("telnyx", Provider::Telnyx),
    ("vonage-sms", Provider::VonageSms),
    ("vonage", Provider::VonageSms),
    ("nexmo", Provider::VonageSms),
    ("kannel", Provider::Kannel),
    ("infobip", Provider::Infobip),
    ("smpp", Provider::Smpp),
    ("vonage-messages", Provider::VonageMessages),
    ("sinch", Provider::Sinch),
    ("bandwidth", Provider::Bandwidth),
    ("plivo", Provider::Plivo),
    ("messagebird", Provider::MessageBird),
    ("bird", Provider::MessageBird),
    ("aws", Provider::Aws),
    ("sns", Provider::Aws),
    ("azure", Provider::Azure),
    ("ringcentral", Provider::RingCentral),
    ("jasmin", Provider::Jasmin),
    ("cm", Provider::Cm),
    ("cmcom", Provider::Cm),
    ("msg91", Provider::Msg91),
    ("gupshup", Provider::Gupshup),
    ("textmagic", Provider::Textmagic),
    ("clicksend", Provider::Clicksend),
    ("africastalking", Provider::AfricasTalking),
    ("textlocal", Provider::Textlocal),
    ("smseagle", Provider::SmsEagle),
    ("playsms", Provider::PlaySms),
    ("mmg", Provider::Mmg),
    ("firetext", Provider::Firetext),
    ("mtarget", Provider::Mtarget),
    ("highconnection", Provider::HighConnection),
];

/// Whose format a request has: a built-in provider's, or a loaded profile's.
pub type Whose = (Provider, Option<&'static Custom>);

/// The built-in provider or the loaded profile with this name or alias.
pub fn named(name: &str, profiles: &Profiles) -> Option<Whose> {
    let known = PROVIDERS.iter().find(|(known, _)| *known == name);
    match known {
        Some((_, provider)) => Some((*provider, None)),
        None => profiles
            .find(name)
            .map(|profile| (Provider::Profile, Some(profile))),
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route<'b> {
    /// `/hooks/PROVIDER[/ACCOUNT]`: a provider's webhook.
    Hook(Mark<'b>),
    /// `/events`: canonical events in bulk.
    Events(Mark<'b>),
    /// `/healthz`.
    Health,
}

/// Whose format a request has, and what its URL says of the events in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark<'b> {
    /// Whose format.
    pub provider: Provider,
    /// The loaded profile, where the provider is `Profile`.
    pub profile: Option<&'static Custom>,
    /// The path's second segment; empty if none.
    pub account: Cow<'b, str>,
    /// The path's third segment as it is written: a secret of some sources, an error elsewhere.
    pub secret: &'b str,
    /// `campaign=`.
    pub campaign: Option<Cow<'b, str>>,
    /// `blast=`.
    pub blast: Option<Cow<'b, str>>,
}

/// The name under which a source is configured: the loaded profile's, or the provider's.
pub fn source_name((provider, profile): Whose) -> &'static str {
    profile.map_or(provider.name(), Custom::name)
}

impl<'b> Route<'b> {
    /// Finds the route.
    ///
    /// # Errors
    /// Unknown path or provider, wrong method, or a name that cannot be read.
    pub fn find(method: &str, target: &'b str, profiles: &Profiles) -> Result<Self, Reason> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = path.strip_suffix('/').unwrap_or(path);
        if let Some(hook) = path.strip_prefix("/hooks/") {
            return Self::hook(method, hook, query, profiles);
        }
        match (path, method) {
            ("/events", "POST") => {
                Mark::read((Provider::Canonical, None), "", query).map(Self::Events)
            }
            ("/events", _) => Err(Reason::MethodEvents),
            ("/healthz", "GET" | "HEAD") => Ok(Self::Health),
            ("/healthz", _) => Err(Reason::MethodHealth),
            _ => Err(Reason::Path),
        }
    }

    fn hook(
        method: &str,
        hook: &'b str,
        query: &'b str,
        profiles: &Profiles,
    ) -> Result<Self, Reason> {
        let (name, rest) = hook.split_once('/').unwrap_or((hook, ""));
        let (account, secret) = rest.split_once('/').unwrap_or((rest, ""));
        let whose = named(name, profiles).ok_or(Reason::Provider)?;
        if secret.contains('/') || (account.is_empty() && hook.contains('/')) {
            return Err(Reason::Path);
        }
        // A handshake of CloudEvents; browsers and others have no business here.
        let is_asked = method == "OPTIONS" && whose.0 == Provider::Azure;
        if !matches!(method, "POST" | "GET" | "HEAD") && !is_asked {
            return Err(Reason::MethodHook);
        }
        let mark = Mark::read(whose, account, query)?;
        Ok(Self::Hook(Mark { secret, ..mark }))
    }
}

impl<'b> Mark<'b> {
    /// The name under which its source is configured.
    pub fn source(&self) -> &'static str {
        source_name((self.provider, self.profile))
    }

    fn read((provider, profile): Whose, account: &'b str, query: &'b str) -> Result<Self, Reason> {
        // A plus sign means a space in a query, and itself in a path.
        let account = name_of(account, false)?;
        let mut mark = Self {
            provider,
            profile,
            account,
            secret: "",
            campaign: None,
            blast: None,
        };
        if memchr(b'=', query.as_bytes()).is_some() {
            for pair in query.split('&') {
                let (place, value) = match pair.split_once('=') {
                    Some(("campaign", value)) => (&mut mark.campaign, value),
                    Some(("blast", value)) => (&mut mark.blast, value),
                    _ => continue,
                };
                if place.is_none() && !value.is_empty() {
                    *place = Some(name_of(value, true)?);
                }
            }
        }
        Ok(mark)
    }
}

/// A campaign and a blast, where they are named.
pub type Names<'b> = (Option<Cow<'b, str>>, Option<Cow<'b, str>>);

/// Campaign and blast that a target's query names, for callers that have no door.
///
/// # Errors
/// A name that cannot be read.
pub fn names_in(target: &str) -> Result<Names<'_>, Reason> {
    let Some((_, query)) = target.split_once('?') else {
        return Ok((None, None));
    };
    let mark = Mark::read((Provider::Canonical, None), "", query)?;
    Ok((mark.campaign, mark.blast))
}

/// Undoes percent-encoding; borrows where there is none.
fn name_of(raw: &str, is_query: bool) -> Result<Cow<'_, str>, Reason> {
    let is_plain = !raw
        .bytes()
        .any(|byte| byte == b'%' || (is_query && byte == b'+'));
    let name = if is_plain {
        Cow::Borrowed(raw)
    } else {
        Cow::Owned(unescaped(raw, is_query)?)
    };
    if name.len() > NAME_BYTES_MAX || name.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(Reason::Name);
    }
    Ok(name)
}

fn unescaped(raw: &str, is_query: bool) -> Result<String, Reason> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match byte {
            b'%' => {
                let [high, low, after @ ..] = tail else {
                    return Err(Reason::Name);
                };
                let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(Reason::Name);
                let value = digit(*high)? * 16 + digit(*low)?;
                bytes.push(u8::try_from(value).map_err(|_| Reason::Name)?);
                rest = after;
            }
            b'+' if is_query => bytes.push(b' '),
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).map_err(|_| Reason::Name)
}

/// The target as it may be kept: what follows a secret in the path, if there is a query, or else
/// what comes before it. Decoders read the query, and nothing of the path.
pub(crate) fn without_secret<'b>(target: &'b str, secret: &str) -> &'b str {
    let path_end = target.find('?').unwrap_or(target.len());
    let (path, query) = target.split_at(path_end);
    match path.rfind(secret) {
        _ if secret.is_empty() => target,
        Some(_) if !query.is_empty() => query,
        Some(place) => path.get(..place).unwrap_or_default(),
        None => target,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook<'a>(
        provider: Provider,
        account: &'a str,
        campaign: Option<&'a str>,
        blast: Option<&'a str>,
    ) -> Route<'a> {
        Route::Hook(Mark {
            provider,
            profile: None,
            account: account.into(),
            secret: "",
            campaign: campaign.map(Into::into),
            blast: blast.map(Into::into),
        })
    }

    #[test]
    fn routes() {
        use Provider::{Kannel, Twilio, VonageSms};
        let long = format!("/hooks/twilio/{}", "a".repeat(NAME_BYTES_MAX + 1));
        for (method, target, expected) in [
            ("POST", "/hooks/twilio", Ok(hook(Twilio, "", None, None))),
            ("POST", "/hooks/twilio/", Ok(hook(Twilio, "", None, None))),
            (
                "POST",
                "/hooks/twilio/status",
                Ok(hook(Twilio, "status", None, None)),
            ),
            (
                "GET",
                "/hooks/kannel/status/?x=1",
                Ok(hook(Kannel, "status", None, None)),
            ),
            ("HEAD", "/hooks/vonage", Ok(hook(VonageSms, "", None, None))),
            (
                "POST",
                "/hooks/twilio/a%20b+c",
                Ok(hook(Twilio, "a b+c", None, None)),
            ),
            (
                "POST",
                "/hooks/twilio?campaign=may+sale&blast=%C3%A1&campaign=no",
                Ok(hook(Twilio, "", Some("may sale"), Some("\u{e1}"))),
            ),
            (
                "POST",
                "/hooks/twilio?campaign=&blast",
                Ok(hook(Twilio, "", None, None)),
            ),
            ("POST", "/hooks/twilio?campaign=%zz", Err(Reason::Name)),
            ("POST", "/hooks/twilio?campaign=%ff", Err(Reason::Name)),
            ("POST", "/hooks/twilio?campaign=%00", Err(Reason::Name)),
            ("POST", "/hooks/twilio/%0d%0a", Err(Reason::Name)),
            ("POST", "/hooks/twilio/a%2", Err(Reason::Name)),
            ("POST", &long, Err(Reason::Name)),
            ("POST", "/hooks/twilio/a/b/c", Err(Reason::Path)),
            ("POST", "/hooks/twilio//b", Err(Reason::Path)),
            ("POST", "/hooks/twilio//", Err(Reason::Path)),
            ("POST", "/hooks/nobody/a", Err(Reason::Provider)),
            ("POST", "/hooks/Twilio", Err(Reason::Provider)),
            ("POST", "/hooks/", Err(Reason::Path)),
            ("POST", "/hooks", Err(Reason::Path)),
            ("PUT", "/hooks/twilio", Err(Reason::MethodHook)),
            ("OPTIONS", "/hooks/twilio", Err(Reason::MethodHook)),
            (
                "OPTIONS",
                "/hooks/azure",
                Ok(hook(Provider::Azure, "", None, None)),
            ),
            ("PUT", "/hooks/nobody", Err(Reason::Provider)),
            ("GET", "/events", Err(Reason::MethodEvents)),
            ("GET", "/healthz", Ok(Route::Health)),
            ("HEAD", "/healthz?deep=1", Ok(Route::Health)),
            ("POST", "/healthz", Err(Reason::MethodHealth)),
            ("GET", "/", Err(Reason::Path)),
            ("OPTIONS", "*", Err(Reason::Path)),
        ] {
            let found = Route::find(method, target, &Profiles::NONE);
            assert_eq!(found, expected, "{method} {target}");
        }
        assert!(matches!(
            Route::find("POST", "/hooks/twilio/a/b%20?campaign=c", &Profiles::NONE),
            Ok(Route::Hook(Mark { secret: "b%20", .. }))
        ));
        assert!(matches!(
            Route::find("POST", "/events?campaign=c", &Profiles::NONE),
            Ok(Route::Events(_))
        ));
    }
}
