//! The append-only truth: numbered files of frames, one after another.
//!
//! One layer a file: `frame` knows bytes and checksums, `disk` is where files begin, `writer`
//! appends and syncs, `heads` says where files begin, `reader` finds the end and tells a torn tail from damage, with `flip` for
//! damage of a single bit. Knows nothing of what a record says.

pub mod disk;
pub mod faulty;
pub mod flip;
pub mod frame;
pub mod heads;
pub mod pick;
pub mod reader;
mod reserve;
pub mod writer;

/// Names of log files, in the order of their numbers.
pub(crate) fn log_files(names: &[String]) -> Vec<(u64, String)> {
    let mut files: Vec<(u64, String)> = names
        .iter()
        .filter_map(|name| {
            let stem = name.strip_prefix("log/")?.strip_suffix(".log")?;
            (stem.len() == 12).then(|| stem.parse().ok().map(|number| (number, name.clone())))?
        })
        .collect();
    files.sort();
    files
}

/// The name of a log file.
pub(crate) fn log_file_name(number: u64) -> String {
    format!("log/{number:012}.log")
}
