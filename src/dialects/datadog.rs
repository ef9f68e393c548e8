//! Datadog LLM Observability, as its export API writes spans.

use super::table::{
    Clue, Dialect, Field, Part, SpanRule, Streaming, Test, WHOLE, attr, clue, rule,
};
use super::{context, proposed};
use crate::schema::Col;

const KIND: &str = "datadog.llmobs.span_kind";

const SPANS: &[SpanRule] = &[
    rule(&[Test::Is(KIND, &["llm"])], Part::Call),
    rule(&[Test::Is(KIND, &["agent", "workflow", "task"])], Part::Wrapper),
];

const FIELDS: &[Field] = &[
    attr(Col::RequestModel, "datadog.llmobs.model_name"),
    attr(Col::Provider, "datadog.llmobs.model_provider"),
    attr(Col::ServiceName, "datadog.llmobs.ml_app"),
    attr(Col::TtftS, "datadog.llmobs.metrics.time_to_first_token"),
    attr(Col::InputTokens, "datadog.llmobs.metrics.input_tokens"),
    attr(Col::OutputTokens, "datadog.llmobs.metrics.output_tokens"),
    attr(Col::CacheReadTokens, "datadog.llmobs.metrics.cache_read_input_tokens"),
    attr(Col::CacheWriteTokens, "datadog.llmobs.metrics.cache_write_input_tokens"),
    attr(Col::ReasoningTokens, "datadog.llmobs.metrics.reasoning_output_tokens"),
    clue(Clue::TotalTokens, "datadog.llmobs.metrics.total_tokens"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "datadog",
    title: "Datadog LLM Observability",
    source: "Datadog, LLM Observability export API and HTTP API reference",
    signs: &[&[Test::Has(KIND)]],
    spans: SPANS,
    fields: &[FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::TtftTells,
    rank: 2,
    span_per_attempt: false,
    notes: &["Starts and lengths are nanoseconds, the first token is in seconds."],
};
