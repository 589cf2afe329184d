//! No request makes a decoder panic, a refused body gives nothing, and what is given survives
//! being written as a canonical event and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smstrack_engine::decode::encode::encode_canonical;
use smstrack_engine::decode::request_file::RequestFile;
use smstrack_engine::decode::{Reject, RequestView, Sink, Template, decode};
use smstrack_engine::event::{Event, Provider};

/// Writes every event down, so that a second reading can be compared with the first.
#[derive(Default)]
struct Written {
    lines: Vec<Vec<u8>>,
    rejects: usize,
}

impl Sink for Written {
    fn event(&mut self, _row: u32, event: Event<'_>) {
        let mut line = Vec::new();
        encode_canonical(&event, &mut line);
        self.lines.push(line);
    }

    fn withdraw(&mut self) {
        *self = Self::default();
    }

    fn reject(&mut self, _reject: Reject) {
        self.rejects += 1;
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&choice, file)) = data.split_first() else {
        return;
    };
    let Ok(request) = RequestFile::parse(file) else {
        return;
    };
    let provider = Provider::ALL[usize::from(choice & 0x7f) % Provider::ALL.len()];
    let template = Template {
        roles: [
            ("type", "dlr"),
            ("myId", "client_ref"),
            ("(body)", "text"),
            ("q", "contact"),
        ]
        .map(|(name, role)| (name.to_owned(), role.to_owned()))
        .to_vec(),
    };
    let template = (choice & 0x80 != 0).then_some(&template);
    let mut first = Written::default();
    if decode(provider, &request.view(), template, &mut first).is_err() {
        assert!(first.lines.is_empty() && first.rejects == 0);
    }
    for line in &first.lines {
        let view = RequestView {
            method: "POST",
            target: "/events",
            headers: &[],
            body: line,
        };
        let mut second = Written::default();
        assert!(decode(Provider::Canonical, &view, None, &mut second).is_ok());
        assert_eq!(second.lines, [line.clone()]);
    }
});
