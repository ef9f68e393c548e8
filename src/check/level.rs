//! How far the level of a figure moved from one run to another, and by how much runs differ
//! without any change.
//!
//! The level is a clipped mean: a few stragglers may not speak for a run (Huber, Annals of
//! Mathematical Statistics 35, 1964). Its error has two parts. Calls are noisy, and not
//! independently so: calls of one session, and calls that follow one another, are taken together
//! (the cluster-robust variance, Liang and Zeger, Biometrika 73, 1986). And service drifts by
//! itself: parts of a run stand apart beyond their calls' noise, as a random effect (DerSimonian
//! and Laird, Controlled Clinical Trials 7, 1986), estimated from the parts of both runs, in each
//! against its own level, so that a change between them is no part of it.

use std::collections::BTreeMap;

use crate::stats::quantile::{mean, median, variance};

/// Values are clipped so many robust standard deviations from their side's median.
const CLIP: f64 = 2.0;
/// Calls that follow one another and are taken together.
const RUN: usize = 6;
/// Calls of a part, and parts of a run.
const LEAST_PART: usize = 30;
const MOST_PARTS: usize = 8;
/// The variance of a part's drift that is left in the difference of two runs. Of eight parts a
/// quarter were left if they drifted independently, and all of it if a run stood at one place.
const LEFT: f64 = 0.5;
/// No level is known better.
const LEAST_ERROR: f64 = 1e-3;

/// One side: values in the order of time, each with the session that it belongs to.
#[derive(Debug, Clone, Default)]
pub struct Run {
    values: Vec<f64>,
    sessions: Vec<u64>,
}

impl Run {
    /// Adds a call; what is not finite is left out.
    pub fn push(&mut self, value: f64, session: u64) {
        if value.is_finite() {
            self.values.push(value);
            self.sessions.push(session);
        }
    }

    /// Its calls.
    pub const fn len(&self) -> usize {
        self.values.len()
    }
}

/// A level that moved, or did not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moved {
    /// Second run less first, in the values' own unit.
    pub by: f64,
    /// Standard error by the calls' noise.
    pub noise: f64,
    /// How far parts of a run stand apart beyond it.
    pub drift: f64,
}

impl Moved {
    /// Standard error of runs without change; a slice drifts at least as all calls do.
    pub fn error(&self, least_drift: f64) -> f64 {
        let drift = self.drift.max(least_drift);
        self.noise.hypot(LEFT.sqrt() * drift).max(LEAST_ERROR)
    }
}

/// How far the level moved; none where either run is empty.
pub fn moved(before: &Run, after: &Run) -> Option<Moved> {
    let (middle, other) = (median(&before.values)?, median(&after.values)?);
    let away = |run: &Run, middle: f64| {
        run.values.iter().map(|value| (value - middle).abs()).collect::<Vec<f64>>()
    };
    let mut apart = away(before, middle);
    apart.extend(away(after, other));
    // The median distance of normal values is 0.6745 standard deviations.
    let reach = CLIP * median(&apart)? / 0.6745;
    let clip = |run: &Run, middle: f64| {
        let kept = |value: &f64| middle + (value - middle).clamp(-reach, reach);
        run.values.iter().map(kept).collect::<Vec<f64>>()
    };
    let (first, second) = (clip(before, middle), clip(after, other));
    let noise = noise(&first, &before.sessions) + noise(&second, &after.sessions);
    Some(Moved {
        by: mean(&second)? - mean(&first)?,
        noise: noise.sqrt(),
        drift: drift(&first, &second).sqrt(),
    })
}

/// Variance of a mean: of calls alone, by session, and by calls in a row, whichever is largest.
fn noise(values: &[f64], sessions: &[u64]) -> f64 {
    let alone = variance(values).unwrap_or(0.0) / values.len().max(1) as f64;
    let rows = (0..values.len()).map(|at| (at / RUN) as u64);
    let in_a_row = clustered(values, rows);
    alone.max(clustered(values, sessions.iter().copied())).max(in_a_row)
}

fn clustered(values: &[f64], clusters: impl Iterator<Item = u64>) -> f64 {
    let Some(level) = mean(values) else { return 0.0 };
    let mut sums: BTreeMap<u64, f64> = BTreeMap::new();
    for (value, cluster) in values.iter().zip(clusters) {
        *sums.entry(cluster).or_default() += value - level;
    }
    if sums.len() < 2 {
        return 0.0;
    }
    let count = sums.len() as f64;
    let squares: f64 = sums.values().map(|sum| sum * sum).sum();
    squares * count / (count - 1.0) / (values.len() as f64).powi(2)
}

/// Variance of the parts' levels beyond noise, within each run against its own level.
fn drift(first: &[f64], second: &[f64]) -> f64 {
    let (mut squares, mut expected, mut freedom) = (0.0, 0.0, 0.0);
    for values in [first, second] {
        let parts = (values.len() / LEAST_PART).min(MOST_PARTS);
        if parts < 2 {
            continue;
        }
        let part = |at: usize| &values[at * values.len() / parts..(at + 1) * values.len() / parts];
        let levels: Vec<f64> = (0..parts).filter_map(|at| mean(part(at))).collect();
        let left = levels.len() as f64 - 1.0;
        squares += variance(&levels).unwrap_or(0.0) * left;
        let size = values.len() as f64 / parts as f64;
        expected += variance(values).unwrap_or(0.0) / size * left;
        freedom += left;
    }
    if freedom > 0.0 { ((squares - expected) / freedom).max(0.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::resample::Rng;

    fn run(rng: &mut Rng, level: f64, drift: f64, session: u64, stragglers: usize) -> Run {
        let mut run = Run::default();
        for at in 0..480_u64 {
            let slow = drift * (at as f64 / 75.0).sin();
            let far = if (at as usize) < stragglers { 5.0 } else { 0.0 };
            run.push(level + slow + 0.3 * rng.normal() + far, at / session);
        }
        run
    }

    #[test]
    fn a_quarter_more_is_found_and_its_error_is_that_of_independent_calls() {
        let mut rng = Rng::new(4);
        let (before, after) = (run(&mut rng, 0.0, 0.0, 1, 0), run(&mut rng, 0.223, 0.0, 1, 0));
        let moved = moved(&before, &after).unwrap();
        assert!((moved.by - 0.223).abs() < 0.06, "{moved:?}");
        assert!((0.014..0.03).contains(&moved.noise) && moved.drift < 0.03, "{moved:?}");
    }

    #[test]
    fn a_few_stragglers_move_no_level() {
        let mut rng = Rng::new(5);
        let (before, after) = (run(&mut rng, 0.0, 0.0, 1, 0), run(&mut rng, 0.0, 0.0, 1, 12));
        assert!(moved(&before, &after).unwrap().by < 0.05);
    }

    #[test]
    fn a_run_that_drifts_says_how_far_runs_may_stand_apart() {
        let mut rng = Rng::new(6);
        let (before, after) = (run(&mut rng, 0.0, 0.2, 1, 0), run(&mut rng, 0.0, 0.2, 1, 0));
        let moved = moved(&before, &after).unwrap();
        assert!((0.08..0.22).contains(&moved.drift), "{moved:?}");
        assert!(moved.error(0.0) > 0.06 && moved.error(0.4) > 0.28);
    }

    #[test]
    fn calls_of_one_session_are_one_voice() {
        let mut sessions = Run::default();
        let mut alone = Run::default();
        let mut rng = Rng::new(7);
        for session in 0..40_u64 {
            let own = rng.normal();
            for call in 0..12_u64 {
                sessions.push(own, session);
                alone.push(rng.normal(), session * 12 + call);
            }
        }
        let noise = |run: &Run| moved(run, run).unwrap().noise;
        assert!(noise(&sessions) > 2.0 * noise(&alone));
    }

    #[test]
    fn nothing_says_nothing_and_constants_have_no_infinite_certainty() {
        assert_eq!(moved(&Run::default(), &Run::default()), None);
        let mut flat = Run::default();
        (0..50).for_each(|at| flat.push(1.0, at));
        let moved = moved(&flat, &flat).unwrap();
        assert_eq!((moved.by, moved.error(0.0)), (0.0, LEAST_ERROR));
    }
}
