//! Does the service's own load move its latency? The excess of each call over what it would take
//! alone, averaged over short stretches of time, held against what the fitted engine says that own
//! load adds in the same stretches. Hidden neighbours show as excess that own load does not explain.

use super::features::Latencies;
use super::fit::{Fitted, deployment};
use super::recording::Recording;
use super::replay::{Deployment, arrivals, replay};
use crate::simulate::engine::{Scheduler, StepCost, StepWork};

/// Calls of a stretch.
const STRETCH: usize = 12;

/// How one latency answers to own load.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answer {
    /// Correlation of the recorded excess with the replayed one, stretch by stretch.
    pub correlation: f64,
    /// The same between two replays that differ in routing alone: the most that can be expected.
    pub ceiling: f64,
    /// Standard deviation of the excess over stretches, in logarithms: recorded, replayed.
    pub recorded_sd: f64,
    /// Of the replay.
    pub replayed_sd: f64,
    /// Of what own load does not explain.
    pub left_sd: f64,
    /// The same between two replays.
    pub left_floor_sd: f64,
    /// Slope of the recorded excess on the replayed one.
    pub slope: f64,
    /// Stretches.
    pub stretches: usize,
}

/// How TTFT and ITL answer to own load.
#[derive(Debug, Clone, Copy, Default)]
pub struct Response {
    /// Of the time to the first token.
    pub ttft: Answer,
    /// Of the time per token.
    pub itl: Answer,
}

/// Logarithms of the recorded latencies over those of the same calls alone on an idle engine.
#[derive(Debug, Clone, Default)]
pub struct Excess {
    /// Of the time to the first token.
    pub ttft: Vec<f64>,
    /// Of the time per token.
    pub itl: Vec<f64>,
}

impl Response {
    /// Share of what moves ITL over time, beyond routing's luck, that own load does not explain.
    pub fn hidden_share(&self) -> f64 {
        self.itl.hidden_share()
    }

    /// The same of TTFT.
    pub fn hidden_ttft_share(&self) -> f64 {
        self.ttft.hidden_share()
    }
}

/// Measures both.
pub fn response(recording: &Recording, fitted: &Fitted) -> (Response, Excess) {
    let deployment = deployment(&fitted.structure, &fitted.theta);
    let once = arrivals(recording, &vec![1.0; recording.services.len().max(1)], 0);
    let recorded = Latencies::recorded(recording);
    let [one, other] = [11, 12]
        .map(|seed| Latencies::replayed(&replay(recording, &deployment, &once, seed), &recorded));
    let alone: Vec<(f64, f64)> =
        (0..recording.requests.len()).map(|at| alone(recording, &deployment, at)).collect();
    let excess = |values: &[f64], of: fn(&(f64, f64)) -> f64| -> Vec<f64> {
        values.iter().zip(&alone).map(|(value, alone)| (value / of(alone)).ln()).collect()
    };
    let shown = Excess {
        ttft: excess(&recorded.ttft_s, |alone| alone.0),
        itl: excess(&recorded.itl_s, |alone| alone.1),
    };
    let answer = |pick: fn(&Latencies) -> &Vec<f64>, of: fn(&(f64, f64)) -> f64| {
        Answer::of([&recorded, &one, &other].map(|latencies| excess(pick(latencies), of)))
    };
    let response = Response {
        ttft: answer(|latencies| &latencies.ttft_s, |alone| alone.0),
        itl: answer(|latencies| &latencies.itl_s, |alone| alone.1),
    };
    (response, shown)
}

/// TTFT and ITL of a request that has its replica to itself.
fn alone(recording: &Recording, deployment: &Deployment, at: usize) -> (f64, f64) {
    let request = &recording.requests[at];
    let cost = &deployment.engine.cost;
    let uncached = request.prompt_tokens - request.cached_tokens;
    let chunk = match deployment.engine.scheduler {
        Scheduler::Chunked { budget } => f64::from(budget),
        _ => f64::INFINITY,
    };
    let (mut left, mut done, mut prefill_s) = (uncached, request.cached_tokens, 0.0);
    while left > 0.0 {
        let now = left.min(chunk);
        prefill_s += cost.step_s(&StepWork {
            prefill_tokens: now,
            prefill_pairs: StepCost::pairs(done, now),
            ..StepWork::default()
        });
        (left, done) = (left - now, done + now);
    }
    let step_s = cost.step_s(&StepWork {
        sequences: 1.0,
        tokens_per_sequence: f64::from(deployment.engine.draft_tokens + 1),
        context_tokens: request.prompt_tokens + request.output_tokens / 2.0,
        ..StepWork::default()
    });
    let after = (request.output_tokens - 1.0).max(1.0);
    (deployment.overhead_s + prefill_s, step_s * request.steps / after)
}

impl Answer {
    fn hidden_share(&self) -> f64 {
        let hidden =
            (self.left_sd * self.left_sd - self.left_floor_sd * self.left_floor_sd).max(0.0);
        hidden / (hidden + self.replayed_sd * self.replayed_sd).max(1e-12)
    }

    fn of([recorded, one, other]: [Vec<f64>; 3]) -> Self {
        let rows: Vec<usize> = (0..recorded.len())
            .filter(|at| {
                recorded[*at].is_finite() && one[*at].is_finite() && other[*at].is_finite()
            })
            .collect();
        let means = |values: &[f64]| -> Vec<f64> {
            let mean = |rows: &[usize]| {
                // Long tails are one call's affair.
                let sum: f64 = rows.iter().map(|row| values[*row].clamp(-1.0, 2.0)).sum();
                sum / rows.len() as f64
            };
            rows.chunks_exact(STRETCH).map(mean).collect()
        };
        let (recorded, one, other) = (means(&recorded), means(&one), means(&other));
        let less =
            |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a - b).collect() };
        let covariance = covariance(&recorded, &one);
        let own = deviation(&one);
        Self {
            correlation: correlation(&recorded, &one),
            ceiling: correlation(&one, &other),
            recorded_sd: deviation(&recorded),
            replayed_sd: own,
            left_sd: deviation(&less(&recorded, &one)),
            left_floor_sd: deviation(&less(&one, &other)),
            slope: if own > 0.0 { covariance / (own * own) } else { 0.0 },
            stretches: recorded.len(),
        }
    }
}

fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let (at, bt) = (mean(a), mean(b));
    a.iter().zip(b).map(|(a, b)| (a - at) * (b - bt)).sum::<f64>() / a.len().max(1) as f64
}

fn deviation(values: &[f64]) -> f64 {
    covariance(values, values).sqrt()
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let both = deviation(a) * deviation(b);
    if both > 0.0 { covariance(a, b) / both } else { 0.0 }
}
