//! What gives first: of the engine, where the first objective breaks or the largest multiple lies;
//! the account's rate limit, where refusals or headers put it below that.

use super::answer::CapacityArgs;
use super::predict::{Point, constraint};
use crate::diagnosis::capacity::{Capacity, Constraint, Limits};
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

/// Of the account: a limit that the recording reached, or one that headers tell and that lies below
/// what was found.
pub fn of_account(answer: &mut Capacity, args: &CapacityArgs, reached: bool) {
    let before = answer
        .binding_scale
        .filter(|_| answer.binding_constraint != Some(Constraint::None))
        .unwrap_or_else(|| most(args));
    // An engine at its own cap refuses with 429 as well, and what it gives first is known by then.
    let reached = reached && answer.engine.is_none();
    if let Some(scale) = gives_at(&answer.limits, reached, before) {
        answer.binding_constraint = Some(Constraint::RateLimit);
        answer.binding_scale = Some(scale);
    }
}

/// The multiple at which a limit gives before `before`: the recorded traffic itself where calls
/// were refused and headers do not tell all limits that refuse.
fn gives_at(limits: &Limits, reached: bool, before: f64) -> Option<f64> {
    if reached && !all_told(limits) {
        return Some(1.0);
    }
    let told = limits.quotas.iter().filter(|quota| quota.limit_told);
    told.filter_map(|quota| quota.headroom_scale).reduce(f64::min).filter(|scale| *scale < before)
}

/// Whether headers tell both limits that may refuse: of tokens and of calls. Where one of them is
/// not told, refusals may be its doing however much room the other leaves; where both are, the room
/// that they leave is known better than refusals tell it: an overloaded provider refuses too.
pub fn all_told(limits: &Limits) -> bool {
    let told = |of: &str| {
        let quota = limits.quotas.iter().find(|quota| quota.of == of);
        quota.is_some_and(|quota| quota.limit_told && quota.headroom_scale.is_some())
    };
    told("tokens_per_minute") && told("calls_per_minute")
}

fn most(args: &CapacityArgs) -> f64 {
    args.scales.iter().copied().fold(1.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::capacity::Quota;

    /// Limits whose headers leave room for so many times the traffic.
    fn limits(tokens: Option<f64>, calls: Option<f64>) -> Limits {
        let quota = |of: &'static str, headroom: f64| Quota {
            of,
            limit: 100.0 * headroom,
            limit_told: true,
            used_p99: Some(100.0),
            left_p01: None,
            headroom_scale: Some(headroom),
        };
        let quotas = [("tokens_per_minute", tokens), ("calls_per_minute", calls)];
        let quotas = quotas.into_iter().filter_map(|(of, room)| room.map(|room| quota(of, room)));
        Limits { quotas: quotas.collect(), ..Limits::default() }
    }

    #[test]
    fn refusals_bind_where_a_limit_that_may_have_refused_is_not_told() {
        assert_eq!(gives_at(&limits(None, None), true, 2.0), Some(1.0), "no headers");
        assert_eq!(gives_at(&limits(Some(5.0), None), true, 2.0), Some(1.0), "calls may refuse");
        assert_eq!(gives_at(&limits(None, Some(5.0)), true, 2.0), Some(1.0), "tokens may");
        assert_eq!(gives_at(&limits(Some(1.5), None), true, 2.0), Some(1.0), "and before 1.5");
    }

    #[test]
    fn headers_that_tell_both_limits_are_believed_before_refusals() {
        assert_eq!(gives_at(&limits(Some(5.0), Some(3.0)), true, 2.0), None);
        assert_eq!(gives_at(&limits(Some(5.0), Some(1.4)), true, 2.0), Some(1.4));
        assert_eq!(gives_at(&limits(Some(1.5), None), false, 2.0), Some(1.5));
        assert_eq!(gives_at(&limits(Some(1.5), None), false, 1.2), None, "the engine gives before");
    }
}
