//! A folded text -> words and marks, in any script.
//!
//! Every word stands between single blanks, so a blank is a word's edge. Scripts without blanks
//! (Chinese, Japanese, Thai) and Korean, whose blanks people set as they like, have a word for
//! each character.

use std::borrow::Cow;

use super::chars::{self, Kind};
use super::lexicon::Lexicon;
use super::{is_mark, spelling, unmask};

const TOP_DOMAINS: [&str; 17] = [
    "com", "net", "org", "io", "co", "info", "biz", "app", "ly", "me", "us", "uk", "de", "fr",
    "es", "it", "example",
];
const PHONES: [&str; 9] = ["📱", "💬", "📲", "📩", "📧", "📨", "✉", "📞", "☎"];
const HALTS: [&str; 5] = ["🛑", "⛔", "🚫", "📵", "✋"];
/// Shorter words have no letter that is there three times too often.
const RUN_CHARS_MIN: usize = 4;
/// Shorter words are of one piece.
const JOINED_CHARS_MIN: usize = 7;

type Words<'a> = Vec<Cow<'a, str>>;

/// The text with a blank around everything that stands alone, and marks as `.`, `?` and `,`.
pub fn spaced<'a>(lexicon: &Lexicon, text: &'a str) -> Cow<'a, str> {
    let text = chars::first(text, 2 * lexicon.tables.chars_max);
    if text
        .bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_alphanumeric())
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + text.len() / 2);
    for char in text.chars() {
        add_spaced(&mut out, char);
    }
    Cow::Owned(out)
}

fn add_spaced(out: &mut String, char: char) {
    if char.is_ascii_alphanumeric() || char == '.' || char == ' ' {
        return out.push(char);
    }
    if let Some(mark) = mark_of(char) {
        return out.extend([" ", mark, " "]);
    }
    if is_dropped(char) {
        return;
    }
    let is_alone = match chars::kind(char) {
        Kind::Letter | Kind::Number | Kind::Accent => is_dense(char),
        Kind::Sign => true,
        Kind::Other if char == '#' => true,
        Kind::Other => return out.push(' '),
    };
    if is_alone {
        out.extend([' ', char, ' ']);
    } else {
        out.push(char);
    }
}

/// The mark that a character is, of whatever script.
const fn mark_of(char: char) -> Option<&'static str> {
    match char {
        '!' | ';' | '…' | '。' | '！' | '；' | '।' | '۔' | '؛' | '\n' | '\r' | '\u{2028}'
        | '\u{2029}' | '\u{2025}' | '¡' => Some("."),
        '?' | '？' | '¿' | '؟' | '⸮' | '፧' | '՞' | '‽' => Some("?"),
        ',' | '،' | '、' | '，' => Some(","),
        _ => None,
    }
}

/// Whether a word is the same without it: apostrophes, skin tones, what emoji wear.
const fn is_dropped(char: char) -> bool {
    matches!(
        char,
        '\'' | '’' | '‘' | 'ʼ' | '`' | '´' | '′' | 'ʹ' | '＇' | '♀' | '♂' | '\u{1F3FB}'
            ..='\u{1F3FF}'
    )
}

/// Whether the script has no blanks, or none that can be relied on.
fn is_dense(char: char) -> bool {
    // Thai and Lao; radicals, kana, Han; Hangul; Han again.
    matches!(
        u32::from(char),
        0x0E00..=0x0EFF | 0x2E80..=0x9FFF | 0xAC00..=0xD7AF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF
    )
}

/// Words and marks of a spaced text, without the ends of the message.
pub fn words<'a>(lexicon: &Lexicon, spaced: &'a str) -> Words<'a> {
    let mut found: Words<'a> = Vec::with_capacity(spaced.len() / 4);
    for word in spaced.split(' ').filter(|word| !word.is_empty()) {
        if is_mark(word) {
            add_mark(&mut found, word);
        } else if word.contains('.') {
            add_dotted(&mut found, word);
        } else {
            let plain = plain_word(lexicon, word);
            if plain.contains(' ') {
                found.extend(plain.split(' ').map(|piece| Cow::Owned(piece.to_owned())));
            } else if !is_thrice(&found, &plain, word) {
                found.push(plain);
            }
        }
    }
    let tokens_max = lexicon.tables.tokens_max;
    if found.len() > tokens_max {
        let half = tokens_max / 2;
        let end = found.split_off(found.len() - half);
        found.truncate(half);
        found.push(Cow::Borrowed("."));
        found.extend(end);
    }
    letters_joined(lexicon, found)
}

/// Of several marks in a row the question mark says most, the comma least.
fn add_mark<'a>(found: &mut Words<'a>, word: &'a str) {
    match found.last_mut() {
        Some(last) if is_mark(last) => {
            if word != last && word != "," {
                let asks = word == "?" || last == "?";
                *last = Cow::Borrowed(if asks { "?" } else { "." });
            }
        }
        _ => found.push(Cow::Borrowed(word)),
    }
}

/// What becomes of a word that has no stop in it.
fn plain_word<'a>(lexicon: &Lexicon, word: &'a str) -> Cow<'a, str> {
    if word == "#" {
        Cow::Borrowed("number")
    } else if has_run(word) {
        let short = spelling::shortened(lexicon, word);
        Cow::Owned(unmask::parted(lexicon, &short).into_owned())
    } else if word.len() >= JOINED_CHARS_MIN && word.is_ascii() && !lexicon.is_known(word) {
        unmask::parted(lexicon, word)
    } else {
        Cow::Borrowed(word)
    }
}

/// Whether a letter comes three times or more in a row, in a word longer than that.
fn has_run(word: &str) -> bool {
    if word.is_ascii() {
        let is_run = |three: &[u8]| matches!(three, [a, b, c] if a == b && b == c && a.is_ascii_alphabetic());
        return word.len() >= RUN_CHARS_MIN && word.as_bytes().windows(3).any(is_run);
    }
    let (mut last, mut run, mut is_run) = ('\0', 0, false);
    for char in word.chars() {
        run = if char == last { run + 1 } else { 1 };
        is_run |= run == 3 && chars::kind(char) == Kind::Letter;
        last = char;
    }
    is_run && chars::has(word, RUN_CHARS_MIN)
}

/// Whether a sign stands there three times already.
fn is_thrice(found: &[Cow<'_, str>], plain: &str, word: &str) -> bool {
    let [.., first, second, third] = found else {
        return false;
    };
    plain == third
        && first == second
        && second == third
        && third == word
        && !chars::is_alphanumeric(word)
}

/// `example.com` is one word that no rule knows; other stops part sentences.
fn add_dotted<'a>(found: &mut Words<'a>, word: &'a str) {
    let inner: Vec<&str> = word.split('.').filter(|part| !part.is_empty()).collect();
    let (Some(first), Some(last)) = (inner.first(), inner.last()) else {
        if found.last().is_some_and(|last| !is_mark(last)) {
            found.push(Cow::Borrowed("."));
        }
        return;
    };
    let is_address = inner.len() > 1 && (inner.contains(&"www") || TOP_DOMAINS.contains(last));
    if is_address || inner.iter().all(|part| chars::is_digits(part)) {
        found.push(if chars::is_digits(first) {
            Cow::Owned(inner.concat())
        } else {
            Cow::Borrowed("address")
        });
    } else {
        let mut was_one = true;
        for (at, part) in inner.iter().enumerate() {
            let is_one = !chars::has(part, 2);
            if at > 0 && !(is_one && was_one) {
                found.push(Cow::Borrowed("."));
            }
            found.push(Cow::Borrowed(part));
            was_one = is_one;
        }
    }
    if word.ends_with('.') {
        found.push(Cow::Borrowed("."));
    }
}

/// `s t o p me` is `stop me`: three or more single Latin letters in a row are one word.
///
/// Signs between them (`s 🔥 t 🔥 o 🔥 p`) are nothing.
fn letters_joined<'a>(lexicon: &Lexicon, found: Words<'a>) -> Words<'a> {
    let found = halts_named(found);
    if found.iter().filter(|word| chars::is_single(word)).count() < 3 {
        return found;
    }
    let mut out: Words<'a> = Vec::with_capacity(found.len());
    let mut run: Words<'a> = Vec::new();
    let mut between: Words<'a> = Vec::new();
    for word in found {
        if chars::is_single(&word) {
            run.push(word);
        } else if run.len() == 1 + between.len()
            && chars::is_sign(&word)
            && between.iter().all(|sign| *sign == word)
        {
            between.push(word);
        } else {
            add_run(lexicon, &mut out, &mut run, &mut between);
            out.push(word);
        }
    }
    add_run(lexicon, &mut out, &mut run, &mut between);
    out
}

/// Adds single letters, joined if they are a word, and what stood between them.
fn add_run<'a>(
    lexicon: &Lexicon,
    out: &mut Words<'a>,
    run: &mut Words<'a>,
    between: &mut Words<'a>,
) {
    let letters = run.len();
    let signs = between.len();
    if letters > 2 && (signs == 0 || signs + 1 == letters || signs == letters) {
        let word = std::mem::take(run).concat();
        let parted = unmask::parted(lexicon, &word);
        out.extend(parted.split(' ').map(|piece| Cow::Owned(piece.to_owned())));
        out.extend(between.drain(..).skip(letters - 1));
    } else {
        let mut signs = between.drain(..);
        for letter in run.drain(..) {
            out.push(letter);
            out.extend(signs.next());
        }
        out.extend(signs);
    }
}

/// A sign that halts before a phone: `🛑📱` is `🛑 texting`.
fn halts_named(mut found: Words<'_>) -> Words<'_> {
    let is_halt = |word: &Cow<'_, str>| HALTS.contains(&word.as_ref());
    if !found.iter().any(is_halt) {
        return found;
    }
    let mut after_halt = false;
    for word in &mut found {
        let is_named = after_halt && PHONES.contains(&word.as_ref());
        after_halt = is_halt(word);
        if is_named {
            *word = Cow::Borrowed("texting");
        }
    }
    found
}
