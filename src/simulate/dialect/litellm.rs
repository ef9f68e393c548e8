//! LiteLLM's callback: usage on the call, the provider's headers inside a JSON text, a raw copy below.

use super::{View, proposed};
use crate::simulate::labels::{Observability, PromptIdentity};
use crate::simulate::span::{Attrs, Span, SpanKind, Status};

/// The call's span and the raw request below it.
pub fn call(view: &View<'_>) -> Vec<Span> {
    let mut span = view.span("litellm_request", SpanKind::Internal);
    let attrs = &mut span.attrs;
    let rich = matches!(view.level(), Observability::Full | Observability::Typical);
    attrs.text("gen_ai.operation.name", "chat");
    attrs.text("gen_ai.system", view.world.provider.id);
    attrs.text("gen_ai.request.model", view.request_model());
    attrs.text("llm.request.type", "completion");
    attrs.text("llm.is_streaming", if view.outcome.streaming { "True" } else { "False" });
    attrs.text(
        "litellm.provider.model",
        format!("{}/{}", view.world.provider.id, view.request_model()),
    );
    if view.answered() {
        answer(view, rich, attrs);
        span.status = (Status::Ok, "");
    } else if let Some(error) = view.error_type() {
        attrs.text("error.type", error);
    }
    if rich {
        context(view, &mut span.attrs);
    }
    if let Some(ttft_s) = view.ttft_s().filter(|_| view.level() == Observability::Full) {
        span.attrs.float("gen_ai.response.time_to_first_chunk", ttft_s);
    }
    proposed::add(view, &mut span);
    let raw = raw(view);
    vec![span, raw]
}

fn answer(view: &View<'_>, rich: bool, attrs: &mut Attrs) {
    let (input, output) = (view.input_tokens(), view.output_tokens());
    attrs.text("gen_ai.response.model", view.pool.response_model);
    attrs.text("gen_ai.response.id", view.response_id);
    attrs.text("gen_ai.response.finish_reasons", "[\"stop\"]");
    attrs.int("gen_ai.usage.input_tokens", input);
    attrs.int("gen_ai.usage.output_tokens", output);
    attrs.int("gen_ai.usage.total_tokens", input + output);
    if let Some(cached) = view.cached_tokens() {
        if view.level() == Observability::Full {
            attrs.int("gen_ai.usage.cache_read.input_tokens", cached);
        }
        attrs.text(
            "metadata.usage_object",
            format!(
                "{{'completion_tokens': {output}, 'prompt_tokens': {input}, 'total_tokens': {}, 'prompt_tokens_details': {{'audio_tokens': 0, 'cached_tokens': {cached}}}}}",
                input + output
            ),
        );
    }
    if rich {
        let header = view.world.provider.id_header;
        let id = view.request_id;
        attrs.text(
            "hidden_params",
            format!(
                "{{\"model_id\": null, \"api_base\": \"https://{}/v1\", \"additional_headers\": {{\"llm_provider-{header}\": \"{id}\", \"request-id\": \"{id}\"}}, \"litellm_overhead_time_ms\": 4.1}}",
                view.host()
            ),
        );
    }
}

fn context(view: &View<'_>, attrs: &mut Attrs) {
    if view.visible.tenant {
        attrs.text("metadata.user_api_key_team_id", view.tenant());
    }
    proposed::identity(view, attrs);
    match view.visible.prompt {
        PromptIdentity::NameVersion => {
            attrs.text("gen_ai.prompt.name", view.prompt_name());
            attrs.text("gen_ai.prompt.version", format!("v{}", view.version()));
        }
        PromptIdentity::Hash => attrs.text("gen_ai.system_instructions.hash", view.prompt_hash()),
        PromptIdentity::None => {}
    }
}

fn raw(view: &View<'_>) -> Span {
    let mut span = view.span("raw_gen_ai_request", SpanKind::Internal);
    span.parent_id = view.span_id.to_owned();
    span.span_id = view.wrapper_id.clone();
    let provider = view.world.provider.id;
    span.attrs.text(format!("llm.{provider}.model"), view.pool.response_model);
    span.attrs.text(format!("llm.{provider}.id"), view.response_id);
    span
}
