//! What was ruled out on the customer's side, in words that name nothing of the customer's own.
//!
//! A phrase speaks of the cause and not of a figure: longer prompts can be ruled out as the cause
//! although prompts did get longer.

use crate::diagnosis::Cause;

/// What is not the cause; none for the causes on the provider's side.
pub(super) const fn phrase(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::PromptGrowth => Some("longer prompts"),
        Cause::CacheMissPromptChanged => Some("an edit of our cached prompt prefix"),
        Cause::CacheMissCold => Some("prompts unused for longer than the cache keeps them"),
        Cause::LoadSurge => Some("a rise of our own request rate"),
        Cause::AcceptanceDropTrafficShift => {
            Some("a shift of our workload to text that drafts badly")
        }
        Cause::ClientRetries => Some("retries in our client"),
        Cause::ClientStall => Some("time lost in our client"),
        Cause::OutputGrowth => Some("longer answers"),
        Cause::MixShift => Some("another mix of our calls"),
        _ => None,
    }
}
