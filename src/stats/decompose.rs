//! Why a mean or a tail moved: mix against behaviour, reweighting to the other period's mix, and
//! fair shares among terms whose order is arbitrary.

use std::collections::BTreeMap;

use super::quantile::effective_size;

/// A change of a mean split by Kitagawa's two-way decomposition (JASA 50, 1955).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Kitagawa {
    /// Because shares of the cells changed.
    pub mix: f64,
    /// Because values within the cells changed.
    pub within: f64,
    /// Because cells exist on one side only: mix and within cannot be told apart there.
    pub unmatched: f64,
    /// Share of the window's calls in cells that the baseline lacks.
    pub window_unmatched_share: f64,
}

/// Splits the change of the mean of `after` against `before`; each value carries its cell. The
/// three parts sum to the change. `None` where a side is empty; values must be finite.
pub fn kitagawa(before: &[(u32, f64)], after: &[(u32, f64)]) -> Option<Kitagawa> {
    if before.is_empty() || after.is_empty() {
        return None;
    }
    let (old, new) = (cells(before), cells(after));
    let mut result = Kitagawa::default();
    for cell in old.keys().chain(new.keys().filter(|cell| !old.contains_key(cell))) {
        let share =
            |side: Option<&(f64, f64)>, size: usize| side.map_or(0.0, |c| c.0 / size as f64);
        let (a, b) = (old.get(cell), new.get(cell));
        let (p0, p1) = (share(a, before.len()), share(b, after.len()));
        if let (Some((n0, sum0)), Some((n1, sum1))) = (a, b) {
            let (y0, y1) = (sum0 / n0, sum1 / n1);
            result.mix += (p1 - p0) * (y0 + y1) / 2.0;
            result.within += (y1 - y0) * (p0 + p1) / 2.0;
        } else {
            let mean = |side: Option<&(f64, f64)>| side.map_or(0.0, |(n, sum)| sum / n);
            result.unmatched += p1 * mean(b) - p0 * mean(a);
            result.window_unmatched_share += p1;
        }
    }
    Some(result)
}

fn cells(pairs: &[(u32, f64)]) -> BTreeMap<u32, (f64, f64)> {
    let mut cells: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for (cell, value) in pairs {
        let entry = cells.entry(*cell).or_default();
        *entry = (entry.0 + 1.0, entry.1 + value);
    }
    cells
}

/// Weights that give one period's calls the other's mix of cells (`DiNardo`, Fortin and Lemieux,
/// Econometrica 64, 1996, on cells instead of a model).
#[derive(Debug, Clone, PartialEq)]
pub struct Reweighting {
    /// One weight a call, mean 1 over the calls unless none is matched.
    pub weights: Vec<f64>,
    /// Kish's effective number of calls under these weights.
    pub effective: f64,
    /// Share of the target's calls in cells that the source lacks: the weights say nothing of them.
    pub uncovered_share: f64,
    /// Whether a weight was cut at the cap.
    pub capped: bool,
}

/// Weighs the calls of `source` (their cells) so that their mix becomes that of `target`, no
/// weight above `cap` times the mean.
pub fn reweigh(source: &[u32], target: &[u32], cap: f64) -> Reweighting {
    let count = |cells: &[u32]| {
        let mut counts: BTreeMap<u32, f64> = BTreeMap::new();
        cells.iter().for_each(|cell| *counts.entry(*cell).or_default() += 1.0);
        counts
    };
    let (have, want) = (count(source), count(target));
    let uncovered: f64 =
        want.iter().filter(|(cell, _)| !have.contains_key(cell)).map(|(_, count)| count).sum();
    let factor = source.len() as f64 / (target.len() as f64 - uncovered).max(1.0);
    let raw = |cell: &u32| {
        let wanted = want.get(cell).copied().unwrap_or(0.0);
        have.get(cell).map_or(0.0, |have| wanted / have * factor)
    };
    let mut weights: Vec<f64> = source.iter().map(raw).collect();
    let capped = weights.iter().any(|weight| *weight > cap);
    if capped {
        weights.iter_mut().for_each(|weight| *weight = weight.min(cap));
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        weights.iter_mut().for_each(|weight| *weight /= mean);
    }
    Reweighting {
        effective: effective_size(&weights),
        weights,
        uncovered_share: if target.is_empty() { 0.0 } else { uncovered / target.len() as f64 },
        capped,
    }
}

/// Most terms that [`shapley`] takes: it evaluates every subset.
pub const MOST_TERMS: usize = 12;

/// Shapley's value of each of `terms` terms (Contributions to the Theory of Games II, 1953):
/// `worth` is asked for the outcome with a set of terms switched on, given as a bit mask. The
/// values sum to the worth of all less that of none.
///
/// Above [`MOST_TERMS`] terms the rest get nothing.
pub fn shapley(terms: usize, mut worth: impl FnMut(u32) -> f64) -> Vec<f64> {
    let used = terms.min(MOST_TERMS);
    let worths: Vec<f64> = (0..1u32 << used).map(&mut worth).collect();
    let mut values = vec![0.0; terms];
    for (term, value) in values.iter_mut().enumerate().take(used) {
        for (set, without) in (0u32..).zip(&worths).filter(|(set, _)| set & (1 << term) == 0) {
            let with = worths[(set | (1 << term)) as usize];
            *value += share_of_orders(used, set.count_ones() as usize) * (with - without);
        }
    }
    values
}

/// Share of the orders of `terms` terms in which exactly one given set of `before` comes first and
/// one given term next: before! (terms - before - 1)! / terms!.
fn share_of_orders(terms: usize, before: usize) -> f64 {
    let choose = (0..before).fold(1.0, |sum, k| sum * (terms - 1 - k) as f64 / (k + 1) as f64);
    1.0 / (terms as f64 * choose)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn simpsons_paradox_is_seen_through() {
        // Each cell got faster, the mean got slower: traffic moved to the slow cell.
        let side = |fast: usize, y_fast: f64, slow: usize, y_slow: f64| {
            let mut calls = vec![(0, y_fast); fast];
            calls.extend(vec![(1, y_slow); slow]);
            calls
        };
        let split = kitagawa(&side(90, 1.0, 10, 10.0), &side(10, 0.9, 90, 9.0)).unwrap();
        assert!(split.within < 0.0 && split.mix > 6.0, "{split:?}");
        assert_eq!(split.unmatched, 0.0);
    }

    #[test]
    fn a_cell_without_counterpart_is_named_unmatched() {
        let split = kitagawa(&[(0, 1.0), (1, 2.0)], &[(0, 1.0), (2, 6.0)]).unwrap();
        assert_eq!((split.mix, split.within), (0.0, 0.0));
        assert_eq!((split.unmatched, split.window_unmatched_share), (2.0, 0.5));
    }

    #[test]
    fn reweighted_calls_have_the_targets_mix() {
        let result = reweigh(&[0, 0, 0, 1], &[0, 1, 1, 1, 2], 10.0);
        assert_eq!(result.weights, [1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 3.0]);
        assert!((result.uncovered_share - 0.2).abs() < 1e-12 && !result.capped);
        assert!(result.effective < 2.0);
        assert!(reweigh(&[0, 0, 0, 1], &[1, 1, 1, 1], 2.0).capped);
        assert_eq!(reweigh(&[], &[1], 2.0).uncovered_share, 1.0);
    }

    #[test]
    fn an_interaction_is_shared_evenly() {
        // 1 for the first, 2 for the second, 4 more for both together.
        let worth = |set: u32| [0.0, 1.0, 2.0, 7.0][set as usize];
        assert_eq!(shapley(2, worth), [3.0, 4.0]);
        assert!(shapley(0, |_| 0.0).is_empty());
    }

    proptest! {
        #[test]
        fn the_parts_sum_to_the_change(
            before in prop::collection::vec((0u32..5, -9.0..9.0f64), 1..40),
            after in prop::collection::vec((0u32..5, -9.0..9.0f64), 1..40),
        ) {
            let mean = |side: &[(u32, f64)]| side.iter().map(|c| c.1).sum::<f64>() / side.len() as f64;
            let split = kitagawa(&before, &after).unwrap();
            let sum = split.mix + split.within + split.unmatched;
            prop_assert!((sum - (mean(&after) - mean(&before))).abs() < 1e-9);
        }

        #[test]
        fn shapley_values_sum_to_the_whole(worths in prop::collection::vec(-9.0..9.0f64, 16)) {
            let values = shapley(4, |set| worths[set as usize]);
            let sum: f64 = values.iter().sum();
            prop_assert!((sum - (worths[15] - worths[0])).abs() < 1e-9);
        }
    }
}
