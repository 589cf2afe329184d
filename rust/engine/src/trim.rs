//! Takes away the oldest log files: by their owner's order only, and only those that lie wholly
//! behind a position, which two proved snapshots must reach.

use crate::error::StorageError;
use crate::log::disk::Disk;
use crate::log::frame::{FILE_HEAD_BYTES, read_file_head};
use crate::log::log_files;

/// Removes the log files whose records are all at or before `until`, the oldest first; never the
/// newest file. How many.
///
/// # Errors
/// `Io`; what is left is a log without a gap.
pub fn trim(disk: &dyn Disk, identity: &[u8; 16], until: u64) -> Result<usize, StorageError> {
    let failed = |what: &str, error: &std::io::Error| StorageError::Io {
        what: what.to_owned(),
        reason: error.to_string(),
    };
    let all = disk
        .list()
        .map_err(|error| failed("reading of the directory", &error))?;
    let files = log_files(&all);
    let mut count = 0;
    for ((_, name), (_, next)) in files.iter().zip(files.iter().skip(1)) {
        let head = disk
            .read(next, 0, FILE_HEAD_BYTES)
            .map_err(|error| failed(&format!("reading of {next}"), &error))?;
        // A head that cannot be read is for opening to judge.
        if !read_file_head(identity, &head).is_ok_and(|first| first <= until + 1) {
            break;
        }
        // One by one: of two removals a crash might keep the later one alone.
        disk.remove(name)
            .and_then(|()| disk.sync_dir(name))
            .map_err(|error| failed(&format!("removal of {name}"), &error))?;
        count += 1;
    }
    Ok(count)
}
