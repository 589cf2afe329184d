//! Reads a log from a position to its end, and says what kind of end it is.
//!
//! An incomplete last frame is a torn tail: what a crash leaves of a batch nobody was told was
//! kept. A bad frame with good frames after it is damage, unless the bad bytes hold a sector
//! of zeros and nothing after them says that they had been synced: then the crash came between
//! the sectors of one unsynced write. A last frame may have been acknowledged, and nothing
//! after it says so; it is damage, too, when all of it is there and one flipped bit explains
//! it (see `flip`), which no torn write leaves. Changes nothing; the caller cuts.

use super::disk::Disk;
use super::flip::{Bit, flipped_bit};
use super::frame::{
    BadFrame, FILE_HEAD_BYTES, FORMAT_VERSION, FRAME_HEAD_BYTES, FrameHead, read_file_head,
    read_frame, u32_at, u64_at,
};
use super::heads::{first_file, head_of};
use super::{log_file_name, log_files};
use crate::error::StorageError;
use crate::limits::FRAME_BYTES_MAX;
use crate::mutants::{Mutant, is};

/// Bytes asked of the disk at once while reading on.
const READ_BYTES: usize = 4 * 1024 * 1024;
const SECTOR_BYTES: u64 = 512;

/// The newest log file, whole frames only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastFile {
    /// Its number.
    pub number: u64,
    /// Bytes up to the end of its last good frame.
    pub bytes: u64,
}

/// An incomplete end, to be cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// File name within the directory.
    pub file: String,
    /// Where the good bytes end; 0 when the file itself was being made.
    pub byte: u64,
    /// Bytes after that.
    pub bytes: u64,
}

/// Where a log ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The file to go on in; `None` when a new one must be made.
    pub file: Option<LastFile>,
    /// Number for a new file.
    pub next_number: u64,
    /// Position the next record gets.
    pub next_position: u64,
    /// What a crash left behind.
    pub torn: Option<Torn>,
    /// Frames read.
    pub frames: u64,
    /// Records read.
    pub records: u64,
}

/// Takes the frames of a log in order.
pub type Visit<'a> = dyn FnMut(&FrameHead, &[u8]) -> Result<(), StorageError> + 'a;

struct Cursor<'a> {
    disk: &'a dyn Disk,
    name: &'a str,
    size: u64,
    /// Offset in the file of the first byte of `bytes`.
    start: u64,
    bytes: Vec<u8>,
}

impl<'a> Cursor<'a> {
    fn open(disk: &'a dyn Disk, name: &'a str) -> Result<Self, StorageError> {
        let size = disk.size(name).map_err(|error| read_failed(name, &error))?;
        Ok(Self {
            disk,
            name,
            size,
            start: 0,
            bytes: Vec::new(),
        })
    }

    /// At least `count` bytes from `offset`, or all to the end of the file.
    fn at(&mut self, offset: u64, count: usize) -> Result<&[u8], StorageError> {
        let have = self.start + self.bytes.len() as u64;
        let wanted = offset.saturating_add(count as u64).min(self.size);
        if offset < self.start || wanted > have {
            let count = usize::try_from(wanted.saturating_sub(offset)).unwrap_or(usize::MAX);
            self.bytes = self
                .disk
                .read(self.name, offset, count.max(READ_BYTES))
                .map_err(|error| read_failed(self.name, &error))?;
            self.start = offset;
        }
        let from = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        Ok(self.bytes.get(from..).unwrap_or_default())
    }
}

pub(super) fn read_failed(name: &str, error: &std::io::Error) -> StorageError {
    StorageError::Io {
        what: format!("reading of {name}"),
        reason: error.to_string(),
    }
}

/// Reads all frames with records from position `from` on (1: the whole log).
///
/// # Errors
/// `LogCorrupt`, `FormatUnsupported`, `FileInvalid`, `Io`, or what `visit` says.
pub fn replay(
    disk: &dyn Disk,
    identity: &[u8; 16],
    from: u64,
    visit: &mut Visit<'_>,
) -> Result<End, StorageError> {
    let names = disk
        .list()
        .map_err(|error| read_failed("the directory", &error))?;
    let files = log_files(&names);
    let mut end = End {
        file: None,
        next_number: files.last().map_or(1, |(number, _)| number + 1),
        next_position: 1,
        torn: None,
        frames: 0,
        records: 0,
    };
    let Some(begin) = first_file(disk, identity, &files, from)? else {
        return Ok(end);
    };
    let chosen = files.get(begin..).unwrap_or_default();
    let mut last_number = None;
    for (index, (number, name)) in chosen.iter().enumerate() {
        if last_number.is_some_and(|last| last + 1 != *number) {
            return Err(StorageError::FileInvalid {
                file: name.clone(),
                reason: format!(
                    "the log file before it, {}, is missing, with the records from position {} on",
                    log_file_name(number - 1),
                    end.next_position
                ),
                hint: "Restore the missing file from a backup.",
            });
        }
        last_number = Some(*number);
        let next = chosen.get(index + 1).map(|(_, name)| name.as_str());
        let is_last = next.is_none();
        let mut cursor = Cursor::open(disk, name)?;
        let expected = (index > 0).then_some(end.next_position);
        match file_first(&mut cursor, identity, is_last, expected)? {
            Some(first) if index == 0 && first > from => {
                return Err(StorageError::FileInvalid {
                    file: name.clone(),
                    reason: format!(
                        "the log begins at position {first}, but position {from} is needed"
                    ),
                    hint: "Restore the log files before it from a backup.",
                });
            }
            Some(first) => end.next_position = first,
            None => {
                end.torn = Some(Torn {
                    file: name.clone(),
                    byte: 0,
                    bytes: cursor.size,
                });
                end.next_number = *number;
                break;
            }
        }
        let bytes = read_file(&mut cursor, identity, from, next, &mut end, visit)?;
        end.file = Some(LastFile {
            number: *number,
            bytes,
        });
    }
    Ok(end)
}

/// Position of a file's first record; `None` when a crash came while the file was being made.
fn file_first(
    cursor: &mut Cursor<'_>,
    identity: &[u8; 16],
    is_last: bool,
    expected: Option<u64>,
) -> Result<Option<u64>, StorageError> {
    let name = cursor.name;
    let size = cursor.size;
    let head = cursor.at(0, FILE_HEAD_BYTES)?;
    let bad = match read_file_head(identity, head) {
        Ok(first) if expected.is_none_or(|expected| expected == first) => return Ok(Some(first)),
        Ok(first) => BadFrame::Position(first, expected.unwrap_or_default()),
        Err(BadFrame::Version(found)) => {
            let file = name.to_owned();
            return Err(StorageError::FormatUnsupported {
                file,
                found,
                newest: FORMAT_VERSION,
            });
        }
        Err(bad) => bad,
    };
    if is_last && size <= FILE_HEAD_BYTES as u64 && !matches!(bad, BadFrame::Position(..)) {
        return Ok(None);
    }
    Err(StorageError::LogCorrupt {
        file: name.to_owned(),
        byte: 0,
        position: expected.unwrap_or(1),
        found: format!("file head: {bad}"),
        detail: "a file head is synced before any frame follows".to_owned(),
    })
}

/// Reads one file's frames; returns where the good bytes end.
fn read_file(
    cursor: &mut Cursor<'_>,
    identity: &[u8; 16],
    from: u64,
    next: Option<&str>,
    end: &mut End,
    visit: &mut Visit<'_>,
) -> Result<u64, StorageError> {
    let mut offset = FILE_HEAD_BYTES as u64;
    while offset < cursor.size {
        let head = cursor.at(offset, FRAME_HEAD_BYTES)?;
        let length = (u32_at(head, 0) as usize).min(FRAME_BYTES_MAX);
        let bytes = cursor.at(offset, FRAME_HEAD_BYTES + length)?;
        match read_frame(identity, bytes, end.next_position) {
            Ok((head, payload)) => {
                if head.position + u64::from(head.count) > from {
                    visit(&head, payload)?;
                }
                offset += (FRAME_HEAD_BYTES + payload.len()) as u64;
                end.next_position += u64::from(head.count);
                end.frames += 1;
                end.records += u64::from(head.count);
            }
            Err(bad) => {
                judge(cursor, identity, offset, next, end.next_position, bad)?;
                let bytes = cursor.size - offset;
                end.torn = Some(Torn {
                    file: cursor.name.to_owned(),
                    byte: offset,
                    bytes,
                });
                break;
            }
        }
    }
    Ok(offset)
}

/// Whether a bad frame is a torn tail (returns) or damage (an error).
fn judge(
    cursor: &mut Cursor<'_>,
    identity: &[u8; 16],
    offset: u64,
    next: Option<&str>,
    position: u64,
    bad: BadFrame,
) -> Result<(), StorageError> {
    let file = cursor.name.to_owned();
    if let BadFrame::Version(found) = bad {
        return Err(StorageError::FormatUnsupported {
            file,
            found,
            newest: FORMAT_VERSION,
        });
    }
    let corrupt = |detail: String| {
        Err(StorageError::LogCorrupt {
            file: file.clone(),
            byte: offset,
            position,
            found: bad.to_string(),
            detail,
        })
    };
    if is(Mutant::DamageIsTorn) {
        return Ok(());
    }
    if let Some(next) = next {
        let begins = head_of(cursor.disk, identity, next).ok().flatten();
        let begins = begins.map(|first| format!(", from position {first} on"));
        let begins = begins.unwrap_or_default();
        return corrupt(format!("another log file follows{begins}"));
    }
    let rest = usize::try_from(cursor.size - offset).unwrap_or(usize::MAX);
    let rest = cursor.at(offset, rest)?;
    if let Some(later) = later_frames(identity, rest, position) {
        let is_torn = later.synced < position
            && lacks_sector(rest, offset, later.at)
            && flipped_bit(identity, rest, position).is_none();
        if !is_torn {
            return corrupt(format!(
                "{} good frames follow, from position {} on",
                later.count, later.first
            ));
        }
    } else if let Some(Bit { byte, bit }) = flipped_bit(identity, rest, position) {
        let byte = offset + byte as u64;
        return corrupt(format!(
            "all of the frame is there but for bit {bit} of byte {byte}"
        ));
    }
    Ok(())
}

struct Later {
    at: usize,
    first: u64,
    synced: u64,
    count: usize,
}

/// Good frames of later positions anywhere in these bytes.
fn later_frames(identity: &[u8; 16], bytes: &[u8], position: u64) -> Option<Later> {
    let mut found: Option<Later> = None;
    let mut at = 1;
    while at + FRAME_HEAD_BYTES < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        let plausible = u32_at(rest, 36) == FORMAT_VERSION
            // Every record takes a byte at least: later positions cannot run ahead of the bytes.
            && (1..=bytes.len() as u64).contains(&u64_at(rest, 8).wrapping_sub(position))
            && (u32_at(rest, 0) as usize) < rest.len();
        match plausible.then(|| read_frame(identity, rest, 0)) {
            Some(Ok((head, payload))) => {
                let later = found.get_or_insert(Later {
                    at,
                    first: head.position,
                    synced: 0,
                    count: 0,
                });
                later.synced = later.synced.max(head.synced);
                later.count += 1;
                at += FRAME_HEAD_BYTES + payload.len();
            }
            _ => at += 1,
        }
    }
    found
}

/// Whether the bad bytes before `end` hold a sector that was never written.
fn lacks_sector(bytes: &[u8], offset: u64, end: usize) -> bool {
    let skip = (SECTOR_BYTES - offset % SECTOR_BYTES) % SECTOR_BYTES;
    let bad = bytes.get(..end).unwrap_or_default();
    let (first, sectors) = bad.split_at(usize::try_from(skip).unwrap_or(0).min(end));
    let is_zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    let size = usize::try_from(SECTOR_BYTES).unwrap_or(512);
    // The frame begins inside a sector, with a length that is never zero.
    (first.len() >= 4 && is_zero(first)) || sectors.chunks_exact(size).any(is_zero)
}

#[cfg(test)]
mod tests;
