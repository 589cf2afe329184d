//! What a snapshot consists of: its position, its store, and its parts in order.

use super::SNAPSHOT_VERSION;
use super::part::{HASH_BYTES, PartId};
use crate::codec::{CodecError, Reader, Writer};
use crate::log::frame::{u32_at, u64_at};

const MAGIC: &[u8; 8] = b"SMSTKSNP";
/// magic, version, identity, position, payload bytes, checksum of all before and the payload.
const HEAD_BYTES: usize = 48;

/// Where parts are kept. Two, used in turn, so that no rotten part spoils both kept snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// `snapshots/a-*`.
    A,
    /// `snapshots/b-*`.
    B,
}

impl Store {
    /// The letter in the names of its parts.
    pub const fn letter(self) -> char {
        match self {
            Self::A => 'a',
            Self::B => 'b',
        }
    }

    /// The one for the next snapshot.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// Counts of the large sections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Contacts.
    pub contacts: u64,
    /// Messages.
    pub messages: u64,
    /// Keys of events.
    pub seen: u64,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The position that the snapshot reaches.
    pub position: u64,
    /// Where its parts are.
    pub store: Store,
    /// How much it holds.
    pub sizes: Sizes,
    /// Its parts.
    pub parts: Vec<PartId>,
}

impl Manifest {
    /// The name of a snapshot's manifest.
    pub fn name(position: u64) -> String {
        format!("snapshots/{position:020}.snap")
    }

    /// Names of its parts.
    pub fn part_names(&self) -> impl Iterator<Item = String> {
        let letter = self.store.letter();
        self.parts.iter().map(move |part| part.name(letter))
    }

    /// Bytes of all parts.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes).sum()
    }

    pub(super) fn encode(&self, identity: &[u8; 16]) -> Vec<u8> {
        let mut payload = Vec::new();
        let mut out = Writer(&mut payload);
        out.u8(u8::from(self.store == Store::B));
        let Sizes {
            contacts,
            messages,
            seen,
        } = self.sizes;
        for count in [contacts, messages, seen] {
            out.u64(count);
        }
        for part in &self.parts {
            out.u64(part.bytes);
            out.0.extend_from_slice(&part.crc.to_le_bytes());
            out.0.extend_from_slice(&part.hash);
        }
        let mut bytes = Vec::with_capacity(HEAD_BYTES + payload.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&SNAPSHOT_VERSION.to_le_bytes());
        bytes.extend_from_slice(identity);
        bytes.extend_from_slice(&self.position.to_le_bytes());
        bytes.extend_from_slice(&(payload.len() as u64).to_le_bytes());
        let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes), &payload);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes.extend_from_slice(&payload);
        bytes
    }

    /// # Errors
    /// In words, what is wrong with it.
    pub(super) fn decode(identity: &[u8; 16], bytes: &[u8]) -> Result<Self, String> {
        let Some((head, payload)) = bytes.split_at_checked(HEAD_BYTES) else {
            return Err("is shorter than its head".to_owned());
        };
        let (body, _) = head.split_at(HEAD_BYTES - 4);
        let crc = crc32c::crc32c_append(crc32c::crc32c(body), payload);
        let found = u32_at(head, HEAD_BYTES - 4);
        if crc != found {
            return Err(format!("checksum is {found:08x}, expected {crc:08x}"));
        }
        if body.get(..8) != Some(MAGIC.as_slice()) {
            return Err("has another magic word".to_owned());
        }
        let version = u32_at(body, 8);
        if version != SNAPSHOT_VERSION {
            return Err(format!(
                "has format {version}; this build reads {SNAPSHOT_VERSION}"
            ));
        }
        if body.get(12..28) != Some(identity.as_slice()) {
            return Err("belongs to another directory".to_owned());
        }
        if u64_at(body, 36) != payload.len() as u64 {
            return Err("has another length than its head says".to_owned());
        }
        Self::read(u64_at(body, 28), payload).map_err(|error| {
            let byte = error.byte + HEAD_BYTES;
            format!("byte {byte}: expected {}", error.expected)
        })
    }

    fn read(position: u64, payload: &[u8]) -> Result<Self, CodecError> {
        let reader = &mut Reader::new(payload);
        let store = match reader.u8()? {
            0 => Store::A,
            1 => Store::B,
            _ => {
                let (byte, expected) = (0, "0 or 1 for the store");
                return Err(CodecError { byte, expected });
            }
        };
        let sizes = Sizes {
            contacts: reader.u64()?,
            messages: reader.u64()?,
            seen: reader.u64()?,
        };
        let mut parts = Vec::new();
        while !reader.is_done() {
            let bytes = reader.u64()?;
            let crc = u32_at(reader.take(4)?, 0);
            let hash = reader.take(HASH_BYTES)?;
            let hash = hash.try_into().unwrap_or_default();
            parts.push(PartId { bytes, crc, hash });
        }
        Ok(Self {
            position,
            store,
            sizes,
            parts,
        })
    }
}
