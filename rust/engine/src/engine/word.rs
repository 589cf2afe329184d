//! Words about consent from the operator: imports with their evidence, reassigned numbers,
//! reviews of likely opt-outs; and settings. Checked, then written like anything else.

use std::sync::PoisonError;

use super::Engine;
use super::register::{Audience, read_numbers};
use crate::codec::{LedgerRecord, Record, SettingRecord};
use crate::decode::number::sender_key_text;
use crate::error::{EngineError, InputError};
use crate::event::{Grade, Number, Position, Trust};
use crate::ledger::How;
use crate::limits::{SENDER_BYTES_MAX, SETTING_BYTES_MAX, WORDING_BYTES_MAX};
use crate::registry::check_name;
use crate::settings::BRAND;

/// What is said about the consent of some numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// How it is known: `Api`, `Import`, `WrongNumber` or `Reassigned`.
    pub how: How,
    /// True opts in. A wrong or reassigned number never does.
    pub opted_in: bool,
    /// How far its source is believed.
    pub trust: Trust,
    /// Our side; empty for all.
    pub sender: &'a str,
    /// Where it comes from.
    pub source: &'a str,
    /// The words that were agreed to.
    pub wording: &'a str,
    /// When it took effect, milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
}

fn invalid(what: &'static str, reason: impl Into<String>) -> EngineError {
    let reason = reason.into();
    EngineError::Input(InputError::ValueInvalid { what, reason })
}

impl Engine {
    /// Writes one word about the consent of numbers, one a line, to the ledger; durable on
    /// return. `Audience::new` is how many contacts came under suppression or out of it.
    ///
    /// # Errors
    /// `ValueInvalid`, `TooLarge`, or as `commit`. Rows that are no numbers are in the answer.
    pub fn word(
        &self,
        lines: &[u8],
        word: &Word<'_>,
        now_ms: i64,
    ) -> Result<Audience, EngineError> {
        check_word(word)?;
        let (at_ms, now_ms) = self.said_at(word.at_ms, now_ms)?;
        let _one = self
            .registering
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (numbers, refused) = read_numbers(lines);
        let before = self.read()?.consent.suppressed().count();
        let records: Vec<Record<'_>> = numbers
            .into_iter()
            .map(|number| {
                Record::Ledger(LedgerRecord {
                    number: Number(number),
                    how: word.how,
                    opted_in: word.opted_in,
                    at_us: at_ms.saturating_mul(1_000),
                    trust: word.trust,
                    grade: Grade::Certain,
                    subject: 0,
                    sender: word.sender,
                    source: word.source,
                    wording: word.wording,
                    rules: "",
                })
            })
            .collect();
        self.write(now_ms, &records)?;
        let after = self.read()?.consent.suppressed().count();
        Ok(Audience {
            new: before.abs_diff(after),
            refused,
        })
    }

    /// A person upholds (`true`) or overturns a likely opt-out, or one that relabelling or a
    /// wrong number brought, by its log position. Durable on return; whether the contact is
    /// suppressed now.
    ///
    /// # Errors
    /// `ValueInvalid` when no fact stands there, or it is certain: then only an opt-in undoes
    /// it. As `commit`.
    pub fn review(
        &self,
        position: Position,
        is_upheld: bool,
        who: &str,
        now_ms: i64,
    ) -> Result<bool, EngineError> {
        check_length("reviewer", who)?;
        let _one = self
            .registering
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (fact, number) = {
            let state = self.read()?;
            let mut facts = state.consent.facts();
            let fact = facts
                .find(|(fact, at)| *at == position && !fact.how.is_review())
                .map(|(fact, _)| *fact);
            let fact = fact.ok_or_else(|| {
                let reason = format!("is {}, where no fact about consent stands", position.0);
                invalid("position", reason)
            })?;
            let number = state.contacts.number(fact.contact).unwrap_or(Number(0));
            (fact, number)
        };
        let is_open =
            fact.grade == Grade::Likely || matches!(fact.how, How::Relabelled | How::WrongNumber);
        if !fact.is_out || !(is_open || is_upheld) {
            let reason = format!(
                "is {}, where a certain word stands: only an opt-in of the contact undoes it",
                position.0
            );
            return Err(invalid("position", reason));
        }
        let how = if is_upheld {
            How::Confirmed
        } else {
            How::Overturned
        };
        let record = Record::Ledger(LedgerRecord {
            number,
            how,
            opted_in: !is_upheld,
            at_us: now_ms.saturating_mul(1_000),
            trust: Trust::Verified,
            grade: Grade::Certain,
            subject: fact.key,
            sender: "",
            source: who,
            wording: "",
            rules: "",
        });
        self.write(now_ms, &[record])?;
        Ok(self.read()?.consent.suppressed().contains(fact.contact))
    }

    /// Gives a name of a campaign (empty: of the directory) a text; an empty one takes it back.
    /// Durable on return; writes nothing if nothing changes.
    ///
    /// # Errors
    /// `Unknown` campaign, `NameInvalid`, `TooLarge`, or as `commit`.
    pub fn set(
        &self,
        campaign: &str,
        name: &str,
        value: &str,
        now_ms: i64,
    ) -> Result<(), EngineError> {
        // Senders are compared as on the wire, however they are written.
        let brand = name
            .strip_prefix(BRAND)
            .filter(|_| campaign.is_empty())
            .map(|sender| format!("{BRAND}{}", sender_key_text(sender)));
        let name = brand.as_deref().unwrap_or(name);
        check_name("setting", name)?;
        if value.len() > SETTING_BYTES_MAX {
            return Err(EngineError::Input(InputError::TooLarge {
                what: "setting",
                bytes: value.len(),
                limit: "setting_bytes_max",
                bytes_max: SETTING_BYTES_MAX,
            }));
        }
        let _one = self
            .registering
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let at_ms = {
            let state = self.read()?;
            if !campaign.is_empty() {
                super::trend::blasts_of(&state, campaign)?;
            }
            let old = state.settings.entry(campaign, name);
            if old.map_or(value.is_empty(), |(_, old)| old == value) {
                return Ok(());
            }
            // The later call wins, whatever the clock says.
            old.map_or(now_ms, |(at_ms, _)| now_ms.max(at_ms.saturating_add(1)))
        };
        let record = SettingRecord {
            campaign,
            name,
            value,
            at_ms,
        };
        self.write(now_ms, &[Record::Setting(record)])
    }

    /// A campaign's names and texts (empty: the directory's), in order.
    ///
    /// # Errors
    /// `Closed`, `Internal`.
    pub fn settings(&self, campaign: &str) -> Result<Vec<(String, String)>, EngineError> {
        let state = self.read()?;
        let all = state.settings.of(campaign);
        Ok(all
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect())
    }
}

fn check_length(what: &'static str, text: &str) -> Result<(), EngineError> {
    if text.len() > WORDING_BYTES_MAX {
        return Err(EngineError::Input(InputError::TooLarge {
            what,
            bytes: text.len(),
            limit: "wording_bytes_max",
            bytes_max: WORDING_BYTES_MAX,
        }));
    }
    Ok(())
}

fn check_word(word: &Word<'_>) -> Result<(), EngineError> {
    check_length("source", word.source)?;
    check_length("wording", word.wording)?;
    if word.sender.len() > SENDER_BYTES_MAX {
        let reason =
            format!("is longer than {SENDER_BYTES_MAX} bytes, the longest that is sent from");
        return Err(invalid("sender", reason));
    }
    if word.how.is_review() || matches!(word.how, How::Relabelled) {
        return Err(invalid("how", "is not a word of its own"));
    }
    let ends = matches!(word.how, How::WrongNumber | How::Reassigned);
    if ends && word.opted_in {
        return Err(invalid("how", "ends consent; it cannot opt in"));
    }
    Ok(())
}
