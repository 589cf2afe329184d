//! Reading replies: words, marks, slips, languages, and that any text is read in bounds.

use std::collections::HashMap;

use proptest::prelude::*;
use smstrack_engine::reading::{Languages, Reader, Tables};

fn owned<C: FromIterator<String>>(words: &str) -> C {
    words.split(' ').map(str::to_owned).collect()
}

fn pairs<C: FromIterator<(String, String)>>(all: &[(&str, &str)]) -> C {
    let owned = |&(from, to): &(&str, &str)| (from.to_owned(), to.to_owned());
    all.iter().map(owned).collect()
}

fn reader() -> Reader {
    let leet: HashMap<char, char> = "0135@$!".chars().zip("oiesasi".chars()).collect();
    let ell = leet
        .iter()
        .map(|(sign, letter)| (*sign, if *sign == '1' { 'l' } else { *letter }));
    Reader::new(Tables {
        chars_max: 1_600,
        tokens_max: 400,
        corrections: pairs(&[("stpo", "stop"), ("pls", "please"), ("lemme", "let me")]),
        phrases: pairs(&[(" do not ", " dont "), (" text message ", " text ")]),
        known: owned("stop off message please"),
        keywords: vec![
            "stop".to_owned(),
            "opt out".to_owned(),
            "stop all".to_owned(),
        ],
        leet: [leet.clone(), leet.clone(), ell.collect()],
        meant: owned("stop unsubscribe"),
        leet_inside: "0135@$".chars().collect(),
        leet_short: pairs(&[("m3", "me")]),
        vocabulary: owned("stop texting me message please i"),
        heads: owned("stop please"),
        paired: [owned("stop"), owned("me texting")],
        censored: owned("stop text"),
        repeated: owned("stop"),
        languages: Languages {
            words: HashMap::from([
                ("stop".to_owned(), owned("en nl")),
                ("please".to_owned(), owned("en")),
                ("gracias".to_owned(), owned("es")),
            ]),
            endings: pairs(&[("cion", "es")]),
            signs: HashMap::from([('ñ', "es".to_owned()), ('é', "fr".to_owned())]),
            sure_signs: ['ñ'].into(),
            scripts: vec![
                ('\u{3040}', '\u{30FF}', "ja".to_owned()),
                ('\u{4E00}', '\u{9FFF}', "zh".to_owned()),
            ],
            preferred: owned("en es fr nl"),
            words_max: 40,
        },
    })
}

#[test]
fn words_and_marks_stand_between_blanks() {
    let reader = reader();
    for (text, spaced) in [
        ("", " < > "),
        (
            "don't stop, i love these!",
            " < dont stop , i love these . > ",
        ),
        ("really?! ok...", " < really ? ok . > "),
        ("mail www.example.com or x.y", " < mail address or x y > "),
        ("at 3.50 no. 2", " < at 350 no . 2 > "),
        ("s t o p me", " < stop me > "),
        ("s 🔥 t 🔥 o 🔥 p", " < stop > "),
        ("🛑📱", " < 🛑 texting > "),
        ("# 5", " < number 5 > "),
        ("退订", " < 退 订 > "),
        ("👍👍👍👍👍", " < 👍 👍 👍 > "),
    ] {
        assert_eq!(reader.read(text, text).spaced, spaced, "{text}");
    }
}

#[test]
fn words_that_matter_come_out_and_others_stay() {
    let reader = reader();
    for (text, spaced) in [
        ("stpo pls", " < stop please > "),
        ("lemme do not text message", " < let me dont text > "),
        ("stoooop offff hmmmm", " < stop off hmm > "),
        ("st0p m3", " < stop me > "),
        ("m3", " < m3 > "),
        ("$top!", " < stop . > "),
        ("mess4ge m355age", " < mess4ge message > "),
        ("st*p t**t s-op", " < stop text stop > "),
        (
            "stoptextingme stoptexting stopstopstop",
            " < stop texting me stop texting stop > ",
        ),
        ("stopcontact pleased", " < stopcontact pleased > "),
    ] {
        assert_eq!(reader.read(text, text).spaced, spaced, "{text}");
    }
}

#[test]
fn what_stands_beside_the_words_is_said() {
    let reader = reader();
    let read = reader.read("who is it? get out", "Who is it? Get out");
    assert!(read.is_question && !read.has_keyword);
    assert_eq!((read.count, read.said), (6, 5));
    assert!(reader.read("please stop", "").has_keyword);
}

#[test]
fn the_language_is_the_one_that_most_speaks_for() {
    let reader = reader();
    for (written, language) in [
        ("stop", Some("en")),
        ("gracias stop", Some("es")),
        ("informacion", Some("es")),
        ("mañana", Some("es")),
        ("何時ですか", Some("ja")),
        ("退订", Some("zh")),
        ("hm", None),
    ] {
        assert_eq!(
            reader.read(written, written).language.as_deref(),
            language,
            "{written}"
        );
    }
    assert_eq!(reader.language("hm", "hm", &["und", "pl"]), Some("pl"));
    assert_eq!(reader.language("stop", "stop", &["nl"]), Some("nl"));
}

proptest! {
    #[test]
    fn any_text_is_read_in_bounds(text in "(\\PC|[a-c .?!*#_013🛑📱\\n-]){0,80}") {
        let read = reader().read(&text, &text);
        prop_assert!(read.spaced.starts_with(" < ") && read.spaced.ends_with(" > "));
        prop_assert!(!read.spaced.trim().contains("  "));
        prop_assert!(read.count <= 401 && read.said <= 4 * (read.count + 1));
    }
}

#[test]
fn long_texts_lose_their_middle() {
    let reader = reader();
    for piece in ["a ", ". x ", "s t o p ", "🛑", "stop", "x.y."] {
        let text = piece.repeat(4_000);
        assert!(reader.read(&text, &text).count <= 401, "{piece}");
    }
}
