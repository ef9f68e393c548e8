//! vLLM: the engine's own view of a request.

use super::table::{Dialect, Field, Part, SpanRule, Streaming, Test, WHOLE, attr, fixed, rule};
use super::{context, proposed, semconv};
use crate::schema::Col;

const SPANS: &[SpanRule] = &[
    rule(&[Test::Name("llm_request")], Part::ServerView),
    rule(&[Test::Has("gen_ai.latency.e2e")], Part::ServerView),
    rule(&[Test::Has("gen_ai.latency.time_to_first_token")], Part::ServerView),
];

/// The engines' timing attributes.
pub(super) const LATENCY: &[Field] = &[
    attr(Col::ServerTtftS, "gen_ai.latency.time_to_first_token"),
    attr(Col::TtftS, "gen_ai.latency.time_to_first_token"),
    attr(Col::ServerProcessingS, "gen_ai.latency.e2e"),
    attr(Col::ServerDecodeS, "gen_ai.latency.time_in_model_decode"),
    attr(Col::RequestId, "gen_ai.request.id"),
];

const FIELDS: &[Field] = &[
    fixed(Col::Provider, "vllm"),
    attr(Col::QueueWaitS, "gen_ai.latency.time_in_queue"),
    attr(Col::PrefillS, "gen_ai.latency.time_in_model_prefill"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "vllm",
    title: "vLLM",
    source: "vllm-project/vllm, tracing of the V1 engine (scope name not verified)",
    signs: &[
        &[Test::Scope("vllm"), Test::Has("gen_ai.latency.e2e")],
        &[Test::Has("gen_ai.latency.time_in_queue")],
    ],
    spans: SPANS,
    fields: &[LATENCY, FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 2,
    span_per_attempt: false,
    notes: &[
        "A server view: under a client's span it lends queue, prefill and decode times; a row of its \
         own only where no client span tells of the call.",
        "Prefill is from scheduling to the first token, without the queue.",
        "No model on the span, and no cached count before late builds.",
    ],
};
