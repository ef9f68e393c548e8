//! Own traffic: how many calls a minute started, in the window and in windows like it.

use super::Signals;
use super::frame::{Frame, Side};

/// Own requests in the engines that a slice uses.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Load {
    /// Calls a minute in the baseline.
    pub baseline_per_minute: f64,
    /// Calls a minute in the window.
    pub window_per_minute: f64,
    /// Window over baseline.
    pub ratio: f64,
    /// Largest such ratio of the baseline's own windows of this length; 1 where it holds none.
    pub usual_ratio: f64,
    /// Whether more than chance and the baseline's own swings.
    pub surged: bool,
    /// Whether the service, in its slower minutes, was slower in busier ones: rank correlation of
    /// calls a minute with the excess over the expectation, over both sides' minutes.
    pub response: f64,
}

/// Least rise of the own rate that can be called a surge (production traffic moves by +45 % within
/// half an hour without incident: serving physics, 10).
const LEAST_SURGE: f64 = 1.6;
/// A surge stands above the baseline's own largest by this factor.
const ABOVE_USUAL: f64 = 1.25;

impl Load {
    /// Counts.
    pub fn new(signals: &Signals, slice: usize) -> Self {
        let frame = &signals.frame;
        let mut engines = vec![false; signals.cells.engines];
        for &row in &signals.slices.slices[slice].rows {
            engines[signals.cells.engine[row as usize]] = true;
        }
        let starts = |side: Side| -> Vec<f64> {
            (0..frame.len())
                .filter(|row| frame.sides[*row] == side && engines[signals.cells.engine[*row]])
                .map(|row| frame.starts_s[row])
                .collect()
        };
        let (baseline, window) = (starts(Side::Baseline), starts(Side::Window));
        let (baseline_per_minute, window_s) =
            (rate(frame, Side::Baseline, baseline.len()), span_s(frame, Side::Window));
        let window_per_minute = rate(frame, Side::Window, window.len());
        let ratio =
            if baseline_per_minute > 0.0 { window_per_minute / baseline_per_minute } else { 1.0 };
        let usual_ratio = usual(&baseline, window_s, baseline_per_minute);
        Self {
            baseline_per_minute,
            window_per_minute,
            ratio,
            usual_ratio,
            surged: ratio >= LEAST_SURGE && ratio >= ABOVE_USUAL * usual_ratio,
            response: 0.0,
        }
    }
}

fn span_s(frame: &Frame, side: Side) -> f64 {
    let rows = frame.rows(side);
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return 0.0 };
    (frame.starts_s[*last] - frame.starts_s[*first]).max(1.0)
}

fn rate(frame: &Frame, side: Side, calls: usize) -> f64 {
    let span_s = span_s(frame, side);
    if span_s > 0.0 { calls as f64 * 60.0 / span_s } else { 0.0 }
}

/// The busiest stretch of the window's length within the baseline, over its mean.
fn usual(starts: &[f64], window_s: f64, per_minute: f64) -> f64 {
    let (Some(first), Some(last)) = (starts.first(), starts.last()) else { return 1.0 };
    if last - first < 2.0 * window_s || per_minute <= 0.0 || window_s <= 0.0 {
        return 1.0;
    }
    let mut most = 0;
    let mut from = 0;
    for (to, start) in starts.iter().enumerate() {
        while start - starts[from] > window_s {
            from += 1;
        }
        most = most.max(to + 1 - from);
    }
    (most as f64 * 60.0 / window_s / per_minute).max(1.0)
}
