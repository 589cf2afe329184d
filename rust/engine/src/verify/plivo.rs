//! Plivo: V2 over URL and nonce, V3 over URL, parameters and nonce.

use super::form::{self, Pair};
use super::keys::Secrets;
use super::mac::{self, Hash};
use super::url::Parts;
use super::{Checked, Fault, Signed, several};

/// V2. The query and the body are not covered.
pub fn check_v2(request: &Signed<'_>, secrets: &Secrets) -> Checked {
    let (tags, nonce) = read(request, ["x-plivo-signature-v2", "x-plivo-signature-ma-v2"])?;
    let parts = Parts::of(request.url)?;
    let text = [parts.scheme, "://", parts.authority, parts.path];
    let bytes = || text.iter().map(|part| part.as_bytes()).chain([nonce]);
    let holds = secrets.any(|secret| {
        let is_ours = |tag: &Vec<u8>| mac::is_hmac(Hash::Sha256, secret, bytes(), tag);
        tags.iter().any(is_ours)
    });
    holds.then_some(()).ok_or(Fault::SignatureMismatch)
}

/// V3. All values are signed decoded; of repeated names every value counts.
pub fn check_v3(request: &Signed<'_>, secrets: &Secrets) -> Checked {
    let (tags, nonce) = read(request, ["x-plivo-signature-v3", "x-plivo-signature-ma-v3"])?;
    let parts = Parts::of(request.url)?;
    let is_get = request.method.eq_ignore_ascii_case("GET");
    if is_get && !request.body.is_empty() {
        return Err(Fault::BodyUnsigned);
    }
    let query = parts.query.unwrap_or_default().as_bytes();
    let query = if is_get {
        form::pairs(query)?
    } else {
        form::pairs_of_url(query)?
    };
    let body = if request.body.is_empty() || request.is_form()? {
        sorted(form::pairs(request.body)?)
    } else {
        return Err(Fault::BodyUnsigned);
    };
    let base = [parts.scheme, "://", parts.authority, parts.path].concat();
    let query = joined(&sorted(query));
    let texts = bases(base.into_bytes(), &query, &body);
    let holds = secrets.any(|secret| {
        texts.iter().any(|text| {
            let signed = || [&text[..], b".", nonce];
            let is_ours = |tag: &Vec<u8>| mac::is_hmac(Hash::Sha256, secret, signed(), tag);
            tags.iter().any(is_ours)
        })
    });
    holds.then_some(()).ok_or(Fault::SignatureMismatch)
}

/// What may stand before the nonce. A POST with a query and no parameters in its body is
/// written with the stop between them or without it.
fn bases(mut base: Vec<u8>, query: &[u8], body: &[Pair<'_>]) -> Vec<Vec<u8>> {
    if query.is_empty() && body.is_empty() {
        return vec![base];
    }
    base.push(b'?');
    base.extend_from_slice(query);
    if query.is_empty() {
        return vec![with_body(base, body)];
    }
    let mut stopped = base.clone();
    stopped.push(b'.');
    if body.is_empty() {
        vec![base, stopped]
    } else {
        vec![with_body(stopped, body)]
    }
}

fn with_body(mut base: Vec<u8>, body: &[Pair<'_>]) -> Vec<u8> {
    for (name, value) in body {
        base.extend_from_slice(name);
        base.extend_from_slice(value);
    }
    base
}

fn joined(pairs: &[Pair<'_>]) -> Vec<u8> {
    let mut text = Vec::new();
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            text.push(b'&');
        }
        text.extend_from_slice(name);
        text.push(b'=');
        text.extend_from_slice(value);
    }
    text
}

fn sorted(mut pairs: Vec<Pair<'_>>) -> Vec<Pair<'_>> {
    pairs.sort_unstable();
    pairs
}

/// The signatures, made with the account's token or with its parent account's, and the nonce.
fn read<'a>(request: &Signed<'a>, names: [&str; 2]) -> Checked<(Vec<Vec<u8>>, &'a [u8])> {
    let [own, parent] = names;
    let own_header = request.maybe_header(own)?.unwrap_or_default();
    let parent_header = request.maybe_header(parent)?.unwrap_or_default();
    if own_header.is_empty() && parent_header.is_empty() {
        return Err(Fault::SignatureMissing);
    }
    let nonce = request.header(&format!("{own}-nonce"), Fault::NonceMissing)?;
    // With a stop in it, the end of the text could pose as the start of the nonce.
    if nonce
        .iter()
        .any(|byte| *byte == b'.' || !byte.is_ascii_graphic())
    {
        return Err(Fault::NonceMalformed);
    }
    let entries = several(own_header, b',').chain(several(parent_header, b','));
    let tags: Vec<Vec<u8>> = entries
        .filter_map(mac::base64)
        .filter(|tag| tag.len() == Hash::Sha256.len())
        .collect();
    if tags.is_empty() {
        return Err(Fault::SignatureMalformed);
    }
    Ok((tags, nonce))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use hmac::{Hmac, KeyInit, Mac};

    use super::super::{Keys, Scheme};
    use super::*;

    fn sign(text: &str) -> String {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"token").unwrap();
        mac.update(text.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    }

    fn verify(scheme: &Scheme, method: &str, url: &str, body: &str, header: &str) -> Checked {
        let keys = Keys::parse(scheme, &[b"token".as_slice()]).unwrap();
        let headers = [
            ("X-Plivo-Signature-V2", header.as_bytes()),
            ("X-Plivo-Signature-V2-Nonce", b"12".as_slice()),
            ("X-Plivo-Signature-V3", header.as_bytes()),
            ("X-Plivo-Signature-V3-Nonce", b"12"),
        ];
        keys.verify(
            &Signed {
                method,
                url,
                headers: &headers,
                body: body.as_bytes(),
                peer: None,
            },
            0,
        )
    }

    #[test]
    fn what_is_signed() {
        for (method, url, body, text) in [
            ("GET", "https://a/b", "", "https://a/b.12"),
            ("GET", "https://a/b?d=2&c=1", "", "https://a/b?c=1&d=2.12"),
            (
                "GET",
                "https://a/b?c=2&c=1&d",
                "",
                "https://a/b?c=1&c=2&d=.12",
            ),
            ("GET", "https://a/b?c=x+%2B", "", "https://a/b?c=x +.12"),
            ("POST", "https://a/b", "", "https://a/b.12"),
            ("POST", "https://a/b", "d=2&c=1", "https://a/b?c1d2.12"),
            (
                "POST",
                "https://a/b",
                "c=2&c=1&c=2",
                "https://a/b?c1c2c2.12",
            ),
            (
                "POST",
                "https://a:8/b?y=2&x=1",
                "c=1",
                "https://a:8/b?x=1&y=2.c1.12",
            ),
            ("POST", "https://a/b?x=1", "", "https://a/b?x=1.12"),
            ("POST", "https://a/b?x=1", "", "https://a/b?x=1..12"),
        ] {
            let header = format!("{},{}", sign("other"), sign(text));
            let seen = verify(&Scheme::PlivoV3, method, url, body, &header);
            assert_eq!(seen, Ok(()), "{text}");
            let header = sign(&format!("{}12", url.split('?').next().unwrap()));
            let seen = verify(&Scheme::PlivoV2, method, url, body, &header);
            assert_eq!(seen, Ok(()), "{url}");
        }
        let one = sign("https://a/b.12");
        let with_body = verify(&Scheme::PlivoV3, "GET", "https://a/b", "c=1", &one);
        assert_eq!(with_body, Err(Fault::BodyUnsigned));
        for (before, expected) in [
            (crate::limits::SIGNATURES_TRIED_MAX - 1, Ok(())),
            (
                crate::limits::SIGNATURES_TRIED_MAX,
                Err(Fault::SignatureMismatch),
            ),
        ] {
            let many = format!("{}{one}", format!("{},", sign("x")).repeat(before));
            let seen = verify(&Scheme::PlivoV3, "GET", "https://a/b", "", &many);
            assert_eq!(seen, expected, "{before} others");
        }
        let seen = verify(&Scheme::PlivoV3, "GET", "https://a/b", "", "!");
        assert_eq!(seen, Err(Fault::SignatureMalformed));
    }
}
