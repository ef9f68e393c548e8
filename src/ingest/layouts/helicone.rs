//! Helicone's export of requests: one row a call, lengths in milliseconds.

use arrow_schema::Fields;

use super::{Layout, Unit, first, has, under};
use crate::ingest::wanted::Wanted;

/// The layout, where these are its columns.
pub(super) fn layout(fields: &Fields, wanted: &Wanted) -> Option<Layout> {
    if !has(fields, &["request_id", "request_created_at"]) {
        return None;
    }
    let column = |name: &str| first(fields, &[name]);
    Some(Layout {
        name: "Helicone requests",
        trace_id: column("request_properties.Helicone-Session-Id"),
        span_id: column("request_id"),
        start: column("request_created_at"),
        end: column("response_created_at"),
        duration: column("delay_ms").map(|column| (column, Unit::Milliseconds)),
        span: under("helicone.", fields, wanted),
        ..Layout::default()
    })
}
