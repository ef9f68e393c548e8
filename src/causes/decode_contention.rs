//! `decode_contention`: the batch got crowded.

use super::{Constant, Judgement, Rule, held, tree};
use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::effects::{Effect, SAME_WORK};

/// Least plausibility to be named.
const LEAST: f64 = 0.05;

/// The rule.
pub const RULE: Rule = Rule {
    cause: Cause::DecodeContention,
    doc: "Time per token rises while TTFT holds or rises much less: more sequences share each step, or \
        neighbours' prefills stall it. With chunked prefill TTFT rises too; a loss of capacity without \
        queueing looks the same, and then both are named. A fall of reported acceptance is taken out first.",
    needs: &["gen_ai.server.batch_size"],
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
        return Judgement::RuledOut(held(
            case,
            Effect::RestItl,
            "time per token at the same work:",
        ));
    };
    if service.contention < LEAST {
        return Judgement::RuledOut(tree::because(&service.rest));
    }
    let why = (service.contention, tree::because(&service.rest));
    tree::finding(case, service.rest.slice, &SAME_WORK, why)
}
