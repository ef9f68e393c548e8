//! Own work that grew: more tokens to prefill or to decode a call, in the slice whose service got
//! slower. Where a service is much of its server's load, that slowness is its own doing (serving
//! physics, 4).

use super::Signals;
use super::effects::Effect;
use super::frame::Side;
use super::tally::Shift;
use crate::stats::quantile::mean;

/// Own work that grew beyond chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OwnWork {
    /// By what: longer prompts, lost caches or longer answers.
    pub effect: Effect,
    /// Its shift in the slice.
    pub shift: Shift,
    /// Tokens a minute of that work, window over baseline.
    pub ratio: f64,
}

/// Least growth of the tokens a call that can weigh on a server.
const LEAST_RATIO: f64 = 1.25;
/// Least growth of the tokens a minute. Clients that wait for their answers ask less often where the
/// service is slower, and a full server serves only so many tokens: of its own doing the tokens a
/// minute grow by what was free, but they do grow; under others' load they fall.
const LEAST_A_MINUTE: f64 = 1.05;
/// Standard errors: two things that moved at once in one slice are seldom strangers.
const LEAST_Z: f64 = 3.3;

/// A rise of the time per token that has to be explained.
const ROSE_Z: f64 = 2.5;
/// How far a batch that grows with its own delay multiplies it, at most: at nine tenths of its
/// capacity an engine answers an added tenth with a rise of several (serving physics, 4).
const MOST_GAIN: f64 = 4.0;

/// The own work that grew most clearly in a slice.
pub fn own_work(signals: &Signals, slice: usize) -> Option<OwnWork> {
    let frame = &signals.frame;
    // Longer prompts are more tokens whether or not the cache holds them: where only the uncached
    // ones grew, it was the cache.
    let kinds: [(Effect, &[&[f64]]); 3] = [
        (Effect::Length, &[&frame.input_tokens, &frame.uncached_tokens]),
        (Effect::Cache, &[&frame.uncached_tokens]),
        (Effect::Output, &[&frame.output_tokens]),
    ];
    let grown = kinds.into_iter().filter_map(|(effect, kinds_of_tokens)| {
        let shift = signals.shifts[slice][effect as usize];
        let ratios = kinds_of_tokens.iter().map(|tokens| growth(signals, slice, tokens));
        let ratio = ratios.collect::<Option<Vec<f64>>>()?.into_iter().fold(f64::INFINITY, f64::min);
        let heavy = effect == Effect::Output || can_slow(signals, slice);
        (heavy && shift.z >= LEAST_Z && shift.log > 0.0).then_some(OwnWork { effect, shift, ratio })
    });
    // Of lengths and caches a hundredth can be beyond doubt: the larger one weighs.
    grown.max_by(|a, b| a.shift.log.total_cmp(&b.shift.log))
}

/// Whether the prefill that was added to a second of the server's time can have slowed its decode
/// steps as much as they slowed. Steps wait for the prefill computed among them, so they stretch by
/// the part of the time that it takes, and by [`MOST_GAIN`] times that at most as the batch grows
/// with the delay.
fn can_slow(signals: &Signals, slice: usize) -> bool {
    let frame = &signals.frame;
    let slower = signals.shifts[slice][Effect::RestItl as usize];
    if slower.z < ROSE_Z {
        return true;
    }
    let prefill_s = |side: Side, seconds: f64| {
        let rows = signals.slices.slices[slice].rows.iter().map(|row| *row as usize);
        let seconds_of =
            |row: usize| frame.uncached_tokens[row] / 1000.0 * signals.expected.ttft_slope_s[row];
        let told = rows.filter(|row| frame.sides[*row] == side).map(seconds_of);
        told.filter(|prefill_s| prefill_s.is_finite()).sum::<f64>() / seconds.max(1.0)
    };
    let added =
        prefill_s(Side::Window, frame.window_s) - prefill_s(Side::Baseline, frame.baseline_s);
    MOST_GAIN * added >= slower.log
}

/// How much the tokens a minute grew, where the tokens a call did.
fn growth(signals: &Signals, slice: usize, tokens: &[f64]) -> Option<f64> {
    let frame = &signals.frame;
    let of = |side: Side| -> Vec<f64> {
        let rows = signals.slices.slices[slice].rows.iter().map(|row| *row as usize);
        rows.filter(|row| frame.sides[*row] == side)
            .map(|row| tokens[row])
            .filter(|tokens| tokens.is_finite())
            .collect()
    };
    let (before, after) = (of(Side::Baseline), of(Side::Window));
    let a_call = mean(&after)? / mean(&before)?.max(1.0);
    let a_second = |tokens: &[f64], seconds: f64| tokens.iter().sum::<f64>() / seconds.max(1.0);
    let a_minute = a_second(&after, frame.window_s) / a_second(&before, frame.baseline_s).max(1e-9);
    (a_call >= LEAST_RATIO && a_minute >= LEAST_A_MINUTE).then_some(a_minute)
}
