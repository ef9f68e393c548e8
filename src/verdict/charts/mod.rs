//! What the page draws, taken once from the columns of the table and bounded in size whatever
//! the input.
//!
//! The bins of time are those of the timeline ([`axis_of`]), so that drawings line up.

mod distribution;
mod scatter;
mod shares;

use std::collections::BTreeMap;
use std::ops::Range;

use crate::calls::{CallTable, Codes};
use crate::diagnosis::{Charts, TimeAxis, Timeline};

/// What is to be drawn. Times are nanoseconds since the epoch, periods half open.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// The calls.
    pub table: &'a CallTable,
    /// The window.
    pub window: Range<i64>,
    /// The baseline; several where it is the same hour of several days.
    pub baseline: &'a [Range<i64>],
    /// One flag a row: whether the call belongs to the slice; none is every call.
    pub slice: Option<&'a [bool]>,
    /// The slice in words, by attribute name.
    pub segment: BTreeMap<String, String>,
    /// The bins of whatever is drawn over time.
    pub axis: TimeAxis,
    /// Reasons of cache misses where they were inferred; none takes the table's column.
    pub miss_reasons: Option<&'a Codes>,
}

/// The rows of a subject, found once.
struct Rows {
    starts_ns: Vec<i64>,
    baseline: Vec<usize>,
    window: Vec<usize>,
    axis: TimeAxis,
    /// Rows of the slice in each bin of the axis.
    bins: Vec<Vec<usize>>,
}

/// Points, distributions and shares of a subject.
pub fn charts(subject: &Subject<'_>) -> Charts {
    let rows = Rows::of(subject);
    Charts {
        segment: subject.segment.clone(),
        scatters: scatter::scatters(subject.table, &rows),
        distributions: distribution::distributions(subject.table, &rows),
        shares: shares::shares(subject, &rows),
    }
}

/// The bins of a timeline, for drawings that stand beside it.
pub fn axis_of(timeline: &Timeline) -> TimeAxis {
    let bins = timeline.series.iter().map(|series| series.values.len()).max().unwrap_or(0);
    TimeAxis {
        start: timeline.start,
        bin_s: timeline.bin_s,
        bins,
        window_from: timeline.window_from,
        window_to: timeline.window_to,
    }
}

/// The bin of an instant; none outside the axis.
fn bin_of(axis: &TimeAxis, instant_ns: i64) -> Option<usize> {
    let start_ns = axis.start.timestamp_nanos_opt()?;
    #[allow(clippy::cast_precision_loss, reason = "a microsecond in a century does not show")]
    let offset = instant_ns.checked_sub(start_ns)? as f64 / 1e9 / axis.bin_s;
    let bin = floor(offset);
    (offset >= 0.0 && bin < axis.bins).then_some(bin)
}

impl Rows {
    fn of(subject: &Subject<'_>) -> Self {
        let starts_ns = subject.table.starts_ns();
        let axis = subject.axis.clone();
        let mut rows = Self {
            bins: vec![Vec::new(); axis.bins],
            axis,
            baseline: Vec::new(),
            window: Vec::new(),
            starts_ns: Vec::new(),
        };
        for (row, start) in starts_ns.iter().enumerate() {
            if subject.slice.is_some_and(|slice| slice.get(row) != Some(&true)) {
                continue;
            }
            if let Some(bin) = bin_of(&rows.axis, *start) {
                rows.bins[bin].push(row);
            }
            if subject.window.contains(start) {
                rows.window.push(row);
            } else if subject.baseline.iter().any(|period| period.contains(start)) {
                rows.baseline.push(row);
            }
        }
        rows.starts_ns = starts_ns;
        rows
    }
}

/// The finite values among these, ascending.
fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

#[allow(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
fn count(count: usize) -> f64 {
    count as f64
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn floor(value: f64) -> usize {
    value.floor() as usize
}

#[cfg(test)]
mod tests;
