//! The attributes that the field lacks and llmspan proposes, for dumps of full observability.

use super::View;
use crate::simulate::labels::Observability;
use crate::simulate::span::{Attrs, Span};

fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

/// Adds every proposed attribute and the cache-miss event.
pub fn add(view: &View<'_>, span: &mut Span) {
    if view.level() != Observability::Full {
        return;
    }
    let outcome = view.outcome;
    let Some(served) = &outcome.served else { return };
    let attrs = &mut span.attrs;
    if let Some(ttft_s) = outcome.ttft_s {
        let decode_s = outcome.end_s - outcome.start_s - ttft_s;
        attrs.float("gen_ai.response.decode_duration", rounded(decode_s, 9));
    }
    if let Some([p50, p95, p99]) = outcome.gaps {
        attrs.float("gen_ai.response.inter_token_latency.p50", rounded(p50, 9));
        attrs.float("gen_ai.response.inter_token_latency.p95", rounded(p95, 9));
        attrs.float("gen_ai.response.inter_token_latency.p99", rounded(p99, 9));
    }
    let ratio = f64::from(served.cached_tokens) / f64::from(view.input_tokens().max(1));
    attrs.float("gen_ai.usage.cache_hit_ratio", rounded(ratio, 4));
    attrs.int("gen_ai.server.batch_size", served.batch);
    attrs.int("gen_ai.server.batch_position", served.position);
    attrs.float("gen_ai.server.queue_wait_ms", rounded(served.queue_s * 1000.0, 3));
    attrs.int("gen_ai.server.running_requests", served.running);
    attrs.int("gen_ai.server.waiting_requests", served.waiting);
    if served.proposed > 0 {
        let acceptance = f64::from(served.accepted) / f64::from(served.proposed);
        attrs.int("gen_ai.speculative.accepted_tokens", served.accepted);
        attrs.int("gen_ai.speculative.proposed_tokens", served.proposed);
        attrs.float("gen_ai.speculative.acceptance_rate", rounded(acceptance, 4));
    }
    attrs.text("gen_ai.provider.request_id", view.request_id);
    attrs.text("gen_ai.provider.region", view.world.region_name(outcome.made.region));
    attrs.text("gen_ai.provider.pool_id", view.pool.id.clone());
    if let Some(reason) = served.miss.filter(|_| view.visible.miss_reason) {
        let mut of_event = Attrs::default();
        of_event.text("reason", reason);
        let at_ns = view.at_ns(outcome.start_s + 0.4 * outcome.ttft_s.unwrap_or(0.05));
        span.events.insert(0, (at_ns, "cache_miss", of_event));
    }
}

/// Adds tenant and session under the names that services use of their own accord.
pub fn identity(view: &View<'_>, attrs: &mut Attrs) {
    if view.visible.tenant {
        attrs.text("tenant.id", view.tenant());
    }
}
