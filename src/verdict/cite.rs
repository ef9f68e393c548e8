//! Which calls it slowed, and which of them to cite: precision before number.

use chrono::DateTime;

use super::rank::Ranked;
use crate::calls::CallTable;
use crate::diagnosis::CitedCall;
use crate::schema::Col;
use crate::signals::Signals;
use crate::signals::cells::Moved;
use crate::signals::effects::Effect;
use crate::signals::frame::Side;

/// Most ids to cite.
const MOST_CITED: usize = 20;
/// A call counts as slowed where at most this part of calls that slow would be there anyway, by
/// the baseline's own share of them.
const FALSE_SHARE: f64 = 0.10;
/// A cited call stands where at most this part would.
const CITED_FALSE_SHARE: f64 = 0.012;
/// Smallest excess of a call that is called slowed.
const LEAST_LOG: f64 = 0.07;

/// The calls that a cause slowed.
#[derive(Debug, Clone, Default)]
pub struct Slowed {
    /// How many calls of its segment it slowed.
    pub affected: usize,
    /// Calls of its segment in the window.
    pub segment: usize,
    /// The ids to cite, worst first.
    pub cited: Vec<CitedCall>,
}

/// Finds the slowed calls of a ranked cause that started after its onset.
pub fn slowed(signals: &Signals, table: &CallTable, found: &Ranked, onset_s: f64) -> Slowed {
    let Some(&effect) = found.finding.effects.first() else { return Slowed::default() };
    let frame = &signals.frame;
    let values = &signals.effects.logs[effect as usize];
    let rows = &signals.slices.slices[found.finding.slice].rows;
    let of = |side: Side| {
        rows.iter().map(|row| *row as usize).filter(move |row| frame.sides[*row] == side)
    };
    let segment = of(Side::Window).count();
    let mut usual: Vec<f64> =
        of(Side::Baseline).map(|row| values[row]).filter(|value| value.is_finite()).collect();
    usual.sort_by(f64::total_cmp);
    let mut calls: Vec<(f64, usize)> = of(Side::Window)
        .filter(|row| values[*row].is_finite() && frame.starts_s[*row] >= onset_s)
        .filter(|row| moved(signals, found, effect, *row))
        .map(|row| (values[row], row))
        .collect();
    calls.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let centre = crate::stats::quantile::of_sorted(&usual, 0.5).unwrap_or(0.0);
    let excess: Vec<f64> = calls.iter().map(|(value, _)| value - centre).collect();
    let upper = |least: f64| reach(&calls, &usual, &excess, least);
    let affected = upper(FALSE_SHARE);
    let certain = upper(CITED_FALSE_SHARE);
    let cited = calls
        .iter()
        .take(certain)
        .filter_map(|(_, row)| cite(signals, table, effect, *row))
        .take(MOST_CITED)
        .collect();
    Slowed { affected, segment, cited }
}

/// How many of the worst calls can be taken so that of those at or beyond the last one, at most
/// this part would be there without the incident.
fn reach(calls: &[(f64, usize)], usual: &[f64], excess: &[f64], least: f64) -> usize {
    let total = calls.len() as f64;
    let mut taken = 0;
    for (at, (value, _)) in calls.iter().enumerate() {
        if excess[at] < LEAST_LOG {
            break;
        }
        let beyond = usual.len() - usual.partition_point(|have| have < value);
        let expected = beyond as f64 / (usual.len() as f64).max(1.0) * total;
        if expected <= least * (at + 1) as f64 {
            taken = at + 1;
        }
    }
    taken
}

/// Routing slows only the calls that were served elsewhere.
fn moved(signals: &Signals, found: &Ranked, effect: Effect, row: usize) -> bool {
    let routed = matches!(effect, Effect::RouteTtft | Effect::RouteItl | Effect::RouteWhole);
    let any = found.finding.slice < signals.slices.slices.len()
        && signals.places.moved.iter().any(Option::is_some);
    let kind: Option<Moved> = signals.places.moved[row];
    !(routed && any) || kind.is_some()
}

fn cite(signals: &Signals, table: &CallTable, effect: Effect, row: usize) -> Option<CitedCall> {
    let request_id = table.text(Col::RequestId, row)?;
    let (frame, expected) = (&signals.frame, &signals.expected);
    let (signal, observed_s, expected_s) = match effect {
        Effect::AcceptMix
        | Effect::AcceptWithin
        | Effect::ClassMix
        | Effect::RouteItl
        | Effect::RestItl
        | Effect::Stall => {
            let usual = expected.itl_s[row]
                * without(signals, row, &[Effect::AcceptMix, Effect::AcceptWithin]);
            ("itl_s", frame.itl_s[row], usual)
        }
        Effect::Length
        | Effect::Cache
        | Effect::RouteTtft
        | Effect::RestTtft
        | Effect::Retry
        | Effect::ClientWait
            if frame.ttft_s[row].is_finite() =>
        {
            let usual =
                expected.ttft_s[row] * without(signals, row, &[Effect::Length, Effect::Cache]);
            ("ttft_s", frame.ttft_s[row], usual)
        }
        _ => {
            let log = signals.effects.logs[effect as usize][row];
            ("duration_s", frame.duration_s[row], frame.duration_s[row] / log.max(0.0).exp())
        }
    };
    Some(CitedCall {
        provider: table.text(Col::Provider, row),
        request_id,
        response_id: table.text(Col::ResponseId, row),
        trace_id: table.text(Col::TraceId, row),
        span_id: table.text(Col::SpanId, row),
        start: DateTime::from_timestamp_nanos(frame.starts_ns[row]),
        signal: signal.to_owned(),
        observed_s,
        expected_s: if expected_s.is_finite() { expected_s.min(observed_s) } else { observed_s },
    })
}

/// The factor that takes these effects out of an expectation at the call's own work.
fn without(signals: &Signals, row: usize, effects: &[Effect]) -> f64 {
    let logs = effects.iter().map(|effect| signals.effects.logs[*effect as usize][row]);
    let sum: f64 = logs.filter(|log| log.is_finite()).sum();
    (-sum.max(0.0)).exp()
}
