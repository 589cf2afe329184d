//! A folded reply as words between marks, spelled as the rules spell them, and its language.
//!
//! Pure, and linear in the text. Knows how words are found and mended; which words, it is told:
//! the tables come from whoever makes a [`Reader`]. It has never heard of rules or labels.

mod chars;
mod language;
mod lexicon;
mod spelling;
mod tokens;
mod unmask;

use std::borrow::Cow;

use lexicon::{Entry, Lexicon};
pub use lexicon::{Languages, Tables};

/// The beginning of a message among its words.
const STARTS: &str = "<";
/// Its end.
const ENDS: &str = ">";
/// Tokens that are no words.
const MARKS: [&str; 5] = [STARTS, ENDS, ".", "?", ","];

fn is_mark(word: &str) -> bool {
    MARKS.contains(&word)
}

/// One reply, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Words and marks, mended, between single blanks, with the ends of the message.
    pub spaced: String,
    /// Words and marks as they were found, with a blank between them.
    pub words: String,
    /// How many these are.
    pub count: usize,
    /// How many of the mended are words.
    pub said: usize,
    /// Whether a keyword's word is among them.
    pub has_keyword: bool,
    /// Whether a question mark is.
    pub is_question: bool,
    /// The language that words and characters speak for, if any.
    pub language: Option<String>,
}

/// Reads replies by its tables.
#[derive(Debug)]
pub struct Reader {
    lexicon: Lexicon,
}

impl Reader {
    /// Takes the tables over.
    pub fn new(mut tables: Tables) -> Self {
        let keywords = std::mem::take(&mut tables.keywords);
        let mut lexicon = Lexicon::new(tables);
        for line in keywords {
            let text = spelling::uncovered(&lexicon, &line);
            let spaced = tokens::spaced(&lexicon, &text);
            let words = tokens::words(&lexicon, &spaced).into_iter();
            // Of several as long, the first.
            if let Some(longest) = words.rev().max_by_key(|word| chars::count(word)) {
                let longest = longest.into_owned();
                lexicon.add_keyword(longest);
            }
        }
        Self { lexicon }
    }

    /// Reads a text that is folded; its language by what was written, too.
    pub fn read(&self, folded: &str, written: &str) -> Reading {
        let lexicon = &self.lexicon;
        let text = spelling::uncovered(lexicon, folded);
        let spaced = tokens::spaced(lexicon, &text);
        let words = tokens::words(lexicon, &spaced);
        let entries: Vec<Option<&Entry>> = words.iter().map(|word| lexicon.entry(word)).collect();
        let mended = spelling::mended(lexicon, &words, &entries);
        Reading {
            said: mended
                .split(' ')
                .filter(|word| !word.is_empty() && !is_mark(word))
                .count(),
            spaced: mended,
            count: words.len(),
            has_keyword: entries.iter().flatten().any(|entry| entry.is_keyword),
            is_question: words.iter().any(|word| word == "?"),
            language: language::of(lexicon, written, &words, &entries, &[]).map(str::to_owned),
            words: joined(&words),
        }
    }

    /// Words and marks of a text that is folded, as [`Reading::words`], without letters unmasked.
    pub fn words(&self, folded: &str) -> String {
        let spaced = tokens::spaced(&self.lexicon, folded);
        joined(&tokens::words(&self.lexicon, &spaced))
    }

    /// The language of a text, its words and what the rules that it met are written in.
    pub fn language<'a>(
        &'a self,
        written: &str,
        words: &str,
        hints: &[&'a str],
    ) -> Option<&'a str> {
        let words: Vec<Cow<'_, str>> = words
            .split(' ')
            .filter(|word| !word.is_empty())
            .map(Cow::Borrowed)
            .collect();
        let entries: Vec<Option<&Entry>> =
            words.iter().map(|word| self.lexicon.entry(word)).collect();
        language::of(&self.lexicon, written, &words, &entries, hints)
    }
}

fn joined(words: &[Cow<'_, str>]) -> String {
    let mut out = String::with_capacity(words.iter().map(|word| word.len() + 1).sum());
    for word in words {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}
