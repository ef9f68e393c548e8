//! What is usual for each call's kind: the baseline's means, the cached part of a prompt of its
//! length, and how far its class stands from its model.

use std::collections::BTreeMap;

use super::cells::Cells;
use super::expect::Expected;
use super::frame::{Frame, Side};
use crate::stats::quantile::{mean, quantile};
use crate::stats::regress::{Line, Shape, fit};

/// Fewest baseline calls of a kind for figures of its own; below, its engine's are taken.
const LEAST_KIND: usize = 5;
/// Fewest calls of either side for the floor of their uncached tokens.
const LEAST_FLOOR: usize = 18;
/// Fewest calls of the window for their mean length: of fewer, the mix of conversations makes it.
const LEAST_MEAN: usize = 24;
/// A cache that holds less than this part of a longer prompt does not tell added text apart.
const LEAST_SLOPE: f64 = 0.1;
/// Less than this part of what the cache usually held is a cache lost altogether.
const LEAST_HELD: f64 = 0.3;
/// The floor of the uncached tokens rises by at least this part of what their middle does where
/// text was put into every prompt.
const SHARED: f64 = 0.5;
/// And the prompts are seen to be longer by at least this part of it.
const LONGER: f64 = 0.1;
/// Standard errors of independent calls within which a mean length is known: the calls of a
/// conversation are alike in length.
const LENGTH_ERRORS: f64 = 4.5;

/// Usual figures by call.
pub struct Usual {
    /// Uncached tokens that the call would have had with the baseline's cache.
    pub kept: Vec<f64>,
    /// Uncached tokens of its kind.
    pub uncached: Vec<f64>,
    /// Output tokens of its kind.
    pub output: Vec<f64>,
    /// Logarithm of the tokens a step of its prompt's text or its kind; NaN for a kind that the
    /// baseline hardly knows.
    pub log_per_step: Vec<f64>,
    /// The same of its engine.
    pub engine_log_per_step: Vec<f64>,
    /// Time per token of its kind at its engine's tokens a step, seconds.
    pub base_s: Vec<f64>,
    /// How far the time per token of its kind stands from its engine's, as a logarithm.
    pub class: Vec<f64>,
    /// Wait before prefill of its kind, as the server reports it, seconds.
    pub queue_s: Vec<f64>,
    /// Median gap within calls of its kind, seconds.
    pub gap_s: Vec<f64>,
    /// Time per token of each call's own context at its engine's tokens a step, seconds.
    pub own_base_s: Vec<f64>,
}

impl Usual {
    /// Reads the baseline.
    pub fn new(frame: &Frame, cells: &Cells, expected: &Expected) -> Self {
        let kept = usual_uncached(frame, cells);
        let logs: Vec<f64> = expected.per_step.iter().map(|per| per.ln()).collect();
        let engine_log_per_step = by_engine(frame, cells, &logs);
        let own_base_s: Vec<f64> = (0..frame.len())
            .map(|row| {
                let beyond = logs[row] - engine_log_per_step[row];
                expected.itl_s[row] * beyond.exp() / expected.itl_place[row]
            })
            .collect();
        Self {
            uncached: by_kind(frame, cells, &kept),
            output: by_kind(frame, cells, &frame.output_tokens),
            log_per_step: by_text(frame, cells, &logs),
            base_s: by_kind(frame, cells, &own_base_s),
            class: class_levels(frame, cells, expected),
            queue_s: by_kind(frame, cells, &frame.queue_wait_s),
            gap_s: by_kind(frame, cells, &frame.itl_p50_s),
            kept,
            engine_log_per_step,
            own_base_s,
        }
    }
}

/// Uncached tokens under the baseline's cache: the cached part as a line in the prompt's length,
/// per kind of call, inside the lengths that the baseline knew.
fn usual_uncached(frame: &Frame, cells: &Cells) -> Vec<f64> {
    let mut usual = frame.uncached_tokens.clone();
    let told = |row: usize| {
        frame.cache_read_tokens[row].is_finite() && frame.input_tokens[row].is_finite()
    };
    let mut rows_of: Vec<Vec<usize>> = vec![Vec::new(); cells.workloads];
    for row in (0..frame.len()).filter(|row| told(*row)) {
        rows_of[cells.workload[row]].push(row);
    }
    let kinds: Vec<Kind> = rows_of.iter().filter_map(|rows| Kind::new(frame, rows)).collect();
    for kind in &kinds {
        for &row in &kind.rows {
            let new = if frame.sides[row] == Side::Window { kind.added } else { 0.0 };
            let input = frame.input_tokens[row];
            let cached = kind.held.at(input - new);
            // A cache that grew with prompts longer than the baseline knew is no miss.
            let grown = if input > kind.held.most() { frame.cache_read_tokens[row] } else { 0.0 };
            usual[row] = input - cached.max(grown).clamp(0.0, input);
        }
    }
    usual
}

/// Calls of one kind, and what their cache usually held.
struct Kind<'a> {
    rows: Vec<usize>,
    held: Held<'a>,
    /// Tokens put into every prompt of the window.
    added: f64,
}

impl<'a> Kind<'a> {
    /// None where the baseline knows too few.
    fn new(frame: &'a Frame, rows: &[usize]) -> Option<Self> {
        let of = |side: Side| -> Vec<usize> {
            rows.iter().copied().filter(|row| frame.sides[*row] == side).collect()
        };
        let (baseline, window) = (of(Side::Baseline), of(Side::Window));
        let held = Held { line: cached_line(frame, &baseline)?, frame };
        let added = held.added(&baseline, &window).unwrap_or_default();
        Some(Self { rows: rows.to_vec(), held, added })
    }
}

/// What the baseline's cache held of prompts of one kind.
struct Held<'a> {
    line: Line,
    frame: &'a Frame,
}

impl Held<'_> {
    /// Cached tokens of a prompt of so many, inside the lengths that the baseline knew.
    fn at(&self, input: f64) -> f64 {
        let (low, high) = self.line.support.first().copied().unwrap_or((0.0, f64::INFINITY));
        self.line.predict(&[input.clamp(low, high.max(low))])
    }

    /// The longest prompt that the baseline knew.
    fn most(&self) -> f64 {
        self.line.support.first().map_or(f64::INFINITY, |(_, high)| *high)
    }

    /// Tokens that were put into every prompt of this kind and are new to the cache.
    ///
    /// Text that every prompt carries raises all of the distribution of uncached tokens, its floor
    /// as much as its middle. A lost cache hits some calls, by as much as was cached, and leaves the
    /// floor where it was; or, if all is lost, hardly any cached tokens remain.
    fn added(&self, baseline: &[usize], window: &[usize]) -> Option<f64> {
        if window.len() < LEAST_FLOOR || baseline.len() < LEAST_FLOOR {
            return None;
        }
        let slope = self.line.slopes.first().copied()?;
        let usual = self.mean_of(window, |row| self.at(self.frame.input_tokens[row]))?;
        let held = self.mean_of(window, |row| self.frame.cache_read_tokens[row])?;
        if slope < LEAST_SLOPE || held < LEAST_HELD * usual {
            return None;
        }
        // The incident need not begin with the window.
        let late = &window[window.len() / 3..];
        let rises = |column: &[f64]| -> Option<[f64; 3]> {
            let of = |rows: &[usize]| rows.iter().map(|row| column[*row]).collect::<Vec<f64>>();
            let (before, after) = (of(baseline), of(late));
            let rise = |at: f64| Some(quantile(&after, at)? - quantile(&before, at)?);
            Some([rise(0.1)?, rise(0.25)?, rise(0.5)?])
        };
        let [floor, low, middle] = rises(&self.frame.uncached_tokens)?;
        let tokens = match (floor >= SHARED * low, low >= SHARED * middle) {
            (true, true) => middle,
            (true, false) => low,
            (false, _) => floor,
        };
        // Every prompt is seen to be longer, the shortest too, which no lost cache can do.
        let longest = rises(&self.frame.input_tokens)?.into_iter().fold(f64::INFINITY, f64::min);
        let seen = floor > 0.0 && longest >= SHARED * floor;
        let tokens = if seen { tokens.max(longest.min(middle)) } else { tokens };
        let tokens = tokens.clamp(0.0, ((usual - held) / slope).max(0.0));
        let (longer, error) = self.longer(baseline, window)?;
        let believable =
            longer >= LONGER * tokens && longer + LENGTH_ERRORS * error >= SHARED * tokens;
        let known = window.len() >= LEAST_MEAN && believable;
        Some(if known || longest >= SHARED * tokens { tokens } else { 0.0 })
    }

    /// How much longer the prompts became, and the error of that: an edit near the top of every
    /// prompt loses the cache of all calls and leaves them as long as they were.
    fn longer(&self, baseline: &[usize], window: &[usize]) -> Option<(f64, f64)> {
        let level = |rows: &[usize]| -> Option<(f64, f64)> {
            let middle = self.mean_of(rows, |row| self.frame.input_tokens[row])?;
            let squares =
                self.mean_of(rows, |row| (self.frame.input_tokens[row] - middle).powi(2))?;
            Some((middle, squares / rows.len() as f64))
        };
        let ((was, before), (is, after)) = (level(baseline)?, level(window)?);
        Some((is - was, (before + after).sqrt()))
    }

    fn mean_of(&self, rows: &[usize], value: impl Fn(usize) -> f64) -> Option<f64> {
        mean(&rows.iter().map(|row| value(*row)).collect::<Vec<_>>())
    }
}

fn cached_line(frame: &Frame, rows: &[usize]) -> Option<Line> {
    if rows.len() < LEAST_KIND {
        return None;
    }
    let input: Vec<f64> = rows.iter().map(|row| frame.input_tokens[*row]).collect();
    let cached: Vec<f64> = rows.iter().map(|row| frame.cache_read_tokens[*row]).collect();
    let shape = Shape { weights: &[], ridge: 4.0, robust: false, non_negative: true };
    fit(&[&input], &cached, shape).or_else(|| {
        let level = mean(&cached)?;
        Some(Line {
            intercept: level,
            slopes: vec![0.0],
            covariance: vec![vec![0.0; 2]; 2],
            residual_sd: 0.0,
            r2: 0.0,
            rows: rows.len(),
            support: vec![(f64::MIN, f64::MAX)],
        })
    })
}

/// Baseline mean of a column for each call's kind; its engine's where the kind is rare, and the
/// call's own value where nothing is known.
pub fn by_kind(frame: &Frame, cells: &Cells, values: &[f64]) -> Vec<f64> {
    let kinds = means(frame, &cells.cell, cells.cells, values, LEAST_KIND);
    let engines = by_engine(frame, cells, values);
    (0..frame.len()).map(|row| kinds[cells.cell[row]].unwrap_or(engines[row])).collect()
}

/// Baseline mean for each call's own prompt text, where its hash is told and was seen before: the
/// draft does as well on the same text, whatever the service is called. Else that of its kind; NaN
/// for a kind that the baseline hardly knows.
fn by_text(frame: &Frame, cells: &Cells, values: &[f64]) -> Vec<f64> {
    let texts = means(frame, &cells.text, cells.texts, values, LEAST_KIND);
    let kinds = means(frame, &cells.cell, cells.cells, values, LEAST_KIND);
    let of = |row: usize| texts[cells.text[row]].or(kinds[cells.cell[row]]);
    (0..frame.len()).map(|row| of(row).unwrap_or(f64::NAN)).collect()
}

fn by_engine(frame: &Frame, cells: &Cells, values: &[f64]) -> Vec<f64> {
    let engines = means(frame, &cells.engine, cells.engines, values, LEAST_KIND);
    (0..frame.len()).map(|row| engines[cells.engine[row]].unwrap_or(values[row])).collect()
}

fn means(
    frame: &Frame,
    of: &[usize],
    count: usize,
    values: &[f64],
    least: usize,
) -> Vec<Option<f64>> {
    let mut sums = vec![(0_usize, 0.0); count];
    for row in 0..frame.len() {
        if frame.sides[row] == Side::Baseline && values[row].is_finite() {
            sums[of[row]].0 += 1;
            sums[of[row]].1 += values[row];
        }
    }
    sums.iter().map(|(size, sum)| (*size >= least).then(|| sum / *size as f64)).collect()
}

/// How far the time per token of each call's kind stands from that of all kinds of its engine that
/// its client's region sends: what a move between prompts of one model changes.
fn class_levels(frame: &Frame, cells: &Cells, expected: &Expected) -> Vec<f64> {
    let logs: Vec<f64> = expected.itl_kind.iter().map(|kind| kind.ln()).collect();
    let mut groups: BTreeMap<(usize, u32), (f64, f64)> = BTreeMap::new();
    let key = |row: usize| (cells.engine[row], frame.client_region.codes[row]);
    for row in 0..frame.len() {
        if frame.sides[row] == Side::Baseline && frame.itl_s[row].is_finite() {
            let group = groups.entry(key(row)).or_default();
            group.0 += 1.0;
            group.1 += logs[row];
        }
    }
    (0..frame.len())
        .map(|row| match groups.get(&key(row)) {
            Some((size, sum)) if cells.by_prompt => logs[row] - sum / size,
            _ => 0.0,
        })
        .collect()
}
