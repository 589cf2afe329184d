//! What NO and YES mean in the campaign that a reply answers, put into its record before it is
//! written: like every other judgement it is in the log, and replay never asks again. Read-only.

use crate::apply::of_event;
use crate::codec::{Reader, decode_event, encode_event};
use crate::event::{BlastId, Grade, Kind, Label, Labels};
use crate::settings::{ON_NO, ON_YES, OPT_IN, OPT_OUT};
use crate::state::State;

/// The record with what its campaign makes of it; `None` where that changes nothing.
pub fn in_context(state: &State, record: &[u8], received_ms: i64) -> Option<Vec<u8>> {
    if !state.settings.has_context() {
        return None;
    }
    let mut event = decode_event(&mut Reader::new(record)).ok()?;
    let labels = event.labels;
    let is_plain = ![Label::OptOut, Label::OptIn, Label::AutoReply]
        .into_iter()
        .any(|label| labels.has(label));
    let is_no = labels.has(Label::No) && !labels.has(Label::Yes);
    // An opt-in has to be certain: nothing but YES.
    let is_yes = labels.said() == Labels::NONE.with(Label::Yes);
    if event.kind != Kind::Reply || !is_plain || !(is_no || is_yes) {
        return None;
    }
    let blast = of_event(state, &event, received_ms)?;
    let (name, meaning, label) = if is_no {
        (ON_NO, OPT_OUT, Label::OptOut)
    } else {
        (ON_YES, OPT_IN, Label::OptIn)
    };
    if setting(state, blast, name) != Some(meaning) {
        return None;
    }
    let rules = format!("{} campaign:{name}", event.rules);
    event.rules = rules.trim_start();
    event.labels = labels.with(label).graded(Grade::Certain);
    let mut bytes = Vec::with_capacity(record.len() + 32);
    encode_event(&event, &mut bytes);
    Some(bytes)
}

/// The blast's own word on it, or else its campaign's.
fn setting<'a>(state: &'a State, id: BlastId, name: &str) -> Option<&'a str> {
    let blast = state.registry.blast(id)?;
    let campaign = &state.registry.campaign(blast.campaign)?.name;
    let own = state
        .settings
        .get(campaign, &format!("{name}:{}", blast.name));
    own.or_else(|| state.settings.get(campaign, name))
}
