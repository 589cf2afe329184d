//! Every bound of the product, its unit in the name and the reason beside it.
//!
//! A limit that a user may set is a default here and a field of [`crate::engine::Options`]
//! or of the server's options; the rest are fixed. Nothing else in the code may invent one.

/// Bytes in one request body. Providers stay under 20 kB; 256 KiB leaves room for batches.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// Bytes of one provider profile's file. The longest tables known, in full, stay under 16 kB.
pub const PROFILE_BYTES_MAX: usize = 64 * 1024;
/// Different profiles in one process: each stays in memory until it ends.
pub const PROFILES_LOADED_MAX: usize = 1_000;
/// Bytes in one body of canonical events, which load tools and back-fills send in bulk.
pub const EVENTS_BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of all requests of one in-process call; a larger call is refused before parsing. A
/// batch becomes one frame, so that all of it is kept or none.
pub const BATCH_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Nesting of JSON. The deepest provider body known has 9 levels; 64 stops stack games.
pub const JSON_DEPTH_MAX: usize = 64;
/// Nesting of XML. Kannel's, the deepest known, has 5 levels.
pub const XML_DEPTH_MAX: usize = 32;
/// Bytes of the head of one part of a multipart form: its name and type take a hundred.
pub const PART_HEAD_BYTES_MAX: usize = 8 * 1024;
/// Keys or form pairs in one body; 100 000 keys are an attack, not a receipt.
pub const BODY_KEYS_MAX: usize = 65_536;
/// Events in one body. An 8 MiB body of minimal events holds fewer.
pub const BODY_EVENTS_MAX: usize = 262_144;
/// Bytes of a provider's message id, client reference, or event id.
pub const ID_BYTES_MAX: usize = 255;
/// Bytes of a sender as on the wire (number, short code or name).
pub const SENDER_BYTES_MAX: usize = 64;
/// Bytes of an error code; providers that send prose instead are cut here, marked by length.
pub const ERROR_CODE_BYTES_MAX: usize = 255;
/// Bytes of a reply's text. Ten concatenated parts in UTF-8 stay well below.
pub const REPLY_TEXT_BYTES_MAX: usize = 64 * 1024;
/// Parts of one message: the concatenation header counts in one byte.
pub const MESSAGE_PARTS_MAX: u32 = 255;
/// Fewest digits of an international number (E.164 as practised: Niue has 8 with its code).
pub const NUMBER_DIGITS_MIN: usize = 8;
/// Most digits of an international number (E.164).
pub const NUMBER_DIGITS_MAX: usize = 15;

/// Bytes of a campaign, blast, tag or provider account name.
pub const NAME_BYTES_MAX: usize = 128;
/// Tags on one blast.
pub const TAGS_PER_BLAST_MAX: usize = 32;
/// Campaigns in one directory; keeps a runaway script from filling memory with empty ones.
pub const CAMPAIGNS_COUNT_MAX: usize = 1_000_000;
/// Blasts in one directory: 24 bits in the message index.
pub const BLASTS_COUNT_MAX: usize = (1 << 24) - 1;
/// Contacts in one directory: dense ids are u32, the last one is a mark.
pub const CONTACTS_COUNT_MAX: usize = u32::MAX as usize - 1;
/// Contacts registered in one log record; larger audiences are several records.
pub const AUDIENCE_CHUNK_COUNT_MAX: usize = 65_536;

/// Events whose blast is not certain. Beyond it the oldest are settled: what was found stays,
/// what was not is an orphan, so that a flood of strangers cannot fill memory.
pub const LOOSE_COUNT_MAX: usize = 2_000_000;
/// Message ids that wait for a blast nobody has registered; beyond it they are orphans.
pub const SENDS_WAITING_COUNT_MAX: usize = 200_000;
/// How long before its blast's time a receipt may have been made and still be matched by
/// sender and contact: blasts are often registered after the first texts went out.
pub const EARLY_MS_MAX: i64 = 24 * 3_600 * 1_000;
/// How long after its blast's time a receipt is matched by sender and contact. Carriers try
/// for up to 72 h; a week covers the slowest reports.
pub const RECEIPT_WINDOW_MS: i64 = 7 * 24 * 3_600 * 1_000;
/// How far our own clock may go back without arrivals going back with it; beyond that it was so
/// wrong before that what it said then cannot be waited for.
pub const CLOCK_BACK_MS_MAX: i64 = 24 * 3_600 * 1_000;
/// How long after its arrival an event's blast may still change because of a registration.
pub const SETTLE_MS: i64 = RECEIPT_WINDOW_MS + EARLY_MS_MAX;
/// How long after its blast's time a reply is credited to it.
pub const ATTRIBUTION_WINDOW_MS: i64 = 72 * 3_600 * 1_000;

/// Bytes of records at which a door's turn ends: one more body, at its most wordy, still fits
/// the frame.
pub const TURN_RECORD_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of one frame's payload: bounds what the reader must buffer before it can check.
pub const FRAME_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Bytes at which a log file is closed and the next one begun.
pub const LOG_FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Records between two snapshots that the engine asks for by itself.
pub const SNAPSHOT_EVERY_RECORDS: u64 = 5_000_000;

/// Bytes of the words somebody agreed to, or of a source: a page of small print.
pub const WORDING_BYTES_MAX: usize = 16 * 1024;
/// Bytes of one setting. A hundred thousand coupon codes fit; it is kept in memory.
pub const SETTING_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of the rule ids, or of the language, of one reply.
pub const RULES_BYTES_MAX: usize = 1_024;

/// Replies whose texts are read from the log at once.
pub const REPLIES_READ_COUNT_MAX: usize = 4_096;

/// Bytes of a segment expression.
pub const QUERY_BYTES_MAX: usize = 64 * 1024;
/// Nesting of a segment expression.
pub const QUERY_DEPTH_MAX: usize = 64;
/// Bytes of bodies at which a page of dead letters ends.
pub const PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Dead letters in one listed page.
pub const PAGE_COUNT_MAX: usize = 100_000;

const _: () = assert!(BODY_BYTES_MAX <= EVENTS_BODY_BYTES_MAX);
const _: () = assert!(EVENTS_BODY_BYTES_MAX < BATCH_BYTES_MAX);
// An event's record holds at most its share of the body and three names from the URL.
const _: () = assert!(
    TURN_RECORD_BYTES_MAX + EVENTS_BODY_BYTES_MAX + BODY_EVENTS_MAX * (3 * NAME_BYTES_MAX + 32)
        < FRAME_BYTES_MAX,
    "what one turn takes in fits a frame"
);
const _: () = assert!(AUDIENCE_CHUNK_COUNT_MAX * 10 < FRAME_BYTES_MAX);
const _: () = assert!((FRAME_BYTES_MAX as u64) < LOG_FILE_BYTES_MAX);
const _: () = assert!(ATTRIBUTION_WINDOW_MS <= RECEIPT_WINDOW_MS);
const _: () = assert!(NUMBER_DIGITS_MIN < NUMBER_DIGITS_MAX && NUMBER_DIGITS_MAX < 19);

/// Shared secrets, keys or certificates of one source: the live one, and those being changed.
pub const SECRETS_COUNT_MAX: usize = 8;
/// Signatures tried of a header that holds several; a list of a thousand is an attack.
pub const SIGNATURES_TRIED_MAX: usize = 32;
/// Bytes of a header field or parameter that holds a signature. The longest tokens have 1,500.
pub const SIGNED_HEADER_BYTES_MAX: usize = 8 * 1024;
/// How far from now the time of a signed request may be, either way, where the scheme has a
/// window: Telnyx and Standard Webhooks say five minutes.
pub const SIGNATURE_WINDOW_S: i64 = 300;
/// How far a clock may be off when a token says from when to when it holds: MessageBird's own.
pub const TOKEN_LEEWAY_S: i64 = 1;
/// Bits of an RSA key, at least: shorter ones can be broken.
pub const RSA_BITS_MIN: u64 = 2048;
/// Bits of an RSA key, at most: bounds the time that one signature takes.
pub const RSA_BITS_MAX: u64 = 8192;
/// Bits of an RSA exponent, at most: all keys in use have 65537, and a long one costs time.
pub const RSA_EXPONENT_BITS_MAX: u64 = 33;
