//! A capacity at a terminal.

use super::{
    SIGNALS, asked, because, constraint, edges, figure, headline, limits, mark, objective, sign,
    signs, times,
};
use crate::diagnosis::capacity::{Capacity, Identifiable, Scaled};
use crate::report::terminal::page::{Align, Page, Tone};
use crate::report::{Style, numbers, wording};

/// Columns of a bar.
const BAR: usize = 44;

/// The page.
pub fn terminal(capacity: &Capacity, style: Style) -> String {
    let mut page = Page::new(style);
    let (tone, badge) = match capacity.identifiable {
        Identifiable::Yes => (Tone::Calm, " CAPACITY "),
        Identifiable::Partly => (Tone::Doubt, " CAPACITY, IN PART "),
        Identifiable::No => (Tone::Doubt, " CANNOT BE TOLD "),
    };
    let badge = page.paint(tone, badge);
    page.line(&format!(" {badge}"));
    page.paragraph(1, &subject(capacity));
    page.gap();
    page.paragraph(1, &headline(capacity));
    page.paragraph(1, &because(capacity));
    page.gap();
    if !capacity.what_if.is_empty() {
        page.labelled("Supposed", &capacity.what_if.join(", "));
    }
    for found in &capacity.slos {
        page.labelled("Objective", &format!("{}: {}", found.slo, objective(found)));
    }
    page.labelled("Gives first", &constraint(capacity));
    if let Some(edges) = edges(capacity) {
        page.labelled("Cliff", &edges);
    }
    page.gap();
    for (signal, name) in SIGNALS.iter().enumerate() {
        table(&mut page, capacity, signal, name);
    }
    if let Some(signs) = signs(capacity) {
        page.paragraph(1, &signs);
    }
    page.gap();
    plot(&mut page, capacity);
    quotas(&mut page, capacity);
    page.list("How made", capacity.how_made.iter().cloned());
    page.list("Rests on", capacity.rests_on.iter().cloned());
    page.list("Wrong if", capacity.wrong_if.iter().cloned());
    page.list("Next", capacity.next_steps.iter().cloned());
    page.list("Read", wording::read(&capacity.ingest));
    page.finish()
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

/// p95 against traffic as bars: full up to the interval's low end, half up to its high one.
fn plot(page: &mut Page, capacity: &Capacity) {
    for (signal, name) in SIGNALS.iter().enumerate() {
        let bound = |scaled: &Scaled| scaled.predicted.all()[signal * 3 + 1];
        let ends = capacity.scales.iter().filter_map(bound);
        let ends = ends.filter_map(|bound| bound.high.or(bound.low));
        let top = ends.fold(0.0, f64::max);
        if top <= 0.0 {
            continue;
        }
        page.paragraph(1, &format!("{name} p95 against traffic, up to {}", numbers::seconds(top)));
        for scaled in &capacity.scales {
            let cells = |end: Option<f64>| {
                (end.unwrap_or(0.0) / top * BAR as f64).round().clamp(0.0, BAR as f64) as usize
            };
            // Without an upper end there is none to draw.
            let (low, high) =
                bound(scaled).map_or((0, 0), |bound| (cells(bound.low), cells(bound.high)));
            let rest = high.saturating_sub(low);
            let bar = format!("{}{}", "█".repeat(low), "▄".repeat(rest));
            let pad = " ".repeat(BAR + 2 - low - rest);
            let bar = page.paint(Tone::Mark, &bar);
            let open = bound(scaled).is_some_and(|bound| bound.high.is_none());
            let mark = page.text(if open { "or more" } else { mark(scaled) });
            let scale = page.text(&times(scaled.scale));
            page.line(&format!(" {scale:>6} {bar}{pad}{mark}"));
        }
        page.gap();
    }
}

/// What the account's limits leave.
fn quotas(page: &mut Page, capacity: &Capacity) {
    let rows = limits::rows(capacity);
    if rows.is_empty() {
        return;
    }
    let mut heads = limits::HEADS.map(str::to_owned).to_vec();
    heads[0] = "Rate limits".to_owned();
    let all: Vec<Vec<String>> =
        std::iter::once(heads).chain(rows.into_iter().map(|row| row.to_vec())).collect();
    page.table(1, &[Align::Left, Align::Right, Align::Right, Align::Right], &all);
    page.gap();
}

fn table(page: &mut Page, capacity: &Capacity, signal: usize, name: &str) {
    if capacity.scales.is_empty() {
        return;
    }
    let heads = ["", "p50", "p95", "p99"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    rows[0][0] = name.to_owned();
    for scaled in asked(capacity) {
        let all = scaled.predicted.all();
        let mut row = vec![format!("{}{}", times(scaled.scale), sign(scaled))];
        row.extend((0..3).map(|quantile| figure(all[signal * 3 + quantile])));
        rows.push(row);
    }
    let align = [Align::Left, Align::Right, Align::Right, Align::Right];
    page.table(1, &align, &rows);
}
