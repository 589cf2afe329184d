//! The parts of a public URL that schemes sign, and the ways in which one URL is written.
//! Knows no scheme; normalises nothing.

use super::{Checked, Fault};

/// An absolute URL, cut where its parts meet.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// Before `://`.
    pub scheme: &'a str,
    /// Between `//` and the path, with user and port.
    pub authority: &'a str,
    /// From the first `/`; may be empty.
    pub path: &'a str,
    /// After `?`; `None` without one.
    pub query: Option<&'a str>,
    /// From the path to the end, fragment and all.
    pub rest: &'a str,
}

impl<'a> Parts<'a> {
    /// Cuts a URL.
    ///
    /// # Errors
    /// `UrlMalformed` where it has no scheme or no host.
    pub fn of(url: &'a str) -> Checked<Self> {
        let (scheme, after) = url.split_once("://").ok_or(Fault::UrlMalformed)?;
        let end = after.find(['/', '?', '#']).unwrap_or(after.len());
        let (authority, rest) = after.split_at(end);
        let is_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        if scheme.is_empty() || authority.is_empty() || !scheme.chars().all(is_scheme) {
            return Err(Fault::UrlMalformed);
        }
        let bare = rest.split_once('#').map_or(rest, |(bare, _)| bare);
        let (path, query) = match bare.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (bare, None),
        };
        Ok(Self {
            scheme,
            authority,
            path,
            query,
            rest,
        })
    }

    /// The authority without its port, and the port, if it has one.
    pub fn host_and_port(&self) -> (&'a str, Option<&'a str>) {
        // A colon inside the brackets of an IPv6 address, or before the @ of a user, is not it.
        let host_from = self.authority.rfind('@').map_or(0, |at| at + 1);
        match self.authority.rfind(':') {
            Some(colon) if colon >= host_from => {
                let (host, port) = self.authority.split_at(colon);
                let port = port.strip_prefix(':').unwrap_or_default();
                if port.bytes().all(|byte| byte.is_ascii_digit()) {
                    (host, Some(port).filter(|port| !port.is_empty()))
                } else {
                    (self.authority, None)
                }
            }
            _ => (self.authority, None),
        }
    }

    /// The port that the scheme has where none is written.
    pub fn default_port(&self) -> &'static str {
        if self.scheme.eq_ignore_ascii_case("https") {
            "443"
        } else {
            "80"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_ports() {
        for (url, authority, host, port, path, query) in [
            (
                "https://a.example",
                "a.example",
                "a.example",
                None,
                "",
                None,
            ),
            ("https://a/b?c?d#e", "a", "a", None, "/b", Some("c?d")),
            ("http://a:81?x", "a:81", "a", Some("81"), "", Some("x")),
            ("http://u:p@a/", "u:p@a", "u:p@a", None, "/", None),
            ("http://u:p@a:8/", "u:p@a:8", "u:p@a", Some("8"), "/", None),
            ("http://[::1]/", "[::1]", "[::1]", None, "/", None),
            ("http://[::1]:8/", "[::1]:8", "[::1]", Some("8"), "/", None),
            ("http://a:/", "a:", "a", None, "/", None),
        ] {
            let parts = Parts::of(url).unwrap();
            assert_eq!(parts.authority, authority, "{url}");
            assert_eq!(parts.host_and_port(), (host, port), "{url}");
            assert_eq!((parts.path, parts.query), (path, query), "{url}");
        }
        for bad in ["", "a", "/a", "://a", "https://", "https:///a", "ht tp://a"] {
            assert_eq!(Parts::of(bad).err(), Some(Fault::UrlMalformed), "{bad}");
        }
    }
}
