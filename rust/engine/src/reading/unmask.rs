//! Words behind stars, run together or said over and over. Only words that matter come out.

use std::borrow::Cow;

use super::chars;
use super::lexicon::Lexicon;

/// Shorter words are of one piece, longer ones are no words.
const JOINED_CHARS: std::ops::Range<usize> = 7..97;
const CENSORED_CHARS_MAX: usize = 12;

/// Whether a character stands for letters that somebody would not write.
pub const fn is_star(char: char) -> bool {
    matches!(char, '*' | '#' | '_' | '-')
}

/// `st*p` is `stop`; other words stay.
pub fn uncensored<'a>(lexicon: &Lexicon, word: &'a str) -> Cow<'a, str> {
    let bare = word.trim_matches(|char| is_star(char) || ".,;:!?\"()".contains(char));
    let mut signs = bare.chars().filter(|char| is_star(*char));
    let Some(sign) = signs.next() else {
        return Cow::Borrowed(word);
    };
    let size = chars::count(bare);
    let is_one_kind = signs.clone().all(|other| other == sign);
    let count = 1 + signs.count();
    let is_word = size <= CENSORED_CHARS_MAX && size - count >= 2;
    if !is_one_kind || !is_word || (sign != '*' && count > 1) {
        return Cow::Borrowed(word);
    }
    let is_meant = |meant: &&String| {
        chars::count(meant) == size
            && bare
                .chars()
                .zip(meant.chars())
                .all(|(char, letter)| char == letter || char == sign)
    };
    match lexicon.tables.censored.iter().find(is_meant) {
        Some(meant) => Cow::Owned(word.replace(bare, meant)),
        None => Cow::Borrowed(word),
    }
}

/// `stoptextingme` is `stop texting me`, `stopstopstop` is `stop`; other words stay.
pub fn parted<'a>(lexicon: &Lexicon, word: &'a str) -> Cow<'a, str> {
    if !chars::has(word, JOINED_CHARS.start) {
        return Cow::Borrowed(word);
    }
    let is_said = |said: &&String| {
        let twice = word.strip_prefix(said.as_str());
        twice.is_some_and(|rest| rest.starts_with(said.as_str()))
            && word.bytes().eq(said.bytes().cycle().take(word.len()))
    };
    if let Some(said) = lexicon.tables.repeated.iter().find(is_said) {
        return Cow::Owned(said.clone());
    }
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'\'';
    let begins = |head: &String| word.starts_with(head.as_str());
    if word.len() >= JOINED_CHARS.end
        || !word.bytes().all(is_plain)
        || !lexicon.tables.heads.iter().any(begins)
    {
        return Cow::Borrowed(word);
    }
    let Some(pieces) = pieces(lexicon, word) else {
        return Cow::Borrowed(word);
    };
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else {
        return Cow::Borrowed(word);
    };
    let [paired, after] = &lexicon.tables.paired;
    let is_pair = paired.contains(*first) && after.contains(*last);
    if lexicon.tables.heads.contains(*first) && (pieces.len() > 2 || is_pair) {
        Cow::Owned(pieces.join(" "))
    } else {
        Cow::Borrowed(word)
    }
}

/// The fewest words of the vocabulary that make it up; of as many, the shorter last one.
fn pieces<'a>(lexicon: &Lexicon, word: &'a str) -> Option<Vec<&'a str>> {
    // How few words make up what ends here, and the size of the last of them.
    let mut best: Vec<Option<(usize, usize)>> = vec![Some((0, 0))];
    for end in 1..=word.len() {
        let mut found: Option<(usize, usize)> = None;
        for &size in lexicon.sizes.iter().take_while(|size| **size <= end) {
            let Some((before, _)) = best.get(end - size).copied().flatten() else {
                continue;
            };
            let is_fewer = found.is_none_or(|(count, _)| before + 1 < count);
            let piece = word.get(end - size..end).unwrap_or_default();
            if is_fewer && lexicon.tables.vocabulary.contains(piece) {
                found = Some((before + 1, size));
            }
        }
        best.push(found);
    }
    let mut end = word.len();
    let mut out = Vec::new();
    while end > 0 {
        let (_, size) = best.get(end).copied().flatten()?;
        out.push(word.get(end - size..end)?);
        end -= size;
    }
    out.reverse();
    Some(out)
}
