//! The tables that a reader is told, and what they say of one word.

use std::collections::{HashMap, HashSet};

/// All that depends on words; who uses the engine owns them.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// Characters read; a folded text may be twice as long as what was written.
    pub chars_max: usize,
    /// Words and marks kept of one reply, half of them from its end.
    pub tokens_max: usize,
    /// Misspelt or short -> as the rules spell it.
    pub corrections: HashMap<String, String>,
    /// Phrases, blanks around -> as the rules spell them, in order.
    pub phrases: Vec<(String, String)>,
    /// Words that a longer spelling may stand for.
    pub known: HashSet<String>,
    /// Keywords, folded; a reply with none of their longest words has none of them.
    pub keywords: Vec<String>,
    /// Digits and signs that stand for a letter in `meant`, and what else they stand for inside.
    pub leet: [HashMap<char, char>; 3],
    /// Words looked for behind such signs wherever they stand.
    pub meant: HashSet<String>,
    /// Digits and signs that are looked behind inside a word.
    pub leet_inside: HashSet<char>,
    /// Short words written with a digit, where other words are.
    pub leet_short: HashMap<String, String>,
    /// What is found in words run together, or behind digits and signs.
    pub vocabulary: HashSet<String>,
    /// Those that a request begins with.
    pub heads: HashSet<String>,
    /// Those of which a pair is enough, and what must then come after.
    pub paired: [HashSet<String>; 2],
    /// Words that people put stars in, the likeliest first.
    pub censored: Vec<String>,
    /// Words said over and over without a blank.
    pub repeated: Vec<String>,
    /// What tells languages apart.
    pub languages: Languages,
}

/// What tells languages apart.
#[derive(Clone, Debug, Default)]
pub struct Languages {
    /// Words -> the languages that have them.
    pub words: HashMap<String, Vec<String>>,
    /// Endings of longer words, and of which language each is.
    pub endings: Vec<(String, String)>,
    /// Characters that speak for a language.
    pub signs: HashMap<char, String>,
    /// Those that are used by no other.
    pub sure_signs: HashSet<char>,
    /// First and last character of each script, and its language.
    pub scripts: Vec<(char, char, String)>,
    /// The more usual language first, for when several are as likely.
    pub preferred: Vec<String>,
    /// Words looked at.
    pub words_max: usize,
}

/// What is known of one word.
#[derive(Debug, Default)]
pub struct Entry {
    /// How the rules spell it, if otherwise.
    pub correction: Option<String>,
    /// Whether a phrase begins with it, as the rules spell it.
    pub begins_phrase: bool,
    /// Whether a longer spelling may stand for it.
    pub is_known: bool,
    /// Whether it is the word of a keyword.
    pub is_keyword: bool,
    /// Languages that have it.
    pub languages: Vec<String>,
}

/// The tables, by word.
#[derive(Debug)]
pub struct Lexicon {
    /// As they were told, but for what is in `entries`.
    pub tables: Tables,
    entries: HashMap<String, Entry>,
    /// Sizes of the words of the vocabulary, in bytes, the shortest first; no single letters.
    pub sizes: Vec<usize>,
}

impl Lexicon {
    pub fn new(mut tables: Tables) -> Self {
        let mut entries: HashMap<String, Entry> = HashMap::new();
        for (word, meant) in std::mem::take(&mut tables.corrections) {
            entries.entry(word).or_default().correction = Some(meant);
        }
        for word in std::mem::take(&mut tables.known) {
            entries.entry(word).or_default().is_known = true;
        }
        for (word, languages) in std::mem::take(&mut tables.languages.words) {
            entries.entry(word).or_default().languages = languages;
        }
        let phrases = tables.phrases.iter();
        let first =
            |(before, _): &(String, String)| before.split_whitespace().next().map(str::to_owned);
        let heads: HashSet<String> = phrases.filter_map(first).collect();
        for head in &heads {
            entries.entry(head.clone()).or_default();
        }
        for (word, entry) in &mut entries {
            entry.begins_phrase = heads.contains(entry.correction.as_ref().unwrap_or(word));
        }
        tables.vocabulary.retain(|word| word.len() > 1);
        let mut sizes: Vec<usize> = tables.vocabulary.iter().map(String::len).collect();
        sizes.sort_unstable();
        sizes.dedup();
        Self {
            tables,
            entries,
            sizes,
        }
    }

    /// What is known of a word.
    pub fn entry(&self, word: &str) -> Option<&Entry> {
        self.entries.get(word)
    }

    /// Makes a word one that a keyword has.
    pub fn add_keyword(&mut self, word: String) {
        self.entries.entry(word).or_default().is_keyword = true;
    }

    /// Whether a longer spelling may stand for it.
    pub fn is_known(&self, word: &str) -> bool {
        self.entry(word).is_some_and(|entry| entry.is_known)
    }
}
