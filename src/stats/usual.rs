//! How far windows of one length usually stand from the rest of their own baseline: the second
//! yardstick beside an interval.

use super::compare::{MOST_DRAWN, Sample, Statistic};
use super::quantile::{Ordered, of_sorted};

/// How far windows of one length stand from the rest of their own baseline: the second yardstick.
#[derive(Debug, Clone, PartialEq)]
pub struct Usual {
    /// Ratios of the sub-windows to the rest, ascending.
    pub ratios: Vec<f64>,
    /// How many windows of that length fit into the baseline side by side.
    pub independent: f64,
}

impl Usual {
    /// The largest ratio that was seen.
    pub fn most(&self) -> Option<f64> {
        self.ratios.last().copied()
    }

    /// A quantile of the ratios.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        of_sorted(&self.ratios, q)
    }

    /// Share of usual windows that stand at least that high; never below what the number of
    /// windows that fit side by side can show.
    pub fn exceedance(&self, ratio: f64) -> f64 {
        let above = self.ratios.iter().filter(|usual| **usual >= ratio).count();
        let share = above as f64 / self.ratios.len().max(1) as f64;
        share.max(1.0 / (self.independent + 1.0)).min(1.0)
    }
}

/// Slides a window of `length_s` over the baseline by quarters of its length and compares each
/// position that holds at least `least_calls` with the rest.
///
/// `None` where the baseline is shorter than two such windows or none holds enough calls.
pub fn usual(
    baseline: &Sample,
    statistic: Statistic,
    length_s: f64,
    least_calls: usize,
) -> Option<Usual> {
    let least_calls = least_calls.div_ceil(baseline.len().div_ceil(MOST_DRAWN).max(1));
    let baseline = &*baseline.drawn();
    let (first, last) = (*baseline.starts_s().first()?, *baseline.starts_s().last()?);
    if !(length_s > 0.0 && last - first >= 2.0 * length_s) {
        return None;
    }
    let ordered = Ordered::new(baseline.values());
    let steps = ((last - first - length_s) / (length_s / 4.0)).floor().min(120.0);
    let step_s = (last - first - length_s) / steps.max(1.0);
    let mut ratios = Vec::new();
    for step in 0..=steps as usize {
        let from_s = first + step as f64 * step_s;
        let from = baseline.starts_s().partition_point(|&at| at < from_s);
        let to = baseline.starts_s().partition_point(|&at| at < from_s + length_s).max(from);
        if to - from < least_calls.max(1) || baseline.len() - (to - from) < least_calls.max(1) {
            continue;
        }
        let inside = |row: usize| (from..to).contains(&row);
        let within: Vec<u32> = (0..baseline.len()).map(|row| u32::from(inside(row))).collect();
        let rest: Vec<u32> = within.iter().map(|count| 1 - count).collect();
        let pair = (statistic.under(&ordered, &within), statistic.under(&ordered, &rest));
        if let (Some(within), Some(rest)) = pair
            && within > 0.0
            && rest > 0.0
        {
            ratios.push(within / rest);
        }
    }
    ratios.sort_unstable_by(f64::total_cmp);
    let independent = ((last - first) / length_s).floor();
    (!ratios.is_empty()).then_some(Usual { ratios, independent })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_ratio_of_a_drifting_baseline_is_wide() {
        let starts: Vec<f64> = (0..1000).map(f64::from).collect();
        let calm: Vec<f64> = starts.iter().map(|at| 1.0 + 0.1 * (at * 7.7).sin()).collect();
        let drift: Vec<f64> = starts
            .iter()
            .zip(&calm)
            .map(|(at, calm)| calm * (1.0 + (at / 160.0).sin() / 2.0))
            .collect();
        let usual = |values: &[f64]| {
            usual(&Sample::new(values, &starts), Statistic::Quantile(0.5), 120.0, 20).unwrap()
        };
        assert!(usual(&calm).most().unwrap() < 1.05);
        assert!(usual(&drift).most().unwrap() > 1.4);
        assert_eq!(usual(&calm).independent, 8.0);
        assert!(usual(&calm).exceedance(2.0) > 0.1);
    }

    #[test]
    fn too_little_to_compare_is_none() {
        let few = Sample::new(&[1.0, f64::NAN, 2.0], &[0.0, 1.0, 2.0]);
        assert!(usual(&few, Statistic::Mean, 10.0, 1).is_none());
    }
}
