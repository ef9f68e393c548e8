//! What the same work took in the baseline: TTFT against uncached tokens, time per token against
//! context, whole calls against both; a level for each kind of call and each serving place.
//!
//! Physics fixes the form (`docs/method.md`): prefill is linear in the tokens that the cache does
//! not hold, a decode step grows with the context, and speculative decoding divides the step by
//! the tokens that it yields, which is the answer over the steps taken: `output / (output -
//! accepted)`.

use rayon::prelude::*;

use super::cells::{Cells, Places};
use super::frame::{Frame, Outcome, Side};
use crate::stats::quantile::median;
use crate::stats::regress::{Line, Shape, fit};

/// Fewest baseline calls for a line of its own; fewer fall back on all models together.
const LEAST_CALLS: usize = 16;
/// Most calls that a line is fitted to; of more, every so many-th. Levels take all of them.
const MOST_FITTED: usize = 10_000;
/// A level is drawn to 1 as if this many calls said so.
const LEVEL_PRIOR: f64 = 8.0;
/// Answers shorter than this have no time per token worth the name.
const LEAST_OUTPUT: f64 = 4.0;
/// Most predictors of a figure.
const MOST_PREDICTORS: usize = 2;
/// Most tokens that a speculative step is believed to yield.
const MOST_PER_STEP: f64 = 16.0;

/// Expected figures, one a call; NaN where the baseline cannot tell.
#[derive(Debug, Clone)]
pub struct Expected {
    /// TTFT at the call's own uncached tokens, seconds.
    pub ttft_s: Vec<f64>,
    /// Time per token at the call's own context and tokens per step, seconds.
    pub itl_s: Vec<f64>,
    /// Whole call that shows no TTFT, at its own tokens, seconds.
    pub whole_s: Vec<f64>,
    /// Tokens per decode step; 1 where speculation is not reported.
    pub per_step: Vec<f64>,
    /// Observed TTFT without the client's share, seconds.
    pub seen_ttft_s: Vec<f64>,
    /// Observed time per token, seconds.
    pub seen_itl_s: Vec<f64>,
    /// Observed whole call of calls that show no TTFT, without the client's share, seconds.
    pub seen_whole_s: Vec<f64>,
    /// How far TTFT at the call's serving place stands from its engine's, as a factor.
    pub ttft_place: Vec<f64>,
    /// How far the time per token at the call's serving place stands from its engine's.
    pub itl_place: Vec<f64>,
    /// How far whole calls at the call's serving place stand from their engine's.
    pub whole_place: Vec<f64>,
    /// How far the time per token of the call's kind stands from its engine's, as a factor.
    pub itl_kind: Vec<f64>,
    /// Seconds of prefill a thousand uncached tokens, by call.
    pub prefill_slope_s: Vec<f64>,
    /// The same of TTFT alone, also for calls that do not show it.
    pub ttft_slope_s: Vec<f64>,
    /// Seconds an output token of calls without TTFT, at the call's own tokens a step, by call.
    pub whole_token_s: Vec<f64>,
}

/// One kind of figure: the observed values and the predictors of the work behind them.
struct Task<'a> {
    seen: &'a [f64],
    predictors: Vec<&'a [f64]>,
}

/// A fitted figure: expected value by call, and slopes by call.
struct Fitted {
    expected: Vec<f64>,
    slopes: Vec<[f64; MOST_PREDICTORS]>,
    kind: Vec<f64>,
    place: Vec<f64>,
}

impl Expected {
    /// Fits the baseline and reads off every call's expectation.
    pub fn new(frame: &Frame, cells: &Cells, places: &Places) -> Self {
        let per_step = per_step(frame);
        let seen_ttft_s = seen_ttft(frame);
        let seen_itl_s = seen_itl(frame);
        let seen_whole_s = seen_whole(frame, &seen_ttft_s);
        let kilo = |values: &[f64]| values.iter().map(|v| finite(*v) / 1000.0).collect::<Vec<_>>();
        let prompt = kilo(&frame.uncached_tokens);
        let context: Vec<f64> = (0..frame.len())
            .map(|row| {
                (finite(frame.input_tokens[row]) + finite(frame.output_tokens[row]) / 2.0) / 1000.0
            })
            .collect();
        let steps: Vec<f64> =
            seen_itl_s.iter().zip(&per_step).map(|(itl, per)| itl * per).collect();
        // Decoding takes as long as its steps, however many tokens each of them yields.
        let own_steps = frame.output_tokens.iter().zip(&per_step);
        let own_steps: Vec<f64> = own_steps.map(|(v, per)| finite(*v) / per).collect();
        let ttft = Task { seen: &seen_ttft_s, predictors: vec![&prompt] };
        let step = Task { seen: &steps, predictors: vec![&context] };
        let whole = Task { seen: &seen_whole_s, predictors: vec![&prompt, &own_steps] };
        let fit = |task: &Task<'_>| task.fit(frame, cells, places);
        let (ttft, (step, whole)) =
            rayon::join(|| fit(&ttft), || rayon::join(|| fit(&step), || fit(&whole)));
        let itl_s = step.expected.iter().zip(&per_step).map(|(step, per)| step / per).collect();
        let column = |slopes: &[[f64; MOST_PREDICTORS]], at: usize| {
            slopes.iter().map(|row| row[at]).collect::<Vec<f64>>()
        };
        let prefill_slope_s = (0..frame.len())
            .map(|row| {
                let from = if seen_ttft_s[row].is_finite() { &ttft.slopes } else { &whole.slopes };
                from[row][0]
            })
            .collect();
        Self {
            ttft_slope_s: column(&ttft.slopes, 0),
            ttft_s: ttft.expected,
            itl_s,
            whole_token_s: column(&whole.slopes, 1)
                .iter()
                .zip(&per_step)
                .map(|(step, per)| step / per)
                .collect(),
            whole_s: whole.expected,
            ttft_place: ttft.place,
            itl_place: step.place,
            whole_place: whole.place,
            itl_kind: step.kind,
            per_step,
            seen_ttft_s,
            seen_itl_s,
            seen_whole_s,
            prefill_slope_s,
        }
    }
}

impl Task<'_> {
    fn fit(&self, frame: &Frame, cells: &Cells, places: &Places) -> Fitted {
        let usable = |row: usize| {
            frame.sides[row] == Side::Baseline
                && frame.outcomes[row] == Outcome::Served
                && self.seen[row] > 0.0
        };
        let rows: Vec<usize> = (0..frame.len()).filter(|row| usable(*row)).collect();
        let common = self.line(&rows);
        let lines: Vec<Option<Line>> = (0..cells.engines)
            .into_par_iter()
            .map(|engine| {
                let own: Vec<usize> =
                    rows.iter().copied().filter(|row| cells.engine[*row] == engine).collect();
                if own.len() >= LEAST_CALLS { self.line(&own) } else { None }
            })
            .collect();
        let mut expected = vec![f64::NAN; frame.len()];
        let mut slopes = vec![[0.0; MOST_PREDICTORS]; frame.len()];
        for row in 0..frame.len() {
            let Some(line) = lines[cells.engine[row]].as_ref().or(common.as_ref()) else {
                continue;
            };
            expected[row] = self.at(line, row);
            for (slope, of_line) in slopes[row].iter_mut().zip(&line.slopes) {
                *slope = *of_line;
            }
        }
        let mut apply = |of: &[usize], count: usize| {
            let levels = self.levels(&rows, &expected, of, count);
            let by_row: Vec<f64> = of.iter().map(|group| levels[*group]).collect();
            for (row, level) in by_row.iter().enumerate() {
                expected[row] *= level;
                slopes[row].iter_mut().for_each(|slope| *slope *= level);
            }
            by_row
        };
        let kind = apply(&cells.cell, cells.cells);
        let place = apply(&places.place, places.count);
        Fitted { expected, slopes, kind, place }
    }

    /// Twice robust least squares; the second time relative, since noise grows with the work.
    fn line(&self, rows: &[usize]) -> Option<Line> {
        let step = rows.len().div_ceil(MOST_FITTED).max(1);
        let rows: Vec<usize> = rows.iter().copied().step_by(step).collect();
        let take = |values: &[f64]| rows.iter().map(|row| values[*row]).collect::<Vec<f64>>();
        let columns: Vec<Vec<f64>> = self.predictors.iter().map(|column| take(column)).collect();
        let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let y = take(self.seen);
        let middle = median(&y)?;
        let shape = Shape { weights: &[], ridge: 0.5, robust: true, non_negative: true };
        let Some(mut line) = fit(&slices, &y, shape) else {
            return flat(middle, &slices, rows.len());
        };
        for _ in 0..2 {
            let weights: Vec<f64> = rows
                .iter()
                .map(|row| self.at(&line, *row).max(0.1 * middle).powi(-2) * middle * middle)
                .collect();
            let shape = Shape { weights: &weights, ridge: 0.5, robust: true, non_negative: true };
            line = fit(&slices, &y, shape).unwrap_or(line);
        }
        // A line may not fall below a tenth of the usual at no work: that is noise, not physics.
        line.intercept = line.intercept.max(0.05 * middle);
        Some(line)
    }

    fn at(&self, line: &Line, row: usize) -> f64 {
        line.predict_each(self.predictors.iter().map(|column| column[row])).max(1e-6)
    }

    /// Median ratio of seen to expected by group, drawn to 1 where calls are few.
    fn levels(&self, rows: &[usize], expected: &[f64], of: &[usize], count: usize) -> Vec<f64> {
        let mut logs: Vec<Vec<f64>> = vec![Vec::new(); count];
        for &row in rows {
            let log = (self.seen[row] / expected[row]).ln();
            if log.is_finite() {
                logs[of[row]].push(log);
            }
        }
        let level = |logs: &Vec<f64>| {
            let size = logs.len() as f64;
            (median(logs).unwrap_or(0.0) * size / (size + LEVEL_PRIOR)).exp()
        };
        logs.iter().map(level).collect()
    }
}

/// A level without slopes, where the work behind it never varied.
fn flat(middle: f64, columns: &[&[f64]], rows: usize) -> Option<Line> {
    (rows >= 4).then(|| Line {
        intercept: middle,
        slopes: vec![0.0; columns.len()],
        covariance: vec![vec![0.0; columns.len() + 1]; columns.len() + 1],
        residual_sd: 0.0,
        r2: 0.0,
        rows,
        support: vec![(0.0, 0.0); columns.len()],
    })
}

fn finite(value: f64) -> f64 {
    super::frame::known(value)
}

fn per_step(frame: &Frame) -> Vec<f64> {
    let of = |row: usize| {
        let (output, accepted) = (frame.output_tokens[row], frame.spec_accepted_tokens[row]);
        let steps = output - accepted;
        if steps >= 1.0 && accepted >= 0.0 { (output / steps).min(MOST_PER_STEP) } else { 1.0 }
    };
    (0..frame.len()).map(of).collect()
}

fn seen_ttft(frame: &Frame) -> Vec<f64> {
    let of = |row: usize| {
        let clean = frame.ttft_s[row] - frame.lost_s(row);
        match frame.outcomes[row] {
            Outcome::Failed => f64::NAN,
            // Cut off before the first token: that long it waited at least.
            Outcome::Censored
                if frame.ttft_s[row].is_nan() && frame.output_tokens[row].is_nan() =>
            {
                (frame.duration_s[row] - frame.lost_s(row)).max(1e-3)
            }
            _ if frame.ttft_s[row] > 0.0 => clean.max(1e-3),
            _ => f64::NAN,
        }
    };
    (0..frame.len()).map(of).collect()
}

fn seen_itl(frame: &Frame) -> Vec<f64> {
    let of = |row: usize| {
        let enough = frame.output_tokens[row] >= LEAST_OUTPUT && frame.itl_s[row] > 0.0;
        if enough && frame.outcomes[row] != Outcome::Failed { frame.itl_s[row] } else { f64::NAN }
    };
    (0..frame.len()).map(of).collect()
}

fn seen_whole(frame: &Frame, ttft: &[f64]) -> Vec<f64> {
    let of = |row: usize| {
        let split = ttft[row].is_finite();
        let clean = frame.duration_s[row] - frame.lost_s(row);
        if split || frame.outcomes[row] == Outcome::Failed { f64::NAN } else { clean.max(1e-3) }
    };
    (0..frame.len()).map(of).collect()
}
