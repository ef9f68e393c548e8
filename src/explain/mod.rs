//! One call taken apart: what each stretch of it took, beside what its cohort usually takes.
//!
//! What is usual comes from the same expectation that a window is judged by, with the whole dump
//! as its normal traffic; robust fits keep the call itself and an incident of a minority of the
//! calls from setting it.

mod cohort;
mod parts;
mod words;

use chrono::DateTime;

use crate::calls::{CallTable, Codes};
use crate::diagnosis::{CallParts, EXPLANATION_SCHEMA, Explanation, FoundCall, Ingest};
use crate::schema::Col;
use crate::signals::cells::{Cells, Places};
use crate::signals::expect::Expected;
use crate::signals::frame::{Frame, Periods};
use cohort::Peers;

/// The columns in which an id is looked for.
const IDS: [Col; 4] = [Col::TraceId, Col::SpanId, Col::RequestId, Col::ResponseId];

/// What is known about the calls with this id; the call is taken apart where there is but one.
pub fn explain(table: &CallTable, ingest: Ingest, id: &str) -> Explanation {
    let rows = rows_of(table, id);
    let found = Found::new(table);
    let call = match rows.as_slice() {
        [row] => Some(taken_apart(table, *row)),
        _ => None,
    };
    Explanation {
        schema: EXPLANATION_SCHEMA,
        asked: id.to_owned(),
        matches: rows.iter().map(|row| found.call(*row)).collect(),
        call,
        ingest,
    }
}

/// Rows whose trace, span, request or response id is this one. Hexadecimal ids are also found in
/// capitals and with dashes.
fn rows_of(table: &CallTable, id: &str) -> Vec<usize> {
    let id = id.trim();
    let hex = id.replace('-', "").to_ascii_lowercase();
    let mut rows: Vec<usize> = Vec::new();
    for col in IDS {
        let hexadecimal = matches!(col, Col::TraceId | Col::SpanId);
        let codes = table.codes(col.name());
        let same = |value: &String| value == id || (hexadecimal && *value == hex);
        let wanted: Vec<bool> = codes.values.iter().map(same).collect();
        let carries = |code: &u32| wanted.get(*code as usize) == Some(&true);
        let carriers = codes.codes.iter().enumerate().filter(|(_, code)| carries(code));
        rows.extend(carriers.map(|(row, _)| row));
    }
    rows.sort_unstable();
    rows.dedup();
    rows
}

fn taken_apart(table: &CallTable, row: usize) -> CallParts {
    let all = Periods {
        window: (i64::MIN, i64::MIN),
        baseline: vec![(i64::MIN, i64::MAX)],
        picked_from: 1,
        one_in: 1,
    };
    let frame = Frame::new(table, &all);
    let cells = Cells::new(&frame);
    let places = Places::new(&frame, &cells);
    let expected = cohort::anywhere(&Expected::new(&frame, &cells, &places));
    let peers = Peers::new(&frame, &expected, row);
    let case = Case {
        prefill_s: &table.numbers(Col::PrefillS),
        cache_known: table.numbers(Col::CacheReadTokens).get(row).is_some_and(|v| v.is_finite()),
        frame: &frame,
        expected: &expected,
        peers: &peers,
        row,
    };
    let parts = parts::parts(&case);
    let figures = cohort::figures(&case);
    CallParts {
        headline: words::headline(&case),
        findings: words::findings(&case, &parts, &figures),
        duration_s: finite(frame.duration_s[row]),
        same_work_s: case.same_work_s(),
        slower_than_share: peers.slower_than_share,
        cohort: peers.described(&frame, row),
        unknown: words::unknown(&case, &parts),
        parts,
        figures,
    }
}

/// The call with all that it is held against.
struct Case<'a> {
    frame: &'a Frame,
    expected: &'a Expected,
    peers: &'a Peers,
    /// Prefill as the server reported it, seconds, one a call; NaN where not reported.
    prefill_s: &'a [f64],
    /// Whether the call reports its cache reads.
    cache_known: bool,
    row: usize,
}

impl Case<'_> {
    /// What the same work usually takes, seconds, with the time usually lost before it.
    fn same_work_s(&self) -> Option<f64> {
        let work = finite(cohort::same_work_s(self.frame, self.expected, self.row))?;
        let lost = |values: &[f64]| self.peers.median(values).unwrap_or(0.0);
        let comparable = self.peers.enough() && cohort::whole(self.frame, self.row);
        let lost = lost(&self.frame.client_wait_s) + lost(&self.frame.retry_wait_s);
        comparable.then_some(work + lost)
    }
}

/// The columns that a list names, read once.
struct Found<'a> {
    table: &'a CallTable,
    starts_ns: Vec<i64>,
    durations_s: Vec<f64>,
    status: Codes,
}

impl<'a> Found<'a> {
    fn new(table: &'a CallTable) -> Self {
        Self {
            table,
            starts_ns: table.starts_ns(),
            durations_s: table.numbers(Col::DurationS),
            status: table.codes(Col::Status.name()),
        }
    }

    fn call(&self, row: usize) -> FoundCall {
        let text = |col| self.table.text(col, row);
        FoundCall {
            trace_id: text(Col::TraceId),
            span_id: text(Col::SpanId),
            request_id: text(Col::RequestId),
            response_id: text(Col::ResponseId),
            start: DateTime::from_timestamp_nanos(self.starts_ns[row]),
            service_name: text(Col::ServiceName),
            provider: text(Col::Provider),
            request_model: text(Col::RequestModel),
            response_model: text(Col::ResponseModel),
            region: text(Col::Region),
            status: self.status.get(row).unwrap_or("ok").to_owned(),
            duration_s: finite(self.durations_s[row]),
        }
    }
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
