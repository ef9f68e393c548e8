//! An inspection to text: terminal, JSON. Renders what was found and computes nothing.

use super::terminal::page::Page;
use super::{Style, json, neutral, numbers, wording};
use crate::diagnosis::inspection::Inspection;

/// Most attributes that the terminal form lists; JSON has them all.
const MOST_NAMES: usize = 40;
/// Most files that the terminal form lists.
const MOST_FILES: usize = 20;

/// The inspection as JSON.
pub fn as_json(inspection: &Inspection) -> String {
    json::text(inspection)
}

/// The inspection for a person at a terminal.
pub fn terminal(inspection: &Inspection, style: Style) -> String {
    let mut page = Page::new(style);
    let spans = wording::counted(inspection.spans, "span");
    let calls = wording::counted(inspection.calls, "LLM call");
    page.heading(&format!("INSPECT  {spans}, {calls}"));
    if let Some(started) = &inspection.started {
        let time = |time: chrono::DateTime<chrono::Utc>| {
            time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
        };
        let span = format!("started from {} to {}", time(started.first), time(started.last));
        page.labelled("Calls", &span);
    }
    files(&mut page, inspection);
    dialects(&mut page, inspection);
    counted(&mut page, "Folded", inspection.folded.iter());
    if inspection.joined > 0 {
        let joined = wording::counted(inspection.joined, "call");
        page.labelled("Joined", &format!("HTTP attempts to {joined}"));
    }
    counted(&mut page, "Rejected", inspection.rejected.iter());
    unread(&mut page, inspection);
    page.finish()
}

fn files(page: &mut Page, inspection: &Inspection) {
    page.gap();
    page.heading("Files");
    for file in inspection.files.iter().take(MOST_FILES) {
        let spans = wording::counted(file.spans, "span");
        let name = neutral::line(&file.file);
        page.paragraph(2, &format!("{name}: {}, {spans}", neutral::line(&file.format)));
        for loss in &file.losses {
            let what = if loss.lost { "lost" } else { "noted" };
            let (count, reason) = (numbers::count(loss.count), neutral::line(&loss.reason));
            let first = neutral::line(&loss.first);
            page.paragraph(4, &format!("{what}: {count} × {reason}, first at {first}"));
        }
    }
    if let more @ 1.. = inspection.files.len().saturating_sub(MOST_FILES) {
        page.paragraph(2, &format!("and {} more", numbers::len(more)));
    }
}

fn dialects(page: &mut Page, inspection: &Inspection) {
    page.gap();
    page.heading("Dialects");
    for found in &inspection.dialects {
        let (id, title) = (neutral::line(&found.dialect), neutral::line(&found.title));
        page.paragraph(2, &format!("{id} ({title}): {}", wording::counted(found.calls, "call")));
    }
    if inspection.dialects.is_empty() {
        page.paragraph(2, "none: no attribute of a known dialect marks an LLM call");
    }
    page.gap();
}

fn counted<'a>(
    page: &mut Page,
    label: &str,
    counts: impl ExactSizeIterator<Item = (&'a String, &'a u64)>,
) {
    if counts.len() > 0 {
        let each = counts
            .map(|(what, count)| format!("{} {}", numbers::count(*count), neutral::line(what)));
        page.labelled(label, &each.collect::<Vec<_>>().join(", "));
    }
}

fn unread(page: &mut Page, inspection: &Inspection) {
    page.gap();
    page.heading("Attributes that no table reads, most frequent first");
    for found in inspection.unread.iter().take(MOST_NAMES) {
        let count = super::columns::pad_left(&numbers::count(found.count), 9);
        page.line(&format!("  {count}  {}", neutral::line(&found.attribute)));
    }
    if let more @ 1.. = inspection.unread.len().saturating_sub(MOST_NAMES) {
        page.paragraph(2, &format!("and {} more; --format json lists them", numbers::len(more)));
    }
    if inspection.untold > 0 {
        let count = wording::counted(inspection.untold, "attribute");
        page.paragraph(2, &format!("{count} with names that are no identifiers"));
    }
    if inspection.unread.is_empty() && inspection.untold == 0 {
        page.paragraph(2, "none");
    }
}
