//! A whole dump over time, as text: terminal, Markdown, CSV, JSON.

mod csv;
mod markdown;
mod terminal;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Style, json, neutral, numbers, wording};
use crate::diagnosis::{Days, Drift, DumpTimeline, TimelineGroup, TimelineSpike};

/// A form of the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimelineFormat {
    /// For a person at a terminal, or a log.
    Terminal,
    /// For an incident page.
    Markdown,
    /// One row a bin and group, for a spreadsheet.
    Csv,
    /// For programs.
    Json,
}

impl TimelineFormat {
    /// Every form, with the name and the file suffix by which it is asked for.
    pub const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Terminal, "terminal", "txt"),
        (Self::Markdown, "markdown", "md"),
        (Self::Csv, "csv", "csv"),
        (Self::Json, "json", "json"),
    ];
}

/// The timeline in that form, ending in a newline.
pub fn render(timeline: &DumpTimeline, format: TimelineFormat, style: Style) -> String {
    match format {
        TimelineFormat::Terminal => terminal::terminal(&inert(timeline), style),
        TimelineFormat::Markdown => markdown::markdown(&inert(timeline)),
        TimelineFormat::Csv => csv::csv(&inert(timeline)),
        TimelineFormat::Json => json::text(timeline),
    }
}

/// A copy in which every text from spans is inert; names of signals and notes are our own.
fn inert(timeline: &DumpTimeline) -> DumpTimeline {
    let mut copy = timeline.clone();
    let line = |text: &mut String| *text = neutral::line(text);
    copy.by.iter_mut().for_each(line);
    copy.groups.iter_mut().filter_map(|group| group.value.as_mut()).for_each(line);
    copy
}

/// When a bin begins.
fn at(start: DateTime<Utc>, bin_s: f64, bin: usize) -> DateTime<Utc> {
    let after = TimeDelta::try_milliseconds((bin as f64 * bin_s * 1e3) as i64);
    after.and_then(|after| start.checked_add_signed(after)).unwrap_or(start)
}

/// What the groups share, for a heading.
fn named(by: &str, group: &TimelineGroup) -> String {
    match &group.value {
        Some(value) => format!("{by}={value}"),
        None => format!("{by} not recorded"),
    }
}

/// What the page covers, in one sentence.
fn covers(timeline: &DumpTimeline) -> String {
    let end = at(timeline.start, timeline.bin_s, timeline.bins);
    format!(
        "{} from {} {} to {} UTC, by {}.",
        wording::calls(timeline.all.calls),
        numbers::day(timeline.start),
        numbers::short_clock(timeline.start),
        wording::until(timeline.start, end),
        length(timeline.bin_s)
    )
}

/// A length of time as short as it goes.
fn length(seconds: f64) -> String {
    let days = seconds / 86_400.0;
    if days >= 1.0 && days.fract() == 0.0 {
        wording::counted(days as u64, "day")
    } else {
        numbers::span_of(seconds)
    }
}

/// A spike in one line: when, how long, which signal, how much.
fn spike(spike: &TimelineSpike) -> String {
    let signal = match spike.signal {
        "ttft_same_work_ratio" => "TTFT",
        "itl_same_work_ratio" => "ITL",
        _ => "duration",
    };
    format!(
        "{} {} to {}: {signal} {} the same work's usual, {}",
        numbers::day(spike.start),
        numbers::clock(spike.start),
        match wording::until(spike.start, spike.end) {
            same if same.len() <= 8 => numbers::clock(spike.end),
            other => other,
        },
        numbers::multiple(spike.ratio),
        wording::calls(spike.calls)
    )
}

/// The drifts in one sentence each: `TTFT p95 530 ms → 830 ms (+57 %)`.
fn drifts(days: &Days) -> Vec<String> {
    let of = |drift: &Drift| {
        let (signal, last) = (drift.signal.as_str(), drift.last);
        let level = |value: f64| wording::known(signal, Some(value));
        let Some(first) = drift.first else {
            return format!(
                "traffic mix: {} of the last calls are of another model or service than the first",
                level(last)
            );
        };
        let share = signal.ends_with("_share") || signal.ends_with("_ratio");
        let more = if share || first <= 0.0 {
            String::new()
        } else {
            format!(" ({:+.0} %)", 100.0 * (last / first - 1.0))
        };
        format!("{} {} → {}{more}", wording::signal(signal), level(first), level(last))
    };
    days.drifts.iter().map(of).collect()
}

/// What the drifts are of.
fn drift_heading(days: &Days) -> Option<String> {
    let length = days.drifts.first()?.days;
    Some(match length {
        1 => "Drift from the first day to the last".to_owned(),
        length => format!("Drift from the first {length} days to the last {length}"),
    })
}

/// The window of a spike as `diagnose` takes it.
fn window(spike: &TimelineSpike) -> String {
    let text = |time: DateTime<Utc>| time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let end = spike.end + TimeDelta::milliseconds(999);
    format!("{}/{}", text(spike.start), text(end))
}

/// What the marks mean, and what they do not.
const CANDIDATES: &str = "Marked is where calls took longer than the same work elsewhere in the \
    dump: where to look, not a verdict. `llmspan diagnose` with such a window judges it.";
