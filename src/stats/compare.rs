//! Window against baseline: the ratio of a level or a tail, and its interval.
//!
//! The interval comes from resampled blocks of time. Block bootstraps understate the variance of
//! short, strongly correlated samples (Lahiri, 2003), so each side's resamples are stretched where
//! its long-run variance asks for more, and Student's quantile replaces the normal one.
//! A window is taken to vary at least as much as the baseline does at its size.

use std::borrow::Cow;

use super::distribution::{normal_quantile, student_quantile};
use super::quantile::{Ordered, mean, of_sorted, quantile, sorted, tail_mean, variance};
use super::resample::{Resampler, Rng, block_length, percentile_interval, variance_inflation};

/// Part of the variance inflation of a slow Gaussian process that its tail indicators keep.
const TAIL_KEEPS: f64 = 0.44;

/// A window in which the level changes looks correlated for that alone; it is believed to be more
/// correlated than the baseline up to this factor.
const MOST_CORRELATION: f64 = 2.0;

/// Degrees of freedom below which Student's quantile says nothing any more; a tail of fewer
/// telling calls is better not tested at all (see [`Comparison::telling_calls`]).
const LEAST_FREEDOM: f64 = 3.0;

/// Most calls of a side that an interval is drawn from. Of more, every so many-th stands for the
/// rest: the interval is then one of fewer calls, a little wide and never narrow, and its error is
/// long below what matters.
pub(super) const MOST_DRAWN: usize = 10_000;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// Type 7 quantile, 0..1.
    Quantile(f64),
    /// Mean.
    Mean,
    /// Mean of the largest share, such as 0.05.
    TailMean(f64),
}

impl Statistic {
    /// Its value on the sample in which each value stands as often as `counts` says.
    pub fn under(self, ordered: &Ordered, counts: &[u32]) -> Option<f64> {
        match self {
            Self::Quantile(q) => ordered.quantile_counts(counts, q),
            Self::Mean => ordered.mean_counts(counts),
            Self::TailMean(share) => ordered.tail_mean_counts(counts, share),
        }
    }

    /// Its value on the finite values.
    pub fn of(self, values: &[f64]) -> Option<f64> {
        match self {
            Self::Quantile(q) => quantile(values, q),
            // In their order, as `under` sums them.
            Self::Mean => mean(&sorted(values)),
            Self::TailMean(share) => tail_mean(values, share),
        }
    }

    /// What each value adds to it, up to scale: the series whose autocorrelation matters.
    fn influence(self, values: &[f64], ordered: &Ordered) -> Vec<f64> {
        let cut = |q: f64| of_sorted(ordered.values(), q).unwrap_or(0.0);
        match self {
            Self::Mean => values.to_vec(),
            Self::Quantile(q) => {
                let cut = cut(q);
                values.iter().map(|&value| f64::from(u8::from(value > cut))).collect()
            }
            Self::TailMean(share) => {
                let cut = cut(1.0 - share);
                values.iter().map(|&value| (value - cut).max(0.0)).collect()
            }
        }
    }

    /// How much correlation enlarges its variance.
    ///
    /// Whether a value lies above a quantile repeats itself less than the value does, and says so
    /// with more noise: of a slow Gaussian process the median keeps ln 2 of the inflation and the
    /// 95th percentile about 0.44 of it, which bounds the estimate from below.
    fn inflation(self, sample: &Sample, influence: &[f64]) -> f64 {
        let kept = match self {
            Self::Mean => return variance_inflation(influence),
            Self::Quantile(q) if (0.25..=0.75).contains(&q) => std::f64::consts::LN_2,
            Self::Quantile(_) | Self::TailMean(_) => TAIL_KEEPS,
        };
        variance_inflation(influence).max(kept * variance_inflation(&ranks(&sample.values)))
    }

    /// Share of the values that decide it: of those near the tail only the tail itself tells.
    fn telling_share(self) -> f64 {
        match self {
            Self::Mean => 1.0,
            Self::Quantile(q) => (2.0 * q.min(1.0 - q)).clamp(0.0, 1.0),
            Self::TailMean(share) => (2.0 * share).clamp(0.0, 1.0),
        }
    }

    /// Standard error of it if the values were independent: Woodruff's for a quantile (JASA 47,
    /// 1952), the influence function's for the means.
    fn independent_error(self, values: &[f64], ordered: &Ordered) -> Option<f64> {
        let n = ordered.len() as f64;
        match self {
            Self::Mean => Some((variance(values)? / n).sqrt()),
            Self::Quantile(q) => {
                let step = (q * (1.0 - q) / n).sqrt();
                let above = of_sorted(ordered.values(), q + step)?;
                Some((above - of_sorted(ordered.values(), q - step)?) / 2.0)
            }
            Self::TailMean(share) => {
                let influence = self.influence(values, ordered);
                Some((variance(&influence)? / n).sqrt() / share.max(1e-9))
            }
        }
    }
}

/// Values with the times at which their calls started.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    values: Vec<f64>,
    starts_s: Vec<f64>,
}

impl Sample {
    /// Pairs them, leaving out values that are not finite; `starts_s` ascends, seconds.
    pub fn new(values: &[f64], starts_s: &[f64]) -> Self {
        let pairs = values.iter().zip(starts_s).filter(|(value, _)| value.is_finite());
        let (values, starts_s) = pairs.unzip();
        Self { values, starts_s }
    }

    /// The values, in time order.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// When their calls started, seconds.
    pub fn starts_s(&self) -> &[f64] {
        &self.starts_s
    }

    /// How many values.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Every so many-th value, so that at most [`MOST_DRAWN`] are left.
    pub(super) fn drawn(&self) -> Cow<'_, Self> {
        let step = self.len().div_ceil(MOST_DRAWN);
        if step <= 1 {
            return Cow::Borrowed(self);
        }
        let thin = |values: &[f64]| values.iter().copied().step_by(step).collect();
        Cow::Owned(Self { values: thin(&self.values), starts_s: thin(&self.starts_s) })
    }
}

/// How to resample.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How many resamples.
    pub replicates: usize,
    /// Coverage of the interval, such as 0.95.
    pub level: f64,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for Plan {
    fn default() -> Self {
        Self { replicates: 400, level: 0.95, seed: 0x005e_ed0f_5ba2 }
    }
}

/// A statistic of the window against the same of the baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// In the baseline.
    pub baseline: f64,
    /// In the window.
    pub window: f64,
    /// Window over baseline.
    pub ratio: f64,
    /// Lower end of the ratio's interval.
    pub low: f64,
    /// Upper end of it.
    pub high: f64,
    /// Standard error of the logarithm of the ratio.
    pub log_error: f64,
    /// Calls in the baseline, counted as if independent.
    pub baseline_size: f64,
    /// Calls in the window, counted as if independent.
    pub window_size: f64,
    /// The part of them that decides the statistic: all for a mean or a median, twice the tail for
    /// a tail. Below about 4 the interval is a guess.
    pub telling_calls: f64,
}

impl Comparison {
    /// Whether the interval lies wholly above no change.
    pub fn rose(&self) -> bool {
        self.low > 1.0
    }
}

/// The ratio of `statistic` between window and baseline, with its interval.
///
/// `None` where either side has fewer than four values, or a statistic that is not positive.
pub fn compare(
    baseline: &Sample,
    window: &Sample,
    statistic: Statistic,
    plan: Plan,
) -> Option<Comparison> {
    let mut rng = Rng::new(plan.seed);
    let levels = (statistic.of(baseline.values())?, statistic.of(window.values())?);
    let (baseline, window) = (&*baseline.drawn(), &*window.drawn());
    let before = Side::new(baseline, statistic, None, plan.replicates, &mut rng)?;
    let limit = Some((before.inflation, before.block_s));
    let mut after = Side::new(window, statistic, limit, plan.replicates, &mut rng)?;
    after.stretch_to(before.error * (before.size / after.size.min(before.size)).sqrt());
    let log_ratio = (levels.1 / levels.0).ln();
    let log_error = before.error.hypot(after.error);
    let tail = (1.0 + plan.level) / 2.0;
    let freedom = welch(&before, &after);
    let stretch = student_quantile(tail, freedom) / normal_quantile(tail);
    let replicates: Vec<f64> =
        before.away.iter().zip(&after.away).map(|(before, after)| after - before).collect();
    let (low, high) = percentile_interval(&replicates, plan.level)?;
    // The percentiles carry the shape; the error gives a floor to each side of it.
    let least = normal_quantile(tail) * log_error * 0.8;
    Some(Comparison {
        baseline: levels.0,
        window: levels.1,
        ratio: log_ratio.exp(),
        low: (log_ratio + stretch * low.min(-least)).exp(),
        high: (log_ratio + stretch * high.max(least)).exp(),
        log_error,
        baseline_size: before.size,
        window_size: after.size,
        telling_calls: after.size * statistic.telling_share(),
    })
}

/// Each value's place in ascending order; ties in the order of time.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    for (rank, row) in order.into_iter().enumerate() {
        ranks[row] = rank as f64;
    }
    ranks
}

/// One side of a comparison: its statistic, and the resampled deviations of the logarithm.
struct Side {
    away: Vec<f64>,
    error: f64,
    size: f64,
    freedom: f64,
    inflation: f64,
    block_s: f64,
}

impl Side {
    /// `limit` holds the baseline's variance inflation and block length.
    fn new(
        sample: &Sample,
        statistic: Statistic,
        limit: Option<(f64, f64)>,
        replicates: usize,
        rng: &mut Rng,
    ) -> Option<Self> {
        if sample.len() < 4 {
            return None;
        }
        let ordered = Ordered::new(&sample.values);
        let value = statistic.under(&ordered, &vec![1; sample.len()]).filter(|v| *v > 0.0)?;
        let influence = statistic.influence(&sample.values, &ordered);
        let mut inflation = statistic.inflation(sample, &influence);
        let mut block_s = block_s(sample, &influence);
        if let Some((most, longest_s)) = limit {
            inflation = inflation.min(1.0 + MOST_CORRELATION * most);
            block_s = block_s.min(MOST_CORRELATION * longest_s);
        }
        let sampler = Resampler::blocks(&sample.starts_s, block_s);
        let mut counts = Vec::new();
        let away: Vec<f64> = (0..replicates)
            .map(|_| {
                sampler.draw(rng, &mut counts);
                let drawn = statistic.under(&ordered, &counts).filter(|drawn| *drawn > 0.0);
                drawn.map_or(0.0, |drawn| (drawn / value).ln())
            })
            .collect();
        let error = variance(&away)?.sqrt();
        let size = sample.len() as f64 / inflation;
        let freedom = (size * statistic.telling_share() - 1.0).max(LEAST_FREEDOM);
        let mut side = Self { away, error, size, freedom, inflation, block_s };
        let least = statistic.independent_error(&sample.values, &ordered)? / value;
        side.stretch_to(least * inflation.sqrt());
        Some(side)
    }

    /// Enlarges the deviations so that their error is at least `error`.
    ///
    /// A short window with few excursions says little about how far its tail may stray; the
    /// baseline, scaled to the window's size, says more.
    fn stretch_to(&mut self, error: f64) {
        if error > self.error && error.is_finite() {
            let factor = error / self.error;
            if factor.is_finite() {
                self.away.iter_mut().for_each(|away| *away *= factor);
            }
            self.error = error;
        }
    }
}

/// Length of a block in seconds: the block in calls times the usual spacing of the calls.
fn block_s(sample: &Sample, influence: &[f64]) -> f64 {
    let gaps: Vec<f64> = sample.starts_s.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let ordered = sorted(&gaps);
    // Very long gaps lie between two periods and are no spacing.
    let usual = of_sorted(&ordered, 0.95).unwrap_or(0.0);
    let kept: Vec<f64> = ordered.into_iter().filter(|gap| *gap <= usual).collect();
    (block_length(influence) * mean(&kept).unwrap_or(0.0)).max(1e-9)
}

/// Welch and Satterthwaite's degrees of freedom.
fn welch(before: &Side, after: &Side) -> f64 {
    let (a, b) = (before.error.powi(2), after.error.powi(2));
    let parts = a * a / before.freedom + b * b / after.freedom;
    if parts > 0.0 { (a + b).powi(2) / parts } else { f64::from(u16::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Log-normal latency whose logarithm is a first-order autoregression.
    fn latency(phi: f64, n: usize, from_s: f64, rng: &mut Rng) -> Sample {
        let mut state = rng.normal();
        let mut now = from_s;
        let mut sample = Sample::default();
        for _ in 0..n {
            state = phi * state + (1.0 - phi * phi).sqrt() * rng.normal();
            now -= (1.0 - rng.uniform()).ln();
            sample.values.push((0.6 * state).exp());
            sample.starts_s.push(now);
        }
        sample
    }

    #[test]
    fn a_real_rise_is_seen_with_its_size_in_the_interval() {
        let mut rng = Rng::new(3);
        let baseline = latency(0.3, 600, 0.0, &mut rng);
        let mut window = latency(0.3, 200, 1e4, &mut rng);
        window.values.iter_mut().for_each(|value| *value *= 1.5);
        let result =
            compare(&baseline, &window, Statistic::Quantile(0.5), Plan::default()).unwrap();
        assert!(result.rose(), "{result:?}");
        assert!(result.low < 1.5 && result.high > 1.5, "{result:?}");
    }

    #[test]
    fn too_little_to_compare_is_none() {
        let few = Sample::new(&[1.0, f64::NAN, 2.0], &[0.0, 1.0, 2.0]);
        assert!(compare(&few, &few, Statistic::Mean, Plan::default()).is_none());
        let zeros = Sample::new(&[0.0; 9], &[0.0; 9]);
        assert!(compare(&zeros, &zeros, Statistic::Mean, Plan::default()).is_none());
    }
}
