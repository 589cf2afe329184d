//! How much a reply reads like an opt-out: a linear model over hashed pieces of its words, and
//! networks that read the words in order.
//!
//! A second opinion beside the rules, for wordings that no rule has. Knows the model's file and
//! the arithmetic; what a score causes, and where a model comes from, it does not know.

mod network;

pub use network::{PIECES_MAX, pieces};

use network::Network;

/// First bytes of a model's file.
const MAGIC: &[u8; 8] = b"SMSTKCLS";
const VERSION: u32 = 2;
/// magic, version, bits, scale, bias, share, networks, checksum of the rest of it and of the body.
const HEAD_BYTES: usize = 36;
/// A model has 2 to the power of this many weights.
const BITS: std::ops::RangeInclusive<u32> = 8..=22;
const NETWORKS_MAX: u32 = 8;
/// Beyond it the linear model is so sure that no network changed a verdict in tests: none is asked.
const OPEN: std::ops::RangeInclusive<f32> = -6.0..=6.0;
const WORDS_MAX: usize = 3;
const CHARS: std::ops::RangeInclusive<usize> = 3..=5;
/// Kind of a pair of words with one left out between them; runs of words have their count.
const SKIPPED: u64 = 4;
const PIECE: u64 = 5;

/// A model that was read.
#[derive(Debug)]
pub struct Classifier {
    bits: u32,
    scale: f32,
    bias: f32,
    /// How much the linear model counts, 0 to 1; the networks' mean counts for the rest.
    share: f32,
    weights: Vec<i16>,
    networks: Vec<Network>,
}

/// What a model consists of, for the one who makes it.
#[derive(Debug)]
pub struct Parts<'a> {
    /// Of the linear model, 2 to the power of 8 to 22, each times `scale`.
    pub weights: &'a [i16],
    /// What a weight is multiplied with.
    pub scale: f32,
    /// The logarithm of the odds of a text without pieces.
    pub bias: f32,
    /// How much the linear model counts beside the networks, 0 to 1.
    pub share: f32,
    /// Each as `Network::read` takes it, 8 at most.
    pub networks: &'a [Vec<u8>],
}

impl Parts<'_> {
    /// The bytes of the model's file; what `Classifier::read` takes.
    ///
    /// # Errors
    /// In words, what is wrong.
    pub fn file(&self) -> Result<Vec<u8>, &'static str> {
        let bits = self.weights.len().trailing_zeros();
        if !self.weights.len().is_power_of_two() || !BITS.contains(&bits) {
            return Err("has not 2 to the power of 8 to 22 weights");
        }
        let networks = u32::try_from(self.networks.len()).unwrap_or(u32::MAX);
        let mut bytes = MAGIC.to_vec();
        for word in [VERSION, bits, self.scale.to_bits(), self.bias.to_bits()] {
            bytes.extend(word.to_le_bytes());
        }
        for word in [self.share.to_bits(), networks] {
            bytes.extend(word.to_le_bytes());
        }
        let mut body: Vec<u8> = self.weights.iter().flat_map(|w| w.to_le_bytes()).collect();
        for network in self.networks {
            body.extend(network);
        }
        let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes), &body);
        bytes.extend(crc.to_le_bytes());
        bytes.extend(body);
        Classifier::read(&bytes).map(|_| bytes)
    }
}

impl Classifier {
    /// Reads a model's file.
    ///
    /// # Errors
    /// In words, what is wrong with it.
    pub fn read(file: &[u8]) -> Result<Self, &'static str> {
        let (head, body) = file
            .split_at_checked(HEAD_BYTES)
            .ok_or("is shorter than its head")?;
        if !head.starts_with(MAGIC) {
            return Err("is no model of replies");
        }
        let word = |at: usize| {
            let bytes = head.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
            u32::from_le_bytes(bytes.unwrap_or([0; 4]))
        };
        if word(8) != VERSION {
            return Err("has a format that this build does not read");
        }
        let crc = crc32c::crc32c(head.get(..HEAD_BYTES - 4).unwrap_or_default());
        if crc32c::crc32c_append(crc, body) != word(32) {
            return Err("has another checksum than its bytes");
        }
        let (bits, count) = (word(12), word(28));
        if !BITS.contains(&bits) || count > NETWORKS_MAX {
            return Err("has another size than this build reads");
        }
        let (weights, mut rest) = body
            .split_at_checked(2 << bits)
            .ok_or("has another length than its head says")?;
        let mut networks = Vec::new();
        for _ in 0..count {
            let (network, after) = Network::read(rest)?;
            networks.push(network);
            rest = after;
        }
        if !rest.is_empty() {
            return Err("has another length than its head says");
        }
        let (weights, _) = weights.as_chunks();
        Ok(Self {
            bits,
            scale: f32::from_bits(word(16)),
            bias: f32::from_bits(word(20)),
            share: f32::from_bits(word(24)),
            weights: weights.iter().copied().map(i16::from_le_bytes).collect(),
            networks,
        })
    }

    /// How likely the text is an opt-out, 0 to 1: the folded text as words with single blanks.
    pub fn score(&self, text: &str) -> f32 {
        let Some(linear) = self.linear(text) else {
            return 0.0;
        };
        if !OPEN.contains(&linear) {
            return odds(linear);
        }
        odds(self.heard(text).map_or(linear, |logit| {
            self.share * linear + (1.0 - self.share) * logit
        }))
    }

    /// What the linear model says: the logarithm of the odds. None for a text without pieces.
    fn linear(&self, text: &str) -> Option<f32> {
        let found = features(text, self.bits);
        let weight = |at: &u32| self.weights.get(*at as usize).copied().map_or(0, i32::from);
        let sum: i32 = found.iter().map(weight).sum();
        #[expect(
            clippy::cast_precision_loss,
            reason = "a score is no more exact than that"
        )]
        let (sum, count) = (sum as f32, found.len() as f32);
        (!found.is_empty()).then(|| (sum * self.scale / count.sqrt()) + self.bias)
    }

    /// The mean of what the networks say; None without any, or for a text without words.
    fn heard(&self, text: &str) -> Option<f32> {
        let logits = self
            .networks
            .iter()
            .filter_map(|network| network.logit(text));
        let add = |(sum, count): (f32, f32), logit| (sum + logit, count + 1.0);
        let (sum, count) = logits.fold((0.0, 0.0), add);
        (count > 0.0).then(|| sum / count)
    }
}

fn odds(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// Numbers below `1 << bits` of all pieces of a text, each once: runs of one to three words,
/// pairs around a word, and runs of three to five characters.
pub fn features(text: &str, bits: u32) -> Vec<u32> {
    let mut pieces = Pieces::new(bits, 4 * text.len());
    let words: Vec<u64> = text
        .split_ascii_whitespace()
        .map(|word| word.bytes().fold(1, mixed))
        .collect();
    for (at, first) in words.iter().enumerate() {
        let mut run = *first;
        pieces.add(1, run);
        for (kind, next) in (2..).zip(words.iter().skip(at + 1).take(WORDS_MAX - 1)) {
            run = joined(run, *next);
            pieces.add(kind, run);
        }
        if let Some(last) = words.get(at + 2) {
            pieces.add(SKIPPED, joined(*first, *last));
        }
    }
    for (start, _) in text.char_indices() {
        let rest = text.get(start..).unwrap_or_default();
        let mut hash = 1;
        for (count, char) in (1..=*CHARS.end()).zip(rest.chars()) {
            hash = joined(hash, u64::from(u32::from(char)));
            if count >= *CHARS.start() {
                pieces.add(PIECE, hash);
            }
        }
    }
    pieces.found
}

/// Numbers found so far; those that were there already are passed over.
struct Pieces {
    bits: u32,
    seen: Vec<u64>,
    found: Vec<u32>,
}

impl Pieces {
    fn new(bits: u32, room: usize) -> Self {
        Self {
            bits,
            seen: vec![0; 1 << bits.saturating_sub(6)],
            found: Vec::with_capacity(room),
        }
    }

    fn add(&mut self, kind: u64, hash: u64) {
        // The high bits of a product depend on all bits below them.
        let spread = (hash ^ kind.rotate_right(4)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let Ok(number) = u32::try_from(spread >> (64 - self.bits)) else {
            return;
        };
        let bit = 1_u64 << (number & 63);
        if let Some(word) = self.seen.get_mut((number >> 6) as usize)
            && *word & bit == 0
        {
            *word |= bit;
            self.found.push(number);
        }
    }
}

const fn joined(hash: u64, next: u64) -> u64 {
    (hash.rotate_left(23) ^ next).wrapping_mul(0x517C_C1B7_2722_0A95)
}

fn mixed(hash: u64, byte: u8) -> u64 {
    joined(hash, u64::from(byte))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// A model that gives one weight to the pieces of these words.
    fn model(words: &str, weight: i16) -> Vec<u8> {
        let bits = 12_u32;
        let mut weights = vec![0_i16; 1 << bits];
        for at in features(words, bits) {
            weights[at as usize] = weight;
        }
        let parts = Parts {
            weights: &weights,
            scale: 0.01,
            bias: -1.0,
            share: 1.0,
            networks: &[],
        };
        parts.file().unwrap()
    }

    #[test]
    fn a_text_of_the_models_words_scores_higher() {
        let read = Classifier::read(&model("no more of these", 450)).unwrap();
        let near = read.score(" < please no more of these > ");
        let far = read.score(" < see you on friday > ");
        assert!(near > 0.9 && far < 0.5, "{near} {far}");
        assert!(read.score("").abs() < f32::EPSILON);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_found() {
        let whole = model("stop", 5);
        for bit in 0..(HEAD_BYTES + 64) * 8 {
            let mut file = whole.clone();
            file[bit / 8] ^= 1 << (bit % 8);
            assert!(Classifier::read(&file).is_err(), "bit {bit}");
        }
        for len in [0, 1, HEAD_BYTES - 1, HEAD_BYTES, whole.len() - 1] {
            assert!(Classifier::read(&whole[..len]).is_err(), "{len} bytes");
        }
    }

    #[test]
    fn features_are_bounded_distinct_and_of_characters() {
        let found = features(" < 退 订 > ", 12);
        let distinct: std::collections::BTreeSet<_> = found.iter().collect();
        assert!(distinct.len() == found.len() && found.iter().all(|at| *at < 1 << 12));
        assert_eq!(features("é", 12).len(), 1);
    }
}
