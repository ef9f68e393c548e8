//! How far each effect moved in each slice, with its error from blocks of time and the baseline's
//! own windows as the second yardstick.
//!
//! Calls are correlated with their neighbours, so the unit of evidence is a block of time. Each
//! slice keeps, for each block and effect, the sum of weights and of weighted values; means, their
//! errors (linearised ratio estimator over blocks) and any resample of blocks follow from those
//! sums alone.

use super::blocks::Blocks;
use super::effects::{EFFECTS, Effect, Effects};
use super::frame::{Frame, known};
use super::slices::Slices;
use crate::stats::resample::Rng;

/// Sums of one slice: by block, then by effect.
type Sums = Vec<[(f64, f64); EFFECTS.len()]>;

/// Blocks of time on both sides, and the sums of every slice in them.
#[derive(Debug, Clone)]
pub struct Tally {
    /// The block of each call; none for calls that stand on neither side.
    of: Vec<Option<usize>>,
    baseline_blocks: usize,
    window_blocks: usize,
    /// For each baseline block, which window-long piece of the baseline it lies in.
    pieces: Vec<usize>,
    sums: Vec<Sums>,
    /// Added errors of every slice and effect beyond chance, from the baseline's own windows.
    inflation: Vec<[f64; EFFECTS.len()]>,
    usual: Vec<[f64; EFFECTS.len()]>,
    noise: [f64; EFFECTS.len()],
}

/// How far one effect moved in one slice.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Shift {
    /// Mean in the window less mean in the baseline, logarithmic.
    pub log: f64,
    /// Its standard error.
    pub error: f64,
    /// How many standard errors it is, under the baseline's own noise and drift.
    pub z: f64,
    /// Largest shift of a window of this length within the baseline.
    pub usual: f64,
    /// Calls of the window that tell, weighted.
    pub window_weight: f64,
    /// Calls of the baseline that tell, weighted.
    pub baseline_weight: f64,
}

impl Shift {
    /// The shift as a ratio.
    pub fn ratio(&self) -> f64 {
        self.log.exp()
    }

    /// Whether no window of this length within the baseline moved further; so too where the baseline
    /// holds too few to know.
    pub fn beyond_usual(&self) -> bool {
        self.log.partial_cmp(&self.usual) != Some(std::cmp::Ordering::Less)
    }

    /// The 95 % interval as ratios.
    pub fn interval(&self) -> (f64, f64) {
        ((self.log - 1.96 * self.error).exp(), (self.log + 1.96 * self.error).exp())
    }
}

/// Every shift: by slice, then by effect.
pub type Shifts = Vec<[Shift; EFFECTS.len()]>;

/// The noise of a small slice is drawn to the noise of all calls as if this many said so.
const NOISE_PRIOR: f64 = 30.0;
/// The baseline's own windows count this many times as if they moved by chance only.
const PIECE_PRIOR: f64 = 4.0;
/// The window's own noise counts this much less than the baseline's: an incident is noisy itself.
const OWN_NOISE: f64 = 1.5;
/// Blocks of the baseline that are also taken together.
const MERGED: usize = 4;
/// The baseline's own windows inflate the variance at most this much.
const MOST_INFLATION: f64 = 6.0;
/// Blocks that the noise of all calls adds to a slice's own.
const PRIOR_FREEDOM: f64 = 6.0;
/// Answers of fewer tokens tell less about the time per token (serving physics, 8).
const FULL_WEIGHT_TOKENS: f64 = 32.0;

impl Tally {
    /// Sums every slice's effects by blocks.
    pub fn new(frame: &Frame, effects: &Effects, slices: &Slices) -> Self {
        let blocks = Blocks::new(frame);
        let weight = |effect: Effect, row: usize| match effect {
            Effect::RestItl | Effect::Stall => {
                (known(frame.output_tokens[row]) / FULL_WEIGHT_TOKENS).min(1.0)
            }
            _ => 1.0,
        };
        let sums: Vec<Sums> = slices
            .slices
            .iter()
            .map(|slice| {
                let mut sums = vec![[(0.0, 0.0); EFFECTS.len()]; blocks.count];
                for &row in &slice.rows {
                    let row = row as usize;
                    let Some(block) = blocks.of[row] else { continue };
                    for (at, (effect, _)) in EFFECTS.iter().enumerate() {
                        let value = effects.logs[at][row];
                        if value.is_finite() {
                            let weight = weight(*effect, row);
                            sums[block][at].0 += weight;
                            sums[block][at].1 += weight * value;
                        }
                    }
                }
                sums
            })
            .collect();
        Self::of_sums(blocks, sums)
    }

    fn of_sums(blocks: Blocks, sums: Vec<Sums>) -> Self {
        let mut tally = Self {
            of: blocks.of,
            baseline_blocks: blocks.baseline,
            window_blocks: blocks.count - blocks.baseline,
            pieces: blocks.pieces,
            inflation: vec![[1.0; EFFECTS.len()]; sums.len()],
            usual: vec![[f64::NAN; EFFECTS.len()]; sums.len()],
            noise: [0.0; EFFECTS.len()],
            sums,
        };
        tally.measure_noise();
        tally
    }

    /// How far any figure of the calls moved in a slice, by the same blocks; NaN where a call cannot
    /// tell.
    pub fn column(&self, rows: &[u32], value: impl Fn(usize) -> f64) -> Shift {
        let count = self.baseline_blocks + self.window_blocks;
        let mut sums = vec![[(0.0, 0.0); EFFECTS.len()]; count];
        for &row in rows {
            let (Some(block), value) = (self.of[row as usize], value(row as usize)) else {
                continue;
            };
            if value.is_finite() {
                sums[block][0].0 += 1.0;
                sums[block][0].1 += value;
            }
        }
        let blocks = Blocks {
            of: Vec::new(),
            baseline: self.baseline_blocks,
            count,
            pieces: self.pieces.clone(),
        };
        let (before, after) = (vec![1.0; self.baseline_blocks], vec![1.0; self.window_blocks]);
        Self::of_sums(blocks, vec![sums]).shift(0, 0, &before, &after)
    }

    /// The noise of one call by effect over all calls, then how the baseline's own windows move.
    fn measure_noise(&mut self) {
        let ones = vec![1.0; self.baseline_blocks];
        for effect in 0..EFFECTS.len() {
            let side = self.side(0, effect, 0, &ones);
            self.noise[effect] = side.variance * side.weight;
        }
        for slice in 0..self.sums.len() {
            for effect in 0..EFFECTS.len() {
                let (inflation, usual) = self.pieces_of(slice, effect);
                self.inflation[slice][effect] = inflation;
                self.usual[slice][effect] = usual;
            }
        }
    }

    /// Compares each window-long piece of the baseline with the rest of it.
    fn pieces_of(&self, slice: usize, effect: usize) -> (f64, f64) {
        let count = self.pieces.iter().copied().max().map_or(0, |last| last + 1);
        if count < 3 {
            return (1.0, f64::NAN);
        }
        let mut pieces = vec![(0.0, 0.0); count];
        for (block, piece) in self.pieces.iter().enumerate() {
            let (weight, sum) = self.sums[slice][block][effect];
            pieces[*piece].0 += weight;
            pieces[*piece].1 += sum;
        }
        let total = pieces.iter().fold((0.0, 0.0), |sum, piece| (sum.0 + piece.0, sum.1 + piece.1));
        let ones = vec![1.0; self.baseline_blocks];
        let per_call = self.per_call(slice, effect, &ones);
        let (mut squares, mut told, mut usual) = (0.0, 0.0, 0.0_f64);
        for (weight, sum) in pieces {
            let rest = total.0 - weight;
            if weight < 4.0 || rest < 4.0 || per_call <= 0.0 {
                continue;
            }
            let shift = sum / weight - (total.1 - sum) / rest;
            squares += shift * shift / (per_call / weight + per_call / rest);
            told += 1.0;
            usual = usual.max(shift);
        }
        let inflation = ((squares + PIECE_PRIOR) / (told + PIECE_PRIOR)).clamp(1.0, MOST_INFLATION);
        (inflation, if told >= 3.0 { usual } else { f64::NAN })
    }

    fn per_call(&self, slice: usize, effect: usize, weights: &[f64]) -> f64 {
        let side = self.side(slice, effect, 0, weights);
        let own = side.variance * side.weight;
        (own * side.weight + self.noise[effect] * NOISE_PRIOR) / (side.weight + NOISE_PRIOR)
    }

    /// Mean and its variance over one side's blocks.
    fn side(&self, slice: usize, effect: usize, from: usize, weights: &[f64]) -> SideMean {
        let blocks = self.sums[slice][from..].iter().zip(weights);
        let mut side = mean_of(blocks.map(|(sums, times)| (sums[effect], *times)));
        if from == 0 {
            // Longer blocks show the correlation that outlasts one: sessions, drift.
            let merged = self.merged(slice, effect, weights);
            let merged = mean_of(merged.into_iter());
            side.variance = side.variance.max(merged.variance);
            side.freedom = merged.freedom;
        }
        side
    }

    /// The baseline's blocks, several to one.
    fn merged(&self, slice: usize, effect: usize, weights: &[f64]) -> Vec<((f64, f64), f64)> {
        let blocks: Vec<(f64, f64)> = self.sums[slice][..self.baseline_blocks]
            .iter()
            .zip(weights)
            .map(|(sums, times)| (sums[effect].0 * times, sums[effect].1 * times))
            .collect();
        let sum = |chunk: &[(f64, f64)]| {
            chunk.iter().fold((0.0, 0.0), |sum, block| (sum.0 + block.0, sum.1 + block.1))
        };
        blocks.chunks(MERGED).map(|chunk| (sum(chunk), 1.0)).collect()
    }

    /// How far an effect moved in all calls outside a slice; none where they are too few.
    pub fn outside(&self, slice: usize, effect: Effect) -> Option<Shift> {
        let at = effect as usize;
        let side = |from: usize, to: usize| {
            let blocks = self.sums[0][from..to].iter().zip(&self.sums[slice][from..to]);
            let left: Vec<(f64, f64)> =
                blocks.map(|(all, own)| (all[at].0 - own[at].0, all[at].1 - own[at].1)).collect();
            mean_of(left.into_iter().map(|pair| (pair, 1.0)))
        };
        let count = self.baseline_blocks + self.window_blocks;
        let (before, after) = (side(0, self.baseline_blocks), side(self.baseline_blocks, count));
        if before.weight < 4.0 || after.weight < 2.0 {
            return None;
        }
        let noise = self.noise[at] / after.weight;
        let error = (before.variance + after.variance.max(noise)).sqrt();
        let log = after.mean - before.mean;
        Some(Shift {
            log,
            error,
            z: log / error.max(1e-9),
            usual: f64::NAN,
            window_weight: after.weight,
            baseline_weight: before.weight,
        })
    }

    /// Every shift as the calls show it.
    pub fn shifts(&self) -> Shifts {
        self.under(&vec![1.0; self.baseline_blocks], &vec![1.0; self.window_blocks])
    }

    /// Shifts on one resample of both sides' blocks, of these slices only; the others are empty.
    pub fn resampled(&self, rng: &mut Rng, slices: &[usize]) -> Shifts {
        let mut draw = |count: usize| {
            let mut times = vec![0.0; count];
            for _ in 0..count {
                times[rng.below(count)] += 1.0;
            }
            times
        };
        let (baseline, window) = (draw(self.baseline_blocks), draw(self.window_blocks));
        let mut shifts = vec![[Shift::default(); EFFECTS.len()]; self.sums.len()];
        for &slice in slices {
            shifts[slice] =
                std::array::from_fn(|effect| self.shift(slice, effect, &baseline, &window));
        }
        shifts
    }

    fn under(&self, baseline: &[f64], window: &[f64]) -> Shifts {
        (0..self.sums.len())
            .map(|slice| std::array::from_fn(|effect| self.shift(slice, effect, baseline, window)))
            .collect()
    }

    fn shift(&self, slice: usize, effect: usize, baseline: &[f64], window: &[f64]) -> Shift {
        let before = self.side(slice, effect, 0, baseline);
        let after = self.side(slice, effect, self.baseline_blocks, window);
        if before.weight < 4.0 || after.weight < 1.0 {
            return Shift { usual: f64::NAN, ..Shift::default() };
        }
        let own = before.variance * before.weight;
        let per_call = (own * before.weight + self.noise[effect] * NOISE_PRIOR)
            / (before.weight + NOISE_PRIOR);
        let chance = per_call / before.weight + per_call / after.weight;
        let log = after.mean - before.mean;
        let under_null = (chance * self.inflation[slice][effect]).sqrt().max(1e-9);
        let own = after.variance.max(per_call / after.weight);
        let error = (before.variance + own).sqrt().max(1e-9);
        // Against the baseline's noise, and against the window's own where that is much larger: a
        // few extreme calls are no shift.
        let z = normal(log / under_null.max(error / OWN_NOISE), before.freedom + PRIOR_FREEDOM);
        Shift {
            log,
            error,
            z,
            usual: self.usual[slice][effect],
            window_weight: after.weight,
            baseline_weight: before.weight,
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct SideMean {
    mean: f64,
    variance: f64,
    weight: f64,
    freedom: f64,
}

/// Mean over blocks (weight, weighted sum), each taken so many times, with the variance of the
/// mean: the linearised ratio estimator.
fn mean_of(blocks: impl Iterator<Item = ((f64, f64), f64)> + Clone) -> SideMean {
    let (mut weight, mut sum) = (0.0, 0.0);
    for ((w, v), times) in blocks.clone() {
        weight += w * times;
        sum += v * times;
    }
    if weight <= 0.0 {
        return SideMean::default();
    }
    let mean = sum / weight;
    let (mut squares, mut used) = (0.0, 0.0);
    for ((w, v), times) in blocks {
        if w > 0.0 && times > 0.0 {
            squares += times * (v - mean * w).powi(2);
            used += times;
        }
    }
    let small = if used > 1.5 { used / (used - 1.0) } else { 1.0 };
    SideMean {
        mean,
        variance: squares * small / (weight * weight),
        weight,
        freedom: (used - 1.0).max(0.0),
    }
}

/// A statistic of few blocks as the standard normal one of the same probability (Wallace, Annals of
/// Mathematical Statistics 30, 1959).
fn normal(t: f64, freedom: f64) -> f64 {
    let size = (freedom * (t * t / freedom).ln_1p()).sqrt();
    size * t.signum() * (8.0 * freedom + 1.0) / (8.0 * freedom + 3.0)
}
