//! Body to count, end to end: what a provider says arrives in exactly the sets that it should,
//! and in no others.
#![expect(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is what it is for"
)]

use serde_json::Value;
use smstrack_engine::codec::CampaignRecord;
use smstrack_engine::decode::RequestView;
use smstrack_engine::engine::{Engine, Pushed, Scope};
use smstrack_engine::event::{Label, Labels, Provider, Trust};
use smstrack_engine::log::faulty::FaultyDisk;
use smstrack_engine::query::SETS;

mod common;
use common::{NOW_MS, number, open, post};

const HOUR_MS: i64 = 3_600_000;
const SENDER: &str = "+15017122661";
const CODE: &str = "49905";

/// A directory with one campaign.
struct Desk(Engine);

impl Desk {
    fn new() -> Self {
        let engine = open(&FaultyDisk::default()).unwrap();
        engine
            .campaign(
                &CampaignRecord {
                    name: "spring",
                    ..CampaignRecord::default()
                },
                NOW_MS,
            )
            .unwrap();
        Self(engine)
    }

    /// A blast sent so many hours after `NOW_MS` to contacts of these numbers.
    fn blast(&self, name: &str, sender: &str, hours: i64, contacts: std::ops::Range<u64>) {
        let at_ms = NOW_MS + hours * HOUR_MS;
        self.0
            .blast("spring", name, Some(sender), Some(at_ms), &[], at_ms)
            .unwrap();
        let lines: Vec<String> = contacts.map(number).collect();
        self.0
            .audience("spring", name, lines.join("\n").as_bytes(), at_ms)
            .unwrap();
    }

    fn sent(&self, blast: &str, provider: Provider, account: &str, rows: &[(u64, &str)]) {
        let rows: Vec<(String, &str)> = rows.iter().map(|(n, id)| (number(*n), *id)).collect();
        let rows: Vec<(&str, &str)> = rows.iter().map(|(n, id)| (n.as_str(), *id)).collect();
        self.0
            .sent("spring", blast, provider, account, &rows, NOW_MS)
            .unwrap();
    }

    fn post(&self, provider: Provider, target: &str, body: &str) -> Pushed {
        self.post_at(0, provider, target, body)
    }

    fn post_at(&self, hours: i64, provider: Provider, target: &str, body: &str) -> Pushed {
        post(&self.0, provider, target, body, NOW_MS + hours * HOUR_MS).unwrap()
    }

    /// Canonical events, all accepted.
    fn tell(&self, hours: i64, lines: &[&str]) {
        let pushed = self.post_at(hours, Provider::Canonical, "/events", &lines.join("\n"));
        assert_eq!(
            (pushed.accepted as usize, pushed.rejects.len()),
            (lines.len(), 0),
            "{lines:?}"
        );
    }

    /// A reply through Twilio's door, with labels as rules would give them.
    fn reply(&self, hours: i64, contact: u64, id: &str, labels: &[Label]) {
        let from = number(contact).replace('+', "%2B");
        let body = format!(
            "SmsMessageSid={id}&MessageSid={id}&From={from}&To=%2B15017122661&Body=made%20up"
        );
        let mut batch = self.0.batch(NOW_MS + hours * HOUR_MS);
        let request = RequestView {
            method: "POST",
            target: "/hooks/twilio",
            headers: &[("content-type", b"application/x-www-form-urlencoded")],
            body: body.as_bytes(),
        };
        let scope = Scope {
            provider: Provider::Twilio,
            account: "",
            campaign: None,
            blast: None,
            template: None,
            profile: None,
            trust: Trust::Verified,
        };
        let pushed = batch.push(&scope, &request);
        assert_eq!(
            (pushed.replies, batch.reply_texts().collect::<Vec<_>>()),
            (1, vec!["made up"])
        );
        let word = labels
            .iter()
            .fold(Labels::NONE, |word, label| word.with(*label));
        batch.set_labels(&[word.0]).unwrap();
        self.0.commit(batch).unwrap();
    }

    fn count(&self, expression: &str) -> u64 {
        self.0.count(expression).unwrap()
    }

    fn is(&self, expression: &str, contacts: &[u64]) {
        let text = self.0.numbers(expression, None, 1_000, false).unwrap().text;
        let mut found: Vec<&str> = text.lines().collect();
        let mut expected: Vec<String> = contacts.iter().map(|contact| number(*contact)).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{expression}");
    }

    fn stat(&self, name: &str) -> u64 {
        self.0.stats().unwrap()[name].as_u64().unwrap()
    }
}

fn form(contact: u64, id: &str, status: &str) -> String {
    let to = number(contact).replace('+', "%2B");
    format!("MessageSid={id}&MessageStatus={status}&To={to}&From=%2B15017122661")
}

#[test]
fn each_providers_receipt_finds_its_registered_message() {
    let telnyx = r#"{"data":{"event_type":"message.finalized","id":"e1","occurred_at":"2026-05-28T20:26:40Z","payload":{"id":"T-1","direction":"outbound","from":{"phone_number":"+15017122661"},"to":[{"phone_number":"+12025550101","status":"delivered"}],"record_type":"message"}}}"#;
    let vonage = r#"{"messageId":"V-1","msisdn":"12025550101","to":"Harbour","status":"delivered","err-code":"0","message-timestamp":"2026-05-28 20:26:40"}"#;
    let infobip = r#"{"results":[{"messageId":"I-1","to":"12025550101","doneAt":"2026-05-28T20:26:40.000+0000","status":{"groupId":3,"groupName":"DELIVERED","id":5,"name":"DELIVERED_TO_HANDSET"},"error":{"groupId":0,"id":0,"name":"NO_ERROR","permanent":false}}]}"#;
    let smpp = "id:61194706 sub:001 dlvrd:001 submit date:2605282026 done date:2605282026 stat:DELIVRD err:000 text:made up";
    let own = r#"{"kind":"receipt","provider":"telnyx","message_id":"C-1","state":"delivered"}"#;
    let cases: [(Provider, &str, &str, &str); 7] = [
        (
            Provider::Twilio,
            "S-1",
            "/hooks/twilio",
            &form(1, "S-1", "delivered"),
        ),
        (Provider::Telnyx, "T-1", "/hooks/telnyx", telnyx),
        (Provider::VonageSms, "V-1", "/hooks/vonage-sms", vonage),
        (
            Provider::Kannel,
            "4711",
            "/hooks/kannel?myId=4711&type=1",
            "",
        ),
        (Provider::Infobip, "I-1", "/hooks/infobip", infobip),
        (
            Provider::Smpp,
            "3A5C1D2",
            "/hooks/smpp?source_addr=12025550101&destination_addr=49905&esm_class=4",
            smpp,
        ),
        (Provider::Telnyx, "C-1", "/events", own),
    ];
    for (provider, id, target, body) in cases {
        let desk = Desk::new();
        desk.blast("b1", CODE, 0, 0..3);
        desk.sent("b1", provider, "", &[(1, id)]);
        let door = if target == "/events" {
            Provider::Canonical
        } else {
            provider
        };
        let pushed = desk.post(door, target, body);
        assert_eq!(
            (pushed.accepted, pushed.error),
            (1, None),
            "{id}: {:?}",
            pushed.rejects
        );
        desk.is("spring/b1.delivered", &[1]);
        desk.is("spring.pending", &[0, 2]);
        assert_eq!(desk.stat("parked"), 0, "{id}");
        desk.post(door, target, body);
        assert_eq!(
            (desk.count("spring.delivered"), desk.stat("duplicates")),
            (1, 1),
            "{id}"
        );
    }
}

#[test]
fn an_early_receipt_waits_for_its_send() {
    let desk = Desk::new();
    // Another sender, and nobody's audience: only the id can tell.
    desk.blast("b1", CODE, 0, 0..0);
    desk.post(
        Provider::Twilio,
        "/hooks/twilio",
        &form(4, "SM4", "delivered"),
    );
    assert_eq!(
        (desk.count("spring.delivered"), desk.stat("parked")),
        (0, 1)
    );
    desk.sent("b1", Provider::Twilio, "", &[(4, "SM4")]);
    desk.is("spring/b1.delivered", &[4]);
    assert_eq!(desk.stat("parked"), 0);
    // A send that names a blast nobody knows waits as well.
    let sent = r#"{"kind":"sent","provider":"twilio","message_id":"SM5","contact":"+12025550105","campaign":"spring","blast":"b2"}"#;
    desk.tell(0, &[sent]);
    desk.post(Provider::Twilio, "/hooks/twilio", &form(5, "SM5", "failed"));
    assert_eq!(desk.stat("sends_waiting"), 1);
    desk.blast("b2", CODE, 0, 0..0);
    desk.is("spring/b2.failed", &[5]);
    assert_eq!((desk.stat("sends_waiting"), desk.stat("messages")), (0, 2));
}

#[test]
fn without_an_id_sender_and_contact_find_the_blast() {
    let desk = Desk::new();
    desk.blast("b1", SENDER, 0, 0..3);
    desk.blast("b2", CODE, 1, 0..3);
    let receipt = |contact: u64, sender: &str| {
        let contact = number(contact);
        format!(
            r#"{{"kind":"receipt","provider":"kannel","contact":"{contact}","sender":"{sender}","state":"delivered","client_ref":"none"}}"#
        )
    };
    desk.tell(
        2,
        &[
            &receipt(0, SENDER),
            &receipt(1, CODE),
            &receipt(7, SENDER),
            &receipt(2, "other"),
        ],
    );
    desk.is("spring/b1.delivered", &[0]);
    desk.is("spring/b2.delivered", &[1]);
    assert_eq!(desk.stat("parked"), 2);
    // Registered afterwards, it is found.
    desk.0
        .audience("spring", "b1", number(7).as_bytes(), NOW_MS)
        .unwrap();
    desk.is("spring/b1.delivered", &[0, 7]);
    assert_eq!(desk.stat("parked"), 1);
}

#[test]
fn a_named_campaign_or_blast_is_taken_at_its_word() {
    let desk = Desk::new();
    desk.blast("b1", SENDER, 0, 0..3);
    desk.blast("b2", SENDER, 1, 0..3);
    let click = |contact: u64, id: &str| {
        format!(
            r#"{{"kind":"click","event_id":"{id}","contact":"{}"}}"#,
            number(contact)
        )
    };
    let door = Provider::Canonical;
    desk.post_at(9, door, "/events?campaign=spring&blast=b1", &click(0, "a"));
    desk.post_at(900, door, "/events?campaign=spring", &click(1, "b"));
    desk.post_at(9, door, "/events?campaign=nowhere", &click(2, "c"));
    desk.post(
        Provider::Twilio,
        "/hooks/twilio?campaign=spring&blast=b1",
        &form(9, "SMx", "failed"),
    );
    desk.is("spring/b1.clicked", &[0]);
    desk.is("spring/b2.clicked", &[1]);
    desk.is("spring/b1.failed", &[9]);
    desk.is("spring/b1.sent", &[0, 1, 2, 9]);
    assert_eq!(desk.stat("parked"), 1);
}

#[test]
fn own_events_fill_their_sets_and_sums() {
    let desk = Desk::new();
    desk.blast("b1", SENDER, 0, 0..9);
    let row = |contact: u64, rest: &str| {
        format!(
            r#"{{"contact":"{}","campaign":"spring","blast":"b1",{rest}}}"#,
            number(contact)
        )
    };
    let rows = [
        row(0, r#""kind":"click","event_id":"c1","link":"x""#),
        row(0, r#""kind":"click","event_id":"c2","link":"y""#),
        row(0, r#""kind":"click","event_id":"c2","link":"y""#),
        row(
            1,
            r#""kind":"conversion","event_id":"v1","goal":"order","value":"49.90","currency":"usd""#,
        ),
        row(
            1,
            r#""kind":"conversion","event_id":"v2","goal":"order","value":0.10,"currency":"USD""#,
        ),
        row(
            2,
            r#""kind":"conversion","event_id":"v3","goal":"order","value":"7","currency":"EUR""#,
        ),
        row(
            2,
            r#""kind":"conversion","event_id":"v3","goal":"order","value":"7","currency":"EUR""#,
        ),
        row(
            3,
            r#""kind":"flow","event_id":"f1","flow":"quiz","state":"started""#,
        ),
        row(
            4,
            r#""kind":"flow","event_id":"f2","flow":"quiz","state":"completed""#,
        ),
        row(5, r#""kind":"lead","event_id":"l1""#),
        row(6, r#""kind":"sent","provider":"twilio","message_id":"SM6""#),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    desk.tell(0, &rows);
    desk.is("spring.clicked", &[0]);
    desk.is("spring.converted", &[1, 2]);
    desk.is("spring.flow_started", &[3, 4]);
    desk.is("spring.flow_completed", &[4]);
    desk.is("spring.flow_dropped", &[3]);
    desk.is("spring.qualified", &[5]);
    let report = desk.0.report("spring").unwrap();
    assert_eq!(
        (&report["clicks"], &report["conversions"]),
        (&Value::from(2), &Value::from(3))
    );
    assert_eq!(report["revenue_micros"]["USD"], 50_000_000);
    assert_eq!(report["revenue_micros"]["EUR"], 7_000_000);
    assert_eq!((desk.stat("duplicates"), desk.stat("messages")), (2, 1));
}

#[test]
fn replies_have_labels_and_find_the_message_they_answer() {
    let desk = Desk::new();
    desk.blast("b1", SENDER, 0, 0..4);
    desk.blast("b2", CODE, 0, 0..4);
    desk.sent("b2", Provider::Telnyx, "", &[(3, "OUT3")]);
    desk.reply(1, 0, "IN0", &[Label::Yes, Label::Question]);
    desk.reply(1, 1, "IN1", &[]);
    desk.reply(2, 1, "IN2", &[Label::No]);
    desk.reply(1, 8, "IN8", &[Label::Yes]);
    // A reference to the message answered beats the sender.
    let answer = r#"{"kind":"reply","provider":"telnyx","message_id":"IN3","client_ref":"OUT3","contact":"+12025550103","sender":"+15017122661","text":"hm"}"#;
    desk.tell(1, &[answer]);
    desk.is("spring/b1.replied", &[0, 1]);
    desk.is("spring/b2.replied", &[3]);
    desk.is("spring.replied:yes", &[0]);
    desk.is("spring.replied:question", &[0]);
    desk.is("spring.replied:no", &[1]);
    desk.is("spring.replied:other", &[1, 3]);
    assert_eq!(desk.0.report("spring").unwrap()["reply_messages"], 4);
    assert_eq!(desk.stat("parked"), 1);
}

#[test]
fn the_latest_word_on_consent_decides_and_stop_wins() {
    let desk = Desk::new();
    desk.blast("b1", SENDER, 0, 0..9);
    let (stop, start) = (Label::OptOut, Label::OptIn);
    // With ids: by time, whatever the order of arrival.
    desk.reply(1, 0, "A1", &[stop]);
    desk.is("suppressed", &[0]);
    desk.reply(3, 0, "A3", &[start]);
    desk.is("suppressed", &[]);
    desk.reply(2, 0, "A2", &[stop]);
    desk.is("suppressed", &[]);
    desk.reply(4, 0, "A4", &[stop]);
    desk.is("suppressed", &[0]);
    // A yes undoes nothing; stop beside anything is a stop; a repeat of an old start is old.
    desk.reply(5, 0, "A5", &[Label::Yes]);
    desk.reply(5, 1, "B1", &[Label::Yes, start, stop]);
    desk.reply(9, 0, "A3", &[start]);
    desk.is("suppressed", &[0, 1]);
    // Notices without an id or a time: a stop after a start is heard though it says the same.
    let notice = |state: &str| {
        format!(
            r#"{{"kind":"optout","contact":"{}","sender":"{SENDER}","state":"{state}"}}"#,
            number(2)
        )
    };
    for (hours, state, is_out) in [(1, "stop", true), (2, "start", false), (3, "stop", true)] {
        desk.tell(hours, &[&notice(state)]);
        let found = desk.0.contains("suppressed", &number(2)).unwrap();
        assert_eq!(found, is_out, "{state} at {hours}");
    }
    // Opted out counts for the campaign it answered, and only while it holds.
    desk.is("spring.opted_out", &[0, 1, 2]);
    // By hand; who belongs to no blast is suppressed all the same.
    desk.reply(5, 77, "C1", &[stop]);
    desk.0
        .suppress(
            number(0).as_bytes(),
            true,
            "asked",
            (NOW_MS + 50 * HOUR_MS, NOW_MS),
        )
        .unwrap();
    desk.is("suppressed", &[1, 2, 77]);
    desk.is("spring.opted_out", &[1, 2]);
}

#[test]
fn a_providers_opted_out_code_suppresses() {
    let desk = Desk::new();
    desk.blast("b1", SENDER, 0, 0..3);
    desk.sent("b1", Provider::Twilio, "", &[(0, "SM0")]);
    for (contact, id) in [(0, "SM0"), (1, "SM1")] {
        let body = format!("{}&ErrorCode=21610", form(contact, id, "failed"));
        desk.post(Provider::Twilio, "/hooks/twilio", &body);
    }
    desk.is("suppressed", &[0, 1]);
    desk.is("spring.opted_out", &[0, 1]);
    desk.is("spring.failed_final:opted_out", &[0, 1]);
}

/// Some receipts name only the message. One that came before its send was parked, and when the
/// send told whom it was about, the opt-out in it was not heard: the contact stayed unsuppressed.
#[test]
fn an_early_opted_out_code_suppresses_whom_its_message_was_for() {
    let receipt = "/hooks/vonage-sms?to=Harbour&messageId=V1&status=rejected&err-code=9";
    let mut digests = Vec::new();
    for is_early in [true, false] {
        let desk = Desk::new();
        desk.blast("b1", SENDER, 0, 0..3);
        if is_early {
            desk.post(Provider::VonageSms, receipt, "");
        }
        desk.sent("b1", Provider::VonageSms, "", &[(1, "V1")]);
        if !is_early {
            desk.post(Provider::VonageSms, receipt, "");
        }
        desk.is("spring.rejected", &[1]);
        desk.is("suppressed", &[1]);
        digests.push(desk.0.digest().unwrap());
    }
    assert_eq!(digests[0], digests[1]);
}

/// Receipts without a time of their own count from their arrival. A repeat was heard at its own
/// arrival if the message was known, and not at all if it was not: two ends of one story.
#[test]
fn a_repeated_opted_out_code_ends_the_same_early_or_late() {
    let mut digests = Vec::new();
    for sent_at in 0..4 {
        let desk = Desk::new();
        desk.blast("b1", SENDER, 0, 0..3);
        for turn in 0..4 {
            if turn == sent_at {
                desk.sent("b1", Provider::Twilio, "", &[(0, "SM0")]);
            }
            if turn == 3 {
                break;
            }
            let body = format!("{}&ErrorCode=21610", form(0, "SM0", "failed"));
            desk.post_at(turn, Provider::Twilio, "/hooks/twilio", &body);
        }
        digests.push(desk.0.digest().unwrap());
    }
    assert!(
        digests.iter().all(|digest| *digest == digests[0]),
        "{digests:?}"
    );
}

#[test]
fn an_unknown_word_is_kept_and_counted() {
    let desk = Desk::new();
    desk.blast("b1", SENDER, 0, 0..2);
    desk.sent("b1", Provider::Twilio, "", &[(0, "SM0")]);
    for _ in 0..2 {
        let pushed = desk.post(
            Provider::Twilio,
            "/hooks/twilio",
            &form(0, "SM0", "teleported"),
        );
        assert_eq!((pushed.accepted, pushed.rejects.len()), (1, 0));
    }
    desk.is("spring.unknown", &[0]);
    desk.is("spring.pending", &[0, 1]);
    assert_eq!(desk.stat("unknown_states"), 2);
    desk.post(
        Provider::Twilio,
        "/hooks/twilio",
        &form(0, "SM0", "delivered"),
    );
    desk.is("spring.unknown", &[]);
}

#[test]
fn the_newest_blast_within_the_window_gets_the_reply() {
    let desk = Desk::new();
    desk.blast("b1", SENDER, 0, 0..9);
    desk.blast("b2", SENDER, 10, 0..2);
    desk.reply(5, 0, "between", &[]);
    desk.reply(11, 1, "after both", &[]);
    desk.reply(11, 2, "not in the newer", &[]);
    desk.reply(72, 3, "at the window's end", &[]);
    desk.reply(73, 4, "past it", &[]);
    desk.reply(-24, 5, "a day early", &[]);
    desk.reply(-25, 6, "too early", &[]);
    desk.reply(82, 0, "the newer's end", &[]);
    desk.is("spring/b1.replied", &[0, 2, 3, 5]);
    desk.is("spring/b2.replied", &[0, 1]);
    assert_eq!(desk.stat("parked"), 2);
}

#[test]
fn accounts_keep_equal_ids_apart() {
    let desk = Desk::new();
    desk.blast("b1", CODE, 0, 0..9);
    desk.sent("b1", Provider::Twilio, "north", &[(0, "X")]);
    desk.sent("b1", Provider::Twilio, "south", &[(1, "X")]);
    desk.sent("b1", Provider::Twilio, "", &[(2, "Y")]);
    desk.post(
        Provider::Twilio,
        "/hooks/twilio/south",
        &form(1, "X", "delivered"),
    );
    desk.is("spring.delivered", &[1]);
    // Registered without an account, an id is found from any; the other way round it is not.
    desk.post(
        Provider::Twilio,
        "/hooks/twilio/west",
        &form(2, "Y", "delivered"),
    );
    desk.is("spring.delivered", &[1, 2]);
    desk.post(
        Provider::Twilio,
        "/hooks/twilio",
        &form(0, "X", "delivered"),
    );
    desk.is("spring.delivered", &[1, 2]);
    desk.post(
        Provider::Twilio,
        "/hooks/twilio/east",
        &form(3, "Z", "delivered"),
    );
    desk.sent("b1", Provider::Twilio, "", &[(3, "Z")]);
    desk.is("spring.delivered", &[1, 2, 3]);
    // The id stays with the first message; the second is counted as a conflict.
    desk.sent("b1", Provider::Twilio, "", &[(4, "Z")]);
    assert_eq!(desk.stat("id_conflicts"), 1);
}

#[test]
fn smpp_ids_meet_in_any_form() {
    let forms = [
        ("61194706", "3A5C1D2"),
        ("03a5c1d2", "61194706"),
        ("3A5C1D2", "0003a5c1d2"),
        ("0042", "42"),
    ];
    for (registered, said) in forms {
        for early in [false, true] {
            let desk = Desk::new();
            desk.blast("b1", CODE, 0, 0..2);
            let receipt = format!(
                r#"{{"kind":"receipt","provider":"smpp","message_id":"{said}","state":"delivered","contact":"{}"}}"#,
                number(1)
            );
            if early {
                desk.tell(0, &[&receipt]);
            }
            desk.sent("b1", Provider::Smpp, "", &[(1, registered)]);
            if !early {
                desk.tell(0, &[&receipt]);
            }
            desk.is("spring.delivered", &[1]);
            assert_eq!(
                desk.stat("parked"),
                0,
                "{registered} and {said}, early {early}"
            );
        }
    }
}

/// Decimal 16 is hex 10, and both are ids of their own: a receipt for the one was once counted
/// for the other's contact when its own id was not registered yet.
#[test]
fn ids_of_two_contacts_never_meet_in_another_form() {
    for turn in 0..3 {
        let desk = Desk::new();
        desk.blast("b1", CODE, 0, 0..2);
        let receipt = format!(
            r#"{{"kind":"receipt","provider":"smpp","message_id":"16","state":"delivered","contact":"{}"}}"#,
            number(1)
        );
        for step in 0..3 {
            match (step + turn) % 3 {
                0 => desk.sent("b1", Provider::Smpp, "", &[(0, "10")]),
                1 => desk.tell(0, &[&receipt]),
                _ => desk.sent("b1", Provider::Smpp, "", &[(1, "16")]),
            }
        }
        desk.is("spring.delivered", &[1]);
    }
}

/// A receipt that names its blast shows that its contact was sent to. A reply of that contact
/// belongs to the blast whichever of the two came first.
#[test]
fn a_receipt_that_names_its_blast_lets_a_reply_find_it() {
    let mut digests = Vec::new();
    for is_reply_first in [true, false] {
        let desk = Desk::new();
        desk.blast("b1", SENDER, 0, 0..0);
        let target = "/hooks/twilio?campaign=spring&blast=b1";
        if is_reply_first {
            desk.reply(0, 5, "IN5", &[Label::Yes]);
        }
        desk.post(Provider::Twilio, target, &form(5, "SM5", "delivered"));
        if !is_reply_first {
            desk.reply(0, 5, "IN5", &[Label::Yes]);
        }
        desk.is("spring/b1.replied", &[5]);
        digests.push(desk.0.digest().unwrap());
    }
    assert_eq!(digests[0], digests[1]);
}

/// C03 and the balance: figures are the sizes of the sets of the same names, and the parts of
/// the balance never overlap.
#[test]
fn random_traffic_balances() {
    for seed in 0..20_u64 {
        let desk = Desk::new();
        desk.blast("b1", SENDER, 0, 0..40);
        desk.blast("b2", SENDER, 1, 20..60);
        let mut state = seed;
        let mut dice = |sides: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % sides
        };
        let words = [
            "queued",
            "accepted",
            "sent",
            "delivered",
            "undelivered",
            "failed",
            "rejected",
            "expired",
            "filtered",
            "read",
            "unknown",
        ];
        let rows: Vec<String> = (0..300)
            .map(|turn| {
                let (contact, word) = (number(dice(70)), words[dice(11) as usize]);
                let blast = ["b1", "b2"][dice(2) as usize];
                match dice(6) {
                    0 => format!(r#"{{"kind":"reply","provider":"telnyx","message_id":"r{turn}","contact":"{contact}","sender":"{SENDER}","text":"t"}}"#),
                    1 => format!(r#"{{"kind":"click","event_id":"c{turn}","contact":"{contact}","campaign":"spring","blast":"{blast}"}}"#),
                    2 => format!(r#"{{"kind":"optout","contact":"{contact}","sender":"{SENDER}","state":"stop"}}"#),
                    3 => format!(r#"{{"kind":"receipt","provider":"telnyx","contact":"{contact}","state":"{word}","campaign":"spring","blast":"{blast}"}}"#),
                    _ => format!(r#"{{"kind":"receipt","provider":"telnyx","contact":"{contact}","sender":"{SENDER}","state":"{word}","error_class":"absent"}}"#),
                }
            })
            .collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        desk.tell(2, &rows);
        let report = desk.0.report("spring").unwrap();
        let mut scopes = vec![("spring".to_owned(), report["sets"].clone())];
        for blast in report["blasts"].as_array().unwrap() {
            scopes.push((
                format!("spring/{}", blast["name"].as_str().unwrap()),
                blast["sets"].clone(),
            ));
        }
        for (scope, sets) in scopes {
            for (word, _) in SETS {
                assert_eq!(
                    sets[word],
                    desk.count(&format!("{scope}.{word}")),
                    "seed {seed}: {scope}.{word}"
                );
            }
            let parts = [
                "delivered",
                "failed",
                "expired",
                "rejected",
                "filtered",
                "undelivered",
                "pending",
            ];
            let all: Vec<String> = parts.iter().map(|part| format!("{scope}.{part}")).collect();
            let sent = desk.count(&format!("{scope}.sent"));
            let within = desk.count(&format!("({}) & {scope}.sent", all.join(" | ")));
            let sum: u64 = all
                .iter()
                .map(|part| desk.count(&format!("{part} & {scope}.sent")))
                .sum();
            assert_eq!((within, sum), (sent, sent), "seed {seed}: {scope}");
        }
        let causes = &report["causes"];
        assert_eq!(
            causes["absent"],
            desk.count("spring.failed_final:absent"),
            "seed {seed}"
        );
    }
}

#[test]
fn an_id_that_a_batch_shares_is_each_recipients_own() {
    let tell = |contact: u64, state: &str| {
        format!(
            r#"{{"kind":"receipt","provider":"sinch","message_id":"batch","contact":"{}","state":"{state}"}}"#,
            number(contact)
        )
    };
    for is_early in [false, true] {
        let desk = Desk::new();
        desk.blast("b1", SENDER, 0, 0..3);
        let said = [tell(1, "delivered"), tell(2, "failed"), tell(0, "sent")];
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        if is_early {
            desk.tell(1, &said);
        }
        desk.sent(
            "b1",
            Provider::Sinch,
            "",
            &[(0, "batch"), (1, "batch"), (2, "batch")],
        );
        if !is_early {
            desk.tell(1, &said);
        }
        desk.is("spring/b1.delivered", &[1]);
        desk.is("spring/b1.failed_final", &[2]);
        desk.is("spring/b1.pending", &[0]);
        assert_eq!(desk.stat("parked"), 0);
    }
}
