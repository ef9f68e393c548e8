//! Whether slow calls became more frequent where the mean hides it: the share of calls beyond what
//! nine of ten of a slice usually take.
//!
//! A queue for a slot, a cache that is lost to some calls and a stall spare the typical call. The
//! mean of the logarithms then moves by a few percent and is as noisy as the slowest calls are
//! slow; the share beyond a bound is not.

use super::Signals;
use super::effects::Effect;
use super::frame::Side;
use super::load::{LEAST_SURGE, Load};
use crate::stats::quantile::quantile;

/// The bound, a quantile of the baseline;
const BOUND: f64 = 0.9;
/// at least this far above what the kind of call usually takes, as a logarithm: tighter is jitter.
const LEAST_BOUND: f64 = 0.1;
/// Fewest calls of either side that tell a share.
const LEAST_BASELINE: usize = 40;
const LEAST_WINDOW: usize = 15;
/// Standard errors beyond which a share leaves the question open. A first token has the heaviest
/// tail and the fewest calls beyond the bound; whole calls drift with everything that they hold.
const OPEN_Z: [(Effect, f64); 3] =
    [(Effect::RestTtft, TTFT_Z), (Effect::RestWhole, 3.6), (Effect::Cache, 3.1)];
const TTFT_Z: f64 = 2.8;

/// The slowest calls.
const SLOWEST: f64 = 0.95;

/// Slow calls that became more frequent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tail {
    /// Of what.
    pub effect: Effect,
    /// In which slice; 0 is everything.
    pub slice: usize,
    /// Part of the baseline's calls beyond the bound, 0 to 1.
    pub usual: f64,
    /// The same of the window's.
    pub share: f64,
    /// Standard errors between the two, under the baseline's own noise.
    pub z: f64,
}

/// The share of calls beyond the bound in one slice; none where too few calls tell.
pub fn tail(signals: &Signals, slice: usize, effect: Effect) -> Option<Tail> {
    let values = &signals.effects.logs[effect as usize];
    let [before, after] = sides(signals, slice, effect);
    if before.len() < LEAST_BASELINE || after.len() < LEAST_WINDOW {
        return None;
    }
    let bound = quantile(&before, BOUND)?.max(LEAST_BOUND);
    let part = |values: &[f64]| {
        values.iter().filter(|value| **value > bound).count() as f64 / values.len() as f64
    };
    let (usual, share) = (part(&before), part(&after));
    let shift = signals.tally.column(&signals.slices.slices[slice].rows, |row| {
        let value = values[row];
        if value.is_finite() { f64::from(u8::from(value > bound)) } else { f64::NAN }
    });
    let z = shift.z.min(independent_z(&before, &after, (usual, share)));
    Some(Tail { effect, slice, usual, share, z })
}

/// The effect on each call of a slice, baseline and window.
fn sides(signals: &Signals, slice: usize, effect: Effect) -> [Vec<f64>; 2] {
    let values = &signals.effects.logs[effect as usize];
    [Side::Baseline, Side::Window].map(|side| {
        let rows = signals.slices.slices[slice].rows.iter().map(|row| *row as usize);
        let told = rows.filter(|row| signals.frame.sides[*row] == side).map(|row| values[row]);
        told.filter(|value| value.is_finite()).collect()
    })
}

/// The same of calls that have nothing to do with their neighbours: blocks can only add to that.
fn independent_z(before: &[f64], after: &[f64], (usual, share): (f64, f64)) -> f64 {
    let (was, is) = (before.len() as f64, after.len() as f64);
    // One call more, beyond the bound with even odds, keeps an empty tail from being certain.
    let pooled = (usual * was + share * is + 1.0) / (was + is + 2.0);
    (share - usual) / (pooled * (1.0 - pooled) * (1.0 / was + 1.0 / is)).sqrt()
}

/// The tail that stands out most, in everything or in one service, if far enough to leave the
/// question open.
pub fn open(signals: &Signals) -> Option<Tail> {
    let services = (0..signals.slices.slices.len()).filter(|slice| looked_at(signals, *slice));
    let tails = services.flat_map(|slice| {
        OPEN_Z.iter().filter_map(move |(effect, least)| {
            let tail = tail(signals, slice, *effect)?;
            (tail.z >= *least).then_some((tail.z / least, tail))
        })
    });
    let far = tails.filter(|(_, tail)| !natural(signals, tail));
    let most = far.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.slice.cmp(&a.1.slice)));
    most.map(|(_, tail)| tail)
}

/// Everything and the services: few places, so that chance has few to choose from.
pub fn looked_at(signals: &Signals, slice: usize) -> bool {
    matches!(signals.slices.slices[slice].keys.as_slice(), [] | [(SERVICE, _)])
}

/// Where `service.name` stands among the slices' attributes.
const SERVICE: usize = 0;

/// Whether it is what any server answers to more of the own calls: everything a little slower.
fn natural(signals: &Signals, tail: &Tail) -> bool {
    tail.effect == Effect::RestWhole && {
        let load = Load::new(signals, tail.slice);
        load.surged && load.ratio >= LEAST_SURGE
    }
}

/// How much the slowest first tokens of a slice rose at the same work, as a logarithm; 0 where slow
/// ones did not become more frequent.
pub fn slowest(signals: &Signals, slice: usize) -> f64 {
    let effect = Effect::RestTtft;
    if tail(signals, slice, effect).is_none_or(|tail| tail.z < TTFT_Z) {
        return 0.0;
    }
    let [before, after] = sides(signals, slice, effect).map(|values| quantile(&values, SLOWEST));
    before.zip(after).map_or(0.0, |(before, after)| after - before)
}
