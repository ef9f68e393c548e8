//! How far each objective holds: where the predicted curve, and the ends of its interval, cross the
//! bound.

use super::predict::Point;
use crate::diagnosis::capacity::{Bound, Objective};
use crate::slo::Slo;

/// An objective over the points, ascending in scale. `base` is the point of the recorded traffic.
pub fn objective(points: &[Point], base: &Point, at: usize, slo: &Slo) -> Objective {
    // Beyond the cliff nothing holds.
    let figure = |point: &Point| {
        let found = point.objective(base, at, slo);
        let infinite = || point.beyond_cliff().then_some([f64::INFINITY; 3]);
        let ends = |b: Bound| match (b.low?, b.high) {
            (low, Some(high)) => Some([low, low.ln().midpoint(high.ln()).exp(), high]),
            // A cap may be met that nobody named: for the pessimist it is.
            (low, None) => Some([low, f64::NAN, f64::INFINITY]),
        };
        found.and_then(ends).or_else(infinite)
    };
    let curve: Vec<(f64, [f64; 3])> =
        points.iter().filter_map(|point| Some((point.scale, figure(point)?))).collect();
    let cross = |end: usize| crossing(&curve, end, slo.bound);
    let most = curve.last().map(|(scale, _)| *scale);
    Objective {
        slo: slo.text.clone(),
        max_scale: Bound {
            value: cross(1),
            // The pessimist's curve crosses first. Where none crosses, all that is known is this.
            low: if curve.iter().any(|(_, ends)| ends[2] >= slo.bound) { cross(2) } else { most },
            high: cross(0),
        },
        holds_now: figure(base).map(|ends| ends[1] < slo.bound),
    }
}

/// The scale at which a curve reaches the bound, between points in logarithms; none where it stays
/// below.
fn crossing(curve: &[(f64, [f64; 3])], end: usize, bound: f64) -> Option<f64> {
    let first = curve.iter().position(|(_, values)| values[end] >= bound)?;
    let (scale, values) = curve[first];
    if curve[..first].iter().any(|(_, values)| values[end].is_nan()) {
        // Somewhere where nothing is known.
        return None;
    }
    let Some((before, less)) = first.checked_sub(1).map(|at| curve[at]) else {
        // Broken from the start, or perhaps.
        return (!values[1].is_nan()).then_some(scale);
    };
    if !values[end].is_finite() {
        // Somewhere before the cliff: for the optimist at its far end, otherwise at the last scale
        // that surely holds.
        return Some(if end == 0 { scale } else { before });
    }
    let part = (bound / less[end]).ln() / (values[end] / less[end]).ln();
    Some(before * (scale / before).powf(part.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_crossed_between_its_points() {
        let curve = [(1.0, [1.0; 3]), (2.0, [4.0; 3]), (4.0, [f64::INFINITY; 3])];
        let at = crossing(&curve, 1, 2.0).unwrap();
        assert!((at - 2.0_f64.sqrt()).abs() < 1e-9);
        assert_eq!(crossing(&curve, 1, 5.0), Some(2.0), "before the cliff");
        assert_eq!(crossing(&curve, 0, 5.0), Some(4.0), "which may be as far as this");
        assert_eq!(crossing(&curve[..2], 1, 5.0), None);
        assert_eq!(crossing(&curve, 1, 0.5), Some(1.0), "broken from the start");
    }

    #[test]
    fn beyond_a_cap_that_nobody_named_only_the_ends_are_known() {
        let open = |low: f64| [low, f64::NAN, f64::INFINITY];
        let curve = [(1.0, [1.0; 3]), (2.0, open(1.5)), (4.0, open(6.0))];
        assert_eq!(crossing(&curve, 2, 5.0), Some(1.0), "it may be met at once");
        assert_eq!(crossing(&curve, 1, 5.0), None);
        assert!(crossing(&curve, 0, 5.0).unwrap() > 3.0);
        assert_eq!(crossing(&curve[1..], 2, 5.0), None, "not even the recorded traffic");
    }
}
