//! `mix_shift`: traffic moved to slower models and routes.

use super::{Constant, Judgement, Rule, found, held, times};
use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::effects::Effect;

/// Plausibility where a move between prompts of one model may be hidden acceptance instead.
const SHARED: f64 = 0.45;

/// The rule.
pub const RULE: Rule = Rule {
    cause: Cause::MixShift,
    doc: "Each model and route held its latency; traffic moved to the slower ones. Told by what each kind of \
        call usually takes: the mix of kinds changed, their own times did not.",
    needs: &[],
    constants: &[Constant {
        name: "plausibility beside a move between prompts of one model",
        value: SHARED,
        source: "an honest weight between two names of one signature",
    }],
    judge,
};

fn judge(case: &Case) -> Judgement {
    let hidden_acceptance = !case.carried.acceptance && case.at(Effect::ClassMix).is_some();
    let plausibility = if hidden_acceptance { SHARED } else { 1.0 };
    let because = case
        .at(Effect::Mix)
        .map(|mix| format!("the mix of calls alone takes the duration to {}", times(&mix.shift)));
    match because.and_then(|because| found(case, &[Effect::Mix], plausibility, because)) {
        Some(finding) => Judgement::Found(finding),
        None => {
            Judgement::RuledOut(held(case, Effect::Mix, "duration expected from the mix of calls:"))
        }
    }
}
