//! Letters behind digits, letters too often, slips of the finger -> the word that was meant.

use std::borrow::Cow;
use std::collections::HashMap;

use super::lexicon::{Entry, Lexicon};
use super::{ENDS, STARTS, chars, unmask};

/// What stands behind a word without being of it.
const BEHIND: [char; 5] = ['.', ',', ';', ':', '?'];
/// Shorter words have no digit for a letter.
const LEET_CHARS_MIN: usize = 3;

/// The text without stars and digits for letters: only where a word that matters comes out.
pub fn uncovered<'a>(lexicon: &Lexicon, text: &'a str) -> Cow<'a, str> {
    let mut text = Cow::Borrowed(text);
    if text.bytes().any(|byte| unmask::is_star(char::from(byte))) {
        let mut out = String::with_capacity(text.len());
        for word in text.split(' ') {
            out.push_str(&unmask::uncensored(lexicon, word));
            out.push(' ');
        }
        out.pop();
        text = Cow::Owned(out.replace('_', " "));
    }
    if text.bytes().any(is_leet) {
        let found: Vec<Cow<'_, str>> = text.split(' ').map(|word| unleet(lexicon, word)).collect();
        if found.iter().any(|word| matches!(word, Cow::Owned(_))) {
            let short = &lexicon.tables.leet_short;
            let words: Vec<&str> = found
                .iter()
                .map(|word| {
                    short
                        .get(word.as_ref())
                        .map_or(word.as_ref(), String::as_str)
                })
                .collect();
            let joined = words.join(" ");
            return Cow::Owned(joined);
        }
    }
    text
}

/// `st0p` and `$top` are `stop`; owned if it is another word.
fn unleet<'a>(lexicon: &Lexicon, word: &'a str) -> Cow<'a, str> {
    if !chars::has(word, LEET_CHARS_MIN) || chars::is_alphabetic(word) {
        return Cow::Borrowed(word);
    }
    let tables = &lexicon.tables;
    let [leet, inside, ell] = &tables.leet;
    let bare = word.trim_end_matches(BEHIND);
    let both = [bare, bare.trim_end_matches('!')];
    let with_rest = |meant: String, tried: &str| {
        let rest = word.get(tried.len()..).unwrap_or_default();
        Cow::Owned(meant + &rest.replace('!', " . "))
    };
    for tried in both {
        let meant = translated(tried, leet);
        if meant != tried && tables.meant.contains(&meant) {
            return with_rest(meant, tried);
        }
    }
    let is_inside = |char: char| tables.leet_inside.contains(&char);
    if bare.contains(is_inside) && bare.contains(|char: char| char.is_ascii_lowercase()) {
        for tried in both {
            for table in [inside, ell] {
                let meant = translated(tried, table);
                if meant != tried && tables.vocabulary.contains(&meant) {
                    return with_rest(meant, tried);
                }
            }
        }
    }
    Cow::Borrowed(word)
}

/// Whether a byte is a digit or sign that may stand for a letter.
const fn is_leet(byte: u8) -> bool {
    matches!(
        byte,
        b'0' | b'1' | b'3' | b'4' | b'5' | b'7' | b'@' | b'$' | b'!'
    )
}

fn translated(word: &str, table: &HashMap<char, char>) -> String {
    let letter = |char: char| {
        let is_itself = char.is_ascii_lowercase();
        let meant = if is_itself { None } else { table.get(&char) };
        *meant.unwrap_or(&char)
    };
    word.chars().map(letter).collect()
}

/// `stoooop` is `stop`, `offff` is `off`: letters three or more times in a row.
pub fn shortened(lexicon: &Lexicon, word: &str) -> String {
    let twice = at_most(word, 2, 2);
    if twice == word || lexicon.is_known(&twice) {
        return twice;
    }
    let once = at_most(word, 2, 1);
    if lexicon.is_known(&once) { once } else { twice }
}

/// Runs of more than so many of a character cut down to so few.
fn at_most(word: &str, times_max: usize, kept: usize) -> String {
    let mut out = String::with_capacity(word.len());
    let mut rest = word.chars().peekable();
    while let Some(char) = rest.next() {
        let mut run = 1;
        while rest.next_if_eq(&char).is_some() {
            run += 1;
        }
        let run = if run > times_max { kept } else { run };
        out.extend(std::iter::repeat_n(char, run));
    }
    out
}

/// Words with slips corrected and phrases written as one, blanks and the message's ends around.
pub fn mended(lexicon: &Lexicon, words: &[Cow<'_, str>], entries: &[Option<&Entry>]) -> String {
    let mut out = String::with_capacity(words.iter().map(|word| word.len() + 1).sum::<usize>() + 8);
    out.extend([" ", STARTS, " "]);
    let mut has_phrase = false;
    for (word, entry) in words.iter().zip(entries) {
        let correction = entry.and_then(|entry| entry.correction.as_deref());
        has_phrase |= entry.is_some_and(|entry| entry.begins_phrase);
        out.push_str(correction.unwrap_or(word));
        out.push(' ');
    }
    out.extend([ENDS, " "]);
    if has_phrase {
        for (before, after) in &lexicon.tables.phrases {
            if out.contains(before.as_str()) {
                out = out.replace(before.as_str(), after);
            }
        }
    }
    out
}
