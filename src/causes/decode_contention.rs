//! `decode_contention`: the batch got crowded.

use super::{Constant, Finding, Judgement, Rule, found, held, times, tree};
use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::effects::Effect;

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
        return Judgement::RuledOut(format!(
            "at the same work TTFT {} and time per token {}",
            times(&service.rest.ttft),
            times(&service.rest.itl)
        ));
    }
    let because = format!(
        "at the same work TTFT {}, time per token {}",
        times(&service.rest.ttft),
        times(&service.rest.itl)
    );
    finding(case, &service, service.contention, because)
}

fn finding(case: &Case, service: &tree::Service, plausibility: f64, because: String) -> Judgement {
    let effects = [Effect::RestTtft, Effect::RestItl, Effect::RestWhole];
    match found(case, &effects, plausibility, because) {
        Some(finding) => Judgement::Found(Finding { slice: service.rest.slice, ..finding }),
        None => Judgement::RuledOut("the service held at the same work".to_owned()),
    }
}
