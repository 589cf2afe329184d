//! The text of an SMPP delivery receipt (Appendix B of SMPP 3.4 and its many dialects):
//! `id:... sub:... dlvrd:... submit date:... done date:... stat:... err:... text:...`.
//!
//! Labels may come in any order and any case, and all may be missing. What follows `text:` is
//! the sender's own words, which may look like labels: it is read only for what is missing
//! when no status stood before it.

/// What a receipt text says; values exactly as written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ReceiptText<'t> {
    pub id: Option<&'t str>,
    pub stat: Option<&'t str>,
    pub err: Option<&'t str>,
    /// How many labels of a receipt were found.
    pub labels_count: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    Id,
    Stat,
    Err,
    Text,
    Other,
}

/// Bytes of the longest label.
const LABEL_BYTES_MAX: usize = 7;
/// Bytes in which a value is looked for: more than any value may have. Both bounds keep the
/// work linear, whatever stands between the colons.
const VALUE_BYTES_MAX: usize = 512;

/// The label that ends a text just before a colon, if it is one of a receipt's.
fn label(before: &str) -> Option<Label> {
    let bytes = before.as_bytes();
    let near = bytes.get(bytes.len().saturating_sub(LABEL_BYTES_MAX + 1)..)?;
    let start = near
        .iter()
        .rposition(|byte| byte.is_ascii_whitespace() || matches!(byte, b',' | b';'));
    let word = match start {
        Some(at) => near.get(at + 1..)?,
        None if near.len() == bytes.len() => near,
        None => return None,
    };
    let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
    match word.len() {
        2 if is("id") => Some(Label::Id),
        4 if is("stat") => Some(Label::Stat),
        3 if is("err") => Some(Label::Err),
        4 if is("text") => Some(Label::Text),
        3 if is("sub") => Some(Label::Other),
        4 if is("date") => Some(Label::Other),
        5 if is("dlvrd") => Some(Label::Other),
        7 if is("delivrd") => Some(Label::Other),
        _ => None,
    }
}

/// The word that follows a colon. A blank may stand between them, unless the next word is a
/// label itself: then the value is empty.
fn value(after: &str) -> Option<&str> {
    let mut end = after.len().min(VALUE_BYTES_MAX);
    while !after.is_char_boundary(end) {
        end -= 1;
    }
    let after = after.get(..end).unwrap_or_default();
    let end = |text: &str| {
        // A NUL ends the C strings that some gateways copy.
        text.find(|c: char| c.is_ascii_whitespace() || c == '\0')
            .unwrap_or(text.len())
    };
    let word = after.get(..end(after)).unwrap_or_default();
    if !word.is_empty() {
        return Some(word);
    }
    let rest = after.trim_ascii_start();
    let word = rest.get(..end(rest)).unwrap_or_default();
    let follows = rest.get(word.len()..).unwrap_or_default();
    let is_label_start = (word.eq_ignore_ascii_case("submit") || word.eq_ignore_ascii_case("done"))
        && follows
            .trim_ascii_start()
            .get(..5)
            .is_some_and(|d| d.eq_ignore_ascii_case("date:"));
    (!word.is_empty() && !word.contains(':') && !is_label_start).then_some(word)
}

/// Reads a text; of a label that repeats, the first counts.
pub(super) fn parse(text: &str) -> ReceiptText<'_> {
    let mut found = ReceiptText::default();
    let mut tail = ReceiptText::default();
    let mut in_text = false;
    for colon in memchr::memchr_iter(b':', text.as_bytes()) {
        let Some(label) = text.get(..colon).and_then(label) else {
            continue;
        };
        let value = text.get(colon + 1..).and_then(value);
        if in_text {
            // The last counts here: what follows the sender's words is the gateway's.
            match label {
                Label::Id => tail.id = value.or(tail.id),
                Label::Stat => tail.stat = value.or(tail.stat),
                Label::Err => tail.err = value.or(tail.err),
                Label::Text | Label::Other => {}
            }
            continue;
        }
        found.labels_count += 1;
        match label {
            Label::Id => found.id = found.id.or(value),
            Label::Stat => found.stat = found.stat.or(value),
            Label::Err => found.err = found.err.or(value),
            Label::Text if found.stat.is_some() => break,
            Label::Text => in_text = true,
            Label::Other => {}
        }
    }
    if found.stat.is_none() && tail.stat.is_some() {
        found.labels_count += 1;
        found.stat = tail.stat;
        found.id = found.id.or(tail.id);
        found.err = found.err.or(tail.err);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<&str>, Option<&str>, Option<&str>) {
        let found = parse(text);
        (found.id, found.stat, found.err)
    }

    /// A body of colons alone once took a minute: every colon looked back to the beginning.
    #[test]
    fn the_work_is_linear() {
        for text in [":", "id:", "a:b ", "stat: "] {
            let text = text.repeat(1 << 20);
            assert_eq!(parse(&text).err, None);
        }
    }

    #[test]
    fn dialects() {
        let full = "id:7 sub:001 dlvrd:001 submit date:2605030133 done date:2605030133 \
                    stat:DELIVRD err:000 text:Hi";
        assert_eq!(read(full), (Some("7"), Some("DELIVRD"), Some("000")));
        for (text, id, stat, err) in [
            ("stat:EXPIRED", None, Some("EXPIRED"), None),
            (
                "err:21b stat:UNDELIV id:0a1B",
                Some("0a1B"),
                Some("UNDELIV"),
                Some("21b"),
            ),
            (
                "ID:1 Stat:DELIVRD Err:0x0000000B Text:",
                Some("1"),
                Some("DELIVRD"),
                Some("0x0000000B"),
            ),
            ("id: sub:001 stat:DELIVRD", None, Some("DELIVRD"), None),
            (
                "id: 12 sub: 001 stat: DELIVRD err: 000",
                Some("12"),
                Some("DELIVRD"),
                Some("000"),
            ),
            (
                "id: submit date:2605030133 stat:DELIVRD",
                None,
                Some("DELIVRD"),
                None,
            ),
            (
                "id:1 stat:DELIVRD err: text:hello",
                Some("1"),
                Some("DELIVRD"),
                None,
            ),
            (
                "id:1 stat:DELIVRD err:000 text:my stat:FAILED id:2 err:9",
                Some("1"),
                Some("DELIVRD"),
                Some("000"),
            ),
            (
                "id:1 stat:UNDELIV text:err:555",
                Some("1"),
                Some("UNDELIV"),
                None,
            ),
            (
                "id:1 text:see stat:x here stat:DELIVRD err:004",
                Some("1"),
                Some("DELIVRD"),
                Some("004"),
            ),
            (
                "id:1 stat:DELIVRD err:000 my own stat:FAILED",
                Some("1"),
                Some("DELIVRD"),
                Some("000"),
            ),
            (
                "id:1 stat:UNDELIV err:8 IMSI:310 MSC:44 ORN:0 MCCMNC:23415",
                Some("1"),
                Some("UNDELIV"),
                Some("8"),
            ),
            ("id:1,stat:x", Some("1,stat:x"), Some("x"), None),
            ("Harbour ferry at 10:30", None, None, None),
            ("mid:5 substat:6", None, None, None),
        ] {
            assert_eq!(read(text), (id, stat, err), "{text}");
        }
    }
}
