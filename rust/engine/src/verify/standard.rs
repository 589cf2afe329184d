//! Standard Webhooks (and Svix): HMAC-SHA256 over `id.time.body`.

use super::keys::Secrets;
use super::mac::{self, Hash};
use super::{Checked, Fault, Signed, unix_time, within};
use crate::limits::{SIGNATURE_WINDOW_S, SIGNATURES_TRIED_MAX};

/// Checks signature, then time.
pub fn check(request: &Signed<'_>, secrets: &Secrets, now_s: i64) -> Checked {
    let is_svix = request.maybe_header("webhook-signature")?.is_none();
    let [id, time, signature] = if is_svix {
        ["svix-id", "svix-timestamp", "svix-signature"]
    } else {
        ["webhook-id", "webhook-timestamp", "webhook-signature"]
    };
    let signature = request.header(signature, Fault::SignatureMissing)?;
    let id = request.header(id, Fault::IdMissing)?;
    let time = request.header(time, Fault::TimestampMissing)?;
    let time_s = unix_time(time)?;
    // With a stop in it, the end of the id could pose as the time, and the time as body.
    if id.contains(&b'.') {
        return Err(Fault::NonceMalformed);
    }
    // Unknown versions are passed over, and do not count.
    let entries = signature.split(|byte| *byte == b' ');
    let tags: Vec<Vec<u8>> = entries
        .filter_map(|entry| entry.strip_prefix(b"v1,"))
        .take(SIGNATURES_TRIED_MAX)
        .filter_map(mac::base64)
        .filter(|tag| tag.len() == Hash::Sha256.len())
        .collect();
    if tags.is_empty() {
        return Err(Fault::SignatureMalformed);
    }
    let text = || [id, b".", time, b".", request.body];
    let holds = secrets.any(|secret| {
        let is_ours = |tag: &Vec<u8>| mac::is_hmac(Hash::Sha256, secret, text(), tag);
        tags.iter().any(is_ours)
    });
    if !holds {
        return Err(Fault::SignatureMismatch);
    }
    within(time_s, now_s, SIGNATURE_WINDOW_S)
}
