//! Hashes, keyed hashes, strict text forms of both, and comparing in constant time. Knows no
//! scheme.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;

/// A hash function that some scheme uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// Bytes of its digest.
    pub const fn len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// Whether `tag` is the keyed hash of these parts, one after the other.
pub fn is_hmac<'a>(
    hash: Hash,
    key: &[u8],
    parts: impl IntoIterator<Item = &'a [u8]>,
    tag: &[u8],
) -> bool {
    match hash {
        Hash::Md5 => matches::<Hmac<Md5>>(key, parts, tag),
        Hash::Sha1 => matches::<Hmac<Sha1>>(key, parts, tag),
        Hash::Sha256 => matches::<Hmac<Sha256>>(key, parts, tag),
        Hash::Sha384 => matches::<Hmac<Sha384>>(key, parts, tag),
        Hash::Sha512 => matches::<Hmac<Sha512>>(key, parts, tag),
    }
}

fn matches<'a, M: Mac + KeyInit>(
    key: &[u8],
    parts: impl IntoIterator<Item = &'a [u8]>,
    tag: &[u8],
) -> bool {
    // Every length of key is one that HMAC takes; if not, nothing matches.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else {
        return false;
    };
    parts.into_iter().for_each(|part| mac.update(part));
    // Compares whole tags only, in constant time.
    mac.verify_slice(tag).is_ok()
}

/// MD5 of these parts, one after the other.
pub fn md5<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 16] {
    let mut hash = Md5::new();
    parts.into_iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

/// SHA-1 of these parts, one after the other.
pub fn sha1<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 20] {
    let mut hash = Sha1::new();
    parts.into_iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

/// SHA-256 of these parts, one after the other.
pub fn sha256<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hash = Sha256::new();
    parts.into_iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

/// Whether two byte strings are equal; takes equally long wherever they differ.
pub fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

/// Whether a secret was given; says nothing of the length of ours by how long it takes.
pub fn is_secret(given: &[u8], ours: &[u8]) -> bool {
    is_same(&sha256([given]), &sha256([ours]))
}

/// Base64 with its padding, and no bit that is not part of a byte.
pub fn base64(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Base64 of a key or secret that somebody pasted: the padding may be gone.
pub fn base64_key(text: &[u8]) -> Option<Vec<u8>> {
    let bare = text.trim_ascii().trim_ascii_end();
    let bare = bare.strip_suffix(b"=").unwrap_or(bare);
    let bare = bare.strip_suffix(b"=").unwrap_or(bare);
    base64::engine::general_purpose::STANDARD_NO_PAD
        .decode(bare)
        .ok()
}

/// Base64 in the alphabet of URLs, without padding, as tokens have it.
pub fn base64_url(text: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Hexadecimal digits, all letters in the same case: one encoder writes one case, so that a
/// mixture was altered on the way.
pub fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let has_upper = text.iter().any(u8::is_ascii_uppercase);
    let has_lower = text.iter().any(u8::is_ascii_lowercase);
    if (has_upper && has_lower) || !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| {
        let value = char::from(byte).to_digit(16)?;
        u8::try_from(value).ok()
    };
    text.chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_strict() {
        assert_eq!(base64(b"AA=="), Some(vec![0]));
        for bad in [
            b"AB==".as_slice(),
            b"AA",
            b"AA=",
            b"A===",
            b" AA==",
            b"AA==\n",
            b"A-==",
        ] {
            assert_eq!(base64(bad), None, "{bad:?}");
        }
        assert_eq!(base64_url(b"-_8"), Some(vec![0xfb, 0xff]));
        assert_eq!(base64_url(b"-_9"), None);
        assert_eq!(base64_url(b"-_8="), None);
        assert_eq!(hex(b"0aff"), Some(vec![10, 255]));
        assert_eq!(hex(b"0AFF"), Some(vec![10, 255]));
        for bad in [
            b"0aFF".as_slice(),
            b"0af",
            b"0g",
            b"+f",
            "0\u{663}".as_bytes(),
        ] {
            assert_eq!(hex(bad), None, "{bad:?}");
        }
        assert_eq!(base64_key(b" AA== "), base64_key(b"AA"));
    }

    #[test]
    fn known_hashes() {
        // RFC 2202 and RFC 4231, test case 2.
        let (key, text) = (b"Jefe", b"what do ya want for nothing?");
        let parts = || [text.split_at(7).0, text.split_at(7).1];
        for (hash, tag) in [
            (Hash::Md5, "750c783e6ab0b503eaa86e310a5db738"),
            (Hash::Sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (
                Hash::Sha256,
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
        ] {
            let tag = hex(tag.as_bytes()).unwrap();
            assert_eq!(tag.len(), hash.len());
            assert!(is_hmac(hash, key, parts(), &tag));
            assert!(!is_hmac(hash, key, parts(), &tag[1..]));
            assert!(!is_hmac(hash, key, parts(), b""));
        }
        assert!(is_secret(b"abc", b"abc") && !is_secret(b"abc", b"abd") && !is_secret(b"", b"a"));
    }
}
