//! `prompt_growth`: inputs got longer, and the cache does not hold the added part.

use super::{Judgement, ONE_END, Rule, found, held, times, with_its_slowness};
use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::effects::Effect;

/// The rule.
pub const RULE: Rule = Rule {
    cause: Cause::PromptGrowth,
    doc: "Prompts got longer, so there is more to prefill: TTFT rises with the uncached tokens, and at equal \
        uncached tokens it held. Time per token holds at low load; where the service is much of the server's \
        load it rises a little too. Told from lost caches by the cached tokens themselves: what the cache \
        would have held of these longer prompts is subtracted first.",
    needs: &["gen_ai.usage.input_tokens"],
    constants: &[ONE_END],
    judge,
};

fn judge(case: &Case) -> Judgement {
    if !case.carried.input {
        let because = "no span carries the prompt's length".to_owned();
        return Judgement::Undecidable(RULE.needs.to_vec(), because);
    }
    let because = case
        .at(Effect::Length)
        .map(|length| format!("longer prompts alone take TTFT to {}", times(&length.shift)));
    let plausibility = if case.grew_at_both_ends() { ONE_END.value } else { 1.0 };
    match because.and_then(|because| {
        found(case, &with_its_slowness(case, Effect::Length), plausibility, because)
    }) {
        Some(finding) => Judgement::Found(finding),
        None => Judgement::RuledOut(held(
            case,
            Effect::Length,
            "TTFT expected from the prompts' length:",
        )),
    }
}
