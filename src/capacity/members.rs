//! The engines that fit about equally well, and draws of their costs: what is not known of the
//! deployment is carried into every answer.

use super::fit::{COUNT, Fitted};
use crate::simulate::rng::Rng;

/// How many engines stand for what is not known.
pub const MEMBERS: usize = 8;

/// Engines drawn by how well they fit, the best one first and undisturbed.
pub fn members(tried: &[Fitted], features: usize, seed: u64) -> Vec<Fitted> {
    let Some(best) = tried.first() else { return Vec::new() };
    // Where even the best leaves more than sampling error, losses are worth less.
    let scale = (best.loss / features.max(1) as f64).max(0.5);
    let weights: Vec<f64> =
        tried.iter().map(|fitted| (-(fitted.loss - best.loss) / (2.0 * scale)).exp()).collect();
    let mut rng = Rng::keyed(&[seed, 311]);
    let mut members = vec![best.clone()];
    while members.len() < MEMBERS {
        let mut member = tried[rng.weighted(&weights)].clone();
        let unit: [f64; COUNT] = std::array::from_fn(|_| rng.normal().clamp(-2.0, 2.0));
        for at in 0..COUNT {
            let moved: f64 = (0..COUNT).map(|of| member.spread[of][at] * unit[of]).sum();
            member.theta[at] += (moved * scale.sqrt()).clamp(-0.5, 0.5);
        }
        members.push(member);
    }
    members
}
