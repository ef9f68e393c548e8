//! OpenInference's LangChain instrumentation: chat models among chains, prompts and tools.

use super::table::{Dialect, Field, Streaming, Test, WHOLE_LEARNED, path};
use super::{context, openinference, proposed};
use crate::schema::Col;

/// Where LangChain's serialised answer keeps what the call itself would.
const FIELDS: &[Field] = &[
    path(Col::ResponseId, "output.value", &["llm_output", "id"]),
    path(
        Col::ResponseId,
        "output.value",
        &["generations", "*", "*", "message", "kwargs", "response_metadata", "id"],
    ),
    path(
        Col::ResponseModel,
        "output.value",
        &["generations", "*", "*", "generation_info", "model_name"],
    ),
    path(
        Col::SystemFingerprint,
        "output.value",
        &["generations", "*", "*", "generation_info", "system_fingerprint"],
    ),
    path(Col::SystemFingerprint, "output.value", &["llm_output", "system_fingerprint"]),
    path(
        Col::ServiceTier,
        "output.value",
        &["generations", "*", "*", "generation_info", "service_tier"],
    ),
    path(Col::Provider, "metadata", &["ls_provider"]),
];

/// The table.
pub static DIALECT: Dialect = Dialect {
    id: "openinference_langchain",
    title: "OpenInference (Arize), LangChain",
    source: "Arize-ai/openinference, instrumentation-langchain 0.1.80",
    signs: &[&[
        Test::Scope("openinference.instrumentation.langchain"),
        Test::Has("openinference.span.kind"),
    ]],
    spans: openinference::SPANS,
    fields: &[FIELDS, openinference::FIELDS, proposed::FIELDS, context::FIELDS],
    chunks: &[],
    tokens: WHOLE_LEARNED,
    streaming: Streaming::Said,
    rank: 3,
    span_per_attempt: false,
    notes: &[
        "No first chunk, no inter-token latency; response ids on about a third of the calls.",
        "The HTTP attempt is a root of its own or hangs under the application's span: it is joined \
         by time, and left out where two calls fit.",
        "With the provider's own instrumentation also on, every call is written twice, mostly in \
         different traces.",
        "The cached count is written only by some of its code paths.",
    ],
};
