//! One labelled case: draws a world and an incident, runs it beside its twin, and tries again until
//! the realised effect is what the label says.

use super::incident::{Effect, Incident, Slice, Trap};
use super::rng::Rng;
use super::scenario::{Scenario, Setup};
pub use super::strength::Severity;
use super::strength::{ceiling, first_strength, impurity};
use super::truth::{
    EffectRatios, Pair, Signal, effect, held_by, pairs, power_z, quantile_sorted, ratio,
    relevant_ratio,
};
use super::window::{GivenWindow, give};
use super::world::{Run, run};
use crate::diagnosis::Cause;

/// What one incident of a case did.
#[derive(Debug, Clone)]
pub struct Realised {
    /// The incident.
    pub incident: Incident,
    /// Its part of the time that all incidents added.
    pub share: f64,
    /// What it did to the calls that it slowed.
    pub effect: EffectRatios,
    /// The ratio on the signals that it moves.
    pub relevant_ratio: f64,
    /// How detectable it is.
    pub power_z: f64,
    /// Calls of its slice in the window.
    pub calls: usize,
}

/// A finished case, not yet written.
#[derive(Debug)]
pub struct Case {
    /// The world.
    pub world: Scenario,
    /// What happened in it.
    pub run: Run,
    /// Its incidents or trap.
    pub realised: Vec<Realised>,
    /// Every call of the window with its twin.
    pub pairs: Vec<Pair>,
    /// For each pair, whether it lies in each incident's slice.
    pub held: Vec<Vec<bool>>,
    /// The given window.
    pub window: GivenWindow,
    /// How strong it came out; `None` where healthy.
    pub severity: Option<Severity>,
    /// How many tries it took before this one.
    pub attempt: u32,
}

/// What to make.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Cause or trap; two for a compound.
    pub effects: Vec<Effect>,
    /// How strong.
    pub severity: Severity,
    /// Calls in the window.
    pub window_calls: u32,
    /// Providers to draw from; empty for all.
    pub providers: Vec<&'static str>,
    /// Whether tenants are visible, so that an incident may be confined to one.
    pub tenants: bool,
    /// Everything random follows from it.
    pub seed: u64,
    /// A public trace that drives the traffic.
    pub trace: Option<std::sync::Arc<[super::trace_file::TraceRow]>>,
}

const WORLDS: u32 = 6;
const STRENGTHS: u32 = 5;

/// Makes a case. The last try is returned even where it missed its band; its label says what it is.
pub fn make(wanted: &Wanted) -> Case {
    let mut best: Option<(f64, Case)> = None;
    for attempt in 0..WORLDS {
        let mut rng = Rng::keyed(&[wanted.seed, 2, u64::from(attempt)]);
        let effects: Vec<(Effect, u32)> = wanted
            .effects
            .iter()
            .map(|effect| {
                let variants = u64::from(effect.variants());
                (*effect, u32::try_from(rng.int(0, variants - 1)).unwrap_or(0))
            })
            .collect();
        let world = Scenario::draw(&Setup {
            seed: super::rng::mix(&[wanted.seed, u64::from(attempt)]),
            effects,
            window_calls: wanted.window_calls,
            providers: wanted.providers.clone(),
            trace: wanted.trace.clone(),
        });
        let (miss, case) = tune(wanted, world, attempt, &mut rng);
        let done = miss <= 0.0;
        if best.as_ref().is_none_or(|(least, _)| miss < *least) {
            best = Some((miss, case));
        }
        if done {
            break;
        }
    }
    best.expect("at least one world was tried").1
}

/// Turns the strength until the effect lies in its band; returns by how much it still misses.
fn tune(wanted: &Wanted, world: Scenario, attempt: u32, rng: &mut Rng) -> (f64, Case) {
    let mut incidents = place(wanted, &world, rng);
    let given = give(&world, &incidents, rng);
    let twin = run(&world, &[]);
    let restless = unrest(&world, &twin);
    let mut best: Option<(f64, Case)> = None;
    for _ in 0..STRENGTHS {
        let case = realise(&world, &twin, &incidents, &given, attempt);
        let (miss, turn) = judge(wanted, &case);
        let miss = miss + restless;
        let done = miss <= 0.0 || restless > 0.0;
        if best.as_ref().is_none_or(|(least, _)| miss < *least) {
            best = Some((miss, case));
        }
        if done {
            break;
        }
        for (incident, factor) in incidents.iter_mut().zip(turn) {
            incident.strength = (incident.strength * factor).min(ceiling(incident));
        }
    }
    best.expect("at least one strength was tried")
}

/// How far a world without incident drifts by itself from its quiet part to its window: an
/// overloaded pool makes an incident that no label names.
fn unrest(world: &Scenario, twin: &Run) -> f64 {
    let mut worst: f64 = 0.0;
    for model in 0..world.models.len() {
        let part = |from_s: f64, to_s: f64| -> (f64, f64) {
            let mut steps = Vec::new();
            let mut waits = Vec::new();
            for outcome in twin.outcomes.iter().flatten() {
                let held = outcome.made.model == model
                    && outcome.start_s >= from_s
                    && outcome.start_s < to_s;
                if let Some(served) = outcome.served.as_ref().filter(|_| held) {
                    steps.push(served.decode_s / f64::from(outcome.made.output_tokens));
                    waits.push(served.queue_s);
                }
            }
            steps.sort_by(f64::total_cmp);
            waits.sort_by(f64::total_cmp);
            (quantile_sorted(&steps, 0.5), quantile_sorted(&waits, 0.9))
        };
        let (quiet, later) = (part(0.0, world.quiet_s), part(world.quiet_s, world.data_s()));
        let slower = (later.0 / quiet.0 - 1.35).max(0.0);
        let waiting = (later.1 - 4.0 * quiet.1 - 0.4).max(0.0) + (quiet.1 - 1.5).max(0.0);
        if slower.is_finite() && waiting.is_finite() {
            worst = worst.max(slower + waiting);
        }
    }
    if worst > 0.0 { 5.0 + worst } else { 0.0 }
}

/// How far a case misses what it should be (0: not at all), and what to multiply each strength by.
fn judge(wanted: &Wanted, case: &Case) -> (f64, Vec<f64>) {
    let mut miss: f64 = 0.0;
    let mut turn = Vec::new();
    for realised in &case.realised {
        let Effect::Cause(cause) = realised.incident.effect else {
            let worst = [Signal::Ttft, Signal::Itl, Signal::Duration]
                .iter()
                .map(|signal| {
                    (ratio(&case.pairs, *signal, 0.5) - 1.0)
                        .max(ratio(&case.pairs, *signal, 0.95) - 1.0)
                })
                .fold(0.0, f64::max);
            let faster = realised.incident.is_trap(Trap::Improvement);
            let straggler = realised.incident.is_trap(Trap::Straggler);
            let limit = if straggler { 0.15 } else { 0.07 };
            miss += if faster { 0.0 } else { (worst - limit).max(0.0) };
            turn.push(0.6);
            continue;
        };
        let (low, high) = if case.realised.len() > 1 { (1.3, 9.0) } else { wanted.severity.band() };
        let got = realised.relevant_ratio;
        let aim = (low * high.min(4.0)).sqrt();
        let want = aim - 1.0;
        let factor = (want / (got - 1.0).max(0.03)).clamp(0.3, 3.0);
        turn.push(factor);
        miss += ((low - got) / low).max((got - high) / high).max(0.0);
        let weak = realised.power_z < 2.5 && realised.calls > 8;
        let few = affected_in(case, realised) < 4;
        let impure = impurity(cause, &realised.effect);
        miss += if weak { 0.3 } else { 0.0 } + if few { 0.5 } else { 0.0 } + impure;
        if (weak || few)
            && let Some(factor) = turn.last_mut()
        {
            *factor = factor.max(1.3);
        }
    }
    (miss, turn)
}

fn affected_in(case: &Case, realised: &Realised) -> usize {
    let at =
        case.realised.iter().position(|other| other.incident == realised.incident).unwrap_or(0);
    let held = case.held.iter().zip(&case.pairs);
    held.filter(|(held, pair)| held.get(at).copied().unwrap_or(false) && pair.affected).count()
}

fn place(wanted: &Wanted, world: &Scenario, rng: &mut Rng) -> Vec<Incident> {
    let mut incidents = Vec::new();
    for (at, (effect, sub)) in world.setup.effects.iter().enumerate() {
        let lag_s = if at == 0 { 0.0 } else { rng.range(-60.0, 120.0) };
        let onset_s = world.quiet_s + rng.range(10.0, 50.0) + lag_s;
        let abrupt = rng.chance(0.5);
        let ramp_s = if abrupt { 0.0 } else { rng.range(10.0, 120.0) };
        incidents.push(Incident {
            effect: *effect,
            sub: *sub,
            slice: slice(wanted, world, *effect, at, rng),
            onset_s,
            end_s: onset_s + world.incident_s * rng.range(0.92, 1.1),
            ramp_s,
            strength: first_strength(*effect, *sub, wanted.severity).min(1e3),
        });
    }
    incidents
}

fn slice(wanted: &Wanted, world: &Scenario, effect: Effect, at: usize, rng: &mut Rng) -> Slice {
    let service = Slice::Service(at.min(world.services.len() - 1));
    let several = world.services.iter().any(|s| s.model != world.services[0].model);
    let Effect::Cause(cause) = effect else { return Slice::Everywhere };
    match cause {
        Cause::PromptGrowth | Cause::OutputGrowth if wanted.tenants && rng.chance(0.25) => {
            Slice::Tenant(0)
        }
        Cause::PromptGrowth | Cause::OutputGrowth | Cause::ClientRetries | Cause::ClientStall
            if at == 0 && rng.chance(0.35) =>
        {
            Slice::Everywhere
        }
        Cause::LoadSurge if rng.chance(0.6) => Slice::Everywhere,
        Cause::CacheMissEvicted
        | Cause::PrefillQueueing
        | Cause::DecodeContention
        | Cause::CapacityEvent
        | Cause::AcceptanceDropDraftSwap
        | Cause::RegionChange
        | Cause::PoolChange
        | Cause::ModelChange => {
            if several && rng.chance(0.6) {
                Slice::Model(world.services[0].model)
            } else {
                Slice::Everywhere
            }
        }
        _ => service,
    }
}

fn realise(
    world: &Scenario,
    twin: &Run,
    incidents: &[Incident],
    given: &GivenWindow,
    attempt: u32,
) -> Case {
    let whole = run(world, incidents);
    let window = given.bounds_s;
    let all = pairs(&whole, twin, window.0, window.1);
    let held: Vec<Vec<bool>> = all
        .iter()
        .map(|pair| incidents.iter().map(|i| held_by(i, &whole, twin, pair.index)).collect())
        .collect();
    let shares = shares(world, twin, incidents, window);
    let mut realised = Vec::new();
    for (at, incident) in incidents.iter().enumerate() {
        let inside: Vec<Pair> = all
            .iter()
            .zip(&held)
            .filter(|(pair, held)| {
                held[at] && pair.start_s >= incident.onset_s && pair.start_s < incident.end_s
            })
            .map(|(pair, _)| *pair)
            .collect();
        let slowed: Vec<Pair> = inside.iter().copied().filter(|pair| pair.affected).collect();
        let baseline = world.quiet_s / (window.1 - window.0) * inside.len() as f64;
        let cause = match incident.effect {
            Effect::Cause(cause) => cause,
            Effect::Trap(_) => Cause::CapacityEvent,
        };
        realised.push(Realised {
            incident: *incident,
            share: shares[at],
            effect: effect(&slowed),
            relevant_ratio: relevant_ratio(cause, &inside),
            power_z: power_z(cause, &inside, super::scenario::tokens(baseline) as usize),
            calls: inside.len(),
        });
    }
    let causes = incidents.iter().any(|i| matches!(i.effect, Effect::Cause(_)));
    let strongest = realised.iter().map(|r| r.relevant_ratio).fold(1.0, f64::max);
    Case {
        world: world.clone(),
        run: whole,
        realised,
        pairs: all,
        held,
        window: given.clone(),
        severity: causes.then(|| Severity::of(strongest)),
        attempt,
    }
}

/// Each incident's part of the time added, from running it alone.
fn shares(world: &Scenario, twin: &Run, incidents: &[Incident], window: (f64, f64)) -> Vec<f64> {
    if incidents.len() < 2 {
        return vec![1.0; incidents.len()];
    }
    let added: Vec<f64> = incidents
        .iter()
        .map(|incident| {
            let alone = run(world, &[*incident]);
            let pairs = pairs(&alone, twin, window.0, window.1);
            pairs
                .iter()
                .filter_map(|p| Some(p.seen.duration_s - p.twin?.duration_s))
                .sum::<f64>()
                .max(0.0)
        })
        .collect();
    let sum: f64 = added.iter().sum::<f64>().max(1e-9);
    added.iter().map(|part| part / sum).collect()
}
