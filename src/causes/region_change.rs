//! `region_change`: calls were served from another region.

use super::{Judgement, Rule, found, percent};
use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::cells::Moved;
use crate::signals::effects::Effect;

/// The rule.
pub const RULE: Rule = Rule {
    cause: Cause::RegionChange,
    doc: "Calls were served from a region that did not serve them before, and those calls were slower at the \
        same work than the calls that stayed. The longer way adds to TTFT; other hardware or load there may \
        move both. A cold cache there is a consequence and is counted here.",
    needs: &["gen_ai.provider.region"],
    constants: &[],
    judge,
};

fn judge(case: &Case) -> Judgement {
    if !case.carried.region {
        let because = "no span names the region".to_owned();
        return Judgement::Undecidable(RULE.needs.to_vec(), because);
    }
    let effects = [Effect::RouteTtft, Effect::RouteItl, Effect::RouteWhole];
    let gain = case.routing.gain(Moved::Region);
    let told = gain.map_or_else(
        || "calls were served by the usual region".to_owned(),
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
    if case.routing.kind != Some(Moved::Region) {
        return Judgement::RuledOut(told);
    }
    match found(case, &effects, 1.0, told.clone()) {
        Some(finding) => Judgement::Found(finding),
        None => Judgement::RuledOut(format!("{told}, at the same speed")),
    }
}
