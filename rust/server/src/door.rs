//! The door: one poller for all its sockets, and the order of a turn: poll, accept, read and
//! decode, commit, answer, timers. Knows neither HTTP's grammar nor what events mean.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use smstrack_engine::engine::Engine;
use smstrack_engine::error::InputError;

use crate::answer::{Answers, Health, Manner, What};
use crate::clock::Monotonic;
use crate::conn::{Conn, Next};
use crate::keeper::Keeper;
use crate::limits::{LISTEN_BACKLOG_COUNT, READ_BYTES_MAX, TURN_EVENTS_MAX, TURN_ROUNDS_MAX};
use crate::options::Options;
use crate::reason::Reason;
use crate::slots::Slots;
use crate::stats::Stats;
use crate::timers::Timers;
use crate::work::Work;

mod judged;

const LISTENER: usize = usize::MAX;

/// What a turn left to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Replies that wait for labels: call [`Door::finish`]. 0: the turn is complete.
    pub replies_waiting: usize,
    /// Call again after so many milliseconds, whether or not the descriptor is readable.
    pub next_timer_ms: Option<u64>,
}

/// The ingest door. One thread at a time; never blocks but on the engine's commit.
///
/// Wait until [`Door::as_raw_fd`] is readable or the last turn's time has passed, then call
/// [`Door::pump`]. If it says that replies wait, read [`Door::reply_texts`] and call
/// [`Door::finish`]; until then nothing is read and nothing is answered.
pub struct Door<K: Keeper = Arc<Engine>> {
    pub(crate) poll: Poll,
    events: Events,
    pub(crate) listener: Option<TcpListener>,
    local: SocketAddr,
    pub(crate) may_accept: bool,
    pub(crate) accept_paused_until: u64,
    pub(crate) no_room_until: u64,
    pub(crate) slots: Slots<Conn>,
    /// Connections that have something to do, each once.
    ready: VecDeque<usize>,
    pub(crate) timers: Timers,
    pub(crate) work: Work<K>,
    answers: Answers,
    pub(crate) scratch: Vec<u8>,
    pub(crate) out: Vec<u8>,
    clock: Monotonic,
}

impl<K: Keeper> Door<K> {
    /// Listens. Port 0 takes a free one; see [`Self::local_addr`].
    ///
    /// # Errors
    /// Whatever the system says of the address or of the poller.
    pub fn bind(keeper: K, addr: SocketAddr, options: Options) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(addr)?;
        // Listening again only lengthens the queue; 128 is too short for a burst of senders.
        rustix::net::listen(&listener, LISTEN_BACKLOG_COUNT)?;
        poll.registry()
            .register(&mut listener, Token(LISTENER), Interest::READABLE)?;
        Ok(Self {
            poll,
            events: Events::with_capacity(TURN_EVENTS_MAX),
            local: listener.local_addr()?,
            listener: Some(listener),
            may_accept: false,
            accept_paused_until: 0,
            no_room_until: 0,
            slots: Slots::new(),
            ready: VecDeque::new(),
            timers: Timers::default(),
            work: Work::new(keeper, options),
            answers: Answers::new(),
            scratch: vec![0; READ_BYTES_MAX],
            out: Vec::new(),
            clock: Monotonic::start(),
        })
    }

    /// Where it listens.
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// One bounded turn. `received_ms`: wall time, milliseconds since 1970-01-01 UTC.
    ///
    /// While replies wait for labels it does nothing but say so again: nothing is lost, and
    /// senders are held back.
    ///
    /// Blocks on the engine's commit only.
    pub fn pump(&mut self, received_ms: i64) -> Turn {
        let now_ms = self.clock.elapsed_us() / 1000;
        self.pump_at(received_ms, now_ms)
    }

    /// [`Self::pump`] with the caller's monotonic time, in milliseconds since any fixed moment.
    /// Use either one or the other.
    pub fn pump_at(&mut self, received_ms: i64, now_ms: u64) -> Turn {
        if self.work.replies_waiting() > 0 {
            return self.turn(now_ms);
        }
        let began_us = self.clock.elapsed_us();
        self.answers.set_time(received_ms);
        self.work.begin(received_ms, now_ms);
        if self.work.is_unsettled() {
            self.answer(false, now_ms);
        }
        for _ in 0..TURN_ROUNDS_MAX {
            let owed = self.work.due.len();
            self.poll();
            self.accept(now_ms);
            self.serve_ready(now_ms);
            if self.work.due.len() == owed {
                break;
            }
        }
        if self.work.replies_waiting() == 0 {
            self.end(now_ms);
        }
        let took_us = self.clock.elapsed_us().saturating_sub(began_us);
        self.work.stats.turn_us_max = self.work.stats.turn_us_max.max(took_us);
        self.turn(now_ms)
    }

    /// Texts of the replies that wait for labels, in order.
    pub fn reply_texts(&self) -> impl Iterator<Item = &str> {
        self.work.reply_texts()
    }

    /// Ends a turn that waited for labels: commits with them, answers.
    ///
    /// # Errors
    /// When there is not one word for each reply; nothing was changed, call again.
    pub fn finish(&mut self, labels: &[u16], now_ms: i64) -> Result<Turn, InputError> {
        let monotonic_ms = self.clock.elapsed_us() / 1000;
        self.finish_at(labels, now_ms, monotonic_ms)
    }

    /// [`Self::finish`] with the caller's monotonic time; see [`Self::pump_at`].
    /// # Errors
    /// As [`Self::finish`].
    pub fn finish_at(
        &mut self,
        labels: &[u16],
        wall_ms: i64,
        now_ms: u64,
    ) -> Result<Turn, InputError> {
        self.work.set_labels(labels)?;
        self.answers.set_time(wall_ms);
        self.end(now_ms);
        Ok(self.turn(now_ms))
    }

    /// Stops accepting with the next turn ([`Self::pump`]), and closes connections at rest.
    /// What is in progress is read, kept and answered with `Connection: close`.
    pub const fn drain(&mut self) {
        self.work.is_draining = true;
    }

    /// After [`Self::drain`]: whether every connection is done and nothing waits for labels.
    pub fn is_idle(&self) -> bool {
        self.listener.is_none() && self.slots.len() == 0 && self.work.replies_waiting() == 0
    }

    /// Drops all connections and the listener. What was not answered was not promised.
    pub fn close(&mut self) {
        self.listener = None;
        self.may_accept = false;
        self.work.is_draining = true;
        self.slots = Slots::new();
        self.ready.clear();
        self.timers.clear();
        self.work.drop_all();
    }

    /// Whether the engine refused the last commit, or is known to refuse the next.
    pub fn is_poisoned(&self) -> bool {
        self.work.is_failed()
    }

    /// What was counted so far.
    pub fn stats(&self) -> Stats {
        Stats {
            connections_open: self.slots.len(),
            ..self.work.stats.clone()
        }
    }

    fn turn(&self, now_ms: u64) -> Turn {
        let replies_waiting = self.work.replies_waiting();
        let accept = self.may_accept.then_some(self.accept_paused_until);
        let next = [self.timers.next_ms(), accept].into_iter().flatten().min();
        let next_timer_ms = if self.ready.is_empty() {
            next.map(|at| at.saturating_sub(now_ms))
        } else {
            Some(0)
        };
        Turn {
            replies_waiting,
            next_timer_ms,
        }
    }

    fn poll(&mut self) {
        if let Err(error) = self.poll.poll(&mut self.events, Some(Duration::ZERO)) {
            let is_failure = error.kind() != io::ErrorKind::Interrupted;
            self.work.stats.poll_failures += u64::from(is_failure);
            return;
        }
        for event in &self.events {
            let Token(token) = event.token();
            if token == LISTENER {
                self.may_accept = true;
            } else if let Some(conn) = self.slots.get_mut(token) {
                let is_readable = event.is_readable() || event.is_error();
                conn.woke(is_readable, event.is_read_closed() || event.is_error());
                if !mem::replace(&mut conn.is_queued, true) {
                    self.ready.push_back(token);
                }
            }
        }
    }

    /// Gives each connection that is ready now its turn, within the turn's bounds.
    fn serve_ready(&mut self, now_ms: u64) {
        let mut left = self.ready.len();
        while left > 0 && self.work.has_room() {
            left -= 1;
            if let Some(token) = self.ready.pop_front() {
                self.serve(token, now_ms);
            }
        }
    }

    fn serve(&mut self, token: usize, now_ms: u64) {
        let Some(conn) = self.slots.get_mut(token) else {
            return;
        };
        conn.is_queued = false;
        if conn.is_lingering() {
            let next = conn.linger(&mut self.scratch);
            self.obey(token, next);
            return;
        }
        if conn.has_output() {
            match conn.flush() {
                Ok(count) => self.work.stats.bytes_out += count as u64,
                Err(_) => return self.remove(token),
            }
        }
        if !conn.has_output() && conn.fill(&mut self.scratch, &mut self.work, token).is_err() {
            return self.remove(token);
        }
        if conn.due == 0 {
            self.settle(token, now_ms);
        }
    }

    pub(crate) fn settle(&mut self, token: usize, now_ms: u64) {
        if let Some(conn) = self.slots.get_mut(token) {
            let next = conn.settle(now_ms, &self.work.options);
            self.obey(token, next);
        }
    }

    pub(crate) fn obey(&mut self, token: usize, next: Next) {
        match next {
            Next::Close => self.remove(token),
            Next::Queue => {
                if let Some(conn) = self.slots.get_mut(token)
                    && !mem::replace(&mut conn.is_queued, true)
                {
                    self.ready.push_back(token);
                }
                self.arm(token);
            }
            Next::Keep => self.arm(token),
            Next::Refuse(reason) => {
                self.out.clear();
                self.write_refusal(reason);
                self.send(token);
            }
        }
    }

    pub(crate) fn remove(&mut self, token: usize) {
        if let Some(mut conn) = self.slots.remove(token) {
            self.work.stats.buffered_bytes -= conn.release();
            // Closing the socket takes it off the poller, whatever this says.
            let _ = self.poll.registry().deregister(conn.stream_mut());
        }
    }

    /// Commits, answers, and looks at the timers.
    fn end(&mut self, now_ms: u64) {
        let is_kept = self.work.commit(now_ms);
        self.answer(is_kept, now_ms);
        self.expire(now_ms);
        if self.work.is_draining {
            self.sweep(now_ms);
        }
    }

    /// Gives all answers that wait; a connection's go out in one write.
    fn answer(&mut self, is_kept: bool, now_ms: u64) {
        let mut due = mem::take(&mut self.work.due);
        // Asked once a turn, and only if somebody wants to know: the engine takes a lock for it.
        let asks = due.iter().any(|owed| matches!(owed.what, What::Health));
        let health = if asks { self.work.health() } else { Health::Ok };
        for owed in due.chunk_by(|one, other| one.token == other.token) {
            self.out.clear();
            for answer in owed {
                let failed = &What::Refused(Reason::Storage);
                let what = if answer.what.is_promise() && !is_kept {
                    failed
                } else {
                    &answer.what
                };
                let (status, word) = self
                    .answers
                    .write(&mut self.out, what, answer.manner, health);
                self.work.stats.answered(status);
                if let Some(word) = word {
                    self.work.stats.refused(word);
                }
            }
            if let Some(first) = owed.first()
                && let Some(conn) = self.slots.get_mut(first.token)
            {
                // Others may lie in between: it comes to rest with its last answer.
                conn.due = conn
                    .due
                    .saturating_sub(u32::try_from(owed.len()).unwrap_or(u32::MAX));
                let is_last = conn.due == 0;
                self.send(first.token);
                if is_last {
                    self.settle(first.token, now_ms);
                }
            }
        }
        due.clear();
        self.work.due = due;
        self.work.settled();
    }

    pub(crate) fn write_refusal(&mut self, reason: Reason) {
        let manner = Manner {
            closes: true,
            ..Manner::default()
        };
        let what = What::Refused(reason);
        let (status, word) = self.answers.write(&mut self.out, &what, manner, Health::Ok);
        self.work.stats.answered(status);
        if let Some(word) = word {
            self.work.stats.refused(word);
        }
    }

    fn send(&mut self, token: usize) {
        let Some(conn) = self.slots.get_mut(token) else {
            return;
        };
        match conn.send(&self.out) {
            Ok(count) => self.work.stats.bytes_out += count as u64,
            Err(_) => self.remove(token),
        }
    }
}

/// The border may hand the door from thread to thread, one at a time.
const _: fn() = || {
    const fn is_send<T: Send>() {}
    is_send::<Door>();
};

impl<K: Keeper> AsRawFd for Door<K> {
    /// The poller's descriptor: readable when there is something for [`Door::pump`] to do.
    fn as_raw_fd(&self) -> RawFd {
        self.poll.as_raw_fd()
    }
}
