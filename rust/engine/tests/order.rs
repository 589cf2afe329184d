//! Promise 2: any order, any duplicates, the same final state, to the bit.
#![expect(
    clippy::indexing_slicing,
    reason = "a test's index out of bounds is a failed test"
)]

use std::borrow::Cow;
use std::collections::BTreeSet;

use proptest::prelude::*;
use smstrack_engine::apply::apply;
use smstrack_engine::codec::{
    AudienceRecord, BlastRecord, CampaignRecord, ConsentRecord, EventRecord, LedgerRecord, Record,
    SentRecord, SettingRecord,
};
use smstrack_engine::event::{
    ErrorClass, Grade, Kind, Label, Labels, Number, Position, Provider, State as Word, Trust,
};
use smstrack_engine::keys::Keys;
use smstrack_engine::ledger::How;
use smstrack_engine::state::{State, Windows};

#[expect(dead_code, reason = "tiers are for the rows of tests/faults")]
#[path = "common/row.rs"]
mod row;
use row::Row;

const HOUR_MS: i64 = 3_600_000;
const NOW_MS: i64 = 1_780_000_000_000;
const CAMPAIGNS: [&str; 2] = ["spring", "autumn"];
const SENDERS: [&str; 2] = ["+15017122661", "49905"];
const IDS: [&str; 8] = ["m0", "m1", "m2", "m3", "7B", "123", "m6", "m7"];

/// One record; an audience also names the blast that must be registered before it.
#[derive(Clone, Debug)]
struct Step {
    needs: Option<(usize, usize)>,
    record: Record<'static>,
}

fn keys() -> Keys {
    Keys::new([3; 16])
}

fn blast_names(campaign: usize, blast: usize) -> (&'static str, &'static str) {
    (CAMPAIGNS[campaign], ["b0", "b1", "b2"][blast])
}

fn number(index: u64) -> Number {
    Number(12_025_550_100 + index)
}

fn free(record: Record<'static>) -> Step {
    Step {
        needs: None,
        record,
    }
}

fn blast_step() -> impl Strategy<Value = Step> {
    (0..2_usize, 0..3_usize).prop_map(|(campaign, blast)| {
        let (campaign_name, name) = blast_names(campaign, blast);
        let at_ms = NOW_MS + ([-6, -1][campaign] + [0, 3, 6][blast]) * HOUR_MS;
        let sender = Some(SENDERS[(campaign + blast) % 2]);
        free(Record::Blast(BlastRecord {
            campaign: campaign_name,
            name,
            sender,
            at_ms,
            tags: vec![],
        }))
    })
}

fn audience_step() -> impl Strategy<Value = Step> {
    let numbers = prop::collection::btree_set(0..8_u64, 1..6);
    (0..2_usize, 0..3_usize, numbers).prop_map(|(campaign, blast, numbers)| {
        let (campaign_name, name) = blast_names(campaign, blast);
        let numbers: Vec<u64> = numbers.into_iter().map(|n| number(n).0).collect();
        let key = keys().blast(campaign_name, name);
        let record = AudienceRecord {
            blast: key,
            numbers: Cow::Owned(numbers),
        };
        Step {
            needs: Some((campaign, blast)),
            record: Record::Audience(record),
        }
    })
}

/// Every id belongs to one message: whose, follows from the id.
fn sent_step() -> impl Strategy<Value = Step> {
    (0..IDS.len()).prop_map(|index| {
        let (campaign, name) = blast_names(index % 2, index % 3);
        free(Record::Sent(SentRecord {
            blast: keys().blast(campaign, name),
            provider: Provider::Telnyx,
            account: "",
            id: IDS[index],
            number: number(index as u64),
        }))
    })
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop::sample::select(vec![
        Kind::Receipt,
        Kind::Receipt,
        Kind::Reply,
        Kind::OptOut,
        Kind::Click,
        Kind::Conversion,
        Kind::Flow,
    ])
}

fn words() -> impl Strategy<Value = Word> {
    prop::sample::select(vec![
        Word::Accepted,
        Word::Delivered,
        Word::Failed,
        Word::Expired,
        Word::Read,
        Word::Unknown,
    ])
}

fn event_step() -> impl Strategy<Value = Step> {
    let parts = (
        kinds(),
        words(),
        0..9_usize,
        0..8_u64,
        0..3_usize,
        -9..9_i64,
        0..128_u16,
        0..6_usize,
    );
    parts.prop_map(|(kind, word, id, contact, sender, hours, dice, named)| {
        let mut event = EventRecord::new(kind, Provider::Telnyx);
        event.occurred_us = Some((NOW_MS + hours * HOUR_MS) * 1_000);
        event.contact = Some(number(contact));
        event.sender = SENDERS.get(sender).copied().unwrap_or_default();
        say(&mut event, word, id, dice);
        if let Some((campaign, blast)) = [(0, 0), (1, 2)].get(named) {
            let is_without_id = event.message_id.is_empty();
            event.campaign = blast_names(*campaign, *blast).0;
            if matches!(
                kind,
                Kind::Click | Kind::Receipt | Kind::Reply | Kind::Conversion
            ) && is_without_id
            {
                event.blast = blast_names(*campaign, *blast).1;
            }
        }
        free(Record::Event(Box::new(event)))
    })
}

fn say(event: &mut EventRecord<'static>, word: Word, id: usize, dice: u16) {
    match event.kind {
        Kind::Receipt => {
            event.state = Some(word);
            event.message_id = IDS.get(id).copied().unwrap_or_default();
            if !event.message_id.is_empty() {
                // What a provider says of one message does not contradict itself.
                event.contact = Some(number(id as u64));
                event.occurred_us = Some((NOW_MS + i64::from(word.code()) * HOUR_MS) * 1_000);
                event.sender = SENDERS[id % 2];
            } else if word == Word::Failed {
                event.class = Some(ErrorClass::ALL[dice as usize % ErrorClass::ALL.len()]);
            }
        }
        Kind::Reply => {
            // One text, one labelling: rules do not roll dice.
            let (text, labels) = JUDGED[dice as usize % JUDGED.len()];
            event.text = Some(text);
            event.labels = labels;
        }
        Kind::OptOut => event.state = Some([Word::Stop, Word::Start][dice as usize % 2]),
        Kind::Flow => event.state = Some([Word::Started, Word::Completed][dice as usize % 2]),
        Kind::Conversion => {
            event.value_micros = Some(i64::from(dice) * 1_000);
            event.currency = "USD";
        }
        _ => {}
    }
}

const JUDGED: [(&str, Labels); 6] = [
    ("fictional", Labels::NONE.with(Label::OptOut)),
    ("another", Labels::NONE.with(Label::Yes)),
    (
        "likely",
        Labels::NONE.with(Label::OptOut).graded(Grade::Likely),
    ),
    (
        "back",
        Labels::NONE.with(Label::OptIn).graded(Grade::Certain),
    ),
    (
        "perhaps back",
        Labels::NONE.with(Label::OptIn).graded(Grade::Likely),
    ),
    ("who?", Labels::NONE.with(Label::WrongNumber)),
];

fn source(hours: i64) -> &'static str {
    ["", "a form"][usize::from(hours % 2 == 1)]
}

fn ledger_step() -> impl Strategy<Value = Step> {
    let hows = vec![How::Api, How::Import, How::WrongNumber, How::Reassigned];
    let trusts = prop::sample::select(Trust::ALL);
    let hows = prop::sample::select(hows);
    (0..8_u64, hows, any::<bool>(), 0..5_i64, trusts).prop_map(
        |(contact, how, opted_in, hours, trust)| {
            free(Record::Ledger(LedgerRecord {
                number: number(contact),
                how,
                opted_in,
                at_us: (NOW_MS - hours * HOUR_MS) * 1_000,
                trust,
                grade: Grade::Certain,
                subject: 0,
                sender: ["", SENDERS[0]][usize::from(hours > 2)],
                source: source(hours),
                wording: "",
                rules: "",
            }))
        },
    )
}

/// A person's word on one of a few facts, some of which are never stated: by the key that such
/// a fact has.
fn review_step() -> impl Strategy<Value = Step> {
    (0..8_u64, any::<bool>(), 0..5_i64, 0..3_i64).prop_map(|(contact, is_upheld, hours, later)| {
        let at_us = (NOW_MS - hours * HOUR_MS) * 1_000;
        let source = source(hours).as_bytes();
        let subject = keys().event(&[b"ledger", &at_us.to_le_bytes(), source, b"", b""]);
        free(Record::Ledger(LedgerRecord {
            number: number(contact),
            how: [How::Overturned, How::Confirmed][usize::from(is_upheld)],
            opted_in: !is_upheld,
            at_us: (NOW_MS - later) * 1_000,
            trust: Trust::Verified,
            grade: Grade::Certain,
            subject,
            sender: "",
            source: "ann",
            wording: "",
            rules: "",
        }))
    })
}

fn setting_step() -> impl Strategy<Value = Step> {
    let values = prop::sample::select(vec!["", "opt_out", "no"]);
    (0..2_usize, values, 0..5_i64).prop_map(|(campaign, value, hours)| {
        free(Record::Setting(SettingRecord {
            campaign: CAMPAIGNS[campaign],
            name: "on_no",
            value,
            at_ms: NOW_MS + hours * HOUR_MS,
        }))
    })
}

fn consent_step() -> impl Strategy<Value = Step> {
    (0..8_u64, any::<bool>(), 0..5_i64).prop_map(|(contact, opted_in, hours)| {
        let at_ms = NOW_MS + hours * HOUR_MS;
        free(Record::Consent(ConsentRecord {
            number: number(contact),
            opted_in,
            at_ms,
            reason: "",
        }))
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => blast_step(),
        3 => audience_step(),
        3 => sent_step(),
        12 => event_step(),
        1 => consent_step(),
        3 => ledger_step(),
        1 => review_step(),
        1 => setting_step(),
    ];
    prop::collection::vec(step, 1..60)
}

fn run(steps: &[Step]) -> State {
    let mut state = State::new(keys(), Windows::default());
    let campaigns = CAMPAIGNS.map(|name| {
        Record::Campaign(CampaignRecord {
            name,
            ..CampaignRecord::default()
        })
    });
    let records = campaigns
        .iter()
        .chain(steps.iter().map(|step| &step.record));
    for (record, position) in records.zip(1..) {
        apply(&mut state, record, Position(position), NOW_MS);
    }
    state
}

/// Moves audiences behind the blast they belong to, as the engine's calls do; those whose blast
/// never comes are dropped.
fn legal(steps: &[Step]) -> Vec<Step> {
    let mut known = BTreeSet::new();
    let mut done = Vec::new();
    let mut held: Vec<Step> = Vec::new();
    for step in steps {
        if let Record::Blast(blast) = &step.record {
            known.insert((blast.campaign, blast.name));
        }
        held.insert(0, step.clone());
        let is_ready = |step: &Step| {
            step.needs
                .is_none_or(|(campaign, blast)| known.contains(&blast_names(campaign, blast)))
        };
        let (ready, rest) = held.into_iter().partition::<Vec<_>, _>(is_ready);
        done.extend(ready);
        held = rest;
    }
    done
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000.max(ProptestConfig::default().cases), ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_any_duplicates_give_one_state(
        (steps, shuffled) in steps().prop_flat_map(|steps| {
            let mut doubled = steps.clone();
            doubled.extend(steps[..steps.len() / 2].iter().cloned());
            (Just(steps), Just(doubled).prop_shuffle())
        }),
    ) {
        let plain = run(&legal(&steps));
        let other = run(&legal(&shuffled));
        prop_assert_eq!(plain.validate(), Ok(()));
        prop_assert_eq!(other.validate(), Ok(()));
        prop_assert_eq!(plain.digest(), other.digest());
    }
}

/// Two failures of an unnamed message at one time, of which only the cause differs: without a
/// code in both, the cause alone says that they are two.
#[test]
fn a_cause_of_its_own_is_no_repeat() {
    let failed = |class: ErrorClass| {
        let mut event = EventRecord::new(Kind::Receipt, Provider::Telnyx);
        event.state = Some(Word::Failed);
        event.class = Some(class);
        event.contact = Some(number(1));
        event.sender = SENDERS[0];
        event.occurred_us = Some(NOW_MS * 1_000);
        free(Record::Event(Box::new(event)))
    };
    let [first, second] = [ErrorClass::Other, ErrorClass::InvalidNumber].map(failed);
    let one = run(&[first.clone(), second.clone()]);
    let other = run(&[second, first]);
    assert_eq!(one.digest(), other.digest());
}

fn message_events() -> [Record<'static>; 5] {
    let event = |kind: Kind, state: Option<Word>| {
        let mut event = EventRecord::new(kind, Provider::Twilio);
        event.state = state;
        event.contact = Some(number(1));
        event.sender = SENDERS[0];
        event.occurred_us = Some(NOW_MS * 1_000);
        if kind == Kind::Receipt {
            event.message_id = "SM1";
        } else {
            event.labels = Labels::NONE.with(Label::Yes);
        }
        Record::Event(Box::new(event))
    };
    let sent = SentRecord {
        blast: keys().blast("spring", "b0"),
        provider: Provider::Twilio,
        account: "",
        id: "SM1",
        number: number(1),
    };
    [
        Record::Sent(sent),
        event(Kind::Receipt, Some(Word::Delivered)),
        event(Kind::Receipt, Some(Word::Failed)),
        event(Kind::Reply, None),
        event(Kind::Click, None),
    ]
}

/// All 120 orders of a message's five events, each also with one of them repeated.
#[test]
fn every_order_of_one_message_is_one_record() {
    let all = message_events();
    let mut row = Row::begin(
        "W5",
        "all orders of a message's 5 events, each with each one repeated",
    );
    let blast = BlastRecord {
        campaign: "spring",
        name: "b0",
        sender: Some(SENDERS[0]),
        at_ms: NOW_MS,
        tags: vec![],
    };
    let mut digests = BTreeSet::new();
    for order in permutations(all.len()) {
        for repeated in 0..=all.len() {
            let again = order.get(repeated);
            let events = order
                .iter()
                .chain(again)
                .map(|index| free(all[*index].clone()));
            let steps: Vec<Step> = std::iter::once(free(Record::Blast(blast.clone())))
                .chain(events)
                .collect();
            digests.insert(run(&steps).digest());
            row.trial("disorder", 1);
        }
    }
    assert_eq!(digests.len(), 1);
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![vec![]];
    }
    let mut all = Vec::new();
    for shorter in permutations(count - 1) {
        for at in 0..=shorter.len() {
            let mut longer = shorter.clone();
            longer.insert(at, count - 1);
            all.push(longer);
        }
    }
    all
}
