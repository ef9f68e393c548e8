//! Rotel's file exporter: attributes as JSON text of text, lengths in nanoseconds.

use arrow_schema::Fields;

use super::{Layout, Unit, has, named};
use crate::ingest::wanted::Wanted;

/// The layout, where these are its columns.
pub(super) fn layout(fields: &Fields, wanted: &Wanted) -> Option<Layout> {
    if !has(fields, &["timestamp", "span_name", "span_attributes", "duration", "events_timestamp"])
    {
        return None;
    }
    let layout = named::layout(fields, wanted)?;
    let duration = Some(("duration".to_owned(), Unit::Nanoseconds));
    Some(Layout { name: "Rotel", duration, ..layout })
}
