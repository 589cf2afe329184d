//! Where the files of a log begin, by their heads alone. What is in the files the reader knows.

use super::disk::Disk;
use super::frame::{FILE_HEAD_BYTES, read_file_head};
use super::reader::read_failed;
use super::{log_file_name, log_files};
use crate::error::StorageError;

/// Position of the first record of the first file, if it can be read.
pub fn begins_at(disk: &dyn Disk, identity: &[u8; 16]) -> Option<u64> {
    let files = log_files(&disk.list().ok()?);
    let (_, name) = files.first()?;
    head_of(disk, identity, name).ok()?
}

/// What is wrong with files that a snapshot covers, so that opening does not read them: one is
/// missing, or its head cannot be read. Nothing is answered from them; they are lost all the same.
pub fn unsound(disk: &dyn Disk, identity: &[u8; 16]) -> Vec<String> {
    let files = log_files(&disk.list().unwrap_or_default());
    let mut found = Vec::new();
    for (index, (number, name)) in files.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| files.get(before));
        if before.is_some_and(|(before, _)| before + 1 != *number) {
            let missing = log_file_name(number - 1);
            found.push(format!("the log file before {name}, {missing}, is missing"));
        }
        // The last one may be what a crash left of a file that was being made.
        if index + 1 < files.len() && !matches!(head_of(disk, identity, name), Ok(Some(_))) {
            found.push(format!("{name}, byte 0: its head cannot be read"));
        }
    }
    found
}

/// The file to begin with: the last whose first record is not after `from`.
///
/// # Errors
/// `Io`; `FileInvalid` when a file begins where a later one does, or after it: one head is a copy.
pub(super) fn first_file(
    disk: &dyn Disk,
    identity: &[u8; 16],
    files: &[(u64, String)],
    from: u64,
) -> Result<Option<usize>, StorageError> {
    if from <= 1 {
        return Ok((!files.is_empty()).then_some(0));
    }
    let (mut chosen, mut last) = (None, None);
    for (index, (_, name)) in files.iter().enumerate() {
        let first = head_of(disk, identity, name)?;
        if let (Some(before), Some(first)) = (last, first)
            && before >= first
        {
            return Err(StorageError::FileInvalid {
                file: name.clone(),
                reason: format!("begins at position {first}, a file before it at {before}"),
                hint: "The head of one of them is not its own: restore both from a backup.",
            });
        }
        last = first.or(last);
        if index == 0 || first.is_some_and(|first| first <= from) {
            chosen = Some(index);
        }
    }
    Ok(chosen)
}

/// A file's first position; `None` if its head cannot be read.
pub(super) fn head_of(
    disk: &dyn Disk,
    identity: &[u8; 16],
    name: &str,
) -> Result<Option<u64>, StorageError> {
    let bytes = disk
        .read(name, 0, FILE_HEAD_BYTES)
        .map_err(|error| read_failed(name, &error))?;
    Ok(read_file_head(identity, &bytes).ok())
}
