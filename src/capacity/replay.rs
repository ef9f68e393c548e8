//! Gives a recording's requests, at a multiple of their number, to a fitted deployment again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::recording::Recording;
use crate::simulate::engine::{EngineSpec, Finished, Job, JobKind, Ledger, Prefix, Replica};
use crate::simulate::rng::{Rng, mix};

/// A deployment as far as latency is concerned.
#[derive(Debug, Clone, Copy)]
pub struct Deployment {
    /// Every replica's engine.
    pub engine: EngineSpec,
    /// How many.
    pub replicas: usize,
    /// Network and gateway, before the request reaches the engine.
    pub overhead_s: f64,
    /// Whether requests follow the head of their prompt.
    pub affine: bool,
}

/// The start of a session or of a single request.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// Index of the request.
    pub request: usize,
    /// When it starts.
    pub at_s: f64,
}

/// What a replayed request took.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// Index of the request.
    pub request: usize,
    /// When it started.
    pub start_s: f64,
    /// To its first token.
    pub ttft_s: f64,
    /// Per token after the first; NaN where there is none.
    pub itl_s: f64,
    /// In all.
    pub duration_s: f64,
}

/// A finished replay.
#[derive(Debug, Clone, Default)]
pub struct Replayed {
    /// Requests that finished.
    pub taken: Vec<Taken>,
    /// Requests that had not, when the time was up.
    pub unfinished: usize,
    /// What they lost time to.
    pub ledger: Ledger,
    /// Requests waiting for admission, on average over the last tenth less that over the first
    /// half, as a share of all: a queue that grows.
    pub backlog_share: f64,
}

/// Copies of a session start within so many seconds of it: its burst stays a burst.
const JITTER_S: f64 = 12.0;
/// The balancer's view of a replica is at most this old, seconds.
const TICK_S: f64 = 0.05;
/// A home replica is left where it holds this much more than the emptiest.
const HOME_LIMIT: (u32, u32) = (3, 6);

/// Length of the stretches of time that are drawn again, seconds: longer than a burst.
const BLOCK_S: f64 = 90.0;

/// The recording's sessions as they came, `scale` times as many of each service; the first of each
/// keeps its time.
pub fn arrivals(recording: &Recording, scale: &[f64], seed: u64) -> Vec<Arrival> {
    let heads = recording.requests.iter().enumerate().filter(|(_, found)| !found.follows);
    let heads: Vec<Arrival> =
        heads.map(|(request, found)| Arrival { request, at_s: found.start_s }).collect();
    multiplied(recording, &heads, scale, seed)
}

/// The same number of sessions out of stretches of time drawn anew: another day of this traffic.
pub fn resampled(recording: &Recording, scale: &[f64], seed: u64) -> Vec<Arrival> {
    let mut rng = Rng::keyed(&[seed, 303]);
    let length_s = recording.length_s.max(1.0);
    let blocks = (length_s / BLOCK_S).ceil().max(1.0);
    let block_s = length_s / blocks;
    let first: Vec<usize> = (0..recording.requests.len())
        .filter(|request| !recording.requests[*request].follows)
        .collect();
    let start = |place: usize| recording.requests[first[place]].start_s;
    let mut heads = Vec::with_capacity(first.len());
    for block in 0..blocks as usize {
        let from_s = rng.uniform() * (length_s - block_s);
        let offset_s = block as f64 * block_s - from_s;
        let low = first.partition_point(|request| recording.requests[*request].start_s < from_s);
        for place in low..first.len() {
            if start(place) >= from_s + block_s {
                break;
            }
            heads.push(Arrival { request: first[place], at_s: start(place) + offset_s });
        }
    }
    // As many of each service as were recorded: traffic is asked about at its own level.
    let services = scale.len().max(1);
    let service = |request: usize| (recording.requests[request].service as usize).min(services - 1);
    let (mut had, mut drawn) = (vec![0.0; services], vec![0.0; services]);
    first.iter().for_each(|request| had[service(*request)] += 1.0);
    heads.iter().for_each(|arrival| drawn[service(arrival.request)] += 1.0);
    let scale: Vec<f64> = (0..services)
        .map(|at| scale[at] * if drawn[at] > 0.0 { had[at] / drawn[at] } else { 1.0 })
        .collect();
    multiplied(recording, &heads, &scale, seed)
}

fn multiplied(recording: &Recording, heads: &[Arrival], scale: &[f64], seed: u64) -> Vec<Arrival> {
    let mut rng = Rng::keyed(&[seed, 301]);
    let mut owed: Vec<f64> = scale.iter().map(|_| rng.uniform()).collect();
    let mut arrivals = Vec::new();
    let end_s = recording.length_s.max(1.0);
    for head in heads {
        let service = recording.requests[head.request].service as usize;
        let service = service.min(scale.len().saturating_sub(1));
        owed[service] += scale[service];
        let mut copy = 0;
        while owed[service] >= 1.0 {
            owed[service] -= 1.0;
            let moved_s = if copy == 0 { 0.0 } else { rng.range(-JITTER_S, JITTER_S) };
            let at_s = (head.at_s + moved_s).rem_euclid(end_s);
            arrivals.push(Arrival { request: head.request, at_s });
            copy += 1;
        }
    }
    arrivals.sort_by(|a, b| a.at_s.total_cmp(&b.at_s).then(a.request.cmp(&b.request)));
    arrivals
}

struct Fleet<'a> {
    recording: &'a Recording,
    deployment: &'a Deployment,
    replicas: Vec<Replica>,
    events: BinaryHeap<Reverse<(i64, u32)>>,
    /// Request and start of each that was begun.
    begun: Vec<(usize, f64)>,
    taken: Vec<Taken>,
    seed: u64,
    /// Seconds that requests waited in the first half and in the last tenth of the recording.
    waited_s: (f64, f64),
}

/// Replays the arrivals; sessions go on as their answers come.
pub fn replay(
    recording: &Recording,
    deployment: &Deployment,
    arrivals: &[Arrival],
    seed: u64,
) -> Replayed {
    let mut fleet = Fleet {
        recording,
        deployment,
        replicas: (0..deployment.replicas.max(1))
            .map(|_| Replica::new(deployment.engine))
            .collect(),
        events: BinaryHeap::new(),
        begun: Vec::with_capacity(arrivals.len() * 2),
        taken: Vec::with_capacity(arrivals.len() * 2),
        seed,
        waited_s: (0.0, 0.0),
    };
    for arrival in arrivals {
        fleet.begin(arrival.request, arrival.at_s);
    }
    // What starts within the recording may end after it.
    let end_s = recording.length_s + 60.0;
    let mut from_s = 0.0;
    while from_s < end_s {
        from_s = from_s.max(fleet.idle_until_s());
        fleet.tick(from_s, from_s > recording.length_s);
        from_s += TICK_S;
    }
    fleet.finish()
}

impl Fleet<'_> {
    fn begin(&mut self, request: usize, at_s: f64) {
        let id = u32::try_from(self.begun.len()).unwrap_or(u32::MAX);
        self.begun.push((request, at_s));
        let arrive_s = at_s + self.deployment.overhead_s;
        self.events.push(Reverse(((arrive_s * 1e9) as i64, id)));
    }

    /// When the next request comes, where none is being served; the beginning of time otherwise.
    fn idle_until_s(&self) -> f64 {
        if self.replicas.iter().any(|replica| replica.running() + replica.waiting() > 0) {
            return 0.0;
        }
        let next = self.events.peek().map(|Reverse((at_ns, _))| *at_ns as f64 * 1e-9);
        // Whole ticks, so that a pause shifts nothing.
        next.map_or(f64::INFINITY, |at_s| (at_s / TICK_S).floor() * TICK_S)
    }

    fn tick(&mut self, from_s: f64, closing: bool) {
        let to_s = from_s + TICK_S;
        let to_ns = (to_s * 1e9) as i64;
        while let Some(Reverse((at_ns, id))) = self.events.peek().copied() {
            if at_ns >= to_ns {
                break;
            }
            self.events.pop();
            self.submit(id, at_ns as f64 * 1e-9);
        }
        let mut done = Vec::new();
        for replica in &mut self.replicas {
            done.append(&mut replica.run_until(to_s));
        }
        for finished in &done {
            self.end(finished, to_s, closing);
        }
        let waiting: u32 = self.replicas.iter().map(Replica::waiting).sum();
        let part = from_s / self.recording.length_s.max(TICK_S);
        if part < 0.5 {
            self.waited_s.0 += f64::from(waiting) * TICK_S;
        } else if (0.9..1.0).contains(&part) {
            self.waited_s.1 += f64::from(waiting) * TICK_S;
        }
    }

    fn submit(&mut self, id: u32, arrive_s: f64) {
        let (request, _) = self.begun[id as usize];
        let found = &self.recording.requests[request];
        let target = self.route(found.head, id);
        let job = Job {
            kind: JobKind::Own(id),
            arrive_s,
            prompt_tokens: found.prompt_tokens,
            prefix: Prefix::from(Arc::from([])),
            assumed_cached_tokens: found.cached_tokens,
            output_tokens: found.output_tokens as u32,
            decode_steps: found.steps as u32,
        };
        self.replicas[target].submit(job);
    }

    /// The replica of its prompt's head unless that is much busier, or the emptier of two.
    fn route(&self, head: u64, id: u32) -> usize {
        let count = self.replicas.len();
        let load = |at: usize| self.replicas[at].running() + self.replicas[at].waiting();
        if self.deployment.affine {
            let least = (0..count).map(load).min().unwrap_or(0);
            let home = (0..count).max_by_key(|at| mix(&[head, *at as u64])).unwrap_or(0);
            if load(home) <= least * HOME_LIMIT.0 / 2 + HOME_LIMIT.1 {
                return home;
            }
        }
        let mut rng = Rng::keyed(&[self.seed, 302, u64::from(id)]);
        let (a, b) = (rng.index(count), rng.index(count));
        if load(b) < load(a) { b } else { a }
    }

    fn end(&mut self, finished: &Finished, now_s: f64, closing: bool) {
        let JobKind::Own(id) = finished.kind else { return };
        let (request, start_s) = self.begun[id as usize];
        let found = &self.recording.requests[request];
        let after = found.output_tokens - 1.0;
        let decode_s = finished.done_s - finished.first_token_s;
        self.taken.push(Taken {
            request,
            start_s,
            ttft_s: finished.first_token_s - start_s,
            itl_s: if after > 0.0 { decode_s / after } else { f64::NAN },
            duration_s: finished.done_s - start_s,
        });
        if let Some((next, pause_s)) = found.next
            && !closing
        {
            self.begin(next, (finished.done_s + pause_s).max(now_s));
        }
    }

    fn finish(self) -> Replayed {
        let mut ledger = Ledger::default();
        for replica in &self.replicas {
            ledger.add(&replica.ledger);
        }
        let length_s = self.recording.length_s.max(TICK_S);
        let (early, late) =
            (self.waited_s.0 / (0.5 * length_s), self.waited_s.1 / (0.1 * length_s));
        let all = self.begun.len().max(1) as f64;
        Replayed {
            unfinished: self.begun.len() - self.taken.len(),
            backlog_share: (late - early) / all,
            ledger,
            taken: self.taken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fit::{NO_CAP, NO_KV, Structure, deployment};
    use super::super::recording::Request;
    use super::*;
    use crate::simulate::engine::Scheduler;

    fn recording(count: usize) -> Recording {
        let request = |at: usize| Request {
            start_s: at as f64 * 0.5,
            ttft_s: 0.1,
            itl_s: 0.01,
            duration_s: 1.0,
            prompt_tokens: 500.0,
            cached_tokens: 100.0,
            output_tokens: 51.0,
            steps: 50.0,
            service: 0,
            head: 1,
            next: (at.is_multiple_of(10)).then_some((at + 5, 1.0)),
            follows: at % 10 == 5,
        };
        Recording {
            requests: (0..count).map(request).collect(),
            length_s: count as f64 * 0.5,
            services: vec!["chat".to_owned()],
            left_out: 0,
            cache_known: true,
            reported: Default::default(),
        }
    }

    fn engine(replicas: usize, max_sequences: u32) -> Deployment {
        let structure = Structure {
            scheduler: Scheduler::Chunked { budget: 2048 },
            replicas,
            max_sequences,
            kv_tokens: NO_KV,
            affine: false,
            draft_tokens: 0,
        };
        deployment(&structure, &[-4.6, -9.2, -12.5, -4.0])
    }

    #[test]
    fn every_session_is_replayed_as_often_as_asked() {
        let recording = recording(400);
        for (scale, low, high) in [(1.0, 400, 400), (2.0, 800, 800), (1.5, 580, 620)] {
            for arrivals in [arrivals(&recording, &[scale], 3), resampled(&recording, &[scale], 3)]
            {
                let replayed = replay(&recording, &engine(1, NO_CAP), &arrivals, 1);
                let count = replayed.taken.len();
                assert!((low - 20..=high + 20).contains(&count), "{scale}: {count}");
                assert_eq!(replayed.unfinished, 0);
            }
        }
    }

    #[test]
    fn a_tight_cap_is_found_in_the_account() {
        let recording = recording(400);
        let arrivals = arrivals(&recording, &[4.0], 3);
        let free = replay(&recording, &engine(1, NO_CAP), &arrivals, 1);
        let tight = replay(&recording, &engine(1, 2), &arrivals, 1);
        assert_eq!(free.ledger.slots_s, 0.0);
        assert!(tight.ledger.slots_s > 0.5 * tight.ledger.spent_s);
        assert!(tight.backlog_share > 0.004, "{}", tight.backlog_share);
    }
}
