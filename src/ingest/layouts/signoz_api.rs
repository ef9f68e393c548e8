//! SigNoz's query API: camel case, the start beside the span, tags by type.

use arrow_schema::Fields;

use super::{Layout, Source, Unit, first, has};
use crate::ingest::wanted::Wanted;

const BAGS: [&str; 4] =
    ["data.tagMap", "data.stringTagMap", "data.numberTagMap", "data.boolTagMap"];

/// The layout, where these are its columns.
pub(super) fn layout(fields: &Fields, _: &Wanted) -> Option<Layout> {
    if !has(fields, &["timestamp", "data.spanID", "data.traceID", "data.durationNano"]) {
        return None;
    }
    let column = |name: &str| first(fields, &[name]);
    let bag = |name: &&str| column(name).map(|column| Source::Bag { column });
    Some(Layout {
        name: "SigNoz query API",
        trace_id: column("data.traceID"),
        span_id: column("data.spanID"),
        parent_span_id: column("data.parentSpanID"),
        span_name: column("data.name"),
        kind: first(fields, &["data.kind", "data.spanKind"]),
        status: column("data.statusCode"),
        start: column("timestamp"),
        duration: Some(("data.durationNano".to_owned(), Unit::Nanoseconds)),
        service: column("data.serviceName"),
        span: BAGS.iter().filter_map(bag).collect(),
        // Its tags of the resource stand among those of the span.
        resource: BAGS.iter().filter_map(bag).collect(),
        ..Layout::default()
    })
}
