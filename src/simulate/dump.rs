//! From a run to spans: traces with their roots, HTTP attempts, and the noise around LLM calls.

use std::collections::BTreeMap;

use super::case::Case;
use super::dialect::{Dialect, View};
use super::labels::{Observability, PromptIdentity, Visible};
use super::rng::Rng;
use super::scenario::Scenario;
use super::service::Flow;
use super::span::{Attrs, Scope, Span, SpanKind, Status};

/// How a dump is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dump {
    /// Who wrote the spans.
    pub dialect: Dialect,
    /// How much they tell.
    pub observability: Observability,
    /// How they name prompts.
    pub prompt: PromptIdentity,
    /// Whether they name tenants.
    pub tenant: bool,
    /// Whether cache misses carry the provider's reason.
    pub miss_event: bool,
    /// Whether HTTP spans follow the conventions before 1.20.
    pub old_http: bool,
    /// Whether the resource names the cloud region that the service runs in.
    pub cloud_region: bool,
    /// Whether the edge's header is captured.
    pub edge: bool,
}

/// The ids of one call in the dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallIds {
    /// HTTP request id of the last attempt.
    pub request_id: String,
    /// Trace id.
    pub trace_id: String,
    /// Span id of the call.
    pub span_id: String,
}

/// Everything that a dump holds.
#[derive(Debug)]
pub struct Assembled {
    /// Attributes of each resource.
    pub resources: Vec<Attrs>,
    /// Every span, in the order of their ends.
    pub spans: Vec<Span>,
    /// The ids of each call of the run; `None` where it is not in the dump.
    pub ids: Vec<Option<CallIds>>,
    /// The instance that made each call.
    pub pods: Vec<String>,
}

impl Scenario {
    /// A moment in nanoseconds since the epoch.
    #[allow(clippy::cast_possible_truncation, reason = "hours in nanoseconds fit")]
    pub fn at_ns(&self, at_s: f64) -> i64 {
        self.t0_ns + (at_s * 1e9) as i64
    }
}

const APP: Scope = ("acme.app", "1.0");

/// Writes every call of the case down as spans.
pub fn assemble(case: &Case, dump: &Dump) -> Assembled {
    let mut maker = Maker::new(case, dump);
    let mut traces: BTreeMap<(u64, u64), Vec<usize>> = BTreeMap::new();
    for (index, outcome) in case.run.outcomes.iter().enumerate() {
        let Some(outcome) =
            outcome.as_ref().filter(|o| o.start_s >= 0.0 && o.start_s < case.world.data_s())
        else {
            continue;
        };
        let call = &case.run.calls[index];
        let service = &case.world.services[call.service];
        let together = matches!(service.kind.flow, Flow::Agent { .. }) && call.blocks.is_empty();
        let key = if together { (call.session, 0) } else { (call.key, 1) };
        let _ = outcome;
        traces.entry(key).or_default().push(index);
    }
    for ((key, _), calls) in traces {
        maker.trace(key, &calls);
    }
    let Maker { resources, mut spans, ids, pods, .. } = maker;
    spans.sort_by(|a, b| (a.end_ns, &a.span_id).cmp(&(b.end_ns, &b.span_id)));
    Assembled {
        resources: resources.into_iter().map(|(_, attrs)| attrs).collect(),
        spans,
        ids,
        pods,
    }
}

pub(super) struct Maker<'a> {
    case: &'a Case,
    pub(super) dump: &'a Dump,
    visible: Visible,
    resources: Vec<(String, Attrs)>,
    spans: Vec<Span>,
    ids: Vec<Option<CallIds>>,
    pods: Vec<String>,
}

impl<'a> Maker<'a> {
    fn new(case: &'a Case, dump: &'a Dump) -> Self {
        let count = case.run.outcomes.len();
        let visible = dump.dialect.visible(dump.observability, case.world.provider, dump);
        Self {
            case,
            dump,
            visible,
            resources: Vec::new(),
            spans: Vec::new(),
            ids: vec![None; count],
            pods: vec![String::new(); count],
        }
    }

    fn rich(&self) -> bool {
        matches!(self.dump.observability, Observability::Full | Observability::Typical)
    }

    /// One trace: its root, and every call of it with what surrounds it.
    fn trace(&mut self, key: u64, calls: &[usize]) {
        let world = &self.case.world;
        let mut rng = world.stream(&[60, key]);
        let trace_id = rng.hex(32);
        let root_id = rng.hex(16);
        let mut usage = (0, 0);
        let mut span_of = (f64::INFINITY, f64::NEG_INFINITY);
        let mut resource = 0;
        let mut service_at = 0;
        for index in calls {
            let Some(outcome) = &self.case.run.outcomes[*index] else { continue };
            usage.0 += outcome.made.input_tokens;
            usage.1 += outcome.made.output_tokens;
            service_at = self.case.run.calls[*index].service;
            resource = self.resource(*index, service_at, outcome.made.version, &mut rng);
            let from_s = self.before(&trace_id, &root_id, *index, resource, &mut rng);
            self.call(&trace_id, &root_id, *index, resource, &mut rng);
            span_of = (span_of.0.min(from_s), span_of.1.max(outcome.end_s));
        }
        let service = world.services[service_at].name;
        let agent = matches!(world.services[service_at].kind.flow, Flow::Agent { .. });
        if agent {
            self.tools(&trace_id, &root_id, calls, resource, &mut rng);
        }
        let (name, kind, attrs) = self.dump.dialect.root(service, agent, usage);
        self.spans.push(Span {
            trace_id,
            span_id: root_id,
            parent_id: String::new(),
            name: name.into(),
            kind,
            start_ns: world.at_ns(span_of.0 - 0.003),
            end_ns: world.at_ns(span_of.1 + 0.003),
            status: (Status::Unset, ""),
            attrs,
            events: Vec::new(),
            dropped_events: 0,
            scope: APP,
            resource,
        });
    }

    /// The resource of the instance that made a call.
    fn resource(&mut self, index: usize, service_at: usize, version: u32, rng: &mut Rng) -> usize {
        let world = &self.case.world;
        let service = &world.services[service_at];
        let pod = rng.pick(&service.pods).clone();
        self.pods[index].clone_from(&pod);
        let key = format!("{pod} {version}");
        if let Some(at) = self.resources.iter().position(|(have, _)| *have == key) {
            return at;
        }
        let mut attrs = Attrs::default();
        attrs.text("service.name", service.name);
        attrs.text("service.version", format!("1.{}.{version}", service.pods.len()));
        attrs.text("service.instance.id", pod);
        attrs.text("deployment.environment.name", "production");
        let script = self.dump.dialect.javascript();
        attrs.text("telemetry.sdk.language", if script { "nodejs" } else { "python" });
        attrs.text("telemetry.sdk.name", "opentelemetry");
        attrs.text("telemetry.sdk.version", if script { "2.1.0" } else { "1.38.0" });
        if self.dump.cloud_region {
            attrs.text("cloud.region", world.region_name(service.region));
        }
        self.resources.push((key, attrs));
        self.resources.len() - 1
    }

    pub(super) fn plain(
        &self,
        ids: (&str, &str),
        name: &'static str,
        at_s: (f64, f64),
        resource: usize,
        rng: &mut Rng,
    ) -> Span {
        Span {
            trace_id: ids.0.to_owned(),
            span_id: rng.hex(16),
            parent_id: ids.1.to_owned(),
            name: name.into(),
            kind: SpanKind::Internal,
            start_ns: self.case.world.at_ns(at_s.0),
            end_ns: self.case.world.at_ns(at_s.1),
            status: (Status::Unset, ""),
            attrs: Attrs::default(),
            events: Vec::new(),
            dropped_events: 0,
            scope: APP,
            resource,
        }
    }

    /// Embedding and vector search before a retrieval call; returns when the work began.
    fn before(
        &mut self,
        trace_id: &str,
        root_id: &str,
        index: usize,
        resource: usize,
        rng: &mut Rng,
    ) -> f64 {
        let call = &self.case.run.calls[index];
        let Some(outcome) = &self.case.run.outcomes[index] else { return f64::INFINITY };
        let start_s = outcome.start_s;
        if !self.case.world.services[call.service].kind.retrieval {
            return start_s;
        }
        let search_s = rng.lognormal(0.02, 0.5);
        let embed_s = rng.lognormal(0.05, 0.5);
        let tokens = u32::try_from(rng.int(12, 60)).unwrap_or(12);
        let (name, attrs) = self.dump.dialect.embedding(tokens);
        let from_s = start_s - search_s - embed_s - 0.004;
        let ids = (trace_id, root_id);
        let mut embed = self.plain(ids, name, (from_s, from_s + embed_s), resource, rng);
        embed.kind = SpanKind::Client;
        embed.attrs = attrs;
        embed.scope = self.dump.dialect.scope(self.dump.observability);
        let mut search = self.plain(
            ids,
            "vector_search",
            (from_s + embed_s + 0.001, start_s - 0.002),
            resource,
            rng,
        );
        search.attrs.text("db.system.name", "qdrant");
        search.attrs.text("db.operation.name", "search");
        self.spans.extend([embed, search]);
        from_s
    }

    /// Tool runs between the calls of an agent.
    fn tools(
        &mut self,
        trace_id: &str,
        root_id: &str,
        calls: &[usize],
        resource: usize,
        rng: &mut Rng,
    ) {
        const TOOLS: [(&str, &str); 3] = [
            ("execute_tool search_docs", "search_docs"),
            ("execute_tool run_sql", "run_sql"),
            ("execute_tool http_get", "http_get"),
        ];
        let times: Vec<(f64, f64)> = calls
            .iter()
            .filter_map(|index| self.case.run.outcomes[*index].as_ref())
            .map(|outcome| (outcome.start_s, outcome.end_s))
            .collect();
        for pair in times.windows(2) {
            let (from_s, to_s) = (pair[0].1 + 0.002, pair[1].0 - 0.005);
            if to_s <= from_s {
                continue;
            }
            let (name, tool) = *rng.pick(&TOOLS);
            let mut span = self.plain((trace_id, root_id), name, (from_s, to_s), resource, rng);
            match self.dump.dialect {
                Dialect::OpenInference => span.attrs.text("openinference.span.kind", "TOOL"),
                Dialect::OpenLlmetry => span.attrs.text("traceloop.span.kind", "tool"),
                Dialect::Langfuse => span.attrs.text("langfuse.observation.type", "tool"),
                Dialect::Vercel => span.attrs.text("ai.operationId", "ai.toolCall"),
                _ => {
                    span.attrs.text("gen_ai.operation.name", "execute_tool");
                    span.attrs.text("gen_ai.tool.name", tool);
                }
            }
            self.spans.push(span);
        }
    }

    /// The call itself and its HTTP attempts.
    fn call(
        &mut self,
        trace_id: &str,
        root_id: &str,
        index: usize,
        resource: usize,
        rng: &mut Rng,
    ) {
        let case = self.case;
        let world = &case.world;
        let call = &case.run.calls[index];
        let Some(outcome) = &case.run.outcomes[index] else { return };
        let requests: Vec<String> =
            outcome.attempts.iter().map(|_| world.provider.request_id(rng)).collect();
        let request_id = requests.last().cloned().unwrap_or_default();
        let span_id = rng.hex(16);
        let response_id = world.provider.response_id(rng);
        let view = View {
            world,
            dump: self.dump,
            visible: self.visible,
            call,
            outcome,
            service: &world.services[call.service],
            pool: &world.pools[outcome.made.pool],
            trace_id,
            span_id: &span_id,
            parent_id: root_id,
            wrapper_id: rng.hex(16),
            request_id: &request_id,
            response_id: &response_id,
            resource,
        };
        let mut spans = self.dump.dialect.call(&view);
        if self.rich() {
            let parent = if self.dump.dialect.http_is_sibling() { root_id } else { &span_id };
            for (at, request_id) in requests.iter().enumerate() {
                spans.push(self.http(&view, parent, at, request_id, rng));
            }
        }
        self.spans.extend(spans);
        let ids = CallIds { request_id, trace_id: trace_id.to_owned(), span_id };
        self.ids[index] = Some(ids);
    }
}
