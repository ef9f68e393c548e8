//! Segment by segment: each reason for a call to take longer, candidate against baseline.

use std::collections::BTreeSet;

use super::between::between_runs;
use super::same_work::{SameWork, tokens_grew};
use crate::diagnosis::check::{Latency, Measure, MeasureOutcome, SegmentCheck};
use crate::signals::Signals;
use crate::signals::effects::{EFFECTS, Effect};
use crate::signals::frame::{Outcome, Side};
use crate::stats::compare::{Plan, Sample, Statistic, compare};
use crate::stats::proportion::difference;
use crate::verdict::signal_name;

/// How far a figure must move to matter, and how sure that must be.
#[derive(Debug, Clone, Copy)]
pub struct Bar {
    /// The least that matters, as a logarithm.
    pub least_log: f64,
    /// Standard errors of runs without change.
    pub errors: f64,
}

/// Standard errors above which any other figure regressed: everything, and segments one and two
/// attributes deep.
const LEAST_ERRORS: [f64; 3] = [3.0, 3.5, 4.0];
/// Smallest material change of what is no work, as a logarithm: an eighth.
const LEAST_LOG: f64 = 0.1178;
/// The work itself (lengths, caches) drifts by more.
const LEAST_LOG_WORK: f64 = 0.14;
/// Fewest calls of both sides for a segment.
const LEAST_SEGMENT: usize = 30;
/// Fewest calls of both sides that tell a figure.
const LEAST_TELLING: f64 = 20.0;
/// Added failures that matter, and the coverage of the interval that must lie above none.
const LEAST_FAILURES: f64 = 0.01;
const FAILURE_LEVEL: f64 = 0.999;
/// Resamples of a latency's interval.
const REPLICATES: usize = 200;

/// Everything, each value of those dimensions, and any smaller slice that alone shows a regression.
pub fn segments(signals: &Signals, by: &[usize]) -> Vec<SegmentCheck> {
    let slices = &signals.slices.slices;
    let large = |slice: usize| {
        let slice = &slices[slice];
        slice.baseline_calls.min(slice.window_calls) >= LEAST_SEGMENT
    };
    let listed: Vec<usize> = (0..slices.len())
        .filter(|slice| match slices[*slice].keys.as_slice() {
            [] => true,
            [(at, _)] => by.contains(at) && large(*slice),
            _ => false,
        })
        .collect();
    let work = SameWork::new(signals);
    let measured = |slice: usize| measures(signals, &work, slice);
    let mut found: Vec<SegmentCheck> =
        listed.iter().map(|slice| segment(signals, *slice, measured(*slice))).collect();
    let mut seen: BTreeSet<String> = regressed(found.iter().flat_map(|segment| &segment.measures));
    let mut hidden: Vec<(usize, Vec<Measure>)> = (0..slices.len())
        .filter(|slice| !listed.contains(slice) && large(*slice))
        .map(|slice| (slice, measured(slice)))
        .collect();
    let worst = |measures: &[Measure]| measures.iter().map(|m| m.errors).fold(0.0, f64::max);
    hidden.sort_by(|a, b| worst(&b.1).total_cmp(&worst(&a.1)).then(a.0.cmp(&b.0)));
    for (slice, mut measures) in hidden {
        measures.retain(|measure| {
            measure.outcome == MeasureOutcome::Regressed && !seen.contains(&measure.signal)
        });
        if !measures.is_empty() {
            seen.extend(regressed(measures.iter()));
            found.push(segment(signals, slice, measures));
        }
    }
    found
}

fn regressed<'a>(measures: impl Iterator<Item = &'a Measure>) -> BTreeSet<String> {
    let regressed = measures.filter(|measure| measure.outcome == MeasureOutcome::Regressed);
    regressed.map(|measure| measure.signal.clone()).collect()
}

fn segment(signals: &Signals, slice: usize, measures: Vec<Measure>) -> SegmentCheck {
    let own = &signals.slices.slices[slice];
    SegmentCheck {
        segment: signals.slices.named(&own.keys),
        baseline_calls: own.baseline_calls,
        candidate_calls: own.window_calls,
        measures,
        latencies: latencies(signals, slice),
    }
}

fn measures(signals: &Signals, work: &SameWork, slice: usize) -> Vec<Measure> {
    let judged_apart =
        [Effect::RestTtft, Effect::RestItl, Effect::RestWhole, Effect::Failure].as_slice();
    let effects = EFFECTS.iter().map(|(effect, _)| *effect).filter(|e| !judged_apart.contains(e));
    let mut found: Vec<Measure> =
        effects.filter_map(|effect| measure(signals, work, slice, effect)).collect();
    found.extend(work.measures(signals, slice));
    found.extend(failures(signals, slice));
    found
}

/// One effect. The error of the diagnosis is widened by what runs differ by without any change.
fn measure(signals: &Signals, work: &SameWork, slice: usize, effect: Effect) -> Option<Measure> {
    let shift = &signals.shifts[slice][effect as usize];
    if shift.baseline_weight.min(shift.window_weight) < LEAST_TELLING {
        return None;
    }
    let between = between_runs(&logs(signals, slice, effect, Side::Baseline)).sqrt();
    let own = if shift.z == 0.0 { shift.error } else { (shift.log / shift.z).abs() };
    let error = own.hypot(between).max(1e-9);
    let reach = 1.96 * shift.error.hypot(between);
    let least_log = if of_work(effect) { LEAST_LOG_WORK } else { LEAST_LOG };
    let bar = Bar { least_log, errors: LEAST_ERRORS[signals.slices.depth(slice).min(2)] };
    let frame = &signals.frame;
    let grew = || match effect {
        Effect::Output => tokens_grew(signals, work, slice, &frame.output_tokens, bar),
        Effect::Length => tokens_grew(signals, work, slice, &frame.input_tokens, bar),
        _ => true,
    };
    let outcome = match outcome_of(shift.log, error, shift.log + reach, bar) {
        MeasureOutcome::Regressed if !grew() => MeasureOutcome::Unclear,
        MeasureOutcome::Regressed if of_traffic(effect) => MeasureOutcome::Shifted,
        outcome => outcome,
    };
    Some(Measure {
        signal: signal_name(effect).to_owned(),
        baseline: 1.0,
        candidate: shift.log.exp(),
        low: (shift.log - reach).exp(),
        high: (shift.log + reach).exp(),
        least: least_log.exp(),
        errors: shift.log / error,
        outcome,
    })
}

/// What a movement with its error, whose interval ends at `high`, comes to.
pub fn outcome_of(log: f64, error: f64, high: f64, bar: Bar) -> MeasureOutcome {
    let errors = log / error;
    if errors >= bar.errors && log >= bar.least_log {
        MeasureOutcome::Regressed
    } else if errors <= -bar.errors && log <= -bar.least_log {
        MeasureOutcome::Improved
    } else if high < bar.least_log {
        MeasureOutcome::Held
    } else {
        MeasureOutcome::Unclear
    }
}

/// The calls' own work, which drifts from run to run.
fn of_work(effect: Effect) -> bool {
    of_traffic(effect) || matches!(effect, Effect::Length | Effect::Output | Effect::Cache)
}

/// Which calls there were: each kind of call may have held.
fn of_traffic(effect: Effect) -> bool {
    matches!(effect, Effect::Mix | Effect::ClassMix | Effect::AcceptMix)
}

fn logs(signals: &Signals, slice: usize, effect: Effect, side: Side) -> Vec<f64> {
    let values = &signals.effects.logs[effect as usize];
    let rows = signals.slices.slices[slice].rows.iter().map(|row| *row as usize);
    let told = rows.filter(|row| signals.frame.sides[*row] == side).map(|row| values[row]);
    told.filter(|value| value.is_finite()).collect()
}

/// Calls that failed, and calls that were cut off.
fn failures(signals: &Signals, slice: usize) -> Vec<Measure> {
    let frame = &signals.frame;
    let shift = &signals.shifts[slice][Effect::Failure as usize];
    let bar = LEAST_ERRORS[signals.slices.depth(slice).min(2)];
    let count = |side: Side, outcome: Outcome| {
        let rows = signals.slices.slices[slice].rows.iter().map(|row| *row as usize);
        let of: Vec<usize> = rows.filter(|row| frame.sides[*row] == side).collect();
        let with = of.iter().filter(|row| frame.outcomes[**row] == outcome).count();
        (with as f64, of.len() as f64)
    };
    let measure = |(outcome, signal): (Outcome, &str)| {
        let (before, after) = (count(Side::Baseline, outcome), count(Side::Window, outcome));
        let (apart, least_apart, _) = difference(before, after, FAILURE_LEVEL)?;
        let (_, low, high) = difference(before, after, 0.95)?;
        let share = before.0 / before.1;
        let worse = apart >= LEAST_FAILURES && least_apart > 0.0 && shift.z >= bar;
        Some(Measure {
            signal: signal.to_owned(),
            baseline: share,
            candidate: after.0 / after.1,
            low: (share + low).clamp(0.0, 1.0),
            high: (share + high).clamp(0.0, 1.0),
            least: share + LEAST_FAILURES,
            errors: shift.z,
            outcome: if worse {
                MeasureOutcome::Regressed
            } else if high < LEAST_FAILURES {
                MeasureOutcome::Held
            } else {
                MeasureOutcome::Unclear
            },
        })
    };
    let kinds = [(Outcome::Failed, "error_share"), (Outcome::Censored, "timeout_share")];
    kinds.into_iter().filter_map(measure).collect()
}

fn latencies(signals: &Signals, slice: usize) -> Vec<Latency> {
    let frame = &signals.frame;
    let columns: [(&str, &[f64]); 3] =
        [("duration", &frame.duration_s), ("ttft", &frame.ttft_s), ("itl", &frame.itl_s)];
    let mut found = Vec::new();
    for (name, values) in columns {
        let sample = |side: Side| {
            let rows = signals.slices.slices[slice].rows.iter().map(|row| *row as usize);
            let of = rows
                .filter(|row| frame.sides[*row] == side && frame.outcomes[*row] != Outcome::Failed);
            let (kept, starts): (Vec<f64>, Vec<f64>) =
                of.map(|row| (values[row], frame.starts_s[row])).unzip();
            Sample::new(&kept, &starts)
        };
        let (before, after) = (sample(Side::Baseline), sample(Side::Window));
        for (label, q) in [("p50", 0.5), ("p95", 0.95)] {
            let statistic = Statistic::Quantile(q);
            let plan = Plan { replicates: REPLICATES, ..Plan::default() };
            let compared = compare(&before, &after, statistic, plan);
            found.push(Latency {
                signal: format!("{name}_{label}_s"),
                baseline: statistic.of(before.values()),
                candidate: statistic.of(after.values()),
                ratio_low: compared.map(|compared| compared.low),
                ratio_high: compared.map(|compared| compared.high),
            });
        }
    }
    found
}
