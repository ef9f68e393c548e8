//! Where the time went: the terms of every call's duration, averaged on both sides; they add up
//! exactly to the change of the mean, and to that of the tail mean.

use std::collections::BTreeMap;

use crate::diagnosis::{Term, Waterfall};
use crate::signals::Signals;
use crate::signals::effects::TERMS;
use crate::signals::frame::Side;
use crate::stats::quantile::mean;

/// The tail: the slowest twentieth of the calls.
const TAIL_SHARE: f64 = 0.05;
/// Fewest calls of a side for a tail mean.
const LEAST_TAIL: usize = 20;

/// Takes the duration of a slice's calls apart; none where either side has no such call.
pub fn waterfall(
    signals: &Signals,
    slice: usize,
    segment: BTreeMap<String, String>,
) -> Option<Waterfall> {
    let rows = |side| timed(signals, slice, side);
    let (before, after) = (rows(Side::Baseline), rows(Side::Window));
    let duration = |rows: &[usize]| {
        mean(&rows.iter().map(|row| signals.frame.duration_s[*row]).collect::<Vec<f64>>())
    };
    let (baseline_s, window_s) = (duration(&before)?, duration(&after)?);
    let tails = (tail(signals, &before), tail(signals, &after));
    let total = window_s - baseline_s;
    let terms = TERMS
        .iter()
        .map(|(term, id, label)| {
            let values = &signals.effects.seconds[*term as usize];
            let of = |rows: &[usize]| {
                mean(&rows.iter().map(|row| values[*row]).collect::<Vec<f64>>()).unwrap_or(0.0)
            };
            let mean_s = of(&after) - of(&before);
            let error = (variance(values, &before) + variance(values, &after)).sqrt();
            let tail_s = match &tails {
                (Some(before), Some(after)) => Some(of(after) - of(before)),
                _ => None,
            };
            Term {
                id: (*id).to_owned(),
                label: (*label).to_owned(),
                mean_s,
                low_s: Some(mean_s - 1.96 * error),
                high_s: Some(mean_s + 1.96 * error),
                tail_s,
                share: (total.abs() > 1e-9).then(|| mean_s / total),
            }
        })
        .collect();
    let tail_mean = |rows: &Option<Vec<usize>>| rows.as_deref().and_then(duration);
    Some(Waterfall {
        segment,
        signal: "duration_s".to_owned(),
        baseline_s,
        window_s,
        tail_baseline_s: tail_mean(&tails.0),
        tail_window_s: tail_mean(&tails.1),
        terms,
    })
}

/// Calls of one side whose duration is taken apart.
fn timed(signals: &Signals, slice: usize, side: Side) -> Vec<usize> {
    let rows = signals.slices.slices[slice].rows.iter().map(|row| *row as usize);
    let terms = &signals.effects.seconds;
    rows.filter(|row| signals.frame.sides[*row] == side && terms[0][*row].is_finite()).collect()
}

/// The slowest twentieth, in a total order.
fn tail(signals: &Signals, rows: &[usize]) -> Option<Vec<usize>> {
    if rows.len() < LEAST_TAIL {
        return None;
    }
    let mut sorted = rows.to_vec();
    let duration = &signals.frame.duration_s;
    sorted.sort_by(|a, b| duration[*b].total_cmp(&duration[*a]).then(a.cmp(b)));
    sorted.truncate(((rows.len() as f64 * TAIL_SHARE).ceil() as usize).max(1));
    Some(sorted)
}

/// Variance of a mean over minutes rather than calls: neighbours are alike.
fn variance(values: &[f64], rows: &[usize]) -> f64 {
    let size = rows.len() as f64;
    let all: Vec<f64> = rows.iter().map(|row| values[*row]).collect();
    let Some(centre) = mean(&all) else { return 0.0 };
    let group = (rows.len() / 15).max(1);
    let squares: f64 =
        all.chunks(group).map(|chunk| chunk.iter().map(|v| v - centre).sum::<f64>().powi(2)).sum();
    squares / (size * size).max(1.0)
}
