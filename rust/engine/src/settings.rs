//! Named texts of campaigns and of the directory: questions of surveys, coupon codes, what NO
//! means, which senders are one brand. A join: the latest text of a name counts.
//!
//! Knows the few names that the engine itself reads; the others are the callers'.

use std::collections::BTreeMap;

/// What NO means in a campaign: `opt_out`, or nothing. With `:` and a blast's name, in it.
pub const ON_NO: &str = "on_no";
/// What YES means in a campaign: `opt_in`, or nothing.
pub const ON_YES: &str = "on_yes";
/// See [`ON_NO`].
pub const OPT_OUT: &str = "opt_out";
/// See [`ON_YES`].
pub const OPT_IN: &str = "opt_in";
/// Before a sender: the brand that it belongs to.
pub const BRAND: &str = "brand:";

type Name = (String, String);

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    all: BTreeMap<Name, (i64, String)>,
    /// How many campaigns say what NO or YES means.
    contexts: usize,
}

impl Settings {
    /// Takes one in. Of two of the same moment the greater text counts.
    pub fn hear(&mut self, campaign: &str, name: &str, at_ms: i64, value: &str) {
        let slot = self.all.entry((campaign.to_owned(), name.to_owned()));
        let slot = slot.or_insert_with(|| (i64::MIN, String::new()));
        if (at_ms, value) <= (slot.0, slot.1.as_str()) {
            return;
        }
        let word = name.split_once(':').map_or(name, |(word, _)| word);
        if matches!(word, ON_NO | ON_YES) {
            self.contexts -= usize::from(!slot.1.is_empty());
            self.contexts += usize::from(!value.is_empty());
        }
        *slot = (at_ms, value.to_owned());
    }

    /// The text of a name; `None` where there is none, or it was taken back.
    pub fn get(&self, campaign: &str, name: &str) -> Option<&str> {
        self.entry(campaign, name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// The text of a name and when it was given, taken back or not.
    pub fn entry(&self, campaign: &str, name: &str) -> Option<&(i64, String)> {
        self.all.get(&(campaign.to_owned(), name.to_owned()))
    }

    /// Whether any campaign says what NO or YES means.
    pub const fn has_context(&self) -> bool {
        self.contexts > 0
    }

    /// A campaign's names and texts, in order.
    pub fn of<'a>(&'a self, campaign: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.all
            .range((campaign.to_owned(), String::new())..)
            .take_while(move |((owner, _), _)| owner == campaign)
            .filter(|(_, (_, value))| !value.is_empty())
            .map(|((_, name), (_, value))| (name.as_str(), value.as_str()))
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &(i64, String))> {
        self.all.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_text_counts_in_any_order() {
        let all = [(5, "opt_out"), (7, ""), (7, "opt_out"), (6, "")];
        for turn in 0..all.len() {
            let mut settings = Settings::default();
            for index in 0..all.len() {
                let (at_ms, value) = all[(index + turn) % all.len()];
                settings.hear("spring", ON_NO, at_ms, value);
            }
            assert_eq!(settings.get("spring", ON_NO), Some("opt_out"));
            assert!(settings.has_context());
            settings.hear("spring", ON_NO, 8, "");
            assert_eq!(settings.get("spring", ON_NO), None);
            assert!(!settings.has_context());
        }
    }
}
