//! A cell's scalar as the collector takes it: exporters write arrays as text where a column holds
//! only text.

use memchr::memchr2;

use super::cell::Scalar;
use crate::ingest::collect::Raw;
use crate::ingest::json::any::any_value;
use crate::ingest::json::pull::Pull;
use crate::ingest::wanted::{Take, Want};

/// A scalar as the collector takes it.
#[inline]
pub(super) fn raw<'s>(found: Scalar<'s>, want: &Want) -> Option<Raw<'s>> {
    Some(match found {
        Scalar::Text(text) => {
            let may_begin_one = matches!(text.as_bytes().first(), Some(b'[' | b'{'));
            let array = may_begin_one.then(|| {
                let mut scalars = want.take.iter().map(|take| matches!(take, Take::Scalar(_)));
                match (scalars.clone().any(|is| is), scalars.all(|is| is)) {
                    (false, _) => None,
                    (true, scalars_alone) => array_in_text(text, scalars_alone),
                }
            });
            array.flatten().unwrap_or(Raw::Text(text.as_bytes()))
        }
        Scalar::Int(int) | Scalar::Time(int) => Raw::Int(int),
        Scalar::Float(float) => Raw::Float(float),
        Scalar::Bool(flag) => Raw::Bool(flag),
        Scalar::Bytes(_) => return None,
    })
}

/// Exporters write arrays where a column holds only text: as JSON (`["x"]`), or as the JSON of
/// protobuf (`{"values":[{"stringValue":"x"}]}`).
fn array_in_text(text: &str, scalars_alone: bool) -> Option<Raw<'_>> {
    let bytes = text.as_bytes();
    if let Some(only) = only_text(bytes).filter(|_| scalars_alone) {
        return Some(Raw::Text(only));
    }
    // What only begins like an array is text, as it is in every other form.
    if serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_err() {
        return None;
    }
    if bytes.starts_with(b"[") {
        return Some(Raw::Json(bytes));
    }
    let mut pull = Pull::new(bytes);
    let mut members = pull.object().ok()?;
    if members.next(&mut pull).ok()??.inside != b"values" {
        return None;
    }
    let mut elements = pull.array().ok()?;
    if !elements.next(&mut pull).ok()? {
        return Some(Raw::Json(b"[]"));
    }
    any_value(&mut pull).ok()?
}

/// The inside of an array of one text without escapes, as most arrays are.
fn only_text(array: &[u8]) -> Option<&[u8]> {
    let inside = array.strip_prefix(b"[\"")?.strip_suffix(b"\"]")?;
    memchr2(b'"', b'\\', inside).is_none().then_some(inside)
}
