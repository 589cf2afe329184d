//! No request makes a decoder panic, a refused body gives nothing, and what is given survives
//! being written as a canonical event and read again.
#![no_main]

mod bound;

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

fuzz_target!(|data: &[u8]| bound::bounded(|| all(data)));

fn all(data: &[u8]) {
    let Some((&choice, file)) = data.split_first() else {
        return;
    };
    let Ok(request) = RequestFile::parse(file) else {
        return;
    };
    let provider = Provider::ALL[usize::from(choice & 0x7f) % Provider::ALL.len()];
    if provider == Provider::Profile {
        return; // no wire format of its own; loaded profiles have their own target
    }
    let template = Template::new([
            ("type", "dlr"),
            ("myId", "client_ref"),
            ("(body)", "text"),
            ("q", "contact"),
            ("D", "meta-data"),
            ("A", "receipt text"),
            ("C", "charset"),
            ("st", "status"),
            ("ref", "client_ref"),
    ]);
    let template = (choice & 0x80 != 0).then_some(&template);
    check(provider, &request.view(), template);
    if provider == Provider::Smpp {
        // The same bytes as the fields of a PDU, whose length no chance would get right.
        let pdu = deliver_sm(request.view().body);
        let view = RequestView {
            method: "POST",
            target: "/",
            headers: &[("content-type", b"application/octet-stream")],
            body: &pdu,
        };
        check(provider, &view, None);
    }
}

/// A PDU with these fields.
fn deliver_sm(fields: &[u8]) -> Vec<u8> {
    let len = u32::try_from(fields.len() + 16).unwrap_or(u32::MAX);
    let mut pdu = len.to_be_bytes().to_vec();
    pdu.extend([0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1]);
    pdu.extend(fields);
    pdu
}

/// Decodes, and decodes again what was written.
fn check(provider: Provider, request: &RequestView<'_>, template: Option<&Template>) {
    let mut first = Written::default();
    if decode(provider, request, template, &mut first).is_err() {
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
}
