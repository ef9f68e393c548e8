//! A whole dump over time for an incident page.

use super::{CANDIDATES, at, covers, drift_heading, drifts, named, spike, window};
use crate::diagnosis::{DumpTimeline, Series, TimelineGroup};
use crate::report::markdown::{code, escape};
use crate::report::{numbers, wording};

/// Most rows of a table: more are for `--format csv`.
const MOST_ROWS: usize = 200;
/// What stands in the row of a bin in which something stands out.
const MARK: &str = "▲";

/// The page, ending in a newline.
pub fn markdown(timeline: &DumpTimeline) -> String {
    let marked: Vec<bool> = (0..timeline.bins)
        .map(|bin| {
            timeline.spikes.iter().any(|spike| (spike.from_bin..spike.to_bin).contains(&bin))
        })
        .collect();
    let mut blocks = vec![escape(&covers(timeline))];
    let spikes = timeline.spikes.iter().map(|found| {
        format!(
            "- {MARK} {}: {}",
            escape(&spike(found)),
            code(&format!("--window {}", window(found)))
        )
    });
    blocks.push(spikes.collect::<Vec<_>>().join("\n"));
    if !timeline.spikes.is_empty() {
        blocks.push(CANDIDATES.to_owned());
    }
    let from = (timeline.start, timeline.bin_s);
    blocks.push(table(&timeline.all, from, &marked));
    let by = timeline.by.as_deref().unwrap_or_default();
    for group in &timeline.groups {
        let calls = wording::calls(group.calls);
        blocks.push(format!("### {} · {calls}", escape(&named(by, group))));
        blocks.push(table(group, from, &[]));
    }
    if let Some(days) = &timeline.days {
        if let Some(heading) = drift_heading(days) {
            let lines = drifts(days).into_iter().map(|drift| format!("- {}", escape(&drift)));
            blocks.push(format!("### {heading}"));
            blocks.push(lines.collect::<Vec<_>>().join("\n"));
        }
        blocks.push("### By day, UTC".to_owned());
        blocks.push(table(&days.all, (days.start, 86_400.0), &[]));
    }
    blocks.extend(timeline.notes.iter().map(|note| escape(note)));
    blocks.push(escape(&wording::read(&timeline.ingest).join(" ")));
    blocks.retain(|block| !block.is_empty());
    blocks.join("\n\n") + "\n"
}

/// A row a bin, a column a signal.
fn table(
    group: &TimelineGroup,
    (start, bin_s): (chrono::DateTime<chrono::Utc>, f64),
    marked: &[bool],
) -> String {
    let names: Vec<String> =
        group.series.iter().map(|series| wording::signal(&series.signal)).collect();
    let mut out = format!("| start, UTC | calls | {} |\n", names.join(" | "));
    out.push_str(&format!("|---|--:|{}\n", "--:|".repeat(names.len())));
    for (bin, calls) in group.calls_by_bin.iter().enumerate().take(MOST_ROWS) {
        let value = |series: &Series| {
            wording::known(&series.signal, series.values.get(bin).copied().flatten())
        };
        let cells: Vec<String> = group.series.iter().map(value).collect();
        let mark = if marked.get(bin) == Some(&true) { " ▲" } else { "" };
        let time = numbers::day_and_clock(at(start, bin_s, bin));
        out.push_str(&format!(
            "| {time}{mark} | {} | {} |\n",
            numbers::len(*calls),
            cells.join(" | ")
        ));
    }
    let more = group.calls_by_bin.len().saturating_sub(MOST_ROWS);
    if more > 0 {
        out.push_str(&format!("\nand {} more; `--format csv` lists all.", numbers::len(more)));
    }
    out.trim_end().to_owned()
}
