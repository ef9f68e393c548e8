//! `pool_change`: another pool or backend served the calls.

use super::{Judgement, Rule, found, percent};
use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::cells::Moved;
use crate::signals::effects::Effect;

/// The rule.
pub const RULE: Rule = Rule {
    cause: Cause::PoolChange,
    doc: "Calls were served by another pool, deployment, tier or backend fingerprint of the same region, and \
        those calls were slower at the same work than the calls that stayed. A new fingerprint at the same \
        speed is a deployment and says nothing. Without an attribute that names the backend it cannot be told \
        from a loss of capacity.",
    needs: &["gen_ai.provider.pool_id", "gen_ai.response.system_fingerprint"],
    constants: &[],
    judge,
};

fn judge(case: &Case) -> Judgement {
    if !case.carried.pool {
        let because = "no span names the pool".to_owned();
        return Judgement::Undecidable(RULE.needs.to_vec(), because);
    }
    let effects = [Effect::RouteTtft, Effect::RouteItl, Effect::RouteWhole];
    let gain = case.routing.gain(Moved::Pool);
    let told = gain.map_or_else(
        || "calls were served by the usual pool".to_owned(),
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
    if case.routing.kind != Some(Moved::Pool) {
        return Judgement::RuledOut(told);
    }
    match found(case, &effects, 1.0, told.clone()) {
        Some(finding) => Judgement::Found(finding),
        None => Judgement::RuledOut(format!("{told}, at the same speed")),
    }
}
