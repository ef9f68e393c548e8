//! One call taken apart, as text: terminal, Markdown, JSON.

mod markdown;
mod terminal;

use super::{Format, Style, json, neutral, wording};
use crate::diagnosis::{CallFigure, CallPart, Cohort, Explanation, FoundCall, PartSource};

/// Most calls listed for a person; JSON lists them all.
const MOST_LISTED: usize = 20;

/// The explanation in that form, ending in a newline.
pub fn render(explanation: &Explanation, format: Format, style: Style) -> String {
    match format {
        Format::Json => json::text(explanation),
        Format::Markdown => markdown::markdown(&inert(explanation)),
        _ => terminal::terminal(&inert(explanation), style),
    }
}

/// A copy in which every text is inert.
fn inert(explanation: &Explanation) -> Explanation {
    let mut copy = explanation.clone();
    let line = |text: &mut String| *text = neutral::line(text);
    line(&mut copy.asked);
    for found in &mut copy.matches {
        let FoundCall {
            trace_id,
            span_id,
            request_id,
            response_id,
            start: _,
            service_name,
            provider,
            request_model,
            response_model,
            region,
            status,
            duration_s: _,
        } = found;
        line(status);
        let texts = [trace_id, span_id, request_id, response_id, service_name, provider];
        texts.into_iter().flatten().for_each(line);
        [request_model, response_model, region].into_iter().flatten().for_each(line);
    }
    if let Some(call) = &mut copy.call {
        line(&mut call.headline);
        call.findings.iter_mut().for_each(line);
        call.unknown.iter_mut().for_each(line);
        call.parts.iter_mut().for_each(|part| line(&mut part.label));
        let Cohort { calls: _, provider, request_model, service_name } = &mut call.cohort;
        [provider, request_model, service_name].into_iter().flatten().for_each(line);
    }
    copy
}

/// Who served what for whom: `openai gpt-4o for rag-answer, region eu-west-1`.
fn who(found: &FoundCall) -> String {
    let known = |text: &Option<String>, otherwise: &str| {
        text.clone().unwrap_or_else(|| otherwise.to_owned())
    };
    let asked = known(&found.request_model, "unknown model");
    let served = match &found.response_model {
        Some(served) if *served != asked => format!(" (served by {served})"),
        _ => String::new(),
    };
    let region = found.region.as_ref().map_or_else(String::new, |region| format!(", {region}"));
    format!(
        "{} {asked}{served} for {}{region}",
        known(&found.provider, "unknown provider"),
        known(&found.service_name, "unknown service")
    )
}

/// The ids that a call carries, by name.
fn ids(found: &FoundCall) -> Vec<(&'static str, &str)> {
    let all = [
        ("request id", &found.request_id),
        ("response id", &found.response_id),
        ("trace id", &found.trace_id),
        ("span id", &found.span_id),
    ];
    all.into_iter().filter_map(|(name, id)| Some((name, id.as_deref()?))).collect()
}

/// Whom the call is held against, in one sentence.
fn cohort(cohort: &Cohort) -> String {
    let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    format!(
        "Held against {} of model {}, provider {}, service {} in the rest of the dump, at this \
         call's own tokens.",
        wording::counted(cohort.calls as u64, "served call"),
        known(&cohort.request_model),
        known(&cohort.provider),
        known(&cohort.service_name)
    )
}

/// How a part is known, where the spans do not say it.
const fn source(part: &CallPart) -> &'static str {
    match part.source {
        PartSource::Measured => "",
        PartSource::Estimated => "estimated",
        PartSource::Remainder => "what is left",
    }
}

/// A figure and its cohort's: observed, median, range.
fn figure(figure: &CallFigure) -> [String; 4] {
    let shown = |value| wording::quantity(figure.signal, value);
    let range = match (figure.usual_p10, figure.usual_p90) {
        (Some(low), Some(high)) => format!("{} to {}", shown(low), shown(high)),
        _ => String::new(),
    };
    [
        wording::signal(figure.signal),
        shown(figure.observed),
        figure.usual_p50.map_or_else(|| "–".to_owned(), shown),
        range,
    ]
}

/// What to do where several calls carry the id.
fn several(explanation: &Explanation) -> String {
    format!(
        "{} carry {}. Ask for one by its span id.",
        wording::calls(explanation.matches.len()),
        explanation.asked
    )
}
