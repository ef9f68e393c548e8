//! Spikes that nobody pointed at: stretches of time in which a signal stands above its usual level.

use super::Range;
use crate::stats::changepoint::{Raised, raised};
use crate::stats::quantile::{of_sorted, sorted};

/// Calls that a bin should hold, so that its median means something.
const CALLS_PER_BIN: usize = 8;
/// Shortest bin, seconds, and most bins.
const LEAST_BIN_S: f64 = 30.0;
const MOST_BINS: usize = 2000;
/// Rises below this share are no candidate.
const LEAST_RISE: f64 = 0.15;
/// Bins that a stretch must last.
const LEAST_BINS: usize = 2;
/// Levels of a bin that are watched: the typical call and the slow one.
const LEVELS: [f64; 2] = [0.5, 0.9];

/// A candidate for a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// When it stood out.
    pub range: Range,
    /// Which of the given signals stood out most.
    pub signal: usize,
    /// By which ratio to its usual level.
    pub ratio: f64,
}

/// Stretches in which one of the signals (seconds, one value a call, NaN where null) stands above
/// its usual level, strongest first; no two overlap. These are
/// candidates: whether each is a spike is for the spike test to say.
pub fn find(starts_ns: &[i64], signals: &[&[f64]]) -> Vec<Found> {
    let (Some(&first), Some(&last)) = (starts_ns.first(), starts_ns.last()) else {
        return Vec::new();
    };
    let span_s = Range { start_ns: first, end_ns: last }.length_s();
    let bins = ((starts_ns.len() / CALLS_PER_BIN).min(MOST_BINS) as f64).min(span_s / LEAST_BIN_S);
    if bins < (4 * LEAST_BINS) as f64 {
        return Vec::new();
    }
    let bin_ns = (span_s * 1e9 / bins.floor()) as i64 + 1;
    let mut found = Vec::new();
    for (signal, values) in signals.iter().enumerate() {
        for level in LEVELS {
            let (index, levels) = binned(starts_ns, values, bin_ns, level);
            let stretches = raised(&levels, LEAST_RISE.ln_1p(), LEAST_BINS);
            let place = |stretch: &Raised| {
                let from = i64::try_from(*index.get(stretch.from)?).ok()?;
                let to = i64::try_from(*index.get(stretch.to.checked_sub(1)?)?).ok()? + 1;
                let at = |bin: i64| first.saturating_add(bin.saturating_mul(bin_ns));
                let range =
                    Range { start_ns: at(from), end_ns: at(to).min(last.saturating_add(1)) };
                Some(Found { range, signal, ratio: stretch.rise.exp() })
            };
            found.extend(stretches.iter().filter_map(place));
        }
    }
    strongest(found)
}

/// Logarithm of a level per bin, and which bin each belongs to; bins without values are left out.
fn binned(starts_ns: &[i64], values: &[f64], bin_ns: i64, q: f64) -> (Vec<usize>, Vec<f64>) {
    let (mut index, mut levels) = (Vec::new(), Vec::new());
    let Some(&first) = starts_ns.first() else { return (index, levels) };
    let (mut row, mut bin) = (0, 0);
    while row < starts_ns.len() {
        let end =
            first.saturating_add(bin_ns.saturating_mul(i64::try_from(bin + 1).unwrap_or(i64::MAX)));
        let to = starts_ns.partition_point(|&start| start < end).max(row);
        let inside = sorted(values.get(row..to).unwrap_or_default());
        if let Some(level) = of_sorted(&inside, q).filter(|level| *level > 0.0 && inside.len() >= 3)
        {
            index.push(bin);
            levels.push(level.ln());
        }
        if end == i64::MAX {
            break;
        }
        (row, bin) = (to, bin + 1);
    }
    (index, levels)
}

/// Of stretches that overlap the one that explains most, ranked by what they explain: the square
/// of the rise times the length.
fn strongest(mut found: Vec<Found>) -> Vec<Found> {
    let explains = |found: &Found| found.ratio.ln().powi(2) * found.range.length_s();
    let order = |a: &Found, b: &Found| {
        let by_place = a.range.cmp(&b.range).then(a.signal.cmp(&b.signal));
        explains(b).total_cmp(&explains(a)).then(by_place)
    };
    found.sort_by(order);
    let mut kept: Vec<Found> = Vec::new();
    for next in found {
        if !kept.iter().any(|kept| kept.range.overlaps(&next.range)) {
            kept.push(next);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::resample::Rng;

    fn traffic(seed: u64, slow: std::ops::Range<i64>) -> (Vec<i64>, Vec<f64>) {
        let mut rng = Rng::new(seed);
        let starts: Vec<i64> = (0..1200).map(|call| call * 5_000_000_000).collect();
        let value = |start: &i64| {
            let factor = if slow.contains(&(start / 1_000_000_000)) { 1.8 } else { 1.0 };
            factor * (0.4 * rng.normal()).exp()
        };
        let values = starts.iter().map(value).collect();
        (starts, values)
    }

    #[test]
    fn a_spike_is_found_where_it_was() {
        let (starts, values) = traffic(1, 3600..4500);
        let found = find(&starts, &[&values]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!((found[0].range.start_ns / 1_000_000_000 - 3600).abs() <= 90, "{found:?}");
        assert!((found[0].range.end_ns / 1_000_000_000 - 4500).abs() <= 90, "{found:?}");
        assert!((found[0].ratio - 1.8).abs() < 0.3, "{found:?}");
    }

    #[test]
    fn quiet_traffic_gives_no_candidate() {
        let quiet = (0..20).filter(|seed| {
            let (starts, values) = traffic(100 + seed, 0..0);
            find(&starts, &[&values]).is_empty()
        });
        assert!(quiet.count() >= 19);
        assert!(find(&[], &[]).is_empty());
        assert!(find(&[i64::MIN, 0, i64::MAX], &[&[1.0; 3]]).is_empty());
    }
}
