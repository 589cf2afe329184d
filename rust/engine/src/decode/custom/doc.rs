//! A TOML document as profiles are read from it: typed values, and errors that name the file,
//! the line and the key.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::InputError;

/// The file and its text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doc<'d> {
    pub file: &'d str,
    pub text: &'d str,
}

impl<'d> Doc<'d> {
    /// An error at a place of the text.
    pub fn error(self, span: &Range<usize>, key: &str, reason: &str) -> InputError {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        InputError::ProfileInvalid {
            file: self.file.to_owned(),
            line: 1 + before.matches('\n').count(),
            key: if key.is_empty() { "top level" } else { key }.to_owned(),
            reason: reason.to_owned(),
        }
    }

    /// Parses the text.
    pub fn parse(self) -> Result<Spanned<DeTable<'d>>, InputError> {
        DeTable::parse(self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            let reason = format!("is no TOML: {}.", error.message().trim_end_matches('.'));
            self.error(&span, "", &reason)
        })
    }
}

/// One table of the document.
#[derive(Clone, Debug)]
pub(super) struct View<'v, 'd> {
    pub doc: Doc<'d>,
    /// Its key from the top; empty for the top.
    path: String,
    pub span: Range<usize>,
    table: &'v DeTable<'d>,
}

/// A text and where it stands.
pub(super) type Text = (String, Range<usize>);

impl<'v, 'd> View<'v, 'd> {
    /// The top of a document.
    pub fn top(doc: Doc<'d>, table: &'v Spanned<DeTable<'d>>) -> Self {
        Self {
            doc,
            path: String::new(),
            span: 0..0,
            table: table.get_ref(),
        }
    }

    /// A table that stands somewhere in this one.
    pub fn within(&self, key: &str, value: &'v Spanned<DeValue<'d>>) -> Option<Self> {
        Some(Self {
            doc: self.doc,
            path: self.key(key),
            span: value.span(),
            table: value.get_ref().as_table()?,
        })
    }

    /// A key of this table, from the top.
    pub fn key(&self, key: &str) -> String {
        match (self.path.as_str(), key) {
            ("", key) => key.to_owned(),
            (path, "") => path.to_owned(),
            (path, key) => format!("{path}.{key}"),
        }
    }

    /// An error in the value of a key.
    pub fn error(&self, span: &Range<usize>, key: &str, reason: &str) -> InputError {
        self.doc.error(span, &self.key(key), reason)
    }

    /// Keys, their places and their values.
    pub fn entries(
        &self,
    ) -> impl Iterator<Item = (&'v str, Range<usize>, &'v Spanned<DeValue<'d>>)> {
        self.table
            .iter()
            .map(|(key, value)| (key.get_ref().as_ref(), key.span(), value))
    }

    /// Refuses keys that nobody reads.
    pub fn only(&self, allowed: &[&str]) -> Result<(), InputError> {
        for (key, span, _) in self.entries() {
            if !allowed.contains(&key) {
                let reason = format!("is not a key here; allowed are: {}.", allowed.join(", "));
                return Err(self.error(&span, key, &reason));
            }
        }
        Ok(())
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&'v Spanned<DeValue<'d>>> {
        self.entries()
            .find(|(known, ..)| *known == key)
            .map(|(_, _, value)| value)
    }

    /// A text.
    pub fn text(&self, key: &str) -> Result<Option<Text>, InputError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        match value.get_ref().as_str() {
            Some(text) => Ok(Some((text.to_owned(), value.span()))),
            None => Err(self.wrong(key, value, "a text in quotation marks")),
        }
    }

    /// A text or number, or a list of them; empty where there is none.
    pub fn texts(&self, key: &str) -> Result<Vec<Text>, InputError> {
        let Some(value) = self.get(key) else {
            return Ok(Vec::new());
        };
        self.texts_of(key, value)
    }

    /// The same of a value.
    pub fn texts_of(
        &self,
        key: &str,
        value: &Spanned<DeValue<'d>>,
    ) -> Result<Vec<Text>, InputError> {
        let wrong = |value| self.wrong(key, value, "a text, or a list of texts");
        if let Some(list) = value.get_ref().as_array() {
            let all = list.iter();
            return all
                .map(|item| scalar(item).ok_or_else(|| wrong(item)))
                .collect();
        }
        Ok(vec![scalar(value).ok_or_else(|| wrong(value))?])
    }

    /// One of some words, and what each stands for.
    pub fn one_of<T: Copy>(
        &self,
        key: &str,
        allowed: &[(&str, T)],
    ) -> Result<Option<T>, InputError> {
        let Some((word, span)) = self.text(key)? else {
            return Ok(None);
        };
        let known = allowed.iter().find(|(name, _)| *name == word);
        known.map(|(_, value)| Some(*value)).ok_or_else(|| {
            let names: Vec<&str> = allowed.iter().map(|(name, _)| *name).collect();
            let reason = format!(
                "\"{}\" is not allowed; use one of: {}.",
                shown(&word),
                names.join(", ")
            );
            self.error(&span, key, &reason)
        })
    }

    /// True or false.
    pub fn flag(&self, key: &str) -> Result<Option<bool>, InputError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        match value.get_ref().as_bool() {
            Some(flag) => Ok(Some(flag)),
            None => Err(self.wrong(key, value, "true or false")),
        }
    }

    /// A whole number within bounds.
    pub fn number(&self, key: &str, within: Range<u32>) -> Result<Option<u32>, InputError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|number| number.as_str().parse().ok());
        match number.filter(|number| within.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => {
                let expected =
                    format!("a whole number from {} to {}", within.start, within.end - 1);
                Err(self.wrong(key, value, &expected))
            }
        }
    }

    /// A table.
    pub fn table(&self, key: &str) -> Result<Option<Self>, InputError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        match self.within(key, value) {
            Some(view) => Ok(Some(view)),
            None => Err(self.wrong(key, value, "a table")),
        }
    }

    /// The error of a value of another type.
    pub fn wrong(&self, key: &str, value: &Spanned<DeValue<'d>>, expected: &str) -> InputError {
        let found = value.get_ref().type_str();
        self.error(
            &value.span(),
            key,
            &format!("is of type {found}; expected {expected}."),
        )
    }
}

/// A text, or a whole number as text.
fn scalar(value: &Spanned<DeValue<'_>>) -> Option<Text> {
    let inner = value.get_ref();
    let number = || inner.as_integer().map(|number| number.as_str().to_owned());
    let text = inner.as_str().map(str::to_owned).or_else(number)?;
    Some((text, value.span()))
}

/// As much of a value as an error repeats.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_debug).collect()
}
