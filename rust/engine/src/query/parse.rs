//! Expression text -> tree.
//!
//! `spring.delivered & spring.replied:yes - suppressed`. Operators bind as in Python, so that
//! text and operators agree: `-` before `&` before `^` before `|`, from left to right.
//! A scope is a campaign, `campaign/blast`, or `campaign{variant:B}`; names with other
//! characters than letters, digits, `_` and `-` stand in double quotes.

use super::names::{SetName, find};
use crate::error::InputError;
use crate::limits::{QUERY_BYTES_MAX, QUERY_DEPTH_MAX};

/// An operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `&`
    And,
    /// `|`
    Or,
    /// `-`
    Minus,
    /// `^`
    Xor,
}

/// Which blasts a set is taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Campaign name.
    pub campaign: String,
    /// Only this blast.
    pub blast: Option<String>,
    /// Only blasts with all these tags.
    pub tags: Vec<(String, String)>,
}

/// A tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// A set of a scope.
    Set(Scope, SetName),
    /// All suppressed contacts.
    Suppressed,
    /// All contacts whose number cannot take texts.
    Invalid,
    /// All contacts.
    Contacts,
    /// The first, joined with each of the others in turn. Not pairs in pairs: a long chain
    /// would be a deep tree, and whoever walks or drops it would run out of stack.
    Chain(Box<Expr>, Vec<(Op, Expr)>),
}

/// Operators, loosest first.
const LEVELS: [(u8, Op); 4] = [
    (b'|', Op::Or),
    (b'^', Op::Xor),
    (b'&', Op::And),
    (b'-', Op::Minus),
];

/// Reads an expression.
///
/// # Errors
/// `QueryInvalid` with the byte, `TooLarge`.
pub fn parse(text: &str) -> Result<Expr, InputError> {
    if text.len() > QUERY_BYTES_MAX {
        return Err(InputError::TooLarge {
            what: "expression",
            bytes: text.len(),
            limit: "query_bytes_max",
            bytes_max: QUERY_BYTES_MAX,
        });
    }
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
    };
    let expr = parser.level(0)?;
    parser.space();
    if parser.at < text.len() {
        return parser.fail("expected an operator (& | - ^) or the end");
    }
    Ok(expr)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn fail<T>(&self, reason: impl Into<String>) -> Result<T, InputError> {
        Err(InputError::QueryInvalid {
            byte: self.at,
            reason: reason.into(),
        })
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn level(&mut self, level: usize) -> Result<Expr, InputError> {
        let Some((sign, op)) = LEVELS.get(level) else {
            return self.atom();
        };
        let first = self.level(level + 1)?;
        let mut others = Vec::new();
        loop {
            self.space();
            if !self.eat(*sign) {
                let is_alone = others.is_empty();
                return Ok(if is_alone {
                    first
                } else {
                    Expr::Chain(Box::new(first), others)
                });
            }
            others.push((*op, self.level(level + 1)?));
        }
    }

    fn atom(&mut self) -> Result<Expr, InputError> {
        self.space();
        if self.eat(b'(') {
            self.depth += 1;
            if self.depth > QUERY_DEPTH_MAX {
                return self.fail("parentheses are nested deeper than 64");
            }
            let inner = self.level(0)?;
            self.space();
            if !self.eat(b')') {
                return self.fail("expected \")\"");
            }
            self.depth -= 1;
            return Ok(inner);
        }
        let start = self.at;
        let campaign = self.name("a campaign name")?;
        let is_bare = self.text.as_bytes().get(start) != Some(&b'"');
        if is_bare && !matches!(self.peek(), Some(b'.' | b'/' | b'{')) {
            match campaign.as_str() {
                "suppressed" => return Ok(Expr::Suppressed),
                "invalid" => return Ok(Expr::Invalid),
                "contacts" => return Ok(Expr::Contacts),
                _ => {}
            }
        }
        let tags = self.tags()?;
        let blast = if self.eat(b'/') {
            Some(self.name("a blast name")?)
        } else {
            None
        };
        if !self.eat(b'.') {
            return self.fail("expected \".\" and a set, as in spring.delivered");
        }
        let set = self.set()?;
        Ok(Expr::Set(
            Scope {
                campaign,
                blast,
                tags,
            },
            set,
        ))
    }

    fn tags(&mut self) -> Result<Vec<(String, String)>, InputError> {
        let mut tags = Vec::new();
        if !self.eat(b'{') {
            return Ok(tags);
        }
        loop {
            self.space();
            let key = self.name("a tag")?;
            if !self.eat(b':') {
                return self.fail("expected \":\" and the tag's value, as in {variant:B}");
            }
            tags.push((key, self.name("a tag's value")?));
            self.space();
            if self.eat(b'}') {
                return Ok(tags);
            }
            if !self.eat(b',') {
                return self.fail("expected \",\" or \"}\"");
            }
        }
    }

    fn name(&mut self, what: &str) -> Result<String, InputError> {
        if self.eat(b'"') {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let Some(length) = rest.find('"') else {
                return self.fail("the quote is not closed");
            };
            self.at += length + 1;
            return Ok(rest.get(..length).unwrap_or_default().to_owned());
        }
        let name = self.word(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
        // A minus after a name is an operator when a space follows it.
        let trimmed = name.trim_end_matches('-');
        self.at -= name.len() - trimmed.len();
        if trimmed.is_empty() {
            return self.fail(format!("expected {what}"));
        }
        Ok(trimmed.to_owned())
    }

    fn word(&mut self, fits: fn(char) -> bool) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.find(|c| !fits(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn set(&mut self) -> Result<SetName, InputError> {
        let start = self.at;
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let word = self.word(fits);
        let detail = if self.eat(b':') {
            Some(self.word(fits))
        } else {
            None
        };
        find(word, detail).map_err(|reason| InputError::QueryInvalid {
            byte: start,
            reason,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(expr: &Expr) -> String {
        match expr {
            Expr::Set(scope, name) => {
                let blast = scope
                    .blast
                    .as_ref()
                    .map_or(String::new(), |name| format!("/{name}"));
                let tags: Vec<String> = scope
                    .tags
                    .iter()
                    .map(|(k, v)| format!("{{{k}:{v}}}"))
                    .collect();
                let tags = tags.concat();
                let word = super::super::SETS.iter().find(|(_, set)| set == name);
                format!(
                    "{}{tags}{blast}.{}",
                    scope.campaign,
                    word.map_or("?", |(word, _)| word)
                )
            }
            Expr::Suppressed => "suppressed".into(),
            Expr::Invalid => "invalid".into(),
            Expr::Contacts => "contacts".into(),
            Expr::Chain(first, others) => others.iter().fold(shape(first), |left, (op, right)| {
                format!("({left} {op:?} {})", shape(right))
            }),
        }
    }

    #[test]
    fn operators_bind_as_in_python() {
        let cases = [
            (
                "a.sent - a.replied - a.clicked",
                "((a.sent Minus a.replied) Minus a.clicked)",
            ),
            (
                "a.sent & b.sent - c.sent",
                "(a.sent And (b.sent Minus c.sent))",
            ),
            (
                "a.sent | b.sent ^ c.sent & d.sent",
                "(a.sent Or (b.sent Xor (c.sent And d.sent)))",
            ),
            (
                "(a.sent|b.sent)&suppressed",
                "((a.sent Or b.sent) And suppressed)",
            ),
            ("a-b.sent-c.sent", "(a-b.sent Minus c.sent)"),
            ("a.sent -contacts", "(a.sent Minus contacts)"),
            ("\"a b\"/\"x/y\".sent", "a b/x/y.sent"),
            ("a{variant:B}.sent", "a{variant:B}.sent"),
            ("suppressed.sent", "suppressed.sent"),
            ("été.sent", "été.sent"),
        ];
        for (text, expected) in cases {
            assert_eq!(shape(&parse(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn errors_name_the_byte() {
        let cases = [
            ("", 0),
            ("a.sent &", 8),
            ("a.sent b.sent", 7),
            ("(a.sent", 7),
            ("a", 1),
            ("a.nosuch", 2),
            ("a.replied:nosuch", 2),
            ("a.sent:x", 2),
            ("\"a", 1),
            ("a{x}.sent", 3),
        ];
        for (text, at) in cases {
            match parse(text) {
                Err(InputError::QueryInvalid { byte, .. }) => assert_eq!(byte, at, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        assert!(parse(&"(".repeat(100)).is_err());
    }
}
