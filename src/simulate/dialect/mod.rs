//! How instrumentations write an LLM call down: one file per dialect.

mod anthropic_sdk;
mod langfuse;
mod litellm;
mod openinference;
mod openllmetry;
mod proposed;
mod semconv;
mod vercel;

use super::client::{Ending, Outcome};
use super::dump::Dump;
use super::labels::{Observability, PromptIdentity, Visible};
use super::provider::Provider;
use super::scenario::{PoolSpec, Scenario, ServiceSpec};
use super::span::{Attrs, Scope, Span, SpanKind, Status};
use super::traffic::Call;

/// A dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// OpenTelemetry's GenAI conventions as of 2026.
    Semconv,
    /// Their generation before 1.37.
    SemconvOld,
    /// OpenLLMetry (Traceloop).
    OpenLlmetry,
    /// OpenInference (Arize).
    OpenInference,
    /// Vercel AI SDK 6.
    Vercel,
    /// Langfuse's SDK.
    Langfuse,
    /// The spans of Anthropic's own SDK.
    AnthropicSdk,
    /// LiteLLM's OpenTelemetry callback.
    LiteLlm,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 8] = [
        Self::Semconv,
        Self::SemconvOld,
        Self::OpenLlmetry,
        Self::OpenInference,
        Self::Vercel,
        Self::Langfuse,
        Self::AnthropicSdk,
        Self::LiteLlm,
    ];

    /// Its id.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Semconv => "semconv",
            Self::SemconvOld => "semconv_old",
            Self::OpenLlmetry => "openllmetry",
            Self::OpenInference => "openinference",
            Self::Vercel => "vercel",
            Self::Langfuse => "langfuse",
            Self::AnthropicSdk => "anthropic_sdk",
            Self::LiteLlm => "litellm",
        }
    }

    /// Providers whose calls it can write; empty for all.
    pub fn providers(self) -> Vec<&'static str> {
        match self {
            Self::AnthropicSdk => vec!["anthropic"],
            Self::OpenLlmetry | Self::OpenInference => {
                vec!["openai", "azure", "bedrock", "vertex", "vllm"]
            }
            Self::LiteLlm => vec!["openai", "anthropic", "azure"],
            _ => Vec::new(),
        }
    }

    /// Whether it is a JavaScript library.
    pub fn javascript(self) -> bool {
        self == Self::Vercel
    }

    /// Whether the HTTP span is a sibling of the call's span rather than its child.
    pub fn http_is_sibling(self) -> bool {
        matches!(self, Self::Langfuse | Self::LiteLlm)
    }

    /// What a dump in this dialect lets its reader see.
    pub fn visible(self, level: Observability, provider: &Provider, dump: &Dump) -> Visible {
        let full = level == Observability::Full;
        let rich = full || level == Observability::Typical;
        let tokens = level != Observability::DurationTokens;
        let fingerprint =
            provider.fingerprint && rich && matches!(self, Self::Semconv | Self::OpenLlmetry);
        Visible {
            ttft: tokens && (full || self != Self::LiteLlm),
            cached: tokens && (full || self != Self::LiteLlm),
            region: full || (rich && (provider.region_in_host() || provider.region_header)),
            pool: full || fingerprint,
            acceptance: full,
            server: full,
            attempts: rich,
            miss_reason: full && dump.miss_event,
            prompt: if rich { dump.prompt } else { PromptIdentity::None },
            tenant: rich && dump.tenant,
        }
    }

    /// The scope of its spans.
    pub fn scope(self, level: Observability) -> Scope {
        match self {
            Self::Semconv if level == Observability::Full => {
                ("opentelemetry.instrumentation.genai.openai", "1.3b0")
            }
            Self::Semconv => ("opentelemetry.util.genai.handler", "0.4b0"),
            Self::SemconvOld => ("opentelemetry.instrumentation.openai_v2", "2.1b0"),
            Self::OpenLlmetry => ("opentelemetry.instrumentation.openai.v1", "0.62.4"),
            Self::OpenInference => ("openinference.instrumentation.openai", "0.1.66"),
            Self::Vercel => ("ai", ""),
            Self::Langfuse => ("langfuse-sdk", "5.0.4"),
            Self::AnthropicSdk => ("com.anthropic.sdk.python", "2.12.0"),
            Self::LiteLlm => ("litellm", ""),
        }
    }

    /// The spans of a call: the call itself first, then what wraps or repeats it.
    pub(super) fn call(self, view: &View<'_>) -> Vec<Span> {
        match self {
            Self::Semconv => semconv::call(view, semconv::Generation::Current),
            Self::SemconvOld => semconv::call(view, semconv::Generation::Old),
            Self::OpenLlmetry => openllmetry::call(view),
            Self::OpenInference => openinference::call(view),
            Self::Vercel => vercel::call(view),
            Self::Langfuse => langfuse::call(view),
            Self::AnthropicSdk => anthropic_sdk::call(view),
            Self::LiteLlm => litellm::call(view),
        }
    }

    /// The root span's name, kind and attributes for a service, and for an agent run.
    pub(super) fn root(
        self,
        service: &str,
        agent: bool,
        usage: (u32, u32),
    ) -> (String, SpanKind, Attrs) {
        let mut attrs = Attrs::default();
        match (self, agent) {
            (Self::OpenInference, _) => {
                attrs.text("openinference.span.kind", if agent { "AGENT" } else { "CHAIN" });
                attrs.int("llm.token_count.prompt", usage.0);
                attrs.int("llm.token_count.completion", usage.1);
                return (
                    if agent { "Agent.run" } else { "RunnableSequence" }.to_owned(),
                    SpanKind::Internal,
                    attrs,
                );
            }
            (Self::OpenLlmetry, _) => {
                let kind = if agent { "agent" } else { "workflow" };
                attrs.text("traceloop.span.kind", kind);
                attrs.text("traceloop.workflow.name", service);
                attrs.text("traceloop.entity.name", service);
                return (format!("{service}.{kind}"), SpanKind::Internal, attrs);
            }
            (Self::Langfuse, _) => {
                attrs.text("langfuse.observation.type", if agent { "agent" } else { "span" });
                attrs.text("langfuse.trace.name", service);
                return (format!("{service}-handler"), SpanKind::Internal, attrs);
            }
            (Self::Semconv | Self::SemconvOld, true) => {
                attrs.text("gen_ai.operation.name", "invoke_agent");
                attrs.text("gen_ai.agent.name", service);
                let (input, output) = if self == Self::Semconv {
                    ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens")
                } else {
                    ("gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens")
                };
                attrs.int(input, usage.0);
                attrs.int(output, usage.1);
                return (format!("invoke_agent {service}"), SpanKind::Internal, attrs);
            }
            _ => {}
        }
        attrs.text("http.request.method", "POST");
        attrs.text("http.route", format!("/v1/{service}"));
        attrs.int("http.response.status_code", 200);
        (format!("POST /v1/{service}"), SpanKind::Server, attrs)
    }

    /// The embeddings span's name and attributes.
    pub(super) fn embedding(self, input_tokens: u32) -> (&'static str, Attrs) {
        const MODEL: &str = "text-embedding-3-small";
        let mut attrs = Attrs::default();
        match self {
            Self::OpenInference => {
                attrs.text("openinference.span.kind", "EMBEDDING");
                attrs.text("embedding.model_name", MODEL);
                attrs.int("llm.token_count.prompt", input_tokens);
                ("CreateEmbeddings", attrs)
            }
            Self::Vercel => {
                attrs.text("ai.operationId", "ai.embed.doEmbed");
                attrs.text("operation.name", "ai.embed.doEmbed");
                attrs.text("ai.model.id", MODEL);
                attrs.int("ai.usage.tokens", input_tokens);
                ("ai.embed.doEmbed", attrs)
            }
            Self::Langfuse => {
                attrs.text("langfuse.observation.type", "embedding");
                attrs.text("langfuse.observation.model.name", MODEL);
                attrs.text(
                    "langfuse.observation.usage_details",
                    format!("{{\"input\": {input_tokens}}}"),
                );
                ("OpenAI-embedding", attrs)
            }
            Self::LiteLlm => {
                attrs.text("gen_ai.operation.name", "embedding");
                attrs.text("gen_ai.request.model", MODEL);
                attrs.text("llm.request.type", "embedding");
                attrs.int("gen_ai.usage.input_tokens", input_tokens);
                ("litellm_request", attrs)
            }
            _ => {
                attrs.text("gen_ai.operation.name", "embeddings");
                attrs.text("gen_ai.request.model", MODEL);
                attrs.int("gen_ai.usage.input_tokens", input_tokens);
                ("embeddings text-embedding-3-small", attrs)
            }
        }
    }
}

/// One call and all that its spans may say.
pub(super) struct View<'a> {
    pub world: &'a Scenario,
    pub dump: &'a Dump,
    pub visible: Visible,
    pub call: &'a Call,
    pub outcome: &'a Outcome,
    pub service: &'a ServiceSpec,
    pub pool: &'a PoolSpec,
    pub trace_id: &'a str,
    pub span_id: &'a str,
    pub parent_id: &'a str,
    pub wrapper_id: String,
    pub request_id: &'a str,
    pub response_id: &'a str,
    pub resource: usize,
}

impl View<'_> {
    /// A moment of the simulation in nanoseconds since the epoch.
    pub fn at_ns(&self, at_s: f64) -> i64 {
        self.world.at_ns(at_s)
    }

    pub fn level(&self) -> Observability {
        self.dump.observability
    }

    pub fn request_model(&self) -> &'static str {
        self.world.offer(self.outcome.made.model).request
    }

    pub fn prompt_name(&self) -> String {
        let task = &self.service.kind.tasks[self.outcome.made.task];
        format!("{}.{}", task.prompt, self.call.service)
    }

    pub fn version(&self) -> u32 {
        self.outcome.made.version
    }

    pub fn prompt_hash(&self) -> String {
        format!("{:016x}", self.outcome.made.prompt_hash)
    }

    pub fn tenant(&self) -> String {
        format!("t-{:04}", self.outcome.made.tenant)
    }

    pub fn host(&self) -> String {
        self.world.provider.host_in(self.world.region_name(self.outcome.made.region))
    }

    pub fn answered(&self) -> bool {
        self.outcome.ending == Ending::Ok
    }

    pub fn input_tokens(&self) -> u32 {
        self.outcome.made.input_tokens
    }

    pub fn output_tokens(&self) -> u32 {
        self.outcome.made.output_tokens
    }

    /// Prompt tokens read from the cache; `None` where the dump does not tell.
    pub fn cached_tokens(&self) -> Option<u32> {
        let served = self.outcome.served.as_ref()?;
        (self.level() != Observability::DurationTokens).then_some(served.cached_tokens)
    }

    /// Prompt tokens written to the cache, for providers that tell.
    pub fn written_tokens(&self) -> Option<u32> {
        let cached = self.cached_tokens()?;
        let provider = self.world.provider;
        let stable = self.outcome.made.stable_tokens;
        let written =
            if stable < provider.cache_min_tokens { 0 } else { stable.saturating_sub(cached) };
        provider.cache_writes.then_some(written)
    }

    /// Seconds to the first chunk, where it streamed and the dump tells.
    pub fn ttft_s(&self) -> Option<f64> {
        self.outcome.ttft_s.filter(|_| self.visible.ttft)
    }

    pub fn first_chunk_ns(&self) -> Option<i64> {
        self.ttft_s().map(|ttft_s| self.at_ns(self.outcome.start_s + ttft_s))
    }

    /// `error.type` of a call that failed.
    pub fn error_type(&self) -> Option<&'static str> {
        match self.outcome.ending {
            Ending::Ok => None,
            Ending::Timeout => Some("APITimeoutError"),
            Ending::Refused(429) => Some("RateLimitError"),
            Ending::Refused(_) => Some("InternalServerError"),
        }
    }

    /// The call's span, still without attributes.
    pub fn span(&self, name: impl Into<std::borrow::Cow<'static, str>>, kind: SpanKind) -> Span {
        let failed = self.error_type();
        Span {
            trace_id: self.trace_id.to_owned(),
            span_id: self.span_id.to_owned(),
            parent_id: self.parent_id.to_owned(),
            name: name.into(),
            kind,
            start_ns: self.at_ns(self.outcome.start_s),
            end_ns: self.at_ns(self.outcome.end_s),
            status: failed.map_or((Status::Unset, ""), |error| (Status::Error, error)),
            attrs: Attrs::default(),
            events: Vec::new(),
            dropped_events: 0,
            scope: self.dump.dialect.scope(self.level()),
            resource: self.resource,
        }
    }
}
