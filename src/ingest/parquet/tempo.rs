//! Blocks of Grafana Tempo (vParquet 3, 4 and 5): one row a trace, its spans nested by resource and
//! scope. Attributes with a column of their own are named only in the `meta.json` beside the block.

use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch, StructArray};
use arrow_schema::Fields;

use super::cell::{Scalar, scalar};
use super::render;
use crate::ingest::batch::{Batch, RawTimes};
use crate::ingest::collect::{Collector, Raw};
use crate::ingest::outcome::Place;
use crate::ingest::span::{Id, Scope, Span, SpanKind, StatusCode};
use crate::ingest::wanted::Wanted;

/// The column that holds the spans.
pub(super) const SPANS: &str = "rs";

/// Columns that a span or resource has for one attribute.
const OWN: [(&str, &str); 9] = [
    ("ServiceName", "service.name"),
    ("K8sClusterName", "k8s.cluster.name"),
    ("K8sNamespaceName", "k8s.namespace.name"),
    ("K8sPodName", "k8s.pod.name"),
    ("Cluster", "cluster"),
    ("Namespace", "namespace"),
    ("HttpMethod", "http.method"),
    ("HttpUrl", "http.url"),
    ("HttpStatusCode", "http.status_code"),
];

/// Whether these are the columns of a block.
pub(super) fn is_block(fields: &Fields) -> bool {
    ["TraceID", "RootSpanName", SPANS].iter().all(|name| {
        let mut fields = fields.iter();
        fields.any(|field| field.name() == name)
    })
}

/// The attributes behind `String01` and so on, in order.
#[derive(Debug, Default)]
pub(super) struct Dedicated {
    span: Vec<String>,
    resource: Vec<String>,
}

impl Dedicated {
    /// What the `meta.json` beside the block says; nothing where there is none.
    pub(super) fn beside(file: &str) -> Self {
        let meta = Path::new(file).with_file_name("meta.json");
        let text = std::fs::read(meta).unwrap_or_default();
        let meta: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
        let mut found = Self::default();
        let columns = meta.get("dedicatedColumns").and_then(serde_json::Value::as_array);
        for column in columns.into_iter().flatten() {
            let text = |key: &str| column.get(key).and_then(serde_json::Value::as_str);
            let (Some(name), None | Some("string")) = (text("n"), text("t")) else { continue };
            match text("s") {
                Some("resource") => found.resource.push(name.to_owned()),
                _ => found.span.push(name.to_owned()),
            }
        }
        found
    }
}

/// Reads the traces of a batch, the first of which is this row of the file.
pub(super) fn read(
    rows: &RecordBatch,
    dedicated: &Dedicated,
    wanted: &Wanted,
    first_row: u64,
    out: &mut Batch,
) -> u64 {
    let (Some(ids), Some(groups)) = (rows.column_by_name("TraceID"), rows.column_by_name(SPANS))
    else {
        return 0;
    };
    let mut collector = Collector::new(wanted);
    let mut spans = 0;
    for (row, place) in (0..rows.num_rows()).zip(first_row..) {
        let trace_id = bytes(ids.as_ref(), row);
        each(groups.as_ref(), row, |group, at| {
            let mark = out.mark();
            if let Some(scopes) = group.column_by_name("ss") {
                each(scopes.as_ref(), at, |scope, at| {
                    let mark = out.mark();
                    if let Some(list) = scope.column_by_name("Spans") {
                        each(list.as_ref(), at, |span, at| {
                            spans += 1;
                            one(span, at, &trace_id, dedicated, &mut collector, place, out);
                        });
                    }
                    out.close_scope(mark, || scope_of(scope, at));
                });
            }
            out.close_resource(mark, || {
                collector.clear();
                if let Some(resource) = group.column_by_name("Resource").and_then(structs) {
                    attributes(resource, at, &dedicated.resource, &mut collector);
                }
                collector.attrs()
            });
        });
    }
    spans
}

fn one<'s>(
    span: &'s StructArray,
    at: usize,
    trace_id: &Id,
    dedicated: &'s Dedicated,
    collector: &mut Collector<'s, '_>,
    row: u64,
    out: &mut Batch,
) {
    collector.clear();
    attributes(span, at, &dedicated.span, collector);
    let number = |name: &str| match scalar(span.column_by_name(name)?.as_ref(), at) {
        Some(Scalar::Int(int)) => Some(int),
        _ => None,
    };
    let start = number("StartTimeUnixNano").unwrap_or_default();
    events(span, at, start, collector);
    let name = text(span, "Name", at);
    let kind = match number("Kind") {
        Some(1) => SpanKind::Internal,
        Some(2) => SpanKind::Server,
        Some(3) => SpanKind::Client,
        Some(4) => SpanKind::Producer,
        Some(5) => SpanKind::Consumer,
        _ => SpanKind::Unspecified,
    };
    if !collector.keeps(kind, name.as_bytes()) {
        return;
    }
    let id = |name: &str| span.column_by_name(name).map_or(Id::None, |ids| bytes(ids.as_ref(), at));
    let status = match number("StatusCode") {
        Some(1) => StatusCode::Ok,
        Some(2) => StatusCode::Error,
        _ => StatusCode::Unset,
    };
    let kept = Span {
        trace_id: trace_id.clone(),
        span_id: id("SpanID"),
        parent_span_id: id("ParentSpanID"),
        name: name.into(),
        kind,
        status,
        ..Span::default()
    };
    let end = number("DurationNano").and_then(|length| start.checked_add(length));
    let times = RawTimes { start, end: end.unwrap_or_default(), in_ns: false };
    out.push(kept, collector, times, Place::Row(row));
}

/// Notes the attributes of a span or resource: those with a column of their own, then the list.
fn attributes<'s>(
    of: &'s StructArray,
    at: usize,
    dedicated: &'s [String],
    collector: &mut Collector<'s, '_>,
) {
    let mut note = |name: &str, found: Option<Scalar<'s>>| {
        if let (Some(want), Some(found)) = (collector.wanted().attr(name), found)
            && let Some(raw) = raw(found)
        {
            collector.attr(want, raw);
        }
    };
    for (column, name) in OWN {
        note(name, of.column_by_name(column).and_then(|array| first(array.as_ref(), at)));
    }
    if let Some(columns) = of.column_by_name("DedicatedAttributes").and_then(structs) {
        for (number, name) in (1..).zip(dedicated) {
            let column = columns.column_by_name(&format!("String{number:02}"));
            note(name, column.and_then(|array| first(array.as_ref(), at)));
        }
    }
    let Some(list) = of.column_by_name("Attrs") else { return };
    each(list.as_ref(), at, |attribute, at| note(text(attribute, "Key", at), value(attribute, at)));
}

/// The value of an attribute: of the columns for each type the one that holds any.
fn value(attribute: &StructArray, at: usize) -> Option<Scalar<'_>> {
    let columns = ["Value", "ValueInt", "ValueDouble", "ValueBool"];
    columns.iter().find_map(|name| first(attribute.column_by_name(name)?.as_ref(), at))
}

/// The scalar in a cell, or the first one of the list in it.
fn first(array: &dyn Array, at: usize) -> Option<Scalar<'_>> {
    match render::items(array, at) {
        Some((items, mut range)) => scalar(items, range.next()?),
        None => scalar(array, at),
    }
}

fn events<'s>(span: &'s StructArray, at: usize, start: i64, collector: &mut Collector<'s, '_>) {
    let Some(list) = span.column_by_name("Events") else { return };
    each(list.as_ref(), at, |event, at| {
        let Some(want) = collector.wanted().event_bytes(text(event, "Name", at).as_bytes()) else {
            return;
        };
        let number = |name: &str| match scalar(event.column_by_name(name)?.as_ref(), at) {
            Some(Scalar::Int(int)) => Some(int),
            _ => None,
        };
        let since = || start.checked_add(number("TimeSinceStartNano")?);
        collector.event(want, number("TimeUnixNano").or_else(since).unwrap_or_default());
        let Some(attributes) = event.column_by_name("Attrs") else { return };
        each(attributes.as_ref(), at, |attribute, at| {
            let id = want.attr(text(attribute, "Key", at).as_bytes());
            if let (Some(id), Some(raw)) = (id, value(attribute, at).and_then(raw)) {
                collector.event_attr(id, raw);
            }
        });
    });
}

fn raw(found: Scalar<'_>) -> Option<Raw<'_>> {
    match found {
        Scalar::Text(text) => Some(Raw::Text(text.as_bytes())),
        Scalar::Int(int) | Scalar::Time(int) => Some(Raw::Int(int)),
        Scalar::Float(float) => Some(Raw::Float(float)),
        Scalar::Bool(flag) => Some(Raw::Bool(flag)),
        Scalar::Bytes(_) => None,
    }
}

fn scope_of(scope: &StructArray, at: usize) -> Scope {
    let of = scope.column_by_name("Scope").and_then(structs);
    let part = |name| of.map(|of| text(of, name, at)).unwrap_or_default().into();
    Scope { name: part("Name"), version: part("Version") }
}

/// Hands on the structs of the list in a row.
fn each<'s>(list: &'s dyn Array, row: usize, mut take: impl FnMut(&'s StructArray, usize)) {
    let Some((items, range)) = render::items(list, row) else { return };
    let Some(items) = items.as_struct_opt() else { return };
    range.for_each(|at| take(items, at));
}

fn structs(array: &arrow_array::ArrayRef) -> Option<&StructArray> {
    array.as_struct_opt()
}

fn text<'s>(of: &'s StructArray, name: &str, at: usize) -> &'s str {
    let column = of.column_by_name(name);
    column.and_then(|column| scalar(column.as_ref(), at)?.text()).unwrap_or_default()
}

/// An id as raw bytes, even where these happen to be text.
fn bytes(array: &dyn Array, row: usize) -> Id {
    if row >= array.len() || array.is_null(row) {
        return Id::None;
    }
    let short = array.as_binary_opt::<i32>().map(|binary| binary.value(row));
    let long = || array.as_binary_opt::<i64>().map(|binary| binary.value(row));
    let view = || array.as_binary_view_opt().map(|binary| binary.value(row));
    short.or_else(long).or_else(view).map_or(Id::None, Id::from_bytes)
}
