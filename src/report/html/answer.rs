//! The first screen: the verdict, then what, since when, whose, what to do, what to cite.

use super::{Body, table};
use crate::diagnosis::{Change, Diagnosis, RankedCause, SignalChange, Verdict};
use crate::report::{numbers, wording};

/// Request ids on the first screen.
const FIRST_IDS: usize = 3;
/// The signals of the first screen: of each, the level or the tail, whichever moved further.
const FIGURES: [[&str; 2]; 3] = [
    ["ttft_p50_s", "ttft_p95_s"],
    ["itl_p50_s", "itl_p95_s"],
    ["duration_p50_s", "duration_p95_s"],
];
/// Shares shown on the first screen where they moved.
const FAILURES: [&str; 2] = ["error_share", "timeout_share"];

/// Writes the first screen.
pub(super) fn answer(body: &mut Body, diagnosis: &Diagnosis) {
    let class = match diagnosis.verdict {
        Verdict::Spike => "<header class=\"spike\">\n",
        Verdict::NoSpike => "<header class=\"quiet\">\n",
        Verdict::InsufficientData => "<header class=\"thin\">\n",
    };
    body.raw(class).raw("<p class=\"over\"><b class=\"badge\">");
    body.text(wording::badge(diagnosis.verdict)).raw("</b> ");
    body.text(&wording::compared(diagnosis)).raw("</p>\n");
    body.element("h1", &heading(diagnosis));
    body.prose("p class=\"lead\"", &diagnosis.headline).raw("\n");
    figures(body, diagnosis);
    body.raw("</header>\n<main>\n");
    if let Some(first) = diagnosis.diagnoses.first() {
        summary(body, diagnosis, first);
    }
    notes(body, diagnosis);
    others(body, diagnosis);
    contents(body, diagnosis);
}

fn heading(diagnosis: &Diagnosis) -> String {
    match (diagnosis.verdict, diagnosis.diagnoses.first()) {
        (Verdict::Spike, Some(first)) => {
            let hedge = if first.confidence < 0.5 { "perhaps " } else { "" };
            table::capital(&format!("{hedge}{}", first.cause.label()))
        }
        _ => table::capital(&wording::verdict(diagnosis)),
    }
}

/// The figures that moved, or held, in large.
fn figures(body: &mut Body, diagnosis: &Diagnosis) {
    let find = |name: &&str| diagnosis.signals.iter().find(|signal| signal.signal == **name);
    let further = |signal: &&SignalChange| {
        let ratio = signal.window.unwrap_or(0.0) / signal.baseline.unwrap_or(0.0);
        if ratio.is_finite() && ratio > 0.0 { ratio.ln().abs() } else { 0.0 }
    };
    let order = |a: &&SignalChange, b: &&SignalChange| {
        moved(a).cmp(&moved(b)).then(further(a).total_cmp(&further(b)))
    };
    let pairs = FIGURES.iter().filter_map(|pair| pair.iter().filter_map(&find).max_by(order));
    let failures = FAILURES.iter().filter_map(&find).filter(|signal| moved(signal));
    let found: Vec<&SignalChange> = pairs.chain(failures).collect();
    let first = diagnosis.diagnoses.first().filter(|first| first.affected_calls > 0);
    if found.is_empty() && first.is_none() {
        return;
    }
    body.raw("<ul class=\"figures\">\n");
    for signal in found {
        body.raw(if signal.change == Change::Rose { "<li class=\"moved\">" } else { "<li>" });
        let name = table::capital(&wording::signal(&signal.signal));
        body.element("span class=\"name\"", &name).raw(" <span>");
        body.text(&wording::known(&signal.signal, signal.baseline)).raw(" → <b>");
        body.text(&wording::known(&signal.signal, signal.window)).raw("</b></span> ");
        body.element("span class=\"did\"", wording::change(signal.change)).raw("</li>\n");
    }
    if let Some(first) = first {
        body.raw("<li><span class=\"name\">Calls slowed</span> <span><b>");
        body.text(&numbers::len(first.affected_calls)).raw("</b> of ");
        body.text(&numbers::len(first.segment_calls)).raw("</span> <span class=\"did\">");
        body.text(&wording::slice(&first.segment)).raw("</span></li>\n");
    }
    body.raw("</ul>\n");
}

fn moved(signal: &SignalChange) -> bool {
    matches!(signal.change, Change::Rose | Change::Fell)
}

fn summary(body: &mut Body, diagnosis: &Diagnosis, first: &RankedCause) {
    body.raw("<dl class=\"answer\">\n<dt>What</dt><dd>").prose("p", &first.summary);
    body.raw("<p class=\"soft\"><code>").text(first.cause.id()).raw("</code> ");
    body.raw(if first.segment.is_empty() { "" } else { "in " });
    body.text(&wording::slice(&first.segment)).raw("; explains ");
    body.text(&numbers::percent(first.share)).raw(" of the added time");
    if diagnosis.diagnoses.len() > 1 {
        body.raw(". <a href=\"#causes\">");
        body.text(&wording::counted(diagnosis.diagnoses.len() as u64 - 1, "further cause"));
        body.raw(" below</a>");
    }
    body.raw("</p></dd>\n<dt>Since</dt><dd><p><b>");
    body.text(&numbers::day_and_clock(first.onset)).raw(" UTC</b>, ");
    body.text(&wording::into_window(first.onset, &diagnosis.window)).raw("</p></dd>\n");
    body.raw("<dt>Whose</dt><dd><p><b>").text(&table::capital(wording::owner(first.owner)));
    body.raw("</b>, ").text(&numbers::probability(first.confidence)).raw(" sure</p></dd>\n");
    if !first.next_steps.is_empty() {
        body.raw("<dt>Do</dt><dd><ol>");
        for step in body.shown(&first.next_steps) {
            body.prose("li", step);
        }
        body.raw("</ol></dd>\n");
    }
    body.raw("<dt>Cite</dt><dd>");
    cite(body, diagnosis, first);
    body.raw("</dd>\n</dl>\n");
}

fn cite(body: &mut Body, diagnosis: &Diagnosis, first: &RankedCause) {
    let ids = &first.request_ids;
    if ids.is_empty() {
        body.raw(if first.affected_calls > 0 {
            "<p>No request id: no slowed call's span or HTTP attempt carries one.</p>"
        } else {
            "<p>Nothing: no single call can be shown to have been slowed.</p>"
        });
        return;
    }
    body.raw("<p>");
    for (index, call) in ids.iter().take(FIRST_IDS).enumerate() {
        body.raw(if index > 0 { "<br>" } else { "" }).raw("<code class=\"all\">");
        body.markup.id(&call.request_id);
        body.raw("</code> <span class=\"soft\">").text(&numbers::clock(call.start)).raw("</span>");
    }
    body.raw("</p><p>");
    super::causes::copy_button(body, 1, ids.len());
    body.raw("<a href=\"#cite\">");
    body.text(&wording::counted(ids.len() as u64, "request id"));
    body.raw(if diagnosis.diagnoses.len() > 1 {
        ", worst first</a>, and those of the other causes</p>"
    } else {
        ", worst first</a></p>"
    });
}

/// What qualifies the answer stands before anything that supports it.
fn notes(body: &mut Body, diagnosis: &Diagnosis) {
    if diagnosis.notes.is_empty() {
        return;
    }
    body.raw("<aside class=\"notes\"><h2>Mind</h2><ul>\n");
    let notes = body.shown(&diagnosis.notes);
    for note in notes {
        body.prose("li", note).raw("\n");
    }
    body.raw("</ul></aside>\n");
    body.more(diagnosis.notes.len(), notes.len(), "notes");
}

/// Spikes beside this one, where the window was found and not given.
fn others(body: &mut Body, diagnosis: &Diagnosis) {
    if diagnosis.other_spikes.is_empty() {
        return;
    }
    body.raw("<aside class=\"notes\"><h2>Other spikes in these spans</h2><ul>\n");
    let spikes = body.shown(&diagnosis.other_spikes);
    for spike in spikes {
        let iso = |time: chrono::DateTime<chrono::Utc>| {
            time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
        };
        let window = format!("{}/{}", iso(spike.window.start), iso(spike.window.end));
        body.raw("<li>").text(&wording::period(&spike.window)).raw(": ");
        body.prose("span", &spike.headline);
        body.raw(" <code>--window ").text(&window).raw("</code></li>\n");
    }
    body.raw("</ul></aside>\n");
    body.more(diagnosis.other_spikes.len(), spikes.len(), "spikes");
}

/// Where things stand on the page.
fn contents(body: &mut Body, diagnosis: &Diagnosis) {
    let parts = [
        ("<a href=\"#where\">Where the time went</a>", diagnosis.waterfall.is_some()),
        ("<a href=\"#when\">Over time</a>", diagnosis.timeline.is_some()),
        ("<a href=\"#work\">At the same work</a>", diagnosis.charts.is_some()),
        ("<a href=\"#routing\">Cache and routing</a>", diagnosis.charts.is_some()),
        ("<a href=\"#causes\">Causes</a>", !diagnosis.diagnoses.is_empty()),
        ("<a href=\"#why\">How it was decided</a>", true),
        ("<a href=\"#cite\">Request ids</a>", !diagnosis.diagnoses.is_empty()),
        ("<a href=\"#data\">What it rests on</a>", true),
    ];
    body.raw("<nav aria-label=\"On this page\">");
    for (link, _) in parts.iter().filter(|(_, there)| *there) {
        body.raw(link).raw(" ");
    }
    body.raw("</nav>\n");
}
