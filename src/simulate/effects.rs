//! What an incident changes: a call's own shape and path, or the state of a pool. Latency is never
//! touched here; it follows from the engine.

use super::engine::{Prefix, Segment};
use super::incident::{Incident, Slice, Trap};
use super::rng::{Rng, mix};
use super::scenario::{PoolSpec, Role, Scenario, tokens};
use super::traffic::Call;
use crate::diagnosis::Cause;

/// A call as it is really made, incidents included.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// Index of the task.
    pub task: usize,
    /// Index of the requested model.
    pub model: usize,
    /// Index of the pool that serves it.
    pub pool: usize,
    /// Index of the region that serves it.
    pub region: usize,
    /// Its tenant.
    pub tenant: u32,
    /// The shareable part of its prompt.
    pub prefix: Prefix,
    /// Tokens of the prefix that the caller keeps stable and marks for caching.
    pub stable_tokens: u32,
    /// Whole prompt.
    pub input_tokens: u32,
    /// Answer.
    pub output_tokens: u32,
    /// Chance that a drafted token is accepted.
    pub acceptance: f64,
    /// Version of the prompt.
    pub version: u32,
    /// Hash of the instructions as the caller sends them.
    pub prompt_hash: u64,
    /// Seconds lost before the request leaves.
    pub pre_wait_s: f64,
    /// Pauses of the consumer a second, and their mean length in seconds.
    pub pauses: (f64, f64),
    /// Probability that an attempt is refused.
    pub refusal_ratio: f64,
    /// Iterations bundled into one chunk.
    pub bundle: u32,
    /// A one-off delay on the way, seconds.
    pub straggle_s: f64,
    /// Whether it reaches the other network edge.
    pub other_edge: bool,
}

/// The state of a pool at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PoolKnobs {
    /// Share of its replicas that serve.
    pub alive_share: f64,
    /// Multiplies every step time.
    pub slowdown: f64,
    /// Share of the prefix cache that is usable.
    pub cache_factor: f64,
    /// Multiplies the affinity.
    pub affinity_factor: f64,
    /// Share of the sequence cap.
    pub slots: f64,
    /// Waiting requests per replica beyond which neighbours are turned away.
    pub neighbour_queue: f64,
    /// Multiplies the neighbours' normal rate (at most 1).
    pub neighbour_scale: f64,
    /// More decode-heavy neighbours, as a share of the normal sequences.
    pub decode_neighbours: f64,
    /// More prefill-heavy neighbours, as a share of the replicas' time.
    pub prefill_neighbours: f64,
}

const NORMAL: PoolKnobs = PoolKnobs {
    alive_share: 1.0,
    slowdown: 1.0,
    cache_factor: 1.0,
    affinity_factor: 1.0,
    slots: 1.0,
    neighbour_queue: 40.0,
    neighbour_scale: 1.0,
    decode_neighbours: 0.0,
    prefill_neighbours: 0.0,
};

/// Whether a slice holds a call of that service, model and tenant.
pub fn in_slice(slice: Slice, service: usize, model: usize, tenant: u32) -> bool {
    match slice {
        Slice::Everywhere => true,
        Slice::Service(only) => only == service,
        Slice::Model(only) => only == model,
        Slice::Tenant(only) => only == tenant,
    }
}

/// The state of a pool at a time.
pub fn pool_knobs(pool: &PoolSpec, incidents: &[Incident], at_s: f64) -> PoolKnobs {
    let mut knobs = NORMAL;
    for incident in incidents {
        let level = incident.intensity(at_s);
        let elsewhere = matches!(incident.slice, Slice::Model(only) if only != pool.model);
        if level <= 0.0 || elsewhere {
            continue;
        }
        let amount = incident.strength * level;
        let is = |cause: Cause, sub: u32| incident.is(cause) && incident.sub == sub;
        if is(Cause::CacheMissEvicted, 0) {
            knobs.cache_factor *= (-2.0 * amount).exp();
        } else if is(Cause::CacheMissEvicted, 1) {
            knobs.affinity_factor *= (1.0 - amount).max(0.0);
        } else if is(Cause::PrefillQueueing, 0) {
            knobs.prefill_neighbours += amount;
        } else if is(Cause::PrefillQueueing, 1) && level > 0.0 {
            knobs.slots = 0.0;
            knobs.neighbour_queue = amount;
        } else if is(Cause::DecodeContention, 0) {
            knobs.decode_neighbours += amount;
        } else if is(Cause::DecodeContention, 1) {
            knobs.prefill_neighbours += amount;
        } else if is(Cause::CapacityEvent, 0) {
            knobs.alive_share *= 1.0 / (1.0 + amount);
        } else if is(Cause::CapacityEvent, 1) {
            knobs.slowdown *= 1.0 + amount;
        } else if incident.is_trap(Trap::Improvement) {
            knobs.neighbour_scale *= 1.0 - 0.7 * level;
        }
    }
    knobs
}

/// The call as it is made at `at_s`, or `None` where an incident keeps it from being made.
pub fn resolve(
    world: &Scenario,
    call: &Call,
    at_s: f64,
    incidents: &[Incident],
) -> Option<Resolved> {
    let service = &world.services[call.service];
    let mut made = Draft::new(world, call, at_s);
    for (at, incident) in incidents.iter().enumerate() {
        let level = incident.intensity(at_s);
        let held = in_slice(incident.slice, call.service, made.model, made.tenant);
        if level <= 0.0 || !held || !made.touch(world, call, incident, level, at as u64) {
            if made.dropped {
                return None;
            }
            continue;
        }
    }
    let task = &service.kind.tasks[made.task];
    let own =
        tokens(f64::from(call.own_tokens) * task.prompt_scale * made.own_scale + made.own_extra)
            .max(1);
    let prefix = made.prefix(world, call);
    let shared: u32 = prefix.iter().map(|segment| segment.tokens).sum();
    let turn_tokens = if call.history.is_empty() && call.turn == 0 && !made.talks(world, call) {
        0
    } else {
        own + call.output_tokens
    };
    let output = tokens(f64::from(call.output_tokens) * task.output_scale * made.output_scale)
        .clamp(1, 8000);
    let mut segments: Vec<Segment> = prefix;
    if made.talks(world, call) {
        segments.push(Segment { hash: call.key, tokens: turn_tokens });
    }
    Some(Resolved {
        task: made.task,
        model: made.model,
        pool: world.pool(made.model, made.region, made.role),
        region: made.region,
        tenant: made.tenant,
        prefix: segments.into(),
        stable_tokens: shared,
        input_tokens: shared + own,
        output_tokens: output,
        acceptance: (task.acceptance * made.acceptance).clamp(0.0, 0.98),
        version: service.version + made.versions,
        prompt_hash: made.prompt_hash(world, call),
        pre_wait_s: made.pre_wait_s,
        pauses: made.pauses,
        refusal_ratio: (service.refusal_ratio + made.refusals).min(0.9),
        bundle: made.bundle,
        straggle_s: made.straggle_s,
        other_edge: made.other_edge,
    })
}

struct Draft {
    task: usize,
    model: usize,
    region: usize,
    role: Role,
    tenant: u32,
    own_scale: f64,
    own_extra: f64,
    output_scale: f64,
    acceptance: f64,
    versions: u32,
    /// Identity of an edit to the instructions; 0 for none.
    edit: u64,
    /// Quarters of the instructions before the edit.
    kept_quarters: usize,
    pre_wait_s: f64,
    pauses: (f64, f64),
    refusals: f64,
    bundle: u32,
    straggle_s: f64,
    other_edge: bool,
    dropped: bool,
    at_s: f64,
}

impl Draft {
    fn new(world: &Scenario, call: &Call, at_s: f64) -> Self {
        let service = &world.services[call.service];
        let mixed = call.service == 0
            && world.models.len() > 1
            && (world.setup.wants_sub(Cause::MixShift, 0) || world.setup.traps(Trap::Simpson));
        let slow = mixed && world.stream(&[30, call.key]).chance(0.2);
        Self {
            task: call.task,
            model: if slow { world.models.len() - 1 } else { service.model },
            region: service.region,
            role: Role::Base,
            tenant: call.tenant,
            own_scale: 1.0,
            own_extra: 0.0,
            output_scale: 1.0,
            acceptance: 1.0,
            versions: 0,
            edit: 0,
            kept_quarters: 4,
            pre_wait_s: 0.0,
            pauses: (0.0, 0.0),
            refusals: 0.0,
            bundle: world.bundle,
            straggle_s: 0.0,
            other_edge: false,
            dropped: false,
            at_s,
        }
    }

    /// Applies an incident at a level; false where this call escapes it.
    fn touch(
        &mut self,
        world: &Scenario,
        call: &Call,
        incident: &Incident,
        level: f64,
        at: u64,
    ) -> bool {
        let mut rng = world.stream(&[31, call.key, at]);
        let strength = incident.strength;
        let hit = rng.chance(level);
        match incident.effect {
            super::incident::Effect::Trap(trap) => self.trap(world, trap, strength, hit, &mut rng),
            super::incident::Effect::Cause(cause) => {
                self.cause(world, call, cause, (incident.sub, strength, level), hit, &mut rng);
            }
        }
        hit && !self.dropped
    }

    fn trap(&mut self, world: &Scenario, trap: Trap, strength: f64, hit: bool, rng: &mut Rng) {
        match trap {
            Trap::Straggler if rng.chance(strength) => self.straggle_s = rng.range(8.0, 40.0),
            Trap::BenignDeploy if hit => self.versions = 1,
            Trap::ChunkBundling => self.bundle = world.bundle * 4,
            Trap::EdgeChange if hit => self.other_edge = true,
            Trap::Simpson if rng.chance(strength) => self.model = world.models.len() - 1,
            _ => {}
        }
    }

    fn cause(
        &mut self,
        world: &Scenario,
        call: &Call,
        cause: Cause,
        (sub, strength, level): (u32, f64, f64),
        hit: bool,
        rng: &mut Rng,
    ) {
        let shifted = rng.chance((strength * level).min(1.0));
        match cause {
            Cause::PromptGrowth if hit && sub == 0 => self.own_scale += strength,
            Cause::PromptGrowth if hit => self.own_extra += 2500.0 * strength * rng.range(0.8, 1.2),
            Cause::CacheMissPromptChanged if hit => self.edit_prompt(call, sub, strength, rng),
            Cause::CacheMissCold if sub == 0 && shifted => {
                self.tenant = 100 + u32::try_from(rng.int(0, 800)).unwrap_or(0);
            }
            Cause::CacheMissCold if sub == 1 => {
                self.dropped = rng.uniform() > 1.0 / (1.0 + strength * level);
            }
            Cause::AcceptanceDropTrafficShift if shifted => {
                self.task = world.services[call.service].kind.tasks.len() - 1;
            }
            Cause::AcceptanceDropDraftSwap => self.acceptance *= (1.0 - strength * level).max(0.05),
            Cause::RegionChange if shifted => {
                self.region = world.homes.min(world.regions.len() - 1);
            }
            Cause::PoolChange if shifted => self.role = Role::OtherPool,
            Cause::ModelChange if shifted => self.role = Role::OtherBuild,
            Cause::ClientRetries => self.refusals += strength * level,
            Cause::ClientStall if sub == 0 && hit && rng.chance(0.7) => {
                self.pre_wait_s += rng.gamma(1.5, strength / 1.5);
            }
            Cause::ClientStall if sub == 1 && hit => {
                self.pauses = (0.35, strength);
                if rng.chance(0.3) {
                    self.pre_wait_s += rng.exponential(strength * 0.3);
                }
            }
            Cause::OutputGrowth if hit => self.output_scale *= 1.0 + strength * rng.range(0.8, 1.2),
            Cause::MixShift if sub == 0 && shifted => self.model = world.models.len() - 1,
            Cause::MixShift if sub == 1 && shifted => {
                self.task = world.services[call.service].kind.tasks.len() - 1;
            }
            _ => {}
        }
    }

    /// The caller's edit: something that changes with each call (or each minute) is put into the
    /// instructions; the larger the strength, the nearer to their head. A weak edit reaches only
    /// part of the calls.
    fn edit_prompt(&mut self, call: &Call, sub: u32, strength: f64, rng: &mut Rng) {
        if !rng.chance(strength / 0.25) {
            return;
        }
        self.versions = 1;
        self.edit = match sub {
            1 => mix(&[21, u64::from(tokens(self.at_s / 40.0))]),
            _ => mix(&[22, call.key]),
        };
        let kept = (4.0 * (1.0 - strength)).round().clamp(0.0, 3.0);
        self.kept_quarters = usize::try_from(tokens(kept)).unwrap_or(0);
    }

    fn prompt_hash(&self, world: &Scenario, call: &Call) -> u64 {
        let own = world.services[call.service].tenant_tokens > 0;
        let tenant = if own { u64::from(self.tenant) + 1 } else { 0 };
        mix(&[20, call.service as u64, self.task as u64, self.edit, tenant])
    }

    fn talks(&self, world: &Scenario, call: &Call) -> bool {
        world.services[call.service].kind.flow != super::service::Flow::Single
            && call.blocks.is_empty()
    }

    /// The shareable part of the prompt: instructions in quarters, the tenant's part, earlier turns.
    fn prefix(&self, world: &Scenario, call: &Call) -> Vec<Segment> {
        let service = &world.services[call.service];
        let mut prefix = Vec::with_capacity(5 + call.history.len());
        if call.blocks.is_empty() {
            let quarter = service.system_tokens / 4;
            for at in 0..4_usize {
                let edit = if at >= self.kept_quarters { self.edit } else { 0 };
                let task = if at == 0 { 0 } else { self.task as u64 };
                let hash = mix(&[23, call.service as u64, task, at as u64, edit]);
                prefix.push(Segment { hash, tokens: quarter });
            }
        } else {
            let edit = self.edit;
            prefix.extend(call.blocks.iter().map(|s| Segment {
                hash: if edit == 0 { s.hash } else { mix(&[s.hash, edit]) },
                tokens: s.tokens,
            }));
        }
        if service.tenant_tokens > 0 {
            let hash = mix(&[24, call.service as u64, u64::from(self.tenant)]);
            prefix.insert(0, Segment { hash, tokens: service.tenant_tokens });
        }
        prefix.extend_from_slice(&call.history);
        prefix
    }
}
