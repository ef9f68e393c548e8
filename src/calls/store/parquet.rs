//! The table as Parquet: one column each, zstd, row groups that can be read in parallel.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampNanosecondType};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, StringViewArray,
    TimestampNanosecondArray, new_null_array,
};
use arrow_schema::{DataType, Field, FieldRef, Schema, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use polars::prelude::{Column, Series};
use rayon::prelude::*;

use super::fields::{integral, time};
use super::misfit;
use crate::calls::{CallTable, Cell, columns};
use crate::error::Result;
use crate::ingest::CanonicalInput;
use crate::ingest::parquet::cell::{Scalar, scalar};
use crate::ingest::parquet::open::Open;
use crate::schema::{Col, Kind, SEGMENT_PREFIX};

/// Rows of a row group: the unit in which a table is written, and read in parallel.
const GROUP_ROWS: usize = 1 << 17;

/// Writes the table.
pub(super) fn write(table: &CallTable, out: &mut (dyn Write + Send)) -> io::Result<()> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(GROUP_ROWS));
    // Where nearly every value is another, a dictionary is work for nothing.
    for col in Col::all().filter(|col| tells_apart(*col)) {
        properties = properties.set_column_dictionary_enabled(col.name().into(), false);
    }
    let schema = Arc::new(schema(table));
    let writer = ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties.build()))?;
    let (mut writer, columns) = writer.into_serialized_writer()?;
    for (group, start) in (0..table.len()).step_by(GROUP_ROWS).enumerate() {
        let columns = columns.create_column_writers(group)?;
        let fields = schema.fields().par_iter().zip(table.frame().columns());
        let write = |((field, column), writer): ((&FieldRef, &Column), _)| {
            write_column(field, &slice(column, start), writer)
        };
        let chunks: Vec<_> = fields.zip(columns).map(write).collect();
        let mut group = writer.next_row_group()?;
        for chunk in chunks {
            chunk?.append_to_row_group(&mut group)?;
        }
        group.close()?;
    }
    writer.close()?;
    Ok(())
}

/// Encodes and compresses one column of a row group.
fn write_column(
    field: &Field,
    column: &Column,
    mut writer: ArrowColumnWriter,
) -> parquet::errors::Result<ArrowColumnChunk> {
    for leaf in compute_leaves(field, &array(column))? {
        writer.write(&leaf)?;
    }
    writer.close()
}

fn schema(table: &CallTable) -> Schema {
    let columns = table.frame().columns().iter();
    let field = |column: &Column| Field::new(column.name().as_str(), data_type(column), true);
    Schema::new(columns.map(field).collect::<Vec<_>>())
}

fn slice(column: &Column, start: usize) -> Column {
    column.slice(i64::try_from(start).unwrap_or(i64::MAX), GROUP_ROWS)
}

fn data_type(column: &Column) -> DataType {
    match kind(column) {
        Kind::Text => DataType::Utf8,
        Kind::Seconds | Kind::Ratio => DataType::Float64,
        Kind::Tokens | Kind::Count => DataType::Int64,
        Kind::Flag => DataType::Boolean,
        Kind::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
    }
}

fn kind(column: &Column) -> Kind {
    Col::from_name(column.name()).map_or(Kind::Text, |col| col.info().kind)
}

/// Whether nearly every row has another value in a column.
fn tells_apart(col: Col) -> bool {
    match col.info().kind {
        Kind::Seconds | Kind::Ratio | Kind::Time => true,
        Kind::Text => matches!(
            col,
            Col::TraceId | Col::SpanId | Col::ParentSpanId | Col::RequestId | Col::ResponseId
        ),
        Kind::Tokens | Kind::Count | Kind::Flag => false,
    }
}

fn array(column: &Column) -> ArrayRef {
    let series = column.as_materialized_series();
    if series.null_count() == series.len() {
        return new_null_array(&data_type(column), series.len());
    }
    let typed = "the table's columns have their types";
    match kind(column) {
        Kind::Text => Arc::new(series.str().expect(typed).iter().collect::<StringArray>()),
        Kind::Seconds | Kind::Ratio => {
            Arc::new(series.f64().expect(typed).iter().collect::<Float64Array>())
        }
        Kind::Tokens | Kind::Count => {
            Arc::new(series.i64().expect(typed).iter().collect::<Int64Array>())
        }
        Kind::Flag => Arc::new(series.bool().expect(typed).iter().collect::<BooleanArray>()),
        Kind::Time => {
            let times = series.datetime().expect(typed).physical().iter();
            Arc::new(times.collect::<TimestampNanosecondArray>().with_timezone("UTC"))
        }
    }
}

/// Reads the table.
pub(super) fn read(input: &CanonicalInput) -> Result<CallTable> {
    let open = Open::new(&input.file, input.bytes.clone())?;
    let fields = open.fields().iter().map(|field| field.name().as_str());
    let segments: BTreeSet<&str> = fields.filter(|name| name.starts_with(SEGMENT_PREFIX)).collect();
    let groups = 0..open.row_groups().len();
    let groups = groups.into_par_iter().map(|group| read_group(input, &open, group, &segments));
    let tables: Vec<Vec<CallTable>> = groups.collect::<Result<_>>()?;
    Ok(CallTable::concat(tables.into_iter().flatten().collect()))
}

fn read_group(
    input: &CanonicalInput,
    open: &Open,
    group: usize,
    segments: &BTreeSet<&str>,
) -> Result<Vec<CallTable>> {
    let mut names: Vec<&str> = Col::all().map(Col::name).collect();
    names.extend(segments);
    let mut tables = Vec::new();
    open.batches(group, &names, |batch| {
        let of = |name: &str| batch.column_by_name(name).map(AsRef::as_ref);
        let rows = batch.num_rows();
        let place = format!("{}, row group {group}", input.file);
        let mut series: Vec<Series> = Col::all()
            .map(|col| column(&place, col, of(col.name()), rows))
            .collect::<Result<_>>()?;
        series.extend(segments.iter().map(|name| segment(name, of(name), rows)));
        tables.push(CallTable::from_series(rows, series));
        Ok(())
    })?;
    Ok(tables)
}

/// A column of the file as the canonical one.
fn column(place: &str, col: Col, array: Option<&dyn Array>, rows: usize) -> Result<Series> {
    if let Some(series) = as_written(col, array, rows) {
        return Ok(series);
    }
    let kind = col.info().kind;
    let misfit = |found| misfit(place, col.name(), found, kind.describe());
    let cells = (0..rows).map(|row| {
        let found = array.and_then(|array| scalar(array, row));
        let Some(found) = found else {
            let valid = array.is_some_and(|array| array.is_valid(row));
            // A NaN is null; anything else that is there and no scalar is nested.
            let nested = valid && array.is_some_and(|array| array.data_type().is_nested());
            return if nested { Err(misfit("nested values")) } else { Ok(Cell::Null) };
        };
        cell(kind, found).ok_or_else(|| misfit(describe(found)))
    });
    let cells: Vec<Cell> = cells.collect::<Result<_>>()?;
    if col == Col::Start && cells.contains(&Cell::Null) {
        return Err(misfit("nothing"));
    }
    Ok(series(col, &cells))
}

/// A column of the types that [`write`] gives it; none where it is of another one, as tools may
/// make it, or where it holds what the table must not.
fn as_written(col: Col, array: Option<&dyn Array>, rows: usize) -> Option<Series> {
    let known = array.filter(|array| array.null_count() < rows && array.len() == rows);
    let Some(array) = known else {
        return (col != Col::Start).then(|| columns::null(col, rows));
    };
    Some(match (col.info().kind, array.data_type()) {
        (Kind::Text, DataType::Utf8View) => text(col.name(), array.as_string_view()),
        (Kind::Seconds | Kind::Ratio, DataType::Float64) => {
            let floats = array.as_primitive::<Float64Type>().iter();
            columns::floats(col, floats.map(|float| float.filter(|f| f.is_finite())).collect())
        }
        (Kind::Tokens | Kind::Count, DataType::Int64) => {
            columns::ints(col, array.as_primitive::<Int64Type>().iter().collect())
        }
        (Kind::Flag, DataType::Boolean) => columns::flags(col, array.as_boolean().iter().collect()),
        (Kind::Time, DataType::Timestamp(TimeUnit::Nanosecond, _)) if array.null_count() == 0 => {
            let times = array.as_primitive::<TimestampNanosecondType>().iter();
            columns::ints(col, times.collect())
        }
        _ => return None,
    })
}

/// A text column; empty text is null.
fn text(name: &str, texts: &StringViewArray) -> Series {
    columns::texts(name, texts.iter().map(|text| text.filter(|text| !text.is_empty())).collect())
}

fn series<'a>(col: Col, cells: &'a [Cell]) -> Series {
    let int = |cell: &Cell| if let Cell::Int(int) = cell { Some(*int) } else { None };
    match col.info().kind {
        Kind::Text => {
            let text =
                |cell: &'a Cell| if let Cell::Text(text) = cell { Some(&**text) } else { None };
            columns::texts(col.name(), cells.iter().map(text).collect())
        }
        Kind::Seconds | Kind::Ratio => {
            let float = |cell: &Cell| if let Cell::Float(f) = cell { Some(*f) } else { None };
            columns::floats(col, cells.iter().map(float).collect())
        }
        Kind::Flag => {
            let flag = |cell: &Cell| if let Cell::Bool(flag) = cell { Some(*flag) } else { None };
            columns::flags(col, cells.iter().map(flag).collect())
        }
        Kind::Tokens | Kind::Count | Kind::Time => {
            columns::ints(col, cells.iter().map(int).collect())
        }
    }
}

fn cell(kind: Kind, found: Scalar<'_>) -> Option<Cell> {
    match (kind, found) {
        (Kind::Text, Scalar::Text("")) => Some(Cell::Null),
        (Kind::Text, Scalar::Text(text)) => Some(Cell::Text(text.into())),
        (Kind::Seconds | Kind::Ratio, found) => found.number().map(Cell::Float),
        (Kind::Tokens | Kind::Count, Scalar::Int(int)) => Some(Cell::Int(int)),
        (Kind::Tokens | Kind::Count, Scalar::Float(float)) => integral(float),
        (Kind::Flag, Scalar::Bool(flag)) => Some(Cell::Bool(flag)),
        (Kind::Time, Scalar::Time(time)) => Some(Cell::Int(time)),
        (Kind::Time, Scalar::Text(text)) => time(text).map(Cell::Int),
        _ => None,
    }
}

const fn describe(found: Scalar<'_>) -> &'static str {
    match found {
        Scalar::Text(_) => "text",
        Scalar::Bytes(_) => "bytes",
        Scalar::Int(_) | Scalar::Float(_) => "numbers",
        Scalar::Bool(_) => "booleans",
        Scalar::Time(_) => "times",
    }
}

/// A kept attribute, whatever scalar its column holds, as text.
fn segment(name: &str, array: Option<&dyn Array>, rows: usize) -> Series {
    if let Some(texts) = array.and_then(|array| array.as_string_view_opt()) {
        return text(name, texts);
    }
    let value = |row| match scalar(array?, row)? {
        Scalar::Text("") | Scalar::Bytes(_) => None,
        Scalar::Text(text) => Some(text.to_owned()),
        Scalar::Int(int) | Scalar::Time(int) => Some(int.to_string()),
        Scalar::Float(float) => Some(float.to_string()),
        Scalar::Bool(flag) => Some(flag.to_string()),
    };
    let values: Vec<Option<String>> = (0..rows).map(value).collect();
    columns::texts(name, values.iter().map(Option::as_deref).collect())
}
