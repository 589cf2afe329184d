//! Where the files of a log begin, by their heads alone. What is in the files the reader knows.

use super::disk::Disk;
use super::frame::{FILE_HEAD_BYTES, read_file_head};
use super::log_files;
use super::reader::read_failed;
use crate::error::StorageError;

/// Position of the first record of the first file, if it can be read.
pub fn begins_at(disk: &dyn Disk, identity: &[u8; 16]) -> Option<u64> {
    let files = log_files(&disk.list().ok()?);
    let (_, name) = files.first()?;
    head_of(disk, identity, name).ok()?
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
fn head_of(disk: &dyn Disk, identity: &[u8; 16], name: &str) -> Result<Option<u64>, StorageError> {
    let bytes = disk
        .read(name, 0, FILE_HEAD_BYTES)
        .map_err(|error| read_failed(name, &error))?;
    Ok(read_file_head(identity, &bytes).ok())
}
