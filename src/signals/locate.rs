//! Whether an effect moved beyond chance and materially, and the smallest slice that holds it.

use super::Signals;
use super::case::Located;
use super::effects::{Effect, SAME_WORK};
use super::frame::Side;
use super::load::Load;
use super::longer::{Longer, longer};
use super::tails;
use super::tally::Shift;
use crate::stats::quantile::{mean, quantile};

/// A shift this many times as sure as it must be, and this many times the baseline's own largest,
const SURE: f64 = 1.4;
const SURE_BEYOND: f64 = 2.0;
/// matters at this part of the usual size.
const SURE_PART: f64 = 0.5;
/// Fewest calls of the window that tell of a slice.
const LEAST_TELLING: f64 = 5.0;
/// Standard errors that an effect must stand above its usual, for everything and for slices one
/// and two attributes deep: about one false alarm in fifty windows over all effects and slices.
const LEAST_Z: [f64; 3] = [3.1, 3.6, 4.2];
/// Smallest material change of the latency that an effect acts on, as a logarithm: lengths and mix
/// drift by themselves (serving physics 7, 10).
const LEAST_LOG: f64 = 0.09;
const LEAST_LOG_WORK: f64 = 0.14;
/// The service at the same work, for everything and for slices one and two attributes deep. Own
/// bursts move it by a few percent without anybody's fault, and the most striking of many slices
/// overstates what it holds.
const LEAST_LOG_REST: [f64; 3] = [0.11, 0.14, 0.18];
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
/// Least rise of the latency itself, typical or slow, as a logarithm.
const FELT_LOG: f64 = 0.04;
/// Mix and answers' length together keep at least this part of either.
const NET_SHARE: f64 = 0.5;
/// Standard errors and least rise, as a logarithm, of a service under a large surge.
const SURGE_Z: f64 = 2.5;
const SURGE_LOG: f64 = 0.05;
/// The standard errors that an effect must stand above its usual.
pub fn least_z(effect: Effect) -> [f64; 3] {
    match effect {
        Effect::Mix | Effect::ClassMix => MIX_Z,
        Effect::Length => LENGTH_Z,
        _ => LEAST_Z,
    }
}

/// The standard errors that are more than chance where the window was picked as the most striking of
/// many: it has to stand out from what chance makes of the best of as many. The normal tail falls as
/// exp(-z²/2), so z² grows by twice the logarithm of their number.
fn least_of_picked(signals: &Signals, least: f64) -> f64 {
    let picked = 2.0 * (signals.picked_from.max(1) as f64).ln();
    (least * least + picked).sqrt()
}

/// Whether a shift is more than chance in a slice of that depth.
fn beyond_chance(signals: &Signals, effect: Effect, shift: &Shift, depth: usize) -> bool {
    let least = least_of_picked(signals, least_z(effect)[depth.min(2)]);
    if effect == Effect::Mix && shift.window_weight < MIX_CALLS {
        return false;
    }
    shift.z >= least && shift.beyond_usual()
}

/// Prompts and answers that grew together by enough to matter, sure or not.
pub fn grown_together(signals: &Signals) -> Option<Longer> {
    let own_work = signals.standards.material.own_work_ratio.map_or(LEAST_LOG_WORK, f64::ln);
    longer(signals, own_work).filter(|longer| felt(signals, longer.slice, Effect::Output))
}

/// The same where it is more than chance.
pub fn surely_longer(signals: &Signals) -> Option<Longer> {
    grown_together(signals).filter(|longer| longer.z >= least_of_picked(signals, longer.least_z))
}

/// Whether a shift matters in a slice of that depth. What stands far beyond all that the baseline
/// does by itself matters at half the size: the bar is there for what drifts.
pub fn material(signals: &Signals, effect: Effect, shift: &Shift, depth: usize) -> bool {
    let set = &signals.standards.material;
    let own_work = set.own_work_ratio.map_or(LEAST_LOG_WORK, f64::ln);
    let service = |usual: f64| set.same_work_ratio.map_or(usual, f64::ln);
    let least = match effect {
        Effect::Mix | Effect::ClassMix | Effect::Length | Effect::Output | Effect::Cache => {
            own_work
        }
        Effect::RestTtft | Effect::RestItl | Effect::RestWhole => {
            service(LEAST_LOG_REST[depth.min(2)])
        }
        _ => service(LEAST_LOG),
    };
    let sure = shift.z >= SURE * least_z(effect)[depth.min(2)]
        && shift.usual.partial_cmp(&(shift.log / SURE_BEYOND)) != Some(std::cmp::Ordering::Greater);
    shift.log >= if sure { least * SURE_PART } else { least }
}

/// Whether a slice can hold an effect: the mix of kinds moves within calls that are told apart by who
/// asks for what. Releases and instances come and go, and with them which kinds carry their name.
fn tells_of(signals: &Signals, slice: usize, effect: Effect) -> bool {
    let of_traffic = matches!(effect, Effect::Mix | Effect::ClassMix | Effect::AcceptMix);
    let known = |(at, _): &(usize, u32)| *at < signals.slices.known;
    !of_traffic || signals.slices.slices[slice].keys.iter().all(known)
}

/// Whether more work made calls slower at all: an effect of mix or length that another one undid
/// is no regression.
pub fn felt(signals: &Signals, slice: usize, effect: Effect) -> bool {
    if !matches!(effect, Effect::Mix | Effect::ClassMix | Effect::Length | Effect::Output) {
        return true;
    }
    // Calls that only changed their label leave one kind short and the other long.
    let of = &signals.shifts[slice];
    if matches!(effect, Effect::Mix | Effect::Output) {
        let net = of[Effect::Mix as usize].log + of[Effect::Output as usize].log;
        if net < NET_SHARE * of[effect as usize].log {
            return false;
        }
    }
    let frame = &signals.frame;
    let rose = |values: &[f64]| {
        let of = |side: Side| {
            let rows = signals.slices.slices[slice].rows.iter().map(|row| *row as usize);
            let told: Vec<f64> = rows
                .filter(|row| frame.sides[*row] == side && values[*row].is_finite())
                .map(|row| values[row].max(1e-6).ln())
                .collect();
            Some([mean(&told)?, quantile(&told, 0.95)?])
        };
        match (of(Side::Baseline), of(Side::Window)) {
            (Some(before), Some(after)) => (0..2).any(|at| after[at] - before[at] >= FELT_LOG),
            _ => false,
        }
    };
    let rows = &signals.slices.slices[slice].rows;
    let shown = |row: &u32| frame.ttft_s[*row as usize].is_finite();
    // Where no first token is seen, that longer prompts made it later cannot be seen either.
    let on_ttft = effect == Effect::Length && (rose(&frame.ttft_s) || !rows.iter().any(shown));
    on_ttft || rose(&frame.duration_s)
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

/// Whether slow first tokens became more frequent by more than chance, whatever the mean did: the
/// slowest few make it noisy, and a queue for a slot makes nothing but those.
fn tail_beyond_chance(signals: &Signals, slice: usize, effect: Effect, shift: &Shift) -> bool {
    let least = least_of_picked(signals, LEAST_Z[signals.slices.depth(slice).min(2)]);
    effect == Effect::RestTtft
        && shift.log > 0.0
        && tails::looked_at(signals, slice)
        && tails::tail(signals, slice, effect).is_some_and(|tail| tail.z >= least)
}

/// What a service does under an own traffic that rose as no burst does: the effect at the same work
/// that rose most surely, in everything or where the traffic rose. Less is enough where two rare
/// things meet.
pub fn under_a_surge(signals: &Signals, load: &Load) -> Option<(Effect, Located)> {
    let places = SAME_WORK.into_iter().flat_map(|effect| [(effect, 0), (effect, load.slice)]);
    let rose = places.filter(|_| load.large()).filter_map(|(effect, slice)| {
        let shift = signals.shifts[slice][effect as usize];
        let sure = shift.z >= SURGE_Z && shift.log >= SURGE_LOG && shift.beyond_usual();
        let slowest = effect == Effect::RestTtft && tails::slowest(signals, slice) > 0.0;
        let outside = if slice == 0 { None } else { signals.tally.outside(slice, effect) };
        (sure || slowest).then_some((effect, Located { slice, shift, outside }))
    });
    rose.max_by(|a, b| a.1.shift.z.total_cmp(&b.1.shift.z))
}

/// Where an effect moved: the slice that stands furthest apart from all other calls while it holds
/// most of the effect, or everything.
pub fn locate(signals: &Signals, effect: Effect) -> Option<Located> {
    let of = |slice: usize| &signals.shifts[slice][effect as usize];
    let depth = |slice: usize| signals.slices.depth(slice);
    let passes = |slice: usize| {
        let shift = of(slice);
        if shift.window_weight < LEAST_TELLING || !tells_of(signals, slice, effect) {
            return false;
        }
        let far = beyond_chance(signals, effect, shift, depth(slice));
        (far && material(signals, effect, shift, depth(slice))
            || (far || tail_beyond_chance(signals, slice, effect, shift))
                && tail_matters(signals, slice, effect, shift))
            && felt(signals, slice, effect)
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
