//! A world before anything happens in it: provider, models, pools, services, and the day's timeline.

use std::sync::Arc;

use super::engine::EngineSpec;
use super::incident::{Effect, Trap};
use super::pool_plan::plan_pools;
use super::provider::{PROVIDERS, Provider};
use super::rng::{Rng, mix};
use super::service::{Flow, KINDS, Kind, kind};
use super::trace_file::TraceRow;
use crate::diagnosis::Cause;

/// What a world must be able to show.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Everything random follows from it.
    pub seed: u64,
    /// What will happen, with its variant.
    pub effects: Vec<(Effect, u32)>,
    /// LLM calls wanted in the window.
    pub window_calls: u32,
    /// The providers to draw from; empty for all.
    pub providers: Vec<&'static str>,
    /// Requests of a public trace that drive arrivals and token counts.
    pub trace: Option<Arc<[TraceRow]>>,
}

impl Setup {
    /// Whether a cause will happen.
    pub fn wants(&self, cause: Cause) -> bool {
        self.effects.iter().any(|(effect, _)| *effect == Effect::Cause(cause))
    }

    /// Whether a variant of a cause will happen.
    pub fn wants_sub(&self, cause: Cause, sub: u32) -> bool {
        self.effects.contains(&(Effect::Cause(cause), sub))
    }

    /// Whether a trap is set.
    pub fn traps(&self, trap: Trap) -> bool {
        self.effects.iter().any(|(effect, _)| *effect == Effect::Trap(trap))
    }
}

/// What a pool is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Where a model is served normally.
    Base,
    /// Other hardware in the same region.
    OtherPool,
    /// The same place, another build of the model.
    OtherBuild,
}

/// A pool of replicas.
#[derive(Debug, Clone)]
pub struct PoolSpec {
    /// Index of the model that it serves.
    pub model: usize,
    /// Index of its region.
    pub region: usize,
    /// What it is for.
    pub role: Role,
    /// Its name.
    pub id: String,
    /// Its backend's fingerprint.
    pub fingerprint: String,
    /// The model name in its answers.
    pub response_model: &'static str,
    /// Replicas.
    pub replicas: usize,
    /// Of those, replicas that only prefill (disaggregated serving); 0 without.
    pub prefill_replicas: usize,
    /// Every replica's engine.
    pub engine: EngineSpec,
    /// Neighbours' requests a second, over all replicas.
    pub neighbour_rate: f64,
    /// Share of requests that follow their prefix to its replica.
    pub affinity: f64,
    /// Seconds to move a computed prompt to a decode replica, per thousand tokens.
    pub transfer_s: f64,
}

/// A service.
#[derive(Debug, Clone)]
pub struct ServiceSpec {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: &'static Kind,
    /// Index of its model.
    pub model: usize,
    /// Index of the region that it runs in and calls.
    pub region: usize,
    /// LLM calls a second, on average.
    pub rate: f64,
    /// Tenants, commonest first.
    pub tenants: Vec<u32>,
    /// Instructions of its prompts, tokens.
    pub system_tokens: u32,
    /// Each tenant's own part of the instructions, tokens.
    pub tenant_tokens: u32,
    /// Version number of its prompts.
    pub version: u32,
    /// Names of its instances.
    pub pods: Vec<String>,
    /// Seconds after which its client gives up.
    pub timeout_s: f64,
    /// How often its client tries again.
    pub max_retries: u32,
    /// Probability that an attempt is refused on a normal day.
    pub refusal_ratio: f64,
}

/// A drawn world.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What it was drawn from.
    pub setup: Setup,
    /// Who serves.
    pub provider: &'static Provider,
    /// Indices into the provider's offers of the models in use.
    pub models: Vec<usize>,
    /// Indices into the provider's regions of the regions in use; the first are homes.
    pub regions: Vec<usize>,
    /// Home regions among them.
    pub homes: usize,
    /// Every pool.
    pub pools: Vec<PoolSpec>,
    /// Every service.
    pub services: Vec<ServiceSpec>,
    /// When the dump begins, nanoseconds since the epoch; time 0 of the simulation.
    pub t0_ns: i64,
    /// Seconds of normal traffic before anything happens.
    pub quiet_s: f64,
    /// Seconds that an incident lasts.
    pub incident_s: f64,
    /// Tokens in a chunk: iterations bundled.
    pub bundle: u32,
    /// Phase of the daily rhythm, radians.
    pub day_phase: f64,
}

/// Seconds simulated before the dump begins, to fill batches and caches.
pub const WARM_UP_S: f64 = 240.0;

impl Scenario {
    /// Draws a world that can show what the setup wants.
    pub fn draw(setup: &Setup) -> Self {
        let mut rng = Rng::keyed(&[setup.seed, 1]);
        let provider = draw_provider(setup, &mut rng);
        let models = draw_models(setup, provider, &mut rng);
        let homes = if provider.regions.len() > 2 && rng.chance(0.25) { 2 } else { 1 };
        let regions = draw_regions(provider, &mut rng);
        let incident_s = incident_length(setup, &mut rng);
        let quiet_s = match setup.window_calls {
            0..2500 => rng.range(2400.0, 4200.0),
            2500..8000 => rng.range(1500.0, 2400.0),
            _ => rng.range(900.0, 1200.0),
        };
        let bundle = *rng.pick(&[1, 1, 1, 2]);
        let mut world = Self {
            setup: setup.clone(),
            provider,
            models,
            regions,
            homes,
            pools: Vec::new(),
            services: Vec::new(),
            t0_ns: draw_start(quiet_s + incident_s, &mut rng),
            quiet_s,
            incident_s,
            bundle,
            day_phase: rng.range(0.0, std::f64::consts::TAU),
        };
        world.services = draw_services(&world, &mut rng);
        world.pools = plan_pools(&world, &mut rng);
        world
    }

    /// Seconds of data.
    pub fn data_s(&self) -> f64 {
        self.quiet_s + self.incident_s + 150.0
    }

    /// The pool of a model in a region with that role; the base pool where there is none.
    pub fn pool(&self, model: usize, region: usize, role: Role) -> usize {
        let find = |region: usize, role: Role| {
            self.pools
                .iter()
                .position(|pool| pool.model == model && pool.region == region && pool.role == role)
        };
        find(region, role)
            .or_else(|| find(region, Role::Base))
            .or_else(|| find(0, Role::Base))
            .unwrap_or(0)
    }

    /// Name of a region in use.
    pub fn region_name(&self, region: usize) -> &'static str {
        let index = self.regions.get(region).copied().unwrap_or(0);
        self.provider.regions.get(index).copied().unwrap_or("")
    }

    /// The offer behind a model in use.
    pub fn offer(&self, model: usize) -> &'static super::provider::Offer {
        let index = self.models.get(model).copied().unwrap_or(0);
        &self.provider.offers[index.min(self.provider.offers.len() - 1)]
    }

    /// A stream for something in this world.
    pub fn stream(&self, parts: &[u64]) -> Rng {
        Rng::keyed(&[self.setup.seed, 77, mix(parts)])
    }
}

fn draw_provider(setup: &Setup, rng: &mut Rng) -> &'static Provider {
    let needs_ttl = setup.wants_sub(Cause::CacheMissCold, 1);
    let fits = |provider: &&Provider| {
        (setup.providers.is_empty() || setup.providers.contains(&provider.id))
            && !(needs_ttl && provider.cache_ttl_s > 1e6)
    };
    let fitting: Vec<&'static Provider> = PROVIDERS.iter().filter(fits).collect();
    fitting.get(rng.index(fitting.len())).copied().unwrap_or(&PROVIDERS[0])
}

fn draw_models(setup: &Setup, provider: &Provider, rng: &mut Rng) -> Vec<usize> {
    let count = provider.offers.len();
    let first = rng.index(count);
    if setup.wants_sub(Cause::MixShift, 0) || setup.traps(Trap::Simpson) {
        return vec![0, count - 1];
    }
    if count > 1 && rng.chance(0.55) {
        let second = (first + 1 + rng.index(count - 1)) % count;
        return vec![first, second];
    }
    vec![first]
}

fn draw_regions(provider: &Provider, rng: &mut Rng) -> Vec<usize> {
    let mut all: Vec<usize> = (0..provider.regions.len()).collect();
    for at in (1..all.len()).rev() {
        all.swap(at, rng.index(at + 1));
    }
    all.truncate(3);
    all
}

fn incident_length(setup: &Setup, rng: &mut Rng) -> f64 {
    match setup.window_calls {
        0..200 => rng.range(420.0, 1200.0),
        200..5000 => rng.range(480.0, 1400.0),
        _ => rng.range(480.0, 800.0),
    }
}

/// A start in October 2026 such that the data mostly stay within one day.
fn draw_start(data_s: f64, rng: &mut Rng) -> i64 {
    const OCTOBER_2026_S: f64 = 1_790_812_800.0;
    let day = rng.range(0.0, 30.0).floor() * 86_400.0;
    let within = rng.range(0.0, (86_400.0 - data_s - 600.0).max(1.0));
    let start_s = OCTOBER_2026_S + day + within;
    #[allow(clippy::cast_possible_truncation, reason = "nanoseconds of this century fit")]
    let nanoseconds = (start_s * 1e9) as i64;
    nanoseconds
}

fn target_kind(setup: &Setup, rng: &mut Rng) -> usize {
    let choices: &[usize] = match setup.effects.first() {
        Some((Effect::Cause(cause), sub)) => match (cause, sub) {
            (Cause::CacheMissPromptChanged | Cause::CacheMissEvicted, _) => {
                &[kind::RAG, kind::RAG, kind::AGENT, kind::CHAT]
            }
            (Cause::CacheMissCold, _) => &[kind::RAG],
            (Cause::AcceptanceDropTrafficShift, _) => &[kind::CHAT, kind::CODE],
            (Cause::PromptGrowth, 1) => &[kind::CHAT, kind::AGENT],
            (Cause::PromptGrowth, _) => &[kind::RAG, kind::CODE, kind::SUMMARY],
            (Cause::MixShift, 1) => &[kind::RAG, kind::SUMMARY],
            (Cause::DecodeContention | Cause::OutputGrowth | Cause::AcceptanceDropDraftSwap, _) => {
                &[kind::CHAT, kind::RAG, kind::CODE, kind::SUMMARY]
            }
            _ => &[kind::CHAT, kind::RAG, kind::CODE],
        },
        _ => &[kind::CHAT, kind::RAG, kind::AGENT, kind::CODE],
    };
    *rng.pick(choices)
}

fn draw_services(world: &Scenario, rng: &mut Rng) -> Vec<ServiceSpec> {
    let setup = &world.setup;
    let count = rng.int(2, 4);
    let mut kinds = vec![target_kind(setup, rng)];
    while kinds.len() < usize::try_from(count).unwrap_or(2) {
        let other = rng.index(KINDS.len());
        if !kinds.contains(&other) {
            kinds.push(other);
        }
    }
    let total = f64::from(setup.window_calls) / world.incident_s;
    let weights: Vec<f64> = (0..kinds.len())
        .map(|at| if at == 0 { rng.range(1.2, 2.4) } else { rng.range(0.4, 1.2) })
        .collect();
    let sum: f64 = weights.iter().sum();
    kinds
        .iter()
        .zip(&weights)
        .enumerate()
        .map(|(at, (kind, weight))| {
            draw_service(world, at, &KINDS[*kind], total * weight / sum, rng)
        })
        .collect()
}

fn draw_service(
    world: &Scenario,
    at: usize,
    kind: &'static Kind,
    rate: f64,
    rng: &mut Rng,
) -> ServiceSpec {
    let setup = &world.setup;
    let name = *rng.pick(kind.names);
    let cached_cause = at == 0
        && (setup.wants(Cause::CacheMissCold)
            || setup.wants(Cause::CacheMissEvicted)
            || setup.wants(Cause::CacheMissPromptChanged));
    let (low, high) = kind.system_tokens;
    let system = if cached_cause {
        rng.range(high.max(5000.0), high.max(5000.0) * 1.4)
    } else {
        rng.range(low, high)
    };
    let tenants = rng.int(3, 10);
    let tenant_tokens = if at == 0 && setup.wants(Cause::CacheMissCold) {
        rng.range(3000.0, 7000.0)
    } else if rng.chance(0.3) && kind.flow == Flow::Single {
        rng.range(300.0, 1500.0)
    } else {
        0.0
    };
    let model = if setup.wants_sub(Cause::MixShift, 0) && at == 0 {
        0
    } else {
        rng.index(world.models.len())
    };
    let model = if at < world.models.len() && at > 0 { at } else { model };
    let mut pods = rng.int(2, 5);
    if rate * world.incident_s < 30.0 {
        pods = 2;
    }
    ServiceSpec {
        name,
        kind,
        model: if at == 0 && !setup.wants_sub(Cause::MixShift, 0) { 0 } else { model },
        region: if at == 0 { 0 } else { rng.index(world.homes) },
        rate,
        tenants: (0..u32::try_from(tenants).unwrap_or(3)).collect(),
        system_tokens: tokens(system),
        tenant_tokens: tokens(tenant_tokens),
        version: u32::try_from(rng.int(3, 42)).unwrap_or(3),
        pods: (0..pods).map(|_| format!("{name}-{}", rng.lower(5))).collect(),
        timeout_s: rng.range(25.0, 90.0),
        max_retries: u32::try_from(rng.int(2, 4)).unwrap_or(2),
        refusal_ratio: rng.range(0.001, 0.006),
    }
}

/// A token count from a drawn number.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
pub fn tokens(drawn: f64) -> u32 {
    drawn.clamp(0.0, 1e6).round() as u32
}
