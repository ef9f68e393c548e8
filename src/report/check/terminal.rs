//! The check for a person at a terminal, or a job's log.

use super::{figure, kept, objective, outcome, place, recording, told};
use crate::diagnosis::check::{Check, MeasureOutcome, ObjectiveOutcome, SegmentCheck};
use crate::report::terminal::page::{Align, Page, Tone};
use crate::report::{Style, numbers, wording};

/// The check, at most `style.width` columns wide.
pub(super) fn terminal(check: &Check, style: Style) -> String {
    let mut page = Page::new(style);
    let (tone, badge) = if check.passed { (Tone::Calm, "PASS") } else { (Tone::Alarm, "FAIL") };
    let badge = page.paint(tone, &format!(" {badge} "));
    let headline = page.paint(Tone::Strong, &check.headline);
    page.line(&format!("{badge}  {headline}"));
    page.labelled("Checked", &recording(&check.candidate));
    if let Some(baseline) = &check.baseline {
        page.labelled("Against", &recording(baseline));
    }
    if let Some(lost) = wording::losses(&check.ingest, true) {
        page.paragraph(1, &format!("warning: {lost}"));
    }
    for segment in &check.segments {
        of_segment(&mut page, segment);
    }
    if !check.objectives.is_empty() {
        page.gap();
        page.heading("Objectives");
        for entry in &check.objectives {
            let tone = match entry.outcome {
                ObjectiveOutcome::Kept => Tone::Calm,
                ObjectiveOutcome::Broken | ObjectiveOutcome::Unknown => Tone::Alarm,
            };
            let badge = page.paint(tone, &format!(" {} ", kept(entry.outcome)));
            page.line(&format!("  {badge}"));
            page.paragraph(4, &objective(entry));
        }
    }
    if !check.causes.is_empty() {
        page.gap();
        page.heading("Why");
        for cause in &check.causes {
            let sure = numbers::probability(cause.confidence);
            page.paragraph(2, &format!("{} ({sure} sure): {}", cause.cause.id(), cause.summary));
        }
    }
    if !check.notes.is_empty() {
        page.gap();
        page.list("Mind", check.notes.iter().cloned());
    }
    page.finish()
}

fn of_segment(page: &mut Page, segment: &SegmentCheck) {
    page.gap();
    page.heading(&format!(
        "{}: {} against {}",
        place(&segment.segment),
        wording::calls(segment.candidate_calls),
        numbers::len(segment.baseline_calls)
    ));
    let mut rows: Vec<Vec<String>> = Vec::new();
    for latency in segment.latencies.iter().filter(|latency| latency.baseline.is_some()) {
        let ratio = match (latency.baseline, latency.candidate) {
            (Some(before), Some(after)) if before > 0.0 => numbers::multiple(after / before),
            _ => String::new(),
        };
        rows.push(vec![
            wording::signal(&latency.signal),
            wording::known(&latency.signal, latency.baseline),
            wording::known(&latency.signal, latency.candidate),
            format!(
                "{ratio} {}",
                wording::interval("x_ratio", latency.ratio_low, latency.ratio_high)
            ),
            String::new(),
        ]);
    }
    for measure in told(segment) {
        let said = outcome(measure.outcome);
        let said = match measure.outcome {
            MeasureOutcome::Regressed => page.paint(Tone::Strong, said),
            _ => said.to_owned(),
        };
        rows.push(vec![
            wording::signal(&measure.signal),
            wording::quantity(&measure.signal, measure.baseline),
            wording::quantity(&measure.signal, measure.candidate),
            figure(measure),
            said,
        ]);
    }
    let align = [Align::Left, Align::Right, Align::Right, Align::Left, Align::Left];
    page.table(2, &align, &rows);
}
