//! The canonical call table: every column, its kind and unit, and what null means, in one place.

/// What a column holds, and so its unit and its type in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// UTC timestamp in nanoseconds (RFC 3339 in text outputs).
    Time,
    /// Seconds, float64.
    Seconds,
    /// A share between 0 and 1, float64.
    Ratio,
    /// Tokens, int64.
    Tokens,
    /// Other counts, int64.
    Count,
    /// True or false.
    Flag,
}

impl Kind {
    /// The type and unit in words, for the documentation.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Time => "timestamp, ns, UTC",
            Self::Seconds => "float64, seconds",
            Self::Ratio => "float64, 0 to 1",
            Self::Tokens => "int64, tokens",
            Self::Count => "int64",
            Self::Flag => "boolean",
        }
    }
}

/// One column of the table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Which one it is.
    pub col: Col,
    /// Its name, the same in every output.
    pub name: &'static str,
    /// Its type and unit.
    pub kind: Kind,
    /// What it holds.
    pub meaning: &'static str,
    /// What null means.
    pub null: &'static str,
}

/// Prefix of the additional columns that keep attributes to slice by, such as
/// `attr.service.version`.
pub const SEGMENT_PREFIX: &str = "attr.";

/// A column of the canonical call table, in table order; [`COLUMNS`] documents each.
#[allow(missing_docs, reason = "the documentation of each is its entry in COLUMNS")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Col {
    TraceId,
    SpanId,
    ParentSpanId,
    ServiceName,
    SpanName,
    ScopeName,
    Dialect,
    Start,
    DurationS,
    Provider,
    Operation,
    RequestModel,
    ResponseModel,
    Streaming,
    TtftS,
    DecodeS,
    ItlS,
    ItlP50S,
    ItlP95S,
    ItlP99S,
    ChunkCount,
    InputTokens,
    CacheReadTokens,
    CacheWriteTokens,
    UncachedTokens,
    CacheHitRatio,
    CacheMissReason,
    CacheMissReasonSource,
    OutputTokens,
    ReasoningTokens,
    QueueWaitS,
    PrefillS,
    ServerDecodeS,
    ServerProcessingS,
    BatchSize,
    BatchPosition,
    RunningRequests,
    WaitingRequests,
    SpecAcceptedTokens,
    SpecProposedTokens,
    SpecAcceptanceRatio,
    RequestId,
    ResponseId,
    Region,
    PoolId,
    SystemFingerprint,
    ServiceTier,
    ServerAddress,
    PromptName,
    PromptVersion,
    PromptHash,
    Tenant,
    SessionId,
    Status,
    ErrorType,
    HttpStatus,
    FinishReason,
    Attempts,
    RetryWaitS,
    ClientWaitS,
    EdgePop,
    ServerTtftS,
    RefusedAttempts,
    RateLimitTokens,
    RateLimitTokensLeft,
    RateLimitRequests,
    RateLimitRequestsLeft,
}

impl Col {
    /// How many columns there are.
    pub const COUNT: usize = COLUMNS.len();

    /// Every column, in table order.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        COLUMNS.iter().map(|column| column.col)
    }

    /// The column of that place in the table.
    #[inline]
    pub const fn at(place: usize) -> Option<Self> {
        if place < Self::COUNT { Some(COLUMNS[place].col) } else { None }
    }

    /// The column's description.
    pub const fn info(self) -> &'static Column {
        &COLUMNS[self as usize]
    }

    /// The column's name.
    pub const fn name(self) -> &'static str {
        self.info().name
    }

    /// The column of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|col| col.name() == name)
    }
}

const fn column(
    col: Col,
    name: &'static str,
    kind: Kind,
    meaning: &'static str,
    null: &'static str,
) -> Column {
    Column { col, name, kind, meaning, null }
}

/// The columns' descriptions, in the order of [`Col`].
#[rustfmt::skip]
pub const COLUMNS: [Column; 67] = [
    column(Col::TraceId, "trace_id", Kind::Text,
        "trace id, lower-case hex",
        "the dump carries none"),
    column(Col::SpanId, "span_id", Kind::Text,
        "span id of the span that is the call, lower-case hex",
        "the dump carries none"),
    column(Col::ParentSpanId, "parent_span_id", Kind::Text,
        "parent span id, lower-case hex",
        "a root span"),
    column(Col::ServiceName, "service_name", Kind::Text,
        "`service.name` of the resource",
        "the resource names no service"),
    column(Col::SpanName, "span_name", Kind::Text,
        "name of the span",
        "not carried by the format"),
    column(Col::ScopeName, "scope_name", Kind::Text,
        "instrumentation scope that wrote the span",
        "not carried by the format"),
    column(Col::Dialect, "dialect", Kind::Text,
        "dialect table that the span was read with",
        "never null"),
    column(Col::Start, "start", Kind::Time,
        "when the call started, UTC",
        "never null"),
    column(Col::DurationS, "duration_s", Kind::Seconds,
        "of the whole logical call, retries included",
        "the span never ended, or ends before it starts"),
    column(Col::Provider, "provider", Kind::Text,
        "who served it, in OpenTelemetry's names (`openai`, `anthropic`, `aws.bedrock`, …)",
        "not said and not to be told from the host"),
    column(Col::Operation, "operation", Kind::Text,
        "`chat`, `text_completion` or `generate_content`",
        "not said"),
    column(Col::RequestModel, "request_model", Kind::Text,
        "model that was asked for",
        "not said"),
    column(Col::ResponseModel, "response_model", Kind::Text,
        "model that answered",
        "not said, or no answer"),
    column(Col::Streaming, "streaming", Kind::Flag,
        "whether the answer was streamed",
        "not said and not to be told from the timing attributes"),
    column(Col::TtftS, "ttft_s", Kind::Seconds,
        "from the call's start to its first chunk",
        "not streamed, not carried, or not credible"),
    column(Col::DecodeS, "decode_s", Kind::Seconds,
        "from the first chunk to the last",
        "no credible first chunk or end"),
    column(Col::ItlS, "itl_s", Kind::Seconds,
        "mean time per output token after the first",
        "no decode time, fewer than two output tokens, or the tokens of that time are unknown"),
    column(Col::ItlP50S, "itl_p50_s", Kind::Seconds,
        "median gap within the call",
        "the span carries neither the figure nor chunk times"),
    column(Col::ItlP95S, "itl_p95_s", Kind::Seconds,
        "95th percentile of the gaps within the call",
        "the span carries neither the figure nor chunk times"),
    column(Col::ItlP99S, "itl_p99_s", Kind::Seconds,
        "99th percentile of the gaps within the call",
        "the span carries neither the figure nor chunk times"),
    column(Col::ChunkCount, "chunk_count", Kind::Count,
        "chunks of the stream that were recorded",
        "not recorded, or some were dropped"),
    column(Col::InputTokens, "input_tokens", Kind::Tokens,
        "the whole prompt, cached part included, whatever the provider's own convention",
        "usage not recorded"),
    column(Col::CacheReadTokens, "cache_read_tokens", Kind::Tokens,
        "prompt tokens served from the provider's cache",
        "not recorded, and the dialect does not omit zeros"),
    column(Col::CacheWriteTokens, "cache_write_tokens", Kind::Tokens,
        "prompt tokens written to the provider's cache",
        "not recorded"),
    column(Col::UncachedTokens, "uncached_tokens", Kind::Tokens,
        "`input_tokens` - `cache_read_tokens`: the prefill work",
        "either is unknown"),
    column(Col::CacheHitRatio, "cache_hit_ratio", Kind::Ratio,
        "`cache_read_tokens` / `input_tokens`",
        "either is unknown, or no input tokens"),
    column(Col::CacheMissReason, "cache_miss_reason", Kind::Text,
        "`prompt_changed`, `evicted` or `cold`",
        "no miss, or its reason is not known"),
    column(Col::CacheMissReasonSource, "cache_miss_reason_source", Kind::Text,
        "`span` or `inferred`",
        "no reason"),
    column(Col::OutputTokens, "output_tokens", Kind::Tokens,
        "tokens of the answer, reasoning included",
        "usage not recorded"),
    column(Col::ReasoningTokens, "reasoning_tokens", Kind::Tokens,
        "reasoning part of the answer",
        "not recorded"),
    column(Col::QueueWaitS, "queue_wait_s", Kind::Seconds,
        "wait before prefill, as the server or gateway reported it",
        "not reported"),
    column(Col::PrefillS, "prefill_s", Kind::Seconds,
        "prefill, as the server reported it",
        "not reported"),
    column(Col::ServerDecodeS, "server_decode_s", Kind::Seconds,
        "decode, as the server reported it",
        "not reported"),
    column(Col::ServerProcessingS, "server_processing_s", Kind::Seconds,
        "processing time as the provider's header or server span reported it; on a stream it ends at the headers",
        "not reported"),
    column(Col::BatchSize, "batch_size", Kind::Count,
        "sequences in the batch, as the server reported",
        "not reported"),
    column(Col::BatchPosition, "batch_position", Kind::Count,
        "position in the batch, as the server reported",
        "not reported"),
    column(Col::RunningRequests, "running_requests", Kind::Count,
        "requests running on the server",
        "not reported"),
    column(Col::WaitingRequests, "waiting_requests", Kind::Count,
        "requests waiting on the server",
        "not reported"),
    column(Col::SpecAcceptedTokens, "spec_accepted_tokens", Kind::Tokens,
        "speculative tokens that were accepted",
        "not reported"),
    column(Col::SpecProposedTokens, "spec_proposed_tokens", Kind::Tokens,
        "speculative tokens that were proposed",
        "not reported"),
    column(Col::SpecAcceptanceRatio, "spec_acceptance_ratio", Kind::Ratio,
        "accepted / proposed",
        "not reported, or nothing proposed"),
    column(Col::RequestId, "request_id", Kind::Text,
        "the provider's HTTP request id of the last attempt",
        "no span or HTTP attempt carries it"),
    column(Col::ResponseId, "response_id", Kind::Text,
        "the id in the response body",
        "not recorded"),
    column(Col::Region, "region", Kind::Text,
        "serving region",
        "nothing names it"),
    column(Col::PoolId, "pool_id", Kind::Text,
        "serving pool, deployment or backend",
        "nothing names it"),
    column(Col::SystemFingerprint, "system_fingerprint", Kind::Text,
        "backend fingerprint",
        "not recorded"),
    column(Col::ServiceTier, "service_tier", Kind::Text,
        "service tier that served it",
        "not recorded"),
    column(Col::ServerAddress, "server_address", Kind::Text,
        "host that was called",
        "not recorded"),
    column(Col::PromptName, "prompt_name", Kind::Text,
        "name of the prompt or template",
        "not recorded"),
    column(Col::PromptVersion, "prompt_version", Kind::Text,
        "its version",
        "not recorded"),
    column(Col::PromptHash, "prompt_hash", Kind::Text,
        "hash of the cacheable prefix as the span carries it; never the content",
        "not recorded"),
    column(Col::Tenant, "tenant", Kind::Text,
        "tenant, team or customer",
        "not recorded"),
    column(Col::SessionId, "session_id", Kind::Text,
        "conversation or session",
        "not recorded"),
    column(Col::Status, "status", Kind::Text,
        "`ok`, `error`, `timeout` or `cancelled`",
        "never null"),
    column(Col::ErrorType, "error_type", Kind::Text,
        "error class or code",
        "no error, or not said"),
    column(Col::HttpStatus, "http_status", Kind::Count,
        "status of the last HTTP attempt",
        "no HTTP status recorded"),
    column(Col::FinishReason, "finish_reason", Kind::Text,
        "why the answer ended",
        "not recorded"),
    column(Col::Attempts, "attempts", Kind::Count,
        "HTTP attempts inside the call",
        "no attempt or resend count recorded"),
    column(Col::RetryWaitS, "retry_wait_s", Kind::Seconds,
        "time lost in failed attempts and between attempts",
        "attempts not recorded"),
    column(Col::ClientWaitS, "client_wait_s", Kind::Seconds,
        "time lost in the client before the first attempt left",
        "attempts not recorded"),
    column(Col::EdgePop, "edge_pop", Kind::Text,
        "network edge that the client reached (the suffix of `cf-ray`); a network path, not the serving region",
        "not recorded"),
    column(Col::ServerTtftS, "server_ttft_s", Kind::Seconds,
        "time to first token on the server's own clock",
        "not reported"),
    column(Col::RefusedAttempts, "refused_attempts", Kind::Count,
        "HTTP attempts inside the call that were refused for a rate limit (429)",
        "attempts not recorded"),
    column(Col::RateLimitTokens, "rate_limit_tokens", Kind::Tokens,
        "tokens a minute that the account may use, as the response headers say",
        "no such header recorded"),
    column(Col::RateLimitTokensLeft, "rate_limit_tokens_left", Kind::Tokens,
        "of them, what was left when the call was admitted",
        "no such header recorded"),
    column(Col::RateLimitRequests, "rate_limit_requests", Kind::Count,
        "requests that the account may make in a minute (a day at some providers), as the response headers say",
        "no such header recorded"),
    column(Col::RateLimitRequestsLeft, "rate_limit_requests_left", Kind::Count,
        "of them, what was left when the call was admitted",
        "no such header recorded"),
];

/// `docs/schema.md`: the columns for readers of what `llmspan normalize` writes.
pub fn page() -> String {
    let mut page = String::from(
        "# The canonical call table\n\n\
         Generated from `src/schema.rs`; edit there.\n\n\
         One row per LLM call, sorted by `start`, `trace_id` and `span_id`. \
         `llmspan normalize INPUT... -o calls.parquet` (also `.ndjson`, `.csv`) writes it, and \
         every command reads it back. Null means not known: no value is invented, and zero is \
         never used for unknown. In CSV null is an empty cell. Columns may be added; none is \
         renamed or removed.\n\n\
         Behind these columns stand the attributes that were kept to slice by, one text column \
         each, named `attr.` and the attribute's name (`attr.service.version`), sorted by name. \
         A table is known by its columns `trace_id`, `span_id`, `start`, `duration_s` and \
         `request_model`; any other may be missing, and is then null.\n\n\
         | column | type | meaning | null where |\n|---|---|---|---|\n",
    );
    for Column { name, kind, meaning, null, .. } in &COLUMNS {
        page.push_str(&format!("| `{name}` | {} | {meaning} | {null} |\n", kind.describe()));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_finds_itself_by_name() {
        for (index, col) in Col::all().enumerate() {
            assert_eq!(col as usize, index);
            assert_eq!(Col::from_name(col.name()), Some(col));
        }
    }
}
