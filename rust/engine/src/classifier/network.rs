//! A small convolutional network that reads the words of a reply in order.
//!
//! Each word is the sum of what is known of it and of its pieces, so that a misspelt one is like
//! the right one; two layers look at each word with its neighbours; what is loudest, and what is
//! attended to, decides. Knows the arithmetic and its part of the file; what came in and what a
//! score causes, it does not know.

use super::{joined, mixed};

/// Words of a reply that are read: the first half of them, and the last.
pub const WORDS_MAX: usize = 48;
/// Pieces of a word: the word, and some of its runs of characters.
pub const PIECES_MAX: usize = 12;
const RUNS: std::ops::RangeInclusive<usize> = 3..=5;
/// Characters from here on are words of their own: scripts that write no blanks.
const NO_BLANKS: char = '\u{2e80}';
const HEAD_BYTES: usize = 24;
/// Dimensions are at most this: a file of another kind is told by its size.
const SIZE_MAX: usize = 4_096;

/// Numbers of the pieces of a word, above 0; 0 where it has fewer.
pub type Pieces = [u32; PIECES_MAX];

/// Pieces of each word of a folded text, hashed to numbers below `1 << bits`.
pub fn pieces(text: &str, bits: u32) -> Vec<Pieces> {
    let words = words(text);
    let skipped = words.len().saturating_sub(WORDS_MAX);
    let half = if skipped == 0 {
        words.len()
    } else {
        WORDS_MAX / 2
    };
    let read = words
        .iter()
        .take(half)
        .chain(words.iter().skip(half + skipped));
    read.map(|word| pieces_of(word, bits)).collect()
}

fn words(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for word in text.split_ascii_whitespace() {
        if word.chars().any(|char| char >= NO_BLANKS) {
            found.extend(
                word.char_indices()
                    .filter_map(|(at, char)| word.get(at..at + char.len_utf8())),
            );
        } else {
            found.push(word);
        }
    }
    found
}

fn pieces_of(word: &str, bits: u32) -> Pieces {
    let hashed = |kind: u64, hash: u64| {
        let spread = (hash ^ kind.rotate_right(4)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let number = u32::try_from(spread >> (64 - bits)).unwrap_or_default();
        number.max(1)
    };
    let chars: Vec<u64> = ['^']
        .into_iter()
        .chain(word.chars())
        .chain(['$'])
        .map(|char| u64::from(u32::from(char)))
        .collect();
    let runs: Vec<u32> = RUNS
        .flat_map(|len| chars.windows(len))
        .map(|run| hashed(1, run.iter().fold(1, |hash, char| joined(hash, *char))))
        .collect();
    let mut found = [0; PIECES_MAX];
    let (first, rest) = found.split_at_mut(1);
    for slot in first {
        *slot = hashed(0, word.bytes().fold(1, mixed));
    }
    // Where there are more runs than room, some from all over the word.
    let room = rest.len();
    for (at, slot) in rest.iter_mut().enumerate() {
        let from = if runs.len() > room {
            at * runs.len() / room
        } else {
            at
        };
        *slot = runs.get(from).copied().unwrap_or_default();
    }
    found
}

/// Outputs whose sums stay in the processor's registers.
type Block = [f32; 16];

/// A layer of weights: for each block of outputs one row for each input.
#[derive(Debug)]
struct Layer {
    outputs: usize,
    blocks: Vec<Vec<Block>>,
    bias: Vec<f32>,
}

impl Layer {
    /// Of weights as the file has them: one row of outputs for each input.
    fn new(inputs: usize, weights: &[f32], bias: Vec<f32>) -> Self {
        let outputs = bias.len();
        let mut blocks = vec![Vec::with_capacity(inputs); outputs.div_ceil(16)];
        for row in weights.chunks_exact(outputs.max(1)) {
            for (block, some) in blocks.iter_mut().zip(row.chunks(16)) {
                let mut padded = Block::default();
                for (slot, weight) in padded.iter_mut().zip(some) {
                    *slot = *weight;
                }
                block.push(padded);
            }
        }
        Self {
            outputs,
            blocks,
            bias,
        }
    }

    /// Adds what these inputs give; the first of them is input `from`.
    fn add(&self, from: usize, inputs: &[f32], sums: &mut [f32]) {
        for (rows, sums) in self.blocks.iter().zip(sums.chunks_mut(16)) {
            let mut all = Block::default();
            for (row, input) in rows.iter().skip(from).zip(inputs) {
                // Most of what a layer gives is nothing.
                if *input == 0.0 {
                    continue;
                }
                for (sum, weight) in all.iter_mut().zip(row) {
                    *sum += input * weight;
                }
            }
            for (sum, more) in sums.iter_mut().zip(all) {
                *sum += more;
            }
        }
    }
}

/// A network that was read.
#[derive(Debug)]
pub struct Network {
    bits: u32,
    width: usize,
    channels: usize,
    heads: usize,
    scale: f32,
    table: Vec<i8>,
    first: Layer,
    second: Layer,
    attention: Layer,
    hidden: Layer,
    last: Layer,
}

impl Network {
    /// Reads one from the begin of these bytes: it, and the bytes after it.
    ///
    /// # Errors
    /// In words, what is wrong.
    pub fn read(bytes: &[u8]) -> Result<(Self, &[u8]), &'static str> {
        const SHORT: &str = "is shorter than its networks";
        let (head, mut rest) = bytes.split_at_checked(HEAD_BYTES).ok_or(SHORT)?;
        let (head, _) = head.as_chunks();
        let mut sizes = head.iter().map(|word| u32::from_le_bytes(*word));
        let mut next = || sizes.next().unwrap_or_default();
        let (bits, width, channels, heads, hidden) = (
            next(),
            size(next()),
            size(next()),
            size(next()),
            size(next()),
        );
        let scale = f32::from_bits(next());
        let is_sound = (8..=22).contains(&bits)
            && [width, channels, heads, hidden]
                .iter()
                .all(|size| (1..=SIZE_MAX).contains(size));
        if !is_sound {
            return Err("has networks of another shape");
        }
        let table = rest.split_off(..width << bits).ok_or(SHORT)?;
        let mut layer = |inputs: usize, outputs: usize| -> Result<Layer, &'static str> {
            let weights = floats(&mut rest, inputs * outputs).ok_or(SHORT)?;
            let added = floats(&mut rest, outputs).ok_or(SHORT)?;
            Ok(Layer::new(inputs, &weights, added))
        };
        let network = Self {
            bits,
            width,
            channels,
            heads,
            scale,
            first: layer(3 * width, channels)?,
            second: layer(3 * channels, channels)?,
            attention: layer(channels, heads)?,
            hidden: layer((2 + heads) * channels, hidden)?,
            last: layer(hidden, 1)?,
            table: table.iter().map(|byte| byte.cast_signed()).collect(),
        };
        Ok((network, rest))
    }

    /// The logarithm of the odds that the text is an opt-out. None for a text without words.
    pub fn logit(&self, text: &str) -> Option<f32> {
        let words: Vec<f32> = pieces(text, self.bits)
            .iter()
            .flat_map(|word| self.embedded(word))
            .collect();
        if words.is_empty() {
            return None;
        }
        let first = looked(&self.first, &words, self.width);
        let mut second = looked(&self.second, &first, self.channels);
        for (sum, before) in second.iter_mut().zip(&first) {
            *sum += before;
        }
        let mut pooled = loudest(&first, self.channels);
        pooled.extend(loudest(&second, self.channels));
        pooled.extend(self.attended(&second));
        let hidden = relu(&self.hidden, &pooled);
        let mut sum = self.last.bias.clone();
        self.last.add(0, &hidden, &mut sum);
        sum.first().copied()
    }

    /// A word as numbers: the sum of its pieces', over the root of how many there are.
    fn embedded(&self, word: &Pieces) -> Vec<f32> {
        let mut sums = vec![0_i32; self.width];
        let mut count = 0.0_f32;
        for piece in word.iter().filter(|piece| **piece > 0) {
            let row = self.table.chunks_exact(self.width).nth(*piece as usize);
            for (sum, value) in sums.iter_mut().zip(row.unwrap_or_default()) {
                *sum += i32::from(*value);
            }
            count += 1.0;
        }
        let scale = self.scale / count.max(1.0).sqrt();
        #[expect(clippy::cast_precision_loss, reason = "sums of a dozen bytes")]
        sums.iter().map(|sum| *sum as f32 * scale).collect()
    }

    /// For each head the mean of all words, each as much as the head attends to it.
    fn attended(&self, words: &[f32]) -> Vec<f32> {
        let scores: Vec<Vec<f32>> = words
            .chunks_exact(self.channels)
            .map(|word| {
                let mut scores = self.attention.bias.clone();
                self.attention.add(0, word, &mut scores);
                scores
            })
            .collect();
        let mut all = Vec::with_capacity(self.heads * self.channels);
        for head in 0..self.heads {
            let of = |scores: &Vec<f32>| scores.get(head).copied().unwrap_or_default();
            let most = scores.iter().map(of).fold(f32::MIN, f32::max);
            let shares: Vec<f32> = scores
                .iter()
                .map(|scores| (of(scores) - most).exp())
                .collect();
            let whole: f32 = shares.iter().sum();
            let mut sums = vec![0.0; self.channels];
            for (word, share) in words.chunks_exact(self.channels).zip(&shares) {
                for (sum, value) in sums.iter_mut().zip(word) {
                    *sum += value * share / whole;
                }
            }
            all.extend(sums);
        }
        all
    }
}

/// What a layer makes of each word with the one before and the one after it.
fn looked(layer: &Layer, words: &[f32], width: usize) -> Vec<f32> {
    let words: Vec<&[f32]> = words.chunks_exact(width).collect();
    let mut all = Vec::with_capacity(words.len() * layer.outputs);
    for at in 0..words.len() {
        let mut sums = layer.bias.clone();
        let near = [at.checked_sub(1), Some(at), Some(at + 1)];
        for (place, at) in near.into_iter().enumerate() {
            if let Some(word) = at.and_then(|at| words.get(at)) {
                layer.add(place * width, word, &mut sums);
            }
        }
        all.extend(sums.into_iter().map(|sum| sum.max(0.0)));
    }
    all
}

fn relu(layer: &Layer, inputs: &[f32]) -> Vec<f32> {
    let mut sums = layer.bias.clone();
    layer.add(0, inputs, &mut sums);
    sums.into_iter().map(|sum| sum.max(0.0)).collect()
}

/// The largest of each channel over all words.
fn loudest(words: &[f32], channels: usize) -> Vec<f32> {
    let mut most = vec![0.0_f32; channels];
    for word in words.chunks_exact(channels) {
        for (most, value) in most.iter_mut().zip(word) {
            *most = most.max(*value);
        }
    }
    most
}

fn size(word: u32) -> usize {
    usize::try_from(word).unwrap_or(usize::MAX)
}

fn floats(rest: &mut &[u8], count: usize) -> Option<Vec<f32>> {
    let bytes = rest.split_off(..count.checked_mul(4)?)?;
    let (words, _) = bytes.as_chunks();
    Some(words.iter().copied().map(f32::from_le_bytes).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const BITS: u32 = 8;

    /// A network of these sizes whose numbers are all the same, and what follows it.
    fn bytes(width: u32, channels: u32, heads: u32, hidden: u32, weight: f32) -> Vec<u8> {
        let mut bytes = Vec::new();
        for word in [BITS, width, channels, heads, hidden, 0.5_f32.to_bits()] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(vec![1_u8; (width << BITS) as usize]);
        let layers = [
            (3 * width, channels),
            (3 * channels, channels),
            (channels, heads),
            ((2 + heads) * channels, hidden),
            (hidden, 1),
        ];
        for (inputs, outputs) in layers {
            for _ in 0..inputs * outputs + outputs {
                bytes.extend(weight.to_le_bytes());
            }
        }
        bytes
    }

    #[test]
    fn what_is_cut_is_refused_and_what_follows_is_given_back() {
        let whole = bytes(2, 3, 1, 2, 0.1);
        for len in 0..whole.len() {
            assert!(Network::read(&whole[..len]).is_err(), "{len}");
        }
        let mut more = whole;
        more.extend(b"next");
        assert_eq!(Network::read(&more).unwrap().1, b"next");
        for at in 0..5 {
            let mut wrong = more.clone();
            wrong[4 * at..4 * at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
            assert!(Network::read(&wrong).is_err(), "size {at}");
        }
    }

    #[test]
    fn a_text_without_words_has_no_score() {
        let whole = bytes(2, 3, 1, 2, 0.1);
        let (network, _) = Network::read(&whole).unwrap();
        assert!(network.logit("  ").is_none());
        assert!(network.logit("a").unwrap() > 0.1);
    }

    #[test]
    fn words_are_bounded_and_pieces_in_range() {
        let text = "word ".repeat(10_000) + &"unsubscribe".repeat(2_000) + " 退订";
        let found = pieces(&text, BITS);
        assert_eq!(found.len(), WORDS_MAX);
        assert!(found.iter().flatten().all(|piece| *piece < 1 << BITS));
        // The last two words are characters, each a word of its own.
        assert!(found[WORDS_MAX - 2..].iter().all(|word| word[2] == 0));
        assert_eq!(pieces("one two three", BITS).len(), 3);
    }

    #[test]
    fn a_misspelt_word_shares_pieces() {
        let (right, wrong) = (pieces("unsubscribe", 20), pieces("unsuscribe", 20));
        let shared = wrong[0].iter().filter(|piece| right[0].contains(piece));
        assert!(shared.count() >= 3);
    }
}
