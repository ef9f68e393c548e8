//! Which of the known layouts a table of spans has, told by its columns.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// Columns named in the message that refuses a table.
const COLUMNS_TOLD: usize = 24;

/// A table's columns: name and type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    types: BTreeMap<String, String>,
}

/// A layout of spans in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// The collector's exporter with maps of text; HyperDX (ClickStack) fills the same.
    Map,
    /// The collector's exporter with the JSON type.
    Json,
    /// SigNoz's index of spans, version 3.
    Signoz,
}

impl Columns {
    /// The columns out of the answer to [`super::describe`].
    pub fn parse(answer: &str) -> Self {
        let pair = |line: &str| {
            let mut cells = line.split('\t');
            Some((cells.next()?.to_owned(), cells.next()?.to_owned()))
        };
        Self { types: answer.lines().filter_map(pair).collect() }
    }

    /// What the exporter creates, for who wants to see the query without asking a server.
    pub fn of_the_exporter() -> Self {
        let map = "Map(LowCardinality(String), String)";
        let columns = [
            ("Timestamp", "DateTime64(9)"),
            ("TraceId", "String"),
            ("SpanId", "String"),
            ("ParentSpanId", "String"),
            ("SpanName", "LowCardinality(String)"),
            ("SpanKind", "LowCardinality(String)"),
            ("ServiceName", "LowCardinality(String)"),
            ("ResourceAttributes", map),
            ("ScopeName", "String"),
            ("ScopeVersion", "String"),
            ("SpanAttributes", map),
            ("Duration", "UInt64"),
            ("StatusCode", "LowCardinality(String)"),
            ("Events.Timestamp", "Array(DateTime64(9))"),
            ("Events.Name", "Array(LowCardinality(String))"),
            ("Events.Attributes", "Array(Map(LowCardinality(String), String))"),
        ];
        let owned = |(name, kind): (&str, &str)| (name.to_owned(), kind.to_owned());
        Self { types: columns.into_iter().map(owned).collect() }
    }

    /// Whether there is a column of that name; one of a nested structure that was not flattened
    /// can be named with a dot too.
    pub fn has(&self, name: &str) -> bool {
        let nested = || {
            let (parent, _) = name.split_once('.')?;
            self.types.get(parent).map(|kind| kind.contains("Tuple") || kind.contains("Nested"))
        };
        self.types.contains_key(name) || nested().unwrap_or(false)
    }

    /// The type of a column; empty where there is none.
    pub fn kind(&self, name: &str) -> &str {
        self.types.get(name).map_or("", String::as_str)
    }

    /// The layout that these columns are.
    ///
    /// # Errors
    /// They are none of spans; `place` names the table in the message.
    pub fn layout(&self, place: &str) -> Result<Layout> {
        let all = |names: &[&str]| names.iter().all(|name| self.has(name));
        if all(&["timestamp", "trace_id", "duration_nano", "attributes_string"]) {
            return Ok(Layout::Signoz);
        }
        if all(&["Timestamp", "TraceId", "SpanId", "SpanAttributes", "Duration"]) {
            let kind = self.kind("SpanAttributes");
            let json = kind.starts_with("JSON") || kind.starts_with("Object");
            return Ok(if json { Layout::Json } else { Layout::Map });
        }
        let names: Vec<&str> = self.types.keys().map(String::as_str).collect();
        let more = names.len().saturating_sub(COLUMNS_TOLD);
        let mut told = names.into_iter().take(COLUMNS_TOLD).collect::<Vec<_>>().join(", ");
        if more > 0 {
            told.push_str(&format!(" and {more} more"));
        }
        let message = format!(
            "a table, but not of spans. Looked for the collector's `otel_traces` (Timestamp, \
             TraceId, SpanId, SpanAttributes, Duration) and SigNoz's `signoz_index_v3` \
             (timestamp, trace_id, duration_nano, attributes_string). Found the columns {told}"
        );
        Err(Error::input(place, message, "name the table of spans with ?table="))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_tell_the_layout() {
        assert_eq!(Columns::of_the_exporter().layout("t").unwrap(), Layout::Map);
        let json = "Timestamp\tDateTime64(9)\t\nTraceId\tString\nSpanId\tString\n\
                    SpanAttributes\tJSON(max_dynamic_paths=100)\nDuration\tUInt64\nEvents\tNested(Name String)";
        let json = Columns::parse(json);
        assert_eq!(json.layout("t").unwrap(), Layout::Json);
        assert!(json.has("Events.Name") && !json.has("Links.Name"));
        let signoz = Columns::parse(
            "timestamp\tDateTime64(9)\ntrace_id\tFixedString(32)\nduration_nano\tUInt64\n\
             attributes_string\tMap(String, String)",
        );
        assert_eq!(signoz.layout("t").unwrap(), Layout::Signoz);
    }

    #[test]
    fn another_table_is_refused_with_what_it_holds() {
        let error = Columns::parse("id\tUInt64\nprice\tFloat64").layout("db.orders").unwrap_err();
        assert!(error.to_string().contains("Found the columns id, price"), "{error}");
        assert_eq!(error.exit_code(), 3);
    }
}
