//! Signals over time: one panel a signal, with baseline, window and onset marked.

use std::borrow::Cow;

use chrono::TimeDelta;

use super::figure::{Figure, file_name};
use super::frame::{self, ABOVE, BELOW, Extent, TimeFrame};
use super::scale::Scale;
use crate::diagnosis::{Diagnosis, Series, Timeline};
use crate::report::markup::Markup;
use crate::report::wording::{self, Unit};

/// Height of a panel's plot, pixels.
const HEIGHT: f64 = 104.0;
/// Bins drawn, at most: more would be finer than a screen.
const BINS: usize = 240;
/// Panels drawn, at most.
const PANELS: usize = 12;
/// Signals with a median and a tail, drawn together.
const PAIRS: [(&str, &str, &str, &str); 3] = [
    ("ttft_over_time", "ttft_p50_s", "ttft_p95_s", "TTFT: time to first token"),
    ("itl_over_time", "itl_p50_s", "itl_p95_s", "ITL: time between tokens"),
    ("duration_over_time", "duration_p50_s", "duration_p95_s", "Duration of the whole call"),
];

/// The panels of the timeline.
pub(crate) fn panels(diagnosis: &Diagnosis, longest: usize) -> Vec<Figure> {
    let Some(timeline) = diagnosis.timeline.as_ref().map(cut) else { return Vec::new() };
    let timeline = &timeline;
    let Some(frame) = frame_of(diagnosis, timeline) else { return Vec::new() };
    let find = |name: &str| {
        let known = |series: &&Series| series.signal == name && has_values(series);
        timeline.series.iter().find(known)
    };
    let mut panels = Vec::new();
    for (name, p50, p95, title) in PAIRS {
        let (p50, p95) = (find(p50), find(p95));
        if p50.is_some() || p95.is_some() {
            panels.push(panel(name, title, &frame, [p50, p95], longest));
        }
    }
    let paired = |name: &str| PAIRS.iter().any(|pair| pair.1 == name || pair.2 == name);
    let mut others: Vec<&Series> =
        timeline.series.iter().filter(|series| !paired(&series.signal)).collect();
    others.sort_by_key(|series| series.signal != "calls_per_minute");
    for series in others {
        if has_values(series) && !never(series) && panels.len() < PANELS {
            let name = format!("{}_over_time", file_name(&series.signal));
            let title = capital(&wording::signal(&series.signal));
            panels.push(panel(&name, &title, &frame, [None, Some(series)], longest));
        }
    }
    panels
}

/// At most [`BINS`] bins of a timeline: those around the start of its window.
fn cut(timeline: &Timeline) -> Cow<'_, Timeline> {
    let bins = timeline.series.iter().map(|series| series.values.len()).max().unwrap_or(0);
    if bins <= BINS {
        return Cow::Borrowed(timeline);
    }
    let from = timeline.window_from.saturating_sub(BINS / 2).min(bins - BINS);
    let shift = |bin: usize| bin.saturating_sub(from).min(BINS);
    let series = timeline.series.iter().map(|series| {
        let to = (from + BINS).min(series.values.len());
        let values = series.values.get(from..to).unwrap_or_default().to_vec();
        Series { signal: series.signal.clone(), values }
    });
    let offset = TimeDelta::try_milliseconds((from as f64 * timeline.bin_s * 1e3) as i64);
    let start = offset.and_then(|offset| timeline.start.checked_add_signed(offset));
    Cow::Owned(Timeline {
        start: start.unwrap_or(timeline.start),
        bin_s: timeline.bin_s,
        window_from: shift(timeline.window_from),
        window_to: shift(timeline.window_to),
        onset_bin: timeline.onset_bin.filter(|bin| (from..from + BINS).contains(bin)).map(shift),
        segment: timeline.segment.clone(),
        series: series.collect(),
    })
}

/// The frame of a timeline; none without bins.
fn frame_of(diagnosis: &Diagnosis, timeline: &Timeline) -> Option<TimeFrame> {
    let bins = timeline.series.iter().map(|series| series.values.len()).max()?;
    let mut frame = TimeFrame {
        start: timeline.start,
        bin_s: timeline.bin_s,
        bins,
        window: (timeline.window_from, timeline.window_to),
        baseline: None,
        onset: None,
    };
    mark(&mut frame, diagnosis);
    if frame.onset.is_none() {
        let at = |bin: usize| {
            let offset_ms = (bin as f64 * timeline.bin_s * 1e3) as i64;
            let time =
                timeline.start.checked_add_signed(TimeDelta::try_milliseconds(offset_ms)?)?;
            Some((frame.edge(bin), time))
        };
        frame.onset = timeline.onset_bin.and_then(at);
    }
    (bins > 0).then_some(frame)
}

/// Marks the baseline, and the onset of the first cause, where they lie within the frame.
pub(super) fn mark(frame: &mut TimeFrame, diagnosis: &Diagnosis) {
    if let Some(baseline) = &diagnosis.baseline {
        let from = frame.place(baseline.start).clamp(0.0, 1.0);
        let to = frame.place(baseline.end).clamp(0.0, 1.0);
        frame.baseline = (to > from).then_some((from, to));
    }
    if let Some(first) = diagnosis.diagnoses.first() {
        let place = frame.place(first.onset);
        frame.onset = (0.0..=1.0).contains(&place).then_some((place, first.onset));
    }
}

/// One panel: `[median, tail]`, or a single series in the tail's place.
fn panel(
    name: &str,
    title: &str,
    frame: &TimeFrame,
    series: [Option<&Series>; 2],
    longest: usize,
) -> Figure {
    let [p50, p95] = series;
    let signal = p95.or(p50).map_or("", |series| &*series.signal);
    let values = series.iter().flatten().flat_map(|series| series.values.iter().flatten());
    let (low, high) = range(values.copied());
    let scale = scale(signal, low, high);
    let at = Extent { top: ABOVE, height: HEIGHT };
    let mut body = Markup::new(longest);
    frame.periods(&mut body, at, true);
    frame::rules(&mut body, &scale, signal, at);
    let counts = wording::unit(signal) == Unit::Plain || signal.ends_with("_share");
    frame::stretched(&mut body, at, |body| {
        if let Some(series) = p50 {
            curve(body, ["p50", "p50 w"], frame, &scale, series);
        }
        match p95 {
            Some(series) if counts => steps(body, frame, &scale, &series.values, HEIGHT),
            Some(series) => curve(body, ["p95", "p95 w"], frame, &scale, series),
            None => {}
        }
    });
    frame.onset(&mut body, at);
    frame.clock(&mut body, at);
    let key = match (p50, p95) {
        (Some(_), Some(_)) => "line: p95, dotted: p50",
        (Some(_), None) => "dotted: p50",
        _ => "",
    };
    Figure {
        name: name.to_owned(),
        title: title.to_owned(),
        key: key.to_owned(),
        summary: summary(frame, signal, p95.or(p50)),
        height: at.bottom() + BELOW,
        has_axis: true,
        body,
    }
}

/// Linear from zero, or logarithmic where one peak would flatten all the rest.
fn scale(signal: &str, low: f64, high: f64) -> Scale {
    match wording::unit(signal) {
        Unit::Share if high <= 1.0 && high > 0.2 => Scale::linear(0.0, 1.0),
        Unit::Time if low > 0.0 && high > low * 60.0 => Scale::log(low * 0.8, high * 1.2),
        _ => Scale::from_zero(high),
    }
}

/// A curve in three parts: before, in and after the window.
fn curve(
    markup: &mut Markup,
    classes: [&'static str; 2],
    frame: &TimeFrame,
    scale: &Scale,
    series: &Series,
) {
    let (from, to) = frame.window;
    let bins = frame.bins;
    let parts = [(classes[0], 0, from), (classes[1], from.max(1) - 1, to), (classes[0], to, bins)];
    for (class, first, end) in parts {
        let first = if end == bins && first > 0 { first - 1 } else { first };
        let points = (first..end.min(bins)).map(|bin| {
            let value = series.values.get(bin).copied().flatten()?;
            Some((frame.middle(bin), scale.place(value)))
        });
        frame::path(markup, class, HEIGHT, points);
    }
}

/// Filled steps in three parts: before, in and after the window.
pub(super) fn steps(
    markup: &mut Markup,
    frame: &TimeFrame,
    scale: &Scale,
    values: &[Option<f64>],
    height: f64,
) {
    let (from, to) = frame.window;
    for (class, first, end) in [("area", 0, from), ("area w", from, to), ("area", to, frame.bins)] {
        let end = end.min(frame.bins);
        if first >= end {
            continue;
        }
        let tops = (first..end).flat_map(|bin| {
            let place = scale.place(values.get(bin).copied().flatten().unwrap_or(0.0));
            [Some((frame.edge(bin), place)), Some((frame.edge(bin + 1), place))]
        });
        let down = [Some((frame.edge(first), 0.0))];
        let close = [Some((frame.edge(end), 0.0))];
        frame::path(markup, class, height, down.into_iter().chain(tops).chain(close));
    }
}

/// The highest of the tail in and outside the window, in words.
fn summary(frame: &TimeFrame, signal: &str, series: Option<&Series>) -> String {
    let Some(series) = series else { return String::new() };
    let (from, to) = frame.window;
    let part = |inside: bool| {
        let bins = series.values.iter().enumerate();
        let of = bins.filter(|(bin, _)| (from..to).contains(bin) == inside);
        let (low, high) = range(of.filter_map(|(_, value)| *value));
        if low > high { None } else { Some((low, high)) }
    };
    let words = |range: Option<(f64, f64)>| {
        range.map_or_else(
            || "not known".to_owned(),
            |(low, high)| {
                let show = |value| wording::quantity(signal, value);
                format!("between {} and {}", show(low), show(high))
            },
        )
    };
    let name = wording::signal(signal);
    format!(
        "{} over time: {} in the window's bins, {} outside it.",
        capital(&name),
        words(part(true)),
        words(part(false))
    )
}

/// Lowest and highest; infinite and reversed of nothing.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let values = values.filter(|value| value.is_finite());
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
}

/// Whether a share of calls is zero throughout: the table of signals says so, no plot is needed.
fn never(series: &Series) -> bool {
    series.signal.ends_with("_share") && series.values.iter().flatten().all(|value| *value == 0.0)
}

fn has_values(series: &Series) -> bool {
    series.values.iter().any(|value| value.is_some_and(f64::is_finite))
}

/// The text with a capital first letter.
pub(super) fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}
