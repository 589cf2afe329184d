//! The body of a request that is still arriving: by length, or chunk by chunk. Chunks are
//! joined in place, in the buffer they came in. Pure; knows nothing of what a body says.

use memchr::memchr;

use crate::head::Framing;
use crate::limits::{
    CHUNK_DIGITS_MAX, CHUNK_LINE_BYTES_MAX, CHUNK_OVERHEAD_FREE_BYTES, CHUNK_OVERHEAD_RATIO_MAX,
    TRAILER_BYTES_MAX,
};
use crate::reason::Reason;

/// Where a complete body lies: its bytes, and the bytes it took on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole {
    /// Bytes of the body, from the end of the head.
    pub len: usize,
    /// Bytes to pass over, from the end of the head.
    pub used: usize,
}

/// A body on its way.
#[derive(Debug)]
pub enum Body {
    /// So many bytes.
    Sized(usize),
    /// Until the last chunk.
    Chunked(Chunks),
}

impl Body {
    /// Refuses a length over the limit before any of it is read.
    ///
    /// # Errors
    /// `BodySize`.
    pub fn new(framing: Framing, bytes_max: usize) -> Result<Self, Reason> {
        match framing {
            Framing::Chunked => Ok(Self::Chunked(Chunks::new(bytes_max))),
            Framing::Sized(length) => match usize::try_from(length) {
                Ok(length) if length <= bytes_max => Ok(Self::Sized(length)),
                _ => Err(Reason::BodySize),
            },
        }
    }

    /// Takes what has come since; `rest` is everything after the head.
    ///
    /// # Errors
    /// A chunk that is not one, or a limit.
    pub fn advance(&mut self, rest: &mut [u8]) -> Result<Option<Whole>, Reason> {
        match self {
            Self::Sized(len) if rest.len() >= *len => Ok(Some(Whole {
                len: *len,
                used: *len,
            })),
            Self::Sized(_) => Ok(None),
            Self::Chunked(chunks) => chunks.advance(rest),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Size,
    Data(usize),
    DataEnd,
    Trailer,
}

/// A chunked body. `rest[..joined]` is payload, `rest[raw..]` is yet to be read; the bytes
/// between them are spent.
#[derive(Debug)]
pub struct Chunks {
    joined: usize,
    raw: usize,
    at: At,
    overhead: usize,
    trailer: usize,
    bytes_max: usize,
}

impl Chunks {
    const fn new(bytes_max: usize) -> Self {
        Self {
            joined: 0,
            raw: 0,
            at: At::Size,
            overhead: 0,
            trailer: 0,
            bytes_max,
        }
    }

    /// The spent bytes, to be cut out by whoever keeps the buffer.
    pub const fn spent(&self) -> (usize, usize) {
        (self.joined, self.raw)
    }

    /// They were cut out.
    pub const fn cut(&mut self) {
        self.raw = self.joined;
    }

    fn advance(&mut self, rest: &mut [u8]) -> Result<Option<Whole>, Reason> {
        loop {
            match self.at {
                At::Size => {
                    let Some(size) = self.size_line(rest)? else {
                        return Ok(None);
                    };
                    if size > self.bytes_max.saturating_sub(self.joined) {
                        return Err(Reason::BodySize);
                    }
                    self.at = if size == 0 {
                        At::Trailer
                    } else {
                        At::Data(size)
                    };
                }
                At::Data(left) => {
                    let take = left.min(rest.len().saturating_sub(self.raw));
                    rest.copy_within(self.raw..self.raw + take, self.joined);
                    self.joined += take;
                    self.raw += take;
                    self.at = if take == left {
                        At::DataEnd
                    } else {
                        At::Data(left - take)
                    };
                    if take < left {
                        return Ok(None);
                    }
                }
                At::DataEnd => {
                    match rest.get(self.raw..).unwrap_or_default() {
                        [b'\r', b'\n', ..] => {}
                        [] | [b'\r'] => return Ok(None),
                        _ => return Err(Reason::Chunk),
                    }
                    self.spend(2)?;
                    self.at = At::Size;
                }
                At::Trailer => {
                    let Some(line) = line_of(rest, self.raw, TRAILER_BYTES_MAX)? else {
                        return Ok(None);
                    };
                    let (is_last, is_field, len) = (line.is_empty(), is_field(line), line.len());
                    self.raw += len + 2;
                    self.trailer += len + 2;
                    if is_last {
                        return Ok(Some(Whole {
                            len: self.joined,
                            used: self.raw,
                        }));
                    }
                    if !is_field || self.trailer > TRAILER_BYTES_MAX {
                        return Err(Reason::Chunk);
                    }
                }
            }
        }
    }

    fn size_line(&mut self, rest: &[u8]) -> Result<Option<usize>, Reason> {
        let Some(line) = line_of(rest, self.raw, CHUNK_LINE_BYTES_MAX)? else {
            return Ok(None);
        };
        let digits = line
            .iter()
            .take_while(|byte| byte.is_ascii_hexdigit())
            .count();
        let (number, extension) = line.split_at_checked(digits).ok_or(Reason::Chunk)?;
        let holds = (1..=CHUNK_DIGITS_MAX).contains(&digits)
            && (extension.is_empty() || extension.trim_ascii_start().starts_with(b";"))
            && extension.iter().all(|byte| is_text(*byte));
        if !holds {
            return Err(Reason::Chunk);
        }
        let len = line.len();
        let size = number.iter().fold(0_usize, |sum, digit| {
            let value = char::from(*digit).to_digit(16).unwrap_or(0);
            (sum << 4) | value as usize
        });
        self.spend(len + 2)?;
        Ok(Some(size))
    }

    /// Passes over framing; too much of it for the payload so far is an attack.
    fn spend(&mut self, bytes: usize) -> Result<(), Reason> {
        self.raw += bytes;
        self.overhead += bytes;
        let bound = CHUNK_OVERHEAD_FREE_BYTES + CHUNK_OVERHEAD_RATIO_MAX * self.joined;
        if self.overhead > bound {
            Err(Reason::ChunkOverhead)
        } else {
            Ok(())
        }
    }
}

/// The line that begins at `from`, without its CRLF; `None` while it is not complete.
fn line_of(bytes: &[u8], from: usize, bytes_max: usize) -> Result<Option<&[u8]>, Reason> {
    let rest = bytes.get(from..).unwrap_or_default();
    let window = rest.get(..bytes_max + 2).unwrap_or(rest);
    let Some(end) = memchr(b'\n', window) else {
        let is_over = window.len() == bytes_max + 2;
        return if is_over {
            Err(Reason::Chunk)
        } else {
            Ok(None)
        };
    };
    match window.get(..end) {
        Some([line @ .., b'\r']) => Ok(Some(line)),
        _ => Err(Reason::Chunk),
    }
}

/// A trailer field: `token ":" text`.
fn is_field(line: &[u8]) -> bool {
    let Some(colon) = memchr(b':', line) else {
        return false;
    };
    let (name, value) = line.split_at(colon);
    let is_name = |byte: &u8| byte.is_ascii_graphic() && !b"\"(),/;<=>?@[\\]{}".contains(byte);
    !name.is_empty() && name.iter().all(is_name) && value.iter().all(|byte| is_text(*byte))
}

/// Visible, space, tab, or above ASCII: no control character.
const fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(wire: &[u8]) -> Result<Option<(Vec<u8>, usize)>, Reason> {
        let mut bytes = wire.to_vec();
        let mut chunks = Chunks::new(1000);
        let found = chunks.advance(&mut bytes)?;
        Ok(found.map(|whole| (bytes[..whole.len].to_vec(), whole.used)))
    }

    /// The same, a byte at a time, cutting out what is spent after each.
    fn dripped(wire: &[u8]) -> Result<Option<(Vec<u8>, usize)>, Reason> {
        let (mut bytes, mut chunks, mut cut) = (Vec::new(), Chunks::new(1000), 0);
        for byte in wire {
            bytes.push(*byte);
            if let Some(whole) = chunks.advance(&mut bytes)? {
                return Ok(Some((bytes[..whole.len].to_vec(), whole.used + cut)));
            }
            let (from, to) = chunks.spent();
            bytes.drain(from..to);
            chunks.cut();
            cut += to - from;
        }
        Ok(None)
    }

    #[test]
    fn chunks_join_whole_and_dripped() {
        let body = |text: &str, used| Ok(Some((text.as_bytes().to_vec(), used)));
        for (wire, expected) in [
            ("0\r\n\r\n", body("", 5)),
            ("5\r\nhello\r\n0\r\n\r\nGET", body("hello", 15)),
            (
                "5\r\nhello\r\n6;a=b\r\n world\r\n00\r\nX: y\r\n\r\n",
                body("hello world", 37),
            ),
            (
                "a ; q=\"x y\"\r\n0123456789\r\n0\r\n\r\n",
                body("0123456789", 30),
            ),
            ("5\r\nhell", Ok(None)),
            ("5\r\nhelloX\r\n0\r\n\r\n", Err(Reason::Chunk)),
            ("5\nhello\r\n0\r\n\r\n", Err(Reason::Chunk)),
            ("5 \r\nhello\r\n0\r\n\r\n", Err(Reason::Chunk)),
            ("+5\r\nhello\r\n0\r\n\r\n", Err(Reason::Chunk)),
            ("0x5\r\nhello\r\n0\r\n\r\n", Err(Reason::Chunk)),
            ("5_0\r\nhello\r\n0\r\n\r\n", Err(Reason::Chunk)),
            ("-1\r\nhello\r\n0\r\n\r\n", Err(Reason::Chunk)),
            ("\r\nhello\r\n0\r\n\r\n", Err(Reason::Chunk)),
            ("5;a\rb\r\nhello\r\n0\r\n\r\n", Err(Reason::Chunk)),
            ("FFFFFFFFFFFFFFFFF\r\n", Err(Reason::Chunk)),
            ("ffffffff\r\n", Err(Reason::BodySize)),
            ("3e9\r\n", Err(Reason::BodySize)),
            ("0\r\nno colon\r\n\r\n", Err(Reason::Chunk)),
            ("0\r\n: no name\r\n\r\n", Err(Reason::Chunk)),
            ("0\r\nA: b\n\r\n", Err(Reason::Chunk)),
        ] {
            assert_eq!(whole(wire.as_bytes()), expected, "{wire:?}");
            assert_eq!(dripped(wire.as_bytes()), expected, "dripped {wire:?}");
        }
    }

    #[test]
    fn framing_must_not_outweigh_the_payload() {
        let line = format!("1;{}\r\nx\r\n", "e".repeat(200));
        assert_eq!(
            whole(line.repeat(30).as_bytes()),
            Err(Reason::ChunkOverhead)
        );
        assert_eq!(
            whole("1\r\nx\r\n".repeat(1001).as_bytes()),
            Err(Reason::BodySize)
        );
        let trailers = format!("0\r\n{}\r\n", "A: b\r\n".repeat(700));
        assert_eq!(whole(trailers.as_bytes()), Err(Reason::Chunk));
        let at = |bytes: usize| format!("1;{}\r\nx\r\n0\r\n\r\n", "e".repeat(bytes - 2));
        assert!(whole(at(CHUNK_LINE_BYTES_MAX).as_bytes()).is_ok());
        assert_eq!(
            whole(at(CHUNK_LINE_BYTES_MAX + 1).as_bytes()),
            Err(Reason::Chunk)
        );
    }
}
