//! One connection: its socket, what it sent that is not a whole request yet, what it has not
//! taken of our answers, and what it is waited for. Knows neither poller nor other connections.
//!
//! A connection that holds nothing unfinished holds no buffer: reads go into the door's one
//! buffer, and requests that are whole there are taken from it in place.

use std::io::{self, Read};
use std::mem;
use std::net::{IpAddr, Shutdown};

use mio::net::TcpStream;

use crate::answer::{Manner, What};
use crate::keeper::Keeper;
use crate::limits::{CONNECTION_TURN_BYTES_MAX, CONNECTION_TURN_REQUESTS_MAX, LINGER_BYTES_MAX};
use crate::options::Options;
use crate::outbox::Outbox;
use crate::reason::Reason;
use crate::request::{Stage, Step};
use crate::wait::{Deadline, Wait};
use crate::work::{Due, Work};

/// What is to be done with a connection now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Wait.
    Keep,
    /// Another turn: it has more than one turn allows.
    Queue,
    /// Drop it.
    Close,
    /// Answer that its time is up, then close.
    Refuse(Reason),
}

/// See the module.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that come from the socket one by one"
)]
pub struct Conn {
    stream: TcpStream,
    peer: IpAddr,
    stage: Stage,
    input: Vec<u8>,
    outbox: Outbox,
    deadline: Deadline,
    /// The socket may hold bytes that were not read.
    is_readable: bool,
    /// The poller said that the other side is done sending; a short read is not the end then.
    is_hung_up: bool,
    /// The end was read.
    is_ended: bool,
    /// No request is read any more; closes when the answers are out.
    is_closing: bool,
    /// The other side may still be sending, so closing at once could destroy our answer.
    must_linger: bool,
    /// A bound stopped it, not the lack of bytes.
    has_more: bool,
    lingered: usize,
    received: u64,
    requests: u64,
    /// In the door's list of those that have a turn.
    pub(crate) is_queued: bool,
    /// Answers that wait for the commit.
    pub(crate) due: u32,
    /// When its timer entry comes up; `u64::MAX` if there is none.
    pub(crate) timer_ms: u64,
}

impl Conn {
    /// A connection that was just accepted.
    pub fn new(stream: TcpStream, peer: IpAddr, now_ms: u64, options: &Options) -> Self {
        Self {
            stream,
            peer,
            stage: Stage::default(),
            input: Vec::new(),
            outbox: Outbox::default(),
            deadline: Deadline::new(now_ms, options),
            is_readable: false,
            is_hung_up: false,
            is_ended: false,
            is_closing: false,
            must_linger: false,
            has_more: false,
            lingered: 0,
            received: 0,
            requests: 0,
            is_queued: false,
            due: 0,
            timer_ms: u64::MAX,
        }
    }

    /// What the poller said.
    pub const fn woke(&mut self, is_readable: bool, is_hung_up: bool) {
        self.is_readable |= is_readable || is_hung_up;
        self.is_hung_up |= is_hung_up;
    }

    /// When its time is up.
    pub const fn deadline_ms(&self) -> u64 {
        self.deadline.at_ms()
    }

    /// Whether it has answers that were not taken.
    pub const fn has_output(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Whether it is between two requests, and nothing else is known to be there.
    pub const fn is_idle(&self) -> bool {
        !self.is_readable
            && !self.is_queued
            && !self.has_more
            && self.due == 0
            && matches!(self.deadline.wait(), Wait::Idle | Wait::Head)
            && self.stage.is_untouched()
    }

    /// Since when it could be closed for another that wants in, if it could.
    pub fn dispensable_since(&self, options: &Options) -> Option<u64> {
        let since = self.deadline.dispensable_since(options);
        self.is_idle().then_some(since)
    }

    /// Whether it has not brought a whole request yet.
    pub const fn is_fresh(&self) -> bool {
        self.requests == 0
    }

    /// Its time is up no later than this.
    pub fn hurry(&mut self, deadline_ms: u64) {
        self.deadline.hurry(deadline_ms);
    }

    /// Whether it only waits to be closed.
    pub fn is_lingering(&self) -> bool {
        self.deadline.wait() == Wait::Linger
    }

    /// Reads, and takes every whole request that the bounds allow.
    ///
    /// # Errors
    /// The connection is broken; drop it.
    pub fn fill<K: Keeper>(
        &mut self,
        scratch: &mut [u8],
        work: &mut Work<K>,
        token: usize,
    ) -> io::Result<()> {
        let mut input = mem::take(&mut self.input);
        let held = input.len();
        let result = self.fill_into(&mut input, scratch, work, token);
        if self.is_closing || input.is_empty() {
            input = Vec::new();
        }
        work.stats.buffered_bytes += input.len();
        work.stats.buffered_bytes -= held;
        let bytes_max = work.options.buffered_bytes_max_for(input.len());
        if input.len() > held && work.stats.buffered_bytes > bytes_max {
            work.stats.buffered_bytes -= input.len();
            input = Vec::new();
            let manner = Manner {
                closes: true,
                ..Manner::default()
            };
            self.owe(work, token, What::Refused(Reason::Overload), manner);
        }
        self.input = input;
        result
    }

    fn fill_into<K: Keeper>(
        &mut self,
        input: &mut Vec<u8>,
        scratch: &mut [u8],
        work: &mut Work<K>,
        token: usize,
    ) -> io::Result<()> {
        let mut bytes_left = CONNECTION_TURN_BYTES_MAX;
        let mut requests_left = CONNECTION_TURN_REQUESTS_MAX;
        if mem::take(&mut self.has_more) && !input.is_empty() {
            let used = self.feed(input, work, token, &mut requests_left);
            self.keep(input, used);
        }
        while self.is_readable && !self.is_closing && !self.has_more {
            if bytes_left == 0 || requests_left == 0 || !work.has_room() {
                self.has_more = true;
                break;
            }
            let count = self.read(scratch)?;
            let Some(fresh) = scratch.get_mut(..count).filter(|fresh| !fresh.is_empty()) else {
                break;
            };
            bytes_left = bytes_left.saturating_sub(count);
            work.took_bytes(count);
            if input.is_empty() {
                let used = self.feed(fresh, work, token, &mut requests_left);
                self.carry(fresh, used, input);
            } else {
                input.extend_from_slice(fresh);
                let used = self.feed(input, work, token, &mut requests_left);
                self.keep(input, used);
            }
        }
        Ok(())
    }

    /// One read; 0 when there is nothing to be had.
    fn read(&mut self, scratch: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.stream.read(scratch) {
                Ok(0) => {
                    self.is_readable = false;
                    self.is_ended = true;
                    return Ok(0);
                }
                Ok(count) => {
                    // A short read has emptied the socket: the next byte is reported anew.
                    self.is_readable = count == scratch.len() || self.is_hung_up;
                    self.received += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.is_readable = false;
                    return Ok(0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes whole requests from `bytes`; says how many bytes they were.
    fn feed<K: Keeper>(
        &mut self,
        bytes: &mut [u8],
        work: &mut Work<K>,
        token: usize,
        requests_left: &mut usize,
    ) -> usize {
        let mut used = 0;
        work.peer = Some(self.peer);
        while let Some(rest) = bytes.get_mut(used..).filter(|rest| !rest.is_empty()) {
            if *requests_left == 0 || !work.has_room() {
                self.has_more = true;
                break;
            }
            match self.stage.step(rest, work) {
                Step::More => break,
                Step::Continue => {
                    self.owe(work, token, What::Continue, Manner::default());
                    break;
                }
                Step::Due(bytes, what, manner) => {
                    used += bytes;
                    self.requests += 1;
                    *requests_left -= 1;
                    work.took_request(bytes);
                    self.owe(work, token, what, manner);
                    if manner.closes {
                        break;
                    }
                }
            }
        }
        self.must_linger |= self.is_closing && used < bytes.len();
        used
    }

    fn owe<K: Keeper>(&mut self, work: &mut Work<K>, token: usize, what: What, manner: Manner) {
        if manner.closes {
            self.is_closing = true;
            self.must_linger |= matches!(what, What::Refused(_));
        }
        self.due += 1;
        work.due.push(Due {
            token,
            what,
            manner,
        });
    }

    /// Drops what was taken from the connection's own buffer.
    fn keep(&mut self, input: &mut Vec<u8>, used: usize) {
        if let Some((from, to)) = self.stage.spent() {
            input.drain(used + from..used + to);
            self.stage.cut();
        }
        input.drain(..used);
    }

    /// Copies what was not taken from the door's buffer into the connection's own.
    fn carry(&mut self, fresh: &[u8], used: usize, input: &mut Vec<u8>) {
        let rest = fresh.get(used..).unwrap_or_default();
        let (from, to) = self.stage.spent().unwrap_or((rest.len(), rest.len()));
        input.extend_from_slice(rest.get(..from).unwrap_or_default());
        input.extend_from_slice(rest.get(to..).unwrap_or_default());
        self.stage.cut();
    }

    /// Sends answers; what the socket does not take is kept for later.
    ///
    /// # Errors
    /// The connection is broken; drop it.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outbox.send(&mut self.stream, bytes)
    }

    /// Sends what was kept.
    ///
    /// # Errors
    /// The connection is broken; drop it.
    pub fn flush(&mut self) -> io::Result<usize> {
        self.outbox.flush(&mut self.stream)
    }

    /// What comes next, when no answer waits for a commit.
    pub fn settle(&mut self, now_ms: u64, options: &Options) -> Next {
        if self.has_output() {
            return self.wait_for(Wait::Write, now_ms, options);
        }
        if self.is_closing {
            if !self.must_linger && !self.is_readable {
                return Next::Close;
            }
            self.wait_for(Wait::Linger, now_ms, options);
            return match self.stream.shutdown(Shutdown::Write) {
                Ok(()) => Next::Queue,
                Err(_) => Next::Close,
            };
        }
        if self.has_more {
            return Next::Queue;
        }
        if self.is_ended {
            return Next::Close;
        }
        let wait = match self.stage {
            Stage::Body { .. } => Wait::Body,
            Stage::Head(_) if self.stage.is_untouched() && self.requests > 0 => Wait::Idle,
            Stage::Head(_) => Wait::Head,
        };
        self.wait_for(wait, now_ms, options)
    }

    fn wait_for(&mut self, wait: Wait, now_ms: u64, options: &Options) -> Next {
        self.deadline
            .set(wait, self.requests, self.received, now_ms, options);
        Next::Keep
    }

    /// Drops what a refused sender still sends.
    pub fn linger(&mut self, scratch: &mut [u8]) -> Next {
        while self.is_readable {
            match self.read(scratch) {
                Ok(0) => break,
                Ok(count) => self.lingered += count,
                Err(_) => return Next::Close,
            }
            if self.lingered > LINGER_BYTES_MAX {
                return Next::Close;
            }
        }
        if self.is_ended {
            Next::Close
        } else {
            Next::Keep
        }
    }

    /// Its time is up.
    pub fn expire(&mut self, now_ms: u64, options: &Options) -> Next {
        match self.deadline.wait() {
            Wait::Body if self.deadline.renew(self.received, now_ms, options) => Next::Keep,
            Wait::Body => self.refuse(Reason::BodyTime),
            Wait::Head if !self.input.is_empty() => self.refuse(Reason::HeadTime),
            Wait::Head | Wait::Idle | Wait::Write | Wait::Linger => Next::Close,
        }
    }

    fn refuse(&mut self, reason: Reason) -> Next {
        self.is_closing = true;
        self.must_linger = true;
        Next::Refuse(reason)
    }

    /// Gives up what it held of an unfinished request; says how much that was.
    pub fn release(&mut self) -> usize {
        mem::take(&mut self.input).len()
    }

    /// The socket, to register or to take off the poller.
    pub const fn stream_mut(&mut self) -> &mut TcpStream {
        &mut self.stream
    }
}
