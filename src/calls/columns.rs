//! Calls, one wide row each, to the table's columns.

use std::collections::BTreeMap;

use polars::prelude::{
    BooleanChunked, BooleanChunkedBuilder, ChunkedBuilder, DataType, Float64Type, IdxSize,
    Int64Chunked, Int64Type, IntoSeries, NamedFrom, NewChunkedArray, PlSmallStr,
    PrimitiveChunkedBuilder, Series, StringChunkedBuilder, TimeUnit, TimeZone,
};

use super::{Call, Cell};
use crate::schema::{Col, Kind, SEGMENT_PREFIX};

/// Some rows of a table: of the canonical columns those of which anything is known, in table order,
/// then the kept attributes by name.
#[derive(Debug, Default)]
pub(super) struct Stretch {
    pub rows: usize,
    pub series: Vec<Series>,
}

impl Stretch {
    /// The rows of these calls, in their order. Empty text is null, and of an attribute that a
    /// call names twice the first stands.
    pub fn of<'c>(calls: impl ExactSizeIterator<Item = &'c Call>) -> Self {
        Self { rows: calls.len(), series: known(calls) }
    }

    /// Only these of the rows.
    pub fn only(&self, rows: &[usize]) -> Self {
        let places: Vec<IdxSize> =
            rows.iter().map(|row| IdxSize::try_from(*row).expect("fewer than 2^32 rows")).collect();
        let take = |series: &Series| series.take_slice(&places).expect("rows of the stretch");
        let series = self.series.iter().map(take);
        Self { rows: rows.len(), series: series.filter(is_known).collect() }
    }
}

/// Whether anything is known of a column: one of which nothing is known is left out, and so the
/// table has the same columns in every form.
pub(super) fn is_known(series: &Series) -> bool {
    series.null_count() < series.len()
}

fn known<'c>(calls: impl ExactSizeIterator<Item = &'c Call>) -> Vec<Series> {
    let rows = calls.len();
    let mut columns: Vec<Option<Growing>> = Col::all().map(|_| None).collect();
    let mut segments: BTreeMap<&str, Growing> = BTreeMap::new();
    // Call by call: each lies in a place of its own, and is fetched once this way.
    for (row, call) in calls.enumerate() {
        for (col, cell) in call.cells() {
            let growing = || Growing::new(col.name(), col.info().kind, rows);
            columns[col as usize].get_or_insert_with(growing).put(row, cell);
        }
        for (name, value) in call.segments.iter().filter(|(_, value)| !value.is_empty()) {
            let new = || Growing::new(&format!("{SEGMENT_PREFIX}{name}"), Kind::Text, rows);
            let column = segments.entry(name).or_insert_with(new);
            if column.filled <= row {
                column.put_text(row, value);
            }
        }
    }
    let canonical = columns.into_iter().flatten();
    canonical.chain(segments.into_values()).map(|column| column.finish(rows)).collect()
}

/// A canonical column of which nothing is known.
pub(super) fn null(col: Col, rows: usize) -> Series {
    let kind = match col.info().kind {
        Kind::Text => DataType::String,
        Kind::Seconds | Kind::Ratio => DataType::Float64,
        Kind::Tokens | Kind::Count => DataType::Int64,
        Kind::Time => DataType::Datetime(TimeUnit::Nanoseconds, Some(TimeZone::UTC)),
        Kind::Flag => DataType::Boolean,
    };
    Series::full_null(PlSmallStr::from_static(col.name()), rows, &kind)
}

/// A column that is filled from the top; what is skipped is null.
struct Growing {
    kind: Kind,
    /// Up to which row it is filled.
    filled: usize,
    cells: Cells,
}

enum Cells {
    Text(StringChunkedBuilder),
    Float(PrimitiveChunkedBuilder<Float64Type>),
    Int(PrimitiveChunkedBuilder<Int64Type>),
    Flag(BooleanChunkedBuilder),
}

impl Growing {
    fn new(name: &str, kind: Kind, rows: usize) -> Self {
        let name = PlSmallStr::from_str(name);
        let cells = match kind {
            Kind::Text => Cells::Text(StringChunkedBuilder::new(name, rows)),
            Kind::Seconds | Kind::Ratio => Cells::Float(PrimitiveChunkedBuilder::new(name, rows)),
            Kind::Tokens | Kind::Count | Kind::Time => {
                Cells::Int(PrimitiveChunkedBuilder::new(name, rows))
            }
            Kind::Flag => Cells::Flag(BooleanChunkedBuilder::new(name, rows)),
        };
        Self { kind, filled: 0, cells }
    }

    /// Puts a cell into that row; a value that is not of the column's kind is null.
    fn put(&mut self, row: usize, cell: &Cell) {
        self.skip_to(row);
        self.filled += 1;
        match (&mut self.cells, cell) {
            (Cells::Text(cells), Cell::Text(text)) => cells.append_value(text),
            (Cells::Float(cells), Cell::Float(float)) => cells.append_value(*float),
            #[allow(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
            (Cells::Float(cells), Cell::Int(int)) => cells.append_value(*int as f64),
            (Cells::Int(cells), Cell::Int(int)) => cells.append_value(*int),
            (Cells::Flag(cells), Cell::Bool(flag)) => cells.append_value(*flag),
            _ => self.skip(),
        }
    }

    fn put_text(&mut self, row: usize, text: &str) {
        self.skip_to(row);
        self.filled += 1;
        if let Cells::Text(cells) = &mut self.cells {
            cells.append_value(text);
        }
    }

    fn skip_to(&mut self, row: usize) {
        while self.filled < row {
            self.filled += 1;
            self.skip();
        }
    }

    fn skip(&mut self) {
        match &mut self.cells {
            Cells::Text(cells) => cells.append_null(),
            Cells::Float(cells) => cells.append_null(),
            Cells::Int(cells) => cells.append_null(),
            Cells::Flag(cells) => cells.append_null(),
        }
    }

    fn finish(mut self, rows: usize) -> Series {
        self.skip_to(rows);
        match self.cells {
            Cells::Text(cells) => cells.finish().into_series(),
            Cells::Float(cells) => cells.finish().into_series(),
            Cells::Int(cells) if self.kind == Kind::Time => {
                let utc = Some(TimeZone::UTC);
                cells.finish().into_datetime(TimeUnit::Nanoseconds, utc).into_series()
            }
            Cells::Int(cells) => cells.finish().into_series(),
            Cells::Flag(cells) => cells.finish().into_series(),
        }
    }
}

/// A text column.
pub(super) fn texts(name: &str, values: Vec<Option<&str>>) -> Series {
    Series::new(PlSmallStr::from(name), values)
}

/// A seconds or ratio column.
pub(super) fn floats(col: Col, values: Vec<Option<f64>>) -> Series {
    Series::new(PlSmallStr::from_static(col.name()), values)
}

/// A tokens, count or time column.
pub(super) fn ints(col: Col, values: Vec<Option<i64>>) -> Series {
    let name = PlSmallStr::from_static(col.name());
    if col.info().kind != Kind::Time {
        return Series::new(name, values);
    }
    let ints = Int64Chunked::from_iter_options(name, values.into_iter());
    ints.into_datetime(TimeUnit::Nanoseconds, Some(TimeZone::UTC)).into_series()
}

/// A flag column.
pub(super) fn flags(col: Col, values: Vec<Option<bool>>) -> Series {
    let name = PlSmallStr::from_static(col.name());
    BooleanChunked::from_iter_options(name, values.into_iter()).into_series()
}
