//! Monotone responses of latency to own load, within the observed range, without any engine model:
//! the recorded excess over the same call alone, against the calls in flight that it met.

use super::load::Load;
use super::recording::Recording;
use super::response::Excess;
use crate::diagnosis::capacity::{Curve, CurvePoint};
use crate::stats::quantile::quantile;
use crate::stats::regress::Monotone;
use crate::stats::resample::{Resampler, Rng, percentile_interval};

/// Points of a curve.
const POINTS: usize = 7;
/// Resamples for its interval.
const DRAWS: usize = 60;
/// Stretches of time drawn together, seconds.
const BLOCK_S: f64 = 60.0;

/// TTFT and ITL against calls in flight.
pub fn curves(recording: &Recording, load: &Load, excess: &Excess) -> Vec<Curve> {
    [
        curve("ttft_s", "in_flight", recording, &load.found, &excess.ttft),
        curve("itl_s", "in_flight", recording, &load.met, &excess.itl),
        curve("itl_s", "prefill_tokens_per_s", recording, &load.prompts_met, &excess.itl),
    ]
    .into_iter()
    .filter(|curve| curve.points.len() > 1)
    .collect()
}

fn curve(
    signal: &'static str,
    against: &'static str,
    recording: &Recording,
    x: &[f64],
    y: &[f64],
) -> Curve {
    let known: Vec<f64> = x.iter().zip(y).filter(|(_, y)| y.is_finite()).map(|(x, _)| *x).collect();
    let mut at: Vec<f64> = (0..POINTS)
        .filter_map(|point| quantile(&known, 0.02 + 0.96 * point as f64 / (POINTS - 1) as f64))
        .collect();
    at.dedup();
    let starts: Vec<f64> = recording.requests.iter().map(|request| request.start_s).collect();
    let fit = |weights: &[f64]| {
        let fitted = Monotone::fit(x, y, weights);
        at.iter().map(|load| fitted.at(*load).unwrap_or(f64::NAN)).collect::<Vec<f64>>()
    };
    let middle = fit(&[]);
    let resampler = Resampler::blocks(&starts, BLOCK_S);
    let mut rng = Rng::new(7);
    let mut counts = Vec::new();
    let drawn: Vec<Vec<f64>> = (0..DRAWS)
        .map(|_| {
            resampler.draw(&mut rng, &mut counts);
            fit(&counts.iter().map(|count| f64::from(*count)).collect::<Vec<f64>>())
        })
        .collect();
    let point = |index: usize| {
        let replicates: Vec<f64> = drawn.iter().map(|values| values[index]).collect();
        let (low, high) = percentile_interval(&replicates, 0.9)?;
        let ratio = middle[index].exp();
        let found = CurvePoint { load: at[index], ratio, low: low.exp(), high: high.exp() };
        ratio.is_finite().then_some(found)
    };
    Curve { signal, against, points: (0..at.len()).filter_map(point).collect() }
}
