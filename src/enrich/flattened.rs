//! Parquet with a column for each attribute (`attributes.gen_ai.request.model`): cells that were
//! null are filled, and columns that were not there follow the others.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};

use super::Counts;
use super::additions::{Addition, Additions, Value};
use super::parquet::{Made, of_texts, texts};
use crate::ingest::whole::id_of_json;

/// What stands before an attribute's name.
const PREFIX: &str = "attributes.";
const TRACE_ID: [&str; 4] = ["trace_id", "context.trace_id", "traceId", "TraceId"];
const SPAN_ID: [&str; 4] = ["span_id", "context.span_id", "spanId", "SpanId"];

/// How a file of this layout is written: where its ids are, and its columns with the added ones.
pub struct Flattened {
    trace: usize,
    span: usize,
    /// The file's columns and those that are added.
    pub schema: SchemaRef,
}

impl Flattened {
    /// The layout, where these are its columns.
    pub fn of(schema: &SchemaRef) -> Option<Self> {
        let place = |names: [&str; 4]| names.iter().find_map(|name| schema.index_of(name).ok());
        let (trace, span) = (place(TRACE_ID)?, place(SPAN_ID)?);
        if !schema.fields().iter().any(|field| field.name().starts_with(PREFIX)) {
            return None;
        }
        let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
        for (name, numeric) in Additions::names() {
            let column = format!("{PREFIX}{name}");
            if schema.index_of(&column).is_err() {
                let kind = if numeric { DataType::Float64 } else { DataType::Utf8 };
                fields.push(Arc::new(Field::new(column, kind, true)));
            }
        }
        let schema = Schema::new_with_metadata(fields, schema.metadata().clone());
        Some(Self { trace, span, schema: Arc::new(schema) })
    }

    /// A batch with what is added.
    pub fn with(
        &self,
        batch: &RecordBatch,
        additions: &Additions,
        counts: &mut Counts,
    ) -> Made<RecordBatch> {
        let ids = (texts(batch.column(self.trace))?, texts(batch.column(self.span))?);
        let cell = |name: &str| batch.column_by_name(&format!("{PREFIX}{name}"));
        let rows: Vec<Addition> = (0..batch.num_rows())
            .map(|row| {
                let (trace, span) = (id_of_json(ids.0.value(row)), id_of_json(ids.1.value(row)));
                let has = |name: &str| {
                    cell(name)
                        .is_some_and(|column| !column.is_null(row) || !fillable(column.data_type()))
                };
                // This layout has no one place for events.
                additions.new_to((&trace, &span), has, true).unwrap_or_default()
            })
            .collect();
        counts.spans += rows.iter().filter(|row| !row.attributes.is_empty()).count();
        counts.attributes += rows.iter().map(|row| row.attributes.len()).sum::<usize>();
        let columns = self.schema.fields().iter().enumerate().map(|(at, field)| {
            let old = batch.columns().get(at);
            match field.name().strip_prefix(PREFIX) {
                Some(name) => filled(name, field.data_type(), old, &rows),
                None => old.cloned().ok_or(ArrowError::SchemaError("a column is gone".to_owned())),
            }
        });
        RecordBatch::try_new(self.schema.clone(), columns.collect::<Made<_>>()?)
    }
}

fn fillable(kind: &DataType) -> bool {
    matches!(kind, DataType::Float64 | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// A column with the cells that are added; the column as it is where none are.
fn filled(
    name: &str,
    kind: &DataType,
    old: Option<&ArrayRef>,
    rows: &[Addition],
) -> Made<ArrayRef> {
    let of = |row: &Addition| row.attributes.iter().find(|entry| entry.0 == name).cloned();
    let added: Vec<Option<Value>> = rows.iter().map(|row| of(row).map(|entry| entry.1)).collect();
    if let Some(old) = old
        && added.iter().all(Option::is_none)
    {
        return Ok(old.clone());
    }
    if *kind == DataType::Float64 {
        let old = old.map(AsArray::as_primitive::<Float64Type>);
        let cell = |(row, new): (usize, &Option<Value>)| match new {
            Some(Value::Float(number)) => Some(*number),
            Some(Value::Text(_)) => None,
            None => old.filter(|old| old.is_valid(row)).map(|old| old.value(row)),
        };
        let column: Float64Array = added.iter().enumerate().map(cell).collect();
        return Ok(Arc::new(column));
    }
    let old = old.map(texts).transpose()?;
    let cell = |(row, new): (usize, &Option<Value>)| match new {
        Some(Value::Text(text)) => Some(text.clone()),
        Some(Value::Float(number)) => Some(number.to_string()),
        None => old.as_ref().filter(|old| old.is_valid(row)).map(|old| old.value(row).to_owned()),
    };
    let column: StringArray = added.iter().enumerate().map(cell).collect();
    of_texts(column.iter().collect(), kind)
}
