//! Whether an effect moved beyond chance and materially, and the smallest slice that holds it.

use super::Signals;
use super::case::Located;
use super::effects::Effect;
use super::frame::Side;
use super::tally::Shift;
use crate::stats::quantile::quantile;

/// Standard errors that an effect must stand above its usual, for everything and for slices one
/// and two attributes deep: about one false alarm in fifty windows over all effects and slices.
const LEAST_Z: [f64; 3] = [3.1, 3.6, 4.2];
/// Smallest material change of the latency that an effect acts on, as a logarithm: lengths and mix
/// drift by themselves, the service at the same work does not (serving physics 7, 10).
const LEAST_LOG: f64 = 0.09;
const LEAST_LOG_WORK: f64 = 0.14;
/// The mix is judged by kinds of calls, whose own spread is part of its noise.
const MIX_Z: [f64; 3] = [3.4, 3.3, 4.2];
/// Fewest calls of the window for a mix.
const MIX_CALLS: f64 = 20.0;
/// Conversations grow from call to call, so lengths are alike within a session.
const LENGTH_Z: [f64; 3] = [3.3, 3.9, 4.5];
/// A tail that rose by a fifth matters although the mean hardly moved: queueing for a slot can
/// spare the median call entirely (serving physics, 6).
const TAIL_LEAST_LOG: f64 = 0.18;
const TAIL_LEAST_MEAN: f64 = 0.03;
const TAIL_LEAST_CALLS: usize = 40;
/// A slice holds an effect when this share of it lies inside.
const HOLDS_SHARE: f64 = 0.8;
/// Outside, the effect is at most this share of inside.
const OUTSIDE_SHARE: f64 = 0.35;
/// Standard errors between inside and outside before a slice is named.
const APART_Z: f64 = 3.0;
/// Outside, the effect is less than this many standard errors.
const OUTSIDE_Z: f64 = 2.5;
/// Outside, this part of the effect is nothing, however sure.
const NOTHING_SHARE: f64 = 0.15;
/// Whether a shift is more than chance in a slice of that depth. A window picked as the most
/// striking of many has to stand out from what chance makes of the best of as many: the normal tail
/// falls as exp(-z²/2), so z² grows by twice the logarithm of their number.
fn beyond_chance(signals: &Signals, effect: Effect, shift: &Shift, depth: usize) -> bool {
    let table = match effect {
        Effect::Mix | Effect::ClassMix => MIX_Z,
        Effect::Length => LENGTH_Z,
        _ => LEAST_Z,
    };
    let picked = 2.0 * (signals.picked_from.max(1) as f64).ln();
    let least = (table[depth.min(2)].powi(2) + picked).sqrt();
    if effect == Effect::Mix && shift.window_weight < MIX_CALLS {
        return false;
    }
    shift.z >= least && shift.log.partial_cmp(&shift.usual) != Some(std::cmp::Ordering::Less)
}

/// Whether a shift matters.
fn material(effect: Effect, shift: &Shift) -> bool {
    let drifts = matches!(
        effect,
        Effect::Mix
            | Effect::ClassMix
            | Effect::AcceptMix
            | Effect::Length
            | Effect::Output
            | Effect::Cache
    );
    shift.log >= if drifts { LEAST_LOG_WORK } else { LEAST_LOG }
}

/// Whether the slow calls moved although the typical one did not.
fn tail_matters(signals: &Signals, slice: usize, effect: Effect, shift: &Shift) -> bool {
    let service = matches!(
        effect,
        Effect::RestTtft
            | Effect::RestItl
            | Effect::RestWhole
            | Effect::Retry
            | Effect::ClientWait
            | Effect::Cache
            | Effect::Stall
    );
    let calls = signals.slices.slices[slice].window_calls;
    if !service || calls < TAIL_LEAST_CALLS || shift.log < TAIL_LEAST_MEAN {
        return false;
    }
    let values = &signals.effects.logs[effect as usize];
    let tail = |side: Side| {
        let rows = signals.slices.slices[slice].rows.iter().map(|row| *row as usize);
        let told: Vec<f64> = rows
            .filter(|row| signals.frame.sides[*row] == side)
            .map(|row| values[row])
            .filter(|value| value.is_finite())
            .collect();
        quantile(&told, 0.95)
    };
    match (tail(Side::Baseline), tail(Side::Window)) {
        (Some(before), Some(after)) => after - before >= TAIL_LEAST_LOG,
        _ => false,
    }
}

/// Where an effect moved: the slice that stands furthest apart from all other calls while it holds
/// most of the effect, or everything.
pub fn locate(signals: &Signals, effect: Effect) -> Option<Located> {
    let of = |slice: usize| &signals.shifts[slice][effect as usize];
    let depth = |slice: usize| signals.slices.depth(slice);
    let passes = |slice: usize| {
        let shift = of(slice);
        beyond_chance(signals, effect, shift, depth(slice))
            && (material(effect, shift) || tail_matters(signals, slice, effect, shift))
    };
    let mut best: Option<(f64, Located)> = None;
    let mut strongest: Option<(f64, usize)> = None;
    for slice in 0..signals.shifts.len() {
        if !passes(slice) {
            continue;
        }
        if strongest.is_none_or(|(z, _)| of(slice).z > z) {
            strongest = Some((of(slice).z, slice));
        }
        if slice == 0 {
            continue;
        }
        let outside = signals.tally.outside(slice, effect);
        let Some(outside) = outside else { continue };
        let inside = of(slice);
        let total = inside.log * inside.window_weight + outside.log * outside.window_weight;
        let share = inside.log * inside.window_weight / total;
        let apart = (inside.log - outside.log) / inside.error.hypot(outside.error);
        let holds = total <= 0.0 || share >= HOLDS_SHARE;
        let held = outside.log < OUTSIDE_SHARE * inside.log
            && (outside.z < OUTSIDE_Z || outside.log < NOTHING_SHARE * inside.log);
        if holds && held && apart >= APART_Z {
            let score = apart * (1.0 - 0.12 * depth(slice) as f64);
            if best.is_none_or(|(have, _)| score > have) {
                best = Some((score, Located { slice, shift: *inside, outside: Some(outside) }));
            }
        }
    }
    let (_, strongest) = strongest?;
    if let Some((_, located)) = best {
        return Some(located);
    }
    let slice = if passes(0) { 0 } else { strongest };
    let outside = if slice == 0 { None } else { signals.tally.outside(slice, effect) };
    Some(Located { slice, shift: *of(slice), outside })
}
