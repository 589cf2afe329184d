//! What kind of character a character is, quickly where it is ASCII.

use unicode_general_category::{GeneralCategory, get_general_category};

/// As far as words care.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Letters of all scripts.
    Letter,
    /// Digits and other numbers.
    Number,
    /// Accents and vowel signs.
    Accent,
    /// Pictures: emoji and the like.
    Sign,
    /// Blanks, punctuation and all else.
    Other,
}

/// The kind of a character.
pub fn kind(char: char) -> Kind {
    use GeneralCategory as Category;
    if char.is_ascii() {
        return match char {
            'a'..='z' | 'A'..='Z' => Kind::Letter,
            '0'..='9' => Kind::Number,
            _ => Kind::Other,
        };
    }
    match get_general_category(char) {
        Category::UppercaseLetter
        | Category::LowercaseLetter
        | Category::TitlecaseLetter
        | Category::ModifierLetter
        | Category::OtherLetter => Kind::Letter,
        Category::DecimalNumber | Category::LetterNumber | Category::OtherNumber => Kind::Number,
        Category::NonspacingMark | Category::SpacingMark | Category::EnclosingMark => Kind::Accent,
        Category::OtherSymbol => Kind::Sign,
        _ => Kind::Other,
    }
}

/// Whether a word is of letters alone.
pub fn is_alphabetic(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|char| kind(char) == Kind::Letter)
}

/// Whether a word is of letters and numbers alone.
pub fn is_alphanumeric(word: &str) -> bool {
    let is_one = |char| matches!(kind(char), Kind::Letter | Kind::Number);
    !word.is_empty() && word.chars().all(is_one)
}

/// Whether a word is of decimal digits alone, of any script.
pub fn is_digits(word: &str) -> bool {
    let is_digit = |char: char| {
        char.is_ascii_digit()
            || (!char.is_ascii() && get_general_category(char) == GeneralCategory::DecimalNumber)
    };
    !word.is_empty() && word.chars().all(is_digit)
}

/// Whether a word is one Latin letter.
pub fn is_single(word: &str) -> bool {
    matches!(word.as_bytes(), [b'a'..=b'z'])
}

/// Whether a word is one picture.
pub fn is_sign(word: &str) -> bool {
    let mut all = word.chars();
    all.next().is_some_and(|char| kind(char) == Kind::Sign) && all.next().is_none()
}

/// The first so many characters of a text.
pub fn first(text: &str, count: usize) -> &str {
    if text.len() <= count {
        return text;
    }
    let end = text
        .char_indices()
        .nth(count)
        .map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}

/// Whether a text has so many characters at least.
pub fn has(text: &str, count: usize) -> bool {
    text.len() >= count && (text.is_ascii() || text.chars().nth(count - 1).is_some())
}

/// How many characters a text has.
pub fn count(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.chars().count()
    }
}
