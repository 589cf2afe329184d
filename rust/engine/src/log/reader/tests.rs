//! Groups of several frames written at once and then torn, or damaged.

use std::sync::Arc;

use super::*;
use crate::log::disk::Disk;
use crate::log::faulty::FaultyDisk;
use crate::log::writer::LogWriter;

const IDENTITY: [u8; 16] = [5; 16];
const NAME: &str = "log/000000000001.log";

/// A synced frame and then one group of three, with this many bytes each.
fn log(payload_bytes: usize) -> FaultyDisk {
    let disk = FaultyDisk::default();
    let end = replay(&disk, &IDENTITY, 1, &mut |_, _| Ok(())).unwrap();
    let mut writer = LogWriter::open(Arc::new(disk.clone()), IDENTITY, &end, true).unwrap();
    writer.stage(0, 1, b"first").unwrap();
    writer.commit().unwrap();
    for index in 0..3_u8 {
        writer.stage(0, 1, &vec![index + 1; payload_bytes]).unwrap();
    }
    writer.commit().unwrap();
    disk
}

fn read(disk: &dyn Disk) -> Result<End, StorageError> {
    replay(disk, &IDENTITY, 1, &mut |_, _| Ok(()))
}

fn edited(disk: &FaultyDisk, edit: impl FnOnce(&mut Vec<u8>)) -> FaultyDisk {
    let new = FaultyDisk::default();
    let mut bytes = disk.bytes(NAME).unwrap();
    edit(&mut bytes);
    new.put(NAME, &bytes);
    new
}

/// Where the group begins in the file.
const GROUP: usize = FILE_HEAD_BYTES + FRAME_HEAD_BYTES + 5;

/// A crash may keep later sectors of an unsynced write and lose earlier ones; the file system
/// shows the lost ones as zeros.
#[test]
fn a_group_that_lost_a_sector_is_torn() {
    for payload_bytes in [30, 100, 500, 3_000] {
        let disk = log(payload_bytes);
        let size = disk.bytes(NAME).unwrap().len();
        for first in (0..size).step_by(512) {
            let lost = first.max(GROUP)..(first + 512).min(size);
            if lost.is_empty() {
                continue;
            }
            let torn = edited(&disk, |bytes| bytes[lost.clone()].fill(0));
            let end =
                read(&torn).unwrap_or_else(|error| panic!("{payload_bytes}, {lost:?}: {error}"));
            let whole = (lost.start - GROUP) / (FRAME_HEAD_BYTES + payload_bytes);
            assert_eq!(
                end.frames,
                1 + whole as u64,
                "{payload_bytes}, sector {lost:?}"
            );
            assert!(end.torn.is_some());
        }
    }
}

#[test]
fn a_flipped_bit_in_a_group_is_damage() {
    for payload_bytes in [30, 600] {
        let disk = log(payload_bytes);
        let size = disk.bytes(NAME).unwrap().len();
        for bit in 0..size * 8 {
            let bad = edited(&disk, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
            let error = read(&bad).unwrap_err();
            assert!(
                matches!(error, StorageError::LogCorrupt { .. }),
                "bit {bit}: {error}"
            );
        }
    }
}

/// A group of zeros is no excuse for a bit in it.
#[test]
fn zeros_in_a_frame_do_not_hide_a_flipped_bit() {
    let disk = FaultyDisk::default();
    let end = read(&disk).unwrap();
    let mut writer = LogWriter::open(Arc::new(disk.clone()), IDENTITY, &end, true).unwrap();
    for _ in 0..2 {
        writer.stage(0, 1, &[0; 2_000]).unwrap();
    }
    writer.commit().unwrap();
    let size = disk.bytes(NAME).unwrap().len();
    for bit in FILE_HEAD_BYTES * 8..size * 8 {
        let bad = edited(&disk, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        assert!(read(&bad).is_err(), "bit {bit}");
    }
}

#[test]
fn damage_that_is_known_to_have_been_synced_is_never_torn() {
    let disk = log(600);
    let zeroed = edited(&disk, |bytes| bytes[FILE_HEAD_BYTES..GROUP].fill(0));
    let error = read(&zeroed).unwrap_err();
    let StorageError::LogCorrupt {
        file,
        byte,
        position,
        detail,
        ..
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!(
        (file.as_str(), byte, position),
        (NAME, FILE_HEAD_BYTES as u64, 1)
    );
    assert_eq!(detail, "3 good frames follow, from position 2 on");
}
