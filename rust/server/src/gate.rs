//! The door's listener: whom it lets in, when it pauses, and how it turns away. Knows nothing
//! of what a connection says once it is in.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown};

use mio::net::TcpStream;
use mio::{Interest, Token};

use crate::conn::Conn;
use crate::door::Door;
use crate::keeper::Keeper;
use crate::limits::{ACCEPT_PAUSE_MS, EVICTION_LOOK_MS, EVICTIONS_COUNT, TURN_ACCEPTS_MAX};
use crate::reason::Reason;

impl<K: Keeper> Door<K> {
    pub(crate) fn accept(&mut self, now_ms: u64) {
        if !self.may_accept || now_ms < self.accept_paused_until {
            return;
        }
        for _ in 0..TURN_ACCEPTS_MAX {
            let Some(listener) = &self.listener else {
                return;
            };
            match listener.accept() {
                Ok((stream, peer)) => self.admit(stream, peer.ip(), now_ms),
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted => {}
                    io::ErrorKind::WouldBlock => {
                        self.may_accept = false;
                        return;
                    }
                    // Out of descriptors or memory: asking again at once would only spin, and
                    // who waits is let in at the cost of who is silent.
                    _ => {
                        self.work.stats.accept_failures += 1;
                        self.make_room(now_ms);
                        self.accept_paused_until = now_ms + ACCEPT_PAUSE_MS;
                        return;
                    }
                },
            }
        }
    }

    fn admit(&mut self, mut stream: TcpStream, peer: IpAddr, now_ms: u64) {
        if self.slots.len() >= self.work.options.connections_count_max {
            self.make_room(now_ms);
        }
        if self.slots.len() >= self.work.options.connections_count_max {
            self.turn_away(stream);
            return;
        }
        // Without it an answer could wait for the acknowledgement of the one before; a socket
        // that refuses the option is slower, not wrong.
        let _ = stream.set_nodelay(true);
        let (registry, options) = (self.poll.registry(), &self.work.options);
        let admitted = self.slots.insert(|token| {
            let interest = Interest::READABLE | Interest::WRITABLE;
            registry.register(&mut stream, Token(token), interest)?;
            Ok::<_, io::Error>(Conn::new(stream, peer, now_ms, options))
        });
        match admitted {
            Ok(token) => {
                self.work.stats.connections_accepted += 1;
                self.arm(token);
            }
            Err(_) => self.work.stats.accept_failures += 1,
        }
    }

    /// Closes connections between two requests, which any client must expect, or that never
    /// said anything: else whoever holds enough of them would shut all others out.
    fn make_room(&mut self, now_ms: u64) {
        // Looking through all of them for each one that is turned away would cost too much.
        if now_ms < self.no_room_until {
            return;
        }
        let tokens: Vec<usize> = self.slots.tokens().collect();
        let mut silent: Vec<(u64, usize)> = Vec::new();
        for token in tokens {
            let conn = self.slots.get_mut(token);
            let since = conn.and_then(|conn| conn.dispensable_since(&self.work.options));
            silent.extend(since.map(|since| (since, token)));
        }
        silent.sort_unstable();
        let (until, tokens): (Vec<u64>, Vec<usize>) = silent.into_iter().unzip();
        let due = until.partition_point(|since| *since <= now_ms);
        if due == 0 {
            self.no_room_until = now_ms + EVICTION_LOOK_MS;
        }
        for token in tokens.into_iter().take(due.min(EVICTIONS_COUNT)) {
            self.work.stats.connections_evicted += 1;
            self.remove(token);
        }
    }

    /// Answers 503 without a slot. What has come already is read first: closing a socket with
    /// unread bytes resets it, and the answer would be lost.
    fn turn_away(&mut self, mut stream: TcpStream) {
        self.work.stats.connections_refused += 1;
        let _ = stream.read(&mut self.scratch);
        self.out.clear();
        self.write_refusal(Reason::Connections);
        let _ = stream.write(&self.out);
        let _ = stream.shutdown(Shutdown::Write);
    }
}
