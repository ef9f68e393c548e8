//! The SQL behind each line of evidence, for whoever wants to repeat it.

use super::wording;
use crate::diagnosis::{Evidence, Gives, RankedCause};

/// How to make the table that the queries ask.
pub const TABLE: &str = "SQL for DuckDB on the table that `llmspan normalize INPUT... -o \
    calls.parquet` writes. A line \"at the same work\" or \"from\" something is fitted call by \
    call and is no plain query: for it stand the raw figures that it rests on.";

/// One query with the figures that it repeats.
pub struct Asked<'a> {
    /// `TTFT p95: 610 ms → 2,020 ms`.
    pub title: String,
    /// The query.
    pub sql: &'a str,
}

/// The queries of a cause, in the order of its evidence.
pub fn of(cause: &RankedCause) -> Vec<Asked<'_>> {
    let with_query = cause.evidence.iter().filter_map(|line| Some((line, line.query.as_ref()?)));
    with_query
        .map(|(line, query)| Asked { title: title(line, query.gives), sql: &query.sql })
        .collect()
}

fn title(line: &Evidence, gives: Gives) -> String {
    let signal = line.signal.as_str();
    let (before, after) =
        (wording::known(signal, line.baseline), wording::known(signal, line.window));
    let name = wording::signal(signal);
    let note = line.note.as_deref().filter(|_| signal == "served_share");
    let note = note.map_or_else(String::new, |note| format!(" ({note})"));
    match gives {
        Gives::Figures => format!("{name}{note}: {before} → {after}"),
        Gives::RawFigures => format!("{name}, fitted, {after}: what it rests on"),
    }
}
