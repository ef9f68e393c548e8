//! OpenInference: INTERNAL spans of kind LLM, the first token as an event.

use super::{View, proposed};
use crate::simulate::labels::{Observability, PromptIdentity};
use crate::simulate::span::{Attrs, Span, SpanKind, Status};

/// The call's span.
pub fn call(view: &View<'_>) -> Vec<Span> {
    let mut span = view.span("ChatCompletion", SpanKind::Internal);
    let attrs = &mut span.attrs;
    attrs.text("openinference.span.kind", "LLM");
    attrs.text("llm.system", "openai");
    let stream = if view.outcome.streaming { "\"stream\": true, " } else { "" };
    let model = view.request_model();
    attrs.text(
        "llm.invocation_parameters",
        format!("{{\"model\": \"{model}\", {stream}\"max_tokens\": 4096}}"),
    );
    if view.answered() {
        attrs.text("llm.model_name", view.pool.response_model);
        attrs.int("llm.token_count.prompt", view.input_tokens());
        attrs.int("llm.token_count.completion", view.output_tokens());
        attrs.int("llm.token_count.total", view.input_tokens() + view.output_tokens());
        if let Some(cached) = view.cached_tokens() {
            attrs.int("llm.token_count.prompt_details.cache_read", cached);
        }
        if let Some(written) = view.written_tokens() {
            attrs.int("llm.token_count.prompt_details.cache_write", written);
        }
        span.status = (Status::Ok, "");
    } else {
        attrs.text("llm.model_name", model);
    }
    if matches!(view.level(), Observability::Full | Observability::Typical) {
        proposed::identity(view, attrs);
        match view.visible.prompt {
            PromptIdentity::NameVersion => {
                attrs.text("prompt.id", view.prompt_name());
                attrs.text("llm.prompt_template.version", format!("v{}", view.version()));
            }
            PromptIdentity::Hash => {
                attrs.text("gen_ai.system_instructions.hash", view.prompt_hash());
            }
            PromptIdentity::None => {}
        }
    }
    if let Some(at_ns) = view.first_chunk_ns() {
        span.events.push((at_ns, "First Token Stream Event", Attrs::default()));
    }
    proposed::add(view, &mut span);
    vec![span]
}
