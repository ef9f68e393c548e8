//! Cells as text, where they are nested or in another form than a span would carry.

use std::ops::Range;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_schema::DataType;
use chrono::{DateTime, SecondsFormat};

use super::cell::{Scalar, scalar};

/// A point in time as text.
pub(super) fn rfc3339(time_ns: i64) -> String {
    DateTime::from_timestamp_nanos(time_ns).to_rfc3339_opts(SecondsFormat::Nanos, true)
}

/// A column of times as text.
pub(super) fn times(array: &dyn Array) -> Vec<Option<String>> {
    let time = |row| match scalar(array, row)? {
        Scalar::Time(time_ns) => Some(rfc3339(time_ns)),
        _ => None,
    };
    (0..array.len()).map(time).collect()
}

/// A column of text in lower case.
pub(super) fn lowercase(array: &dyn Array) -> Vec<Option<String>> {
    let text = |row| Some(scalar(array, row)?.text()?.to_ascii_lowercase());
    (0..array.len()).map(text).collect()
}

/// A nested column as JSON text; times are nanoseconds since the epoch.
pub(super) fn documents(array: &dyn Array) -> Vec<Option<String>> {
    let document = |row| {
        let mut text = String::new();
        array.is_valid(row).then(|| json(array, row, &mut text))?;
        Some(text)
    };
    (0..array.len()).map(document).collect()
}

/// A range of the offsets of a list or map.
pub(super) fn range(offsets: &[i32], row: usize) -> Range<usize> {
    let place = |row: usize| offsets.get(row).and_then(|offset| usize::try_from(*offset).ok());
    place(row).unwrap_or_default()..place(row + 1).unwrap_or_default()
}

/// The elements of the list in a row, and where among them its own are.
pub(super) fn items(array: &dyn Array, row: usize) -> Option<(&dyn Array, Range<usize>)> {
    let list = array.as_list_opt::<i32>()?;
    let there = row < list.len() && list.is_valid(row);
    there.then(|| (list.values().as_ref(), range(list.value_offsets(), row)))
}

fn json(array: &dyn Array, row: usize, out: &mut String) {
    if let Some((items, range)) = items(array, row) {
        // An array of texts that are objects themselves is an array of these objects.
        let objects = matches!(items.data_type(), DataType::Utf8 | DataType::Utf8View)
            && texts_are_objects(items, &range);
        return sequence('[', ']', range, out, |item, out| {
            match scalar(items, item).and_then(Scalar::text).filter(|_| objects) {
                Some(object) => out.push_str(object),
                None => json(items, item, out),
            }
        });
    }
    if let Some(fields) = array.as_struct_opt().filter(|fields| fields.is_valid(row)) {
        let names = fields.column_names();
        // A member that is null is no member: sparse structs stand for objects of few.
        let there = (0..names.len()).filter(|field| fields.column(*field).is_valid(row));
        return sequence('{', '}', there, out, |field, out| {
            quoted(names.get(field).copied().unwrap_or_default(), out);
            out.push(':');
            json(fields.column(field).as_ref(), row, out);
        });
    }
    if let Some(map) = array.as_map_opt().filter(|map| map.is_valid(row)) {
        let (keys, values) = (map.keys(), map.values());
        return sequence('{', '}', range(map.value_offsets(), row), out, |entry, out| {
            quoted(scalar(keys.as_ref(), entry).and_then(Scalar::text).unwrap_or_default(), out);
            out.push(':');
            json(values.as_ref(), entry, out);
        });
    }
    match scalar(array, row) {
        Some(Scalar::Text(text)) => quoted(text, out),
        Some(Scalar::Int(int) | Scalar::Time(int)) => out.push_str(&int.to_string()),
        Some(Scalar::Float(float)) => out.push_str(&format!("{float:?}")),
        Some(Scalar::Bool(flag)) => out.push_str(if flag { "true" } else { "false" }),
        Some(Scalar::Bytes(_)) | None => out.push_str("null"),
    }
}

fn texts_are_objects(items: &dyn Array, range: &Range<usize>) -> bool {
    let object = |item| {
        let text = scalar(items, item).and_then(Scalar::text);
        text.is_some_and(|text| {
            text.trim_ascii().starts_with('{') && text.trim_ascii().ends_with('}')
        })
    };
    !range.is_empty() && range.clone().all(object)
}

fn sequence(
    open: char,
    close: char,
    items: impl Iterator<Item = usize>,
    out: &mut String,
    mut each: impl FnMut(usize, &mut String),
) {
    out.push(open);
    for (place, item) in items.enumerate() {
        if place > 0 {
            out.push(',');
        }
        each(item, out);
    }
    out.push(close);
}

fn quoted(text: &str, out: &mut String) {
    out.push_str(&serde_json::to_string(text).expect("text is always a JSON string"));
}
