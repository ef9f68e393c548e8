//! Parquet, written anew with the same columns and types. As the ClickHouse exporter's table is
//! exported: longer maps of attributes and longer lists of events.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, BinaryArray, LargeStringArray, ListArray, MapArray, RecordBatch, StringArray,
    StringViewArray, StructArray, make_array,
};
use arrow_buffer::OffsetBuffer;
use arrow_data::transform::MutableArrayData;
use arrow_schema::{ArrowError, DataType, FieldRef, Fields};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use prost::bytes::Bytes;

use super::Counts;
use super::additions::{Addition, Additions, CACHE_MISS, REASON, SOURCE, Value};
use super::flattened::Flattened;
use crate::error::{Error, Result};

const TRACE_ID: &str = "TraceId";
const SPAN_ID: &str = "SpanId";
const START: &str = "Timestamp";
const ATTRIBUTES: &str = "SpanAttributes";
const EVENT_TIMES: &str = "Events.Timestamp";
const EVENT_NAMES: &str = "Events.Name";
const EVENT_ATTRIBUTES: &str = "Events.Attributes";

pub(super) type Made<T> = std::result::Result<T, ArrowError>;

/// The file with its additions.
pub(super) fn with(
    name: &str,
    bytes: &[u8],
    additions: &Additions,
    counts: &mut Counts,
) -> Result<Vec<u8>> {
    let damaged = |error: &dyn std::fmt::Display| {
        Error::input(name, format!("Parquet that cannot be written back: {error}"), HELP)
    };
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::copy_from_slice(bytes))
        .map_err(|error| damaged(&error))?;
    let schema = builder.schema().clone();
    let columns = [TRACE_ID, SPAN_ID, START, ATTRIBUTES];
    let is_map = |name: &str| {
        let field = schema.field_with_name(name);
        field.is_ok_and(|field| matches!(field.data_type(), DataType::Map(_, _)))
    };
    let exported = columns.iter().all(|column| schema.field_with_name(column).is_ok());
    let flattened = if exported { None } else { Flattened::of(&schema) };
    if flattened.is_none() && !(exported && is_map(ATTRIBUTES)) {
        return Err(damaged(&"its columns are of a layout that has no place for attributes"));
    }
    let schema = flattened.as_ref().map_or(schema, |layout| layout.schema.clone());
    let level = ZstdLevel::try_new(3).map_err(|error| damaged(&error))?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut out, schema, Some(properties))
        .map_err(|error| damaged(&error))?;
    for batch in builder.build().map_err(|error| damaged(&error))? {
        let batch = batch.map_err(|error| damaged(&error))?;
        let batch = match &flattened {
            Some(layout) => layout.with(&batch, additions, counts),
            None => enriched(&batch, additions, counts),
        };
        let batch = batch.map_err(|error| damaged(&error))?;
        writer.write(&batch).map_err(|error| damaged(&error))?;
    }
    writer.close().map_err(|error| damaged(&error))?;
    Ok(out)
}

const HELP: &str = "enrich the OTLP JSON or protobuf of the same spans, an export of ClickHouse's \
                    otel_traces with SpanAttributes as a map, or a table with a column for each \
                    attribute";

fn enriched(batch: &RecordBatch, additions: &Additions, counts: &mut Counts) -> Made<RecordBatch> {
    let schema = batch.schema();
    let column = |name: &str| batch.column_by_name(name).cloned();
    let need = |name: &str| column(name).ok_or(ArrowError::SchemaError(format!("no {name}")));
    let (traces, spans) = (texts(&need(TRACE_ID)?)?, texts(&need(SPAN_ID)?)?);
    let attributes = need(ATTRIBUTES)?;
    let map = attributes.as_map();
    let keys = texts(map.keys())?;
    let names = column(EVENT_NAMES);
    let event_names = names.as_ref().and_then(|names| names.as_list_opt::<i32>());
    let event_texts = event_names.map(|list| texts(list.values())).transpose()?;
    let rows: Vec<Addition> = (0..batch.num_rows())
        .map(|row| {
            let has = |name: &str| range(map.offsets(), row).any(|at| keys.value(at) == name);
            let has_event = match (&event_names, &event_texts) {
                (Some(list), Some(texts)) => {
                    range(list.offsets(), row).any(|at| texts.value(at) == CACHE_MISS)
                }
                // Nowhere to put one.
                _ => true,
            };
            let ids = (traces.value(row).to_lowercase(), spans.value(row).to_lowercase());
            additions.new_to((&ids.0, &ids.1), has, has_event).unwrap_or_default()
        })
        .collect();
    counts.spans += rows.iter().filter(|row| **row != Addition::default()).count();
    counts.attributes += rows.iter().map(|row| row.attributes.len()).sum::<usize>();
    counts.events += rows.iter().filter(|row| row.cache_miss.is_some()).count();
    let starts = need(START)?;
    let columns = schema.fields().iter().zip(batch.columns()).map(|(field, column)| {
        match field.name().as_str() {
            ATTRIBUTES => longer_map(map, &rows),
            EVENT_TIMES | EVENT_NAMES | EVENT_ATTRIBUTES => {
                longer_list(field.name(), column, &rows, &starts)
            }
            _ => Ok(column.clone()),
        }
    });
    RecordBatch::try_new(schema.clone(), columns.collect::<Made<_>>()?)
}

fn range(offsets: &OffsetBuffer<i32>, row: usize) -> std::ops::Range<usize> {
    let at = |row: usize| usize::try_from(offsets[row]).unwrap_or_default();
    at(row)..at(row + 1)
}

/// A column as text; old servers export every string as binary.
pub(super) fn texts(column: &ArrayRef) -> Made<StringArray> {
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().clone(),
        DataType::LargeUtf8 => column.as_string::<i64>().iter().collect(),
        DataType::Utf8View => column.as_string_view().iter().collect(),
        DataType::Binary => column.as_binary::<i32>().iter().map(|b| b.map(lossy)).collect(),
        kind => return Err(ArrowError::SchemaError(format!("text as {kind} is not written"))),
    })
}

/// Texts in a column of that type.
pub(super) fn of_texts(texts: Vec<Option<&str>>, kind: &DataType) -> Made<ArrayRef> {
    Ok(match kind {
        DataType::Utf8 => Arc::new(StringArray::from(texts)),
        DataType::LargeUtf8 => Arc::new(LargeStringArray::from(texts)),
        DataType::Utf8View => Arc::new(StringViewArray::from(texts)),
        DataType::Binary => {
            let bytes = texts.iter().map(|text| text.map(str::as_bytes));
            Arc::new(bytes.collect::<BinaryArray>())
        }
        kind => return Err(ArrowError::SchemaError(format!("text as {kind} is not written"))),
    })
}

/// Every row's elements followed by so many of the new ones.
fn longer(
    old: (&ArrayRef, &OffsetBuffer<i32>),
    new: &ArrayRef,
    added: impl Iterator<Item = usize>,
) -> Made<(ArrayRef, OffsetBuffer<i32>)> {
    let (values, offsets) = old;
    let (values, fresh) = (values.to_data(), new.to_data());
    let mut grown = MutableArrayData::new(vec![&values, &fresh], true, values.len() + fresh.len());
    let (mut lengths, mut from) = (Vec::new(), 0);
    for (row, count) in added.enumerate() {
        let own = range(offsets, row);
        lengths.push(own.len() + count);
        grown.try_extend(0, own.start, own.end)?;
        grown.try_extend(1, from, from + count)?;
        from += count;
    }
    Ok((make_array(grown.freeze()), OffsetBuffer::from_lengths(lengths)))
}

/// Pairs of texts in the shape of a map's entries.
fn entries(fields: &Fields, pairs: &[(String, String)]) -> Made<ArrayRef> {
    let column = |texts: Vec<&str>, at: usize| {
        let kind = fields.get(at).map_or(DataType::Utf8, |field| field.data_type().clone());
        of_texts(texts.into_iter().map(Some).collect(), &kind)
    };
    let keys = column(pairs.iter().map(|pair| pair.0.as_str()).collect(), 0)?;
    let values = column(pairs.iter().map(|pair| pair.1.as_str()).collect(), 1)?;
    Ok(Arc::new(StructArray::try_new(fields.clone(), vec![keys, values], None)?))
}

fn entry_fields(entries: &FieldRef) -> Made<&Fields> {
    match entries.data_type() {
        DataType::Struct(fields) => Ok(fields),
        _ => Err(ArrowError::SchemaError("a map without entries".to_owned())),
    }
}

fn longer_map(map: &MapArray, rows: &[Addition]) -> Made<ArrayRef> {
    let DataType::Map(field, sorted) = map.data_type() else {
        return Err(ArrowError::SchemaError(format!("{ATTRIBUTES} is no map")));
    };
    let text = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        Value::Float(number) => number.to_string(),
    };
    let pairs: Vec<(String, String)> = rows
        .iter()
        .flat_map(|row| row.attributes.iter().map(|(name, v)| ((*name).to_owned(), text(v))))
        .collect();
    let new = entries(entry_fields(field)?, &pairs)?;
    let old: ArrayRef = Arc::new(map.entries().clone());
    let added = rows.iter().map(|row| row.attributes.len());
    let (values, offsets) = longer((&old, map.offsets()), &new, added)?;
    let values = values.as_struct().clone();
    let nulls = map.nulls().cloned();
    Ok(Arc::new(MapArray::try_new(field.clone(), offsets, values, nulls, *sorted)?))
}

/// One of the parallel lists of events.
fn longer_list(
    name: &str,
    column: &ArrayRef,
    rows: &[Addition],
    starts: &ArrayRef,
) -> Made<ArrayRef> {
    let Some(list) = column.as_list_opt::<i32>() else { return Ok(column.clone()) };
    let DataType::List(field) = list.data_type() else { return Ok(column.clone()) };
    let missed =
        || rows.iter().enumerate().filter_map(|(at, row)| Some((at, row.cache_miss.as_ref()?)));
    let new: ArrayRef = match (name, field.data_type()) {
        (EVENT_TIMES, kind) => {
            if starts.data_type() != kind {
                return Err(ArrowError::SchemaError(format!("{EVENT_TIMES} is no {START}")));
            }
            let starts = starts.to_data();
            let mut times = MutableArrayData::new(vec![&starts], true, starts.len());
            missed().try_for_each(|(at, _)| times.try_extend(0, at, at + 1))?;
            make_array(times.freeze())
        }
        (EVENT_ATTRIBUTES, DataType::Map(entry, sorted)) => {
            let pairs: Vec<(String, String)> = missed()
                .flat_map(|(_, (reason, source))| {
                    [(REASON, reason.as_str()), (SOURCE, *source)]
                        .map(|(name, text)| (name.to_owned(), text.to_owned()))
                })
                .collect();
            let values = entries(entry_fields(entry)?, &pairs)?.as_struct().clone();
            let offsets = OffsetBuffer::from_lengths(missed().map(|_| 2));
            Arc::new(MapArray::try_new(entry.clone(), offsets, values, None, *sorted)?)
        }
        (_, kind) => of_texts(missed().map(|_| Some(CACHE_MISS)).collect(), kind)?,
    };
    let added = rows.iter().map(|row| usize::from(row.cache_miss.is_some()));
    let (values, offsets) = longer((list.values(), list.offsets()), &new, added)?;
    Ok(Arc::new(ListArray::try_new(field.clone(), offsets, values, list.nulls().cloned())?))
}
