//! A loaded profile as data, as built-in providers are described.

use serde_json::{Value, json};

use super::Custom;
use crate::facts;

impl Custom {
    /// Itself as JSON: the fields its file has.
    pub fn describe(&self) -> Value {
        let ids: Vec<&str> = self.ids.words().collect();
        let words = self.words.listed.iter();
        let states: Value = words
            .map(|(word, state, is_final)| {
                json!({ "word": word, "state": state.name(), "final": is_final })
            })
            .collect();
        let classes = self.codes.classes.iter();
        let errors = classes.map(|(class, codes)| (class.name().to_owned(), codes.clone().into()));
        let signatures: Vec<&str> = self.signature.as_deref().into_iter().collect();
        json!({
            "name": self.name,
            "aliases": self.aliases,
            "title": self.title,
            "built_in": false,
            "ids": ids,
            "shares_ids": false,
            "country": self.country,
            "clock": self.clock,
            "parts": self.parts.word(),
            "signatures": signatures,
            "scheme": self.signature,
            "answer": facts::answer(&self.answer),
            "states": states,
            "other_state": self.words.other.map(|(state, _)| state.name()),
            "errors": Value::Object(errors.collect()),
        })
    }
}
