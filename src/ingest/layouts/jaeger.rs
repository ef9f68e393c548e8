//! Jaeger's JSON, as its UI downloads it and its query API serves it, and as its Elasticsearch
//! storage keeps it: microseconds, tags as a list, the service beside the spans.

use arrow_schema::Fields;

use super::{Events, Layout, Source, Unit, first, has};
use crate::ingest::wanted::Wanted;

/// The layout, where these are its columns.
pub(super) fn layout(fields: &Fields, _: &Wanted) -> Option<Layout> {
    if !has(fields, &["traceID", "spanID", "operationName", "startTime", "duration"]) {
        return None;
    }
    let column = |name: &str| first(fields, &[name]);
    let bag = |name: &str| column(name).map(|column| Source::Bag { column });
    Some(Layout {
        name: "Jaeger",
        trace_id: column("traceID"),
        span_id: column("spanID"),
        parent_span_id: first(fields, &["parentSpanID", "references.spanID"]),
        span_name: column("operationName"),
        kind: column("tags.span.kind"),
        status: first(fields, &["tags.otel.status_code", "tags.error"]),
        times_in: Some(Unit::Microseconds),
        start: column("startTime"),
        duration: Some(("duration".to_owned(), Unit::Microseconds)),
        service: column("process.serviceName"),
        scope_name: first(fields, &["tags.otel.scope.name", "tags.otel.library.name"]),
        scope_version: first(fields, &["tags.otel.scope.version", "tags.otel.library.version"]),
        span: bag("tags").into_iter().chain(bag("tag")).collect(),
        resource: bag("process.tags").into_iter().collect(),
        events: column("logs").map(|column| Events::List { column }),
        ..Layout::default()
    })
}
