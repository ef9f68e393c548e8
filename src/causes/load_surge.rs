//! `load_surge`: the own request rate rose beyond what the service takes.

use super::{Constant, Judgement, Rule, held, tree};
use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::effects::{Effect, SAME_WORK};
use crate::signals::load::LARGE_SURGE;

/// Least plausibility to be named.
const LEAST: f64 = 0.05;

/// Plausibility where one slice surged, and it is mostly its share of the calls that grew.
const ADDED_TO: f64 = 0.6;

/// The rule.
pub const RULE: Rule = Rule {
    cause: Cause::LoadSurge,
    doc: "Latency at the same work rises because the own calls a minute rose, beyond everything that the \
        baseline held. Traffic rises by half within half an hour without incident, so less than that is no \
        surge, and under two and a half times a smaller rise is believed; arrivals are counted rather than \
        concurrency, because slow calls raise concurrency by themselves.",
    needs: &[],
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
        Constant {
            name: "least growth of the own traffic under which a smaller rise is believed",
            value: LARGE_SURGE,
            source: "far beyond the half that traffic rises by without incident (serving physics, 10)",
        },
    ],
    judge,
};

fn judge(case: &Case) -> Judgement {
    if !case.carried.ttft && case.rest.is_none() {
        return Judgement::RuledOut(held(case, Effect::RestWhole, "whole calls at the same work:"));
    }
    let mut effects = SAME_WORK.to_vec();
    if case.surge_moved_the_mix() {
        effects.push(Effect::Mix);
    }
    let Some(service) = tree::service(case) else {
        if case.surge_moved_the_mix() && case.at(Effect::Mix).is_some() {
            return tree::finding(case, case.load.slice, &effects, (ADDED_TO, rates(case)));
        }
        return Judgement::RuledOut(held(case, Effect::RestTtft, "TTFT at the same work:"));
    };
    if service.load < LEAST {
        return Judgement::RuledOut(rates(case));
    }
    let why = (service.load, tree::because(&service.rest));
    tree::finding(case, case.load.slice, &effects, why)
}

fn rates(case: &Case) -> String {
    format!(
        "own calls a minute {:.1} → {:.1}; windows of the baseline reached {:.1}",
        case.load.baseline_per_minute,
        case.load.window_per_minute,
        case.load.baseline_per_minute * case.load.usual_ratio
    )
}
