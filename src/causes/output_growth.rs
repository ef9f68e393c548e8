//! `output_growth`: answers got longer.

use super::{Judgement, ONE_END, Rule, found, held, times, with_its_slowness};
use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::effects::Effect;

/// The rule.
pub const RULE: Rule = Rule {
    cause: Cause::OutputGrowth,
    doc: "Answers got longer; TTFT and time per token held. Clean wherever it was measured. Told by the output \
        tokens of each kind of call, so that a move of traffic to calls with long answers is not mistaken for \
        it.",
    needs: &["gen_ai.usage.output_tokens"],
    constants: &[ONE_END],
    judge,
};

fn judge(case: &Case) -> Judgement {
    if !case.carried.output {
        let because = "no span carries the answer's length".to_owned();
        return Judgement::Undecidable(RULE.needs.to_vec(), because);
    }
    let because = case.at(Effect::Output).map(|output| {
        format!("longer answers alone take the duration to {}", times(&output.shift))
    });
    let plausibility = if case.grew_at_both_ends() { ONE_END.value } else { 1.0 };
    match because.and_then(|because| {
        found(case, &with_its_slowness(case, Effect::Output), plausibility, because)
    }) {
        Some(finding) => Judgement::Found(finding),
        None => Judgement::RuledOut(held(
            case,
            Effect::Output,
            "duration expected from the answers' length:",
        )),
    }
}
