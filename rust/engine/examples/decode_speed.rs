//! Nanoseconds a body: `cargo run --release -p smstrack-engine --example decode_speed`.
//!
//! A provider's name as argument measures only that one.
//!
//! Decodes sample bodies over and over on one core and prints the best of several runs, after
//! checking that each body gives the events it should.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a measuring tool needs a clock and says what it measured"
)]

use smstrack_engine::decode::request_file::RequestFile;
use smstrack_engine::decode::{Reject, Sink, decode};
use smstrack_engine::event::{Event, Provider};
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: u32 = 400;
const BODIES: u32 = 1_000;

struct Count(u32);

impl Sink for Count {
    fn event(&mut self, _row: u32, event: Event<'_>) {
        black_box(&event);
        self.0 += 1;
    }

    fn reject(&mut self, _reject: Reject) {}

    fn withdraw(&mut self) {
        self.0 = 0;
    }
}

const TWILIO: &str = "POST /hooks/twilio\n\nSmsSid=SMf9465940cfa3f6fcca01cb6582c443a1&\
    SmsStatus=delivered&MessageStatus=delivered&To=%2B13035550107&\
    MessageSid=SMf9465940cfa3f6fcca01cb6582c443a1&AccountSid=AC3e0d4733a63ce850ecc917f212912030&\
    From=%2B14155550183&ApiVersion=2010-04-01";

const TELNYX: &str = concat!(
    "POST /hooks/telnyx\n\n",
    r#"{"data":{"event_type":"message.finalized","id":"aa499bcd-8824-484c-bf24-e53b55c8ca50","#,
    r#""occurred_at":"2026-01-10T23:05:00.259+00:00","payload":{"#,
    r#""completed_at":"2026-01-10T23:05:00.259+00:00","cost":{"amount":"0.0061","currency":"USD"},"#,
    r#""direction":"outbound","encoding":"GSM-7","errors":[],"from":{"carrier":"Telnyx","#,
    r#""line_type":"Wireless","phone_number":"+13055550123"},"#,
    r#""id":"3b3c1e71-a870-4510-bcbd-4044a12a1043","media":[],"#,
    r#""messaging_profile_id":"d38fa2ce-5d45-4b2c-8b34-2b804ec1e1f7","#,
    r#""organization_id":"a9ac0c65-adba-4e96-9f25-8efe1e26209c","parts":1,"#,
    r#""received_at":"2026-01-10T23:04:59.663+00:00","record_type":"message","#,
    r#""sent_at":"2026-01-10T23:04:59.707+00:00","tags":[],"text":"Table is booked!","#,
    r#""to":[{"carrier":"EXAMPLE WIRELESS, INC.","line_type":"Wireless","#,
    r#""phone_number":"+14045550137","status":"delivered"}],"type":"SMS","#,
    r#""valid_until":"2026-01-11T00:04:59.663+00:00","#,
    r#""webhook_url":"https://hooks.example.net/telnyx"},"record_type":"event"},"#,
    r#""meta":{"attempt":1,"delivered_to":"https://hooks.example.net/telnyx"}}"#
);

const VONAGE: &str = "GET /hooks/vonage-sms?msisdn=447700900899&to=Harbour&network-code=23415&\
    messageId=080000014DF8823A&price=0.08870000&status=delivered&scts=2610131435&err-code=0&\
    message-timestamp=2026-10-13+13%3A35%3A29\n\n";

const INFOBIP: &str = concat!(
    "POST /hooks/infobip\n\n",
    r#"{"results":[{"bulkId":"EAPT-RV-959-esj","messageId":"TWSUUDY-BA-352-nag","#,
    r#""to":"41790100126","sentAt":"2026-10-21T15:51:17.000+0000","#,
    r#""doneAt":"2026-10-21T15:51:17.000+0000","messageCount":1,"#,
    r#""price":{"pricePerMessage":0.08,"currency":"EUR"},"status":{"groupId":3,"#,
    r#""groupName":"DELIVERED","id":5,"name":"DELIVERED_TO_HANDSET","#,
    r#""description":"Handset confirmed it"},"error":{"groupId":0,"groupName":"OK","id":0,"#,
    r#""name":"NO_ERROR","description":"No Error","permanent":false}}]}"#
);

const SMPP: &str = "SMPP deliver_sm\nsource_addr: 18085550155\ndestination_addr: 5215\n\
    esm_class: 4\ndata_coding: 0\n\nid:0529799673 sub:001 dlvrd:001 submit date:2608141136 \
    done date:2608141137 stat:DELIVRD err:000 text:harbour ferry now";

const CANONICAL: &str = concat!(
    "POST /events\n\n",
    r#"{"kind":"receipt","provider":"twilio","message_id":"SMf9465940cfa3f6fcca01cb6582c443a1","#,
    r#""contact":"+13035550107","sender":"+14155550183","state":"delivered","final":true,"#,
    r#""error_code":null,"error_class":null,"occurred_at":"2026-01-10T23:05:00.259Z","text":null,"#,
    r#""parts":1,"client_ref":null}"#
);

fn main() {
    for (provider, file) in [
        (Provider::Twilio, TWILIO),
        (Provider::Telnyx, TELNYX),
        (Provider::VonageSms, VONAGE),
        (Provider::Infobip, INFOBIP),
        (Provider::Smpp, SMPP),
        (Provider::Canonical, CANONICAL),
    ] {
        if std::env::args()
            .nth(1)
            .is_some_and(|only| only != provider.name())
        {
            continue;
        }
        let Ok(request) = RequestFile::parse(file.as_bytes()) else {
            continue;
        };
        let view = request.view();
        let mut best = f64::MAX;
        for _ in 0..ROUNDS {
            let mut count = Count(0);
            let start = Instant::now();
            for _ in 0..BODIES {
                let outcome = decode(provider, black_box(&view), None, &mut count);
                assert!(outcome.is_ok(), "{outcome:?}");
            }
            let spent = start.elapsed();
            assert_eq!(count.0, BODIES, "events of {}", provider.name());
            best = best.min(spent.as_secs_f64() * 1e9 / f64::from(BODIES));
        }
        let bytes = if view.body.is_empty() {
            view.query().len()
        } else {
            view.body.len()
        };
        println!("{:<12} {bytes:>5} bytes {best:>7.0} ns", provider.name());
    }
}
