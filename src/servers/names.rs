//! What the engines call their metrics, and what is made of them.

/// What a server's metric measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gauge {
    /// Requests in the batch.
    Running,
    /// Requests that wait for the batch.
    Waiting,
    /// Share of the key-value memory in use.
    KvUse,
    /// Blocks of key-value memory in use, of the fullest worker.
    KvBlocksUsed,
    /// Blocks of key-value memory that a worker has.
    KvBlocks,
    /// Requests thrown out of the batch for want of memory, a minute.
    Preemptions,
    /// Prompt tokens looked up in the prefix cache.
    PrefixQueries,
    /// Prompt tokens found there.
    PrefixHits,
    /// Share of prompt tokens found in the prefix cache.
    PrefixHitRatio,
    /// Tokens that the draft model proposed.
    DraftTokens,
    /// Tokens of those that were accepted.
    AcceptedTokens,
    /// Share of proposed tokens that were accepted.
    AcceptanceRatio,
}

impl Gauge {
    /// Every gauge that is told as evidence, with its signal.
    pub const TOLD: [(Self, &'static str); 6] = [
        (Self::Running, "server_running_requests"),
        (Self::Waiting, "server_waiting_requests"),
        (Self::KvUse, "server_kv_use_share"),
        (Self::Preemptions, "server_preemptions_per_minute"),
        (Self::PrefixHitRatio, "server_prefix_hit_share"),
        (Self::AcceptanceRatio, "server_acceptance_share"),
    ];

    /// Whether it is a share, 0 to 1.
    pub const fn is_share(self) -> bool {
        matches!(self, Self::KvUse | Self::PrefixHitRatio | Self::AcceptanceRatio)
    }

    /// Whether the greatest of several workers' values is the server's, and not their sum.
    pub const fn is_greatest(self) -> bool {
        self.is_share() || matches!(self, Self::KvBlocksUsed | Self::KvBlocks)
    }

    /// Whether only its growth tells something.
    pub const fn is_counter(self) -> bool {
        matches!(
            self,
            Self::Preemptions
                | Self::PrefixQueries
                | Self::PrefixHits
                | Self::DraftTokens
                | Self::AcceptedTokens
        )
    }

    /// The whole of which it is a part, and what the ratio of the two is.
    pub const fn ratio_with(self) -> Option<(Self, Self)> {
        match self {
            Self::PrefixHits => Some((Self::PrefixQueries, Self::PrefixHitRatio)),
            Self::AcceptedTokens => Some((Self::DraftTokens, Self::AcceptanceRatio)),
            Self::KvBlocksUsed => Some((Self::KvBlocks, Self::KvUse)),
            _ => None,
        }
    }
}

/// Metric, engine, what it measures; a metric may stand in several lines. A `_total` behind a
/// counter's name is not written here, and exporters that know no colon write `_` for it.
const NAMES: [(&str, &str, Gauge); 35] = [
    ("vllm:num_requests_running", "vllm", Gauge::Running),
    ("vllm:num_requests_waiting", "vllm", Gauge::Waiting),
    ("vllm:kv_cache_usage_perc", "vllm", Gauge::KvUse),
    ("vllm:gpu_cache_usage_perc", "vllm", Gauge::KvUse),
    ("vllm:num_preemptions", "vllm", Gauge::Preemptions),
    ("vllm:prefix_cache_queries", "vllm", Gauge::PrefixQueries),
    ("vllm:gpu_prefix_cache_queries", "vllm", Gauge::PrefixQueries),
    ("vllm:prefix_cache_hits", "vllm", Gauge::PrefixHits),
    ("vllm:gpu_prefix_cache_hits", "vllm", Gauge::PrefixHits),
    ("vllm:spec_decode_num_draft_tokens", "vllm", Gauge::DraftTokens),
    ("vllm:spec_decode_num_accepted_tokens", "vllm", Gauge::AcceptedTokens),
    ("sglang:num_running_reqs", "sglang", Gauge::Running),
    ("sglang:num_queue_reqs", "sglang", Gauge::Waiting),
    ("sglang:token_usage", "sglang", Gauge::KvUse),
    ("sglang:cache_hit_rate", "sglang", Gauge::PrefixHitRatio),
    ("sglang:spec_accept_rate", "sglang", Gauge::AcceptanceRatio),
    ("sglang:num_retracted_reqs", "sglang", Gauge::Preemptions),
    ("tgi_queue_size", "tgi", Gauge::Waiting),
    ("tgi_batch_current_size", "tgi", Gauge::Running),
    ("trtllm_num_requests_running", "tensorrt_llm", Gauge::Running),
    ("trtllm_num_requests_waiting", "tensorrt_llm", Gauge::Waiting),
    ("trtllm_kv_cache_utilization", "tensorrt_llm", Gauge::KvUse),
    ("trtllm_kv_cache_hit_rate", "tensorrt_llm", Gauge::PrefixHitRatio),
    ("trtllm_kv_cache_reused_blocks", "tensorrt_llm", Gauge::PrefixHits),
    ("trtllm_kv_cache_reused_blocks", "tensorrt_llm", Gauge::PrefixQueries),
    ("trtllm_kv_cache_missed_blocks", "tensorrt_llm", Gauge::PrefixQueries),
    ("trtllm_spec_decode_num_draft_tokens", "tensorrt_llm", Gauge::DraftTokens),
    ("trtllm_spec_decode_num_accepted_tokens", "tensorrt_llm", Gauge::AcceptedTokens),
    ("dynamo_frontend_queued_requests", "dynamo", Gauge::Waiting),
    ("dynamo_frontend_inflight_requests", "dynamo", Gauge::Running),
    ("dynamo_frontend_kv_hit_rate", "dynamo", Gauge::PrefixHitRatio),
    // Where it is a histogram of the requests' rates, its sum over its count is their mean.
    ("dynamo_frontend_kv_hit_rate_sum", "dynamo", Gauge::PrefixHits),
    ("dynamo_frontend_kv_hit_rate_count", "dynamo", Gauge::PrefixQueries),
    ("dynamo_frontend_worker_active_decode_blocks", "dynamo", Gauge::KvBlocksUsed),
    ("dynamo_frontend_model_total_kv_blocks", "dynamo", Gauge::KvBlocks),
];

/// The engine and gauges of a metric of that name.
pub(super) fn known(name: &str) -> impl Iterator<Item = (&'static str, Gauge)> {
    let stem = name.strip_suffix("_total").unwrap_or(name);
    let plain = move |byte: u8| if byte == b':' { b'_' } else { byte };
    let same = move |have: &str| have.bytes().map(plain).eq(stem.bytes().map(plain));
    NAMES.iter().filter(move |(have, _, _)| same(have)).map(|(_, engine, gauge)| (*engine, *gauge))
}

/// Labels that name the server, the most particular first.
pub(super) const SERVER_LABELS: [&str; 6] =
    ["instance", "service.instance.id", "pod", "k8s.pod.name", "host.name", "server"];

/// Labels that name the model.
pub(super) const MODEL_LABELS: [&str; 3] = ["model_name", "served_model_name", "model"];
