//! Trace and span ids in every spelling that writers of OTLP JSON have found.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::pull::Text;
use crate::ingest::span::Id;

/// An id of any spelling: hex, base64 of the bytes, base64 of the hex, `0x…`, UUID; anything
/// else stands verbatim.
pub fn decode(text: Text<'_>) -> Id {
    let text = text.bytes();
    let text = text.trim_ascii();
    if text.is_empty() {
        return Id::None;
    }
    if let Some(id) = hex(text) {
        return id;
    }
    let bare = text.strip_prefix(b"0x").or_else(|| text.strip_prefix(b"0X"));
    if let Some(id) = bare.and_then(hex) {
        return id;
    }
    if text.len() == 36 {
        let digits: Vec<u8> = text.iter().copied().filter(|byte| *byte != b'-').collect();
        if let Some(id) = hex(&digits) {
            return id;
        }
    }
    // Hex comes first: 32 and 16 hex digits are base64 as well.
    from_base64(text).unwrap_or_else(|| Id::Text(String::from_utf8_lossy(text).into()))
}

/// 16 or 32 hex digits of any case.
fn hex(text: &[u8]) -> Option<Id> {
    let mut bytes = [0_u8; 16];
    if text.len() != 16 && text.len() != 32 {
        return None;
    }
    let (pairs, _) = text.as_chunks::<2>();
    let mut all = 0;
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let (high, low) = (NIBBLE[usize::from(*high)], NIBBLE[usize::from(*low)]);
        all |= high | low;
        *byte = high << 4 | low & 15;
    }
    if all > 15 {
        return None;
    }
    Some(Id::from_bytes(bytes.get(..text.len() / 2)?))
}

/// The value of every hex digit; more than 15 for what is none.
const NIBBLE: [u8; 256] = {
    let mut values = [255; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value] as usize] = value as u8;
        values[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    values
};

fn from_base64(text: &[u8]) -> Option<Id> {
    // 8 and 16 bytes; 16 and 32 hex digits; each with and without padding.
    if !matches!(text.len(), 11 | 12 | 22 | 24 | 43 | 44) {
        return None;
    }
    let bytes = STANDARD
        .decode(text)
        .or_else(|_| STANDARD_NO_PAD.decode(text))
        .or_else(|_| URL_SAFE_NO_PAD.decode(text))
        .ok()?;
    hex(&bytes).or_else(|| matches!(bytes.len(), 8 | 16).then(|| Id::from_bytes(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> String {
        decode(Text { inside: text.as_bytes(), escaped: false }).to_string()
    }

    #[test]
    fn every_spelling_of_an_id_is_the_same_id() {
        let trace = "5b8efff798038103d269b633813fc60c";
        let bytes: Vec<u8> =
            (0..16).map(|i| u8::from_str_radix(&trace[2 * i..2 * i + 2], 16).unwrap()).collect();
        let spellings = [
            trace.to_uppercase(),
            STANDARD.encode(&bytes),
            STANDARD_NO_PAD.encode(&bytes),
            STANDARD.encode(trace),
            format!("0x{trace}"),
            "5b8efff7-9803-8103-d269-b633813fc60c".to_owned(),
        ];
        for spelling in spellings {
            assert_eq!(id(&spelling), trace, "{spelling}");
        }
        let span = "eee19b7ec3c1b174";
        for spelling in [STANDARD.encode(&span.as_bytes()[..16]), "0xEEE19B7EC3C1B174".into()] {
            assert_eq!(id(&spelling), span, "{spelling}");
        }
        assert_eq!(id("7uGbfsPBsXQ="), span);
    }

    #[test]
    fn what_is_no_id_is_kept_verbatim_and_zeros_are_none() {
        assert_eq!(id("trace-1"), "trace-1");
        assert_eq!(id("zzzzzzzzzzzzzzzz"), "zzzzzzzzzzzzzzzz");
        for zero in ["", "0000000000000000", "00000000000000000000000000000000"] {
            assert!(decode(Text { inside: zero.as_bytes(), escaped: false }).is_none());
        }
    }
}
