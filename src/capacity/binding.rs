//! What gives first: of the engine, where the first objective breaks or the largest multiple lies;
//! the account's rate limit, where headers put it below that.

use super::answer::CapacityArgs;
use super::predict::{Point, constraint};
use crate::diagnosis::capacity::{Capacity, Constraint};
use crate::slo::Metric;

/// Of a deployment that was fitted.
pub fn of_engine(answer: &mut Capacity, points: &[Point], args: &CapacityArgs) {
    let breaks = answer
        .slos
        .iter()
        .zip(&args.slos)
        .filter_map(|(objective, slo)| Some((objective.max_scale.value?, slo.metric)))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    let (scale, metric): (f64, Option<Metric>) =
        breaks.map_or((most(args), None), |(scale, metric)| (scale, Some(metric)));
    let near = points.iter().find(|point| point.scale >= scale - 1e-9).or_else(|| points.last());
    // A cap that nobody named and the recording never reached may give before all else.
    let seen =
        |point: &&Point| !point.uncapped || point.in_flight() <= answer.recorded.in_flight_peak;
    if let Some(near) = near.filter(seen) {
        answer.binding_constraint = Some(constraint(near, metric));
        answer.binding_scale = Some(near.scale);
    }
}

/// Of the account: a limit that headers tell and that lies below what was found, or one that was
/// reached in the recording where nothing else can be told.
pub fn of_account(answer: &mut Capacity, args: &CapacityArgs, reached: bool) {
    let told = answer.limits.quotas.iter().filter(|quota| quota.limit_told);
    let headroom = told.filter_map(|quota| quota.headroom_scale).reduce(f64::min);
    let before = answer
        .binding_scale
        .filter(|_| answer.binding_constraint != Some(Constraint::None))
        .unwrap_or_else(|| most(args));
    if let Some(scale) = headroom.filter(|scale| *scale < before) {
        answer.binding_constraint = Some(Constraint::RateLimit);
        answer.binding_scale = Some(scale);
    } else if reached && answer.engine.is_none() {
        answer.binding_constraint = Some(Constraint::RateLimit);
    }
}

fn most(args: &CapacityArgs) -> f64 {
    args.scales.iter().copied().fold(1.0, f64::max)
}
