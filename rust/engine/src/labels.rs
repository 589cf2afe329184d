//! What rules say of a reply, as 16 bits: labels, and how sure they are of what it says about
//! consent. Knows nothing of texts, nor of what a label causes.

use crate::event::State;
use crate::named::named;

named! {
    /// What a rule says a reply is. Several may hold at once.
    Label {
        /// Wants no more texts.
        OptOut = 0 "stop",
        /// Wants texts again.
        OptIn = 1 "start",
        /// Asks for help.
        Help = 2 "help",
        /// Says yes.
        Yes = 3 "yes",
        /// Says no.
        No = 4 "no",
        /// Asks something.
        Question = 5 "question",
        /// None of the others.
        Other = 6 "other",
        /// Says that we have the wrong person.
        WrongNumber = 7 "wrong_number",
        /// Was sent by a machine, not by a person.
        AutoReply = 8 "auto_reply",
        /// Insults.
        Abusive = 9 "abusive",
        /// Answers a survey by number, letter or stars.
        Survey = 10 "survey",
        /// Names a coupon code.
        Coupon = 11 "coupon",
        /// Is in Spanish, whatever it says.
        Spanish = 12 "spanish",
        /// Opts out by its sense, not by a clear word: a person should look at it.
        Likely = 13 "likely",
    }
}

named! {
    /// How sure a rule is of what it says about consent.
    Grade {
        /// A keyword or a strong phrase.
        Certain = 1 "certain",
        /// A person should look; an opt-out suppresses all the same.
        Likely = 2 "likely",
        /// Nothing about consent.
        No = 3 "no",
    }
}

/// Where the grade stands among the labels' bits.
const GRADE_SHIFT: u32 = 14;

/// Labels of one reply: bit `n` is set for the label with code `n`. The two highest bits are
/// how sure the rules were of what it says about consent; 0 where nobody said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Labels(pub u16);

impl Labels {
    /// No label.
    pub const NONE: Self = Self(0);

    /// These labels and one more.
    #[must_use]
    pub const fn with(self, label: Label) -> Self {
        Self(self.0 | (1 << label.code()))
    }

    /// These labels with a grade.
    #[must_use]
    pub const fn graded(self, grade: Grade) -> Self {
        let words = self.0 & !(3 << GRADE_SHIFT);
        Self(words | (grade.code() as u16) << GRADE_SHIFT)
    }

    /// How sure the rules were; certain where nobody said, as for a provider's own sign.
    pub fn grade(self) -> Grade {
        let code = u8::try_from(self.0 >> GRADE_SHIFT).unwrap_or_default();
        Grade::from_code(code).unwrap_or(Grade::Certain)
    }

    /// The labels without the grade.
    #[must_use]
    pub const fn words(self) -> Self {
        Self(self.0 & !(3 << GRADE_SHIFT))
    }

    /// What is said, without whether somebody should look at it and in which language it is.
    #[must_use]
    pub const fn said(self) -> Self {
        self.words().without(Label::Spanish).without(Label::Likely)
    }

    /// These labels without one of them.
    #[must_use]
    pub const fn without(self, label: Label) -> Self {
        Self(self.0 & !(1 << label.code()))
    }

    /// Whether the label is among them.
    pub const fn has(self, label: Label) -> bool {
        self.0 & (1 << label.code()) != 0
    }

    /// What a provider's own sign of consent says of a reply.
    pub const fn of_sign(sign: Option<State>) -> Self {
        match sign {
            Some(State::Stop) => Self::NONE.with(Label::OptOut),
            Some(State::Start) => Self::NONE.with(Label::OptIn),
            Some(State::Help) => Self::NONE.with(Label::Help),
            _ => Self::NONE,
        }
    }

    /// The labels, in order of their codes.
    pub fn iter(self) -> impl Iterator<Item = Label> {
        Label::ALL
            .iter()
            .copied()
            .filter(move |label| self.has(*label))
    }
}
