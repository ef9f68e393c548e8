//! The audit for a person at a terminal: a score, what is there, each gap with its cost, changes.

use super::{carried, causes, closed_by, cost, dialect_line, gaps, listed, service_name};
use crate::diagnosis::Ingest;
use crate::diagnosis::audit::{Audit, DialectAudit, FixAudit, State};
use crate::report::terminal::page::{Page, Tone};
use crate::report::{Style, wording};

/// Columns by which gaps and changes stand in.
const INDENT: usize = 4;

/// The audit, at most `style.width` columns wide (snippets as long as they are).
pub(super) fn terminal(audit: &Audit, ingest: &Ingest, style: Style) -> String {
    let mut page = Page::new(style);
    let services = wording::counted(audit.services.len() as u64, "service");
    page.heading(&format!("AUDIT  {}, {services}", wording::counted(audit.calls, "call")));
    if let Some(lost) = wording::losses(ingest, true) {
        page.paragraph(1, &format!("warning: {lost}"));
    }
    for service in &audit.services {
        page.gap();
        let calls = wording::counted(service.calls, "call");
        let score = format!("score {} of 100", service.score);
        let tone = tone(service.score);
        let score = page.paint(tone, &format!(" {score} "));
        let name = page.paint(Tone::Strong, &page.fit(service_name(service), 40));
        page.line(&format!(" {score}  {name}, {calls}"));
        for dialect in &service.dialects {
            of_dialect(&mut page, dialect);
        }
    }
    page.finish()
}

fn tone(score: u64) -> Tone {
    match score {
        80.. => Tone::Calm,
        50.. => Tone::Doubt,
        _ => Tone::Alarm,
    }
}

fn of_dialect(page: &mut Page, dialect: &DialectAudit) {
    page.gap();
    page.heading(&dialect_line(dialect));
    for state in [State::Present, State::NotApplicable] {
        if let Some(names) = listed(dialect, state) {
            page.labelled(if state == State::Present { "Present" } else { "Not here" }, &names);
        }
    }
    if gaps(dialect).next().is_some() {
        page.gap();
        page.heading("Gaps");
    }
    for gap in gaps(dialect) {
        let name = page.paint(Tone::Strong, &gap.attribute);
        let state = gap.state.label();
        let carried = carried(gap);
        page.line(&format!("  {name}: {state}, {carried}"));
        page.paragraph(INDENT, &cost(gap));
        let arrow = format!("→ {}", closed_by(gap));
        page.paragraph(INDENT, &arrow);
    }
    if !dialect.fixes.is_empty() {
        page.gap();
        page.heading("Changes, the one that wins most first");
    }
    for change in &dialect.fixes {
        of_change(page, change);
    }
}

fn of_change(page: &mut Page, change: &FixAudit) {
    page.gap();
    let id = page.paint(Tone::Strong, &change.id);
    page.line(&format!("  {id}: up to {} more", wording::counted(change.gain, "point")));
    page.paragraph(INDENT, &change.change);
    page.paragraph(INDENT, &format!("Brings {}.", change.closes.join(", ")));
    if !change.costs.is_empty() {
        page.paragraph(INDENT, &format!("Helps to tell {}.", causes(&change.costs)));
    }
    page.gap();
    for line in change.snippet.lines() {
        let line = page.paint(Tone::Mark, line);
        page.line(&format!("      {line}"));
    }
}
