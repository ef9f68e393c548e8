//! How it was decided: the path through the tree, what was ruled out, what cannot be told.

use super::Body;
use super::table::{self, Heading};
use crate::diagnosis::Diagnosis;

/// Writes the path and both lists.
pub(super) fn reasons(body: &mut Body, diagnosis: &Diagnosis) {
    body.raw("<section id=\"why\"><h2>How it was decided</h2>\n");
    path(body, diagnosis);
    if !diagnosis.ruled_out.is_empty() {
        body.raw("<h3>Ruled out</h3>\n");
        let headings: [Heading; 2] = [("Cause", false), ("Because", false)];
        table::open(body, "", &headings);
        let shown = body.shown(&diagnosis.ruled_out);
        for out in shown {
            body.raw("<tr>").element("th scope=\"row\"", out.cause.id());
            body.prose("td", &out.because).raw("</tr>\n");
        }
        table::close(body);
        body.more(diagnosis.ruled_out.len(), shown.len(), "causes");
    }
    if !diagnosis.undecidable.is_empty() {
        body.raw("<h3>Cannot be told from these spans</h3>\n");
        let headings: [Heading; 3] =
            [("Cause", false), ("What stands in the way", false), ("What would decide it", false)];
        table::open(body, "", &headings);
        let shown = body.shown(&diagnosis.undecidable);
        for open in shown {
            body.raw("<tr>").element("th scope=\"row\"", open.cause.id());
            body.prose("td", &open.because).raw("<td>");
            for (index, missing) in body.shown(&open.missing).iter().enumerate() {
                body.raw(if index > 0 { "<br>" } else { "" }).element("code", missing);
            }
            body.raw("</td></tr>\n");
        }
        table::close(body);
        body.more(diagnosis.undecidable.len(), shown.len(), "causes");
    }
    body.raw("</section>\n");
}

fn path(body: &mut Body, diagnosis: &Diagnosis) {
    if diagnosis.path.is_empty() {
        return;
    }
    body.raw("<ol class=\"path\">\n");
    let steps = body.shown(&diagnosis.path);
    for step in steps {
        body.raw("<li>").prose("p class=\"q\"", &step.question);
        body.prose("p class=\"soft\"", &step.reading);
        body.prose("p class=\"a\"", &step.answer).raw("</li>\n");
    }
    body.raw("</ol>\n");
    body.more(diagnosis.path.len(), steps.len(), "steps");
}
