//! The signals over time, in bins of equal length over the end of the baseline and the window.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat};

use crate::diagnosis::{LEAST_TAIL_CALLS, Series, Timeline};
use crate::signals::Signals;
use crate::signals::frame::{Outcome, known};
use crate::stats::quantile::{mean, quantile};
use crate::windows::{Split, bin_ns};

/// Most bins before the window, and after it.
const BEFORE_BINS: i64 = 40;
const AFTER_BINS: i64 = 5;

/// Draws the timeline of a slice.
pub fn timeline(
    signals: &Signals,
    slice: usize,
    split: &Split,
    onset_s: Option<f64>,
    segment: BTreeMap<String, String>,
) -> Option<Timeline> {
    let frame = &signals.frame;
    let (first, last) = (*frame.starts_ns.first()?, *frame.starts_ns.last()?);
    let bin_ns = bin_ns(split.window.end_ns - split.window.start_ns);
    let before = ((split.window.start_ns - first).max(0) / bin_ns + 1).min(BEFORE_BINS);
    let after = ((last - split.window.end_ns).max(0) / bin_ns).min(AFTER_BINS);
    let window = (split.window.end_ns - split.window.start_ns + bin_ns - 1) / bin_ns;
    let start_ns = split.window.start_ns - before * bin_ns;
    let count = usize::try_from(before + window + after).ok()?;
    let keys = &signals.slices.slices[slice].keys;
    let mut bins: Vec<Vec<usize>> = vec![Vec::new(); count];
    for row in 0..frame.len() {
        let at = frame.starts_ns[row] - start_ns;
        let bin = usize::try_from(at).ok().and_then(|at| at.checked_div(bin_ns.try_into().ok()?));
        if let Some(bin) = bin.and_then(|bin| bins.get_mut(bin))
            && signals.slices.holds(keys, row)
        {
            bin.push(row);
        }
    }
    let onset_bin = onset_s.and_then(|onset| {
        let at = first + (onset * 1e9) as i64 - start_ns;
        usize::try_from(at / bin_ns).ok().filter(|bin| *bin < count)
    });
    let bin_s = bin_ns as f64 * 1e-9;
    let text = DateTime::from_timestamp_nanos(start_ns).to_rfc3339_opts(SecondsFormat::Nanos, true);
    Some(Timeline {
        start: text.parse().ok()?,
        bin_s,
        window_from: usize::try_from(before).ok()?,
        window_to: usize::try_from(before + window).ok()?,
        onset_bin,
        segment,
        series: series(signals, &bins, bin_s),
    })
}

fn series(signals: &Signals, bins: &[Vec<usize>], bin_s: f64) -> Vec<Series> {
    let frame = &signals.frame;
    let mut series = Vec::new();
    let mut push = |signal: &str, value: &dyn Fn(&[usize]) -> Option<f64>| {
        let values: Vec<Option<f64>> = bins.iter().map(|rows| value(rows)).collect();
        if values.iter().any(Option::is_some) {
            series.push(Series { signal: signal.to_owned(), values });
        }
    };
    let columns: [(&str, &[f64]); 3] =
        [("ttft", &frame.ttft_s), ("itl", &frame.itl_s), ("duration", &frame.duration_s)];
    for (name, values) in columns {
        for (label, q) in [("p50", 0.5), ("p95", 0.95)] {
            push(&format!("{name}_{label}_s"), &|rows| {
                let known: Vec<f64> =
                    rows.iter().map(|row| values[*row]).filter(|v| v.is_finite()).collect();
                let told = q <= 0.5 || known.len() >= LEAST_TAIL_CALLS;
                quantile(&known, q).filter(|_| told)
            });
        }
    }
    push("cache_hit_ratio", &|rows| {
        let told = rows.iter().filter(|row| frame.cache_read_tokens[**row].is_finite());
        let (read, input) = told.fold((0.0, 0.0), |sum, row| {
            (sum.0 + frame.cache_read_tokens[*row], sum.1 + known(frame.input_tokens[*row]))
        });
        (input > 0.0).then(|| read / input)
    });
    push("spec_acceptance_ratio", &|rows| {
        let told: Vec<f64> = rows
            .iter()
            .map(|row| frame.spec_acceptance_ratio[*row])
            .filter(|value| value.is_finite())
            .collect();
        mean(&told)
    });
    push("error_share", &|rows| {
        let failed = rows.iter().filter(|row| frame.outcomes[**row] != Outcome::Served).count();
        (!rows.is_empty()).then(|| failed as f64 / rows.len() as f64)
    });
    push("calls_per_minute", &|rows| Some(rows.len() as f64 * 60.0 / bin_s));
    series
}
