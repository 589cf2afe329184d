//! What the door counted since it was opened. Figures only: no numbers, texts or addresses.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Counters of one door.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Connections open now.
    pub connections_open: usize,
    /// Connections accepted.
    pub connections_accepted: u64,
    /// Connections answered 503 at once because too many were open.
    pub connections_refused: u64,
    /// Closed while silent, to let another in.
    pub connections_evicted: u64,
    /// Connections closed by a timer.
    pub connections_timed_out: u64,
    /// Times the system refused to accept (descriptors, memory); each pauses accepting.
    pub accept_failures: u64,
    /// Requests read whole.
    pub requests: u64,
    /// Answers by status.
    pub answers: BTreeMap<u16, u64>,
    /// Refusals by their stable word, unreadable bodies among them.
    pub refusals: BTreeMap<&'static str, u64>,
    /// Turns that had something to commit, and committed it.
    pub commits: u64,
    /// Turns whose commit failed.
    pub commit_failures: u64,
    /// Word of the last failure.
    pub commit_failure: Option<&'static str>,
    /// Events kept.
    pub events_accepted: u64,
    /// Rows rejected in kept batches.
    pub events_rejected: u64,
    /// Replies that waited for labels.
    pub replies: u64,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
    /// Bytes of unfinished requests held now.
    pub buffered_bytes: usize,
    /// Turns.
    pub turns: u64,
    /// Longest turn, commit included, time waiting for labels not.
    pub turn_us_max: u64,
    /// Times the poller failed.
    pub poll_failures: u64,
}

impl Stats {
    pub(crate) fn answered(&mut self, status: u16) {
        *self.answers.entry(status).or_default() += 1;
    }

    pub(crate) fn refused(&mut self, word: &'static str) {
        *self.refusals.entry(word).or_default() += 1;
    }

    /// One JSON object, a key for each field.
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(1024);
        let mut figures = |name: &str, figure: u64| {
            let mark = if out.is_empty() { '{' } else { ',' };
            // Writing to a String cannot fail.
            let _ = write!(out, "{mark}\"{name}\":{figure}");
        };
        figures("connections_open", self.connections_open as u64);
        figures("connections_accepted", self.connections_accepted);
        figures("connections_refused", self.connections_refused);
        figures("connections_evicted", self.connections_evicted);
        figures("connections_timed_out", self.connections_timed_out);
        figures("accept_failures", self.accept_failures);
        figures("requests", self.requests);
        figures("commits", self.commits);
        figures("commit_failures", self.commit_failures);
        figures("events_accepted", self.events_accepted);
        figures("events_rejected", self.events_rejected);
        figures("replies", self.replies);
        figures("bytes_in", self.bytes_in);
        figures("bytes_out", self.bytes_out);
        figures("buffered_bytes", self.buffered_bytes as u64);
        figures("turns", self.turns);
        figures("turn_us_max", self.turn_us_max);
        figures("poll_failures", self.poll_failures);
        let answers = self
            .answers
            .iter()
            .map(|(status, count)| format!("\"{status}\":{count}"));
        let refusals = self
            .refusals
            .iter()
            .map(|(word, count)| format!("\"{word}\":{count}"));
        let _ = write!(
            out,
            ",\"answers\":{{{}}},\"refusals\":{{{}}},\"commit_failure\":{}}}",
            answers.collect::<Vec<_>>().join(","),
            refusals.collect::<Vec<_>>().join(","),
            self.commit_failure
                .map_or("null".to_owned(), |word| format!("\"{word}\"")),
        );
        out
    }
}

#[cfg(test)]
mod tests {
    use super::Stats;

    #[test]
    fn json_has_every_field() {
        let mut stats = Stats {
            requests: 3,
            ..Stats::default()
        };
        stats.answered(200);
        stats.answered(400);
        stats.refused("host_invalid");
        let json = stats.to_json();
        assert!(json.starts_with("{\"connections_open\":0,"), "{json}");
        assert!(json.contains("\"requests\":3"));
        assert!(json.ends_with(
            "\"answers\":{\"200\":1,\"400\":1},\"refusals\":{\"host_invalid\":1},\
             \"commit_failure\":null}"
        ));
        let fields = format!("{stats:?}").matches(": ").count();
        // Two maps hold three entries between them, each with a colon of its own.
        assert_eq!(json.matches("\":").count(), fields);
    }
}
