//! The table as CSV: a header line, null as an empty cell.

use std::io::{self, Write};
use std::ops::Range;

use csv::{ReaderBuilder, StringRecord, Writer};

use super::fields::{Field, Shown, in_chunks, parsed};
use super::{CHUNK_ROWS, misfit};
use compact_str::CompactString;

use crate::calls::{Call, CallTable, Cell};
use crate::diagnosis::printable::{spreadsheet_cell, unmarked_cell};
use crate::error::{Error, Result};
use crate::ingest::CanonicalInput;
use crate::schema::{Col, Kind, SEGMENT_PREFIX};

/// Writes the table.
pub(super) fn write(table: &CallTable, out: &mut dyn Write) -> io::Result<()> {
    let fields = Field::all(table);
    let mut header = Writer::from_writer(Vec::new());
    header.write_record(fields.iter().map(|field| spreadsheet_cell(field.name).into_owned()))?;
    out.write_all(&header.into_inner().map_err(csv::IntoInnerError::into_error)?)?;
    in_chunks(table.len(), out, |rows| lines(&fields, rows))
}

fn lines(fields: &[Field<'_>], rows: Range<usize>) -> io::Result<Vec<u8>> {
    let mut writer = Writer::from_writer(Vec::with_capacity(rows.len() * 512));
    for row in rows {
        for field in fields {
            match field.get(row) {
                Shown::Null => writer.write_field("")?,
                Shown::Text(text) => writer.write_field(&*spreadsheet_cell(text))?,
                Shown::Time(time) => writer.write_field(time)?,
                // `Debug` is the shortest text that reads back as the same float.
                Shown::Float(float) => writer.write_field(format!("{float:?}"))?,
                Shown::Int(int) => writer.write_field(int.to_string())?,
                Shown::Flag(flag) => writer.write_field(flag.to_string())?,
            }
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// Where a column of the file goes.
enum Target {
    Col(Col),
    Segment(CompactString),
    Nowhere,
}

/// Reads the table.
pub(super) fn read(input: &CanonicalInput) -> Result<CallTable> {
    let bytes = input.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&input.bytes);
    let mut reader = ReaderBuilder::new().from_reader(bytes);
    let header = reader.headers().map_err(|error| damaged(&input.file, &error))?;
    let targets: Vec<Target> = header.iter().map(target).collect();
    let (mut tables, mut calls) = (Vec::new(), Vec::new());
    let mut record = StringRecord::new();
    loop {
        let more = reader.read_record(&mut record).map_err(|error| damaged(&input.file, &error))?;
        if !more || calls.len() == CHUNK_ROWS {
            tables.push(CallTable::from_calls(std::mem::take(&mut calls)));
        }
        if !more {
            return Ok(CallTable::concat(tables));
        }
        calls.push(call(&input.file, &targets, &record)?);
    }
}

fn target(name: &str) -> Target {
    if let Some(col) = Col::from_name(name) {
        return Target::Col(col);
    }
    name.strip_prefix(SEGMENT_PREFIX).map_or(Target::Nowhere, |name| Target::Segment(name.into()))
}

fn call<'t>(file: &str, targets: &'t [Target], record: &StringRecord) -> Result<Call<'t>> {
    let place = || {
        let line = record.position().map_or(0, csv::Position::line);
        format!("{file}, line {line}")
    };
    let mut call = Call::default();
    for (target, text) in targets.iter().zip(record) {
        match target {
            Target::Col(col) => {
                let kind = col.info().kind;
                let text = match kind {
                    Kind::Text => unmarked_cell(text),
                    _ => text.into(),
                };
                let cell = parsed(kind, &text)
                    .ok_or_else(|| misfit(&place(), col.name(), "other text", kind.describe()))?;
                call.set(*col, cell);
            }
            Target::Segment(name) => {
                let value = unmarked_cell(text).into_owned();
                call.segments.push((name.as_str().into(), value.into()));
            }
            Target::Nowhere => {}
        }
    }
    if *call.get(Col::Start) == Cell::Null {
        return Err(misfit(&place(), Col::Start.name(), "nothing", "a time"));
    }
    Ok(call)
}

fn damaged(file: &str, error: &csv::Error) -> Error {
    let place = error
        .position()
        .map_or_else(|| file.to_owned(), |position| format!("{file}, line {}", position.line()));
    let what = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("a CSV row of {len} cells under a header of {expected_len}; it may be cut")
        }
        csv::ErrorKind::Utf8 { .. } => "a CSV row that is not UTF-8".to_owned(),
        _ => "CSV that cannot be read".to_owned(),
    };
    Error::input(place, what, "write the table again with `llmspan normalize`")
}
