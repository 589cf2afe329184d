//! What an event says: the sets and counts it adds to, what it says about consent, how to find
//! its blast, and by what a repeat of it is known. Pure; changes nothing.

use std::borrow::Cow;

use crate::batch::draft::is_plain_receipt;
use crate::codec::{EventRecord, LikelyRecord};
use crate::decode::number::sender_key_text;
use crate::event::{
    ContactId, ErrorClass, Grade, Kind, Label, Labels, Number, State as Word, Trust,
};
use crate::ids::{IdForms, any_account, id_form};
use crate::keys::Keys;
use crate::loose::Entry;
use crate::sets::{Mask, SetKind, Tally};
use crate::state::State;

const DAY_MS: i64 = 24 * 3_600 * 1_000;

pub(super) fn receipt_mask(word: Option<Word>, class: Option<ErrorClass>) -> Mask {
    let mut mask = Mask::default();
    if let Some(kind) = word.and_then(SetKind::of_state) {
        mask = mask.with(kind);
    }
    if let Some(class) = class {
        mask = mask.with(SetKind::cause(class));
        if class == ErrorClass::OptedOut {
            mask = mask.with(SetKind::OPTED_OUT);
        }
    }
    mask
}

/// How far an event's source is believed. The one place that says so.
pub(super) const fn trust_of(record: &EventRecord<'_>) -> Trust {
    record.trust
}

/// What a reply says about consent (`true`: out). An opt-out counts likely or certain; an
/// opt-in only certain, and never from a machine. Who has a wrong number is sent no more.
pub(crate) fn reply_word(labels: Labels) -> Option<bool> {
    if labels.has(Label::OptOut) || labels.has(Label::WrongNumber) {
        Some(true)
    } else if labels.has(Label::OptIn)
        && !labels.has(Label::AutoReply)
        && labels.grade() != Grade::Likely
    {
        Some(false)
    } else {
        None
    }
}

/// What an event adds to its blast, and what it says about consent (`true`: out).
pub(super) fn meaning(record: &EventRecord<'_>) -> (Mask, Tally, Option<bool>) {
    let mut tally = Tally::default();
    let none = Mask::default();
    match record.kind {
        Kind::Receipt => {
            let is_out = record.class == Some(ErrorClass::OptedOut);
            (
                receipt_mask(record.state, record.class),
                tally,
                is_out.then_some(true),
            )
        }
        Kind::Reply => {
            tally.replies = 1;
            let labels = record.labels;
            let mask = Mask(SetKind::of_labels(labels).0).with(SetKind::REPLIED);
            let word = reply_word(labels);
            // Stop wins over whatever else the text says.
            if labels.has(Label::OptOut) {
                (mask.with(SetKind::OPTED_OUT), tally, word)
            } else if word == Some(false) && trust_of(record) != Trust::Untrusted {
                (mask.with(SetKind::OPTED_IN), tally, word)
            } else {
                (mask, tally, word)
            }
        }
        Kind::OptOut => match record.state {
            Some(Word::Stop) => (none.with(SetKind::OPTED_OUT), tally, Some(true)),
            Some(Word::Start) if trust_of(record) == Trust::Untrusted => (none, tally, Some(false)),
            Some(Word::Start) => (none.with(SetKind::OPTED_IN), tally, Some(false)),
            _ => (none, tally, None),
        },
        Kind::Click => {
            tally.clicks = 1;
            (none.with(SetKind::CLICKED), tally, None)
        }
        Kind::Conversion => {
            tally.conversions = 1;
            tally.value = record
                .value_micros
                .map(|micros| (micros, record.currency.to_owned()));
            (none.with(SetKind::CONVERTED), tally, None)
        }
        Kind::Lead => (none.with(SetKind::QUALIFIED), tally, None),
        Kind::Flow => {
            let mask = none.with(SetKind::FLOW_STARTED);
            let is_done = record.state == Some(Word::Completed);
            (
                if is_done {
                    mask.with(SetKind::FLOW_COMPLETED)
                } else {
                    mask
                },
                tally,
                None,
            )
        }
        Kind::Control | Kind::Sent => (none, tally, None),
    }
}

/// Whether an event asks for texts again.
fn opts_in(record: &EventRecord<'_>) -> bool {
    match record.kind {
        Kind::Reply => reply_word(record.labels) == Some(false),
        Kind::OptOut => record.state == Some(Word::Start),
        _ => false,
    }
}

pub(super) fn entry_of(
    state: &State,
    record: &EventRecord<'_>,
    (mask, tally): (Mask, Tally),
    contact: Option<ContactId>,
    (at_us, received_ms): (i64, i64),
) -> Entry {
    let keys = state.keys;
    let forms = IdForms::of(record.provider, record.account);
    let message = |account: &str, id: &str, contact: Option<Number>| {
        if id.is_empty() {
            return 0;
        }
        keys.message(record.provider, account, &id_form(forms, id), contact)
    };
    let by_id = if record.kind == Kind::Reply {
        ""
    } else {
        record.message_id
    };
    let both = |account: &str| {
        [
            message(account, by_id, record.contact),
            message(account, record.client_ref, None),
        ]
    };
    let [by_message, by_reference] = both(record.account);
    let any = any_account(record.provider, record.account);
    let without_account = if record.account == any {
        [0, 0]
    } else {
        both(any)
    };
    // Only one slash: with more it could name several.
    let named = match record
        .client_ref
        .split_once('/')
        .filter(|(_, rest)| !rest.contains('/'))
    {
        _ if !record.blast.is_empty() => keys.blast(record.campaign, record.blast),
        Some((campaign, blast)) => keys.blast(campaign, blast),
        None => 0,
    };
    let sender = sender_key_text(record.sender);
    let window = match record.kind {
        Kind::Receipt => state.windows.receipt_ms,
        _ => state.windows.attribution_ms,
    };
    Entry {
        mask,
        tally: (tally != Tally::default()).then(|| Box::new(tally)),
        message: by_message,
        reference: by_reference,
        without_account,
        blast: named,
        campaign: if record.campaign.is_empty() {
            0
        } else {
            keys.campaign(record.campaign)
        },
        sender: if sender.is_empty() {
            0
        } else {
            keys.sender(&sender)
        },
        contact,
        at_us,
        received_ms,
        position: state.position.0,
        window_ms: window,
        is_proof_of_send: record.kind == Kind::Receipt,
        counted_in: None,
    }
}

/// By what a repeat of this event is known. With neither an id nor a time of its own, an equal
/// event of the same day counts as the same.
pub(crate) fn event_key(keys: Keys, record: &EventRecord<'_>, received_ms: i64) -> u64 {
    let kind = [record.kind.code(), record.provider.code()];
    // An opt-in that is not believed must not stand in the way of the same one that is.
    let is_refused = opts_in(record) && record.trust == Trust::Untrusted;
    if !record.event_id.is_empty() {
        let mark = if is_refused { b"no" } else { b"id" };
        return keys.event(&[&kind[..1], mark, record.event_id.as_bytes()]);
    }
    let forms = IdForms::of(record.provider, record.account);
    let id = id_form(forms, record.message_id);
    if let (true, Some(state)) = (is_plain_receipt(record), record.state) {
        let message = match &*id {
            "" => 0,
            id => keys.message(record.provider, record.account, id, record.contact),
        };
        let plain = LikelyRecord {
            provider: record.provider,
            account: record.account,
            message_id: record.message_id,
            messages: [message, 0],
            sender: keys.sender(&sender_key_text(record.sender)),
            event: 0,
            contact: record.contact.unwrap_or(Number(0)),
            state,
            class: record.class,
            code: record.code,
            occurred_us: record.occurred_us,
            trust: record.trust,
        };
        return receipt_key(keys, &plain, received_ms);
    }
    let contact = record.contact.map_or(0, |number| number.0).to_le_bytes();
    let state = record.state.map_or(0, Word::code);
    let class = record.class.map_or(0, ErrorClass::code);
    let is_named = !id.is_empty();
    let own_id = matches!(record.kind, Kind::Reply | Kind::OptOut | Kind::Receipt) && is_named;
    let when = match record.occurred_us {
        _ if own_id => 0,
        Some(at_us) => at_us,
        None => received_ms.div_euclid(DAY_MS),
    };
    let text: Cow<'_, str> = match record.text {
        Some(text) if !own_id => Cow::Borrowed(text),
        _ => Cow::Borrowed(""),
    };
    // The same reply with the provider's sign of an opt-out beside it says more.
    let more = if is_refused {
        2
    } else {
        u8::from(record.labels.has(Label::OptOut))
    };
    keys.event(&[
        &kind,
        record.account.as_bytes(),
        id.as_bytes(),
        record.client_ref.as_bytes(),
        &contact,
        sender_key_text(record.sender).as_bytes(),
        &[state, class],
        record.code.as_bytes(),
        text.as_bytes(),
        record.campaign.as_bytes(),
        record.blast.as_bytes(),
        record.name.as_bytes(),
        record.step.as_bytes(),
        &[more],
        &record.value_micros.unwrap_or_default().to_le_bytes(),
        record.currency.as_bytes(),
        &when.to_le_bytes(),
    ])
}

/// The same for a receipt that says nothing but what such a record has.
pub(crate) fn receipt_key(keys: Keys, record: &LikelyRecord<'_>, received_ms: i64) -> u64 {
    let [message, _] = record.messages;
    let when = match record.occurred_us {
        _ if message != 0 => 0,
        Some(at_us) => at_us,
        None => received_ms.div_euclid(DAY_MS),
    };
    let words = [
        message,
        record.contact.0,
        record.sender,
        when.cast_unsigned(),
    ];
    // The message's key is made of provider and account; without one they speak for themselves.
    let account = if message == 0 { record.account } else { "" };
    let class = record.class.map_or(0, ErrorClass::code);
    let kinds = [record.provider.code(), record.state.code(), class];
    keys.receipt(words, kinds, [record.code, account])
}
