//! What a thread remembers of how bodies were written changes how fast they are read, and
//! nothing else: each body decodes to the same on a thread that read others before it.
#![cfg(test)]

use proptest::prelude::*;
use smstrack_engine::decode::request_file::RequestFile;
use smstrack_engine::decode::{Reject, Sink, decode};
use smstrack_engine::event::{Event, Provider};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::thread;

#[derive(Default, PartialEq, Eq, Debug)]
struct Found(Vec<String>);

impl Sink for Found {
    fn event(&mut self, row: u32, event: Event<'_>) {
        let number = event.contact.map(|number| number.0);
        self.0.push(format!("{row} {number:?} {event:?}"));
    }

    fn reject(&mut self, reject: Reject) {
        self.0.push(format!("{reject:?}"));
    }

    fn withdraw(&mut self) {
        self.0.clear();
    }
}

struct Sample {
    name: String,
    provider: Provider,
    file: RequestFile<'static>,
}

/// All samples whose body is JSON.
static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(samples);

fn samples() -> Vec<Sample> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/providers/samples");
    let mut found = Vec::new();
    for folder in fs::read_dir(root).unwrap() {
        let folder = folder.unwrap();
        let name = folder.file_name().into_string().unwrap();
        let provider = Provider::from_name(&name).unwrap();
        for sample in fs::read_dir(folder.path()).unwrap() {
            let path = sample.unwrap().path();
            let file = RequestFile::parse(fs::read(&path).unwrap().leak()).unwrap();
            if matches!(file.view().body.trim_ascii().first(), Some(b'{' | b'[')) {
                let name = path.display().to_string();
                found.push(Sample {
                    name,
                    provider,
                    file,
                });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(found.len() > 20, "{} samples are JSON", found.len());
    found
}

fn read(sample: &Sample, body: &[u8]) -> (Found, String) {
    let mut view = sample.file.view();
    view.body = body;
    let mut found = Found::default();
    let outcome = decode(sample.provider, &view, None, &mut found);
    (found, format!("{outcome:?}"))
}

/// One change of a body: where (as a share of its length), what kind, and with which byte.
type Edit = (u16, u8, u8);

fn place_of(body: &[u8], share: u16, fits: impl Fn(u8) -> bool) -> Option<usize> {
    let start = usize::from(share) * body.len() / usize::from(u16::MAX) % body.len().max(1);
    (start..body.len())
        .chain(0..start)
        .find(|at| fits(body[*at]))
}

fn edited(body: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut body = body.to_vec();
    for (share, kind, byte) in edits {
        let is_digit = |byte: u8| byte.is_ascii_digit();
        let is_word = |byte: u8| byte.is_ascii_alphanumeric();
        let is_any = |_: u8| true;
        match kind % 12 {
            // Other digits of other lengths: what differs from one event to the next.
            0..=5 => {
                if let Some(at) = place_of(&body, *share, is_digit) {
                    body[at] = b'0' + byte % 10;
                }
            }
            6 => {
                if let Some(at) = place_of(&body, *share, is_digit) {
                    body.insert(at, b'1' + byte % 9);
                }
            }
            7 => {
                if let Some(at) = place_of(&body, *share, is_word) {
                    body[at] = b'a' + byte % 26;
                }
            }
            // Text that is written with escapes, or in more bytes than characters.
            8 => {
                if let Some(at) = place_of(&body, *share, is_word) {
                    let text: &[u8] = [b"\\n".as_slice(), b"\\u00e9", "é".as_bytes(), b"\\\""]
                        [usize::from(byte % 4)];
                    body.splice(at..=at, text.iter().copied());
                }
            }
            // Layout.
            9 => {
                if let Some(at) = place_of(&body, *share, |byte| b"{}[],:".contains(&byte)) {
                    body.insert(at, b" \n\t"[usize::from(byte % 3)]);
                }
            }
            10 => {
                if let Some(at) = place_of(&body, *share, is_any) {
                    body[at] = *byte;
                }
            }
            _ => {
                if let Some(at) = place_of(&body, *share, is_any) {
                    body.truncate(at);
                }
            }
        }
    }
    body
}

/// Bodies enough for what never changes to be taken for fixed.
const WARM_COUNT: usize = 20;

fn check(sample: &Sample, bodies: &[Vec<u8>]) {
    let plain = sample.file.view().body.to_vec();
    for _ in 0..WARM_COUNT {
        read(sample, &plain);
    }
    for body in bodies {
        let known = read(sample, body);
        let fresh = thread::scope(|scope| scope.spawn(|| read(sample, body)).join().unwrap());
        assert_eq!(
            known,
            fresh,
            "{}: {}",
            sample.name,
            String::from_utf8_lossy(body)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn bodies_read_before_change_nothing(
        which in any::<prop::sample::Index>(),
        stream in prop::collection::vec(
            prop::collection::vec(any::<Edit>(), 0..4),
            1..40,
        ),
    ) {
        let sample = which.get(&SAMPLES);
        let body = sample.file.view().body.to_vec();
        let bodies: Vec<_> = stream.iter().map(|edits| edited(&body, edits)).collect();
        check(sample, &bodies);
    }
}

/// Every string and number of every sample becomes another one, by itself, after all were seen
/// to stay the same.
#[test]
fn a_value_that_never_changed_may_change() {
    for sample in SAMPLES.iter() {
        let body = sample.file.view().body.to_vec();
        let bodies = (0..body.len()).filter(|at| body[*at].is_ascii_alphanumeric());
        let bodies: Vec<_> = bodies
            .step_by(3)
            .map(|at| {
                let mut other = body.clone();
                other[at] = if other[at] == b'7' { b'8' } else { b'7' };
                other
            })
            .collect();
        check(sample, &bodies);
    }
}

/// Reads rows of Infobip over and over in turn, each as a thread does that has read none.
fn in_turn(rows: &[String]) -> Vec<(Found, String)> {
    let infobip = SAMPLES.iter().find(|s| s.provider == Provider::Infobip);
    let sample = infobip.unwrap();
    let mut first = Vec::new();
    for round in 0..40 {
        for (index, row) in rows.iter().enumerate() {
            let body = format!(r#"{{"results":{row}}}"#).into_bytes();
            let known = read(sample, &body);
            let fresh = thread::scope(|scope| scope.spawn(|| read(sample, &body)).join().unwrap());
            assert_eq!(known, fresh, "round {round}, row {index}");
            if round == 0 {
                first.push(known);
            }
        }
    }
    first
}

#[test]
fn a_known_value_is_refused_where_it_lies_too_deep() {
    let deep = "[".repeat(62) + &"]".repeat(62);
    let row = format!(r#"{{"messageId":"a1","to":"12025550101","x":{deep}}}"#);
    let found = in_turn(&[row.clone(), format!("[{row}]")]);
    assert!(found[0].1.contains("Ok"), "{}", found[0].1);
    assert!(found[1].1.contains("JsonTooDeep"), "{}", found[1].1);
}

/// Which part of a message is its text, hangs on another string, which is not what is kept of
/// how a body was written.
#[test]
fn the_text_of_a_message_is_the_part_that_says_so() {
    let rows = ["text/plain", "image/jpeg", "text/plain; a=b"].map(|kind| {
        format!(
            r#"{{"messageId":"a1","from":"12025550101","to":"14155550183","message":[{{"contentType":"{kind}","value":"hello"}}]}}"#
        )
    });
    let found = in_turn(&rows);
    assert!(found[0].0.0[0].contains("hello"), "{:?}", found[0]);
    assert!(
        !format!("{:?}", found[1]).contains("hello"),
        "{:?}",
        found[1]
    );
}

/// The last of two members of one name counts as a whole, whatever was read before one that
/// looked the same up to there.
#[test]
fn a_value_that_was_taken_back_stays_so() {
    let rows = [r#""other":{}"#, r#""error":{}"#, r#""error":null"#].map(|last| {
        format!(
            r#"{{"messageId":"a1","to":"12025550101","status":{{"groupName":"EXPIRED"}},"error":{{"id":5}},{last}}}"#
        )
    });
    let found = in_turn(&rows);
    assert!(found[0].0.0[0].contains("\"5\""), "{:?}", found[0]);
    assert!(!found[1].0.0[0].contains("\"5\""), "{:?}", found[1]);
}
