//! The text of a query: ASCII only, so that what prints it never has to change it.

use chrono::{DateTime, SecondsFormat};

use super::{Asked, Column, Figure};
use crate::signals::frame::{BUFFERED_SHARE, Outcome, Side};
use crate::windows::Range;

/// Calls whose duration says something about service.
pub const SERVED: &str = "status IS DISTINCT FROM 'error'";
/// Longest value that is written whole, in characters; a longer one is known by its beginning and
/// its length.
const LONGEST: usize = 120;

/// The expression of a figure, and which calls it is about.
pub fn figure(figure: &Figure, asked: &Asked<'_>) -> (String, Vec<String>) {
    match figure {
        Figure::Mean(of) => (format!("avg({})", column(*of)), kept(*of)),
        Figure::Quantile(of, q) => {
            let mut conditions = vec![SERVED.to_owned()];
            conditions.extend(kept(*of));
            (format!("quantile_cont({}, {q})", column(*of)), conditions)
        }
        Figure::HitRatio => {
            let told = "cache_read_tokens IS NOT NULL AND input_tokens IS NOT NULL";
            ("sum(cache_read_tokens) / sum(input_tokens)".to_owned(), vec![told.to_owned()])
        }
        Figure::Served { attribute: name, value } => {
            let column = attribute(name, true).unwrap_or_default();
            let served = holds(&column, value);
            (format!("count(*) FILTER ({served}) / count({column})"), Vec::new())
        }
        Figure::Ended(outcome) => {
            let ended = match outcome {
                Outcome::Failed => "status = 'error'",
                Outcome::Censored => "status IN ('timeout', 'cancelled')",
                Outcome::Served => "status = 'ok'",
            };
            (format!("count(*) FILTER ({ended}) / count(*)"), Vec::new())
        }
        Figure::PerMinute => {
            let (baseline, window) = (asked.seconds(Side::Baseline), asked.seconds(Side::Window));
            let seconds = format!("CASE period WHEN 'window' THEN {window} ELSE {baseline} END");
            (format!("count(*) * 60.0 / any_value({seconds})"), Vec::new())
        }
    }
}

pub const fn column(column: Column) -> &'static str {
    match column {
        Column::Duration => "duration_s",
        Column::Ttft => "ttft_s",
        Column::Itl => "itl_s",
        Column::GapP50 => "itl_p50_s",
        Column::GapP99 => "itl_p99_s",
        Column::Input => "input_tokens",
        Column::Uncached => "coalesce(uncached_tokens, input_tokens)",
        Column::CacheWrite => "cache_write_tokens",
        Column::Output => "output_tokens",
        Column::QueueWait => "queue_wait_s",
        Column::Batch => "batch_size",
        Column::Waiting => "waiting_requests",
        Column::Acceptance => "spec_acceptance_ratio",
        Column::Attempts => "attempts",
        Column::RetryWait => "retry_wait_s",
        Column::ClientWait => "client_wait_s",
    }
}

/// A stream whose first chunk came with its last tells neither TTFT nor ITL.
pub fn kept(column: Column) -> Vec<String> {
    if matches!(column, Column::Ttft | Column::Itl) {
        vec![format!("(ttft_s >= {BUFFERED_SHARE} * duration_s) IS NOT TRUE")]
    } else {
        Vec::new()
    }
}

/// The column of an attribute; `known` ones have a column of their own, the others stand under
/// their name, where that can be written.
pub fn attribute(name: &str, known: bool) -> Option<String> {
    let own = match name {
        "service.name" => "service_name",
        "gen_ai.request.model" => "request_model",
        "tenant.id" => "tenant",
        "gen_ai.provider.region" => "region",
        "gen_ai.provider.pool_id" => "pool_id",
        "gen_ai.prompt.name" => "prompt_name",
        "gen_ai.provider.name" => "provider",
        "gen_ai.response.model" => "response_model",
        "gen_ai.response.system_fingerprint" => "system_fingerprint",
        "openai.response.service_tier" => "service_tier",
        _ => "",
    };
    if known {
        return (!own.is_empty()).then(|| own.to_owned());
    }
    let writable = name.len() <= LONGEST && name.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let prefix = crate::schema::SEGMENT_PREFIX;
    writable.then(|| format!("\"{prefix}{}\"", name.replace('"', "\"\"")))
}

/// The condition that a column holds a value.
pub fn holds(column: &str, value: &str) -> String {
    let length = value.chars().count();
    if length <= LONGEST {
        return format!("{column} = {}", literal(value));
    }
    let beginning: String = value.chars().take(LONGEST).collect();
    format!("starts_with({column}, {}) AND length({column}) = {length}", literal(&beginning))
}

/// A text literal: what is not printable ASCII stands as its code point.
fn literal(text: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut run = String::new();
    let close = |run: &mut String, parts: &mut Vec<String>| {
        if !run.is_empty() {
            parts.push(format!("'{}'", std::mem::take(run).replace('\'', "''")));
        }
    };
    for character in text.chars() {
        if (' '..='~').contains(&character) {
            run.push(character);
        } else {
            close(&mut run, &mut parts);
            parts.push(format!("chr({})", u32::from(character)));
        }
    }
    close(&mut run, &mut parts);
    match parts.as_slice() {
        [] => "''".to_owned(),
        [one] => one.clone(),
        _ => format!("({})", parts.join(" || ")),
    }
}

/// The whole query.
pub fn select(
    window: &Range,
    baseline: &[Range],
    by: &[&str],
    columns: &[(&str, String)],
    conditions: &[String],
) -> String {
    let mut shown = vec!["period".to_owned()];
    shown.extend(by.iter().map(|name| (*name).to_owned()));
    shown.extend(columns.iter().map(|(name, value)| format!("{value} AS {name}")));
    shown.push("count(*) AS calls".to_owned());
    let stretch = |range: &Range, period: &str| {
        let (from, to) = (instant(range.start_ns), instant(range.end_ns));
        format!("    WHEN start >= '{from}'\n     AND start < '{to}' THEN '{period}'\n")
    };
    let mut text = format!("SELECT {}\nFROM (\n  SELECT *, CASE\n", shown.join(",\n  "));
    text.push_str(&stretch(window, "window"));
    baseline.iter().for_each(|range| text.push_str(&stretch(range, "baseline")));
    text.push_str("    END AS period\n  FROM 'calls.parquet'\n)\nWHERE period IS NOT NULL");
    conditions.iter().for_each(|condition| text.push_str(&format!("\n  AND {condition}")));
    text.push_str("\nGROUP BY ALL ORDER BY ALL;");
    text
}

fn instant(ns: i64) -> String {
    DateTime::from_timestamp_nanos(ns).to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_end_a_literal_and_stay_ascii() {
        assert_eq!(holds("service_name", "rag"), "service_name = 'rag'");
        assert_eq!(literal("a' OR '1'='1"), "'a'' OR ''1''=''1'");
        assert_eq!(literal("caf\u{e9}\u{202e}x"), "('caf' || chr(233) || chr(8238) || 'x')");
        assert_eq!(literal(""), "''");
        assert_eq!(attribute("a\"b", false), Some("\"attr.a\"\"b\"".to_owned()));
        assert_eq!(attribute("a\u{202e}", false), None);
    }

    #[test]
    fn a_long_value_is_known_by_its_beginning_and_length() {
        let condition = holds("tenant", &"x".repeat(1_000_000));
        assert!(condition.len() < 250 && condition.ends_with("length(tenant) = 1000000"));
    }
}
