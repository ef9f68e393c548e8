//! Resampling in blocks of time or in clusters: the only honest source of intervals for calls that
//! are correlated with their neighbours.
//!
//! A resample is a list of multiplicities, one a call, so that any weighted statistic can be
//! recomputed on it. Blocks are stretches of time (Künsch, Annals of Statistics 17, 1989; circular
//! as in Politis and Romano, 1992), so the number of calls varies as it does in nature.

use std::ops::Range;

/// A small deterministic generator: `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014).
#[derive(Debug, Clone)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// The generator of that seed.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// An index below `count`; 0 where `count` is 0.
    pub const fn below(&mut self, count: usize) -> usize {
        ((self.next_u64() as u128 * count as u128) >> 64) as usize
    }

    /// A standard normal number (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// Draws resamples of a set of calls.
#[derive(Debug, Clone)]
pub enum Resampler {
    /// Blocks of time.
    Blocks(Blocks),
    /// Whole clusters, such as sessions.
    Clusters(Clusters),
}

/// Calls on a circle of time, cut into blocks of equal length wherever a draw happens to start.
#[derive(Debug, Clone)]
pub struct Blocks {
    clock_s: Vec<f64>,
    circle_s: f64,
    block_s: f64,
    /// How many calls lie before each of as many equal parts of the circle: a draw looks up
    /// twice as many times as it has blocks.
    before: Vec<u32>,
}

/// So many calls are stepped over before an instant is looked up.
const NEAR: usize = 4;

/// Calls by cluster.
#[derive(Debug, Clone)]
pub struct Clusters {
    calls: usize,
    members: Vec<Vec<u32>>,
}

impl Resampler {
    /// Blocks of `block_s` seconds over calls that started at `starts_s` (ascending, seconds).
    ///
    /// A stretch without calls longer than a block counts as one block long, so that the gap
    /// between two baseline periods is not drawn.
    pub fn blocks(starts_s: &[f64], block_s: f64) -> Self {
        let block_s = if block_s.is_finite() && block_s > 0.0 { block_s } else { 1e-9 };
        let mut clock_s = Vec::with_capacity(starts_s.len());
        let (mut now, mut before) = (0.0, None);
        for &start in starts_s {
            now += before.map_or(0.0, |before: f64| (start - before).clamp(0.0, block_s));
            before = Some(start);
            clock_s.push(now);
        }
        let gaps = clock_s.len().saturating_sub(1).max(1);
        let circle_s = now + (now / gaps as f64).min(block_s);
        let mut blocks = Blocks { clock_s, circle_s, block_s, before: Vec::new() };
        blocks.before = blocks.parts();
        Self::Blocks(blocks)
    }

    /// Whole clusters; `ids` gives each call's cluster.
    pub fn clusters(ids: &[u32]) -> Self {
        let mut members: std::collections::BTreeMap<u32, Vec<u32>> =
            std::collections::BTreeMap::new();
        for (row, &id) in (0u32..).zip(ids) {
            members.entry(id).or_default().push(row);
        }
        Self::Clusters(Clusters { calls: ids.len(), members: members.into_values().collect() })
    }

    /// How many blocks or clusters a resample is made of: the figure on which its trust rests.
    pub fn units(&self) -> usize {
        match self {
            Self::Blocks(blocks) => blocks.draws(),
            Self::Clusters(clusters) => clusters.members.len(),
        }
    }

    /// Draws one resample as stretches of calls, which may overlap, where it is made of blocks: the
    /// same calls as [`Resampler::draw`] gives. False where it is not.
    pub fn draw_ranges(&self, rng: &mut Rng, ranges: &mut Vec<Range<usize>>) -> bool {
        ranges.clear();
        match self {
            Self::Blocks(blocks) => {
                blocks.draw(rng, &mut |range| ranges.push(range));
                true
            }
            Self::Clusters(_) => false,
        }
    }

    /// Draws one resample into `counts`: how often each call stands in it.
    pub fn draw(&self, rng: &mut Rng, counts: &mut Vec<u32>) {
        counts.clear();
        match self {
            Self::Blocks(blocks) => {
                counts.resize(blocks.clock_s.len(), 0);
                blocks.draw(rng, &mut |range| counts[range].iter_mut().for_each(|of| *of += 1));
            }
            Self::Clusters(clusters) => {
                counts.resize(clusters.calls, 0);
                for _ in 0..clusters.members.len() {
                    let drawn = rng.below(clusters.members.len());
                    for &row in clusters.members.get(drawn).into_iter().flatten() {
                        counts[row as usize] += 1;
                    }
                }
            }
        }
    }
}

impl Blocks {
    fn parts(&self) -> Vec<u32> {
        let part_s = self.circle_s / self.clock_s.len() as f64;
        let mut calls = 0;
        let before = |part: usize| {
            let at = part as f64 * part_s;
            while self.clock_s.get(calls).is_some_and(|clock| *clock < at) {
                calls += 1;
            }
            u32::try_from(calls).unwrap_or(u32::MAX)
        };
        (0..self.clock_s.len()).map(before).collect()
    }

    /// How many calls lie before an instant of the circle.
    fn calls_before(&self, at: f64) -> usize {
        let part = at / self.circle_s * self.clock_s.len() as f64;
        let near = (part as usize).min(self.before.len().saturating_sub(1));
        let mut calls = self.before.get(near).map_or(0, |calls| *calls as usize);
        while self.clock_s.get(calls).is_some_and(|clock| *clock < at) {
            calls += 1;
        }
        while calls > 0 && self.clock_s.get(calls - 1).is_some_and(|clock| *clock >= at) {
            calls -= 1;
        }
        calls
    }

    fn draws(&self) -> usize {
        if self.circle_s <= 0.0 {
            return self.clock_s.len();
        }
        ((self.circle_s / self.block_s).round() as usize).clamp(1, self.clock_s.len().max(1))
    }

    fn draw(&self, rng: &mut Rng, take: &mut impl FnMut(Range<usize>)) {
        if self.circle_s <= 0.0 {
            let calls = self.clock_s.len();
            (0..calls).map(|_| rng.below(calls)).for_each(|call| take(call..call + 1));
            return;
        }
        let draws = self.draws();
        let length = self.circle_s / draws as f64;
        for _ in 0..draws {
            let from = rng.uniform() * self.circle_s;
            let to = from + length;
            take(self.range(from, to));
            if to > self.circle_s {
                take(self.range(0.0, to - self.circle_s));
            }
        }
    }

    fn range(&self, from: f64, to: f64) -> Range<usize> {
        let first = self.calls_before(from);
        // Of a block of few calls the end is a step away.
        let ends = |last: &usize| self.clock_s.get(*last).is_none_or(|clock| *clock >= to);
        let near = (first..first + NEAR).find(ends);
        first..near.unwrap_or_else(|| self.calls_before(to).max(first))
    }
}

/// The middle `level` (such as 0.95) of resampled statistics: the percentile interval.
pub fn percentile_interval(replicates: &[f64], level: f64) -> Option<(f64, f64)> {
    let sorted = super::quantile::sorted(replicates);
    let tail = (1.0 - level) / 2.0;
    let low = super::quantile::of_sorted(&sorted, tail)?;
    Some((low, super::quantile::of_sorted(&sorted, 1.0 - tail)?))
}

/// The basic interval: the percentile interval mirrored at the estimate, which corrects its bias
/// (Davison and Hinkley, 1997, section 5.2).
pub fn basic_interval(estimate: f64, replicates: &[f64], level: f64) -> Option<(f64, f64)> {
    let (low, high) = percentile_interval(replicates, level)?;
    Some((2.0 * estimate - high, 2.0 * estimate - low))
}

/// Autocorrelations of values in time order, lag by lag as far as they are asked for; all zero where
/// the values are constant. The values must be finite.
struct Autocorrelation {
    away: Vec<f64>,
    total: f64,
    /// Those found so far, from lag 0 on.
    found: Vec<f64>,
}

impl Autocorrelation {
    fn new(values: &[f64]) -> Self {
        let mean = super::quantile::mean(values).unwrap_or(0.0);
        let away: Vec<f64> = values.iter().map(|value| value - mean).collect();
        let total = away.iter().map(|value| value * value).sum();
        Self { away, total, found: Vec::new() }
    }

    /// Those at lags 0 to that one, or as many as there are values.
    fn upto(&mut self, lag: usize) -> &[f64] {
        let count = self.away.len().min(lag + 1);
        while self.found.len() < count {
            let later = self.away.iter().skip(self.found.len());
            let sum: f64 = self.away.iter().zip(later).map(|(a, b)| a * b).sum();
            self.found.push(if self.total > 0.0 { sum / self.total } else { 0.0 });
        }
        &self.found[..count]
    }
}

/// Autocorrelation at lags 0 to `max_lag` of values in time order; all zero where they are
/// constant. The values must be finite.
pub fn autocorrelation(values: &[f64], max_lag: usize) -> Vec<f64> {
    Autocorrelation::new(values).upto(max_lag).to_vec()
}

/// Block length in calls for a circular block bootstrap of the mean, from the data's own
/// autocorrelation: Politis and White (Econometric Reviews 23, 2004) as corrected by Patton,
/// Politis and White (28, 2009). Between 1 and a third of the calls.
pub fn block_length(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    if n < 4.0 {
        return 1.0;
    }
    let (rho, lags) = flat_top(values);
    let weight = |lag: usize| flat_top_weight(lag, lags);
    let pairs = || rho.iter().enumerate().skip(1).take(lags);
    let spread: f64 = pairs().map(|(lag, rho)| 2.0 * weight(lag) * lag as f64 * rho).sum();
    let long_run: f64 = 1.0 + pairs().map(|(lag, rho)| 2.0 * weight(lag) * rho).sum::<f64>();
    let most = (3.0 * n.sqrt()).min(n / 3.0).ceil();
    if long_run <= 0.0 {
        return 1.0;
    }
    let best = (2.0 * spread * spread / (4.0 / 3.0 * long_run * long_run)).cbrt() * n.cbrt();
    best.clamp(1.0, most)
}

/// How much the variance of the mean of these values exceeds that of as many independent ones; at
/// least 1. Prewhitened by a first-order autoregression whose coefficient is corrected for its
/// bias (Andrews and Monahan, Econometrica 60, 1992; Kendall, Biometrika 41, 1954).
pub fn variance_inflation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let (Some(mean), Some(variance)) =
        (super::quantile::mean(values), super::quantile::variance(values))
    else {
        return 1.0;
    };
    if n < 8.0 || variance <= 0.0 {
        return 1.0;
    }
    let raw = autocorrelation(values, 1).get(1).copied().unwrap_or(0.0);
    let phi = (raw + (1.0 + 3.0 * raw) / n).clamp(0.0, 0.97);
    let residuals: Vec<f64> =
        values.windows(2).map(|pair| pair[1] - mean - phi * (pair[0] - mean)).collect();
    let (rho, lags) = flat_top(&residuals);
    let inner: f64 = rho
        .iter()
        .enumerate()
        .skip(1)
        .take(lags)
        .map(|(lag, rho)| 2.0 * flat_top_weight(lag, lags) * rho)
        .sum();
    // The residual variance is (1 - phi²) of the whole, so its long-run share is that over (1 - phi)².
    let long_run = (1.0 + phi) / (1.0 - phi) * (1.0 + inner).max(0.1);
    long_run.clamp(1.0, n / 3.0)
}

/// Calls that would tell as much if they were independent: `n` over [`variance_inflation`].
pub fn effective_size(values: &[f64]) -> f64 {
    values.len() as f64 / variance_inflation(values)
}

/// Autocorrelations, and the lag up to which the flat-top kernel of Politis and White reaches.
fn flat_top(values: &[f64]) -> (Vec<f64>, usize) {
    let n = values.len() as f64;
    if values.len() < 4 {
        return (vec![1.0], 0);
    }
    let run = (n.log10().sqrt().ceil() as usize).max(5);
    let most = n.sqrt().ceil() as usize + run;
    let mut rho = Autocorrelation::new(values);
    let bound = 2.0 * (n.log10() / n).sqrt();
    // Each lag costs a pass over the values, and most series are quiet after few.
    let mut quiet = |from: usize| {
        let near = rho.upto(from + run).iter().skip(from + 1).take(run);
        near.map(|rho| rho.abs()).all(|rho| rho < bound)
    };
    let last = (0..most).find(|&from| quiet(from)).unwrap_or(most);
    let lags = (2 * last.max(1)).min(2 * most);
    (rho.upto(lags).to_vec(), lags)
}

fn flat_top_weight(lag: usize, lags: usize) -> f64 {
    let at = lag as f64 / lags.max(1) as f64;
    if at <= 0.5 { 1.0 } else { (2.0 * (1.0 - at)).max(0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn autoregression(phi: f64, n: usize, rng: &mut Rng) -> Vec<f64> {
        let mut value = rng.normal();
        let fresh = (1.0 - phi * phi).sqrt();
        (0..n)
            .map(|_| {
                value = phi * value + fresh * rng.normal();
                value
            })
            .collect()
    }

    #[test]
    fn the_generator_gives_the_published_first_numbers() {
        let mut rng = Rng::new(1_234_567);
        assert_eq!(rng.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(rng.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_resample_keeps_neighbours_together_and_the_size_on_average() {
        let starts: Vec<f64> = (0..200).map(f64::from).collect();
        let sampler = Resampler::blocks(&starts, 20.0);
        assert_eq!(sampler.units(), 10);
        let (mut rng, mut counts, mut total, mut changes) = (Rng::new(7), Vec::new(), 0u64, 0);
        for _ in 0..300 {
            sampler.draw(&mut rng, &mut counts);
            total += counts.iter().map(|&count| u64::from(count)).sum::<u64>();
            changes += counts.windows(2).filter(|pair| pair[0] != pair[1]).count();
        }
        assert!((total as f64 / 300.0 - 200.0).abs() < 2.0);
        assert!(changes / 300 <= 20);
    }

    #[test]
    fn the_gap_between_two_periods_is_not_drawn() {
        let starts: Vec<f64> =
            (0..100).map(|i| f64::from(i) + if i < 50 { 0.0 } else { 1e5 }).collect();
        let sampler = Resampler::blocks(&starts, 10.0);
        assert!(sampler.units() <= 12);
    }

    #[test]
    fn clusters_come_whole() {
        let sampler = Resampler::clusters(&[3, 3, 9, 9, 9]);
        let (mut rng, mut counts) = (Rng::new(1), Vec::new());
        for _ in 0..20 {
            sampler.draw(&mut rng, &mut counts);
            assert_eq!(counts[0], counts[1]);
            assert_eq!(counts[2], counts[4]);
            assert_eq!(counts[0] + counts[2], 2);
        }
    }

    #[test]
    fn the_block_grows_with_the_correlation() {
        let mut rng = Rng::new(11);
        let mean = |phi: f64, rng: &mut Rng| {
            (0..40).map(|_| block_length(&autoregression(phi, 600, rng))).sum::<f64>() / 40.0
        };
        let (free, some, strong) = (mean(0.0, &mut rng), mean(0.5, &mut rng), mean(0.9, &mut rng));
        assert!(free < 4.0, "{free}");
        assert!(free < some && some < strong, "{free} {some} {strong}");
        assert!(strong > 20.0, "{strong}");
    }

    #[test]
    fn the_inflation_matches_theory() {
        let mut rng = Rng::new(5);
        for (phi, low, high) in [(0.0, 1.0, 1.25), (0.5, 2.5, 3.6), (0.9, 14.0, 25.0)] {
            let mean = (0..60)
                .map(|_| variance_inflation(&autoregression(phi, 800, &mut rng)))
                .sum::<f64>()
                / 60.0;
            assert!((low..=high).contains(&mean), "{phi}: {mean}");
        }
    }

    #[test]
    fn nothing_odd_panics() {
        for starts in [&[][..], &[1.0], &[1.0, 1.0, 1.0], &[f64::NAN, 2.0]] {
            for block in [0.0, -1.0, f64::NAN, 5.0] {
                let mut counts = Vec::new();
                Resampler::blocks(starts, block).draw(&mut Rng::new(1), &mut counts);
                assert_eq!(counts.len(), starts.len());
            }
        }
        assert_eq!(block_length(&[]), 1.0);
        assert_eq!(variance_inflation(&[2.0; 50]), 1.0);
    }
}
