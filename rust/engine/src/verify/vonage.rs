//! Vonage SMS: `sig` among the parameters, over all the others.

use std::borrow::Cow;

use super::form::{self, Pair};
use super::keys::Secrets;
use super::mac::{self, Hash};
use super::url::Parts;
use super::{Checked, Fault, Signed, escapes};
use crate::limits::{BODY_KEYS_MAX, SIGNED_HEADER_BYTES_MAX};

/// How parameters and secret become the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The secret is written behind the text, and all of it hashed with MD5.
    Md5Hash,
    /// A keyed hash.
    Hmac(Hash),
}

/// Checks the parameters, wherever the account has them sent.
pub fn check(request: &Signed<'_>, secrets: &Secrets, method: Method) -> Checked {
    let query = Parts::of(request.url)?.query.unwrap_or_default();
    let query = form::pairs(query.as_bytes())?;
    let body = if request.body.is_empty() {
        Vec::new()
    } else if request.is_json()? {
        json_pairs(request.body)?
    } else if request.is_form()? {
        form::pairs(request.body)?
    } else {
        return Err(Fault::BodyUnsigned);
    };
    if form::values(&body, b"sig").next().is_some() {
        // A query beside a signed body is the operator's own, signed or not.
        let first = check_pairs(&body, secrets, method);
        if first.is_ok() || query.is_empty() {
            return first;
        }
    }
    let all: Vec<Pair<'_>> = query.into_iter().chain(body).collect();
    check_pairs(&all, secrets, method)
}

fn check_pairs(pairs: &[Pair<'_>], secrets: &Secrets, method: Method) -> Checked {
    let mut sigs = form::values(pairs, b"sig");
    let sig = sigs.next().filter(|sig| !sig.is_empty());
    let sig = sig.ok_or(Fault::SignatureMissing)?;
    if sigs.next().is_some() || sig.len() > SIGNED_HEADER_BYTES_MAX {
        return Err(Fault::SignatureMalformed);
    }
    let hash = match method {
        Method::Md5Hash => Hash::Md5,
        Method::Hmac(hash) => hash,
    };
    let tag = mac::hex(sig).filter(|tag| tag.len() == hash.len());
    let tag = tag.ok_or(Fault::SignatureMalformed)?;
    let text = signed_text(pairs)?;
    let holds = secrets.any(|secret| match method {
        Method::Md5Hash => mac::is_same(&mac::md5([&text, secret]), &tag),
        Method::Hmac(hash) => mac::is_hmac(hash, secret, [&text[..]], &tag),
    });
    holds.then_some(()).ok_or(Fault::SignatureMismatch)
}

/// `&name=value`, sorted by name. Repeated names are all written, so that none goes unsigned.
fn signed_text(pairs: &[Pair<'_>]) -> Checked<Vec<u8>> {
    let mut signed: Vec<&Pair<'_>> = pairs.iter().filter(|(name, _)| **name != *b"sig").collect();
    signed.sort_by(|one, other| one.0.cmp(&other.0));
    let mut text = Vec::new();
    for (name, value) in signed {
        // Only values have these signs replaced: a name with them could pose as two pairs.
        if name.iter().any(|byte| matches!(byte, b'&' | b'=')) {
            return Err(Fault::BodyMalformed);
        }
        text.push(b'&');
        text.extend_from_slice(name);
        text.push(b'=');
        text.extend(value.iter().map(|byte| match byte {
            b'&' | b'=' => b'_',
            other => *other,
        }));
    }
    Ok(text)
}

/// The members of a flat object; numbers and truths as they are written.
fn json_pairs(body: &[u8]) -> Checked<Vec<Pair<'_>>> {
    let malformed = |_| Fault::BodyMalformed;
    if !escapes::json_agrees(body) {
        return Err(Fault::BodyMalformed);
    }
    let members = super::sns::members(body).map_err(malformed)?;
    if members.len() > BODY_KEYS_MAX {
        return Err(Fault::BodyMalformed);
    }
    let pair = |(name, value): (String, serde_json::Value)| {
        let value = match value {
            serde_json::Value::String(text) => text,
            serde_json::Value::Bool(truth) => truth.to_string(),
            // A fraction has several spellings, and only one of them was signed.
            serde_json::Value::Number(number) if !number.is_f64() => number.to_string(),
            _ => return Err(Fault::BodyMalformed),
        };
        Ok((
            Cow::Owned(name.into_bytes()),
            Cow::Owned(value.into_bytes()),
        ))
    };
    members.into_iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Keys, Scheme};
    use super::*;

    fn sign(text: &str) -> String {
        let hash = mac::md5([text.as_bytes(), b"secret"]);
        hash.iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    fn verify(url: &str, kind: &str, body: &str) -> Checked {
        let keys = Keys::parse(&Scheme::VonageMd5Hash, &[b"secret".as_slice()]).unwrap();
        let headers = [("content-type", kind.as_bytes())];
        keys.verify(
            &Signed {
                method: if body.is_empty() { "GET" } else { "POST" },
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
        let form = "application/x-www-form-urlencoded";
        for (query, text) in [
            ("b=2&a=1", "&a=1&b=2"),
            ("text=a%26b%3Dc", "&text=a_b_c"),
            ("text=&x", "&text=&x="),
            ("B=1&a=2", "&B=1&a=2"),
            ("a=x+y%20z", "&a=x y z"),
            ("a=2&a=1", "&a=2&a=1"),
            ("a=%e9", "&a=\u{e9}"),
        ] {
            let query = query.replace("%e9", "%C3%A9");
            let sig = sign(text);
            let get = format!("https://a/b?{query}&sig={sig}");
            assert_eq!(verify(&get, "", ""), Ok(()), "{text}");
            let upper = format!("sig={}&{query}", sig.to_uppercase());
            assert_eq!(verify("https://a/b", form, &upper), Ok(()), "{text}");
            assert_eq!(verify("https://a/b?own=1", form, &upper), Ok(()), "{text}");
            let with_body = verify(&get, form, "c=3");
            assert_eq!(with_body, Err(Fault::SignatureMismatch), "{text}");
        }
        let json = format!(r#"{{"b":2,"a":"x&y","sig":"{}"}}"#, sign("&a=x_y&b=2"));
        assert_eq!(verify("https://a/b", "application/json", &json), Ok(()));
        assert_eq!(
            verify("https://a/b", "text/plain", &json),
            Err(Fault::BodyUnsigned)
        );
        let sig = sign("&a=1");
        for (query, fault) in [
            ("a=1".to_owned(), Fault::SignatureMissing),
            ("a=1&sig=".to_owned(), Fault::SignatureMissing),
            ("a=1&sig=abc".to_owned(), Fault::SignatureMalformed),
            (
                format!("a=1&sig={sig}&sig={sig}"),
                Fault::SignatureMalformed,
            ),
            (format!("a=1&sig={sig}0"), Fault::SignatureMalformed),
            (format!("a=1&%3D=2&sig={sig}"), Fault::BodyMalformed),
            (format!("a=1&A=2&sig={sig}"), Fault::SignatureMismatch),
        ] {
            assert_eq!(
                verify(&format!("https://a/b?{query}"), "", ""),
                Err(fault),
                "{query}"
            );
        }
    }
}
