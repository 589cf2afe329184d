//! Webhook signatures -> accepted, or why not. One file per family of schemes under `verify/`.
//!
//! Pure: the caller says what time it is, what the public URL was and who the peer is; nothing
//! is fetched. Works on the bytes as received and on nothing that was decoded for other ends.
//! Knows nothing of events, accounts or answers. Neither a secret nor the signature that was
//! expected ever leaves this module: a [`Fault`] is a word and a sentence.
//!
//! ```
//! use smstrack_engine::verify::{Keys, Scheme, Signed};
//! let keys = Keys::parse(&Scheme::RingcentralToken, &[b"a-secret".as_slice()])?;
//! let request = Signed {
//!     method: "POST",
//!     url: "https://hooks.example.net/hooks/ringcentral",
//!     headers: &[("Validation-Token", b"a-secret".as_slice())],
//!     body: b"{}",
//!     peer: None,
//! };
//! assert_eq!(keys.verify(&request, 1_791_800_000), Ok(()));
//! # Ok::<(), smstrack_engine::verify::Fault>(())
//! ```

mod address;
mod certificate;
mod escapes;
mod fault;
mod form;
mod jwt;
mod keys;
mod mac;
mod plivo;
mod scheme;
mod sinch;
mod sns;
mod standard;
mod telnyx;
mod token;
mod twilio;
mod url;
mod vonage;

use std::net::IpAddr;

pub use address::Range;
pub use certificate::Certificate;
pub use fault::Fault;
pub use keys::Keys;
pub use scheme::Scheme;
pub use sns::{certificate_url, is_certificate_url};

use crate::limits::{SIGNATURES_TRIED_MAX, SIGNED_HEADER_BYTES_MAX};

/// What is verified: one request as it was received, and the URL under which the world sees it.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// As received.
    pub method: &'a str,
    /// Public URL with its query: what the provider was told to call.
    pub url: &'a str,
    /// Names (any case) and values as received.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// Body bytes after transfer decoding.
    pub body: &'a [u8],
    /// Who sent it, for allow-lists; `None` where that is not known.
    pub peer: Option<IpAddr>,
}

type Checked<T = ()> = Result<T, Fault>;

impl<'a> Signed<'a> {
    /// The one header of this name, if there is one.
    ///
    /// # Errors
    /// When it is there twice (two readers might take different ones) or is too long.
    fn maybe_header(&self, name: &str) -> Checked<Option<&'a [u8]>> {
        let mut found = None;
        for (key, value) in self.headers {
            if key.eq_ignore_ascii_case(name) {
                if found.is_some() {
                    return Err(Fault::HeaderRepeated);
                }
                found = Some(*value);
            }
        }
        match found {
            Some(value) if value.len() > SIGNED_HEADER_BYTES_MAX => Err(Fault::SignatureMalformed),
            found => Ok(found),
        }
    }

    /// The one header of this name.
    ///
    /// # Errors
    /// `missing` when it is absent or empty; also as [`Self::maybe_header`].
    fn header(&self, name: &str, missing: Fault) -> Checked<&'a [u8]> {
        let found = self.maybe_header(name)?;
        found.filter(|value| !value.is_empty()).ok_or(missing)
    }

    /// Whether the body is a form; one without a type counts as one.
    fn is_form(&self) -> Checked<bool> {
        let Some(value) = self.maybe_header("content-type")? else {
            return Ok(true);
        };
        let kind = value.split(|byte| *byte == b';').next().unwrap_or_default();
        let form = b"application/x-www-form-urlencoded";
        Ok(kind.trim_ascii().eq_ignore_ascii_case(form))
    }

    /// Whether the body is JSON by its type.
    fn is_json(&self) -> Checked<bool> {
        let value = self.maybe_header("content-type")?.unwrap_or_default();
        let kind = value.split(|byte| *byte == b';').next().unwrap_or_default();
        Ok(kind.trim_ascii().eq_ignore_ascii_case(b"application/json"))
    }
}

/// Signatures of a header that holds several, as many as are tried.
fn several(header: &[u8], mark: u8) -> impl Iterator<Item = &[u8]> {
    header
        .split(move |byte| *byte == mark)
        .map(<[u8]>::trim_ascii)
        .filter(|entry| !entry.is_empty())
        .take(SIGNATURES_TRIED_MAX)
}

/// A time as schemes write it: digits of seconds since 1970, nothing else.
fn unix_time(digits: &[u8]) -> Checked<i64> {
    if digits.is_empty() || digits.len() > 12 || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Fault::TimestampMalformed);
    }
    Ok(digits
        .iter()
        .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
}

/// Refuses a time too far from now, either way.
fn within(time_s: i64, now_s: i64, window_s: i64) -> Checked {
    // The numbers come from outside: a difference may not overflow.
    if time_s.abs_diff(now_s) > window_s.unsigned_abs() {
        return Err(Fault::TimestampStale);
    }
    Ok(())
}
