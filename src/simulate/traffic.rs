//! Own traffic: who calls when, with how much to read and to write. The same for a world and its
//! twin, except for the extra calls of a surge.

use super::engine::Segment;
use super::incident::{Effect, Incident, Slice, Trap};
use super::rng::{Rng, mix};
use super::scenario::{Scenario, ServiceSpec, WARM_UP_S, tokens};
use super::service::Flow;
use super::trace_file::{BLOCK_TOKENS, TraceRow};
use crate::diagnosis::Cause;

/// When a call starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Start {
    /// At that second.
    At(f64),
    /// So many seconds after another call ended.
    After {
        /// Index of the other call.
        call: usize,
        /// Seconds between them.
        gap_s: f64,
    },
}

/// A call before any incident touched it.
#[derive(Debug, Clone)]
pub struct Call {
    /// Stable identity, the same in every world of a case.
    pub key: u64,
    /// Index of its service.
    pub service: usize,
    /// Index of its task in the service's kind.
    pub task: usize,
    /// Its tenant.
    pub tenant: u32,
    /// Session or agent run; its own key for single calls.
    pub session: u64,
    /// Place in the session.
    pub turn: u32,
    /// When it starts.
    pub start: Start,
    /// Prompt tokens of its own, before the task's scale.
    pub own_tokens: u32,
    /// Answer tokens, before the task's scale.
    pub output_tokens: u32,
    /// What earlier turns left in the prompt.
    pub history: Vec<Segment>,
    /// Prompt blocks of a public trace, in place of the service's instructions.
    pub blocks: Vec<Segment>,
    /// Whether it exists only because of an incident.
    pub extra: bool,
}

/// Every call of the world, extra ones last; `After` points backwards only.
pub fn plan(world: &Scenario, incidents: &[Incident]) -> Vec<Call> {
    let mut calls = Vec::new();
    if let Some(rows) = &world.setup.trace {
        plan_trace(world, rows, &mut calls);
    } else {
        for index in 0..world.services.len() {
            plan_service(world, index, &mut calls);
        }
    }
    for (at, incident) in incidents.iter().enumerate() {
        let surge = incident.is(Cause::LoadSurge) || incident.is_trap(Trap::Burst);
        if surge {
            for index in 0..world.services.len() {
                plan_surge(world, at as u64, incident, index, &mut calls);
            }
        }
    }
    calls
}

/// Own request rate over the day: a slow wave, or the steep morning of the daily-rise trap.
fn day(world: &Scenario, at_s: f64) -> f64 {
    let rise = world.setup.effects.contains(&(Effect::Trap(Trap::DailyRise), 0));
    if rise {
        return (0.6 + 0.9 * (at_s / world.data_s())).max(0.4);
    }
    1.0 + 0.15 * (world.day_phase + std::f64::consts::TAU * at_s / 86_400.0 * 3.0).sin()
}

fn mean_turns(service: &ServiceSpec) -> f64 {
    match service.kind.flow {
        Flow::Single => 1.0,
        Flow::Chat { turns, .. } => turns,
        Flow::Agent { steps } => steps,
    }
}

/// Times of a bursty Poisson process: calm and busy spells of their own length, thinned.
fn arrivals(
    rng: &mut Rng,
    from_s: f64,
    to_s: f64,
    rate_max: f64,
    share: impl Fn(f64) -> f64,
) -> Vec<f64> {
    let mut times = Vec::new();
    if rate_max <= 0.0 {
        return times;
    }
    let (mut at_s, mut busy, mut spell_end_s) = (from_s, false, from_s);
    loop {
        at_s += rng.exponential(1.0 / (rate_max * 1.4));
        if at_s >= to_s {
            return times;
        }
        while at_s > spell_end_s {
            busy = !busy;
            spell_end_s += rng.exponential(if busy { 25.0 } else { 75.0 });
        }
        let factor = if busy { 1.4 } else { 0.87 };
        if rng.uniform() * 1.4 < factor * share(at_s) {
            times.push(at_s);
        }
    }
}

fn plan_service(world: &Scenario, index: usize, calls: &mut Vec<Call>) {
    let service = &world.services[index];
    let mut rng = world.stream(&[10, index as u64]);
    let rate = service.rate / mean_turns(service) * 1.5;
    let times = arrivals(&mut rng, -WARM_UP_S, world.data_s(), rate, |at_s| day(world, at_s) / 1.5);
    for (number, at_s) in times.into_iter().enumerate() {
        session(world, index, mix(&[10, index as u64, number as u64]), at_s, false, calls);
    }
}

fn plan_surge(world: &Scenario, at: u64, incident: &Incident, index: usize, calls: &mut Vec<Call>) {
    if matches!(incident.slice, Slice::Service(only) if only != index) {
        return;
    }
    let service = &world.services[index];
    let mut rng = world.stream(&[11, at, index as u64]);
    let rate = service.rate / mean_turns(service) * incident.strength;
    let times =
        arrivals(&mut rng, incident.onset_s, incident.end_s, rate, |t| incident.intensity(t));
    for (number, at_s) in times.into_iter().enumerate() {
        session(world, index, mix(&[11, at, index as u64, number as u64]), at_s, true, calls);
    }
}

fn session(
    world: &Scenario,
    index: usize,
    key: u64,
    at_s: f64,
    extra: bool,
    calls: &mut Vec<Call>,
) {
    let service = &world.services[index];
    let mut rng = world.stream(&[12, key]);
    let (turns, gap_s): (u32, Option<(f64, f64)>) = match service.kind.flow {
        Flow::Single => (1, None),
        Flow::Chat { turns, pause_s } => {
            (1 + geometric(&mut rng, turns - 1.0), Some((pause_s, 0.6)))
        }
        Flow::Agent { steps } => (1 + geometric(&mut rng, steps - 1.0).max(1), Some((0.9, 0.8))),
    };
    let weights: Vec<f64> = (0..service.tenants.len()).map(|at| 1.0 / (at as f64 + 1.3)).collect();
    let tenant = service.tenants.get(rng.weighted(&weights)).copied().unwrap_or(0);
    let mut history = Vec::new();
    let mut start = Start::At(at_s);
    for turn in 0..turns {
        let shares: Vec<f64> = service.kind.tasks.iter().map(|task| task.share).collect();
        let (median, sigma) = service.kind.own_tokens;
        let own_tokens = tokens(rng.lognormal(median, sigma)).max(8);
        let (median, sigma) = service.kind.output_tokens;
        let output_tokens = tokens(rng.lognormal(median, sigma)).clamp(2, 4000);
        let task = rng.weighted(&shares);
        let call_key = mix(&[key, u64::from(turn)]);
        calls.push(Call {
            key: call_key,
            service: index,
            task,
            tenant,
            session: key,
            turn,
            start,
            own_tokens,
            output_tokens,
            history: history.clone(),
            blocks: Vec::new(),
            extra,
        });
        let Some((median, sigma)) = gap_s else { break };
        start =
            Start::After { call: calls.len() - 1, gap_s: rng.lognormal(median, sigma).max(0.12) };
        history.push(Segment { hash: call_key, tokens: own_tokens + output_tokens });
    }
}

fn geometric(rng: &mut Rng, mean: f64) -> u32 {
    let stop = 1.0 / (1.0 + mean.max(0.0));
    let mut count = 0;
    while count < 40 && !rng.chance(stop) {
        count += 1;
    }
    count
}

/// Spreads a contiguous stretch of the trace over the data, with the trace's own bursts.
fn plan_trace(world: &Scenario, rows: &[TraceRow], calls: &mut Vec<Call>) {
    let rate: f64 = world.services.iter().map(|service| service.rate).sum();
    let length_s = world.data_s() + WARM_UP_S;
    let wanted =
        usize::try_from(tokens(rate * length_s)).unwrap_or(usize::MAX).clamp(1, rows.len());
    let mut rng = world.stream(&[13]);
    let first = rng.index(rows.len() - wanted + 1);
    let stretch = &rows[first..first + wanted];
    let from_s = stretch.first().map_or(0.0, |row| row.at_s);
    let span_s = stretch.last().map_or(1.0, |row| (row.at_s - from_s).max(1e-3));
    let rates: Vec<f64> = world.services.iter().map(|service| service.rate).collect();
    for (number, row) in stretch.iter().enumerate() {
        let key = mix(&[13, number as u64]);
        let mut rng = world.stream(&[14, key]);
        let index = rng.weighted(&rates);
        let service = &world.services[index];
        let shared = row.blocks.iter().rev().skip(1).rev();
        let blocks: Vec<Segment> =
            shared.map(|hash| Segment { hash: mix(&[15, *hash]), tokens: BLOCK_TOKENS }).collect();
        let in_blocks = BLOCK_TOKENS * u32::try_from(blocks.len()).unwrap_or(0);
        let at_s = (row.at_s - from_s) / span_s * length_s - WARM_UP_S + rng.range(0.0, 0.05);
        calls.push(Call {
            key,
            service: index,
            task: 0,
            tenant: *rng.pick(&service.tenants),
            session: key,
            turn: 0,
            start: Start::At(at_s),
            own_tokens: row.input_tokens.saturating_sub(in_blocks).max(1),
            output_tokens: row.output_tokens.clamp(1, 4000),
            history: Vec::new(),
            blocks,
            extra: false,
        });
    }
}
