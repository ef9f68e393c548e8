//! Tables that name the parts of a span in one of the usual ways: frames made by hand from OTLP or
//! from an SDK's spans, the Python SDK's console dumps, and the tables of many stores.
//!
//! Attributes are flattened into columns (`attributes.gen_ai.request.model`), or one column holds
//! them all as a map, a struct, a list of keys and values, or JSON text.

use arrow_schema::{DataType, Fields};

use super::{Events, Layout, Source, Unit};
use crate::ingest::wanted::Wanted;

const TRACE_ID: &[&str] = &[
    "trace_id",
    "traceId",
    "TraceId",
    "traceID",
    "context.trace_id",
    "trace.trace_id",
    "trace.id",
    "span_trace_id",
];
const SPAN_ID: &[&str] = &[
    "span_id",
    "spanId",
    "SpanId",
    "spanID",
    "context.span_id",
    "trace.span_id",
    "span.id",
    "span_span_id",
    "__index_level_0__",
];
const PARENT: &[&str] = &[
    "parent_span_id",
    "parentSpanId",
    "ParentSpanId",
    "parentSpanID",
    "parent_id",
    "parentId",
    "trace.parent_id",
    "parent.span_id",
    "span_parent_span_id",
    "reference_parent_span_id",
];
const NAME: &[&str] = &["name", "span_name", "spanName", "SpanName", "operation_name"];
const KIND: &[&str] = &["kind", "span_kind", "spanKind", "SpanKind", "span.kind", "kind_string"];
const STATUS: &[&str] = &[
    "status_code",
    "status.code",
    "status.status_code",
    "statusCode",
    "StatusCode",
    "span_status_code",
    "status_code_string",
    "span_status",
    "status",
];
const START: &[&str] = &[
    "start_time_unix_nano",
    "startTimeUnixNano",
    "start_time",
    "startTime",
    "StartTime",
    "start_unix_nano",
    "start_ns",
    "span_start_time_unix_nano",
    "timestamp",
    "Timestamp",
    "start",
];
const END: &[&str] = &[
    "end_time_unix_nano",
    "endTimeUnixNano",
    "end_time",
    "endTime",
    "EndTime",
    "end_unix_nano",
    "end_ns",
    "span_end_time_unix_nano",
    "timestamp_end",
    "end",
];
const DURATION: &[(&str, Unit)] = &[
    ("duration_time_unix_nano", Unit::Nanoseconds),
    ("duration_ns", Unit::Nanoseconds),
    ("span_duration_ns", Unit::Nanoseconds),
    ("duration_nano", Unit::Nanoseconds),
    ("durationNano", Unit::Nanoseconds),
    ("Duration", Unit::Nanoseconds),
    ("duration_us", Unit::Microseconds),
    ("duration_ms", Unit::Milliseconds),
    ("latency_ms", Unit::Milliseconds),
    ("duration_s", Unit::Seconds),
];
const SERVICE: &[&str] = &["service_name", "service.name", "ServiceName", "serviceName"];
const SCOPE: &[&str] =
    &["scope.name", "scope_name", "instrumentation_scope.name", "instrumentation_info.name"];
const SCOPE_VERSION: &[&str] = &[
    "scope.version",
    "scope_version",
    "instrumentation_scope.version",
    "instrumentation_info.version",
];
const SPAN_BAGS: &[&str] = &[
    "attributes",
    "span_attributes",
    "spanAttributes",
    "SpanAttributes",
    "attributes_string",
    "attributes_number",
    "attributes_bool",
];
const RESOURCE_BAGS: &[&str] = &[
    "resource.attributes",
    "resource_attributes",
    "resourceAttributes",
    "ResourceAttributes",
    "resources_string",
    "resource",
];
const SPAN_PREFIXES: &[&str] =
    &["attributes.", "span_attributes.", "span.attributes.", "SpanAttributes."];
const RESOURCE_PREFIXES: &[&str] =
    &["resource.attributes.", "resource_attributes.", "ResourceAttributes."];
const EVENTS: &[&str] = &["events", "span_events", "events_json"];
/// The layout, where these are its columns.
pub(super) fn layout(fields: &Fields, wanted: &Wanted) -> Option<Layout> {
    let has = |name: &&&str| fields.iter().any(|field| field.name() == **name);
    let first = |names: &[&str]| names.iter().find(has).map(|name| (*name).to_owned());
    let (trace_id, span_id) = (first(TRACE_ID), first(SPAN_ID));
    let start = Some(first(START)?);
    trace_id.as_ref().or(span_id.as_ref())?;
    let (span, resource) = (sources(fields, wanted, true), sources(fields, wanted, false));
    if !carries_attributes(fields) {
        return None;
    }
    let flattened = span.iter().any(|source| matches!(source, Source::Attr { .. }));
    Some(Layout {
        name: if flattened { "flattened attributes" } else { "spans with an attributes column" },
        trace_id,
        span_id,
        parent_span_id: first(PARENT),
        span_name: first(NAME),
        kind: first(KIND),
        status: first(STATUS),
        start,
        end: first(END),
        duration: duration(fields),
        service: first(SERVICE),
        scope_name: first(SCOPE),
        scope_version: first(SCOPE_VERSION),
        span,
        resource,
        events: events(fields),
        ..Layout::default()
    })
}

/// Whether any column holds attributes, wanted or not.
fn carries_attributes(fields: &Fields) -> bool {
    fields.iter().any(|field| {
        let name = field.name().as_str();
        let prefixed = SPAN_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        SPAN_BAGS.contains(&name) || prefixed || is_plain_attribute(name)
    })
}

/// Whether a column is named as the attribute that it holds, as Honeycomb and others do.
fn is_plain_attribute(column: &str) -> bool {
    ["gen_ai.", "llm.", "ai."].iter().any(|prefix| column.starts_with(prefix))
}

fn duration(fields: &Fields) -> Option<(String, Unit)> {
    let has = |name: &str| fields.iter().any(|field| field.name() == name);
    let found = DURATION.iter().find(|(name, _)| has(name))?;
    Some((found.0.to_owned(), found.1))
}

fn sources(fields: &Fields, wanted: &Wanted, of_span: bool) -> Vec<Source> {
    let (bags, prefixes) =
        if of_span { (SPAN_BAGS, SPAN_PREFIXES) } else { (RESOURCE_BAGS, RESOURCE_PREFIXES) };
    let source = |field: &arrow_schema::FieldRef| {
        let column = field.name().clone();
        if bags.contains(&column.as_str()) {
            return Some(Source::Bag { column });
        }
        let plain = of_span && column.contains('.') && wanted.attr(&column).is_some();
        let name = prefixes.iter().find_map(|prefix| column.strip_prefix(prefix));
        let name = name.or(plain.then_some(column.as_str()))?.to_owned();
        let read = is_wanted(&name, field.data_type(), wanted) || wanted.counts_unread();
        read.then_some(Source::Attr { column, name })
    };
    fields.iter().filter_map(source).collect()
}

/// Whether a column of an attribute is worth decoding: itself, or one that its struct holds.
fn is_wanted(name: &str, data_type: &DataType, wanted: &Wanted) -> bool {
    let begins = |want: &&str| want.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    wanted.attr(name).is_some() || (data_type.is_nested() && wanted.attr_names().iter().any(begins))
}

fn events(fields: &Fields) -> Option<Events> {
    let column = |name: &str| {
        let mut fields = fields.iter();
        fields.find(|field| field.name() == name).map(|field| field.name().clone())
    };
    if let (Some(time), Some(name)) = (column("events_timestamp"), column("events_name")) {
        return Some(Events::Parallel { time, name, attributes: column("events_attributes") });
    }
    EVENTS.iter().find_map(|name| column(name)).map(|column| Events::List { column })
}
