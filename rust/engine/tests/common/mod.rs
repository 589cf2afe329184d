//! What all tests of the whole engine use: an engine on a disk in memory, and requests.

use std::sync::Arc;

use smstrack_engine::decode::RequestView;
use smstrack_engine::engine::{Engine, Options, Pushed, Scope};
use smstrack_engine::error::EngineError;
use smstrack_engine::event::{Provider, Trust};
use smstrack_engine::log::faulty::FaultyDisk;

/// Some moment; tests have no clock.
pub const NOW_MS: i64 = 1_780_000_000_000;

/// A directory whose log files are closed at this size.
pub fn options(log_file_bytes_max: u64) -> Options {
    Options {
        new_identity: [7; 16],
        log_file_bytes_max: Some(log_file_bytes_max),
        ..Options::default()
    }
}

/// Opens with large log files.
pub fn open(disk: &FaultyDisk) -> Result<Engine, EngineError> {
    Engine::open_disk(Arc::new(disk.clone()), &options(1 << 30))
}

/// A fictional number.
pub fn number(index: u64) -> String {
    format!("+{}", 12_025_550_100 + index)
}

/// One request to a provider's door, committed at once: a POST, or a GET where there is no body.
pub fn post(
    engine: &Engine,
    provider: Provider,
    target: &str,
    body: &str,
    at_ms: i64,
) -> Result<Pushed, EngineError> {
    let is_json = body.trim_start().starts_with(['{', '[']);
    let form = "application/x-www-form-urlencoded";
    let type_ = if is_json { "application/json" } else { form };
    let request = RequestView {
        method: if body.is_empty() { "GET" } else { "POST" },
        target,
        headers: &[("content-type", type_.as_bytes())],
        body: body.as_bytes(),
    };
    let query = |name: &str| {
        let pairs = target
            .split_once('?')
            .map_or("", |(_, query)| query)
            .split('&');
        pairs
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
    };
    let path = target.split('?').next().unwrap_or_default();
    let scope = Scope {
        provider,
        account: path.split('/').nth(3).unwrap_or_default(),
        campaign: query("campaign").map(|(_, value)| value),
        blast: query("blast").map(|(_, value)| value),
        template: None,
        profile: None,
        trust: Trust::Verified,
    };
    let mut batch = engine.batch(at_ms);
    let pushed = batch.push(&scope, &request);
    engine.commit(batch)?;
    Ok(pushed)
}
