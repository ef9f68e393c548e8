//! The causes of the contract and who owns them.

use std::fmt;

use serde::Serialize;

/// Who can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The client's code.
    YourCode,
    /// The prompt, or what goes into it.
    YourPrompt,
    /// The client's own traffic.
    YourTraffic,
    /// What shares the provider's batch.
    ProviderBatch,
    /// The provider's machines, routing and deployments.
    ProviderInfrastructure,
}

impl Owner {
    /// Every owner, nearest first.
    pub const ALL: [Self; 5] = [
        Self::YourCode,
        Self::YourPrompt,
        Self::YourTraffic,
        Self::ProviderBatch,
        Self::ProviderInfrastructure,
    ];

    /// The id used in JSON and on the command line.
    pub const fn id(self) -> &'static str {
        match self {
            Self::YourCode => "your_code",
            Self::YourPrompt => "your_prompt",
            Self::YourTraffic => "your_traffic",
            Self::ProviderBatch => "provider_batch",
            Self::ProviderInfrastructure => "provider_infrastructure",
        }
    }

    /// For a person: `your prompt`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::YourCode => "your code",
            Self::YourPrompt => "your prompt",
            Self::YourTraffic => "your traffic",
            Self::ProviderBatch => "the provider's batch",
            Self::ProviderInfrastructure => "the provider's infrastructure",
        }
    }
}

/// A cause of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each has a file of its own under causes/")]
pub enum Cause {
    PromptGrowth,
    CacheMissPromptChanged,
    CacheMissEvicted,
    CacheMissCold,
    PrefillQueueing,
    DecodeContention,
    CapacityEvent,
    LoadSurge,
    AcceptanceDropTrafficShift,
    AcceptanceDropDraftSwap,
    RegionChange,
    PoolChange,
    ModelChange,
    ClientRetries,
    ClientStall,
    OutputGrowth,
    MixShift,
}

impl Cause {
    /// Every cause, in the contract's order.
    pub const ALL: [Self; 17] = [
        Self::PromptGrowth,
        Self::CacheMissPromptChanged,
        Self::CacheMissEvicted,
        Self::CacheMissCold,
        Self::PrefillQueueing,
        Self::DecodeContention,
        Self::CapacityEvent,
        Self::LoadSurge,
        Self::AcceptanceDropTrafficShift,
        Self::AcceptanceDropDraftSwap,
        Self::RegionChange,
        Self::PoolChange,
        Self::ModelChange,
        Self::ClientRetries,
        Self::ClientStall,
        Self::OutputGrowth,
        Self::MixShift,
    ];

    /// The id used everywhere: JSON, file names, headings, fixtures.
    pub const fn id(self) -> &'static str {
        match self {
            Self::PromptGrowth => "prompt_growth",
            Self::CacheMissPromptChanged => "cache_miss_prompt_changed",
            Self::CacheMissEvicted => "cache_miss_evicted",
            Self::CacheMissCold => "cache_miss_cold",
            Self::PrefillQueueing => "prefill_queueing",
            Self::DecodeContention => "decode_contention",
            Self::CapacityEvent => "capacity_event",
            Self::LoadSurge => "load_surge",
            Self::AcceptanceDropTrafficShift => "acceptance_drop_traffic_shift",
            Self::AcceptanceDropDraftSwap => "acceptance_drop_draft_swap",
            Self::RegionChange => "region_change",
            Self::PoolChange => "pool_change",
            Self::ModelChange => "model_change",
            Self::ClientRetries => "client_retries",
            Self::ClientStall => "client_stall",
            Self::OutputGrowth => "output_growth",
            Self::MixShift => "mix_shift",
        }
    }

    /// What happened, in a few words for the verdict line.
    pub const fn label(self) -> &'static str {
        match self {
            Self::PromptGrowth => "prompts got longer",
            Self::CacheMissPromptChanged => "prompt cache lost after a prompt edit",
            Self::CacheMissEvicted => "prompt cache evicted by the provider",
            Self::CacheMissCold => "prompt cache gone cold",
            Self::PrefillQueueing => "requests queued before prefill",
            Self::DecodeContention => "decode slowed by a crowded batch",
            Self::CapacityEvent => "the provider lost capacity",
            Self::LoadSurge => "your own traffic surged",
            Self::AcceptanceDropTrafficShift => "workload shifted to text that drafts badly",
            Self::AcceptanceDropDraftSwap => "speculative acceptance fell everywhere",
            Self::RegionChange => "calls were served from another region",
            Self::PoolChange => "calls were served by another pool",
            Self::ModelChange => "the served model changed",
            Self::ClientRetries => "failed attempts were retried inside the call",
            Self::ClientStall => "time was lost in the client",
            Self::OutputGrowth => "answers got longer",
            Self::MixShift => "traffic moved to slower calls",
        }
    }

    /// Whose it is.
    pub const fn owner(self) -> Owner {
        match self {
            Self::PromptGrowth | Self::CacheMissPromptChanged | Self::OutputGrowth => {
                Owner::YourPrompt
            }
            Self::CacheMissCold
            | Self::LoadSurge
            | Self::AcceptanceDropTrafficShift
            | Self::MixShift => Owner::YourTraffic,
            Self::PrefillQueueing | Self::DecodeContention => Owner::ProviderBatch,
            Self::CacheMissEvicted
            | Self::CapacityEvent
            | Self::AcceptanceDropDraftSwap
            | Self::RegionChange
            | Self::PoolChange
            | Self::ModelChange => Owner::ProviderInfrastructure,
            Self::ClientRetries | Self::ClientStall => Owner::YourCode,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_called_the_same_everywhere() {
        for cause in Cause::ALL {
            let json = serde_json::to_value(cause).unwrap();
            assert_eq!(json, cause.id());
        }
    }

    #[test]
    fn an_owner_is_called_the_same_everywhere() {
        for owner in Owner::ALL {
            let json = serde_json::to_value(owner).unwrap();
            assert_eq!(json, owner.id());
        }
    }
}
