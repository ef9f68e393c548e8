//! One replica: admission, batching, KV accounting and preemption, one iteration after another.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::cost::{StepCost, StepWork};
use super::job::{EngineSpec, Finished, Job, Scheduler};
use super::ledger::{Blocked, Crowd, Ledger};
use super::prefix::PrefixCache;

#[derive(Debug, Clone)]
struct Live {
    job: Job,
    record: Finished,
    left_tokens: f64,
    done_tokens: f64,
    steps_left: u32,
    step_from: u32,
    context: f64,
    growth: f64,
}

/// A replica and its state.
#[derive(Debug)]
pub struct Replica {
    /// Its configuration; an incident may change it.
    pub spec: EngineSpec,
    /// Multiplies every step time (throttling).
    pub slowdown: f64,
    /// Whether the balancer may send here.
    pub alive: bool,
    /// Its prefix cache.
    pub cache: PrefixCache,
    /// When each decode iteration ended, seconds, in order.
    pub decode_ends: Vec<f64>,
    /// What its requests lost time to.
    pub ledger: Ledger,
    blocked: Blocked,
    now_s: f64,
    step_end_s: Option<f64>,
    step_decodes: bool,
    waiting: VecDeque<Live>,
    prefilling: VecDeque<(Live, f64)>,
    running: Vec<Option<Live>>,
    free: Vec<usize>,
    by_end: BinaryHeap<Reverse<(u32, usize)>>,
    decoding: u32,
    context: f64,
    growth: f64,
    reserved: f64,
    finished: Vec<Finished>,
}

impl Replica {
    /// An idle replica.
    pub fn new(spec: EngineSpec) -> Self {
        Self {
            spec,
            slowdown: 1.0,
            alive: true,
            cache: PrefixCache::new(spec.cache),
            decode_ends: Vec::new(),
            ledger: Ledger::default(),
            blocked: Blocked::Prompts,
            now_s: f64::NEG_INFINITY,
            step_end_s: None,
            step_decodes: false,
            waiting: VecDeque::new(),
            prefilling: VecDeque::new(),
            running: Vec::new(),
            free: Vec::new(),
            by_end: BinaryHeap::new(),
            decoding: 0,
            context: 0.0,
            growth: 0.0,
            reserved: 0.0,
            finished: Vec::new(),
        }
    }

    /// Jobs decoding or in prefill.
    pub fn running(&self) -> u32 {
        self.decoding + count(self.prefilling.len())
    }

    /// Jobs that wait for admission.
    pub fn waiting(&self) -> u32 {
        count(self.waiting.len())
    }

    /// Hands the replica a job; jobs must come in the order of their arrival.
    pub fn submit(&mut self, job: Job) {
        let record = Finished {
            kind: job.kind,
            arrive_s: job.arrive_s,
            admitted_s: f64::NAN,
            first_token_s: f64::NAN,
            done_s: f64::NAN,
            cached_tokens: 0,
            steps: Vec::new(),
            batch: 0,
            running: self.running(),
            waiting: self.waiting(),
            position: 0,
            preemptions: 0,
            prompt_tokens: job.prompt_tokens,
            output_tokens: job.output_tokens,
            decode_steps: job.decode_steps,
        };
        let steps_left = job.decode_steps;
        let growth = if steps_left == 0 {
            0.0
        } else {
            f64::from(job.output_tokens.saturating_sub(1)) / f64::from(steps_left)
        };
        self.waiting.push_back(Live {
            left_tokens: job.prompt_tokens,
            done_tokens: 0.0,
            steps_left,
            step_from: 0,
            context: job.prompt_tokens,
            growth,
            job,
            record,
        });
    }

    /// Runs until `until_s` and returns what finished meanwhile, in order.
    pub fn run_until(&mut self, until_s: f64) -> Vec<Finished> {
        loop {
            match self.step_end_s {
                Some(end_s) if end_s <= until_s => self.end_step(end_s),
                Some(_) => break,
                None => {
                    let next = self.waiting.front().map(|live| live.job.arrive_s);
                    let Some(start_s) = next.map(|arrive_s| arrive_s.max(self.now_s)) else {
                        break;
                    };
                    if start_s > until_s {
                        break;
                    }
                    self.start_step(start_s);
                }
            }
        }
        std::mem::take(&mut self.finished)
    }

    fn start_step(&mut self, now_s: f64) {
        self.now_s = now_s;
        self.preempt_if_full();
        self.admit(now_s);
        let work = match self.spec.scheduler {
            Scheduler::PrefillFirst { .. } | Scheduler::PrefillOnly { .. } => self.whole_prompts(),
            Scheduler::Chunked { budget } => self.chunks(budget),
            Scheduler::DecodeOnly => self.decode_work(),
        };
        let idle = work.prefill_tokens <= 0.0 && work.sequences <= 0.0;
        self.step_decodes = work.sequences > 0.0;
        self.step_end_s = if idle && self.prefilling.is_empty() {
            None
        } else {
            let step_s = self.spec.cost.step_s(&work) * self.slowdown;
            self.account(&work, step_s);
            Some(now_s + step_s)
        };
    }

    /// Enters the iteration into the ledger.
    fn account(&mut self, work: &StepWork, step_s: f64) {
        let prompts = StepWork { sequences: 0.0, context_tokens: 0.0, ..*work };
        let prompts_s =
            if work.prefill_tokens > 0.0 { self.spec.cost.step_s(&prompts) } else { 0.0 };
        let crowd = Crowd {
            waiting: f64::from(self.waiting()),
            blocked: self.blocked,
            prefilling: f64::from(count(self.prefilling.len())),
            decode: self.decode_work(),
            decodes: self.step_decodes,
        };
        self.ledger.enter(&self.spec.cost, &crowd, step_s, prompts_s);
    }

    fn decode_work(&self) -> StepWork {
        StepWork {
            sequences: f64::from(self.decoding),
            tokens_per_sequence: f64::from(self.spec.draft_tokens + 1),
            context_tokens: self.context,
            ..StepWork::default()
        }
    }

    fn whole_prompts(&mut self) -> StepWork {
        if self.prefilling.is_empty() {
            return self.decode_work();
        }
        let mut work = StepWork::default();
        for (live, chunk) in &mut self.prefilling {
            *chunk = live.left_tokens;
            work.prefill_tokens += *chunk;
            work.prefill_pairs += StepCost::pairs(live.done_tokens, *chunk);
        }
        work
    }

    fn chunks(&mut self, budget: u32) -> StepWork {
        let mut work = self.decode_work();
        let mut left = (f64::from(budget) - work.sequences * work.tokens_per_sequence).max(64.0);
        for (live, chunk) in &mut self.prefilling {
            *chunk = live.left_tokens.min(left);
            left -= *chunk;
            work.prefill_tokens += *chunk;
            work.prefill_pairs += StepCost::pairs(live.done_tokens, *chunk);
        }
        work
    }

    fn admit(&mut self, now_s: f64) {
        let limit = match self.spec.scheduler {
            Scheduler::PrefillFirst { max_tokens } | Scheduler::PrefillOnly { max_tokens } => {
                f64::from(max_tokens)
            }
            Scheduler::Chunked { budget } => f64::from(budget),
            Scheduler::DecodeOnly => f64::INFINITY,
        };
        if self.waiting.is_empty() {
            return;
        }
        let mut pending: f64 = self.prefilling.iter().map(|(live, _)| live.left_tokens).sum();
        while let Some(live) = self.waiting.front() {
            let busy = self.running();
            let fits = self.context + self.reserved + live.context <= self.spec.kv_tokens * 0.97;
            self.blocked = match () {
                () if busy >= self.spec.max_sequences => Blocked::Slots,
                () if !(fits || busy == 0) => Blocked::Kv,
                () => Blocked::Prompts,
            };
            if live.job.arrive_s > now_s
                || busy >= self.spec.max_sequences
                || !(fits || busy == 0)
                || pending >= limit
            {
                break;
            }
            let Some(live) = self.waiting.pop_front() else { break };
            pending += self.begin(live, now_s);
        }
    }

    /// Starts a job and returns the prompt tokens that it has to compute.
    fn begin(&mut self, mut live: Live, now_s: f64) -> f64 {
        if live.record.admitted_s.is_nan() {
            live.record.admitted_s = now_s;
            live.record.batch = self.running() + 1;
            live.record.position = count(self.prefilling.len());
        }
        if self.spec.scheduler == Scheduler::DecodeOnly {
            self.start_decode(live, now_s);
            return 0.0;
        }
        let cached = if live.job.prefix.is_empty() {
            live.job.assumed_cached_tokens
        } else {
            f64::from(self.cache.read_tokens(&live.job.prefix, now_s))
        };
        let cached = cached.min(live.context - 1.0).max(0.0);
        if live.record.preemptions == 0 {
            live.record.cached_tokens = whole(cached);
        }
        live.done_tokens = cached;
        live.left_tokens = live.context - cached;
        self.reserved += live.context;
        let left = live.left_tokens;
        self.cache.touch(&live.job.prefix, live.context, now_s);
        self.prefilling.push_back((live, 0.0));
        left
    }

    fn end_step(&mut self, now_s: f64) {
        self.now_s = now_s;
        if self.step_decodes {
            self.decode_ends.push(now_s);
            self.context += self.growth;
            self.retire(now_s);
        }
        if !self.prefilling.is_empty() {
            self.end_chunks(now_s);
        }
        self.start_step(now_s);
    }

    fn end_chunks(&mut self, now_s: f64) {
        for _ in 0..self.prefilling.len() {
            let Some((mut live, chunk)) = self.prefilling.pop_front() else { return };
            live.left_tokens -= chunk;
            live.done_tokens += chunk;
            if live.left_tokens > 0.5 {
                self.prefilling.push_back((live, 0.0));
            } else {
                self.reserved -= live.context;
                self.start_decode(live, now_s);
            }
        }
    }

    fn start_decode(&mut self, mut live: Live, now_s: f64) {
        if live.record.first_token_s.is_nan() {
            live.record.first_token_s = now_s;
        }
        let alone = matches!(self.spec.scheduler, Scheduler::PrefillOnly { .. });
        if live.steps_left == 0 || alone {
            live.record.done_s = now_s;
            self.finished.push(live.record);
            return;
        }
        live.step_from = count(self.decode_ends.len());
        let end = live.step_from + live.steps_left;
        self.context += live.context;
        self.growth += live.growth;
        self.decoding += 1;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.running.push(None);
            self.running.len() - 1
        });
        self.by_end.push(Reverse((end, slot)));
        self.running[slot] = Some(live);
    }

    fn retire(&mut self, now_s: f64) {
        let steps = count(self.decode_ends.len());
        while let Some(Reverse((end, slot))) = self.by_end.peek().copied() {
            if end > steps {
                break;
            }
            self.by_end.pop();
            if let Some(mut live) = self.leave(slot, steps) {
                live.record.done_s = now_s;
                self.finished.push(live.record);
            }
        }
    }

    /// Takes a sequence out of the batch; its context becomes what it holds by now.
    fn leave(&mut self, slot: usize, steps: u32) -> Option<Live> {
        let mut live = self.running[slot].take()?;
        self.free.push(slot);
        let ran = steps - live.step_from;
        live.context += live.growth * f64::from(ran);
        live.steps_left -= ran;
        live.record.steps.push((live.step_from, steps));
        self.decoding -= 1;
        self.context -= live.context;
        self.growth -= live.growth;
        if self.decoding == 0 {
            self.context = 0.0;
            self.growth = 0.0;
        }
        Some(live)
    }

    /// Recompute-style preemption: the newest sequences leave when the KV is full.
    fn preempt_if_full(&mut self) {
        while self.context + self.growth + self.reserved > self.spec.kv_tokens && self.decoding > 1
        {
            let newest = self
                .running
                .iter()
                .enumerate()
                .filter_map(|(slot, live)| live.as_ref().map(|live| (live.step_from, slot)))
                .max();
            let Some((_, slot)) = newest else { return };
            let steps = count(self.decode_ends.len());
            let Some(mut live) = self.leave(slot, steps) else { return };
            self.by_end =
                self.by_end.drain().filter(|Reverse((_, other))| *other != slot).collect();
            live.record.preemptions += 1;
            self.waiting.push_front(live);
        }
    }
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "token counts are small"
)]
fn whole(tokens: f64) -> u32 {
    tokens.max(0.0).round() as u32
}

#[cfg(test)]
mod tests {
    use super::super::cost::{H100, ModelShape};
    use super::super::job::JobKind;
    use super::super::prefix::{CacheSpec, Prefix};
    use super::*;

    fn spec(scheduler: Scheduler) -> EngineSpec {
        let shape = ModelShape::dense(70.0);
        EngineSpec {
            cost: StepCost::of(&shape, &H100),
            scheduler,
            kv_tokens: shape.kv_capacity_tokens(&H100),
            max_sequences: 64,
            cache: CacheSpec {
                capacity_tokens: 1e6,
                ttl_s: 300.0,
                min_tokens: 0,
                granularity_tokens: 1,
            },
            draft_tokens: 0,
        }
    }

    fn job(id: u32, arrive_s: f64, prompt: f64, output: u32) -> Job {
        Job {
            kind: JobKind::Own(id),
            arrive_s,
            prompt_tokens: prompt,
            prefix: Prefix::from([]),
            assumed_cached_tokens: 0.0,
            output_tokens: output,
            decode_steps: output - 1,
        }
    }

    fn run(scheduler: Scheduler, jobs: &[Job]) -> (Vec<Finished>, Replica) {
        let mut replica = Replica::new(spec(scheduler));
        for job in jobs {
            replica.submit(job.clone());
        }
        let mut done = replica.run_until(1e5);
        done.sort_by(|a, b| a.arrive_s.total_cmp(&b.arrive_s));
        (done, replica)
    }

    #[test]
    fn every_job_finishes_with_its_steps_in_order() {
        let jobs: Vec<Job> =
            (0..200).map(|i| job(i, f64::from(i) * 0.05, 800.0, 50 + i % 70)).collect();
        for scheduler in
            [Scheduler::PrefillFirst { max_tokens: 8192 }, Scheduler::Chunked { budget: 512 }]
        {
            let (done, replica) = run(scheduler, &jobs);
            assert_eq!(done.len(), jobs.len());
            for (finished, job) in done.iter().zip(&jobs) {
                let steps: u32 = finished.steps.iter().map(|(from, to)| to - from).sum();
                assert_eq!(steps, job.decode_steps);
                assert!(finished.first_token_s > job.arrive_s);
                let last = finished.steps.last().map_or(0, |(_, to)| *to as usize - 1);
                assert_eq!(replica.decode_ends[last], finished.done_s);
            }
            assert_eq!(replica.running(), 0);
        }
    }

    #[test]
    fn a_long_prompt_stalls_decodes_only_when_whole_prompts_go_first() {
        let jobs = [job(0, 0.0, 500.0, 400), job(1, 2.0, 30_000.0, 2)];
        let worst_gap = |scheduler| {
            let (_, replica) = run(scheduler, &jobs);
            replica.decode_ends.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max)
        };
        assert!(worst_gap(Scheduler::PrefillFirst { max_tokens: 8192 }) > 1.0);
        assert!(worst_gap(Scheduler::Chunked { budget: 512 }) < 0.1);
    }

    #[test]
    fn the_sequence_cap_turns_crowding_into_waiting() {
        let jobs: Vec<Job> = (0..100).map(|i| job(i, 0.0, 200.0, 200)).collect();
        let (done, _) = run(Scheduler::PrefillFirst { max_tokens: 8192 }, &jobs);
        let late = done.iter().filter(|finished| finished.admitted_s > 1.0).count();
        assert!((30..=36).contains(&late), "{late}");
    }

    #[test]
    fn a_full_kv_throws_the_newest_out_and_still_finishes_all() {
        let mut replica = Replica::new(EngineSpec {
            kv_tokens: 20_000.0,
            ..spec(Scheduler::Chunked { budget: 2048 })
        });
        for id in 0..10 {
            replica.submit(job(id, 0.0, 1700.0, 900));
        }
        let done = replica.run_until(1e5);
        assert_eq!(done.len(), 10);
        assert!(done.iter().any(|finished| finished.preemptions > 0));
    }
}
