//! The JavaScript SDK's `ReadableSpan` as JSON: pairs of seconds and nanoseconds, kinds from zero.

use arrow_schema::Fields;

use super::{Events, Layout, Source, first};
use crate::ingest::wanted::Wanted;

/// The layout, where these are its columns.
pub(super) fn layout(fields: &Fields, _: &Wanted) -> Option<Layout> {
    let trace_id = first(fields, &["spanContext.traceId", "_spanContext.traceId"])?;
    let column = |spellings: &[&str]| first(fields, spellings);
    let bag = |spellings: &[&str]| {
        column(spellings).map(|column| Source::Bag { column }).into_iter().collect()
    };
    Some(Layout {
        name: "JavaScript ReadableSpan",
        trace_id: Some(trace_id),
        span_id: column(&["spanContext.spanId", "_spanContext.spanId"]),
        parent_span_id: column(&["parentSpanContext.spanId", "parentSpanId"]),
        span_name: column(&["name"]),
        kind: column(&["kind"]),
        kinds_from_zero: true,
        status: column(&["status.code"]),
        start: Some(column(&["startTime"])?),
        end: column(&["endTime"]),
        scope_name: column(&["instrumentationScope.name", "instrumentationLibrary.name"]),
        scope_version: column(&["instrumentationScope.version", "instrumentationLibrary.version"]),
        span: bag(&["attributes"]),
        resource: bag(&["resource.attributes", "resource._attributes"]),
        events: column(&["events"]).map(|column| Events::List { column }),
        ..Layout::default()
    })
}
