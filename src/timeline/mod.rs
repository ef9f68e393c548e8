//! A whole dump over time: bins, groups, the stretches that stand out, drift by day.

mod bins;
mod counted;
mod drift;
mod series;

use std::collections::BTreeMap;

use chrono::DateTime;

use crate::calls::{CallTable, Codes};
use crate::diagnosis::{Days, DumpTimeline, Ingest, TIMELINE_SCHEMA, TimelineGroup, TimelineSpike};
use crate::error::{Error, Result};
use crate::schema::{Col, Kind};
use crate::signals::cells::Cells;
use crate::signals::frame::{Frame, Periods};
use crate::signals::search;
use crate::windows::{self, Range};
use bins::{Bins, DAY_NS};

/// Most groups that are told apart.
const MOST_GROUPS: usize = 8;
/// Most stretches that are marked.
const MOST_SPIKES: usize = 12;
/// Days from which a table by day tells more than the bins.
const LEAST_DAYS: usize = 3;

/// Names of attributes as a diagnosis writes its segments, and their columns.
const SEGMENTS: [(&str, Col); 10] = [
    ("service.name", Col::ServiceName),
    ("gen_ai.request.model", Col::RequestModel),
    ("tenant.id", Col::Tenant),
    ("gen_ai.provider.region", Col::Region),
    ("gen_ai.provider.pool_id", Col::PoolId),
    ("gen_ai.prompt.name", Col::PromptName),
    ("gen_ai.provider.name", Col::Provider),
    ("gen_ai.response.model", Col::ResponseModel),
    ("gen_ai.response.system_fingerprint", Col::SystemFingerprint),
    ("openai.response.service_tier", Col::ServiceTier),
];

/// What was asked for.
#[derive(Debug, Clone, Default)]
pub struct TimelineArgs {
    /// Length of a bin, nanoseconds; chosen to fit the dump where it is not given.
    pub every_ns: Option<i64>,
    /// A text column or kept attribute to tell groups apart by.
    pub by: Option<String>,
}

/// The dump over time.
///
/// # Errors
/// An empty dump, bins without number, or an attribute that no call carries.
pub fn timeline(table: &CallTable, ingest: Ingest, args: &TimelineArgs) -> Result<DumpTimeline> {
    let all = Periods {
        window: (i64::MIN, i64::MIN),
        baseline: vec![(i64::MIN, i64::MAX)],
        picked_from: 1,
        one_in: 1,
    };
    let frame = Frame::new(table, &all);
    let bins = Bins::new(&frame.starts_ns, args.every_ns)?;
    let groups = match &args.by {
        Some(name) => grouped(&codes_of(table, name)?, &frame, &bins),
        None => (Vec::new(), None),
    };
    let (groups, left_out) = groups;
    let every: Vec<usize> = (0..frame.len()).collect();
    let mut found = DumpTimeline {
        schema: TIMELINE_SCHEMA,
        start: DateTime::from_timestamp_nanos(bins.start_ns),
        bin_s: bins.length_ns as f64 * 1e-9,
        bins: bins.count,
        by: args.by.clone(),
        all: group(None, &every, &frame, &bins),
        groups,
        spikes: spikes(&frame, &bins),
        days: days(&frame),
        notes: notes(left_out),
        ingest,
    };
    counted::redraw(&mut found, table, &bins);
    Ok(found)
}

fn group(value: Option<String>, rows: &[usize], frame: &Frame, bins: &Bins) -> TimelineGroup {
    let binned = bins.rows(&frame.starts_ns, rows);
    TimelineGroup {
        value,
        calls: rows.len(),
        calls_by_bin: binned.iter().map(Vec::len).collect(),
        series: series::series(frame, bins, &binned),
    }
}

/// The calls by value, most calls first, and what was left out.
fn grouped(codes: &Codes, frame: &Frame, bins: &Bins) -> (Vec<TimelineGroup>, Option<String>) {
    let mut rows: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (row, code) in codes.codes.iter().enumerate() {
        rows.entry(*code).or_default().push(row);
    }
    let value = |code: &u32| codes.values.get(*code as usize).cloned();
    let mut all: Vec<(Option<String>, Vec<usize>)> =
        rows.iter().map(|(code, rows)| (value(code), rows.clone())).collect();
    all.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
    let left: Vec<&(Option<String>, Vec<usize>)> = all.iter().skip(MOST_GROUPS).collect();
    let calls: usize = left.iter().map(|(_, rows)| rows.len()).sum();
    let note = (!left.is_empty()).then(|| {
        format!("{} further values with {calls} calls together are not shown.", left.len())
    });
    let shown = all.iter().take(MOST_GROUPS);
    let groups = shown.map(|(value, rows)| group(value.clone(), rows, frame, bins)).collect();
    (groups, note)
}

/// The column of that name, by the table's name, by a segment's name, or a kept attribute's.
fn codes_of(table: &CallTable, name: &str) -> Result<Codes> {
    let segment = SEGMENTS.iter().find(|(segment, _)| *segment == name).map(|(_, col)| *col);
    let column = Col::from_name(name).filter(|col| col.info().kind == Kind::Text).or(segment);
    let kept = table.segment_names();
    let attribute = name.strip_prefix("attr.").unwrap_or(name);
    let codes = match column {
        Some(col) => table.codes(col.name()),
        None if kept.iter().any(|kept| kept == attribute) => table.segment(attribute),
        None => Codes::default(),
    };
    if !codes.values.is_empty() {
        return Ok(codes);
    }
    let carried = |(_, col): &&(&str, Col)| !table.codes(col.name()).values.is_empty();
    let columns = SEGMENTS.iter().filter(carried).map(|(_, col)| col.name().to_owned());
    let names: Vec<String> = columns.chain(kept).collect();
    Err(Error::usage(
        format!("no call carries `{name}`, so nothing can be told apart by it"),
        format!("these calls carry {}", names.join(", ")),
    ))
}

/// The stretches that stand above the same work, as candidates for `diagnose`.
fn spikes(frame: &Frame, bins: &Bins) -> Vec<TimelineSpike> {
    let series = search::same_work(frame, &Cells::new(frame));
    let slices: Vec<&[f64]> = series.iter().map(|series| series.values.as_slice()).collect();
    let found = windows::find(&frame.starts_ns, &slices);
    // To the nearest bin: a stretch that reaches a little into one does not mark it.
    let half = bins.length_ns / 2;
    let spike = |found: &windows::Found| {
        let Range { start_ns, end_ns } = found.range;
        let last = bins.index(end_ns.saturating_sub(1));
        let from_bin = bins.index(start_ns.saturating_add(half)).min(last);
        TimelineSpike {
            start: DateTime::from_timestamp_nanos(start_ns),
            end: DateTime::from_timestamp_nanos(end_ns),
            from_bin,
            to_bin: bins.index(end_ns.saturating_sub(half)).max(from_bin) + 1,
            signal: series[found.signal].signal,
            ratio: found.ratio,
            calls: found.range.rows(&frame.starts_ns).len(),
        }
    };
    found.iter().take(MOST_SPIKES).map(spike).collect()
}

/// The days; none where they are few, or where a wrong clock makes them more than anybody reads.
fn days(frame: &Frame) -> Option<Days> {
    let bins = Bins::new(&frame.starts_ns, Some(DAY_NS)).ok()?;
    if bins.count < LEAST_DAYS {
        return None;
    }
    let rows: Vec<usize> = (0..frame.len()).collect();
    let by_day = bins.rows(&frame.starts_ns, &rows);
    let mut all = group(None, &rows, frame, &bins);
    let drifts = drift::drifts(frame, &all.series, &by_day);
    all.series.push(series::mix_moved(frame, &by_day));
    Some(Days { start: DateTime::from_timestamp_nanos(bins.start_ns), all, drifts })
}

fn notes(left_out: Option<String>) -> Vec<String> {
    let mut notes = vec![format!(
        "A median needs {} calls in the bin, a 95th percentile {}; failed calls count towards \
         their share alone.",
        series::LEAST_LEVEL,
        series::LEAST_TAIL
    )];
    notes.extend(left_out);
    notes
}
