//! The check as JUnit XML, in the shape that the Ant task wrote and every CI system reads.

use super::{figure, objective, place, regressions, sentence, unkept};
use crate::diagnosis::check::{Check, MeasureOutcome, ObjectiveOutcome};
use crate::report::wording;

/// One suite: a case a figure and segment, and one an objective.
pub(super) fn junit(check: &Check) -> String {
    let measures: usize = check.segments.iter().map(|segment| segment.measures.len()).sum();
    let unknown = |outcome: ObjectiveOutcome| outcome == ObjectiveOutcome::Unknown;
    let errors = check.objectives.iter().filter(|entry| unknown(entry.outcome)).count();
    let failures = regressions(check).count() + unkept(check).count() - errors;
    let tests = measures + check.objectives.len();
    let timestamp = check.candidate.start.format("%Y-%m-%dT%H:%M:%S");
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite \
         name=\"llmspan check\" package=\"llmspan\" id=\"0\" timestamp=\"{timestamp}\" \
         hostname=\"localhost\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" \
         time=\"0\">\n    <properties>\n"
    );
    let named = check.baseline.iter().map(|baseline| ("baseline", &baseline.name));
    for (name, value) in named.chain([("checked", &check.candidate.name)]) {
        let value = text(value);
        out.push_str(&format!("      <property name=\"{name}\" value=\"{value}\"/>\n"));
    }
    out.push_str("    </properties>\n");
    for segment in &check.segments {
        for measure in &segment.measures {
            let name = text(&wording::signal(&measure.signal));
            let class = text(&place(&segment.segment));
            let failure = (measure.outcome == MeasureOutcome::Regressed).then(|| {
                failed("failure", "regressed", &figure(measure), &sentence(segment, measure))
            });
            case(&mut out, &name, &class, failure);
        }
    }
    for entry in &check.objectives {
        let (name, class) = (text(&entry.slo), text(&place(&entry.segment)));
        let said = objective(entry);
        let failure = match entry.outcome {
            ObjectiveOutcome::Kept => None,
            ObjectiveOutcome::Broken => Some(failed("failure", "broken", &said, &said)),
            ObjectiveOutcome::Unknown => Some(failed("error", "unknown", &said, &said)),
        };
        case(&mut out, &name, &class, failure);
    }
    let headline = text(&check.headline);
    out.push_str(&format!(
        "    <system-out>{headline}</system-out>\n    <system-err></system-err>\n"
    ));
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn case(out: &mut String, name: &str, class: &str, failure: Option<String>) {
    out.push_str(&format!("    <testcase name=\"{name}\" classname=\"{class}\" time=\"0\""));
    match failure {
        Some(failure) => out.push_str(&format!(">{failure}</testcase>\n")),
        None => out.push_str("/>\n"),
    }
}

fn failed(element: &str, kind: &str, message: &str, body: &str) -> String {
    let (message, body) = (text(message), text(body));
    format!("<{element} type=\"{kind}\" message=\"{message}\">{body}</{element}>")
}

/// Text in an attribute or an element; what XML cannot hold at all was made inert before.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(character),
        }
    }
    out
}
