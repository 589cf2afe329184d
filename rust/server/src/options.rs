//! What an operator may set. Checked where it is used; knows no defaults but `limits.rs`.

use std::collections::HashMap;
use std::sync::Arc;

use smstrack_engine::decode::Template;
use smstrack_engine::error::InputError;
use smstrack_engine::event::Provider;
use smstrack_engine::limits::{BODY_BYTES_MAX, EVENTS_BODY_BYTES_MAX};
use smstrack_engine::profiles::Profiles;

use crate::guard::Guard;
use crate::limits;

/// Settings of one door. `Options::default()` is what production runs with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Open connections; one more is answered 503 and closed.
    pub connections_count_max: usize,
    /// Bytes of unfinished requests, all connections together; beyond it 503.
    pub buffered_bytes_max: usize,
    /// Bytes of a webhook's body; beyond it 413.
    pub body_bytes_max: usize,
    /// Bytes of a body of `POST /events`; beyond it 413.
    pub events_body_bytes_max: usize,
    /// Requests taken in one turn.
    pub turn_requests_max: usize,
    /// Bytes read in one turn.
    pub turn_bytes_max: usize,
    /// Time for a whole head.
    pub head_ms_max: u64,
    /// Time in which a body must bring 3,000 bytes, or end.
    pub body_window_ms: u64,
    /// Time for the other side to take our answers.
    pub unread_ms_max: u64,
    /// Time between two requests of one connection.
    pub idle_ms_max: u64,
    /// Parameter names by provider and account; account `""` stands for all others.
    pub templates: HashMap<Provider, HashMap<String, Template>>,
    /// SNS topics whose subscriptions may be confirmed; see [`crate::Door::take_confirmations`].
    pub confirm_topics: Vec<String>,
    /// Gateways told by profiles, each under `/hooks/NAME`.
    pub profiles: Profiles,
    /// Whom the door believes.
    pub guard: Arc<Guard>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections_count_max: limits::CONNECTIONS_COUNT_MAX,
            buffered_bytes_max: limits::BUFFERED_BYTES_MAX,
            body_bytes_max: BODY_BYTES_MAX,
            events_body_bytes_max: EVENTS_BODY_BYTES_MAX,
            turn_requests_max: limits::TURN_REQUESTS_MAX,
            turn_bytes_max: limits::TURN_BYTES_MAX,
            head_ms_max: limits::HEAD_MS_MAX,
            body_window_ms: limits::BODY_WINDOW_MS,
            unread_ms_max: limits::UNREAD_MS_MAX,
            idle_ms_max: limits::IDLE_MS_MAX,
            templates: HashMap::new(),
            confirm_topics: Vec::new(),
            profiles: Profiles::NONE,
            guard: Arc::default(),
        }
    }
}

/// Names that [`Options::set`] knows.
pub const NAMES: &[&str] = &[
    "connections_count_max",
    "buffered_bytes_max",
    "body_bytes_max",
    "events_body_bytes_max",
    "turn_requests_max",
    "turn_bytes_max",
    "head_ms_max",
    "body_window_ms",
    "unread_ms_max",
    "idle_ms_max",
];

impl Options {
    /// Bytes of unfinished requests, all together, beyond which one of this size is refused.
    pub const fn buffered_bytes_max_for(&self, bytes: usize) -> usize {
        if bytes <= limits::BUFFERED_SMALL_BYTES_MAX {
            self.buffered_bytes_max
        } else {
            self.buffered_bytes_max / 100 * limits::BUFFERED_LARGE_PERCENT
        }
    }

    /// Sets a limit by its name, as configuration gives it.
    ///
    /// # Errors
    /// A name that is none of [`NAMES`], or 0; nothing was changed.
    pub fn set(&mut self, name: &str, value: u64) -> Result<(), InputError> {
        let Some(known) = NAMES.iter().find(|known| **known == name) else {
            let (name, hint) = (
                name.to_owned(),
                format!("Limits are: {}.", NAMES.join(", ")),
            );
            return Err(InputError::Unknown {
                what: "limit",
                name,
                hint,
            });
        };
        if value == 0 {
            let reason = "is 0, which would refuse everything. Use 1 or more.".to_owned();
            return Err(InputError::ValueInvalid {
                what: known,
                reason,
            });
        }
        let count = usize::try_from(value).unwrap_or(usize::MAX);
        match *known {
            "connections_count_max" => self.connections_count_max = count,
            "buffered_bytes_max" => self.buffered_bytes_max = count,
            "body_bytes_max" => self.body_bytes_max = count,
            "events_body_bytes_max" => self.events_body_bytes_max = count,
            "turn_requests_max" => self.turn_requests_max = count,
            "turn_bytes_max" => self.turn_bytes_max = count,
            "head_ms_max" => self.head_ms_max = value,
            "body_window_ms" => self.body_window_ms = value,
            "unread_ms_max" => self.unread_ms_max = value,
            _ => self.idle_ms_max = value,
        }
        Ok(())
    }

    /// The template for an account of a provider, or the provider's own.
    pub fn template(&self, provider: Provider, account: &str) -> Option<&Template> {
        let accounts = self.templates.get(&provider)?;
        accounts.get(account).or_else(|| accounts.get(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_sets_a_field_of_that_name() {
        for name in NAMES {
            let mut options = Options::default();
            options.set(name, 77).unwrap();
            assert!(
                format!("{options:?}").contains(&format!("{name}: 77")),
                "{name}"
            );
            assert_eq!(
                options.set(name, 0).map_err(|error| error.code()),
                Err("value_invalid")
            );
        }
        let error = Options::default().set("nothing", 1).unwrap_err();
        assert_eq!(error.code(), "unknown_name");
    }
}
