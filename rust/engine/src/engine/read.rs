//! Questions to an open engine: segments, reports, dead letters, counters. Changes nothing.

use serde_json::{Value, json};

use super::Engine;
use crate::codec::{Reader, Record, decode_record};
use crate::decode::number::{Contact, classify};
use crate::error::{ClosedError, EngineError, StorageError};
use crate::event::ContactId;
use crate::ids::shown;
use crate::idset::IdSet;
use crate::limits::{CLOCK_BACK_MS_MAX, PAGE_BYTES_MAX, PAGE_COUNT_MAX};
use crate::log::reader::replay;
use crate::query::{self, evaluate, parse};
use crate::state::State;

/// One page of a segment's numbers.
#[derive(Debug, Default)]
pub struct Page {
    /// `+` numbers, each ended by a newline.
    pub text: String,
    /// Contact id to go on after; `None` when done.
    pub next: Option<ContactId>,
    /// Contacts of this page left out because they are suppressed.
    pub left_out: u64,
}

impl Engine {
    fn with_set<T>(
        &self,
        expression: &str,
        then: impl FnOnce(&State, &IdSet) -> T,
    ) -> Result<T, EngineError> {
        let expr = parse(expression)?;
        let state = self.read()?;
        let set = evaluate(&state, &expr)?;
        Ok(then(&state, &set))
    }

    /// When something came that comes now: `now_ms`, or the newest arrival there is where our clock
    /// went back. Else a STOP could count as older than the START before it, and be lost.
    ///
    /// # Errors
    /// `Closed`.
    pub fn arrival(&self, now_ms: i64) -> Result<i64, EngineError> {
        let newest_ms = self.read()?.newest_ms;
        let is_near = newest_ms.saturating_sub(now_ms) <= CLOCK_BACK_MS_MAX;
        Ok(if is_near {
            newest_ms.max(now_ms)
        } else {
            now_ms
        })
    }

    /// When a person said something now or earlier, and when it came.
    pub(super) fn said_at(&self, at_ms: i64, now_ms: i64) -> Result<(i64, i64), EngineError> {
        let arrival = self.arrival(now_ms)?;
        Ok((if at_ms == now_ms { arrival } else { at_ms }, arrival))
    }

    /// Contacts in a segment, exact, as of the last commit.
    ///
    /// # Errors
    /// `QueryInvalid`, `Unknown`, `TooLarge`.
    pub fn count(&self, expression: &str) -> Result<u64, EngineError> {
        self.with_set(expression, |_, set| set.count())
    }

    /// Whether a number, as written, is in a segment. What is no number is in none.
    ///
    /// # Errors
    /// As `count`.
    pub fn contains(&self, expression: &str, number: &str) -> Result<bool, EngineError> {
        self.with_set(expression, |state, set| match classify(number.as_bytes()) {
            Contact::Phone(number) => state
                .contacts
                .find(number)
                .is_some_and(|contact| set.contains(contact)),
            _ => false,
        })
    }

    /// A page of a segment's numbers in order of contact id, after `after`.
    ///
    /// # Errors
    /// As `count`.
    pub fn numbers(
        &self,
        expression: &str,
        after: Option<ContactId>,
        count_max: usize,
        without_suppressed: bool,
    ) -> Result<Page, EngineError> {
        self.with_set(expression, |state, set| {
            let first = after.map_or(Some(0), |id| id.0.checked_add(1));
            let Some(first) = first else {
                return Page::default();
            };
            let mut page = Page::default();
            let (mut taken, mut last) = (0, None);
            for id in set.iter_from(first).take(count_max.min(PAGE_COUNT_MAX)) {
                taken += 1;
                last = Some(id);
                if without_suppressed && state.consent.suppressed().contains(id) {
                    page.left_out += 1;
                } else if let Some(number) = state.contacts.number(id) {
                    page.text.push_str(&number.to_string());
                    page.text.push('\n');
                }
            }
            page.next = last.filter(|_| taken == count_max.min(PAGE_COUNT_MAX));
            page
        })
    }

    /// The segment's contact ids, ascending, as little-endian u32.
    ///
    /// # Errors
    /// As `count`.
    pub fn ids(&self, expression: &str) -> Result<Vec<u8>, EngineError> {
        self.with_set(expression, |_, set| {
            set.iter().flat_map(|id| id.0.to_le_bytes()).collect()
        })
    }

    /// The segment as a bitmap in the portable roaring format.
    ///
    /// # Errors
    /// As `count`.
    pub fn roaring(&self, expression: &str) -> Result<Vec<u8>, EngineError> {
        self.with_set(expression, |_, set| {
            let mut bytes = Vec::new();
            set.serialize_into(&mut bytes);
            bytes
        })
    }

    /// One campaign's figures, all read at one moment.
    ///
    /// # Errors
    /// `Unknown`.
    pub fn report(&self, campaign: &str) -> Result<Value, EngineError> {
        Ok(query::report::report(&*self.read()?, campaign)?)
    }

    /// Names of campaigns, in order of registration.
    ///
    /// # Errors
    /// `Internal`.
    pub fn campaigns(&self) -> Result<Vec<String>, EngineError> {
        let state = self.read()?;
        Ok(state
            .registry
            .campaigns
            .iter()
            .map(|campaign| campaign.name.clone())
            .collect())
    }

    /// Names of a campaign's blasts, in order of registration; none for an unknown campaign.
    ///
    /// # Errors
    /// `Internal`.
    pub fn blasts(&self, campaign: &str) -> Result<Vec<String>, EngineError> {
        let state = self.read()?;
        let id = state.registry.campaign_id(self.keys.campaign(campaign));
        let blasts = id
            .and_then(|id| state.registry.campaign(id))
            .map(|c| c.blasts.clone());
        let names = blasts.unwrap_or_default();
        Ok(names
            .iter()
            .filter_map(|id| Some(state.registry.blast(*id)?.name.clone()))
            .collect())
    }

    /// Counters of the directory; no number and no text in it.
    ///
    /// # Errors
    /// `Internal`.
    pub fn stats(&self) -> Result<Value, EngineError> {
        let mut stats = query::report::directory(&*self.read()?);
        let refusal = self.refusal().map(|error| error.code());
        let open = self.lock_open();
        let snapshot = open.as_ref().map(|open| open.snapshot_at);
        if let Some(map) = stats.as_object_mut() {
            map.insert("snapshot_position".to_owned(), snapshot.into());
            map.insert("refusal".to_owned(), refusal.into());
            map.insert("is_poisoned".to_owned(), (refusal.is_some()).into());
        }
        Ok(stats)
    }

    /// See `State::digest`.
    ///
    /// # Errors
    /// `Internal`.
    pub fn digest(&self) -> Result<u64, EngineError> {
        Ok(self.read()?.digest())
    }

    /// Dead letters after a position, oldest first, row by row; bodies as `encode` writes them.
    /// A page ends early where its bodies are large: go on after its last position.
    ///
    /// # Errors
    /// `Io`, `LogCorrupt`, `RecordTrimmed`, `Closed`.
    pub fn dead_letters(
        &self,
        after: u64,
        count_max: usize,
        encode: fn(&[u8]) -> String,
    ) -> Result<Vec<Value>, EngineError> {
        let (wanted, total) = {
            let state = self.read()?;
            let first = state
                .dead_letters
                .partition_point(|position| position.0 <= after);
            let wanted: Vec<u64> = state
                .dead_letters
                .iter()
                .skip(first)
                .take(count_max.min(PAGE_COUNT_MAX))
                .map(|position| position.0)
                .collect();
            (wanted, state.position.0)
        };
        let disk = self
            .lock_open()
            .as_ref()
            .map(|open| std::sync::Arc::clone(&open.disk));
        let disk = disk.ok_or(EngineError::Closed(ClosedError))?;
        let (Some(first), Some(last)) = (wanted.first().copied(), wanted.last().copied()) else {
            return Ok(Vec::new());
        };
        self.check_kept(disk.as_ref(), Some(first))?;
        let mut found = Vec::with_capacity(wanted.len());
        let mut bytes_left = PAGE_BYTES_MAX;
        // A frame that is being written now may look torn; all wanted ones are before it.
        let outcome = replay(
            disk.as_ref(),
            &self.identity,
            first,
            &mut |head, payload| {
                if head.position > last {
                    return Ok(());
                }
                list(
                    payload,
                    head.position,
                    head.received_ms,
                    &wanted,
                    encode,
                    &mut found,
                    &mut bytes_left,
                )
            },
        );
        match outcome {
            Err(error) if (found.len() < wanted.len() && bytes_left > 0) || total < last => {
                Err(error.into())
            }
            _ => Ok(found),
        }
    }
}

fn list(
    payload: &[u8],
    first: u64,
    received_ms: i64,
    wanted: &[u64],
    encode: fn(&[u8]) -> String,
    found: &mut Vec<Value>,
    bytes_left: &mut usize,
) -> Result<(), StorageError> {
    let mut reader = Reader::new(payload);
    let mut position = first;
    while !reader.is_done() {
        let record = decode_record(&mut reader).map_err(|error| StorageError::Internal {
            what: format!(
                "a record of ours, byte {}: expected {}",
                error.byte, error.expected
            ),
        })?;
        if let Record::DeadLetter(letter) = record
            && wanted.binary_search(&position).is_ok()
        {
            if *bytes_left == 0 {
                return Ok(());
            }
            *bytes_left = bytes_left.saturating_sub(letter.body.len() + letter.rows.len() * 64);
            let (provider, account) = shown(letter.provider, letter.account);
            for (index, reject) in letter.rows.iter().enumerate() {
                found.push(json!({
                    "position": position,
                    "received_ms": received_ms,
                    "provider": provider,
                    "account": account,
                    "code": reject.code.word(),
                    "reason": reject.code.sentence(),
                    "row": reject.row,
                    "byte": reject.byte,
                    "method": letter.method,
                    "target": letter.target,
                    // The request stands once, with its first refused row.
                    "body": if index == 0 { encode(letter.body) } else { String::new() },
                }));
            }
        }
        position += 1;
    }
    Ok(())
}
