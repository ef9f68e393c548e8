//! `model_change`: the served model or its build changed.

use super::{Judgement, Rule, found, percent};
use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::cells::Moved;
use crate::signals::effects::Effect;

/// The rule.
pub const RULE: Rule = Rule {
    cause: Cause::ModelChange,
    doc: "Another model or build answered under the same requested name, and those calls were slower at the \
        same work. A new backend fingerprint comes with it and is its consequence; answers may get longer \
        too.",
    needs: &["gen_ai.response.model"],
    constants: &[],
    judge,
};

fn judge(case: &Case) -> Judgement {
    if !case.carried.model {
        let because = "no span names the served model".to_owned();
        return Judgement::Undecidable(RULE.needs.to_vec(), because);
    }
    let effects = [Effect::RouteTtft, Effect::RouteItl, Effect::RouteWhole];
    let gain = case.routing.gain(Moved::Model);
    let told = gain.map_or_else(
        || "calls were served by the usual served model".to_owned(),
        |gain| {
            format!(
                "{} `{}` served {} of calls, {} before",
                gain.attribute,
                gain.value,
                percent(gain.window_share),
                percent(gain.baseline_share)
            )
        },
    );
    if case.routing.kind != Some(Moved::Model) {
        return Judgement::RuledOut(told);
    }
    match found(case, &effects, 1.0, told.clone()) {
        Some(finding) => Judgement::Found(finding),
        None => Judgement::RuledOut(format!("{told}, at the same speed")),
    }
}
