//! Zipkin v2: an array of spans, microseconds, every tag as text.

use arrow_schema::Fields;

use super::{Events, Layout, Source, Unit, first, has};
use crate::ingest::wanted::Wanted;

/// The layout, where these are its columns.
pub(super) fn layout(fields: &Fields, _: &Wanted) -> Option<Layout> {
    let told = ["localEndpoint.serviceName", "localEndpoint", "parentId", "tags", "duration"];
    if !has(fields, &["traceId", "id", "timestamp"]) || first(fields, &told).is_none() {
        return None;
    }
    let column = |name: &str| first(fields, &[name]);
    Some(Layout {
        name: "Zipkin v2",
        trace_id: column("traceId"),
        span_id: column("id"),
        parent_span_id: column("parentId"),
        span_name: column("name"),
        kind: column("kind"),
        status: first(fields, &["tags.otel.status_code", "tags.error"]),
        times_in: Some(Unit::Microseconds),
        start: column("timestamp"),
        duration: column("duration").map(|column| (column, Unit::Microseconds)),
        service: column("localEndpoint.serviceName"),
        scope_name: first(fields, &["tags.otel.scope.name", "tags.otel.library.name"]),
        span: column("tags").map(|column| Source::Bag { column }).into_iter().collect(),
        events: column("annotations").map(|column| Events::List { column }),
        ..Layout::default()
    })
}
