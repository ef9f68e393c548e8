//! The caller's side: the network, refusals and retries, chunks as they are read, timeouts.

use super::effects::Resolved;
use super::engine::speculation::draw_steps;
use super::engine::{Finished, Replica};
use super::rng::Rng;
use super::scenario::{Scenario, ServiceSpec};
use super::traffic::Call;

/// One HTTP attempt of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// When the request left.
    pub start_s: f64,
    /// When its answer's headers came, or it was given up.
    pub end_s: f64,
    /// HTTP status; `None` where none came.
    pub status: Option<u16>,
    /// Seconds of `retry-after`, where the answer carried it.
    pub retry_after_s: Option<f64>,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With an answer.
    Ok,
    /// The client gave up waiting.
    Timeout,
    /// Every attempt was refused; the last status.
    Refused(u16),
}

/// What the server did for a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Served {
    /// Seconds between arrival and the start of its prefill.
    pub queue_s: f64,
    /// Seconds of prefill, to the first token.
    pub prefill_s: f64,
    /// Seconds from the first token to the last.
    pub decode_s: f64,
    /// Prompt tokens read from the cache.
    pub cached_tokens: u32,
    /// Why the stable prefix was not all read; `None` where it was.
    pub miss: Option<&'static str>,
    /// Sequences in its batch.
    pub batch: u32,
    /// Place among the prompts of its first iteration.
    pub position: u32,
    /// Requests running when it came.
    pub running: u32,
    /// Requests waiting when it came.
    pub waiting: u32,
    /// Draft tokens proposed.
    pub proposed: u32,
    /// Of those, accepted.
    pub accepted: u32,
    /// Preemptions it suffered.
    pub preemptions: u32,
}

/// What became of a call, seen from the client.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// When the call began, seconds.
    pub start_s: f64,
    /// When it was over.
    pub end_s: f64,
    /// Its attempts, in order.
    pub attempts: Vec<Attempt>,
    /// Seconds to the first chunk; `None` where it did not stream or none came.
    pub ttft_s: Option<f64>,
    /// Whether it streamed.
    pub streaming: bool,
    /// Median, p95 and p99 gap between chunks, seconds.
    pub gaps: Option<[f64; 3]>,
    /// When each chunk was read; only the last ones are kept.
    pub chunk_times: Vec<f64>,
    /// Chunks in all.
    pub chunks: u32,
    /// How it ended.
    pub ending: Ending,
    /// What the server did; `None` without an answer.
    pub served: Option<Served>,
    /// The call as it was made.
    pub made: Resolved,
}

/// Chunk times kept per call: the default limit of span events in the Python SDK.
pub const KEPT_CHUNKS: usize = 128;

/// A call on its way.
#[derive(Debug, Clone)]
pub struct Pending {
    /// When it began.
    pub start_s: f64,
    /// Finished attempts.
    pub attempts: Vec<Attempt>,
    /// When the current attempt left.
    pub sent_s: f64,
    /// The call as it is made.
    pub made: Resolved,
    /// Whether it streams.
    pub streaming: bool,
    /// The client's draws.
    pub rng: Rng,
    /// Why a cache read will fall short, where it will.
    pub miss: Option<&'static str>,
}

/// Round trip to a region in use, seconds.
pub fn round_trip_s(world: &Scenario, home: usize, region: usize) -> f64 {
    let mut rng = world.stream(&[40, home.min(region) as u64, home.max(region) as u64]);
    if home == region { rng.range(0.002, 0.008) } else { rng.range(0.06, 0.15) }
}

impl Pending {
    /// A call that begins now.
    pub fn begin(world: &Scenario, call: &Call, start_s: f64, made: Resolved) -> Self {
        let service = &world.services[call.service];
        let mut rng = world.stream(&[41, call.key]);
        let streaming = rng.chance(service.kind.streaming);
        let setup_s = rng.lognormal(0.0025, 0.5);
        let sent_s = start_s + setup_s + made.pre_wait_s;
        Self { start_s, attempts: Vec::new(), sent_s, made, streaming, rng, miss: None }
    }

    /// Sends the current attempt: when it reaches the engine, or `None` once refused for good.
    pub fn send(&mut self, world: &Scenario, service: &ServiceSpec) -> Option<f64> {
        loop {
            let transit_s = round_trip_s(world, service.region, self.made.region) / 2.0;
            let gateway_s = self.rng.lognormal(0.008, 0.5);
            let refused = self.rng.uniform() < self.made.refusal_ratio;
            if !refused {
                return Some(self.sent_s + transit_s + gateway_s);
            }
            let status = if self.rng.chance(0.8) { 429 } else { 503 };
            if !self.refuse(world, service, status) {
                return None;
            }
        }
    }

    /// Records a refusal and backs off; false where the client has no more tries.
    pub fn refuse(&mut self, world: &Scenario, service: &ServiceSpec, status: u16) -> bool {
        let answer_s =
            round_trip_s(world, service.region, self.made.region) + self.rng.lognormal(0.025, 0.5);
        let hint = self.rng.chance(0.5).then(|| self.rng.range(0.5, 2.5));
        let end_s = self.sent_s + answer_s;
        self.attempts.push(Attempt {
            start_s: self.sent_s,
            end_s,
            status: Some(status),
            retry_after_s: hint.map(|hint: f64| hint.ceil()),
        });
        let tries = u32::try_from(self.attempts.len()).unwrap_or(u32::MAX);
        if tries > service.max_retries {
            return false;
        }
        let backoff_s =
            0.5 * 2_f64.powi(i32::try_from(tries - 1).unwrap_or(3)) * self.rng.range(0.75, 1.25);
        self.sent_s = end_s + hint.map_or(backoff_s, |hint| hint.max(backoff_s));
        true
    }

    /// The outcome of a call that was refused for good.
    pub fn refused(self) -> Outcome {
        let last = self.attempts.last();
        let end_s = last.map_or(self.start_s, |attempt| attempt.end_s) + 0.001;
        let status = last.and_then(|attempt| attempt.status).unwrap_or(503);
        self.ended(end_s, Ending::Refused(status))
    }

    fn ended(self, end_s: f64, ending: Ending) -> Outcome {
        Outcome {
            start_s: self.start_s,
            end_s,
            attempts: self.attempts,
            ttft_s: None,
            streaming: self.streaming,
            gaps: None,
            chunk_times: Vec::new(),
            chunks: 0,
            ending,
            served: None,
            made: self.made,
        }
    }

    /// The draws that say how many tokens each iteration yields.
    pub fn steps(&self, world: &Scenario, call: &Call) -> Vec<u16> {
        let draft = world.pools[self.made.pool].engine.draft_tokens;
        let tokens = self.made.output_tokens.saturating_sub(1);
        draw_steps(tokens, self.made.acceptance, draft, &mut world.stream(&[42, call.key]))
    }

    /// What the client saw of a call that the engine finished.
    pub fn finish(
        mut self,
        world: &Scenario,
        call: &Call,
        done: &Finished,
        replica: &Replica,
    ) -> Outcome {
        let service = &world.services[call.service];
        let back_s = round_trip_s(world, service.region, self.made.region) / 2.0
            + self.rng.lognormal(0.001, 0.7)
            + self.made.straggle_s;
        let steps = self.steps(world, call);
        let emitted = emissions(done, replica);
        let arrived = self.arrivals(&emitted, back_s);
        let read = self.read(&arrived);
        let first_s = read.first().copied().unwrap_or(done.done_s + back_s);
        let waits_for_s = if self.streaming { first_s } else { done.done_s + back_s };
        if waits_for_s - self.sent_s > service.timeout_s {
            let end_s = self.sent_s + service.timeout_s;
            let start_s = self.sent_s;
            self.attempts.push(Attempt { start_s, end_s, status: None, retry_after_s: None });
            return self.ended(end_s + 0.002, Ending::Timeout);
        }
        let draft = world.pools[self.made.pool].engine.draft_tokens;
        let proposed = draft * u32::try_from(steps.len()).unwrap_or(0);
        let accepted = steps.iter().map(|step| u32::from(*step) - 1).sum();
        let last_s =
            if self.streaming { read.last().copied().unwrap_or(first_s) } else { waits_for_s };
        let header_s = if self.streaming {
            arrived.first().copied().unwrap_or(first_s) - 0.0004
        } else {
            last_s
        };
        let start_s = self.sent_s;
        self.attempts.push(Attempt {
            start_s,
            end_s: header_s,
            status: Some(200),
            retry_after_s: None,
        });
        let served = Served {
            queue_s: done.admitted_s - done.arrive_s,
            prefill_s: done.first_token_s - done.admitted_s,
            decode_s: done.done_s - done.first_token_s,
            cached_tokens: done.cached_tokens,
            miss: self.miss,
            batch: done.batch,
            position: done.position,
            running: done.running,
            waiting: done.waiting,
            proposed,
            accepted,
            preemptions: done.preemptions,
        };
        let tail_s = self.rng.lognormal(0.001, 0.5);
        let kept = read.len().saturating_sub(KEPT_CHUNKS);
        Outcome {
            ttft_s: self.streaming.then_some(first_s - self.start_s),
            gaps: if self.streaming { gap_quantiles(&read) } else { None },
            chunks: u32::try_from(read.len()).unwrap_or(u32::MAX),
            chunk_times: if self.streaming { read[kept..].to_vec() } else { Vec::new() },
            served: Some(served),
            ..self.ended(last_s + tail_s, Ending::Ok)
        }
    }

    /// When each chunk reaches the client: the first token alone, then so many iterations at a time.
    fn arrivals(&mut self, emitted: &[f64], back_s: f64) -> Vec<f64> {
        let bundle = usize::try_from(self.made.bundle.max(1)).unwrap_or(1);
        let Some((first, rest)) = emitted.split_first() else { return Vec::new() };
        let ends =
            std::iter::once(*first).chain(rest.chunks(bundle).filter_map(|c| c.last().copied()));
        let mut latest = f64::NEG_INFINITY;
        ends.map(|at_s| {
            let jitter_s = if self.rng.chance(0.002) {
                self.rng.range(0.03, 0.2)
            } else {
                self.rng.exponential(0.0006)
            };
            latest = (at_s + back_s + jitter_s).max(latest);
            latest
        })
        .collect()
    }

    /// When the consumer reads each chunk; while it pauses, chunks pile up and are read at once.
    fn read(&mut self, arrived: &[f64]) -> Vec<f64> {
        let (rate, mean_s) = self.made.pauses;
        if rate <= 0.0 {
            return arrived.to_vec();
        }
        let (mut ready_s, mut last_s) = (f64::NEG_INFINITY, f64::NAN);
        arrived
            .iter()
            .map(|at_s| {
                let at_s = at_s.max(ready_s);
                let gap_s = if last_s.is_nan() { 0.3 } else { at_s - last_s };
                last_s = at_s;
                ready_s = at_s;
                if self.rng.chance((rate * gap_s).min(1.0)) {
                    ready_s += self.rng.gamma(2.0, mean_s / 2.0);
                }
                at_s
            })
            .collect()
    }
}

/// When the engine put out the first token and then each iteration's tokens.
fn emissions(done: &Finished, replica: &Replica) -> Vec<f64> {
    let mut times = vec![done.first_token_s];
    for (from, to) in &done.steps {
        let range = usize::try_from(*from).unwrap_or(0)..usize::try_from(*to).unwrap_or(0);
        times.extend(replica.decode_ends.get(range).unwrap_or_default());
    }
    times
}

fn gap_quantiles(read: &[f64]) -> Option<[f64; 3]> {
    let mut gaps: Vec<f64> = read.windows(2).map(|pair| pair[1] - pair[0]).collect();
    if gaps.len() < 2 {
        return None;
    }
    gaps.sort_by(f64::total_cmp);
    let at = |q: f64| super::truth::quantile_sorted(&gaps, q);
    Some([at(0.5), at(0.95), at(0.99)])
}
