//! What rules say of replies, into their records. Labels were set before; here they meet the
//! provider's own sign.

use super::Batch;
use crate::codec::EventRecord;
use crate::error::InputError;
use crate::event::{Label, Labels};
use crate::limits::RULES_BYTES_MAX;

/// What rules say of a reply beside its labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Language of the text, as a tag; empty if none is known.
    pub lang: String,
    /// Ids of the rules that fired, with a blank between them.
    pub rules: String,
}

impl Batch {
    /// What the rules said of each reply beside its labels, in order. Without a call, nothing.
    ///
    /// # Errors
    /// `LabelsMismatch` when the count differs; nothing was changed.
    pub fn set_judged(&mut self, judged: Vec<Judged>) -> Result<(), InputError> {
        if judged.len() != self.replies.len() {
            let (given, expected) = (judged.len(), self.replies.len());
            return Err(InputError::LabelsMismatch { given, expected });
        }
        self.judged = judged;
        Ok(())
    }
}

/// Puts labels beside those of the provider's own sign, which is certain whatever the rules say.
pub(super) fn judge<'a>(record: &mut EventRecord<'a>, own: Labels, judged: Option<&'a Judged>) {
    let sign = record.labels;
    let is_signed = sign.has(Label::OptOut) || (sign.has(Label::OptIn) && !own.has(Label::OptOut));
    record.labels = Labels(sign.0 | own.0);
    if is_signed {
        record.labels = record.labels.words().without(Label::Likely);
    }
    if record.labels.said() == Labels::NONE {
        record.labels = record.labels.with(Label::Other);
    }
    if let Some(judged) = judged {
        record.rules = cut(&judged.rules);
        record.lang = cut(&judged.lang);
    }
}

/// As much of a text from the rules as is kept.
fn cut(text: &str) -> &str {
    let mut ends = (0..=text.len().min(RULES_BYTES_MAX)).rev();
    let end = ends.find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}
