//! Every error and every sentence the engine can say.
//!
//! Who must act decides the class: [`InputError`] the sender, [`StorageError`] the operator,
//! [`ClosedError`] our caller. A sentence says what happened, the value, the limit or what was
//! expected, where, and what to do. It never holds a phone number or a text.

use thiserror::Error;

/// The sender must act: something given to us is not right. Nothing was changed.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum InputError {
    /// A body or a batch over its limit.
    #[error("{what} is {bytes} bytes; {limit} is {bytes_max}. Split it and send again.")]
    TooLarge {
        /// `body`, `batch`, `expression`.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The limit's name.
        limit: &'static str,
        /// The limit.
        bytes_max: usize,
    },
    /// A name that cannot be one.
    #[error("{what} name {reason}. Use 1 to 128 bytes without control characters or quotes.")]
    NameInvalid {
        /// `campaign`, `blast`, `account`, `tag`, `provider`.
        what: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// A name nobody registered.
    #[error("there is no {what} \"{name}\". {hint}")]
    Unknown {
        /// `campaign`, `blast`, `provider`, `set`.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// Where to look.
        hint: String,
    },
    /// A segment expression that cannot be read.
    #[error("expression, byte {byte}: {reason}")]
    QueryInvalid {
        /// Offset in the expression, in bytes.
        byte: usize,
        /// What was expected.
        reason: String,
    },
    /// A value out of its range or form.
    #[error("{what} {reason}")]
    ValueInvalid {
        /// Which value.
        what: &'static str,
        /// What is wrong and what was expected.
        reason: String,
    },
    /// A provider profile that cannot be loaded.
    #[error("{file}, line {line}, {key}: {reason} No profile was loaded.")]
    ProfileInvalid {
        /// The file, as it was named to us.
        file: String,
        /// Line in it, from 1.
        line: usize,
        /// The key, from the top.
        key: String,
        /// What is wrong, and what is allowed.
        reason: String,
    },
    /// A table is full.
    #[error("there are already {count} {what}, the most one {unit} holds. Use another {unit}.")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// `directory` or `blast`.
        unit: &'static str,
        /// The limit.
        count: usize,
    },
    /// Labels that do not fit the batch.
    #[error(
        "{given} label words were given for {expected} replies. Give one word for each reply, in order."
    )]
    LabelsMismatch {
        /// Words given.
        given: usize,
        /// Replies in the batch.
        expected: usize,
    },
}

impl InputError {
    /// The stable word.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::NameInvalid { .. } => "name_invalid",
            Self::Unknown { .. } => "unknown_name",
            Self::QueryInvalid { .. } => "query_invalid",
            Self::ValueInvalid { .. } => "value_invalid",
            Self::TooMany { .. } => "too_many",
            Self::ProfileInvalid { .. } => "profile_invalid",
            Self::LabelsMismatch { .. } => "labels_mismatch",
        }
    }
}

/// The operator must act: the directory or its disk.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum StorageError {
    /// A write or sync failed; nothing was applied, and nothing will be until there is room, if
    /// only that was missing, or else until reopened.
    #[error(
        "append after position {position} failed: {reason}. Writes stay refused until there is room, or else until reopen."
    )]
    LogAppendFailed {
        /// Last position known to be kept.
        position: u64,
        /// The system's words.
        reason: String,
    },
    /// An earlier write failed.
    #[error(
        "writes are refused since the append after position {position} failed: {reason}. Make room, or mend the disk and reopen."
    )]
    Poisoned {
        /// Last position known to be kept.
        position: u64,
        /// The first failure's words.
        reason: String,
    },
    /// Damage before good frames: not what a crash leaves behind.
    #[error(
        "{file}, byte {byte}, position {position}: {found}; {detail}, so this is damage, not a torn tail. Nothing was changed. Run `smstrack check`."
    )]
    LogCorrupt {
        /// File name within the directory.
        file: String,
        /// Offset in the file.
        byte: u64,
        /// The first record that is in doubt; those before it are sound.
        position: u64,
        /// What is wrong there.
        found: String,
        /// How it is known to be damage.
        detail: String,
    },
    /// A file that does not say what it must.
    #[error("{file}: {reason}. Nothing was changed. {hint}")]
    FileInvalid {
        /// File name within the directory.
        file: String,
        /// What is wrong.
        reason: String,
        /// What to do.
        hint: &'static str,
    },
    /// Written by a newer build.
    #[error(
        "{file} has format {found}; this build reads up to {newest}. Upgrade smstrack, or restore an older copy."
    )]
    FormatUnsupported {
        /// File name within the directory.
        file: String,
        /// Its format.
        found: u32,
        /// The newest this build reads.
        newest: u32,
    },
    /// A record that was taken away with its log file, by the owner's order.
    #[error(
        "the record at position {position} was trimmed from the log, which now begins at position {begins}. What it held is in backups made before."
    )]
    RecordTrimmed {
        /// The record asked for.
        position: u64,
        /// The first that is there.
        begins: u64,
    },
    /// Somebody asked for it; what was there before is still there.
    #[error(
        "the snapshot was given up because smstrack stops. Nothing is lost: the log holds everything."
    )]
    SnapshotStopped,
    /// Another engine has the directory.
    #[error("data directory is locked by {holder}. One engine per directory.")]
    AlreadyOpen {
        /// `process 4121`, or `another engine of this process`.
        holder: String,
    },
    /// Opening or reading failed.
    #[error("{what} failed: {reason}.")]
    Io {
        /// `open of 000001.log` and the like.
        what: String,
        /// The system's words.
        reason: String,
    },
    /// A defect of ours was caught; the engine refuses to go on.
    #[error("internal check failed: {what}. Writes stay refused until reopen; please report this.")]
    Internal {
        /// Which check.
        what: String,
    },
}

impl StorageError {
    /// The stable word.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LogAppendFailed { .. } => "log_append_failed",
            Self::Poisoned { .. } => "log_poisoned",
            Self::LogCorrupt { .. } => "log_corrupt",
            Self::FileInvalid { .. } => "file_invalid",
            Self::FormatUnsupported { .. } => "format_unsupported",
            Self::RecordTrimmed { .. } => "record_trimmed",
            Self::SnapshotStopped => "snapshot_stopped",
            Self::AlreadyOpen { .. } => "already_open",
            Self::Io { .. } => "io_failed",
            Self::Internal { .. } => "internal",
        }
    }
}

/// Our caller must act: the engine was closed.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[error("the engine is closed. Open the directory again.")]
pub struct ClosedError;

/// Anything the engine can say.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum EngineError {
    /// See [`InputError`].
    #[error(transparent)]
    Input(#[from] InputError),
    /// See [`StorageError`].
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// See [`ClosedError`].
    #[error(transparent)]
    Closed(#[from] ClosedError),
}

impl EngineError {
    /// The stable word.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Input(error) => error.code(),
            Self::Storage(error) => error.code(),
            Self::Closed(_) => "closed",
        }
    }
}
