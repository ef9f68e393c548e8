//! Sparklines over time, with the window between bars and the onset marked.

use chrono::TimeDelta;
use unicode_width::UnicodeWidthStr;

use super::page::{Page, Tone};
use crate::diagnosis::{Cause, Change, Diagnosis, Series, Timeline};
use crate::report::columns::{pad, pad_left};
use crate::report::{sparkline, wording};

/// Columns of a series' name.
const NAME: usize = 18;
/// Columns of a series' scale.
const SCALE: usize = 14;

/// Which bins are shown, and how many share a column.
struct Cut {
    from: usize,
    window_from: usize,
    window_to: usize,
    to: usize,
    group: usize,
}

impl Cut {
    /// Drops the oldest baseline before it lets bins share a column.
    fn new(timeline: &Timeline, room: usize) -> Self {
        let bins = timeline.series.iter().map(|series| series.values.len()).min().unwrap_or(0);
        let window_to = timeline.window_to.min(bins);
        let window_from = timeline.window_from.min(window_to);
        let (window, after) = (window_to - window_from, bins - window_to);
        let wanted = window_from.min(window.max(room / 3));
        let kept = room.saturating_sub(window + after).clamp(wanted, window_from.max(wanted));
        let from = window_from - kept.min(window_from);
        let mut group = 1;
        let columns = |group: usize| {
            (window_from - from).div_ceil(group) + window.div_ceil(group) + after.div_ceil(group)
        };
        while columns(group) > room.max(3) {
            group += 1;
        }
        Self { from, window_from, window_to, to: bins, group }
    }

    /// The three parts of a series: before the window, the window, after it.
    fn parts(&self, values: &[Option<f64>]) -> [Vec<Option<f64>>; 3] {
        let part = |from: usize, to: usize| {
            sparkline::squeeze(values.get(from..to).unwrap_or_default(), self.group)
        };
        [
            part(self.from, self.window_from),
            part(self.window_from, self.window_to),
            part(self.window_to, self.to),
        ]
    }
}

/// The timeline, if it has anything to show.
pub fn timeline(page: &mut Page, timeline: &Timeline, diagnosis: &Diagnosis) {
    // A blank before the name and after it, two before the scale, a bar on each side of the window.
    let room = page.width() - NAME - SCALE - 4 - 6;
    let cut = Cut::new(timeline, room);
    if cut.to == 0 || !timeline.series.iter().any(|series| known(&series.values)) {
        return;
    }
    let lengths = cut.parts(&vec![None; cut.to]).map(|part| part.len());
    let header = header(page, timeline, &cut, lengths);
    if !header.trim().is_empty() {
        page.line(&header);
    }
    let all = page.style().verbose;
    let told = |series: &&Series| known(&series.values) && (all || telling(series, diagnosis));
    for series in timeline.series.iter().filter(told) {
        let line = row(page, series, &cut);
        page.line(&line);
    }
    if let Some(line) = onset(page, timeline, &cut, lengths) {
        page.line(&line);
    }
    page.gap();
}

/// Whether a short report shows the series: of each latency the level that moved, else its tail;
/// duration where nothing finer is known or it moved; shares that are not zero throughout.
fn telling(series: &Series, diagnosis: &Diagnosis) -> bool {
    let did = |signal: &str| {
        let found = diagnosis.signals.iter().find(|change| change.signal == signal);
        found.map(|change| change.change)
    };
    // A tail that most bins are too small for shows less than the median.
    let tailed = |signal: &str| {
        let mut series = diagnosis.timeline.iter().flat_map(|timeline| &timeline.series);
        let found = series.find(|series| series.signal == signal);
        found
            .is_some_and(|series| 2 * series.values.iter().flatten().count() >= series.values.len())
    };
    let rose = |signal: &str| did(signal) == Some(Change::Rose);
    let finer = did("ttft_p50_s").is_some_and(|change| change != Change::Unknown);
    let signal = &*series.signal;
    for (level, is_tail) in [("_p50_s", false), ("_p95_s", true)] {
        let Some(latency) = signal.strip_suffix(level) else { continue };
        let [median, tail] = ["_p50_s", "_p95_s"].map(|level| format!("{latency}{level}"));
        let shows_tail = tailed(&tail) && (rose(&tail) || !rose(&median));
        let moved = rose(&median) || rose(&tail);
        return is_tail == shows_tail && (latency != "duration" || !finer || moved);
    }
    match signal {
        "spec_acceptance_ratio" => {
            let first = diagnosis.diagnoses.first().map(|first| first.cause);
            let drops = [Cause::AcceptanceDropDraftSwap, Cause::AcceptanceDropTrafficShift];
            first.is_some_and(|first| drops.contains(&first))
        }
        "error_share" => series.values.iter().flatten().any(|value| *value > 0.0),
        _ => true,
    }
}

fn known(values: &[Option<f64>]) -> bool {
    values.iter().any(Option::is_some)
}

fn header(page: &Page, timeline: &Timeline, cut: &Cut, lengths: [usize; 3]) -> String {
    let days = (cut.to - cut.from) as f64 * timeline.bin_s > 86_400.0;
    let shape = if days { "%m-%d" } else { "%H:%M" };
    let clock = |bin: usize| {
        let after = TimeDelta::try_milliseconds((bin as f64 * timeline.bin_s * 1e3) as i64);
        let time = after.and_then(|after| timeline.start.checked_add_signed(after));
        time.map_or_else(String::new, |time| time.format(shape).to_string())
    };
    let [before, window, after] = lengths;
    let left = span(&clock(cut.from), "baseline", &clock(cut.window_from), before);
    let middle = span(&clock(cut.window_from), "window", &clock(cut.window_to), window);
    let right = span("", "after", &clock(cut.to), after);
    let line = join(page, &pad("", NAME), [left, middle, right], lengths);
    page.paint(Tone::Faint, &page.fit(line.trim_end(), page.width()))
}

/// A start, a word and an end over so many columns, as far as they fit.
fn span(start: &str, word: &str, end: &str, columns: usize) -> String {
    let all = start.width() + word.width() + end.width();
    if all + 2 <= columns {
        let blank = columns - all;
        let left = blank / 2;
        format!("{start}{}{word}{}{end}", " ".repeat(left), " ".repeat(blank - left))
    } else if start.width() + 1 + end.width() <= columns {
        let blank = columns - start.width() - end.width();
        format!("{start}{}{end}", " ".repeat(blank))
    } else if start.width() <= columns {
        pad(start, columns)
    } else {
        " ".repeat(columns)
    }
}

/// The parts with bars between those that have columns.
fn join(page: &Page, name: &str, parts: [String; 3], lengths: [usize; 3]) -> String {
    let mut line = format!(" {name} ");
    let mut first = true;
    for (part, length) in parts.iter().zip(lengths) {
        if length > 0 {
            line.push_str(&if first { String::new() } else { page.text(" │ ") });
            line.push_str(part);
            first = false;
        }
    }
    line
}

fn row(page: &Page, series: &Series, cut: &Cut) -> String {
    let parts = cut.parts(&series.values);
    let shown: Vec<Option<f64>> = parts.iter().flatten().copied().collect();
    let highest = sparkline::peak(&shown);
    let top = sparkline::full_height(&series.signal, &shown);
    let lengths = [parts[0].len(), parts[1].len(), parts[2].len()];
    let [before, window, after] = parts.map(|part| page.text(&sparkline::sparkline(&part, top)));
    let window = page.paint(Tone::Mark, &window);
    let name = page.fit(&wording::signal(&series.signal), NAME);
    let line = join(page, &pad(&name, NAME), [before, window, after], lengths);
    let scale = format!("max {}", wording::quantity(&series.signal, highest));
    let scale = page.paint(Tone::Faint, &page.fit(&scale, SCALE));
    format!("{line}  {scale}")
}

/// A mark under the bin in which the first-ranked cause began.
fn onset(page: &Page, timeline: &Timeline, cut: &Cut, lengths: [usize; 3]) -> Option<String> {
    let bin = timeline.onset_bin.filter(|bin| (cut.from..cut.to).contains(bin))?;
    let column = |from: usize| (bin - from) / cut.group;
    let bar = |length: usize| if length > 0 { length + 3 } else { 0 };
    let column = if bin < cut.window_from {
        column(cut.from)
    } else if bin < cut.window_to {
        bar(lengths[0]) + column(cut.window_from)
    } else {
        bar(lengths[0]) + bar(lengths[1]) + column(cut.window_to)
    };
    let mark = NAME + 2 + column;
    let line = if mark + 8 <= page.width() {
        format!("{}▲ onset", " ".repeat(mark))
    } else {
        format!("{} ▲", pad_left("onset", mark.saturating_sub(1)))
    };
    Some(page.paint(Tone::Faint, &line))
}
