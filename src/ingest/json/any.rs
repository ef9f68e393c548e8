//! OTLP JSON attribute values, in the spellings of the specification, of protobuf's JSON mapping
//! and of Go's encoding of the struct.

use super::pull::{Pull, Step, Text};
use crate::ingest::collect::Raw;
use crate::ingest::document::{Matching, Paths};
use crate::ingest::span::{AttrId, Value, ValueRef};
use crate::ingest::time::integer;
use crate::ingest::wanted::Path;

/// How deep values may lie in each other.
const MAX_DEPTH: u32 = 64;

/// Takes an `AnyValue`. One that is empty, null or bytes gives nothing.
pub fn any_value<'a>(pull: &mut Pull<'a>) -> Step<Option<Raw<'a>>> {
    if let Some(text) = pull.between(b"{\"stringValue\":\"", b"\"}") {
        return Ok(Some(Raw::Text(text)));
    }
    if let Some(inside) = pull.between(b"{\"intValue\":\"", b"\"}") {
        return Ok(int(Text { inside, escaped: false }));
    }
    let before = pull.at;
    if let Some(inside) = pull.number_between(b"{\"doubleValue\":", b"}")
        && inside.first().is_some_and(|first| first.is_ascii_digit() || *first == b'-')
        && let Some(raw) = float(Text { inside, escaped: false })
    {
        return Ok(Some(raw));
    }
    pull.at = before;
    if pull.literal(b"{\"boolValue\":true}") {
        return Ok(Some(Raw::Bool(true)));
    }
    if pull.literal(b"{\"boolValue\":false}") {
        return Ok(Some(Raw::Bool(false)));
    }
    value(pull, 0)
}

/// Takes the text in an array of one text without escapes, or nothing.
#[inline]
pub fn only_text<'a>(pull: &mut Pull<'a>) -> Option<Raw<'a>> {
    let open = b"{\"arrayValue\":{\"values\":[{\"stringValue\":\"";
    pull.between(open, b"\"}]}}").map(Raw::Text)
}

/// Passes over a value of the commonest forms.
#[inline]
pub fn skip_short(pull: &mut Pull<'_>) -> Step<()> {
    if pull.between(b"{\"stringValue\":\"", b"\"}").is_some()
        || pull.between(b"{\"intValue\":\"", b"\"}").is_some()
    {
        return Ok(());
    }
    pull.skip()
}

fn value<'a>(pull: &mut Pull<'a>, depth: u32) -> Step<Option<Raw<'a>>> {
    let start = {
        pull.peek()?;
        pull.at
    };
    if pull.peek()? != b'{' {
        return plain(pull);
    }
    if depth > MAX_DEPTH {
        return pull.skip().map(|()| None);
    }
    let mut members = pull.object()?;
    let mut raw = None;
    let mut nested = false;
    while let Some(key) = members.next(pull)? {
        match key.inside {
            b"stringValue" | b"string_value" | b"StringValue" => {
                let text = pull.scalar_text()?;
                raw = Some(text_raw(text));
            }
            b"intValue" | b"int_value" | b"IntValue" => raw = int(pull.scalar_text()?),
            b"doubleValue" | b"double_value" | b"DoubleValue" => {
                raw = float(pull.scalar_text()?);
            }
            b"boolValue" | b"bool_value" | b"BoolValue" => {
                raw = Some(Raw::Bool(pull.scalar_text()?.inside.eq_ignore_ascii_case(b"true")));
            }
            b"arrayValue" | b"array_value" | b"ArrayValue" | b"kvlistValue" | b"kvlist_value"
            | b"KvlistValue" => {
                pull.skip()?;
                nested = true;
            }
            // Go's encoding of the oneof.
            b"Value" | b"value" => raw = value(pull, depth + 1)?,
            _ => pull.skip()?,
        }
    }
    Ok(if nested { Some(Raw::JsonAny(pull.since(start))) } else { raw })
}

/// A value as plain JSON, as hand-made dumps have it.
pub fn plain<'a>(pull: &mut Pull<'a>) -> Step<Option<Raw<'a>>> {
    match pull.peek()? {
        b'"' => pull.string().map(|text| Some(text_raw(text))),
        b'{' | b'[' => {
            let start = pull.at;
            pull.skip()?;
            Ok(Some(Raw::Json(pull.since(start))))
        }
        _ => Ok(match pull.word()? {
            b"true" => Some(Raw::Bool(true)),
            b"false" => Some(Raw::Bool(false)),
            b"null" => None,
            word => number(word),
        }),
    }
}

const fn text_raw(text: Text<'_>) -> Raw<'_> {
    if text.escaped { Raw::Escaped(text.inside) } else { Raw::Text(text.inside) }
}

fn number<'a>(word: &[u8]) -> Option<Raw<'a>> {
    match integer(word) {
        Some(int) => Some(Raw::Int(int)),
        None => float(Text { inside: word, escaped: false }),
    }
}

/// An integer as number or text; a float with no fraction (`"1.6e2"`) is one as well.
fn int(text: Text<'_>) -> Option<Raw<'static>> {
    let text = text.inside.trim_ascii();
    if let Some(int) = integer(text) {
        return Some(Raw::Int(int));
    }
    let float: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    match ValueRef::Float(float).as_i64() {
        Some(int) => Some(Raw::Int(int)),
        None => Some(Raw::Float(float)),
    }
}

/// A float as number or text. What is not finite is said but gives no value.
fn float(text: Text<'_>) -> Option<Raw<'static>> {
    std::str::from_utf8(text.inside.trim_ascii()).ok()?.parse().ok().map(Raw::Float)
}

/// The first scalar of an `AnyValue` that holds an array; a list of keys and values has none.
pub fn first_scalar(any: &[u8]) -> Option<Value> {
    let mut pull = Pull::new(any);
    first_of(&mut pull, 0).ok().flatten()
}

fn first_of(pull: &mut Pull<'_>, depth: u32) -> Step<Option<Value>> {
    let mut found = None;
    let mut members = pull.object()?;
    while let Some(key) = members.next(pull)? {
        match (key.inside, pull.peek()?) {
            (b"arrayValue" | b"array_value" | b"ArrayValue", b'{') => {
                let mut members = pull.object()?;
                while let Some(key) = members.next(pull)? {
                    if is_values(key) && pull.peek()? == b'[' {
                        found = first_element(pull)?;
                    } else {
                        pull.skip()?;
                    }
                }
            }
            (b"Value" | b"value", b'{') if depth < MAX_DEPTH => {
                found = first_of(pull, depth + 1)?;
            }
            _ => pull.skip()?,
        }
    }
    Ok(found)
}

fn first_element(pull: &mut Pull<'_>) -> Step<Option<Value>> {
    let mut found = None;
    let mut elements = pull.array()?;
    while elements.next(pull)? {
        if found.is_some() {
            pull.skip()?;
            continue;
        }
        found = match any_value(pull)? {
            // Arrays in arrays are not worth a recursion.
            Some(Raw::JsonAny(_)) | None => None,
            Some(raw) => raw.scalar(),
        };
    }
    Ok(found)
}

fn is_values(key: Text<'_>) -> bool {
    matches!(key.inside, b"values" | b"Values")
}

/// Reads the wanted paths of an `AnyValue` that is a document.
pub fn paths(any: &[u8], paths: &[(Path, AttrId)], out: &mut Vec<(AttrId, Value)>) {
    for some in paths.chunks(64) {
        let mut paths = Paths::new(some, out);
        let all = paths.all();
        // What was read before an oddity stands.
        let _ = walk(&mut Pull::new(any), &mut paths, all, (0, false));
    }
}

/// Follows the paths into one `AnyValue`.
fn walk(
    pull: &mut Pull<'_>,
    paths: &mut Paths<'_, '_>,
    matching: Matching,
    (depth, wrapped): (usize, bool),
) -> Step<()> {
    if matching == 0 {
        return pull.skip();
    }
    let ends = paths.ends(matching, depth);
    let mut inner = pull.clone();
    match any_value(pull)? {
        Some(Raw::JsonAny(_)) => {
            let mut members = inner.object()?;
            while let Some(key) = members.next(&mut inner)? {
                match key.inside {
                    b"arrayValue" | b"array_value" | b"ArrayValue" => {
                        let first = paths.first(matching, depth);
                        values(&mut inner, |pull, index| {
                            let matching = if index == 0 { first } else { 0 };
                            walk(pull, paths, matching, (depth + 1, false))
                        })?;
                    }
                    b"kvlistValue" | b"kvlist_value" | b"KvlistValue" => {
                        values(&mut inner, |pull, _| member(pull, paths, matching, depth))?;
                    }
                    // Go wraps a value once; one in the other without end would use up the stack.
                    b"Value" | b"value" if !wrapped => {
                        walk(&mut inner, paths, matching, (depth, true))?;
                    }
                    _ => inner.skip()?,
                }
            }
        }
        Some(raw) => {
            if ends != 0
                && let Some(value) = raw.scalar()
            {
                paths.emit(ends, &value);
            }
        }
        None => {}
    }
    Ok(())
}

/// The elements of the `values` of an array or a list of keys and values.
fn values<'a>(
    pull: &mut Pull<'a>,
    mut each: impl FnMut(&mut Pull<'a>, usize) -> Step<()>,
) -> Step<()> {
    let mut members = pull.object()?;
    while let Some(key) = members.next(pull)? {
        if is_values(key) && pull.peek()? == b'[' {
            let mut index = 0;
            let mut elements = pull.array()?;
            while elements.next(pull)? {
                each(pull, index)?;
                index += 1;
            }
        } else {
            pull.skip()?;
        }
    }
    Ok(())
}

/// One key and value, its key followed.
fn member(
    pull: &mut Pull<'_>,
    paths: &mut Paths<'_, '_>,
    matching: Matching,
    depth: usize,
) -> Step<()> {
    let mut key = Text::default();
    let mut value = None;
    let mut members = pull.object()?;
    while let Some(name) = members.next(pull)? {
        match name.inside {
            b"key" | b"Key" => key = pull.scalar_text()?,
            b"value" | b"Value" => {
                pull.peek()?;
                value = Some(pull.clone());
                pull.skip()?;
            }
            _ => pull.skip()?,
        }
    }
    let matching = paths.step(matching, depth, &key.bytes());
    match value {
        Some(mut value) => walk(&mut value, paths, matching, (depth + 1, false)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(text: &str) -> Option<Value> {
        any_value(&mut Pull::new(text.as_bytes())).unwrap().and_then(Raw::scalar)
    }

    #[test]
    fn a_scalar_is_read_in_every_spelling() {
        let int = Some(Value::Int(160));
        for text in [
            r#"{"intValue":160}"#,
            r#"{"intValue":"160"}"#,
            r#"{"int_value":"1.6e2"}"#,
            r#"{"Value":{"IntValue":160}}"#,
        ] {
            assert_eq!(scalar(text), int, "{text}");
        }
        assert_eq!(scalar(r#"{"doubleValue":3}"#), Some(Value::Float(3.0)));
        assert_eq!(scalar(r#"{"doubleValue":"NaN"}"#), None);
        assert_eq!(scalar(r#"{"boolValue":true}"#), Some(Value::Bool(true)));
        assert_eq!(scalar(r#"{"stringValue":"a\"b"}"#), Some(Value::Str("a\"b".into())));
        assert_eq!(scalar("{}"), None);
        assert_eq!(scalar(r#"{"bytesValue":"AA=="}"#), None);
        let array = r#"{"arrayValue":{"values":[{"stringValue":"x"},{"stringValue":"y"}]}}"#;
        assert_eq!(scalar(array), Some(Value::Str("x".into())));
        assert_eq!(scalar(r#"{"arrayValue":{}}"#), None);
        assert_eq!(scalar(r#"{"kvlistValue":{"values":[]}}"#), None);
    }

    #[test]
    fn paths_are_followed_into_nested_attributes() {
        let any = br#"{"kvlistValue":{"values":[{"key":"a","value":{"arrayValue":{"values":[
            {"kvlistValue":{"values":[{"value":{"intValue":"7"},"key":"b"}]}}]}}}]}}"#;
        let path: Path = ["a", "*", "b"].into_iter().map(Box::from).collect();
        let mut out = Vec::new();
        paths(any, &[(path, AttrId(4))], &mut out);
        assert_eq!(out, [(AttrId(4), Value::Int(7))]);
    }
}
