//! Langfuse's observations, as its blob export, its batch export and its API write them.
//!
//! A row is handed on with the attribute names that Langfuse's SDK gives to spans, so that one
//! dialect table serves the export and the spans. OpenTelemetry attributes that Langfuse received
//! stand in `metadata` under `attributes` and `resourceAttributes`.

use arrow_schema::Fields;

use super::{Layout, Source, Unit};
use crate::ingest::wanted::Wanted;

/// What the SDK puts before the name of a metadata entry.
const METADATA: &str = "langfuse.observation.metadata.";

/// Columns, in the spelling of the export and of the API, and the SDK's names for what they hold.
const ATTRIBUTES: [(&[&str], &str); 11] = [
    (&["provided_model_name", "model"], "langfuse.observation.model.name"),
    (&["model_parameters", "modelParameters"], "langfuse.observation.model.parameters"),
    (&["usage_details", "usageDetails"], "langfuse.observation.usage_details"),
    (&["level"], "langfuse.observation.level"),
    (&["status_message", "statusMessage"], "langfuse.observation.status_message"),
    (&["prompt_name", "promptName"], "langfuse.observation.prompt.name"),
    (&["prompt_version", "promptVersion"], "langfuse.observation.prompt.version"),
    (&["session_id", "sessionId", "trace.sessionId"], "session.id"),
    (&["environment"], "langfuse.environment"),
    (&["release", "trace.release"], "langfuse.release"),
    (&["trace_name", "traceName", "trace.name"], "langfuse.trace.name"),
];
const FIRST_CHUNK: &str = "langfuse.observation.completion_start_time";

/// The layout, where these are its columns.
pub(super) fn layout(fields: &Fields, wanted: &Wanted) -> Option<Layout> {
    let names = super::names(fields);
    let first = |spellings: &[&str]| {
        let found = spellings.iter().find(|name| names.contains(name));
        found.map(|name| (*name).to_owned())
    };
    let parent = first(&["parent_observation_id", "parentObservationId"]);
    let (trace_id, start) =
        (first(&["trace_id", "traceId"])?, first(&["start_time", "startTime"])?);
    let (id, kind) = (first(&["id"])?, first(&["type"])?);
    let model = first(&["provided_model_name", "usage_details", "usageDetails"]);
    parent.as_ref().or(model.as_ref())?;
    let mut span = vec![Source::Lowercase { column: kind, name: "langfuse.observation.type" }];
    span.extend(ATTRIBUTES.iter().filter_map(|(spellings, attribute)| {
        Some(Source::Attr { column: first(spellings)?, name: (*attribute).to_owned() })
    }));
    let first_chunk = first(&["completion_start_time", "completionStartTime"]);
    span.extend(first_chunk.clone().map(|column| Source::Instant {
        column,
        before: None,
        name: FIRST_CHUNK.to_owned(),
    }));
    let to_first = first(&["time_to_first_token", "timeToFirstToken"]);
    span.extend(to_first.map(|column| Source::Offset {
        column,
        instead_of: first_chunk,
        name: FIRST_CHUNK,
    }));
    let metadata = |prefix| first(&["metadata"]).map(|column| Source::Prefixed { column, prefix });
    span.extend(metadata("attributes"));
    if wanted.attr_names().iter().any(|name| name.starts_with(METADATA)) {
        let under = |column| Source::Under { column, prefix: METADATA };
        span.extend(first(&["metadata"]).map(under));
    }
    Some(Layout {
        name: "Langfuse observations",
        trace_id: Some(trace_id),
        span_id: Some(id),
        parent_span_id: parent,
        span_name: first(&["name"]),
        status: first(&["level"]),
        start: Some(start),
        end: first(&["end_time", "endTime"]),
        duration: first(&["latency"]).map(|column| (column, Unit::SecondsOrMilliseconds)),
        span,
        resource: metadata("resourceAttributes").into_iter().collect(),
        ..Layout::default()
    })
}
