//! OpenInference (Arize): spans of kind internal, told apart by `openinference.span.kind`.

use super::table::{
    Clue, Dialect, Field, Part, SpanRule, Streaming, Test, WHOLE, attr, clue, event, path, rule,
};
use super::{context, proposed};
use crate::schema::Col;

/// What its spans are.
pub(super) const SPANS: &[SpanRule] = &[
    rule(&[Test::Is("openinference.span.kind", &["llm"])], Part::Call),
    rule(&[Test::Is("openinference.span.kind", &["chain", "agent", "prompt"])], Part::Wrapper),
];

/// Its attributes.
pub(super) const FIELDS: &[Field] = &[
    attr(Col::Provider, "llm.provider"),
    attr(Col::Provider, "llm.system"),
    attr(Col::RequestModel, "llm.request.model_name"),
    path(Col::RequestModel, "llm.invocation_parameters", &["model"]),
    attr(Col::ResponseModel, "llm.response.model_name"),
    attr(Col::ResponseModel, "llm.model_name"),
    path(Col::Streaming, "llm.invocation_parameters", &["stream"]),
    event(Col::TtftS, "First Token Stream Event"),
    attr(Col::InputTokens, "llm.token_count.prompt"),
    attr(Col::OutputTokens, "llm.token_count.completion"),
    clue(Clue::TotalTokens, "llm.token_count.total"),
    attr(Col::CacheReadTokens, "llm.token_count.prompt_details.cache_read"),
    attr(Col::CacheWriteTokens, "llm.token_count.prompt_details.cache_write"),
    attr(Col::CacheWriteTokens, "llm.token_count.prompt_details.cache_creation"),
    attr(Col::ReasoningTokens, "llm.token_count.completion_details.reasoning"),
    attr(Col::FinishReason, "llm.finish_reason"),
    path(Col::ResponseId, "output.value", &["id"]),
    path(Col::SystemFingerprint, "output.value", &["system_fingerprint"]),
    path(Col::ServiceTier, "output.value", &["service_tier"]),
    path(Col::ServiceTier, "output.value", &["usage", "service_tier"]),
    attr(Col::PromptName, "prompt.id"),
    attr(Col::PromptVersion, "llm.prompt_template.version"),
    attr(Col::Tenant, "metadata.tenant_id"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "openinference",
    title: "OpenInference (Arize)",
    source: "Arize-ai/openinference, instrumentation-openai 0.1.66, -anthropic 3.1, -langchain 0.1.80",
    signs: &[&[Test::Has("openinference.span.kind")]],
    spans: SPANS,
    fields: &[FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 5,
    span_per_attempt: false,
    notes: &[
        "The first chunk is the event `First Token Stream Event`; with the Responses API it stands at \
         `response.created`, before any content: still the first chunk, and earlier than elsewhere.",
        "The Anthropic, Bedrock and LangChain instrumentations write no such event.",
        "The response id is only inside the JSON of `output.value`, of which nothing else is kept.",
        "The model's name is that of the answer where there is one, else that of the request.",
    ],
};
