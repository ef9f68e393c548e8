//! How sure: how often the cause wins on resampled data, how far the shift stands above noise and
//! how well one name fits it, mapped to a probability.

use super::rank::Ranked;
use crate::diagnosis::Cause;
use crate::stats::calibrate::Map;

/// Raw score to the probability that a first-ranked cause is the true one, fitted on the
/// first-ranked causes of 3,220 simulated cases (`llmspan simulate`, seeds 101, 90210, 424242,
/// 555777, 20261124, 31415927, 27182818 and 16180339) and shown on others (`docs/accuracy.md`).
/// Where two causes share one signature either is counted as wrong when the other was true: the
/// figure speaks of the cause and not of the signature.
///
/// This one is for causes whose traces the spans record: lengths, caches, acceptance, places, the
/// client's own waits, the own traffic.
const RECORDED: [(f64, f64); 8] = [
    (0.0, 0.1),
    (0.3, 0.35),
    (0.42, 0.5),
    (0.57, 0.78),
    (0.69, 0.9),
    (0.78, 0.93),
    (0.84, 0.95),
    (1.0, 0.97),
];
/// And this one for causes that are named from what is left when the same work takes longer, which
/// several of them leave alike.
const LEFT: [(f64, f64); 8] = [
    (0.0, 0.05),
    (0.27, 0.15),
    (0.4, 0.29),
    (0.55, 0.33),
    (0.62, 0.45),
    (0.73, 0.85),
    (0.82, 0.93),
    (1.0, 0.95),
];
/// The same for 179 causes that stood behind another: what scores well there is most often an echo
/// of the first.
const FURTHER: [(f64, f64); 5] = [(0.0, 0.02), (0.08, 0.1), (0.12, 0.22), (0.25, 0.3), (1.0, 0.5)];
/// Standard errors at which the evidence for any change at all counts half.
const HALF_Z: f64 = 1.5;
/// Fewer calls than this in the slice lower the ceiling.
const FULL_CALLS: f64 = 12.0;

/// The probability that the first-ranked cause is real and material.
pub fn first(found: &Ranked, segment_calls: usize) -> f64 {
    let left = matches!(
        found.cause,
        Cause::PrefillQueueing | Cause::DecodeContention | Cause::CapacityEvent
    );
    let knots = if left { &LEFT } else { &RECORDED };
    mapped(knots, raw(found, segment_calls) * (0.3 + 0.7 * found.wins))
}

/// The probability that a further cause is real and material beside the first.
pub fn further(found: &Ranked, segment_calls: usize) -> f64 {
    mapped(&FURTHER, raw(found, segment_calls) * 0.75)
}

fn raw(found: &Ranked, segment_calls: usize) -> f64 {
    let finding = &found.finding;
    let above = finding.z / (finding.z + HALF_Z);
    let calls = segment_calls as f64;
    above * finding.plausibility * (calls / (calls + 0.1 * FULL_CALLS)).min(1.0)
}

fn mapped(knots: &[(f64, f64)], raw: f64) -> f64 {
    let at = Map::from_knots(knots).map_or(raw, |calibration| calibration.at(raw));
    (at.clamp(0.01, 0.99) * 100.0).round() / 100.0
}
