//! Langfuse: generations whose usage is a JSON text and whose first token is a quoted time.

use super::{View, proposed};
use crate::simulate::labels::{Observability, PromptIdentity};
use crate::simulate::span::{Attrs, Span, SpanKind};

/// The call's span.
pub fn call(view: &View<'_>) -> Vec<Span> {
    let mut span = view.span("OpenAI-generation", SpanKind::Internal);
    let attrs = &mut span.attrs;
    attrs.text("langfuse.observation.type", "generation");
    attrs.text("langfuse.environment", "production");
    attrs.text("langfuse.release", format!("v1.{}", view.version()));
    let model = if view.answered() { view.pool.response_model } else { view.request_model() };
    attrs.text("langfuse.observation.model.name", model);
    attrs.text(
        "langfuse.observation.model.parameters",
        "{\"max_tokens\": 4096, \"temperature\": 0.2}",
    );
    if view.answered() {
        attrs.text("langfuse.observation.usage_details", usage(view));
    } else {
        attrs.text("langfuse.observation.level", "ERROR");
        if let Some(error) = view.error_type() {
            attrs.text("langfuse.observation.status_message", error);
        }
    }
    if let Some(at_ns) = view.first_chunk_ns() {
        let time = chrono::DateTime::from_timestamp_nanos(at_ns);
        let text = time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        attrs.text("langfuse.observation.completion_start_time", format!("\"{text}\""));
    }
    if matches!(view.level(), Observability::Full | Observability::Typical) {
        context(view, attrs);
    }
    proposed::add(view, &mut span);
    vec![span]
}

fn usage(view: &View<'_>) -> String {
    let (input, output) = (view.input_tokens(), view.output_tokens());
    let details = view.cached_tokens().map_or_else(String::new, |cached| {
        format!(", \"prompt_tokens_details\": {{\"audio_tokens\": 0, \"cached_tokens\": {cached}}}")
    });
    let total = input + output;
    format!(
        "{{\"completion_tokens\": {output}, \"prompt_tokens\": {input}, \"total_tokens\": {total}{details}}}"
    )
}

fn context(view: &View<'_>, attrs: &mut Attrs) {
    proposed::identity(view, attrs);
    if view.visible.tenant {
        attrs.text("user.id", view.tenant());
    }
    match view.visible.prompt {
        PromptIdentity::NameVersion => {
            attrs.text("langfuse.observation.prompt.name", view.prompt_name());
            attrs.int("langfuse.observation.prompt.version", view.version());
        }
        PromptIdentity::Hash => attrs.text("gen_ai.system_instructions.hash", view.prompt_hash()),
        PromptIdentity::None => {}
    }
}
