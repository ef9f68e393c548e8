//! Comparisons by order alone, for values whose scale means little or whose tails are wild.

use super::quantile::{median, sorted};

/// Values a side above which the shift is taken over evenly spaced quantiles instead of all pairs.
const MOST_VALUES: usize = 400;

/// Hodges and Lehmann's shift (Annals of Mathematical Statistics 34, 1963): the median of all
/// differences `after - before`. Of logarithms it is the logarithm of a typical ratio. `None` where
/// a side has no finite value.
pub fn shift(before: &[f64], after: &[f64]) -> Option<f64> {
    let (before, after) = (thinned(before), thinned(after));
    let pairs = after.iter().flat_map(|a| before.iter().map(move |b| a - b));
    median(&pairs.collect::<Vec<f64>>())
}

/// Probability that a value of `after` exceeds one of `before`, ties half: Mann and Whitney's U
/// over the number of pairs; 0.5 is no difference.
pub fn superiority(before: &[f64], after: &[f64]) -> Option<f64> {
    let (before, after) = (sorted(before), sorted(after));
    if before.is_empty() || after.is_empty() {
        return None;
    }
    let wins = |value: &f64| {
        let below = before.partition_point(|other| other < value);
        let upto = before.partition_point(|other| other <= value);
        (below + upto) as f64 / 2.0
    };
    let sum: f64 = after.iter().map(wins).sum();
    Some(sum / before.len() as f64 / after.len() as f64)
}

/// Kendall's trend (Rank Correlation Methods, 1948; Mann, Econometrica 13, 1945): pairs in which
/// the later value is larger less those in which it is smaller, in standard errors of no trend.
/// Ties count neither way and narrow nothing. `None` below four values, or where all are equal.
pub fn trend_z(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    if values.len() < 4 || values.windows(2).all(|pair| pair[0] == pair[1]) {
        return None;
    }
    let later = |at: usize| values[at + 1..].iter().map(move |value| value - values[at]);
    let sign = |away: f64| if away == 0.0 { 0.0 } else { away.signum() };
    let score: f64 = (0..values.len()).flat_map(later).map(sign).sum();
    let error = (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt();
    Some((score - sign(score)) / error)
}

fn thinned(values: &[f64]) -> Vec<f64> {
    let sorted = sorted(values);
    if sorted.len() <= MOST_VALUES {
        return sorted;
    }
    let at = |step: usize| (step as f64 + 0.5) / MOST_VALUES as f64;
    (0..MOST_VALUES).filter_map(|step| super::quantile::of_sorted(&sorted, at(step))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shift_ignores_a_straggler_on_either_side() {
        let before: Vec<f64> = (0..50).map(f64::from).collect();
        let mut after: Vec<f64> = before.iter().map(|value| value + 5.0).collect();
        after[0] = 1e9;
        assert!((shift(&before, &after).unwrap() - 5.5).abs() <= 0.6);
        assert_eq!(shift(&[], &after), None);
    }

    #[test]
    fn a_trend_is_told_by_order_alone() {
        // Ten ascending values: 45 pairs, standard error 11.18, continuity 1.
        let rising: Vec<f64> = (0..10).map(|i| f64::from(i).exp()).collect();
        assert!((trend_z(&rising).unwrap() - 44.0 / 11.180_34).abs() < 1e-5);
        let falling: Vec<f64> = rising.iter().rev().copied().collect();
        assert!((trend_z(&falling).unwrap() + 44.0 / 11.180_34).abs() < 1e-5);
        assert_eq!(trend_z(&[2.0; 9]), None);
        assert_eq!(trend_z(&[1.0, 2.0, 3.0]), None);
    }

    #[test]
    fn many_values_are_thinned_without_moving_the_shift() {
        let before: Vec<f64> = (0..5000).map(|i| f64::from(i) / 5000.0).collect();
        let after: Vec<f64> = before.iter().map(|value| value + 0.25).collect();
        assert!((shift(&before, &after).unwrap() - 0.25).abs() < 1e-3);
    }

    #[test]
    fn superiority_counts_ties_half() {
        assert_eq!(superiority(&[1.0, 2.0], &[2.0, 3.0]), Some(0.875));
        assert_eq!(superiority(&[1.0], &[f64::NAN]), None);
    }
}
