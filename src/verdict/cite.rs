//! Which calls it slowed, and which of them to cite: precision before number.

use std::collections::BTreeMap;

use chrono::DateTime;

use super::rank::Ranked;
use crate::calls::CallTable;
use crate::diagnosis::CitedCall;
use crate::schema::Col;
use crate::signals::Signals;
use crate::signals::effects::Effect;
use crate::signals::frame::Side;
use crate::stats::quantile::of_sorted;

/// Most ids to cite.
const MOST_CITED: usize = 20;
/// A call counts as slowed where at most this part of calls that slow would be there anyway, by
/// the baseline's own share of them.
const FALSE_SHARE: f64 = 0.10;
/// A cited call stands where at most this part would.
const CITED_FALSE_SHARE: f64 = 0.02;
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
    let any_moved = signals.places.moved.iter().any(Option::is_some);
    let kinds = Kinds::new(signals, of(Side::Baseline), values);
    let mut calls: Vec<Excess> = of(Side::Window)
        .filter(|row| values[*row].is_finite() && frame.starts_s[*row] >= onset_s)
        .filter(|row| moved(signals, effect, any_moved, *row))
        .map(|row| kinds.excess(signals, row, values[row]))
        .collect();
    calls.sort_by(|a, b| b.log.total_cmp(&a.log).then(a.row.cmp(&b.row)));
    let affected = reach(&calls, FALSE_SHARE).len();
    let certain = reach(&calls, CITED_FALSE_SHARE);
    let cited = certain
        .iter()
        .filter_map(|call| cite(signals, table, effect, call.row))
        .take(MOST_CITED)
        .collect();
    Slowed { affected, segment, cited }
}

/// One call of the window, against calls of its kind.
struct Excess {
    /// Its effect less what is usual for its kind.
    log: f64,
    /// Share of the kind's baseline calls that reach as far, never quite none.
    usual_share: f64,
    kind: usize,
    row: usize,
}

/// The effect's values in the baseline, by kind of call; kinds with few calls are one.
struct Kinds {
    of: BTreeMap<usize, Vec<f64>>,
}

/// Fewest baseline calls of a kind to be held against.
const LEAST_KIND: usize = 25;
/// The kind of all calls whose own kind is too rare.
const RARE: usize = usize::MAX;
/// A tail that the baseline never reached still has this many of its calls.
const NEVER_NONE: f64 = 0.2;

impl Kinds {
    fn new(signals: &Signals, rows: impl Iterator<Item = usize>, values: &[f64]) -> Self {
        let mut of: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        let mut all = Vec::new();
        for row in rows.filter(|row| values[*row].is_finite()) {
            all.push(values[row]);
            of.entry(signals.cells.cell[row]).or_default().push(values[row]);
        }
        of.retain(|_, values| values.len() >= LEAST_KIND);
        of.insert(RARE, all);
        of.values_mut().for_each(|values| values.sort_by(f64::total_cmp));
        Self { of }
    }

    fn excess(&self, signals: &Signals, row: usize, value: f64) -> Excess {
        let own = signals.cells.cell[row];
        let kind = if self.of.contains_key(&own) { own } else { RARE };
        let usual = self.of.get(&kind).map_or(&[][..], Vec::as_slice);
        let beyond = (usual.len() - usual.partition_point(|have| *have < value)) as f64;
        Excess {
            log: value - of_sorted(usual, 0.5).unwrap_or(0.0),
            usual_share: (beyond + NEVER_NONE) / (usual.len() as f64 + 1.0),
            kind,
            row,
        }
    }
}

/// The calls that would hardly be that slow without the incident: of those of a kind that reach as
/// far as a call, at most this part would by the baseline's own share of them.
fn reach(calls: &[Excess], least: f64) -> Vec<&Excess> {
    let mut sizes: BTreeMap<usize, f64> = BTreeMap::new();
    for call in calls {
        *sizes.entry(call.kind).or_default() += 1.0;
    }
    let mut seen: BTreeMap<usize, f64> = BTreeMap::new();
    let mut taken = Vec::new();
    for call in calls {
        let reached = seen.entry(call.kind).or_default();
        *reached += 1.0;
        let size = sizes.get(&call.kind).copied().unwrap_or(0.0);
        if call.log >= LEAST_LOG && call.usual_share * size <= least * *reached {
            taken.push(call);
        }
    }
    taken
}

/// Routing slows only the calls that were served elsewhere; and where only a whole call is known, its
/// answer's length says as much about it as the acceptance of its class.
fn moved(signals: &Signals, effect: Effect, any_moved: bool, row: usize) -> bool {
    if effect == Effect::AcceptMix && !signals.frame.ttft_s[row].is_finite() {
        return false;
    }
    let routed = matches!(effect, Effect::RouteTtft | Effect::RouteItl | Effect::RouteWhole);
    !(routed && any_moved) || signals.places.moved[row].is_some()
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
