//! `acceptance_drop_traffic_shift`: the workload moved to text that drafts badly.

use super::{Constant, Judgement, Rule, found, held, times};
use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::effects::Effect;

/// The best-drafted calls share at least this part of the fall where the draft is worse.
const SHARED: f64 = 0.6;
/// Plausibility where only the prompts' usual times per token tell.
const HIDDEN: f64 = 0.55;

/// The rule.
pub const RULE: Rule = Rule {
    cause: Cause::AcceptanceDropTrafficShift,
    doc: "Speculative acceptance fell because the workload moved to classes that draft badly; within each class \
        it held. Time per token rises by what the lost tokens a step predict; with n-gram drafting, drafts \
        are not even proposed. Where acceptance is not reported, a move between prompts that the same model \
        always served at different times per token is its only trace.",
    needs: &["gen_ai.speculative.acceptance_rate", "gen_ai.speculative.accepted_tokens"],
    constants: &[
        Constant {
            name: "plausibility without reported acceptance",
            value: HIDDEN,
            source: "an honest weight between two names of one signature (serving physics 3, 12)",
        },
        Constant {
            name: "plausibility beside a surge of one slice that slowed its service",
            value: SURGED,
            source: "shares that move because one slice was added to are a consequence of that",
        },
    ],
    judge,
};

/// Where a surge of one slice moved the mix, the surge is the news.
const SURGED: f64 = 0.4;

fn judge(case: &Case) -> Judgement {
    if let Some(found_at) = case.at(Effect::AcceptMix) {
        // A surge of one kind of calls moves the mix of those that draft badly too.
        let plausibility = if case.surge_moved_the_mix() { SURGED } else { 1.0 };
        let because =
            format!("fewer tokens a decode step take time per token to {}", times(&found_at.shift));
        if let Some(finding) = found(case, &[Effect::AcceptMix], plausibility, because) {
            return Judgement::Found(finding);
        }
    }
    if let (false, Some(class), None) =
        (case.carried.acceptance, case.at(Effect::ClassMix), case.at(Effect::AcceptMix))
    {
        let because = format!(
            "traffic moved to prompts that this model always decodes slower: {}",
            times(&class.shift)
        );
        if let Some(finding) = found(case, &[Effect::ClassMix], HIDDEN, because) {
            return Judgement::Found(finding);
        }
    }
    let moved = 1.0 - (case.best_fell_share / SHARED).clamp(0.2, 1.0);
    if let (Some(within), true) = (case.at(Effect::AcceptWithin), moved > 0.1) {
        let because = format!(
            "more calls draft badly while the best draft as before; time per token {}",
            times(&within.shift)
        );
        if let Some(finding) = found(case, &[Effect::AcceptWithin], moved, because) {
            return Judgement::Found(finding);
        }
    }
    if !case.carried.acceptance {
        let because = "no span reports speculative acceptance".to_owned();
        return Judgement::Undecidable(RULE.needs.to_vec(), because);
    }
    Judgement::RuledOut(held(case, Effect::AcceptMix, "time per token expected from acceptance:"))
}
