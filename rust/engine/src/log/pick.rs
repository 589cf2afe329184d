//! Reads the few records that are asked for, without reading all that lies between them.
//!
//! Frame heads are hopped over; only frames that hold a wanted record are checked and given on.
//! Positions are those of acknowledged records, so a frame that is missing is damage.

use super::disk::Disk;
use super::frame::{
    FILE_HEAD_BYTES, FRAME_HEAD_BYTES, FrameHead, read_file_head, read_frame, u32_at, u64_at,
};
use super::log_files;
use super::reader::Visit;
use crate::error::StorageError;
use crate::limits::FRAME_BYTES_MAX;

/// Bytes asked of the disk at once while hopping.
const READ_BYTES: usize = 1024 * 1024;

/// Visits, in order, the frames that hold any of these positions, which are ascending.
///
/// # Errors
/// `Io`; `LogCorrupt` when a wanted frame is not there or not whole; what `visit` says.
pub fn pick(
    disk: &dyn Disk,
    identity: &[u8; 16],
    wanted: &[u64],
    visit: &mut Visit<'_>,
) -> Result<(), StorageError> {
    if wanted.is_empty() {
        return Ok(());
    }
    let all = disk
        .list()
        .map_err(|error| failed("the directory", &error))?;
    let files = firsts(disk, identity, &all)?;
    let mut rest = wanted;
    for (index, (first, name)) in files.iter().enumerate() {
        let end = files.get(index + 1).map_or(u64::MAX, |(next, _)| *next);
        let here = rest.partition_point(|position| *position < end);
        let (mine, later) = rest.split_at(here);
        if mine.first().is_some_and(|position| position >= first) {
            hop(disk, identity, (name, *first), mine, visit)?;
        }
        rest = later;
    }
    Ok(())
}

/// First position and name of each log file, in order; files without a head left out.
fn firsts(
    disk: &dyn Disk,
    identity: &[u8; 16],
    all: &[String],
) -> Result<Vec<(u64, String)>, StorageError> {
    let mut found = Vec::new();
    for (_, name) in log_files(all) {
        let head = disk
            .read(&name, 0, FILE_HEAD_BYTES)
            .map_err(|error| failed(&name, &error))?;
        if let Ok(first) = read_file_head(identity, &head) {
            found.push((first, name));
        }
    }
    Ok(found)
}

fn hop(
    disk: &dyn Disk,
    identity: &[u8; 16],
    (name, first): (&str, u64),
    wanted: &[u64],
    visit: &mut Visit<'_>,
) -> Result<(), StorageError> {
    let read = |offset: u64, count: usize| {
        disk.read(name, offset, count)
            .map_err(|error| failed(name, &error))
    };
    let (mut offset, mut expected) = (FILE_HEAD_BYTES as u64, first);
    let mut rest = wanted;
    let (mut buffer, mut start) = (Vec::new(), 0_u64);
    while let Some(next) = rest.first().copied() {
        let mut at = usize::try_from(offset - start).unwrap_or(usize::MAX);
        if buffer
            .get(at..)
            .is_none_or(|left| left.len() < FRAME_HEAD_BYTES)
        {
            (buffer, start, at) = (read(offset, READ_BYTES)?, offset, 0);
        }
        let head = buffer.get(at..).unwrap_or_default();
        let (payload, position) = (u32_at(head, 0) as usize, u64_at(head, 8));
        let last = position.saturating_add(u64::from(u32_at(head, 32)));
        let is_head = head.len() >= FRAME_HEAD_BYTES
            && position == expected
            && last > position
            && payload <= FRAME_BYTES_MAX;
        if !is_head {
            return Err(missing(name, offset, next));
        }
        let bytes = FRAME_HEAD_BYTES + payload;
        if next < last {
            let whole = match head.get(..bytes) {
                Some(whole) => whole,
                None => {
                    (buffer, start) = (read(offset, bytes.max(READ_BYTES))?, offset);
                    buffer.get(..bytes).unwrap_or_default()
                }
            };
            let (head, payload): (FrameHead, _) =
                read_frame(identity, whole, position).map_err(|_| missing(name, offset, next))?;
            visit(&head, payload)?;
            let done = rest.partition_point(|position| *position < last);
            rest = rest.get(done..).unwrap_or_default();
        }
        offset += bytes as u64;
        expected = last;
    }
    Ok(())
}

fn missing(name: &str, byte: u64, position: u64) -> StorageError {
    StorageError::LogCorrupt {
        file: name.to_owned(),
        byte,
        position,
        found: format!("no good frame that leads to position {position}"),
        detail: "that record had been acknowledged".to_owned(),
    }
}

fn failed(name: &str, error: &std::io::Error) -> StorageError {
    StorageError::Io {
        what: format!("reading of {name}"),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::faulty::FaultyDisk;
    use crate::log::frame::{write_file_head, write_frame};

    const WHO: [u8; 16] = [5; 16];

    /// Files of frames; a frame of `n` records has `n * 300` bytes, so that chunks end inside.
    fn disk(files: &[&[u32]]) -> FaultyDisk {
        let disk = FaultyDisk::default();
        let mut position = 1;
        for (number, frames) in files.iter().enumerate() {
            let mut bytes = write_file_head(&WHO, position);
            for count in *frames {
                let payload = vec![7; *count as usize * 300];
                let head = FrameHead {
                    payload_bytes: u32::try_from(payload.len()).unwrap(),
                    position,
                    synced: 0,
                    received_ms: 5,
                    count: *count,
                };
                write_frame(&WHO, &head, &payload, &mut bytes);
                position += u64::from(*count);
            }
            disk.put(&format!("log/{:012}.log", number + 1), &bytes);
        }
        disk
    }

    fn picked(disk: &FaultyDisk, wanted: &[u64]) -> Result<Vec<u64>, StorageError> {
        let mut found = Vec::new();
        pick(disk, &WHO, wanted, &mut |head, payload| {
            assert_eq!(payload.len(), head.count as usize * 300);
            found.push(head.position);
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn only_the_frames_that_hold_a_wanted_record() {
        let disk = disk(&[&[1, 3, 9_000, 2], &[1], &[5, 5]]);
        assert_eq!(picked(&disk, &[]).unwrap(), [0_u64; 0]);
        assert_eq!(picked(&disk, &[1, 4, 5, 9_004]).unwrap(), [1, 2, 5]);
        assert_eq!(picked(&disk, &[9_005, 9_007]).unwrap(), [9_005, 9_007]);
        assert_eq!(picked(&disk, &[9_010, 9_017]).unwrap(), [9_008, 9_013]);
    }

    #[test]
    fn what_is_not_there_is_said() {
        let disk = disk(&[&[1, 3]]);
        assert_eq!(picked(&disk, &[9]).unwrap_err().code(), "log_corrupt");
    }
}
