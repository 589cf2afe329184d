//! Shared secrets in a header field, in the query, in the path, or as basic authentication.
//! They show that the sender knows the secret; they say nothing of what it sends.

use super::keys::Secrets;
use super::url::Parts;
use super::{Checked, Fault, Signed, form, mac};

/// A header field that is the secret.
pub fn check_header(request: &Signed<'_>, secrets: &Secrets, name: &str) -> Checked {
    let given = request.header(name, Fault::TokenMissing)?;
    check(given, secrets)
}

/// A parameter of the query that is the secret.
pub fn check_query(request: &Signed<'_>, secrets: &Secrets, name: &str) -> Checked {
    let query = Parts::of(request.url)?.query.unwrap_or_default();
    let pairs = form::pairs_of_url(query.as_bytes())?;
    let mut values = form::values(&pairs, name.as_bytes());
    let given = values.next().filter(|value| !value.is_empty());
    let given = given.ok_or(Fault::TokenMissing)?;
    if values.next().is_some() {
        return Err(Fault::HeaderRepeated);
    }
    check(given, secrets)
}

/// A segment of the path that is the secret: the last one.
pub fn check_path(request: &Signed<'_>, secrets: &Secrets) -> Checked {
    let path = Parts::of(request.url)?.path;
    let path = path.strip_suffix('/').unwrap_or(path);
    let given = path.rsplit('/').next().unwrap_or_default();
    if given.is_empty() {
        return Err(Fault::TokenMissing);
    }
    check(given.as_bytes(), secrets)
}

/// `Authorization: Basic`, the secret being `user:password`.
pub fn check_basic(request: &Signed<'_>, secrets: &Secrets) -> Checked {
    let header = request.header("authorization", Fault::TokenMissing)?;
    let (kind, rest) = header.split_at_checked(6).ok_or(Fault::TokenMissing)?;
    if !kind.eq_ignore_ascii_case(b"Basic ") {
        return Err(Fault::TokenMissing);
    }
    let given = mac::base64(rest.trim_ascii()).ok_or(Fault::SignatureMalformed)?;
    check(&given, secrets)
}

fn check(given: &[u8], secrets: &Secrets) -> Checked {
    let holds = secrets.any(|secret| mac::is_secret(given, secret));
    holds.then_some(()).ok_or(Fault::TokenMismatch)
}
