//! `cache_miss_evicted`: the prefix is unchanged and was used recently, yet the provider no longer has it.

use super::{Constant, Judgement, Rule, found, held, percent, with_its_slowness};
use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::effects::Effect;
use crate::signals::misses::Why;

/// Least part of the lost tokens.
const LEAST: f64 = 0.1;

/// The rule.
pub const RULE: Rule = Rule {
    cause: Cause::CacheMissEvicted,
    doc: "The prefix is unchanged and was used within the cache's time to live, and yet it is not read from \
        the cache: the provider dropped it, or sent the call where it was never held. Told by the provider's \
        own reason, or by a version or hash that the baseline knew and a recent call with the same one.",
    needs: &["gen_ai.usage.cache_read.input_tokens"],
    constants: &[Constant {
        name: "least part of the lost tokens",
        value: LEAST,
        source: "a tenth is below what the inference of reasons can resolve",
    }],
    judge,
};

/// The part of what is not known about a prefix that this cause gets where nothing identifies it.
const UNIDENTIFIED: f64 = 0.33;

fn judge(case: &Case) -> Judgement {
    if !case.carried.cache {
        let because = "no span says how much of the prompt came from the cache".to_owned();
        return Judgement::Undecidable(RULE.needs.to_vec(), because);
    }
    if case.at(Effect::Cache).is_none() {
        return Judgement::RuledOut(held(case, Effect::Cache, "TTFT expected from cache misses:"));
    }
    let misses = &case.misses;
    let inferred = misses.shares[Why::Evicted as usize];
    let plausibility = if misses.identified || misses.told_share > 0.5 {
        inferred
    } else {
        0.4 * inferred + 0.6 * UNIDENTIFIED
    };
    if plausibility < LEAST {
        return Judgement::RuledOut(format!(
            "{} of the tokens lost from the cache were lost this way",
            percent(inferred)
        ));
    }
    let because = format!(
        "cache-hit ratio {} → {}; {} of the lost tokens this way",
        percent(misses.baseline_hit_ratio),
        percent(misses.window_hit_ratio),
        percent(inferred)
    );
    found(case, &with_its_slowness(case, Effect::Cache), plausibility, because)
        .map_or_else(|| Judgement::RuledOut("no cache was lost".to_owned()), Judgement::Found)
}
