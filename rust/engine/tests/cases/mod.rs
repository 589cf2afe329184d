//! Cases of decoders as text: a request file, and what must come of it.
//!
//! One line an event with the fields that are not null, in order of their names,
//! `!row@byte code` for a refused row, `!!byte code` for a refused body.

use serde_json::Value;
use smstrack_engine::decode::encode::encode_canonical;
use smstrack_engine::decode::request_file::RequestFile;
use smstrack_engine::decode::{BodyError, Reject, RequestView, Sink};
use smstrack_engine::event::Event;

/// What a request file becomes.
#[track_caller]
pub fn lines_of(
    file: &[u8],
    decode: impl FnOnce(&RequestView<'_>, &mut Lines) -> Result<(), BodyError>,
) -> Vec<String> {
    let request = RequestFile::parse(file).unwrap();
    let mut lines = Lines::default();
    if let Err(error) = decode(&request.view(), &mut lines) {
        assert!(lines.0.is_empty(), "given before the body was refused");
        let (byte, word) = (error.byte, error.code.word());
        lines.0.push(format!("!!{byte} {word}"));
    }
    lines.0
}

/// What was found, as lines.
#[derive(Default)]
pub struct Lines(Vec<String>);

impl Sink for Lines {
    fn event(&mut self, _row: u32, event: Event<'_>) {
        let mut text = Vec::new();
        encode_canonical(&event, &mut text);
        let value: Value = serde_json::from_slice(&text).unwrap();
        let name = event.profile.unwrap_or(event.provider.name());
        assert_eq!(value["provider"], name);
        let mut line = Vec::new();
        for (name, value) in value.as_object().unwrap() {
            match value {
                Value::Null => {}
                Value::String(text) if name == "kind" => line.push(text.clone()),
                Value::String(_) if name == "provider" => {}
                Value::String(text) => line.push(format!("{name}={text}")),
                other => line.push(format!("{name}={other}")),
            }
        }
        // serde_json sorts names; the kind goes first.
        line.sort_by_key(|part| part.contains('='));
        self.0.push(line.join(" "));
    }

    fn reject(&mut self, reject: Reject) {
        let (row, byte, word) = (reject.row, reject.byte, reject.code.word());
        self.0.push(format!("!{row}@{byte} {word}"));
    }

    fn withdraw(&mut self) {
        self.0.clear();
    }
}
