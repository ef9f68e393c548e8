//! The SQL that repeats a line of evidence on the call table.

use serde::Serialize;

/// A query that DuckDB runs as it stands where `calls.parquet` lies
/// (`llmspan normalize INPUT... -o calls.parquet`). It gives a row for `baseline` and one for
/// `window`, or several of each where it counts by an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Query {
    /// Whether its `value` is the line's own figure.
    pub gives: Gives,
    /// The query, in ASCII: other characters of names are written as `chr(…)`.
    pub sql: String,
}

/// What a query gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Gives {
    /// The figures of the line, as `value` beside its `period`.
    Figures,
    /// What a fitted line rests on: "at the same work" is no plain query, its raw figures are.
    RawFigures,
}
