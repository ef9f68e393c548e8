//! `cache_miss_cold`: the prefix is unchanged but idle beyond the time to live, or first used.

use super::lost_cache::{self, LEAST, Loss};
use super::{Constant, Judgement, Rule};
use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::misses::Why;

/// The rule.
pub const RULE: Rule = Rule {
    cause: Cause::CacheMissCold,
    doc: "The prefix is unchanged but was idle beyond the cache's time to live, or is used for the first time: \
        traffic thinned out, or spread over more sessions and tenants. Told by the provider's own reason, or \
        by the time since the last call with the same prefix.",
    needs: &["gen_ai.usage.cache_read.input_tokens"],
    constants: &[Constant {
        name: "least part of the lost tokens",
        value: LEAST,
        source: "a tenth is below what the inference of reasons can resolve",
    }],
    judge,
};

fn judge(case: &Case) -> Judgement {
    let loss = Loss { why: Why::Cold, unidentified: 0.33, needs: RULE.needs };
    lost_cache::judge(case, &loss)
}
