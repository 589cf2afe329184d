//! How many opted out and in, by day or week, and who is out for one sender alone. Read-only.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Engine;
use crate::apply::whose;
use crate::codec::Record;
use crate::decode::number::sender_key_text;
use crate::error::{EngineError, InputError};
use crate::event::{BlastId, Position};
use crate::idset::IdSet;
use crate::ledger::{Fact, How};
use crate::query::raw;
use crate::sets::SetKind;
use crate::settings::BRAND;
use crate::state::State;

impl Engine {
    /// Opt-outs and opt-ins by day or week (from Monday), distinct contacts each: of the whole
    /// directory, or those credited to one campaign.
    ///
    /// # Errors
    /// `Unknown` campaign; as `ledger`.
    pub fn consent_trend(
        &self,
        campaign: Option<&str>,
        is_weekly: bool,
    ) -> Result<Value, EngineError> {
        let (facts, blasts, asked) = self.trend_facts(campaign)?;
        let credited = match &blasts {
            Some(blasts) => Some(self.credited(&facts, blasts)?),
            None => None,
        };
        let mut rows: BTreeMap<i64, [IdSet; 3]> = BTreeMap::new();
        for (fact, position) in &facts {
            if credited
                .as_ref()
                .is_some_and(|list| list.binary_search(&position.0).is_err())
            {
                continue;
            }
            let column = match (fact.is_out, fact.how) {
                (_, How::Reassigned) => continue,
                (true, How::WrongNumber) => 2,
                (true, _) => 0,
                (false, _) => 1,
            };
            let row = rows.entry(bucket_ms(fact.at_us, is_weekly)).or_default();
            if let Some(set) = row.get_mut(column) {
                set.insert(fact.contact);
            }
        }
        let rows: Vec<Value> = rows
            .iter()
            .map(|(start_ms, [out, into, wrong])| {
                json!({
                    "start_ms": start_ms,
                    "opted_out": out.count(),
                    "opted_in": into.count(),
                    "wrong_number": wrong.count(),
                })
            })
            .collect();
        Ok(
            json!({ "campaign": campaign, "unit": if is_weekly { "week" } else { "day" },
            "asked": asked, "rows": rows }),
        )
    }

    /// The facts that count in a trend; the blasts of the campaign, and how many it reached.
    #[expect(clippy::type_complexity, reason = "read together under one lock")]
    fn trend_facts(
        &self,
        campaign: Option<&str>,
    ) -> Result<(Vec<(Fact, Position)>, Option<Vec<BlastId>>, Option<u64>), EngineError> {
        let state = self.read()?;
        let all = state.consent.facts();
        let counted = all.filter(|(fact, _)| state.consent.counts(fact));
        let Some(name) = campaign else {
            return Ok((counted.map(|(f, p)| (*f, p)).collect(), None, None));
        };
        let blasts = blasts_of(&state, name)?;
        let mut heard = raw(&state, &blasts, SetKind::REPLIED);
        for kind in [SetKind::OPTED_OUT, SetKind::OPTED_IN] {
            heard.union_with(&raw(&state, &blasts, kind));
        }
        let facts = counted
            .filter(|(fact, position)| position.0 != 0 && heard.contains(fact.contact))
            .map(|(f, p)| (*f, p))
            .collect();
        let mut asked = raw(&state, &blasts, SetKind::DELIVERED);
        asked.union_with(&raw(&state, &blasts, SetKind::READ));
        Ok((facts, Some(blasts), Some(asked.count())))
    }

    /// Positions, ascending, of facts that are credited to any of these blasts.
    fn credited(
        &self,
        facts: &[(Fact, Position)],
        blasts: &[BlastId],
    ) -> Result<Vec<u64>, EngineError> {
        let mut wanted: Vec<u64> = facts.iter().map(|(_, position)| position.0).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let (mut found, mut failed) = (Vec::new(), None);
        self.records(&wanted, &mut |position, received_ms, record| {
            let blast = self.ask(&mut failed, |state| match record {
                Record::Relabel(relabel) => state.registry.blast_id(relabel.blast),
                _ => whose(state, record, received_ms),
            });
            if blast.is_some_and(|blast| blasts.contains(&blast)) {
                found.push(position);
            }
            Ok(())
        })?;
        failed.map_or(Ok(found), Err)
    }

    /// Contacts that must not be sent to from this sender, as a portable roaring bitmap: by its
    /// own words and those that name no sender, or by those of all senders of its brand.
    ///
    /// # Errors
    /// `Internal`, `Closed`.
    pub fn suppressed_for(&self, sender: &str, is_by_brand: bool) -> Result<Vec<u8>, EngineError> {
        let state = self.read()?;
        let text = sender_key_text(sender);
        let own = state.keys.sender(&text);
        let brand = state.settings.get("", &format!("{BRAND}{text}"));
        let senders: Vec<u64> = match brand.filter(|_| is_by_brand) {
            Some(brand) => {
                let settings = state.settings.of("");
                settings
                    .filter(|(_, value)| *value == brand)
                    .filter_map(|(name, _)| name.strip_prefix(BRAND))
                    .map(|sender| state.keys.sender(sender))
                    .collect()
            }
            None => vec![own],
        };
        let set = state
            .consent
            .suppressed_for(|sender| senders.contains(&sender));
        let mut bytes = Vec::new();
        set.serialize_into(&mut bytes);
        Ok(bytes)
    }
}

pub(super) fn blasts_of(state: &State, name: &str) -> Result<Vec<BlastId>, InputError> {
    let id = state.registry.campaign_id(state.keys.campaign(name));
    let campaign = id.and_then(|id| state.registry.campaign(id));
    campaign
        .map(|campaign| campaign.blasts.clone())
        .ok_or_else(|| InputError::Unknown {
            what: "campaign",
            name: name.to_owned(),
            hint: "Names are case-sensitive.".to_owned(),
        })
}

/// Start of the day, or of the week from Monday, in UTC.
const fn bucket_ms(at_us: i64, is_weekly: bool) -> i64 {
    const DAY_US: i64 = 86_400_000_000;
    let day = at_us.div_euclid(DAY_US);
    // 1970-01-01 was a Thursday.
    let start = if is_weekly {
        (day + 3).div_euclid(7) * 7 - 3
    } else {
        day
    };
    start * (DAY_US / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_monday() {
        // Sunday 2026-11-22 and Monday 2026-11-23, UTC.
        let (sunday, monday) = (1_795_305_600_000_i64, 1_795_392_000_000_i64);
        assert_eq!(bucket_ms(monday * 1_000, true), monday);
        assert_eq!(
            bucket_ms((monday - 1) * 1_000, true),
            monday - 7 * 86_400_000
        );
        assert_eq!(bucket_ms(sunday * 1_000 + 5, false), sunday);
        assert_eq!(bucket_ms(-1, false), -86_400_000);
    }
}
