//! The check as Markdown, for a job summary or a comment on a change.

use super::{kept, objective, outcome, place, recording, told};
use crate::diagnosis::check::{Check, SegmentCheck};
use crate::report::markdown::{code, escape};
use crate::report::{numbers, wording};

/// The check, ending in a newline.
pub(super) fn markdown(check: &Check) -> String {
    let badge = if check.passed { "pass" } else { "FAIL" };
    let mut page = format!("## Check: {badge}, {}\n\n", escape(&check.headline));
    page.push_str(&format!("Checked: {}\n", escape(&recording(&check.candidate))));
    if let Some(baseline) = &check.baseline {
        page.push_str(&format!("Against: {}\n", escape(&recording(baseline))));
    }
    for segment in &check.segments {
        of_segment(&mut page, segment);
    }
    if !check.objectives.is_empty() {
        page.push_str("\n### Objectives\n\n");
        for entry in &check.objectives {
            let said = kept(entry.outcome);
            page.push_str(&format!("- **{said}**: {}\n", escape(&objective(entry))));
        }
    }
    if !check.causes.is_empty() {
        page.push_str("\n### Why\n\n");
        for cause in &check.causes {
            let sure = numbers::probability(cause.confidence);
            let summary = escape(&cause.summary);
            page.push_str(&format!("- {} ({sure} sure): {summary}\n", code(cause.cause.id())));
        }
    }
    if !check.notes.is_empty() {
        page.push('\n');
        check.notes.iter().for_each(|note| page.push_str(&format!("- {}\n", escape(note))));
    }
    page
}

fn of_segment(page: &mut String, segment: &SegmentCheck) {
    page.push_str(&format!(
        "\n### {}: {} against {}\n\n| figure | baseline | now | 95 % interval | |\n\
         |---|---:|---:|---|---|\n",
        escape(&place(&segment.segment)),
        wording::calls(segment.candidate_calls),
        numbers::len(segment.baseline_calls)
    ));
    for latency in segment.latencies.iter().filter(|latency| latency.baseline.is_some()) {
        page.push_str(&format!(
            "| {} | {} | {} | {} | |\n",
            escape(&wording::signal(&latency.signal)),
            wording::known(&latency.signal, latency.baseline),
            wording::known(&latency.signal, latency.candidate),
            escape(&wording::interval("x_ratio", latency.ratio_low, latency.ratio_high))
        ));
    }
    for measure in told(segment) {
        let signal = &measure.signal;
        page.push_str(&format!(
            "| {} | {} | {} | {} | {} |\n",
            escape(&wording::signal(signal)),
            wording::quantity(signal, measure.baseline),
            wording::quantity(signal, measure.candidate),
            escape(&wording::interval(signal, Some(measure.low), Some(measure.high))),
            outcome(measure.outcome)
        ));
    }
}
