//! What stays open: a rise that matters and came near to being more than chance, or is sure and too
//! small to be called a spike.

use super::Signals;
use super::effects::{EFFECTS, Effect, SAME_WORK};
use super::load::Load;
use super::locate::{felt, grown_together, least_z, material};
use super::tally::Shift;

/// A material rise that came this near to being more than chance leaves the question open: calling
/// it nothing would be as wrong as naming a cause.
const OPEN_SHARE: f64 = 0.85;
/// Lengths and mix drift by themselves, and must come nearer;
const OPEN_SHARE_WORK: f64 = 0.9;
/// what a kind of call finds cached does not, and is read off token counts, without the heavy tails
/// of measured times.
const OPEN_SHARE_CACHE: f64 = 0.7;
/// Where people see a percentile that rose, one that came this near is open too.
const OPEN_SHARE_SEEN: f64 = 0.55;
/// The same of lengths of prompts and mix, and of the cache.
const OPEN_SHARE_WORK_SEEN: f64 = 0.8;
const OPEN_SHARE_CACHE_SEEN: f64 = 0.55;
/// What is beyond chance and beyond all that the baseline does by itself is open however small: of a
/// long answer's duration, a first token that takes twice as long is a few percent. Lost caches
/// need less, as above.
const OPEN_SMALL: f64 = 1.0;
const OPEN_SMALL_LOG: f64 = 0.015;
/// Fewest calls of the window that leave a question open.
const OPEN_CALLS: f64 = 5.0;

/// A material rise that may be chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nearest {
    /// How near it came to being more than chance: 1 is enough.
    pub share: f64,
    /// Of what.
    pub effect: Effect,
    /// In which slice; 0 is everything.
    pub slice: usize,
    /// How far it moved there.
    pub shift: Shift,
    /// Whether it is more than chance, and only too small to be called a spike.
    pub sure: bool,
}

/// The material rise that came nearest to being more than chance, in everything or in a slice one
/// attribute deep, if it came near enough to leave the question open; `load` is the own traffic,
/// and `seen` says whether people see a percentile that rose.
pub fn nearest(signals: &Signals, load: &Load, seen: bool) -> Option<Nearest> {
    let slices = (0..signals.shifts.len()).filter(|slice| signals.slices.depth(*slice) <= 1);
    let rises = slices.flat_map(|slice| {
        let depth = signals.slices.depth(slice);
        EFFECTS.iter().filter_map(move |(effect, _)| {
            let shift = signals.shifts[slice][*effect as usize];
            let other = matches!(effect, Effect::ClassMix | Effect::AcceptMix | Effect::Failure);
            let share = shift.z / least_z(*effect)[depth];
            let matters =
                material(signals, *effect, &shift, depth) || small_but_sure(*effect, &shift, share);
            let open = !other && shift.window_weight >= OPEN_CALLS && matters;
            let enough = match (effect, seen) {
                (Effect::Mix | Effect::Length, true) => OPEN_SHARE_WORK_SEEN,
                (Effect::Mix | Effect::Length | Effect::Output, false) => OPEN_SHARE_WORK,
                (Effect::Cache, true) => OPEN_SHARE_CACHE_SEEN,
                (Effect::Cache, false) => OPEN_SHARE_CACHE,
                (_, true) => OPEN_SHARE_SEEN,
                (_, false) => OPEN_SHARE,
            };
            let natural = SAME_WORK.contains(effect) && load.explains(shift.log);
            (open && !natural && share >= enough && felt(signals, slice, *effect)).then_some(
                Nearest {
                    share,
                    effect: *effect,
                    slice,
                    shift,
                    sure: share >= 1.0 && small_but_sure(*effect, &shift, share),
                },
            )
        })
    });
    rises
        .chain(nearly_longer(signals))
        .max_by(|a, b| a.share.total_cmp(&b.share).then(b.slice.cmp(&a.slice)))
}

/// Prompts and answers that may have grown together.
fn nearly_longer(signals: &Signals) -> Option<Nearest> {
    let longer = grown_together(signals)?;
    let share = longer.z / longer.least_z;
    (share >= OPEN_SHARE_WORK).then_some(Nearest {
        share,
        effect: Effect::Output,
        slice: longer.slice,
        shift: longer.answer,
        sure: false,
    })
}

/// Whether a shift is as sure as a spike's and only too small to be one, where a small one may hide
/// a large one of a part of the call.
fn small_but_sure(effect: Effect, shift: &Shift, share: f64) -> bool {
    let least = match effect {
        Effect::RestWhole => OPEN_SMALL,
        Effect::Cache => OPEN_SHARE_CACHE,
        _ => return false,
    };
    let usual = shift.usual.is_finite() && shift.log >= shift.usual;
    share >= least && usual && shift.log >= OPEN_SMALL_LOG
}
