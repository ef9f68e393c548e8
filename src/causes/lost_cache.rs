//! What the three causes of a lost cache share: what is known of the prefix decides between them,
//! and a loss that came with a slower service may be that change's consequence.

use super::{Judgement, found, held, percent, with_its_slowness};
use crate::signals::case::Case;
use crate::signals::effects::Effect;
use crate::signals::misses::Why;

/// Least part of the lost tokens: a tenth is below what the inference of reasons can resolve.
pub const LEAST: f64 = 0.1;
/// Where nothing identifies a prefix, the inference of reasons counts for this much of the verdict;
/// the rest is divided by how common each cause is.
const INFERENCE: f64 = 0.4;

/// One of the causes.
pub struct Loss {
    /// Which reason for a miss is its own.
    pub why: Why,
    /// The part of what is not known about a prefix that it gets where nothing identifies it.
    pub unidentified: f64,
    /// The attributes that it needs.
    pub needs: &'static [&'static str],
}

/// Judges it.
pub fn judge(case: &Case, loss: &Loss) -> Judgement {
    if !case.carried.cache {
        let because = "no span says how much of the prompt came from the cache".to_owned();
        return Judgement::Undecidable(loss.needs.to_vec(), because);
    }
    if case.at(Effect::Cache).is_none() {
        return Judgement::RuledOut(held(case, Effect::Cache, "TTFT expected from cache misses:"));
    }
    let misses = &case.misses;
    let inferred = misses.shares[loss.why as usize];
    let plausibility = if misses.identified || misses.told_share > 0.5 {
        inferred
    } else {
        INFERENCE * inferred + (1.0 - INFERENCE) * loss.unidentified
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
    let plausibility = plausibility * first_cause(case, loss.why);
    found(case, &with_its_slowness(case, Effect::Cache), plausibility, because)
        .map_or_else(|| Judgement::RuledOut("no cache was lost".to_owned()), Judgement::Found)
}

/// How far the loss stands for itself, 0 to 1. A server that was started anew or that calls were
/// moved to has an empty cache and its own speed: where the same calls got slower at the same work
/// by as much as the loss made them, and own prefill does not explain that, the loss is as likely
/// its companion. A prompt that changed is nobody's consequence.
fn first_cause(case: &Case, why: Why) -> f64 {
    let brought = case.own_work.is_some_and(|own| own.effect == Effect::Cache);
    let (Some(loss), Some(rest)) = (case.at(Effect::Cache), case.rest) else { return 1.0 };
    if why == Why::PromptChanged || brought || !case.loss_meets_slowness {
        return 1.0;
    }
    let (loss, slower) = (loss.shift.log.max(0.0), rest.most().max(0.0));
    let square = loss * loss + slower * slower;
    if square > 0.0 { loss * loss / square } else { 1.0 }
}
