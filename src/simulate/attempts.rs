//! The HTTP spans of a call: one for each attempt, with the headers that instrumentation captures.

use super::dialect::View;
use super::dump::Maker;
use super::provider::edge_near;
use super::rng::Rng;
use super::span::{Attrs, Span, SpanKind, Status};

impl Maker<'_> {
    /// The span of an attempt.
    pub(super) fn http(
        &self,
        view: &View<'_>,
        parent: &str,
        at: usize,
        request_id: &str,
        rng: &mut Rng,
    ) -> Span {
        let attempt = &view.outcome.attempts[at];
        let script = self.dump.dialect.javascript();
        let to_body = script && attempt.status == Some(200);
        let end_s = if to_body { view.outcome.end_s - 0.0005 } else { attempt.end_s };
        let ids = (view.trace_id, parent);
        let mut span = self.plain(ids, "POST", (attempt.start_s, end_s), view.resource, rng);
        span.kind = SpanKind::Client;
        span.scope = if script {
            ("@opentelemetry/instrumentation-undici", "0.33.0")
        } else {
            ("opentelemetry.instrumentation.httpx", "0.59b0")
        };
        let host = view.host();
        let url = format!("https://{host}{}", view.world.provider.path);
        let old = self.dump.old_http && !script;
        let attrs = &mut span.attrs;
        if old {
            attrs.text("http.method", "POST");
            attrs.text("http.url", url);
        } else {
            attrs.text("http.request.method", "POST");
            attrs.text("server.address", host);
            attrs.int("server.port", 443);
            attrs.text("url.full", url);
        }
        if let Some(status) = attempt.status {
            attrs.int(if old { "http.status_code" } else { "http.response.status_code" }, status);
            self.headers(view, at, request_id, attrs, rng);
            if status >= 400 {
                span.status = (Status::Error, "");
                if !old {
                    span.attrs.text("error.type", status.to_string());
                }
            }
        } else {
            span.status = (Status::Error, "ReadTimeout");
            span.attrs.text("error.type", "ReadTimeout");
        }
        span
    }

    /// The captured response headers of an attempt.
    fn headers(
        &self,
        view: &View<'_>,
        at: usize,
        request_id: &str,
        attrs: &mut Attrs,
        rng: &mut Rng,
    ) {
        let attempt = &view.outcome.attempts[at];
        let provider = view.world.provider;
        let script = self.dump.dialect.javascript();
        let mut header = |name: &str, value: String| {
            let name = if script { name.to_owned() } else { name.replace('-', "_") };
            attrs.list(format!("http.response.header.{name}"), value);
        };
        header(provider.id_header, request_id.to_owned());
        if provider.processing_header && attempt.status == Some(200) {
            let served = view.outcome.served.as_ref();
            let server_s = served.map_or(0.01, |served| {
                let body_s = if view.outcome.streaming { 0.0 } else { served.decode_s };
                served.queue_s + served.prefill_s + body_s
            });
            header("openai-processing-ms", format!("{:.0}", server_s * 1000.0));
        }
        if provider.region_header {
            header("x-ms-region", azure_region(view.world.region_name(view.outcome.made.region)));
        }
        if provider.edge_header && self.dump.edge {
            let home = view.world.region_name(view.service.region);
            let edge = if view.outcome.made.other_edge { "EWR" } else { edge_near(home) };
            header("cf-ray", format!("{}-{edge}", rng.hex(16)));
        }
        if let Some(retry_s) = attempt.retry_after_s {
            header("retry-after", format!("{retry_s:.0}"));
        }
    }
}

/// A region as Azure's header spells it.
fn azure_region(region: &str) -> String {
    match region {
        "eastus2" => "East US 2",
        "westus3" => "West US 3",
        "swedencentral" => "Sweden Central",
        "southeastasia" => "Southeast Asia",
        other => other,
    }
    .to_owned()
}
