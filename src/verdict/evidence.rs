//! The figures that speak for a cause.

use super::changes;
use super::query::{Asked, Column, Figure};
use super::rank::Ranked;
use crate::diagnosis::{Cause, Change, Evidence, SignalChange};
use crate::servers::Gauge;
use crate::signals::Signals;
use crate::signals::case::Case;
use crate::signals::effects::Effect;
use crate::signals::frame::Side;
use crate::signals::tally::Shift;

/// Most latencies in the evidence of a cause; the report lists all of them elsewhere.
const MOST_LATENCIES: usize = 3;

/// Collects the evidence of one finding.
pub fn evidence(
    asked: &Asked<'_>,
    case: &Case,
    found: &Ranked,
    changed: &[SignalChange],
) -> Vec<Evidence> {
    let shifts = &asked.signals.shifts[asked.slice];
    let fitted = |effect: Effect| Evidence {
        query: asked.raw(effect),
        ..ratio(name(effect), &shifts[effect as usize])
    };
    let mut list: Vec<Evidence> = Vec::new();
    // What speaks for the cause did not hold, however sure a small shift makes its interval.
    let speaks = |effect: &Effect| Evidence { note: None, ..fitted(*effect) };
    list.extend(found.finding.effects.iter().map(speaks));
    list.extend(specific(asked, case, found.cause));
    list.extend(servers(asked.signals, found.cause));
    let rose = changed.iter().filter(|change| matches!(change.change, Change::Rose));
    list.extend(rose.take(MOST_LATENCIES).map(|change| changes::evidence(change, asked)));
    for effect in [Effect::RestTtft, Effect::RestItl] {
        let told = shifts[effect as usize].window_weight >= 4.0;
        if told && !found.finding.effects.contains(&effect) {
            list.push(fitted(effect));
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
        query: None,
    }
}

/// What the servers said of themselves, for the causes on which that bears.
fn servers(signals: &Signals, cause: Cause) -> Vec<Evidence> {
    let bears = |gauge: Gauge| match cause {
        Cause::PrefillQueueing | Cause::CapacityEvent | Cause::LoadSurge => {
            matches!(gauge, Gauge::Running | Gauge::Waiting | Gauge::KvUse | Gauge::Preemptions)
        }
        Cause::DecodeContention => {
            matches!(gauge, Gauge::Running | Gauge::KvUse | Gauge::Preemptions)
        }
        Cause::CacheMissEvicted => matches!(gauge, Gauge::PrefixHitRatio | Gauge::KvUse),
        Cause::AcceptanceDropDraftSwap | Cause::AcceptanceDropTrafficShift => {
            matches!(gauge, Gauge::AcceptanceRatio)
        }
        _ => false,
    };
    let of = |(gauge, signal): (Gauge, &str)| {
        let baseline = signals.server(gauge, Side::Baseline);
        let window = signals.server(gauge, Side::Window);
        let told = baseline.is_some() || window.is_some();
        told.then(|| Evidence {
            signal: signal.to_owned(),
            baseline,
            window,
            low: None,
            high: None,
            note: Some("from the server's own metrics".to_owned()),
            query: None,
        })
    };
    Gauge::TOLD.into_iter().filter(|(gauge, _)| bears(*gauge)).filter_map(of).collect()
}

/// The figures that belong to a cause.
fn specific(asked: &Asked<'_>, case: &Case, cause: Cause) -> Vec<Evidence> {
    let line = |signal: &str, figure: Figure| plain(asked, signal, &figure);
    let means = |signal: &str, column: Column| line(signal, Figure::Mean(column));
    match cause {
        Cause::PromptGrowth => vec![
            means("input_tokens_per_call", Column::Input),
            means("uncached_tokens_per_call", Column::Uncached),
        ],
        Cause::CacheMissPromptChanged | Cause::CacheMissEvicted | Cause::CacheMissCold => vec![
            line("cache_hit_ratio", Figure::HitRatio),
            means("uncached_tokens_per_call", Column::Uncached),
            means("cache_write_tokens_per_call", Column::CacheWrite),
        ],
        Cause::PrefillQueueing | Cause::CapacityEvent | Cause::DecodeContention => vec![
            means("queue_wait_s", Column::QueueWait),
            means("batch_size", Column::Batch),
            means("waiting_requests", Column::Waiting),
        ],
        Cause::LoadSurge => vec![line("calls_per_minute", Figure::PerMinute)],
        Cause::AcceptanceDropTrafficShift | Cause::AcceptanceDropDraftSwap => {
            vec![means("spec_acceptance_ratio", Column::Acceptance)]
        }
        Cause::RegionChange | Cause::PoolChange | Cause::ModelChange => gains(asked, case),
        Cause::ClientRetries => vec![
            means("attempts_per_call", Column::Attempts),
            means("retry_wait_s", Column::RetryWait),
        ],
        Cause::ClientStall => vec![means("client_wait_s", Column::ClientWait)],
        Cause::OutputGrowth | Cause::MixShift => {
            vec![means("output_tokens_per_call", Column::Output)]
        }
    }
    .into_iter()
    .filter(|evidence| evidence.baseline.is_some() || evidence.window.is_some())
    .collect()
}

/// The places that gained share.
fn gains(asked: &Asked<'_>, case: &Case) -> Vec<Evidence> {
    let gains = case.routing.gains.iter();
    gains
        .map(|gain| {
            let short = gain.attribute.trim_start_matches("gen_ai.");
            let figure = Figure::Served { attribute: gain.attribute, value: gain.value.clone() };
            Evidence {
                note: Some(match &gain.from {
                    Some(from) => format!("{short}: {from} → {}", gain.value),
                    None => format!("{short}: {}", gain.value),
                }),
                ..plain(asked, "served_share", &figure)
            }
        })
        .collect()
}

/// A figure of both sides with the query that repeats it.
fn plain(asked: &Asked<'_>, signal: &str, figure: &Figure) -> Evidence {
    Evidence {
        signal: signal.to_owned(),
        baseline: asked.figure(figure, Side::Baseline),
        window: asked.figure(figure, Side::Window),
        low: None,
        high: None,
        note: None,
        query: asked.query(figure),
    }
}
