//! Connections whose time is up, and those that have nothing left to do when the door drains.
//! Knows deadlines; what each is for is the connection's own.

use crate::conn::Next;
use crate::door::Door;
use crate::keeper::Keeper;
use crate::limits::DRAIN_FRESH_MS_MAX;

impl<K: Keeper> Door<K> {
    /// Sees to it that a timer entry comes up no later than the connection's deadline.
    pub(crate) fn arm(&mut self, token: usize) {
        if let Some(conn) = self.slots.get_mut(token)
            && conn.deadline_ms() < conn.timer_ms
        {
            conn.timer_ms = conn.deadline_ms();
            self.timers.set(conn.timer_ms, token);
        }
    }

    pub(crate) fn expire(&mut self, now_ms: u64) {
        while let Some((at_ms, token)) = self.timers.take_due(now_ms) {
            let Some(conn) = self
                .slots
                .get_mut(token)
                .filter(|conn| conn.timer_ms == at_ms)
            else {
                continue;
            };
            conn.timer_ms = u64::MAX;
            // With answers owed, or a turn of its own to come, it is not the other side that is late.
            if conn.deadline_ms() > now_ms || conn.due > 0 || conn.is_queued {
                conn.timer_ms = conn.deadline_ms().max(now_ms + 1);
                self.timers.set(conn.timer_ms, token);
                continue;
            }
            let next = conn.expire(now_ms, &self.work.options);
            if next != Next::Keep {
                self.work.stats.connections_timed_out += 1;
            }
            self.obey(token, next);
            if matches!(next, Next::Refuse(_)) {
                self.settle(token, now_ms);
            }
        }
    }

    /// Draining: the listener goes once its queue is empty, idle connections at once.
    pub(crate) fn sweep(&mut self, now_ms: u64) {
        if !self.may_accept {
            self.listener = None;
        }
        for token in self.slots.tokens().collect::<Vec<_>>() {
            let Some(conn) = self.slots.get_mut(token).filter(|conn| conn.is_idle()) else {
                continue;
            };
            if conn.is_fresh() {
                conn.hurry(now_ms + DRAIN_FRESH_MS_MAX);
                self.arm(token);
            } else {
                self.remove(token);
            }
        }
    }
}
