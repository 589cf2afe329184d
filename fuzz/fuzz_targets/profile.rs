//! No text of a profile makes its reader panic, and none that is read makes a request panic. The
//! text of the profile ends at the first NUL; behind it is a request as a file.
#![no_main]

mod bound;

use libfuzzer_sys::fuzz_target;
use smstrack_engine::decode::request_file::RequestFile;
use smstrack_engine::decode::{Reject, Sink};
use smstrack_engine::event::Event;
use smstrack_engine::profiles::Profiles;

/// Counts what it is given, and forgets it when it is withdrawn.
#[derive(Default)]
struct Count(usize);

impl Sink for Count {
    fn event(&mut self, _row: u32, _event: Event<'_>) {
        self.0 += 1;
    }
    fn reject(&mut self, _reject: Reject) {
        self.0 += 1;
    }
    fn withdraw(&mut self) {
        self.0 = 0;
    }
}

fuzz_target!(|data: &[u8]| bound::bounded(|| check(data)));

fn check(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (text, rest) = data.split_at(end);
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let Ok(profiles) = Profiles::load(&[("p.toml".to_owned(), text.to_owned())], &["twilio"])
    else {
        return;
    };
    let Some(profile) = profiles.iter().next() else {
        return;
    };
    let _ = profile.describe();
    let Some(Ok(file)) = rest.get(1..).map(RequestFile::parse) else {
        return;
    };
    let mut count = Count::default();
    if profile.decode(&file.view(), &mut count).is_err() {
        assert_eq!(count.0, 0);
    }
}
