//! The latencies themselves, window against baseline: typical and slow calls, with intervals from
//! blocks of time and the baseline's own windows as the yardstick.

use rayon::prelude::*;

use super::query::{Asked, Figure};
use crate::diagnosis::{Change, Evidence, SignalChange};
use crate::signals::Signals;
use crate::signals::frame::{Outcome, Side};
use crate::stats::compare::{Plan, Sample, Statistic, compare};
use crate::stats::proportion::difference;
use crate::stats::usual::usual;

/// Least material change of the typical and of the slow call.
pub(super) const MATERIAL_P50: f64 = 1.10;
pub(super) const MATERIAL_P95: f64 = 1.20;
/// A latency held where its interval lies within this factor.
pub(super) const HELD: f64 = 1.15;
/// Fewest calls of a side for a quantile of the tail.
const LEAST_TAIL: usize = 20;
/// Resamples of an interval.
const REPLICATES: usize = 200;

/// Every latency of a slice.
pub fn changes(signals: &Signals, slice: usize) -> Vec<SignalChange> {
    let frame = &signals.frame;
    let columns: [(&str, &[f64]); 3] =
        [("duration", &frame.duration_s), ("ttft", &frame.ttft_s), ("itl", &frame.itl_s)];
    let levels = [("p50", 0.5), ("p95", 0.95)];
    let asked = columns.into_par_iter().flat_map(|column| levels.map(|level| (column, level)));
    let of = |((name, values), (label, q)): ((&str, &[f64]), (&str, f64))| {
        quantile(signals, slice, values, &format!("{name}_{label}_s"), q)
    };
    let mut changes: Vec<SignalChange> = asked.map(of).collect();
    changes.push(failed(signals, slice, Outcome::Failed, "error_share"));
    changes.push(failed(signals, slice, Outcome::Censored, "timeout_share"));
    changes
}

fn sample(signals: &Signals, slice: usize, values: &[f64], side: Side) -> Sample {
    let frame = &signals.frame;
    let rows = signals.slices.slices[slice].rows.iter().map(|row| *row as usize);
    let (kept, starts): (Vec<f64>, Vec<f64>) = rows
        .filter(|row| frame.sides[*row] == side && frame.outcomes[*row] != Outcome::Failed)
        .map(|row| (values[row], frame.starts_s[row]))
        .unzip();
    Sample::new(&kept, &starts)
}

fn quantile(signals: &Signals, slice: usize, values: &[f64], name: &str, q: f64) -> SignalChange {
    let baseline = sample(signals, slice, values, Side::Baseline);
    let window = sample(signals, slice, values, Side::Window);
    let statistic = Statistic::Quantile(q);
    let mut change = SignalChange {
        signal: name.to_owned(),
        baseline: statistic.of(baseline.values()),
        window: statistic.of(window.values()),
        ratio_low: None,
        ratio_high: None,
        usual_ratio: None,
        change: Change::Unknown,
    };
    if q > 0.9 && window.len().min(baseline.len()) < LEAST_TAIL {
        if !window.is_empty() && !baseline.is_empty() {
            change.change = Change::Unclear;
        }
        return change;
    }
    let plan = Plan { replicates: REPLICATES, ..Plan::default() };
    let Some(compared) = compare(&baseline, &window, statistic, plan) else { return change };
    let length_s = match (window.starts_s().first(), window.starts_s().last()) {
        (Some(first), Some(last)) => last - first,
        _ => 0.0,
    };
    let usual = usual(&baseline, statistic, length_s, (window.len() / 3).max(4));
    change.ratio_low = Some(compared.low);
    change.ratio_high = Some(compared.high);
    change.usual_ratio = usual.and_then(|usual| usual.most()).map(|most| most.max(1.0));
    let set = &signals.standards.material;
    let material = if q > 0.9 {
        set.slow_ratio.unwrap_or(MATERIAL_P95)
    } else {
        set.typical_ratio.unwrap_or(MATERIAL_P50)
    };
    let beyond_usual = change.usual_ratio.is_none_or(|most| compared.ratio > most);
    change.change = if compared.low > 1.0 && compared.ratio >= material && beyond_usual {
        Change::Rose
    } else if compared.high < 1.0 && compared.ratio <= 1.0 / material {
        Change::Fell
    } else if compared.low > 1.0 / HELD && compared.high < HELD {
        Change::Held
    } else {
        Change::Unclear
    };
    change
}

fn failed(signals: &Signals, slice: usize, outcome: Outcome, name: &str) -> SignalChange {
    let frame = &signals.frame;
    let count = |side: Side| {
        let rows = signals.slices.slices[slice].rows.iter().map(|row| *row as usize);
        let rows: Vec<usize> = rows.filter(|row| frame.sides[*row] == side).collect();
        let with = rows.iter().filter(|row| frame.outcomes[**row] == outcome).count();
        (with as f64, rows.len() as f64)
    };
    share_change(name, count(Side::Baseline), count(Side::Window))
}

/// A share of calls on both sides, each given as how many of how many.
pub fn share_change(name: &str, baseline: (f64, f64), window: (f64, f64)) -> SignalChange {
    let share = |(with, all): (f64, f64)| (all > 0.0).then(|| with / all);
    let change = match difference(baseline, window, 0.99) {
        Some((_, low, _)) if low > 0.005 => Change::Rose,
        Some((_, _, high)) if high < -0.005 => Change::Fell,
        Some((_, low, high)) if low > -0.02 && high < 0.02 => Change::Held,
        Some(_) => Change::Unclear,
        None => Change::Unknown,
    };
    SignalChange {
        signal: name.to_owned(),
        baseline: share(baseline),
        window: share(window),
        ratio_low: None,
        ratio_high: None,
        usual_ratio: None,
        change,
    }
}

/// A changed latency as evidence.
pub fn evidence(change: &SignalChange, asked: &Asked<'_>) -> Evidence {
    let bound = |ratio: Option<f64>| Some(change.baseline? * ratio?);
    Evidence {
        signal: change.signal.clone(),
        baseline: change.baseline,
        window: change.window,
        low: bound(change.ratio_low),
        high: bound(change.ratio_high),
        note: (change.change == Change::Held).then(|| "held".to_owned()),
        query: Figure::of_latency(&change.signal).and_then(|figure| asked.query(&figure)),
    }
}
