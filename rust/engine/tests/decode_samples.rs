//! Every provider sample becomes exactly the canonical events that `expected.jsonl` lists.
#![cfg(test)]

use serde_json::Value;
use smstrack_engine::decode::encode::encode_canonical;
use smstrack_engine::decode::request_file::RequestFile;
use smstrack_engine::decode::time::parse_text;
use smstrack_engine::decode::{Reject, Sink, Template, decode};
use smstrack_engine::event::{Event, Provider};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/providers")
}

#[derive(Default)]
struct Events(Vec<Value>, Vec<Reject>);

impl Sink for Events {
    fn event(&mut self, _row: u32, event: Event<'_>) {
        let mut text = Vec::new();
        encode_canonical(&event, &mut text);
        let mut value: Value = serde_json::from_slice(&text).unwrap();
        value.as_object_mut().unwrap().remove("consent");
        self.0.push(value);
    }

    fn withdraw(&mut self) {
        *self = Self::default();
    }

    fn reject(&mut self, reject: Reject) {
        self.1.push(reject);
    }
}

/// Times are compared as instants, to the millisecond.
fn same(expected: &Value, found: &Value) -> bool {
    let ms = |value: &Value| {
        value["occurred_at"]
            .as_str()
            .map(|text| parse_text(text.as_bytes()).unwrap().us / 1_000)
    };
    let near = match (ms(expected), ms(found)) {
        (Some(a), Some(b)) => (a - b).abs() <= 1,
        (a, b) => a == b,
    };
    let rest = |value: &Value| {
        let mut value = value.clone();
        value["occurred_at"] = Value::Null;
        value
    };
    near && rest(expected) == rest(found)
}

fn template(line: &Value) -> Option<Template> {
    let roles = line.get("template")?.as_object()?;
    let roles = roles
        .iter()
        .map(|(name, role)| (name.clone(), role.as_str().unwrap().to_owned()));
    Some(Template {
        roles: roles.collect(),
    })
}

#[test]
fn samples_become_the_expected_events() {
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for line in fs::read_to_string(data().join("expected.jsonl"))
        .unwrap()
        .lines()
    {
        let line: Value = serde_json::from_str(line).unwrap();
        let name = line["file"].as_str().unwrap();
        seen.insert(data().join(name));
        let folder = name.split('/').nth(1).unwrap();
        let provider =
            Provider::from_name(folder).unwrap_or_else(|| panic!("no decoder: {folder}"));
        let file = fs::read(data().join(name)).unwrap();
        let request = RequestFile::parse(&file).unwrap();
        let mut found = Events::default();
        let outcome = decode(
            provider,
            &request.view(),
            template(&line).as_ref(),
            &mut found,
        );
        let expected = line["canonical"].as_array().unwrap();
        let fits = outcome.is_ok()
            && found.1.is_empty()
            && found.0.len() == expected.len()
            && expected
                .iter()
                .zip(&found.0)
                .all(|(expected, found)| same(expected, found));
        if !fits {
            wrong.push(format!(
                "{name}: {outcome:?} {:?}\n  {:?}\n  {expected:?}",
                found.1, found.0
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for provider in fs::read_dir(data().join("samples")).unwrap() {
        for sample in fs::read_dir(provider.unwrap().path()).unwrap() {
            let path = sample.unwrap().path();
            assert!(
                seen.contains(&path),
                "no expected line for {}",
                path.display()
            );
        }
    }
    assert!(seen.len() >= 36, "only {} samples were read", seen.len());
}
