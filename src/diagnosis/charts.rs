//! What the page draws beside the timeline: points, distributions and shares, bounded in size.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

/// The plots of a diagnosis. They hold times, counts and names of places, never content.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Charts {
    /// The slice that they are about; empty is everywhere.
    pub segment: BTreeMap<String, String>,
    /// Figure against work, call by call.
    pub scatters: Vec<Scatter>,
    /// How a figure is distributed, baseline beside window.
    pub distributions: Vec<Distribution>,
    /// Where calls went and why the cache missed, over time.
    pub shares: Vec<Shares>,
}

/// The calls of both periods as points, with what the baseline lets expect.
#[derive(Debug, Clone, PartialEq)]
pub struct Scatter {
    /// Column of the horizontal axis: `uncached_tokens`, `own_concurrency`.
    pub x: String,
    /// Column of the vertical axis: `ttft_s`, `itl_s`.
    pub y: String,
    /// Baseline calls drawn, an even sample along `y`.
    pub baseline: Vec<Point>,
    /// Window calls drawn, an even sample along `y`.
    pub window: Vec<Point>,
    /// Baseline calls that carry both figures.
    pub baseline_calls: usize,
    /// Window calls that carry both figures.
    pub window_calls: usize,
    /// The baseline's level along `x`, ascending; empty where it has too few calls.
    pub expected: Vec<ExpectedStep>,
}

/// One call of a scatter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// In the unit of the column.
    pub x: f64,
    /// In the unit of the column.
    pub y: f64,
}

/// What baseline calls between two values of `x` took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpectedStep {
    /// First `x`.
    pub from: f64,
    /// Last `x`.
    pub to: f64,
    /// A tenth of the calls lie below.
    pub p10: f64,
    /// Half of the calls lie below.
    pub p50: f64,
    /// A tenth of the calls lie above.
    pub p90: f64,
}

/// A histogram of both periods over the same bins, even on a log axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    /// The column: `ttft_s`.
    pub signal: String,
    /// Edges of the bins, ascending, one more than bins. The last bins at both ends also hold
    /// what lies beyond.
    pub edges: Vec<f64>,
    /// The baseline's part.
    pub baseline: Spread,
    /// The window's part.
    pub window: Spread,
}

/// One period's part of a distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// Calls that carry the figure.
    pub calls: usize,
    /// Share of them in each bin.
    pub shares: Vec<f64>,
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
}

/// The values of one column over time, as shares of the calls.
#[derive(Debug, Clone, PartialEq)]
pub struct Shares {
    /// The column: `region`, `pool_id`, `cache_miss_reason`, …
    pub column: String,
    /// When the bins lie.
    pub axis: TimeAxis,
    /// The values that matter most, largest first.
    pub values: Vec<ShareSeries>,
    /// Further values, not listed.
    pub left_out: usize,
    /// Share of the baseline's calls that carry the column.
    pub known_baseline: f64,
    /// Share of the window's calls that carry the column.
    pub known_window: f64,
}

/// One value's share over time.
#[derive(Debug, Clone, PartialEq)]
pub struct ShareSeries {
    /// The value.
    pub value: String,
    /// Share of the calls of a bin, 0 to 1; none where no call tells.
    pub bins: Vec<Option<f64>>,
    /// Share in the baseline; none where no call of it tells.
    pub baseline: Option<f64>,
    /// Share in the window; none where no call of it tells.
    pub window: Option<f64>,
}

/// Bins of equal length, with the window among them.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeAxis {
    /// Start of the first bin.
    pub start: DateTime<Utc>,
    /// Length of a bin, seconds.
    pub bin_s: f64,
    /// How many bins.
    pub bins: usize,
    /// First bin of the window.
    pub window_from: usize,
    /// First bin after the window.
    pub window_to: usize,
}
