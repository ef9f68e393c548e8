//! The report for an incident page: GitHub, GitLab, Slack canvas, PagerDuty; tables, no raw HTML.

mod inert;

pub(super) use inert::{code, escape};
use inert::{code_block, prose};

use super::columns::{fit, pad};
use super::waterfall::drawn;
use super::{Style, cost, numbers, queries, sparkline, wording};
use crate::diagnosis::{
    Change, CitedCall, Diagnosis, Evidence, RankedCause, SignalChange, Timeline, Undecidable,
    Verdict, Waterfall,
};

/// Bins that a line of the timeline holds; a page's code block shows about so many.
const BINS: usize = 72;
/// Columns of a series' name.
const NAME: usize = 24;

/// The report, ending in a newline.
pub fn markdown(diagnosis: &Diagnosis, style: Style) -> String {
    let mut page = Page::default();
    head(&mut page, diagnosis);
    page.timeline(diagnosis.timeline.as_ref());
    if let Some(waterfall) = &diagnosis.waterfall {
        where_the_time_went(&mut page, waterfall);
    }
    if let Some(found) = &diagnosis.cost {
        page.heading("What it cost");
        page.block(&escape(&cost::sentences(found)));
    }
    ranking(&mut page, &diagnosis.diagnoses);
    diagnosis.diagnoses.iter().for_each(|cause| why(&mut page, cause));
    measured(&mut page, diagnosis);
    excluded(&mut page, diagnosis);
    diagnosis.diagnoses.iter().for_each(|cause| cite(&mut page, cause));
    next_steps(&mut page, &diagnosis.diagnoses);
    if style.queries {
        asked(&mut page, &diagnosis.diagnoses);
    }
    footing(&mut page, diagnosis);
    page.out
}

#[derive(Default)]
struct Page {
    out: String,
}

impl Page {
    /// A block, set apart by an empty line.
    fn block(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn heading(&mut self, text: &str) {
        self.block(&format!("### {}", escape(text)));
    }

    fn items(&mut self, items: impl IntoIterator<Item = String>) {
        let items: Vec<String> = items.into_iter().map(|item| format!("- {item}")).collect();
        if !items.is_empty() {
            self.block(&items.join("\n"));
        }
    }

    /// A table; `align` holds `<` or `>` for each column. Cells are Markdown already.
    fn table(&mut self, align: &str, head: &[&str], rows: &[Vec<String>]) {
        let line = |cells: &mut dyn Iterator<Item = String>| {
            format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
        };
        let mut text = line(&mut head.iter().map(|cell| (*cell).to_owned()));
        let rule = |side| if side == '>' { "--:" } else { ":--" };
        text.push_str(&line(&mut align.chars().map(|side| rule(side).to_owned())));
        for row in rows {
            text.push_str(&line(&mut row.iter().cloned()));
        }
        self.block(&text);
    }

    fn timeline(&mut self, timeline: Option<&Timeline>) {
        let Some(timeline) = timeline else { return };
        let bins = timeline.series.iter().map(|series| series.values.len()).min().unwrap_or(0);
        let to = timeline.window_to.min(bins);
        let from = timeline.window_from.min(to);
        let group = bins.div_ceil(BINS).max(1);
        let mut lines = Vec::new();
        for series in
            timeline.series.iter().filter(|series| series.values.iter().any(Option::is_some))
        {
            let full = sparkline::full_height(&series.signal, &series.values);
            let part = |from: usize, to: usize| {
                let values = series.values.get(from..to).unwrap_or_default();
                sparkline::sparkline(&sparkline::squeeze(values, group), full)
            };
            let parts = [part(0, from), part(from, to), part(to, bins)];
            let parts = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
            let name = pad(&fit(&wording::signal(&series.signal), NAME), NAME);
            let peak = wording::quantity(&series.signal, sparkline::peak(&series.values));
            lines.push(format!("{name} {}  max {peak}", parts.join(" │ ")));
        }
        if lines.is_empty() {
            return;
        }
        let bin = numbers::span_of(timeline.bin_s * group as f64);
        let start = numbers::day_and_clock(timeline.start);
        let slice = escape(&wording::slice(&timeline.segment));
        self.heading("Timeline");
        self.block(&format!(
            "From {start} UTC, {bin} a column, {slice}; the window stands between the bars."
        ));
        self.block(&code_block(&lines.join("\n")));
    }
}

fn head(page: &mut Page, diagnosis: &Diagnosis) {
    let badge = wording::badge(diagnosis.verdict);
    page.block(&format!("## {badge}: {}", escape(&wording::verdict(diagnosis))));
    let also = diagnosis.diagnoses.iter().skip(1).filter(|cause| cause.confidence >= 0.5);
    for cause in also {
        page.block(&format!("and {}", escape(&wording::also(cause))));
    }
    if let Some(first) = diagnosis.diagnoses.first() {
        let since = wording::where_and_since(first, &diagnosis.window);
        page.block(&format!("**{}**", escape(&since)));
        page.block(&escape(&wording::moved(&diagnosis.signals)));
        if !first.next_steps.is_empty() {
            page.block("**Do**");
            page.items(first.next_steps.iter().map(|step| prose(step)));
        }
    } else {
        page.block(&prose(&diagnosis.headline));
    }
    page.block(&escape(&wording::compared(diagnosis)));
}

fn where_the_time_went(page: &mut Page, waterfall: &Waterfall) {
    let drawn = drawn(waterfall);
    let unit = drawn.unit;
    page.heading("Where the time went");
    page.block(&escape(&format!(
        "Mean {} of a call, {}.",
        wording::signal(&waterfall.signal),
        wording::slice(&waterfall.segment)
    )));
    let end = |word: &str, figure: &str| {
        let figure = format!("**{figure} {unit}**");
        vec![format!("**{word}**"), figure, String::new(), String::new(), String::new()]
    };
    let with_unit = |text: &str| {
        if text.is_empty() { String::new() } else { escape(&format!("{text} {unit}")) }
    };
    let mut rows = vec![end("baseline", &drawn.baseline)];
    rows.extend(drawn.bars.iter().map(|bar| {
        vec![
            escape(&bar.label),
            with_unit(&bar.added),
            bar.share.clone(),
            with_unit(&bar.interval),
            with_unit(&bar.tail),
        ]
    }));
    rows.push(end("window", &drawn.window));
    page.table("<>><>", &["", "mean", "share", "95 % interval", "in the tail"], &rows);
    let mut said = Vec::new();
    if !drawn.nothing.is_empty() {
        said.push(format!("Nothing from: {}.", drawn.nothing.join(", ")));
    }
    if let (Some(before), Some(after)) = (waterfall.tail_baseline_s, waterfall.tail_window_s) {
        let (before, after) = (numbers::seconds(before), numbers::seconds(after));
        said.push(format!("Slowest twentieth, mean: {before} → {after}."));
    }
    if !said.is_empty() {
        page.block(&escape(&said.join(" ")));
    }
}

fn ranking(page: &mut Page, causes: &[RankedCause]) {
    if causes.is_empty() {
        return;
    }
    page.heading("Causes");
    let row = |cause: &RankedCause| {
        vec![
            cause.rank.to_string(),
            code(cause.cause.id()),
            escape(wording::owner(cause.owner)),
            escape(&numbers::probability(cause.confidence)),
            escape(&numbers::percent(cause.share)),
            escape(&wording::slice(&cause.segment)),
            format!("{} UTC", numbers::day_and_clock(cause.onset)),
        ]
    };
    let rows: Vec<_> = causes.iter().map(row).collect();
    let head = ["#", "cause", "whose", "sure", "share", "where", "since"];
    page.table("><<>><<", &head, &rows);
}

fn why(page: &mut Page, cause: &RankedCause) {
    page.heading(&format!("Why {}: {}", cause.rank, cause.cause.label()));
    page.block(&prose(&cause.summary));
    let row = |evidence: &Evidence| {
        let signal = evidence.signal.as_str();
        vec![
            escape(&wording::signal(signal)),
            escape(&wording::known(signal, evidence.baseline)),
            escape(&wording::known(signal, evidence.window)),
            escape(&wording::interval(signal, evidence.low, evidence.high)),
            escape(evidence.note.as_deref().unwrap_or_default()),
        ]
    };
    let rows: Vec<_> = cause.evidence.iter().map(row).collect();
    if !rows.is_empty() {
        page.table("<>><<", &["evidence", "baseline", "window", "95 % interval", ""], &rows);
    }
}

/// The SQL behind each line of evidence.
fn asked(page: &mut Page, causes: &[RankedCause]) {
    page.heading("Queries");
    page.block(&prose(queries::TABLE));
    for cause in causes {
        for query in queries::of(cause) {
            page.block(&escape(&format!("Cause {}, {}", cause.rank, query.title)));
            page.block(&format!("```sql\n{}\n```", query.sql));
        }
    }
}

fn measured(page: &mut Page, diagnosis: &Diagnosis) {
    if diagnosis.signals.is_empty() {
        return;
    }
    page.heading("What was measured");
    let row = |signal: &SignalChange| {
        let name = signal.signal.as_str();
        vec![
            escape(&wording::signal(name)),
            escape(&wording::known(name, signal.baseline)),
            escape(&wording::known(name, signal.window)),
            wording::ratio(signal),
            escape(&wording::ratio_interval(signal)),
            signal.usual_ratio.map_or_else(String::new, numbers::multiple),
            wording::change(signal.change).to_owned(),
        ]
    };
    let carried = diagnosis.signals.iter().filter(|signal| signal.change != Change::Unknown);
    let rows: Vec<_> = carried.map(row).collect();
    if !rows.is_empty() {
        let head = ["", "baseline", "window", "change", "95 % interval", "usual to", ""];
        page.table("<>>><><", &head, &rows);
    }
    if let Some(absent) = wording::not_carried(&diagnosis.signals) {
        page.block(&escape(&absent));
    }
    if diagnosis.verdict == Verdict::NoSpike {
        page.block(&escape(wording::YARDSTICK));
    }
}

fn excluded(page: &mut Page, diagnosis: &Diagnosis) {
    if !diagnosis.path.is_empty() {
        page.heading("What was checked");
        let step = |step: &crate::diagnosis::Step| {
            prose(&format!("{} {} → {}", step.question, step.reading, step.answer))
        };
        page.items(diagnosis.path.iter().map(step));
    }
    if !diagnosis.ruled_out.is_empty() {
        page.heading("Ruled out");
        let out = diagnosis.ruled_out.iter();
        page.items(out.map(|out| format!("{}: {}", code(out.cause.id()), prose(&out.because))));
    }
    if !diagnosis.undecidable.is_empty() {
        page.heading("Cannot tell");
        page.items(diagnosis.undecidable.iter().map(cannot_tell));
    }
}

fn cannot_tell(open: &Undecidable) -> String {
    let because = escape(&wording::sentence(&open.because));
    let missing: Vec<String> = open.missing.iter().map(|name| code(name)).collect();
    let settled = if missing.is_empty() {
        String::new()
    } else {
        format!(" Would be settled by {}.", missing.join(", "))
    };
    format!("{}: {because}{settled}", code(open.cause.id()))
}

fn cite(page: &mut Page, cause: &RankedCause) {
    if cause.request_ids.is_empty() {
        return;
    }
    page.heading(&format!("Request ids to cite for {}", cause.rank));
    let slowed = wording::counted(wording::affected(cause), "slowed call");
    let shown = numbers::len(cause.request_ids.len());
    page.block(&format!("{shown} of {slowed}, worst first, UTC."));
    let row = |call: &CitedCall| {
        vec![
            code(&call.request_id),
            escape(call.provider.as_deref().unwrap_or("–")),
            call.start.format("%Y-%m-%d %H:%M:%S%.3f").to_string(),
            escape(&wording::signal(&call.signal)),
            numbers::seconds(call.observed_s),
            numbers::seconds(call.expected_s),
            call.trace_id.as_deref().map_or_else(|| "–".to_owned(), code),
        ]
    };
    let rows: Vec<_> = cause.request_ids.iter().map(row).collect();
    let head = ["request id", "provider", "start", "signal", "observed", "usual", "trace id"];
    page.table("<<<<>><", &head, &rows);
}

/// What to do about the further causes; the first one's steps stand at the top.
fn next_steps(page: &mut Page, causes: &[RankedCause]) {
    let further = causes.iter().skip(1).filter(|cause| !cause.next_steps.is_empty());
    if further.clone().next().is_none() {
        return;
    }
    page.heading("Do about the further causes");
    page.items(further.flat_map(|cause| {
        let id = code(cause.cause.id());
        cause.next_steps.iter().map(move |step| format!("{id}: {}", prose(step)))
    }));
}

fn footing(page: &mut Page, diagnosis: &Diagnosis) {
    page.heading("What this rests on");
    let mut items: Vec<String> = diagnosis.notes.iter().map(|note| escape(note)).collect();
    if !diagnosis.coverage.is_empty() {
        let carried: Vec<String> = diagnosis.coverage.iter().map(wording::coverage).collect();
        items.push(escape(&format!("Carried: {} of the window's calls.", carried.join(", "))));
    }
    let other = |other: &Diagnosis| {
        let (period, verdict) = (wording::period(&other.window), wording::verdict(other));
        escape(&format!("Also found: {period}: {verdict}"))
    };
    items.extend(diagnosis.other_spikes.iter().map(other));
    items.extend(wording::read(&diagnosis.ingest).iter().map(|sentence| escape(sentence)));
    page.items(items);
}
