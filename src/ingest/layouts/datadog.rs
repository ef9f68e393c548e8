//! Datadog's export of LLM Observability spans: nanoseconds, the tokens among the metrics.

use arrow_schema::Fields;

use super::{Layout, Source, Unit, first, has};
use crate::ingest::wanted::Wanted;

/// What the dialect's table puts before the names.
const PREFIX: &str = "datadog.llmobs.";

/// Columns that are handed on, as the export and as its flattened tables name them.
const ATTRIBUTES: [&str; 4] = ["span_kind", "model_name", "model_provider", "ml_app"];

/// The layout, where these are its columns.
pub(super) fn layout(fields: &Fields, _: &Wanted) -> Option<Layout> {
    let inside = |name: &str| first(fields, &[&format!("attributes.{name}"), name]);
    if !has(fields, &["attributes.start_ns"]) && !has(fields, &["start_ns", "ml_app"]) {
        return None;
    }
    let attribute =
        |name: &&str| Some(Source::Attr { column: inside(name)?, name: format!("{PREFIX}{name}") });
    let mut span: Vec<Source> = ATTRIBUTES.iter().filter_map(attribute).collect();
    let under = |column| Source::Under { column, prefix: "datadog.llmobs.metrics." };
    span.extend(inside("metrics").map(under));
    Some(Layout {
        name: "Datadog LLM Observability spans",
        trace_id: inside("trace_id"),
        span_id: Some(inside("span_id")?),
        parent_span_id: inside("parent_id"),
        span_name: inside("name"),
        status: inside("status"),
        times_in: Some(Unit::Nanoseconds),
        start: inside("start_ns"),
        duration: inside("duration").map(|column| (column, Unit::Nanoseconds)),
        span,
        ..Layout::default()
    })
}
