//! `acceptance_drop_draft_swap`: acceptance fell within every workload class.

use super::{Constant, Judgement, Rule, found, held, times, tree};
use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::effects::Effect;

/// The best-drafted calls share at least this part of the fall where the draft is worse.
const SHARED: f64 = 0.6;
/// Least plausibility to be named where acceptance is not reported.
const HIDDEN: f64 = 0.05;

/// The rule.
pub const RULE: Rule = Rule {
    cause: Cause::AcceptanceDropDraftSwap,
    doc: "Speculative acceptance fell within every workload class: the draft model, its configuration or its \
        training changed. Time per token rises by what the lost tokens a step predict. Where acceptance is \
        not reported, it cannot be told from a crowded batch.",
    needs: &["gen_ai.speculative.acceptance_rate", "gen_ai.speculative.accepted_tokens"],
    constants: &[Constant {
        name: "plausibility without reported acceptance",
        value: HIDDEN,
        source: "an honest weight between two names of one signature (serving physics 3, 12)",
    }],
    judge,
};

/// How far all calls share the fall, rather than a part of them that drafts badly.
fn fell(case: &Case) -> f64 {
    (case.best_fell_share / SHARED).clamp(0.2, 1.0)
}

fn judge(case: &Case) -> Judgement {
    if let Some(found_at) = case.at(Effect::AcceptWithin) {
        let because =
            format!("fewer tokens a decode step take time per token to {}", times(&found_at.shift));
        if let Some(finding) = found(case, &[Effect::AcceptWithin], fell(case), because) {
            return Judgement::Found(finding);
        }
    }
    if let (false, Some(service)) = (case.carried.acceptance, tree::service(case))
        && service.draft_swap >= HIDDEN
    {
        let because = format!(
            "time per token at the same work {}, and no span reports acceptance",
            times(&service.rest.itl)
        );
        if let Some(finding) =
            found(case, &[Effect::RestItl, Effect::RestWhole], service.draft_swap, because)
        {
            return Judgement::Found(finding);
        }
    }
    if !case.carried.acceptance {
        let because = "no span reports speculative acceptance".to_owned();
        return Judgement::Undecidable(RULE.needs.to_vec(), because);
    }
    Judgement::RuledOut(held(
        case,
        Effect::AcceptWithin,
        "time per token expected from acceptance:",
    ))
}
