//! Anthropic's SDK: a span of its own around every call, written without any instrumentation.

use super::table::{Dialect, Field, Part, SpanRule, Streaming, Test, WHOLE, attr, rule, segment};
use super::{context, proposed, semconv};
use crate::schema::Col;

const SPANS: &[SpanRule] = &[
    rule(&[Test::Is("gen_ai.operation.name", semconv::WRAPS)], Part::Wrapper),
    rule(&[Test::Name("anthropic.messages.tool_runner")], Part::Wrapper),
    rule(&[Test::Is("gen_ai.operation.name", semconv::GENERATES)], Part::Call),
    rule(&[Test::Name("anthropic.messages.")], Part::Call),
];

pub(super) const FIELDS: &[Field] = &[
    attr(Col::RequestId, "anthropic.request.id"),
    attr(Col::FinishReason, "anthropic.message.stop_reason"),
    attr(Col::ServiceTier, "anthropic.response.service_tier"),
    attr(Col::SessionId, "anthropic.session.id"),
    attr(Col::Tenant, "anthropic.workspace.id"),
    segment("anthropic.thinking.type"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "anthropic_sdk",
    title: "Anthropic SDK's own spans",
    source: "anthropics/anthropic-sdk-python 2.12",
    signs: &[
        &[Test::Scope("com.anthropic.sdk."), Test::Has("gen_ai.operation.name")],
        &[Test::Has("anthropic.request.id")],
    ],
    spans: SPANS,
    fields: &[FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::AbsentIsFalse,
    rank: 9,
    span_per_attempt: false,
    notes: &[
        "One span a call, with all its retries and the whole stream; the first chunk is counted from \
         its start, failed attempts included.",
        "It carries the HTTP request id.",
        "Tokens of a compaction are counted beside the usage, and not read.",
        "With another instrumentation also on, every call is written twice: this one's figures are kept.",
    ],
};
