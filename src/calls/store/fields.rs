//! A table's columns as typed cells, for writing a row, and text as a cell, for reading one.

use chrono::{DateTime, SecondsFormat};
use polars::prelude::{BooleanChunked, Column};
use polars::prelude::{Float64Chunked, Int64Chunked, StringChunked};
use rayon::prelude::*;

use super::CHUNK_ROWS;
use crate::calls::{CallTable, Cell};
use crate::schema::{Col, Kind};

/// One column of the table.
pub(super) struct Field<'a> {
    pub name: &'a str,
    cells: Cells<'a>,
}

enum Cells<'a> {
    Text(&'a StringChunked),
    Float(&'a Float64Chunked),
    Int(&'a Int64Chunked),
    Flag(&'a BooleanChunked),
    Time(&'a Int64Chunked),
}

/// One cell of it.
pub(super) enum Shown<'a> {
    Null,
    Text(&'a str),
    Float(f64),
    Int(i64),
    Flag(bool),
    /// RFC 3339 with nanoseconds.
    Time(String),
}

impl<'a> Field<'a> {
    /// The columns of a table, in its order.
    pub(super) fn all(table: &'a CallTable) -> Vec<Self> {
        table.frame().columns().iter().map(Self::of).collect()
    }

    fn of(column: &'a Column) -> Self {
        let name = column.name().as_str();
        let kind = Col::from_name(name).map_or(Kind::Text, |col| col.info().kind);
        let series = column.as_materialized_series();
        let typed = "the table's columns have their types";
        let cells = match kind {
            Kind::Text => Cells::Text(series.str().expect(typed)),
            Kind::Seconds | Kind::Ratio => Cells::Float(series.f64().expect(typed)),
            Kind::Tokens | Kind::Count => Cells::Int(series.i64().expect(typed)),
            Kind::Flag => Cells::Flag(series.bool().expect(typed)),
            Kind::Time => Cells::Time(series.datetime().expect(typed).physical()),
        };
        Self { name, cells }
    }

    /// The cell in a row.
    pub(super) fn get(&self, row: usize) -> Shown<'a> {
        let shown = match self.cells {
            Cells::Text(cells) => cells.get(row).map(Shown::Text),
            Cells::Float(cells) => cells.get(row).map(Shown::Float),
            Cells::Int(cells) => cells.get(row).map(Shown::Int),
            Cells::Flag(cells) => cells.get(row).map(Shown::Flag),
            Cells::Time(cells) => cells.get(row).map(|time| Shown::Time(rfc3339(time))),
        };
        shown.unwrap_or(Shown::Null)
    }
}

/// A time as text outputs have it.
fn rfc3339(time_ns: i64) -> String {
    DateTime::from_timestamp_nanos(time_ns).to_rfc3339_opts(SecondsFormat::Nanos, true)
}

/// Formats the rows in chunks on all threads and writes them in order.
pub(super) fn in_chunks(
    rows: usize,
    out: &mut dyn std::io::Write,
    format: impl Fn(std::ops::Range<usize>) -> std::io::Result<Vec<u8>> + Sync,
) -> std::io::Result<()> {
    let starts: Vec<usize> = (0..rows).step_by(CHUNK_ROWS).collect();
    for group in starts.chunks(2 * rayon::current_num_threads()) {
        let chunk = |start: &usize| format(*start..rows.min(start + CHUNK_ROWS));
        let texts: Vec<std::io::Result<Vec<u8>>> = group.par_iter().map(chunk).collect();
        for text in texts {
            out.write_all(&text?)?;
        }
    }
    Ok(())
}

/// What stands in a text cell of a column; empty is null. Fails where it cannot be of its kind.
pub(super) fn parsed(kind: Kind, text: &str) -> Option<Cell> {
    if text.is_empty() {
        return Some(Cell::Null);
    }
    match kind {
        Kind::Text => Some(Cell::Text(text.into())),
        Kind::Seconds | Kind::Ratio => text.parse().ok().map(finite),
        Kind::Tokens | Kind::Count => match text.parse() {
            Ok(int) => Some(Cell::Int(int)),
            Err(_) => integral(text.parse().ok()?),
        },
        Kind::Flag if text.eq_ignore_ascii_case("true") => Some(Cell::Bool(true)),
        Kind::Flag if text.eq_ignore_ascii_case("false") => Some(Cell::Bool(false)),
        Kind::Flag => None,
        Kind::Time => time(text).map(Cell::Int),
    }
}

/// A float as a cell; NaN and infinity are null.
pub(super) fn finite(float: f64) -> Cell {
    if float.is_finite() { Cell::Float(float) } else { Cell::Null }
}

/// An integer that was written as a float, as tools do where a column has nulls.
pub(super) fn integral(float: f64) -> Option<Cell> {
    if float.is_nan() {
        return Some(Cell::Null);
    }
    #[allow(clippy::cast_possible_truncation, reason = "checked to be integral and small")]
    (float.fract() == 0.0 && float.abs() < 9.0e15).then_some(Cell::Int(float as i64))
}

/// A time as nanoseconds since the epoch: RFC 3339, or without a zone and then UTC.
pub(super) fn time(text: &str) -> Option<i64> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return time.timestamp_nanos_opt();
    }
    let text = text.trim_end_matches(" UTC").trim_end_matches("+00:00");
    let formats = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"];
    let parse = |format| chrono::NaiveDateTime::parse_from_str(text, format).ok();
    formats.into_iter().find_map(parse)?.and_utc().timestamp_nanos_opt()
}
