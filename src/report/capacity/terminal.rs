//! A capacity at a terminal.

use super::{SIGNALS, constraint, figure, headline, mark, objective, times};
use crate::diagnosis::capacity::{Capacity, Identifiable};
use crate::report::terminal::page::{Align, Page, Tone};
use crate::report::{Style, numbers, wording};

/// The page.
pub fn terminal(capacity: &Capacity, style: Style) -> String {
    let mut page = Page::new(style);
    let (tone, badge) = match capacity.identifiable {
        Identifiable::Yes => (Tone::Calm, " CAPACITY "),
        Identifiable::Partly => (Tone::Doubt, " CAPACITY, IN PART "),
        Identifiable::No => (Tone::Doubt, " CANNOT BE TOLD "),
    };
    let badge = page.paint(tone, badge);
    let subject = page.text(&subject(capacity));
    page.line(&format!(" {badge} {subject}"));
    page.gap();
    page.paragraph(1, &headline(capacity));
    page.paragraph(1, &sentence(&capacity.because));
    page.gap();
    if !capacity.what_if.is_empty() {
        page.labelled("Supposed", &capacity.what_if.join(", "));
    }
    for found in &capacity.slos {
        page.labelled("Objective", &format!("{}: {}", found.slo, objective(found)));
    }
    page.labelled("Gives first", &constraint(capacity));
    page.gap();
    for (signal, name) in SIGNALS.iter().enumerate() {
        table(&mut page, capacity, signal, name);
    }
    page.gap();
    page.list("Rests on", capacity.rests_on.iter().cloned());
    page.list("Wrong if", capacity.wrong_if.iter().cloned());
    page.list("Next", capacity.next_steps.iter().cloned());
    page.list("Read", wording::read(&capacity.ingest));
    page.finish()
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    let text: String = first.into_iter().flatten().chain(letters).collect();
    if text.ends_with('.') { text } else { format!("{text}.") }
}

/// What was looked at.
pub(super) fn subject(capacity: &Capacity) -> String {
    let recorded = &capacity.recorded;
    let mut parts = vec![recorded.model.clone().unwrap_or_else(|| "model not recorded".to_owned())];
    parts.extend(recorded.region.clone());
    parts.push(wording::calls(recorded.calls));
    parts.push(format!("{} calls/min", numbers::plain(recorded.calls_per_minute)));
    if recorded.elsewhere > 0 {
        parts.push(format!("{} elsewhere not looked at", wording::calls(recorded.elsewhere)));
    }
    parts.join(" · ")
}

fn table(page: &mut Page, capacity: &Capacity, signal: usize, name: &str) {
    if capacity.scales.is_empty() {
        return;
    }
    let heads = ["", "p50", "p95", "p99", ""];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    rows[0][0] = name.to_owned();
    for scaled in &capacity.scales {
        let all = scaled.predicted.all();
        let mut row = vec![times(scaled.scale)];
        row.extend((0..3).map(|quantile| figure(all[signal * 3 + quantile])));
        row.push(mark(scaled).to_owned());
        rows.push(row);
    }
    let align = [Align::Left, Align::Right, Align::Right, Align::Right, Align::Left];
    page.table(1, &align, &rows);
}
