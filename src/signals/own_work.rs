//! Own work that grew: more tokens to prefill or to decode a call, or heavier calls, in the slice
//! whose service got slower. Where a service is much of its server's load, that slowness is its own
//! doing (serving physics, 4).

use super::Signals;
use super::effects::Effect;
use super::frame::Side;
use super::load::Load;
use super::tally::Shift;
use crate::stats::quantile::mean;

/// Own work that grew beyond chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OwnWork {
    /// By what: longer prompts, lost caches, longer answers or heavier kinds of calls.
    pub effect: Effect,
    /// Its shift in the slice.
    pub shift: Shift,
}

/// Least growth of the work of a call that can weigh on a server.
const LEAST_RATIO: f64 = 1.25;
/// Least growth of that work a minute. Clients that wait for their answers ask less often where the
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

/// Work of one sort, window over baseline: a call's, and a minute's.
#[derive(Debug, Clone, Copy)]
struct Growth {
    a_call: f64,
    a_minute: f64,
}

/// The own work that grew most clearly in a slice. Where the calls themselves became more by a larger
/// factor, it is those that weigh, and no work of a call is.
pub fn own_work(signals: &Signals, slice: usize, load: &Load) -> Option<OwnWork> {
    let least = if load.surged { LEAST_RATIO.max(load.ratio) } else { LEAST_RATIO };
    let kinds = [Effect::Length, Effect::Cache, Effect::Output, Effect::Mix];
    let grown = kinds.into_iter().filter_map(|effect| {
        let shift = signals.shifts[slice][effect as usize];
        let Growth { a_call, a_minute } = growth_by(signals, slice, effect)?;
        let heavy = matches!(effect, Effect::Output | Effect::Mix) || can_slow(signals, slice);
        let clear = shift.z >= LEAST_Z && shift.log > 0.0;
        (heavy && clear && a_call >= least && a_minute >= LEAST_A_MINUTE)
            .then_some(OwnWork { effect, shift })
    });
    // Of lengths and caches a hundredth can be beyond doubt: the larger one weighs.
    grown.max_by(|a, b| a.shift.log.total_cmp(&b.shift.log))
}

/// How much the work that an effect is about grew.
fn growth_by(signals: &Signals, slice: usize, effect: Effect) -> Option<Growth> {
    let frame = &signals.frame;
    let of = |tokens: &[f64]| growth(signals, slice, tokens);
    match effect {
        Effect::Output => of(&frame.output_tokens),
        // Heavier kinds of calls: what each kind usually takes, in seconds of a slot.
        Effect::Mix => {
            let logs = &signals.effects.logs[Effect::Mix as usize];
            of(&logs.iter().map(|log| log.exp()).collect::<Vec<f64>>())
        }
        // Prompts that grew are longer whether or not the cache holds them; of a lost cache only the
        // uncached part grew.
        _ => {
            let (whole, uncached) = (of(&frame.input_tokens)?, of(&frame.uncached_tokens)?);
            let a_call = match effect {
                Effect::Length => whole.a_call.min(uncached.a_call),
                _ => uncached.a_call / whole.a_call.max(1.0),
            };
            Some(Growth { a_call, ..uncached })
        }
    }
}

/// Whether the prefill that was added to a second of the server's time can have slowed its decode
/// steps as much as they slowed. Steps wait for the prefill computed among them, so they stretch by
/// the part of the time that it takes, and by [`MOST_GAIN`] times that at most as the batch grows
/// with the delay. Where no span tells what the cache held, a token's share of the prefill is not
/// known: the baseline's prompts may have been cached for the most part.
fn can_slow(signals: &Signals, slice: usize) -> bool {
    let frame = &signals.frame;
    let slower = signals.shifts[slice][Effect::RestItl as usize];
    let cache_told = frame.cache_read_tokens.iter().any(|tokens| tokens.is_finite());
    if slower.z < ROSE_Z || !cache_told {
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

/// How much tokens, or seconds, grew a call and a minute; none where a side does not tell.
fn growth(signals: &Signals, slice: usize, work: &[f64]) -> Option<Growth> {
    let frame = &signals.frame;
    let of = |side: Side| -> Vec<f64> {
        let rows = signals.slices.slices[slice].rows.iter().map(|row| *row as usize);
        rows.filter(|row| frame.sides[*row] == side)
            .map(|row| work[row])
            .filter(|work| work.is_finite())
            .collect()
    };
    let (before, after) = (of(Side::Baseline), of(Side::Window));
    let a_second = |work: &[f64], seconds: f64| work.iter().sum::<f64>() / seconds.max(1.0);
    Some(Growth {
        a_call: mean(&after)? / mean(&before)?.max(f64::MIN_POSITIVE),
        a_minute: a_second(&after, frame.window_s) / a_second(&before, frame.baseline_s).max(1e-9),
    })
}
