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
    let (digits, []) = text.as_chunks::<8>() else { return None };
    match digits {
        [one, two] => Some(Id::from_bytes([eight(*one)?, eight(*two)?].as_flattened())),
        [one, two, three, four] => {
            let bytes = [eight(*one)?, eight(*two)?, eight(*three)?, eight(*four)?];
            Some(Id::from_bytes(bytes.as_flattened()))
        }
        _ => None,
    }
}

/// The bytes of eight hex digits, all of them at once; none where one is no digit.
#[inline]
const fn eight(digits: [u8; 8]) -> Option<[u8; 4]> {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = 0x80 * ONES;
    let text = u64::from_le_bytes(digits);
    if text & HIGH != 0 {
        return None;
    }
    // Below, no byte grows beyond 255: what is added to one tells by its highest bit whether it
    // was larger than what is missing to 128.
    let no_decimal = ((text ^ (0x30 * ONES)) + 0x76 * ONES) & HIGH;
    let letter = (text | (0x20 * ONES)) ^ (0x60 * ONES);
    let is_letter = (letter + 0x7f * ONES) & !(letter + 0x79 * ONES) & HIGH;
    if no_decimal & !is_letter != 0 {
        return None;
    }
    let values = (text & (0x0f * ONES)) + (is_letter >> 7) * 9;
    let pairs = (values << 4 | values >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    let [a, b, c, d, ..] = (fours | fours >> 16).to_le_bytes();
    Some([a, b, c, d])
}

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
    fn every_byte_is_a_digit_or_none_wherever_it_stands() {
        for byte in 0..=u8::MAX {
            let value = char::from(byte).to_digit(16);
            for place in 0..8 {
                let mut digits = *b"0aF95b1c";
                digits[place] = byte;
                let slow = value.map(|_| {
                    let text = std::str::from_utf8(&digits).unwrap();
                    u32::from_str_radix(text, 16).unwrap().to_be_bytes()
                });
                assert_eq!(eight(digits), slow, "{byte} in {place}");
            }
        }
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
