//! Public keys out of certificates (X.509) and PEM, and RSA signatures made with them. Reads
//! only what a signature needs: the key and the time for which it holds. Who issued a
//! certificate is not asked: it came from the provider's own host over TLS.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use num_bigint::BigUint;

use super::mac::{self, Hash};
use super::{Checked, Fault};
use crate::limits::{RSA_BITS_MAX, RSA_BITS_MIN, RSA_EXPONENT_BITS_MAX};

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// `DigestInfo` of RFC 8017, section 9.2, up to the digest itself.
const SHA1_INFO: &[u8] = &[
    0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14,
];
const SHA256_INFO: &[u8] = &[
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

/// An RSA key and the time for which it holds.
#[derive(Clone, Debug)]
pub struct Certificate {
    modulus: BigUint,
    exponent: BigUint,
    /// Bytes of the modulus, and of every signature.
    len: usize,
    /// Seconds since 1970-01-01 UTC, first and last; a bare key has none.
    valid_s: Option<(i64, i64)>,
}

impl Certificate {
    /// Reads the first certificate or public key of a PEM text.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if let Some(der) = pem(text, "CERTIFICATE") {
            return Self::of_certificate(&der);
        }
        let der = pem(text, "PUBLIC KEY")?;
        Self::of_key(Der(&der).take(SEQUENCE)?, None)
    }

    fn of_certificate(der: &[u8]) -> Option<Self> {
        let mut certificate = Der(Der(der).take(SEQUENCE)?);
        let mut body = Der(certificate.take(SEQUENCE)?);
        // Version, which the first version does not write.
        let _ = body.take(0xa0);
        body.take(INTEGER)?;
        body.take(SEQUENCE)?;
        body.take(SEQUENCE)?;
        let mut times = Der(body.take(SEQUENCE)?);
        let valid_s = (times.time()?, times.time()?);
        body.take(SEQUENCE)?;
        Self::of_key(body.take(SEQUENCE)?, Some(valid_s))
    }

    /// From the inside of a `SubjectPublicKeyInfo`.
    fn of_key(info: &[u8], valid_s: Option<(i64, i64)>) -> Option<Self> {
        let key = key_bits(info, RSA)?;
        let mut numbers = Der(Der(key).take(SEQUENCE)?);
        let modulus = BigUint::from_bytes_be(numbers.take(INTEGER)?);
        let exponent = BigUint::from_bytes_be(numbers.take(INTEGER)?);
        let is_sound = (RSA_BITS_MIN..=RSA_BITS_MAX).contains(&modulus.bits())
            && (2..=RSA_EXPONENT_BITS_MAX).contains(&exponent.bits())
            && exponent.bit(0)
            && modulus.bit(0);
        let len = usize::try_from(modulus.bits().div_ceil(8)).ok()?;
        is_sound.then_some(Self {
            modulus,
            exponent,
            len,
            valid_s,
        })
    }

    /// Checks a signature (PKCS #1 v1.5) over a text.
    ///
    /// # Errors
    /// It does not hold, or the certificate does not hold now.
    pub fn check(&self, hash: Hash, text: &[u8], signature: &[u8], now_s: i64) -> Checked {
        if signature.len() != self.len {
            return Err(Fault::SignatureMalformed);
        }
        let number = BigUint::from_bytes_be(signature);
        if number >= self.modulus {
            return Err(Fault::SignatureMismatch);
        }
        // The whole block is written anew and compared: nothing in it is parsed, so nothing in
        // it can be something else.
        let expected = BigUint::from_bytes_be(&self.block(hash, text));
        if number.modpow(&self.exponent, &self.modulus) != expected {
            return Err(Fault::SignatureMismatch);
        }
        match self.valid_s {
            Some((from, to)) if now_s < from || now_s > to => Err(Fault::CertificateExpired),
            _ => Ok(()),
        }
    }

    /// `00 01 FF .. FF 00 DigestInfo`, as long as the modulus.
    fn block(&self, hash: Hash, text: &[u8]) -> Vec<u8> {
        let tail = if hash == Hash::Sha1 {
            [SHA1_INFO, &mac::sha1([text])].concat()
        } else {
            [SHA256_INFO, &mac::sha256([text])].concat()
        };
        let fill = self.len.saturating_sub(tail.len() + 3);
        [&[0, 1][..], &vec![0xff; fill], &[0], &tail].concat()
    }
}

/// The 32 bytes of an Ed25519 key in PEM.
pub fn ed25519_key(text: &[u8]) -> Option<Vec<u8>> {
    let der = pem(text, "PUBLIC KEY")?;
    key_bits(Der(&der).take(SEQUENCE)?, ED25519).map(<[u8]>::to_vec)
}

/// The bits of a key, if it is of this kind.
fn key_bits<'a>(info: &'a [u8], kind: &[u8]) -> Option<&'a [u8]> {
    let mut info = Der(info);
    let mut algorithm = Der(info.take(SEQUENCE)?);
    if algorithm.take(OBJECT)? != kind {
        return None;
    }
    // No unused bits at the end.
    info.take(BITS)?.strip_prefix(&[0])
}

/// What stands between the lines `BEGIN` and `END`, decoded.
fn pem(text: &[u8], label: &str) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let (_, after) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (inside, _) = after.split_once(&format!("-----END {label}-----"))?;
    let bare: Vec<u8> = inside
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    STANDARD.decode(bare).ok()
}

const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const OBJECT: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const LONG_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;

/// The rest of some DER: tag, length, value, one after the other.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The next value if it has this tag; passes over it only then.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let [found, length, rest @ ..] = self.0 else {
            return None;
        };
        let (len, rest) = match (*length, rest) {
            (short @ ..=0x7f, rest) => (usize::from(short), rest),
            (0x81, [len, rest @ ..]) => (usize::from(*len), rest),
            (0x82, [high, low, rest @ ..]) => {
                (usize::from(u16::from(*high) << 8 | u16::from(*low)), rest)
            }
            _ => return None,
        };
        let (value, after) = rest.split_at_checked(len)?;
        if *found != tag {
            return None;
        }
        self.0 = after;
        Some(value)
    }

    /// `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ`, as seconds since 1970-01-01 UTC.
    fn time(&mut self) -> Option<i64> {
        let is_short = self.0.first() == Some(&UTC_TIME);
        let text = self.take(if is_short { UTC_TIME } else { LONG_TIME })?;
        let digits = text.strip_suffix(b"Z")?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let number = |digits: &[u8]| {
            let digits = digits.iter();
            digits.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
        };
        let (year, rest) = digits.split_at_checked(if is_short { 2 } else { 4 })?;
        let year = match number(year) {
            short if is_short && short < 50 => 2000 + short,
            short if is_short => 1900 + short,
            long => long,
        };
        let [month, day, hour, minute, second] = rest.as_chunks::<2>().0 else {
            return None;
        };
        let days = days(year, number(month), number(day));
        (rest.len() == 10)
            .then(|| ((days * 24 + number(hour)) * 60 + number(minute)) * 60 + number(second))
    }
}

/// Days since 1970-01-01 of a date in the Gregorian calendar.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the day that comes and goes is the last of its year.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leaps + (month * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, expected) in [
            (b"\x17\x0d700101000000Z".as_slice(), Some(0)),
            (b"\x17\x0d240229235959Z", Some(1_709_251_199)),
            (b"\x17\x0d491231235959Z", Some(2_524_607_999)),
            (b"\x18\x0f20500101000000Z", Some(2_524_608_000)),
            (b"\x17\x0d500101000000Z", Some(-631_152_000)),
            (b"\x17\x0d7001010000+0Z", None),
            (b"\x17\x0b7001010000Z", None),
            (b"\x16\x0d700101000000Z", None),
        ] {
            assert_eq!(Der(text).time(), expected, "{text:?}");
        }
    }

    #[test]
    fn cut_der_is_none() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 1],
            &[0x30, 0x81],
            &[0x30, 0x82, 1],
            &[0x30, 0x84, 0, 0, 0, 1, 0],
        ] {
            assert!(Der(bytes).take(SEQUENCE).is_none());
        }
        assert!(
            Certificate::parse(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")
                .is_none()
        );
        assert!(Certificate::parse(b"\xff").is_none());
    }
}
