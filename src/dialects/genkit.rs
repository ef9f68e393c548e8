//! Genkit: Firebase's framework, whose own spans carry the answer as a JSON document.

use super::table::{Dialect, Field, Part, SpanRule, Streaming, Test, WHOLE, attr, path, rule};
use super::{context, proposed, semconv};
use crate::schema::Col;

const OUTPUT: &str = "genkit:output";

const SPANS: &[SpanRule] = &[
    rule(&[Test::Is("genkit:metadata:subtype", &["model"])], Part::Call),
    rule(&[Test::Is("genkit:metadata:subtype", &["flow", "util"])], Part::Wrapper),
];

const FIELDS: &[Field] = &[
    attr(Col::RequestModel, "genkit:name"),
    path(Col::InputTokens, OUTPUT, &["usage", "inputTokens"]),
    path(Col::OutputTokens, OUTPUT, &["usage", "outputTokens"]),
    path(Col::ReasoningTokens, OUTPUT, &["usage", "thoughtsTokens"]),
    path(Col::CacheReadTokens, OUTPUT, &["usage", "cachedContentTokens"]),
    path(Col::FinishReason, OUTPUT, &["finishReason"]),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "genkit",
    title: "Genkit",
    source: "firebase/genkit, tracing; reader of Langfuse",
    signs: &[&[Test::Has("genkit:metadata:subtype")]],
    spans: SPANS,
    fields: &[FIELDS, semconv::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 4,
    span_per_attempt: false,
    notes: &[
        "The model's name has its plugin before it (`googleai/gemini-2.0-flash`).",
        "No first chunk; usage only inside the answer's document, of which nothing else is read.",
    ],
};
