//! LiveKit Agents: the model's turn inside a voice pipeline.

use super::table::{
    Clue, Dialect, Field, From, Part, SpanRule, Streaming, Test, To, Unit, WHOLE, attr, path, rule,
};
use super::{context, proposed, semconv};
use crate::schema::Col;

const METRICS: &str = "lk.llm_metrics";

const SPANS: &[SpanRule] = &[
    rule(&[Test::Name("llm_request_run")], Part::Other),
    rule(&[Test::Name("llm_request")], Part::Call),
    rule(&[Test::Name("llm_node")], Part::Wrapper),
    rule(&[Test::Name("agent_turn")], Part::Wrapper),
];

const FIELDS: &[Field] = &[
    path(Col::Provider, METRICS, &["metadata", "model_provider"]),
    path(Col::RequestModel, METRICS, &["metadata", "model_name"]),
    path(Col::TtftS, METRICS, &["ttft"]),
    path(Col::InputTokens, METRICS, &["prompt_tokens"]),
    path(Col::CacheReadTokens, METRICS, &["prompt_cached_tokens"]),
    path(Col::OutputTokens, METRICS, &["completion_tokens"]),
    path(Col::ResponseId, METRICS, &["request_id"]),
    Field {
        to: To::Clue(Clue::TotalTokens),
        from: From::Path(METRICS, &["total_tokens"]),
        unit: Unit::Plain,
    },
    attr(Col::InputTokens, "gen_ai.usage.input_tokens"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "livekit",
    title: "LiveKit Agents",
    source: "livekit/agents, telemetry/trace_types.py and metrics",
    signs: &[
        &[Test::Has("lk.llm_metrics")],
        &[Test::Scope("livekit-agents"), Test::Has("gen_ai.request.model")],
    ],
    spans: SPANS,
    fields: &[FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::TtftTells,
    rank: 5,
    span_per_attempt: false,
    notes: &[
        "Figures stand in the JSON text `lk.llm_metrics`; the answer always streams.",
        "The `request_id` is the response id of the body.",
    ],
};
