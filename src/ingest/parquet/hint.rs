//! How the columns of a file are best held in memory: the same content in Arrow's lighter types.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Schema};

/// The schema with texts as views into the decoded pages, which copies none of them, and the
/// keys of maps as codes into their distinct values, so that each key is looked up once.
pub(super) fn lighter(schema: &Schema) -> Schema {
    let fields: Vec<FieldRef> = schema.fields().iter().map(|field| of_field(field)).collect();
    Schema::new_with_metadata(fields, schema.metadata().clone())
}

fn of_field(field: &Field) -> FieldRef {
    Arc::new(field.clone().with_data_type(of_type(field.data_type())))
}

fn of_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8 => DataType::Utf8View,
        DataType::Binary => DataType::BinaryView,
        DataType::List(item) => DataType::List(of_field(item)),
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| of_field(field)).collect())
        }
        DataType::Map(entries, sorted) => DataType::Map(of_entries(entries), *sorted),
        other => other.clone(),
    }
}

/// The keys and values of a map.
fn of_entries(entries: &Field) -> FieldRef {
    let DataType::Struct(pair) = entries.data_type() else { return Arc::new(entries.clone()) };
    let key = |field: &Field| {
        let codes = DataType::Dictionary(DataType::Int32.into(), DataType::Utf8.into());
        Arc::new(field.clone().with_data_type(codes))
    };
    let pair = pair.iter().enumerate().map(|(place, field)| match field.data_type() {
        DataType::Utf8 if place == 0 => key(field),
        _ => of_field(field),
    });
    Arc::new(entries.clone().with_data_type(DataType::Struct(pair.collect())))
}
