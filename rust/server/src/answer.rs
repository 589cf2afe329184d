//! Answers as bytes. Knows statuses, fields and JSON; not when an answer may be given, nor
//! to whom it goes.

use std::io::Write;

use smstrack_engine::decode::{BodyError, Reject};
use smstrack_engine::facts::Answer;
use smstrack_engine::verify::Fault;

use crate::clock::http_date;
use crate::limits::REJECTS_LISTED_MAX;
use crate::reason::Reason;

/// How an answer is framed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// The connection ends after it.
    pub closes: bool,
    /// The request was HTTP/1.0.
    pub is_old: bool,
    /// The request was HEAD: no body goes with the answer.
    pub is_head: bool,
}

/// What is answered once the turn's commit is known.
#[derive(Debug)]
pub enum What {
    /// A webhook, kept.
    Kept,
    /// A webhook, kept; its gateway expects to hear this.
    KeptBy(&'static Answer),
    /// Canonical events, kept.
    Events(Box<Taken>),
    /// A body that could not be read; kept as a dead letter.
    Unreadable(BodyError),
    /// A question for health.
    Health,
    /// Refused; nothing was kept.
    Refused(Reason),
    /// Not believed; nothing was read of it.
    Unbelieved(Fault),
    /// `100 Continue`.
    Continue,
}

/// What was taken from a body of canonical events.
#[derive(Debug)]
pub struct Taken {
    /// Events.
    pub accepted: u32,
    /// Refused rows.
    pub rejects: Vec<Reject>,
}

/// What the door is able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Everything.
    Ok,
    /// No new connections.
    Draining,
    /// Nothing that must be kept.
    StorageFailed,
}

/// Writes answers; holds the parts that all answers of one second share.
#[derive(Debug)]
pub struct Answers {
    second: i64,
    date: String,
    kept: Vec<u8>,
    body: Vec<u8>,
}

impl Answers {
    /// For the second 0; call [`Self::set_time`] before use.
    pub fn new() -> Self {
        let mut answers = Self {
            second: -1,
            date: String::new(),
            kept: Vec::new(),
            body: Vec::new(),
        };
        answers.set_time(0);
        answers
    }

    /// Takes the wall time for the `Date` field.
    pub fn set_time(&mut self, unix_ms: i64) {
        let second = unix_ms.div_euclid(1000);
        if second != self.second {
            self.second = second;
            self.date = http_date(second);
            self.kept.clear();
            let mut kept = std::mem::take(&mut self.kept);
            self.head(&mut kept, 200, "", "", 0, Manner::default());
            self.kept = kept;
        }
    }

    /// Appends one answer; says its status and, for a refusal, its word.
    pub fn write(
        &mut self,
        out: &mut Vec<u8>,
        what: &What,
        manner: Manner,
        health: Health,
    ) -> (u16, Option<&'static str>) {
        match what {
            What::Kept if manner == Manner::default() => out.extend_from_slice(&self.kept),
            What::Kept => self.head(out, 200, "", "", 0, manner),
            What::KeptBy(answer) => {
                self.own(out, answer, manner);
                return (answer.status, None);
            }
            What::Continue => {
                out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
                return (100, None);
            }
            What::Events(taken) => self.json(out, 200, "", manner, |body| write_taken(body, taken)),
            What::Health => return (self.health(out, manner, health), None),
            What::Unreadable(error) => {
                let (word, sentence) = (error.code.word(), error.code.sentence());
                self.json(out, 400, "", manner, |body| {
                    let byte = error.byte;
                    write_error(body, word, sentence);
                    put(body, format_args!(",\"byte\":{byte}}}"));
                });
                return (400, Some(word));
            }
            What::Unbelieved(fault) => {
                // What may be believed later is to be sent again.
                let (status, field) = match fault {
                    Fault::CertificateUnknown => (503, Reason::Storage.field()),
                    _ => (403, ""),
                };
                let (word, sentence) = (fault.word(), fault.sentence());
                self.json(out, status, field, manner, |body| {
                    write_error(body, word, sentence);
                    body.push(b'}');
                });
                return (status, Some(word));
            }
            What::Refused(reason) => {
                self.json(out, reason.status(), reason.field(), manner, |body| {
                    write_error(body, reason.word(), reason.sentence());
                    body.push(b'}');
                });
                return (reason.status(), Some(reason.word()));
            }
        }
        (200, None)
    }

    /// An answer that a profile tells.
    fn own(&self, out: &mut Vec<u8>, answer: &Answer, manner: Manner) {
        let Answer { status, body, .. } = *answer;
        let kind = match answer.content_type {
            "" => String::new(),
            kind => format!("Content-Type: {kind}\r\n"),
        };
        self.head(out, status, "", &kind, body.len(), manner);
        if !manner.is_head {
            out.extend_from_slice(body.as_bytes());
        }
    }

    fn health(&mut self, out: &mut Vec<u8>, manner: Manner, health: Health) -> u16 {
        let (status, field, word) = match health {
            Health::Ok => (200, "", "ok"),
            Health::Draining => (503, Reason::Storage.field(), "draining"),
            Health::StorageFailed => (503, Reason::Storage.field(), "storage_failed"),
        };
        self.json(out, status, field, manner, |body| {
            put(body, format_args!("{{\"status\":\"{word}\"}}"));
        });
        status
    }

    fn json(
        &mut self,
        out: &mut Vec<u8>,
        status: u16,
        field: &str,
        manner: Manner,
        fill: impl FnOnce(&mut Vec<u8>),
    ) {
        let mut body = std::mem::take(&mut self.body);
        body.clear();
        fill(&mut body);
        let kind = "Content-Type: application/json\r\n";
        self.head(out, status, field, kind, body.len(), manner);
        if !manner.is_head {
            out.extend_from_slice(&body);
        }
        self.body = body;
    }

    fn head(
        &self,
        out: &mut Vec<u8>,
        status: u16,
        field: &str,
        kind: &str,
        len: usize,
        manner: Manner,
    ) {
        let phrase = phrase(status);
        let connection = match manner {
            Manner { closes: true, .. } => "Connection: close\r\n",
            Manner { is_old: true, .. } => "Connection: keep-alive\r\n",
            _ => "",
        };
        let date = &self.date;
        put(
            out,
            format_args!(
                "HTTP/1.1 {status} {phrase}\r\nDate: {date}\r\n{connection}{field}{kind}\
                 Content-Length: {len}\r\n\r\n"
            ),
        );
    }
}

/// Writing to memory cannot fail.
fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

fn write_error(body: &mut Vec<u8>, word: &str, sentence: &str) {
    put(
        body,
        format_args!("{{\"code\":\"{word}\",\"message\":\"{sentence}\""),
    );
}

fn write_taken(body: &mut Vec<u8>, taken: &Taken) {
    let (accepted, rejected) = (taken.accepted, taken.rejects.len());
    put(
        body,
        format_args!("{{\"accepted\":{accepted},\"rejected\":{rejected},\"rejects\":["),
    );
    for (index, reject) in taken.rejects.iter().take(REJECTS_LISTED_MAX).enumerate() {
        let comma = if index > 0 { "," } else { "" };
        let (row, byte, code) = (reject.row, reject.byte, reject.code);
        put(
            body,
            format_args!("{comma}{{\"row\":{row},\"byte\":{byte},"),
        );
        let (word, sentence) = (code.word(), code.sentence());
        put(
            body,
            format_args!("\"code\":\"{word}\",\"message\":\"{sentence}\"}}"),
        );
    }
    body.extend_from_slice(b"]}");
}

const fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        417 => "Expectation Failed",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smstrack_engine::decode::RejectCode;

    fn text(what: &What, manner: Manner) -> String {
        let (mut answers, mut out) = (Answers::new(), Vec::new());
        answers.set_time(784_111_777_000);
        answers.write(&mut out, what, manner, Health::Ok);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_reason_has_a_phrase() {
        assert!(
            Reason::ALL
                .iter()
                .all(|reason| !phrase(reason.status()).is_empty())
        );
    }

    #[test]
    fn the_engines_sentences_go_into_json_as_they_are() {
        let plain = |c: char| !c.is_control() && c != '"' && c != '\\';
        for code in RejectCode::ALL {
            assert!(
                code.sentence()
                    .chars()
                    .chain(code.word().chars())
                    .all(plain),
                "{code:?}"
            );
        }
    }

    #[test]
    fn answers_on_the_wire() {
        let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
        let plain = Manner::default();
        assert_eq!(
            text(&What::Kept, plain),
            format!("HTTP/1.1 200 OK\r\n{date}Content-Length: 0\r\n\r\n")
        );
        assert_eq!(
            text(
                &What::Health,
                Manner {
                    is_head: true,
                    is_old: true,
                    closes: false
                }
            ),
            format!(
                "HTTP/1.1 200 OK\r\n{date}Connection: keep-alive\r\n\
                 Content-Type: application/json\r\nContent-Length: 15\r\n\r\n"
            )
        );
        let error = BodyError {
            byte: 123,
            code: RejectCode::JsonTruncated,
        };
        assert_eq!(
            text(
                &What::Unreadable(error),
                Manner {
                    closes: true,
                    ..plain
                }
            ),
            format!(
                "HTTP/1.1 400 Bad Request\r\n{date}Connection: close\r\n\
                 Content-Type: application/json\r\nContent-Length: 84\r\n\r\n\
                 {{\"code\":\"json_truncated\",\
                 \"message\":\"the JSON ends before it is complete\",\"byte\":123}}"
            )
        );
        assert!(text(&What::Refused(Reason::MethodEvents), plain).contains("Allow: POST\r\n"));
    }

    #[test]
    fn rejects_are_listed_up_to_the_limit() {
        let reject = |row| Reject {
            row,
            byte: 7,
            code: RejectCode::NotANumber,
        };
        let few = Taken {
            accepted: 2,
            rejects: vec![reject(1), reject(4)],
        };
        let answer = text(&What::Events(Box::new(few)), Manner::default());
        assert!(
            answer.contains("{\"accepted\":2,\"rejected\":2,\"rejects\":[{\"row\":1,\"byte\":7,")
        );
        let many = (0..250).map(reject).collect();
        let answer = text(
            &What::Events(Box::new(Taken {
                accepted: 0,
                rejects: many,
            })),
            Manner::default(),
        );
        assert!(answer.contains("\"rejected\":250,"));
        assert_eq!(answer.matches("\"row\"").count(), REJECTS_LISTED_MAX);
    }
}
