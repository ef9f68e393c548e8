//! Scores diagnoses against labelled cases and prints what a person who tunes them needs.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::time::Instant;

use llmspan::calls::CallTable;
use llmspan::schema::{Col, SEGMENT_PREFIX};
use llmspan::stats::calibrate::{expected_error, reliability};
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
        ece_all: expected_error(&confidences(pairs, true), 10),
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

/// Everything that was measured, as text.
pub fn report(scored: &[Scored]) -> String {
    let mut out = String::new();
    cases_table(&mut out, scored);
    confusion(&mut out, scored);
    let groups: [(&str, fn(&Case) -> &str); 3] = [
        ("observability", |case| &case.observability),
        ("severity", |case| &case.severity),
        ("dialect", |case| &case.dialect),
    ];
    for (name, key) in groups {
        group_table(&mut out, scored, name, key);
    }
    reliability_table(&mut out, scored);
    measures(&mut out, scored);
    out
}

fn cases_table(out: &mut String, scored: &[Scored]) {
    let _ = writeln!(
        out,
        "\ncases (ok: + acceptable, x wrong, F false alarm, M missed; seg: + right, x wrong, - unscored)"
    );
    for Scored { case, answer, .. } in scored {
        let marks = mark(case, answer);
        let ok = match &marks {
            marks if marks.false_alarm => "F",
            marks if marks.missed => "M",
            marks if marks.acceptable => "+",
            _ => "x",
        };
        let segment = marks.segment_right.map_or("-", |right| if right { "+" } else { "x" });
        let onset = marks.onset_error_s.map_or("-".into(), |error| format!("{error:.0}"));
        let ranked: Vec<String> = answer
            .said
            .iter()
            .map(|s| format!("{} {:.2}/{:.2}{}", s.cause, s.confidence, s.share, slice(&s.segment)))
            .collect();
        let said = if ranked.is_empty() { answer.top().to_owned() } else { ranked.join(" | ") };
        let truth = case.cause(answer.top()).map_or(String::new(), |truth| slice(&truth.segment));
        let _ = writeln!(
            out,
            "{ok} {:<12} {:<28} {:<8} {:<8} {:<12} seg {segment} onset {onset:>4} s cited {:>2}/{:<2} {:.1} s\n    truth{truth} calls {}\n    said  {said}",
            case.name,
            case.label(),
            case.severity,
            case.observability,
            case.dialect,
            marks.cited_right,
            marks.cited,
            answer.seconds,
            case.window_calls,
        );
        if answer.window_calls != case.window_calls {
            let _ = writeln!(out, "    the window holds {} calls", answer.window_calls);
        }
        if let Some(error) = &answer.error {
            let _ = writeln!(out, "    error {error}");
        }
        if !answer.undecidable.is_empty() {
            let _ = writeln!(out, "    undecidable {}", answer.undecidable.join(" "));
        }
    }
}

fn slice(segment: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = segment.iter().map(|(key, value)| format!("{key}={value}")).collect();
    if pairs.is_empty() { " {}".into() } else { format!(" {{{}}}", pairs.join(", ")) }
}

fn confusion(out: &mut String, scored: &[Scored]) {
    let mut rows: BTreeMap<String, (usize, usize, BTreeMap<&str, usize>)> = BTreeMap::new();
    for Scored { case, answer, .. } in scored {
        let row = rows.entry(case.label()).or_default();
        row.0 += 1;
        row.1 += usize::from(mark(case, answer).acceptable);
        *row.2.entry(answer.top()).or_default() += 1;
    }
    let _ = writeln!(out, "\nconfusion: truth, acceptable of all, what was said first");
    for (label, (count, right, said)) in rows {
        let said: Vec<String> =
            said.iter().map(|(said, count)| format!("{said} {count}")).collect();
        let _ = writeln!(out, "  {label:<32} {right:>3}/{count:<3} {}", said.join(", "));
    }
}

fn group_table(out: &mut String, scored: &[Scored], name: &str, key: fn(&Case) -> &str) {
    let mut rows: BTreeMap<&str, Vec<&Scored>> = BTreeMap::new();
    for scored in scored {
        rows.entry(key(&scored.case)).or_default().push(scored);
    }
    let _ = writeln!(out, "\nby {name}: acceptable of all, segment right, median onset error");
    for (value, group) in rows {
        let pairs = || group.iter().map(|scored| (&scored.case, &scored.answer));
        let totals = totals(pairs());
        let right = pairs().filter(|(case, answer)| mark(case, answer).acceptable).count();
        let _ = writeln!(
            out,
            "  {value:<20} {right:>3}/{:<3} {} {}",
            group.len(),
            figure(totals.segment_right, ""),
            figure(totals.onset_error_s, " s"),
        );
    }
}

fn reliability_table(out: &mut String, scored: &[Scored]) {
    for (name, all) in [("first-ranked", false), ("every ranked cause", true)] {
        let _ = writeln!(out, "\nreliability, {name}: bin, count, said, right");
        for bin in reliability(&confidences(answers(scored), all), 10) {
            let (said, right) = (bin.said, bin.right);
            let _ = writeln!(
                out,
                "  {:.1}-{:.1} {:>4} {said:.2} {right:.2}",
                bin.from, bin.to, bin.count
            );
        }
    }
}

fn measures(out: &mut String, scored: &[Scored]) {
    let (own, tree) = (totals(answers(scored)), totals(tree_answers(scored)));
    let alarms = |t: &Totals| (t.healthy > 0).then(|| t.false_alarms as f64 / t.healthy as f64);
    let top1 =
        |t: &Totals| (t.incidents > 0).then(|| t.acceptable_incidents as f64 / t.incidents as f64);
    let _ =
        writeln!(out, "\n{:<44} {:>8} {:>10} {:>8}", "measure", "llmspan", "threshold", "wanted");
    let mut line = |name: &str, of: &dyn Fn(&Totals) -> Option<f64>, unit: &str, wanted: &str| {
        let (own, tree) = (figure(of(&own), unit), figure(of(&tree), unit));
        let _ = writeln!(out, "{name:<44} {own:>8} {tree:>10} {wanted:>8}");
    };
    line("first-ranked acceptable, all cases", &|t| t.acceptable, "", ">= 0.92");
    line("first-ranked acceptable, incidents", &top1, "", ">= 0.92");
    line("false alarms on healthy windows", &alarms, "", "<= 0.02");
    line("missed, moderate and severe", &|t| t.missed, "", "<= 0.05");
    line("segment right", &|t| t.segment_right, "", ">= 0.85");
    line("median error of onset", &|t| t.onset_error_s, " s", "<= 45 s");
    line("cited ids truly affected", &|t| t.cited_right, "", ">= 0.97");
    line("expected calibration error, first-ranked", &|t| t.ece, "", "<= 0.05");
    line("expected calibration error, all ranked", &|t| t.ece_all, "", "");
    let _ = writeln!(out, "{} incidents, {} healthy windows", own.incidents, own.healthy);
}

fn figure(value: Option<f64>, unit: &str) -> String {
    let digits = if unit.is_empty() { 3 } else { 0 };
    value.map_or("-".into(), |value| format!("{value:.digits$}{unit}"))
}
