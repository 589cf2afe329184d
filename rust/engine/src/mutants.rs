//! Planted defects: each breaks one rule that keeps events safe, so that the tests can show that
//! they would see it broken. Without the feature `mutants` every question below is the constant
//! `false`, and nothing of this is in the build.

/// A rule that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mutant {
    /// A commit returns without a sync.
    SkipSync = 1,
    /// A commit returns, and its sync comes with the next one.
    AckBeforeSync,
    /// A sync that failed is tried again and believed.
    RetrySync,
    /// A name that was made or changed is not made durable.
    SkipDirSync,
    /// A snapshot gets its name before its bytes are durable.
    RenameBeforeSync,
    /// Log files are removed before the snapshot that replaces them is durable.
    TrimBeforeSync,
    /// The checksum covers the payload alone: not the position, the length or the directory.
    ChecksumOfPayload,
    /// Frames are appended after a torn tail.
    KeepTornTail,
    /// Checksums are not compared.
    IgnoreChecksum,
    /// A write that took a part is taken for the whole.
    ShortWriteIsWhole,
    /// A snapshot forgets which events were counted.
    ForgetSeen,
    /// Any bad frame is the end of the log.
    DamageIsTorn,
    /// Of those whose results are there, one is woken.
    LostNotify,
}

#[cfg(feature = "mutants")]
mod planted {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::Mutant;

    static PLANTED: AtomicU8 = AtomicU8::new(0);

    /// Breaks one rule from now on, in the whole process, or none.
    pub fn plant(mutant: Option<Mutant>) {
        PLANTED.store(mutant.map_or(0, |mutant| mutant as u8), Ordering::SeqCst);
    }

    /// Whether this rule is broken.
    pub fn is(mutant: Mutant) -> bool {
        PLANTED.load(Ordering::Relaxed) == mutant as u8
    }
}

#[cfg(feature = "mutants")]
pub use planted::{is, plant};

/// Whether this rule is broken: never.
#[cfg(not(feature = "mutants"))]
pub const fn is(_: Mutant) -> bool {
    false
}
