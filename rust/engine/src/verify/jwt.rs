//! Signed tokens (JWT): Vonage Messages and MessageBird. The token holds hashes of what it
//! came with, so that it belongs to one request.

use serde_json::{Map, Value};

use super::keys::Secrets;
use super::mac::{self, Hash};
use super::{Checked, Fault, Signed};
use crate::limits::{SIGNATURE_WINDOW_S, TOKEN_LEEWAY_S};

/// Vonage: `Authorization: Bearer TOKEN`.
pub fn check_vonage(request: &Signed<'_>, secrets: &Secrets, now_s: i64) -> Checked {
    let header = request.header("authorization", Fault::SignatureMissing)?;
    let token = header.strip_prefix(b"Bearer ");
    let token = token.ok_or(Fault::SignatureMissing)?.trim_ascii();
    let claims = read(token, &["HS256"], secrets)?;
    check_issuer(&claims, "Vonage")?;
    check_body_hash(&claims, request.body)?;
    // The scheme has no window: a callback is sent again, as it is, for a day. But a token from
    // the future comes from a clock that nobody can rely on.
    let issued_s = time(&claims, "iat")?.ok_or(Fault::ClaimsMalformed)?;
    if issued_s > now_s.saturating_add(SIGNATURE_WINDOW_S) {
        return Err(Fault::TimestampStale);
    }
    check_times(&claims, now_s)
}

/// MessageBird: `MessageBird-Signature-JWT`.
pub fn check_messagebird(request: &Signed<'_>, secrets: &Secrets, now_s: i64) -> Checked {
    let token = request.header("messagebird-signature-jwt", Fault::SignatureMissing)?;
    let claims = read(token, &["HS256", "HS384", "HS512"], secrets)?;
    check_issuer(&claims, "MessageBird")?;
    if !claims.contains_key("nbf") || !claims.contains_key("exp") {
        return Err(Fault::TimestampMissing);
    }
    let Some(url_hash) = claims.get("url_hash").and_then(Value::as_str) else {
        return Err(Fault::ClaimsMalformed);
    };
    if !is_hash(url_hash, request.url.as_bytes()) {
        return Err(Fault::UrlMismatch);
    }
    // The hash of a body that is not there: one was taken away, or never meant.
    if request.body.is_empty() && claims.contains_key("payload_hash") {
        return Err(Fault::BodyHashMismatch);
    }
    check_body_hash(&claims, request.body)?;
    check_times(&claims, now_s)
}

/// Checks a token's signature; only then reads what it claims.
fn read(token: &[u8], algorithms: &[&str], secrets: &Secrets) -> Checked<Map<String, Value>> {
    let malformed = Fault::SignatureMalformed;
    let mut pieces = token.split(|byte| *byte == b'.');
    let (Some(head), Some(claims), Some(tag), None) =
        (pieces.next(), pieces.next(), pieces.next(), pieces.next())
    else {
        return Err(malformed);
    };
    let signed = token
        .get(..head.len() + 1 + claims.len())
        .ok_or(malformed)?;
    let object = |text: &[u8], fault: Fault| {
        let bytes = mac::base64_url(text).ok_or(fault)?;
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(object)) => Ok(object),
            _ => Err(fault),
        }
    };
    let head = object(head, malformed)?;
    let algorithm = head.get("alg").and_then(Value::as_str);
    let algorithm = algorithm.filter(|name| algorithms.contains(name));
    let hash = match algorithm {
        Some("HS256") => Hash::Sha256,
        Some("HS384") => Hash::Sha384,
        Some("HS512") => Hash::Sha512,
        _ => return Err(Fault::AlgorithmRefused),
    };
    // Extensions that must be understood are none of ours.
    if head.contains_key("crit") {
        return Err(Fault::AlgorithmRefused);
    }
    let tag = mac::base64_url(tag).filter(|tag| tag.len() == hash.len());
    let tag = tag.ok_or(malformed)?;
    if !secrets.any(|secret| mac::is_hmac(hash, secret, [signed], &tag)) {
        return Err(Fault::SignatureMismatch);
    }
    object(claims, Fault::ClaimsMalformed)
}

fn check_issuer(claims: &Map<String, Value>, issuer: &str) -> Checked {
    let is_theirs = claims.get("iss").and_then(Value::as_str) == Some(issuer);
    is_theirs.then_some(()).ok_or(Fault::IssuerMismatch)
}

/// A body needs its hash, and a hash its body.
fn check_body_hash(claims: &Map<String, Value>, body: &[u8]) -> Checked {
    let hash = match claims.get("payload_hash") {
        None | Some(Value::Null) if body.is_empty() => return Ok(()),
        None | Some(Value::Null) => return Err(Fault::BodyHashMissing),
        Some(Value::String(hash)) => hash,
        Some(_) => return Err(Fault::ClaimsMalformed),
    };
    let is_same = is_hash(hash, body);
    is_same.then_some(()).ok_or(Fault::BodyHashMismatch)
}

fn is_hash(hex: &str, bytes: &[u8]) -> bool {
    mac::hex(hex.as_bytes()).is_some_and(|hash| mac::is_same(&hash, &mac::sha256([bytes])))
}

/// A claim in seconds since 1970; fractions are cut.
fn time(claims: &Map<String, Value>, name: &str) -> Checked<Option<i64>> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => {
            let whole = number.as_i64();
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a float beyond i64 becomes its end, which is refused or far away"
            )]
            let cut = number.as_f64().map(|seconds| seconds.floor() as i64);
            whole.or(cut).map(Some).ok_or(Fault::ClaimsMalformed)
        }
        Some(_) => Err(Fault::ClaimsMalformed),
    }
}

/// Not before, and not after, where the token says so.
fn check_times(claims: &Map<String, Value>, now_s: i64) -> Checked {
    let (from, to) = (time(claims, "nbf")?, time(claims, "exp")?);
    let is_early = from.is_some_and(|from| from > now_s.saturating_add(TOKEN_LEEWAY_S));
    let is_late = to.is_some_and(|to| to <= now_s.saturating_sub(TOKEN_LEEWAY_S));
    if is_early || is_late {
        return Err(Fault::TimestampStale);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use hmac::{Hmac, KeyInit, Mac};

    use super::super::{Keys, Scheme};
    use super::*;

    fn token(head: &str, claims: &str) -> String {
        let text = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(head),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"key").unwrap();
        mac.update(text.as_bytes());
        let tag = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        format!("{text}.{tag}")
    }

    fn verify(scheme: &Scheme, token: &str, body: &str, now_s: i64) -> Checked {
        let keys = Keys::parse(scheme, &[b"old".as_slice(), b"key"]).unwrap();
        let bearer = format!("Bearer {token}");
        let headers = [
            ("authorization", bearer.as_bytes()),
            ("messagebird-signature-jwt", token.as_bytes()),
        ];
        let url = "https://a/b?c=d";
        keys.verify(
            &Signed {
                method: "POST",
                url,
                headers: &headers,
                body: body.as_bytes(),
                peer: None,
            },
            now_s,
        )
    }

    fn hash(text: &str) -> String {
        let hash = mac::sha256([text.as_bytes()]);
        hash.iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    const HEAD: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

    #[test]
    fn claims_of_messagebird() {
        let (url, body) = (hash("https://a/b?c=d"), hash("x"));
        let claims = |more: &str| {
            format!(r#"{{"iss":"MessageBird","nbf":100,"exp":160,"url_hash":"{url}"{more}}}"#)
        };
        let with_body = format!(r#","payload_hash":"{body}""#);
        let check = |head: &str, claims: &str, body: &str, now_s| {
            verify(&Scheme::MessagebirdJwt, &token(head, claims), body, now_s)
        };
        for (now_s, expected) in [
            (98, Err(Fault::TimestampStale)),
            (99, Ok(())),
            (160, Ok(())),
            (161, Err(Fault::TimestampStale)),
            (i64::MAX, Err(Fault::TimestampStale)),
            (i64::MIN, Err(Fault::TimestampStale)),
        ] {
            assert_eq!(check(HEAD, &claims(""), "", now_s), expected, "{now_s}");
        }
        for (claims, body, expected) in [
            (claims(&with_body), "x", Ok(())),
            (claims(&with_body), "", Err(Fault::BodyHashMismatch)),
            (
                claims(&format!(r#","payload_hash":"{}""#, hash(""))),
                "",
                Err(Fault::BodyHashMismatch),
            ),
            (claims(""), "x", Err(Fault::BodyHashMissing)),
            (
                claims(r#","payload_hash":7"#),
                "x",
                Err(Fault::ClaimsMalformed),
            ),
            (
                claims("").replace("MessageBird", "messagebird"),
                "",
                Err(Fault::IssuerMismatch),
            ),
            (
                claims("").replace("\"nbf\":100,", ""),
                "",
                Err(Fault::TimestampMissing),
            ),
            (
                claims("").replace("160", "\"160\""),
                "",
                Err(Fault::ClaimsMalformed),
            ),
            (claims("").replace("160", "1e300"), "", Ok(())),
            (claims("").replace(&url, &body), "", Err(Fault::UrlMismatch)),
            (
                claims("").replace("url_hash", "hash"),
                "",
                Err(Fault::ClaimsMalformed),
            ),
            ("[]".to_owned(), "", Err(Fault::ClaimsMalformed)),
        ] {
            assert_eq!(check(HEAD, &claims, body, 120), expected, "{claims}");
        }
        for (head, expected) in [
            (r#"{"alg":"none"}"#, Fault::AlgorithmRefused),
            (r#"{"alg":"RS256"}"#, Fault::AlgorithmRefused),
            (r#"{"alg":"hs256"}"#, Fault::AlgorithmRefused),
            ("{}", Fault::AlgorithmRefused),
            (r#"{"alg":"HS256","crit":["x"]}"#, Fault::AlgorithmRefused),
            ("[]", Fault::SignatureMalformed),
            ("", Fault::SignatureMalformed),
        ] {
            assert_eq!(check(head, &claims(""), "", 120), Err(expected), "{head}");
        }
        for bad in ["", ".", "..", "a.b", "a.b.c.d", "\u{e9}..", "e30.e30."] {
            assert!(
                verify(&Scheme::MessagebirdJwt, bad, "", 120).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn claims_of_vonage() {
        let body = hash("x");
        let claims = format!(r#"{{"iss":"Vonage","iat":1000,"payload_hash":"{body}"}}"#);
        let check = |claims: &str, body: &str, now_s| {
            verify(&Scheme::VonageJwt, &token(HEAD, claims), body, now_s)
        };
        assert_eq!(check(&claims, "x", 1000), Ok(()));
        assert_eq!(check(&claims, "x", 90_000), Ok(()));
        assert_eq!(check(&claims, "x", 699), Err(Fault::TimestampStale));
        assert_eq!(check(&claims, "y", 1000), Err(Fault::BodyHashMismatch));
        let expired = claims.replace("1000,", "1000,\"exp\":1010,");
        assert_eq!(check(&expired, "x", 1012), Err(Fault::TimestampStale));
        let hs512 = token(r#"{"alg":"HS512"}"#, &claims);
        assert_eq!(
            verify(&Scheme::VonageJwt, &hs512, "x", 1000),
            Err(Fault::AlgorithmRefused)
        );
    }
}
