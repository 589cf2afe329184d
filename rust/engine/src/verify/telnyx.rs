//! Telnyx: Ed25519 over `time|body`.

use ed25519_dalek::{Signature, VerifyingKey};

use super::{Checked, Fault, Signed, mac, unix_time, within};
use crate::limits::SIGNATURE_WINDOW_S;

/// Checks signature, then time.
pub fn check(request: &Signed<'_>, keys: &[VerifyingKey], now_s: i64) -> Checked {
    let signature = request.header("telnyx-signature-ed25519", Fault::SignatureMissing)?;
    let time = request.header("telnyx-timestamp", Fault::TimestampMissing)?;
    let time_s = unix_time(time)?;
    let signature = mac::base64(signature).and_then(|bytes| Signature::from_slice(&bytes).ok());
    let signature = signature.ok_or(Fault::SignatureMalformed)?;
    let text = [time, b"|", request.body].concat();
    // Strict: refuses keys of small order and the second spelling of a signature.
    let holds = |key: &VerifyingKey| key.verify_strict(&text, &signature).is_ok();
    if !keys.iter().any(holds) {
        return Err(Fault::SignatureMismatch);
    }
    within(time_s, now_s, SIGNATURE_WINDOW_S)
}
