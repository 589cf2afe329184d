//! One frame: the records of one batch, all or none of them, with length and checksum.
//!
//! ```text
//! 0  u32 payload bytes        4  u32 crc32c of identity, bytes 0..4 and 8.., payload
//! 8  u64 position of the first record          16 u64 last position synced when written
//! 24 i64 arrival, ms since 1970                32 u32 records      36 u32 version (1)
//! ```
//! The checksum covers position and directory identity, so right bytes in the wrong place are
//! found too. Pure.

use crate::limits::FRAME_BYTES_MAX;
use crate::mutants::{Mutant, is};

/// Bytes before the payload.
pub const FRAME_HEAD_BYTES: usize = 40;
/// Bytes at the start of a log file.
pub const FILE_HEAD_BYTES: usize = 40;
/// The version this build writes, and the newest it reads.
pub const FORMAT_VERSION: u32 = 1;

const FILE_MAGIC: &[u8; 8] = b"SMSTKLOG";

/// What stands before a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHead {
    /// Bytes of the payload.
    pub payload_bytes: u32,
    /// Position of the first record.
    pub position: u64,
    /// Last position known to be on disk when the frame was written.
    pub synced: u64,
    /// Arrival of the batch, milliseconds since 1970-01-01 UTC.
    pub received_ms: i64,
    /// Records in the payload, from 1.
    pub count: u32,
}

/// Why bytes are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadFrame {
    /// The file ends before the frame does.
    Short,
    /// All bytes to the end of the file are zero: space that was never written.
    Zeros,
    /// The head says something no writer writes.
    Head(&'static str),
    /// Found, expected.
    Checksum(u32, u32),
    /// Found, expected.
    Position(u64, u64),
    /// A newer build wrote it.
    Version(u32),
}

impl std::fmt::Display for BadFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Short => f.write_str("the file ends inside a frame"),
            Self::Zeros => f.write_str("only zeros follow"),
            Self::Head(what) => write!(f, "the frame's head has {what}"),
            Self::Checksum(found, expected) => {
                write!(f, "checksum is {found:08x}, expected {expected:08x}")
            }
            Self::Position(found, expected) => {
                write!(f, "position is {found}, expected {expected}")
            }
            Self::Version(found) => write!(f, "the frame has version {found}"),
        }
    }
}

pub(super) fn checksum(identity: &[u8; 16], head: &[u8], payload: &[u8]) -> u32 {
    if is(Mutant::ChecksumOfPayload) {
        return crc32c::crc32c(payload);
    }
    let crc = crc32c::crc32c(identity);
    let crc = crc32c::crc32c_append(crc, head.get(0..4).unwrap_or_default());
    let crc = crc32c::crc32c_append(crc, head.get(8..FRAME_HEAD_BYTES).unwrap_or_default());
    crc32c::crc32c_append(crc, payload)
}

/// Appends a frame.
pub fn write_frame(identity: &[u8; 16], head: &FrameHead, payload: &[u8], out: &mut Vec<u8>) {
    let mut bytes = [0_u8; FRAME_HEAD_BYTES];
    let fields: [(usize, &[u8]); 6] = [
        (0, &head.payload_bytes.to_le_bytes()),
        (8, &head.position.to_le_bytes()),
        (16, &head.synced.to_le_bytes()),
        (24, &head.received_ms.to_le_bytes()),
        (32, &head.count.to_le_bytes()),
        (36, &FORMAT_VERSION.to_le_bytes()),
    ];
    for (at, field) in fields {
        for (slot, byte) in bytes.iter_mut().skip(at).zip(field) {
            *slot = *byte;
        }
    }
    let crc = checksum(identity, &bytes, payload).to_le_bytes();
    for (slot, byte) in bytes.iter_mut().skip(4).zip(crc) {
        *slot = byte;
    }
    out.extend_from_slice(&bytes);
    out.extend_from_slice(payload);
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..at + 4)
        .and_then(|bytes| <[u8; 4]>::try_from(bytes).ok())
        .map_or(0, u32::from_le_bytes)
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes
        .get(at..at + 8)
        .and_then(|bytes| <[u8; 8]>::try_from(bytes).ok())
        .map_or(0, u64::from_le_bytes)
}

/// Reads the frame at the start of `bytes`, which reach to the end of the file or at least
/// over the longest frame. Returns the head and the payload.
///
/// # Errors
/// See [`BadFrame`].
pub fn read_frame<'a>(
    identity: &[u8; 16],
    bytes: &'a [u8],
    position: u64,
) -> Result<(FrameHead, &'a [u8]), BadFrame> {
    let Some(head_bytes) = bytes.get(..FRAME_HEAD_BYTES) else {
        let zeros = bytes.iter().all(|byte| *byte == 0);
        return Err(if zeros {
            BadFrame::Zeros
        } else {
            BadFrame::Short
        });
    };
    let head = FrameHead {
        payload_bytes: u32_at(head_bytes, 0),
        position: u64_at(head_bytes, 8),
        synced: u64_at(head_bytes, 16),
        received_ms: u64_at(head_bytes, 24).cast_signed(),
        count: u32_at(head_bytes, 32),
    };
    let length = head.payload_bytes as usize;
    if head_bytes.iter().all(|byte| *byte == 0) && bytes.iter().all(|byte| *byte == 0) {
        return Err(BadFrame::Zeros);
    }
    if length == 0 || length > FRAME_BYTES_MAX {
        return Err(BadFrame::Head("a length no writer writes"));
    }
    if head.count == 0 || head.count as usize > length {
        return Err(BadFrame::Head("a record count no writer writes"));
    }
    let Some(payload) = bytes.get(FRAME_HEAD_BYTES..FRAME_HEAD_BYTES + length) else {
        return Err(BadFrame::Short);
    };
    let (found, expected) = (
        u32_at(head_bytes, 4),
        checksum(identity, head_bytes, payload),
    );
    if found != expected && !is(Mutant::IgnoreChecksum) {
        return Err(BadFrame::Checksum(found, expected));
    }
    let version = u32_at(head_bytes, 36);
    if version != FORMAT_VERSION {
        return Err(BadFrame::Version(version));
    }
    if position != 0 && head.position != position {
        return Err(BadFrame::Position(head.position, position));
    }
    Ok((head, payload))
}

/// The head of a log file: magic, version, identity, position of its first record, checksum.
pub fn write_file_head(identity: &[u8; 16], first: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(FILE_HEAD_BYTES);
    bytes.extend_from_slice(FILE_MAGIC);
    bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    bytes.extend_from_slice(identity);
    bytes.extend_from_slice(&first.to_le_bytes());
    let crc = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

/// Reads the head of a log file: the position of its first record.
///
/// # Errors
/// `Short`, `Head`, `Checksum` or `Version`.
pub fn read_file_head(identity: &[u8; 16], bytes: &[u8]) -> Result<u64, BadFrame> {
    let Some(head) = bytes.get(..FILE_HEAD_BYTES) else {
        return Err(BadFrame::Short);
    };
    let (body, _) = head.split_at(FILE_HEAD_BYTES - 4);
    let (found, expected) = (u32_at(head, FILE_HEAD_BYTES - 4), crc32c::crc32c(body));
    if found != expected {
        return Err(BadFrame::Checksum(found, expected));
    }
    if body.get(..8) != Some(FILE_MAGIC) {
        return Err(BadFrame::Head("another magic word"));
    }
    let version = u32_at(body, 8);
    if version != FORMAT_VERSION {
        return Err(BadFrame::Version(version));
    }
    if body.get(12..28) != Some(identity.as_slice()) {
        return Err(BadFrame::Head("another directory's identity"));
    }
    Ok(u64_at(body, 28))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let head = FrameHead {
            payload_bytes: 5,
            position: 7,
            synced: 3,
            received_ms: -9,
            count: 2,
        };
        let mut out = Vec::new();
        write_frame(&[1; 16], &head, b"hello", &mut out);
        out
    }

    #[test]
    fn survives_its_bytes() {
        let bytes = sample();
        let (head, payload) = read_frame(&[1; 16], &bytes, 7).unwrap();
        assert_eq!(
            (head.position, head.synced, head.received_ms, head.count),
            (7, 3, -9, 2)
        );
        assert_eq!(payload, b"hello");
    }

    #[test]
    fn every_bit_counts() {
        let bytes = sample();
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(read_frame(&[1; 16], &bad, 7).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn the_place_counts() {
        let bytes = sample();
        assert!(matches!(
            read_frame(&[2; 16], &bytes, 7),
            Err(BadFrame::Checksum(..))
        ));
        assert_eq!(
            read_frame(&[1; 16], &bytes, 8),
            Err(BadFrame::Position(7, 8))
        );
        let head = write_file_head(&[1; 16], 7);
        assert_eq!(read_file_head(&[1; 16], &head), Ok(7));
        assert!(read_file_head(&[2; 16], &head).is_err());
    }
}
