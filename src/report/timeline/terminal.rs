//! A whole dump at a terminal: a line a signal, the stretches that stand out marked beneath.

use unicode_width::UnicodeWidthStr;

use super::{CANDIDATES, at, covers, drift_heading, drifts, named, spike, window};
use crate::diagnosis::{Days, DumpTimeline, Series, TimelineGroup};
use crate::report::columns::{pad, pad_left};
use crate::report::terminal::page::{Align, Page, Tone};
use crate::report::{Style, numbers, sparkline, wording};

/// Columns of a series' name, and of its level and peak.
const NAME: usize = 18;
const SCALE: usize = 24;
/// Signals of a group; all calls show all of them.
const OF_GROUP: [&str; 5] =
    ["calls_per_minute", "duration_p50_s", "duration_p95_s", "ttft_p95_s", "itl_p95_s"];
/// Most days listed.
const MOST_DAYS: usize = 62;

/// The page.
pub fn terminal(timeline: &DumpTimeline, style: Style) -> String {
    let mut page = Page::new(style);
    page.paragraph(1, &covers(timeline));
    page.gap();
    let room = page.width() - NAME - SCALE - 4;
    let squeeze = timeline.bins.div_ceil(room).max(1);
    axis(&mut page, timeline, squeeze);
    group(&mut page, &timeline.all, squeeze, |_| true);
    marks(&mut page, timeline, squeeze);
    let by = timeline.by.as_deref().unwrap_or_default();
    for some in &timeline.groups {
        page.gap();
        page.heading(&format!("{} · {}", named(by, some), wording::calls(some.calls)));
        group(&mut page, some, squeeze, |signal| OF_GROUP.contains(&signal));
    }
    page.gap();
    spikes(&mut page, timeline);
    if let Some(found) = &timeline.days {
        days(&mut page, found);
    }
    page.list("Notes", timeline.notes.iter().cloned());
    page.list("Input", wording::read(&timeline.ingest));
    page.finish()
}

fn columns(timeline: &DumpTimeline, squeeze: usize) -> usize {
    timeline.bins.div_ceil(squeeze)
}

/// Clock times over the first and the last column, the days where they differ.
fn axis(page: &mut Page, timeline: &DumpTimeline, squeeze: usize) {
    let end = at(timeline.start, timeline.bin_s, timeline.bins);
    let shown = |time| {
        if timeline.bin_s * timeline.bins as f64 > 86_400.0 {
            numbers::day(time)
        } else {
            numbers::short_clock(time)
        }
    };
    let (from, mut to) = (shown(timeline.start), shown(end));
    let room = columns(timeline, squeeze);
    if room <= from.width() + to.width() {
        to.clear();
    }
    let gap = room.saturating_sub(from.width() + to.width());
    let line = format!("{}{from}{}{to}", " ".repeat(NAME + 2), " ".repeat(gap));
    let left = (NAME + 2 + room + SCALE).saturating_sub(line.width());
    let scale = pad_left("median    max", left.max(15));
    let line = page.paint(Tone::Faint, &format!("{line}{scale}"));
    page.line(&line);
}

fn group(page: &mut Page, group: &TimelineGroup, squeeze: usize, shown: impl Fn(&str) -> bool) {
    for series in group.series.iter().filter(|series| shown(&series.signal)) {
        let line = row(page, series, squeeze);
        page.line(&line);
    }
}

fn row(page: &Page, series: &Series, squeeze: usize) -> String {
    let values = sparkline::squeeze(&series.values, squeeze);
    let top = sparkline::full_height(&series.signal, &values);
    let drawn = page.paint(Tone::Mark, &sparkline::sparkline(&values, top));
    let mut known: Vec<f64> = series.values.iter().flatten().copied().collect();
    known.sort_by(f64::total_cmp);
    let level = known.get(known.len() / 2).copied();
    let figure = |value| pad_left(&wording::known(&series.signal, value), SCALE / 2 - 1);
    let scale = format!(" {} {}", figure(level), figure(known.last().copied()));
    let scale = page.text(&scale);
    let name = page.fit(&wording::signal(&series.signal), NAME);
    format!("  {}{drawn}{scale}", pad(&name, NAME))
}

/// Carets beneath the columns of the stretches that stand out.
fn marks(page: &mut Page, timeline: &DumpTimeline, squeeze: usize) {
    let mut line = vec![' '; columns(timeline, squeeze)];
    for spike in &timeline.spikes {
        let (from, to) = (spike.from_bin / squeeze, spike.to_bin.div_ceil(squeeze));
        let to = to.min(line.len());
        line[from.min(to)..to].fill('▲');
    }
    if timeline.spikes.is_empty() {
        return;
    }
    let text: String = line.into_iter().collect();
    let text = page.paint(Tone::Strong, text.trim_end());
    page.line(&format!("  {}{text}", pad("stands out", NAME)));
}

fn spikes(page: &mut Page, timeline: &DumpTimeline) {
    if timeline.spikes.is_empty() {
        page.paragraph(1, "No stretch stands out from the same work elsewhere in the dump.");
        page.gap();
        return;
    }
    page.heading("Stands out");
    for found in &timeline.spikes {
        page.paragraph(3, &spike(found));
        page.paragraph(5, &format!("--window {}", window(found)));
    }
    page.paragraph(3, CANDIDATES);
    page.gap();
}

fn days(page: &mut Page, days: &Days) {
    const SHOWN: [(&str, &str); 6] = [
        ("duration_p95_s", "p95"),
        ("ttft_p95_s", "TTFT p95"),
        ("itl_p95_s", "ITL p95"),
        ("cache_hit_ratio", "cache"),
        ("spec_acceptance_ratio", "accepted"),
        ("mix_moved_share", "mix moved"),
    ];
    if let Some(heading) = drift_heading(days) {
        page.heading(&heading);
        drifts(days).iter().for_each(|drift| page.paragraph(3, drift));
        page.gap();
    }
    page.heading("By day, UTC");
    let series = |signal: &str| days.all.series.iter().find(|series| series.signal == signal);
    let shown: Vec<(&Series, &str)> =
        SHOWN.iter().filter_map(|(signal, label)| Some((series(signal)?, *label))).collect();
    let head = ["day", "calls"].into_iter().chain(shown.iter().map(|(_, label)| *label));
    let mut rows: Vec<Vec<String>> = vec![head.map(str::to_owned).collect()];
    let calls = days.all.calls_by_bin.get(..MOST_DAYS).unwrap_or(&days.all.calls_by_bin);
    let date = |day: usize| at(days.start, 86_400.0, day).format("%m-%d").to_string();
    let mut day = 0;
    for stretch in calls.chunk_by(|one, other| *one == 0 && *other == 0) {
        let (first, last) = (day, day + stretch.len() - 1);
        day += stretch.len();
        if first < last {
            // Days without a call share a row.
            rows.push(vec![format!("{}\u{a0}to\u{a0}{}", date(first), date(last)), "0".to_owned()]);
            continue;
        }
        let (day, calls, date) = (first, &stretch[0], date(first));
        let mut row = vec![date, numbers::len(*calls)];
        row.extend(shown.iter().map(|(series, _)| {
            wording::known(&series.signal, series.values.get(day).copied().flatten())
        }));
        rows.push(row);
    }
    let align: Vec<Align> =
        (0..rows[0].len()).map(|at| if at == 0 { Align::Left } else { Align::Right }).collect();
    page.table(3, &align, &rows);
    let more = days.all.calls_by_bin.len().saturating_sub(MOST_DAYS);
    if more > 0 {
        page.paragraph(3, &format!("and {} more; --format csv lists all.", numbers::len(more)));
    }
    page.gap();
}
