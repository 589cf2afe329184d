//! A body of canonical events is taken for JSON exactly when `serde_json` takes it for JSON.
#![no_main]

mod bound;

use libfuzzer_sys::fuzz_target;
use smstrack_engine::decode::{Reject, RejectCode, RequestView, Sink, decode};
use smstrack_engine::event::{Event, Provider};

struct Ignore;

impl Sink for Ignore {
    fn event(&mut self, _row: u32, _event: Event<'_>) {}
    fn reject(&mut self, _reject: Reject) {}
    fn withdraw(&mut self) {}
}

fuzz_target!(|data: &[u8]| bound::bounded(|| check(data)));

fn check(data: &[u8]) {
    // Inside an array, so that lines are not taken for events of their own.
    let body = [b"[", data, b"]"].concat();
    let view = RequestView {
        method: "POST",
        target: "/events",
        headers: &[],
        body: &body,
    };
    let outcome = decode(Provider::Canonical, &view, None, &mut Ignore);
    let Ok(text) = std::str::from_utf8(&body) else {
        assert!(outcome.is_err());
        return;
    };
    let oracle = serde_json::from_str::<&serde_json::value::RawValue>(text);
    match outcome {
        Err(error) if error.code == RejectCode::JsonTooDeep => {}
        outcome => assert_eq!(outcome.is_ok(), oracle.is_ok(), "{outcome:?} {oracle:?}"),
    }
}
