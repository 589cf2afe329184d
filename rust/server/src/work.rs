//! The work of one turn: requests decoded into one batch, the answers that wait for its
//! commit, and what is left of the turn's bounds. Knows the engine, routes and answers;
//! nothing of sockets or of how requests are framed.

use std::net::IpAddr;

use smstrack_engine::decode::RequestView;
use smstrack_engine::engine::{Judged, Pushed, Scope};
use smstrack_engine::error::InputError;
use smstrack_engine::event::{Provider, Trust};
use smstrack_engine::facts::Answer;
use smstrack_engine::limits::TURN_RECORD_BYTES_MAX;
use smstrack_engine::verify::Fault;

use crate::ack::{Acks, Unread};
use crate::answer::{Health, Manner, Taken, What};
use crate::guard::{Certificates, Path};
use crate::handshake::{self, Told};
use crate::head::Head;
use crate::keeper::{Gather, Keeper};
use crate::limits::{CONFIRMATIONS_COUNT_MAX, HEADERS_COUNT_MAX, STORAGE_PAUSE_MS};
use crate::options::Options;
use crate::reason::Reason;
use crate::route::{Mark, Route, without_secret};
use crate::stats::Stats;

/// An answer that waits for the commit.
#[derive(Debug)]
pub struct Due {
    /// Of which connection.
    pub token: usize,
    /// What to say if the commit succeeds.
    pub what: What,
    /// How.
    pub manner: Manner,
}

/// One turn's work.
pub struct Work<K: Keeper> {
    pub(crate) keeper: K,
    pub(crate) options: Options,
    pub(crate) stats: Stats,
    /// Answers owed, in the order the requests were read.
    pub(crate) due: Vec<Due>,
    pub(crate) is_draining: bool,
    /// Whose requests are being read.
    pub(crate) peer: Option<IpAddr>,
    pub(crate) certificates: Certificates,
    /// See `Door::take_confirmations`.
    pub(crate) confirmations: Vec<String>,
    batch: Option<K::Batch>,
    accepted: u64,
    rejected: u64,
    replies: usize,
    received_ms: i64,
    requests_left: usize,
    bytes_left: usize,
    /// Since the last commit failed: when to ask the engine again.
    failed_until: Option<u64>,
    is_paused: bool,
    /// A commit was begun and its answers were not given: it did not return.
    is_unsettled: bool,
}

impl<K: Keeper> Work<K> {
    /// Nothing done yet.
    pub fn new(keeper: K, options: Options) -> Self {
        Self {
            keeper,
            options,
            stats: Stats::default(),
            due: Vec::new(),
            is_draining: false,
            peer: None,
            certificates: Certificates::default(),
            confirmations: Vec::new(),
            batch: None,
            accepted: 0,
            rejected: 0,
            replies: 0,
            received_ms: 0,
            requests_left: 0,
            bytes_left: 0,
            failed_until: None,
            is_paused: false,
            is_unsettled: false,
        }
    }

    /// Begins a turn.
    pub fn begin(&mut self, received_ms: i64, now_ms: u64) {
        self.received_ms = received_ms;
        self.requests_left = self.options.turn_requests_max;
        self.bytes_left = self.options.turn_bytes_max;
        self.is_paused = self.failed_until.is_some_and(|until| now_ms < until);
        self.stats.turns += 1;
    }

    /// Whether the turn's bounds allow another request.
    pub const fn has_room(&self) -> bool {
        self.requests_left > 0 && self.bytes_left > 0
    }

    /// Counts bytes against the turn.
    pub const fn took_bytes(&mut self, bytes: usize) {
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        self.stats.bytes_in += bytes as u64;
    }

    /// Replies that wait for labels.
    pub const fn replies_waiting(&self) -> usize {
        self.replies
    }

    /// Their texts, in order.
    pub fn reply_texts(&self) -> impl Iterator<Item = &str> {
        self.batch.iter().flat_map(Gather::reply_texts)
    }

    /// Labels the waiting replies.
    ///
    /// # Errors
    /// When the count differs; nothing was changed.
    pub fn set_labels(&mut self, labels: &[u16]) -> Result<(), InputError> {
        match &mut self.batch {
            Some(batch) => batch.set_labels(labels),
            None if labels.is_empty() => Ok(()),
            None => Err(InputError::LabelsMismatch {
                given: labels.len(),
                expected: 0,
            }),
        }
    }

    /// What the rules said of the replies that wait, beside their labels.
    ///
    /// # Errors
    /// When the count differs; nothing was changed.
    pub fn set_judged(&mut self, judged: Vec<Judged>) -> Result<(), InputError> {
        match &mut self.batch {
            Some(batch) => batch.set_judged(judged),
            None if judged.is_empty() => Ok(()),
            None => Err(InputError::LabelsMismatch {
                given: judged.len(),
                expected: 0,
            }),
        }
    }

    /// What the door is able to do.
    pub fn health(&self) -> Health {
        match (self.is_failed(), self.is_draining) {
            (true, _) => Health::StorageFailed,
            (_, true) => Health::Draining,
            _ => Health::Ok,
        }
    }

    /// Whether the last commit failed, or the next one is known to.
    pub fn is_failed(&self) -> bool {
        self.failed_until.is_some() || self.keeper.is_poisoned()
    }

    /// Forgets what waits: nobody is left to be answered.
    pub fn drop_all(&mut self) {
        self.due.clear();
        self.batch = None;
        (self.replies, self.accepted, self.rejected) = (0, 0, 0);
        self.is_unsettled = false;
        self.stats.buffered_bytes = 0;
    }

    /// Whether a commit did not return (a panic): what waits for it was not kept.
    pub const fn is_unsettled(&self) -> bool {
        self.is_unsettled
    }

    /// The answers were given.
    pub const fn settled(&mut self) {
        self.is_unsettled = false;
    }

    /// Keeps the batch; whether everything that waits for it may be answered as kept.
    pub fn commit(&mut self, now_ms: u64) -> bool {
        self.replies = 0;
        let (accepted, rejected) = (self.accepted, self.rejected);
        (self.accepted, self.rejected) = (0, 0);
        let Some(batch) = self.batch.take() else {
            return !self.is_unsettled;
        };
        self.is_unsettled = true;
        self.failed_until = Some(now_ms + STORAGE_PAUSE_MS);
        match self.keeper.commit(batch) {
            Ok(_) => {
                self.failed_until = None;
                self.stats.commits += 1;
                self.stats.events_accepted += accepted;
                self.stats.events_rejected += rejected;
                true
            }
            Err(error) => {
                self.stats.commit_failures += 1;
                self.stats.commit_failure = Some(error.code());
                false
            }
        }
    }

    /// Refuses what the head alone condemns; else says where it leads and how large its body
    /// may be.
    ///
    /// # Errors
    /// Unknown path, wrong method, a coding or an expectation we do not meet.
    pub fn judge<'b>(&self, head: &Head<'_, 'b>) -> Result<(Route<'b>, usize), Reason> {
        let route = Route::find(head.method, head.target, &self.options.profiles)?;
        if head.is_encoded {
            return Err(Reason::ContentEncoding);
        }
        if head.expects_other {
            return Err(Reason::Expect);
        }
        if let Route::Hook(mark) = &route
            && !mark.secret.is_empty()
            && !self
                .options
                .guard
                .has_path_secret(mark.source(), &mark.account)
        {
            return Err(Reason::Path);
        }
        let bytes_max = match route {
            Route::Events(_) => self.options.events_body_bytes_max,
            _ => self.options.body_bytes_max,
        };
        Ok((route, bytes_max))
    }

    /// Counts a request, taken or refused, against the turn: its bytes once more, so that many
    /// large bodies which end in one turn do not make it long.
    pub const fn took_request(&mut self, bytes: usize) {
        self.requests_left = self.requests_left.saturating_sub(1);
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        self.stats.requests += 1;
    }

    /// Takes one whole request.
    pub fn take(&mut self, head: &Head<'_, '_>, route: &Route<'_>, body: &[u8]) -> (What, Manner) {
        let what = match route {
            Route::Health => What::Health,
            _ if self.is_paused => What::Refused(Reason::Storage),
            Route::Hook(mark) if self.is_probe(mark, head, body) => What::Kept,
            Route::Hook(mark) => self.hook(mark, head, body),
            Route::Events(mark) => match self.push(mark, head, body) {
                Err(fault) => What::Unbelieved(fault),
                Ok(Pushed {
                    error: Some(error), ..
                }) => What::Unreadable(error),
                Ok(Pushed {
                    accepted, rejects, ..
                }) => What::Events(Box::new(Taken { accepted, rejects })),
            },
        };
        let mut manner = self.manner(head);
        manner.closes |= matches!(what, What::Unreadable(_));
        (what, manner)
    }

    fn hook(&mut self, mark: &Mark<'_>, head: &Head<'_, '_>, body: &[u8]) -> What {
        // Handshakes without a body tell nothing that would have to be believed.
        if let Some(told) = ask(mark.provider, head, body) {
            return What::Told(Box::new(told));
        }
        match self.push(mark, head, body) {
            Ok(pushed) => self.hook_answer(mark, body, &pushed),
            Err(fault) => What::Unbelieved(fault),
        }
    }

    /// What a provider hears of its request, once that is kept.
    fn hook_answer(&mut self, mark: &Mark<'_>, body: &[u8], pushed: &Pushed) -> What {
        let (provider, acks) = (mark.provider, Acks::of(mark.provider));
        let answer = match mark.profile {
            Some(profile) => profile.answer(),
            None => acks.kept(pushed.accepted, pushed.replies),
        };
        match (pushed.error, acks.unread) {
            (Some(error), Unread::Refused) => return What::Unreadable(error),
            (Some(error), Unread::Passed) => return What::Passed(error, answer),
            (None, _) => {}
        }
        if let Some(told) = handshake::event_grid(provider, body) {
            return What::Told(Box::new(told));
        }
        let topics = &self.options.confirm_topics;
        if let Some(url) = handshake::sns_confirmation(provider, body, topics)
            && self.confirmations.len() < CONFIRMATIONS_COUNT_MAX
            && !self.confirmations.contains(&url)
        {
            self.confirmations.push(url);
        }
        if *answer == Answer::EMPTY {
            What::Kept
        } else {
            What::KeptBy(answer)
        }
    }

    /// How a request is answered, whatever the answer.
    pub fn manner(&self, head: &Head<'_, '_>) -> Manner {
        Manner {
            closes: head.closes || self.is_draining,
            is_old: head.is_old,
            is_head: head.method == "HEAD",
        }
    }

    /// Whether a request only asks if somebody is there, of a source that signs what counts:
    /// nothing is read of it.
    fn is_probe(&self, mark: &Mark<'_>, head: &Head<'_, '_>, body: &[u8]) -> bool {
        let is_bare = head.method != "POST" && body.is_empty() && !head.target.contains('?');
        let source = self.options.guard.source(mark.source(), &mark.account);
        (is_bare || head.method == "HEAD") && source.is_some()
    }

    /// Believes and decodes one request.
    ///
    /// # Errors
    /// It is not believed; nothing was decoded.
    fn push(&mut self, mark: &Mark<'_>, head: &Head<'_, '_>, body: &[u8]) -> Result<Pushed, Fault> {
        let mut pairs: [(&str, &[u8]); HEADERS_COUNT_MAX] = [("", &[]); HEADERS_COUNT_MAX];
        for (pair, field) in pairs.iter_mut().zip(head.fields) {
            *pair = (field.name, field.value);
        }
        let headers = pairs.get(..head.fields.len()).unwrap_or(&pairs);
        let view = RequestView {
            method: head.method,
            target: head.target,
            headers,
            body,
        };
        let trust = self.believe(mark, &view)?;
        let view = RequestView {
            target: without_secret(head.target, mark.secret),
            ..view
        };
        let scope = Scope {
            trust,
            provider: mark.provider,
            profile: mark.profile,
            account: &mark.account,
            campaign: mark.campaign.as_deref(),
            blast: mark.blast.as_deref(),
            template: self.options.template(mark.provider, &mark.account),
        };
        let (keeper, received_ms) = (&self.keeper, self.received_ms);
        let batch = self.batch.get_or_insert_with(|| keeper.batch(received_ms));
        let pushed = batch.push(&scope, &view);
        if batch.record_bytes() >= TURN_RECORD_BYTES_MAX {
            // The next body might not fit the same frame.
            self.requests_left = 0;
        }
        self.accepted += u64::from(pushed.accepted);
        self.rejected += pushed.rejects.len() as u64;
        self.replies += pushed.replies as usize;
        self.stats.replies += u64::from(pushed.replies);
        Ok(pushed)
    }

    fn believe(&mut self, mark: &Mark<'_>, view: &RequestView<'_>) -> Result<Trust, Fault> {
        let path = Path {
            provider: mark.source(),
            account: &mark.account,
            peer: self.peer,
        };
        let (guard, now_s) = (&self.options.guard, self.received_ms.div_euclid(1000));
        guard.judge(path, view, &mut self.certificates, now_s)
    }
}

/// The answer to a request that only asks, or none if it is to be read.
fn ask(provider: Provider, head: &Head<'_, '_>, body: &[u8]) -> Option<Told> {
    // All but a few have a body, or a query: their fields are not worth a look.
    if head.method == "POST" && !body.is_empty() {
        return None;
    }
    let headers: Vec<(&str, &[u8])> = head
        .fields
        .iter()
        .map(|field| (field.name, field.value))
        .collect();
    let view = RequestView {
        method: head.method,
        target: head.target,
        headers: &headers,
        body,
    };
    handshake::before(provider, &view)
}
