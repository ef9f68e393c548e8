//! Level and tail of each signal by bin.

use std::collections::BTreeMap;

use super::bins::Bins;
use crate::diagnosis::Series;
use crate::signals::frame::{Frame, Outcome};
use crate::stats::quantile::{mean, of_sorted, sorted};

/// Calls that a median needs.
pub const LEAST_LEVEL: usize = 3;
/// Calls that a 95th percentile needs.
pub const LEAST_TAIL: usize = 20;

/// Every signal that any of the calls carries, in the order of a page.
pub fn series(frame: &Frame, bins: &Bins, binned: &[Vec<usize>]) -> Vec<Series> {
    let mut list = vec![
        of(
            "calls_per_minute",
            binned.iter().enumerate().map(|(bin, rows)| {
                let minutes = bins.minutes(bin);
                // A sliver of a bin holds no rate.
                (minutes >= 0.1 * bins.length_ns as f64 / 6e10).then(|| rows.len() as f64 / minutes)
            }),
        ),
        of("error_share", binned.iter().map(|rows| share_failed(frame, rows))),
    ];
    for (level, tail, values) in [
        ("duration_p50_s", "duration_p95_s", &frame.duration_s),
        ("ttft_p50_s", "ttft_p95_s", &frame.ttft_s),
        ("itl_p50_s", "itl_p95_s", &frame.itl_s),
    ] {
        let known: Vec<Vec<f64>> = binned.iter().map(|rows| served(frame, rows, values)).collect();
        list.push(of(level, known.iter().map(|known| quantile(known, 0.5, LEAST_LEVEL))));
        list.push(of(tail, known.iter().map(|known| quantile(known, 0.95, LEAST_TAIL))));
    }
    list.push(of("cache_hit_ratio", binned.iter().map(|rows| cache_hit(frame, rows))));
    let accepted = &frame.spec_acceptance_ratio;
    list.push(of(
        "spec_acceptance_ratio",
        binned
            .iter()
            .map(|rows| mean(&rows.iter().map(|row| accepted[*row]).collect::<Vec<f64>>())),
    ));
    list.retain(|series| series.values.iter().any(Option::is_some));
    list
}

fn of(signal: &str, values: impl Iterator<Item = Option<f64>>) -> Series {
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    Series { signal: signal.to_owned(), values: values.map(finite).collect() }
}

/// The known values of calls that did not fail, ascending.
fn served(frame: &Frame, rows: &[usize], values: &[f64]) -> Vec<f64> {
    let rows = rows.iter().filter(|row| frame.outcomes[**row] != Outcome::Failed);
    sorted(&rows.map(|row| values[*row]).collect::<Vec<f64>>())
}

fn quantile(known: &[f64], q: f64, least: usize) -> Option<f64> {
    if known.len() >= least { of_sorted(known, q) } else { None }
}

/// Calls that failed or were cut off.
fn share_failed(frame: &Frame, rows: &[usize]) -> Option<f64> {
    let failed = rows.iter().filter(|row| frame.outcomes[**row] != Outcome::Served).count();
    (!rows.is_empty()).then(|| failed as f64 / rows.len() as f64)
}

/// Tokens read from the cache, of the prompt tokens of calls that report both.
fn cache_hit(frame: &Frame, rows: &[usize]) -> Option<f64> {
    let both = |row: &&usize| {
        frame.cache_read_tokens[**row].is_finite() && frame.input_tokens[**row] > 0.0
    };
    let (read, all) = rows.iter().filter(both).fold((0.0, 0.0), |(read, all), row| {
        (read + frame.cache_read_tokens[*row], all + frame.input_tokens[*row])
    });
    (all > 0.0).then(|| read / all)
}

/// How far each bin's mix of model and service stands from that of all of them: the share of its
/// calls that would have to be of another kind.
pub fn mix_moved(frame: &Frame, binned: &[Vec<usize>]) -> Series {
    let whole: Vec<usize> = binned.iter().flatten().copied().collect();
    of("mix_moved_share", binned.iter().map(|rows| mix_between(frame, &whole, rows)))
}

/// The share of `rows` that would have to be of another model and service for them to have the
/// mix of `usual`; none of few calls.
pub fn mix_between(frame: &Frame, usual: &[usize], rows: &[usize]) -> Option<f64> {
    let mix = |rows: &[usize]| {
        let mut counts: BTreeMap<(u32, u32), f64> = BTreeMap::new();
        for row in rows {
            let kind = (frame.request_model.codes[*row], frame.service.codes[*row]);
            *counts.entry(kind).or_default() += 1.0;
        }
        counts.values_mut().for_each(|count| *count /= rows.len() as f64);
        counts
    };
    if rows.len().min(usual.len()) < LEAST_TAIL {
        return None;
    }
    let usual = mix(usual);
    let over = mix(rows).into_iter().map(|(kind, share)| {
        let before = usual.get(&kind).copied().unwrap_or(0.0);
        (share - before).max(0.0)
    });
    Some(over.sum())
}
