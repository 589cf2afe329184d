//! Names and ids from outside -> keyed 64-bit keys.
//!
//! The key of the hash is random per data directory, so nobody outside can aim ids at one
//! bucket or at each other, and ids of one directory mean nothing in another. Two different
//! ids share a key with odds of 2^-64 a pair. Knows nothing of what a key is used for.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use siphasher::sip::SipHasher13;

use crate::event::{Number, Provider};
use crate::ids::Scoped;

/// A byte that UTF-8 never has: it keeps ("ab", "c") and ("a", "bc") apart.
const END: u8 = 0xFF;
/// Bytes of names that are hashed at once, and of most names.
const BUFFER_BYTES: usize = 256;
const SHORT_BYTES: usize = 64;

/// Puts all parts, each with its end, into the buffer; `None` if they do not fit.
fn gather<const N: usize>(what: u8, parts: &[&[u8]], buffer: &mut [u8; N]) -> Option<usize> {
    *buffer.first_mut()? = what;
    let mut len = 1;
    for part in parts {
        let end = len + part.len();
        buffer.get_mut(len..end)?.copy_from_slice(part);
        *buffer.get_mut(end)? = END;
        len = end + 1;
    }
    Some(len)
}

/// Makes keys of one data directory. `0` is never a key: it means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys {
    k0: u64,
    k1: u64,
}

impl Keys {
    /// Keys of the directory with this identity.
    pub fn new(identity: [u8; 16]) -> Self {
        let (low, high) = identity.split_at(8);
        Self {
            k0: word(low),
            k1: word(high),
        }
    }

    fn hash(self, what: u8, parts: &[&[u8]]) -> u64 {
        let mut hasher = SipHasher13::new_with_keys(self.k0, self.k1);
        // One write of many bytes costs far less than many of few; most names fit.
        let mut buffer = [0; SHORT_BYTES];
        if let Some(len) = gather(what, parts, &mut buffer) {
            hasher.write(buffer.get(..len).unwrap_or_default());
            return hasher.finish().max(1);
        }
        let mut buffer = [0; BUFFER_BYTES];
        match gather(what, parts, &mut buffer) {
            Some(len) => hasher.write(buffer.get(..len).unwrap_or_default()),
            None => {
                hasher.write(&[what]);
                for part in parts {
                    hasher.write(part);
                    hasher.write(&[END]);
                }
            }
        }
        hasher.finish().max(1)
    }

    /// A provider's message id. Ids of different accounts are different messages, and so are
    /// those of different contacts where a provider gives one id to a whole batch.
    pub fn message(
        self,
        provider: Provider,
        account: &str,
        id: &str,
        contact: Option<Number>,
    ) -> u64 {
        let code = [provider.code()];
        if provider == Provider::Profile {
            // Without the marks of its id forms: they may change in the profile's file.
            let scoped = Scoped::read(account);
            let (name, account) = (scoped.name.as_bytes(), scoped.account.as_bytes());
            return self.hash(1, &[&code, name, account, id.as_bytes()]);
        }
        let (account, id) = (account.as_bytes(), id.as_bytes());
        match contact.filter(|_| shares_ids(provider)) {
            Some(contact) => self.hash(8, &[&code, account, id, &contact.0.to_le_bytes()]),
            None => self.hash(1, &[&code, account, id]),
        }
    }

    /// A sender as on the wire; `text` must be normalised (see `decode::number`).
    pub fn sender(self, text: &str) -> u64 {
        self.hash(2, &[text.as_bytes()])
    }

    /// A campaign by name.
    pub fn campaign(self, name: &str) -> u64 {
        self.hash(3, &[name.as_bytes()])
    }

    /// A blast by its campaign's and its own name.
    pub fn blast(self, campaign: &str, name: &str) -> u64 {
        self.hash(4, &[campaign.as_bytes(), name.as_bytes()])
    }

    /// The identity of an event, by which a repeat is known.
    pub fn event(self, parts: &[&[u8]]) -> u64 {
        self.hash(5, parts)
    }

    /// The identity of a receipt: keys and numbers, then two short texts.
    pub fn receipt(self, words: [u64; 4], kinds: [u8; 3], texts: [&str; 2]) -> u64 {
        let mut bytes = [0; 32];
        for (place, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
            *place = word.to_le_bytes();
        }
        let [code, account] = texts.map(str::as_bytes);
        self.hash(7, &[&bytes, &kinds, code, account])
    }

    /// A fact, for the digest of state.
    pub fn fact(self, parts: &[&[u8]]) -> u64 {
        self.hash(6, parts)
    }
}

/// Hashes a key to itself: it is a keyed hash already, and hashing it again is time lost.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes
            .iter()
            .fold(self.0, |sum, byte| sum.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

/// A table by key.
pub type KeyMap<V> = HashMap<u64, V, BuildHasherDefault<KeyHasher>>;

fn word(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

/// Whether all recipients of a batch have one id.
pub const fn shares_ids(provider: Provider) -> bool {
    matches!(
        provider,
        Provider::Telnyx
            | Provider::Sinch
            | Provider::Bandwidth
            | Provider::MessageBird
            | Provider::Msg91
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        let keys = Keys::new([7; 16]);
        assert_ne!(keys.blast("ab", "c"), keys.blast("a", "bc"));
        assert_ne!(keys.campaign("a"), keys.sender("a"));
        assert_ne!(
            keys.message(Provider::Twilio, "", "x", None),
            keys.message(Provider::Telnyx, "", "x", None)
        );
    }

    #[test]
    fn long_names_are_hashed_as_short_ones_are() {
        let keys = Keys::new([7; 16]);
        let mut hasher = SipHasher13::new_with_keys(keys.k0, keys.k1);
        hasher.write(b"\x03spring\xFF");
        assert_eq!(keys.campaign("spring"), hasher.finish());
        for len in [
            SHORT_BYTES - 2,
            SHORT_BYTES - 1,
            BUFFER_BYTES - 2,
            BUFFER_BYTES,
        ] {
            let long = "x".repeat(len);
            let mut hasher = SipHasher13::new_with_keys(keys.k0, keys.k1);
            hasher.write(format!("\u{3}{long}").as_bytes());
            hasher.write(&[END]);
            assert_eq!(keys.campaign(&long), hasher.finish(), "{len}");
        }
    }
}
