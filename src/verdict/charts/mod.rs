//! What the page draws, taken once from the columns of the table and bounded in size whatever
//! the input.
//!
//! [`charts`] gives the points, distributions and shares, [`timeline`] the signals over time;
//! both on the same slice of calls and the same bins.

mod axis;
mod distribution;
mod scatter;
mod shares;

use std::collections::BTreeMap;
use std::ops::Range;

use crate::calls::{CallTable, Codes};
use crate::diagnosis::{Charts, Series, TimeAxis, Timeline};
use crate::schema::Col;

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
    /// When the first-ranked cause began.
    pub onset_ns: Option<i64>,
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

/// The signals of a subject over time: p50 and p95 of TTFT, ITL and duration, calls per minute,
/// cache-hit ratio, draft acceptance and the share of failed calls. A series that no bin
/// knows is left out.
pub fn timeline(subject: &Subject<'_>) -> Timeline {
    let rows = Rows::of(subject);
    let mut series = Vec::new();
    for (name, col) in [("ttft", Col::TtftS), ("itl", Col::ItlS), ("duration", Col::DurationS)] {
        let values = subject.table.numbers(col);
        for (label, q, least) in [("p50", 0.5, 3), ("p95", 0.95, 5)] {
            let signal = format!("{name}_{label}_s");
            series.push(rows.series(signal, |bin| {
                let sorted = sorted(bin.iter().map(|&row| values[row]));
                (sorted.len() >= least).then(|| quantile(&sorted, q)).flatten()
            }));
        }
    }
    let per_minute = 60.0 / rows.axis.bin_s;
    series.push(rows.series("calls_per_minute".into(), |bin| Some(count(bin.len()) * per_minute)));
    series.push(rows.pooled(
        "cache_hit_ratio",
        &subject.table.numbers(Col::CacheReadTokens),
        &subject.table.numbers(Col::InputTokens),
    ));
    series.push(rows.pooled(
        "spec_acceptance_ratio",
        &subject.table.numbers(Col::SpecAcceptedTokens),
        &subject.table.numbers(Col::SpecProposedTokens),
    ));
    let status = subject.table.codes(Col::Status.name());
    series.push(rows.series("error_share".into(), |bin| {
        let failed = |row: &&usize| status.get(**row).is_some_and(|status| status != "ok");
        (!bin.is_empty()).then(|| count(bin.iter().filter(failed).count()) / count(bin.len()))
    }));
    series.retain(|series| series.values.iter().any(Option::is_some));
    let axis = rows.axis;
    Timeline {
        onset_bin: subject.onset_ns.and_then(|onset| axis::bin_of(&axis, onset)),
        start: axis.start,
        bin_s: axis.bin_s,
        window_from: axis.window_from,
        window_to: axis.window_to,
        segment: subject.segment.clone(),
        series,
    }
}

impl Rows {
    fn of(subject: &Subject<'_>) -> Self {
        let starts_ns = subject.table.starts_ns();
        let axis = axis::choose(subject, &starts_ns);
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
            if let Some(bin) = axis::bin_of(&rows.axis, *start) {
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

    fn series(&self, signal: String, value: impl Fn(&[usize]) -> Option<f64>) -> Series {
        Series { signal, values: self.bins.iter().map(|bin| value(bin)).collect() }
    }

    /// The ratio of two sums over the calls that know both.
    fn pooled(&self, signal: &str, part: &[f64], whole: &[f64]) -> Series {
        self.series(signal.to_owned(), |bin| {
            let known = bin.iter().filter(|&&row| part[row].is_finite() && whole[row].is_finite());
            let (part, whole) =
                known.fold((0.0, 0.0), |sum, &row| (sum.0 + part[row], sum.1 + whole[row]));
            (whole > 0.0).then(|| part / whole)
        })
    }
}

/// The finite values among these, ascending.
fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// Quantile by linear interpolation between order statistics (type 7); none of nothing.
fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = q * count(last);
    let below = (floor(position)).min(last);
    let above = (below + 1).min(last);
    let part = position - count(below);
    Some(sorted[below] + (sorted[above] - sorted[below]) * part)
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
