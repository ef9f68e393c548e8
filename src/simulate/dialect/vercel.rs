//! Vercel AI SDK 6: `doStream` and `doGenerate` under a wrapper that repeats the usage.

use super::{View, proposed};
use crate::simulate::labels::{Observability, PromptIdentity};
use crate::simulate::span::{Attrs, Span, SpanKind};

/// The call's span and the wrapper around it.
pub fn call(view: &View<'_>) -> Vec<Span> {
    let (outer, inner) = if view.outcome.streaming {
        ("ai.streamText", "ai.streamText.doStream")
    } else {
        ("ai.generateText", "ai.generateText.doGenerate")
    };
    let mut span = view.span(inner, SpanKind::Internal);
    span.parent_id = view.wrapper_id.clone();
    named(view, inner, &mut span.attrs);
    let attrs = &mut span.attrs;
    let suffix = if view.world.provider.id == "anthropic" { "messages" } else { "chat" };
    let provider = format!("{}.{suffix}", view.world.provider.id);
    attrs.text("ai.model.provider", provider.clone());
    attrs.int("ai.settings.maxRetries", view.service.max_retries);
    attrs.text("gen_ai.system", provider);
    attrs.text("gen_ai.request.model", view.request_model());
    if view.answered() {
        answer(view, attrs);
    }
    if matches!(view.level(), Observability::Full | Observability::Typical) {
        proposed::identity(view, attrs);
        if view.visible.prompt == PromptIdentity::Hash {
            attrs.text("gen_ai.system_instructions.hash", view.prompt_hash());
        }
        if view.visible.prompt == PromptIdentity::NameVersion {
            attrs.text("ai.telemetry.metadata.promptVersion", format!("v{}", view.version()));
        }
    }
    if let (Some(at_ns), Some(ttft_s)) = (view.first_chunk_ns(), view.ttft_s()) {
        let mut of_event = Attrs::default();
        of_event.float("ai.response.msToFirstChunk", ttft_s * 1000.0);
        span.events.push((at_ns, "ai.stream.firstChunk", of_event));
    }
    proposed::add(view, &mut span);
    vec![span, wrapper(view, outer)]
}

fn named(view: &View<'_>, operation: &'static str, attrs: &mut Attrs) {
    attrs.text("operation.name", format!("{operation} {}", view.service.name));
    attrs.text("ai.operationId", operation);
    attrs.text("ai.model.id", view.request_model());
    if view.visible.prompt == PromptIdentity::NameVersion {
        attrs.text("ai.telemetry.functionId", view.prompt_name());
    }
}

fn answer(view: &View<'_>, attrs: &mut Attrs) {
    attrs.text("ai.response.model", view.pool.response_model);
    attrs.text("gen_ai.response.model", view.pool.response_model);
    attrs.text("ai.response.id", view.response_id);
    attrs.text("ai.response.finishReason", "stop");
    usage(view, attrs);
    attrs.int("gen_ai.usage.input_tokens", view.input_tokens());
    attrs.int("gen_ai.usage.output_tokens", view.output_tokens());
    if let Some(cached) = view.cached_tokens() {
        attrs.int("ai.usage.cachedInputTokens", cached);
    }
    if let Some(written) = view.written_tokens() {
        attrs.int("ai.usage.inputTokenDetails.cacheWriteTokens", written);
    }
    if let Some(ttft_s) = view.ttft_s() {
        let whole_s = view.outcome.end_s - view.outcome.start_s;
        attrs.float("ai.response.msToFinish", whole_s * 1000.0);
        let speed = f64::from(view.output_tokens()) / whole_s;
        attrs.float("ai.response.avgOutputTokensPerSecond", speed);
        attrs.float("ai.response.msToFirstChunk", ttft_s * 1000.0);
    }
}

fn usage(view: &View<'_>, attrs: &mut Attrs) {
    attrs.int("ai.usage.inputTokens", view.input_tokens());
    attrs.int("ai.usage.outputTokens", view.output_tokens());
    attrs.int("ai.usage.totalTokens", view.input_tokens() + view.output_tokens());
}

fn wrapper(view: &View<'_>, operation: &'static str) -> Span {
    let mut span = view.span(operation, SpanKind::Internal);
    span.span_id = view.wrapper_id.clone();
    span.start_ns -= 1_500_000;
    span.end_ns += 1_000_000;
    named(view, operation, &mut span.attrs);
    if view.answered() {
        usage(view, &mut span.attrs);
    }
    span
}
