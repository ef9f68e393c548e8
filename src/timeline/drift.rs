//! What drifted: signals that rise or fall day by day, and by how much from the first days to the
//! last.

use super::series::mix_between;
use crate::diagnosis::{Drift, Series};
use crate::signals::frame::Frame;
use crate::stats::quantile::median;
use crate::stats::rank::trend_z;

/// Days that a trend needs: of fewer, even a perfect order is common by chance.
const LEAST_DAYS: usize = 6;
/// Most days taken for the first and for the last level: a week holds every weekday once.
const MOST_LEVEL: usize = 7;
/// Standard errors of Kendall's trend at which it is said: once in a hundred signals by chance.
const LEAST_Z: f64 = 2.58;
/// Least change worth a line, as a factor, and of shares.
const LEAST_RATIO: f64 = 1.1;
const LEAST_SHARE: f64 = 0.05;

/// The drifts among the series by day, in their order; the mix of calls comes last.
pub fn drifts(frame: &Frame, series: &[Series], by_day: &[Vec<usize>]) -> Vec<Drift> {
    let mut drifts: Vec<Drift> = series.iter().filter_map(of).collect();
    drifts.extend(mix(frame, by_day));
    drifts
}

fn of(series: &Series) -> Option<Drift> {
    let known: Vec<f64> = series.values.iter().flatten().copied().collect();
    if known.len() < LEAST_DAYS || trend_z(&known).is_none_or(|z| z.abs() < LEAST_Z) {
        return None;
    }
    let days = level_days(known.len());
    let first = median(&known[..days])?;
    let last = median(&known[known.len() - days..])?;
    let share = series.signal.ends_with("_share") || series.signal.ends_with("_ratio");
    let worth = if share {
        (last - first).abs() >= LEAST_SHARE
    } else {
        first > 0.0 && last > 0.0 && (last / first).ln().abs() >= LEAST_RATIO.ln()
    };
    worth.then(|| Drift { signal: series.signal.clone(), first: Some(first), last, days })
}

/// The share of the last days' calls that would have to be of another model and service for their
/// mix to be that of the first days.
fn mix(frame: &Frame, by_day: &[Vec<usize>]) -> Option<Drift> {
    let held: Vec<&Vec<usize>> = by_day.iter().filter(|rows| !rows.is_empty()).collect();
    if held.len() < LEAST_DAYS {
        return None;
    }
    let days = level_days(held.len());
    let joined = |of: &[&Vec<usize>]| of.iter().flat_map(|rows| rows.iter().copied()).collect();
    let (first, last): (Vec<usize>, Vec<usize>) =
        (joined(&held[..days]), joined(&held[held.len() - days..]));
    let last = mix_between(frame, &first, &last)?;
    let signal = "mix_moved_share".to_owned();
    (last >= LEAST_SHARE).then_some(Drift { signal, first: None, last, days })
}

/// A third of the days on each side, so that they stand apart, and a week at most.
fn level_days(days: usize) -> usize {
    (days / 3).clamp(1, MOST_LEVEL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(signal: &str, values: impl Iterator<Item = f64>) -> Series {
        Series { signal: signal.to_owned(), values: values.map(Some).collect() }
    }

    #[test]
    fn a_slow_rise_is_told_with_its_ends_and_noise_is_not() {
        let rise = of(&series("ttft_p95_s", (0..30).map(|day| 1.0 + 0.02 * f64::from(day))));
        let rise = rise.unwrap();
        assert_eq!(rise.days, 7);
        assert!((rise.first.unwrap() - 1.06).abs() < 1e-9 && (rise.last - 1.52).abs() < 1e-9);
        let zigzag = (0..30).map(|day| 1.0 + 0.5 * f64::from(day % 2));
        assert!(of(&series("ttft_p95_s", zigzag)).is_none());
        let small = (0..30).map(|day| 1.0 + 0.001 * f64::from(day));
        assert!(of(&series("ttft_p95_s", small)).is_none());
    }

    #[test]
    fn a_share_drifts_by_points_and_few_days_say_nothing() {
        let fall = |days: i32| (0..days).map(|day| 0.7 - 0.02 * f64::from(day));
        let told = of(&series("cache_hit_ratio", fall(12))).unwrap();
        assert!(told.last < told.first.unwrap() - 0.1);
        assert!(of(&series("cache_hit_ratio", fall(5))).is_none());
    }
}
