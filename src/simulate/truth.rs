//! What an incident did, by holding every call against its twin in the world without it.

use super::client::{Ending, Outcome};
use super::effects::in_slice;
use super::incident::Incident;
use super::world::Run;
use crate::diagnosis::Cause;

/// The latency of one call, seconds; NaN where it has none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latency {
    /// To the first chunk.
    pub ttft_s: f64,
    /// Per token after the first.
    pub itl_s: f64,
    /// Of the whole call.
    pub duration_s: f64,
}

/// Quantile of sorted values, linear between the two nearest.
pub fn quantile_sorted(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = q * last as f64;
    let low = super::scenario::tokens(at.floor()) as usize;
    let high = (low + 1).min(last);
    sorted[low] + (sorted[high] - sorted[low]) * (at - at.floor())
}

/// The latency that the client saw.
pub fn latency(outcome: &Outcome) -> Latency {
    let ttft_s = outcome.ttft_s.unwrap_or(f64::NAN);
    let after = f64::from(outcome.made.output_tokens.saturating_sub(1));
    let duration_s = outcome.end_s - outcome.start_s;
    let itl_s = if after > 0.0 { (duration_s - ttft_s) / after } else { f64::NAN };
    Latency { ttft_s, itl_s, duration_s }
}

/// One call of the window with its twin.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// Index of the call.
    pub index: usize,
    /// When it began.
    pub start_s: f64,
    /// What it took.
    pub seen: Latency,
    /// What its twin took; `None` for a call that only the incident made.
    pub twin: Option<Latency>,
    /// Whether it got slower than its twin.
    pub affected: bool,
}

/// Every call that started in `[from_s, to_s)`, held against its twin.
pub fn pairs(run: &Run, twin: &Run, from_s: f64, to_s: f64) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (index, outcome) in run.outcomes.iter().enumerate() {
        let Some(outcome) = outcome.as_ref().filter(|o| o.start_s >= from_s && o.start_s < to_s)
        else {
            continue;
        };
        let extra = run.calls[index].extra;
        let other = if extra { None } else { twin.outcomes.get(index).and_then(Option::as_ref) };
        let seen = latency(outcome);
        let before = other.map(latency);
        let failed = outcome.ending != Ending::Ok && other.is_some_and(|o| o.ending == Ending::Ok);
        let affected = before.is_some_and(|before| failed || slower(seen, before));
        pairs.push(Pair { index, start_s: outcome.start_s, seen, twin: before, affected });
    }
    judge_extra(run, &mut pairs);
    pairs
}

/// Slower by a tenth and by more than the scheduler's jitter.
fn slower(seen: Latency, before: Latency) -> bool {
    let rose = |now: f64, then: f64, floor_s: f64| now - then > (0.1 * then).max(floor_s);
    rose(seen.duration_s, before.duration_s, 0.03) || rose(seen.ttft_s, before.ttft_s, 0.015)
}

/// A call without a twin is affected where most calls of its service around it are.
fn judge_extra(run: &Run, pairs: &mut [Pair]) {
    let known: Vec<(usize, f64, bool)> = pairs
        .iter()
        .filter(|pair| pair.twin.is_some())
        .map(|pair| (run.calls[pair.index].service, pair.start_s, pair.affected))
        .collect();
    for pair in pairs.iter_mut().filter(|pair| pair.twin.is_none()) {
        let service = run.calls[pair.index].service;
        let near =
            known.iter().filter(|(s, at_s, _)| *s == service && (at_s - pair.start_s).abs() < 45.0);
        let (hit, all) =
            near.fold((0, 0), |(hit, all), (_, _, yes)| (hit + i32::from(*yes), all + 1));
        pair.affected = hit * 2 > all;
    }
}

/// Ratios of the incident's quantiles to the twin's, over the calls given.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct EffectRatios {
    /// Time to first token, median.
    pub ttft_p50: f64,
    /// Time to first token, p95.
    pub ttft_p95: f64,
    /// Inter-token latency, median.
    pub itl_p50: f64,
    /// Inter-token latency, p95.
    pub itl_p95: f64,
    /// Duration, median.
    pub e2e_p50: f64,
    /// Duration, p95.
    pub e2e_p95: f64,
}

/// Which signal a cause moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Time to first token.
    Ttft,
    /// Inter-token latency.
    Itl,
    /// Duration.
    Duration,
}

impl Signal {
    /// Its value.
    pub fn of(self, latency: Latency) -> f64 {
        match self {
            Self::Ttft => latency.ttft_s,
            Self::Itl => latency.itl_s,
            Self::Duration => latency.duration_s,
        }
    }
}

/// The signals that a cause moves by itself.
pub fn signals(cause: Cause) -> &'static [Signal] {
    match cause {
        Cause::PromptGrowth
        | Cause::CacheMissPromptChanged
        | Cause::CacheMissEvicted
        | Cause::CacheMissCold
        | Cause::PrefillQueueing => &[Signal::Ttft],
        Cause::DecodeContention
        | Cause::AcceptanceDropTrafficShift
        | Cause::AcceptanceDropDraftSwap => &[Signal::Itl],
        Cause::OutputGrowth | Cause::ClientRetries => &[Signal::Duration],
        Cause::ClientStall => &[Signal::Ttft, Signal::Duration],
        Cause::CapacityEvent
        | Cause::LoadSurge
        | Cause::RegionChange
        | Cause::PoolChange
        | Cause::ModelChange
        | Cause::MixShift => &[Signal::Ttft, Signal::Itl, Signal::Duration],
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Ratio of a quantile with the incident to that without it; 1 where nothing can be compared.
pub fn ratio(pairs: &[Pair], signal: Signal, q: f64) -> f64 {
    let twinned = || pairs.iter().filter_map(|pair| pair.twin.map(|twin| (pair.seen, twin)));
    let now = quantile_sorted(&sorted(twinned().map(|(seen, _)| signal.of(seen))), q);
    let then = quantile_sorted(&sorted(twinned().map(|(_, twin)| signal.of(twin))), q);
    let ratio = now / then;
    if ratio.is_finite() { ratio } else { 1.0 }
}

/// The effect on the calls given.
pub fn effect(pairs: &[Pair]) -> EffectRatios {
    let at = |signal, q| (ratio(pairs, signal, q) * 1000.0).round() / 1000.0;
    EffectRatios {
        ttft_p50: at(Signal::Ttft, 0.5),
        ttft_p95: at(Signal::Ttft, 0.95),
        itl_p50: at(Signal::Itl, 0.5),
        itl_p95: at(Signal::Itl, 0.95),
        e2e_p50: at(Signal::Duration, 0.5),
        e2e_p95: at(Signal::Duration, 0.95),
    }
}

/// How strongly a cause shows on what it moves: the larger of the median's and the p95's ratio.
pub fn relevant_ratio(cause: Cause, pairs: &[Pair]) -> f64 {
    let ratios = signals(cause)
        .iter()
        .flat_map(|signal| [ratio(pairs, *signal, 0.5), ratio(pairs, *signal, 0.95)]);
    ratios.fold(1.0, f64::max)
}

/// How detectable a cause is: the shift of the mean log signal against the noise of window and
/// baseline samples, the best of its signals.
pub fn power_z(cause: Cause, pairs: &[Pair], baseline_calls: usize) -> f64 {
    let best = signals(cause).iter().map(|signal| {
        let logs: Vec<(f64, f64)> = pairs
            .iter()
            .filter_map(|pair| Some((signal.of(pair.seen).ln(), signal.of(pair.twin?).ln())))
            .filter(|(now, then)| now.is_finite() && then.is_finite())
            .collect();
        let n = logs.len() as f64;
        if n < 3.0 {
            return 0.0;
        }
        let shift = logs.iter().map(|(now, then)| now - then).sum::<f64>() / n;
        let mean = logs.iter().map(|(_, then)| then).sum::<f64>() / n;
        let variance = logs.iter().map(|(_, then)| (then - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let noise = (variance * (1.0 / n + 1.0 / (baseline_calls.max(1) as f64))).sqrt();
        shift / noise.max(1e-6)
    });
    best.fold(0.0, f64::max)
}

/// Whether a call lies in an incident's slice, as it would have been made without it.
pub fn held_by(incident: &Incident, run: &Run, twin: &Run, index: usize) -> bool {
    let call = &run.calls[index];
    let other = twin.outcomes.get(index).and_then(Option::as_ref);
    let made = other.or_else(|| run.outcomes[index].as_ref()).map(|outcome| &outcome.made);
    let model = made.map_or(0, |made| made.model);
    in_slice(incident.slice, call.service, model, call.tenant)
}
