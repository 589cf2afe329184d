use std::borrow::Cow;

use proptest::prelude::*;

use super::*;
use crate::decode::RejectCode;

fn judged() -> [Record<'static>; 4] {
    [
        Record::Ledger(LedgerRecord {
            number: Number(12_025_550_101),
            how: How::Overturned,
            opted_in: true,
            at_us: i64::MIN,
            trust: Trust::Untrusted,
            grade: Grade::Likely,
            subject: u64::MAX,
            sender: "49905",
            source: "a form",
            wording: "ja, bitte \u{1f600}",
            rules: "one two",
        }),
        Record::Setting(SettingRecord {
            campaign: "",
            name: "brand:49905",
            value: "acme",
            at_ms: -1,
        }),
        Record::Relabel(RelabelRecord {
            reply: Position(u64::MAX),
            number: Number(12_025_550_101),
            labels: Labels(u16::MAX),
            blast: 9,
            merged: Labels(3),
            as_of: Position(7),
            opts_out: true,
            at_us: -9,
            sender: "",
            rules: "three",
        }),
        Record::Settled(SettledRecord {
            letters: [1, 2, u64::MAX].map(Position).to_vec(),
        }),
    ]
}

fn samples() -> Vec<Record<'static>> {
    let mut reply = EventRecord::new(Kind::Reply, Provider::Twilio);
    reply.message_id = "SM1";
    reply.contact = Some(Number(12_025_550_101));
    reply.text = Some("");
    reply.labels = Labels(5);
    reply.occurred_us = Some(-1);
    reply.value_micros = Some(i64::MIN);
    reply.currency = "USD";
    reply.rules = "en-stop en-list";
    reply.lang = "en";
    let mut notice = EventRecord::new(Kind::OptOut, Provider::Kannel);
    notice.trust = Trust::Untrusted;
    reply.trust = Trust::Allowed;
    let mut all = vec![
        Record::Event(Box::new(notice)),
        Record::Campaign(CampaignRecord {
            name: "spring",
            cost_micros: Some(412_500_000),
            currency: Some("USD"),
            closes_at_ms: None,
            goal: Some("replied"),
        }),
        Record::Blast(BlastRecord {
            campaign: "spring",
            name: "b1",
            sender: None,
            at_ms: -5,
            tags: vec![("variant", "A")],
        }),
        Record::Audience(AudienceRecord {
            blast: 9,
            numbers: Cow::Owned(vec![12, 12, 9_999]),
        }),
        Record::Sent(SentRecord {
            blast: 1,
            provider: Provider::Telnyx,
            account: "",
            id: "x",
            number: Number(u64::MAX),
        }),
        Record::Receipt(ReceiptRecord {
            message: 7,
            blast: BlastId(1),
            contact: ContactId(u32::MAX),
            state: State::Failed,
            class: Some(ErrorClass::Absent),
            code: "30003",
            occurred_us: None,
            trust: Trust::Allowed,
        }),
        Record::Likely(LikelyRecord {
            provider: Provider::Kannel,
            account: "a",
            message_id: "m",
            messages: [3, 4],
            sender: 5,
            event: 6,
            contact: Number(12_025_550_101),
            state: State::Delivered,
            class: None,
            code: "",
            occurred_us: Some(7),
            trust: Trust::Untrusted,
        }),
        Record::Event(Box::new(reply)),
        Record::DeadLetter(DeadLetterRecord {
            provider: Provider::Infobip,
            account: "a",
            rows: Cow::Owned(vec![Reject {
                code: RejectCode::JsonTruncated,
                row: 3,
                byte: 17,
            }]),
            method: "POST",
            target: "/hooks/infobip",
            body: b"{\xFF",
        }),
        Record::Consent(ConsentRecord {
            number: Number(12_025_550_101),
            opted_in: true,
            at_ms: 5,
            reason: "asked on the phone",
        }),
    ];
    all.extend(judged());
    all
}

#[test]
fn every_kind_survives_its_bytes() {
    let mut bytes = Vec::new();
    for record in samples() {
        encode_record(&record, &mut bytes);
    }
    let mut reader = Reader::new(&bytes);
    for record in samples() {
        assert_eq!(decode_record(&mut reader), Ok(record));
    }
    assert!(reader.is_done());
}

#[test]
fn every_cut_is_an_error() {
    for record in samples() {
        let mut bytes = Vec::new();
        encode_record(&record, &mut bytes);
        for cut in 0..bytes.len() {
            let mut reader = Reader::new(&bytes[..cut]);
            assert!(
                decode_record(&mut reader).is_err(),
                "{record:?} cut at {cut}"
            );
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut reader = Reader::new(&bytes);
        while !reader.is_done() && decode_record(&mut reader).is_ok() {}
    }

    #[test]
    fn numbers_survive(value in any::<i64>(), plain in any::<u64>()) {
        let mut bytes = Vec::new();
        let mut writer = Writer(&mut bytes);
        writer.signed(value);
        writer.varint(plain);
        let mut reader = Reader::new(&bytes);
        prop_assert_eq!(reader.signed(), Ok(value));
        prop_assert_eq!(reader.varint(), Ok(plain));
    }
}
