//! Verifies a data directory without changing it: identity, every frame and record of the log,
//! every snapshot, and that replay of the whole log gives what each snapshot holds.

use serde_json::{Value, json};

use crate::codec::{Reader, decode_record};
use crate::engine::identity_of;
use crate::error::StorageError;
use crate::event::Position;
use crate::keys::Keys;
use crate::log::disk::Disk;
use crate::log::heads::begins_at;
use crate::log::reader::{End, replay};
use crate::snapshot::{self, Pace};
use crate::state::State;

/// What was found: `ok`, `problems`, and the counts behind them.
pub fn check(disk: &dyn Disk) -> Value {
    let mut problems: Vec<Value> = Vec::new();
    let mut notes: Vec<String> = Vec::new();
    let (identity, windows) = match identity_of(disk) {
        Ok(found) => found,
        Err(error) => {
            problems.push(problem(&error.to_string(), error.code()));
            return json!({ "ok": false, "problems": problems });
        }
    };
    let begins = begins_at(disk, &identity).unwrap_or(1);
    let empty = || State::new(Keys::new(identity), windows);
    let (mut states, base) = snapshots(disk, &identity, &empty, begins, &mut problems);
    let from = if base.is_some() { begins } else { 1 };
    if let Some(base) = &base {
        notes.push(format!(
            "the log begins at position {begins}; what came before was trimmed, and is taken \
             from the snapshot at position {}",
            base.position.0
        ));
    }
    let base_at = base.as_ref().map_or(0, |base| base.position.0);
    let mut replayed = base.unwrap_or_else(empty);
    let mut compared = 0;
    let outcome = replay(disk, &identity, from, &mut |head, payload| {
        let mut reader = Reader::new(payload);
        let mut position = head.position;
        while !reader.is_done() {
            let record = decode_record(&mut reader).map_err(|error| StorageError::FileInvalid {
                file: "log".to_owned(),
                reason: format!(
                    "the frame at position {}, byte {} of its payload: expected {}",
                    head.position, error.byte, error.expected
                ),
                hint: "The checksum holds, so this build cannot read what another wrote.",
            })?;
            if position == replayed.position.0 + 1 {
                let at = Position(position);
                crate::apply::apply(&mut replayed, &record, at, head.received_ms);
                compare(&mut states, &replayed, &mut compared, &mut problems);
            }
            position += 1;
        }
        Ok(())
    });
    let log = end_of(outcome, &mut notes, &mut problems);
    if last_of(&log).is_some_and(|last| last < base_at) {
        states.push((base_at, 0));
    }
    for (position, _) in states {
        let text = format!("a snapshot reaches position {position}, the log does not");
        problems.push(problem(&text, "snapshot_ahead"));
    }
    if let Err(what) = replayed.validate() {
        problems.push(problem(&what, "state_invalid"));
    }
    json!({
        "ok": problems.is_empty(),
        "problems": problems,
        "notes": notes,
        "log": log,
        "snapshots_compared": compared,
        "contacts": replayed.contacts.count(),
        "digest": format!("{:016x}", replayed.digest()),
    })
}

/// What the log amounts to; a torn tail is a note, damage a problem.
fn end_of(
    outcome: Result<End, StorageError>,
    notes: &mut Vec<String>,
    problems: &mut Vec<Value>,
) -> Value {
    match outcome {
        Ok(end) => {
            if let Some(torn) = &end.torn {
                notes.push(format!(
                    "{}, byte {}: {} bytes of an unfinished write, normal after a crash; they \
                     were never acknowledged and are cut at the next open",
                    torn.file, torn.byte, torn.bytes
                ));
            }
            json!({ "frames": end.frames, "records": end.records, "last_position": end.next_position - 1 })
        }
        Err(error) => {
            problems.push(problem(&error.to_string(), error.code()));
            Value::Null
        }
    }
}

fn last_of(log: &Value) -> Option<u64> {
    log.get("last_position").and_then(Value::as_u64)
}

fn problem(text: &str, code: &str) -> Value {
    json!({ "code": code, "text": text })
}

/// Digests of the snapshots that can be read, oldest last; and where the log lacks its beginning,
/// the oldest state that it goes on from, which is compared with nothing.
fn snapshots(
    disk: &dyn Disk,
    identity: &[u8; 16],
    empty: &dyn Fn() -> State,
    begins: u64,
    problems: &mut Vec<Value>,
) -> (Vec<(u64, u64)>, Option<State>) {
    let (mut found, mut base) = (Vec::new(), None);
    let all = disk.list().unwrap_or_else(|error| {
        let text = format!("reading of the directory failed: {error}");
        problems.push(problem(&text, "io_failed"));
        Vec::new()
    });
    for (position, name) in snapshot::names(&all) {
        match snapshot::load(disk, identity, &name, empty(), Pace::Alone) {
            Ok((_, state)) => {
                found.push((position, state.digest()));
                if begins > 1 && position + 1 >= begins {
                    base = Some(state);
                }
            }
            Err(unsound) => {
                problems.push(problem(&format!("{name} {unsound}"), "snapshot_invalid"));
            }
        }
    }
    if let Some(base) = &base {
        found.retain(|(position, _)| *position != base.position.0);
    }
    (found, base)
}

fn compare(
    states: &mut Vec<(u64, u64)>,
    replayed: &State,
    compared: &mut usize,
    problems: &mut Vec<Value>,
) {
    if let Some((position, digest)) = states.last().copied()
        && position == replayed.position.0
    {
        states.pop();
        *compared += 1;
        if digest != replayed.digest() {
            let text = format!("the snapshot at position {position} differs from the log's replay");
            problems.push(problem(&text, "snapshot_differs"));
        }
    }
}
