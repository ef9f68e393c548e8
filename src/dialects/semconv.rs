//! OpenTelemetry GenAI semantic conventions, current generation (`gen_ai.provider.name`).

use super::table::{
    Clue, Dialect, Field, Part, SpanRule, Streaming, Test, WHOLE_LEARNED, attr, clue, rule,
};
use super::{context, proposed};
use crate::schema::Col;

/// Operations that generate an answer.
pub(super) const GENERATES: &[&str] = &[
    "chat",
    "completion",
    "completions",
    "text_completion",
    "generate_content",
    "generate",
    "llm_call",
    "response",
    "responses",
    "message",
    "messages",
];

/// Operations around calls.
pub(super) const WRAPS: &[&str] =
    &["invoke_agent", "create_agent", "invoke_workflow", "plan", "agent_step", "workflow"];

/// What a span of the conventions is.
pub(super) const SPANS: &[SpanRule] = &[
    rule(&[Test::Is("gen_ai.operation.name", WRAPS)], Part::Wrapper),
    rule(&[Test::Is("gen_ai.operation.name", GENERATES)], Part::Call),
    rule(&[Test::Has("gen_ai.operation.name")], Part::Other),
    rule(&[Test::Is("llm.request.type", GENERATES)], Part::Call),
    rule(&[Test::Has("llm.request.type")], Part::Other),
    rule(&[Test::Name("embeddings")], Part::Other),
    rule(&[Test::Name("invoke_agent")], Part::Wrapper),
    rule(&[Test::Has("gen_ai.request.model"), Test::Has("gen_ai.response.id")], Part::Call),
    rule(&[Test::Has("gen_ai.request.model"), Test::Has("gen_ai.usage.output_tokens")], Part::Call),
    rule(
        &[Test::Has("gen_ai.request.model"), Test::Has("gen_ai.usage.completion_tokens")],
        Part::Call,
    ),
];

/// Attributes of the conventions, in every generation's spelling.
pub(super) const FIELDS: &[Field] = &[
    attr(Col::Provider, "gen_ai.provider.name"),
    attr(Col::Provider, "gen_ai.system"),
    attr(Col::Operation, "gen_ai.operation.name"),
    attr(Col::RequestModel, "gen_ai.request.model"),
    attr(Col::ResponseModel, "gen_ai.response.model"),
    attr(Col::Streaming, "gen_ai.request.stream"),
    attr(Col::Streaming, "gen_ai.is_streaming"),
    attr(Col::Streaming, "gen_ai.request.is_stream"),
    attr(Col::Streaming, "llm.is_streaming"),
    attr(Col::TtftS, "gen_ai.response.time_to_first_chunk"),
    attr(Col::TtftS, "gen_ai.client.operation.time_to_first_chunk"),
    attr(Col::InputTokens, "gen_ai.usage.input_tokens"),
    attr(Col::InputTokens, "gen_ai.usage.prompt_tokens"),
    attr(Col::OutputTokens, "gen_ai.usage.output_tokens"),
    attr(Col::OutputTokens, "gen_ai.usage.completion_tokens"),
    attr(Col::CacheReadTokens, "gen_ai.usage.cache_read.input_tokens"),
    attr(Col::CacheReadTokens, "gen_ai.usage.cache_read_input_tokens"),
    attr(Col::CacheReadTokens, "gen_ai.usage.cached_tokens"),
    attr(Col::CacheWriteTokens, "gen_ai.usage.cache_write.input_tokens"),
    attr(Col::CacheWriteTokens, "gen_ai.usage.cache_creation.input_tokens"),
    attr(Col::CacheWriteTokens, "gen_ai.usage.cache_creation_input_tokens"),
    attr(Col::ReasoningTokens, "gen_ai.usage.reasoning.output_tokens"),
    attr(Col::ReasoningTokens, "gen_ai.usage.reasoning_tokens"),
    attr(Col::ReasoningTokens, "llm.usage.reasoning_tokens"),
    clue(Clue::TotalTokens, "gen_ai.usage.total_tokens"),
    clue(Clue::TotalTokens, "llm.usage.total_tokens"),
    attr(Col::ResponseId, "gen_ai.response.id"),
    attr(Col::FinishReason, "gen_ai.response.finish_reasons"),
    attr(Col::FinishReason, "gen_ai.response.finish_reason"),
    attr(Col::FinishReason, "llm.response.finish_reason"),
    attr(Col::FinishReason, "gen_ai.completion.0.finish_reason"),
    attr(Col::SystemFingerprint, "openai.response.system_fingerprint"),
    attr(Col::SystemFingerprint, "gen_ai.openai.response.system_fingerprint"),
    attr(Col::SystemFingerprint, "gen_ai.openai.system_fingerprint"),
    attr(Col::SystemFingerprint, "gen_ai.response.system_fingerprint"),
    attr(Col::ServiceTier, "openai.response.service_tier"),
    attr(Col::ServiceTier, "gen_ai.openai.response.service_tier"),
    attr(Col::ServiceTier, "gen_ai.response.service_tier"),
    attr(Col::RequestId, "aws.request_id"),
    attr(Col::RequestId, "azure.service.request.id"),
    attr(Col::RequestId, "az.service_request_id"),
    attr(Col::SessionId, "gen_ai.conversation.id"),
    attr(Col::PromptName, "gen_ai.prompt.name"),
    attr(Col::PromptVersion, "gen_ai.prompt.version"),
    attr(Col::PromptHash, "gen_ai.system_instructions.hash"),
    attr(Col::PromptHash, "gen_ai.prompt.hash"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "semconv",
    title: "OpenTelemetry GenAI conventions",
    source: "open-telemetry/semantic-conventions-genai, generations from 1.37",
    signs: &[&[Test::Has("gen_ai.provider.name")]],
    spans: SPANS,
    fields: &[FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE_LEARNED,
    streaming: Streaming::AbsentIsFalse,
    rank: 5,
    span_per_attempt: false,
    notes: &[
        "The conventions say that input tokens include cached ones; an emitter that breaks the rule \
         is caught where the cached count exceeds the input.",
        "`gen_ai.request.stream` is written only where true.",
    ],
};
