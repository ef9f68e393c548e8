//! OTLP protobuf: copies every field as it stands, and appends attributes and events to spans. Only
//! the lengths of the messages around them change.

use super::Counts;
use super::additions::{Addition, Additions, CACHE_MISS, REASON, SOURCE, Value};
use crate::ingest::{Payload, Wire};

/// Fields of a span.
const TRACE_ID: u32 = 1;
const SPAN_ID: u32 = 2;
const START: u32 = 7;
const ATTRIBUTES: u32 = 9;
const EVENTS: u32 = 11;

/// The request with its additions; the same bytes where it is not wire format.
pub(super) fn with(bytes: &[u8], additions: &Additions, counts: &mut Counts) -> Vec<u8> {
    let before = *counts;
    // Requests hold resources, these scopes, these spans; 1000 is what scopes were called once.
    let path: [&[u32]; 3] = [&[1], &[2, 1000], &[2]];
    nested(bytes, &path, additions, counts).unwrap_or_else(|| {
        *counts = before;
        bytes.to_vec()
    })
}

/// The message with every span under `path` enriched; none where it is not wire format.
fn nested(
    bytes: &[u8],
    path: &[&[u32]],
    additions: &Additions,
    counts: &mut Counts,
) -> Option<Vec<u8>> {
    let Some((fields, rest)) = path.split_first() else {
        return span(bytes, additions, counts);
    };
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 8);
    let mut wire = Wire::new(bytes);
    loop {
        let from = wire.at;
        match wire.next().ok()? {
            None => return Some(out),
            Some((_, Payload::Cut(_))) => return None,
            Some((field, Payload::Bytes(inner))) if fields.contains(&field) => {
                match nested(inner, rest, additions, counts) {
                    Some(changed) if changed.as_slice() != inner => {
                        message(&mut out, field, &changed);
                    }
                    _ => out.extend_from_slice(&bytes[from..wire.at]),
                }
            }
            Some(_) => out.extend_from_slice(&bytes[from..wire.at]),
        }
    }
}

fn span(bytes: &[u8], additions: &Additions, counts: &mut Counts) -> Option<Vec<u8>> {
    let (mut trace, mut id, mut start_ns) = (String::new(), String::new(), 0);
    let (mut names, mut has_event) = (Vec::new(), false);
    let mut wire = Wire::new(bytes);
    while let Some(field) = wire.next().ok()? {
        match field {
            (TRACE_ID, Payload::Bytes(bytes)) => trace = hex(bytes),
            (SPAN_ID, Payload::Bytes(bytes)) => id = hex(bytes),
            (START, Payload::Fixed64(ns)) => start_ns = ns,
            (ATTRIBUTES, Payload::Bytes(attribute)) => names.extend(text_of(attribute, 1)),
            (EVENTS, Payload::Bytes(event)) => {
                has_event |= text_of(event, 2) == Some(CACHE_MISS.as_bytes());
            }
            (_, Payload::Cut(_)) => return None,
            _ => {}
        }
    }
    let has = |name: &str| names.contains(&name.as_bytes());
    let mut out = bytes.to_vec();
    let Some(Addition { attributes, cache_miss }) = additions.new_to((&trace, &id), has, has_event)
    else {
        return Some(out);
    };
    counts.spans += 1;
    counts.attributes += attributes.len();
    for (name, value) in &attributes {
        message(&mut out, ATTRIBUTES, &attribute(name, value));
    }
    if let Some((reason, source)) = cache_miss {
        counts.events += 1;
        message(&mut out, EVENTS, &event(start_ns, &reason, source));
    }
    Some(out)
}

/// The text in a field of a message.
fn text_of(bytes: &[u8], field: u32) -> Option<&[u8]> {
    let mut wire = Wire::new(bytes);
    while let Some((found, payload)) = wire.next().ok()? {
        if let (true, Payload::Bytes(text)) = (found == field, payload) {
            return Some(text);
        }
    }
    None
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attribute(name: &str, value: &Value) -> Vec<u8> {
    let mut any = Vec::new();
    match value {
        Value::Text(text) => message(&mut any, 1, text.as_bytes()),
        Value::Float(number) => {
            any.push(4 << 3 | 1);
            any.extend(number.to_le_bytes());
        }
    }
    let mut out = Vec::new();
    message(&mut out, 1, name.as_bytes());
    message(&mut out, 2, &any);
    out
}

fn event(start_ns: u64, reason: &str, source: &str) -> Vec<u8> {
    let mut out = vec![1 << 3 | 1];
    out.extend(start_ns.to_le_bytes());
    message(&mut out, 2, CACHE_MISS.as_bytes());
    for (name, text) in [(REASON, reason), (SOURCE, source)] {
        message(&mut out, 3, &attribute(name, &Value::Text(text.to_owned())));
    }
    out
}

fn message(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    varint(out, u64::from(field) << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// A varint.
pub(super) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] & 0x7f | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}
