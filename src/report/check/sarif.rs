//! The check as SARIF 2.1.0 (OASIS), for code scanning.

use serde_json::{Value, json};

use super::{objective, place, regressions, sentence, unkept};
use crate::diagnosis::check::Check;
use crate::report::{json as text, wording};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// One run: a result for each regression and each objective that is not kept.
pub(super) fn sarif(check: &Check) -> String {
    let mut rules: Vec<(String, String)> = Vec::new();
    let mut results: Vec<Value> = Vec::new();
    let mut add = |rule: String, said: String, what: String, segment: String| {
        let index = rules.iter().position(|have| have.0 == rule).unwrap_or_else(|| {
            rules.push((rule.clone(), what));
            rules.len() - 1
        });
        results.push(json!({
            "ruleId": rule,
            "ruleIndex": index,
            "level": "error",
            "message": { "text": said },
            "locations": [{
                "physicalLocation": { "artifactLocation": { "uri": uri(&check.candidate.name) } },
                "logicalLocations": [{ "fullyQualifiedName": segment, "kind": "resource" }],
            }],
            "partialFingerprints": { "figure/v1": format!("{rule} {segment}") },
        }));
    };
    for (segment, measure) in regressions(check) {
        let what = format!("{} regressed", wording::signal(&measure.signal));
        let place = place(&segment.segment);
        add(measure.signal.clone(), sentence(segment, measure), what, place);
    }
    for entry in unkept(check) {
        let what = format!("{} is not kept", entry.slo);
        add(format!("slo/{}", entry.slo), objective(entry), what, place(&entry.segment));
    }
    let rules: Vec<Value> = rules
        .iter()
        .map(|(id, what)| json!({ "id": id, "shortDescription": { "text": what } }))
        .collect();
    text::text(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "llmspan",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "invocations": [{ "executionSuccessful": true }],
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": { "passed": check.passed, "headline": check.headline },
        }],
    }))
}

/// A file's name as a relative reference: what a URI cannot hold is escaped.
fn uri(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let escaped = name.bytes().map(|byte| {
        if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    });
    escaped.collect()
}
