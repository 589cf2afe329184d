//! Secrets, public keys, certificates and lists as configuration gives them -> what a scheme
//! checks with. Read once, used for every request. Never printed.

use std::fmt;

use ed25519_dalek::VerifyingKey;

use super::address::Range;
use super::certificate::{self, Certificate};
use super::mac::Hash;
use super::vonage::Method;
use super::{Checked, Fault, Scheme, Signed};
use super::{jwt, mac, plivo, sinch, sns, standard, telnyx, token, twilio, vonage};
use crate::limits::SECRETS_COUNT_MAX;

/// Shared secrets: one, or several while they are being changed.
pub struct Secrets(Vec<Vec<u8>>);

impl Secrets {
    /// Whether one of them does. Tries them all, so that the time says nothing of which.
    pub fn any(&self, does: impl Fn(&[u8]) -> bool) -> bool {
        self.0
            .iter()
            .fold(false, |found, secret| found | does(secret))
    }
}

enum Kind {
    Secrets(Secrets),
    Ed25519(Vec<VerifyingKey>),
    Certificates(Vec<Certificate>),
    Ranges(Vec<Range>),
}

/// What one scheme checks with.
pub struct Keys {
    scheme: Scheme,
    kind: Kind,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({:?})", self.scheme)
    }
}

impl Keys {
    /// Reads secrets as they are configured: the shared secrets themselves, Ed25519 keys in
    /// base64 or PEM, certificates in PEM, addresses and ranges. A request is believed if one
    /// of them fits. SNS may have none: certificates are then given with each request.
    ///
    /// # Errors
    /// `KeyInvalid` when there are none, more than [`SECRETS_COUNT_MAX`], or one that cannot
    /// be used.
    pub fn parse(scheme: &Scheme, secrets: &[impl AsRef<[u8]>]) -> Checked<Self> {
        let are_ranges = *scheme == Scheme::IpAllowList;
        let is_none = secrets.is_empty() && !scheme.needs_certificate();
        if is_none || (secrets.len() > SECRETS_COUNT_MAX && !are_ranges) {
            return Err(Fault::KeyInvalid);
        }
        let given = secrets.iter().map(AsRef::as_ref);
        let kind = match scheme {
            Scheme::TelnyxEd25519 => all(given.map(ed25519)).map(Kind::Ed25519),
            Scheme::SnsV1 | Scheme::SnsV2 | Scheme::Sns => {
                all(given.map(Certificate::parse)).map(Kind::Certificates)
            }
            Scheme::IpAllowList => all(given.map(range)).map(Kind::Ranges),
            Scheme::StandardWebhooks => all(given.map(webhook_secret)).map(secrets_of),
            _ => all(given.map(|secret| Some(secret.to_vec()))).map(secrets_of),
        };
        let kind = kind.ok_or(Fault::KeyInvalid)?;
        if let Kind::Secrets(Secrets(secrets)) = &kind
            && secrets.iter().any(Vec::is_empty)
        {
            return Err(Fault::KeyInvalid);
        }
        let scheme = scheme.clone();
        Ok(Self { scheme, kind })
    }

    /// Which scheme they are for.
    pub const fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Whether certificates are given, so that none is asked for by the URL in a request.
    pub fn is_pinned(&self) -> bool {
        matches!(&self.kind, Kind::Certificates(found) if !found.is_empty())
    }

    /// Believes a request or says why not. `now_s`: seconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// The part that does not hold.
    pub fn verify(&self, request: &Signed<'_>, now_s: i64) -> Result<(), Fault> {
        match &self.kind {
            Kind::Secrets(secrets) => self.verify_secret(request, secrets, now_s),
            Kind::Ed25519(keys) => telnyx::check(request, keys, now_s),
            Kind::Certificates(found) => sns::check(request, found, self.version(), now_s),
            Kind::Ranges(ranges) => {
                let peer = request.peer.ok_or(Fault::AddressRefused)?;
                let is_listed = ranges.iter().any(|range| range.holds(peer));
                is_listed.then_some(()).ok_or(Fault::AddressRefused)
            }
        }
    }

    /// As [`Self::verify`], for SNS, with the certificate that the request names.
    ///
    /// # Errors
    /// The part that does not hold.
    pub fn verify_with(
        &self,
        request: &Signed<'_>,
        certificates: &[Certificate],
        now_s: i64,
    ) -> Result<(), Fault> {
        sns::check(request, certificates, self.version(), now_s)
    }

    /// The one version of SNS that is accepted; `None` accepts both.
    const fn version(&self) -> Option<Hash> {
        match self.scheme {
            Scheme::SnsV1 => Some(Hash::Sha1),
            Scheme::SnsV2 => Some(Hash::Sha256),
            _ => None,
        }
    }

    fn verify_secret(&self, request: &Signed<'_>, secrets: &Secrets, now_s: i64) -> Checked {
        match &self.scheme {
            Scheme::TwilioHmacSha1 => twilio::check(request, secrets, false),
            Scheme::TwilioBodySha256 => twilio::check(request, secrets, true),
            Scheme::VonageMd5Hash => vonage::check(request, secrets, Method::Md5Hash),
            Scheme::VonageMd5Hmac => vonage::check(request, secrets, Method::Hmac(Hash::Md5)),
            Scheme::VonageSha1Hmac => vonage::check(request, secrets, Method::Hmac(Hash::Sha1)),
            Scheme::VonageSha256Hmac => vonage::check(request, secrets, Method::Hmac(Hash::Sha256)),
            Scheme::VonageSha512Hmac => vonage::check(request, secrets, Method::Hmac(Hash::Sha512)),
            Scheme::VonageJwt => jwt::check_vonage(request, secrets, now_s),
            Scheme::MessagebirdJwt => jwt::check_messagebird(request, secrets, now_s),
            Scheme::PlivoV2 => plivo::check_v2(request, secrets),
            Scheme::PlivoV3 => plivo::check_v3(request, secrets),
            Scheme::SinchHmacSha256 => sinch::check(request, secrets),
            Scheme::StandardWebhooks => standard::check(request, secrets, now_s),
            Scheme::RingcentralToken => token::check_header(request, secrets, "validation-token"),
            Scheme::TokenHeader(name) => token::check_header(request, secrets, name),
            Scheme::TokenQuery(name) => token::check_query(request, secrets, name),
            Scheme::TokenPath => token::check_path(request, secrets),
            Scheme::BasicAuth => token::check_basic(request, secrets),
            Scheme::TelnyxEd25519
            | Scheme::SnsV1
            | Scheme::SnsV2
            | Scheme::Sns
            | Scheme::IpAllowList => Err(Fault::KeyInvalid),
        }
    }
}

fn all<T>(found: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    found.collect()
}

const fn secrets_of(secrets: Vec<Vec<u8>>) -> Kind {
    Kind::Secrets(Secrets(secrets))
}

/// Base64 behind `whsec_`.
fn webhook_secret(text: &[u8]) -> Option<Vec<u8>> {
    mac::base64_key(text.strip_prefix(b"whsec_").unwrap_or(text))
}

/// 32 bytes in base64, or PEM. Keys of small order verify anything, so none is taken.
fn ed25519(text: &[u8]) -> Option<VerifyingKey> {
    let bytes = match certificate::ed25519_key(text) {
        Some(bytes) => bytes,
        None => mac::base64_key(text)?,
    };
    let key = VerifyingKey::from_bytes(&bytes.try_into().ok()?).ok()?;
    (!key.is_weak()).then_some(key)
}

fn range(text: &[u8]) -> Option<Range> {
    Range::parse(std::str::from_utf8(text).ok()?)
}
