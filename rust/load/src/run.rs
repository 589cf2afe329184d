//! The loop: sends what is due on connections that have room, reads answers, counts.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use mio::{Events, Poll, Token};

use crate::client::{Connection, Fault, UnderWay};
use crate::options::{Failure, Options};
use crate::pace::{Clock, Pace, duration_ns};
use crate::report::Tally;
use crate::shapes::Source;

/// Events of one poll; the rest comes with the next.
const EVENTS_MAX: usize = 1_024;
/// Bytes of one read; an answer to a receipt is about 100.
const READ_BYTES: usize = 64 << 10;
/// How often reconnects and timeouts are looked at.
const HOUSEKEEPING_NS: u64 = 10_000_000;
/// A poll may oversleep by its millisecond granularity: nearer than this, poll without sleeping.
const SPIN_NS: u64 = 1_500_000;
/// Longest wait for the first connections.
const CONNECT_NS: u64 = 5_000_000_000;
/// Wait before a failed connection is opened anew.
const RECONNECT_NS: u64 = 20_000_000;

/// One place of the connection table.
struct Place {
    connection: Option<Connection>,
    reopen_at_ns: u64,
    is_listed: bool,
}

/// One run from the first connection to the report.
pub struct Run<'a> {
    options: &'a Options,
    source: &'a Source,
    poll: Poll,
    clock: Clock,
    pace: Pace,
    places: Vec<Place>,
    /// Connections that may have room, each at most once, longest idle first.
    free: VecDeque<usize>,
    in_flight: u64,
    tally: Tally,
    /// Requests about to go out.
    bytes: Vec<u8>,
    read_buffer: Vec<u8>,
}

/// Runs it all; returns the counts.
pub fn run(options: &Options, source: &Source) -> Result<Tally, Failure> {
    let poll = Poll::new().map_err(|error| Failure::run(format!("no poller: {error}")))?;
    let places = (0..options.connections)
        .map(|_| Place {
            connection: None,
            reopen_at_ns: 0,
            is_listed: false,
        })
        .collect();
    let mut run = Run {
        options,
        source,
        poll,
        clock: Clock::start(),
        pace: Pace::closed(0, 0),
        places,
        free: VecDeque::with_capacity(options.connections),
        in_flight: 0,
        tally: Tally::new(options.first, duration_ns(options.warmup)),
        bytes: Vec::with_capacity(64 << 10),
        read_buffer: vec![0; READ_BYTES],
    };
    run.connect_all()?;
    run.clock = Clock::start();
    let count_max = options.requests.min(source.count().unwrap_or(u64::MAX));
    let until_ns = duration_ns(options.duration);
    run.pace = match options.rate {
        Some(rate) => Pace::open(rate, count_max, until_ns),
        None => Pace::closed(count_max, until_ns),
    };
    run.send_and_receive()?;
    Ok(run.finish())
}

impl Run<'_> {
    /// Opens every connection before the clock of the run starts.
    fn connect_all(&mut self) -> Result<(), Failure> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        self.reopen(0);
        while self.free.len() < self.places.len() {
            let is_late = self.clock.now_ns() > CONNECT_NS;
            if is_late || self.tally.connect_failures > 0 {
                let (open, asked) = (self.free.len(), self.places.len());
                let address = self.options.address;
                return Err(Failure::run(format!(
                    "{address}: {open} of {asked} connections opened; is the server running?"
                )));
            }
            self.turn(&mut events, 50_000_000)?;
        }
        Ok(())
    }

    fn send_and_receive(&mut self) -> Result<(), Failure> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        let stop_ns = duration_ns(self.options.duration + self.options.grace);
        let mut next_housekeeping_ns = 0;
        loop {
            let now_ns = self.clock.now_ns();
            let is_done = self.pace.is_exhausted(now_ns) && self.in_flight == 0;
            if is_done || now_ns >= stop_ns {
                return Ok(());
            }
            if now_ns >= next_housekeeping_ns {
                self.drop_late(now_ns);
                self.reopen(now_ns);
                next_housekeeping_ns = now_ns + HOUSEKEEPING_NS;
            }
            self.send_due(now_ns);
            self.turn(&mut events, self.sleep_ns(now_ns))?;
        }
    }

    fn sleep_ns(&self, now_ns: u64) -> u64 {
        // With every connection busy only an answer can change anything.
        match self.pace.wait_ns(now_ns) {
            Some(_) if self.free.is_empty() => HOUSEKEEPING_NS,
            Some(wait_ns) if wait_ns < SPIN_NS => 0,
            Some(wait_ns) => HOUSEKEEPING_NS.min(wait_ns - SPIN_NS / 2),
            None => HOUSEKEEPING_NS,
        }
    }

    /// Waits for events and deals with them.
    fn turn(&mut self, events: &mut Events, sleep_ns: u64) -> Result<(), Failure> {
        match self.poll.poll(events, Some(Duration::from_nanos(sleep_ns))) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(Failure::run(format!("poll failed: {error}"))),
        }
        for event in events.iter() {
            let at = event.token().0;
            let ended = event.is_read_closed() || event.is_error();
            if let Err(fault) = self.on_ready(at, event.is_readable(), event.is_writable(), ended) {
                self.drop_connection(at, fault);
            }
            self.send_due(self.clock.now_ns());
        }
        Ok(())
    }

    fn on_ready(&mut self, at: usize, read: bool, write: bool, ended: bool) -> Result<(), Fault> {
        let Some(Place {
            connection: Some(connection),
            ..
        }) = self.places.get_mut(at)
        else {
            return Ok(());
        };
        if !connection.is_open() {
            if !connection.finish_connect()? {
                return Ok(());
            }
            self.tally.connections_opened += 1;
        }
        if write {
            connection.flush()?;
        }
        if read || ended {
            let now_ns = self.clock.now_ns();
            let (tally, in_flight) = (&mut self.tally, &mut self.in_flight);
            connection.receive(&mut self.read_buffer, ended, &mut |sent, status| {
                *in_flight -= 1;
                count_answer(tally, sent, status, now_ns);
            })?;
        }
        self.list(at);
        Ok(())
    }

    /// Puts a connection on the list of those with room, once.
    fn list(&mut self, at: usize) {
        let depth = self.options.pipeline;
        if let Some(place) = self.places.get_mut(at)
            && !place.is_listed
            && let Some(connection) = &place.connection
            && connection.is_open()
            && connection.waiting().len() < depth
        {
            place.is_listed = true;
            self.free.push_back(at);
        }
    }

    /// Sends every request that is due while a connection has room.
    fn send_due(&mut self, now_ns: u64) {
        while let Some(at) = self.free.pop_front() {
            if let Some(place) = self.places.get_mut(at) {
                place.is_listed = false;
            }
            match self.send_on(at, now_ns) {
                Ok(true) => self.list(at),
                Ok(false) => {
                    // Nothing is due: it stays the first in line.
                    self.list(at);
                    self.free.rotate_right(1);
                    return;
                }
                Err(fault) => self.drop_connection(at, fault),
            }
        }
    }

    /// Sends what is due on one connection, in one write; returns whether anything was.
    ///
    /// A closed loop fills the connection; an open loop spreads over all, one request each.
    fn send_on(&mut self, at: usize, now_ns: u64) -> Result<bool, Fault> {
        let place = self.places.get_mut(at);
        let Some(connection) = place.and_then(|place| place.connection.as_mut()) else {
            return Ok(true);
        };
        let room = self
            .options
            .pipeline
            .saturating_sub(connection.waiting().len());
        let count_max = if self.pace.is_open_loop() {
            room.min(1)
        } else {
            room
        };
        self.bytes.clear();
        for _ in 0..count_max {
            let Some((number, intended_ns)) = self.pace.take(now_ns) else {
                break;
            };
            let index = self.options.first + number;
            let start = self.bytes.len();
            self.source.write(index, &mut self.bytes);
            let is_head = self
                .bytes
                .get(start..)
                .is_some_and(|bytes| bytes.starts_with(b"HEAD "));
            connection.expect(UnderWay {
                index,
                intended_ns,
                sent_ns: now_ns,
                is_head,
            });
            self.tally.sent += 1;
            self.in_flight += 1;
        }
        connection.send(&self.bytes)?;
        Ok(count_max == 0 || !self.bytes.is_empty())
    }

    /// Closes a connection; what it had under way is counted as failed.
    fn drop_connection(&mut self, at: usize, fault: Fault) {
        let reopen_at_ns = self.clock.now_ns() + RECONNECT_NS;
        let Some(place) = self.places.get_mut(at) else {
            return;
        };
        let Some(mut connection) = place.connection.take() else {
            return;
        };
        connection.deregister(self.poll.registry());
        place.reopen_at_ns = reopen_at_ns;
        let lost = connection.waiting().len() as u64;
        if fault == Fault::Timeout {
            // Left out, the slowest requests of all would flatter the latencies.
            for sent in connection.waiting() {
                self.tally
                    .latency
                    .record(reopen_at_ns.saturating_sub(sent.intended_ns));
            }
        }
        self.in_flight -= lost;
        self.tally.count_failed(fault, lost);
        self.tally.connect_failures += u64::from(fault == Fault::Connect);
    }

    fn drop_late(&mut self, now_ns: u64) {
        let timeout_ns = duration_ns(self.options.timeout);
        for at in 0..self.places.len() {
            let connection = self
                .places
                .get(at)
                .and_then(|place| place.connection.as_ref());
            let oldest = connection.and_then(|connection| connection.waiting().front());
            if oldest.is_some_and(|sent| now_ns.saturating_sub(sent.sent_ns) > timeout_ns) {
                self.drop_connection(at, Fault::Timeout);
            }
        }
    }

    fn reopen(&mut self, now_ns: u64) {
        let registry = self.poll.registry();
        for (at, place) in self.places.iter_mut().enumerate() {
            if place.connection.is_some() || now_ns < place.reopen_at_ns {
                continue;
            }
            if let Ok(connection) = Connection::begin(self.options.address, registry, Token(at)) {
                place.connection = Some(connection);
            } else {
                self.tally.connect_failures += 1;
                place.reopen_at_ns = now_ns + RECONNECT_NS;
            }
        }
    }

    /// Counts what never got an answer: an open loop must not hide it, so its latency is as long
    /// as it waited.
    fn finish(mut self) -> Tally {
        let now_ns = self.clock.now_ns();
        let waiting = self
            .places
            .iter()
            .filter_map(|place| place.connection.as_ref());
        for sent in waiting.flat_map(Connection::waiting) {
            self.tally.unanswered += 1;
            self.tally
                .latency
                .record(now_ns.saturating_sub(sent.intended_ns));
        }
        if self.pace.is_open_loop() {
            for intended_ns in self.pace.overdue_ns(now_ns) {
                self.tally.unsent += 1;
                self.tally
                    .latency
                    .record(now_ns.saturating_sub(intended_ns));
            }
        }
        self.tally
    }
}

fn count_answer(tally: &mut Tally, sent: UnderWay, status: u16, now_ns: u64) {
    tally.count_status(status);
    tally.last_answer_ns = now_ns;
    if (200..300).contains(&status) {
        tally.ledger.mark(sent.index);
    }
    if sent.intended_ns >= tally.measured_from_ns {
        tally.measured += 1;
        tally
            .latency
            .record(now_ns.saturating_sub(sent.intended_ns));
        tally.service.record(now_ns.saturating_sub(sent.sent_ns));
        tally
            .send_lag
            .record(sent.sent_ns.saturating_sub(sent.intended_ns));
    }
}

#[cfg(test)]
mod tests;
