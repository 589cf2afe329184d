//! Kept replies with their texts and labels, page by page, of a campaign or of all. Read-only.

use serde_json::{Map, Value, json};

use super::Engine;
use super::trend::blasts_of;
use crate::apply::of_event;
use crate::codec::{EventRecord, Record};
use crate::error::EngineError;
use crate::event::{BlastId, Label, Labels, Position};
use crate::limits::{PAGE_BYTES_MAX, PAGE_COUNT_MAX, REPLIES_READ_COUNT_MAX};
use crate::query::raw;
use crate::replies::ReplyAt;
use crate::sets::SetKind;
use crate::state::State;

/// Which replies, and how much of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Listing<'a> {
    /// Credited to this campaign; `None`: all.
    pub campaign: Option<&'a str>,
    /// With any of these labels; none: all.
    pub labels: Labels,
    /// After this log position.
    pub after: Position,
    /// At most so many.
    pub count_max: usize,
    /// With phone numbers.
    pub numbers: bool,
}

/// Bytes of a row beside its text.
const ROW_BYTES: usize = 256;

impl Engine {
    /// Replies in order of log position: `rows`, and `next`, the position to go on after (null
    /// when done). A page may have fewer rows than asked and still not be the last.
    ///
    /// # Errors
    /// `Unknown` campaign; `Io`, `LogCorrupt`, `Closed`.
    pub fn replies(&self, listing: &Listing<'_>) -> Result<Value, EngineError> {
        let count_max = listing.count_max.clamp(1, PAGE_COUNT_MAX);
        let (mut wanted, blasts) = self.listed(listing, count_max + 1)?;
        let has_more = wanted.len() > count_max;
        wanted.truncate(count_max);
        let (mut rows, mut bytes) = (Vec::new(), 0);
        let (mut next, mut failed) = (None, None);
        for replies in wanted.chunks(REPLIES_READ_COUNT_MAX) {
            let positions: Vec<u64> = replies.iter().map(|reply| reply.position.0).collect();
            let mut current = replies.iter();
            self.records(&positions, &mut |position, received_ms, record| {
                let reply = current.find(|reply| reply.position.0 == position);
                let (Record::Event(event), Some(reply)) = (record, reply) else {
                    return Ok(());
                };
                if bytes >= PAGE_BYTES_MAX {
                    return Ok(());
                }
                next = Some(position);
                let row = self.ask(&mut failed, |state| {
                    reply_row(state, reply, event, received_ms, blasts.as_deref(), listing)
                });
                if let Some(row) = row {
                    bytes += event.text.map_or(0, str::len) + ROW_BYTES;
                    rows.push(Value::Object(row));
                }
                Ok(())
            })?;
            if let Some(error) = failed.take() {
                return Err(error);
            }
            if bytes >= PAGE_BYTES_MAX {
                break;
            }
        }
        let last = wanted.last().map(|reply| reply.position.0);
        let next = next.filter(|next| has_more || Some(*next) != last);
        Ok(json!({ "rows": rows, "next": next }))
    }

    fn listed(
        &self,
        listing: &Listing<'_>,
        count_max: usize,
    ) -> Result<(Vec<ReplyAt>, Option<Vec<BlastId>>), EngineError> {
        let state = self.read()?;
        let blasts = listing
            .campaign
            .map(|name| blasts_of(&state, name))
            .transpose()?;
        let repliers = blasts
            .as_ref()
            .map(|blasts| raw(&state, blasts, SetKind::REPLIED));
        let any = listing.labels.words().0;
        let is_wanted = |reply: &&ReplyAt| {
            (any == 0 || reply.labels.0 & any != 0)
                && repliers
                    .as_ref()
                    .is_none_or(|repliers| repliers.contains(reply.contact))
        };
        let all = state.replies.after(listing.after).iter();
        let wanted = all.filter(is_wanted).take(count_max).copied().collect();
        Ok((wanted, blasts))
    }
}

fn reply_row(
    state: &State,
    reply: &ReplyAt,
    event: &EventRecord<'_>,
    received_ms: i64,
    blasts: Option<&[BlastId]>,
    listing: &Listing<'_>,
) -> Option<Map<String, Value>> {
    let blast = of_event(state, event, received_ms);
    if let Some(blasts) = blasts
        && !blast.is_some_and(|blast| blasts.contains(&blast))
    {
        return None;
    }
    let blast = blast.and_then(|id| state.registry.blast(id));
    let campaign = blast.and_then(|blast| state.registry.campaign(blast.campaign));
    let at_ms = event
        .occurred_us
        .map_or(received_ms, |at| at.div_euclid(1_000));
    let labels: Vec<&str> = reply.labels.iter().map(Label::name).collect();
    let mut map = Map::new();
    let mut put = |key: &str, value: Value| {
        map.insert(key.to_owned(), value);
    };
    put("position", reply.position.0.into());
    put("contact", reply.contact.0.into());
    if let Some(number) = event.contact.filter(|_| listing.numbers) {
        put("number", number.to_string().into());
    }
    put("at_ms", at_ms.into());
    put("received_ms", received_ms.into());
    put(
        "campaign",
        campaign.map(|campaign| campaign.name.as_str()).into(),
    );
    put("blast", blast.map(|blast| blast.name.as_str()).into());
    put("sender", event.sender.into());
    put("labels", labels.into());
    put("bits", reply.labels.0.into());
    put("grade", reply.labels.grade().name().into());
    put("lang", event.lang.into());
    put(
        "rules",
        event.rules.split_whitespace().collect::<Vec<_>>().into(),
    );
    put("text", event.text.unwrap_or_default().into());
    Some(map)
}
