//! One call for an incident page.

use super::{MOST_LISTED, cohort, figure, ids, several, source, who};
use crate::diagnosis::{CallFigure, CallPart, CallParts, Explanation, FoundCall};
use crate::report::markdown::{code, escape};
use crate::report::{numbers, wording};

/// The page, ending in a newline.
pub fn markdown(explanation: &Explanation) -> String {
    let mut blocks: Vec<String> = Vec::new();
    match (&explanation.call, explanation.matches.first()) {
        (Some(call), Some(found)) => {
            blocks.push(format!("**{}**", escape(&call.headline)));
            let start = numbers::day_and_clock(found.start);
            let about = format!("{start} UTC · {} · {}", found.status, who(found));
            blocks.push(escape(&about));
            blocks
                .push(bullets(ids(found).iter().map(|(name, id)| format!("{name} {}", code(id)))));
            blocks.push(bullets(call.findings.iter().map(|text| escape(text))));
            blocks.extend(waterfall(call));
            blocks.extend(figures(&call.figures));
            blocks.push(bullets(call.unknown.iter().map(|text| escape(text))));
            blocks.push(escape(&cohort(&call.cohort)));
        }
        _ => {
            blocks.push(escape(&several(explanation)));
            blocks.push(list(explanation));
        }
    }
    blocks.push(escape(&wording::read(&explanation.ingest).join(" ")));
    blocks.retain(|block| !block.is_empty());
    blocks.join("\n\n") + "\n"
}

fn bullets(texts: impl Iterator<Item = String>) -> String {
    texts.map(|text| format!("- {text}")).collect::<Vec<_>>().join("\n")
}

fn waterfall(call: &CallParts) -> Option<String> {
    let known = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), numbers::seconds);
    let row = |part: &CallPart| {
        let from = numbers::seconds(part.from_s);
        let (took, usual) = (numbers::seconds(part.observed_s), known(part.usual_s));
        format!("| {} | {from} | {took} | {usual} | {} |", escape(&part.label), source(part))
    };
    let rows: Vec<String> = call.parts.iter().map(row).collect();
    let whole = (known(call.duration_s), known(call.same_work_s));
    (!rows.is_empty()).then(|| {
        format!(
            "| part | from | took | usually | |\n|---|--:|--:|--:|---|\n{}\n| **the whole call** | | \
             **{}** | **{}** | |",
            rows.join("\n"),
            whole.0,
            whole.1
        )
    })
}

fn figures(figures: &[CallFigure]) -> Option<String> {
    let row = |shown: &CallFigure| {
        let cells = figure(shown).map(|cell| escape(&cell));
        format!("| {} |", cells.join(" | "))
    };
    let rows: Vec<String> = figures.iter().map(row).collect();
    (!rows.is_empty()).then(|| {
        format!("| | this call | median | p10 to p90 |\n|---|--:|--:|---|\n{}", rows.join("\n"))
    })
}

fn list(explanation: &Explanation) -> String {
    let row = |found: &FoundCall| {
        let or_dash = |text: &Option<String>| text.as_deref().map_or_else(|| "–".to_owned(), code);
        let took = found.duration_s.map_or_else(|| "–".to_owned(), numbers::seconds);
        format!(
            "| {} | {} | {took} | {} | {} |",
            or_dash(&found.span_id),
            numbers::day_and_clock(found.start),
            escape(&found.status),
            or_dash(&found.request_model)
        )
    };
    let rows: Vec<String> = explanation.matches.iter().take(MOST_LISTED).map(row).collect();
    let more = explanation.matches.len().saturating_sub(MOST_LISTED);
    let more =
        if more > 0 { format!("\n\nand {} more", numbers::len(more)) } else { String::new() };
    format!(
        "| span id | start, UTC | took | status | model |\n|---|---|--:|---|---|\n{}{more}",
        rows.join("\n")
    )
}
