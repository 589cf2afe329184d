//! The scanner against its rules and against `serde_json`.

use super::super::escape::unescape;
use super::*;
use proptest::prelude::*;

fn scan(text: &str) -> Result<(), (u32, RejectCode)> {
    let mut scanner = Scanner::new(text.as_bytes(), 0, 1_000);
    let outcome = scanner.skip_value().and_then(|()| scanner.end());
    outcome.map_err(|Stopped| {
        let fault = scanner.fault();
        (fault.byte, fault.code)
    })
}

/// Whether `serde_json` takes it for JSON; escapes of half a pair are left to [`unescape`].
fn oracle(text: &str) -> bool {
    serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
}

#[test]
fn accepted() {
    for text in [
        "0",
        "-0",
        "1.5e+10",
        "1E5",
        "true",
        "false",
        "null",
        "\"\"",
        "[]",
        "{}",
        " [ ] ",
        "{ }",
        "[1,2,[3]]",
        r#"{"a":{"b":[{"c":null}]},"d":""}"#,
        r#""\"\\\/\b\f\n\r\t\u00e9""#,
        "\"0123456789abcdef0123456789\"",
        "\"é日本🚲\"",
        "123456789012345678901234567890",
    ] {
        assert_eq!(scan(text), Ok(()), "{text}");
    }
}

#[test]
fn refused_with_the_exact_byte() {
    use RejectCode::{JsonInvalid, JsonTruncated};
    for (text, byte, code) in [
        ("", 0, JsonTruncated),
        ("  ", 2, JsonTruncated),
        ("{", 1, JsonTruncated),
        ("[1,", 3, JsonTruncated),
        ("\"abc", 4, JsonTruncated),
        ("\"abcdefghijk", 12, JsonTruncated),
        ("\"a\\", 3, JsonTruncated),
        ("\"\\u00", 5, JsonTruncated),
        ("tru", 3, JsonTruncated),
        ("-", 1, JsonTruncated),
        ("1.", 2, JsonTruncated),
        ("1e", 2, JsonTruncated),
        ("{\"a\"", 4, JsonTruncated),
        ("{\"a\":", 5, JsonTruncated),
        ("{\"a\":1", 6, JsonTruncated),
        ("x", 0, JsonInvalid),
        ("01", 1, JsonInvalid),
        ("+1", 0, JsonInvalid),
        (".5", 0, JsonInvalid),
        ("1.x", 2, JsonInvalid),
        ("[1,]", 3, JsonInvalid),
        ("[,1]", 1, JsonInvalid),
        ("[1 2]", 3, JsonInvalid),
        ("{\"a\":1,}", 7, JsonInvalid),
        ("{a:1}", 1, JsonInvalid),
        ("{\"a\" 1}", 5, JsonInvalid),
        ("{\"a\":}", 5, JsonInvalid),
        ("[}", 1, JsonInvalid),
        ("{]", 1, JsonInvalid),
        ("trux", 3, JsonInvalid),
        ("\"a\nb\"", 2, JsonInvalid),
        ("\"0123456789\u{1f}\"", 11, JsonInvalid),
        ("\"\\x\"", 2, JsonInvalid),
        ("\"\\u00g0\"", 5, JsonInvalid),
        ("{} {}", 3, JsonInvalid),
        ("'a'", 0, JsonInvalid),
    ] {
        assert_eq!(scan(text), Err((byte, code)), "{text:?}");
    }
}

#[test]
fn depth_and_keys() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(scan(&nested(JSON_DEPTH_MAX)), Ok(()));
    assert_eq!(
        scan(&nested(JSON_DEPTH_MAX + 1)),
        Err((64, RejectCode::JsonTooDeep))
    );
    let mixed = "[{\"a\":".repeat(32) + "[]" + &"}]".repeat(32);
    assert_eq!(scan(&mixed), Err((6 * 32, RejectCode::JsonTooDeep)));
    let mixed = "[{\"a\":".repeat(32) + "1" + &"}]".repeat(32);
    assert_eq!(scan(&mixed), Ok(()));
    let keys = |count: usize| format!("[{}{{}}]", "{\"k\":0},".repeat(count));
    assert_eq!(scan(&keys(1_000)), Ok(()));
    assert_eq!(scan(&keys(1_001)), Err((8_002, RejectCode::TooManyKeys)));
}

fn decoded(text: &str) -> Result<String, usize> {
    let mut out = vec![0; text.len()];
    let len = unescape(text.as_bytes(), &mut out)?;
    Ok(String::from_utf8(out[..len].to_vec()).unwrap())
}

#[test]
fn escapes() {
    assert_eq!(
        decoded(r#"a\"\\\/\b\f\n\r\tz"#).unwrap(),
        "a\"\\/\u{8}\u{c}\n\r\tz"
    );
    assert_eq!(decoded("\\u00e9\\ud83d\\udeb2\\u0000").unwrap(), "é🚲\0");
    for (text, byte) in [
        ("a\\ud800", 1),
        ("\\udc00", 0),
        ("\\ud800\\u0041", 0),
        ("\\ud800\\ud800", 0),
        ("\\ud83dx", 0),
    ] {
        assert_eq!(decoded(text), Err(byte), "{text}");
    }
}

/// JSON as text, and text that almost is.
fn near_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<f64>().prop_map(|f| serde_json::to_string(&f).unwrap()),
        any::<i64>().prop_map(|i| i.to_string()),
        any::<String>().prop_map(|s| serde_json::to_string(&s).unwrap()),
        "[-+.0-9eE]{1,6}",
        "\"[a\\\\u0-9dD8cC\"]{0,12}\"",
    ];
    let tree = leaf.prop_recursive(6, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5)
                .prop_map(|v| format!("[{}]", v.join(", "))),
            proptest::collection::vec(("[a-z]{0,3}", inner), 0..5).prop_map(|v| {
                let members: Vec<_> = v.iter().map(|(k, v)| format!("\"{k}\" :{v}")).collect();
                format!("{{{}}}", members.join(",\n"))
            }),
        ]
    });
    (
        tree,
        proptest::option::of((
            any::<prop::sample::Index>(),
            "\\PC|[\\[\\]{},:\"\\\\0-9 \n]",
        )),
    )
        .prop_map(|(text, mutation)| {
            let Some((index, put)) = mutation else {
                return text;
            };
            let mut characters: Vec<char> = text.chars().collect();
            let place = index.index(characters.len());
            characters.splice(place..=place, put.chars());
            characters.into_iter().collect()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn agrees_with_serde_json(text in near_json()) {
        prop_assert_eq!(scan(&text).is_ok(), oracle(&text), "{}", text);
    }

    #[test]
    fn agrees_on_any_text(text in "[\\[\\]{},:\"\\\\0-9eE.+\\-tfn u]{0,24}|\\PC{0,24}") {
        prop_assert_eq!(scan(&text).is_ok(), oracle(&text), "{}", text);
    }

    #[test]
    fn strings_are_read_as_serde_json_reads_them(text: String) {
        let wire = serde_json::to_string(&text).unwrap();
        let mut scanner = Scanner::new(wire.as_bytes(), 0, 10);
        let Ok(Token::String(read)) = scanner.token() else { panic!("no string") };
        let inside = std::str::from_utf8(read.bytes).unwrap();
        prop_assert_eq!(read.is_escaped, inside.contains('\\'));
        prop_assert_eq!(decoded(inside).unwrap(), text);
    }

    #[test]
    fn a_cut_is_told_as_one(text in near_json(), cut: prop::sample::Index) {
        if !oracle(&text) {
            return Ok(());
        }
        let text = format!("[{text}]");
        let mut cut = cut.index(text.len());
        while !text.is_char_boundary(cut) {
            cut -= 1;
        }
        let at = u32::try_from(cut).unwrap();
        prop_assert_eq!(scan(&text[..cut]), Err((at, RejectCode::JsonTruncated)));
    }
}
