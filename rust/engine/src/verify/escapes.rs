//! Whether escapes in a body agree in the case of their hexadecimal letters. `%2B` and `%2b`
//! stand for the same byte, so that a signature over decoded values does not see the
//! difference; one encoder writes one case, and a mixture was altered on the way. Knows no
//! scheme.

/// Refuses a mixture among `%41` escapes.
pub fn form_agrees(form: &[u8]) -> bool {
    let mut case = Case::default();
    for place in memchr::memchr_iter(b'%', form) {
        if let Some([_, high, low]) = form.get(place..place + 3)
            && high.is_ascii_hexdigit()
            && low.is_ascii_hexdigit()
        {
            case.see(&[*high, *low]);
        }
    }
    case.agrees()
}

/// Refuses a mixture among `\u0041` escapes of JSON.
pub fn json_agrees(json: &[u8]) -> bool {
    let mut case = Case::default();
    let mut rest = json;
    while let Some(place) = memchr::memchr(b'\\', rest) {
        let escape = rest.get(place + 1..).unwrap_or_default();
        rest = match escape {
            [b'u', a, b, c, d, after @ ..] => {
                case.see(&[*a, *b, *c, *d]);
                after
            }
            // The second of two backslashes begins nothing.
            [_, after @ ..] => after,
            [] => break,
        };
    }
    case.agrees()
}

#[derive(Default)]
struct Case {
    has_upper: bool,
    has_lower: bool,
}

impl Case {
    fn see(&mut self, digits: &[u8]) {
        self.has_upper |= digits.iter().any(u8::is_ascii_uppercase);
        self.has_lower |= digits.iter().any(u8::is_ascii_lowercase);
    }

    const fn agrees(&self) -> bool {
        !(self.has_upper && self.has_lower)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_case_or_the_other() {
        for good in ["", "a=b", "a=%2B%3A", "a=%2b%3a", "a=%2b%zZ%2", "a=%22%"] {
            assert!(form_agrees(good.as_bytes()), "{good}");
        }
        assert!(!form_agrees(b"a=%2B%3a"));
        assert!(!form_agrees(b"a=%aB"));
        for good in [
            r#""\u00e9\u00aa""#,
            r#""\u00E9""#,
            r#""\\u00E9\u00e9""#,
            r#""\"#,
        ] {
            assert!(json_agrees(good.as_bytes()), "{good}");
        }
        assert!(!json_agrees(br#""\u00E9\u00e9""#));
        assert!(!json_agrees(br#""\\\u00E9\u00e9""#));
    }
}
