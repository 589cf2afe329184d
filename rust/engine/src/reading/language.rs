//! Which language a reply is in: word lists, endings, script. Never whether it opts out.

use std::borrow::Cow;

use super::lexicon::{Entry, Languages, Lexicon};

/// What a rule's language, a word's ending, a character and a script count; a word counts one,
/// shared among its languages.
const HINT: f64 = 0.6;
const ENDING: f64 = 0.35;
const SIGN: f64 = 0.25;
const SURE_SIGN: f64 = 1.2;
const SCRIPT: f64 = 3.0;
/// With less there is no telling.
const SCORE_MIN: f64 = 0.3;
/// Scores nearer to one another are the same.
const TIE: f64 = 0.001;
const ENDING_CHARS_MIN: usize = 6;
const SIGNS_MAX: usize = 400;
const UNKNOWN: &str = "und";
const JAPANESE: &str = "ja";

/// Languages and their scores, in the order in which they showed.
#[derive(Default)]
struct Scores<'a> {
    list: Vec<(&'a str, f64)>,
}

impl<'a> Scores<'a> {
    fn add(&mut self, language: &'a str, score: f64) {
        match self.list.iter_mut().find(|(known, _)| *known == language) {
            Some((_, sum)) => *sum += score,
            None => self.list.push((language, score)),
        }
    }

    fn best(&self) -> f64 {
        self.list
            .iter()
            .map(|(_, score)| *score)
            .fold(0.0, f64::max)
    }
}

/// The language, if anything speaks for one.
pub fn of<'a>(
    lexicon: &'a Lexicon,
    written: &str,
    words: &[Cow<'_, str>],
    entries: &[Option<&'a Entry>],
    hints: &[&'a str],
) -> Option<&'a str> {
    let tables = &lexicon.tables.languages;
    let mut scores = Scores::default();
    for hint in hints.iter().filter(|hint| **hint != UNKNOWN) {
        scores.add(hint, HINT);
    }
    for (word, entry) in words.iter().zip(entries).take(tables.words_max) {
        match entry.map(|entry| entry.languages.as_slice()) {
            Some(languages @ [_, ..]) => {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "there are a few dozen languages"
                )]
                let share = 1.0 / languages.len() as f64;
                for language in languages {
                    scores.add(language, share);
                }
            }
            _ => add_endings(&mut scores, tables, word),
        }
    }
    if !written.is_ascii() {
        add_signs(&mut scores, tables, written);
    }
    let best = scores.best();
    if best < SCORE_MIN {
        return None;
    }
    let rank = |language: &str| {
        let place = tables.preferred.iter().position(|known| known == language);
        place.unwrap_or(usize::MAX)
    };
    let tied = scores.list.iter().filter(|(_, score)| *score > best - TIE);
    tied.min_by_key(|(language, _)| rank(language))
        .map(|(language, _)| *language)
}

fn add_endings<'a>(scores: &mut Scores<'a>, tables: &'a Languages, word: &str) {
    if super::chars::has(word, ENDING_CHARS_MIN) {
        for (ending, language) in &tables.endings {
            if word.ends_with(ending.as_str()) {
                scores.add(language, ENDING);
            }
        }
    }
}

fn add_signs<'a>(scores: &mut Scores<'a>, tables: &'a Languages, written: &str) {
    let mut scripts = Scores::default();
    for char in written
        .chars()
        .take(SIGNS_MAX)
        .filter(|char| !char.is_ascii())
    {
        let mut lower = char.to_lowercase();
        let low = lower
            .next()
            .filter(|_| lower.next().is_none())
            .unwrap_or(char);
        if let Some(language) = tables.signs.get(&char).or_else(|| tables.signs.get(&low)) {
            let is_sure = tables.sure_signs.contains(&low);
            scores.add(language, if is_sure { SURE_SIGN } else { SIGN });
            continue;
        }
        let mut all = tables.scripts.iter();
        if let Some((_, _, language)) =
            all.find(|(first, last, _)| (*first..=*last).contains(&char))
        {
            scripts.add(language, 1.0);
        }
    }
    // Kana among Han is Japanese.
    let most = scripts.best();
    let japanese = scripts
        .list
        .iter()
        .find(|(language, _)| *language == JAPANESE);
    let shown = japanese.or_else(|| scripts.list.iter().find(|(_, count)| *count >= most));
    if let Some((language, _)) = shown {
        scores.add(language, SCRIPT);
    }
}
