//! What runs differ by although nothing changed, as far as one run can tell: the spread between its
//! own parts beyond the noise of their calls.
//!
//! Service drifts by itself, slower than a block of time lasts: a neighbour comes and goes, the day
//! goes by. Parts of a run show that drift as a random effect, estimated by moments (DerSimonian
//! and Laird, Controlled Clinical Trials 7, 1986). Two runs that lie apart stand at two places of
//! that drift; each averages over its own parts, half of whose variance is taken to be left in the
//! mean of each, which makes one variance of a part for the two. What drifts slower than a whole run
//! cannot be seen in it; the least material change is there for that.

/// Calls of a part.
const LEAST_PART: usize = 40;
/// Parts of a run.
const MOST_PARTS: usize = 8;

/// The variance that two runs differ by beyond the noise of their calls; 0 where the run is too
/// short to tell. `values` are in the order of time.
pub fn between_runs(values: &[f64]) -> f64 {
    let parts = (values.len() / LEAST_PART).min(MOST_PARTS);
    if parts < 2 {
        return 0.0;
    }
    let part = |at: usize| {
        let (from, to) = (at * values.len() / parts, (at + 1) * values.len() / parts);
        &values[from..to]
    };
    let of: Vec<(f64, f64)> = (0..parts).filter_map(|at| mean_and_variance(part(at))).collect();
    random_effect(&of)
}

/// Mean, and the variance of the mean.
fn mean_and_variance(values: &[f64]) -> Option<(f64, f64)> {
    let n = values.len() as f64;
    let mean = crate::stats::quantile::mean(values)?;
    let variance = crate::stats::quantile::variance(values)? / n;
    (variance > 0.0).then_some((mean, variance))
}

fn random_effect(of: &[(f64, f64)]) -> f64 {
    let weights: Vec<f64> = of.iter().map(|(_, variance)| 1.0 / variance).collect();
    let total: f64 = weights.iter().sum();
    if of.len() < 2 || total <= 0.0 {
        return 0.0;
    }
    let pairs = || of.iter().zip(&weights);
    let mean = pairs().map(|((mean, _), weight)| mean * weight).sum::<f64>() / total;
    let q: f64 = pairs().map(|((own, _), weight)| weight * (own - mean).powi(2)).sum();
    let squares: f64 = weights.iter().map(|weight| weight * weight).sum();
    let scale = total - squares / total;
    if scale > 0.0 { ((q - (of.len() as f64 - 1.0)) / scale).max(0.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::resample::Rng;

    #[test]
    fn a_run_that_drifts_says_how_far_runs_may_stand_apart() {
        let mut rng = Rng::new(4);
        let mut run = |drift: f64| -> Vec<f64> {
            (0..480).map(|at| 0.3 * rng.normal() + drift * (f64::from(at) / 75.0).sin()).collect()
        };
        let (calm, drifting) = (between_runs(&run(0.0)), between_runs(&run(0.2)));
        assert!(calm < 0.002, "{calm}");
        assert!((0.007..0.045).contains(&drifting), "{drifting}");
    }

    #[test]
    fn a_short_run_says_nothing() {
        assert_eq!(between_runs(&[1.0, 2.0, 3.0]), 0.0);
        assert_eq!(between_runs(&[1.0; 400]), 0.0);
    }
}
