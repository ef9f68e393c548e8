//! `cache_miss_evicted`: the prefix is unchanged and was used recently, yet the provider no longer has it.

use super::lost_cache::{self, LEAST, Loss};
use super::{Constant, Judgement, Rule};
use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::misses::Why;

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

fn judge(case: &Case) -> Judgement {
    let loss = Loss { why: Why::Evicted, unidentified: 0.33, needs: RULE.needs };
    lost_cache::judge(case, &loss)
}
