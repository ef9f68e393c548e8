//! How sure: how often the cause wins on resampled data, how far the shift stands above noise and
//! how well one name fits it, mapped to a probability.

use super::rank::Ranked;
use crate::stats::calibrate::Map;

/// Raw score to probability. Set by hand, so that weak evidence cannot sound sure; how well it holds
/// on labelled incidents is measured by the reliability table of `tests/accuracy.rs`.
const KNOTS: [(f64, f64); 5] = [(0.0, 0.05), (0.25, 0.3), (0.5, 0.6), (0.75, 0.85), (1.0, 0.97)];
/// Standard errors at which the evidence for any change at all counts half.
const HALF_Z: f64 = 1.5;
/// Fewer calls than this in the slice lower the ceiling.
const FULL_CALLS: f64 = 12.0;

/// The probability that the first-ranked cause is real and material.
pub fn first(found: &Ranked, segment_calls: usize) -> f64 {
    mapped(raw(found, segment_calls) * (0.3 + 0.7 * found.wins))
}

/// The probability that a further cause is real and material beside the first.
pub fn further(found: &Ranked, segment_calls: usize) -> f64 {
    mapped(raw(found, segment_calls) * 0.75)
}

fn raw(found: &Ranked, segment_calls: usize) -> f64 {
    let finding = &found.finding;
    let above = finding.z / (finding.z + HALF_Z);
    let calls = segment_calls as f64;
    above * finding.plausibility * (calls / (calls + 0.1 * FULL_CALLS)).min(1.0)
}

fn mapped(raw: f64) -> f64 {
    let at = Map::from_knots(&KNOTS).map_or(raw, |calibration| calibration.at(raw));
    (at.clamp(0.01, 0.99) * 100.0).round() / 100.0
}
