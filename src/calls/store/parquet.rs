//! The table as Parquet: one column each, zstd, row groups that can be read in parallel.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampNanosecondType, UInt32Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int64Array, StringArray,
    TimestampNanosecondArray, UInt32Array, new_null_array,
};
use arrow_buffer::{NullBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, FieldRef, Schema, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use rayon::prelude::*;

use super::fields::{integral, time};
use super::misfit;
use crate::calls::column::{Column, tells_apart};
use crate::calls::{CallTable, Cell, Codes};
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
        let rows = start..table.len().min(start + GROUP_ROWS);
        let cells: Vec<Option<&Column>> = table.all().map(|(_, _, column)| column).collect();
        let write = |((field, column), writer): ((&FieldRef, Option<&Column>), _)| {
            write_column(field, &array(field.data_type(), column, rows.clone()), writer)
        };
        let fields = schema.fields().par_iter().zip(cells);
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
    cells: &ArrayRef,
    mut writer: ArrowColumnWriter,
) -> parquet::errors::Result<ArrowColumnChunk> {
    for leaf in compute_leaves(field, cells)? {
        writer.write(&leaf)?;
    }
    writer.close()
}

fn schema(table: &CallTable) -> Schema {
    let field = |(col, name, _): (Option<Col>, &str, _)| Field::new(name, data_type(col), true);
    Schema::new(table.all().map(field).collect::<Vec<_>>())
}

fn data_type(col: Option<Col>) -> DataType {
    match col.map_or(Kind::Text, |col| col.info().kind) {
        Kind::Text => DataType::Utf8,
        Kind::Seconds | Kind::Ratio => DataType::Float64,
        Kind::Tokens | Kind::Count => DataType::Int64,
        Kind::Flag => DataType::Boolean,
        Kind::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
    }
}

/// Some rows of a column as Arrow has them; of none, so many nulls. Text that repeats stays coded.
fn array(kind: &DataType, column: Option<&Column>, rows: Range<usize>) -> ArrayRef {
    let Some(column) = column else { return new_null_array(kind, rows.len()) };
    let known = |known: NullBuffer| Some(known).filter(|known| known.null_count() > 0);
    match column {
        Column::Text(texts) => Arc::new(texts.array(rows)),
        Column::Coded(codes) => {
            let cells = &codes.codes[rows];
            let nulls = cells.iter().map(|code| *code != Codes::NULL).collect();
            let keys = cells.iter().map(|code| if *code == Codes::NULL { 0 } else { *code });
            let keys = UInt32Array::new(keys.collect(), known(nulls));
            let values = StringArray::from_iter_values(&codes.values);
            Arc::new(DictionaryArray::<UInt32Type>::new(keys, Arc::new(values)))
        }
        Column::Float(floats) => {
            let floats = &floats[rows];
            let nulls = floats.iter().map(|float| !float.is_nan()).collect();
            let cells = floats.iter().map(|float| if float.is_nan() { 0.0 } else { *float });
            Arc::new(Float64Array::new(cells.collect(), known(nulls)))
        }
        Column::Int(ints) => {
            let cells = ScalarBuffer::from(ints.values[rows.clone()].to_vec());
            let nulls = known(ints.known[rows].iter().copied().collect());
            match kind {
                DataType::Timestamp(_, _) => {
                    Arc::new(TimestampNanosecondArray::new(cells, nulls).with_timezone("UTC"))
                }
                _ => Arc::new(Int64Array::new(cells, nulls)),
            }
        }
        Column::Flag(flags) => Arc::new(flags[rows].iter().copied().collect::<BooleanArray>()),
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
        let columns = Col::all().map(|col| column(&place, col, of(col.name()), rows));
        let kept = segments.iter();
        let kept = kept.filter_map(|name| Some(((*name).to_owned(), segment(of(name)?, rows)?)));
        tables.push(CallTable::new(rows, columns.collect::<Result<_>>()?, kept.collect()));
        Ok(())
    })?;
    Ok(tables)
}

/// A column of the file as the canonical one.
fn column(place: &str, col: Col, array: Option<&dyn Array>, rows: usize) -> Result<Option<Column>> {
    if let Some(column) = as_written(col, array, rows) {
        return Ok(column);
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
    Ok(of_cells(col, &cells))
}

/// A column of the types that [`write`] gives it, which is none where all is null; nothing where it
/// is of another type, as tools may make it, or where it holds what the table must not.
fn as_written(col: Col, array: Option<&dyn Array>, rows: usize) -> Option<Option<Column>> {
    let known = array.filter(|array| array.null_count() < rows && array.len() == rows);
    let Some(array) = known else { return (col != Col::Start).then_some(None) };
    Some(match (col.info().kind, array.data_type()) {
        (Kind::Text, DataType::Utf8View) => Column::texts(Some(col), array.as_string_view().iter()),
        (Kind::Seconds | Kind::Ratio, DataType::Float64) => {
            let floats = array.as_primitive::<Float64Type>().iter();
            Column::floats(floats.map(|float| float.filter(|f| f.is_finite())))
        }
        (Kind::Tokens | Kind::Count, DataType::Int64) => {
            Column::ints(array.as_primitive::<Int64Type>().iter())
        }
        (Kind::Flag, DataType::Boolean) => Column::flags(array.as_boolean().iter()),
        (Kind::Time, DataType::Timestamp(TimeUnit::Nanosecond, _)) if array.null_count() == 0 => {
            Column::ints(array.as_primitive::<TimestampNanosecondType>().iter())
        }
        _ => return None,
    })
}

fn of_cells(col: Col, cells: &[Cell]) -> Option<Column> {
    let cells = cells.iter();
    match col.info().kind {
        Kind::Text => Column::texts(
            Some(col),
            cells.map(|cell| if let Cell::Text(text) = cell { Some(&**text) } else { None }),
        ),
        Kind::Seconds | Kind::Ratio => Column::floats(
            cells.map(|cell| if let Cell::Float(float) = cell { Some(*float) } else { None }),
        ),
        Kind::Flag => Column::flags(
            cells.map(|cell| if let Cell::Bool(flag) = cell { Some(*flag) } else { None }),
        ),
        Kind::Tokens | Kind::Count | Kind::Time => Column::ints(
            cells.map(|cell| if let Cell::Int(int) = cell { Some(*int) } else { None }),
        ),
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
fn segment(array: &dyn Array, rows: usize) -> Option<Column> {
    if let Some(texts) = array.as_string_view_opt() {
        return Column::texts(None, texts.iter());
    }
    let value = |row| match scalar(array, row)? {
        Scalar::Text("") | Scalar::Bytes(_) => None,
        Scalar::Text(text) => Some(text.to_owned()),
        Scalar::Int(int) | Scalar::Time(int) => Some(int.to_string()),
        Scalar::Float(float) => Some(float.to_string()),
        Scalar::Bool(flag) => Some(flag.to_string()),
    };
    let values: Vec<Option<String>> = (0..rows).map(value).collect();
    Column::texts(None, values.iter().map(Option::as_deref))
}
