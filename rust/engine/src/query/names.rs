//! The words for sets in an expression, and which set each is.

use crate::event::{ErrorClass, Label};
use crate::sets::SetKind;

/// What a word stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetName {
    /// A fact as it was reported.
    Raw(SetKind),
    /// Audience, and whoever else is known to have been sent to.
    Sent,
    /// Delivered or read.
    Delivered,
    /// One kind of failure, where no stronger one and no delivery says otherwise.
    Failure(SetKind),
    /// Any failure without delivery; perhaps of one cause.
    FailedFinal(Option<SetKind>),
    /// The outcome was reported as unknown, and nothing better is known.
    Unknown,
    /// Sent, neither delivered nor failed.
    Pending,
    /// Opted out because of these blasts, and still out.
    OptedOut,
    /// Reported both delivered and failed.
    Conflicted,
    /// Began a flow and did not finish it.
    FlowDropped,
    /// Delivered, and neither replied nor clicked nor opted out.
    NonResponders,
}

/// Every word, in the order of a message's life.
pub const SETS: &[(&str, SetName)] = &[
    ("audience", SetName::Raw(SetKind::AUDIENCE)),
    ("sent", SetName::Sent),
    ("queued", SetName::Raw(SetKind::QUEUED)),
    ("accepted", SetName::Raw(SetKind::ACCEPTED)),
    ("carrier", SetName::Raw(SetKind::CARRIER)),
    ("delivered", SetName::Delivered),
    ("undelivered", SetName::Failure(SetKind::UNDELIVERED)),
    ("failed", SetName::Failure(SetKind::FAILED)),
    ("rejected", SetName::Failure(SetKind::REJECTED)),
    ("expired", SetName::Failure(SetKind::EXPIRED)),
    ("filtered", SetName::Failure(SetKind::FILTERED)),
    ("failed_final", SetName::FailedFinal(None)),
    ("read", SetName::Raw(SetKind::READ)),
    ("unknown", SetName::Unknown),
    ("pending", SetName::Pending),
    ("conflicted", SetName::Conflicted),
    ("replied", SetName::Raw(SetKind::REPLIED)),
    ("clicked", SetName::Raw(SetKind::CLICKED)),
    ("flow_started", SetName::Raw(SetKind::FLOW_STARTED)),
    ("flow_completed", SetName::Raw(SetKind::FLOW_COMPLETED)),
    ("flow_dropped", SetName::FlowDropped),
    ("qualified", SetName::Raw(SetKind::QUALIFIED)),
    ("converted", SetName::Raw(SetKind::CONVERTED)),
    ("opted_out", SetName::OptedOut),
    ("opted_in", SetName::Raw(SetKind::OPTED_IN)),
    ("non_responders", SetName::NonResponders),
];

/// The set of a word and its detail; in words what is wrong otherwise.
pub(super) fn find(word: &str, detail: Option<&str>) -> Result<SetName, String> {
    let Some((_, name)) = SETS.iter().find(|(other, _)| *other == word) else {
        let words: Vec<&str> = SETS.iter().map(|(word, _)| *word).collect();
        return Err(format!(
            "there is no set \"{word}\"; sets are {}",
            words.join(", ")
        ));
    };
    let Some(detail) = detail else {
        return Ok(*name);
    };
    match word {
        "replied" => Label::from_name(detail)
            .map(|label| SetName::Raw(SetKind::label(label)))
            .ok_or_else(|| unknown_detail(word, detail, &words(Label::ALL, Label::name))),
        "failed_final" => ErrorClass::from_name(detail)
            .map(|class| SetName::FailedFinal(Some(SetKind::cause(class))))
            .ok_or_else(|| unknown_detail(word, detail, &words(ErrorClass::ALL, ErrorClass::name))),
        _ => Err(format!(
            "\"{word}\" has no details; only replied and failed_final have"
        )),
    }
}

fn words<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> String {
    all.iter()
        .map(|item| name(*item))
        .collect::<Vec<_>>()
        .join(", ")
}

fn unknown_detail(word: &str, detail: &str, known: &str) -> String {
    format!("\"{word}\" has no detail \"{detail}\"; details are {known}")
}
