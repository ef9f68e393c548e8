//! Quantiles, means and tail means, plain and weighted: the levels that everything compares.
//!
//! Quantiles are Hyndman and Fan's type 7 (The American Statistician 50, 1996), the default of R
//! and NumPy. Under integer multiplicities they equal the quantile of the repeated sample; under
//! real weights they are Akinshin's weighted type 7 (arXiv 2304.07265), which equals type 7 where
//! all weights are the same.

/// Arithmetic mean of the finite values; `None` where there are none.
pub fn mean(values: &[f64]) -> Option<f64> {
    let (sum, count) = finite(values).fold((0.0, 0u64), |(sum, n), value| (sum + value, n + 1));
    (count > 0).then(|| sum / count as f64)
}

/// Sample variance (n - 1) of the finite values; `None` below two.
pub fn variance(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let count = finite(values).count();
    let sum: f64 = finite(values).map(|value| (value - mean).powi(2)).sum();
    (count > 1).then(|| sum / (count - 1) as f64)
}

/// The finite values, ascending.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = finite(values).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// Type 7 quantile of values that are already ascending and finite; `q` is clamped to 0..1.
pub fn of_sorted(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = last as f64 * q.clamp(0.0, 1.0);
    let below = sorted.get(position.floor() as usize)?;
    let above = sorted.get(position.ceil() as usize)?;
    Some(below + (above - below) * position.fract())
}

/// Type 7 quantile of the finite values, found without sorting all of them.
pub fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut kept: Vec<f64> = finite(values).collect();
    let position = kept.len().checked_sub(1)? as f64 * q.clamp(0.0, 1.0);
    let (_, below, above) = kept.select_nth_unstable_by(position.floor() as usize, f64::total_cmp);
    let next = above.iter().copied().min_by(f64::total_cmp).unwrap_or(*below);
    Some(*below + (next - *below) * position.fract())
}

/// Median of the finite values.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// Median absolute deviation times 1.4826: the standard deviation of a normal sample, unmoved by
/// up to half of the values (Hampel, JASA 69, 1974).
pub fn robust_sd(values: &[f64]) -> Option<f64> {
    let centre = median(values)?;
    let away: Vec<f64> = finite(values).map(|value| (value - centre).abs()).collect();
    Some(1.4826 * median(&away)?)
}

/// Mean of the largest `share` of the finite values (`0.05` is the slowest twentieth). A value
/// on the boundary counts with the part of it that belongs to the tail.
pub fn tail_mean(values: &[f64], share: f64) -> Option<f64> {
    let sorted = sorted(values);
    tail(sorted.iter().rev().map(|value| (*value, 1.0)), sorted.len() as f64, share)
}

/// Weighted mean over the finite values; `None` where the weights sum to nothing.
pub fn weighted_mean(values: &[f64], weights: &[f64]) -> Option<f64> {
    let pairs = values.iter().zip(weights).filter(|(value, _)| value.is_finite());
    let (sum, total) = pairs
        .fold((0.0, 0.0), |(sum, total), (value, weight)| (sum + value * weight, total + weight));
    (total > 0.0).then(|| sum / total)
}

/// Kish's effective sample size `(Σw)² / Σw²`: how many equally weighted values tell as much.
pub fn effective_size(weights: &[f64]) -> f64 {
    let (sum, squares) =
        weights.iter().fold((0.0, 0.0), |(sum, squares), w| (sum + w, squares + w * w));
    if squares > 0.0 { sum * sum / squares } else { 0.0 }
}

/// Values sorted once, so that a quantile under many different weights costs one pass each.
///
/// Weights and multiplicities are given in the order of the original values.
#[derive(Debug, Clone)]
pub struct Ordered {
    values: Vec<f64>,
    rows: Vec<u32>,
}

impl Ordered {
    /// Sorts the finite values; ties keep their order.
    pub fn new(values: &[f64]) -> Self {
        let mut rows: Vec<u32> = (0u32..)
            .zip(values)
            .filter_map(|(row, value)| value.is_finite().then_some(row))
            .collect();
        rows.sort_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
        let values = rows.iter().map(|&row| values[row as usize]).collect();
        Self { values, rows }
    }

    /// How many finite values there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The finite values, ascending.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Type 7 quantile of the sample in which each value stands as often as `counts` says.
    pub fn quantile_counts(&self, counts: &[u32], q: f64) -> Option<f64> {
        let total = self.total(counts);
        let position = total.checked_sub(1)? as f64 * q.clamp(0.0, 1.0);
        let (floor, ceil) = (position.floor() as u64, position.ceil() as u64);
        // The two values between which it lies are looked for from the end that is nearer.
        let (low, high) = if q > 0.5 {
            let pairs = self.values.iter().zip(&self.rows).rev();
            let (high, low) = at_ranks(pairs, counts, total - 1 - ceil, total - 1 - floor)?;
            (low, high)
        } else {
            at_ranks(self.values.iter().zip(&self.rows), counts, floor, ceil)?
        };
        Some(low + (high - low) * position.fract())
    }

    /// How many finite values there are if each stands as often as `counts` says.
    fn total(&self, counts: &[u32]) -> u64 {
        if self.rows.len() == counts.len() {
            return counts.iter().map(|count| u64::from(*count)).sum();
        }
        self.counted(counts).map(|(_, count)| u64::from(count)).sum()
    }

    /// Mean of the sample in which each value stands as often as `counts` says.
    pub fn mean_counts(&self, counts: &[u32]) -> Option<f64> {
        let (sum, total) =
            self.counted(counts).fold((0.0, 0u64), |(sum, total), (value, count)| {
                (sum + value * f64::from(count), total + u64::from(count))
            });
        (total > 0).then(|| sum / total as f64)
    }

    /// Tail mean of the sample in which each value stands as often as `counts` says.
    pub fn tail_mean_counts(&self, counts: &[u32], share: f64) -> Option<f64> {
        let total = self.total(counts);
        let pairs = self.values.iter().zip(&self.rows).rev();
        let pairs = pairs.map(|(value, &row)| (*value, f64::from(count_at(counts, row))));
        tail(pairs, total as f64, share)
    }

    /// Weighted type 7 quantile; weights that are negative or not finite count as zero.
    pub fn quantile(&self, weights: &[f64], q: f64) -> Option<f64> {
        let weights: Vec<f64> = self.rows.iter().map(|&row| weight_at(weights, row)).collect();
        let total: f64 = weights.iter().sum();
        if total <= 0.0 {
            return None;
        }
        let size = effective_size(&weights);
        // The quantile averages the order statistics over an interval of length 1 / size.
        let position = q.clamp(0.0, 1.0) * (size - 1.0).max(0.0);
        let (from, to) = (position / size, (position + 1.0) / size);
        let (mut sum, mut seen) = (0.0, 0.0);
        for (value, weight) in self.values.iter().zip(&weights) {
            let next = seen + weight / total;
            sum += value * (next.min(to) - seen.max(from)).max(0.0);
            seen = next;
        }
        let covered = seen.min(to) - from;
        (covered > 0.0).then(|| sum / covered)
    }

    /// Weighted mean of the largest `share` of the weight.
    pub fn tail_mean(&self, weights: &[f64], share: f64) -> Option<f64> {
        let total: f64 = self.rows.iter().map(|&row| weight_at(weights, row)).sum();
        let pairs = self.values.iter().zip(&self.rows).rev();
        tail(pairs.map(|(value, &row)| (*value, weight_at(weights, row))), total, share)
    }

    fn counted(&self, counts: &[u32]) -> impl Iterator<Item = (f64, u32)> {
        self.values.iter().zip(&self.rows).filter_map(|(value, &row)| {
            let count = count_at(counts, row);
            (count > 0).then_some((*value, count))
        })
    }
}

/// The values at two ranks, the first of which is not the larger, of values that each stand as often
/// as `counts` says.
fn at_ranks<'v>(
    ordered: impl Iterator<Item = (&'v f64, &'v u32)>,
    counts: &[u32],
    first: u64,
    second: u64,
) -> Option<(f64, f64)> {
    let (mut seen, mut found) = (0u64, None);
    for (value, &row) in ordered {
        seen += u64::from(count_at(counts, row));
        if seen > first && found.is_none() {
            found = Some(*value);
        }
        if seen > second {
            return Some((found?, *value));
        }
    }
    None
}

fn tail(descending: impl Iterator<Item = (f64, f64)>, total: f64, share: f64) -> Option<f64> {
    let wanted = total * share.clamp(0.0, 1.0);
    let (mut sum, mut taken) = (0.0, 0.0);
    for (value, weight) in descending {
        let part = weight.min(wanted - taken).max(0.0);
        sum += value * part;
        taken += part;
    }
    (taken > 0.0).then(|| sum / taken)
}

fn count_at(counts: &[u32], row: u32) -> u32 {
    counts.get(row as usize).copied().unwrap_or(0)
}

fn weight_at(weights: &[f64], row: u32) -> f64 {
    weights.get(row as usize).copied().filter(|w| w.is_finite() && *w > 0.0).unwrap_or(0.0)
}

fn finite(values: &[f64]) -> impl Iterator<Item = f64> {
    values.iter().copied().filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn type_seven_gives_the_known_answers() {
        let values = [4.0, 1.0, f64::NAN, 3.0, 2.0];
        assert_eq!(quantile(&values, 0.0), Some(1.0));
        assert_eq!(quantile(&values, 0.5), Some(2.5));
        assert!((quantile(&values, 0.95).unwrap() - 3.85).abs() < 1e-12);
        assert_eq!(quantile(&values, 1.0), Some(4.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn the_tail_mean_takes_part_of_a_value_on_the_boundary() {
        let values = [1.0, 2.0, 3.0, 10.0];
        assert_eq!(tail_mean(&values, 0.25), Some(10.0));
        assert!((tail_mean(&values, 0.375).unwrap() - 11.5 / 1.5).abs() < 1e-12);
        assert_eq!(tail_mean(&values, 1.0), Some(4.0));
    }

    #[test]
    fn the_robust_deviation_ignores_a_straggler() {
        assert!((robust_sd(&[1.0, 2.0, 3.0, 4.0, 1e9]).unwrap() - 1.4826).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn multiplicities_equal_the_repeated_sample(
            pairs in prop::collection::vec((-1e3..1e3f64, 0u32..4), 1..40), q in 0.0..1.0f64,
        ) {
            let values: Vec<f64> = pairs.iter().map(|pair| pair.0).collect();
            let counts: Vec<u32> = pairs.iter().map(|pair| pair.1).collect();
            let repeated: Vec<f64> = pairs
                .iter()
                .flat_map(|&(value, count)| std::iter::repeat_n(value, count as usize))
                .collect();
            let ordered = Ordered::new(&values);
            let close = |a: Option<f64>, b: Option<f64>| match (a, b) {
                (Some(a), Some(b)) => (a - b).abs() < 1e-6,
                (a, b) => a == b,
            };
            prop_assert!(close(ordered.quantile_counts(&counts, q), quantile(&repeated, q)));
            prop_assert!(close(ordered.mean_counts(&counts), mean(&repeated)));
            prop_assert!(close(ordered.tail_mean_counts(&counts, 0.3), tail_mean(&repeated, 0.3)));
        }

        #[test]
        fn equal_weights_give_the_plain_quantile(
            values in prop::collection::vec(-1e3..1e3f64, 1..40), q in 0.0..1.0f64,
        ) {
            let weighted = Ordered::new(&values).quantile(&vec![0.7; values.len()], q).unwrap();
            prop_assert!((weighted - quantile(&values, q).unwrap()).abs() < 1e-6);
        }
    }
}
