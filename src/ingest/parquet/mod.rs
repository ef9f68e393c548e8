//! Parquet files of spans: one file per layout, recognised by its set of columns.

pub(crate) mod cell;
mod clickhouse;
mod events;
mod langfuse;
mod layout;
mod named;
pub(crate) mod open;
mod render;
mod rows;
mod sources;
mod time;

use rayon::prelude::*;

use self::layout::Layout;
use self::open::Open;
use super::batch::Batch;
use super::outcome::{FileOutcome, Place};
use super::wanted::Wanted;
use super::{CanonicalFormat, CanonicalInput, sniff};
use crate::error::{Error, Result};

/// Columns named in the message that refuses a file.
const COLUMNS_TOLD: usize = 24;

/// Reads a Parquet file; `file` is its name for messages.
///
/// # Errors
/// A file that is no Parquet, or whose columns are no known layout of spans.
pub fn read(file: &str, bytes: Vec<u8>, wanted: &Wanted) -> Result<FileOutcome> {
    let open = Open::new(file, bytes)?;
    let names: Vec<&str> = open.fields().iter().map(|field| field.name().as_str()).collect();
    if sniff::is_canonical(&names) {
        let table = CanonicalInput {
            file: file.to_owned(),
            format: CanonicalFormat::Parquet,
            bytes: open.into_bytes(),
        };
        let format = "parquet: llmspan calls".to_owned();
        return Ok(FileOutcome { table: Some(table), format, ..FileOutcome::default() });
    }
    let layout = recognise(&names, &open, wanted).ok_or_else(|| refusal(file, &names))?;
    Ok(read_spans(&open, &layout, wanted))
}

fn recognise(names: &[&str], open: &Open, wanted: &Wanted) -> Option<Layout> {
    clickhouse::layout(names)
        .or_else(|| langfuse::layout(names, wanted))
        .or_else(|| named::layout(open.fields(), wanted))
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
        let mut batch = Batch::default();
        let ended = open.batches(*group, &columns, |rows| {
            rows::read(layout, wanted, rows, first_row + batch.span_count, &mut batch);
            batch.span_count += rows.num_rows() as u64;
            Ok(())
        });
        (batch, ended.is_err())
    });
    let read: Vec<(Batch, bool)> = read.collect();
    let mut all = Batch::default();
    for ((mut batch, damaged), ((_, first_row), rows)) in
        read.into_iter().zip(groups.iter().zip(&sizes))
    {
        let lost = rows.saturating_sub(batch.span_count);
        if damaged {
            let place = Place::Row(first_row + batch.span_count);
            batch.tally.add("row in a damaged page", lost, place, true);
        }
        batch.span_count = *rows;
        all.absorb(batch, 0, 0);
    }
    let format = format!("parquet: {}", layout.name);
    let (span_count, losses) = (all.span_count, std::mem::take(&mut all.tally));
    FileOutcome { spans: all.into_spans(), table: None, format, span_count, losses }
}

fn refusal(file: &str, names: &[&str]) -> Error {
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
        "a Parquet file, but not of spans. {looks}Looked for ClickHouse `otel_traces` (Timestamp, \
         TraceId, SpanId, SpanAttributes, Duration), span ids and a start time beside flattened \
         `attributes.*` columns or an `attributes` column, Langfuse observations (id, trace_id, \
         start_time, type), and llmspan's own table (start, duration_s). Found the columns {told}"
    );
    let help = "give the table of spans, or export OTLP JSON or protobuf instead";
    Error::input(file, message, help)
}
