//! Simulated deployments whose truth at a multiple of their traffic is known, because the
//! simulator is run there: the proof of `llmspan capacity`.

#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

pub mod proof;
pub mod scraped;
pub mod supposed;

use llmspan::calls::{Call, CallTable, Cell};
use llmspan::schema::Col;
use llmspan::simulate::client::{Ending, Outcome};
use llmspan::simulate::engine::cost::{A100, H100, H200};
use llmspan::simulate::engine::speculation::tokens_per_step;
use llmspan::simulate::engine::{
    CacheSpec, EngineSpec, Ledger, ModelShape, Scheduler, StepCost, StepWork,
};
use llmspan::simulate::provider::Provider;
use llmspan::simulate::rng::Rng;
use llmspan::simulate::scenario::{PoolSpec, Role, Scenario, ServiceSpec, Setup};
use llmspan::simulate::service::{Flow, KINDS, Kind};
use llmspan::simulate::truth::latency;
use llmspan::simulate::world::run;

/// A deployment that its callers own, or an API that they share.
pub struct Deployed {
    pub world: Scenario,
    /// Share of its throughput that the recorded traffic takes.
    pub load: f64,
    /// Which of a server's own figures its spans carry.
    pub server_visible: bool,
    pub cache_visible: bool,
    pub session_visible: bool,
}

/// What a run of it took.
pub struct Ran {
    pub outcomes: Vec<(usize, u64, Outcome)>,
    pub ledger: Ledger,
    pub start_ns: i64,
    pub names: Vec<&'static str>,
}

fn setup(seed: u64, calls: u32, providers: Vec<&'static str>) -> Setup {
    Setup { seed, effects: Vec::new(), window_calls: calls, providers, trace: None }
}

fn engine(rng: &mut Rng) -> (EngineSpec, &'static str) {
    let hardware = *rng.pick(&[A100, H100, H100, H200]);
    let shape = ModelShape::dense(*rng.pick(&[8.0, 14.0, 20.0, 32.0, 70.0]));
    let exact = StepCost::of(&shape, &hardware);
    let mut off = |seconds: f64| seconds * rng.lognormal(1.0, 0.2);
    let cost = StepCost {
        base_s: off(exact.base_s),
        weights_s: off(exact.weights_s),
        token_s: off(exact.token_s),
        pair_s: off(exact.pair_s),
        kv_s: off(exact.kv_s),
        sequence_s: off(exact.sequence_s),
    };
    let scheduler = *rng.pick(&[
        Scheduler::PrefillFirst { max_tokens: 8192 },
        Scheduler::PrefillFirst { max_tokens: 16_384 },
        Scheduler::Chunked { budget: 512 },
        Scheduler::Chunked { budget: 1024 },
        Scheduler::Chunked { budget: 2048 },
        Scheduler::Chunked { budget: 2048 },
    ]);
    let draft_tokens = if rng.chance(0.3) { *rng.pick(&[3, 4, 5]) } else { 0 };
    let full = shape.kv_capacity_tokens(&hardware);
    let kv_tokens = if rng.chance(0.25) { rng.range(50_000.0, 150_000.0).min(full) } else { full };
    let spec = EngineSpec {
        cost,
        scheduler,
        kv_tokens,
        max_sequences: *rng.pick(&[12, 16, 24, 32, 48, 64, 96, 128]),
        cache: CacheSpec {
            capacity_tokens: *rng.pick(&[3e5, 1e6, 4e6]),
            ttl_s: 1e9,
            min_tokens: 16,
            granularity_tokens: 16,
        },
        draft_tokens,
    };
    (spec, hardware.id)
}

fn mean((median, sigma): (f64, f64)) -> f64 {
    median * (sigma * sigma / 2.0_f64).exp()
}

/// Replica seconds that a call of a kind takes at a full batch.
fn cost_of(kind: &Kind, system: f64, spec: &EngineSpec) -> f64 {
    let cached = if spec.cache.capacity_tokens > 5e5 { 0.9 } else { 0.6 };
    let turns = match kind.flow {
        Flow::Single => 0.0,
        Flow::Chat { turns, .. } => turns - 1.0,
        Flow::Agent { steps } => steps - 1.0,
    };
    let scale: f64 = kind.tasks.iter().map(|task| task.share * task.prompt_scale).sum();
    let longer: f64 = kind.tasks.iter().map(|task| task.share * task.output_scale).sum();
    let output = mean(kind.output_tokens) * longer;
    let history = turns * (mean(kind.own_tokens) + output);
    let prompt = mean(kind.own_tokens) * scale + (1.0 - cached) * (history + system);
    let context = mean(kind.own_tokens) * scale + history + system + output / 2.0;
    let acceptance = kind.tasks[0].acceptance;
    let steps = output / tokens_per_step(acceptance, spec.draft_tokens);
    let batch = f64::from(spec.max_sequences).min(spec.kv_tokens * 0.9 / context).max(1.0);
    let step_s = spec.cost.step_s(&StepWork {
        sequences: batch,
        tokens_per_sequence: f64::from(spec.draft_tokens + 1),
        context_tokens: batch * context,
        ..StepWork::default()
    });
    prompt * spec.cost.token_s + spec.cost.base_s + steps * step_s / batch
}

/// One to three services of different kinds.
fn own_services(rng: &mut Rng, template: &ServiceSpec) -> Vec<ServiceSpec> {
    let count = rng.int(1, 3);
    let mut services: Vec<ServiceSpec> = Vec::new();
    while services.len() < count as usize {
        let kind = rng.pick(KINDS);
        if services.iter().any(|other| std::ptr::eq(other.kind, kind)) {
            continue;
        }
        let (low, high) = kind.system_tokens;
        services.push(ServiceSpec {
            name: kind.names[0],
            kind,
            model: 0,
            region: 0,
            rate: rng.range(0.5, 2.0),
            system_tokens: rng.range(low, high) as u32,
            tenant_tokens: 0,
            timeout_s: 90.0,
            ..template.clone()
        });
    }
    services
}

impl Deployed {
    /// A deployment that its callers own, alone.
    pub fn own(seed: u64) -> Self {
        let mut rng = Rng::keyed(&[seed, 401]);
        let (spec, hardware) = engine(&mut rng);
        let replicas = *rng.pick(&[1, 1, 2, 2, 3, 4]);
        let load =
            if seed.is_multiple_of(2) { rng.range(0.12, 0.45) } else { rng.range(0.5, 0.68) };
        let mut world = Scenario::draw(&setup(seed, 500, vec!["vllm"]));
        world.models = vec![1];
        world.homes = 1;
        let mut services = own_services(&mut rng, &world.services[0]);
        let weight: f64 = services.iter().map(|service| service.rate).sum();
        let each: f64 = services
            .iter()
            .map(|s| s.rate / weight * cost_of(s.kind, f64::from(s.system_tokens), &spec))
            .sum();
        let total = load * replicas as f64 / each;
        for service in &mut services {
            service.rate *= total / weight;
        }
        world.services = services;
        world.incident_s = 60.0;
        world.quiet_s = (4000.0 / total).clamp(700.0, 2400.0) - 210.0;
        world.pools = vec![PoolSpec {
            model: 0,
            region: 0,
            role: Role::Base,
            id: format!("{hardware}-p1"),
            fingerprint: "fp".to_owned(),
            response_model: "own",
            replicas,
            prefill_replicas: 0,
            engine: spec,
            neighbour_rate: 0.0,
            affinity: if replicas > 1 && rng.chance(0.15) { 0.95 } else { 0.0 },
            transfer_s: 0.003,
        }];
        let server_visible = rng.chance(0.4);
        Self {
            world,
            load,
            server_visible,
            cache_visible: rng.chance(0.85),
            session_visible: rng.chance(0.7),
        }
    }

    /// An API that others share.
    pub fn shared(seed: u64) -> Self {
        let providers = vec!["openai", "anthropic", "azure", "bedrock", "vertex"];
        let calls = *Rng::keyed(&[seed, 402]).pick(&[200, 300, 400, 500]);
        let mut world = Scenario::draw(&setup(seed, calls, providers));
        world.provider = Provider::find(world.provider.id).unwrap();
        Self {
            world,
            load: f64::NAN,
            server_visible: seed.is_multiple_of(5),
            cache_visible: true,
            session_visible: true,
        }
    }

    /// The same once more, to be changed.
    pub fn again(&self) -> Self {
        Self { world: self.world.clone(), ..*self }
    }

    /// Runs it at a multiple of its traffic, service by service.
    pub fn run(&self, scales: &[f64], seed: u64) -> Ran {
        let mut world = self.world.clone();
        world.setup.seed = world.setup.seed.wrapping_add(seed.wrapping_mul(7919));
        for (service, scale) in world.services.iter_mut().zip(scales) {
            service.rate *= scale;
        }
        let ran = run(&world, &[]);
        let end_s = world.data_s();
        let outcomes = ran
            .calls
            .iter()
            .zip(ran.outcomes)
            .filter_map(|(call, outcome)| Some((call.service, call.session, outcome?)))
            .filter(|(_, _, outcome)| outcome.start_s >= 0.0 && outcome.start_s < end_s)
            .collect();
        let names = world.services.iter().map(|service| service.name).collect();
        Ran { outcomes, ledger: ran.ledger, start_ns: world.t0_ns, names }
    }

    /// The run as a call table, as its spans would give it.
    pub fn table(&self, ran: &Ran) -> CallTable {
        let rows = ran.outcomes.iter().enumerate();
        CallTable::from_calls(
            rows.map(|(row, (service, session, o))| self.call(ran, row, (*service, *session), o))
                .collect(),
        )
    }

    fn call(
        &self,
        ran: &Ran,
        row: usize,
        (service, session): (usize, u64),
        outcome: &Outcome,
    ) -> Call<'static> {
        let mut call = Call::default();
        let mut float = |col, value: f64| call.set(col, Cell::Float(value));
        let took = latency(outcome);
        float(Col::DurationS, took.duration_s);
        float(Col::TtftS, took.ttft_s);
        float(Col::ItlS, took.itl_s);
        float(Col::DecodeS, took.duration_s - took.ttft_s);
        let mut int = |col, value: u32| call.set(col, Cell::Int(i64::from(value)));
        int(Col::InputTokens, outcome.made.input_tokens);
        int(Col::OutputTokens, outcome.made.output_tokens);
        if let Some(served) = &outcome.served {
            if self.cache_visible {
                int(Col::CacheReadTokens, served.cached_tokens);
                int(Col::UncachedTokens, outcome.made.input_tokens - served.cached_tokens);
            }
            if served.proposed > 0 {
                int(Col::SpecProposedTokens, served.proposed);
                int(Col::SpecAcceptedTokens, served.accepted);
            }
            if self.server_visible {
                int(Col::RunningRequests, served.running);
                int(Col::WaitingRequests, served.waiting);
                call.set(Col::QueueWaitS, Cell::Float(served.queue_s));
            }
        }
        let start_ns = ran.start_ns + (outcome.start_s * 1e9) as i64;
        call.set(Col::Start, Cell::Int(start_ns));
        let retries = outcome.attempts.len().saturating_sub(1);
        if retries > 0 {
            let last_s = outcome.attempts.last().unwrap().start_s;
            let first_s = outcome.attempts[0].start_s;
            call.set(Col::RetryWaitS, Cell::Float(last_s - first_s));
        }
        call.set_text(Col::ServiceName, ran.names[service]);
        call.set_text(Col::RequestModel, &format!("model-{}", outcome.made.model));
        call.set_text(Col::Region, &format!("region-{}", outcome.made.region));
        call.set_text(Col::Tenant, &format!("tenant-{}", outcome.made.tenant));
        call.set_text(Col::PromptName, &format!("prompt-{service}-{}", outcome.made.task));
        if self.session_visible {
            call.set_text(Col::SessionId, &format!("{session:016x}"));
        }
        call.set_text(Col::SpanId, &format!("{row:016x}"));
        call.set_text(Col::Status, if outcome.ending == Ending::Ok { "ok" } else { "error" });
        call
    }
}

/// What a deployment truly takes at a multiple of the recorded traffic: two further runs, with as
/// many calls of each service as the recording had, times the scale.
pub fn truth(deployed: &Deployed, recorded: &Ran, scale: f64) -> (Vec<Outcome>, Ledger) {
    let count = |ran: &Ran, service: usize| {
        ran.outcomes.iter().filter(|(of, _, _)| *of == service).count().max(1) as f64
    };
    let services = 0..recorded.names.len();
    let seeds = [5, 6];
    let usual: Vec<Ran> = seeds.iter().map(|seed| deployed.run(&[1.0; 4], *seed)).collect();
    let scales: Vec<f64> = services
        .map(|service| {
            let mean =
                usual.iter().map(|ran| count(ran, service)).sum::<f64>() / seeds.len() as f64;
            scale * count(recorded, service) / mean
        })
        .collect();
    let mut ledger = Ledger::default();
    let mut outcomes = Vec::new();
    for seed in seeds {
        let ran = deployed.run(&scales, seed);
        ledger.add(&ran.ledger);
        outcomes.extend(ran.outcomes.into_iter().map(|(_, _, outcome)| outcome));
    }
    (outcomes, ledger)
}
