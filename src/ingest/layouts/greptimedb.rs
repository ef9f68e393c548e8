//! GreptimeDB's `opentelemetry_traces`: one column for each attribute.

use arrow_schema::Fields;

use super::{Layout, has, named};
use crate::ingest::wanted::Wanted;

/// The layout, where these are its columns.
pub(super) fn layout(fields: &Fields, wanted: &Wanted) -> Option<Layout> {
    if !has(fields, &["timestamp", "timestamp_end", "duration_nano", "span_status_code"]) {
        return None;
    }
    let layout = named::layout(fields, wanted)?;
    Some(Layout { name: "GreptimeDB opentelemetry_traces", ..layout })
}
