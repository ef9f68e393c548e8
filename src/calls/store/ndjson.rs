//! The table as NDJSON: one object a line with every column, null where nothing is known.

use std::fmt;
use std::io::{self, Write};
use std::ops::Range;

use rayon::prelude::*;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::fields::{Field, Shown, finite, in_chunks, integral, time};
use super::misfit;
use crate::calls::{Call, CallTable, Cell};
use crate::diagnosis::Loss;
use crate::diagnosis::printable::push_json;
use crate::error::Result;
use crate::ingest::CanonicalInput;
use crate::schema::{Col, Kind, SEGMENT_PREFIX};

/// Bytes read at a time.
const CHUNK_BYTES: usize = 1 << 22;

/// Writes the table.
pub(super) fn write(table: &CallTable, out: &mut dyn Write) -> io::Result<()> {
    let fields = Field::all(table);
    let name = |field: &Field<'_>| serde_json::to_string(field.name);
    let names: Vec<String> = fields.iter().map(name).collect::<serde_json::Result<_>>()?;
    in_chunks(table.len(), out, |rows| lines(&fields, &names, rows))
}

fn lines(fields: &[Field<'_>], names: &[String], rows: Range<usize>) -> io::Result<Vec<u8>> {
    let mut text = Vec::with_capacity(rows.len() * 1024);
    for row in rows {
        let mut separator = b'{';
        for (field, name) in fields.iter().zip(names) {
            text.push(separator);
            text.extend_from_slice(name.as_bytes());
            text.push(b':');
            match field.get(row) {
                Shown::Null => text.extend_from_slice(b"null"),
                Shown::Text(cell) => push_json(&mut text, &serde_json::to_string(cell)?),
                Shown::Float(cell) => serde_json::to_writer(&mut text, &cell)?,
                Shown::Int(cell) => write!(text, "{cell}")?,
                Shown::Flag(cell) => write!(text, "{cell}")?,
                Shown::Time(cell) => write!(text, "\"{cell}\"")?,
            }
            separator = b',';
        }
        text.extend_from_slice(b"}\n");
    }
    Ok(text)
}

/// Reads the table. A line that is no JSON object is lost and counted; a value of the wrong type
/// is an error.
pub(super) fn read(input: &CanonicalInput) -> Result<(CallTable, Vec<Loss>)> {
    let bytes = input.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&input.bytes);
    let chunks = chunks(bytes);
    let read = chunks.par_iter().map(|chunk| read_chunk(&bytes[chunk.clone()]));
    let read: Vec<_> = read.collect();
    let (mut tables, mut lines, mut lost, mut first) = (Vec::new(), 0, 0, None);
    for chunk in read {
        let chunk = chunk.map_err(|misfit| misfit.error(&input.file, lines))?;
        lost += chunk.lost;
        first = first.or(chunk.first_lost.map(|line| lines + line));
        lines += chunk.lines;
        tables.push(chunk.table);
    }
    let losses = first.map(|line| Loss {
        reason: "not a JSON object".to_owned(),
        count: lost,
        first: format!("line {line}"),
        lost: true,
    });
    Ok((CallTable::concat(tables), losses.into_iter().collect()))
}

/// Ranges of whole lines.
fn chunks(bytes: &[u8]) -> Vec<Range<usize>> {
    let (mut chunks, mut start) = (Vec::new(), 0);
    while start < bytes.len() {
        let least = bytes.len().min(start + CHUNK_BYTES);
        let end = memchr::memchr(b'\n', &bytes[least..]).map_or(bytes.len(), |at| least + at + 1);
        chunks.push(start..end);
        start = end;
    }
    chunks
}

struct Chunk {
    table: CallTable,
    lines: u64,
    lost: u64,
    first_lost: Option<u64>,
}

/// A value of the wrong type, in a line counted from 1 within its chunk.
struct Misfit {
    line: u64,
    column: &'static str,
    found: &'static str,
    belongs: &'static str,
}

impl Misfit {
    fn error(&self, file: &str, lines_before: u64) -> crate::error::Error {
        let place = format!("{file}, line {}", lines_before + self.line);
        misfit(&place, self.column, self.found, self.belongs)
    }
}

fn read_chunk(bytes: &[u8]) -> std::result::Result<Chunk, Misfit> {
    let (mut calls, mut lines, mut lost, mut first_lost) = (Vec::new(), 0, 0, None);
    for line in bytes.split(|byte| *byte == b'\n') {
        lines += 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let mut reader = serde_json::Deserializer::from_slice(line);
        let row = reader.deserialize_map(RowVisitor).and_then(|row| reader.end().map(|()| row));
        let Ok(mut row) = row else {
            lost += 1;
            first_lost = first_lost.or(Some(lines));
            continue;
        };
        if *row.call.get(Col::Start) == Cell::Null && row.misfit.is_none() {
            row.misfit = Some((Col::Start, "nothing"));
        }
        if let Some((col, found)) = row.misfit {
            let belongs = col.info().kind.describe();
            return Err(Misfit { line: lines, column: col.name(), found, belongs });
        }
        calls.push(row.call);
    }
    // The split sees an empty line behind the last line break.
    lines -= u64::from(bytes.ends_with(b"\n"));
    Ok(Chunk { table: CallTable::from_calls(calls), lines, lost, first_lost })
}

#[derive(Default)]
struct Row {
    call: Call<'static>,
    misfit: Option<(Col, &'static str)>,
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one call as an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Row, A::Error> {
        let mut row = Row::default();
        let mut expected = Col::all();
        while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            // Columns come in table order where llmspan wrote them: then no search is needed.
            let next = expected.next().filter(|col| col.name() == name);
            if let Some(col) = next.or_else(|| Col::from_name(&name)) {
                match cell(col.info().kind, map.next_value()?) {
                    Ok(cell) => row.call.set(col, cell),
                    Err(found) => row.misfit = row.misfit.or(Some((col, found))),
                }
            } else if let Some(segment) = name.strip_prefix(SEGMENT_PREFIX) {
                match map.next_value()? {
                    Value::Null => {}
                    value => {
                        let text = match value {
                            Value::String(text) => text,
                            other => other.to_string(),
                        };
                        row.call.segments.push((segment.to_owned().into(), text.into()));
                    }
                }
            } else {
                map.next_value::<serde::de::IgnoredAny>()?;
            }
        }
        Ok(row)
    }
}

fn cell(kind: Kind, value: Value) -> std::result::Result<Cell<'static>, &'static str> {
    let found = match value {
        Value::Null => return Ok(Cell::Null),
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    let cell = match (kind, value) {
        (Kind::Text, Value::String(text)) if text.is_empty() => Some(Cell::Null),
        (Kind::Text, Value::String(text)) => Some(Cell::Text(text.into())),
        (Kind::Seconds | Kind::Ratio, Value::Number(number)) => number.as_f64().map(finite),
        (Kind::Tokens | Kind::Count, Value::Number(number)) => {
            number.as_i64().map(Cell::Int).or_else(|| integral(number.as_f64()?))
        }
        (Kind::Flag, Value::Bool(flag)) => Some(Cell::Bool(flag)),
        (Kind::Time, Value::String(text)) => time(&text).map(Cell::Int),
        _ => None,
    };
    cell.ok_or(found)
}
