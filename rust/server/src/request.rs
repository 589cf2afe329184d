//! From the bytes of a connection to whole requests: the state between two reads. Bytes in,
//! one step out; does not know where bytes come from or when answers are sent.

use std::mem::MaybeUninit;

use crate::answer::{Manner, What};
use crate::body::{Body, Whole};
use crate::head::{Head, Scan};
use crate::keeper::Keeper;
use crate::limits::HEADERS_COUNT_MAX;
use crate::reason::Reason;
use crate::work::Work;

/// Where a connection stands in its current request.
#[derive(Debug)]
pub enum Stage {
    /// The head is not complete.
    Head(Scan),
    /// The head is known and lies at `start..end`; the body follows.
    Body {
        /// First byte of the request line.
        start: usize,
        /// First byte of the body.
        end: usize,
        /// What has come of it.
        body: Body,
    },
}

impl Default for Stage {
    fn default() -> Self {
        Self::Head(Scan::default())
    }
}

/// What a look at the bytes gave.
#[derive(Debug)]
pub enum Step {
    /// The request is not complete.
    More,
    /// The same, and the sender waits for `100 Continue` before it sends on.
    Continue,
    /// A request was taken or refused: bytes to pass over, and what is owed for it.
    Due(usize, What, Manner),
}

impl Stage {
    /// Whether nothing of a request has come but perhaps an empty line.
    pub const fn is_untouched(&self) -> bool {
        matches!(self, Self::Head(scan) if scan.is_untouched())
    }

    /// The bytes that joining chunks has spent, from the request's first byte.
    pub fn spent(&self) -> Option<(usize, usize)> {
        match self {
            Self::Body {
                end,
                body: Body::Chunked(chunks),
                ..
            } => {
                let (from, to) = chunks.spent();
                Some((end + from, end + to)).filter(|(from, to)| from < to)
            }
            _ => None,
        }
    }

    /// They were cut out of the buffer.
    pub const fn cut(&mut self) {
        if let Self::Body {
            body: Body::Chunked(chunks),
            ..
        } = self
        {
            chunks.cut();
        }
    }

    /// Looks at what has come; `bytes` begins where the current request does.
    pub fn step<K: Keeper>(&mut self, bytes: &mut [u8], work: &mut Work<K>) -> Step {
        let step = match self {
            Self::Head(_) => self.begin(bytes, work),
            Self::Body { .. } => self.resume(bytes, work),
        };
        let step = step.unwrap_or_else(|reason| {
            let manner = Manner {
                closes: true,
                ..Manner::default()
            };
            Step::Due(bytes.len(), What::Refused(reason), manner)
        });
        if matches!(step, Step::Due(..)) {
            *self = Self::default();
        }
        step
    }

    fn begin<K: Keeper>(&mut self, bytes: &mut [u8], work: &mut Work<K>) -> Result<Step, Reason> {
        let Self::Head(scan) = self else {
            return Ok(Step::More);
        };
        let Some((start, end)) = scan.advance(bytes)? else {
            return Ok(Step::More);
        };
        let (before, rest) = bytes.split_at_mut_checked(end).ok_or(Reason::RequestLine)?;
        let mut room = [const { MaybeUninit::uninit() }; HEADERS_COUNT_MAX];
        let head = Head::parse(before.get(start..).unwrap_or_default(), &mut room)?;
        let (route, bytes_max) = match work.judge(&head) {
            Ok(found) => found,
            Err(reason) => return Ok(refuse(reason, &head, end, work)),
        };
        let mut body = match Body::new(head.framing, bytes_max) {
            Ok(body) => body,
            Err(reason) => return Ok(refuse(reason, &head, end, work)),
        };
        if let Some(Whole { len, used }) = body.advance(rest)? {
            let (what, manner) = work.take(&head, &route, rest.get(..len).unwrap_or_default());
            return Ok(Step::Due(end + used, what, manner));
        }
        let waits = head.expects_continue && rest.is_empty();
        *self = Self::Body { start, end, body };
        Ok(if waits { Step::Continue } else { Step::More })
    }

    /// The head is read again when its body is there: cheaper than keeping what it said.
    fn resume<K: Keeper>(&mut self, bytes: &mut [u8], work: &mut Work<K>) -> Result<Step, Reason> {
        let Self::Body { start, end, body } = self else {
            return Ok(Step::More);
        };
        let (start, end) = (*start, *end);
        let (before, rest) = bytes.split_at_mut_checked(end).ok_or(Reason::RequestLine)?;
        let Some(Whole { len, used }) = body.advance(rest)? else {
            return Ok(Step::More);
        };
        let mut room = [const { MaybeUninit::uninit() }; HEADERS_COUNT_MAX];
        let head = Head::parse(before.get(start..).unwrap_or_default(), &mut room)?;
        let (route, _) = work.judge(&head)?;
        let (what, manner) = work.take(&head, &route, rest.get(..len).unwrap_or_default());
        Ok(Step::Due(end + used, what, manner))
    }
}

/// A refusal for which the framing is sound: the connection goes on if no body follows.
fn refuse<K: Keeper>(reason: Reason, head: &Head<'_, '_>, end: usize, work: &Work<K>) -> Step {
    let mut manner = work.manner(head);
    manner.closes |= !reason.leaves_connection() || !head.framing.is_none();
    Step::Due(end, What::Refused(reason), manner)
}
