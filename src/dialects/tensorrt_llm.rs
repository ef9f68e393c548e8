//! TensorRT-LLM: the engine's own view of a request, in vLLM's words.

use super::table::{Dialect, Field, Part, SpanRule, Streaming, Test, WHOLE, attr, fixed, rule};
use super::{context, proposed, semconv, vllm};
use crate::schema::Col;

const SPANS: &[SpanRule] = &[
    rule(&[Test::Name("llm_request")], Part::ServerView),
    rule(&[Test::Has("gen_ai.latency.e2e")], Part::ServerView),
    rule(&[Test::Has("gen_ai.latency.time_to_first_token")], Part::ServerView),
];

const FIELDS: &[Field] =
    &[fixed(Col::Provider, "tensorrt_llm"), attr(Col::QueueWaitS, "gen_ai.latency.time_in_queue")];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "tensorrt_llm",
    title: "TensorRT-LLM",
    source: "NVIDIA/TensorRT-LLM, llmapi/otel_tracing.py; span name not verified",
    signs: &[
        &[Test::Scope("trt.llm"), Test::Has("gen_ai.latency.e2e")],
        &[Test::Scope("trt.llm"), Test::Has("gen_ai.latency.time_to_first_token")],
    ],
    spans: SPANS,
    fields: &[vllm::LATENCY, FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 2,
    span_per_attempt: false,
    notes: &[
        "A server view, told from vLLM by the scope `trt.llm` alone; it reports no prefill time.",
    ],
};
