//! Spikes that nobody pointed at: stretches of time in which a signal stands above its usual level.

use rayon::prelude::*;

use super::Range;
use crate::stats::changepoint::{Raised, raised};
use crate::stats::quantile::{mean, of_sorted, sorted};

/// Calls that a bin should hold, so that its median means something.
const CALLS_PER_BIN: usize = 8;
/// Shortest bin, seconds, and most bins.
const LEAST_BIN_S: f64 = 30.0;
const MOST_BINS: usize = 2000;
/// Rises below this share are no candidate.
const LEAST_RISE: f64 = 0.15;
/// Least square of the rise in standard errors: four and a half of them, for the many stretches of
/// many series that are looked at.
const LEAST_STRENGTH: f64 = 20.0;
/// Windows that overlap by more than a quarter of their length tell much the same.
const POSITIONS: f64 = 4.0;
/// Stretches that share this part of their time tell the same story.
const NEARLY_ONE: f64 = 0.7;
/// A series of fewer distinct values has no quantiles to speak of, only means.
const LEAST_DISTINCT: usize = 32;
/// Bins that a stretch must last.
const LEAST_BINS: usize = 2;
/// Levels of a bin that are watched: all calls together, the typical one and the slow one.
const LEVELS: [Level; 3] = [Level::Mean, Level::Quantile(0.5), Level::Quantile(0.9)];

/// One figure of a bin.
#[derive(Debug, Clone, Copy)]
enum Level {
    /// Geometric mean: the most telling where few calls each move a little, as the mix does.
    Mean,
    /// Quantile.
    Quantile(f64),
}

impl Level {
    /// Its logarithm over the values of a bin, ascending; none below three.
    fn log_of(self, inside: &[f64]) -> Option<f64> {
        if inside.len() < 3 || inside.first().is_none_or(|least| *least <= 0.0) {
            return None;
        }
        match self {
            Self::Mean => mean(&inside.iter().map(|value| value.ln()).collect::<Vec<f64>>()),
            Self::Quantile(q) => of_sorted(inside, q).map(f64::ln),
        }
    }
}

/// Fewest calls and seconds in which a spike can be looked for: room for a stretch and for what is
/// usual around it.
pub const LEAST_SEARCHED_CALLS: usize = CALLS_PER_BIN * 4 * LEAST_BINS;
/// See [`LEAST_SEARCHED_CALLS`].
pub const LEAST_SEARCHED_S: f64 = LEAST_BIN_S * (4 * LEAST_BINS) as f64;

/// Whether the data is enough to look for a spike in.
pub fn searchable(starts_ns: &[i64]) -> bool {
    let (Some(&start_ns), Some(&end_ns)) = (starts_ns.first(), starts_ns.last()) else {
        return false;
    };
    starts_ns.len() >= LEAST_SEARCHED_CALLS
        && Range { start_ns, end_ns }.length_s() >= LEAST_SEARCHED_S
}

/// A candidate for a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// When it stood out.
    pub range: Range,
    /// Which of the given signals stood out most.
    pub signal: usize,
    /// By which ratio to its usual level.
    pub ratio: f64,
    /// How clearly: the square of the rise in standard errors, see
    /// [`Raised`](crate::stats::changepoint::Raised).
    pub strength: f64,
    /// How many windows of that length the data holds, overlapping ones that tell something new
    /// counted: what this one was picked from.
    pub picked_from: usize,
}

/// Stretches in which one of the series (one value a call, NaN where null) stands above its usual
/// level, clearest first; no two overlap. These are candidates: whether each is a spike is for the
/// spike test to say.
pub fn find(starts_ns: &[i64], series: &[&[f64]]) -> Vec<Found> {
    let mut kept: Vec<Found> = Vec::new();
    for next in candidates(starts_ns, series) {
        if !kept.iter().any(|kept| kept.range.overlaps(&next.range)) {
            kept.push(next);
        }
    }
    kept
}

/// The same with those that overlap in part; of those that are nearly one, the clearest.
pub fn candidates(starts_ns: &[i64], series: &[&[f64]]) -> Vec<Found> {
    candidates_beside(starts_ns, series, None)
}

/// Series of which the bins alone are known, of every call where only a sample is at hand: for each
/// the numbers of the bins that tell of it, and its logarithm in each.
#[derive(Debug, Clone)]
pub struct Counted {
    /// First instant of bin 0.
    pub start_ns: i64,
    /// Length of a bin.
    pub bin_ns: i64,
    /// First instant after the last call.
    pub end_ns: i64,
    /// The series.
    pub series: Vec<(Vec<usize>, Vec<f64>)>,
}

/// The same where series of bins stand beside those of calls: their stretches name them by a signal
/// that follows those of the calls.
pub fn candidates_beside(
    starts_ns: &[i64],
    series: &[&[f64]],
    counted: Option<&Counted>,
) -> Vec<Found> {
    let of_one = |(signal, values): (usize, &&[f64])| {
        let found = in_series(starts_ns, values).into_iter();
        found.map(|found| Found { signal, ..found }).collect::<Vec<Found>>()
    };
    let mut found: Vec<Vec<Found>> = series.par_iter().enumerate().map(of_one).collect();
    if let Some(counted) = counted {
        let of_bins = |(at, binned): (usize, &Binned)| {
            let clock = Clock::of(counted);
            let found = in_bins(binned, &clock).into_iter();
            found.map(|found| Found { signal: series.len() + at, ..found }).collect()
        };
        found.par_extend(counted.series.par_iter().enumerate().map(of_bins));
    }
    let mut found = found.concat();
    let order = |a: &Found, b: &Found| {
        let by_place = a.range.cmp(&b.range).then(a.signal.cmp(&b.signal));
        b.strength.total_cmp(&a.strength).then(by_place)
    };
    found.sort_by(order);
    let mut kept: Vec<Found> = Vec::new();
    for next in found {
        if !kept.iter().any(|kept| nearly_one(&kept.range, &next.range)) {
            kept.push(next);
        }
    }
    kept
}

/// Whether two stretches share most of the time that either covers.
fn nearly_one(a: &Range, b: &Range) -> bool {
    let both = Range { start_ns: a.start_ns.max(b.start_ns), end_ns: a.end_ns.min(b.end_ns) };
    let either = Range { start_ns: a.start_ns.min(b.start_ns), end_ns: a.end_ns.max(b.end_ns) };
    both.length_s() >= NEARLY_ONE * either.length_s()
}

/// The stretches of one series, at each level that is watched.
fn in_series(starts_ns: &[i64], values: &[f64]) -> Vec<Found> {
    let (starts_ns, values): (Vec<i64>, Vec<f64>) =
        starts_ns.iter().zip(values).filter(|(_, value)| value.is_finite()).unzip();
    let (Some(&first), Some(&last)) = (starts_ns.first(), starts_ns.last()) else {
        return Vec::new();
    };
    let span_s = Range { start_ns: first, end_ns: last }.length_s();
    let bins = ((starts_ns.len() / CALLS_PER_BIN).min(MOST_BINS) as f64).min(span_s / LEAST_BIN_S);
    if bins < (4 * LEAST_BINS) as f64 {
        return Vec::new();
    }
    let bin_ns = (span_s * 1e9 / bins.floor()) as i64 + 1;
    let clock = Clock { start_ns: first, bin_ns, end_ns: last.saturating_add(1), span_s };
    let levels = if has_quantiles(&values) { &LEVELS[..] } else { &LEVELS[..1] };
    let binned = binned(&starts_ns, &values, bin_ns, levels);
    binned.iter().flat_map(|binned| in_bins(binned, &clock)).collect()
}

/// When bins are.
struct Clock {
    start_ns: i64,
    bin_ns: i64,
    /// First instant after the last call.
    end_ns: i64,
    /// From the first call to the last.
    span_s: f64,
}

impl Clock {
    fn of(counted: &Counted) -> Self {
        let Counted { start_ns, bin_ns, end_ns, .. } = *counted;
        Self { start_ns, bin_ns, end_ns, span_s: Range { start_ns, end_ns }.length_s() }
    }
}

/// The stretches of one level over its bins.
fn in_bins((index, levels): &Binned, clock: &Clock) -> Vec<Found> {
    let stretches = raised(levels, LEAST_RISE.ln_1p(), LEAST_BINS);
    let place = |stretch: &Raised| {
        let from = i64::try_from(*index.get(stretch.from)?).ok()?;
        let to = i64::try_from(*index.get(stretch.to.checked_sub(1)?)?).ok()? + 1;
        let at = |bin: i64| clock.start_ns.saturating_add(bin.saturating_mul(clock.bin_ns));
        let range = Range { start_ns: at(from), end_ns: at(to).min(clock.end_ns) };
        let ratio = stretch.rise.exp();
        let picked_from = (POSITIONS * clock.span_s / range.length_s().max(1.0)).ceil() as usize;
        Some(Found { range, signal: 0, ratio, strength: stretch.strength, picked_from })
    };
    let strong = stretches.iter().filter(|stretch| stretch.strength >= LEAST_STRENGTH);
    strong.filter_map(place).collect()
}

/// Whether a series has values enough that differ for quantiles to mean something.
fn has_quantiles(values: &[f64]) -> bool {
    let mut distinct: Vec<f64> = Vec::with_capacity(LEAST_DISTINCT);
    for value in values {
        if !distinct.iter().any(|have| have.to_bits() == value.to_bits()) {
            distinct.push(*value);
            if distinct.len() == LEAST_DISTINCT {
                return true;
            }
        }
    }
    false
}

/// Which bins tell of a level, and its logarithm in each.
type Binned = (Vec<usize>, Vec<f64>);

/// The bins by each level; those without values are left out.
fn binned(starts_ns: &[i64], values: &[f64], bin_ns: i64, of: &[Level]) -> Vec<Binned> {
    let mut binned = vec![Binned::default(); of.len()];
    let Some(&first) = starts_ns.first() else { return binned };
    let (mut row, mut bin) = (0, 0);
    while row < starts_ns.len() {
        let end =
            first.saturating_add(bin_ns.saturating_mul(i64::try_from(bin + 1).unwrap_or(i64::MAX)));
        let to = starts_ns.partition_point(|&start| start < end).max(row);
        let inside = sorted(values.get(row..to).unwrap_or_default());
        for (level, (index, levels)) in of.iter().zip(&mut binned) {
            if let Some(log) = level.log_of(&inside) {
                index.push(bin);
                levels.push(log);
            }
        }
        if end == i64::MAX {
            break;
        }
        (row, bin) = (to, bin + 1);
    }
    binned
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
