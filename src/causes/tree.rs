//! How a slower service at the same work divides among the causes that can make it so.
//!
//! The textbook's tree (first token only: queue; time per token only: contention; both: capacity)
//! with the corrections of measurement: the boundaries are soft, because chunked prefill lets
//! contention move TTFT too and a capacity loss without queueing looks like contention.

use super::{Finding, Judgement, crowding, found, times};
use crate::signals::case::{Case, Rest};
use crate::signals::effects::Effect;
use crate::signals::load::{LEAST_SURGE, NATURAL_LOG};
use crate::signals::tally::Shift;

/// How plausible each cause is for the same shifts; sums to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Service {
    /// The shifts.
    pub rest: Rest,
    /// Waiting before prefill.
    pub queueing: f64,
    /// A crowded batch.
    pub contention: f64,
    /// Less capacity.
    pub capacity: f64,
    /// Own traffic.
    pub load: f64,
    /// A worse draft model that no attribute shows.
    pub draft_swap: f64,
}

/// Part of the added logarithm that lies in TTFT: below, contention; above the other, queueing.
/// Contention was measured between 0 (prefill-first) and 0.6 (chunked, a real engine), capacity
/// losses from 0.1 to 0.6, slot queueing above 0.95 (serving physics 1 to 6).
pub const CONTENTION_BELOW: f64 = 0.42;
/// See [`CONTENTION_BELOW`].
pub const QUEUEING_ABOVE: f64 = 0.75;
/// A rise of the time per token that nobody doubts, and how far it moves that boundary.
const DECODE_ROSE_Z: f64 = 4.5;
const DECODE_ROSE_LOG: f64 = 0.04;
const DECODE_ROSE_STEP: f64 = 0.1;
/// Where no first token is seen and whole calls tell the halves apart, queueing is believed this
/// far: an excess that does not grow with the answer is also what stalls and lost caches leave.
const INFERRED: f64 = 0.7;
/// Softness of both boundaries.
const SOFT: f64 = 0.06;
/// Contention and capacity keep at least this part of what is not queueing.
const UNSURE: f64 = 0.18;
/// Where own work grew in the same slice, this part of the slowness is its doing.
const SELF_INFLICTED: f64 = 0.65;
/// An own burst is natural where the slowest first tokens rose by less than this, as a logarithm: a
/// queue that forms makes them several times as slow.
const NATURAL_SLOWEST_LOG: f64 = 0.6;
/// A shift of two standard errors counts half.
const DOUBT: f64 = 4.0;
/// Where acceptance is not reported, this part of what looks like contention may be a worse draft.
const HIDDEN_DRAFT: f64 = 0.2;
/// Where the cache is not reported, this part of what looks like queueing may be lost caches.
const HIDDEN_CACHE: f64 = 0.3;
/// Where the client's own waits are not reported, this part may be those,
const HIDDEN_CLIENT: f64 = 0.15;
/// and where the serving place is not, a longer way.
const HIDDEN_PLACE: f64 = 0.1;

/// Divides the service's shifts; none where the service did not get slower.
pub fn service(case: &Case) -> Option<Service> {
    let rest = case.rest?;
    let load = &case.load;
    let slow = rest.most() >= NATURAL_LOG || rest.slowest >= NATURAL_SLOWEST_LOG;
    if load.surged && load.ratio >= LEAST_SURGE && !slow && !load.large() {
        return None;
    }
    let (mut queueing, mut contention, mut capacity) = if rest.split {
        let part = ttft_part(&rest);
        // Waiting for a slot leaves the time per token as it was: a rise beyond doubt, small as it
        // is, speaks for a slower service.
        let decode_rose = rest.itl.z >= DECODE_ROSE_Z && rest.itl.log >= DECODE_ROSE_LOG;
        let above = QUEUEING_ABOVE + if decode_rose { DECODE_ROSE_STEP } else { 0.0 };
        let queueing = logistic((part - above) / SOFT);
        let queueing = if rest.inferred { INFERRED * queueing } else { queueing };
        let crowded = match crowding::crowded(case, part) {
            Some(crowded) => crowded,
            None => {
                let crowded = logistic((CONTENTION_BELOW - part) / SOFT);
                let odds = crowding::odds_of_gaps(case);
                crowded * odds / (crowded * odds + 1.0 - crowded)
            }
        };
        // The two share one signature: neither is ever sure (serving physics, 3).
        let crowded = UNSURE + (1.0 - 2.0 * UNSURE) * crowded;
        (queueing, (1.0 - queueing) * crowded, (1.0 - queueing) * (1.0 - crowded))
    } else {
        // Without the first token the two halves of a call cannot be told apart.
        (0.25, 0.4, 0.35)
    };
    let draft_swap = if case.carried.acceptance { 0.0 } else { contention * HIDDEN_DRAFT };
    contention -= draft_swap;
    let carried = &case.carried;
    for (known, hidden) in [
        (carried.cache, HIDDEN_CACHE),
        (carried.attempts || carried.client_wait, HIDDEN_CLIENT),
        (carried.region || carried.pool, HIDDEN_PLACE),
    ] {
        queueing *= if known { 1.0 } else { 1.0 - hidden };
    }
    let load = surge(case);
    let others = (1.0 - load) * if case.own_work.is_some() { 1.0 - SELF_INFLICTED } else { 1.0 };
    for other in [&mut queueing, &mut contention, &mut capacity] {
        *other *= others;
    }
    Some(Service { rest, queueing, contention, capacity, load, draft_swap: draft_swap * others })
}

/// The service's shifts in words; the slowest first tokens where they are the news.
pub fn because(rest: &Rest) -> String {
    let mean =
        format!("at the same work TTFT {}, time per token {}", times(&rest.ttft), times(&rest.itl));
    if rest.most() < NATURAL_LOG && rest.slowest >= NATURAL_SLOWEST_LOG {
        format!("{mean}; TTFT's 95th percentile ×{:.1}", rest.slowest.exp())
    } else {
        mean
    }
}

/// A finding of those effects in that slice.
pub fn finding(
    case: &Case,
    slice: usize,
    effects: &[Effect],
    (plausibility, because): (f64, String),
) -> Judgement {
    match found(case, effects, plausibility, because) {
        Some(finding) => Judgement::Found(Finding { slice, ..finding }),
        None => Judgement::RuledOut("the service held at the same work".to_owned()),
    }
}

/// The part of the added logarithm that lies in TTFT, 0 to 1. Each shift counts as far as it stands
/// above its own noise: TTFT is by far the noisier of the two.
pub fn ttft_part(rest: &Rest) -> f64 {
    let (ttft, itl) = (sure(&rest.ttft), sure(&rest.itl));
    if ttft + itl > 0.0 { ttft / (ttft + itl) } else { 0.5 }
}

/// A rise drawn to nothing as far as chance could have made it.
fn sure(shift: &Shift) -> f64 {
    let z = if shift.error > 0.0 { shift.log / shift.error } else { 0.0 };
    shift.log.max(0.0) * z * z / (z * z + DOUBT)
}

/// How plausible the own load is: nothing without a surge, nearly all when the rate doubled beyond
/// everything the baseline held; less where the baseline's busy minutes were no slower, more where
/// they were slower by enough.
fn surge(case: &Case) -> f64 {
    let load = &case.load;
    if !load.surged {
        return 0.0;
    }
    let beyond = (load.ratio / load.usual_ratio.max(LEAST_USUAL)).log2();
    let prior = (0.3 + 0.9 * beyond).clamp(0.1, 0.95) * part_of_batch(case);
    let Some(rest) = case.rest else { return prior };
    let observed = rest.most();
    let (predicted, error) = load.predicted;
    if !error.is_finite() {
        prior
    } else if predicted > 0.5 * observed && predicted > 2.0 * error {
        prior.max(0.85)
    } else if predicted + 2.0 * error < 0.35 * observed && load.supported {
        // A line through quiet minutes underestimates a queue, which grows without bound.
        prior * if rest.ttft.log > rest.itl.log { 0.8 } else { 0.3 }
    } else {
        prior
    }
}

/// How much of the batch's growth the own calls can be: those that run at once, by Little's law,
/// beside the sequences that the server reports. Sampled dumps hold fewer calls than were made, so
/// only a part that is small beyond that doubt counts against the own traffic.
fn part_of_batch(case: &Case) -> f64 {
    let (Some(batch), load) = (case.batch_size, &case.load) else { return 1.0 };
    let grown = batch.window - batch.baseline;
    let own = load.window_at_once - load.baseline_at_once;
    if grown > 1.0 && own < SMALL_PART * grown { FOREIGN } else { 1.0 }
}

/// Own calls that are less than this part of the batch's growth did not make it,
const SMALL_PART: f64 = 0.1;
/// unless this is a sample of them.
const FOREIGN: f64 = 0.35;
/// Rates swing by this factor everywhere within minutes.
const LEAST_USUAL: f64 = 1.1;

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
