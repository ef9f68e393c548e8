//! Langfuse SDK: generations, with three vocabularies of usage in one JSON attribute.

use super::table::{
    Clue, Dialect, Field, Part, SpanRule, Streaming, Test, Unit, WHOLE, attr, clue, clue_path,
    path, rule, segment,
};
use super::{context, proposed};
use crate::schema::Col;

const TYPE: &str = "langfuse.observation.type";
const USAGE: &str = "langfuse.observation.usage_details";

const SPANS: &[SpanRule] = &[
    rule(&[Test::Is(TYPE, &["generation"])], Part::Call),
    rule(
        &[
            Test::Is(TYPE, &["span"]),
            Test::Has("langfuse.observation.model.name"),
            Test::Has("langfuse.observation.completion_start_time"),
        ],
        Part::Call,
    ),
    rule(&[Test::Is(TYPE, &["span", "agent", "chain"])], Part::Wrapper),
];

const FIELDS: &[Field] = &[
    attr(Col::ResponseModel, "langfuse.observation.model.name"),
    attr(Col::RequestModel, "langfuse.observation.metadata.ls_model_name"),
    attr(Col::Provider, "langfuse.observation.metadata.ls_provider"),
    attr(Col::TtftS, "langfuse.observation.completion_start_time").unit(Unit::Iso),
    path(Col::InputTokens, USAGE, &["prompt_tokens"]),
    path(Col::InputTokens, USAGE, &["input_tokens"]),
    path(Col::CacheReadTokens, USAGE, &["prompt_tokens_details", "cached_tokens"]),
    path(Col::CacheReadTokens, USAGE, &["input_tokens_details", "cached_tokens"]),
    path(Col::CacheReadTokens, USAGE, &["input_cached_tokens"]),
    path(Col::CacheReadTokens, USAGE, &["prompt_details.cache_read"]),
    path(Col::CacheReadTokens, USAGE, &["input_cache_read"]),
    path(Col::CacheReadTokens, USAGE, &["input_priority_cache_read"]),
    path(Col::CacheReadTokens, USAGE, &["cache_read_input_tokens"]),
    path(Col::CacheWriteTokens, USAGE, &["prompt_tokens_details", "cache_write_tokens"]),
    path(Col::CacheWriteTokens, USAGE, &["input_tokens_details", "cache_write_tokens"]),
    path(Col::CacheWriteTokens, USAGE, &["input_cache_creation"]),
    path(Col::CacheWriteTokens, USAGE, &["cache_creation_input_tokens"]),
    clue_path(Clue::InputWithoutCache, USAGE, &["input"]),
    clue_path(Clue::MoreInput, USAGE, &["input_priority"]),
    path(Col::OutputTokens, USAGE, &["completion_tokens"]),
    path(Col::OutputTokens, USAGE, &["output_tokens"]),
    path(Col::OutputTokens, USAGE, &["output"]),
    clue_path(Clue::MoreOutput, USAGE, &["output_priority"]),
    path(Col::ReasoningTokens, USAGE, &["completion_tokens_details", "reasoning_tokens"]),
    path(Col::ReasoningTokens, USAGE, &["output_tokens_details", "reasoning_tokens"]),
    path(Col::ReasoningTokens, USAGE, &["output_reasoning"]),
    path(Col::ReasoningTokens, USAGE, &["output_reasoning_tokens"]),
    path(Col::ReasoningTokens, USAGE, &["completion_details.reasoning"]),
    path(Col::ReasoningTokens, USAGE, &["output_priority_reasoning"]),
    clue_path(Clue::TotalTokens, USAGE, &["total_tokens"]),
    clue_path(Clue::TotalTokens, USAGE, &["total"]),
    attr(Col::ResponseId, "langfuse.observation.metadata.id"),
    attr(Col::FinishReason, "langfuse.observation.metadata.finish_reason"),
    attr(Col::FinishReason, "langfuse.observation.metadata.status"),
    attr(Col::ServiceTier, "langfuse.observation.metadata.service_tier"),
    attr(Col::SystemFingerprint, "langfuse.observation.metadata.system_fingerprint"),
    attr(Col::PromptName, "langfuse.observation.prompt.name"),
    attr(Col::PromptVersion, "langfuse.observation.prompt.version"),
    attr(Col::PromptHash, "gen_ai.system_instructions.hash"),
    attr(Col::SessionId, "langfuse.session.id"),
    attr(Col::Tenant, "langfuse.trace.metadata.tenant_id"),
    attr(Col::Tenant, "langfuse.trace.metadata.tenant"),
    clue(Clue::Failed, "langfuse.observation.level").unit(Unit::Contains("error")),
    clue(Clue::Failure, "langfuse.observation.status_message"),
    segment("langfuse.environment"),
    segment("langfuse.release"),
    segment("langfuse.trace.name"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "langfuse",
    title: "Langfuse SDK",
    source: "langfuse/langfuse-python 5.0",
    signs: &[&[Test::Has(TYPE)]],
    spans: SPANS,
    fields: &[FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::TtftTells,
    rank: 3,
    span_per_attempt: false,
    notes: &[
        "The first chunk is `completion_start_time`, a JSON-quoted ISO time, written on streams only.",
        "`usage_details` speaks three vocabularies: OpenAI's chat and Responses counts, which include \
         cached tokens, and its own (`input`, `input_cache_read`), which excludes them; a priority \
         service tier moves the counts to keys of its own.",
        "The HTTP attempt is a sibling or a root of its own: it is joined by time.",
        "A generation that the application wraps round an automatic one is folded into it.",
    ],
};
