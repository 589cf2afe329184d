//! Chunks of state <-> the bytes of a part, named by what is in it.
//!
//! | at | bytes | what |
//! | --- | --- | --- |
//! | 0 | 8 | `SMSTKPRT` |
//! | 8 | 4 | format |
//! | 12 | 16 | identity |
//! | 28 | 4 | crc32c of bytes 0 to 27 and all that follows |
//!
//! then chunks: section (1), index (varint), bytes (varint), payload.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::SNAPSHOT_VERSION;
use crate::codec::{CodecError, Reader, Writer};
use crate::log::frame::u32_at;
use crate::named::named;

const MAGIC: &[u8; 8] = b"SMSTKPRT";
/// Bytes before the chunks.
pub(super) const HEAD_BYTES: usize = 32;
const CRC_AT: usize = 28;
/// Bytes of a hash that make a name: two contents share one with odds of 2^-128 a pair.
pub(super) const HASH_BYTES: usize = 16;

named! {
    /// What a chunk holds. Appended to, never renumbered.
    Section {
        /// Counters of traffic and the newest arrival.
        Traffic = 1 "traffic",
        /// Numbers in order of their ids.
        Contacts = 2 "contacts",
        /// Campaigns in order of their ids.
        Campaigns = 3 "campaigns",
        /// Blasts with their sets, each with its id.
        Blasts = 4 "blasts",
        /// Messages in order of registration.
        Messages = 5 "messages",
        /// Keys of events in order of arrival.
        Seen = 6 "seen",
        /// Message ids that wait for their blast.
        WaitingSends = 7 "waiting_sends",
        /// Events whose blast is not certain, in order of arrival.
        Loose = 8 "loose",
        /// The ledger of consent, in order of the log.
        Consent = 9 "consent",
        /// Replies in order of the log.
        Replies = 10 "replies",
        /// Settings.
        Settings = 11 "settings",
        /// Dead letters in order of the log.
        DeadLetters = 12 "dead_letters",
    }
}

/// A piece of one section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub section: Section,
    pub index: u64,
    pub payload: Vec<u8>,
}

/// A chunk in the bytes of its part: section, index, payload.
pub(super) type Piece<'a> = (Section, u64, &'a [u8]);

/// What a manifest says of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartId {
    /// Bytes of the file.
    pub bytes: u64,
    /// Its checksum, as in its head.
    pub crc: u32,
    /// The first bytes of the SHA-256 of all of it.
    pub hash: [u8; HASH_BYTES],
}

impl PartId {
    /// The name within the directory.
    pub fn name(&self, store: char) -> String {
        let mut name = format!("snapshots/{store}-");
        for byte in self.hash {
            // Writing to a String cannot fail.
            write!(name, "{byte:02x}").unwrap_or_default();
        }
        name.push_str(".part");
        name
    }
}

/// The bytes of a part.
pub(super) fn encode(identity: &[u8; 16], chunks: &[Chunk]) -> (PartId, Vec<u8>) {
    let payload: usize = chunks.iter().map(|chunk| chunk.payload.len() + 20).sum();
    let mut bytes = Vec::with_capacity(HEAD_BYTES + payload);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&SNAPSHOT_VERSION.to_le_bytes());
    bytes.extend_from_slice(identity);
    bytes.extend_from_slice(&[0; HEAD_BYTES - CRC_AT]);
    let mut out = Writer(&mut bytes);
    for chunk in chunks {
        out.u8(chunk.section.code());
        out.varint(chunk.index);
        out.bytes(&chunk.payload);
    }
    let crc = checksum(&bytes);
    for (slot, byte) in bytes.iter_mut().skip(CRC_AT).zip(crc.to_le_bytes()) {
        *slot = byte;
    }
    let mut hash = [0; HASH_BYTES];
    for (slot, byte) in hash.iter_mut().zip(Sha256::digest(&bytes)) {
        *slot = byte;
    }
    let bytes_count = bytes.len() as u64;
    let id = PartId {
        bytes: bytes_count,
        crc,
        hash,
    };
    (id, bytes)
}

fn checksum(bytes: &[u8]) -> u32 {
    let head = crc32c::crc32c(bytes.get(..CRC_AT).unwrap_or_default());
    crc32c::crc32c_append(head, bytes.get(HEAD_BYTES..).unwrap_or_default())
}

/// The chunks of a part that is what its manifest says.
///
/// # Errors
/// In words, what is wrong with it.
pub(super) fn open<'a>(
    identity: &[u8; 16],
    id: &PartId,
    bytes: &'a [u8],
) -> Result<Vec<Piece<'a>>, String> {
    if bytes.len() as u64 != id.bytes {
        return Err(format!("has {} bytes, expected {}", bytes.len(), id.bytes));
    }
    let Some((head, payload)) = bytes.split_at_checked(HEAD_BYTES) else {
        return Err("is shorter than its head".to_owned());
    };
    let found = (u32_at(head, CRC_AT), checksum(bytes));
    if found != (id.crc, id.crc) {
        let (said, crc) = found;
        return Err(format!(
            "has checksum {crc:08x} and says {said:08x}, expected {:08x}",
            id.crc
        ));
    }
    let is_ours = head.get(..8) == Some(MAGIC.as_slice())
        && u32_at(head, 8) == SNAPSHOT_VERSION
        && head.get(12..28) == Some(identity.as_slice());
    if !is_ours {
        return Err("is no part of this directory and format".to_owned());
    }
    chunks(payload).map_err(|error| {
        let byte = error.byte + HEAD_BYTES;
        format!("byte {byte}: expected {}", error.expected)
    })
}

fn chunks(payload: &[u8]) -> Result<Vec<Piece<'_>>, CodecError> {
    let mut reader = Reader::new(payload);
    let mut chunks = Vec::new();
    while !reader.is_done() {
        let byte = reader.at();
        let section = Section::from_code(reader.u8()?);
        let section = section.ok_or(CodecError {
            byte,
            expected: "a section's code",
        })?;
        chunks.push((section, reader.varint()?, reader.bytes()?));
    }
    Ok(chunks)
}
