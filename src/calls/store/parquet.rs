//! The table as Parquet, read back: row groups in parallel, and of each only what is asked for.

mod write;

use std::collections::BTreeSet;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampNanosecondType};
use arrow_schema::{DataType, TimeUnit};
use parquet::arrow::arrow_reader::RowSelection;
use parquet::file::statistics::Statistics;
use rayon::prelude::*;

use super::fields::{integral, time};
use super::{CHUNK_ROWS, misfit};
use crate::calls::column::Column;
use crate::calls::{CallTable, Cell};
use crate::error::Result;
use crate::ingest::CanonicalInput;
use crate::ingest::parquet::cell::{Scalar, scalar};
use crate::ingest::parquet::open::Open;
use crate::schema::{Col, Kind, SEGMENT_PREFIX};

pub(super) use write::write;

/// A stored table, its footer read.
pub(super) struct Stored {
    file: String,
    open: Open,
}

impl Stored {
    /// Reads the footer.
    pub fn new(input: &CanonicalInput) -> Result<Self> {
        let file = input.file.clone();
        let open = match &input.path {
            Some(path) => Open::file(&file, path)?,
            None => Open::new(&file, input.bytes.clone())?,
        };
        Ok(Self { file, open })
    }

    /// How many rows each row group holds.
    pub fn row_groups(&self) -> Vec<u64> {
        self.open.row_groups()
    }

    /// Between which starts the calls of a row group lie, where the file says so.
    pub fn starts(&self, group: usize) -> Option<(i64, i64)> {
        let named = |name: &str| name == Col::Start.name();
        let field = self.open.fields().iter().find(|field| named(field.name()))?;
        let mut columns = self.open.row_group(group).columns().iter();
        let start = columns.find(|column| named(&column.column_path().string()))?;
        match (field.data_type(), start.statistics()?) {
            (DataType::Timestamp(TimeUnit::Nanosecond, _), Statistics::Int64(found)) => {
                Some((*found.min_opt()?, *found.max_opt()?))
            }
            _ => None,
        }
    }

    /// The kept attributes that it has.
    pub fn segments(&self) -> BTreeSet<&str> {
        let names = self.open.fields().iter().map(|field| field.name().as_str());
        names.filter(|name| name.starts_with(SEGMENT_PREFIX)).collect()
    }

    /// Some columns of a row group, or of some of its rows, part by part.
    pub fn group(
        &self,
        group: usize,
        (cols, segments): (&[Col], &BTreeSet<&str>),
        rows: Option<RowSelection>,
    ) -> Result<Vec<CallTable>> {
        let mut names: Vec<&str> = cols.iter().map(|col| col.name()).collect();
        names.extend(segments);
        let mut tables = Vec::new();
        self.open.selected(group, &names, (rows, CHUNK_ROWS), |batch| {
            let of = |name: &str| batch.column_by_name(name).map(AsRef::as_ref);
            let rows = batch.num_rows();
            let place = format!("{}, row group {group}", self.file);
            let columns = Col::all().map(|col| match cols.contains(&col) {
                true => column(&place, col, of(col.name()), rows),
                false => Ok(None),
            });
            let kept = segments.iter();
            let kept =
                kept.filter_map(|name| Some(((*name).to_owned(), segment(of(name)?, rows)?)));
            tables.push(CallTable::new(rows, columns.collect::<Result<_>>()?, kept.collect()));
            Ok(())
        })?;
        Ok(tables)
    }
}

/// Reads the table, or of its columns those that are needed and all kept attributes.
pub(super) fn read(input: &CanonicalInput, cols: Option<&[Col]>) -> Result<CallTable> {
    let stored = Stored::new(input)?;
    let all: Vec<Col> = Col::all().collect();
    let segments = stored.segments();
    let asked = (cols.unwrap_or(&all), &segments);
    let groups = (0..stored.row_groups().len()).into_par_iter();
    let tables: Vec<Vec<CallTable>> =
        groups.map(|group| stored.group(group, asked, None)).collect::<Result<_>>()?;
    Ok(CallTable::concat(tables.into_iter().flatten().collect()))
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
        (Kind::Text, DataType::Utf8View) => Column::views(Some(col), array.as_string_view()),
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
        Kind::Text => Column::texts(Some(col), cells.map(Cell::text)),
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

fn cell(kind: Kind, found: Scalar<'_>) -> Option<Cell<'_>> {
    match (kind, found) {
        (Kind::Text, Scalar::Text("")) => Some(Cell::Null),
        (Kind::Text, Scalar::Text(text)) => Some(Cell::Lent(text)),
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
        return Column::views(None, texts);
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
