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
    let kinds = Kinds::new(signals, of(Side::Baseline), values);
    let mut calls: Vec<Excess> = of(Side::Window)
        .filter(|row| values[*row].is_finite() && frame.starts_s[*row] >= onset_s)
        .filter(|row| moved(signals, effect, *row))
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
    /// Share of the kind's baseline calls that reach as far.
    usual_share: f64,
    row: usize,
}

/// The effect's values in the baseline, by kind of call and over all.
struct Kinds {
    all: Vec<f64>,
    by_kind: BTreeMap<usize, Vec<f64>>,
}

/// Fewest baseline calls of a kind to be held against.
const LEAST_KIND: usize = 25;

impl Kinds {
    fn new(signals: &Signals, rows: impl Iterator<Item = usize>, values: &[f64]) -> Self {
        let mut kinds = Self { all: Vec::new(), by_kind: BTreeMap::new() };
        for row in rows.filter(|row| values[*row].is_finite()) {
            kinds.all.push(values[row]);
            kinds.by_kind.entry(signals.cells.cell[row]).or_default().push(values[row]);
        }
        kinds.all.sort_by(f64::total_cmp);
        kinds.by_kind.values_mut().for_each(|values| values.sort_by(f64::total_cmp));
        kinds
    }

    fn excess(&self, signals: &Signals, row: usize, value: f64) -> Excess {
        let own = self.by_kind.get(&signals.cells.cell[row]);
        let usual = own.filter(|values| values.len() >= LEAST_KIND).unwrap_or(&self.all);
        let beyond = usual.len() - usual.partition_point(|have| *have < value);
        Excess {
            log: value - of_sorted(usual, 0.5).unwrap_or(0.0),
            usual_share: beyond as f64 / (usual.len() as f64).max(1.0),
            row,
        }
    }
}

/// The calls of which at most this part would be that slow without the incident: each call is
/// weighed by how usual its own excess is among calls of its kind, against how usual that is in
/// the window.
fn reach(calls: &[Excess], least: f64) -> Vec<&Excess> {
    let total = calls.len() as f64;
    let mut taken: Vec<&Excess> = Vec::new();
    for (at, call) in calls.iter().enumerate() {
        if call.log < LEAST_LOG {
            break;
        }
        // Of the window's calls, `at + 1` reach as far; without the incident, this many would.
        if call.usual_share * total <= least * (at + 1) as f64 {
            taken.push(call);
        }
    }
    taken
}

/// Routing slows only the calls that were served elsewhere.
fn moved(signals: &Signals, effect: Effect, row: usize) -> bool {
    let routed = matches!(effect, Effect::RouteTtft | Effect::RouteItl | Effect::RouteWhole);
    let any = signals.places.moved.iter().any(Option::is_some);
    !(routed && any) || signals.places.moved[row].is_some()
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
