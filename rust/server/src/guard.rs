//! Whom the door believes: sources with their schemes and addresses, the proxies in front of
//! it, and the URL under which the world sees it. Looks at bytes as received; decodes nothing
//! and fetches nothing. What is not believed is refused before anything else reads it.

use std::collections::HashMap;
use std::net::IpAddr;

use smstrack_engine::decode::RequestView;
use smstrack_engine::event::Trust;
use smstrack_engine::verify::{
    Certificate, Fault, Keys, Range, Scheme, Signed, certificate_url, is_certificate_url,
};

use crate::door::Door;
use crate::keeper::Keeper;
use crate::limits::{CERTIFICATES_COUNT_MAX, CERTIFICATES_WANTED_MAX};

/// How one provider, or one account of it, proves itself. All that is set must hold.
#[derive(Debug, Default)]
pub struct Source {
    /// Scheme and secrets.
    pub keys: Option<Keys>,
    /// Addresses that may send; empty for any.
    pub ranges: Vec<Range>,
    /// Public URL before the path, where it is not the door's own.
    pub base_url: Option<String>,
    /// How far it is believed when all holds, where that is not what its scheme is worth.
    pub trust: Option<Trust>,
}

/// See the module.
#[derive(Debug)]
pub struct Guard {
    /// Public URL before the path: scheme, host, perhaps a port and a prefix.
    pub base_url: Option<String>,
    /// Peers whose `X-Forwarded-*` fields count.
    pub proxies: Vec<Range>,
    /// By the name of the provider or loaded profile, and account; account `""` stands for all
    /// others.
    pub sources: HashMap<&'static str, HashMap<String, Source>>,
    /// How far those are believed that are no source here.
    pub unlisted: Trust,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            base_url: None,
            proxies: Vec::new(),
            sources: HashMap::new(),
            unlisted: Trust::Untrusted,
        }
    }
}

/// Certificates that were fetched, by URL, and those that are wanted.
#[derive(Debug, Default)]
pub struct Certificates {
    known: HashMap<String, Certificate>,
    wanted: Vec<String>,
}

impl Certificates {
    /// Takes the list of what is to be fetched.
    pub fn take_wanted(&mut self) -> Vec<String> {
        std::mem::take(&mut self.wanted)
    }

    /// Keeps a certificate.
    ///
    /// # Errors
    /// `CertificateHost` or `KeyInvalid`; nothing was kept.
    pub fn put(&mut self, url: &str, pem: &[u8]) -> Result<(), Fault> {
        if !is_certificate_url(url) {
            return Err(Fault::CertificateHost);
        }
        let certificate = Certificate::parse(pem).ok_or(Fault::KeyInvalid)?;
        if self.known.len() >= CERTIFICATES_COUNT_MAX {
            // They are only copies: what is still used is fetched once more.
            self.known.clear();
        }
        self.known.insert(url.to_owned(), certificate);
        Ok(())
    }

    fn find(&mut self, url: &str) -> Result<&Certificate, Fault> {
        if !self.known.contains_key(url) {
            let is_wanted = self.wanted.iter().any(|wanted| wanted == url);
            if !is_wanted && self.wanted.len() < CERTIFICATES_WANTED_MAX {
                self.wanted.push(url.to_owned());
            }
        }
        self.known.get(url).ok_or(Fault::CertificateUnknown)
    }
}

/// Where a request goes and where it came from.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    /// Name of the provider or loaded profile in the path.
    pub provider: &'static str,
    /// From the path.
    pub account: &'a str,
    /// Whose connection it is.
    pub peer: Option<IpAddr>,
}

impl Guard {
    /// What is configured for an account of a provider, or for the provider.
    pub fn source(&self, provider: &str, account: &str) -> Option<&Source> {
        let accounts = self.sources.get(provider)?;
        accounts.get(account).or_else(|| accounts.get(""))
    }

    /// Whether the last segment of its path is a secret.
    pub fn has_path_secret(&self, provider: &str, account: &str) -> bool {
        let keys = self
            .source(provider, account)
            .and_then(|source| source.keys.as_ref());
        keys.is_some_and(|keys| *keys.scheme() == Scheme::TokenPath)
    }

    /// Believes a request, and says how far; or says what does not hold. `now_s`: seconds since
    /// 1970-01-01 UTC.
    ///
    /// # Errors
    /// The part that does not hold; `CertificateUnknown` when it may hold later.
    pub fn judge(
        &self,
        path: Path<'_>,
        request: &RequestView<'_>,
        certificates: &mut Certificates,
        now_s: i64,
    ) -> Result<Trust, Fault> {
        let Some(source) = self.source(path.provider, path.account) else {
            return Ok(self.unlisted);
        };
        let sender = self.sender(path.peer, request.headers);
        if !source.ranges.is_empty() {
            let sender = sender.ok_or(Fault::AddressRefused)?;
            if !source.ranges.iter().any(|range| range.holds(sender)) {
                return Err(Fault::AddressRefused);
            }
        }
        let Some(keys) = &source.keys else {
            let listed = if source.ranges.is_empty() {
                self.unlisted
            } else {
                Trust::Allowed
            };
            return Ok(source.trust.unwrap_or(listed));
        };
        let url = self.url(source, path.peer, request);
        let signed = Signed {
            method: request.method,
            url: &url,
            headers: request.headers,
            body: request.body,
            peer: sender,
        };
        if keys.scheme().needs_certificate() && !keys.is_pinned() {
            let certificate = certificates.find(&certificate_url(request.body)?)?;
            keys.verify_with(&signed, std::slice::from_ref(certificate), now_s)?;
        } else {
            keys.verify(&signed, now_s)?;
        }
        let worth = if keys.scheme().is_signature() {
            Trust::Verified
        } else {
            Trust::Allowed
        };
        Ok(source.trust.unwrap_or(worth))
    }

    fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|range| range.holds(address))
    }

    /// Who sent the request: the peer, or whom a listed proxy names. Each proxy adds its own
    /// peer at the end, so the last that is no proxy of ours is the first that is not made up.
    fn sender(&self, peer: Option<IpAddr>, headers: &[(&str, &[u8])]) -> Option<IpAddr> {
        let peer = peer?;
        if !self.is_proxy(peer) {
            return Some(peer);
        }
        let fields: Vec<&str> = forwarded(headers, "x-forwarded-for").collect();
        let mut last = peer;
        for text in fields.iter().rev().flat_map(|field| field.rsplit(',')) {
            last = address(text)?;
            if !self.is_proxy(last) {
                return Some(last);
            }
        }
        Some(last)
    }

    /// The URL that the provider was told to call.
    fn url(&self, source: &Source, peer: Option<IpAddr>, request: &RequestView<'_>) -> String {
        let configured = source.base_url.as_ref().or(self.base_url.as_ref());
        if let Some(base) = configured {
            return format!("{}{}", base.trim_end_matches('/'), request.target);
        }
        let is_forwarded = peer.is_some_and(|peer| self.is_proxy(peer));
        let said = |name: &str| {
            let field = forwarded(request.headers, name).last()?;
            let last = field.rsplit(',').next().unwrap_or_default().trim();
            Some(last).filter(|value| is_forwarded && !value.is_empty())
        };
        let scheme = said("x-forwarded-proto").unwrap_or("http");
        let host = said("x-forwarded-host").or_else(|| request.header("host"));
        format!("{scheme}://{}{}", host.unwrap_or_default(), request.target)
    }
}

fn forwarded<'a>(headers: &'a [(&str, &'a [u8])], name: &str) -> impl Iterator<Item = &'a str> {
    headers
        .iter()
        .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| std::str::from_utf8(value).unwrap_or_default())
}

/// An address as proxies write it: bare, with a port, or IPv6 in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None if text.matches(':').count() == 1 => text.split(':').next().unwrap_or_default(),
        None => text,
    };
    bare.parse().ok()
}

impl<K: Keeper> Door<K> {
    /// URLs of certificates that requests named and that are not known yet, each once. Fetch
    /// them, and give them to [`Self::put_certificate`]; such requests are answered 503 until
    /// then, and sent again.
    pub fn take_wanted_certificates(&mut self) -> Vec<String> {
        self.work.certificates.take_wanted()
    }

    /// Keeps a certificate in PEM under the URL where it was found.
    ///
    /// # Errors
    /// `CertificateHost` or `KeyInvalid`; nothing was kept.
    pub fn put_certificate(&mut self, url: &str, pem: &[u8]) -> Result<(), Fault> {
        self.work.certificates.put(url, pem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smstrack_engine::event::Provider;

    const PEER: &str = "198.51.100.1";

    fn guard(source: Source) -> Guard {
        let proxies = ["10.0.0.0/8", "198.51.100.1"].map(|text| Range::parse(text).unwrap());
        Guard {
            proxies: proxies.to_vec(),
            sources: HashMap::from([(
                Provider::Kannel.name(),
                HashMap::from([(String::new(), source)]),
            )]),
            ..Guard::default()
        }
    }

    fn request<'a>(headers: &'a [(&'a str, &'a [u8])], target: &'a str) -> RequestView<'a> {
        RequestView {
            method: "GET",
            target,
            headers,
            body: b"",
        }
    }

    fn sender(peer: &str, headers: &[(&str, &[u8])]) -> Option<String> {
        let found = guard(Source::default()).sender(Some(peer.parse().unwrap()), headers);
        found.map(|address| address.to_string())
    }

    #[test]
    fn who_sent_it() {
        let field = "X-Forwarded-For";
        for (peer, value, expected) in [
            ("203.0.113.9", "192.0.2.1", Some("203.0.113.9")),
            (PEER, "192.0.2.1", Some("192.0.2.1")),
            (PEER, "192.0.2.1, 203.0.113.9", Some("203.0.113.9")),
            (
                PEER,
                "192.0.2.1, 203.0.113.9, 10.1.2.3",
                Some("203.0.113.9"),
            ),
            (PEER, "192.0.2.1:4711", Some("192.0.2.1")),
            (PEER, "[2001:db8::1]:4711", Some("2001:db8::1")),
            (PEER, "2001:db8::1", Some("2001:db8::1")),
            (PEER, "10.1.2.3", Some("10.1.2.3")),
            (PEER, "192.0.2.1, unknown", None),
            (PEER, "", None),
        ] {
            let found = sender(peer, &[(field, value.as_bytes())]);
            assert_eq!(found.as_deref(), expected, "{value}");
        }
        assert_eq!(sender(PEER, &[]).as_deref(), Some(PEER));
        let two: &[(&str, &[u8])] = &[(field, b"192.0.2.1"), ("x-forwarded-for", b"203.0.113.9")];
        assert_eq!(sender(PEER, two).as_deref(), Some("203.0.113.9"));
    }

    #[test]
    fn which_url_was_called() {
        let headers: &[(&str, &[u8])] = &[
            ("Host", b"door.internal:8470"),
            ("X-Forwarded-Proto", b"https"),
            ("X-Forwarded-Host", b"evil.example, hooks.example.net"),
        ];
        let request = request(headers, "/hooks/kannel?a=b");
        let mut guard = guard(Source::default());
        let url = |guard: &Guard, peer: &str| {
            guard.url(&Source::default(), Some(peer.parse().unwrap()), &request)
        };
        assert_eq!(
            url(&guard, "203.0.113.9"),
            "http://door.internal:8470/hooks/kannel?a=b"
        );
        assert_eq!(
            url(&guard, PEER),
            "https://hooks.example.net/hooks/kannel?a=b"
        );
        guard.base_url = Some("https://sms.example/in/".to_owned());
        assert_eq!(url(&guard, PEER), "https://sms.example/in/hooks/kannel?a=b");
    }

    #[test]
    fn sources_are_worth_what_they_prove() {
        let keys = |scheme: Scheme| Some(Keys::parse(&scheme, &[b"s3cret".as_slice()]).unwrap());
        let ranges = || vec![Range::parse("203.0.113.0/24").unwrap()];
        let headers: &[(&str, &[u8])] = &[("x-key", b"s3cret"), ("host", b"a")];
        let header = Scheme::TokenHeader("x-key".to_owned());
        let source = |keys, ranges, trust| Source {
            keys,
            ranges,
            trust,
            base_url: None,
        };
        for (source, peer, expected) in [
            (source(None, vec![], None), PEER, Ok(Trust::Untrusted)),
            (
                source(None, vec![], Some(Trust::Allowed)),
                PEER,
                Ok(Trust::Allowed),
            ),
            (
                source(None, ranges(), None),
                "203.0.113.9",
                Ok(Trust::Allowed),
            ),
            (
                source(None, ranges(), None),
                "192.0.2.1",
                Err(Fault::AddressRefused),
            ),
            (
                source(keys(header.clone()), vec![], None),
                PEER,
                Ok(Trust::Allowed),
            ),
            (
                source(keys(header), ranges(), Some(Trust::Verified)),
                "203.0.113.9",
                Ok(Trust::Verified),
            ),
            (
                source(keys(Scheme::TokenPath), ranges(), None),
                "203.0.113.9",
                Err(Fault::TokenMismatch),
            ),
        ] {
            let guard = guard(source);
            let path = Path {
                provider: Provider::Kannel.name(),
                account: "a",
                peer: Some(peer.parse().unwrap()),
            };
            let request = request(headers, "/hooks/kannel/a");
            let found = guard.judge(path, &request, &mut Certificates::default(), 0);
            assert_eq!(found, expected, "{peer}");
            let other = Path {
                provider: Provider::Twilio.name(),
                ..path
            };
            let found = guard.judge(other, &request, &mut Certificates::default(), 0);
            assert_eq!(found, Ok(Trust::Untrusted));
        }
    }

    #[test]
    fn wanted_certificates_are_few_and_from_the_right_place() {
        let mut certificates = Certificates::default();
        for index in 0..100 {
            let url = format!("https://sns.eu-west-1.amazonaws.com/{index}.pem");
            assert_eq!(
                certificates.find(&url).err(),
                Some(Fault::CertificateUnknown)
            );
            assert!(certificates.find(&url).is_err());
        }
        assert_eq!(certificates.take_wanted().len(), CERTIFICATES_WANTED_MAX);
        assert!(certificates.take_wanted().is_empty());
        let elsewhere = certificates.put("https://evil.example/x.pem", b"");
        assert_eq!(elsewhere, Err(Fault::CertificateHost));
        let url = "https://sns.eu-west-1.amazonaws.com/x.pem";
        assert_eq!(certificates.put(url, b"x"), Err(Fault::KeyInvalid));
    }
}
