//! One keep-alive connection: bytes out, answers in, in the order the requests went out.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use crate::response::{self, Parsed};

/// A request that waits for its answer.
#[derive(Clone, Copy)]
pub struct UnderWay {
    pub index: u64,
    pub intended_ns: u64,
    pub sent_ns: u64,
    pub is_head: bool,
}

/// Why a connection cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Could not be opened.
    Connect,
    /// The server closed it or it was reset.
    Closed,
    /// Not HTTP, or an answer nobody asked for.
    Malformed,
    /// An answer took longer than allowed.
    Timeout,
}

pub struct Connection {
    stream: TcpStream,
    is_open: bool,
    /// Bytes of an answer that is not whole yet.
    unread: Vec<u8>,
    /// Bytes of requests the socket did not take yet.
    unsent: Vec<u8>,
    waiting: VecDeque<UnderWay>,
}

impl Connection {
    /// Begins to connect; [`Connection::finish_connect`] tells when it is open.
    pub fn begin(address: SocketAddr, registry: &Registry, token: Token) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        let (unread, unsent, waiting) = (Vec::new(), Vec::new(), VecDeque::new());
        Ok(Self {
            stream,
            is_open: false,
            unread,
            unsent,
            waiting,
        })
    }

    /// After a readiness event: whether it is open now.
    pub fn finish_connect(&mut self) -> Result<bool, Fault> {
        if !self.is_open {
            if self
                .stream
                .take_error()
                .map_or(true, |error| error.is_some())
            {
                return Err(Fault::Connect);
            }
            match self.stream.peer_addr() {
                Ok(_) => self.is_open = true,
                Err(error) if error.kind() == io::ErrorKind::NotConnected => return Ok(false),
                Err(_) => return Err(Fault::Connect),
            }
            // Without it a pipelined second write would wait for the first one's acknowledgement.
            self.stream.set_nodelay(true).map_err(|_| Fault::Connect)?;
        }
        Ok(true)
    }

    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Requests under way.
    pub fn waiting(&self) -> &VecDeque<UnderWay> {
        &self.waiting
    }

    /// Notes a request whose bytes go out next.
    pub fn expect(&mut self, request: UnderWay) {
        self.waiting.push_back(request);
    }

    /// Sends bytes, or keeps what the socket does not take for [`Connection::flush`].
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let taken = if self.unsent.is_empty() {
            self.write(bytes)?
        } else {
            0
        };
        self.unsent
            .extend_from_slice(bytes.get(taken..).unwrap_or_default());
        Ok(())
    }

    /// Writes what is left of earlier requests; called when the socket is writable.
    pub fn flush(&mut self) -> Result<(), Fault> {
        if !self.unsent.is_empty() {
            let bytes = std::mem::take(&mut self.unsent);
            let taken = self.write(&bytes)?;
            self.unsent
                .extend_from_slice(bytes.get(taken..).unwrap_or_default());
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(0) => return Err(Fault::Closed),
                Ok(len) => taken += len,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Fault::Closed),
            }
        }
        Ok(taken)
    }

    /// Reads what is there and gives each whole answer to `answered`.
    ///
    /// A read that does not fill `buffer` ends the turn: the poller is edge-triggered and tells of
    /// later bytes. After the server closed (`to_end`) it reads up to the end.
    pub fn receive(
        &mut self,
        buffer: &mut [u8],
        to_end: bool,
        answered: &mut impl FnMut(UnderWay, u16),
    ) -> Result<(), Fault> {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return Err(self.end_of_stream(answered)),
                Ok(len) => {
                    self.take_bytes(buffer.get(..len).unwrap_or_default(), answered)?;
                    if len < buffer.len() && !to_end {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Fault::Closed),
            }
        }
    }

    fn take_bytes(
        &mut self,
        bytes: &[u8],
        answered: &mut impl FnMut(UnderWay, u16),
    ) -> Result<(), Fault> {
        if self.unread.is_empty() {
            let used = self.take_answers(bytes, answered)?;
            self.unread
                .extend_from_slice(bytes.get(used..).unwrap_or_default());
        } else {
            let mut joined = std::mem::take(&mut self.unread);
            joined.extend_from_slice(bytes);
            let used = self.take_answers(&joined, answered)?;
            joined.drain(..used);
            self.unread = joined;
        }
        Ok(())
    }

    /// Takes whole answers off the front of `bytes`; returns the bytes used.
    fn take_answers(
        &mut self,
        bytes: &[u8],
        answered: &mut impl FnMut(UnderWay, u16),
    ) -> Result<usize, Fault> {
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            let Some(sent) = self.waiting.front().copied() else {
                return Err(Fault::Malformed);
            };
            match response::parse(rest, sent.is_head).map_err(|_| Fault::Malformed)? {
                Parsed::Whole {
                    status,
                    len,
                    is_last,
                } => {
                    used += len;
                    // 100 Continue and its like come before the answer proper.
                    if status >= 200 {
                        self.waiting.pop_front();
                        answered(sent, status);
                    }
                    if is_last {
                        return Err(Fault::Closed);
                    }
                }
                Parsed::Partial | Parsed::UntilClose { .. } => break,
            }
            if used == bytes.len() {
                break;
            }
        }
        if bytes.len() - used > response::ANSWER_BYTES_MAX {
            return Err(Fault::Malformed);
        }
        Ok(used)
    }

    /// The server closed: an answer that lasts until then is whole now.
    fn end_of_stream(&mut self, answered: &mut impl FnMut(UnderWay, u16)) -> Fault {
        if let Some(sent) = self.waiting.front().copied()
            && let Ok(Parsed::UntilClose { status }) = response::parse(&self.unread, sent.is_head)
        {
            self.waiting.pop_front();
            answered(sent, status);
        }
        Fault::Closed
    }

    pub fn deregister(&mut self, registry: &Registry) {
        // The descriptor closes next, which would take it off the poller too.
        let _ = registry.deregister(&mut self.stream);
    }
}
