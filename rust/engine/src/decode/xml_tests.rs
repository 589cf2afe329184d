use super::*;
use proptest::prelude::*;
use std::fmt::Write;

/// What a body says, in short; or the fault.
fn read(body: &[u8]) -> Result<String, (u32, &'static str)> {
    let mut reader = Reader::new(body, false);
    let mut all = String::new();
    loop {
        match reader.next() {
            Ok(None) => return Ok(all),
            Ok(Some(Node::Open(name))) => {
                write!(all, "<{}>", String::from_utf8_lossy(name)).unwrap();
            }
            Ok(Some(Node::Text(text))) => all += &text,
            Ok(Some(Node::Close(outer, _))) => {
                write!(all, "</{}", String::from_utf8_lossy(outer)).unwrap();
            }
            Err(fault) => return Err((fault.byte, fault.code.word())),
        }
    }
}

#[test]
fn forms() {
    for (body, expected) in [
        ("<a/>", "<a></"),
        (
            "\u{feff}<?xml version='1.0'?>\n<!-- <b> --><a x='1>' y = \"<\">t</a >\n",
            "<a>t</",
        ),
        (
            "<!DOCTYPE m SYSTEM \"x>.dtd\"><n:a><n:b>1</n:b></n:a>",
            "<a><b>1</a</",
        ),
        (
            "<a>&lt;&amp;&#233;&#xE9; <![CDATA[<b>&amp;]]></a>",
            "<a><&éé <b>&amp;</",
        ),
        ("<a>1<b/>2</a>", "<a>1<b></a2</"),
    ] {
        assert_eq!(read(body.as_bytes()).as_deref(), Ok(expected), "{body}");
    }
}

#[test]
fn refused() {
    for (body, byte) in [
        ("", 0),
        ("<", 0),
        ("<a>", 3),
        ("<a></b>", 3),
        ("<a/><b/>", 4),
        ("x<a/>", 0),
        ("<a/>x", 4),
        ("<a b></a>", 4),
        ("<a b=c/>", 5),
        ("<a b='c/>", 5),
        ("<a>&nbsp;</a>", 3),
        ("<a>1&#0;</a>", 4),
        ("<a>&#+5;</a>", 3),
        ("<a>&#xd800;</a>", 3),
        ("<a>&amp</a>", 3),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", 12),
        ("<!DOCTYPE a", 0),
        ("<a><!-- </a>", 3),
        ("<a><![CDATA[ </a>", 3),
        ("<a></a", 6),
        ("<1/>", 0),
        ("<a></>", 3),
    ] {
        assert_eq!(read(body.as_bytes()), Err((byte, "xml_invalid")), "{body}");
    }
    assert_eq!(read(b"<a>x\xff</a>"), Err((4, "not_utf8")));
    let deep = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
    assert!(read(deep(XML_DEPTH_MAX).as_bytes()).is_ok());
    assert!(read(deep(XML_DEPTH_MAX + 1).as_bytes()).is_err());
    let wide = format!("<a>{}</a>", "<b/>".repeat(BODY_KEYS_MAX));
    assert_eq!(read(wide.as_bytes()).unwrap_err().1, "too_many_keys");
}

proptest! {
    #[test]
    fn no_body_stops_it(body in "[<>/a!\\[\\]&;'\"=? -]{0,40}") {
        let _ = read(body.as_bytes());
    }

    #[test]
    fn text_is_read_again(text in "[ -~éß\u{1f6b2}]{0,40}") {
        let wire = text.replace('&', "&amp;").replace('<', "&#60;");
        prop_assert_eq!(read(format!("<a>{wire}</a>").as_bytes()).unwrap(), format!("<a>{text}</"));
    }
}
