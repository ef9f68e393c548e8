//! Rows in JSON: objects one a line, in an array, or in an array that a document holds. Objects
//! inside a row are columns with dotted names where they are part of the row, and JSON text where
//! they are content.

use std::borrow::Cow;
use std::collections::HashSet;

use super::table::Table;
use crate::ingest::collect::Raw;
use crate::ingest::escape::{repaired, unescape};
use crate::ingest::json::any::plain;
use crate::ingest::json::pull::{Odd, Pull, Step};
use crate::ingest::json::skip_between;
use crate::ingest::outcome::{Place, Tally};

/// How deep documents, rows and their parts may lie in each other.
const MAX_DEPTH: u32 = 8;

/// Members that hold the rows of a document.
const HOLDERS: [&str; 10] =
    ["observations", "spans", "runs", "data", "result", "list", "rows", "hits", "items", "traces"];

/// Members that only a row has: what has one of them is no document around rows.
const OF_A_ROW: [&str; 8] = [
    "startTime",
    "start_time",
    "StartTime",
    "timestamp",
    "request_created_at",
    "spanID",
    "span_id",
    "spanContext",
];

/// Documents that look like a row and yet hold them.
const SURE_HOLDERS: [&str; 3] = ["observations", "spans", "runs"];

/// Objects that are part of the row: their members are columns.
const PARTS: [&str; 23] = [
    "context",
    "status",
    "parent",
    "spanContext",
    "_spanContext",
    "parentSpanContext",
    "resource",
    "scope",
    "instrumentationScope",
    "instrumentationLibrary",
    "instrumentation_scope",
    "localEndpoint",
    "process",
    "SpanContext",
    "Parent",
    "Status",
    "InstrumentationScope",
    "InstrumentationLibrary",
    "trace",
    "data",
    "_source",
    "hits",
    "request_properties",
];

/// Tags that say what other formats have a member for.
const TAGS: [&str; 8] = [
    "span.kind",
    "otel.status_code",
    "error",
    "otel.scope.name",
    "otel.scope.version",
    "otel.library.name",
    "otel.library.version",
    "service.name",
];

/// What the head of a file shows.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// The columns of its first rows.
    pub names: Vec<String>,
    /// Whether it is OTLP.
    pub otlp: bool,
    /// Whether the attributes of a row are JSON inside a text, which no OTLP has.
    pub text_attributes: bool,
    /// Whether it ends within the first row.
    pub cut: bool,
}

/// The columns of the first rows of a text that may be cut anywhere.
pub(super) fn keys_of_head(head: &[u8]) -> Keys {
    let mut keys = Keys::default();
    let mut pull = Pull::new(head);
    for row in 0..4 {
        if skip_between(&mut pull, head) || keys.otlp {
            break;
        }
        let ended = look(&mut pull, "", 0, &mut keys);
        keys.cut = row == 0 && ended == Err(Odd::End);
        if ended.is_err() {
            break;
        }
    }
    keys
}

/// Collects the names of an object's columns, or of the rows that it holds.
fn look(pull: &mut Pull<'_>, prefix: &str, depth: u32, keys: &mut Keys) -> Step<()> {
    let mut members = pull.object()?;
    while let Some(key) = members.next(pull)? {
        let key: Box<str> = key.owned();
        let name = format!("{prefix}{key}");
        if is_otlp(&key) {
            keys.otlp = true;
            // Of a span that stands alone it matters how its attributes are written.
            if depth > 0 || !matches!(&*key, "startTimeUnixNano" | "start_time_unix_nano") {
                return Ok(());
            }
        }
        let next = pull.peek()?;
        keys.text_attributes |= depth == 0 && key.as_ref() == "attributes" && next == b'"';
        if depth < MAX_DEPTH && next == b'{' && is_part(&key, pull) {
            look(pull, &format!("{name}."), depth + 1, keys)?;
        } else if depth < MAX_DEPTH && next == b'[' && HOLDERS.contains(&&*key) {
            let mut elements = pull.array()?;
            while elements.next(pull)? {
                if pull.peek()? == b'{' {
                    look(pull, "", depth + 1, keys)?;
                } else {
                    pull.skip()?;
                }
            }
        } else {
            pull.skip()?;
        }
        if !keys.names.contains(&name) {
            keys.names.push(name);
        }
    }
    Ok(())
}

/// Whether an object is part of the row. Attributes are its content, unless they hold the times
/// of the span, as in what Datadog's API gives.
fn is_part(key: &str, object: &Pull<'_>) -> bool {
    PARTS.contains(&key)
        || key == "attributes"
            && members(&mut object.clone())
                .is_ok_and(|members| members.iter().any(|(name, _)| name == "start_ns"))
}

fn is_otlp(key: &str) -> bool {
    matches!(
        key,
        "resourceSpans"
            | "resource_spans"
            | "ResourceSpans"
            | "batches"
            | "scopeSpans"
            | "scope_spans"
            | "instrumentationLibrarySpans"
            | "instrumentation_library_spans"
            | "startTimeUnixNano"
            | "start_time_unix_nano"
            | "resourceLogs"
            | "resource_logs"
            | "resourceMetrics"
            | "resource_metrics"
            | "resourceProfiles"
            | "resource_profiles"
    )
}

/// The columns of all rows, in order of appearance.
pub(super) fn names(bytes: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut seen = HashSet::new();
    let mut ignored = Tally::default();
    each(bytes, &mut ignored, &mut |row| {
        for (name, _) in row {
            if !seen.contains(name.as_ref()) {
                seen.insert(name.clone().into_owned());
                names.push(name.clone().into_owned());
            }
        }
        true
    });
    names
}

/// Reads the rows into the table and lets `each_row` look at it after every one, until it says no.
pub(super) fn rows(
    bytes: &[u8],
    table: &mut Table,
    tally: &mut Tally,
    each_row: &mut dyn FnMut(&mut Table) -> bool,
) {
    each(bytes, tally, &mut |row| {
        for (name, value) in row {
            if table.wants(name)
                && let Some(text) = text(*value)
            {
                table.put(name, &text);
            }
        }
        table.end_row();
        each_row(table)
    });
}

fn text(value: Raw<'_>) -> Option<Cow<'_, str>> {
    Some(match value {
        Raw::Text(text) | Raw::Json(text) => String::from_utf8_lossy(text),
        Raw::Escaped(inside) => Cow::Owned(repaired(&unescape(inside)).into()),
        Raw::Int(int) => Cow::Owned(int.to_string()),
        Raw::Float(float) if float.is_finite() => Cow::Owned(float.to_string()),
        Raw::Bool(flag) => Cow::Borrowed(if flag { "true" } else { "false" }),
        _ => return None,
    })
}

/// The columns of a row and their values.
type Row<'a> = Vec<(Cow<'a, str>, Raw<'a>)>;

/// Hands on every row, until `take` says no.
fn each<'a>(bytes: &'a [u8], tally: &mut Tally, take: &mut dyn FnMut(&Row<'a>) -> bool) {
    let mut pull = Pull::new(bytes);
    while !skip_between(&mut pull, bytes) {
        let start = pull.clone();
        let odd = match object(&mut pull, &Vec::new(), 0, take) {
            Ok(true) => continue,
            Ok(false) => return,
            Err(odd) => odd,
        };
        let (reason, line) = match odd {
            Odd::End => ("JSON cut short", line_of(bytes, start.at)),
            Odd::Syntax => ("not JSON", line_of(bytes, start.at)),
        };
        tally.lost(reason, Place::Line(line));
        // The next line may be whole.
        let rest = bytes.get(start.at..).unwrap_or_default();
        match memchr::memchr(b'\n', rest) {
            Some(end) => pull.at = start.at + end + 1,
            None => return,
        }
    }
}

fn line_of(bytes: &[u8], at: usize) -> u64 {
    let before = bytes.get(..at).unwrap_or_default();
    memchr::memchr_iter(b'\n', before).count() as u64 + 1
}

/// Hands on the row that an object is, or the rows that it holds; false where no more is wanted.
fn object<'a>(
    pull: &mut Pull<'a>,
    above: &Row<'a>,
    depth: u32,
    take: &mut dyn FnMut(&Row<'a>) -> bool,
) -> Step<bool> {
    let members = members(pull)?;
    let is_row = members.iter().any(|(key, _)| OF_A_ROW.contains(&key.as_ref()));
    let holds = |(key, value): &&(Cow<'a, str>, Raw<'a>)| {
        let array = matches!(value, Raw::Json([b'[', ..]));
        array
            && HOLDERS.contains(&key.as_ref())
            && (!is_row || SURE_HOLDERS.contains(&key.as_ref()))
    };
    let holders: Vec<_> = members.iter().filter(holds).cloned().collect();
    if holders.is_empty() || depth >= MAX_DEPTH {
        let mut row = Row::new();
        flatten("", members, depth, &mut row);
        // What stands nearer to the row stands above what is inherited.
        let processes = member(above, "processes");
        row.extend(above.iter().cloned());
        if let (Some(Raw::Json(all)), Some(id)) = (processes, member(&row, "processID")) {
            process(all, id, &mut row)?;
        }
        return Ok(take(&row));
    }
    let mut inherited = Row::new();
    let rest = members.into_iter().filter(|(key, _)| holders.iter().all(|held| held.0 != *key));
    flatten("", rest.collect(), depth, &mut inherited);
    inherited.extend(above.iter().cloned());
    for (_, held) in holders {
        let Raw::Json(array) = held else { continue };
        let mut inner = Pull::new(array);
        let mut elements = inner.array()?;
        while elements.next(&mut inner)? {
            if inner.peek()? != b'{' {
                inner.skip()?;
            } else if !object(&mut inner, &inherited, depth + 1, take)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn members<'a>(pull: &mut Pull<'a>) -> Step<Row<'a>> {
    let mut found = Row::new();
    let mut members = pull.object()?;
    while let Some(key) = members.next(pull)? {
        let name = match key.bytes() {
            Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        };
        if let Some(value) = plain(pull)? {
            found.push((name, value));
        }
    }
    Ok(found)
}

fn member<'a>(row: &Row<'a>, name: &str) -> Option<Raw<'a>> {
    row.iter().find(|(have, _)| have == name).map(|(_, value)| *value)
}

fn flatten<'a>(prefix: &str, members: Row<'a>, depth: u32, out: &mut Row<'a>) {
    for (key, value) in members {
        if let Raw::Json(text @ [b'{', ..]) = value
            && depth < MAX_DEPTH
            && is_part(&key, &Pull::new(text))
            && let Ok(inner) = self::members(&mut Pull::new(text))
        {
            flatten(&format!("{prefix}{key}."), inner, depth + 1, out);
            continue;
        }
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}{key}").into() };
        if let Raw::Json(text) = value {
            match key.as_ref() {
                "tags" => tags(&name, text, out),
                "references" => parent(text, out),
                _ => {}
            }
        }
        out.push((name, value));
    }
}

/// The tags that say what other formats have a member for, as columns.
fn tags<'a>(name: &str, text: &'a [u8], out: &mut Row<'a>) {
    let mut note = |key: Cow<'a, str>, value| {
        if TAGS.contains(&key.as_ref()) {
            out.push((format!("{name}.{key}").into(), value));
        }
    };
    if text.starts_with(b"{") {
        for (key, value) in members(&mut Pull::new(text)).unwrap_or_default() {
            note(key, value);
        }
        return;
    }
    for tag in objects(text) {
        if let (Some(Raw::Text(key)), Some(value)) = (member(&tag, "key"), member(&tag, "value")) {
            note(String::from_utf8_lossy(key), value);
        }
    }
}

/// Jaeger's parent: the reference of the kind that a child has.
fn parent<'a>(references: &'a [u8], out: &mut Row<'a>) {
    let all = objects(references);
    let is_child = |row: &&Row<'a>| member(row, "refType") == Some(Raw::Text(b"CHILD_OF"));
    let found = all.iter().find(is_child).and_then(|row| member(row, "spanID"));
    out.extend(found.map(|id| (Cow::Borrowed("references.spanID"), id)));
}

/// The objects in an array.
fn objects(array: &[u8]) -> Vec<Row<'_>> {
    let mut found = Vec::new();
    let mut pull = Pull::new(array);
    let mut read = || -> Step<()> {
        let mut elements = pull.array()?;
        while elements.next(&mut pull)? {
            if pull.peek()? == b'{' {
                found.push(members(&mut pull)?);
            } else {
                pull.skip()?;
            }
        }
        Ok(())
    };
    // What stood before the text stops making sense is used.
    let _ = read();
    found
}

/// The process that a Jaeger span names, as columns of its row.
fn process<'a>(all: &'a [u8], id: Raw<'a>, row: &mut Row<'a>) -> Step<()> {
    let all = members(&mut Pull::new(all))?;
    let found = text(id).and_then(|id| member(&all, &id));
    if let Some(Raw::Json(one)) = found {
        flatten("process.", members(&mut Pull::new(one))?, 1, row);
    }
    Ok(())
}
