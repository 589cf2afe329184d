//! Nanoseconds an event, by phase, without Python: `cargo run --release --example ingest_speed
//! -- SHAPE [CONTACTS] [id|contact] [EVENTS]`. For finding out where time goes, not for claims.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool for the workshop"
)]

use rustix::time::{ClockId, clock_gettime};
use std::fmt::Write;
use std::sync::Arc;

use smstrack_engine::codec::CampaignRecord;
use smstrack_engine::decode::RequestView;
use smstrack_engine::engine::{Engine, Options, Scope};
use smstrack_engine::event::{Provider, Trust};
use smstrack_engine::log::faulty::FaultyDisk;

const NOW_MS: i64 = 1_781_132_700_000;
const BATCH: u64 = 5_000;
const EVENTS_COUNT: u64 = 1_000_000;
const FIRST: u64 = 12_000_000_000;

fn id(shape: &str, index: u64) -> String {
    match shape {
        "twilio" => format!("SM{index:032x}"),
        "telnyx" => format!("3b3c1e71-a870-4510-bcbd-{index:012x}"),
        _ => format!("{index:010}"),
    }
}

fn body(shape: &str, index: u64, contact: u64) -> String {
    let (id, number) = (id(shape, index), FIRST + contact);
    match shape {
        "twilio" => format!(
            "SmsSid={id}&SmsStatus=delivered&MessageStatus=delivered&To=%2B{number}&\
             MessagingServiceSid=MGd221afae37b734309efe54c3fdb9fcf7&MessageSid={id}&\
             AccountSid=AC3e0d4733a63ce850ecc917f212912030&From=%2B14155550183&\
             ApiVersion=2010-04-01"
        ),
        "telnyx" => format!(
            r#"{{"data":{{"event_type":"message.finalized","id":"aa499bcd-8824-484c-bf24-e53b55c8ca50","occurred_at":"2026-06-10T23:05:00.259+00:00","payload":{{"completed_at":"2026-06-10T23:05:00.259+00:00","cost":{{"amount":"0.0061","currency":"USD"}},"direction":"outbound","encoding":"GSM-7","errors":[],"from":{{"carrier":"Telnyx","line_type":"Wireless","phone_number":"+14155550183","status":"webhook_delivered"}},"id":"{id}","media":[],"messaging_profile_id":"d38fa2ce-5d45-4b2c-8b34-2b804ec1e1f7","organization_id":"a9ac0c65-adba-4e96-9f25-8efe1e26209c","parts":1,"received_at":"2026-06-10T23:04:59.663+00:00","record_type":"message","sent_at":"2026-06-10T23:04:59.707+00:00","tags":[],"text":"Table is booked!","to":[{{"carrier":"EXAMPLE WIRELESS, INC.","line_type":"Wireless","phone_number":"+{number}","status":"delivered"}}],"type":"SMS","webhook_url":"https://hooks.example.net/telnyx"}},"record_type":"event"}},"meta":{{"attempt":1,"delivered_to":"https://hooks.example.net/telnyx"}}}}"#
        ),
        _ => format!(
            "id:{id} sub:001 dlvrd:001 submit date:2608141136 done date:2608141137 \
             stat:DELIVRD err:000 text:harbour ferry"
        ),
    }
}

fn spread(index: u64, contacts: u64) -> u64 {
    index.wrapping_mul(0x9E37_79B9_7F4A_7C15) % contacts
}

fn register(engine: &Engine, shape: &str, provider: Provider, contacts: u64, ids: u64) {
    let campaign = CampaignRecord {
        name: "c",
        ..CampaignRecord::default()
    };
    engine.campaign(&campaign, NOW_MS).unwrap();
    engine
        .blast("c", "b", Some("+14155550183"), None, &[], NOW_MS)
        .unwrap();
    for first in (0..contacts).step_by(100_000) {
        let mut lines = String::new();
        for contact in first..(first + 100_000).min(contacts) {
            writeln!(lines, "+{}", FIRST + contact).unwrap();
        }
        engine.audience("c", "b", lines.as_bytes(), NOW_MS).unwrap();
    }
    for first in (0..ids).step_by(100_000) {
        let row = |index| {
            (
                format!("+{}", FIRST + spread(index, contacts)),
                id(shape, index),
            )
        };
        let rows: Vec<(String, String)> = (first..(first + 100_000).min(ids)).map(row).collect();
        let rows: Vec<_> = rows.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        engine.sent("c", "b", provider, "", &rows, NOW_MS).unwrap();
    }
}

/// What this thread has used of a core: other programs on the machine do not count.
fn cpu_ns() -> u128 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    u128::try_from(now.tv_sec).unwrap() * 1_000_000_000 + u128::try_from(now.tv_nsec).unwrap()
}

fn main() {
    let mut args = std::env::args().skip(1);
    let shape = args.next().unwrap_or_else(|| "twilio".to_owned());
    let contacts: u64 = args.next().map_or(1_000_000, |text| text.parse().unwrap());
    let by_id = args.next().is_some_and(|word| word == "id");
    let events: u64 = args
        .next()
        .map_or(EVENTS_COUNT, |text| text.parse().unwrap());
    let provider = Provider::from_name(&shape).unwrap();
    let options = Options {
        is_durable: false,
        ..Options::default()
    };
    let engine = Engine::open_disk(Arc::new(FaultyDisk::default()), &options).unwrap();
    register(
        &engine,
        &shape,
        provider,
        contacts,
        if by_id { events } else { 0 },
    );
    let scope = Scope {
        provider,
        account: "",
        campaign: None,
        blast: None,
        template: None,
        profile: None,
        trust: Trust::Verified,
    };
    let (mut push, mut commit) = (0, 0);
    for start in (0..events).step_by(usize::try_from(BATCH).unwrap()) {
        let bodies: Vec<(String, String)> = (start..start + BATCH)
            .map(|index| (index, spread(index, contacts)))
            .map(|(index, contact)| (body(&shape, index, contact), (FIRST + contact).to_string()))
            .collect();
        let began = cpu_ns();
        let mut batch = engine.batch(NOW_MS + 1_000);
        for (body, number) in &bodies {
            let smpp = [
                ("source_addr", number.as_bytes()),
                ("destination_addr", b"14155550183"),
            ];
            let is_smpp = provider == Provider::Smpp;
            let (method, target) = if is_smpp {
                ("SMPP", "deliver_sm")
            } else {
                ("POST", "/")
            };
            let headers = if is_smpp { smpp.as_slice() } else { &[] };
            let request = RequestView {
                method,
                target,
                headers,
                body: body.as_bytes(),
            };
            assert_eq!(batch.push(&scope, &request).accepted, 1);
        }
        push += cpu_ns() - began;
        let began = cpu_ns();
        engine.commit(batch).unwrap();
        commit += cpu_ns() - began;
    }
    let (push, commit) = (push / u128::from(events), commit / u128::from(events));
    let (bytes, found) = (
        body(&shape, 1, 1).len(),
        engine.count("c.delivered").unwrap(),
    );
    println!("{shape}, {bytes} bytes: push {push} ns, commit {commit} ns; {found} delivered");
}
