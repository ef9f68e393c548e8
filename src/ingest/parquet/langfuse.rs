//! Langfuse's observations, as its blob export and batch export write them.
//!
//! A row is handed on with the attribute names that Langfuse's SDK gives to spans, so that one
//! dialect table serves the export and the spans. OpenTelemetry attributes that Langfuse received
//! stand in `metadata` under `attributes.*` and `resourceAttributes.*`.

use super::layout::{Layout, Source, Unit};
use crate::ingest::wanted::Wanted;

/// What the SDK puts before the name of a metadata entry.
const METADATA: &str = "langfuse.observation.metadata.";

/// Columns and the SDK's names for what they hold.
const ATTRIBUTES: [(&str, &str); 13] = [
    ("provided_model_name", "langfuse.observation.model.name"),
    ("model", "langfuse.observation.model.name"),
    ("model_parameters", "langfuse.observation.model.parameters"),
    ("usage_details", "langfuse.observation.usage_details"),
    ("completion_start_time", "langfuse.observation.completion_start_time"),
    ("level", "langfuse.observation.level"),
    ("prompt_name", "langfuse.observation.prompt.name"),
    ("prompt_version", "langfuse.observation.prompt.version"),
    ("session_id", "session.id"),
    ("user_id", "user.id"),
    ("environment", "langfuse.environment"),
    ("release", "langfuse.release"),
    ("trace_name", "langfuse.trace.name"),
];

/// The layout, where these are its columns.
pub(super) fn layout(names: &[&str], wanted: &Wanted) -> Option<Layout> {
    let required = ["id", "trace_id", "start_time", "type"];
    let either = ["parent_observation_id", "provided_model_name", "usage_details"];
    if !required.iter().all(|name| names.contains(name))
        || !either.iter().any(|name| names.contains(name))
    {
        return None;
    }
    let column = |name: &str| names.contains(&name).then(|| name.to_owned());
    let kind = Source::Lowercase { column: "type".to_owned(), name: "langfuse.observation.type" };
    let mut span = vec![kind];
    span.extend(ATTRIBUTES.iter().filter_map(|(name, attribute)| {
        Some(Source::Attr { column: column(name)?, name: (*attribute).to_owned() })
    }));
    span.extend(column("time_to_first_token").map(|time_to_first| Source::Offset {
        column: time_to_first,
        instead_of: column("completion_start_time"),
        name: "langfuse.observation.completion_start_time",
    }));
    let metadata = |prefix| column("metadata").map(|column| Source::Prefixed { column, prefix });
    span.extend(metadata("attributes"));
    if wanted.attr_names().iter().any(|name| name.starts_with(METADATA)) {
        span.extend(column("metadata").map(|column| Source::Under { column, prefix: METADATA }));
    }
    Some(Layout {
        name: "Langfuse observations",
        trace_id: column("trace_id"),
        span_id: column("id"),
        parent_span_id: column("parent_observation_id"),
        span_name: column("name"),
        status: column("level"),
        start: "start_time".to_owned(),
        end: column("end_time"),
        duration: column("latency").map(|column| (column, Unit::SecondsOrMilliseconds)),
        span,
        resource: metadata("resourceAttributes").into_iter().collect(),
        ..Layout::default()
    })
}
