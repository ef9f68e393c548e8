//! A table's columns as typed cells, for writing a row, and text as a cell, for reading one.

use chrono::{DateTime, SecondsFormat};
use rayon::prelude::*;

use super::CHUNK_ROWS;
use crate::calls::column::Column;
use crate::calls::{CallTable, Cell};
use crate::schema::{Col, Kind};

/// One column of the table.
pub(super) struct Field<'a> {
    pub name: &'a str,
    kind: Kind,
    /// Its cells; none where all are null.
    cells: Option<&'a Column>,
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
        let field = |(col, name, cells): (Option<Col>, &'a str, Option<&'a Column>)| Self {
            name,
            kind: col.map_or(Kind::Text, |col| col.info().kind),
            cells,
        };
        table.all().map(field).collect()
    }

    /// The cell in a row.
    pub(super) fn get(&self, row: usize) -> Shown<'a> {
        let Some(cells) = self.cells else { return Shown::Null };
        let shown = match cells {
            Column::Text(_) | Column::Coded(_) => cells.text(row).map(Shown::Text),
            Column::Float(floats) => {
                floats.get(row).filter(|float| !float.is_nan()).map(|float| Shown::Float(*float))
            }
            Column::Int(ints) if self.kind == Kind::Time => {
                ints.get(row).map(|time| Shown::Time(rfc3339(time)))
            }
            Column::Int(ints) => ints.get(row).map(Shown::Int),
            Column::Flag(flags) => flags.get(row).copied().flatten().map(Shown::Flag),
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
pub(super) fn parsed(kind: Kind, text: &str) -> Option<Cell<'static>> {
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
pub(super) fn finite(float: f64) -> Cell<'static> {
    if float.is_finite() { Cell::Float(float) } else { Cell::Null }
}

/// An integer that was written as a float, as tools do where a column has nulls.
pub(super) fn integral(float: f64) -> Option<Cell<'static>> {
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
