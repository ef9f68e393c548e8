//! Directories of OTAP tables (OpenTelemetry Arrow's Parquet exporter): the spans in one table,
//! their attributes and events in others beside it, joined by ids that count within a partition.

mod beside;
mod cbor;

use std::collections::HashSet;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_schema::{DataType, Fields};

use self::beside::{Beside, Kept};
use super::cell::{Scalar, scalar};
use super::open::Open;
use crate::error::{Error, Result};
use crate::ingest::batch::{Batch, RawTimes};
use crate::ingest::collect::Collector;
use crate::ingest::outcome::{FileOutcome, Place};
use crate::ingest::span::{Id, Scope, Span, SpanKind, StatusCode};
use crate::ingest::wanted::Wanted;

/// Columns of the table of spans that are decoded.
const COLUMNS: [&str; 12] = [
    "id",
    "resource",
    "scope",
    "trace_id",
    "span_id",
    "parent_span_id",
    "name",
    "kind",
    "start_time_unix_nano",
    "duration_time_unix_nano",
    "end_time_unix_nano",
    "status",
];

/// Whether these are the columns of the table of spans.
pub(super) fn is_spans(fields: &Fields) -> bool {
    let resource = fields.iter().any(|field| {
        let DataType::Struct(members) = field.data_type() else { return false };
        field.name() == "resource" && has(members, "id")
    });
    resource && ["id", "trace_id", "start_time_unix_nano"].iter().all(|name| has(fields, name))
}

/// Whether these are the columns of a table of attributes, events or links.
pub(super) fn is_beside(fields: &Fields) -> bool {
    let attributes = has(fields, "key") && has(fields, "type");
    let events = has(fields, "id") && has(fields, "time_unix_nano");
    let links = has(fields, "trace_id") && has(fields, "dropped_attributes_count");
    has(fields, "parent_id") && !has(fields, "start_time") && (attributes || events || links)
}

fn has(fields: &Fields, name: &str) -> bool {
    fields.iter().any(|field| field.name() == name)
}

/// What a table beside the spans gives by itself: nothing, and an error where its spans are not
/// there.
///
/// # Errors
/// No table of spans lies where this one's would.
pub(super) fn read_beside(file: &str) -> Result<FileOutcome> {
    if Beside::has_spans(file) {
        let format = "parquet: OTAP attributes and events".to_owned();
        return Ok(FileOutcome { format, ..FileOutcome::default() });
    }
    let message = "a table of OTAP attributes or events without the spans that they belong to";
    Err(Error::input(file, message, "give the directory that holds the table `spans` beside it"))
}

/// Reads a table of spans with what lies beside it.
pub(super) fn read(open: &Open, file: &str, wanted: &Wanted) -> FileOutcome {
    let mut batch = Batch::default();
    let beside = Beside::of(file, wanted, &mut batch.tally);
    let (mut seen, mut first_row) = (HashSet::new(), 0);
    for (group, rows) in open.row_groups().iter().enumerate() {
        let mut read = 0;
        let ended = open.batches(group, &COLUMNS, |spans| {
            read_rows(spans, &beside, wanted, &mut seen, first_row + read, &mut batch);
            read += spans.num_rows() as u64;
            Ok(())
        });
        if ended.is_err() {
            let lost = rows.saturating_sub(read);
            batch.tally.add("row in a damaged page", lost, Place::Row(first_row + read), true);
        }
        first_row += rows;
    }
    let losses = std::mem::take(&mut batch.tally);
    let format = "parquet: OTAP spans".to_owned();
    FileOutcome { spans: batch.into_spans(), table: None, format, span_count: first_row, losses }
}

fn read_rows(
    rows: &RecordBatch,
    beside: &Beside,
    wanted: &Wanted,
    seen: &mut HashSet<i64>,
    first_row: u64,
    out: &mut Batch,
) {
    let columns = Columns { rows };
    let mut collector = Collector::new(wanted);
    let mut of_resource = Collector::new(wanted);
    for (row, place) in (0..rows.num_rows()).zip(first_row..) {
        let place = Place::Row(place);
        collector.clear();
        let id = columns.int("id", row);
        let alone = id.is_none_or(|id| seen.insert(id));
        if !alone {
            out.tally.lost("attributes of an OTAP id that several spans have", place);
        }
        for (name, value) in beside.attributes(id.filter(|_| alone)) {
            note(name, value, &mut collector);
        }
        for event in beside.events(id.filter(|_| alone)) {
            let Some(want) = wanted.event_bytes(event.name.as_bytes()) else { continue };
            collector.event(want, event.time_ns);
            for (name, value) in beside.event_attributes(event.id) {
                if let Some(id) = want.attr(name.as_bytes()) {
                    collector.event_attr(id, value.raw());
                }
            }
        }
        let name = columns.text("name", row);
        let kind = kind(columns.int("kind", row));
        if !collector.keeps(kind, name.as_bytes()) {
            continue;
        }
        let mark = out.mark();
        let span = Span {
            trace_id: columns.id("trace_id", row),
            span_id: columns.id("span_id", row),
            parent_span_id: columns.id("parent_span_id", row),
            name: name.into(),
            kind,
            status: status(columns.member("status", "code", row)),
            ..Span::default()
        };
        out.push(span, &collector, columns.times(row), place);
        out.close_scope(mark, || {
            let part = |name| {
                let text = columns.member("scope", name, row).and_then(Scalar::text);
                text.unwrap_or_default().into()
            };
            Scope { name: part("name"), version: part("version") }
        });
        out.close_resource(mark, || {
            of_resource.clear();
            let id = columns.member("resource", "id", row).and_then(int);
            for (name, value) in beside.resource(id) {
                note(name, value, &mut of_resource);
            }
            of_resource.attrs()
        });
    }
}

fn note<'s>(name: &str, value: &'s Kept, collector: &mut Collector<'s, '_>) {
    if let Some(want) = collector.wanted().attr(name) {
        collector.attr(want, value.raw());
    }
}

/// The columns of a batch by their names.
struct Columns<'b> {
    rows: &'b RecordBatch,
}

impl<'b> Columns<'b> {
    fn cell(&self, name: &str, row: usize) -> Option<Scalar<'b>> {
        scalar(self.rows.column_by_name(name)?.as_ref(), row)
    }

    fn member(&self, name: &str, member: &str, row: usize) -> Option<Scalar<'b>> {
        let of = self.rows.column_by_name(name)?.as_struct_opt()?;
        scalar(of.column_by_name(member)?.as_ref(), row)
    }

    fn int(&self, name: &str, row: usize) -> Option<i64> {
        self.cell(name, row).and_then(int)
    }

    fn text(&self, name: &str, row: usize) -> &'b str {
        self.cell(name, row).and_then(Scalar::text).unwrap_or_default()
    }

    fn times(&self, row: usize) -> RawTimes {
        let start = self.int("start_time_unix_nano", row).unwrap_or_default();
        let length = self.int("duration_time_unix_nano", row);
        let end = length.and_then(|length| start.checked_add(length));
        let end = end.or_else(|| self.int("end_time_unix_nano", row));
        RawTimes { start, end: end.unwrap_or_default(), in_ns: false }
    }

    /// An id as raw bytes, even where these happen to be text.
    fn id(&self, name: &str, row: usize) -> Id {
        match self.cell(name, row) {
            Some(Scalar::Text(text)) => Id::from_bytes(text.as_bytes()),
            Some(Scalar::Bytes(bytes)) => Id::from_bytes(bytes),
            _ => Id::None,
        }
    }
}

fn int(found: Scalar<'_>) -> Option<i64> {
    match found {
        Scalar::Int(int) | Scalar::Time(int) => Some(int),
        _ => None,
    }
}

fn kind(number: Option<i64>) -> SpanKind {
    match number {
        Some(1) => SpanKind::Internal,
        Some(2) => SpanKind::Server,
        Some(3) => SpanKind::Client,
        Some(4) => SpanKind::Producer,
        Some(5) => SpanKind::Consumer,
        _ => SpanKind::Unspecified,
    }
}

fn status(code: Option<Scalar<'_>>) -> StatusCode {
    match code.and_then(int) {
        Some(1) => StatusCode::Ok,
        Some(2) => StatusCode::Error,
        _ => StatusCode::Unset,
    }
}
