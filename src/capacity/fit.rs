//! Fits the batching engine to a recording: its costs by damped least squares on what a replay
//! reproduces, its structure (scheduler, replicas, caps) by trying the alternatives.

use rayon::prelude::*;

use super::features::Features;
use super::load::Load;
use super::recording::Recording;
use super::replay::{Arrival, Deployment, arrivals, replay};
use crate::simulate::engine::{CacheSpec, EngineSpec, Scheduler, StepCost};
use crate::stats::quantile::quantile;

/// Logarithms of what is fitted: the iteration's floor, seconds per prompt token, seconds per token
/// of KV over those of the weights, and the way to the engine.
pub const COUNT: usize = 4;

/// Logarithms of the fitted costs.
pub type Theta = [f64; COUNT];

/// Fixed part of an iteration outside the weights, and bookkeeping of a sequence: host overheads
/// that spans do not separate from what is fitted.
const BASE_S: f64 = 0.0025;
const SEQUENCE_S: f64 = 30e-6;
/// Attention over prompt compute: 2 · layers · width / parameters, 1.5 to 3.3 in 1e-5 for the
/// published dense models of 8 to 180 billion parameters.
const PAIR_RATIO: f64 = 2e-5;
/// KV bytes of a token over the weights' bytes: 1.2 to 8 in 1e-6 for the same models.
const KV_RATIO: f64 = 3.5e-6;
/// Standard deviations of the priors, in logarithms.
const PRIOR: Theta = [2.0, 1.5, 0.8, 0.7];
/// Usual way to an engine: network, gateway.
const OVERHEAD_S: f64 = 0.02;

/// What is chosen rather than tuned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Structure {
    /// How prompts and decodes share iterations.
    pub scheduler: Scheduler,
    /// Replicas.
    pub replicas: usize,
    /// Sequences that may run at once on each.
    pub max_sequences: u32,
    /// Tokens of KV on each.
    pub kv_tokens: f64,
    /// Whether requests follow the head of their prompt.
    pub affine: bool,
    /// Draft tokens of an iteration.
    pub draft_tokens: u32,
}

/// What the operator knows of the deployment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Known {
    /// Replicas now.
    pub replicas: Option<usize>,
    /// Cap on the sequences of a replica.
    pub max_sequences: Option<u32>,
    /// Tokens of KV of a replica.
    pub kv_tokens: Option<f64>,
}

/// A fitted deployment.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// Its structure.
    pub structure: Structure,
    /// Its costs.
    pub theta: Theta,
    /// Sum of squared residuals, priors included.
    pub loss: f64,
    /// Root of the posterior covariance, lower triangle by rows.
    pub spread: [Theta; COUNT],
}

/// Where nothing is known of a cap.
pub const NO_CAP: u32 = 4096;
/// Where nothing is known of the memory.
pub const NO_KV: f64 = 1e12;

/// The deployment of these costs.
pub fn deployment(structure: &Structure, theta: &Theta) -> Deployment {
    let floor_s = theta[0].exp();
    let base_s = BASE_S.min(0.4 * floor_s);
    let weights_s = floor_s - base_s;
    let token_s = theta[1].exp();
    Deployment {
        engine: EngineSpec {
            cost: StepCost {
                base_s,
                weights_s,
                token_s,
                pair_s: token_s * PAIR_RATIO,
                kv_s: theta[2].exp() * weights_s,
                sequence_s: SEQUENCE_S,
            },
            scheduler: structure.scheduler,
            kv_tokens: structure.kv_tokens,
            max_sequences: structure.max_sequences,
            cache: CacheSpec {
                capacity_tokens: 1.0,
                ttl_s: 0.0,
                min_tokens: 0,
                granularity_tokens: 1,
            },
            draft_tokens: structure.draft_tokens,
        },
        replicas: structure.replicas,
        overhead_s: theta[3].exp(),
        affine: structure.affine,
    }
}

/// A recording made ready to be fitted.
pub struct Fitter<'a> {
    recording: &'a Recording,
    features: Features,
    arrivals: Vec<Arrival>,
    center: Theta,
}

impl<'a> Fitter<'a> {
    /// Starts from what the quickest calls show.
    pub fn new(recording: &'a Recording, load: &Load) -> Self {
        Self {
            features: Features::new(recording, load),
            arrivals: arrivals(recording, &vec![1.0; recording.services.len().max(1)], 0),
            center: start(recording),
            recording,
        }
    }

    /// Where the search begins, and what the priors pull towards.
    pub fn center(&self) -> Theta {
        self.center
    }

    /// How many features are compared.
    pub fn features(&self) -> usize {
        self.features.len()
    }

    fn residuals(&self, structure: &Structure, theta: &Theta) -> Vec<f64> {
        let replayed = replay(self.recording, &deployment(structure, theta), &self.arrivals, 1);
        let mut residuals = self.features.residuals(&replayed);
        for at in 0..COUNT {
            residuals.push((theta[at] - self.center[at]) / PRIOR[at]);
        }
        residuals
    }

    /// Tunes the costs of a structure, starting at `theta`.
    pub fn tune(&self, structure: &Structure, theta: Theta, rounds: usize) -> Fitted {
        let mut theta = theta;
        let mut now = self.residuals(structure, &theta);
        let mut loss = square(&now);
        let mut damping = 0.3;
        let mut normal = [[0.0; COUNT]; COUNT];
        for _ in 0..rounds {
            let slopes = self.slopes(structure, &theta, &now);
            normal = normal_matrix(&slopes);
            let pull = gradient(&slopes, &now);
            let mut better = false;
            for _ in 0..3 {
                let Some(step) = solve(&damped(&normal, damping), &pull) else { break };
                let mut next = theta;
                for at in 0..COUNT {
                    next[at] -= step[at].clamp(-0.7, 0.7);
                }
                let residuals = self.residuals(structure, &next);
                let fresh = square(&residuals);
                if fresh < loss {
                    better = loss - fresh > 0.005 * loss;
                    (theta, now, loss) = (next, residuals, fresh);
                    damping *= 0.3;
                    break;
                }
                damping *= 5.0;
            }
            if !better {
                break;
            }
        }
        Fitted { structure: *structure, theta, loss, spread: spread(&normal) }
    }

    /// Slopes of the residuals by a step of 8 % in each cost.
    fn slopes(&self, structure: &Structure, theta: &Theta, now: &[f64]) -> Vec<Vec<f64>> {
        const STEP: f64 = 0.08;
        let one = |at: usize| {
            let mut moved = *theta;
            moved[at] += STEP;
            let residuals = self.residuals(structure, &moved);
            residuals.iter().zip(now).map(|(a, b)| (a - b) / STEP).collect::<Vec<f64>>()
        };
        (0..COUNT).into_par_iter().map(one).collect()
    }
}

/// First guesses: the floor from the quickest decodes, prompt cost from TTFT against its tokens.
fn start(recording: &Recording) -> Theta {
    let all = &recording.requests;
    let per_step: Vec<f64> = all
        .iter()
        .filter(|request| request.steps >= 8.0 && request.itl_s > 0.0)
        .map(|request| request.itl_s * (request.output_tokens - 1.0) / request.steps)
        .collect();
    let floor_s = quantile(&per_step, 0.03).unwrap_or(0.01).max(1e-4);
    let per_token: Vec<f64> = all
        .iter()
        .map(|r| (r.ttft_s - OVERHEAD_S - floor_s) / (r.prompt_tokens - r.cached_tokens))
        .filter(|cost| *cost > 1e-8)
        .collect();
    let token_s = quantile(&per_token, 0.15).unwrap_or(1e-4).clamp(1e-7, 1e-2);
    [floor_s.ln(), token_s.ln(), KV_RATIO.ln(), OVERHEAD_S.ln()]
}

fn square(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn normal_matrix(slopes: &[Vec<f64>]) -> [Theta; COUNT] {
    std::array::from_fn(|a| std::array::from_fn(|b| dot(&slopes[a], &slopes[b])))
}

fn gradient(slopes: &[Vec<f64>], now: &[f64]) -> Theta {
    std::array::from_fn(|at| dot(&slopes[at], now))
}

fn damped(normal: &[Theta; COUNT], damping: f64) -> [Theta; COUNT] {
    let mut matrix = *normal;
    for at in 0..COUNT {
        matrix[at][at] *= 1.0 + damping;
        matrix[at][at] += 1e-9;
    }
    matrix
}

/// Cholesky's factor; `None` where the matrix is not positive.
fn factor(matrix: &[Theta; COUNT]) -> Option<[Theta; COUNT]> {
    let mut lower = [[0.0; COUNT]; COUNT];
    for row in 0..COUNT {
        for column in 0..=row {
            let sum: f64 = (0..column).map(|at| lower[row][at] * lower[column][at]).sum();
            let left = matrix[row][column] - sum;
            if row == column {
                if left <= 0.0 {
                    return None;
                }
                lower[row][row] = left.sqrt();
            } else {
                lower[row][column] = left / lower[column][column];
            }
        }
    }
    Some(lower)
}

fn solve(matrix: &[Theta; COUNT], right: &Theta) -> Option<Theta> {
    let lower = factor(matrix)?;
    let mut half = [0.0; COUNT];
    for row in 0..COUNT {
        let sum: f64 = (0..row).map(|at| lower[row][at] * half[at]).sum();
        half[row] = (right[row] - sum) / lower[row][row];
    }
    Some(back(&lower, &half))
}

/// Solves with the transposed factor.
fn back(lower: &[Theta; COUNT], half: &Theta) -> Theta {
    let mut out = [0.0; COUNT];
    for row in (0..COUNT).rev() {
        let sum: f64 = (row + 1..COUNT).map(|at| lower[at][row] * out[at]).sum();
        out[row] = (half[row] - sum) / lower[row][row];
    }
    out
}

/// Columns that turn standard normal numbers into a draw of the costs.
fn spread(normal: &[Theta; COUNT]) -> [Theta; COUNT] {
    let Some(lower) = factor(&damped(normal, 1e-6)) else { return [[0.0; COUNT]; COUNT] };
    std::array::from_fn(|at| {
        let mut unit = [0.0; COUNT];
        unit[at] = 1.0;
        back(&lower, &unit)
    })
}
