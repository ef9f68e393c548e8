//! The table as Parquet, written: one column each, zstd, row groups that can be read in parallel.

use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use arrow_array::types::UInt32Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int64Array, StringArray,
    TimestampNanosecondArray, UInt32Array, new_null_array,
};
use arrow_buffer::{NullBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, FieldRef, Schema, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use rayon::prelude::*;

use crate::calls::column::{Column, tells_apart};
use crate::calls::{CallTable, Codes};
use crate::schema::{Col, Kind};

/// Rows of a row group: the unit in which a table is written, and read in parallel.
const GROUP_ROWS: usize = 1 << 17;

/// Writes the table.
pub fn write(table: &CallTable, out: &mut (dyn Write + Send)) -> io::Result<()> {
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
