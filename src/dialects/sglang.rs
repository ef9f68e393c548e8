//! SGLang: one root a request and process, with a span for each stage.

use super::table::{
    Clue, Dialect, Field, Part, SpanRule, Streaming, Test, WHOLE, attr, clue, fixed, rule,
};
use super::{context, proposed, semconv, vllm};
use crate::schema::Col;

const SPANS: &[SpanRule] = &[
    rule(&[Test::Name("prefill_waiting")], Part::Stage),
    rule(&[Test::Has("gen_ai.latency.e2e")], Part::ServerView),
    rule(&[Test::Has("rid")], Part::ServerView),
];

const FIELDS: &[Field] = &[
    fixed(Col::Provider, "sglang"),
    attr(Col::RequestId, "rid"),
    clue(Clue::ServerRequest, "rid"),
    clue(Clue::ServerRequest, "bootstrap_room"),
    attr(Col::SpecAcceptanceRatio, "spec_accept_rate"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "sglang",
    title: "SGLang",
    source: "sgl-project/sglang, request tracing",
    signs: &[
        &[Test::Scope("sglang"), Test::Has("rid")],
        &[Test::Scope("sglang"), Test::Has("gen_ai.latency.e2e")],
        &[Test::Scope("sglang"), Test::Name("prefill_waiting")],
    ],
    spans: SPANS,
    fields: &[vllm::LATENCY, FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 2,
    span_per_attempt: false,
    notes: &[
        "A server view; with split prefill and decode a request has two roots, joined by its id.",
        "Its prefill time includes the queue, so it is not read; the queue is the stage \
         `prefill_waiting`.",
    ],
};
