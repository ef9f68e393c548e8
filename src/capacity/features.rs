//! What a replay is held against: means of latency over cells of equal work and equal load, and the
//! quantiles that an answer is about. A fitted engine reproduces them within their sampling error.

use super::load::Load;
use super::recording::Recording;
use super::replay::Replayed;
use crate::stats::quantile::{of_sorted, quantile, sorted};

/// The latencies of a recording's requests, in their order; NaN where unknown.
#[derive(Debug, Clone, Default)]
pub struct Latencies {
    /// To the first token.
    pub ttft_s: Vec<f64>,
    /// Per token after the first.
    pub itl_s: Vec<f64>,
    /// In all.
    pub duration_s: Vec<f64>,
}

impl Latencies {
    /// As they were recorded.
    pub fn recorded(recording: &Recording) -> Self {
        let of = |value: fn(&super::recording::Request) -> f64| {
            recording.requests.iter().map(value).collect()
        };
        Self {
            ttft_s: of(|request| request.ttft_s),
            itl_s: of(|request| request.itl_s),
            duration_s: of(|request| request.duration_s),
        }
    }

    /// As they were replayed, known only where they are in the recording too.
    pub fn replayed(replayed: &Replayed, recorded: &Self) -> Self {
        let blank = || vec![f64::NAN; recorded.duration_s.len()];
        let mut all = Self { ttft_s: blank(), itl_s: blank(), duration_s: blank() };
        for taken in &replayed.taken {
            let at = taken.request;
            let known =
                |recorded: f64, value: f64| if recorded.is_finite() { value } else { f64::NAN };
            all.ttft_s[at] = known(recorded.ttft_s[at], taken.ttft_s);
            all.itl_s[at] = known(recorded.itl_s[at], taken.itl_s);
            all.duration_s[at] = taken.duration_s;
        }
        all
    }
}

/// Requests whose mean log latency is compared.
#[derive(Debug, Clone)]
struct Cell {
    /// TTFT or ITL.
    ttft: bool,
    rows: Vec<usize>,
}

/// Where a recording is compared.
#[derive(Debug, Clone)]
pub struct Features {
    cells: Vec<Cell>,
    recorded: Latencies,
    /// Value and standard error of each feature in the recording.
    target: Vec<(f64, f64)>,
}

/// Smallest standard error of a feature, in logarithms: no model is truer than that.
const FLOOR: f64 = 0.015;
/// Fewest requests of a cell.
const LEAST: usize = 12;
/// Calls are correlated in time: as many count for one.
const CLUSTER: f64 = 3.0;
/// Quantiles compared over all requests, and their standard error in units of the mean's.
const QUANTILES: [(f64, f64); 5] = [(0.25, 1.3), (0.5, 1.25), (0.75, 1.4), (0.9, 1.7), (0.95, 2.1)];
/// Fewest decode iterations for an ITL to tell of the engine.
const LEAST_STEPS: f64 = 8.0;

impl Features {
    /// Cells of the recording.
    pub fn new(recording: &Recording, load: &Load) -> Self {
        let all = &recording.requests;
        let recorded = Latencies::recorded(recording);
        let with = |values: &[f64], least: f64| -> Vec<usize> {
            let fit = |at: &usize| {
                values[*at] > 0.0 && all[*at].steps >= least && all[*at].start_s > 20.0
            };
            (0..all.len()).filter(fit).collect()
        };
        let (ttft, itl) = (with(&recorded.ttft_s, 0.0), with(&recorded.itl_s, LEAST_STEPS));
        let uncached: Vec<f64> = all.iter().map(|r| r.prompt_tokens - r.cached_tokens).collect();
        let context: Vec<f64> =
            all.iter().map(|r| r.prompt_tokens + r.output_tokens / 2.0).collect();
        let mut cells = Vec::new();
        for rows in parts(&ttft, &uncached, 5) {
            cells.extend(parts(&rows, &load.found, 3).into_iter().map(|rows| (true, rows)));
        }
        for rows in parts(&itl, &load.met, 5) {
            cells.extend(parts(&rows, &context, 2).into_iter().map(|rows| (false, rows)));
        }
        cells.extend(parts(&itl, &load.prompts_met, 5).into_iter().map(|rows| (false, rows)));
        let cells = cells.into_iter().map(|(ttft, rows)| Cell { ttft, rows }).collect();
        let mut features = Self { cells, recorded, target: Vec::new() };
        let values = features.values(&features.recorded);
        let errors = features.errors();
        features.target = values.into_iter().zip(errors).collect();
        features
    }

    /// How many features there are.
    pub fn len(&self) -> usize {
        self.target.len()
    }

    /// Whether nothing can be compared.
    pub fn is_empty(&self) -> bool {
        self.target.is_empty()
    }

    /// The differences to a replay in standard errors, cut off where they are wild.
    pub fn residuals(&self, replayed: &Replayed) -> Vec<f64> {
        let values = self.values(&Latencies::replayed(replayed, &self.recorded));
        let one = |(value, (target, error)): (f64, &(f64, f64))| {
            let off = (value - target) / error;
            if off.is_finite() { 8.0 * (off / 8.0).tanh() } else { 8.0 }
        };
        values.into_iter().zip(&self.target).map(one).collect()
    }

    fn values(&self, latencies: &Latencies) -> Vec<f64> {
        let cell = |cell: &Cell| {
            let from = if cell.ttft { &latencies.ttft_s } else { &latencies.itl_s };
            mean_log(cell.rows.iter().map(|row| from[*row]))
        };
        let mut values: Vec<f64> = self.cells.iter().map(cell).collect();
        for from in [&latencies.ttft_s, &latencies.itl_s, &latencies.duration_s] {
            let sorted = sorted(from);
            let at = |(q, _): &(f64, f64)| of_sorted(&sorted, *q).map_or(f64::NAN, f64::ln);
            values.extend(QUANTILES.iter().map(at));
        }
        values.into_iter().collect()
    }

    fn errors(&self) -> Vec<f64> {
        let cell = |cell: &Cell| {
            let from = if cell.ttft { &self.recorded.ttft_s } else { &self.recorded.itl_s };
            let logs: Vec<f64> = cell.rows.iter().map(|row| from[*row].ln()).collect();
            error_of(&logs)
        };
        let mut errors: Vec<f64> = self.cells.iter().map(cell).collect();
        for from in [&self.recorded.ttft_s, &self.recorded.itl_s, &self.recorded.duration_s] {
            let logs: Vec<f64> =
                from.iter().filter(|value| **value > 0.0).map(|value| value.ln()).collect();
            let error = error_of(&logs);
            errors.extend(QUANTILES.iter().map(|(_, factor)| error * factor));
        }
        errors
    }
}

fn mean_log(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values.filter(|value| *value > 0.0) {
        sum += value.ln();
        count += 1.0;
    }
    if count > 0.0 { sum / count } else { f64::NAN }
}

fn error_of(logs: &[f64]) -> f64 {
    let variance = crate::stats::quantile::variance(logs).unwrap_or(1.0);
    (variance * CLUSTER / logs.len().max(1) as f64 + FLOOR * FLOOR).sqrt()
}

/// The rows in so many parts of about equal size, by a value; small parts are dropped.
pub fn parts(rows: &[usize], values: &[f64], count: usize) -> Vec<Vec<usize>> {
    let of: Vec<f64> = rows.iter().map(|row| values[*row]).collect();
    let edges: Vec<f64> =
        (1..count).filter_map(|part| quantile(&of, part as f64 / count as f64)).collect();
    let mut parts = vec![Vec::new(); count];
    for row in rows {
        if values[*row].is_finite() {
            parts[edges.partition_point(|edge| *edge < values[*row])].push(*row);
        }
    }
    parts.retain(|part| part.len() >= LEAST);
    parts
}
