//! A check to text: terminal, Markdown, JSON, and what CI systems read. Renders what was concluded
//! and computes nothing.

mod github;
mod junit;
mod markdown;
mod sarif;
mod terminal;

use std::collections::BTreeMap;

use super::{Style, json, neutral, numbers, wording};
use crate::diagnosis::check::{
    Check, Measure, MeasureOutcome, Objective, ObjectiveOutcome, Recording, SegmentCheck,
};

/// A form of the check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a person at a terminal, or a log.
    Terminal,
    /// For a page or a pull request.
    Markdown,
    /// For programs.
    Json,
    /// JUnit XML, for test reports.
    Junit,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Workflow commands of GitHub Actions.
    Github,
}

impl Format {
    /// Every form, with the name and the file suffix by which it is asked for.
    pub const ALL: [(Self, &'static str, &'static str); 6] = [
        (Self::Terminal, "terminal", "txt"),
        (Self::Markdown, "markdown", "md"),
        (Self::Json, "json", "json"),
        (Self::Junit, "junit", "xml"),
        (Self::Sarif, "sarif", "sarif"),
        (Self::Github, "github", "log"),
    ];

    /// The form of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|entry| entry.1 == name).map(|entry| entry.0)
    }

    /// The form of that file suffix (without its dot, in any case).
    pub fn from_suffix(suffix: &str) -> Option<Self> {
        Self::ALL.iter().find(|entry| entry.2.eq_ignore_ascii_case(suffix)).map(|entry| entry.0)
    }
}

/// The check in that form, ending in a newline.
pub fn render(check: &Check, format: Format, style: Style) -> String {
    match format {
        Format::Terminal => terminal::terminal(&inert(check), style),
        Format::Markdown => markdown::markdown(&inert(check)),
        Format::Json => json::text(check),
        Format::Junit => junit::junit(&inert(check)),
        Format::Sarif => sarif::sarif(&inert(check)),
        Format::Github => github::github(&inert(check)),
    }
}

/// A copy in which every text from spans or file names is inert; the others are our own.
fn inert(check: &Check) -> Check {
    let mut copy = check.clone();
    let line = |text: &mut String| *text = neutral::line(text);
    let segment = |segment: &mut BTreeMap<String, String>| {
        let clean = segment.iter().map(|(name, value)| (neutral::line(name), neutral::line(value)));
        *segment = clean.collect();
    };
    line(&mut copy.candidate.name);
    if let Some(baseline) = &mut copy.baseline {
        line(&mut baseline.name);
    }
    copy.segments.iter_mut().for_each(|of| segment(&mut of.segment));
    copy.objectives.iter_mut().for_each(|of| segment(&mut of.segment));
    for cause in &mut copy.causes {
        segment(&mut cause.segment);
        line(&mut cause.summary);
    }
    copy.notes.iter_mut().for_each(line);
    copy
}

/// `service.name=rag`, or `all calls`.
fn place(segment: &BTreeMap<String, String>) -> String {
    if segment.is_empty() { "all calls".to_owned() } else { wording::slice(segment) }
}

/// `spans.parquet, 500 calls, 2026-11-03 14:00:00 to 14:12:31 UTC`.
fn recording(recording: &Recording) -> String {
    format!(
        "{}, {}, {} to {} UTC",
        recording.name,
        wording::calls(recording.calls),
        numbers::day_and_clock(recording.start),
        wording::until(recording.start, recording.end)
    )
}

/// `1.25× [1.18×, 1.33×]`, `4 % [2 %, 6 %]`.
fn figure(measure: &Measure) -> String {
    let value = wording::quantity(&measure.signal, measure.candidate);
    let interval = wording::interval(&measure.signal, Some(measure.low), Some(measure.high));
    format!("{value} {interval}")
}

/// A measure in one sentence.
fn sentence(segment: &SegmentCheck, measure: &Measure) -> String {
    let before = wording::quantity(&measure.signal, measure.baseline);
    format!(
        "{} in {}: {} against {before}, {} standard errors of runs without change; {} matters.",
        wording::signal(&measure.signal),
        place(&segment.segment),
        figure(measure),
        numbers::decimals(measure.errors, 1),
        wording::quantity(&measure.signal, measure.least)
    )
}

const fn outcome(outcome: MeasureOutcome) -> &'static str {
    match outcome {
        MeasureOutcome::Regressed => "REGRESSED",
        MeasureOutcome::Shifted => "traffic moved",
        MeasureOutcome::Improved => "improved",
        MeasureOutcome::Held => "held",
        MeasureOutcome::Unclear => "unclear",
    }
}

const fn kept(outcome: ObjectiveOutcome) -> &'static str {
    match outcome {
        ObjectiveOutcome::Kept => "kept",
        ObjectiveOutcome::Broken => "BROKEN",
        ObjectiveOutcome::Unknown => "UNKNOWN",
    }
}

/// An objective in one sentence.
fn objective(objective: &Objective) -> String {
    let place = place(&objective.segment);
    let of = wording::calls(objective.calls);
    match (objective.outcome, objective.value) {
        (ObjectiveOutcome::Unknown, _) | (_, None) => {
            format!("{} in {place}: too few calls carry it to say ({of}).", objective.slo)
        }
        (outcome, Some(value)) => {
            let shown = wording::quantity(&objective.signal, value);
            let interval = wording::interval(&objective.signal, objective.low, objective.high);
            let interval = if interval.is_empty() { interval } else { format!(" {interval}") };
            let said = kept(outcome).to_lowercase();
            format!("{} in {place}: {said}, {shown}{interval} over {of}.", objective.slo)
        }
    }
}

/// Every regression with its segment.
fn regressions(check: &Check) -> impl Iterator<Item = (&SegmentCheck, &Measure)> {
    let each = check.segments.iter().flat_map(|of| of.measures.iter().map(move |m| (of, m)));
    each.filter(|(_, measure)| measure.outcome == MeasureOutcome::Regressed)
}

/// Every objective that is not kept.
fn unkept(check: &Check) -> impl Iterator<Item = &Objective> {
    check.objectives.iter().filter(|of| of.outcome != ObjectiveOutcome::Kept)
}

/// Measures that say something: those that stayed at nothing are left out for people.
fn told(segment: &SegmentCheck) -> impl Iterator<Item = &Measure> {
    segment.measures.iter().filter(|measure| {
        measure.outcome != MeasureOutcome::Held
            || measure.signal.contains("same_work")
            || measure.signal.ends_with("_share")
    })
}
