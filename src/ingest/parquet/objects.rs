//! Tables of which a column holds objects: their members as columns, and traces that stand whole
//! in a cell as JSON text.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::{Field, Schema};

use super::cell::{Scalar, scalar};
use crate::ingest::batch::Batch;
use crate::ingest::json;
use crate::ingest::layouts::Layout;
use crate::ingest::outcome::Place;
use crate::ingest::wanted::Wanted;

/// The batch with a column for every member of its objects that the layout names.
pub(super) fn unfolded<'b>(layout: &Layout, batch: &'b RecordBatch) -> Cow<'b, RecordBatch> {
    if layout.objects.is_empty() {
        return Cow::Borrowed(batch);
    }
    let mut fields: Vec<Field> =
        batch.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
    let mut arrays = batch.columns().to_vec();
    for name in layout.columns() {
        let inside = layout.objects.iter().find_map(|object| {
            let path = name.strip_prefix(object.as_str())?.strip_prefix('.')?;
            Some((batch.column_by_name(object)?, path))
        });
        let known = fields.iter().position(|field| field.name() == name);
        if let Some((object, path)) = inside
            && known.is_none_or(|at| arrays[at].null_count() == batch.num_rows())
        {
            let array = member(object, path);
            let field = Field::new(name, array.data_type().clone(), true);
            match known {
                Some(at) => (fields[at], arrays[at]) = (field, array),
                None => {
                    fields.push(field);
                    arrays.push(array);
                }
            }
        }
    }
    let made = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays);
    Cow::Owned(made.expect("columns of one length, each with its type"))
}

/// The member of every object at that path: of a struct, or of JSON text.
fn member(object: &ArrayRef, path: &str) -> ArrayRef {
    if let Some(fields) = object.as_struct_opt() {
        let (name, rest) = path.split_once('.').map_or((path, None), |(n, rest)| (n, Some(rest)));
        return match (fields.column_by_name(name), rest) {
            (Some(inner), Some(rest)) => member(inner, rest),
            (Some(inner), None) => Arc::clone(inner),
            (None, _) => Arc::new(StringArray::new_null(object.len())),
        };
    }
    let text = |row| match scalar(object.as_ref(), row) {
        Some(Scalar::Text(text)) => in_json(text, path),
        _ => None,
    };
    Arc::new((0..object.len()).map(text).collect::<StringArray>())
}

fn in_json(text: &str, path: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    match path.split('.').try_fold(&value, |value, name| value.get(name))? {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Reads the traces that stand in a column as JSON text, one a row.
pub(super) fn documents(
    column: &str,
    batch: &RecordBatch,
    wanted: &Wanted,
    first_row: u64,
    out: &mut Batch,
) {
    let Some(column) = batch.column_by_name(column) else { return };
    for (row, place) in (0..batch.num_rows()).zip(first_row..) {
        match scalar(column.as_ref(), row) {
            Some(Scalar::Text(text)) => {
                json::read_document(text.as_bytes(), Place::Row(place), wanted, out);
            }
            Some(_) => out.tally.lost("trace in a form that is not JSON", Place::Row(place)),
            None => {}
        }
    }
}
