//! llm-d: the scheduler before a pool of engines, and the proxy that splits prefill and decode.

use super::table::{Dialect, Field, Part, SpanRule, Streaming, Test, WHOLE, attr, rule};
use super::{context, proposed, semconv};
use crate::schema::Col;

const SPANS: &[SpanRule] = &[
    rule(&[Test::Name("gateway.request_orchestration")], Part::Other),
    rule(&[Test::Name("gateway.request")], Part::ServerView),
    rule(&[Test::Name("llm_d.pd_proxy.request")], Part::ServerView),
];

const FIELDS: &[Field] = &[
    attr(Col::ServerTtftS, "llm_d.pd_proxy.true_ttft_ms").ms(),
    attr(Col::TtftS, "llm_d.pd_proxy.true_ttft_ms").ms(),
    attr(Col::ServerProcessingS, "llm_d.pd_proxy.total_duration_ms").ms(),
    attr(Col::PrefillS, "llm_d.pd_proxy.prefill_duration_ms").ms(),
    attr(Col::ServerDecodeS, "llm_d.pd_proxy.decode_duration_ms").ms(),
    attr(Col::PoolId, "llm_d.pd_proxy.decode.target"),
    attr(Col::RequestId, "llm_d.pd_proxy.request_id"),
    attr(Col::RequestId, "gen_ai.request.id"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "llm_d",
    title: "llm-d",
    source: "llm-d/llm-d-inference-scheduler",
    signs: &[
        &[Test::Has("llm_d.pd_proxy.request_id")],
        &[Test::Has("llm_d.pd_proxy.total_duration_ms")],
        &[Test::Scope("llm-d-inference-scheduler"), Test::Name("gateway.request")],
    ],
    spans: SPANS,
    fields: &[FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 2,
    span_per_attempt: false,
    notes: &["A server view around the engine's own; the decode target is the pool."],
};
