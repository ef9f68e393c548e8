//! Ids out of a cell: raw bytes, or text in one of the ways that tables write them.

use super::cell::Scalar;
use crate::ingest::span::Id;

/// The id in a cell.
pub(super) fn id(found: Scalar<'_>) -> Id {
    match found {
        Scalar::Bytes(bytes) => Id::from_bytes(bytes),
        Scalar::Text(text) => id_in_text(text.trim()),
        _ => Id::None,
    }
}

fn id_in_text(text: &str) -> Id {
    let bare = text.strip_prefix("0x").unwrap_or(text);
    if bare.is_empty() {
        return Id::None;
    }
    if let Some(bytes) = hex(bare) {
        return Id::from_bytes(&bytes);
    }
    let dashless: String = bare.chars().filter(|character| *character != '-').collect();
    match (bare.len(), hex(&dashless)) {
        (36, Some(bytes)) => Id::from_bytes(&bytes),
        _ => Id::Text(text.into()),
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if !matches!(text.len(), 16 | 32) || !text.is_ascii() {
        return None;
    }
    let digits = text.bytes().map(|digit| char::from(digit).to_digit(16));
    let digits: Vec<u32> = digits.collect::<Option<_>>()?;
    let byte = |pair: &[u32]| u8::try_from(pair[0] * 16 + pair[1]).ok();
    digits.chunks_exact(2).map(byte).collect()
}
