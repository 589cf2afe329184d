//! Parameter names that an operator chose, and what each stands for. Knows no provider.

/// Parameter names that an operator chose, and the role each has
/// (`{"myId": "client_ref", "type": "dlr"}`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    /// Name on the wire, role.
    pub roles: Vec<(String, String)>,
}

/// Roles that a parameter of the operator's choice may have in a [`Template`]. Those that no
/// event has a place for are known all the same, so that every parameter can be named.
pub const TEMPLATE_ROLES: &[&str] = &[
    "dlr",
    "client_ref",
    "message_id",
    "contact",
    "sender",
    "text",
    "receipt text",
    "unix time",
    "unix ms",
    "UTC time",
    "status",
    "reason",
    "error_code",
    "parts",
    "meta-data",
    "coding",
    "charset",
    "udh",
    "keyword",
    "service",
    "account",
    "billing",
    "mclass",
    "validity",
    "smsc",
    "ignored",
];

/// Other words for a role.
const OTHERS: &[(&str, &str)] = &[
    ("dlr text", "receipt text"),
    ("dlr reply", "receipt text"),
    ("smsc text", "receipt text"),
    ("smsc reply", "receipt text"),
    ("receipt", "receipt text"),
    ("dlr type", "dlr"),
    ("handset", "contact"),
    ("reference", "client_ref"),
    ("client reference", "client_ref"),
    ("unix seconds", "unix time"),
    ("unix", "unix time"),
    ("unix milliseconds", "unix ms"),
    ("utc", "UTC time"),
    ("cause", "reason"),
    ("error", "error_code"),
    ("meta", "meta-data"),
    ("segments", "parts"),
];

impl Template {
    /// A template of names and roles. A role is known in any case, with blanks, underscores or
    /// dashes in it, and by the usual other words for it; one that is not known stays as it is.
    ///
    /// ```
    /// use smstrack_engine::decode::Template;
    /// let template = Template::new([("A", "DLR text"), ("t", "utc_time")]);
    /// assert_eq!(template.roles[0].1, "receipt text");
    /// assert_eq!(template.roles[1].1, "UTC time");
    /// ```
    pub fn new<N: Into<String>, R: AsRef<str>>(pairs: impl IntoIterator<Item = (N, R)>) -> Self {
        let pairs = pairs.into_iter();
        let known = |role: &str| known_role(role).unwrap_or(role).to_owned();
        Self {
            roles: pairs
                .map(|(name, role)| (name.into(), known(role.as_ref())))
                .collect(),
        }
    }
}

/// The role that a word stands for, as [`TEMPLATE_ROLES`] has it.
pub fn known_role(word: &str) -> Option<&'static str> {
    let word = folded(word);
    let mut roles = TEMPLATE_ROLES.iter();
    let own = roles.find(|role| folded(role) == word).copied();
    own.or_else(|| {
        let mut others = OTHERS.iter();
        let other = others.find(|(known, _)| *known == word);
        other.map(|(_, role)| *role)
    })
}

fn folded(word: &str) -> String {
    word.trim().to_lowercase().replace(['_', '-'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles() {
        for role in TEMPLATE_ROLES {
            assert_eq!(known_role(role), Some(*role));
        }
        for (word, role) in [
            ("Message-ID", "message_id"),
            ("receipt_text", "receipt text"),
            (" DLR Text", "receipt text"),
            ("unix_ms", "unix ms"),
            ("client ref", "client_ref"),
        ] {
            assert_eq!(known_role(word), Some(role), "{word}");
        }
        for (_, role) in OTHERS {
            assert!(TEMPLATE_ROLES.contains(role), "{role}");
        }
        assert_eq!(known_role("weather"), None);
        let template = Template::new([("w", "weather")]);
        assert_eq!(template.roles, [("w".to_owned(), "weather".to_owned())]);
    }
}
