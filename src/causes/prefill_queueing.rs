//! `prefill_queueing`: requests waited before prefill.

use super::{Constant, Judgement, Rule, held, tree};
use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::effects::{Effect, SAME_WORK};

/// Least plausibility to be named.
const LEAST: f64 = 0.05;

/// The rule.
pub const RULE: Rule = Rule {
    cause: Cause::PrefillQueueing,
    doc: "TTFT rises at the same uncached tokens while time per token holds: calls wait for a slot, or prefill \
        is saturated. It can spare the median call entirely, so the whole distribution is read. A reported \
        queue wait settles it; without reported cached tokens, lost caches look the same.",
    needs: &["gen_ai.server.queue_wait_ms"],
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
        return Judgement::RuledOut(held(case, Effect::RestTtft, "TTFT at the same work:"));
    };
    if service.queueing < LEAST {
        return Judgement::RuledOut(tree::because(&service.rest));
    }
    let why = (service.queueing, tree::because(&service.rest));
    tree::finding(case, service.rest.slice, &SAME_WORK, why)
}
