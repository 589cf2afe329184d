//! Who a directory is: its random identity, its format, and the windows it was made with.

use super::Options;
use super::open::io;
use crate::error::{EngineError, InputError, StorageError};
use crate::limits::{ATTRIBUTION_WINDOW_MS, RECEIPT_WINDOW_MS};
use crate::log::disk::Disk;
use crate::log::frame::{u32_at, u64_at};
use crate::mutants::{Mutant, is};
use crate::state::Windows;

pub(crate) const IDENTITY: &str = "IDENTITY";
const IDENTITY_MAGIC: &[u8; 8] = b"SMSTKDIR";
const IDENTITY_VERSION: u32 = 1;
const IDENTITY_BYTES: usize = 48;

/// The directory's identity and windows, made now if it is new.
pub(super) fn identity(
    disk: &dyn Disk,
    options: &Options,
) -> Result<([u8; 16], Windows, bool), EngineError> {
    let all = disk
        .list()
        .map_err(|error| io("reading of the directory", &error))?;
    if all.iter().any(|name| name == IDENTITY) {
        let bytes = disk
            .read(IDENTITY, 0, IDENTITY_BYTES + 1)
            .map_err(|error| io("reading of IDENTITY", &error))?;
        let (identity, windows) = read_identity(&bytes)?;
        check_windows(options, windows)?;
        return Ok((identity, windows, false));
    }
    if let Some(name) = all
        .iter()
        .find(|name| name.starts_with("log/") || name.starts_with("snapshots/"))
    {
        return Err(EngineError::Storage(StorageError::FileInvalid {
            file: IDENTITY.to_owned(),
            reason: format!("is missing, but {name} is there"),
            hint: "Restore IDENTITY from a backup; without it nothing else can be read.",
        }));
    }
    let foreign = |name: &&String| name.as_str() != "LOCK" && !name.starts_with("IDENTITY.");
    if let Some(name) = all.iter().find(foreign) {
        return Err(EngineError::Input(InputError::ValueInvalid {
            what: "data directory",
            reason: format!("holds other files ({name}). Name an empty or a new one."),
        }));
    }
    if !options.create {
        return Err(EngineError::Storage(StorageError::FileInvalid {
            file: IDENTITY.to_owned(),
            reason: "is missing: this is no data directory".to_owned(),
            hint: "Check the path.",
        }));
    }
    let windows = Windows {
        attribution_ms: options
            .attribution_window_ms
            .unwrap_or(ATTRIBUTION_WINDOW_MS),
        receipt_ms: options.receipt_window_ms.unwrap_or(RECEIPT_WINDOW_MS),
    };
    write_identity(disk, &options.new_identity, windows)
        .map_err(|error| io("writing of IDENTITY", &error))?;
    Ok((options.new_identity, windows, true))
}

fn check_windows(options: &Options, windows: Windows) -> Result<(), EngineError> {
    let pairs = [
        (
            "attribution_window_ms",
            options.attribution_window_ms,
            windows.attribution_ms,
        ),
        (
            "receipt_window_ms",
            options.receipt_window_ms,
            windows.receipt_ms,
        ),
    ];
    for (what, asked, has) in pairs {
        if asked.is_some_and(|asked| asked != has) {
            let reason = format!("is {has} in this directory and cannot be changed. Leave it out.");
            return Err(EngineError::Input(InputError::ValueInvalid {
                what,
                reason,
            }));
        }
    }
    Ok(())
}

fn write_identity(disk: &dyn Disk, identity: &[u8; 16], windows: Windows) -> std::io::Result<()> {
    let mut bytes = Vec::with_capacity(IDENTITY_BYTES);
    bytes.extend_from_slice(IDENTITY_MAGIC);
    bytes.extend_from_slice(&IDENTITY_VERSION.to_le_bytes());
    bytes.extend_from_slice(identity);
    bytes.extend_from_slice(&windows.attribution_ms.to_le_bytes());
    bytes.extend_from_slice(&windows.receipt_ms.to_le_bytes());
    let crc = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    let temporary = "IDENTITY.tmp";
    if disk.size(temporary).is_ok() {
        disk.remove(temporary)?;
    }
    let mut file = disk.create(temporary)?;
    file.append(&bytes)?;
    file.sync()?;
    disk.rename(temporary, IDENTITY)?;
    if is(Mutant::SkipDirSync) {
        return Ok(());
    }
    disk.sync_dir(IDENTITY)
}

/// That this is a data directory that this build reads.
///
/// # Errors
/// `FileInvalid`, `FormatUnsupported`.
pub fn is_directory(disk: &dyn Disk) -> Result<(), EngineError> {
    identity_of(disk).map(|_| ())
}

/// Identity and windows of a directory that is there.
pub(crate) fn identity_of(disk: &dyn Disk) -> Result<([u8; 16], Windows), EngineError> {
    let bytes = disk
        .read(IDENTITY, 0, IDENTITY_BYTES + 1)
        .map_err(|error| {
            EngineError::Storage(StorageError::FileInvalid {
                file: IDENTITY.to_owned(),
                reason: format!("cannot be read ({error})"),
                hint: "Check the path: is this a data directory?",
            })
        })?;
    read_identity(&bytes)
}

fn read_identity(bytes: &[u8]) -> Result<([u8; 16], Windows), EngineError> {
    let invalid = |reason: &str| {
        EngineError::Storage(StorageError::FileInvalid {
            file: IDENTITY.to_owned(),
            reason: reason.to_owned(),
            hint: "Restore IDENTITY from a backup.",
        })
    };
    if bytes.get(..8) != Some(IDENTITY_MAGIC.as_slice()) {
        return Err(invalid("does not begin as one of ours"));
    }
    let version = u32_at(bytes, 8);
    if version > IDENTITY_VERSION {
        return Err(EngineError::Storage(StorageError::FormatUnsupported {
            file: IDENTITY.to_owned(),
            found: version,
            newest: IDENTITY_VERSION,
        }));
    }
    let body = bytes.get(..IDENTITY_BYTES - 4).unwrap_or_default();
    if bytes.len() != IDENTITY_BYTES || crc32c::crc32c(body) != u32_at(bytes, IDENTITY_BYTES - 4) {
        return Err(invalid("does not have the checksum it says"));
    }
    let identity = body
        .get(12..28)
        .and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    let windows = Windows {
        attribution_ms: u64_at(body, 28).cast_signed(),
        receipt_ms: u64_at(body, 36).cast_signed(),
    };
    Ok((identity.unwrap_or_default(), windows))
}
