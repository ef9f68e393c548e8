//! How sure: how often the cause wins on resampled data, how far the shift stands above noise and
//! how well one name fits it, mapped to a probability.

use super::rank::Ranked;
use crate::stats::calibrate::Map;

/// Raw score to the probability that a first-ranked cause is the true one, fitted on the
/// first-ranked causes of 580 simulated cases (`llmspan simulate`, seeds 101 and 90210) and shown on
/// others (`docs/accuracy.md`). Where two causes share one signature either is counted as wrong when
/// the other was true: the figure speaks of the cause and not of the signature.
const FIRST: [(f64, f64); 9] = [
    (0.0, 0.05),
    (0.25, 0.27),
    (0.4, 0.42),
    (0.5, 0.5),
    (0.6, 0.62),
    (0.7, 0.78),
    (0.8, 0.88),
    (0.85, 0.93),
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
    mapped(&FIRST, raw(found, segment_calls) * (0.3 + 0.7 * found.wins))
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
