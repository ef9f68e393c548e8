//! Parquet files of spans, read with the layout that their columns are.

mod bags;
pub(crate) mod cell;
mod events;
mod footer;
mod hint;
mod objects;
pub(crate) mod open;
mod otap;
mod pieces;
mod raw;
mod render;
mod rows;
mod sources;
mod tempo;
mod time;

use std::path::Path;

use arrow_array::Array;
use arrow_schema::Fields;
use rayon::prelude::*;

use self::open::Open;
pub(super) use self::rows::read as read_rows;
use super::batch::Batch;
use super::layouts::mapper::{MapRule, Mapping};
use super::layouts::{self, Layout};
use super::outcome::{FileOutcome, Place};
use super::wanted::Wanted;
use super::{CanonicalFormat, CanonicalInput, sniff};
use crate::error::{Error, Result};

/// What llmspan's own table is called among the formats.
const OWN: &str = "parquet: llmspan calls";

/// Columns named in the message that refuses a file.
const COLUMNS_TOLD: usize = 24;

/// llmspan's own table in a file, which then stays where it is until its columns are asked for: it
/// may be far larger than what is needed of it.
pub fn own_table(file: &str, path: &Path) -> Option<FileOutcome> {
    // A pipe is read once.
    let open = path.is_file().then(|| Open::file(file, path).ok()).flatten()?;
    let names: Vec<&str> = open.fields().iter().map(|field| field.name().as_str()).collect();
    let own = sniff::is_canonical(&names);
    own.then(|| {
        let table = CanonicalInput {
            file: file.to_owned(),
            format: CanonicalFormat::Parquet,
            bytes: Vec::new(),
            path: Some(path.to_owned()),
        };
        FileOutcome { table: Some(table), format: OWN.to_owned(), ..FileOutcome::default() }
    })
}

/// Reads a Parquet file; `file` is its name for messages.
///
/// # Errors
/// A file that is no Parquet, or whose columns are no known layout of spans.
pub fn read(file: &str, bytes: Vec<u8>, wanted: &Wanted) -> Result<FileOutcome> {
    read_mapped(file, bytes, wanted, &[])
}

/// The same, where some columns are told (`--map`).
///
/// # Errors
/// A file that is no Parquet, or whose columns are no known layout of spans and make no calls.
pub fn read_mapped(
    file: &str,
    bytes: Vec<u8>,
    wanted: &Wanted,
    map: &[MapRule],
) -> Result<FileOutcome> {
    let open = Open::new(file, bytes)?;
    let names: Vec<&str> = open.fields().iter().map(|field| field.name().as_str()).collect();
    if sniff::is_canonical(&names) {
        let table = CanonicalInput {
            file: file.to_owned(),
            format: CanonicalFormat::Parquet,
            bytes: open.into_bytes(),
            path: None,
        };
        let format = OWN.to_owned();
        return Ok(FileOutcome { table: Some(table), format, ..FileOutcome::default() });
    }
    if tempo::is_block(open.fields()) {
        return Ok(read_block(&open, file, wanted));
    }
    if otap::is_spans(open.fields()) {
        return Ok(otap::read(&open, file, wanted));
    }
    if otap::is_beside(open.fields()) {
        return otap::read_beside(file);
    }
    let told = Mapping::is_told(open.fields(), map);
    if let Some(layout) = layouts::recognise(open.fields(), wanted).filter(|_| !told) {
        return Ok(read_spans(&open, &layout, wanted));
    }
    let mapping = Mapping::choose(open.fields(), map);
    let mut mapping = mapping.ok_or_else(|| refusal(file, "a Parquet file", open.fields()))?;
    let open_units: Vec<String> = mapping.unsettled().into_iter().map(str::to_owned).collect();
    let columns: Vec<&str> = open_units.iter().map(String::as_str).collect();
    if !columns.is_empty() && !open.row_groups().is_empty() {
        let mut sampled = false;
        open.batches(0, &columns, |rows| {
            if !std::mem::replace(&mut sampled, true) {
                mapping.settle(rows);
            }
            Ok(())
        })?;
    }
    let mut outcome = read_spans(&open, &mapping.layout(), wanted);
    outcome.losses.noted(&mapping.said(), Place::File);
    Ok(outcome)
}

/// The columns of a file that are decoded.
#[cfg(feature = "remote")]
pub(super) struct Needed {
    /// The column of the starts.
    pub start: String,
    /// All that are decoded; none where every one is.
    pub columns: Option<Vec<String>>,
}

/// The columns that a file of these would be read by; `None` where it is not of spans.
#[cfg(feature = "remote")]
pub(super) fn needed_columns(fields: &Fields, wanted: &Wanted) -> Option<Needed> {
    let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
    if sniff::is_canonical(&names) {
        return Some(Needed { start: "start".to_owned(), columns: None });
    }
    let layout = layouts::recognise(fields, wanted)?;
    let columns = layout.columns().into_iter().map(str::to_owned).collect();
    Some(Needed { start: layout.start.clone()?, columns: Some(columns) })
}

/// Reads a block of Tempo, in which a row is a trace.
fn read_block(open: &Open, file: &str, wanted: &Wanted) -> FileOutcome {
    let dedicated = tempo::Dedicated::beside(file);
    let mut batch = Batch::default();
    let (mut first_row, mut span_count) = (0, 0);
    for (group, rows) in open.row_groups().iter().enumerate() {
        let mut read = 0;
        let ended = open.batches(group, &["TraceID", tempo::SPANS], |traces| {
            span_count += tempo::read(traces, &dedicated, wanted, first_row + read, &mut batch);
            read += traces.num_rows() as u64;
            Ok(())
        });
        if ended.is_err() {
            let lost = rows.saturating_sub(read);
            batch.tally.add("trace in a damaged page", lost, Place::Row(first_row + read), true);
        }
        first_row += rows;
    }
    let losses = std::mem::take(&mut batch.tally);
    let format = "parquet: Tempo block".to_owned();
    FileOutcome { spans: batch.into_spans(), table: None, format, span_count, losses }
}

/// The numbers in a column, also where they are text.
pub(super) fn numbers(column: &dyn Array) -> Vec<f64> {
    (0..column.len()).filter_map(|row| time::number(cell::scalar(column, row)?)).collect()
}

/// Reads the row groups in parallel; what a damaged one still gave is kept.
fn read_spans(open: &Open, layout: &Layout, wanted: &Wanted) -> FileOutcome {
    let sizes = open.row_groups();
    let mut first_row = 0;
    let columns = layout.columns();
    let groups: Vec<(usize, u64)> = sizes
        .iter()
        .enumerate()
        .map(|(group, rows)| {
            first_row += rows;
            (group, first_row - rows)
        })
        .collect();
    let read = groups.par_iter().map(|(group, first_row)| {
        let (mut batch, mut done) = (Batch::default(), 0);
        let ended = open.batches(*group, &columns, |rows| {
            rows::read(layout, wanted, rows, first_row + done, &mut batch);
            done += rows.num_rows() as u64;
            Ok(())
        });
        (batch.finished(), done, ended.is_err())
    });
    let read: Vec<(Batch, u64, bool)> = read.collect();
    let mut all = Batch::default();
    for ((mut batch, done, damaged), ((_, first_row), rows)) in
        read.into_iter().zip(groups.iter().zip(&sizes))
    {
        if damaged {
            let lost = rows.saturating_sub(done);
            batch.tally.add("row in a damaged page", lost, Place::Row(first_row + done), true);
        }
        if layout.documents.is_none() {
            batch.span_count = *rows;
        }
        all.absorb(batch, 0, 0);
    }
    let format = format!("parquet: {}", layout.name);
    let (span_count, losses) = (all.span_count, std::mem::take(&mut all.tally));
    FileOutcome { spans: all.into_spans(), table: None, format, span_count, losses }
}

/// The error of a table that is none of spans or calls.
pub(super) fn refusal(file: &str, what: &str, fields: &Fields) -> Error {
    let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
    let has = |name: &str| names.contains(&name);
    let mut told = names.iter().take(COLUMNS_TOLD).copied().collect::<Vec<_>>().join(", ");
    if names.len() > COLUMNS_TOLD {
        told.push_str(&format!(" and {} more", names.len() - COLUMNS_TOLD));
    }
    let looks = if has("LogAttributes") || has("severity_number") || has("SeverityText") {
        "It looks like log records. "
    } else {
        ""
    };
    let message = format!(
        "{what}, but not of spans. {looks}Looked for ClickHouse `otel_traces` (Timestamp, \
         TraceId, SpanId, SpanAttributes, Duration), span ids and a start time beside flattened \
         `attributes.*` columns or an `attributes` column, Langfuse observations (id, trace_id, \
         start_time, type), the other formats of docs/formats.md, llmspan's own table (start, \
         duration_s), and columns that make a call: a time, a duration or first token, and a \
         model or token counts. Found the columns {told}"
    );
    let help = "give the table of spans, say which columns are which (--map start=col \
                --map duration=col:ms --map model=col), or export OTLP JSON or protobuf instead";
    Error::input(file, message, help)
}
