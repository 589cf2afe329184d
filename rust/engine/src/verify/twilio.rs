//! Twilio: `X-Twilio-Signature`, HMAC-SHA1 of the public URL and of every form parameter.

use super::form::{self, Pair};
use super::keys::Secrets;
use super::mac::{self, Hash};
use super::url::Parts;
use super::{Checked, Fault, Signed};

/// Checks URL and form, or the URL and the hash of the body in it.
pub fn check(request: &Signed<'_>, secrets: &Secrets, needs_hash: bool) -> Checked {
    let signature = request.header("x-twilio-signature", Fault::SignatureMissing)?;
    let tag = mac::base64(signature).filter(|tag| tag.len() == Hash::Sha1.len());
    let tag = tag.ok_or(Fault::SignatureMalformed)?;
    let parts = Parts::of(request.url)?;
    let query = form::pairs_of_url(parts.query.unwrap_or_default().as_bytes())?;
    let hash = form::values(&query, b"bodySHA256").find(|hash| !hash.is_empty());
    let pairs = match hash {
        // A form is signed itself, whatever else the URL holds.
        Some(hash) if needs_hash || !request.is_form()? => {
            check_hash(hash, request.body)?;
            Vec::new()
        }
        _ if needs_hash => return Err(Fault::BodyHashMissing),
        _ if request.body.is_empty() => Vec::new(),
        _ if request.is_form()? => sorted(form::pairs(request.body)?),
        _ => return Err(Fault::BodyHashMissing),
    };
    let signs = |url: &[&str]| {
        let text = || {
            let params = pairs.iter().flat_map(|(name, value)| [&**name, &**value]);
            url.iter().map(|part| part.as_bytes()).chain(params)
        };
        secrets.any(|secret| mac::is_hmac(Hash::Sha1, secret, text(), &tag))
    };
    if variants(&parts, request.url, signs) {
        Ok(())
    } else if is_elsewhere(&parts, signs) {
        Err(Fault::UrlMismatch)
    } else {
        Err(Fault::SignatureMismatch)
    }
}

fn check_hash(hash: &[u8], body: &[u8]) -> Checked {
    let is_same = mac::hex(hash).is_some_and(|hash| mac::is_same(&hash, &mac::sha256([body])));
    is_same.then_some(()).ok_or(Fault::BodyHashMismatch)
}

/// By name, then by value; equal pairs are signed once.
fn sorted(mut pairs: Vec<Pair<'_>>) -> Vec<Pair<'_>> {
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// The sender signs the URL with its port or without, and not always in the same way.
fn variants(parts: &Parts<'_>, url: &str, signs: impl Fn(&[&str]) -> bool) -> bool {
    let (host, port) = parts.host_and_port();
    let port = port.unwrap_or_else(|| parts.default_port());
    signs(&[url])
        || signs(&[parts.scheme, "://", host, parts.rest])
        || signs(&[parts.scheme, "://", host, ":", port, parts.rest])
}

/// Whether the signature holds for the URL as somebody behind a proxy sees it: the request is
/// refused all the same, but for another reason.
fn is_elsewhere(parts: &Parts<'_>, signs: impl Fn(&[&str]) -> bool) -> bool {
    let other = if parts.scheme == "https" {
        "http"
    } else {
        "https"
    };
    let path = parts.path.strip_suffix('/').unwrap_or(parts.path);
    let slash = if path.len() == parts.path.len() {
        "/"
    } else {
        ""
    };
    let (mark, query) = parts.query.map_or(("", ""), |query| ("?", query));
    let authority = parts.authority;
    signs(&[other, "://", authority, parts.rest])
        || signs(&[parts.scheme, "://", authority, path, slash, mark, query])
        || (parts.query.is_some() && signs(&[parts.scheme, "://", authority, parts.path]))
}

#[cfg(test)]
mod tests {
    use super::super::{Keys, Scheme, Signed};
    use super::*;

    /// The signature of a text, so that a case can say in words what is signed.
    fn sign(text: &str) -> String {
        use base64::Engine as _;
        use hmac::{Hmac, KeyInit, Mac};
        let mut mac = Hmac::<sha1::Sha1>::new_from_slice(b"token").unwrap();
        mac.update(text.as_bytes());
        base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
    }

    fn verify(url: &str, kind: &str, body: &str, signature: &str) -> Checked {
        let keys = Keys::parse(&Scheme::TwilioHmacSha1, &[b"token".as_slice()]).unwrap();
        let headers = [
            ("x-twilio-signature", signature.as_bytes()),
            ("CONTENT-TYPE", kind.as_bytes()),
        ];
        let (method, body) = ("POST", body.as_bytes());
        keys.verify(
            &Signed {
                method,
                url,
                headers: &headers,
                body,
                peer: None,
            },
            0,
        )
    }

    #[test]
    fn what_is_signed() {
        let form = "application/x-www-form-urlencoded; charset=UTF-8";
        for (url, body, text) in [
            ("https://a/b", "", "https://a/b"),
            ("https://a/b?c=%2b", "", "https://a/b?c=%2b"),
            ("https://a/b", "", "https://a:443/b"),
            ("https://a:443/b", "", "https://a/b"),
            ("http://a:8080/b", "x=1", "http://a/bx1"),
            ("http://a/b", "x=1", "http://a:80/bx1"),
            ("https://[::1]:9/b", "", "https://[::1]/b"),
            ("https://u:p@a/b", "", "https://u:p@a:443/b"),
            ("https://a/b", "b=2&a=1", "https://a/ba1b2"),
            ("https://a/b", "a=2&a=1&a=2", "https://a/ba1a2"),
            ("https://a/b", "a=&b&=c", "https://a/bcab"),
            ("https://a/b", "B=1&a=2&A=3", "https://a/bA3B1a2"),
            ("https://a/b", "a=%C3%A9+%2B", "https://a/ba\u{e9} +"),
            ("https://a/b", "a=%zz%", "https://a/ba%zz%"),
        ] {
            assert_eq!(verify(url, form, body, &sign(text)), Ok(()), "{text}");
        }
        let moved = Err(Fault::UrlMismatch);
        assert_eq!(
            verify("http://a/b", form, "x=1", &sign("https://a/bx1")),
            moved
        );
        assert_eq!(
            verify("http://a/b/", form, "x=1", &sign("http://a/bx1")),
            moved
        );
        let text = "{\"a\":1}";
        let missing = Err(Fault::BodyHashMissing);
        assert_eq!(
            verify("http://a/b", "application/json", text, &sign("http://a/b")),
            missing
        );
    }
}
