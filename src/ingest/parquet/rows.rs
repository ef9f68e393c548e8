//! Rows to spans: what a layout points to, read batch by batch.

use arrow_array::{Array, RecordBatch};

use super::cell::{Scalar, scalar};
use super::layout::{Layout, Source, Unit};
use super::{events, sources, time};
use crate::ingest::batch::{Batch, RawTimes};
use crate::ingest::collect::{Collector, Raw};
use crate::ingest::json::id;
use crate::ingest::json::pull::Text;
use crate::ingest::outcome::Place;
use crate::ingest::span::{AttrId, Id, Scope, Span, SpanKind, StatusCode, Value};
use crate::ingest::time::Unit as TimeUnit;
use crate::ingest::wanted::Wanted;

/// The columns of one batch, by the part that they play.
struct Bound<'b, 'w> {
    parts: Parts<'b>,
    span: Vec<sources::Bound<'b, 'w>>,
    resource: Vec<sources::Bound<'b, 'w>>,
    events: events::Bound<'b>,
}

struct Parts<'b> {
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
}

/// Reads the rows of a batch, the first of which is this row of the file.
pub(super) fn read(
    layout: &Layout,
    wanted: &Wanted,
    batch: &RecordBatch,
    first_row: u64,
    out: &mut Batch,
) {
    let bound = Bound::new(layout, batch, wanted);
    let mut collector = Collector::new(wanted);
    let mut of_resource = Collector::new(wanted);
    for (row, place) in (0..batch.num_rows()).zip(first_row..) {
        let place = Place::Row(place);
        collector.clear();
        bound.span.iter().for_each(|source| source.collect(row, &mut collector));
        let events_read = bound.events.collect(row, &mut collector);
        let parts = &bound.parts;
        let kind = cell(parts.kind, row).map(kind_of).unwrap_or_default();
        let name = text(parts.name, row);
        if !collector.keeps(kind, name.as_bytes()) {
            continue;
        }
        if !events_read {
            out.tally.noted("events in a form that is not JSON", place);
        }
        let (times, unit) = parts.times(row);
        if let Some(unit) = unit.filter(|unit| *unit != TimeUnit::Nanos) {
            out.tally.noted(unit.oddity(), place);
        }
        let mark = out.mark();
        let span = Span {
            trace_id: parts.id(parts.trace_id, row),
            span_id: parts.id(parts.span_id, row),
            parent_span_id: parts.id(parts.parent_span_id, row),
            name: name.into(),
            kind,
            status: cell(parts.status, row).map(status_of).unwrap_or_default(),
            attrs: collector.attrs(),
            events: collector.events().to_vec(),
            ..Span::default()
        };
        out.push(span, times, place);
        out.close_scope(mark, || parts.scope(row));
        out.close_resource(mark, || bound.resource(row, &mut of_resource));
    }
}

impl<'b, 'w> Bound<'b, 'w> {
    fn new(layout: &'b Layout, batch: &'b RecordBatch, wanted: &'w Wanted) -> Self {
        let parts = Parts::new(layout, batch);
        let bind = |of: &'b [Source]| {
            sources::bind(of, batch, wanted, |array, row| parts.offset(array, row))
        };
        let (span, resource) = (bind(&layout.span), bind(&layout.resource));
        let events = events::Bound::new(layout.events.as_ref(), batch);
        Self { span, resource, events, parts }
    }

    fn resource<'s>(
        &'s self,
        row: usize,
        collector: &mut Collector<'s, 'w>,
    ) -> Vec<(AttrId, Value)> {
        collector.clear();
        let service = text(self.parts.service, row);
        // First, so that the resource's own attribute stands above it.
        if let Some(want) = collector.wanted().attr(SERVICE_NAME)
            && !service.is_empty()
        {
            collector.attr(want, Raw::Text(service.as_bytes()));
        }
        self.resource.iter().for_each(|source| source.collect(row, collector));
        let mut attrs = collector.attrs();
        attrs.dedup_by(|again, first| again == first);
        attrs
    }
}

impl<'b> Parts<'b> {
    fn new(layout: &'b Layout, batch: &'b RecordBatch) -> Self {
        let column = |name: &str| batch.column_by_name(name).map(AsRef::as_ref);
        let part = |name: &Option<String>| name.as_deref().and_then(column);
        let duration = layout.duration.as_ref();
        Self {
            trace_id: part(&layout.trace_id),
            span_id: part(&layout.span_id),
            parent_span_id: part(&layout.parent_span_id),
            name: part(&layout.span_name),
            kind: part(&layout.kind),
            status: part(&layout.status),
            start: column(&layout.start),
            end: part(&layout.end),
            duration: duration.and_then(|(name, unit)| Some((column(name)?, *unit))),
            service: part(&layout.service),
            scope_name: part(&layout.scope_name),
            scope_version: part(&layout.scope_version),
        }
    }

    fn id(&self, array: Option<&dyn Array>, row: usize) -> Id {
        match cell(array, row) {
            Some(Scalar::Bytes(bytes)) => Id::from_bytes(bytes),
            Some(Scalar::Text(text)) => {
                id::decode(Text { inside: text.as_bytes(), escaped: false })
            }
            _ => Id::None,
        }
    }

    fn scope(&self, row: usize) -> Scope {
        let name = text(self.scope_name, row).into();
        Scope { name, version: text(self.scope_version, row).into() }
    }

    /// Start and end in nanoseconds, zero where there is none, and the unit of the start.
    fn times(&self, row: usize) -> (RawTimes, Option<TimeUnit>) {
        let Some((start, unit)) = cell(self.start, row).and_then(time::stated) else {
            return (RawTimes::default(), None);
        };
        let start = unit.to_ns(start);
        let stated = cell(self.end, row).and_then(time::point).filter(|end| *end != 0);
        let end = stated.or_else(|| {
            let (column, unit) = self.duration?;
            start.checked_add(time::length(scalar(column, row)?, unit, None)?)
        });
        (RawTimes { start, end: end.unwrap_or_default() }, Some(unit))
    }

    /// The start plus a length of time whose unit start and end may settle.
    fn offset(&self, column: &dyn Array, row: usize) -> Option<i64> {
        let start_ns = cell(self.start, row).and_then(time::point)?;
        let whole_ns = cell(self.end, row).and_then(time::point);
        let whole_ns = whole_ns.and_then(|end| end.checked_sub(start_ns));
        let stated = self.duration.and_then(|(column, _)| scalar(column, row)?.number());
        let length = scalar(column, row)?;
        let whole = stated.zip(whole_ns);
        start_ns.checked_add(time::length(length, Unit::SecondsOrMilliseconds, whole)?)
    }
}

const SERVICE_NAME: &str = "service.name";

fn cell(array: Option<&dyn Array>, row: usize) -> Option<Scalar<'_>> {
    scalar(array?, row)
}

fn text(array: Option<&dyn Array>, row: usize) -> &str {
    cell(array, row).and_then(Scalar::text).unwrap_or_default()
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
