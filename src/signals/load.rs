//! Own traffic: how many calls a minute started, in the window and in windows like it.

use super::Signals;
use super::effects::SAME_WORK;
use super::frame::{Side, known};
use crate::stats::quantile::mean;
use crate::stats::regress::{Shape, fit};

/// Own requests in the engines that a slice uses.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Load {
    /// Calls a minute in the baseline.
    pub baseline_per_minute: f64,
    /// Calls a minute in the window.
    pub window_per_minute: f64,
    /// Calls that ran at once in the baseline, on average.
    pub baseline_at_once: f64,
    /// Calls that ran at once in the window, on average.
    pub window_at_once: f64,
    /// Window over baseline.
    pub ratio: f64,
    /// Largest such ratio of the baseline's own windows of this length; 1 where it holds none.
    pub usual_ratio: f64,
    /// Whether more than chance and the baseline's own swings.
    pub surged: bool,
    /// What the baseline's own busy and quiet minutes predict for the window's rate: the added
    /// logarithm of the latency, and its error; infinite where they cannot tell.
    pub predicted: (f64, f64),
    /// Whether the window's rate lies near what the baseline's minutes reached.
    pub supported: bool,
    /// The slice that holds the added calls; 0 is everything.
    pub slice: usize,
}

/// Least rise of the own rate that can be called a surge (production traffic moves by +45 % within
/// half an hour without incident: serving physics, 10).
pub const LEAST_SURGE: f64 = 1.35;
/// A smaller rise is one too where the baseline is known to be steadier than that: this much, and so
/// many times what its own busiest window rose.
const SMALL_SURGE: f64 = 1.2;
const SMALL_BEYOND: f64 = 2.5;
/// A surge stands above the baseline's own largest by this factor.
const ABOVE_USUAL: f64 = 1.15;
/// Calls that started within this time count as the load that a call met, seconds.
const RECENT_S: f64 = 120.0;
/// A burst of the own traffic that slows its service by less than this, as a logarithm, is the
/// ordinary response of any server.
pub const NATURAL_LOG: f64 = 0.14;
/// No burst reaches this factor: what gets slower under it is slower because of it, and less of a
/// rise is believed.
pub const LARGE_SURGE: f64 = 2.5;
/// A line through the baseline's minutes says little beyond this many times their busiest: queues and
/// batches answer to load along a curve that steepens, and clients that wait for their answers ask
/// less often in slow minutes, which hides how steep it is.
const SUPPORTED: f64 = 1.25;
/// Outside the slice that surged the rate grew by less than this factor.
const STAYED: f64 = 1.3;

impl Load {
    /// Counts the calls of the engines that a slice uses.
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
        // Little's law: what runs at once is the time that calls took over the time that passed.
        let at_once = |side: Side| -> f64 {
            (0..frame.len())
                .filter(|row| frame.sides[*row] == side && engines[signals.cells.engine[*row]])
                .map(|row| known(frame.duration_s[row]))
                .sum()
        };
        let (baseline, window) = (starts(Side::Baseline), starts(Side::Window));
        let baseline_per_minute = per_minute(baseline.len(), frame.baseline_s);
        let window_per_minute = per_minute(window.len(), frame.window_s);
        let known = baseline_per_minute > 0.0;
        let ratio = if known { window_per_minute / baseline_per_minute } else { 1.0 };
        let usual_ratio = usual(&baseline, frame.window_s, baseline_per_minute);
        let beyond = usual_ratio > 1.0 && ratio - 1.0 >= SMALL_BEYOND * (usual_ratio - 1.0);
        let large = ratio >= LEAST_SURGE || (ratio >= SMALL_SURGE && beyond);
        let surged = large && ratio >= ABOVE_USUAL * usual_ratio;
        let slice = if surged { where_surged(signals, ratio) } else { 0 };
        let (predicted, supported) =
            if surged { response(signals, &engines) } else { ((0.0, f64::INFINITY), false) };
        Self {
            baseline_per_minute,
            window_per_minute,
            baseline_at_once: at_once(Side::Baseline) / frame.baseline_s.max(1.0),
            window_at_once: at_once(Side::Window) / frame.window_s.max(1.0),
            ratio,
            usual_ratio,
            surged,
            predicted,
            supported,
            slice,
        }
    }

    /// Whether a rise of the latency at the same work, as a logarithm, is how any service answers to
    /// more of the own calls.
    pub fn explains(&self, log: f64) -> bool {
        self.ratio >= LEAST_SURGE && !self.large() && log < NATURAL_LOG
    }

    /// Whether the own traffic rose as no burst does.
    pub fn large(&self) -> bool {
        self.surged && self.ratio >= LARGE_SURGE
    }
}

/// How much slower the baseline's calls were at the same work in its busier minutes, taken to the
/// window's rate; and whether that rate is near what the baseline reached.
fn response(signals: &Signals, engines: &[bool]) -> ((f64, f64), bool) {
    let frame = &signals.frame;
    let rows: Vec<usize> =
        (0..frame.len()).filter(|row| engines[signals.cells.engine[*row]]).collect();
    let mut from = 0;
    let mut recent = vec![0.0; rows.len()];
    for (at, &row) in rows.iter().enumerate() {
        while frame.starts_s[row] - frame.starts_s[rows[from]] > RECENT_S {
            from += 1;
        }
        recent[at] = (at + 1 - from) as f64;
    }
    let excess = |row: usize| {
        let logs = SAME_WORK.map(|effect| signals.effects.logs[effect as usize][row]);
        logs.into_iter().find(|log| log.is_finite()).unwrap_or(f64::NAN)
    };
    let side = |side: Side| -> (Vec<f64>, Vec<f64>) {
        let told = rows.iter().zip(&recent).filter(|(row, _)| frame.sides[**row] == side);
        told.map(|(row, recent)| (*recent, excess(*row))).unzip()
    };
    let ((before, logs), (after, _)) = (side(Side::Baseline), side(Side::Window));
    let most = before.iter().copied().fold(0.0, f64::max);
    let (Some(usual), Some(now)) = (mean(&before), mean(&after)) else {
        return ((0.0, f64::INFINITY), false);
    };
    let Some(line) = fit(&[&before], &logs, Shape { robust: true, ..Shape::default() }) else {
        return ((0.0, f64::INFINITY), false);
    };
    let slope = line.slopes.first().copied().unwrap_or(0.0);
    let error =
        line.covariance.get(1).and_then(|row| row.get(1)).map_or(f64::INFINITY, |v| v.sqrt());
    // Neighbours in time are alike, which the line does not know.
    ((slope * (now - usual), 1.5 * error * (now - usual).abs()), now <= SUPPORTED * most)
}

/// The smallest slice that holds the added calls, outside of which the rate stayed; or everything.
fn where_surged(signals: &Signals, ratio: f64) -> usize {
    let frame = &signals.frame;
    let all = &signals.slices.slices[0];
    let rate = |baseline: usize, window: usize| {
        per_minute(window, frame.window_s) / per_minute(baseline, frame.baseline_s).max(1e-9)
    };
    let mut best = (ratio, 0);
    for (at, slice) in signals.slices.slices.iter().enumerate().skip(1) {
        let inside = rate(slice.baseline_calls, slice.window_calls);
        let (before, after) =
            (all.baseline_calls - slice.baseline_calls, all.window_calls - slice.window_calls);
        let outside = rate(before, after);
        let stayed = before > 0 && outside < STAYED;
        if stayed && inside > best.0 * 1.1 {
            best = (inside, at);
        }
    }
    best.1
}

fn per_minute(calls: usize, span_s: f64) -> f64 {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busier_service_explains_a_small_rise_and_neither_a_large_one_nor_a_surge() {
        let of = |ratio: f64| Load { ratio, surged: true, ..Load::default() };
        assert!(of(1.5).explains(0.1), "half more traffic, a tenth slower");
        assert!(!of(1.5).explains(0.2), "half more traffic, a fifth slower");
        assert!(!of(1.1).explains(0.1), "a tenth more traffic is none");
        assert!(!of(3.0).explains(0.1), "three times the traffic is no burst");
    }
}
