//! What the simulated world does to an engine, and by hand what must come of it: sets of
//! contacts computed from the facts alone, for questions drawn at random.

use std::collections::BTreeSet;

use smstrack_engine::codec::CampaignRecord;
use smstrack_engine::engine::Engine;
use smstrack_engine::error::EngineError;
use smstrack_engine::event::Provider;

use crate::common::{number, post};
use crate::dice::Dice;

const BLASTS: u64 = 2;
const CONTACTS: u64 = 40;
const SENDER: &str = "+15017122661";

/// One event. A contact has one message, which ends in one way.
#[derive(Clone, Debug)]
pub enum Fact {
    Receipt(u64),
    Click(u64, u64),
    Reply(u64, u64),
    Refused(u64),
}

/// One commit.
#[derive(Clone, Debug)]
pub enum Act {
    Campaign,
    Blast(u64),
    Audience(u64, u64),
    Sent(u64, u64),
    Events(Vec<Fact>),
    Suppress(u64),
}

/// What comes first, in order: nothing else means anything before it.
pub const FIRST: [Act; 3] = [Act::Campaign, Act::Blast(0), Act::Blast(1)];

const fn is_delivered(contact: u64) -> bool {
    !contact.is_multiple_of(3)
}

impl Fact {
    fn draw(dice: &mut Dice) -> Self {
        let contact = dice.below(CONTACTS);
        match dice.below(8) {
            0..=3 => Self::Receipt(contact),
            4 | 5 => Self::Click(contact, dice.below(3)),
            6 => Self::Reply(contact, dice.below(3)),
            _ => Self::Refused(contact),
        }
    }

    fn line(&self) -> String {
        match self {
            Self::Receipt(contact) => {
                let state = if is_delivered(*contact) {
                    "delivered"
                } else {
                    "failed"
                };
                format!(
                    r#"{{"kind":"receipt","provider":"twilio","message_id":"SM{contact}","state":"{state}"}}"#
                )
            }
            Self::Click(contact, nth) => format!(
                r#"{{"kind":"click","event_id":"c{contact}-{nth}","contact":"{}","campaign":"spring","blast":"b{}"}}"#,
                number(*contact),
                contact % BLASTS
            ),
            Self::Reply(contact, nth) => format!(
                r#"{{"kind":"reply","provider":"twilio","message_id":"IN{contact}-{nth}","contact":"{}","sender":"{SENDER}","text":"made up {nth}"}}"#,
                number(*contact)
            ),
            Self::Refused(contact) => {
                format!(r#"{{"kind":"reply","contact":"nobody","text":"refused {contact}"}}"#)
            }
        }
    }
}

impl Act {
    pub fn draw(dice: &mut Dice) -> Self {
        let (blast, from) = (dice.below(BLASTS), dice.below(CONTACTS));
        match dice.below(12) {
            0 | 1 => Self::Audience(blast, from),
            2 | 3 => Self::Sent(blast, from),
            4 => Self::Suppress(from),
            5 => Self::Blast(blast),
            _ => {
                let count = 1 + dice.below(12);
                Self::Events((0..count).map(|_| Fact::draw(dice)).collect())
            }
        }
    }

    /// Contacts of one blast, from this one on.
    fn contacts(blast: u64, from: u64) -> impl Iterator<Item = u64> {
        (from..CONTACTS.min(from + 12)).filter(move |contact| contact % BLASTS == blast)
    }

    pub fn take(&self, engine: &Engine, at_ms: i64) -> Result<(), EngineError> {
        match self {
            Self::Campaign => {
                let record = CampaignRecord {
                    name: "spring",
                    ..CampaignRecord::default()
                };
                engine.campaign(&record, at_ms)
            }
            Self::Blast(blast) => {
                let name = format!("b{blast}");
                engine.blast("spring", &name, Some(SENDER), None, &[], at_ms)
            }
            Self::Audience(blast, from) => {
                let lines: Vec<String> = Self::contacts(*blast, *from).map(number).collect();
                let name = format!("b{blast}");
                engine
                    .audience("spring", &name, lines.join("\n").as_bytes(), at_ms)
                    .map(|_| ())
            }
            Self::Sent(blast, from) => {
                let rows: Vec<(String, String)> = Self::contacts(*blast, *from)
                    .map(|contact| (number(contact), format!("SM{contact}")))
                    .collect();
                let rows: Vec<(&str, &str)> = rows
                    .iter()
                    .map(|(number, id)| (number.as_str(), id.as_str()))
                    .collect();
                let name = format!("b{blast}");
                engine
                    .sent("spring", &name, Provider::Twilio, "", &rows, at_ms)
                    .map(|_| ())
            }
            Self::Events(facts) => {
                let lines: Vec<String> = facts.iter().map(Fact::line).collect();
                let body = lines.join("\n");
                post(engine, Provider::Canonical, "/events", &body, at_ms).map(|_| ())
            }
            Self::Suppress(contact) => engine
                .suppress(number(*contact).as_bytes(), false, "", (at_ms, at_ms))
                .map(|_| ()),
        }
    }
}

type Set = BTreeSet<u64>;

/// The facts that were kept, and nothing else.
#[derive(Clone, Debug, Default)]
pub struct Model {
    audience: Set,
    sent: Set,
    receipts: Set,
    clicks: BTreeSet<(u64, u64)>,
    suppressed: Set,
}

impl Model {
    pub fn take(&mut self, act: &Act) {
        match act {
            Act::Campaign | Act::Blast(_) => {}
            Act::Audience(blast, from) => self.audience.extend(Act::contacts(*blast, *from)),
            Act::Sent(blast, from) => self.sent.extend(Act::contacts(*blast, *from)),
            Act::Suppress(contact) => drop(self.suppressed.insert(*contact)),
            Act::Events(facts) => {
                for fact in facts {
                    match fact {
                        Fact::Receipt(contact) => drop(self.receipts.insert(*contact)),
                        Fact::Click(contact, nth) => drop(self.clicks.insert((*contact, *nth))),
                        Fact::Reply(..) | Fact::Refused(_) => {}
                    }
                }
            }
        }
    }

    fn leaf(&self, dice: &mut Dice) -> (String, Set) {
        let blast = dice.below(BLASTS);
        let known = |contact: &u64| contact % BLASTS == blast;
        let told = self.receipts.intersection(&self.sent).copied();
        let (word, set): (&str, Set) = match dice.below(5) {
            0 => return ("suppressed".to_owned(), self.suppressed.clone()),
            1 => ("audience", self.audience.clone()),
            2 => ("delivered", told.filter(|c| is_delivered(*c)).collect()),
            3 => ("failed", told.filter(|c| !is_delivered(*c)).collect()),
            _ => ("clicked", self.clicks.iter().map(|(c, _)| *c).collect()),
        };
        let set = set.into_iter().filter(known).collect();
        (format!("spring/b{blast}.{word}"), set)
    }

    fn question(&self, dice: &mut Dice) -> (String, Set) {
        let (mut text, mut set) = self.leaf(dice);
        for _ in 0..dice.below(4) {
            let (more, other) = self.leaf(dice);
            let operator = *dice.pick(&['&', '|', '-', '^']);
            set = match operator {
                '&' => &set & &other,
                '|' => &set | &other,
                '-' => &set - &other,
                _ => &set ^ &other,
            };
            text = format!("({text}) {operator} {more}");
        }
        (text, set)
    }

    /// Asks so many questions; in words, the first answer that is wrong.
    pub fn ask(&self, engine: &Engine, dice: &mut Dice, count: usize) -> Result<(), String> {
        for _ in 0..count {
            let (text, expected) = self.question(dice);
            let found = engine
                .numbers(&text, None, 1_000, false)
                .map_err(|error| format!("{text}: {error}"))?;
            let expected: BTreeSet<String> = expected.into_iter().map(number).collect();
            let found: BTreeSet<String> = found.text.lines().map(str::to_owned).collect();
            if found != expected {
                return Err(format!("{text} is {found:?}, not {expected:?}"));
            }
        }
        let report = engine.report("spring").map_err(|error| error.to_string())?;
        if report["clicks"].as_u64() != Some(self.clicks.len() as u64) {
            let found = &report["clicks"];
            return Err(format!(
                "{found} clicks are counted, not {}",
                self.clicks.len()
            ));
        }
        Ok(())
    }
}
