//! A gate on recordings: one against another, or against objectives, judged with the figures of the
//! diagnosis.
//!
//! A window inside a dump has normal traffic around it; a recording stands alone. What two runs
//! differ by without any change is not seen between them, so it is inferred from how far parts of
//! each differ from one another (`level`, `between`), on top of the noise of their calls.

mod between;
mod judge;
mod level;
mod objectives;
mod pair;
mod same_work;

use std::collections::BTreeMap;

use chrono::DateTime;

pub use pair::{Pair, one_dump, two_dumps};

use crate::diagnosis::check::{
    CHECK_SCHEMA, Check, CheckCause, MeasureOutcome, ObjectiveOutcome, Recording, SegmentCheck,
};
use crate::diagnosis::{Diagnosis, Ingest};
use crate::error::{Error, Result};
use crate::settings::Settings;
use crate::signals::Signals;
use crate::signals::frame::Periods;
use crate::slo::Slo;
use crate::windows::{Range, Split};

/// Fewest calls of the baseline and of the candidate.
const LEAST_BASELINE: usize = 20;
const LEAST_CANDIDATE: usize = 8;

/// The attributes whose values are segments where nobody says otherwise.
pub const USUAL_SEGMENTS: [&str; 2] = ["service.name", "gen_ai.request.model"];

/// What to check.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The objectives.
    pub slos: Vec<Slo>,
    /// The attributes whose values are segments; none for the usual ones.
    pub by: Vec<String>,
}

/// Holds the candidate against the baseline, and against the objectives.
///
/// # Errors
/// Too few calls on a side, or an attribute to tell segments apart by that no call carries.
pub fn check(pair: &Pair, ingest: Ingest, asked: &Asked, settings: &Settings) -> Result<Check> {
    let Pair { table, split, .. } = pair;
    let (before, after) = (split.baseline_calls(), split.window_rows.len());
    if before < LEAST_BASELINE || after < LEAST_CANDIDATE {
        return Err(Error::usage(
            format!("{before} calls in the baseline and {after} to check are too few to compare"),
            format!("record at least {LEAST_BASELINE} and {LEAST_CANDIDATE}; some hundreds tell"),
        ));
    }
    let signals = Signals::new(table, &periods(split), settings);
    let by = dimensions(&signals, &asked.by)?;
    let segments = judge::segments(&signals, &by);
    let mut found = Check {
        baseline: Some(recording(&pair.baseline, baseline_span(split), before)),
        notes: notes(pair, &signals, &by),
        segments,
        ..objectives_only(pair, ingest, asked)?
    };
    conclude(&mut found);
    Ok(found)
}

/// Holds the candidate against objectives alone.
///
/// # Errors
/// A candidate without calls, or an attribute to tell segments apart by that no call carries.
pub fn objectives_only(pair: &Pair, ingest: Ingest, asked: &Asked) -> Result<Check> {
    let Pair { table, split, .. } = pair;
    if split.window_rows.is_empty() {
        return Err(Error::usage(
            "there is no call to check",
            "give a dump, or a window of it, that holds LLM calls",
        ));
    }
    let objectives = objectives::objectives(table, &split.window_rows, asked)?;
    let mut found = Check {
        schema: CHECK_SCHEMA,
        passed: true,
        headline: String::new(),
        baseline: None,
        candidate: recording(&pair.candidate, pair.candidate_span, split.window_rows.len()),
        segments: Vec::new(),
        objectives,
        causes: Vec::new(),
        notes: Vec::new(),
        ingest,
    };
    conclude(&mut found);
    Ok(found)
}

/// Adds the causes that the diagnosis of the same pair names.
pub fn explain(check: &mut Check, diagnosis: &Diagnosis) {
    let causes = diagnosis.diagnoses.iter().map(|found| CheckCause {
        cause: found.cause,
        owner: found.owner,
        confidence: found.confidence,
        segment: found.segment.clone(),
        summary: found.summary.clone(),
    });
    check.causes = causes.collect();
}

/// Whether anything of the latencies or failures regressed, objectives aside.
pub fn regressed(check: &Check) -> bool {
    regressions(&check.segments) > 0
}

fn regressions(segments: &[SegmentCheck]) -> usize {
    let measures = segments.iter().flat_map(|segment| &segment.measures);
    measures.filter(|measure| measure.outcome == MeasureOutcome::Regressed).count()
}

fn conclude(check: &mut Check) {
    let count = regressions(&check.segments);
    let broken = check.objectives.iter().filter(|o| o.outcome != ObjectiveOutcome::Kept).count();
    check.passed = count + broken == 0;
    let compared = match (&check.baseline, count) {
        (None, _) => None,
        (Some(_), 0) => Some("nothing regressed".to_owned()),
        (Some(_), 1) => Some("1 figure regressed".to_owned()),
        (Some(_), count) => Some(format!("{count} figures regressed")),
    };
    let kept = match (check.objectives.len(), broken) {
        (0, _) => None,
        (1, 0) => Some("the objective is kept".to_owned()),
        (all, 0) => Some(format!("all {all} objectives are kept")),
        (all, broken) => Some(format!("{broken} of {all} objectives not kept")),
    };
    let parts: Vec<String> = compared.into_iter().chain(kept).collect();
    check.headline = parts.join(", ");
}

fn recording(name: &str, span: Range, calls: usize) -> Recording {
    Recording {
        name: name.to_owned(),
        start: DateTime::from_timestamp_nanos(span.start_ns),
        end: DateTime::from_timestamp_nanos(span.end_ns.saturating_sub(1).max(span.start_ns)),
        calls,
    }
}

fn baseline_span(split: &Split) -> Range {
    split.baseline_span().unwrap_or(split.window)
}

fn periods(split: &Split) -> Periods {
    let of = |range: &Range| (range.start_ns, range.end_ns);
    Periods {
        window: of(&split.window),
        baseline: split.baseline.iter().map(of).collect(),
        picked_from: 1,
        one_in: 1,
    }
}

/// The dimensions by which segments are told apart.
fn dimensions(signals: &Signals, by: &[String]) -> Result<Vec<usize>> {
    let place = |name: &str| signals.slices.dimensions.iter().position(|have| have.name == name);
    if by.is_empty() {
        return Ok(USUAL_SEGMENTS.iter().filter_map(|name| place(name)).collect());
    }
    let known = || {
        let names = signals.slices.dimensions.iter().map(|have| have.name.as_str());
        names.take(12).collect::<Vec<_>>().join(", ")
    };
    let of = |name: &String| {
        place(name).ok_or_else(|| {
            let shown = name.escape_debug();
            Error::usage(
                format!("--by {shown}: no call carries it, or each call its own"),
                format!("these calls can be told apart by {}", known()),
            )
        })
    };
    by.iter().map(of).collect()
}

/// What a reader must know: values that the candidate no longer shows, and a single baseline run.
fn notes(pair: &Pair, signals: &Signals, by: &[usize]) -> Vec<String> {
    let mut notes = pair.notes.clone();
    for at in by {
        let dimension = &signals.slices.dimensions[*at];
        let mut counts: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
        for (code, side) in dimension.codes.codes.iter().zip(&signals.frame.sides) {
            let count = counts.entry(*code).or_default();
            match side {
                crate::signals::frame::Side::Baseline => count.0 += 1,
                crate::signals::frame::Side::Window => count.1 += 1,
                crate::signals::frame::Side::Neither => {}
            }
        }
        for (code, (before, after)) in counts {
            let Some(value) = dimension.codes.values.get(code as usize) else { continue };
            if before >= LEAST_BASELINE && after < LEAST_CANDIDATE {
                notes.push(format!(
                    "{}={value}: {before} calls in the baseline, {after} to check: not compared.",
                    dimension.name
                ));
            }
        }
    }
    notes
}
