//! From a raw score to a probability, and how far printed probabilities are from what happened.

use super::regress::Monotone;

/// How strongly a bin is drawn to the overall rate: as if this many further outcomes had been seen.
const PRIOR: f64 = 1.0;

/// A non-decreasing map from a raw score to a probability (isotonic calibration, Zadrozny and
/// Elkan, KDD 2002, shrunk towards the overall rate so that no score maps to 0 or 1).
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// Score and probability, ascending in both; linear between, flat beyond.
    knots: Vec<(f64, f64)>,
}

impl Map {
    /// Fits pairs of raw score and whether it was right. `None` without any finite score.
    pub fn fit(pairs: &[(f64, bool)]) -> Option<Self> {
        let pairs: Vec<_> = pairs.iter().filter(|pair| pair.0.is_finite()).collect();
        let scores: Vec<f64> = pairs.iter().map(|pair| pair.0).collect();
        let right: Vec<f64> = pairs.iter().map(|pair| f64::from(u8::from(pair.1))).collect();
        let rate = super::quantile::mean(&right)?;
        let curve = Monotone::fit(&scores, &right, &[]);
        let shrunk = |value: f64, weight: f64| (value * weight + PRIOR * rate) / (weight + PRIOR);
        let mut knots: Vec<(f64, f64)> = Vec::new();
        for &(end, value, weight) in curve.blocks() {
            // A small block between two large ones may not break the order by being shrunk.
            let least = knots.last().map_or(0.0, |knot| knot.1);
            knots.push((end, shrunk(value, weight).max(least)));
        }
        Some(Self { knots })
    }

    /// A map through known knots, for one that is kept in the source; `None` unless both scores
    /// and probabilities ascend and every probability lies in 0..1.
    pub fn from_knots(knots: &[(f64, f64)]) -> Option<Self> {
        let ascend = knots.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
        let valid = knots.iter().all(|(score, p)| score.is_finite() && (0.0..=1.0).contains(p));
        (ascend && valid && !knots.is_empty()).then(|| Self { knots: knots.to_vec() })
    }

    /// The knots: score and probability.
    pub fn knots(&self) -> &[(f64, f64)] {
        &self.knots
    }

    /// The probability at a raw score.
    pub fn at(&self, score: f64) -> f64 {
        let next = self.knots.partition_point(|knot| knot.0 < score);
        match (next.checked_sub(1).and_then(|at| self.knots.get(at)), self.knots.get(next)) {
            (Some(below), Some(above)) => {
                let part = (score - below.0) / (above.0 - below.0);
                below.1 + (above.1 - below.1) * part
            }
            (Some(only), None) | (None, Some(only)) => only.1,
            (None, None) => f64::NAN,
        }
    }
}

/// One line of a reliability table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Lower end of the printed probabilities in it.
    pub from: f64,
    /// Upper end.
    pub to: f64,
    /// How many there were.
    pub count: usize,
    /// Mean printed probability.
    pub said: f64,
    /// Share that was right.
    pub right: f64,
}

/// Printed probabilities against outcomes in `bins` bins of equal width; empty bins are left out.
pub fn reliability(pairs: &[(f64, bool)], bins: usize) -> Vec<Bin> {
    let bins = bins.max(1);
    let index = |p: f64| ((p.clamp(0.0, 1.0) * bins as f64) as usize).min(bins - 1);
    let bin = |at: usize| {
        let inside = || pairs.iter().filter(|pair| pair.0.is_finite() && index(pair.0) == at);
        let count = inside().count();
        let right = inside().filter(|pair| pair.1).count();
        (count > 0).then(|| Bin {
            from: at as f64 / bins as f64,
            to: (at + 1) as f64 / bins as f64,
            count,
            said: inside().map(|pair| pair.0).sum::<f64>() / count as f64,
            right: right as f64 / count as f64,
        })
    };
    (0..bins).filter_map(bin).collect()
}

/// Expected calibration error over bins of equal width (Naeini, Cooper and Hauskrecht, AAAI 2015):
/// the mean distance between what was said and what was right; `None` without pairs.
pub fn expected_error(pairs: &[(f64, bool)], bins: usize) -> Option<f64> {
    let table = reliability(pairs, bins);
    let total: usize = table.iter().map(|bin| bin.count).sum();
    let sum: f64 = table.iter().map(|bin| bin.count as f64 * (bin.said - bin.right).abs()).sum();
    (total > 0).then(|| sum / total as f64)
}

/// Brier's score: the mean squared distance of probability and outcome; `None` without pairs.
pub fn brier(pairs: &[(f64, bool)]) -> Option<f64> {
    let squares = pairs.iter().map(|(p, right)| (p - f64::from(u8::from(*right))).powi(2));
    super::quantile::mean(&squares.collect::<Vec<f64>>())
}

#[cfg(test)]
mod tests {
    use super::super::resample::Rng;
    use super::*;

    /// Scores that overstate: the true probability is the score squared.
    fn overconfident(count: usize, seed: u64) -> Vec<(f64, bool)> {
        let mut rng = Rng::new(seed);
        let mut draw = || {
            let score = rng.uniform();
            (score, rng.uniform() < score * score)
        };
        (0..count).map(|_| draw()).collect()
    }

    #[test]
    fn a_map_fitted_on_one_half_calibrates_the_other() {
        let (fit, test) = (overconfident(2000, 1), overconfident(2000, 2));
        let map = Map::fit(&fit).unwrap();
        let mapped: Vec<_> = test.iter().map(|&(score, right)| (map.at(score), right)).collect();
        let (raw, calibrated) =
            (expected_error(&test, 10).unwrap(), expected_error(&mapped, 10).unwrap());
        assert!(raw > 0.12, "{raw}");
        assert!(calibrated < 0.05, "{calibrated}");
        assert!(brier(&mapped).unwrap() < brier(&test).unwrap());
    }

    #[test]
    fn the_error_can_fail() {
        // The canary: always certain and right half of the time.
        let pairs: Vec<_> = (0..100).map(|i| (1.0, i % 2 == 0)).collect();
        assert_eq!(expected_error(&pairs, 10), Some(0.5));
        assert_eq!(expected_error(&[], 10), None);
    }

    #[test]
    fn a_map_never_says_never_and_never_falls() {
        let map = Map::fit(&[(0.1, false), (0.2, false), (0.8, true), (0.9, true)]).unwrap();
        assert!(map.at(-1.0) > 0.0 && map.at(2.0) < 1.0);
        let mut last = 0.0;
        for step in 0..=100 {
            let at = map.at(f64::from(step) / 100.0);
            assert!(at >= last);
            last = at;
        }
        assert_eq!(Map::from_knots(map.knots()), Some(map));
        assert_eq!(Map::from_knots(&[(0.5, 0.9), (0.6, 0.1)]), None);
    }
}
