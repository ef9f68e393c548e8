//! The ranked causes with their evidence, and the request ids to cite.

use super::Body;
use super::table::{self, Heading};
use crate::diagnosis::{CitedCall, Diagnosis, RankedCause};
use crate::report::{numbers, queries, wording};

/// Writes the causes; nothing where there are none.
pub(super) fn causes(body: &mut Body, diagnosis: &Diagnosis) {
    if diagnosis.diagnoses.is_empty() {
        return;
    }
    body.raw("<section id=\"causes\"><h2>Ranked causes</h2>\n<p class=\"soft\">Sure is a ");
    body.raw("calibrated probability: of ten causes printed at 80 %, eight are right. Share is ");
    body.raw("the part of the added time that a cause explains.</p>\n");
    ranking(body, diagnosis);
    let causes = body.shown(&diagnosis.diagnoses);
    for cause in causes {
        one(body, cause);
    }
    body.more(diagnosis.diagnoses.len(), causes.len(), "causes");
    body.raw("</section>\n");
}

fn ranking(body: &mut Body, diagnosis: &Diagnosis) {
    let headings: [Heading; 7] = [
        ("#", false),
        ("Cause", false),
        ("Whose", false),
        ("Sure", true),
        ("Share", true),
        ("Where", false),
        ("Since (UTC)", true),
    ];
    table::open(body, "", &headings);
    for cause in body.shown(&diagnosis.diagnoses) {
        let cells = [
            cause.rank.to_string(),
            cause.cause.id().to_owned(),
            wording::owner(cause.owner).to_owned(),
            numbers::probability(cause.confidence),
            numbers::percent(cause.share),
            wording::slice(&cause.segment),
            numbers::clock(cause.onset),
        ];
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        table::row(body, &headings, &cells);
    }
    table::close(body);
}

fn one(body: &mut Body, cause: &RankedCause) {
    body.raw("<article>\n<h3>").text(&cause.rank.to_string()).raw(" · ");
    body.text(&table::capital(cause.cause.label())).raw(" <code>");
    body.text(cause.cause.id()).raw("</code></h3>\n");
    body.prose("p", &cause.summary).raw("\n");
    if !cause.evidence.is_empty() {
        evidence(body, cause);
    }
    if cause.rank > 1 && !cause.next_steps.is_empty() {
        body.raw("<p><b>Do</b></p><ol>");
        for step in body.shown(&cause.next_steps) {
            body.prose("li", step);
        }
        body.raw("</ol>\n");
    }
    body.raw("</article>\n");
}

fn evidence(body: &mut Body, cause: &RankedCause) {
    let headings: [Heading; 5] = [
        ("Evidence", false),
        ("Baseline", true),
        ("Window", true),
        ("95 % interval", true),
        ("", false),
    ];
    table::open(body, "", &headings);
    let shown = body.shown(&cause.evidence);
    for evidence in shown {
        let signal = &*evidence.signal;
        let name = wording::signal(signal);
        let baseline = wording::known(signal, evidence.baseline);
        let window = wording::known(signal, evidence.window);
        let interval = wording::interval(signal, evidence.low, evidence.high);
        let note = evidence.note.as_deref().unwrap_or_default();
        table::row(body, &headings, &[&name, &baseline, &window, &interval, note]);
    }
    table::close(body);
    body.more(cause.evidence.len(), shown.len(), "lines of evidence");
    asked(body, cause);
}

/// The SQL behind each line, folded away.
fn asked(body: &mut Body, cause: &RankedCause) {
    let all = queries::of(cause);
    let shown = body.shown(&all);
    if shown.is_empty() {
        return;
    }
    body.raw("<details><summary>Repeat these figures in DuckDB</summary>\n");
    body.prose("p class=\"soft\"", queries::TABLE);
    for query in shown {
        body.raw("\n<p>").text(&query.title).raw("</p><pre>");
        body.markup.whole(query.sql);
        body.raw("</pre>");
    }
    body.raw("</details>\n");
}

/// Writes the ids of every cause that has some.
pub(super) fn cite(body: &mut Body, diagnosis: &Diagnosis) {
    if diagnosis.diagnoses.is_empty() {
        return;
    }
    body.raw("<section id=\"cite\"><h2>Request ids to cite</h2>\n<p class=\"soft\">The ");
    body.raw("provider's own ids of calls that the cause slowed, worst first. A click selects a ");
    body.raw("whole id. The text for the provider's form: <code>llmspan ticket INPUT… --window ");
    let iso = |time: chrono::DateTime<chrono::Utc>| {
        time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
    };
    let window = &diagnosis.window;
    body.text(&iso(window.start)).raw("/").text(&iso(window.end)).raw("</code></p>\n");
    for cause in body.shown(&diagnosis.diagnoses) {
        body.raw("<h3>").text(&cause.rank.to_string()).raw(" · <code>");
        body.text(cause.cause.id()).raw("</code></h3>\n");
        if cause.request_ids.is_empty() {
            body.raw("<p>None: no call that it slowed carries a request id.</p>\n");
        } else {
            ids(body, cause);
        }
    }
    body.raw("</section>\n");
}

/// A button that copies the ids of a cause; shown only where script runs.
pub(super) fn copy_button(body: &mut Body, rank: usize, count: usize) {
    body.raw("<button type=\"button\" hidden data-copy=\"ids-");
    body.markup.int(rank);
    body.raw("\">Copy ").text(&wording::counted(count as u64, "id")).raw("</button> ");
}

/// The ids of one cause. Provider and day stand above the table where all calls share them.
fn ids(body: &mut Body, cause: &RankedCause) {
    let shown = cause.request_ids.get(..body.limits.ids).unwrap_or(&cause.request_ids);
    let alike = shown.windows(2).all(|two| {
        let [one, other] = two else { return true };
        one.provider == other.provider && one.start.date_naive() == other.start.date_naive()
    });
    body.raw("<p>");
    copy_button(body, cause.rank, shown.len());
    let (listed, slowed) = (numbers::len(shown.len()), wording::calls(cause.affected_calls));
    body.text(&format!("{listed} of {slowed} slowed"));
    if let (true, Some(call)) = (alike, shown.first()) {
        body.raw(", ").text(call.provider.as_deref().unwrap_or("provider unknown"));
        body.raw(", ").text(&numbers::day(call.start));
    }
    body.raw("</p>\n<div class=\"scroll\" id=\"ids-");
    body.markup.int(cause.rank);
    body.raw("\"><table><thead><tr><th scope=\"col\">Request id</th>");
    body.raw(if alike { "" } else { "<th scope=\"col\">Provider</th>" });
    body.raw("<th scope=\"col\" class=\"n\">Started (UTC)</th><th scope=\"col\">Figure</th>");
    body.raw("<th scope=\"col\" class=\"n\">Took</th><th scope=\"col\" class=\"n\">Expected</th>");
    body.raw("<th scope=\"col\">Trace id</th><th scope=\"col\">Response id</th></tr></thead>");
    body.raw("<tbody>\n");
    for call in shown {
        id(body, call, alike);
    }
    body.raw("</tbody></table></div>\n");
    body.more(cause.request_ids.len(), shown.len(), "request ids");
}

fn id(body: &mut Body, call: &CitedCall, alike: bool) {
    body.raw("<tr><td><code class=\"id all\">").markup.id(&call.request_id);
    body.raw("</code></td>");
    if alike {
        body.element("td class=\"n\"", &numbers::clock(call.start));
    } else {
        body.element("td", call.provider.as_deref().unwrap_or("–"));
        body.element("td class=\"n\"", &numbers::day_and_clock(call.start));
    }
    let stem = call.signal.strip_suffix("_s").unwrap_or(&call.signal);
    body.element("td", &wording::signal(stem));
    body.element("td class=\"n\"", &numbers::seconds(call.observed_s));
    body.element("td class=\"n\"", &numbers::seconds(call.expected_s));
    for other in [&call.trace_id, &call.response_id] {
        body.raw("<td><code class=\"all\">");
        body.markup.id(other.as_deref().unwrap_or("–"));
        body.raw("</code></td>");
    }
    body.raw("</tr>\n");
}
