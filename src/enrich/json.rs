//! OTLP JSON in any container: copies the text, and puts attributes and events in at the ends of
//! the lists of each span, or as new lists at the end of the span.

use super::Counts;
use super::additions::{Addition, Additions, CACHE_MISS, REASON, SOURCE, Value};
use crate::ingest::whole::id_of_json;

/// How deep values may lie in each other.
const MOST_DEPTH: u32 = 128;

/// The text with its additions. Where it stops making sense as JSON, the rest of that line (or of
/// the text, where values span lines) is copied as it is.
pub(super) fn with(text: &[u8], additions: &Additions, counts: &mut Counts) -> Vec<u8> {
    let mut scan = Scan { text, at: 0, inserts: Vec::new(), additions, counts };
    while scan.at < text.len() {
        match text[scan.at] {
            b'{' | b'[' => {
                if scan.value(0, false).is_none() {
                    scan.at = next_line(text, scan.at);
                }
            }
            _ => scan.at += 1,
        }
    }
    let inserts = scan.inserts;
    let mut out = Vec::with_capacity(text.len() + inserts.iter().map(|i| i.1.len()).sum::<usize>());
    let mut from = 0;
    for (at, insert) in inserts {
        out.extend_from_slice(&text[from..at]);
        out.extend_from_slice(insert.as_bytes());
        from = at;
    }
    out.extend_from_slice(&text[from..]);
    out
}

fn next_line(text: &[u8], at: usize) -> usize {
    text[at..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |end| at + end + 1)
}

struct Scan<'t, 'a> {
    text: &'t [u8],
    at: usize,
    /// Where to put what, ascending.
    inserts: Vec<(usize, String)>,
    additions: &'a Additions,
    counts: &'a mut Counts,
}

/// A list of objects: where its bracket closes, whether it holds anything, their keys or names.
#[derive(Default)]
struct List {
    end: usize,
    empty: bool,
    names: Vec<String>,
}

/// What was seen of an object that may be a span.
#[derive(Default)]
struct SpanSeen {
    trace: String,
    span: String,
    start: String,
    attributes: Option<List>,
    events: Option<List>,
}

impl Scan<'_, '_> {
    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at)?.is_ascii_whitespace() {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Crosses a value; `spans` where it is a list of spans.
    fn value(&mut self, depth: u32, spans: bool) -> Option<()> {
        if depth > MOST_DEPTH {
            return None;
        }
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => {
                self.at += 1;
                self.elements(|scan| {
                    if spans && scan.peek()? == b'{' {
                        scan.span(depth + 1)
                    } else {
                        scan.value(depth + 1, false)
                    }
                })
            }
            b'"' => self.string().map(drop),
            _ => {
                let start = self.at;
                let more =
                    |byte: &u8| !matches!(byte, b',' | b'}' | b']') && !byte.is_ascii_whitespace();
                while self.text.get(self.at).is_some_and(more) {
                    self.at += 1;
                }
                (self.at > start).then_some(())
            }
        }
    }

    /// The elements of a list whose bracket is behind.
    fn elements(&mut self, mut each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        if self.peek()? == b']' {
            return self.eat(b']');
        }
        loop {
            each(self)?;
            if self.peek()? == b',' {
                self.at += 1;
            } else {
                return self.eat(b']');
            }
        }
    }

    /// The members of an object; `each` crosses the value of a key.
    fn members(&mut self, mut each: impl FnMut(&mut Self, &str) -> Option<()>) -> Option<()> {
        self.eat(b'{')?;
        if self.peek()? == b'}' {
            return self.eat(b'}');
        }
        loop {
            let key = self.string()?;
            self.eat(b':')?;
            each(self, &key)?;
            if self.peek()? == b',' {
                self.at += 1;
            } else {
                return self.eat(b'}');
            }
        }
    }

    fn object(&mut self, depth: u32) -> Option<()> {
        self.members(|scan, key| scan.value(depth + 1, key == "spans"))
    }

    /// A string, unescaped; what is no string of JSON comes out empty.
    fn string(&mut self) -> Option<String> {
        self.eat(b'"')?;
        let start = self.at;
        loop {
            match self.text.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        let inside = &self.text[start..self.at];
        self.at += 1;
        if !inside.contains(&b'\\') {
            return Some(String::from_utf8_lossy(inside).into_owned());
        }
        Some(serde_json::from_slice(&self.text[start - 1..self.at]).unwrap_or_default())
    }

    /// Text or a number as it is written.
    fn scalar(&mut self, depth: u32) -> Option<String> {
        if self.peek()? == b'"' {
            return self.string();
        }
        let start = self.at;
        self.value(depth, false)?;
        Some(String::from_utf8_lossy(&self.text[start..self.at]).into_owned())
    }

    /// A list of objects, of which it notes this member.
    fn list(&mut self, depth: u32, member: &str) -> Option<List> {
        let mut list = List { empty: true, ..List::default() };
        self.eat(b'[')?;
        self.elements(|scan| {
            list.empty = false;
            if scan.peek()? != b'{' {
                return scan.value(depth + 1, false);
            }
            scan.members(|scan, key| {
                if key == member && scan.peek()? == b'"' {
                    list.names.push(scan.string()?);
                    return Some(());
                }
                scan.value(depth + 2, false)
            })
        })?;
        list.end = self.at - 1;
        Some(list)
    }

    fn span(&mut self, depth: u32) -> Option<()> {
        let mut seen = SpanSeen::default();
        let inserted = self.inserts.len();
        let crossed = self.members(|scan, key| {
            match key {
                "traceId" | "trace_id" => seen.trace = scan.scalar(depth)?,
                "spanId" | "span_id" => seen.span = scan.scalar(depth)?,
                "startTimeUnixNano" | "start_time_unix_nano" => seen.start = scan.scalar(depth)?,
                "attributes" if scan.peek()? == b'[' => {
                    seen.attributes = Some(scan.list(depth + 1, "key")?);
                }
                "events" if scan.peek()? == b'[' => {
                    seen.events = Some(scan.list(depth + 1, "name")?);
                }
                _ => scan.value(depth + 1, false)?,
            }
            Some(())
        });
        if crossed.is_none() {
            self.inserts.truncate(inserted);
            return None;
        }
        self.add(&seen);
        Some(())
    }

    fn add(&mut self, seen: &SpanSeen) {
        let has = |list: &Option<List>, name: &str| {
            list.as_ref().is_some_and(|list| list.names.iter().any(|have| have == name))
        };
        let (trace, span) = (id_of_json(&seen.trace), id_of_json(&seen.span));
        let has_attribute = |name: &str| has(&seen.attributes, name);
        let has_event = has(&seen.events, CACHE_MISS);
        let new = self.additions.new_to((&trace, &span), has_attribute, has_event);
        let Some(Addition { attributes, cache_miss }) = new else { return };
        self.counts.spans += 1;
        self.counts.attributes += attributes.len();
        let attributes: Vec<String> =
            attributes.iter().map(|(name, value)| attribute(name, value)).collect();
        let events: Vec<String> =
            cache_miss.iter().map(|(reason, source)| event(&seen.start, reason, source)).collect();
        self.counts.events += events.len();
        let mut lists = vec![
            self.insert("attributes", seen.attributes.as_ref(), &attributes),
            self.insert("events", seen.events.as_ref(), &events),
        ];
        lists.retain(|(_, text)| !text.is_empty());
        // Ascending; two new lists stand at the same place, in this order.
        lists.sort_by_key(|(at, _)| *at);
        self.inserts.append(&mut lists);
    }

    /// What to put where so that a list of the span ends with these elements.
    fn insert(&self, name: &str, list: Option<&List>, elements: &[String]) -> (usize, String) {
        let all = elements.join(",");
        match list {
            _ if elements.is_empty() => (self.at, String::new()),
            Some(list) if list.empty => (list.end, all),
            Some(list) => (list.end, format!(",{all}")),
            // A span has ids, so something stands before.
            None => (self.at - 1, format!(",\"{name}\":[{all}]")),
        }
    }
}

fn attribute(name: &str, value: &Value) -> String {
    let value = match value {
        Value::Text(text) => format!("\"stringValue\":{}", serde_json::json!(text)),
        Value::Float(number) => format!("\"doubleValue\":{}", serde_json::json!(number)),
    };
    format!("{{\"key\":\"{name}\",\"value\":{{{value}}}}}")
}

fn event(start: &str, reason: &str, source: &str) -> String {
    let texts = [(REASON, reason), (SOURCE, source)];
    let texts = texts.map(|(name, text)| attribute(name, &Value::Text(text.to_owned())));
    let at = serde_json::json!(start);
    format!(
        "{{\"timeUnixNano\":{at},\"name\":\"{CACHE_MISS}\",\"attributes\":[{}]}}",
        texts.join(",")
    )
}
