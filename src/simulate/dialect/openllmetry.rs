//! OpenLLMetry: one event per chunk, of which the SDK keeps the last 128.

use super::{View, proposed};
use crate::simulate::labels::{Observability, PromptIdentity};
use crate::simulate::span::{Attrs, Span, SpanKind, Status};

/// The call's span.
pub fn call(view: &View<'_>) -> Vec<Span> {
    let mut span = view.span("openai.chat", SpanKind::Client);
    let attrs = &mut span.attrs;
    attrs.text("gen_ai.operation.name", "chat");
    attrs.text("gen_ai.provider.name", view.world.provider.name);
    attrs.text("gen_ai.request.model", view.request_model());
    attrs.flag("gen_ai.is_streaming", view.outcome.streaming);
    attrs.text("traceloop.workflow.name", view.service.name);
    let rich = matches!(view.level(), Observability::Full | Observability::Typical);
    if rich {
        attrs.text("gen_ai.openai.api_base", format!("https://{}/v1/", view.host()));
    }
    if view.answered() {
        answer(view, rich, attrs);
        span.status = (Status::Ok, "");
    }
    if rich {
        context(view, &mut span.attrs);
    }
    if view.visible.ttft && view.answered() {
        chunks(view, &mut span);
    }
    proposed::add(view, &mut span);
    vec![span]
}

fn answer(view: &View<'_>, rich: bool, attrs: &mut Attrs) {
    attrs.text("gen_ai.response.model", view.pool.response_model);
    attrs.text("gen_ai.response.id", view.response_id);
    attrs.list("gen_ai.response.finish_reasons", "stop");
    attrs.int("gen_ai.usage.input_tokens", view.input_tokens());
    attrs.int("gen_ai.usage.output_tokens", view.output_tokens());
    attrs.int("gen_ai.usage.total_tokens", view.input_tokens() + view.output_tokens());
    if let Some(cached) = view.cached_tokens() {
        attrs.int("gen_ai.usage.cache_read.input_tokens", cached);
    }
    if rich && view.world.provider.fingerprint {
        attrs.text("gen_ai.openai.response.system_fingerprint", view.pool.fingerprint.clone());
    }
}

fn context(view: &View<'_>, attrs: &mut Attrs) {
    proposed::identity(view, attrs);
    match view.visible.prompt {
        PromptIdentity::NameVersion => {
            attrs.text("traceloop.prompt.key", view.prompt_name());
            attrs.int("traceloop.prompt.version", view.version());
        }
        PromptIdentity::Hash => attrs.text("gen_ai.system_instructions.hash", view.prompt_hash()),
        PromptIdentity::None => {}
    }
}

/// The chunk events, oldest dropped first; with full observability they are too many to be asked
/// for where the proposed attributes already tell.
fn chunks(view: &View<'_>, span: &mut Span) {
    let kept = &view.outcome.chunk_times;
    let all = usize::try_from(view.outcome.chunks).unwrap_or(usize::MAX);
    span.dropped_events = u32::try_from(all.saturating_sub(kept.len())).unwrap_or(0);
    for at_s in kept {
        let event = (view.at_ns(*at_s), "gen_ai.content.completion.chunk", Attrs::default());
        span.events.push(event);
    }
    if view.level() == Observability::Full
        && let Some(ttft_s) = view.ttft_s()
    {
        span.attrs.float("gen_ai.response.time_to_first_chunk", ttft_s);
    }
}
