//! A capacity for a planning page.

use super::terminal::subject;
use super::{SIGNALS, asked, constraint, edges, figure, headline, limits, mark, objective, times};
use crate::diagnosis::capacity::{Capacity, Curve};
use crate::report::markdown::escape;
use crate::report::{numbers, wording};

/// The page, ending in a newline.
pub fn markdown(capacity: &Capacity) -> String {
    let mut blocks = vec![
        format!("## {}", escape(&headline(capacity))),
        escape(&subject(capacity)),
        escape(&format!("Why it can be told, or not: {}.", capacity.because.trim_end_matches('.'))),
    ];
    if !capacity.what_if.is_empty() {
        blocks.push(escape(&format!("Supposed: {}.", capacity.what_if.join(", "))));
    }
    let held = capacity
        .slos
        .iter()
        .map(|found| format!("- `{}` {}", found.slo.replace('`', "'"), escape(&objective(found))));
    blocks.push(held.collect::<Vec<_>>().join("\n"));
    blocks.push(escape(&format!("Gives first: {}.", constraint(capacity))));
    blocks.extend(edges(capacity).map(|text| escape(&format!("Cliff: {text}."))));
    if !capacity.scales.is_empty() {
        blocks.push(table(capacity));
    }
    blocks.push(quotas(capacity));
    for (title, list) in [
        ("How it was made", &capacity.how_made),
        ("What it rests on", &capacity.rests_on),
        ("What would make it wrong", &capacity.wrong_if),
        ("Next", &capacity.next_steps),
    ] {
        if !list.is_empty() {
            let lines = list.iter().map(|line| format!("- {}", escape(line)));
            blocks.push(format!("### {title}\n\n{}", lines.collect::<Vec<_>>().join("\n")));
        }
    }
    if !capacity.curves.is_empty() {
        blocks.push("### Recorded response".to_owned());
    }
    blocks.extend(capacity.curves.iter().map(curve));
    blocks.push(escape(&wording::read(&capacity.ingest).join(" ")));
    blocks.retain(|block| !block.is_empty());
    blocks.join("\n\n") + "\n"
}

fn table(capacity: &Capacity) -> String {
    let mut out =
        "| traffic | signal | p50 | p95 | p99 | |\n|--:|---|--:|--:|--:|---|\n".to_owned();
    for scaled in asked(capacity) {
        for (signal, name) in SIGNALS.iter().enumerate() {
            let all = scaled.predicted.all();
            let cells: Vec<String> =
                (0..3).map(|quantile| figure(all[signal * 3 + quantile])).collect();
            let row = [times(scaled.scale), (*name).to_owned(), cells.join(" | ")];
            out.push_str(&format!("| {} | {} |\n", row.join(" | "), mark(scaled)));
        }
    }
    out.trim_end().to_owned()
}

/// What the account's limits leave.
fn quotas(capacity: &Capacity) -> String {
    let rows = limits::rows(capacity);
    if rows.is_empty() {
        return String::new();
    }
    let mut out = format!("| {} |\n|---|--:|--:|--:|\n", limits::HEADS.join(" | "));
    for row in &rows {
        out.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    out.trim_end().to_owned()
}

/// The response that was recorded, without any engine.
fn curve(curve: &Curve) -> String {
    let against = curve_load(curve.against);
    let mut out =
        format!("{}:\n\n| {against} | ratio | 90 % |\n|--:|--:|--:|\n", curve_title(curve));
    for point in &curve.points {
        out.push_str(&format!(
            "| {} | {} | {} to {} |\n",
            numbers::plain(point.load),
            numbers::multiple(point.ratio),
            numbers::multiple(point.low),
            numbers::multiple(point.high)
        ));
    }
    out.trim_end().to_owned()
}

/// What a curve shows.
pub(super) fn curve_title(curve: &Curve) -> String {
    let signal = if curve.signal == "ttft_s" { "TTFT" } else { "ITL" };
    format!("Recorded {signal} over the same call alone, against {}", curve_load(curve.against))
}

/// What it is drawn against.
pub(super) fn curve_load(name: &str) -> &'static str {
    if name == "in_flight" { "own calls in flight" } else { "own prompt tokens a second" }
}
