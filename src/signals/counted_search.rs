//! The series in which spikes are looked for where every call was counted and a sample is at hand:
//! how long calls take beside the same service and model, by bin, of every call.
//!
//! They stand beside the series of the sample (`search`), which alone knows the work of a call; a spell
//! of a slice in which the sample has few calls a bin shows in these.

use std::collections::BTreeMap;

use super::counted::{Counts, MODEL, SERVICE};
use super::search::{LEAST_SHARE, MOST_SHARE, MOST_SLICES};
use crate::diagnosis::{CLASSES_PER_DOUBLING, ServerCell};

/// Most bins that are searched; longer recordings have longer ones.
const MOST_BINS: i64 = 2_000;
/// Fewest calls of a bin.
const LEAST_CALLS: f64 = 8.0;
/// Quantiles of a bin that are watched beside its mean.
const WATCHED: [f64; 2] = [0.5, 0.9];

/// A length of each call by class.
type Classes = fn(&ServerCell) -> &[(i32, u64)];

/// Bins, and of each series which bins tell of it and its logarithm in each.
#[derive(Debug, Clone)]
pub struct Levels {
    /// First instant of bin 0.
    pub start_ns: i64,
    /// Length of a bin.
    pub bin_ns: i64,
    /// The series.
    pub series: Vec<(Vec<usize>, Vec<f64>)>,
}

/// The series of every call, of the larger services and of the larger models; none where nothing was
/// counted.
pub fn levels(counts: &Counts<'_>) -> Option<Levels> {
    let all: Vec<(&ServerCell, f64)> = counts.of(&BTreeMap::new()).collect();
    let first = all.iter().map(|(cell, _)| cell.bin).min()?;
    let last = all.iter().map(|(cell, _)| cell.bin).max()?;
    let merged = last.saturating_sub(first) / MOST_BINS + 1;
    let start_ns = all.iter().map(|(cell, _)| counts.start_ns(cell)).min()?;
    let mut slices = vec![all.clone()];
    for name in [SERVICE, MODEL] {
        let mut calls: BTreeMap<&str, f64> = BTreeMap::new();
        for (cell, part) in &all {
            let value = if name == SERVICE { &cell.service } else { &cell.model };
            *calls.entry(value).or_default() += cell.spans as f64 * part;
        }
        let total: f64 = calls.values().sum();
        let mut large: Vec<(&str, f64)> = calls
            .into_iter()
            .filter(|(_, calls)| (LEAST_SHARE..=MOST_SHARE).contains(&(calls / total)))
            .collect();
        large.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
        slices.extend(large.into_iter().take(MOST_SLICES).map(|(value, _)| {
            counts.of(&BTreeMap::from([(name.to_owned(), value.to_owned())])).collect()
        }));
    }
    let lengths: [Classes; 2] = [|cell| &cell.duration, |cell| &cell.ttft];
    let mut series = Vec::new();
    for classes in lengths {
        let usual = usual(&all, classes);
        for slice in &slices {
            series.extend(of_slice(slice, classes, &usual, &|bin| (bin - first) / merged));
        }
    }
    let bin_ns = counts.bin_ns().saturating_mul(merged);
    Some(Levels { start_ns, bin_ns, series })
}

/// The median of each service and model, in classes.
fn usual<'c>(
    cells: &[(&'c ServerCell, f64)],
    classes: Classes,
) -> BTreeMap<(&'c str, &'c str), f64> {
    let mut of_kind: BTreeMap<(&str, &str), BTreeMap<i64, f64>> = BTreeMap::new();
    for (cell, part) in cells {
        let of = of_kind.entry((&cell.service, &cell.model)).or_default();
        for (class, count) in classes(cell) {
            *of.entry(i64::from(*class)).or_default() += *count as f64 * part;
        }
    }
    let median = |of: BTreeMap<i64, f64>| {
        let of: Vec<(f64, f64)> =
            of.into_iter().map(|(class, count)| (class as f64, count)).collect();
        quantile(&of, 0.5)
    };
    of_kind.into_iter().filter_map(|(kind, of)| Some((kind, median(of)?))).collect()
}

/// The mean and the watched quantiles of a slice's calls, each beside what is usual for its kind.
fn of_slice(
    cells: &[(&ServerCell, f64)],
    classes: Classes,
    usual: &BTreeMap<(&str, &str), f64>,
    place: &dyn Fn(i64) -> i64,
) -> Vec<(Vec<usize>, Vec<f64>)> {
    let mut bins: BTreeMap<usize, Vec<(f64, f64)>> = BTreeMap::new();
    for (cell, part) in cells {
        let kind = (cell.service.as_str(), cell.model.as_str());
        let (Some(usual), Ok(bin)) = (usual.get(&kind), usize::try_from(place(cell.bin))) else {
            continue;
        };
        let away = |(class, count): &(i32, u64)| (f64::from(*class) - usual, *count as f64 * part);
        bins.entry(bin).or_default().extend(classes(cell).iter().map(away));
    }
    let mut series = vec![(Vec::new(), Vec::new()); 1 + WATCHED.len()];
    let doubling = std::f64::consts::LN_2 / f64::from(CLASSES_PER_DOUBLING);
    for (bin, mut of) in bins {
        let calls: f64 = of.iter().map(|(_, count)| count).sum();
        if calls < LEAST_CALLS {
            continue;
        }
        of.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mean = of.iter().map(|(class, count)| class * count).sum::<f64>() / calls;
        let quantiles = WATCHED.iter().map(|q| quantile(&of, *q));
        for ((index, logs), level) in
            series.iter_mut().zip(std::iter::once(Some(mean)).chain(quantiles))
        {
            if let Some(level) = level {
                index.push(bin);
                logs.push(level * doubling);
            }
        }
    }
    series.retain(|(index, _)| !index.is_empty());
    series
}

/// A quantile of classes, ascending, of which the calls of one are taken to lie evenly in it: a level
/// that jumps from class to class would have no spread, or all of it, between its bins.
fn quantile(ascending: &[(f64, f64)], q: f64) -> Option<f64> {
    let all: f64 = ascending.iter().map(|(_, count)| count).sum();
    let mut below = 0.0;
    for (class, count) in ascending {
        if *count > 0.0 && below + count >= q * all {
            return Some(class + ((q * all - below) / count).clamp(0.0, 1.0));
        }
        below += count;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_lies_within_its_class() {
        let ascending = [(-3.0, 2.0), (0.0, 4.0), (5.0, 2.0)];
        assert_eq!(quantile(&ascending, 0.5), Some(0.5));
        assert_eq!(quantile(&ascending, 0.0), Some(-3.0));
        assert_eq!(quantile(&ascending, 1.0), Some(6.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn a_slow_spell_of_a_small_share_of_the_calls_stands_out_in_its_own_series() {
        let cell = |bin: i64, service: &str, class: i32, spans: u64| ServerCell {
            bin,
            service: service.to_owned(),
            spans,
            duration: (0..8).map(|away| (class + away, spans / 8)).collect(),
            ..ServerCell::default()
        };
        let slow = |bin: i64| if (40..50).contains(&bin) { 16 } else { 0 };
        let cells = (0..60).flat_map(|bin| {
            [
                cell(bin, "large", 3 + i32::from(bin % 3 == 0), 800),
                cell(bin, "small", slow(bin), 160),
            ]
        });
        let server = crate::diagnosis::ServerCounts {
            one_in: 10,
            origin_ns: 0,
            bin_ns: 60_000_000_000,
            of_calls: true,
            cells: cells.collect(),
        };
        let table = crate::calls::CallTable::default();
        let levels = levels(&Counts::new(&table, &server).unwrap()).unwrap();
        assert_eq!((levels.start_ns, levels.bin_ns), (0, 60_000_000_000));
        // All calls and both services, of each the mean and two quantiles; nobody told of TTFT.
        assert_eq!(levels.series.len(), 9);
        let rose = |(index, logs): &(Vec<usize>, Vec<f64>)| {
            assert_eq!(index.len(), 60);
            logs[45] - logs[5]
        };
        assert!((rose(&levels.series[6]) - std::f64::consts::LN_2).abs() < 1e-9);
        assert!(rose(&levels.series[3]).abs() < 0.1);
    }
}
