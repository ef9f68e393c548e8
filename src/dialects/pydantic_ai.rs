//! Pydantic AI: `chat` under `invoke_agent`.

use super::table::{Dialect, Field, Streaming, Test, WHOLE_OMITS_ZERO, attr};
use super::{context, proposed, semconv};
use crate::schema::Col;

const FIELDS: &[Field] = &[
    attr(Col::CacheReadTokens, "gen_ai.usage.details.cache_read_tokens"),
    attr(Col::CacheReadTokens, "gen_ai.usage.details.cache_read_input_tokens"),
    attr(Col::CacheWriteTokens, "gen_ai.usage.details.cache_write_tokens"),
    attr(Col::CacheWriteTokens, "gen_ai.usage.details.cache_creation_input_tokens"),
    attr(Col::ReasoningTokens, "gen_ai.usage.details.reasoning_tokens"),
    attr(Col::SystemFingerprint, "gen_ai.response.system_fingerprint"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "pydantic_ai",
    title: "Pydantic AI",
    source: "pydantic/pydantic-ai 2.62",
    signs: &[&[Test::Scope("pydantic-ai"), Test::Has("gen_ai.operation.name")]],
    spans: semconv::SPANS,
    fields: &[semconv::FIELDS, FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE_OMITS_ZERO,
    streaming: Streaming::TtftTells,
    rank: 4,
    span_per_attempt: false,
    notes: &[
        "The first chunk stands under the name of a metric, \
         `gen_ai.client.operation.time_to_first_chunk`.",
        "The cached count is omitted where it is zero; input includes it for every provider.",
        "The agent's span adds up its calls (`gen_ai.aggregated_usage.*`, older: `gen_ai.usage.*`): it \
         is a wrapper.",
        "A stream that broke is left without a status; with Anthropic the SDK's own span inside says so.",
    ],
};
