//! A reader of replies as Python sees it: told its tables once, it reads folded texts.

use std::collections::{HashMap, HashSet};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use smstrack_engine::reading::{self, Languages, Tables};

/// Tables as Python has them; each is a field of the engine's own.
#[derive(FromPyObject)]
pub struct Told {
    chars_max: usize,
    tokens_max: usize,
    corrections: HashMap<String, String>,
    phrases: Vec<(String, String)>,
    known: HashSet<String>,
    keywords: Vec<String>,
    leet: [HashMap<char, char>; 3],
    meant: HashSet<String>,
    leet_inside: HashSet<char>,
    leet_short: HashMap<String, String>,
    vocabulary: HashSet<String>,
    heads: HashSet<String>,
    paired: [HashSet<String>; 2],
    censored: Vec<String>,
    repeated: Vec<String>,
    language_words: HashMap<String, Vec<String>>,
    language_endings: Vec<(String, String)>,
    language_signs: HashMap<char, String>,
    language_sure_signs: HashSet<char>,
    language_scripts: Vec<(char, char, String)>,
    language_preferred: Vec<String>,
    language_words_max: usize,
}

impl From<Told> for Tables {
    fn from(told: Told) -> Self {
        Self {
            chars_max: told.chars_max,
            tokens_max: told.tokens_max,
            corrections: told.corrections,
            phrases: told.phrases,
            known: told.known,
            keywords: told.keywords,
            leet: told.leet,
            meant: told.meant,
            leet_inside: told.leet_inside,
            leet_short: told.leet_short,
            vocabulary: told.vocabulary,
            heads: told.heads,
            paired: told.paired,
            censored: told.censored,
            repeated: told.repeated,
            languages: Languages {
                words: told.language_words,
                endings: told.language_endings,
                signs: told.language_signs,
                sure_signs: told.language_sure_signs,
                scripts: told.language_scripts,
                preferred: told.language_preferred,
                words_max: told.language_words_max,
            },
        }
    }
}

/// What `Reader.read` gives: see `_core.pyi`.
type Read<'py> = (
    Bound<'py, PyBytes>,
    Bound<'py, PyString>,
    usize,
    usize,
    bool,
    bool,
    Option<Bound<'py, PyString>>,
);

/// See `_core.pyi`.
#[pyclass(frozen, module = "smstrack_core._core")]
pub struct Reader {
    inner: reading::Reader,
}

#[pymethods]
impl Reader {
    #[new]
    fn new(tables: Told) -> Self {
        Self {
            inner: reading::Reader::new(tables.into()),
        }
    }

    fn read<'py>(&self, py: Python<'py>, folded: &str, written: &str) -> Read<'py> {
        let read = self.inner.read(folded, written);
        (
            PyBytes::new(py, read.spaced.as_bytes()),
            PyString::new(py, &read.words),
            read.count,
            read.said,
            read.has_keyword,
            read.is_question,
            read.language.map(|language| PyString::new(py, &language)),
        )
    }

    fn words(&self, folded: &str) -> String {
        self.inner.words(folded)
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "pyo3 hands over what it converted"
    )]
    fn language(&self, written: &str, words: &str, hints: Vec<String>) -> Option<String> {
        let hints: Vec<&str> = hints.iter().map(String::as_str).collect();
        let found = self.inner.language(written, words, &hints);
        found.map(str::to_owned)
    }
}
