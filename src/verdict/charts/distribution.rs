//! How TTFT, ITL and duration are distributed, baseline beside window, over the same bins.

use super::{Rows, count, floor, sorted};
use crate::calls::CallTable;
use crate::diagnosis::{Distribution, Spread};
use crate::schema::Col;
use crate::stats::quantile::of_sorted;

/// Bins of a histogram.
const BINS: usize = 36;
/// Calls that a period needs to be drawn.
const LEAST_CALLS: usize = 8;
/// The lowest edge leaves this share of the calls below.
const LOW_SHARE: f64 = 0.002;

/// The distributions of the figures that both periods carry.
pub(super) fn distributions(table: &CallTable, rows: &Rows) -> Vec<Distribution> {
    let cols = [Col::TtftS, Col::ItlS, Col::DurationS];
    cols.into_iter().filter_map(|col| distribution(col.name(), &table.numbers(col), rows)).collect()
}

fn distribution(signal: &str, values: &[f64], rows: &Rows) -> Option<Distribution> {
    let of = |rows: &[usize]| sorted(rows.iter().map(|&row| values[row]).filter(|&v| v > 0.0));
    let (baseline, window) = (of(&rows.baseline), of(&rows.window));
    if baseline.len() < LEAST_CALLS || window.len() < LEAST_CALLS {
        return None;
    }
    let low = of_sorted(&baseline, LOW_SHARE)?.min(of_sorted(&window, LOW_SHARE)?).ln();
    let high = baseline.last()?.max(*window.last()?).ln();
    let step = ((high - low) / count(BINS)).max(1e-6);
    let edges = (0..=BINS).map(|edge| (low + step * count(edge)).exp()).collect();
    let spread = |sorted: &[f64]| {
        let mut shares = vec![0.0; BINS];
        for value in sorted {
            let bin = floor(((value.ln() - low) / step).max(0.0)).min(BINS - 1);
            shares[bin] += 1.0 / count(sorted.len());
        }
        Some(Spread {
            calls: sorted.len(),
            shares,
            p50: of_sorted(sorted, 0.5)?,
            p95: of_sorted(sorted, 0.95)?,
            p99: of_sorted(sorted, 0.99)?,
        })
    };
    Some(Distribution {
        signal: signal.to_owned(),
        edges,
        baseline: spread(&baseline)?,
        window: spread(&window)?,
    })
}
