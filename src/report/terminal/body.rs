//! The sections under the figures: ranking, evidence, what was measured, what to do, ids.

use unicode_width::UnicodeWidthStr;

use super::page::{Align, Page, Tone};
use crate::diagnosis::{
    Change, CitedCall, Diagnosis, Evidence, Ingest, RankedCause, SignalChange, Verdict,
};
use crate::report::columns::{pad, pad_left};
use crate::report::{numbers, queries, wording};

/// From this confidence on a further cause is as likely as not.
const LIKELY: f64 = 0.5;
/// Most ids that are shown here for a cause; the other forms hold them all.
const IDS_SHOWN: usize = 5;

/// Steps that the first screen has room for.
const FIRST_STEPS: usize = 2;

/// What a short report ends with.
const MORE: &str = "--verbose: every check, figure and reason. -o report.html: all of it, with \
    plots. --show-queries: the SQL behind each figure.";

/// The ranked table; slices too long for its last column stand under their row.
pub fn ranking(page: &mut Page, causes: &[RankedCause]) {
    // One cause alone stands whole in the first lines.
    if causes.is_empty() || (causes.len() == 1 && !page.style().verbose) {
        return;
    }
    let head = ["#", "cause", "whose", "sure", "share", "where"].map(str::to_owned).to_vec();
    let row = |cause: &RankedCause| {
        vec![
            cause.rank.to_string(),
            cause.cause.id().to_owned(),
            wording::owner(cause.owner).to_owned(),
            numbers::probability(cause.confidence),
            numbers::percent(cause.share),
            page.text(&wording::slice(&cause.segment)),
        ]
    };
    let mut rows: Vec<_> = std::iter::once(head).chain(causes.iter().map(row)).collect();
    let apart = causes.iter().any(|cause| cause.segment != causes[0].segment);
    if !apart && !page.style().verbose {
        // All act where the first lines say.
        rows.iter_mut().for_each(|row| row.truncate(5));
    }
    let align = [Align::Right, Align::Left, Align::Left, Align::Right, Align::Right, Align::Left];
    let widest =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|c| c.width()).max();
    let needed: usize = (0..align.len()).filter_map(widest).map(|width| width + 2).sum();
    let columns = rows[0].len();
    if needed <= page.width() + 1 {
        page.table(1, &align[..columns], &rows);
    } else {
        let places: Vec<_> = rows.iter_mut().map(|row| row.pop().unwrap_or_default()).collect();
        let lines = page.table_lines(1, &align[..5], &rows);
        for (index, (line, place)) in lines.iter().zip(places).enumerate() {
            page.line(line);
            if index > 0 {
                page.paragraph(4, &place);
            }
        }
    }
    page.gap();
}

/// The causes whose evidence is shown: the first, and those as likely as not.
pub fn told<'a>(page: &Page, causes: &'a [RankedCause]) -> Vec<&'a RankedCause> {
    let all = page.style().verbose;
    let told = |cause: &&RankedCause| all || cause.rank <= 1 || cause.confidence >= LIKELY;
    causes.iter().filter(told).collect()
}

/// One cause with its evidence, baseline and window side by side.
pub fn why(page: &mut Page, cause: &RankedCause) {
    page.heading(&format!("Why {}, {}", cause.rank, cause.cause.id()));
    page.paragraph(3, &cause.summary);
    if !cause.evidence.is_empty() {
        let head = ["", "baseline", "window", "95 % interval"].map(str::to_owned).to_vec();
        let row = |evidence: &Evidence| {
            let signal = evidence.signal.as_str();
            vec![
                wording::signal(signal),
                wording::known(signal, evidence.baseline),
                wording::known(signal, evidence.window),
                beside(evidence),
            ]
        };
        let rows: Vec<_> = std::iter::once(head).chain(cause.evidence.iter().map(row)).collect();
        let align = [Align::Left, Align::Right, Align::Right, Align::Left];
        page.table(3, &align, &rows);
    }
    page.gap();
}

/// The interval of a line and its note: most lines have one of them.
fn beside(evidence: &Evidence) -> String {
    let interval = wording::interval(&evidence.signal, evidence.low, evidence.high);
    let note = evidence.note.as_deref().unwrap_or_default();
    let parts = [&*interval, note].into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("  ")
}

/// Every signal against the yardstick: how far windows of this length usually move.
pub fn measured(page: &mut Page, diagnosis: &Diagnosis) {
    if diagnosis.signals.is_empty() {
        return;
    }
    page.heading("What was measured");
    let head = ["", "baseline", "window", "change, 95 %", "usual to", ""];
    let carried = diagnosis.signals.iter().filter(|signal| signal.change != Change::Unknown);
    let rows = carried.map(measured_row);
    let rows: Vec<_> = std::iter::once(head.map(str::to_owned).to_vec()).chain(rows).collect();
    if rows.len() > 1 {
        let right = Align::Right;
        let align = [Align::Left, right, right, Align::Left, right, Align::Left];
        page.table(3, &align, &rows);
    }
    if let Some(absent) = wording::not_carried(&diagnosis.signals) {
        page.paragraph(3, &absent);
    }
    if diagnosis.verdict == Verdict::NoSpike {
        page.paragraph(3, wording::YARDSTICK);
    }
    page.gap();
}

fn measured_row(signal: &SignalChange) -> Vec<String> {
    let name = signal.signal.as_str();
    vec![
        wording::signal(name),
        wording::known(name, signal.baseline),
        wording::known(name, signal.window),
        format!("{} {}", wording::ratio(signal), wording::ratio_interval(signal)),
        signal.usual_ratio.map_or_else(String::new, numbers::multiple),
        wording::change(signal.change).to_owned(),
    ]
}

/// The ids to cite, worst first, with what was observed and what the same work usually takes.
pub fn cite(page: &mut Page, cause: &RankedCause, of: usize) {
    if cause.request_ids.is_empty() {
        return;
    }
    let shown = cause.request_ids.len().min(IDS_SHOWN);
    let slowed = wording::counted(wording::affected(cause), "slowed call");
    page.labelled(&label("Cite", cause, of), &format!("{shown} of {slowed}, worst first, UTC"));
    let ids: Vec<&CitedCall> = cause.request_ids.iter().take(shown).collect();
    let room = page.width() - 3 - 41;
    let fits = |id: &str| id.width() <= room;
    let column =
        ids.iter().map(|call| call.request_id.width()).filter(|width| *width <= room).max();
    for call in ids {
        let id = page.text(&call.request_id);
        let id_line = pad(&id, column.unwrap_or(0));
        let figures = figures(page, call);
        if fits(&id) {
            page.line(&format!("   {id_line}  {figures}"));
        } else {
            // An id is never cut: it must be copied whole.
            page.line(&format!("   {id}"));
            page.line(&format!("     {figures}"));
        }
    }
    let more = cause.request_ids.len() - shown;
    if more > 0 {
        let more =
            format!("{} more, with trace ids: -o report.md, or llmspan ticket", numbers::len(more));
        page.paragraph(3, &more);
    }
    page.gap();
}

fn figures(page: &Page, call: &CitedCall) -> String {
    let observed = numbers::seconds(call.observed_s);
    let expected = numbers::seconds(call.expected_s);
    let signal = wording::signal(&call.signal);
    format!(
        "{}  {} {}, usual {expected}",
        numbers::clock(call.start),
        pad(&page.fit(&signal, 8), 4),
        pad_left(&observed, 8)
    )
}

/// The rank stands in the label where several causes have a section of that kind.
fn label(word: &str, cause: &RankedCause, of: usize) -> String {
    if of > 1 { format!("{word} for {}", cause.rank) } else { word.to_owned() }
}

/// The SQL behind the evidence of a cause, as it stands: to be copied, so never wrapped.
pub fn queries(page: &mut Page, cause: &RankedCause) {
    let asked = queries::of(cause);
    if asked.is_empty() {
        return;
    }
    page.heading(&format!("Queries for {}, {}", cause.rank, cause.cause.id()));
    page.paragraph(3, queries::TABLE);
    page.gap();
    for query in asked {
        let title = page.fit(&format!("-- {}", query.title), page.width());
        page.line(&title);
        query.sql.lines().for_each(|line| page.line(line));
        page.gap();
    }
}

/// Where to read on.
pub fn more(page: &mut Page, diagnosis: &Diagnosis) {
    if page.style().verbose || diagnosis.verdict == Verdict::InsufficientData {
        return;
    }
    let text = page.text(MORE);
    for line in crate::report::columns::wrap(&text, page.width() - 1) {
        let line = page.paint(Tone::Faint, &line);
        page.line(&format!(" {line}"));
    }
}

/// What to do now, as much of it as the first screen has room for.
pub fn first_steps(page: &mut Page, cause: &RankedCause) {
    let most = if page.style().verbose { usize::MAX } else { FIRST_STEPS };
    let steps = cause.next_steps.iter().take(most).cloned().collect();
    next(page, &RankedCause { next_steps: steps, ..cause.clone() }, 1);
}

/// What to do now.
pub fn next(page: &mut Page, cause: &RankedCause, of: usize) {
    if cause.next_steps.is_empty() {
        return;
    }
    let label = label("Do", cause, of);
    let indent = label.width() + 4;
    for (index, step) in cause.next_steps.iter().enumerate() {
        page.hung(if index == 0 { &label } else { "" }, indent, step);
    }
    page.gap();
}

/// What qualifies the answer.
pub fn notes(page: &mut Page, diagnosis: &Diagnosis) {
    let all = page.style().verbose;
    // What it was compared with stands in the first lines.
    let told = |note: &&String| all || !note.starts_with(wording::CHOSEN_BASELINE);
    page.list("Mind", diagnosis.notes.iter().filter(told).cloned());
    page.gap();
}

/// The other spikes that were found, each with the window to ask about.
pub fn other_spikes(page: &mut Page, diagnosis: &Diagnosis) {
    let spike = |other: &Diagnosis| {
        format!("{}: {}", wording::period(&other.window), wording::verdict(other))
    };
    page.list("Also found", diagnosis.other_spikes.iter().map(spike));
    page.gap();
}

/// What was read and lost: the last lines.
pub fn read(page: &mut Page, ingest: &Ingest) {
    let text = wording::read(ingest).join(" ");
    let text = page.text(&text);
    for line in crate::report::columns::wrap(&text, page.width() - 1) {
        let line = page.paint(Tone::Faint, &line);
        page.line(&format!(" {line}"));
    }
}
