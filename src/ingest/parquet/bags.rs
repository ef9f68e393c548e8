//! Many attributes in one text: JSON objects, and arrays of OTLP's keys and values.

use crate::ingest::collect::{Collector, Raw};
use crate::ingest::json::any::{any_value, plain};
use crate::ingest::json::pull::{Pull, Step};

/// How deep objects may lie in each other.
const MAX_DEPTH: u32 = 64;

/// The attributes in a JSON object, or in an array of OTLP's keys and values, as text. What stood
/// before the text stops making sense is used.
pub(super) fn json_bag<'s>(text: &'s [u8], collector: &mut Collector<'s, '_>) {
    let mut pull = Pull::new(text);
    let _ = match pull.peek() {
        Ok(b'[') => each_pair(text, |key, value| {
            if let Some(want) = collector.wanted().attr_bytes(key) {
                collector.attr(want, value);
            }
        }),
        Ok(_) => object(&mut pull, &mut Vec::new(), 0, collector),
        Err(odd) => Err(odd),
    };
}

/// The attributes in one member of a JSON object, or in those whose key it begins with a dot.
pub(super) fn json_member<'s>(text: &'s [u8], member: &str, collector: &mut Collector<'s, '_>) {
    let mut read = || -> Step<()> {
        let mut pull = Pull::new(text);
        let mut members = pull.object()?;
        while let Some(key) = members.next(&mut pull)? {
            match key.inside.strip_prefix(member.as_bytes()) {
                Some(b"") if pull.peek()? == b'{' => {
                    object(&mut pull, &mut Vec::new(), 0, collector)?;
                }
                Some([b'.', name @ ..]) => {
                    let want = collector.wanted().attr_bytes(name);
                    if let (Some(want), Some(raw)) = (want, plain(&mut pull)?) {
                        collector.attr(want, raw);
                    }
                }
                _ => pull.skip()?,
            }
        }
        Ok(())
    };
    // What stood before the text stops making sense is used.
    let _ = read();
}

/// Objects in objects are one name with dots, and a wanted name may hold a whole object.
pub(super) fn object<'s>(
    pull: &mut Pull<'s>,
    name: &mut Vec<u8>,
    depth: u32,
    collector: &mut Collector<'s, '_>,
) -> Step<()> {
    let mut members = pull.object()?;
    while let Some(key) = members.next(pull)? {
        let length = name.len();
        if depth > 0 {
            name.push(b'.');
        }
        name.extend_from_slice(key.inside);
        let nested = pull.peek()? == b'{' && depth < MAX_DEPTH;
        if let Some(want) = collector.wanted().attr_bytes(name) {
            let mut value = pull.clone();
            if let Some(raw) = plain(&mut value)? {
                collector.attr(want, raw);
            }
        }
        if nested {
            object(pull, name, depth + 1, collector)?;
        } else {
            pull.skip()?;
        }
        name.truncate(length);
    }
    Ok(())
}

/// Hands on the keys and values of a JSON array of `{"key":…,"value":{"stringValue":…}}`.
pub(super) fn each_pair<'s>(text: &'s [u8], mut each: impl FnMut(&[u8], Raw<'s>)) -> Step<()> {
    let mut pull = Pull::new(text);
    let mut elements = pull.array()?;
    while elements.next(&mut pull)? {
        let mut members = pull.object()?;
        let (mut name, mut value) = (None, None);
        while let Some(member) = members.next(&mut pull)? {
            match member.inside {
                b"key" | b"Key" => name = Some(pull.scalar_text()?.inside),
                b"value" | b"Value" => value = any_value(&mut pull)?,
                _ => pull.skip()?,
            }
        }
        if let (Some(name), Some(value)) = (name, value) {
            each(name, value);
        }
    }
    Ok(())
}

/// Hands on the members of a JSON object.
pub(super) fn json_bag_of<'s>(text: &'s [u8], each: &mut impl FnMut(&[u8], Raw<'s>)) -> Step<()> {
    let mut pull = Pull::new(text);
    let mut members = pull.object()?;
    while let Some(key) = members.next(&mut pull)? {
        if let Some(raw) = plain(&mut pull)? {
            each(key.inside, raw);
        }
    }
    Ok(())
}
