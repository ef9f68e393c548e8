//! Prints what was scored: what a person who tunes the diagnosis needs, and the table of measures.

use std::collections::BTreeMap;
use std::fmt::Write;

use llmspan::stats::calibrate::reliability;

use super::score::{
    Answer, Scored, Totals, answers, confidences, mark, totals, tree_answers, true_confidences,
};
use super::truth::Case;

/// Everything that was measured, as text.
pub fn report(scored: &[Scored]) -> String {
    let mut out = String::new();
    cases_table(&mut out, scored);
    confusion(&mut out, scored);
    group_table(&mut out, scored, "observability", |case| &case.observability);
    group_table(&mut out, scored, "severity", |case| &case.severity);
    group_table(&mut out, scored, "dialect", |case| &case.dialect);
    reliability_table(&mut out, scored);
    measures(&mut out, scored);
    out
}

fn cases_table(out: &mut String, scored: &[Scored]) {
    let legend =
        "ok: + acceptable, x wrong, F false alarm, M missed; seg: + right, x wrong, - unscored";
    let _ = writeln!(out, "\ncases ({legend}; said: cause confidence/share)");
    for Scored { case, answer, .. } in scored {
        case_line(out, case, answer);
        let ranked: Vec<String> = answer
            .said
            .iter()
            .map(|s| format!("{} {:.2}/{:.2}{}", s.cause, s.confidence, s.share, slice(&s.segment)))
            .collect();
        let said = if ranked.is_empty() { answer.top().to_owned() } else { ranked.join(" | ") };
        let truth = case.cause(answer.top()).map_or(String::new(), |truth| slice(&truth.segment));
        let _ = writeln!(out, "    truth{truth} {} calls\n    said  {said}", case.window_calls);
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

fn case_line(out: &mut String, case: &Case, answer: &Answer) {
    let marks = mark(case, answer);
    let ok = match (marks.false_alarm, marks.missed, marks.acceptable) {
        (true, ..) => "F",
        (_, true, _) => "M",
        (.., true) => "+",
        _ => "x",
    };
    let segment = marks.segment_right.map_or("-", |right| if right { "+" } else { "x" });
    let onset = marks.onset_error_s.map_or("-".into(), |error| format!("{error:.0}"));
    let _ = writeln!(
        out,
        "{ok} {:<12} {:<28} {:<8} {:<8} {:<12} seg {segment} onset {onset:>4} s cited {:>2}/{:<2} {:.1} s",
        case.name,
        case.label(),
        case.severity,
        case.observability,
        case.dialect,
        marks.cited_right,
        marks.cited,
        answer.seconds,
    );
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
    let tables = [
        ("first-ranked, the true cause", true_confidences(answers(scored))),
        ("first-ranked, acceptable", confidences(answers(scored), false)),
        ("every ranked cause, acceptable", confidences(answers(scored), true)),
    ];
    for (name, pairs) in tables {
        let _ = writeln!(out, "\nreliability, {name}: bin, count, said, right");
        for bin in reliability(&pairs, 10) {
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
    line("calibration error, the true cause", &|t| t.ece_true, "", "<= 0.05");
    line("calibration error, an acceptable cause", &|t| t.ece, "", "");
    line("calibration error, all ranked, acceptable", &|t| t.ece_all, "", "");
    let _ = writeln!(out, "{} incidents, {} healthy windows", own.incidents, own.healthy);
}

fn figure(value: Option<f64>, unit: &str) -> String {
    let digits = if unit.is_empty() { 3 } else { 0 };
    value.map_or("-".into(), |value| format!("{value:.digits$}{unit}"))
}
