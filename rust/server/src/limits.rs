//! Every bound of the door, its unit in the name and the reason beside it.
//!
//! What an operator may change is a default here and a field of [`crate::Options`]; the rest
//! are fixed. Bounds on what a body may say are the engine's and not known here.

/// Bytes of a request's head, request line and last empty line included. h11's figure.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Bytes of the request line without its CRLF. Templates put a whole text into the query.
pub const REQUEST_LINE_BYTES_MAX: usize = 8 * 1024;
/// Header fields of one request. hyper's figure.
pub const HEADERS_COUNT_MAX: usize = 100;

/// Bytes of a line that gives a chunk's size, extensions included. Nobody sends extensions.
pub const CHUNK_LINE_BYTES_MAX: usize = 256;
/// Digits of a chunk's size; eight hexadecimal digits are already past every body limit.
pub const CHUNK_DIGITS_MAX: usize = 8;
/// Bytes of the trailer section; trailers are read and dropped.
pub const TRAILER_BYTES_MAX: usize = 4 * 1024;
/// Bytes of chunk framing that any body may have, whatever its size.
pub const CHUNK_OVERHEAD_FREE_BYTES: usize = 4 * 1024;
/// Bytes of chunk framing for one byte of body beyond that: at least a tenth is payload.
pub const CHUNK_OVERHEAD_RATIO_MAX: usize = 9;

/// Open connections. Each idle one costs a slot and a descriptor, no buffer.
pub const CONNECTIONS_COUNT_MAX: usize = 4096;
/// Connections closed together to let others in, those first that were silent for longest.
pub const EVICTIONS_COUNT: usize = 64;
/// Time in which a new connection is not closed for another, though it has said nothing yet.
pub const EVICTION_FRESH_MS_MIN: u64 = 1_000;
/// Time until they are looked through again after none could be closed.
pub const EVICTION_LOOK_MS: u64 = 20;
/// Bytes of unfinished requests, all connections together.
pub const BUFFERED_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Bytes of an unfinished request that may use all of them.
pub const BUFFERED_SMALL_BYTES_MAX: usize = 64 * 1024;
/// Share of them, in percent, that larger ones may use: a few senders of large bodies that
/// never end must not keep out all others.
pub const BUFFERED_LARGE_PERCENT: usize = 75;

/// Bytes of the one buffer that all sockets are read into.
pub const READ_BYTES_MAX: usize = 64 * 1024;
/// Requests taken in one turn: some milliseconds of decoding, so that answers stay prompt.
pub const TURN_REQUESTS_MAX: usize = 1024;
/// Bytes read, and again bytes decoded, in one turn.
pub const TURN_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Requests of one connection in one turn, so that a long pipeline cannot keep the others out.
pub const CONNECTION_TURN_REQUESTS_MAX: usize = 128;
/// Bytes read from one connection in one turn.
pub const CONNECTION_TURN_BYTES_MAX: usize = 1024 * 1024;
/// Connections accepted in one turn.
pub const TURN_ACCEPTS_MAX: usize = 256;
/// Readiness reports fetched in one turn; the rest keep the poller's descriptor readable.
pub const TURN_EVENTS_MAX: usize = 1024;

/// Looks at the poller in one turn: what arrives while the first requests are read shares
/// their commit, which costs more than any of them.
pub const TURN_ROUNDS_MAX: usize = 3;

/// Time for a whole head, from its first byte (or from the accept). CIS benchmark's figure.
pub const HEAD_MS_MAX: u64 = 10_000;
/// Time in which a body must bring [`BODY_WINDOW_BYTES_MIN`] more bytes, or end.
pub const BODY_WINDOW_MS: u64 = 30_000;
/// Bytes of a body in one window: 100 a second.
pub const BODY_WINDOW_BYTES_MIN: u64 = 3_000;
/// Time for the other side to take our answers.
pub const UNREAD_MS_MAX: u64 = 30_000;
/// Time between two requests of one connection.
pub const IDLE_MS_MAX: u64 = 75_000;
/// Time we go on dropping what a refused sender still sends, so that it reads the refusal.
pub const LINGER_MS_MAX: u64 = 1_000;
/// Bytes dropped in that time.
pub const LINGER_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Time that a connection which has not sent anything yet is left when draining.
pub const DRAIN_FRESH_MS_MAX: u64 = 1_000;
/// Pause of accepting after the system refused a descriptor: ten looks a second cost nothing, and
/// who waits to be let in waits no longer than that once there is one.
pub const ACCEPT_PAUSE_MS: u64 = 100;
/// Time after a failed commit in which requests are refused without asking the engine again.
pub const STORAGE_PAUSE_MS: u64 = 1_000;
/// What `Retry-After` says, in seconds.
pub const RETRY_AFTER_S: u32 = 5;

/// Rejected rows listed in one answer; `rejected` counts them all.
pub const REJECTS_LISTED_MAX: usize = 100;

const _: () = assert!(REQUEST_LINE_BYTES_MAX < HEAD_BYTES_MAX);
const _: () = assert!(CONNECTION_TURN_BYTES_MAX <= TURN_BYTES_MAX);
const _: () = assert!(READ_BYTES_MAX <= CONNECTION_TURN_BYTES_MAX);
const _: () = assert!(HEAD_BYTES_MAX <= READ_BYTES_MAX);
const _: () = assert!(CONNECTION_TURN_REQUESTS_MAX <= TURN_REQUESTS_MAX);

/// Connections that the system keeps ready to be accepted; it may allow fewer (somaxconn).
pub const LISTEN_BACKLOG_COUNT: i32 = 4_096;
/// Certificates held: a provider has a few per region, and they change once a year.
pub const CERTIFICATES_COUNT_MAX: usize = 64;
/// Certificates asked for at a time, so that made-up names do not become many fetches.
pub const CERTIFICATES_WANTED_MAX: usize = 8;
/// Bytes of a token, code or address that a handshake brings: real ones have under 400.
pub const HANDSHAKE_BYTES_MAX: usize = 2 * 1024;
/// Subscriptions that wait to be confirmed; a lost one is asked for again by its owner.
pub const CONFIRMATIONS_COUNT_MAX: usize = 64;
