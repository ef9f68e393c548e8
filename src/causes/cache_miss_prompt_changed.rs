//! `cache_miss_prompt_changed`: the cached prefix was edited.

use super::lost_cache::{self, LEAST, Loss};
use super::{Constant, Judgement, Rule};
use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::misses::Why;

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

fn judge(case: &Case) -> Judgement {
    let loss = Loss { why: Why::PromptChanged, unidentified: 0.34, needs: RULE.needs };
    lost_cache::judge(case, &loss)
}
