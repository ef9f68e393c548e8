//! `capacity_event`: the provider served with less.

use super::{Constant, Judgement, Rule, found, held, tree};
use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::effects::{Effect, SAME_WORK};

/// Plausibility where calls fail and those that are served held: a limit or a defect may be it.
const FAILED: f64 = 0.5;
/// Least plausibility to be named.
const LEAST: f64 = 0.05;

/// The rule.
pub const RULE: Rule = Rule {
    cause: Cause::CapacityEvent,
    doc: "TTFT and time per token both rise at the same work and the same own traffic: replicas were lost or \
        throttled, or hardware slowed. Told from contention by how much of the rise lies in TTFT, and from a \
        surge of the own traffic by the own rate.",
    needs: &["gen_ai.server.queue_wait_ms", "gen_ai.server.batch_size"],
    constants: &[
        Constant {
            name: "part of the added logarithm in TTFT below which it is contention",
            value: tree::CONTENTION_BELOW,
            source: "measured on a profiled simulator and a real engine (serving physics 1, 3)",
        },
        Constant {
            name: "part of the added logarithm in TTFT above which it is queueing",
            value: tree::QUEUEING_ABOVE,
            source: "slot queueing was measured at TTFT x14 beside time per token x1.03",
        },
    ],
    judge,
};

fn judge(case: &Case) -> Judgement {
    if !case.carried.ttft && case.rest.is_none() {
        return Judgement::RuledOut(held(case, Effect::RestWhole, "whole calls at the same work:"));
    }
    let Some(service) = tree::service(case) else {
        let because = case.at(Effect::Failure).map(|failed| {
            let share = failed.shift.log / std::f64::consts::LN_2;
            format!("{} more calls failed or timed out, and the others held", super::percent(share))
        });
        return because
            .and_then(|because| found(case, &[Effect::Failure], FAILED, because))
            .map_or_else(
                || {
                    Judgement::RuledOut(held(
                        case,
                        Effect::RestItl,
                        "time per token at the same work:",
                    ))
                },
                Judgement::Found,
            );
    };
    if service.capacity < LEAST {
        return Judgement::RuledOut(tree::because(&service.rest));
    }
    let why = (service.capacity, tree::because(&service.rest));
    tree::finding(case, service.rest.slice, &SAME_WORK, why)
}
