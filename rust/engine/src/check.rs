//! Verifies a data directory without changing it: identity, every frame and record of the log,
//! every snapshot, and that replay of the whole log gives what each snapshot holds.

use serde_json::{Value, json};

use crate::codec::{Reader, decode_record};
use crate::engine::identity_of;
use crate::error::StorageError;
use crate::event::Position;
use crate::keys::Keys;
use crate::log::disk::Disk;
use crate::log::reader::replay;
use crate::snapshot;
use crate::state::{State, Windows};

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
    let mut states = snapshots(disk, &identity, windows, &mut problems);
    let mut replayed = State::new(Keys::new(identity), windows);
    let mut compared = 0;
    let outcome = replay(disk, &identity, 1, &mut |head, payload| {
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
            crate::apply::apply(&mut replayed, &record, Position(position), head.received_ms);
            compare(&mut states, &replayed, &mut compared, &mut problems);
            position += 1;
        }
        Ok(())
    });
    let log = match outcome {
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
    };
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

fn problem(text: &str, code: &str) -> Value {
    json!({ "code": code, "text": text })
}

/// Digests of the snapshots that can be read, oldest last.
fn snapshots(
    disk: &dyn Disk,
    identity: &[u8; 16],
    windows: Windows,
    problems: &mut Vec<Value>,
) -> Vec<(u64, u64)> {
    let mut found = Vec::new();
    let all = disk.list().unwrap_or_else(|error| {
        let text = format!("reading of the directory failed: {error}");
        problems.push(problem(&text, "io_failed"));
        Vec::new()
    });
    for (position, name) in snapshot::names(&all) {
        let mut state = State::new(Keys::new(*identity), windows);
        let read = disk
            .size(&name)
            .and_then(|size| disk.read(&name, 0, usize::try_from(size).unwrap_or(usize::MAX)))
            .map_err(|error| error.to_string())
            .and_then(|bytes| snapshot::decode(identity, &bytes, &mut state));
        match read {
            Ok(()) if state.position.0 != position => {
                let reached = state.position.0;
                let text = format!("{name} reaches position {reached}, not that of its name");
                problems.push(problem(&text, "snapshot_invalid"));
            }
            Ok(()) => found.push((position, state.digest())),
            Err(reason) => problems.push(problem(&format!("{name} {reason}"), "snapshot_invalid")),
        }
    }
    found
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
