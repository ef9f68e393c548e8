//! What the answer rests on: which columns the calls carry, what was read, what was lost.

use super::Body;
use super::table::{self, Heading};
use crate::diagnosis::{Coverage, Diagnosis};
use crate::report::{numbers, wording};

/// Writes coverage and ingest, and closes the page.
pub(super) fn data(body: &mut Body, diagnosis: &Diagnosis) {
    body.raw("<section id=\"data\"><h2>What it rests on</h2>\n");
    for sentence in wording::read(&diagnosis.ingest) {
        body.element("p", &sentence).raw("\n");
    }
    losses(body, diagnosis);
    coverage(body, &diagnosis.coverage);
    body.raw("</section>\n</main>\n<footer><p>Made by llmspan ");
    body.text(env!("CARGO_PKG_VERSION")).raw(", offline. This page loads nothing and holds no ");
    body.raw("prompt or completion. Contract <code>").text(diagnosis.schema);
    body.raw("</code>.</p></footer>\n");
}

fn losses(body: &mut Body, diagnosis: &Diagnosis) {
    let files = &diagnosis.ingest.files;
    if files.len() < 2 && files.iter().all(|file| file.losses.is_empty()) {
        return;
    }
    let headings: [Heading; 4] =
        [("File", false), ("Format", false), ("Spans", true), ("Skipped or lost", false)];
    body.raw("<details><summary>File by file</summary>\n");
    table::open(body, "", &headings);
    let shown = body.shown(files);
    for file in shown {
        let loss = |loss: &crate::diagnosis::Loss| {
            let what = if loss.lost { "lost" } else { "skipped" };
            format!("{} {what}: {} ({})", numbers::count(loss.count), loss.reason, loss.first)
        };
        let losses: Vec<String> = body.shown(&file.losses).iter().map(loss).collect();
        let spans = numbers::count(file.spans);
        table::row(body, &headings, &[&file.file, &file.format, &spans, &losses.join("; ")]);
    }
    table::close(body);
    body.more(files.len(), shown.len(), "files");
    body.raw("</details>\n");
}

fn coverage(body: &mut Body, coverage: &[Coverage]) {
    if coverage.is_empty() {
        return;
    }
    body.raw("<h3>What the calls carry</h3>\n");
    let headings: [Heading; 4] =
        [("Column", false), ("Baseline", true), ("Window", true), ("", false)];
    table::open(body, "", &headings);
    let shown = body.shown(coverage);
    for column in shown {
        body.raw("<tr>").element("th scope=\"row\"", &column.column);
        body.element("td class=\"n\"", &numbers::percent(column.baseline_share));
        body.element("td class=\"n\"", &numbers::percent(column.window_share));
        body.raw("<td class=\"strip\"><svg class=\"fig\" width=\"100%\" height=\"14\" ");
        body.raw(
            "aria-hidden=\"true\"><rect class=\"tint\" y=\"1\" width=\"100%\" height=\"12\"/>",
        );
        let mut bar = |class: &'static str, y: f64, share: f64| {
            body.markup.raw("<rect class=\"").raw(class).raw("\" y=\"").num(y);
            body.markup.raw("\" height=\"5\" width=\"").num(share.clamp(0.0, 1.0) * 100.0);
            body.markup.raw("%\"/>");
        };
        bar("bar", 2.0, column.baseline_share);
        bar("bar w", 7.0, column.window_share);
        body.raw("</svg></td></tr>\n");
    }
    table::close(body);
    body.more(coverage.len(), shown.len(), "columns");
}
