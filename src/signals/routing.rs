//! Where calls were served: which attribute of the place changed, from what to what.

use std::collections::BTreeMap;

use super::Signals;
use super::case::Located;
use super::cells::Moved;
use super::effects::Effect;
use super::frame::Side;
use super::moved::prevailing;
use crate::calls::Codes;

/// What changed about the serving places of the slice where routing moved latency.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Routing {
    /// Which attribute changed, the most telling one.
    pub kind: Option<Moved>,
    /// Each attribute's largest gain: name, value, share in the baseline, share in the window.
    pub gains: Vec<Gain>,
}

/// A serving place that gained share.
#[derive(Debug, Clone, PartialEq)]
pub struct Gain {
    /// What kind of place.
    pub kind: Moved,
    /// Attribute's name.
    pub attribute: &'static str,
    /// The value that gained.
    pub value: String,
    /// The value that lost most.
    pub from: Option<String>,
    /// Its share of the slice's baseline calls, at the window's mix of engines.
    pub baseline_share: f64,
    /// Its share of the slice's window calls.
    pub window_share: f64,
}

/// Least gain of share that is worth a word.
const LEAST_GAIN: f64 = 0.1;

impl Routing {
    /// Compares places.
    pub fn new(signals: &Signals, located: &[Option<Located>]) -> Self {
        let effects = [Effect::RouteTtft, Effect::RouteItl, Effect::RouteWhole];
        let found = effects.iter().filter_map(|effect| located[*effect as usize]);
        let slice =
            found.max_by(|a, b| a.shift.z.total_cmp(&b.shift.z)).map_or(0, |found| found.slice);
        let rows: Vec<usize> =
            signals.slices.slices[slice].rows.iter().map(|row| *row as usize).collect();
        let frame = &signals.frame;
        let columns = [
            (Moved::Model, "gen_ai.response.model", &frame.response_model),
            (Moved::Region, "gen_ai.provider.region", &frame.region),
            (Moved::Pool, "gen_ai.provider.pool_id", &frame.pool),
            (Moved::Pool, "gen_ai.response.system_fingerprint", &frame.fingerprint),
            (Moved::Pool, "openai.response.service_tier", &frame.tier),
        ];
        let gains: Vec<Gain> = columns
            .into_iter()
            .filter_map(|(kind, attribute, codes)| gain(signals, &rows, kind, attribute, codes))
            .collect();
        let kind =
            prevailing(&signals.places, &rows).or_else(|| gains.iter().map(|gain| gain.kind).min());
        Self { kind, gains }
    }

    /// The largest gain of a kind.
    pub fn gain(&self, kind: Moved) -> Option<&Gain> {
        self.gains.iter().find(|gain| gain.kind == kind)
    }
}

/// For each value of an attribute, what it counts for in the baseline and in the window.
type Counts = BTreeMap<u32, [f64; 2]>;

/// The value of an attribute that gained most, at the window's own mix of engines: calls of another
/// model are not calls that were moved.
fn gain(
    signals: &Signals,
    rows: &[usize],
    kind: Moved,
    attribute: &'static str,
    codes: &Codes,
) -> Option<Gain> {
    let frame = &signals.frame;
    let mut by_engine: BTreeMap<usize, (Counts, [f64; 2])> = BTreeMap::new();
    for &row in rows {
        let side = match frame.sides[row] {
            Side::Baseline => 0,
            Side::Window => 1,
            Side::Neither => continue,
        };
        if codes.codes[row] != Codes::NULL {
            let engine = by_engine.entry(signals.cells.engine[row]).or_default();
            engine.0.entry(codes.codes[row]).or_default()[side] += 1.0;
            engine.1[side] += 1.0;
        }
    }
    by_engine.retain(|_, (_, told)| told[0] >= 1.0 && told[1] >= 1.0);
    let all: f64 = by_engine.values().map(|(_, told)| told[1]).sum();
    let mut shares = Counts::new();
    for (counts, told) in by_engine.values() {
        for (code, of) in counts {
            let share = shares.entry(*code).or_default();
            share[0] += of[0] / told[0] * told[1] / all;
            share[1] += of[1] / all;
        }
    }
    let change = |of: &[f64; 2]| of[1] - of[0];
    let by_change =
        |a: &(&u32, &[f64; 2]), b: &(&u32, &[f64; 2])| change(a.1).total_cmp(&change(b.1));
    let (code, of) = shares.iter().max_by(by_change)?;
    let (lost, _) = shares.iter().min_by(by_change)?;
    if change(of) < LEAST_GAIN {
        return None;
    }
    let text = |code: u32| codes.values.get(code as usize).cloned();
    Some(Gain {
        kind,
        attribute,
        value: text(*code)?,
        from: if lost == code { None } else { text(*lost) },
        baseline_share: of[0],
        window_share: of[1],
    })
}
