//! Go's `stdouttrace` exporter: the SDK's span as Go encodes it.

use arrow_schema::Fields;

use super::{Events, Layout, Source, first, has};
use crate::ingest::wanted::Wanted;

/// The layout, where these are its columns.
pub(super) fn layout(fields: &Fields, _: &Wanted) -> Option<Layout> {
    if !has(fields, &["SpanContext.TraceID", "SpanContext.SpanID", "StartTime"]) {
        return None;
    }
    let column = |name: &str| first(fields, &[name]);
    let bag = |name: &str| column(name).map(|column| Source::Bag { column }).into_iter().collect();
    Some(Layout {
        name: "Go stdouttrace",
        trace_id: column("SpanContext.TraceID"),
        span_id: column("SpanContext.SpanID"),
        parent_span_id: column("Parent.SpanID"),
        span_name: column("Name"),
        kind: column("SpanKind"),
        status: column("Status.Code"),
        start: column("StartTime"),
        end: column("EndTime"),
        scope_name: first(fields, &["InstrumentationScope.Name", "InstrumentationLibrary.Name"]),
        scope_version: first(
            fields,
            &["InstrumentationScope.Version", "InstrumentationLibrary.Version"],
        ),
        span: bag("Attributes"),
        resource: bag("Resource"),
        events: column("Events").map(|column| Events::List { column }),
        ..Layout::default()
    })
}
