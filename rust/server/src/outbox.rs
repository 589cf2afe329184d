//! Answers that a socket has not taken yet. Knows bytes, not what they say.

use std::io::{self, Write};
use std::mem;

/// What is still to be sent; holds no memory when there is nothing.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
}

impl Outbox {
    /// Whether everything was taken.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Sends after what is already waiting; keeps what is not taken. Says how much was.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn send(&mut self, to: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
        let sent = if self.is_empty() {
            write(to, bytes)?
        } else {
            0
        };
        self.bytes
            .extend_from_slice(bytes.get(sent..).unwrap_or_default());
        Ok(sent)
    }

    /// Sends what is waiting. Says how much was taken.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn flush(&mut self, to: &mut impl Write) -> io::Result<usize> {
        let bytes = mem::take(&mut self.bytes);
        let count = write(to, bytes.get(self.sent..).unwrap_or_default())?;
        self.sent += count;
        if self.sent < bytes.len() {
            self.bytes = bytes;
        } else {
            self.sent = 0;
        }
        Ok(count)
    }
}

fn write(to: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
    let mut sent = 0;
    while let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty()) {
        match to.write(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => sent += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes, then blocks.
    struct Narrow(usize, Vec<u8>);
    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = self.0.min(bytes.len());
            if count == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.0 -= count;
            self.1.extend_from_slice(&bytes[..count]);
            Ok(count)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn order_is_kept_however_narrow_the_socket() {
        let (mut outbox, mut to) = (Outbox::default(), Narrow(3, Vec::new()));
        assert_eq!(outbox.send(&mut to, b"hello ").unwrap(), 3);
        to.0 = 100;
        assert_eq!(outbox.send(&mut to, b"world").unwrap(), 0);
        to.0 = 2;
        assert_eq!(outbox.flush(&mut to).unwrap(), 2);
        assert!(!outbox.is_empty());
        to.0 = 100;
        assert_eq!(outbox.flush(&mut to).unwrap(), 6);
        assert!(outbox.is_empty());
        assert_eq!(to.1, b"hello world");
    }
}
