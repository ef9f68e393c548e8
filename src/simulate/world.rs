//! Runs a world: own calls and neighbours through balancers and replicas, in short ticks of time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use foldhash::fast::FixedState;

use super::client::{Outcome, Pending};
use super::effects::{pool_knobs, resolve};
use super::engine::prefix::chain;
use super::engine::{Finished, Job, JobKind, Ledger, Prefix};
use super::incident::Incident;
use super::pool::Pool;
use super::rng::mix;
use super::scenario::{Scenario, WARM_UP_S};
use super::traffic::{Call, Start, plan};

/// A finished run: what became of each planned call.
#[derive(Debug)]
pub struct Run {
    /// Every planned call; the first ones are the same in every run of a case.
    pub calls: Vec<Call>,
    /// What became of each; `None` where it never started or had not ended with the data.
    pub outcomes: Vec<Option<Outcome>>,
    /// What requests lost time to, over all pools, neighbours included.
    pub ledger: Ledger,
}

/// Length of a tick, seconds: the balancer's view of a replica is at most this old.
const TICK_S: f64 = 0.05;
/// Waiting own requests per replica beyond which the gateway refuses them.
const OWN_QUEUE_LIMIT: u32 = 120;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Start(usize),
    Arrive(usize),
}

struct Runner<'a> {
    world: &'a Scenario,
    incidents: &'a [Incident],
    calls: Vec<Call>,
    outcomes: Vec<Option<Outcome>>,
    pending: HashMap<usize, Pending, FixedState>,
    followers: HashMap<usize, Vec<usize>, FixedState>,
    events: BinaryHeap<Reverse<(i64, Event)>>,
    pools: Vec<Pool>,
    /// Last use of each prefix, by pool and cumulative hash.
    used: HashMap<(usize, u64), f64, FixedState>,
    /// Instructions last seen of a service's task and tenant, by pool.
    known: HashMap<u64, u64, FixedState>,
}

#[allow(clippy::cast_possible_truncation, reason = "hours in nanoseconds fit")]
fn nanoseconds(at_s: f64) -> i64 {
    (at_s * 1e9) as i64
}

#[allow(clippy::cast_precision_loss, reason = "hours in nanoseconds fit")]
fn seconds(at_ns: i64) -> f64 {
    at_ns as f64 / 1e9
}

/// Runs the world with these incidents.
pub fn run(world: &Scenario, incidents: &[Incident]) -> Run {
    let calls = plan(world, incidents);
    let mut runner = Runner {
        world,
        incidents,
        outcomes: (0..calls.len()).map(|_| None).collect(),
        pending: HashMap::default(),
        followers: HashMap::default(),
        events: BinaryHeap::new(),
        pools: world
            .pools
            .iter()
            .enumerate()
            .map(|(at, spec)| Pool::new(world, at, spec))
            .collect(),
        used: HashMap::default(),
        known: HashMap::default(),
        calls,
    };
    runner.seed_events();
    let end_s = world.data_s() + 120.0;
    let mut tick: u32 = 0;
    loop {
        let from_s = -WARM_UP_S + f64::from(tick) * TICK_S;
        if from_s >= end_s {
            break;
        }
        runner.tick(from_s, from_s + TICK_S, tick.is_multiple_of(20));
        tick += 1;
    }
    let mut ledger = Ledger::default();
    runner.pools.iter().for_each(|pool| pool.enter(&mut ledger));
    Run { calls: runner.calls, outcomes: runner.outcomes, ledger }
}

impl Runner<'_> {
    fn seed_events(&mut self) {
        for (index, call) in self.calls.iter().enumerate() {
            match call.start {
                Start::At(at_s) => {
                    self.events.push(Reverse((nanoseconds(at_s), Event::Start(index))));
                }
                Start::After { call, .. } => self.followers.entry(call).or_default().push(index),
            }
        }
    }

    fn tick(&mut self, from_s: f64, to_s: f64, refresh: bool) {
        if refresh {
            for (pool, spec) in self.pools.iter_mut().zip(&self.world.pools) {
                pool.apply(spec, &pool_knobs(spec, self.incidents, from_s), from_s);
            }
        }
        let mut arriving: Vec<Vec<(f64, usize)>> = vec![Vec::new(); self.pools.len()];
        while let Some(Reverse((at_ns, event))) = self.events.peek().copied() {
            if at_ns >= nanoseconds(to_s) {
                break;
            }
            self.events.pop();
            match event {
                Event::Start(index) => self.start(index, seconds(at_ns)),
                Event::Arrive(index) => {
                    if let Some(pending) = self.pending.get(&index) {
                        arriving[pending.made.pool].push((seconds(at_ns), index));
                    }
                }
            }
        }
        for (at, own) in arriving.into_iter().enumerate() {
            self.feed(at, own, to_s);
            for finished in self.pools[at].run_until(to_s) {
                self.finish(at, &finished, to_s);
            }
        }
    }

    fn start(&mut self, index: usize, at_s: f64) {
        let call = &self.calls[index];
        let Some(made) = resolve(self.world, call, at_s, self.incidents) else { return };
        let mut pending = Pending::begin(self.world, call, at_s, made);
        match pending.send(self.world, &self.world.services[call.service]) {
            Some(arrive_s) => {
                self.pending.insert(index, pending);
                self.events.push(Reverse((nanoseconds(arrive_s), Event::Arrive(index))));
            }
            None => self.close(index, pending.refused(), at_s),
        }
    }

    /// Hands a pool the own requests and neighbours of a tick, in the order of their arrival.
    fn feed(&mut self, at: usize, own: Vec<(f64, usize)>, to_s: f64) {
        let mut own = own.into_iter().peekable();
        loop {
            let neighbour_s = self.pools[at].next_neighbour_s();
            match own.peek().copied() {
                Some((arrive_s, index)) if arrive_s <= neighbour_s => {
                    own.next();
                    self.arrive(at, index, arrive_s);
                }
                _ if neighbour_s < to_s => self.pools[at].admit_neighbour(),
                _ => break,
            }
        }
    }

    fn arrive(&mut self, at: usize, index: usize, arrive_s: f64) {
        let Some(mut pending) = self.pending.remove(&index) else { return };
        let world = self.world;
        let (key, service) = (self.calls[index].key, &world.services[self.calls[index].service]);
        if self.pools[at].waiting_per_replica() > OWN_QUEUE_LIMIT {
            if pending.refuse(world, service, 429)
                && let Some(again_s) = pending.send(world, service)
            {
                self.pending.insert(index, pending);
                self.events.push(Reverse((nanoseconds(again_s), Event::Arrive(index))));
            } else {
                self.close(index, pending.refused(), arrive_s);
            }
            return;
        }
        pending.miss = self.miss_reason(at, index, &pending, arrive_s);
        let steps = pending.steps(world, &self.calls[index]).len();
        let job = Job {
            kind: JobKind::Own(u32::try_from(index).unwrap_or(u32::MAX)),
            arrive_s,
            prompt_tokens: f64::from(pending.made.input_tokens),
            prefix: Prefix::clone(&pending.made.prefix),
            assumed_cached_tokens: 0.0,
            output_tokens: pending.made.output_tokens,
            decode_steps: u32::try_from(steps).unwrap_or(u32::MAX),
        };
        let affine = world.stream(&[43, key]).chance(self.pools[at].affinity);
        self.pools[at].submit(job, affine, key);
        self.pending.insert(index, pending);
    }

    /// Why part of the stable prefix will have to be computed, were it not in the cache.
    fn miss_reason(
        &mut self,
        at: usize,
        index: usize,
        pending: &Pending,
        now_s: f64,
    ) -> Option<&'static str> {
        let call = &self.calls[index];
        let ttl_s = self.world.provider.cache_ttl_s;
        let stable = pending.made.stable_tokens;
        let mut reason = "evicted";
        for (hash, tokens) in chain(&pending.made.prefix) {
            let used = self.used.insert((at, hash), now_s);
            if tokens <= stable && reason == "evicted" {
                match used {
                    None => reason = "first_use",
                    Some(used_s) if now_s - used_s > ttl_s => reason = "expired",
                    Some(_) => {}
                }
            }
        }
        let identity = mix(&[
            at as u64,
            call.service as u64,
            pending.made.task as u64,
            u64::from(pending.made.tenant),
        ]);
        let before = self.known.insert(identity, pending.made.prompt_hash);
        let changed = before.is_some_and(|hash| hash != pending.made.prompt_hash);
        Some(if changed && reason == "first_use" { "prompt_changed" } else { reason })
    }

    fn finish(&mut self, at: usize, finished: &Finished, now_s: f64) {
        let JobKind::Own(index) = finished.kind else { return };
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let Some(mut pending) = self.pending.remove(&index) else { return };
        let spec = &self.world.provider;
        let stable = pending.made.stable_tokens;
        let block = self.world.pools[at].engine.cache.granularity_tokens;
        let whole = finished.cached_tokens + block > stable || stable < spec.cache_min_tokens;
        if whole {
            pending.miss = None;
        }
        let replica = self.pools[at].replica_of(finished);
        let outcome = pending.finish(self.world, &self.calls[index], finished, replica);
        self.close(index, outcome, now_s);
    }

    fn close(&mut self, index: usize, outcome: Outcome, now_s: f64) {
        let end_s = outcome.end_s;
        self.outcomes[index] = Some(outcome);
        for follower in self.followers.remove(&index).unwrap_or_default() {
            if let Start::After { gap_s, .. } = self.calls[follower].start {
                let at_s = (end_s + gap_s).max(now_s);
                self.events.push(Reverse((nanoseconds(at_s), Event::Start(follower))));
            }
        }
    }
}
