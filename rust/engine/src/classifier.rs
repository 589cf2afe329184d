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
const SKIPPED: u32 = 4;
const PIECE: u32 = 5;

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

/// Numbers below `1 << bits` of all pieces of a text, ascending, each once: runs of one to three
/// words, pairs around a word, and runs of three to five characters.
pub fn features(text: &str, bits: u32) -> Vec<u32> {
    let mut found = Vec::with_capacity(4 * text.len());
    let words: Vec<&[u8]> = text.split_ascii_whitespace().map(str::as_bytes).collect();
    for (at, first) in words.iter().enumerate() {
        let mut crc = crc32c::crc32c(first);
        found.push(bucket(1, crc, bits));
        for (kind, next) in (2..).zip(words.iter().skip(at + 1).take(WORDS_MAX - 1)) {
            crc = crc32c::crc32c_append(crc32c::crc32c_append(crc, b" "), next);
            found.push(bucket(kind, crc, bits));
        }
        if let Some(last) = words.get(at + 2) {
            let crc = crc32c::crc32c_append(crc32c::crc32c(first), b" _ ");
            found.push(bucket(SKIPPED, crc32c::crc32c_append(crc, last), bits));
        }
    }
    let ends: Vec<usize> = text
        .char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .collect();
    for size in CHARS {
        let starts = ends.iter();
        for (start, end) in starts.zip(ends.iter().skip(size)) {
            let piece = text.as_bytes().get(*start..*end).unwrap_or_default();
            found.push(bucket(PIECE, crc32c::crc32c(piece), bits));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The high bits of a product depend on all bits of the checksum.
const fn bucket(kind: u32, crc: u32, bits: u32) -> u32 {
    let mixed = crc ^ kind.wrapping_mul(0x9E37_79B1);
    mixed.wrapping_mul(0x85EB_CA6B) >> (32 - bits)
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
    fn features_are_bounded_sorted_and_of_characters() {
        let found = features(" < 退 订 > ", 12);
        assert!(found.is_sorted() && found.iter().all(|at| *at < 1 << 12));
        assert_eq!(features("é", 12).len(), 1);
    }
}
