//! OTLP protobuf attribute values.

use super::wire::{Broken, Payload, Wire};
use crate::ingest::collect::Raw;
use crate::ingest::document::{Matching, Paths};
use crate::ingest::span::{AttrId, Value};
use crate::ingest::wanted::Path;

/// How deep values may lie in each other.
const MAX_DEPTH: usize = 64;

/// An `AnyValue`. One that is empty or bytes gives nothing.
pub fn any_value(any: &[u8]) -> Result<Option<Raw<'_>>, Broken> {
    // Most are one short text.
    if let [0x0a, length @ 0..0x80, text @ ..] = any
        && usize::from(*length) == text.len()
    {
        return Ok(Some(Raw::Text(text)));
    }
    let mut raw = None;
    let mut wire = Wire::new(any);
    while let Some(field) = wire.next()? {
        raw = match field {
            (1, Payload::Bytes(text)) => Some(Raw::Text(text)),
            (2, Payload::Varint(flag)) => Some(Raw::Bool(flag != 0)),
            (3, Payload::Varint(int)) => Some(Raw::Int(int.cast_signed())),
            (4, Payload::Fixed64(bits)) => Some(Raw::Float(f64::from_bits(bits))),
            (5 | 6, Payload::Bytes(_)) => Some(Raw::ProtoAny(any)),
            (7, _) => None,
            (_, Payload::Cut(_)) => return Err(Broken),
            _ => raw,
        };
    }
    Ok(raw)
}

/// The first scalar of an `AnyValue` that holds an array; a list of keys and values has none.
pub fn first_scalar(any: &[u8]) -> Option<Value> {
    let mut wire = Wire::new(any);
    while let Ok(Some(field)) = wire.next() {
        let (5, Payload::Bytes(array)) = field else { continue };
        let mut elements = Wire::new(array);
        while let Ok(Some((1, Payload::Bytes(element)))) = elements.next() {
            match any_value(element) {
                // Arrays in arrays are not worth a recursion.
                Ok(Some(Raw::ProtoAny(_)) | None) | Err(Broken) => {}
                Ok(Some(raw)) => {
                    if let Some(value) = raw.scalar() {
                        return Some(value);
                    }
                }
            }
        }
    }
    None
}

/// Reads the wanted paths of an `AnyValue` that is a document.
pub fn paths(any: &[u8], paths: &[(Path, AttrId)], out: &mut Vec<(AttrId, Value)>) {
    for some in paths.chunks(64) {
        let mut paths = Paths::new(some, out);
        let all = paths.all();
        // What was read before an oddity stands.
        let _ = walk(any, &mut paths, all, 0);
    }
}

fn walk(
    any: &[u8],
    paths: &mut Paths<'_, '_>,
    matching: Matching,
    depth: usize,
) -> Result<(), Broken> {
    if matching == 0 || depth > MAX_DEPTH {
        return Ok(());
    }
    match any_value(any)? {
        Some(Raw::ProtoAny(_)) => {}
        Some(raw) => {
            let ends = paths.ends(matching, depth);
            if ends != 0
                && let Some(value) = raw.scalar()
            {
                paths.emit(ends, &value);
            }
            return Ok(());
        }
        None => return Ok(()),
    }
    let mut wire = Wire::new(any);
    while let Some(field) = wire.next()? {
        match field {
            (5, Payload::Bytes(array)) => {
                let first = paths.first(matching, depth);
                if let Some((1, Payload::Bytes(element))) = Wire::new(array).next()? {
                    walk(element, paths, first, depth + 1)?;
                }
            }
            (6, Payload::Bytes(list)) => {
                let mut members = Wire::new(list);
                while let Some(member) = members.next()? {
                    let (1, Payload::Bytes(member)) = member else { continue };
                    let (key, value) = key_value(member)?;
                    let matching = paths.step(matching, depth, key);
                    walk(value.unwrap_or_default(), paths, matching, depth + 1)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The key of a `KeyValue`, and its `AnyValue`.
pub fn key_value(bytes: &[u8]) -> Result<(&[u8], Option<&[u8]>), Broken> {
    if let Some((key, value)) = short(bytes) {
        return Ok((key, Some(value)));
    }
    let mut key: &[u8] = &[];
    let mut value = None;
    let mut wire = Wire::new(bytes);
    while let Some(field) = wire.next()? {
        match field {
            (1, Payload::Bytes(text)) => key = text,
            (2, Payload::Bytes(any)) => value = Some(any),
            (_, Payload::Cut(_)) => return Err(Broken),
            _ => {}
        }
    }
    Ok((key, value))
}

/// A key and a value that are short and stand in their order, as nearly all do.
fn short(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let ([0x0a, length @ 0..0x80], rest) = bytes.split_first_chunk()? else { return None };
    let (key, rest) = rest.split_at_checked(usize::from(*length))?;
    let ([0x12, length @ 0..0x80], value) = rest.split_first_chunk()? else { return None };
    (usize::from(*length) == value.len()).then_some((key, value))
}
