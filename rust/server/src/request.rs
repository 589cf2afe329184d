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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use smstrack_engine::decode::RequestView;
    use smstrack_engine::engine::{Committed, Pushed, Scope};
    use smstrack_engine::error::{EngineError, InputError};

    use super::*;
    use crate::keeper::Gather;
    use crate::options::Options;

    #[derive(Default)]
    struct Nothing;
    struct Seen;
    impl Gather for Seen {
        fn push(&mut self, _: &Scope<'_>, request: &RequestView<'_>) -> Pushed {
            // What was seen goes out as a count, so that a difference shows in the answer.
            let sum = |sum: u32, byte: &u8| sum.wrapping_mul(31).wrapping_add(u32::from(*byte));
            let parts = [
                request.method.as_bytes(),
                request.target.as_bytes(),
                request.body,
            ];
            let accepted = parts.iter().flat_map(|part| part.iter()).fold(7, sum);
            Pushed {
                accepted,
                replies: 0,
                rejects: Vec::new(),
                error: None,
            }
        }
        fn reply_texts(&self) -> impl Iterator<Item = &str> {
            std::iter::empty()
        }
        fn set_labels(&mut self, _: &[u16]) -> Result<(), InputError> {
            Ok(())
        }
    }
    impl Keeper for Nothing {
        type Batch = Seen;
        fn batch(&self, _: i64) -> Seen {
            Seen
        }
        fn commit(&self, _: Seen) -> Result<Committed, EngineError> {
            Ok(Committed::default())
        }
    }

    /// Everything that is owed for these bytes when they come cut at these places, but the
    /// invitations to go on, which depend on the cut.
    fn owed(bytes: &[u8], cuts: &[usize]) -> Vec<String> {
        let mut work = Work::new(
            Nothing,
            Options {
                body_bytes_max: 64,
                ..Options::default()
            },
        );
        let (mut stage, mut input, mut owed) = (Stage::default(), Vec::new(), Vec::new());
        let mut from = 0;
        for to in cuts.iter().copied().chain([bytes.len()]) {
            let to = to.clamp(from, bytes.len());
            input.extend_from_slice(&bytes[from..to]);
            from = to;
            while let Step::Due(used, what, manner) = stage.step(&mut input, &mut work) {
                owed.push(format!("{what:?} {manner:?}"));
                input.drain(..used);
                if manner.closes {
                    return owed;
                }
            }
            if let Some((from, to)) = stage.spent() {
                input.drain(from..to);
                stage.cut();
            }
        }
        owed
    }

    const SEEDS: [&str; 6] = [
        "POST /events HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "POST /events?blast=b HTTP/1.1\r\nHost: a:8\r\nTransfer-Encoding: chunked\r\n\r\n\
         5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nT: v\r\n\r\n",
        "GET /hooks/kannel/a HTTP/1.1\r\nHost: [::1]\r\nConnection: x\r\n\r\n",
        "\r\nPOST /events HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nrow",
        "POST /events HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nrow",
        "HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn bytes_mean_the_same_however_they_are_cut(
            picks in prop::collection::vec(0..SEEDS.len(), 1..5),
            edits in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, any::<u8>()), 0..4),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let mut bytes: Vec<u8> = picks.iter().flat_map(|pick| SEEDS[*pick].bytes()).collect();
            for (place, kind, byte) in &edits {
                let at = place.index(bytes.len());
                match kind {
                    0 => bytes[at] = *byte,
                    1 => bytes.insert(at, b"\r\n :,0;"[usize::from(*byte) % 7]),
                    2 => drop(bytes.remove(at)),
                    _ => bytes[at] = b"\r\n :,0;"[usize::from(*byte) % 7],
                }
            }
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
            cuts.sort_unstable();
            let whole = owed(&bytes, &[]);
            prop_assert_eq!(&owed(&bytes, &cuts), &whole);
            let every: Vec<usize> = (1..bytes.len()).collect();
            prop_assert_eq!(&owed(&bytes, &every), &whole);
        }
    }
}
