//! A crowded batch or a service with less capacity, by what the server itself reported.
//!
//! Four figures tell, each a ratio of logarithms so that no unit and no server enters:
//!
//! - the part of the added logarithm that lies in TTFT;
//! - how the batch grew beside the time per token. By Little's law a batch is arrivals times
//!   residence: where arrivals at a replica are as before, it grows just as the steps slow down
//!   (about 1: slower hardware, or steps stretched by others' prefills), and more than that only
//!   where more sequences arrive (neighbours that decode, or fewer replicas to share them);
//! - how the wait before prefill grew beside the time per token: not at all behind neighbours that
//!   only decode, in proportion where the service is slower, and far more where others' long
//!   prompts stand in front;
//! - how the median gap between a call's chunks grew beside the mean: just as much where every step
//!   is slower, and hardly where others' prefills stretch some steps and spare the rest (the
//!   generation stalls of Sarathi-Serve, arXiv 2403.02310).
//!
//! Each of the four ways is given the figures that queueing theory makes it have, with widths as
//! broad as the measured cases of `serving-physics` are scattered; their likelihoods are compared.

use crate::signals::case::{Case, Rest};
use crate::signals::reported::Reported;

/// A way to get slower: whether it is contention, and the four figures, each with its spread.
struct Way {
    contention: bool,
    figures: [(f64, f64); 4],
}

/// Where the gaps stand among the figures.
const GAP: usize = 3;

const WAYS: [Way; 4] = [
    // Neighbours that decode: sequences are added, nothing waits.
    Way { contention: true, figures: [(0.15, 0.2), (3.0, 1.6), (0.8, 1.2), (0.9, 0.3)] },
    // Neighbours with long prompts: steps are stretched, and their prefills are waited for.
    Way { contention: true, figures: [(0.42, 0.15), (1.2, 0.35), (3.0, 1.4), (0.3, 0.25)] },
    // Every replica slower: the batch grows as the steps do, the wait somewhat more.
    Way { contention: false, figures: [(0.35, 0.2), (1.0, 0.3), (1.2, 0.7), (0.9, 0.3)] },
    // Fewer replicas: each gets more sequences and more prompts.
    Way { contention: false, figures: [(0.38, 0.2), (1.8, 0.9), (1.8, 0.8), (0.8, 0.35)] },
];

/// Least logarithm of the time per token for the ratios to mean anything.
const LEAST_ITL_LOG: f64 = 0.08;
/// A slower service adds at least about this part of the logarithm to TTFT: no simulated case stood
/// below 0.23 (seeds of `docs/accuracy.md`), and a TTFT that is mostly network halves that.
const LEAST_PREFILL_PART: f64 = 0.12;
/// Softness of that bound.
const PREFILL_SOFT: f64 = 0.04;
/// A wait below this is scheduling, not queueing.
const FLOOR_WAIT_S: f64 = 0.005;
/// What grew to more than this many times the floor from below it appeared from nothing.
const MOST_FROM_NOTHING: f64 = 4.0;
/// Chunks that come closer were waiting for the reader.
const FLOOR_GAP_S: f64 = 0.001;
/// Figures that nobody sees in full are believed this much at most.
const MOST: f64 = 0.9;

/// How plausible a crowded batch is beside lost capacity; none where the server reported nothing.
pub fn crowded(case: &Case, ttft_part: f64) -> Option<f64> {
    let batch = grew(case, case.batch_size, 1.0);
    let wait = grew(case, case.queue_wait_s, FLOOR_WAIT_S);
    if batch.is_none() && wait.is_none() {
        return None;
    }
    let seen = [Some(ttft_part), batch, wait, grew(case, case.gap_s, FLOOR_GAP_S)];
    let prefills_slower = prefills_slower(&case.rest?);
    let (mut contention, mut all) = (0.0, 0.0);
    for way in &WAYS {
        let bells = seen.iter().zip(way.figures).map(|(seen, figure)| bell(*seen, figure));
        let held = if way.contention { 1.0 } else { prefills_slower };
        let likelihood = held * bells.product::<f64>() + f64::MIN_POSITIVE;
        all += likelihood;
        contention += if way.contention { likelihood } else { 0.0 };
    }
    Some((contention / all).clamp(1.0 - MOST, MOST))
}

/// How well TTFT agrees with a service that is slower as a whole, 0 to 1: such a service prefills
/// slower too, and only the part of TTFT that is network and scheduling hides it.
fn prefills_slower(rest: &Rest) -> f64 {
    let most = (rest.ttft.log + 1.64 * rest.ttft.error).max(0.0);
    let part = if rest.itl.log > 0.0 { most / (most + rest.itl.log) } else { 1.0 };
    1.0 / (1.0 + ((LEAST_PREFILL_PART - part) / PREFILL_SOFT).exp())
}

/// How much likelier the gaps between chunks are in a crowded batch than in a slower service, where
/// they are all that tells; 1 where no call shows them.
pub fn odds_of_gaps(case: &Case) -> f64 {
    grew(case, case.gap_s, FLOOR_GAP_S).map_or(1.0, odds_of_gap)
}

/// The same of a gap that grew so: half of all crowded batches are crowded by prompts.
fn odds_of_gap(grew: f64) -> f64 {
    let [decoding, prompts, slower, _] = WAYS.map(|way| bell(Some(grew), way.figures[GAP]));
    f64::midpoint(decoding, prompts) / slower
}

/// How a reported figure grew beside the time per token, as a ratio of logarithms; none where it was
/// not reported or the time per token hardly moved.
fn grew(case: &Case, reported: Option<Reported>, floor: f64) -> Option<f64> {
    let itl = case.rest?.itl.log;
    let of = reported.filter(|_| itl >= LEAST_ITL_LOG)?;
    Some(log_growth(of.baseline, of.window, floor)? / itl)
}

/// How a figure grew, as a logarithm; none for a queue that appears where none was, which has no
/// ratio: any server's does that once it is full.
fn log_growth(baseline: f64, window: f64, floor: f64) -> Option<f64> {
    let from_nothing = baseline < floor && window > MOST_FROM_NOTHING * floor;
    (!from_nothing).then(|| (window.max(floor) / baseline.max(floor)).ln())
}

/// The density of a figure around its mean, with tails that a stranger may lie in; 1 where the
/// figure is not known.
fn bell(figure: Option<f64>, (mean, spread): (f64, f64)) -> f64 {
    let Some(figure) = figure else { return 1.0 };
    let z = (figure - mean) / spread;
    (1.0 + z * z / 4.0).powf(-2.5) / spread
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::tally::Shift;

    #[test]
    fn gaps_that_stay_speak_for_others_prompts_and_gaps_that_grow_for_slower_steps() {
        let (stayed, followed) = (odds_of_gap(0.2), odds_of_gap(0.95));
        assert!(stayed > 3.0 && followed < 0.7, "{stayed} {followed}");
    }

    #[test]
    fn a_first_token_that_held_speaks_against_a_slower_service() {
        let shift = |log: f64| Shift { log, error: 0.01, ..Shift::default() };
        let rest = |ttft: f64| Rest {
            slice: 0,
            ttft: shift(ttft),
            itl: shift(0.33),
            whole: shift(0.3),
            split: true,
            inferred: false,
            slowest: 0.0,
        };
        assert!(prefills_slower(&rest(0.0)) < 0.3);
        assert!(prefills_slower(&rest(0.15)) > 0.9);
    }

    #[test]
    fn a_queue_that_appears_from_nothing_has_no_ratio() {
        assert_eq!(log_growth(0.0, 0.3, FLOOR_WAIT_S), None);
        assert_eq!(log_growth(0.0, 0.01, FLOOR_WAIT_S), Some(2_f64.ln()));
        assert_eq!(log_growth(0.05, 0.3, FLOOR_WAIT_S), Some(6_f64.ln()));
    }

    #[test]
    fn a_figure_that_is_not_known_says_nothing_and_a_near_one_more_than_a_far_one() {
        assert_eq!(bell(None, (1.0, 0.3)), 1.0);
        assert!(bell(Some(1.1), (1.0, 0.3)) > bell(Some(2.0), (1.0, 0.3)));
        assert!(bell(Some(100.0), (1.0, 0.3)) > 0.0);
    }
}
