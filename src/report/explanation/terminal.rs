//! One call at a terminal: the answer, the waterfall, the figures, what is not known.

use super::{MOST_LISTED, cohort, figure, ids, several, source, who};
use crate::diagnosis::{CallPart, CallParts, Explanation, FoundCall};
use crate::report::columns::{fit, pad, pad_left};
use crate::report::terminal::page::{Align, Page, Tone};
use crate::report::{Style, numbers, wording};

/// Columns of the figures beside a bar: `12,345 ms`.
const FIGURE: usize = 9;
/// Widest and narrowest label of a part.
const LABEL: usize = 44;
const LEAST_LABEL: usize = 24;

/// The page.
pub fn terminal(explanation: &Explanation, style: Style) -> String {
    let mut page = Page::new(style);
    match (&explanation.call, explanation.matches.first()) {
        (Some(call), Some(found)) => {
            let headline = page.text(&call.headline);
            for (index, line) in
                crate::report::columns::wrap(&headline, page.width() - 1).iter().enumerate()
            {
                let tone = if index == 0 { Tone::Strong } else { Tone::Faint };
                let line = page.paint(tone, line);
                page.line(&format!(" {line}"));
            }
            about(&mut page, found);
            waterfall(&mut page, call);
            page.list("Stands out", call.findings.iter().cloned());
            page.gap();
            figures(&mut page, call);
            page.list("Not known", call.unknown.iter().cloned());
            page.gap();
            page.labelled("Compared", &cohort(&call.cohort));
        }
        _ => list(&mut page, explanation),
    }
    page.list("Input", wording::read(&explanation.ingest));
    page.finish()
}

fn about(page: &mut Page, found: &FoundCall) {
    let start = numbers::day_and_clock(found.start);
    page.paragraph(1, &format!("{start} UTC · {} · {}", found.status, who(found)));
    let ids: Vec<String> = ids(found).iter().map(|(name, id)| format!("{name} {id}")).collect();
    page.paragraph(1, &ids.join(" · "));
    page.gap();
}

/// The parts as bars one behind the other, each with what it usually takes.
fn waterfall(page: &mut Page, call: &CallParts) {
    if call.parts.is_empty() {
        return;
    }
    page.heading("Where the time went");
    let end = call.parts.iter().map(|part| part.from_s + part.observed_s).fold(0.0, f64::max);
    let longest = call.parts.iter().map(|part| text(part).chars().count()).max().unwrap_or(0);
    let label = (longest + 1).clamp(LEAST_LABEL, LABEL.min(page.width() / 2));
    let bar = page.width().saturating_sub(3 + label + 2 * (FIGURE + 2) + 2);
    let head = page.paint(
        Tone::Faint,
        &format!("{}{:>FIGURE$}  {:>FIGURE$}", pad("", label), "took", "usually"),
    );
    page.line(&format!("   {head}"));
    for part in &call.parts {
        let from = (part.from_s / end * bar as f64).round() as usize;
        let to = ((part.from_s + part.observed_s) / end * bar as f64).round() as usize;
        let (from, to) = (from.min(bar.saturating_sub(1)), to.clamp(from + 1, bar.max(from + 1)));
        let drawn = page.paint(Tone::Mark, &"█".repeat(to - from));
        let shown = pad(&page.text(&fit(&text(part), label - 1)), label);
        page.line(&format!("   {shown}{}  {}{drawn}", took(page, part), " ".repeat(from)));
    }
    let whole = pad("the whole call", label);
    let known = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), numbers::seconds);
    let figures = [call.duration_s, call.same_work_s].map(|value| pad_left(&known(value), FIGURE));
    page.line(&page.text(&format!("   {whole}{}  {}", figures[0], figures[1])));
    if let Some(share) = call.slower_than_share {
        page.paragraph(
            3,
            &format!(
                "Slower than {} of its cohort, each beside its own work.",
                numbers::percent(share)
            ),
        );
    }
    page.gap();
}

fn text(part: &CallPart) -> String {
    match source(part) {
        "estimated" => format!("{} *", part.label),
        _ => part.label.clone(),
    }
}

fn took(page: &Page, part: &CallPart) -> String {
    let usual = part.usual_s.map_or_else(|| "–".to_owned(), numbers::seconds);
    let took = pad_left(&numbers::seconds(part.observed_s), FIGURE);
    page.text(&format!("{took}  {}", pad_left(&usual, FIGURE)))
}

fn figures(page: &mut Page, call: &CallParts) {
    if call.figures.is_empty() {
        return;
    }
    page.heading("The call beside its cohort");
    let head = ["", "this call", "median", "p10 to p90"].map(str::to_owned).to_vec();
    let rows = call.figures.iter().map(|shown| figure(shown).to_vec());
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    page.table(3, &[Align::Left, Align::Right, Align::Right, Align::Left], &rows);
    page.gap();
}

fn list(page: &mut Page, explanation: &Explanation) {
    page.paragraph(1, &several(explanation));
    page.gap();
    let head = ["span id", "start, UTC", "took", "status", "model"].map(str::to_owned).to_vec();
    let row = |found: &FoundCall| {
        vec![
            found.span_id.clone().unwrap_or_else(|| "–".to_owned()),
            numbers::day_and_clock(found.start),
            found.duration_s.map_or_else(|| "–".to_owned(), numbers::seconds),
            found.status.clone(),
            found.request_model.clone().unwrap_or_else(|| "–".to_owned()),
        ]
    };
    let rows: Vec<Vec<String>> = std::iter::once(head)
        .chain(explanation.matches.iter().take(MOST_LISTED).map(row))
        .collect();
    page.table(3, &[Align::Left, Align::Left, Align::Right, Align::Left, Align::Left], &rows);
    let more = explanation.matches.len().saturating_sub(MOST_LISTED);
    if more > 0 {
        page.paragraph(3, &format!("and {} more; --format json lists all.", numbers::len(more)));
    }
    page.gap();
}
