//! `cache_miss_prompt_changed`: the cached prefix was edited.

use super::{Constant, Judgement, Rule, found, held, percent, with_its_slowness};
use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::effects::Effect;
use crate::signals::misses::Why;

/// Least part of the lost tokens.
const LEAST: f64 = 0.1;

/// The rule.
pub const RULE: Rule = Rule {
    cause: Cause::CacheMissPromptChanged,
    doc: "The cached prefix was edited: cache reads collapse, cache writes rise where they are reported, and \
        TTFT rises with the tokens that must be prefilled again; at equal uncached tokens it held. Told from \
        the other misses by the provider's own reason, or by a prompt version or hash that the baseline did \
        not know. A new version that is still read from the cache is no miss and says nothing.",
    needs: &["gen_ai.usage.cache_read.input_tokens"],
    constants: &[Constant {
        name: "least part of the lost tokens",
        value: LEAST,
        source: "a tenth is below what the inference of reasons can resolve",
    }],
    judge,
};

/// The part of what is not known about a prefix that this cause gets where nothing identifies it.
const UNIDENTIFIED: f64 = 0.34;

fn judge(case: &Case) -> Judgement {
    if !case.carried.cache {
        let because = "no span says how much of the prompt came from the cache".to_owned();
        return Judgement::Undecidable(RULE.needs.to_vec(), because);
    }
    if case.at(Effect::Cache).is_none() {
        return Judgement::RuledOut(held(case, Effect::Cache, "TTFT expected from cache misses:"));
    }
    let misses = &case.misses;
    let inferred = misses.shares[Why::PromptChanged as usize];
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
