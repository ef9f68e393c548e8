//! Rows to spans: what a layout points to, read batch by batch.

use std::collections::HashMap;

use arrow_array::{Array, ArrayRef, RecordBatch};
use serde_json::Value as Json;

use super::cell::{Scalar, list, scalar};
use super::ids;
use super::layout::{Events, Layout, Source, Unit};
use super::take::{Taker, json};
use super::time;
use crate::ingest::outcome::{Place, Tally};
use crate::ingest::span::{Event, Id, Resource, Scope, Span, SpanKind, Spans, StatusCode};
use crate::ingest::wanted::Wanted;

type Interned<K> = HashMap<K, u32, foldhash::fast::FixedState>;

/// Reads the batches of one row group, in order.
pub(super) struct Reader<'a> {
    layout: &'a Layout,
    wanted: &'a Wanted,
    taker: Taker<'a>,
    first_row: u64,
    row: u64,
    /// The kept spans.
    pub spans: Spans,
    /// Rows lost or odd.
    pub losses: Tally,
    resources: Interned<String>,
    scopes: Interned<Scope>,
}

/// The columns of one batch, by the part that they play.
struct Bound<'b> {
    batch: &'b RecordBatch,
    trace_id: Option<&'b dyn Array>,
    span_id: Option<&'b dyn Array>,
    parent_span_id: Option<&'b dyn Array>,
    name: Option<&'b dyn Array>,
    kind: Option<&'b dyn Array>,
    status: Option<&'b dyn Array>,
    start: Option<&'b dyn Array>,
    end: Option<&'b dyn Array>,
    duration: Option<(&'b dyn Array, Unit)>,
    service: Option<&'b dyn Array>,
    scope_name: Option<&'b dyn Array>,
    scope_version: Option<&'b dyn Array>,
    span: Vec<(&'b Source, &'b dyn Array)>,
    resource: Vec<(&'b Source, &'b dyn Array)>,
}

impl<'b> Bound<'b> {
    fn new(layout: &'b Layout, batch: &'b RecordBatch) -> Self {
        let column = |name: &str| batch.column_by_name(name).map(AsRef::as_ref);
        let part = |name: &Option<String>| name.as_deref().and_then(column);
        let sources = |sources: &'b [Source]| {
            let bound = sources.iter().map(|source| Some((source, column(source.column())?)));
            bound.flatten().collect()
        };
        Self {
            batch,
            trace_id: part(&layout.trace_id),
            span_id: part(&layout.span_id),
            parent_span_id: part(&layout.parent_span_id),
            name: part(&layout.span_name),
            kind: part(&layout.kind),
            status: part(&layout.status),
            start: column(&layout.start),
            end: part(&layout.end),
            duration: layout
                .duration
                .as_ref()
                .and_then(|(name, unit)| Some((column(name)?, *unit))),
            service: part(&layout.service),
            scope_name: part(&layout.scope_name),
            scope_version: part(&layout.scope_version),
            span: sources(&layout.span),
            resource: sources(&layout.resource),
        }
    }

    fn text(array: Option<&'b dyn Array>, row: usize) -> &'b str {
        array.and_then(|array| scalar(array, row)).and_then(Scalar::text).unwrap_or_default()
    }

    fn id(array: Option<&dyn Array>, row: usize) -> Id {
        array.and_then(|array| scalar(array, row)).map(ids::id).unwrap_or_default()
    }

    fn start_ns(&self, row: usize) -> Option<i64> {
        time::point(scalar(self.start?, row)?)
    }

    fn end_ns(&self, row: usize, start_ns: i64) -> Option<i64> {
        let stated = self.end.and_then(|end| time::point(scalar(end, row)?));
        let end = stated.filter(|end| *end != 0).or_else(|| {
            let (column, unit) = self.duration?;
            start_ns.checked_add(time::length(scalar(column, row)?, unit, None)?)
        });
        end.filter(|end| *end >= start_ns)
    }
}

impl<'a> Reader<'a> {
    /// A reader for the row group whose first row is this one of the file.
    pub(super) fn new(layout: &'a Layout, wanted: &'a Wanted, first_row: u64) -> Self {
        Self {
            layout,
            wanted,
            taker: Taker::new(wanted),
            first_row,
            row: 0,
            spans: Spans::default(),
            losses: Tally::default(),
            resources: Interned::default(),
            scopes: Interned::default(),
        }
    }

    /// Rows of the row group read so far.
    pub(super) const fn rows_seen(&self) -> u64 {
        self.row
    }

    /// Reads a batch.
    pub(super) fn read(&mut self, batch: &RecordBatch) {
        let bound = Bound::new(self.layout, batch);
        for row in 0..batch.num_rows() {
            self.row(&bound, row);
            self.row += 1;
        }
    }

    fn row(&mut self, bound: &Bound<'_>, row: usize) {
        self.taker.clear();
        let kind = bound.kind.and_then(|kind| scalar(kind, row)).map(kind_of).unwrap_or_default();
        for (source, column) in &bound.span {
            self.take(source, *column, bound, row);
        }
        let events = self.events(bound.batch, row);
        let name = Bound::text(bound.name, row);
        if !self.taker.keeps(kind) && !self.wanted.span(name) {
            return;
        }
        let Some(start_ns) = bound.start_ns(row) else {
            self.losses.lost("row without a readable start", Place::Row(self.first_row + self.row));
            return;
        };
        let attrs = std::mem::take(&mut self.taker.attrs);
        let status = bound.status.and_then(|status| scalar(status, row));
        let span = Span {
            trace_id: Bound::id(bound.trace_id, row),
            span_id: Bound::id(bound.span_id, row),
            parent_span_id: Bound::id(bound.parent_span_id, row),
            name: name.into(),
            kind,
            status: status.map(status_of).unwrap_or_default(),
            start_ns,
            end_ns: bound.end_ns(row, start_ns),
            attrs,
            events,
            dropped_events: 0,
            resource: self.resource(bound, row),
            scope: self.scope(bound, row),
        };
        self.spans.spans.push(span);
    }

    fn take(&mut self, source: &Source, column: &dyn Array, bound: &Bound<'_>, row: usize) {
        match source {
            // A column has to hold something for every row: empty text stands for nothing.
            Source::Attr { name, .. } => {
                if scalar(column, row) != Some(Scalar::Text("")) {
                    self.taker.cell(name, column, row);
                }
            }
            Source::Bag { .. } => self.taker.bag(column, row),
            Source::Prefixed { prefix, .. } => self.taker.prefixed(prefix, column, row),
            Source::Under { prefix, .. } => self.taker.under(prefix, column, row),
            Source::Lowercase { name, .. } => {
                if let Some(text) = scalar(column, row).and_then(Scalar::text) {
                    self.taker.named(name, Scalar::Text(&text.to_ascii_lowercase()));
                }
            }
            Source::Offset { instead_of, name, .. } => {
                let stated = instead_of.as_ref().and_then(|name| bound.batch.column_by_name(name));
                if stated.is_some_and(|stated| stated.is_valid(row)) {
                    return;
                }
                if let Some(point) = offset(bound, column, row) {
                    self.taker.named(name, Scalar::Time(point));
                }
            }
        }
    }

    fn events(&mut self, batch: &RecordBatch, row: usize) -> Vec<Event> {
        match &self.layout.events {
            None => Vec::new(),
            Some(Events::Parallel { time, name, attributes }) => {
                let lists = |column: &str| list(batch.column_by_name(column)?, row);
                let (Some(times), Some(names)) = (lists(time), lists(name)) else {
                    return Vec::new();
                };
                self.parallel(&times, &names, attributes.as_deref().and_then(lists).as_ref())
            }
            Some(Events::List { column }) => {
                let Some(column) = batch.column_by_name(column) else { return Vec::new() };
                self.listed(column, row)
            }
        }
    }

    fn parallel(
        &mut self,
        times: &ArrayRef,
        names: &ArrayRef,
        attributes: Option<&ArrayRef>,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        for index in 0..names.len() {
            let Some(name) = scalar(names, index).and_then(Scalar::text) else { continue };
            let Some((id, keep)) = self.wanted.event(name) else { continue };
            self.taker.weigh(keep);
            if let Some(time_ns) = scalar(times, index).and_then(time::point) {
                events.push(Event { id, time_ns });
            }
            let Some(attributes) = attributes else { continue };
            self.event_attrs(name, &json(attributes, index));
        }
        events
    }

    fn listed(&mut self, column: &dyn Array, row: usize) -> Vec<Event> {
        let found = match scalar(column, row) {
            Some(Scalar::Text("" | "[]")) => return Vec::new(),
            Some(Scalar::Text(text)) => serde_json::from_str(text).unwrap_or_else(|_| {
                let place = Place::Row(self.first_row + self.row);
                self.losses.noted("events in a form that is not JSON", place);
                Json::Null
            }),
            _ => json(column, row),
        };
        let mut events = Vec::new();
        for event in found.as_array().into_iter().flatten() {
            // A list of texts, each the JSON of one event, is how SigNoz has it.
            let parsed = event.as_str().and_then(|text| serde_json::from_str(text).ok());
            let event: &Json = parsed.as_ref().unwrap_or(event);
            let Some(name) = event.get("name").and_then(Json::as_str) else { continue };
            let Some((id, keep)) = self.wanted.event(name) else { continue };
            self.taker.weigh(keep);
            let mut times = EVENT_TIMES.iter().filter_map(|key| event.get(key));
            if let Some(time_ns) = times.find_map(time::point_in_json) {
                events.push(Event { id, time_ns });
            }
            if let Some(attributes) = EVENT_ATTRIBUTES.iter().find_map(|key| event.get(key)) {
                self.event_attrs(name, attributes);
            }
        }
        events
    }

    fn event_attrs(&mut self, event: &str, attributes: &Json) {
        match attributes {
            Json::Object(members) => {
                for (name, value) in members {
                    self.taker.event_attr(event, name, value);
                }
            }
            Json::Array(pairs) => {
                for pair in pairs {
                    let name = pair.get("key").and_then(Json::as_str);
                    if let (Some(name), Some(value)) = (name, pair.get("value")) {
                        self.taker.event_attr(event, name, &super::take::any_value(value));
                    }
                }
            }
            Json::String(text) => {
                if let Ok(parsed @ Json::Object(_)) = serde_json::from_str(text) {
                    self.event_attrs(event, &parsed);
                }
            }
            _ => {}
        }
    }

    fn resource(&mut self, bound: &Bound<'_>, row: usize) -> u32 {
        self.taker.clear();
        for (source, column) in &bound.resource {
            self.take(source, *column, bound, row);
        }
        let service = Bound::text(bound.service, row);
        let named = |(id, _): &(_, _)| self.wanted.name(*id) == SERVICE_NAME;
        if !service.is_empty() && !self.taker.attrs.iter().any(named) {
            self.taker.named(SERVICE_NAME, Scalar::Text(service));
        }
        let attrs = std::mem::take(&mut self.taker.attrs);
        let resources = &mut self.spans.resources;
        *self.resources.entry(format!("{attrs:?}")).or_insert_with(|| {
            resources.push(Resource { attrs });
            u32::try_from(resources.len() - 1).unwrap_or(u32::MAX)
        })
    }

    fn scope(&mut self, bound: &Bound<'_>, row: usize) -> u32 {
        let name = Bound::text(bound.scope_name, row).into();
        let scope = Scope { name, version: Bound::text(bound.scope_version, row).into() };
        let scopes = &mut self.spans.scopes;
        *self.scopes.entry(scope).or_insert_with_key(|scope| {
            scopes.push(scope.clone());
            u32::try_from(scopes.len() - 1).unwrap_or(u32::MAX)
        })
    }
}

const SERVICE_NAME: &str = "service.name";
const EVENT_TIMES: [&str; 5] =
    ["timeUnixNano", "time_unix_nano", "timestamp", "time", "timestamp_ns"];
const EVENT_ATTRIBUTES: [&str; 2] = ["attributes", "attributeMap"];

/// The start plus a length of time whose unit start and end may settle.
fn offset(bound: &Bound<'_>, column: &dyn Array, row: usize) -> Option<i64> {
    let start_ns = bound.start_ns(row)?;
    let whole_ns = bound.end.and_then(|end| time::point(scalar(end, row)?));
    let whole_ns = whole_ns.and_then(|end| end.checked_sub(start_ns));
    let stated = bound.duration.and_then(|(column, _)| scalar(column, row)?.number());
    let found = scalar(column, row)?;
    start_ns.checked_add(time::length(found, Unit::SecondsOrMilliseconds, stated.zip(whole_ns))?)
}

fn kind_of(found: Scalar<'_>) -> SpanKind {
    let text = match found {
        Scalar::Text(text) => text,
        Scalar::Int(1) => return SpanKind::Internal,
        Scalar::Int(2) => return SpanKind::Server,
        Scalar::Int(3) => return SpanKind::Client,
        Scalar::Int(4) => return SpanKind::Producer,
        Scalar::Int(5) => return SpanKind::Consumer,
        _ => return SpanKind::Unspecified,
    };
    match spelled(text, &["SPAN_KIND_", "SpanKind."]).as_str() {
        "internal" => SpanKind::Internal,
        "server" => SpanKind::Server,
        "client" => SpanKind::Client,
        "producer" => SpanKind::Producer,
        "consumer" => SpanKind::Consumer,
        _ => SpanKind::Unspecified,
    }
}

fn status_of(found: Scalar<'_>) -> StatusCode {
    let text = match found {
        Scalar::Text(text) => text,
        Scalar::Int(1) => return StatusCode::Ok,
        Scalar::Int(2) => return StatusCode::Error,
        _ => return StatusCode::Unset,
    };
    match spelled(text, &["STATUS_CODE_", "StatusCode."]).as_str() {
        "ok" => StatusCode::Ok,
        "error" => StatusCode::Error,
        _ => StatusCode::Unset,
    }
}

/// The bare name in lower case, whichever prefix the writer's enumeration gave it.
fn spelled(text: &str, prefixes: &[&str]) -> String {
    let bare = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
    bare.to_ascii_lowercase()
}
