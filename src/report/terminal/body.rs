//! The sections under the figures: ranking, evidence, path, what is out, what cannot be told, ids.

use unicode_width::UnicodeWidthStr;

use super::page::{Align, Page, Tone};
use crate::diagnosis::{
    Change, CitedCall, Coverage, Diagnosis, Ingest, RankedCause, RuledOut, SignalChange, Step,
    Undecidable, Verdict,
};
use crate::report::columns::{pad, pad_left};
use crate::report::{numbers, wording};

/// Most ids that are shown here for a cause; the other forms hold them all.
const IDS_SHOWN: usize = 5;

/// The ranked table; slices too long for its last column stand under their row.
pub fn ranking(page: &mut Page, causes: &[RankedCause]) {
    if causes.is_empty() {
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
    let align = [Align::Right, Align::Left, Align::Left, Align::Right, Align::Right, Align::Left];
    let widest =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|c| c.width()).max();
    let needed: usize = (0..align.len()).filter_map(widest).map(|width| width + 2).sum();
    if needed <= page.width() + 1 {
        page.table(1, &align, &rows);
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

/// One cause with its evidence, baseline and window side by side.
pub fn why(page: &mut Page, cause: &RankedCause) {
    page.heading(&format!("Why {}, {}", cause.rank, cause.cause.id()));
    page.paragraph(3, &cause.summary);
    if !cause.evidence.is_empty() {
        let head = ["", "baseline", "window", "95 % interval", ""].map(str::to_owned).to_vec();
        let row = |evidence: &crate::diagnosis::Evidence| {
            let signal = evidence.signal.as_str();
            vec![
                wording::signal(signal),
                wording::known(signal, evidence.baseline),
                wording::known(signal, evidence.window),
                wording::interval(signal, evidence.low, evidence.high),
                evidence.note.clone().unwrap_or_default(),
            ]
        };
        let rows: Vec<_> = std::iter::once(head).chain(cause.evidence.iter().map(row)).collect();
        let align = [Align::Left, Align::Right, Align::Right, Align::Left, Align::Left];
        page.table(3, &align, &rows);
    }
    page.gap();
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

/// The tree as it was walked.
pub fn path(page: &mut Page, path: &[Step]) {
    if path.is_empty() {
        return;
    }
    let steps =
        path.iter().map(|step| format!("{} {} → {}", step.question, step.reading, step.answer));
    page.list("Checked", steps);
    page.gap();
}

/// What the evidence speaks against.
pub fn ruled_out(page: &mut Page, ruled_out: &[RuledOut]) {
    if ruled_out.is_empty() {
        return;
    }
    let texts = ruled_out.iter().map(|out| format!("{}: {}", out.cause.id(), out.because));
    page.list("Ruled out", texts);
    page.gap();
}

/// What these spans cannot settle, and which attribute would.
pub fn cannot_tell(page: &mut Page, undecidable: &[Undecidable]) {
    if undecidable.is_empty() {
        return;
    }
    page.list("Cannot tell", undecidable.iter().map(wording::undecidable));
    page.gap();
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
            format!("{} more with trace ids and full times: -o report.md", numbers::len(more));
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

/// What to do now.
pub fn next(page: &mut Page, cause: &RankedCause, of: usize) {
    if cause.next_steps.is_empty() {
        return;
    }
    page.list(&label("Next", cause, of), cause.next_steps.iter().cloned());
    page.gap();
}

/// Which columns the calls carry, so that a reader knows what the answer rests on.
pub fn carried(page: &mut Page, diagnosis: &Diagnosis) {
    if diagnosis.coverage.is_empty() {
        return;
    }
    let entry = |coverage: &Coverage| wording::coverage(coverage);
    let entries: Vec<String> = diagnosis.coverage.iter().map(entry).collect();
    page.labelled("Carried", &format!("{} of the window's calls", entries.join(", ")));
    page.gap();
}

/// What qualifies the answer.
pub fn notes(page: &mut Page, diagnosis: &Diagnosis) {
    page.list("Mind", diagnosis.notes.iter().cloned());
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
