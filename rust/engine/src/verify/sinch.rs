//! Sinch: HMAC-SHA256 over `body.nonce.time`. The scheme has no window.

use super::keys::Secrets;
use super::mac::{self, Hash};
use super::{Checked, Fault, Signed, unix_time};

/// Checks the four header fields.
pub fn check(request: &Signed<'_>, secrets: &Secrets) -> Checked {
    let signature = request.header("x-sinch-webhook-signature", Fault::SignatureMissing)?;
    let nonce = request.header("x-sinch-webhook-signature-nonce", Fault::NonceMissing)?;
    let time = request.header(
        "x-sinch-webhook-signature-timestamp",
        Fault::TimestampMissing,
    )?;
    let algorithm = request.header(
        "x-sinch-webhook-signature-algorithm",
        Fault::AlgorithmRefused,
    )?;
    if algorithm != b"HmacSHA256" {
        return Err(Fault::AlgorithmRefused);
    }
    // With a stop in it, the end of the body could pose as the start of the nonce.
    if nonce
        .iter()
        .any(|byte| *byte == b'.' || !byte.is_ascii_graphic())
    {
        return Err(Fault::NonceMalformed);
    }
    unix_time(time)?;
    let tag = mac::base64(signature).filter(|tag| tag.len() == Hash::Sha256.len());
    let tag = tag.ok_or(Fault::SignatureMalformed)?;
    let text = || [request.body, b".", nonce, b".", time];
    let holds = secrets.any(|secret| mac::is_hmac(Hash::Sha256, secret, text(), &tag));
    holds.then_some(()).ok_or(Fault::SignatureMismatch)
}
