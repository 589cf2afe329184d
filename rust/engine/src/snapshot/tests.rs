use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use super::*;
use crate::event::{BlastId, ContactId, Number, Position};
use crate::keys::Keys;
use crate::log::disk::Disk;
use crate::log::faulty::{FaultyDisk, Unsynced};
use crate::registry::Blast;
use crate::sets::{Facts, SetKind};
use crate::state::{State, Windows};

const WHO: [u8; 16] = [5; 16];

fn empty() -> State {
    State::new(Keys::new(WHO), Windows::default())
}

/// Contacts, keys and messages of several chunks, and two blasts, one of them large.
fn grown(position: u64, count: u64) -> State {
    let mut state = empty();
    state.position = Position(position);
    for index in 0..count {
        state.contacts.intern(Number(12_025_550_000 + index));
        let key = (index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        state.seen.insert(key);
        let contact = ContactId(u32::try_from(index).unwrap());
        state.messages.register(key, BlastId(0), contact);
    }
    for (name, step) in [("large", 3), ("small", 40_000)] {
        let mut facts = Facts::default();
        let all = (0..count).step_by(step);
        for contact in all.map(|index| ContactId(u32::try_from(index).unwrap())) {
            for kind in [SetKind::AUDIENCE, SetKind::SENT, SetKind::DELIVERED] {
                facts.get_mut(kind).unwrap().insert(contact);
            }
        }
        state.registry.blasts.push(Blast {
            campaign: crate::event::CampaignId(0),
            name: name.to_owned(),
            key: 7,
            sender: None,
            sender_key: 0,
            at_ms: 5,
            tags: Vec::new(),
            facts,
            loose_facts: Facts::default(),
        });
    }
    state
}

fn written(disk: &FaultyDisk, state: &State, store: Store) -> Draft {
    let draft = draft(disk, &WHO, state, store, &AtomicBool::new(false)).unwrap();
    draft.seal(disk, &WHO).unwrap();
    draft
}

fn loaded(disk: &FaultyDisk, position: u64) -> Result<State, Unsound> {
    load(disk, &WHO, &Manifest::name(position), empty(), Pace::Alone).map(|(_, state)| state)
}

#[test]
fn names_are_sorted_newest_first_and_strangers_ignored() {
    let all = [
        "snapshots/00000000000000000007.snap",
        "snapshots/x.snap",
        "snapshots/a-00000000000000000000000000000009.part",
        "log/000000000001.log",
        "snapshots/00000000000000000012.snap",
    ];
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    let found: Vec<u64> = names(&all)
        .into_iter()
        .map(|(position, _)| position)
        .collect();
    assert_eq!(found, [12, 7]);
}

#[test]
fn only_what_changed_is_written() {
    let disk = FaultyDisk::default();
    let state = grown(1, 200_000);
    let first = written(&disk, &state, Store::A);
    assert_eq!(first.new_count, 11, "{first:?}");
    let mut state = loaded(&disk, 1).unwrap();
    assert_eq!(state.digest(), grown(1, 200_000).digest());
    state.position = Position(2);
    state.contacts.intern(Number(13_025_550_000));
    let second = written(&disk, &state, Store::A);
    assert_eq!(second.new_count, 1, "the part that holds the last contacts");
    assert!(second.new_bytes * 5 < first.new_bytes, "{second:?}");
    let other = written(&disk, &state, Store::B);
    assert_eq!(other.new_bytes, other.manifest.bytes(), "it shares nothing");
    assert_eq!(loaded(&disk, 2).unwrap().digest(), state.digest());
}

#[test]
fn a_part_that_rotted_is_written_anew() {
    let disk = FaultyDisk::default();
    let mut state = grown(1, 70_000);
    let first = written(&disk, &state, Store::A);
    let part = first.manifest.part_names().next().unwrap();
    let mut bytes = disk.bytes(&part).unwrap();
    bytes[99] ^= 4;
    disk.put(&part, &bytes);
    let unsound = loaded(&disk, 1).unwrap_err();
    assert_eq!(unsound.part.as_ref(), Some(&part));
    assert!(unsound.to_string().contains("has checksum"), "{unsound}");
    state.position = Position(2);
    assert_eq!(written(&disk, &state, Store::A).new_count, 1);
    assert_eq!(loaded(&disk, 2).unwrap().digest(), state.digest());
    assert_eq!(loaded(&disk, 1).unwrap().digest(), state.digest());
}

#[test]
fn what_is_kept_keeps_its_parts_and_nothing_else_stays() {
    let disk = FaultyDisk::default();
    let mut state = grown(1, 70_000);
    let mut all = Vec::new();
    for position in 1..=4 {
        state.position = Position(position);
        state.contacts.intern(Number(13_025_550_000 + position));
        let store = [Store::A, Store::B][usize::try_from(position % 2).unwrap()];
        all.push(written(&disk, &state, store).manifest);
    }
    disk.put("snapshots/00000000000000000009.snap.tmp", b"half");
    disk.put("snapshots/00000000000000000009.tmp", b"of an older build");
    disk.put("snapshots/00000000000000000001.snap.cut-1", b"kept");
    tidy(&disk, &WHO, &[4, 3]).unwrap();
    let disk = disk.crash(Unsynced::Kept);
    let found: BTreeSet<String> = disk.list().unwrap().into_iter().collect();
    let kept = all.iter().skip(2);
    let mut expected: BTreeSet<String> = kept
        .flat_map(|manifest| {
            let name = Manifest::name(manifest.position);
            manifest.part_names().chain([name]).collect::<Vec<_>>()
        })
        .collect();
    expected.insert("snapshots/00000000000000000001.snap.cut-1".to_owned());
    assert_eq!(found, expected);
    assert_eq!(older(&disk, &WHO, 4).unwrap(), Some(3));
    assert_eq!(older(&disk, &WHO, 3).unwrap(), None);
}

#[test]
fn parts_of_a_manifest_that_cannot_be_read_are_left() {
    let disk = FaultyDisk::default();
    let manifest = written(&disk, &grown(1, 10), Store::A).manifest;
    let name = Manifest::name(1);
    let bytes = disk.bytes(&name).unwrap();
    disk.put(&name, &bytes[..20]);
    tidy(&disk, &WHO, &[1]).unwrap();
    disk.put(&name, &bytes);
    assert!(loaded(&disk, 1).is_ok(), "{manifest:?}");
}

#[test]
fn a_large_one_is_the_same_at_either_pace() {
    let disk = FaultyDisk::default();
    let state = grown(1, 600_000);
    let draft = written(&disk, &state, Store::A);
    assert!(draft.manifest.bytes() > 16 * 1024 * 1024, "{draft:?}");
    let name = Manifest::name(1);
    let read = |pace| load(&disk, &WHO, &name, empty(), pace);
    for pace in [Pace::Alone, Pace::Beside] {
        let (_, found) = read(pace).unwrap();
        assert_eq!(found.digest(), state.digest());
        let contact = ContactId(599_999);
        assert_eq!(found.contacts.find(Number(12_026_149_999)), Some(contact));
    }
    // The fault that is told is the first in order, whoever reads ahead.
    let parts: Vec<String> = draft.manifest.part_names().collect();
    for part in parts.iter().skip(2) {
        disk.put(part, b"short");
    }
    for pace in [Pace::Alone, Pace::Beside] {
        assert_eq!(read(pace).unwrap_err().part.as_ref(), parts.get(2));
    }
}
