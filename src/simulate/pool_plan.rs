//! Sizes the pools of a world: hardware, batching policy, replicas and how busy neighbours keep them.

use super::engine::cost::{A100, H100, H200};
use super::engine::speculation::tokens_per_step;
use super::engine::{CacheSpec, EngineSpec, Hardware, ModelShape, Scheduler, StepCost, StepWork};
use super::incident::Trap;
use super::rng::Rng;
use super::scenario::{PoolSpec, Role, Scenario};
use super::service::Flow;
use crate::diagnosis::Cause;

/// Neighbours' prompts: median, log-scale deviation, tokens.
pub const NEIGHBOUR_PROMPT: (f64, f64) = (900.0, 0.9);
/// Share of a neighbour's prompt that its cache holds.
pub const NEIGHBOUR_CACHED_RATIO: f64 = 0.4;
/// Neighbours' answers: median, log-scale deviation, tokens.
pub const NEIGHBOUR_OUTPUT: (f64, f64) = (230.0, 0.7);
/// Acceptance of neighbours' drafts.
pub const NEIGHBOUR_ACCEPTANCE: f64 = 0.7;

/// Share of a replica's time that prompts may take on a normal day; beyond it queues grow.
const MAX_PREFILL_SHARE: f64 = 0.35;

fn lognormal_mean((median, sigma): (f64, f64)) -> f64 {
    median * (sigma * sigma / 2.0_f64).exp()
}

/// How long a request stays and how often a replica sees one, at a target batch.
#[derive(Debug, Clone, Copy)]
pub struct Balance {
    /// Seconds between tokens of one sequence's iterations, prefills of others included.
    pub step_s: f64,
    /// Neighbour requests a second that keep that many sequences decoding.
    pub rate: f64,
    /// Share of the time spent on prompts.
    pub prefill_share: f64,
}

/// The steady state of a replica that decodes `batch` neighbour sequences.
pub fn balance(engine: &EngineSpec, batch: f64) -> Balance {
    let prompt = lognormal_mean(NEIGHBOUR_PROMPT);
    let output = lognormal_mean(NEIGHBOUR_OUTPUT);
    let steps = output / tokens_per_step(NEIGHBOUR_ACCEPTANCE, engine.draft_tokens);
    let decode_s = engine.cost.step_s(&StepWork {
        sequences: batch,
        tokens_per_sequence: f64::from(engine.draft_tokens + 1),
        context_tokens: batch * (prompt + output / 2.0),
        ..StepWork::default()
    });
    let uncached = prompt * (1.0 - NEIGHBOUR_CACHED_RATIO);
    let prefill_s = uncached * engine.cost.token_s + engine.cost.base_s;
    let mut share: f64 = 0.0;
    let mut rate = 0.0;
    for _ in 0..20 {
        rate = batch / (steps * decode_s / (1.0 - share));
        share = (0.5 * share + 0.5 * rate * prefill_s).min(0.75);
    }
    Balance { step_s: decode_s / (1.0 - share), rate, prefill_share: share }
}

/// Mean calls in flight that the world's own services keep at a pool.
fn own_concurrency(
    world: &Scenario,
    model: usize,
    region: usize,
    engine: &EngineSpec,
    step_s: f64,
) -> f64 {
    let services = world.services.iter().filter(|s| s.model == model && s.region == region);
    services
        .map(|service| {
            let output = lognormal_mean(service.kind.output_tokens);
            let steps = output / tokens_per_step(0.7, engine.draft_tokens);
            let history = if service.kind.flow == Flow::Single { 0.0 } else { 600.0 };
            let prompt = lognormal_mean(service.kind.own_tokens) + history;
            service.rate * (steps * step_s + prompt * engine.cost.token_s * 1.5)
        })
        .sum()
}

fn draw_scheduler(world: &Scenario, rng: &mut Rng) -> (Scheduler, bool) {
    let setup = &world.setup;
    if setup.wants_sub(Cause::PrefillQueueing, 0) {
        return (Scheduler::DecodeOnly, true);
    }
    if setup.wants_sub(Cause::DecodeContention, 1) {
        return (Scheduler::PrefillFirst { max_tokens: 8192 }, false);
    }
    let plain = world.setup.effects.iter().all(|(effect, _)| {
        !matches!(
            effect,
            super::incident::Effect::Cause(
                Cause::DecodeContention
                    | Cause::LoadSurge
                    | Cause::CapacityEvent
                    | Cause::PrefillQueueing
            )
        )
    });
    match rng.uniform() {
        u if u < 0.35 => (Scheduler::PrefillFirst { max_tokens: 8192 }, false),
        u if u < 0.5 && plain => (Scheduler::DecodeOnly, true),
        u if u < 0.75 => (Scheduler::Chunked { budget: 1024 }, false),
        _ => (Scheduler::Chunked { budget: 2048 }, false),
    }
}

struct Style {
    scheduler: Scheduler,
    disaggregated: bool,
    draft: u32,
    batch: f64,
    own_share: f64,
    min_replicas: f64,
    residency_s: f64,
    affinity: f64,
}

fn draw_style(world: &Scenario, rng: &mut Rng) -> Style {
    let setup = &world.setup;
    let (scheduler, disaggregated) = draw_scheduler(world, rng);
    let speculation = setup.wants(Cause::AcceptanceDropDraftSwap)
        || setup.wants(Cause::AcceptanceDropTrafficShift);
    let draft = if speculation || rng.chance(0.25) { *rng.pick(&[4, 5]) } else { 0 };
    let surge = setup.wants(Cause::LoadSurge);
    let quiet_own = setup.traps(Trap::Burst) || setup.traps(Trap::DailyRise);
    let own_share = if surge {
        rng.range(0.6, 0.85)
    } else if quiet_own {
        0.03
    } else {
        rng.range(0.05, 0.15)
    };
    let min_replicas: f64 = match () {
        () if setup.wants_sub(Cause::CacheMissEvicted, 1) => 6.0,
        () if setup.wants(Cause::CapacityEvent) => 3.0,
        () if surge => 1.0,
        () => *rng.pick(&[2.0, 3.0, 4.0]),
    };
    let affinity = if setup.wants(Cause::CacheMissEvicted) { 0.98 } else { rng.range(0.9, 1.0) };
    Style {
        scheduler,
        disaggregated,
        draft,
        batch: rng.range(10.0, 22.0),
        own_share,
        min_replicas,
        residency_s: rng.range(900.0, 2400.0),
        affinity,
    }
}

/// Every pool that the world's services use, and those that its incidents need.
pub fn plan_pools(world: &Scenario, rng: &mut Rng) -> Vec<PoolSpec> {
    let style = draw_style(world, rng);
    let mut pools = Vec::new();
    for model in 0..world.models.len() {
        for region in 0..world.homes {
            let hardware = *rng.pick(&[H100, H100, H200]);
            pools.push(plan(world, &style, (model, region, Role::Base), &hardware, rng));
        }
        if world.setup.wants(Cause::RegionChange) {
            for region in world.homes..world.regions.len() {
                let mut busier = Style { batch: style.batch * rng.range(1.2, 2.2), ..style };
                busier.min_replicas = style.min_replicas;
                pools.push(plan(world, &busier, (model, region, Role::Base), &H100, rng));
            }
        }
        for home in 0..world.homes {
            if world.setup.wants(Cause::PoolChange) {
                pools.push(plan(world, &style, (model, home, Role::OtherPool), &A100, rng));
            }
            if world.setup.wants(Cause::ModelChange) {
                pools.push(plan(world, &style, (model, home, Role::OtherBuild), &H100, rng));
            }
        }
    }
    name_alike_builds(&mut pools);
    pools
}

/// A new build is rolled out on the same pool: it keeps the pool's id.
fn name_alike_builds(pools: &mut [PoolSpec]) {
    for at in 0..pools.len() {
        if pools[at].role == Role::OtherBuild {
            let base = pools.iter().find(|pool| {
                pool.role == Role::Base
                    && pool.model == pools[at].model
                    && pool.region == pools[at].region
            });
            if let Some(id) = base.map(|pool| pool.id.clone()) {
                pools[at].id = id;
            }
        }
    }
}

/// The model as this pool serves it; a new build is heavier on the same accelerators.
fn shape(billions: f64, role: Role, hardware: &Hardware, rng: &mut Rng) -> ModelShape {
    let heavier = if role == Role::OtherBuild { rng.range(1.5, 2.0) } else { 1.0 };
    let shape = ModelShape::dense(billions * heavier);
    let mut shape =
        ModelShape { tensor_parallel: ModelShape::dense(billions).tensor_parallel, ..shape };
    if hardware.memory_bytes * shape.tensor_parallel * 0.85 < shape.weight_bytes {
        shape.tensor_parallel *= 2.0;
    }
    shape
}

/// Replicas, and neighbour sequences over all of them; a small own deployment gets a tight cap.
fn size(
    world: &Scenario,
    style: &Style,
    (model, region): (usize, usize),
    engine: &mut EngineSpec,
) -> (f64, f64) {
    let mut batch = style.batch;
    while batch > 3.0 && balance(engine, batch).prefill_share > MAX_PREFILL_SHARE {
        batch *= 0.85;
    }
    let steady = balance(engine, batch);
    let own = own_concurrency(world, model, region, engine, steady.step_s);
    let surge = world.setup.wants(Cause::LoadSurge);
    if surge {
        let total = (own / style.own_share).max(0.4);
        let replicas = (total / 16.0).ceil().clamp(1.0, 24.0);
        engine.max_sequences =
            super::scenario::tokens((total / replicas * 1.7).ceil() + 1.0).max(3);
        (replicas, total - own)
    } else {
        let replicas = (own / (style.own_share * batch)).ceil().clamp(style.min_replicas, 40.0);
        (replicas, (replicas * batch - own).max(replicas * 2.0))
    }
}

fn plan(
    world: &Scenario,
    style: &Style,
    (model, region, role): (usize, usize, Role),
    hardware: &Hardware,
    rng: &mut Rng,
) -> PoolSpec {
    let offer = world.offer(model);
    let shape = shape(offer.billions, role, hardware, rng);
    let mut engine = EngineSpec {
        cost: StepCost::of(&shape, hardware),
        scheduler: style.scheduler,
        kv_tokens: shape.kv_capacity_tokens(hardware),
        max_sequences: 160,
        cache: CacheSpec {
            capacity_tokens: 1e6,
            ttl_s: world.provider.cache_ttl_s,
            min_tokens: world.provider.cache_min_tokens,
            granularity_tokens: if world.provider.dedicated { 16 } else { 128 },
        },
        draft_tokens: style.draft,
    };
    let (replicas, neighbours) = size(world, style, (model, region), &mut engine);
    let per_replica = balance(&engine, (neighbours / replicas).max(0.1));
    let rate = per_replica.rate * replicas;
    let churn = per_replica.rate * lognormal_mean(NEIGHBOUR_PROMPT) + 200.0;
    engine.cache.capacity_tokens = churn * style.residency_s;
    let prefill_replicas = if style.disaggregated {
        (rate * lognormal_mean(NEIGHBOUR_PROMPT) * 0.6 * engine.cost.token_s / 0.3).ceil().max(1.0)
    } else {
        0.0
    };
    let place = world.region_name(region);
    PoolSpec {
        model,
        region,
        role,
        id: format!("{}-{place}-p{}", hardware.id, rng.int(20, 99)),
        fingerprint: format!("fp_{}", rng.hex(10)),
        response_model: if role == Role::OtherBuild && !world.setup.wants_sub(Cause::ModelChange, 1)
        {
            offer.next_response
        } else {
            offer.response
        },
        replicas: usize::from(
            u16::try_from(super::scenario::tokens(replicas + prefill_replicas)).unwrap_or(1),
        ),
        prefill_replicas: usize::from(
            u16::try_from(super::scenario::tokens(prefill_replicas)).unwrap_or(0),
        ),
        engine,
        neighbour_rate: rate,
        affinity: style.affinity,
        transfer_s: rng.range(0.002, 0.006),
    }
}
