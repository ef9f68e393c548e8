//! `otel_traces` as the collector's ClickHouse exporter fills it, and otlp2parquet after it.
//!
//! Attributes are a map of text in which arrays are JSON text, or one JSON object; old servers
//! export every string as binary. Events are parallel lists.

use arrow_schema::Fields;

use super::{Events, Layout, Source, Unit};
use crate::ingest::wanted::Wanted;

/// The layout, where these are its columns.
pub(super) fn layout(fields: &Fields, _: &Wanted) -> Option<Layout> {
    let names = super::names(fields);
    let required = ["Timestamp", "TraceId", "SpanId", "SpanAttributes", "Duration"];
    if !required.iter().all(|name| names.contains(name)) {
        return None;
    }
    let column = |name: &str| names.contains(&name).then(|| name.to_owned());
    let bag = |name: &str| column(name).map(|column| Source::Bag { column });
    // otlp2parquet names the lists of events without the dot.
    let events = ["Events.", "Events"].into_iter().find_map(|prefix| {
        Some(Events::Parallel {
            time: column(&format!("{prefix}Timestamp"))?,
            name: column(&format!("{prefix}Name"))?,
            attributes: column(&format!("{prefix}Attributes")),
        })
    });
    let dotted = names.contains(&"Events.Name") || !names.contains(&"EventsName");
    Some(Layout {
        name: if dotted { "ClickHouse otel_traces" } else { "otlp2parquet" },
        trace_id: column("TraceId"),
        span_id: column("SpanId"),
        parent_span_id: column("ParentSpanId"),
        span_name: column("SpanName"),
        kind: column("SpanKind"),
        status: column("StatusCode"),
        start: column("Timestamp"),
        end: None,
        duration: Some(("Duration".to_owned(), Unit::Nanoseconds)),
        service: column("ServiceName"),
        scope_name: column("ScopeName"),
        scope_version: column("ScopeVersion"),
        span: bag("SpanAttributes").into_iter().collect(),
        resource: bag("ResourceAttributes").into_iter().collect(),
        events,
        ..Layout::default()
    })
}
