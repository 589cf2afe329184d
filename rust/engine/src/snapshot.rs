//! State and the position it reaches <-> files, each with its checksum.
//!
//! A snapshot is a manifest and the parts that it names. Parts are named by what is in them, so
//! that a part whose content is there already is not written again. There are two stores of parts,
//! used in turn: of two snapshots that follow each other none relies on a file of the other. Parts
//! are on storage before the manifest is, and a snapshot that cannot be read in full is passed
//! over with a warning, never trusted in part.

use crate::error::StorageError;

mod facts;
mod load;
mod manifest;
mod pace;
mod part;
mod save;
mod store;

pub use manifest::{Manifest, Sizes, Store};
pub use pace::Pace;
pub use part::{PartId, Section};
pub use store::{Draft, Unsound, draft, load, manifest, older, tidy};

/// The version this build writes, and the newest it reads.
pub const SNAPSHOT_VERSION: u32 = 3;

/// Names of manifests, newest first, with their positions.
pub fn names(all: &[String]) -> Vec<(u64, String)> {
    let mut found: Vec<(u64, String)> = all
        .iter()
        .filter_map(|name| {
            let stem = name.strip_prefix("snapshots/")?.strip_suffix(".snap")?;
            stem.parse().ok().map(|position| (position, name.clone()))
        })
        .collect();
    found.sort();
    found.reverse();
    found
}

fn failed(what: &str, error: &std::io::Error) -> StorageError {
    StorageError::Io {
        what: what.to_owned(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests;
