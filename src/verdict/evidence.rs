//! The figures that speak for a cause.

use super::changes;
use super::rank::Ranked;
use crate::diagnosis::{Cause, Change, Evidence, SignalChange};
use crate::signals::Signals;
use crate::signals::case::Case;
use crate::signals::effects::Effect;
use crate::signals::frame::Side;
use crate::signals::reported::Reported;
use crate::signals::tally::Shift;
use crate::stats::quantile::mean;

/// Most latencies in the evidence of a cause; the report lists all of them elsewhere.
const MOST_LATENCIES: usize = 3;

/// Collects the evidence of one finding.
pub fn evidence(
    signals: &Signals,
    case: &Case,
    found: &Ranked,
    changed: &[SignalChange],
) -> Vec<Evidence> {
    let slice = found.finding.slice;
    let mut list: Vec<Evidence> = Vec::new();
    for effect in &found.finding.effects {
        let shift = signals.shifts[slice][*effect as usize];
        list.push(ratio(name(*effect), &shift));
    }
    list.extend(specific(signals, case, found, slice));
    let rose = changed.iter().filter(|change| matches!(change.change, Change::Rose));
    list.extend(rose.take(MOST_LATENCIES).map(changes::evidence));
    for (effect, label) in
        [(Effect::RestTtft, "ttft_same_work_ratio"), (Effect::RestItl, "itl_same_work_ratio")]
    {
        if !found.finding.effects.contains(&effect) {
            let shift = signals.shifts[slice][effect as usize];
            if shift.window_weight >= 4.0 {
                list.push(ratio(label, &shift));
            }
        }
    }
    list
}

/// What an effect is called among the signals.
pub fn name(effect: Effect) -> &'static str {
    match effect {
        Effect::Length => "ttft_from_prompt_length_ratio",
        Effect::Cache => "ttft_from_cache_misses_ratio",
        Effect::Output => "duration_from_output_length_ratio",
        Effect::AcceptWithin => "itl_from_acceptance_within_class_ratio",
        Effect::AcceptMix => "itl_from_acceptance_mix_ratio",
        Effect::ClassMix => "itl_from_prompt_mix_ratio",
        Effect::RouteTtft => "ttft_from_routing_ratio",
        Effect::RouteItl => "itl_from_routing_ratio",
        Effect::RouteWhole => "duration_from_routing_ratio",
        Effect::Retry => "ttft_from_retries_ratio",
        Effect::ClientWait => "ttft_from_client_wait_ratio",
        Effect::Stall => "itl_from_client_stalls_ratio",
        Effect::RestTtft => "ttft_same_work_ratio",
        Effect::RestItl => "itl_same_work_ratio",
        Effect::RestWhole => "duration_same_work_ratio",
        Effect::Mix => "duration_from_traffic_mix_ratio",
        Effect::Failure => "failure_score_ratio",
    }
}

fn ratio(signal: &str, shift: &Shift) -> Evidence {
    let (low, high) = shift.interval();
    let held = low > 1.0 / 1.12 && high < 1.12;
    Evidence {
        signal: signal.to_owned(),
        baseline: Some(1.0),
        window: Some(shift.ratio()),
        low: Some(low),
        high: Some(high),
        note: held.then(|| "held".to_owned()),
    }
}

fn specific(signals: &Signals, case: &Case, found: &Ranked, slice: usize) -> Vec<Evidence> {
    let frame = &signals.frame;
    let means = |signal: &str, values: &[f64]| plain(signal, averages(signals, slice, values));
    match found.cause {
        Cause::PromptGrowth => vec![
            means("input_tokens_per_call", &frame.input_tokens),
            means("uncached_tokens_per_call", &frame.uncached_tokens),
        ],
        Cause::CacheMissPromptChanged | Cause::CacheMissEvicted | Cause::CacheMissCold => {
            let misses = &case.misses;
            let hit = Some(Reported {
                baseline: misses.baseline_hit_ratio,
                window: misses.window_hit_ratio,
            });
            let writes =
                Some(Reported { baseline: misses.baseline_writes, window: misses.window_writes });
            vec![
                plain("cache_hit_ratio", hit),
                means("uncached_tokens_per_call", &frame.uncached_tokens),
                plain("cache_write_tokens_per_call", writes),
            ]
        }
        Cause::PrefillQueueing | Cause::CapacityEvent | Cause::DecodeContention => vec![
            plain("queue_wait_s", case.queue_wait_s),
            plain("batch_size", case.batch_size),
            means("waiting_requests", &frame.waiting_requests),
        ],
        Cause::LoadSurge => vec![plain(
            "calls_per_minute",
            Some(Reported {
                baseline: case.load.baseline_per_minute,
                window: case.load.window_per_minute,
            }),
        )],
        Cause::AcceptanceDropTrafficShift | Cause::AcceptanceDropDraftSwap => {
            vec![means("spec_acceptance_ratio", &frame.spec_acceptance_ratio)]
        }
        Cause::RegionChange | Cause::PoolChange | Cause::ModelChange => gains(case),
        Cause::ClientRetries => vec![
            means("attempts_per_call", &frame.attempts),
            means("retry_wait_s", &frame.retry_wait_s),
        ],
        Cause::ClientStall => vec![means("client_wait_s", &frame.client_wait_s)],
        Cause::OutputGrowth | Cause::MixShift => {
            vec![means("output_tokens_per_call", &frame.output_tokens)]
        }
    }
    .into_iter()
    .filter(|evidence| evidence.baseline.is_some() || evidence.window.is_some())
    .collect()
}

fn gains(case: &Case) -> Vec<Evidence> {
    let gains = case.routing.gains.iter();
    gains
        .map(|gain| Evidence {
            signal: "served_share".to_owned(),
            baseline: Some(gain.baseline_share),
            window: Some(gain.window_share),
            low: None,
            high: None,
            note: Some(match &gain.from {
                Some(from) => format!("{}: {from} → {}", gain.attribute, gain.value),
                None => format!("{}: {}", gain.attribute, gain.value),
            }),
        })
        .collect()
}

fn averages(signals: &Signals, slice: usize, values: &[f64]) -> Option<Reported> {
    let of = |side: Side| {
        let rows = signals.slices.slices[slice].rows.iter().map(|row| *row as usize);
        let known: Vec<f64> = rows
            .filter(|row| signals.frame.sides[*row] == side)
            .map(|row| values[row])
            .filter(|value| value.is_finite())
            .collect();
        mean(&known)
    };
    Some(Reported { baseline: of(Side::Baseline)?, window: of(Side::Window)? })
}

fn plain(signal: &str, reported: Option<Reported>) -> Evidence {
    let finite = |value: f64| value.is_finite().then_some(value);
    Evidence {
        signal: signal.to_owned(),
        baseline: reported.and_then(|reported| finite(reported.baseline)),
        window: reported.and_then(|reported| finite(reported.window)),
        low: None,
        high: None,
        note: None,
    }
}
