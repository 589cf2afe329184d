//! The forms one message id may be written in, and the account scope in which ids of loaded
//! profiles live. Pure text; knows nothing of keys or of what is registered.
//!
//! Ids of a profile are kept apart from all others by its name, which stands in front of the
//! account: `acme#z/eu` is account `eu` of profile `acme`, whose ids may have leading zeros. The
//! forms stand there too, so that a log replays the same where the profile's file is gone.

use std::borrow::Cow;

use crate::event::Provider;
use crate::facts::FACTS;

/// In which forms a provider writes one id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct IdForms {
    /// Upper and lower case are the same.
    pub ignores_case: bool,
    /// Leading zeros say nothing.
    pub strips_zeros: bool,
    /// One number stands in decimal here and in hexadecimal there.
    pub mixes_bases: bool,
}

impl IdForms {
    /// Ids are compared as they are.
    pub const EXACT: Self = Self {
        ignores_case: false,
        strips_zeros: false,
        mixes_bases: false,
    };
    /// Numbers in all the ways that SMPP gateways write them.
    pub const NUMERIC: Self = Self {
        ignores_case: true,
        strips_zeros: true,
        mixes_bases: true,
    };

    /// Words of profile files, in order.
    pub const WORDS: [&'static str; 3] = ["ignore-case", "strip-zeros", "hex-or-decimal"];

    /// Marks in account scopes, in the same order.
    const MARKS: [char; 3] = ['c', 'z', 'h'];

    /// As one bit a form, in the order of the words.
    const fn flags(self) -> [bool; 3] {
        [self.ignores_case, self.strips_zeros, self.mixes_bases]
    }

    /// The words that hold.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        let pairs = Self::WORDS.into_iter().zip(self.flags());
        pairs.filter_map(|(word, holds)| holds.then_some(word))
    }

    /// With the form that a word names; none where no word is such.
    pub fn with_word(self, word: &str) -> Option<Self> {
        let place = Self::WORDS.iter().position(|known| *known == word)?;
        Some(self.with(place))
    }

    const fn with(mut self, place: usize) -> Self {
        match place {
            0 => self.ignores_case = true,
            1 => self.strips_zeros = true,
            _ => self.mixes_bases = true,
        }
        self
    }

    /// Of a provider; for profiles as its account scope says.
    #[inline]
    pub fn of(provider: Provider, account: &str) -> Self {
        if provider == Provider::Profile {
            return Scoped::read(account).forms;
        }
        let code = usize::from(provider.code());
        BY_CODE.get(code).copied().unwrap_or(Self::EXACT)
    }
}

/// Forms of the built-in providers by their codes: one look, as it is asked for every event.
static BY_CODE: [IdForms; 256] = by_code();

#[expect(
    clippy::indexing_slicing,
    reason = "runs in the compiler, which refuses what is out of bounds"
)]
const fn by_code() -> [IdForms; 256] {
    let mut all = [IdForms::EXACT; 256];
    let mut place = 0;
    while place < Provider::ALL.len() {
        let provider = Provider::ALL[place];
        let mut fact = 0;
        while fact < FACTS.len() {
            if is_same(FACTS[fact].name, provider.name()) {
                all[provider.code() as usize] = FACTS[fact].ids;
            }
            fact += 1;
        }
        place += 1;
    }
    all
}

#[expect(
    clippy::indexing_slicing,
    reason = "runs in the compiler, which refuses what is out of bounds"
)]
const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut place = 0;
    while place < a.len() {
        if a[place] != b[place] {
            return false;
        }
        place += 1;
    }
    true
}

/// An account scope of a profile, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scoped<'a> {
    /// The profile.
    pub name: &'a str,
    /// Its id forms.
    pub forms: IdForms,
    /// The provider account within it; empty if none.
    pub account: &'a str,
    /// The scope without the account.
    pub base: &'a str,
}

impl<'a> Scoped<'a> {
    /// Takes a scope apart.
    pub fn read(scope: &'a str) -> Self {
        let (base, account) = scope.split_once('/').unwrap_or((scope, ""));
        let (name, marks) = base.split_once('#').unwrap_or((base, ""));
        let mut forms = IdForms::EXACT;
        for (place, mark) in IdForms::MARKS.into_iter().enumerate() {
            if marks.contains(mark) {
                forms = forms.with(place);
            }
        }
        Self {
            name,
            forms,
            account,
            base,
        }
    }

    /// The scope of an account (which may be empty) of a profile.
    pub fn write(name: &str, forms: IdForms, account: &str) -> String {
        let pairs = IdForms::MARKS.into_iter().zip(forms.flags());
        let marks: String = pairs
            .filter_map(|(mark, holds)| holds.then_some(mark))
            .collect();
        let mut scope = name.to_owned();
        for (before, part) in [('#', marks.as_str()), ('/', account)] {
            if !part.is_empty() {
                scope.push(before);
                scope.push_str(part);
            }
        }
        scope
    }
}

/// The scope in which ids without an account are registered.
pub fn any_account(provider: Provider, account: &str) -> &str {
    if provider == Provider::Profile {
        Scoped::read(account).base
    } else {
        ""
    }
}

/// Provider and account as people know them.
pub fn shown(provider: Provider, account: &str) -> (&str, &str) {
    if provider == Provider::Profile {
        let scoped = Scoped::read(account);
        (scoped.name, scoped.account)
    } else {
        (provider.name(), account)
    }
}

/// The form under which an id is registered.
pub fn id_form(forms: IdForms, id: &str) -> Cow<'_, str> {
    // Numbers in several bases are only what can be one.
    if forms == IdForms::EXACT || (forms.mixes_bases && !is_hex(id)) {
        return Cow::Borrowed(id);
    }
    let mut form = id;
    if forms.strips_zeros {
        form = id.trim_start_matches('0');
        if form.is_empty() && !id.is_empty() {
            form = "0";
        }
    }
    if forms.ignores_case && form.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(form.to_ascii_lowercase());
    }
    Cow::Borrowed(form)
}

/// Other forms of the same id: its decimal number in hex, its hex number in decimal. The
/// relation is symmetric, so it does not matter which side is registered and which arrives.
pub fn id_aliases(forms: IdForms, form: &str) -> impl Iterator<Item = String> {
    let usable = forms.mixes_bases && is_hex(form) && form.len() <= 32;
    let decimal = usable && form.bytes().all(|byte| byte.is_ascii_digit());
    let as_hex = decimal.then(|| {
        form.parse::<u128>()
            .ok()
            .map(|number| format!("{number:x}"))
    });
    let as_decimal = usable.then(|| u128::from_str_radix(form, 16).ok().map(|n| n.to_string()));
    as_hex.flatten().into_iter().chain(as_decimal.flatten())
}

fn is_hex(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hex_and_decimal_forms_meet() {
        let smpp = IdForms::of(Provider::Smpp, "");
        let registered = id_form(smpp, "61194706").into_owned();
        let arrived = id_form(smpp, "03A5C1D2").into_owned();
        assert_eq!(arrived, "3a5c1d2");
        assert!(id_aliases(smpp, &arrived).any(|alias| alias == registered));
        assert!(id_aliases(smpp, &registered).any(|alias| alias == arrived));
    }

    #[test]
    fn exact_ids_have_one_form() {
        let twilio = IdForms::of(Provider::Twilio, "");
        assert_eq!(id_form(twilio, "SM00Ab"), "SM00Ab");
        assert_eq!(id_aliases(twilio, "123").count(), 0);
    }

    #[test]
    fn each_form_by_itself() {
        let forms = |words: &[&str]| {
            words
                .iter()
                .try_fold(IdForms::EXACT, |forms, word| forms.with_word(word))
                .unwrap()
        };
        assert_eq!(id_form(forms(&["ignore-case"]), "00Ab-Z"), "00ab-z");
        assert_eq!(id_form(forms(&["strip-zeros"]), "00Ab-Z"), "Ab-Z");
        assert_eq!(id_form(forms(&["strip-zeros"]), "000"), "0");
        assert_eq!(id_form(forms(&["strip-zeros"]), ""), "");
        assert_eq!(id_form(forms(&IdForms::WORDS), "00Ab-Z"), "00Ab-Z");
        assert_eq!(forms(&IdForms::WORDS), IdForms::NUMERIC);
        assert_eq!(IdForms::EXACT.with_word("hex"), None);
    }

    proptest! {
        #[test]
        fn scopes_come_apart_again(name in "[a-z][a-z0-9_.-]{0,9}", account in "[ -~]{0,9}",
                                   c: bool, z: bool, h: bool) {
            let forms = IdForms { ignores_case: c, strips_zeros: z, mixes_bases: h };
            let scope = Scoped::write(&name, forms, &account);
            let read = Scoped::read(&scope);
            prop_assert_eq!((read.name, read.forms, read.account), (&*name, forms, &*account));
            prop_assert_eq!(any_account(Provider::Profile, &scope), Scoped::write(&name, forms, ""));
        }
    }
}
