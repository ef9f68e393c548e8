//! Calls as points: TTFT against uncached prompt tokens, ITL against own concurrency.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::{Rows, count, floor, sorted};
use crate::calls::CallTable;
use crate::diagnosis::{ExpectedStep, Point, Scatter};
use crate::schema::Col;
use crate::stats::quantile::of_sorted;

/// Points drawn of each period, at most.
const POINTS: usize = 400;
/// Steps of the expectation, at most.
const STEPS: usize = 12;
/// Baseline calls that a step rests on, at least.
const STEP_CALLS: usize = 20;

/// Both scatters; one without a point in either period is left out.
pub(super) fn scatters(table: &CallTable, rows: &Rows) -> Vec<Scatter> {
    let uncached = table.numbers(Col::UncachedTokens);
    let concurrency = own_concurrency(table, &rows.starts_ns);
    let all = [
        scatter("uncached_tokens", &uncached, "ttft_s", &table.numbers(Col::TtftS), rows),
        scatter("own_concurrency", &concurrency, "itl_s", &table.numbers(Col::ItlS), rows),
    ];
    all.into_iter().filter(|scatter| scatter.baseline_calls + scatter.window_calls > 0).collect()
}

fn scatter(x_name: &str, x: &[f64], y_name: &str, y: &[f64], rows: &Rows) -> Scatter {
    let points = |rows: &[usize]| -> Vec<Point> {
        let points = rows.iter().map(|&row| Point { x: x[row], y: y[row] });
        points.filter(|point| point.x.is_finite() && point.y.is_finite()).collect()
    };
    let (baseline, window) = (points(&rows.baseline), points(&rows.window));
    Scatter {
        x: x_name.to_owned(),
        y: y_name.to_owned(),
        baseline_calls: baseline.len(),
        window_calls: window.len(),
        expected: expected(&baseline),
        baseline: even_sample(baseline),
        window: even_sample(window),
    }
}

/// At most [`POINTS`] of them, evenly along the order of `y`: the distribution stays as it is,
/// and the fastest and the slowest call are always drawn.
fn even_sample(mut points: Vec<Point>) -> Vec<Point> {
    points.sort_by(|a, b| a.y.total_cmp(&b.y).then(a.x.total_cmp(&b.x)));
    if points.len() <= POINTS {
        return points;
    }
    let last = points.len() - 1;
    (0..POINTS).map(|index| points[index * last / (POINTS - 1)]).collect()
}

/// The baseline's level in bins of about equally many calls along `x`.
fn expected(points: &[Point]) -> Vec<ExpectedStep> {
    let xs = sorted(points.iter().map(|point| point.x));
    let steps = (xs.len() / STEP_CALLS).min(STEPS);
    let mut edges: Vec<f64> = (0..=steps)
        .filter_map(|step| xs.get((step * xs.len() / steps.max(1)).min(xs.len().max(1) - 1)))
        .copied()
        .collect();
    edges.dedup();
    if steps == 0 {
        return Vec::new();
    }
    if edges.len() == 1 {
        edges.push(edges[0]);
    }
    let last = edges.len() - 2;
    let step = |(index, edge): (usize, &[f64])| {
        let inside = |x: f64| x >= edge[0] && (x < edge[1] || (index == last && x <= edge[1]));
        let of = sorted(points.iter().filter(|point| inside(point.x)).map(|point| point.y));
        if of.len() < STEP_CALLS / 2 {
            return None;
        }
        Some(ExpectedStep {
            from: edge[0],
            to: edge[1],
            p10: of_sorted(&of, 0.1)?,
            p50: of_sorted(&of, 0.5)?,
            p90: of_sorted(&of, 0.9)?,
        })
    };
    edges.windows(2).enumerate().filter_map(step).collect()
}

/// How many calls of the same requested model were in flight when each call started, itself
/// included. A call of unknown duration counts at its start only.
fn own_concurrency(table: &CallTable, starts_ns: &[i64]) -> Vec<f64> {
    let durations = table.numbers(Col::DurationS);
    let models = table.codes(Col::RequestModel.name());
    let mut flying: HashMap<u32, BinaryHeap<Reverse<i64>>, foldhash::fast::FixedState> =
        HashMap::default();
    let rows = starts_ns.iter().zip(durations).zip(&models.codes);
    rows.map(|((&start, duration_s), &model)| {
        let ends = flying.entry(model).or_default();
        while ends.peek().is_some_and(|Reverse(end)| *end <= start) {
            ends.pop();
        }
        let lasts_ns = if duration_s.is_finite() { duration_s.max(0.0) * 1e9 } else { 0.0 };
        ends.push(Reverse(
            start.saturating_add(i64::try_from(floor(lasts_ns)).unwrap_or(i64::MAX)),
        ));
        count(ends.len())
    })
    .collect()
}
