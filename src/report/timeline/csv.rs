//! A whole dump over time as a table: one row a bin and group, units in the names, null is empty.

use super::at;
use crate::diagnosis::printable::spreadsheet_cell;
use crate::diagnosis::{DumpTimeline, TimelineGroup};

/// The signals, in the order of the columns.
const SIGNALS: [&str; 10] = [
    "calls_per_minute",
    "error_share",
    "duration_p50_s",
    "duration_p95_s",
    "ttft_p50_s",
    "ttft_p95_s",
    "itl_p50_s",
    "itl_p95_s",
    "cache_hit_ratio",
    "spec_acceptance_ratio",
];

/// The table, with a header line. The rows of all calls come first, their group empty.
pub fn csv(timeline: &DumpTimeline) -> String {
    let by = timeline.by.as_deref().unwrap_or("group");
    let mut out = format!("{},of,start,bin_s,calls,{},stands_out\n", cell(by), SIGNALS.join(","));
    rows(&mut out, timeline, &timeline.all, "all");
    for group in &timeline.groups {
        rows(&mut out, timeline, group, "value");
    }
    out
}

/// `of` tells the rows of all calls from those of calls that lack the attribute.
fn rows(out: &mut String, timeline: &DumpTimeline, group: &TimelineGroup, of: &str) {
    let value = group.value.as_deref().map_or_else(String::new, cell);
    for (bin, calls) in group.calls_by_bin.iter().enumerate() {
        let start = at(timeline.start, timeline.bin_s, bin);
        let start = start.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        out.push_str(&format!("{value},{of},{start},{},{calls}", timeline.bin_s));
        for signal in SIGNALS {
            let series = group.series.iter().find(|series| series.signal == signal);
            let value = series.and_then(|series| series.values.get(bin).copied().flatten());
            out.push(',');
            out.push_str(&value.map_or_else(String::new, |value| value.to_string()));
        }
        let marked = timeline.spikes.iter().any(|s| (s.from_bin..s.to_bin).contains(&bin));
        out.push_str(if marked { ",true\n" } else { ",false\n" });
    }
}

/// A cell that no spreadsheet takes for a formula.
fn cell(text: &str) -> String {
    let text = spreadsheet_cell(text);
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.into_owned()
    }
}
