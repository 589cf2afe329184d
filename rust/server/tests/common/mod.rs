//! A door over a keeper that only remembers, real loopback sockets, and a clock the test
//! moves. No sleeps: every wait is a poll of the sockets concerned.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses its own part"
)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "helpers of tests"
)]

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use smstrack_engine::decode::{BodyError, Reject, RejectCode, RequestView};
use smstrack_engine::engine::{Committed, Pushed, Scope};
use smstrack_engine::error::{EngineError, InputError, StorageError};
use smstrack_engine::event::Position;
use smstrack_server::{Door, Gather, Keeper, Options, Turn};

/// What the keeper saw of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub provider: &'static str,
    pub account: String,
    pub campaign: Option<String>,
    pub blast: Option<String>,
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    pub has_template: bool,
    pub label: Option<u16>,
}

/// Something to do once.
pub type Trap = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

/// Remembers what was committed; fails on order.
#[derive(Clone, Default)]
pub struct Memory {
    pub kept: Arc<Mutex<Vec<Seen>>>,
    pub commits: Arc<Mutex<u32>>,
    pub fails: Arc<AtomicBool>,
    pub panics: Arc<AtomicBool>,
    /// Run once, with the next request that is decoded.
    pub on_push: Trap,
}

#[derive(Default)]
pub struct Pending {
    seen: Vec<Seen>,
    texts: Vec<String>,
    on_push: Trap,
}

impl Gather for Pending {
    /// `bad` cannot be read; `row` holds one event and one reject; `reply...` is a reply.
    fn push(&mut self, scope: &Scope<'_>, request: &RequestView<'_>) -> Pushed {
        if let Some(run) = self.on_push.lock().unwrap().take() {
            run();
        }
        let mut pushed = Pushed {
            accepted: 1,
            replies: 0,
            rejects: Vec::new(),
            error: None,
        };
        if request.body == b"bad" {
            pushed.accepted = 0;
            pushed.error = Some(BodyError {
                byte: 2,
                code: RejectCode::JsonTruncated,
            });
        }
        if request.body == b"row" {
            pushed.rejects.push(Reject {
                row: 1,
                byte: 40,
                code: RejectCode::NotANumber,
            });
        }
        if request.body.starts_with(b"reply") {
            pushed.replies = 1;
            self.texts
                .push(String::from_utf8_lossy(request.body).into_owned());
        }
        self.seen.push(Seen {
            provider: scope.provider.name(),
            account: scope.account.to_owned(),
            campaign: scope.campaign.map(str::to_owned),
            blast: scope.blast.map(str::to_owned),
            method: request.method.to_owned(),
            target: request.target.to_owned(),
            headers: request
                .headers
                .iter()
                .map(|(k, v)| ((*k).to_owned(), v.to_vec()))
                .collect(),
            body: request.body.to_vec(),
            has_template: scope.template.is_some(),
            label: None,
        });
        pushed
    }

    fn reply_texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(String::as_str)
    }

    fn set_labels(&mut self, labels: &[u16]) -> Result<(), InputError> {
        if labels.len() != self.texts.len() {
            let (given, expected) = (labels.len(), self.texts.len());
            return Err(InputError::LabelsMismatch { given, expected });
        }
        let replies = self
            .seen
            .iter_mut()
            .filter(|seen| seen.body.starts_with(b"reply"));
        for (seen, label) in replies.zip(labels) {
            seen.label = Some(*label);
        }
        Ok(())
    }
}

impl Keeper for Memory {
    type Batch = Pending;
    fn batch(&self, _received_ms: i64) -> Pending {
        Pending {
            on_push: Arc::clone(&self.on_push),
            ..Pending::default()
        }
    }
    fn commit(&self, batch: Pending) -> Result<Committed, EngineError> {
        assert!(!self.panics.load(Ordering::Relaxed), "planted");
        *self.commits.lock().unwrap() += 1;
        if self.fails.load(Ordering::Relaxed) {
            let reason = "no space left on device".to_owned();
            return Err(StorageError::LogAppendFailed {
                position: 7,
                reason,
            }
            .into());
        }
        let records = batch.seen.len() as u64;
        self.kept.lock().unwrap().extend(batch.seen);
        Ok(Committed {
            first: Position(1),
            records,
        })
    }
}

/// 1994-11-06 08:49:37 UTC.
pub const WALL_MS: i64 = 784_111_777_000;
/// No test waits longer than this for anything.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Rig {
    pub door: Door<Memory>,
    pub memory: Memory,
    pub now_ms: u64,
    pub last: Turn,
    poll: Poll,
    events: Events,
}

impl Rig {
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    pub fn with(options: Options) -> Self {
        let memory = Memory::default();
        let door = Door::bind(memory.clone(), "127.0.0.1:0".parse().unwrap(), options).unwrap();
        let poll = Poll::new().unwrap();
        let fd = door.as_raw_fd();
        poll.registry()
            .register(&mut SourceFd(&fd), Token(0), Interest::READABLE)
            .unwrap();
        let (events, last) = (Events::with_capacity(8), Turn::default());
        Self {
            door,
            memory,
            now_ms: 1000,
            last,
            poll,
            events,
        }
    }

    pub fn pump(&mut self) -> Turn {
        self.last = self.door.pump_at(WALL_MS, self.now_ms);
        self.last
    }

    /// Waits a moment for the door's descriptor, then pumps; labels nothing.
    pub fn tick(&mut self) -> Turn {
        let wait = u64::from(self.last.next_timer_ms != Some(0));
        let _ = self
            .poll
            .poll(&mut self.events, Some(Duration::from_millis(wait)));
        self.pump()
    }

    pub fn until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let began = Instant::now();
        while !done(self) {
            assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
            self.tick();
        }
    }

    pub fn connect(&mut self) -> Client {
        let stream = TcpStream::connect(self.door.local_addr()).unwrap();
        stream.set_nonblocking(true).unwrap();
        stream.set_nodelay(true).unwrap();
        Client {
            stream,
            got: Vec::new(),
            is_ended: false,
            is_reset: false,
        }
    }

    /// Sends bytes as fast as the door takes them, in pieces cut at these offsets; a piece is
    /// sent when the door has taken the one before.
    pub fn send(&mut self, client: &mut Client, bytes: &[u8], cuts: &[usize]) {
        let mut from = 0;
        for to in cuts.iter().copied().chain([bytes.len()]) {
            let piece = &bytes[from..to];
            let target = self.door.stats().bytes_in + piece.len() as u64;
            let mut sent = 0;
            let began = Instant::now();
            loop {
                match client.stream.write(&piece[sent..]) {
                    Ok(count) => sent += count,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(_) => return,
                }
                client.pull();
                let is_over = client.is_ended || client.is_reset;
                if sent == piece.len() && (self.door.stats().bytes_in >= target || is_over) {
                    break;
                }
                if is_over || (sent == piece.len() && to == bytes.len()) {
                    break;
                }
                assert!(
                    began.elapsed() < PATIENCE,
                    "the door does not take the bytes"
                );
                self.tick();
                if self.door.stats().answers.values().sum::<u64>() > 0 && client.has_refusal() {
                    return;
                }
            }
            from = to;
        }
    }

    /// Reads until there are so many answers, or the door closed.
    pub fn answers(&mut self, client: &mut Client, count: usize) -> Vec<Answer> {
        self.until("answers", |_| {
            client.pull();
            client.is_ended || client.is_reset || parse(&client.got).0.len() >= count
        });
        let (answers, rest) = parse(&client.got);
        client.got.drain(..client.got.len() - rest);
        answers
    }

    /// One request on a connection of its own: the answers until the door closes or is idle.
    pub fn ask(&mut self, bytes: &[u8]) -> Answer {
        let mut client = self.connect();
        self.send(&mut client, bytes, &[]);
        let mut answers = self.answers(&mut client, 1);
        assert!(
            !answers.is_empty(),
            "no answer to {:?}",
            String::from_utf8_lossy(bytes)
        );
        answers.remove(0)
    }

    /// Waits until the door has closed this connection; says whether it was orderly.
    pub fn ends(&mut self, client: &mut Client) -> bool {
        self.until("the end", |_| {
            client.pull();
            client.is_ended || client.is_reset
        });
        !client.is_reset
    }

    pub fn waits_open(&mut self, count: usize) {
        self.until("connections to open or close", |rig| {
            rig.door.stats().connections_open == count
        });
    }

    pub fn kept(&self) -> usize {
        self.memory.kept.lock().unwrap().len()
    }

    pub fn bodies(&self) -> Vec<String> {
        let kept = self.memory.kept.lock().unwrap();
        kept.iter()
            .map(|seen| String::from_utf8_lossy(&seen.body).into_owned())
            .collect()
    }
}

pub struct Client {
    pub stream: TcpStream,
    pub got: Vec<u8>,
    pub is_ended: bool,
    pub is_reset: bool,
}

impl Client {
    pub fn pull(&mut self) {
        let mut bytes = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => {
                    self.is_ended = true;
                    return;
                }
                Ok(count) => self.got.extend_from_slice(&bytes[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => {
                    self.is_reset = true;
                    return;
                }
            }
        }
    }

    pub fn half_close(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    fn has_refusal(&self) -> bool {
        parse(&self.got).0.iter().any(|answer| answer.closes)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
    pub closes: bool,
}

impl Answer {
    pub fn has(&self, field: &str) -> bool {
        self.head.lines().any(|line| line == field)
    }
}

/// Whole answers, and the bytes that are left. None of the requests of these tests is HEAD
/// but those whose answers say so by the length 0.
pub fn parse(mut bytes: &[u8]) -> (Vec<Answer>, usize) {
    let mut answers = Vec::new();
    while let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") {
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head[9..12].parse().unwrap();
        let lines = || {
            head.lines()
                .skip(1)
                .map(|line| line.split_once(": ").unwrap())
        };
        let length = lines().find(|(name, _)| *name == "Content-Length");
        let length = length.map_or(0, |(_, value)| value.parse::<usize>().unwrap());
        if bytes.len() < end + 4 + length {
            break;
        }
        let body = String::from_utf8(bytes[end + 4..end + 4 + length].to_vec()).unwrap();
        let closes = lines().any(|pair| pair == ("Connection", "close"));
        bytes = &bytes[end + 4 + length..];
        answers.push(Answer {
            status,
            head,
            body,
            closes,
        });
    }
    (answers, bytes.len())
}

pub fn post(body: &str) -> Vec<u8> {
    post_to("/hooks/twilio", body)
}

pub fn post_to(target: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}").into()
}

pub fn statuses(answers: &[Answer]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}
