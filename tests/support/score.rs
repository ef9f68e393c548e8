//! Scores diagnoses against labelled cases.

use std::collections::{BTreeMap, HashSet};
use std::time::Instant;

use llmspan::calls::CallTable;
use llmspan::schema::{Col, SEGMENT_PREFIX};
use llmspan::stats::calibrate::expected_error;
use llmspan::stats::quantile::{mean, median};
use rayon::prelude::*;
use serde_json::Value;

use super::threshold_tree;
use super::truth::{Case, TrueCause, map, seconds};

/// Calls that a slice must share with the true one to be the same slice (Jaccard's index).
const SAME_SLICE: f64 = 0.9;

/// What was answered about a case, read from the contract's JSON.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// `spike`, `no_spike`, `insufficient_data`, or `error`.
    pub verdict: String,
    /// The ranked causes.
    pub said: Vec<Said>,
    pub undecidable: Vec<String>,
    pub window_calls: usize,
    /// The message where it failed.
    pub error: Option<String>,
    pub seconds: f64,
}

/// One ranked cause.
#[derive(Debug, Clone, Default)]
pub struct Said {
    pub cause: String,
    pub confidence: f64,
    pub share: f64,
    pub segment: BTreeMap<String, String>,
    /// Span ids of the window's calls in that segment; none where its attribute is no column.
    pub members: Option<HashSet<String>>,
    pub onset_s: Option<f64>,
    /// Request ids.
    pub cited: Vec<String>,
}

impl Answer {
    /// The first answer in the truth's words.
    pub fn top(&self) -> &str {
        match (self.verdict.as_str(), self.said.first()) {
            ("spike", Some(first)) => &first.cause,
            ("spike", None) => "spike_without_cause",
            ("no_spike", _) => "none",
            (other, _) => other,
        }
    }

    /// Reads the contract's JSON.
    pub fn read(report: &Value, table: &CallTable, case: &Case) -> Self {
        let said = |entry: &Value| {
            let segment = map(&entry["segment"]);
            Said {
                cause: entry["cause"].as_str().unwrap_or_default().to_owned(),
                confidence: entry["confidence"].as_f64().unwrap_or(0.0),
                share: entry["share"].as_f64().unwrap_or(0.0),
                members: members(table, case, &segment),
                segment,
                onset_s: seconds(&entry["onset"]),
                cited: entry["request_ids"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|cited| cited["request_id"].as_str().map(str::to_owned))
                    .collect(),
            }
        };
        let list = |key: &str| report[key].as_array().cloned().unwrap_or_default();
        let cause = |entry: &Value| entry["cause"].as_str().map(str::to_owned);
        Self {
            verdict: report["verdict"].as_str().unwrap_or("error").to_owned(),
            said: list("diagnoses").iter().map(said).collect(),
            undecidable: list("undecidable").iter().filter_map(cause).collect(),
            window_calls: report["window"]["calls"].as_u64().unwrap_or(0) as usize,
            ..Self::default()
        }
    }
}

/// Span ids of the window's calls in a segment, looked up in the table.
fn members(
    table: &CallTable,
    case: &Case,
    segment: &BTreeMap<String, String>,
) -> Option<HashSet<String>> {
    let mut kept = vec![true; table.len()];
    for (name, value) in segment {
        let column = column_of(table, name)?;
        let codes = table.codes(&column);
        for (row, kept) in kept.iter_mut().enumerate() {
            *kept &= codes.get(row) == Some(value);
        }
    }
    let rows = (0..table.len()).filter(|row| kept[*row]);
    let spans = rows.filter_map(|row| table.text(Col::SpanId, row));
    Some(spans.filter(|span| case.spans.contains(span)).collect())
}

fn column_of(table: &CallTable, name: &str) -> Option<String> {
    let known = match name {
        "gen_ai.request.model" => "request_model",
        "gen_ai.response.model" => "response_model",
        "gen_ai.provider.name" | "gen_ai.system" => "provider",
        "gen_ai.operation.name" => "operation",
        "gen_ai.provider.region" | "cloud.region" => "region",
        "gen_ai.provider.pool_id" => "pool_id",
        "tenant.id" => "tenant",
        "session.id" | "gen_ai.conversation.id" => "session_id",
        other => other,
    };
    let plain = known.replace('.', "_");
    if Col::from_name(&plain).is_some() {
        return Some(plain);
    }
    let kept = table.segment_names().iter().any(|have| have == name);
    kept.then(|| format!("{SEGMENT_PREFIX}{name}"))
}

/// One scored case.
#[derive(Debug, Clone)]
pub struct Scored {
    pub case: Case,
    pub answer: Answer,
    pub tree: Answer,
}

/// How one answer did on one case.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    pub acceptable: bool,
    pub false_alarm: bool,
    pub missed: bool,
    /// None where there is nothing to score.
    pub segment_right: Option<bool>,
    pub onset_error_s: Option<f64>,
    pub cited: usize,
    pub cited_right: usize,
}

/// Marks an answer.
pub fn mark(case: &Case, answer: &Answer) -> Marks {
    let top = answer.top();
    let truth = case.cause(top).filter(|_| answer.verdict == "spike");
    let first = answer.said.first();
    let cited: Vec<&String> = answer.said.iter().flat_map(|said| &said.cited).collect();
    Marks {
        acceptable: case.acceptable.iter().any(|have| have == top),
        false_alarm: !case.is_spike && answer.verdict == "spike",
        missed: case.is_spike
            && answer.verdict != "spike"
            && !case.acceptable.iter().any(|have| have == top),
        segment_right: truth
            .filter(|truth| truth.segment_visible)
            .zip(first)
            .map(|(truth, said)| same_slice(truth, said)),
        onset_error_s: truth.zip(first).and_then(|(truth, said)| {
            Some((said.onset_s? - truth.onset_s).abs()).filter(|error| error.is_finite())
        }),
        cited: cited.len(),
        cited_right: cited.iter().filter(|id| case.affected_ids.contains(**id)).count(),
    }
}

fn same_slice(truth: &TrueCause, said: &Said) -> bool {
    if truth.segment == said.segment {
        return true;
    }
    said.members.as_ref().is_some_and(|members| {
        let both = members.intersection(&truth.members).count() as f64;
        let either = members.union(&truth.members).count() as f64;
        either > 0.0 && both / either >= SAME_SLICE
    })
}

/// Diagnoses and scores every case, in parallel; the order is the cases'.
pub fn score(cases: &[Case]) -> Vec<Scored> {
    cases.par_iter().map(score_one).collect()
}

fn score_one(case: &Case) -> Scored {
    let failed =
        |error: String| Answer { verdict: "error".into(), error: Some(error), ..Answer::default() };
    let begun = Instant::now();
    let input = [case.dump.display().to_string()];
    let (table, ingest) = match llmspan::read(&input, &llmspan::ingest::Options::default()) {
        Ok(read) => read,
        Err(error) => {
            let answer = failed(error.to_string());
            return Scored { case: case.clone(), tree: answer.clone(), answer };
        }
    };
    let mut answer = match llmspan::diagnose(&table, ingest, &case.args) {
        Ok(diagnosis) => {
            let report = serde_json::to_value(&diagnosis).expect("a diagnosis is JSON");
            Answer::read(&report, &table, case)
        }
        Err(error) => failed(error.to_string()),
    };
    answer.seconds = begun.elapsed().as_secs_f64();
    let tree = threshold_tree::answer(&table, case);
    Scored { case: case.clone(), answer, tree }
}

/// The figures of a whole run; shares are 0 to 1, none where there was nothing to score.
#[derive(Debug, Clone, Default)]
pub struct Totals {
    pub acceptable: Option<f64>,
    pub acceptable_incidents: usize,
    pub incidents: usize,
    pub false_alarms: usize,
    pub healthy: usize,
    pub missed: Option<f64>,
    pub segment_right: Option<f64>,
    pub onset_error_s: Option<f64>,
    pub cited_right: Option<f64>,
    /// Expected calibration error of the first-ranked causes, and of all.
    pub ece: Option<f64>,
    pub ece_all: Option<f64>,
    /// The same of the first-ranked, where only the true cause is right and not one that these spans
    /// cannot tell from it.
    pub ece_true: Option<f64>,
}

/// Printed confidence and whether it was right, of the first-ranked or of every cause.
pub fn confidences<'a>(
    pairs: impl Iterator<Item = (&'a Case, &'a Answer)>,
    all: bool,
) -> Vec<(f64, bool)> {
    let of = |(case, answer): (&Case, &Answer)| -> Vec<(f64, bool)> {
        let said = answer.said.iter().enumerate().take(if all { usize::MAX } else { 1 });
        said.map(|(at, said)| (said.confidence, case.is_right(&said.cause, at + 1))).collect()
    };
    pairs.flat_map(of).collect()
}

/// Printed confidence of the first-ranked cause and whether it is the true one.
pub fn true_confidences<'a>(
    pairs: impl Iterator<Item = (&'a Case, &'a Answer)>,
) -> Vec<(f64, bool)> {
    let of = |(case, answer): (&Case, &Answer)| {
        let first = answer.said.first()?;
        Some((first.confidence, case.labels.contains(&first.cause)))
    };
    pairs.filter_map(of).collect()
}

/// Sums up.
pub fn totals<'a>(pairs: impl Iterator<Item = (&'a Case, &'a Answer)> + Clone) -> Totals {
    let marks: Vec<(&Case, Marks)> =
        pairs.clone().map(|(case, answer)| (case, mark(case, answer))).collect();
    let share = |values: Vec<bool>| {
        mean(&values.iter().map(|v| f64::from(u8::from(*v))).collect::<Vec<_>>())
    };
    let spikes = || marks.iter().filter(|(case, _)| case.is_spike);
    let strong = |case: &Case| !matches!(case.severity.as_str(), "subtle" | "mild");
    let onsets: Vec<f64> = marks.iter().filter_map(|(_, marks)| marks.onset_error_s).collect();
    let cited: usize = marks.iter().map(|(_, marks)| marks.cited).sum();
    let cited_right: usize = marks.iter().map(|(_, marks)| marks.cited_right).sum();
    Totals {
        acceptable: share(marks.iter().map(|(_, marks)| marks.acceptable).collect()),
        acceptable_incidents: spikes().filter(|(_, marks)| marks.acceptable).count(),
        incidents: spikes().count(),
        false_alarms: marks.iter().filter(|(_, marks)| marks.false_alarm).count(),
        healthy: marks.len() - spikes().count(),
        missed: share(spikes().filter(|(case, _)| strong(case)).map(|(_, m)| m.missed).collect()),
        segment_right: share(marks.iter().filter_map(|(_, marks)| marks.segment_right).collect()),
        onset_error_s: median(&onsets),
        cited_right: (cited > 0).then(|| cited_right as f64 / cited as f64),
        ece: expected_error(&confidences(pairs.clone(), false), 10),
        ece_all: expected_error(&confidences(pairs.clone(), true), 10),
        ece_true: expected_error(&true_confidences(pairs), 10),
    }
}

/// The pairs of cases and llmspan's answers.
pub fn answers(scored: &[Scored]) -> impl Iterator<Item = (&Case, &Answer)> + Clone {
    scored.iter().map(|scored| (&scored.case, &scored.answer))
}

/// The pairs of cases and the tree's answers.
pub fn tree_answers(scored: &[Scored]) -> impl Iterator<Item = (&Case, &Answer)> + Clone {
    scored.iter().map(|scored| (&scored.case, &scored.tree))
}
