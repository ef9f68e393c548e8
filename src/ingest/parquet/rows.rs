//! Rows to spans: what a layout points to, read batch by batch.

use arrow_array::{Array, RecordBatch};

use super::cell::{Cells, Head, Scalar, scalar};
use super::{events, objects, sources, time};
use crate::ingest::batch::{Batch, RawTimes, Shared};
use crate::ingest::collect::{Collector, Raw};
use crate::ingest::json::id;
use crate::ingest::json::pull::Text;
use crate::ingest::layouts::{Layout, Source, Unit};
use crate::ingest::outcome::Place;
use crate::ingest::packed::same;
use crate::ingest::span::{AttrId, Id, Scope, Span, SpanKind, StatusCode, Value};
use crate::ingest::time::Unit as TimeUnit;
use crate::ingest::wanted::{Keep, Wanted};

/// The columns of one batch, by the part that they play.
struct Bound<'b, 'w> {
    parts: Parts<'b>,
    span: Vec<sources::Bound<'b, 'w>>,
    resource: Vec<sources::Bound<'b, 'w>>,
    events: events::Bound<'b>,
}

struct Parts<'b> {
    trace_id: Option<Cells<'b>>,
    span_id: Option<Cells<'b>>,
    parent_span_id: Option<Cells<'b>>,
    name: Option<Cells<'b>>,
    kind: Option<Cells<'b>>,
    status: Option<Cells<'b>>,
    start: Option<Cells<'b>>,
    end: Option<Cells<'b>>,
    duration: Option<(Cells<'b>, Unit)>,
    service: Option<Cells<'b>>,
    scope_name: Option<Cells<'b>>,
    scope_version: Option<Cells<'b>>,
    times_in: Option<Unit>,
    kinds_from_zero: bool,
    /// The column that says what a row is of, and what it must say.
    only: Option<(Option<Cells<'b>>, &'static str)>,
}

/// Reads the rows of a batch, the first of which is this row of the file.
pub(in crate::ingest) fn read(
    layout: &Layout,
    wanted: &Wanted,
    batch: &RecordBatch,
    first_row: u64,
    out: &mut Batch,
) {
    if let Some(column) = &layout.documents {
        return objects::documents(column, batch, wanted, first_row, out);
    }
    read_spans(layout, wanted, &objects::unfolded(layout, batch), first_row, out);
}

fn read_spans(
    layout: &Layout,
    wanted: &Wanted,
    batch: &RecordBatch,
    first_row: u64,
    out: &mut Batch,
) {
    let bound = Bound::new(layout, batch, wanted);
    let mut collector = Collector::new(wanted);
    let mut commons = Commons { known: Vec::new(), of_resource: Collector::new(wanted), at: 0 };
    let weights = bound.weights(batch.num_rows());
    let kept_names: Vec<Head> = wanted.span_names().into_iter().filter_map(Head::of).collect();
    for (row, place) in (0..batch.num_rows()).zip(first_row..) {
        let place = Place::Row(place);
        let parts = &bound.parts;
        if !parts.is_span(row) {
            continue;
        }
        // Most rows are told from what is null in them to be no call's.
        let at_most = weights.get(row).copied().unwrap_or(Keep::Always);
        let head = parts.name.and_then(|names| names.head(row));
        let may_be_kept = head.map_or(wanted.any_span(), |head| kept_names.contains(&head));
        if at_most == Keep::Never && !may_be_kept {
            continue;
        }
        let name = text(parts.name, row);
        if at_most == Keep::Never && !wanted.span(name) {
            continue;
        }
        let kind = parts.kind(row);
        if !wanted.keeps(at_most, kind, name.as_bytes()) {
            continue;
        }
        collector.clear();
        bound.span.iter().for_each(|source| source.collect(row, &mut collector));
        let events_read = bound.events.collect(row, &mut collector);
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
        let carried = Span { name: name.into(), kind, ..Span::default() };
        out.push(parts.identified(carried, row), &collector, times, place);
        commons.close(&bound, row, mark, out);
    }
}

/// Scopes and resources of rows before: most rows have those of one of the last few.
struct Commons<'s, 'w> {
    known: Vec<Common<'s, 'w>>,
    of_resource: Collector<'s, 'w>,
    /// Which of them is forgotten next.
    at: usize,
}

struct Common<'s, 'w> {
    scope: (&'s str, &'s str),
    resource: Collector<'s, 'w>,
    shared: Shared,
}

/// How many scopes and resources are remembered.
const COMMONS: usize = 16;

impl<'s, 'w> Commons<'s, 'w> {
    /// Gives the span of a row its scope and its resource.
    fn close(&mut self, bound: &'s Bound<'_, 'w>, row: usize, mark: usize, out: &mut Batch) {
        let parts = &bound.parts;
        let scope = (text(parts.scope_name, row), text(parts.scope_version, row));
        bound.resource(row, &mut self.of_resource);
        let is_common = |common: &&Common<'_, '_>| {
            same(common.scope.0.as_bytes(), scope.0.as_bytes())
                && same(common.scope.1.as_bytes(), scope.1.as_bytes())
                && self.of_resource.is_as(&common.resource)
        };
        if let Some(common) = self.known.iter().find(is_common) {
            return out.close_as(mark, common.shared);
        }
        let (name, version) = scope;
        out.close_scope(mark, || Scope { name: name.into(), version: version.into() });
        out.close_resource(mark, || without_echo(self.of_resource.attrs()));
        let Some(shared) = out.shared(mark) else { return };
        if self.known.len() < COMMONS {
            let resource = Collector::new(self.of_resource.wanted());
            self.known.push(Common { scope, resource, shared });
            self.at = self.known.len() - 1;
        } else {
            self.at = (self.at + 1) % COMMONS;
        }
        let common = &mut self.known[self.at];
        (common.scope, common.shared) = (scope, shared);
        std::mem::swap(&mut common.resource, &mut self.of_resource);
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

    /// The most that each row can weigh, told column by column and without reading values.
    fn weights(&self, rows: usize) -> Vec<Keep> {
        let mut weights: Vec<Keep> = (0..rows).map(|row| self.events.at_most(row)).collect();
        self.span.iter().for_each(|source| source.weigh(&mut weights));
        weights
    }

    fn resource<'s>(&'s self, row: usize, collector: &mut Collector<'s, 'w>) {
        collector.clear();
        let service = text(self.parts.service, row);
        // First, so that the resource's own attribute stands above it.
        if let Some(want) = collector.wanted().attr(SERVICE_NAME)
            && !service.is_empty()
        {
            collector.attr(want, Raw::Text(service.as_bytes()));
        }
        self.resource.iter().for_each(|source| source.collect(row, collector));
    }
}

/// Attributes without those that only repeat the one before.
fn without_echo(mut attrs: Vec<(AttrId, Value)>) -> Vec<(AttrId, Value)> {
    attrs.dedup_by(|again, first| again == first);
    attrs
}

impl<'b> Parts<'b> {
    fn new(layout: &'b Layout, batch: &'b RecordBatch) -> Self {
        let column = |name: &str| Some(Cells::of(batch.column_by_name(name)?.as_ref()));
        let part = |name: &Option<String>| name.as_deref().and_then(column);
        let duration = layout.duration.as_ref();
        Self {
            trace_id: part(&layout.trace_id),
            span_id: part(&layout.span_id),
            parent_span_id: part(&layout.parent_span_id),
            name: part(&layout.span_name),
            kind: part(&layout.kind),
            status: part(&layout.status),
            start: part(&layout.start),
            end: part(&layout.end),
            duration: duration.and_then(|(name, unit)| Some((column(name)?, *unit))),
            service: part(&layout.service),
            scope_name: part(&layout.scope_name),
            scope_version: part(&layout.scope_version),
            times_in: layout.times_in,
            kinds_from_zero: layout.kinds_from_zero,
            only: layout.only.as_ref().map(|(name, says)| (column(name), *says)),
        }
    }

    /// Whether a row is a span, in a table that holds other things too.
    fn is_span(&self, row: usize) -> bool {
        self.only.is_none_or(|(column, says)| text(column, row) == says)
    }

    fn id(&self, column: Option<Cells<'_>>, row: usize) -> Id {
        match cell(column, row) {
            Some(Scalar::Bytes(bytes)) => Id::from_bytes(bytes),
            Some(Scalar::Text(text)) => {
                id::decode(Text { inside: text.as_bytes(), escaped: false })
            }
            _ => Id::None,
        }
    }

    /// A span with its ids and its status.
    fn identified(&self, span: Span, row: usize) -> Span {
        Span {
            trace_id: self.id(self.trace_id, row),
            span_id: self.id(self.span_id, row),
            parent_span_id: self.id(self.parent_span_id, row),
            status: cell(self.status, row).map(status_of).unwrap_or_default(),
            ..span
        }
    }

    fn kind(&self, row: usize) -> SpanKind {
        let shift = f64::from(u8::from(self.kinds_from_zero));
        cell(self.kind, row).map(|found| kind_of(found, shift)).unwrap_or_default()
    }

    /// Start and end in nanoseconds, zero where there is none, and the unit of the start where it
    /// was told by its size.
    fn times(&self, row: usize) -> (RawTimes, Option<TimeUnit>) {
        let end = self.point(self.end, row).filter(|end| *end != 0);
        let Some((start, unit)) = self.stated(self.start, row) else {
            let start = end.and_then(|end| end.checked_sub(self.length_ns(row)?));
            let start = start.filter(|_| self.start.is_none()).unwrap_or_default();
            return (RawTimes { start, end: end.unwrap_or_default(), in_ns: true }, None);
        };
        let start = unit.to_ns(start);
        let end = end.or_else(|| start.checked_add(self.length_ns(row)?));
        let told = self.times_in.is_none().then_some(unit);
        (RawTimes { start, end: end.unwrap_or_default(), in_ns: true }, told)
    }

    fn length_ns(&self, row: usize) -> Option<i64> {
        let (column, unit) = self.duration?;
        time::length(column.get(row)?, unit, None)
    }

    /// A point in time as it is written, with its unit.
    fn stated(&self, column: Option<Cells<'_>>, row: usize) -> Option<(i64, TimeUnit)> {
        let found = cell(column, row)?;
        match self.times_in.and_then(|unit| time::in_unit(found, unit)) {
            Some(nanoseconds) => Some((nanoseconds, TimeUnit::Nanos)),
            None => time::stated(found),
        }
    }

    fn point(&self, column: Option<Cells<'_>>, row: usize) -> Option<i64> {
        let (time, unit) = self.stated(column, row)?;
        Some(unit.to_ns(time))
    }

    /// The start plus a length of time whose unit start and end may settle.
    fn offset(&self, column: &dyn Array, row: usize) -> Option<i64> {
        let start_ns = self.point(self.start, row)?;
        let whole_ns = self.point(self.end, row);
        let whole_ns = whole_ns.and_then(|end| end.checked_sub(start_ns));
        let stated = self.duration.and_then(|(column, _)| time::number(column.get(row)?));
        let length = scalar(column, row)?;
        let whole = stated.zip(whole_ns);
        start_ns.checked_add(time::length(length, Unit::SecondsOrMilliseconds, whole)?)
    }
}

const SERVICE_NAME: &str = "service.name";

fn cell(column: Option<Cells<'_>>, row: usize) -> Option<Scalar<'_>> {
    column?.get(row)
}

fn text(column: Option<Cells<'_>>, row: usize) -> &str {
    cell(column, row).and_then(Scalar::text).unwrap_or_default()
}

/// The kind by its name, or by its number, which lies so much below OTLP's.
fn kind_of(found: Scalar<'_>, shift: f64) -> SpanKind {
    let kinds = [
        ("internal", SpanKind::Internal),
        ("server", SpanKind::Server),
        ("client", SpanKind::Client),
        ("producer", SpanKind::Producer),
        ("consumer", SpanKind::Consumer),
    ];
    let text = found.text().unwrap_or_default();
    if let Some(kind) = spelled(text, &["SPAN_KIND_", "SpanKind."], kinds) {
        return kind;
    }
    let number = match found {
        Scalar::Text(text) => text.trim().parse().ok(),
        found => found.number(),
    };
    match number.map(|number: f64| number + shift) {
        Some(1.0) => SpanKind::Internal,
        Some(2.0) => SpanKind::Server,
        Some(3.0) => SpanKind::Client,
        Some(4.0) => SpanKind::Producer,
        Some(5.0) => SpanKind::Consumer,
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
    let codes = [
        ("ok", StatusCode::Ok),
        ("1", StatusCode::Ok),
        ("success", StatusCode::Ok),
        ("error", StatusCode::Error),
        ("2", StatusCode::Error),
        ("failure", StatusCode::Error),
        ("failed", StatusCode::Error),
        ("true", StatusCode::Error),
    ];
    spelled(text, &["STATUS_CODE_", "StatusCode."], codes).unwrap_or_default()
}

/// What a name stands for, in any case and whichever prefix the writer's enumeration gave it.
fn spelled<T, const N: usize>(text: &str, prefixes: &[&str], names: [(&str, T); N]) -> Option<T> {
    let bare = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
    let mut names = names.into_iter();
    names.find(|(name, _)| bare.eq_ignore_ascii_case(name)).map(|(_, meant)| meant)
}
