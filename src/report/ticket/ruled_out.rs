//! What was ruled out, in words that name nothing of the customer's own.

use crate::diagnosis::Cause;

/// The sentence for a cause that the evidence speaks against.
pub(super) const fn sentence(cause: Cause) -> &'static str {
    match cause {
        Cause::PromptGrowth => "Our prompts did not get longer.",
        Cause::CacheMissPromptChanged => "The cached prefix of our prompts did not change.",
        Cause::CacheMissEvicted => "The prompt cache was not lost.",
        Cause::CacheMissCold => "Our prompts were in use often enough to stay cached.",
        Cause::PrefillQueueing => "Time to first token at the same work did not rise alone.",
        Cause::DecodeContention => "Time between tokens did not rise.",
        Cause::CapacityEvent => "It is not all calls to the model that got slower.",
        Cause::LoadSurge => "Our own request rate did not rise.",
        Cause::AcceptanceDropTrafficShift => {
            "Our workload mix did not move to text that drafts badly."
        }
        Cause::AcceptanceDropDraftSwap => "Speculative acceptance held.",
        Cause::RegionChange => "The serving region did not change.",
        Cause::PoolChange => "The serving pool and the backend fingerprint did not change.",
        Cause::ModelChange => "The served model and its build did not change.",
        Cause::ClientRetries => "No time was lost in retries on our side.",
        Cause::ClientStall => "No time was lost in our client before sending or while reading.",
        Cause::OutputGrowth => "The answers did not get longer.",
        Cause::MixShift => "The mix of our calls did not change.",
    }
}
