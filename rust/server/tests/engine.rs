//! The door over the engine itself, on a disk in memory: providers' own samples are taken, and
//! what was answered 200 is there after a power cut.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use smstrack_engine::engine::{self, Engine};
use smstrack_engine::log::faulty::{FaultyDisk, Unsynced};
use smstrack_server::{Door, Options};

const WALL_MS: i64 = 1_770_000_000_000;
const ENOSPC: i32 = 28;

fn open(disk: &FaultyDisk) -> Arc<Engine> {
    let options = engine::Options::default();
    Arc::new(Engine::open_disk(Arc::new(disk.clone()), &options).unwrap())
}

/// Sends one request and pumps until its answer is there. Replies get no label.
fn ask(door: &mut Door, client: &mut TcpStream, request: &[u8]) -> String {
    client
        .set_read_timeout(Some(Duration::from_millis(1)))
        .unwrap();
    client.write_all(request).unwrap();
    let mut bytes = [0; 4096];
    for _ in 0..10_000 {
        let turn = door.pump(WALL_MS);
        if turn.replies_waiting > 0 {
            door.finish(&vec![0; turn.replies_waiting], WALL_MS)
                .unwrap();
        }
        if let Ok(count) = client.read(&mut bytes) {
            return String::from_utf8_lossy(&bytes[..count]).into_owned();
        }
    }
    String::new()
}

fn connect(door: &Door) -> TcpStream {
    TcpStream::connect(door.local_addr()).unwrap()
}

fn bind(engine: Arc<Engine>) -> Door {
    Door::bind(engine, "127.0.0.1:0".parse().unwrap(), Options::default()).unwrap()
}

/// A request as it is on the wire, from a sample's target, fields and body.
fn wire(sample: &str) -> Option<String> {
    let (head, body) = sample.split_once("\n\n").unwrap_or((sample, ""));
    let (first, fields) = head.split_once('\n').unwrap_or((head, ""));
    let (method, target) = first
        .split_once(' ')
        .filter(|(_, target)| target.starts_with('/'))?;
    let fields = fields
        .lines()
        .fold(String::new(), |all, field| all + field + "\r\n");
    let length = body.len();
    Some(format!(
        "{method} {target} HTTP/1.1\r\nHost: a\r\n{fields}Content-Length: {length}\r\n\r\n{body}"
    ))
}

#[test]
fn providers_own_samples_are_taken_and_survive_a_power_cut() {
    let disk = FaultyDisk::default();
    let mut door = bind(open(&disk));
    let mut client = connect(&door);
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/providers/samples");
    let mut count = 0;
    for provider in [
        "twilio",
        "telnyx",
        "vonage-sms",
        "infobip",
        "vonage-messages",
        "sinch",
        "bandwidth",
        "plivo",
        "messagebird",
        "azure",
        "ringcentral",
    ] {
        for entry in fs::read_dir(samples.join(provider)).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
            let Some(request) = wire(&text) else { continue };
            let answer = ask(&mut door, &mut client, request.as_bytes());
            assert!(
                answer.starts_with("HTTP/1.1 200 "),
                "{}: {answer}",
                path.display()
            );
            count += 1;
        }
    }
    assert!(count >= 10, "{count} samples");
    let stats = door.stats();
    assert!(
        stats.events_accepted >= count && stats.replies > 0,
        "{}",
        stats.to_json()
    );
    drop(door);
    let again = open(&disk.crash(Unsynced::Lost));
    assert!(again.opened().last_position >= stats.events_accepted);
}

#[test]
fn a_full_disk_is_503_and_keeps_what_was_answered_before() {
    let disk = FaultyDisk::default();
    let mut door = bind(open(&disk));
    let mut client = connect(&door);
    let receipt = |id: u32| {
        let body = format!("MessageSid=SM{id:032}&MessageStatus=delivered&To=%2B12025550100");
        let length = body.len();
        let kind = "Content-Type: application/x-www-form-urlencoded";
        format!(
            "POST /hooks/twilio HTTP/1.1\r\nHost: a\r\n{kind}\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    };
    let health = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    assert!(ask(&mut door, &mut client, receipt(1).as_bytes()).starts_with("HTTP/1.1 200 "));
    assert!(ask(&mut door, &mut client, health).starts_with("HTTP/1.1 200 "));
    disk.fail_after(0, ENOSPC, false);
    for id in 2..5 {
        let answer = ask(&mut door, &mut client, receipt(id).as_bytes());
        assert!(
            answer.starts_with("HTTP/1.1 503 ") && answer.contains("Retry-After"),
            "{answer}"
        );
    }
    assert!(ask(&mut door, &mut client, health).contains("storage_failed"));
    assert!(door.is_poisoned());
    assert_eq!(door.stats().events_accepted, 1);
    let log = door.stats().to_json();
    assert!(!log.contains("2025550100"), "{log}");
    drop(door);
    let again = open(&disk.crash(Unsynced::Kept));
    assert!(again.opened().last_position >= 1);
}
