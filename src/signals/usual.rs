//! What is usual for each call's kind: the baseline's means, the cached part of a prompt of its
//! length, and how far its class stands from its model.

use std::collections::BTreeMap;

use super::cells::Cells;
use super::expect::Expected;
use super::frame::{Frame, Side};
use crate::stats::quantile::mean;
use crate::stats::regress::{Line, Shape, fit};

/// Fewest baseline calls of a kind for figures of its own; below, its engine's are taken.
const LEAST_KIND: usize = 5;

/// Usual figures by call.
pub struct Usual {
    /// Uncached tokens that the call would have had with the baseline's cache.
    pub kept: Vec<f64>,
    /// Uncached tokens of its kind.
    pub uncached: Vec<f64>,
    /// Output tokens of its kind.
    pub output: Vec<f64>,
    /// Logarithm of the tokens a step of its kind; NaN for a kind that the baseline hardly knows.
    pub log_per_step: Vec<f64>,
    /// The same of its engine.
    pub engine_log_per_step: Vec<f64>,
    /// Time per token of its kind at its engine's tokens a step, seconds.
    pub base_s: Vec<f64>,
    /// How far the time per token of its kind stands from its engine's, as a logarithm.
    pub class: Vec<f64>,
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
        let kinds = means(frame, &cells.cell, cells.cells, &logs, LEAST_KIND);
        Self {
            uncached: by_kind(frame, cells, &kept),
            output: by_kind(frame, cells, &frame.output_tokens),
            log_per_step: cells.cell.iter().map(|cell| kinds[*cell].unwrap_or(f64::NAN)).collect(),
            base_s: by_kind(frame, cells, &own_base_s),
            class: class_levels(frame, cells, expected),
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
    let mut rows_of: Vec<Vec<usize>> = vec![Vec::new(); cells.cells];
    for row in 0..frame.len() {
        rows_of[cells.cell[row]].push(row);
    }
    for rows in &rows_of {
        let known: Vec<usize> = rows
            .iter()
            .copied()
            .filter(|row| frame.sides[*row] == Side::Baseline)
            .filter(|row| {
                frame.cache_read_tokens[*row].is_finite() && frame.input_tokens[*row].is_finite()
            })
            .collect();
        let Some(line) = cached_line(frame, &known) else { continue };
        let (low, high) = line.support.first().copied().unwrap_or((0.0, f64::INFINITY));
        for &row in rows {
            let input = frame.input_tokens[row];
            if input.is_finite() && frame.cache_read_tokens[row].is_finite() {
                let cached = line.predict(&[input.clamp(low, high.max(low))]);
                // A cache that grew with prompts longer than the baseline knew is no miss.
                let grown = if input > high { frame.cache_read_tokens[row] } else { 0.0 };
                usual[row] = input - cached.max(grown).clamp(0.0, input);
            }
        }
    }
    usual
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
