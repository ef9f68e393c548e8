//! MLflow tracing: JSON-quoted values, usage in one document, an event for each chunk.

use super::table::{
    Clue, Dialect, Field, Part, SpanRule, Streaming, Test, WHOLE, attr, clue_path, event, path,
    rule,
};
use super::{context, proposed, semconv};
use crate::schema::Col;

const TYPE: &str = "mlflow.spanType";
const USAGE: &str = "mlflow.chat.tokenUsage";

const SPANS: &[SpanRule] = &[
    rule(&[Test::Is(TYPE, &["LLM", "CHAT_MODEL"])], Part::Call),
    rule(&[Test::Is(TYPE, &["CHAIN", "AGENT", "WORKFLOW", "TASK"])], Part::Wrapper),
];

const FIELDS: &[Field] = &[
    // The attribute is overwritten with the model that answered.
    path(Col::RequestModel, "mlflow.spanInputs", &["model"]),
    attr(Col::RequestModel, "mlflow.llm.model"),
    attr(Col::Provider, "mlflow.llm.provider"),
    event(Col::TtftS, "mlflow.chunk.item.0"),
    path(Col::InputTokens, USAGE, &["input_tokens"]),
    path(Col::OutputTokens, USAGE, &["output_tokens"]),
    clue_path(Clue::TotalTokens, USAGE, &["total_tokens"]),
    path(Col::CacheReadTokens, USAGE, &["cache_read_input_tokens"]),
    path(Col::CacheWriteTokens, USAGE, &["cache_creation_input_tokens"]),
    path(Col::ResponseId, "mlflow.spanOutputs", &["id"]),
    path(Col::ResponseModel, "mlflow.spanOutputs", &["model"]),
    path(Col::SystemFingerprint, "mlflow.spanOutputs", &["system_fingerprint"]),
    path(Col::ServiceTier, "mlflow.spanOutputs", &["service_tier"]),
    path(Col::Streaming, "mlflow.spanInputs", &["stream"]),
    attr(Col::SessionId, "mlflow.trace.session"),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "mlflow",
    title: "MLflow Tracing",
    source: "mlflow/mlflow, tracing",
    signs: &[&[Test::Has(TYPE)]],
    spans: SPANS,
    fields: &[FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 4,
    span_per_attempt: false,
    notes: &[
        "Every value is JSON text.",
        "The first chunk is the event `mlflow.chunk.item.0`, unless events were dropped.",
        "Input includes the cached part for Anthropic too.",
    ],
};
