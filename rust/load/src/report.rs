//! What a run counted, as JSON or as text.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::client::Fault;
use crate::histogram::Histogram;
use crate::ledger::Ledger;

/// Latencies over this are counted apart: the bar of the overload tests.
const SLOW_NS: u64 = 100_000_000;
/// HTTP statuses are three digits.
const STATUS_COUNT: usize = 1_000;

/// Everything a run counts.
pub struct Tally {
    statuses: Vec<u64>,
    pub sent: u64,
    pub connections_opened: u64,
    /// Requests without an answer because their connection failed, by why it failed.
    pub failed: [u64; 4],
    /// Connections that could not be opened.
    pub connect_failures: u64,
    /// Under way when the run ended.
    pub unanswered: u64,
    /// Due before the run ended, but no connection had room.
    pub unsent: u64,
    /// From when a request should have gone out; unanswered and unsent ones as long as they waited.
    pub latency: Histogram,
    /// From when it went out.
    pub service: Histogram,
    /// Time between the two: waiting for a connection with room, and the generator's own lag.
    pub send_lag: Histogram,
    pub ledger: Ledger,
    /// Answers after the warm-up, and the span they came in.
    pub measured: u64,
    pub measured_from_ns: u64,
    pub last_answer_ns: u64,
}

impl Tally {
    pub fn new(first_index: u64, measured_from_ns: u64) -> Self {
        Self {
            statuses: vec![0; STATUS_COUNT],
            sent: 0,
            connections_opened: 0,
            failed: [0; 4],
            connect_failures: 0,
            unanswered: 0,
            unsent: 0,
            latency: Histogram::new(),
            service: Histogram::new(),
            send_lag: Histogram::new(),
            ledger: Ledger::new(first_index),
            measured: 0,
            measured_from_ns,
            last_answer_ns: 0,
        }
    }

    pub fn count_status(&mut self, status: u16) {
        if let Some(count) = self.statuses.get_mut(usize::from(status)) {
            *count += 1;
        }
    }

    pub fn count_failed(&mut self, fault: Fault, requests: u64) {
        let at = match fault {
            Fault::Connect => 0,
            Fault::Closed => 1,
            Fault::Malformed => 2,
            Fault::Timeout => 3,
        };
        if let Some(count) = self.failed.get_mut(at) {
            *count += requests;
        }
    }

    pub fn answered(&self) -> u64 {
        self.statuses.iter().sum()
    }

    fn rate(&self) -> f64 {
        let span_ns = self.last_answer_ns.saturating_sub(self.measured_from_ns);
        if span_ns == 0 {
            0.0
        } else {
            to_f64(self.measured) * 1e9 / to_f64(span_ns)
        }
    }

    /// The report; `setting` holds what was asked for.
    pub fn to_json(&self, setting: &Value) -> Value {
        let statuses: serde_json::Map<String, Value> = (0_u16..)
            .zip(&self.statuses)
            .filter(|(_, count)| **count > 0)
            .map(|(status, count)| (status.to_string(), json!(count)))
            .collect();
        let [connect, closed, malformed, timeout] = self.failed;
        json!({
            "setting": setting,
            "sent": self.sent,
            "answered": self.answered(),
            "statuses": statuses,
            "failed": connect + closed + malformed + timeout,
            "failed_by": {
                "connect": connect, "closed": closed, "malformed": malformed, "timeout": timeout
            },
            "connect_failures": self.connect_failures,
            "connections_opened": self.connections_opened,
            "unanswered": self.unanswered,
            "unsent": self.unsent,
            "repeated_answers": self.ledger.repeats(),
            "rate_per_s": (self.rate() * 10.0).round() / 10.0,
            "latency_us": quantiles(&self.latency),
            "service_us": quantiles(&self.service),
            "send_lag_us": quantiles(&self.send_lag),
        })
    }
}

fn quantiles(histogram: &Histogram) -> Value {
    let us = |ns: u64| to_f64(ns / 100) / 10.0;
    json!({
        "count": histogram.count(),
        "p50": us(histogram.quantile_ns(50_000)),
        "p90": us(histogram.quantile_ns(90_000)),
        "p99": us(histogram.quantile_ns(99_000)),
        "p99.9": us(histogram.quantile_ns(99_900)),
        "max": us(histogram.max_ns()),
        "over_100ms": histogram.count_over(SLOW_NS),
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "figures for people; 2^53 is out of reach"
)]
fn to_f64(count: u64) -> f64 {
    count as f64
}

/// The JSON report as aligned text.
pub fn to_text(report: &Value) -> String {
    let mut text = String::new();
    for name in ["setting", "statuses", "failed_by"] {
        let _ = writeln!(
            text,
            "{name:<18} {}",
            report.get(name).unwrap_or(&Value::Null)
        );
    }
    for name in [
        "sent",
        "answered",
        "failed",
        "unanswered",
        "unsent",
        "repeated_answers",
        "connect_failures",
        "connections_opened",
        "rate_per_s",
    ] {
        let _ = writeln!(
            text,
            "{name:<18} {}",
            report.get(name).unwrap_or(&Value::Null)
        );
    }
    for name in ["latency_us", "service_us", "send_lag_us"] {
        let quantiles = report.get(name).unwrap_or(&Value::Null);
        let line = ["p50", "p90", "p99", "p99.9", "max", "over_100ms"]
            .map(|at| format!("{at} {}", quantiles.get(at).unwrap_or(&Value::Null)));
        let _ = writeln!(text, "{name:<18} {}", line.join("  "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_adds_up_and_is_told_in_both_forms() {
        let mut tally = Tally::new(0, 1_000_000_000);
        tally.sent = 7;
        for status in [204, 204, 503] {
            tally.count_status(status);
            tally.latency.record(2_000_000);
        }
        tally.count_failed(Fault::Closed, 3);
        tally.unanswered = 1;
        (tally.measured, tally.last_answer_ns) = (3, 2_000_000_000);
        let report = tally.to_json(&json!({"loop": "closed"}));
        assert_eq!(report["answered"], 3);
        assert_eq!(report["statuses"], json!({"204": 2, "503": 1}));
        let parts = ["answered", "failed", "unanswered"].map(|name| report[name].as_u64().unwrap());
        assert_eq!(parts.iter().sum::<u64>(), 7);
        assert_eq!(report["rate_per_s"], 3.0);
        assert!(report["latency_us"]["p99"].as_f64().unwrap() >= 2_000.0);
        assert!(to_text(&report).contains("repeated_answers   0"));
    }
}
