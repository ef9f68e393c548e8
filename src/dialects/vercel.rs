//! Vercel AI SDK, versions 4 to 6: `ai.*.doStream` and `ai.*.doGenerate` are the calls.

use super::table::{
    Clue, Dialect, Field, Part, SpanRule, Streaming, Test, Unit, WHOLE, attr, clue, event_attr,
    path, rule, segment,
};
use super::{context, proposed, semconv};
use crate::schema::Col;

const SPANS: &[SpanRule] = &[
    rule(&[Test::Ends("ai.operationId", ".doStream")], Part::Call),
    rule(&[Test::Ends("ai.operationId", ".doGenerate")], Part::Call),
    rule(
        &[Test::Is(
            "ai.operationId",
            &["ai.streamText", "ai.generateText", "ai.streamObject", "ai.generateObject"],
        )],
        Part::Wrapper,
    ),
];

const FIELDS: &[Field] = &[
    attr(Col::Provider, "ai.model.provider"),
    attr(Col::RequestModel, "ai.model.id"),
    attr(Col::ResponseModel, "ai.response.model"),
    attr(Col::Streaming, "ai.operationId").unit(Unit::Contains("stream")),
    attr(Col::TtftS, "ai.response.msToFirstChunk").ms(),
    attr(Col::TtftS, "ai.stream.msToFirstChunk").ms(),
    event_attr(Col::TtftS, "ai.stream.firstChunk", "ai.response.msToFirstChunk").ms(),
    clue(Clue::FinishS, "ai.response.msToFinish").ms(),
    attr(Col::InputTokens, "ai.usage.inputTokens"),
    attr(Col::InputTokens, "ai.usage.promptTokens"),
    attr(Col::OutputTokens, "ai.usage.outputTokens"),
    attr(Col::OutputTokens, "ai.usage.completionTokens"),
    clue(Clue::TotalTokens, "ai.usage.totalTokens"),
    attr(Col::CacheReadTokens, "ai.usage.cachedInputTokens"),
    attr(Col::CacheReadTokens, "ai.usage.inputTokenDetails.cacheReadTokens"),
    attr(Col::CacheWriteTokens, "ai.usage.inputTokenDetails.cacheWriteTokens"),
    path(
        Col::CacheWriteTokens,
        "ai.response.providerMetadata",
        &["anthropic", "cacheCreationInputTokens"],
    ),
    attr(Col::ReasoningTokens, "ai.usage.outputTokenDetails.reasoningTokens"),
    attr(Col::ReasoningTokens, "ai.usage.reasoningTokens"),
    attr(Col::ResponseId, "ai.response.id"),
    attr(Col::FinishReason, "ai.response.finishReason"),
    path(Col::SystemFingerprint, "ai.response.providerMetadata", &["openai", "systemFingerprint"]),
    path(Col::ServiceTier, "ai.response.providerMetadata", &["openai", "serviceTier"]),
    attr(Col::PromptName, "ai.telemetry.metadata.promptName"),
    attr(Col::PromptName, "ai.telemetry.functionId"),
    attr(Col::PromptVersion, "ai.telemetry.metadata.promptVersion"),
    attr(Col::PromptHash, "ai.telemetry.metadata.promptHash"),
    attr(Col::Tenant, "ai.telemetry.metadata.tenantId"),
    attr(Col::Tenant, "ai.telemetry.metadata.tenant"),
    attr(Col::Tenant, "ai.telemetry.metadata.organizationId"),
    attr(Col::SessionId, "ai.telemetry.metadata.sessionId"),
    attr(Col::SessionId, "ai.telemetry.metadata.chatId"),
    segment("ai.telemetry.functionId"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "vercel",
    title: "Vercel AI SDK 4 to 6",
    source: "vercel/ai, packages/ai 6.0",
    signs: &[&[Test::Has("ai.operationId")]],
    spans: SPANS,
    fields: &[FIELDS, proposed::FIELDS, semconv::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 5,
    span_per_attempt: true,
    notes: &[
        "`ai.streamText` and `ai.generateText` repeat the usage of all their steps: they are wrappers.",
        "`ai.response.avgOutputTokensPerSecond` divides by the whole duration, first chunk included: \
         it is not used.",
        "Version 5 and earlier pass on Anthropic's exclusive input count; the self-check of the \
         counts catches it where the cache is larger than the rest.",
        "`ai.telemetry.functionId` stands for the prompt's name where no name is given.",
        "A retry is a span of its own under the same wrapper: failed attempts are folded into the one \
         that succeeded.",
        "A stream that broke may leave no span at all.",
    ],
};
