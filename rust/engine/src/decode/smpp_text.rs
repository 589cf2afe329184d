//! The texts of SMPP messages: bytes -> characters by `data_coding`, after the user data
//! header. What a text means is [`super::smpp`]'s business.

use super::charset::{self, Alphabet, alphabet};
use super::receipt_text;
use super::row::Row;
use super::slots::{Fault, Slot};
use super::smpp::Facts;
use super::{form, udh};
use std::borrow::Cow;

/// Bit of `esm_class`: the text begins with a user data header.
const UDH_BIT: u32 = 0x40;

/// The bytes of a text, after its user data header where there is one.
pub(super) fn text_bytes<'s>(
    row: &Row<'s>,
    slot: Slot,
    facts: &mut Facts,
) -> Result<Option<Cow<'s, [u8]>>, Fault> {
    let Some(bytes) = form::bytes_of(row.slots.get(slot))? else {
        return Ok(None);
    };
    if facts.esm_class & UDH_BIT == 0 {
        return Ok(Some(bytes));
    }
    let (header, text) = udh::split(&bytes);
    facts.parts = header.parts.or(facts.parts);
    let skip = bytes.len() - text.len();
    Ok(Some(match bytes {
        Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(skip..).unwrap_or_default()),
        Cow::Owned(mut bytes) => {
            bytes.drain(..skip);
            Cow::Owned(bytes)
        }
    }))
}

/// The text of a receipt, without the NULs some gateways end it with. Receipts are ASCII even
/// where the default alphabet is not.
pub(super) fn plain(bytes: Cow<'_, [u8]>, coding: u32) -> Cow<'_, str> {
    if alphabet(coding) == Alphabet::Utf16
        && !is_plain_receipt(&bytes)
        && let Ok(mut text) = charset::utf16(&bytes)
    {
        text.truncate(text.trim_end_matches('\0').len());
        return Cow::Owned(text);
    }
    match bytes {
        Cow::Borrowed(bytes) => charset::guess(trim_nuls(bytes)),
        Cow::Owned(bytes) => Cow::Owned(charset::guess(trim_nuls(&bytes)).into_owned()),
    }
}

/// What a header cannot hold, gateways write otherwise: a TLV in hexadecimal, the NUL at its
/// end as an escape. Short ones are left alone: a reply may be `beef`.
pub(super) fn unwrapped(text: &[u8]) -> Option<Vec<u8>> {
    const HEX_BYTES_MIN: usize = 16;
    let text = text.trim_ascii();
    if let Some(text) = text.strip_suffix(b"\\x00").or(text.strip_suffix(b"\\0")) {
        return Some(text.to_vec());
    }
    if text.len() < HEX_BYTES_MIN {
        return None;
    }
    charset::from_hex(text)
}

/// Whether a receipt was written in one byte a character whatever `data_coding` says.
fn is_plain_receipt(bytes: &[u8]) -> bool {
    let bytes = trim_nuls(bytes);
    !bytes.is_empty()
        && !bytes.contains(&0)
        && std::str::from_utf8(bytes).is_ok_and(|text| receipt_text::parse(text).stat.is_some())
}

/// The words of a reply. In the default alphabet they are ASCII or GSM 03.38, which only the
/// bytes themselves tell apart; a part of a longer message may end in half a character.
pub(super) fn words<'s>(bytes: Cow<'s, [u8]>, facts: &Facts) -> Cow<'s, str> {
    let kind = alphabet(facts.coding);
    if kind == Alphabet::Utf16 && facts.parts.is_some() {
        return Cow::Owned(charset::utf16_lossy(&bytes));
    }
    let text = trim_nuls(&bytes);
    if kind == Alphabet::Gsm
        && charset::is_gsm(text)
        && let Some(text) = charset::gsm(text)
    {
        return Cow::Owned(text);
    }
    plain(bytes, facts.coding)
}

/// Without the NULs at the end.
pub(super) fn trim_nuls(mut bytes: &[u8]) -> &[u8] {
    while let Some(rest) = bytes.strip_suffix(b"\0") {
        bytes = rest;
    }
    bytes
}
