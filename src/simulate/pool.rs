//! A pool at run time: its replicas, its balancer, and the neighbours that share it.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::effects::PoolKnobs;
use super::engine::speculation::tokens_per_step;
use super::engine::{Finished, Job, JobKind, Ledger, Prefix, Replica, Scheduler};
use super::pool_plan::{
    NEIGHBOUR_ACCEPTANCE, NEIGHBOUR_CACHED_RATIO, NEIGHBOUR_OUTPUT, NEIGHBOUR_PROMPT,
};
use super::rng::{Rng, mix};
use super::scenario::{PoolSpec, Scenario, WARM_UP_S, tokens};

type Index<T> = HashMap<u32, T, FixedState>;

/// What kind of neighbour a stream brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Neighbour {
    Usual,
    DecodeHeavy,
    PrefillHeavy,
}

/// A stream of neighbours, drawn at its highest rate and thinned.
#[derive(Debug)]
struct Stream {
    kind: Neighbour,
    rng: Rng,
    ceiling: f64,
    level: f64,
    next_s: f64,
}

/// Decode-heavy neighbours: prompt and answer medians with their log-scale deviations.
const DECODE_HEAVY: ((f64, f64), (f64, f64)) = ((250.0, 0.6), (700.0, 0.5));
/// Prefill-heavy neighbours.
const PREFILL_HEAVY: ((f64, f64), (f64, f64)) = ((9000.0, 0.4), (25.0, 0.4));
/// How far the usual rate can rise above its mean.
const SWING: f64 = 1.25;

/// A pool and its state.
#[derive(Debug)]
pub struct Pool {
    /// Share of requests that follow their prefix.
    pub affinity: f64,
    replicas: Vec<Replica>,
    prefill: usize,
    streams: Vec<Stream>,
    knobs: Option<PoolKnobs>,
    acceptance_draft: u32,
    transfer_s: f64,
    seed: u64,
    wave: f64,
    handed: Vec<(Finished, usize)>,
    spec_affinity: f64,
    max_sequences: u32,
    token_s: f64,
    parked: Index<Finished>,
}

impl Pool {
    /// An idle pool.
    pub fn new(world: &Scenario, at: usize, spec: &PoolSpec) -> Self {
        let replicas = (0..spec.replicas)
            .map(|index| {
                let mut engine = spec.engine;
                if index < spec.prefill_replicas {
                    engine.scheduler = Scheduler::PrefillOnly { max_tokens: 8192 };
                }
                Replica::new(engine)
            })
            .collect();
        let stream = |kind: Neighbour, tag: u64| Stream {
            kind,
            rng: world.stream(&[50, at as u64, tag]),
            ceiling: 0.0,
            level: 0.0,
            next_s: f64::INFINITY,
        };
        let mut pool = Self {
            affinity: spec.affinity,
            replicas,
            prefill: spec.prefill_replicas,
            streams: vec![
                stream(Neighbour::Usual, 0),
                stream(Neighbour::DecodeHeavy, 1),
                stream(Neighbour::PrefillHeavy, 2),
            ],
            knobs: None,
            acceptance_draft: spec.engine.draft_tokens,
            transfer_s: spec.transfer_s,
            seed: mix(&[world.setup.seed, 51, at as u64]),
            wave: world.stream(&[52, at as u64]).range(0.0, std::f64::consts::TAU),
            handed: Vec::new(),
            spec_affinity: spec.affinity,
            max_sequences: spec.engine.max_sequences,
            token_s: spec.engine.cost.token_s,
            parked: Index::default(),
        };
        if let Some(usual) = pool.streams.first_mut() {
            usual.set(spec.neighbour_rate * SWING, -WARM_UP_S);
            usual.level = 1.0;
        }
        pool
    }

    /// Puts the pool into a state.
    pub fn apply(&mut self, spec: &PoolSpec, knobs: &PoolKnobs, now_s: f64) {
        if self.knobs.as_ref() == Some(knobs) {
            return;
        }
        self.knobs = Some(*knobs);
        let decoders = self.replicas.len() - self.prefill;
        let alive = (decoders as f64 * knobs.alive_share).round().max(1.0);
        let busy: u32 = self.replicas.iter().map(Replica::running).sum();
        let mean_busy = f64::from(busy) / decoders as f64;
        for (index, replica) in self.replicas.iter_mut().enumerate() {
            replica.slowdown = knobs.slowdown;
            replica.cache.capacity_factor = knobs.cache_factor;
            replica.alive = index < self.prefill || ((index - self.prefill) as f64) < alive;
            let cut = knobs.slots <= 0.0;
            if cut && replica.spec.max_sequences == self.max_sequences {
                replica.spec.max_sequences = tokens(mean_busy * 0.85).max(2);
            } else if !cut {
                replica.spec.max_sequences = self.max_sequences;
            }
        }
        self.affinity = self.spec_affinity * knobs.affinity_factor;
        let output = mean(NEIGHBOUR_OUTPUT);
        let long = mean(DECODE_HEAVY.1);
        let servers = if self.prefill > 0 { self.prefill } else { self.replicas.len() } as f64;
        let heavy_prompt_s = mean(PREFILL_HEAVY.0) * self.token_s;
        let rates = [
            spec.neighbour_rate * SWING,
            spec.neighbour_rate * knobs.decode_neighbours * output / long,
            knobs.prefill_neighbours * servers / heavy_prompt_s,
        ];
        for (stream, rate) in self.streams.iter_mut().zip(rates).skip(1) {
            stream.set(rate, now_s);
            stream.level = 1.0;
        }
        if let Some(usual) = self.streams.first_mut() {
            usual.level = knobs.neighbour_scale;
        }
    }

    /// When the next neighbour comes.
    pub fn next_neighbour_s(&self) -> f64 {
        self.streams.iter().map(|stream| stream.next_s).fold(f64::INFINITY, f64::min)
    }

    /// Waiting requests per replica.
    pub fn waiting_per_replica(&self) -> u32 {
        let waiting: u32 = self.replicas.iter().map(Replica::waiting).sum();
        waiting / u32::try_from(self.replicas.len().max(1)).unwrap_or(1)
    }

    /// Adds what its requests lost time to.
    pub fn enter(&self, ledger: &mut Ledger) {
        self.replicas.iter().for_each(|replica| ledger.add(&replica.ledger));
    }

    /// Lets the next neighbour in, or turns it away.
    pub fn admit_neighbour(&mut self) {
        let next_s = self.next_neighbour_s();
        let Some(at) = self.streams.iter().position(|stream| stream.next_s <= next_s) else {
            return;
        };
        let arrive_s = self.streams[at].next_s;
        let swing = self.swing(arrive_s);
        let stream = &mut self.streams[at];
        let kind = stream.kind;
        let kept = kind != Neighbour::Usual || stream.rng.uniform() < stream.level * swing / SWING;
        let mut rng = Rng::keyed(&[self.seed, 53, at as u64, stream.rng.bits()]);
        stream.advance();
        let crowded = self.knobs.is_some_and(|knobs| {
            f64::from(self.replicas.iter().map(Replica::waiting).sum::<u32>())
                > knobs.neighbour_queue * self.replicas.len() as f64
        });
        if kept && !crowded {
            let job = neighbour(kind, arrive_s, self.acceptance_draft, &mut rng);
            let key = rng.bits();
            self.submit(job, false, key);
        }
    }

    /// The slow drift of the neighbours' rate: two waves of twenty minutes and of five.
    fn swing(&self, at_s: f64) -> f64 {
        let slow = (self.wave + at_s * std::f64::consts::TAU / 1260.0).sin();
        let fast = (self.wave * 2.0 + at_s * std::f64::consts::TAU / 310.0).sin();
        1.0 + 0.07 * slow + 0.06 * fast
    }

    /// Sends a job to a replica: where its prefix lives, or to the emptier of two.
    pub fn submit(&mut self, job: Job, affine: bool, key: u64) {
        let range = if self.prefill > 0 { 0..self.prefill } else { 0..self.replicas.len() };
        let target = self.route(&job, range, affine, key);
        self.replicas[target].submit(job);
    }

    fn route(&self, job: &Job, range: std::ops::Range<usize>, affine: bool, key: u64) -> usize {
        let alive = || range.clone().filter(|at| self.replicas[*at].alive);
        let load = |at: usize| self.replicas[at].running() + self.replicas[at].waiting();
        if affine && let Some(head) = job.prefix.first() {
            let least = alive().map(load).min().unwrap_or(0);
            let home = alive().max_by_key(|at| mix(&[head.hash, *at as u64]));
            if let Some(home) = home.filter(|home| load(*home) <= least * 3 / 2 + 6) {
                return home;
            }
        }
        let mut rng = Rng::keyed(&[self.seed, 54, key]);
        let count = alive().count();
        let mut draw = || alive().nth(rng.index(count)).unwrap_or(range.start);
        let (a, b) = (draw(), draw());
        if load(b) < load(a) { b } else { a }
    }

    /// Runs every replica until `to_s`; returns what left the pool.
    pub fn run_until(&mut self, to_s: f64) -> Vec<Finished> {
        let mut done = Vec::new();
        self.handed.clear();
        for at in 0..self.prefill {
            for finished in self.replicas[at].run_until(to_s) {
                self.hand_over(&finished, &mut done);
            }
        }
        for at in self.prefill..self.replicas.len() {
            for finished in self.replicas[at].run_until(to_s) {
                let finished = self.join(finished);
                self.handed.push((finished.clone(), at));
                done.push(finished);
            }
        }
        done
    }

    /// A computed prompt moves to a decode replica.
    fn hand_over(&mut self, prefilled: &Finished, done: &mut Vec<Finished>) {
        let job = Job {
            kind: prefilled.kind,
            arrive_s: prefilled.done_s + self.transfer_s * prefilled.prompt_tokens / 1000.0,
            prompt_tokens: prefilled.prompt_tokens,
            prefix: Prefix::from(Arc::from([])),
            assumed_cached_tokens: 0.0,
            output_tokens: prefilled.output_tokens,
            decode_steps: prefilled.decode_steps,
        };
        if let JobKind::Own(index) = job.kind {
            self.parked.insert(index, prefilled.clone());
            if job.decode_steps == 0 {
                self.handed.push((prefilled.clone(), 0));
                done.push(prefilled.clone());
                return;
            }
        }
        let key = job.arrive_s.to_bits();
        let target = self.route(&job, self.prefill..self.replicas.len(), false, key);
        self.replicas[target].submit(job);
    }

    /// Puts the two halves of a disaggregated request together.
    fn join(&mut self, decoded: Finished) -> Finished {
        let JobKind::Own(index) = decoded.kind else { return decoded };
        match self.parked.remove(&index) {
            Some(prefilled) => Finished {
                arrive_s: prefilled.arrive_s,
                admitted_s: prefilled.admitted_s,
                first_token_s: prefilled.first_token_s,
                cached_tokens: prefilled.cached_tokens,
                waiting: prefilled.waiting,
                position: prefilled.position,
                ..decoded
            },
            None => decoded,
        }
    }

    /// The replica whose iterations a job's steps count, among those that finished last.
    pub fn replica_of(&self, finished: &Finished) -> &Replica {
        let at = self.handed.iter().find(|(other, _)| other.kind == finished.kind);
        &self.replicas[at.map_or(0, |(_, at)| *at)]
    }
}

impl Stream {
    fn set(&mut self, rate: f64, now_s: f64) {
        if (rate - self.ceiling).abs() < 1e-12 {
            return;
        }
        self.ceiling = rate;
        self.next_s = now_s;
        self.advance();
    }

    fn advance(&mut self) {
        self.next_s = if self.ceiling > 0.0 {
            self.next_s + self.rng.exponential(1.0 / self.ceiling)
        } else {
            f64::INFINITY
        };
    }
}

fn mean((median, sigma): (f64, f64)) -> f64 {
    median * (sigma * sigma / 2.0_f64).exp()
}

fn neighbour(kind: Neighbour, arrive_s: f64, draft: u32, rng: &mut Rng) -> Job {
    let (prompt, output, cached) = match kind {
        Neighbour::Usual => (NEIGHBOUR_PROMPT, NEIGHBOUR_OUTPUT, NEIGHBOUR_CACHED_RATIO),
        Neighbour::DecodeHeavy => (DECODE_HEAVY.0, DECODE_HEAVY.1, 0.0),
        Neighbour::PrefillHeavy => (PREFILL_HEAVY.0, PREFILL_HEAVY.1, 0.0),
    };
    let prompt = rng.lognormal(prompt.0, prompt.1).clamp(16.0, 60_000.0);
    let output = tokens(rng.lognormal(output.0, output.1)).clamp(2, 6000);
    let steps = f64::from(output - 1) / tokens_per_step(NEIGHBOUR_ACCEPTANCE, draft);
    Job {
        kind: JobKind::Neighbour,
        arrive_s,
        prompt_tokens: prompt.round(),
        prefix: Prefix::from(Arc::from([])),
        assumed_cached_tokens: prompt * cached,
        output_tokens: output,
        decode_steps: tokens(steps).max(1),
    }
}
