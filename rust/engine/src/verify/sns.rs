//! Amazon SNS: RSA over fields of the envelope, in an order of their own, by a certificate
//! that the envelope names. Where certificates come from is somebody else's business; where
//! they may come from is decided here.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::certificate::Certificate;
use super::mac::{self, Hash};
use super::{Checked, Fault, Signed, escapes};

/// Fields that are signed, in the order in which they are; with those of a confirmation.
const SIGNED: [&str; 8] = [
    "Message",
    "MessageId",
    "Subject",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
];

/// Checks an envelope. `version`: the one hash that is accepted, or both.
pub fn check(
    request: &Signed<'_>,
    certificates: &[Certificate],
    version: Option<Hash>,
    now_s: i64,
) -> Checked {
    let envelope = Envelope::read(request.body)?;
    let kind = envelope.text("Type")?.ok_or(Fault::BodyMalformed)?;
    let is_notification = match kind {
        "Notification" => true,
        "SubscriptionConfirmation" | "UnsubscribeConfirmation" => false,
        _ => return Err(Fault::BodyMalformed),
    };
    if let Some(said) = request.maybe_header("x-amz-sns-message-type")?
        && said != kind.as_bytes()
    {
        return Err(Fault::TypeMismatch);
    }
    let hash = match envelope.text("SignatureVersion")? {
        Some("1") => Hash::Sha1,
        Some("2") => Hash::Sha256,
        _ => return Err(Fault::VersionMismatch),
    };
    if version.is_some_and(|only| only != hash) {
        return Err(Fault::VersionMismatch);
    }
    let signature = envelope.text("Signature")?.filter(|text| !text.is_empty());
    let signature = signature.ok_or(Fault::SignatureMissing)?;
    let signature = mac::base64(signature.as_bytes()).ok_or(Fault::SignatureMalformed)?;
    envelope.certificate_url()?;
    let text = envelope.signed_text(is_notification)?;
    let mut fault = Fault::CertificateUnknown;
    for certificate in certificates {
        match certificate.check(hash, text.as_bytes(), &signature, now_s) {
            Ok(()) => return Ok(()),
            Err(found) => fault = found,
        }
    }
    Err(fault)
}

/// Where the certificate of an envelope is kept, if that is a place where it may be.
///
/// # Errors
/// The body is no envelope, or names another place.
pub fn certificate_url(body: &[u8]) -> Result<String, Fault> {
    Envelope::read(body)?.certificate_url().map(str::to_owned)
}

/// Whether a certificate may be fetched from here: `https://sns.REGION.amazonaws.com` or
/// `.com.cn`, no port, no user, nothing behind `.pem`.
pub fn is_certificate_url(url: &str) -> bool {
    let Some(after) = url.strip_prefix("https://sns.") else {
        return false;
    };
    let Some((host, path)) = after.split_once('/') else {
        return false;
    };
    let region = host
        .strip_suffix(".amazonaws.com")
        .or_else(|| host.strip_suffix(".amazonaws.com.cn"));
    let is_label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_region = region.is_some_and(|region| region.len() >= 3 && region.bytes().all(is_label));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let is_file = path
        .strip_suffix(".pem")
        .is_some_and(|name| !name.is_empty());
    is_region && is_file && path.bytes().all(is_plain) && !path.contains("..")
}

struct Envelope(Vec<(String, Value)>);

impl Envelope {
    fn read(body: &[u8]) -> Checked<Self> {
        if !escapes::json_agrees(body) {
            return Err(Fault::BodyMalformed);
        }
        let members = members(body).map_err(|_| Fault::BodyMalformed)?;
        // A name that is there twice means one thing to us and another to the next reader.
        let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(Fault::BodyMalformed);
        }
        Ok(Self(members))
    }

    fn text(&self, name: &str) -> Checked<Option<&str>> {
        match self.0.iter().find(|(known, _)| known == name) {
            None | Some((_, Value::Null)) => Ok(None),
            Some((_, Value::String(text))) => Ok(Some(text)),
            Some(_) => Err(Fault::BodyMalformed),
        }
    }

    fn certificate_url(&self) -> Checked<&str> {
        let url = self.text("SigningCertURL")?.ok_or(Fault::CertificateHost)?;
        is_certificate_url(url)
            .then_some(url)
            .ok_or(Fault::CertificateHost)
    }

    fn signed_text(&self, is_notification: bool) -> Checked<String> {
        let mut text = String::new();
        for name in SIGNED {
            let value = match (name, is_notification) {
                ("Token", true) => None,
                ("Subject", _) | ("SubscribeURL", true) => self.text(name)?,
                _ => Some(self.text(name)?.ok_or(Fault::BodyMalformed)?),
            };
            if let Some(value) = value {
                text.extend([name, "\n", value, "\n"]);
            }
        }
        Ok(text)
    }
}

/// The members of an object in the order of its text, repeated ones too.
pub(super) fn members(body: &[u8]) -> Result<Vec<(String, Value)>, serde_json::Error> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, Value)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let members = reader.deserialize_map(Members)?;
    reader.end()?;
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_certificates_may_be() {
        for good in [
            "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-139a.pem",
            "https://sns.cn-north-1.amazonaws.com.cn/a/b.pem",
            "https://sns.us-gov-west-1.amazonaws.com/x.pem",
        ] {
            assert!(is_certificate_url(good), "{good}");
        }
        for bad in [
            "http://sns.eu-west-1.amazonaws.com/x.pem",
            "https://sns.evil.example/x.pem",
            "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem",
            "https://sns.eu-west-1.amazonaws.com.cn.evil/x.pem",
            "https://sns.eu-west-1.amazonaws.com@evil.example/x.pem",
            "https://evil.example/sns.eu-west-1.amazonaws.com/x.pem",
            "https://sns.eu-west-1.amazonaws.com:443/x.pem",
            "https://sns.eu-west-1.amazonaws.com/x.pem?y",
            "https://sns.eu-west-1.amazonaws.com/x.pem#y",
            "https://sns.eu-west-1.amazonaws.com/?x.pem",
            "https://sns.eu-west-1.amazonaws.com/x.txt",
            "https://sns.eu-west-1.amazonaws.com/.pem",
            "https://sns.eu-west-1.amazonaws.com/../x.pem",
            "https://sns.eu-west-1.amazonaws.com",
            "https://sns.a.b.amazonaws.com/x.pem",
            "https://sns..amazonaws.com/x.pem",
            "https://sns.amazonaws.com/x.pem",
            "https://sns.ab.amazonaws.com/x.pem",
            "https://s3.eu-west-1.amazonaws.com/sns/x.pem",
            "https://sns.eu-west-1.amazonaws.com\\@evil.example/x.pem",
            "https://sns.eu-west-1.amazonaws.com/\r\nx.pem",
            " https://sns.eu-west-1.amazonaws.com/x.pem",
            "",
        ] {
            assert!(!is_certificate_url(bad), "{bad}");
        }
    }

    #[test]
    fn envelopes_are_strict() {
        for bad in [
            "",
            "[]",
            "1",
            "{",
            "{}x",
            "{\"a\":1,\"a\":2}",
            "{\"a\":\"\\ud800\"}",
            "\u{feff}{}",
            "{\"a\":\"\\u00E9\\u00e9\"}",
        ] {
            assert!(Envelope::read(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(Envelope::read(&[b"{\"a\":\"\xff\"}"[..].to_vec()].concat()).is_err());
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(500), "]".repeat(500));
        assert!(Envelope::read(deep.as_bytes()).is_err());
    }
}
