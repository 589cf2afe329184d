//! Every vector of `tests/data/signatures/vectors.jsonl` gets its verdict; and of every valid
//! one, no request that differs in a bit of its signature, body or signed headers is believed.
#![cfg(test)]

use std::fs;

use serde_json::Value;
use smstrack_engine::verify::{Fault, Keys, Scheme, Signed};

/// A day on which the certificates among the vectors hold.
const NOW_S: i64 = 1_791_800_000;

#[derive(Clone)]
struct Vector {
    id: String,
    scheme: String,
    keys: String,
    method: String,
    url: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    now_s: i64,
    is_valid: bool,
    reason: String,
}

impl Vector {
    fn read(line: &str) -> Self {
        let vector: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| vector[name].as_str().unwrap_or_default().to_owned();
        let keys = ["secret", "public_key", "certificate_pem"];
        Self {
            id: text("id"),
            scheme: text("scheme"),
            keys: keys.iter().map(|name| text(name)).collect(),
            method: text("method"),
            url: text("url"),
            headers: vector["headers"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| (name.clone(), value.as_str().unwrap().as_bytes().to_vec()))
                .collect(),
            body: text("body").into_bytes(),
            now_s: vector["now"].as_i64().unwrap_or(NOW_S),
            is_valid: vector["expected"] == "valid",
            reason: text("reason"),
        }
    }

    fn keys(&self) -> Keys {
        let scheme = Scheme::from_name(&self.scheme).unwrap();
        Keys::parse(&scheme, &[self.keys.as_bytes()]).unwrap()
    }

    fn verify(&self, keys: &Keys) -> Result<(), Fault> {
        let headers: Vec<(&str, &[u8])> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        keys.verify(
            &Signed {
                method: &self.method,
                url: &self.url,
                headers: &headers,
                body: &self.body,
                peer: None,
            },
            self.now_s,
        )
    }
}

fn vectors() -> Vec<Vector> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/data/signatures/vectors.jsonl"
    );
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(Vector::read).collect()
}

fn valid() -> impl Iterator<Item = Vector> {
    vectors().into_iter().filter(|vector| vector.is_valid)
}

#[test]
fn every_vector_gets_its_verdict() {
    let all = vectors();
    assert_eq!(all.len(), 82);
    for vector in &all {
        let found = vector.verify(&vector.keys());
        assert_eq!(
            found.is_ok(),
            vector.is_valid,
            "{}: {}: {found:?}",
            vector.id,
            vector.reason
        );
    }
}

#[test]
fn the_fault_says_which_part() {
    for vector in vectors().iter().filter(|vector| !vector.is_valid) {
        let expected = match vector.reason.as_str() {
            reason if reason.contains("header missing") && vector.id.starts_with("sinch") => {
                Fault::NonceMissing
            }
            reason if reason.contains("header missing") && vector.id.starts_with("ringc") => {
                Fault::TokenMissing
            }
            reason if reason.contains("header missing") => Fault::SignatureMissing,
            "other token" => Fault::TokenMismatch,
            "body does not match bodySHA256" | "payload_hash does not match the body" => {
                Fault::BodyHashMismatch
            }
            "body changed" if vector.id.starts_with("messagebird") => Fault::BodyHashMismatch,
            "query reordered on the way" => Fault::UrlMismatch,
            "older than 300 s" | "older than 5 minutes" | "expired" => Fault::TimestampStale,
            reason if reason.starts_with("certificate host") => Fault::CertificateHost,
            _ => Fault::SignatureMismatch,
        };
        assert_eq!(
            vector.verify(&vector.keys()),
            Err(expected),
            "{}",
            vector.id
        );
    }
}

/// Header fields that a scheme reads.
fn is_signed_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let starts = [
        "x-twilio",
        "telnyx-",
        "x-plivo",
        "x-sinch",
        "webhook-",
        "svix-",
        "x-amz-sns",
    ];
    starts.iter().any(|start| name.starts_with(start))
        || [
            "authorization",
            "messagebird-signature-jwt",
            "validation-token",
        ]
        .contains(&&*name)
}

/// Whether a flipped bit at this place of a body is one that the provider did not sign: the
/// address for unsubscribing and the certificate's file in an SNS envelope, and everything in
/// the bodies of Plivo's V2 and behind a static token.
fn is_unsigned(vector: &Vector, place: usize) -> bool {
    if matches!(vector.scheme.as_str(), "plivo-v2" | "ringcentral-token") {
        return true;
    }
    let body = std::str::from_utf8(&vector.body).unwrap();
    vector.scheme.starts_with("sns")
        && ["UnsubscribeURL\": \"", "SigningCertURL\": \""]
            .iter()
            .any(|name| {
                let Some(start) = body.find(name) else {
                    return false;
                };
                let value = start + name.len();
                let end = value + body[value..].find('"').unwrap();
                // The unsigned name may become another unsigned name; the certificate's may not.
                let from = if name.starts_with('U') { start } else { value };
                (from..end).contains(&place)
            })
}

/// Whether this bit turns one form of a signature into another that says the same, or is in a
/// signature that was not the one that counts.
fn is_spare(vector: &Vector, name: &str, place: usize) -> bool {
    // The first of the two signatures was made with another secret.
    vector.id == "standard-webhooks-d03" && name == "webhook-signature" && place < 48
}

#[test]
fn no_flipped_bit_is_believed() {
    for vector in valid() {
        let keys = vector.keys();
        assert_eq!(vector.verify(&keys), Ok(()));
        for place in (0..vector.body.len()).filter(|place| !is_unsigned(&vector, *place)) {
            for bit in 0..8 {
                let mut forged = vector.clone();
                forged.body[place] ^= 1 << bit;
                let found = forged.verify(&keys);
                assert!(
                    found.is_err(),
                    "{}: body, byte {place}, bit {bit}",
                    vector.id
                );
            }
        }
        for (index, (name, value)) in vector.headers.iter().enumerate() {
            if !is_signed_header(name) {
                continue;
            }
            for place in (0..value.len()).filter(|place| !is_spare(&vector, name, *place)) {
                for bit in 0..8 {
                    let mut forged = vector.clone();
                    forged.headers[index].1[place] ^= 1 << bit;
                    let found = forged.verify(&keys);
                    assert!(
                        found.is_err(),
                        "{}: {name}, byte {place}, bit {bit}",
                        vector.id
                    );
                }
            }
        }
    }
}

#[test]
fn no_flipped_bit_of_a_signed_url_is_believed() {
    for vector in valid().filter(|vector| {
        let starts = ["twilio", "plivo-v3", "messagebird", "vonage-sig"];
        starts.iter().any(|start| vector.scheme.starts_with(start))
    }) {
        let keys = vector.keys();
        let is_vonage = vector.scheme.starts_with("vonage");
        // Vonage signs parameters, wherever they are sent to.
        let from = if is_vonage {
            vector.url.find('?')
        } else {
            Some(0)
        };
        let Some(from) = from else { continue };
        for place in from..vector.url.len() {
            for bit in 0..7 {
                let mut url = vector.url.clone().into_bytes();
                url[place] ^= 1 << bit;
                let mut forged = vector.clone();
                forged.url = String::from_utf8(url).unwrap();
                let found = forged.verify(&keys);
                assert!(
                    found.is_err(),
                    "{}: URL, byte {place}, bit {bit}",
                    vector.id
                );
            }
        }
    }
}

#[test]
fn headers_repeated_missing_empty_or_huge_are_refused() {
    for vector in valid() {
        let keys = vector.keys();
        for (index, (name, value)) in vector.headers.iter().enumerate() {
            if !is_signed_header(name) || name.eq_ignore_ascii_case("x-amz-sns-message-type") {
                continue;
            }
            let huge = [value.clone(), vec![b'A'; 70_000]].concat();
            let other = [
                b"\xff\x00".to_vec(),
                b" ".to_vec(),
                b"=".to_vec(),
                huge,
                Vec::new(),
            ];
            for value in other {
                let mut forged = vector.clone();
                forged.headers[index].1 = value;
                assert!(forged.verify(&keys).is_err(), "{}: {name}", vector.id);
            }
            let mut forged = vector.clone();
            forged.headers.remove(index);
            assert!(
                forged.verify(&keys).is_err(),
                "{}: {name} missing",
                vector.id
            );
            let mut forged = vector.clone();
            forged
                .headers
                .push((name.to_ascii_uppercase(), value.clone()));
            let found = forged.verify(&keys);
            assert_eq!(
                found,
                Err(Fault::HeaderRepeated),
                "{}: {name} twice",
                vector.id
            );
        }
    }
}

#[test]
fn a_secret_being_changed_is_two_secrets() {
    for vector in valid() {
        let scheme = Scheme::from_name(&vector.scheme).unwrap();
        let other: &[u8] = match vector.scheme.as_str() {
            "telnyx-ed25519" => b"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
            "standard-webhooks" => b"whsec_MDEyMzQ1Njc4OWFiY2RlZg==",
            scheme if scheme.starts_with("sns") => vector.keys.as_bytes(),
            _ => b"another secret",
        };
        for secrets in [
            [vector.keys.as_bytes(), other],
            [other, vector.keys.as_bytes()],
        ] {
            let keys = Keys::parse(&scheme, &secrets).unwrap();
            assert_eq!(vector.verify(&keys), Ok(()), "{}", vector.id);
        }
        if !vector.scheme.starts_with("sns") {
            let keys = Keys::parse(&scheme, &[other]).unwrap();
            assert!(vector.verify(&keys).is_err(), "{}", vector.id);
        }
    }
}

#[test]
fn windows_are_five_minutes_either_way() {
    for vector in valid()
        .filter(|vector| vector.scheme == "telnyx-ed25519" || vector.scheme == "standard-webhooks")
    {
        let keys = vector.keys();
        let time = vector
            .headers
            .iter()
            .find(|(name, _)| name.to_ascii_lowercase().ends_with("-timestamp"));
        let signed_s: i64 = std::str::from_utf8(&time.unwrap().1)
            .unwrap()
            .parse()
            .unwrap();
        for (off_s, is_fresh) in [
            (0, true),
            (299, true),
            (300, true),
            (-300, true),
            (301, false),
            (-301, false),
            (604_800, false),
        ] {
            let mut moved = vector.clone();
            moved.now_s = signed_s + off_s;
            let expected = if is_fresh {
                Ok(())
            } else {
                Err(Fault::TimestampStale)
            };
            assert_eq!(moved.verify(&keys), expected, "{}: {off_s} s", vector.id);
        }
        for now_s in [i64::MIN, i64::MAX, 0] {
            let mut moved = vector.clone();
            moved.now_s = now_s;
            assert_eq!(moved.verify(&keys), Err(Fault::TimestampStale));
        }
    }
}

#[test]
fn keys_that_cannot_be_used_are_refused() {
    for (scheme, secrets) in [
        ("twilio-hmac-sha1", vec![]),
        ("twilio-hmac-sha1", vec![""]),
        ("plivo-v3", vec!["a", ""]),
        ("sinch-hmac-sha256", vec!["a"; 9]),
        ("telnyx-ed25519", vec!["AAAA"]),
        ("telnyx-ed25519", vec!["not base64"]),
        (
            "telnyx-ed25519",
            vec!["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="],
        ),
        (
            "sns-v1",
            vec!["-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----"],
        ),
        ("sns-v1", vec!["x"]),
        ("standard-webhooks", vec!["whsec_"]),
        ("standard-webhooks", vec!["whsec_!"]),
        ("ip-allow-list", vec!["203.0.113.7/24"]),
        ("ip-allow-list", vec![]),
    ] {
        let scheme = Scheme::from_name(scheme).unwrap();
        assert_eq!(
            Keys::parse(&scheme, &secrets).err(),
            Some(Fault::KeyInvalid),
            "{secrets:?}"
        );
    }
}

#[test]
fn schemes_are_known_by_name() {
    for name in Scheme::names()
        .into_iter()
        .filter(|name| !name.ends_with(":NAME"))
    {
        assert!(Scheme::from_name(name).is_some(), "{name}");
    }
    let header = Scheme::from_name("token-header:X-Api-Key");
    assert_eq!(header, Some(Scheme::TokenHeader("x-api-key".to_owned())));
    for bad in [
        "",
        "twilio",
        "TWILIO-HMAC-SHA1",
        "token-header:",
        "token-header:a b",
        "token-query:",
    ] {
        assert_eq!(Scheme::from_name(bad), None, "{bad}");
    }
}

#[test]
fn shared_secrets_wherever_they_are() {
    let verify = |scheme: &str, url: &str, headers: &[(&str, &[u8])]| {
        let scheme = Scheme::from_name(scheme).unwrap();
        let keys = Keys::parse(&scheme, &[b"user:s3cret".as_slice(), b"s3cret"]).unwrap();
        let method = "GET";
        keys.verify(
            &Signed {
                method,
                url,
                headers,
                body: b"",
                peer: None,
            },
            0,
        )
    };
    let basic: &[(&str, &[u8])] = &[("Authorization", b"Basic dXNlcjpzM2NyZXQ=")];
    let plain = "https://a.example/hooks/kannel";
    for (scheme, url, headers, expected) in [
        (
            "token-header:x-key",
            plain,
            &[("X-Key", b"s3cret".as_slice())][..],
            Ok(()),
        ),
        (
            "token-header:x-key",
            plain,
            &[("X-Key", b"S3cret")],
            Err(Fault::TokenMismatch),
        ),
        (
            "token-header:x-key",
            plain,
            &[("X-Key", b"")],
            Err(Fault::TokenMissing),
        ),
        ("token-header:x-key", plain, &[], Err(Fault::TokenMissing)),
        (
            "token-query:key",
            "https://a.example/h?b=1&key=s3cret",
            &[],
            Ok(()),
        ),
        (
            "token-query:key",
            "https://a.example/h?key=s3cret&key=x",
            &[],
            Err(Fault::HeaderRepeated),
        ),
        (
            "token-query:key",
            "https://a.example/h?key=",
            &[],
            Err(Fault::TokenMissing),
        ),
        (
            "token-path",
            "https://a.example/hooks/kannel/main/s3cret?a=b",
            &[],
            Ok(()),
        ),
        ("token-path", "https://a.example/hooks/s3cret/", &[], Ok(())),
        (
            "token-path",
            "https://a.example/s3cret/hooks",
            &[],
            Err(Fault::TokenMismatch),
        ),
        (
            "token-path",
            "https://a.example",
            &[],
            Err(Fault::TokenMissing),
        ),
        ("basic-auth", plain, basic, Ok(())),
        (
            "basic-auth",
            plain,
            &[("authorization", b"Bearer s3cret")],
            Err(Fault::TokenMissing),
        ),
        (
            "basic-auth",
            plain,
            &[("authorization", b"Basic !")],
            Err(Fault::SignatureMalformed),
        ),
        (
            "basic-auth",
            plain,
            &[("authorization", b"x")],
            Err(Fault::TokenMissing),
        ),
    ] {
        assert_eq!(verify(scheme, url, headers), expected, "{scheme} {url}");
    }
}

#[test]
fn addresses_on_a_list() {
    let plain = "https://a.example/hooks/kannel";
    let list = Keys::parse(&Scheme::IpAllowList, &["203.0.113.0/24", "2001:db8::/32"]).unwrap();
    for (peer, expected) in [
        (Some("203.0.113.9"), Ok(())),
        (Some("2001:db8::9"), Ok(())),
        (Some("203.0.114.9"), Err(Fault::AddressRefused)),
        (None, Err(Fault::AddressRefused)),
    ] {
        let peer = peer.map(|text| text.parse().unwrap());
        let request = Signed {
            method: "GET",
            url: plain,
            headers: &[],
            body: b"",
            peer,
        };
        assert_eq!(list.verify(&request, 0), expected);
    }
}

/// Small, fast and the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    /// Cuts, repeats, overwrites or splices.
    fn spoil(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let (from, to) = (self.below(bytes.len() + 1), self.below(bytes.len() + 1));
        let (from, to) = (from.min(to), from.max(to));
        match self.below(5) {
            0 => bytes.truncate(to),
            1 => drop(bytes.drain(from..to)),
            2 => bytes.extend_from_within(from..to),
            3 if from < bytes.len() => bytes[from] = u8::try_from(self.below(256)).unwrap(),
            _ => {
                let end = self.below(other.len() + 1);
                bytes.splice(from..from, other[..end].iter().copied());
            }
        }
    }
}

#[test]
fn spoilt_requests_are_refused_by_every_scheme_without_panic() {
    let all = vectors();
    let keys: Vec<Keys> = all.iter().map(Vector::keys).collect();
    let mut random = Random(0x5eed_1234_5678_9abc);
    for _ in 0..40_000 {
        let (of, like) = (random.below(all.len()), random.below(all.len()));
        let mut forged = all[of].clone();
        forged.headers.extend(all[like].headers.clone());
        for _ in 0..=random.below(3) {
            match random.below(3) {
                0 => random.spoil(&mut forged.body, &all[like].body),
                1 => {
                    let mut url = forged.url.into_bytes();
                    random.spoil(&mut url, all[like].url.as_bytes());
                    forged.url = String::from_utf8_lossy(&url).into_owned();
                }
                _ => {
                    let index = random.below(forged.headers.len());
                    if let Some((_, value)) = forged.headers.get_mut(index) {
                        random.spoil(value, &all[like].body);
                    }
                }
            }
        }
        // Whatever the request still holds, another vector's secret did not sign it.
        let (own, checked) = (&all[of], random.below(all.len()));
        let shares = |vector: &Vector| vector.keys == all[checked].keys;
        let found = forged.verify(&keys[checked]);
        if !shares(own) && !shares(&all[like]) {
            assert!(found.is_err(), "{} by {}", own.id, all[checked].id);
        }
    }
}
