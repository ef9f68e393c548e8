//! The sentences about one call.

use super::Case;
use crate::diagnosis::{CallFigure, CallPart, PartSource};
use crate::signals::frame::Outcome;

/// An excess below this share of the call, or below this time, is not worth a sentence.
const LEAST_SHARE: f64 = 0.05;
const LEAST_EXCESS_S: f64 = 0.02;
/// A place counts as slow from this multiple of its cohort's level.
const SLOW_PLACE: f64 = 1.15;
/// Work and service that explain a slow call where they lie outside the cohort's usual range, and
/// on which side: long prompts, a cold cache, long answers, few accepted drafts, repeated attempts.
const WORTH_SAYING: [(&str, bool, &str); 6] = [
    ("uncached_tokens", true, "prompt tokens to prefill"),
    ("cache_hit_ratio", false, "cache-hit ratio"),
    ("output_tokens", true, "output tokens"),
    ("spec_acceptance_ratio", false, "draft acceptance"),
    ("batch_size", true, "sequences in the batch"),
    ("attempts", true, "HTTP attempts"),
];

/// The answer in one sentence.
pub fn headline(case: &Case<'_>) -> String {
    let duration = case.frame.duration_s[case.row];
    if !duration.is_finite() {
        return "How long your LLM call took is not known: its span never ended.".to_owned();
    }
    let took = format!("Your LLM call took {}", seconds(duration));
    match (case.frame.outcomes[case.row], case.same_work_s()) {
        (Outcome::Censored, _) => {
            format!("{took} and was cut off: a whole answer would have taken longer.")
        }
        (Outcome::Failed, _) => format!("{took} and failed: it is not held against whole answers."),
        (Outcome::Served, Some(usual)) if usual > 0.0 => {
            let times = duration / usual;
            format!("{took}; the same work usually takes {} ({times:.2}×).", seconds(usual))
        }
        (Outcome::Served, _) => format!("{took}; what the same work usually takes is not known."),
    }
}

/// What stands out, the largest excess first.
pub fn findings(case: &Case<'_>, parts: &[CallPart], figures: &[CallFigure]) -> Vec<String> {
    let least = LEAST_EXCESS_S.max(LEAST_SHARE * case.frame.duration_s[case.row]);
    let mut over: Vec<(&CallPart, f64)> = parts
        .iter()
        .filter_map(|part| Some((part, part.observed_s - part.usual_s?)))
        .filter(|(_, excess)| *excess >= least)
        .collect();
    over.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut found: Vec<String> = over
        .iter()
        .map(|(part, excess)| {
            let usual = part.usual_s.unwrap_or_default();
            let (seen, more) = (seconds(part.observed_s), seconds(*excess));
            format!("{}: {seen}, usually {}: {more} more.", capital(&part.label), seconds(usual))
        })
        .collect();
    found.extend(place(case));
    found.extend(figures.iter().filter_map(work));
    if found.is_empty() && case.same_work_s().is_some() {
        found.push("No part of it stands out from its cohort.".to_owned());
    }
    found
}

/// Where it was served, if calls there are usually slower than the cohort's.
fn place(case: &Case<'_>) -> Option<String> {
    let (frame, expected, row) = (case.frame, case.expected, case.row);
    let slower = |values: &[f64], seen: &[f64], what: &str| {
        let slower = seen[row].is_finite() && values[row] >= SLOW_PLACE;
        (slower && case.peers.enough()).then(|| format!("{what} {:.2}×", values[row]))
    };
    let figures = [
        slower(&expected.ttft_place, &expected.seen_ttft_s, "TTFT"),
        slower(&expected.itl_place, &expected.seen_itl_s, "time per token"),
        slower(&expected.whole_place, &expected.seen_whole_s, "duration"),
    ];
    let figures: Vec<String> = figures.into_iter().flatten().collect();
    let names = [
        ("region", &frame.region),
        ("pool", &frame.pool),
        ("fingerprint", &frame.fingerprint),
        ("served model", &frame.response_model),
        ("tier", &frame.tier),
    ];
    let names: Vec<String> = names
        .iter()
        .filter_map(|(name, codes)| Some(format!("{name} {}", codes.get(row)?)))
        .collect();
    let (what, place) = (figures.join(" and "), names.join(", "));
    let both = !figures.is_empty() && !names.is_empty();
    both.then(|| format!("Where it was served ({place}), {what} of the cohort's is usual."))
}

/// A figure outside its cohort's usual range, on the side that makes a call slow.
fn work(figure: &CallFigure) -> Option<String> {
    let (_, above, label) = WORTH_SAYING.iter().find(|entry| entry.0 == figure.signal)?;
    let (low, middle, high) = (figure.usual_p10?, figure.usual_p50?, figure.usual_p90?);
    let unusual = if *above { figure.observed > high } else { figure.observed < low };
    let of = |value: f64| {
        if figure.signal.ends_with("_ratio") {
            format!("{:.0} %", value * 100.0)
        } else {
            count(value)
        }
    };
    unusual.then(|| {
        let (seen, middle) = (of(figure.observed), of(middle));
        let (low, high) = (of(low), of(high));
        format!("Its work or its service differs: {label} {seen}, usually {middle} (p10 {low}, p90 {high}).")
    })
}

/// What is not known, and what would tell.
pub fn unknown(case: &Case<'_>, parts: &[CallPart]) -> Vec<String> {
    let (frame, row) = (case.frame, case.row);
    let mut list = Vec::new();
    let mut say = |missing: bool, text: &str| {
        if missing {
            list.push(text.to_owned());
        }
    };
    let streamed = frame.ttft_s[row].is_finite();
    let input = frame.input_tokens[row].is_finite();
    say(
        !streamed,
        "No usable time of the first chunk: waiting and decoding are told apart by the \
        cohort's rates alone, or not at all.",
    );
    say(!input, "The prompt's tokens are not recorded: prefill cannot be estimated.");
    say(
        input && !case.cache_known,
        "Cache reads are not recorded: the whole prompt is taken as \
        uncached.",
    );
    say(
        frame.output_tokens[row].is_nan(),
        "The answer's tokens are not recorded: the rate of \
        decoding is unknown.",
    );
    say(
        frame.attempts[row].is_nan(),
        "No HTTP attempts are recorded: retries and waits in the \
        client cannot be told from service.",
    );
    say(
        frame.queue_wait_s[row].is_nan(),
        "No queue time is reported: a wait on the server cannot \
        be told from the network.",
    );
    let guessed = parts.iter().any(|part| part.source == PartSource::Estimated);
    say(
        guessed,
        "Estimated parts lay the cohort's own rate on this call's tokens: a slower \
        machine would show in the remainder.",
    );
    let few = !case.peers.enough();
    let calls = case.peers.calls();
    say(
        few,
        &format!(
            "The rest of the dump holds {calls} served calls of the same model, provider \
        and service: too few to say what is usual."
        ),
    );
    list
}

/// The label of what comes before the first token and is not told apart.
pub fn wait(on_server: bool, queue_known: bool) -> String {
    let holds = match (on_server, queue_known) {
        (false, false) => "network, queue, set-up",
        (false, true) => "network, set-up",
        (true, false) => "queue, set-up",
        (true, true) => "set-up",
    };
    format!("first token: {holds}")
}

/// The label of prefill.
pub fn prefill(tokens: f64, cache_known: bool) -> String {
    let kind = if cache_known { "uncached" } else { "prompt" };
    format!("prefill of {} {kind} tokens", count(tokens))
}

/// The label of decode, with its rate where the time per token is known.
pub fn decode(tokens: f64, itl_s: f64) -> String {
    if !tokens.is_finite() {
        return "decode".to_owned();
    }
    let rate = 1.0 / itl_s;
    if rate.is_finite() && rate > 0.0 {
        let places = usize::from(rate < 20.0);
        format!("decode of {} tokens at {rate:.places$}/s", count(tokens))
    } else {
        format!("decode of {} tokens", count(tokens))
    }
}

/// Seconds as a person says them: `0.4 ms`, `2,340 ms`, `12.3 s`.
fn seconds(value: f64) -> String {
    match value.abs() {
        size if size < 0.009_95 => format!("{:.1} ms", value * 1e3),
        size if size < 9.9995 => format!("{} ms", count(value * 1e3)),
        _ => format!("{value:.1} s"),
    }
}

/// A count with thousands separators; the fraction of a small one is kept.
fn count(value: f64) -> String {
    if value.abs() < 10.0 && (value - value.round()).abs() > 0.05 {
        return format!("{value:.1}");
    }
    let digits = format!("{:.0}", value.max(0.0));
    let mut text = String::with_capacity(digits.len() + 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
