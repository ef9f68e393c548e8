//! The rival: the textbook's tree of four leaves over two thresholds, scored on the same cases.

use llmspan::calls::CallTable;
use llmspan::schema::Col;
use llmspan::stats::quantile::quantile;
use llmspan::windows::{Split, choose};

use super::score::{Answer, Said};
use super::truth::Case;

/// A p95 that rose by this share has moved.
const THRESHOLD: f64 = 0.2;
/// How many ids it cites: the slowest.
const CITED: usize = 20;

/// What the tree says: TTFT up alone is queueing, ITL up alone contention, both a loss of capacity.
pub fn answer(table: &CallTable, case: &Case) -> Answer {
    let Ok(split) = choose(&table.starts_ns(), &case.args) else { return Answer::default() };
    let (ttft, itl) = (table.numbers(Col::TtftS), table.numbers(Col::ItlS));
    let cause = match (rose(&ttft, &split), rose(&itl, &split)) {
        (true, false) => "prefill_queueing",
        (false, true) => "decode_contention",
        (true, true) => "capacity_event",
        (false, false) => return Answer { verdict: "no_spike".into(), ..Answer::default() },
    };
    let signal = if cause == "decode_contention" { &itl } else { &ttft };
    let said = Said {
        cause: cause.to_owned(),
        confidence: 1.0,
        onset_s: Some(split.window.start_ns as f64 * 1e-9),
        cited: slowest(table, signal, &split),
        ..Said::default()
    };
    Answer {
        verdict: "spike".into(),
        said: vec![said],
        window_calls: split.window_rows.len(),
        ..Answer::default()
    }
}

fn rose(values: &[f64], split: &Split) -> bool {
    let before: Vec<f64> =
        split.baseline_row_indices().into_iter().map(|row| values[row]).collect();
    let p95 = |values: &[f64]| quantile(values, 0.95);
    match (p95(&before), p95(&values[split.window_rows.clone()])) {
        (Some(before), Some(window)) => window > before * (1.0 + THRESHOLD),
        _ => false,
    }
}

fn slowest(table: &CallTable, values: &[f64], split: &Split) -> Vec<String> {
    let mut rows: Vec<usize> =
        split.window_rows.clone().filter(|row| values[*row].is_finite()).collect();
    rows.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
    rows.into_iter().filter_map(|row| table.text(Col::RequestId, row)).take(CITED).collect()
}
