//! Public request traces that can drive the arrivals: Azure's CSV and Mooncake's JSON lines.

use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Result};

/// One request of a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceRow {
    /// Seconds since the first request of the file.
    pub at_s: f64,
    /// Prompt tokens.
    pub input_tokens: u32,
    /// Answer tokens.
    pub output_tokens: u32,
    /// Identity of each block of the prompt, first block first; empty where the trace has none.
    pub blocks: Vec<u64>,
}

/// Prompt tokens in one block of the Mooncake traces (their documentation).
pub const BLOCK_TOKENS: u32 = 512;

#[derive(Deserialize)]
struct Mooncake {
    timestamp: f64,
    input_length: u32,
    output_length: u32,
    #[serde(default)]
    hash_ids: Vec<u64>,
}

/// Reads a trace; the kind is told from the content.
pub fn read(path: &Path) -> Result<Vec<TraceRow>> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| Error::Io { path: path.to_owned(), source })?;
    let place = path.display().to_string();
    let rows = if text.trim_start().starts_with('{') {
        mooncake(&text, &place)?
    } else {
        azure(&text, &place)?
    };
    if rows.is_empty() {
        return Err(not_a_trace(&place, "no requests in it"));
    }
    Ok(rows)
}

fn not_a_trace(place: &str, message: &str) -> Error {
    Error::input(
        place,
        format!("not a request trace: {message}"),
        "give Azure's CSV (TIMESTAMP,ContextTokens,GeneratedTokens) or Mooncake's JSON lines (timestamp, input_length, output_length, hash_ids)",
    )
}

fn mooncake(text: &str, place: &str) -> Result<Vec<TraceRow>> {
    let mut rows = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let row: Mooncake = serde_json::from_str(line)
            .map_err(|error| not_a_trace(place, &format!("line {}: {error}", number + 1)))?;
        rows.push(TraceRow {
            at_s: row.timestamp / 1000.0,
            input_tokens: row.input_length,
            output_tokens: row.output_length.max(1),
            blocks: row.hash_ids,
        });
    }
    Ok(rows)
}

fn azure(text: &str, place: &str) -> Result<Vec<TraceRow>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut rows = Vec::new();
    let mut first = None;
    for (number, record) in reader.records().enumerate() {
        let broken = |what: &str| not_a_trace(place, &format!("record {}: {what}", number + 1));
        let record = record.map_err(|error| broken(&error.to_string()))?;
        let field = |at: usize| record.get(at).unwrap_or_default();
        let time = chrono::NaiveDateTime::parse_from_str(field(0), "%Y-%m-%d %H:%M:%S%.f")
            .map_err(|_| broken("the first column is no time"))?;
        let start = *first.get_or_insert(time);
        let tokens =
            |at: usize| field(at).parse::<u32>().map_err(|_| broken("token counts must be whole"));
        #[allow(clippy::cast_precision_loss, reason = "a trace is hours long")]
        let at_s = (time - start).num_microseconds().unwrap_or_default() as f64 / 1e6;
        rows.push(TraceRow {
            at_s,
            input_tokens: tokens(1)?,
            output_tokens: tokens(2)?.max(1),
            blocks: Vec::new(),
        });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_kinds_and_refuses_others() {
        let rows = azure("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.9951690,396,109\n", "t").unwrap();
        assert_eq!((rows[1].input_tokens, rows[1].output_tokens), (396, 109));
        assert!((rows[1].at_s - 4.314_579).abs() < 1e-6);
        let rows = mooncake("{\"timestamp\": 3052, \"input_length\": 6758, \"output_length\": 500, \"hash_ids\": [0, 1]}\n", "t").unwrap();
        assert_eq!((rows[0].at_s, rows[0].blocks.len()), (3.052, 2));
        assert!(azure("a,b\n1,2\n", "t").is_err());
        assert!(mooncake("{\"resourceSpans\": []}\n", "t").is_err());
    }
}
