//! How much a reply reads like an opt-out: a linear model over hashed pieces of its words.
//!
//! A second opinion beside the rules, for wordings that no rule has. Knows the model's file and
//! the arithmetic; what a score causes, and where a model comes from, it does not know.

/// First bytes of a model's file.
const MAGIC: &[u8; 8] = b"SMSTKCLS";
const VERSION: u32 = 1;
/// magic, version, bits, scale, bias, checksum of the rest and the weights.
const HEAD_BYTES: usize = 28;
/// A model has 2 to the power of this many weights.
const BITS: std::ops::RangeInclusive<u32> = 8..=22;
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
    weights: Vec<i16>,
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
            bytes.unwrap_or([0; 4])
        };
        if u32::from_le_bytes(word(8)) != VERSION {
            return Err("has a format that this build does not read");
        }
        let crc = crc32c::crc32c(head.get(..HEAD_BYTES - 4).unwrap_or_default());
        if crc32c::crc32c_append(crc, body) != u32::from_le_bytes(word(24)) {
            return Err("has another checksum than its bytes");
        }
        let bits = u32::from_le_bytes(word(12));
        if !BITS.contains(&bits) || body.len() != 2 << bits {
            return Err("has another length than its head says");
        }
        let (weights, _) = body.as_chunks();
        Ok(Self {
            bits,
            scale: f32::from_le_bytes(word(16)),
            bias: f32::from_le_bytes(word(20)),
            weights: weights.iter().copied().map(i16::from_le_bytes).collect(),
        })
    }

    /// The bytes of a model's file; what `read` takes.
    pub fn file(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(self.bits.to_le_bytes());
        bytes.extend(self.scale.to_le_bytes());
        bytes.extend(self.bias.to_le_bytes());
        let body: Vec<u8> = self.weights.iter().flat_map(|w| w.to_le_bytes()).collect();
        let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes), &body);
        bytes.extend(crc.to_le_bytes());
        bytes.extend(body);
        bytes
    }

    /// A model of these weights, as many as a power of two: each counts `scale` times its number.
    ///
    /// # Errors
    /// In words, what is wrong.
    pub fn new(weights: Vec<i16>, scale: f32, bias: f32) -> Result<Self, &'static str> {
        let size = weights.len().trailing_zeros();
        if !weights.len().is_power_of_two() || !BITS.contains(&size) {
            return Err("has not 2 to the power of 8 to 22 weights");
        }
        Ok(Self {
            bits: size,
            scale,
            bias,
            weights,
        })
    }

    /// How likely the text is an opt-out, 0 to 1: the folded text as words with single blanks.
    pub fn score(&self, text: &str) -> f32 {
        let found = features(text, self.bits);
        if found.is_empty() {
            return 0.0;
        }
        let weight = |at: &u32| self.weights.get(*at as usize).copied().map_or(0, i32::from);
        let sum: i32 = found.iter().map(weight).sum();
        #[expect(
            clippy::cast_precision_loss,
            reason = "a score is no more exact than that"
        )]
        let (sum, count) = (sum as f32, found.len() as f32);
        let logit = (sum * self.scale / count.sqrt()) + self.bias;
        1.0 / (1.0 + (-logit).exp())
    }
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
        Classifier::new(weights, 0.01, -1.0).unwrap().file()
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
