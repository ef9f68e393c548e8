//! The SQL that asks a table of spans for the LLM calls of a stretch of time, made from what the
//! tables of the dialects want.
//!
//! What is sent back has the columns of the table itself, so that the ordinary reader of Parquet
//! reads it like any export of that table: only fewer rows, and fewer attributes.

mod bag;
mod columns;
mod tally;
mod words;

pub use columns::{Columns, Layout};
pub use tally::Bins;

use self::bag::Bag;
use self::words::{list, name, text, tuple};
use super::Stretch;
use super::address::Address;
use crate::ingest::wanted::{Keep, Wanted};

const SECOND_NS: i64 = 1_000_000_000;
/// SigNoz's buckets of spans are this long.
const SIGNOZ_BUCKET_S: i64 = 1800;

/// The parts of a span as the columns of a layout have them.
struct Shape {
    start: &'static str,
    trace: &'static str,
    span_name: &'static str,
    service: &'static str,
    /// Spans that are HTTP attempts, if their attributes say so: those of clients, and of no
    /// stated kind.
    client: &'static str,
    /// Columns sent as they are, where the table has them.
    plain: &'static [&'static str],
    span: Vec<Bag>,
    /// Column sent, and what of it.
    resource: Vec<(&'static str, Bag)>,
}

/// The question which columns the table has.
pub fn describe(address: &Address) -> String {
    format!("DESCRIBE TABLE {} FORMAT TabSeparated", table(address))
}

/// What is asked of one table.
#[derive(Debug)]
pub struct Asking<'a> {
    /// Where it is.
    pub address: &'a Address,
    /// Its columns.
    pub columns: &'a Columns,
    /// How they are laid out.
    pub layout: Layout,
    /// The stretches of time.
    pub times: &'a [Stretch],
    /// What the dialects want.
    pub wanted: &'a Wanted,
}

impl Asking<'_> {
    /// The question how many calls there are, which reads little more than the names of attributes.
    pub fn count(&self) -> String {
        let shape = Shape::new(self.layout, self.columns);
        let (table, time) = (table(self.address), self.within(&shape));
        let call = calls(&shape, self.wanted);
        format!(
            "SELECT count()\nFROM {table} AS t\nWHERE {time}\n  AND {call}\nFORMAT TabSeparated"
        )
    }

    /// The question for the spans: of one trace in so many, told by a hash of its id, so that the
    /// sample is the same each time and a trace is in it whole or not at all.
    pub fn select(&self, one_in: u64) -> String {
        let (columns, wanted) = (self.columns, self.wanted);
        let shape = Shape::new(self.layout, columns);
        let plain = shape.plain.iter().filter(|column| columns.has(column));
        let mut sent: Vec<String> =
            plain.map(|column| format!("t.{} AS {0}", name(column))).collect();
        for (bag, column) in shape.span.iter().zip(span_columns(self.layout)) {
            sent.push(format!("{} AS {}", bag.kept(wanted, true), name(column)));
        }
        for (column, bag) in &shape.resource {
            sent.push(format!("{} AS {}", bag.kept(wanted, false), name(column)));
        }
        sent.extend(events(self.layout, columns, wanted));
        let trace = format!("t.{}", name(shape.trace));
        let mut time = self.within(&shape);
        if one_in > 1 {
            time.push_str(&format!("\n  AND cityHash64({trace}) % {one_in} = 0"));
        }
        let (call, attempt) = (calls(&shape, wanted), attempts(&shape, wanted));
        let table = table(self.address);
        format!(
            "SELECT\n    {}\nFROM {table} AS t\nWHERE {time}\n  AND ({call}\n    OR ({attempt}\n      \
             AND ({}\n        OR {trace} GLOBAL IN (\n          SELECT {trace} FROM {table} AS t\n          \
             WHERE {time} AND {call}))))\nFORMAT Parquet",
            sent.join(",\n    "),
            generating(&shape, wanted),
        )
    }

    /// The stretches of time and the services, in the terms that the table is partitioned and
    /// sorted by, so that what lies outside is not read.
    fn within(&self, shape: &Shape) -> String {
        let start = format!("t.{}", name(shape.start));
        let stretch = |time: &Stretch| {
            let (from, to) = (time.start_ns, time.end_ns);
            let (from_s, to_s) = (from.div_euclid(SECOND_NS), to.div_euclid(SECOND_NS));
            let mut terms = vec![
                format!("{start} >= fromUnixTimestamp64Nano({from})"),
                format!("{start} < fromUnixTimestamp64Nano({to})"),
            ];
            if self.layout == Layout::Signoz && self.columns.has("ts_bucket_start") {
                let bucket = from_s.saturating_sub(SIGNOZ_BUCKET_S);
                terms.push(format!("t.`ts_bucket_start` >= {bucket}"));
                terms.push(format!("t.`ts_bucket_start` <= {to_s}"));
            }
            terms.join(" AND ")
        };
        let time = match self.times {
            [only] => stretch(only),
            several => {
                let each: Vec<String> =
                    several.iter().map(|time| format!("({})", stretch(time))).collect();
                format!("({})", each.join("\n    OR "))
            }
        };
        match self.address.services.as_slice() {
            [] => time,
            services => {
                let services: Vec<&str> = services.iter().map(String::as_str).collect();
                format!("{time}\n  AND t.{} IN {}", name(shape.service), tuple(&services))
            }
        }
    }
}

fn table(address: &Address) -> String {
    format!("{}.{}", name(&address.database), name(&address.table))
}

fn span_columns(layout: Layout) -> &'static [&'static str] {
    match layout {
        Layout::Map | Layout::Json => &["SpanAttributes"],
        Layout::Signoz => &["attributes_string", "attributes_number", "attributes_bool"],
    }
}

impl Shape {
    fn new(layout: Layout, columns: &Columns) -> Self {
        let map = |column: &str, text| Bag::Map { column: format!("t.{}", name(column)), text };
        let json = |column: &str| {
            let keys = format!("{column}Keys");
            let keys = columns.has(&keys).then(|| format!("t.{}", name(&keys)));
            Bag::Json { column: format!("t.{}", name(column)), keys }
        };
        match layout {
            Layout::Signoz => Self {
                start: "timestamp",
                trace: "trace_id",
                span_name: "name",
                service: "resource_string_service$$name",
                client: "t.`kind` NOT IN (1, 2, 4, 5)",
                plain: SIGNOZ_PLAIN,
                span: vec![
                    map("attributes_string", true),
                    map("attributes_number", false),
                    map("attributes_bool", false),
                ],
                resource: vec![("resources_string", map("resources_string", true))],
            },
            Layout::Map | Layout::Json => {
                let of = |column: &str| match layout {
                    Layout::Json => json(column),
                    _ => map(column, true),
                };
                Self {
                    start: "Timestamp",
                    trace: "TraceId",
                    span_name: "SpanName",
                    service: "ServiceName",
                    client: "lower(replaceOne(toString(t.`SpanKind`), 'SPAN_KIND_', '')) NOT IN \
                             ('internal', 'server', 'producer', 'consumer')",
                    plain: EXPORTER_PLAIN,
                    span: vec![of("SpanAttributes")],
                    resource: vec![("ResourceAttributes", of("ResourceAttributes"))],
                }
            }
        }
    }
}

const EXPORTER_PLAIN: &[&str] = &[
    "Timestamp",
    "TraceId",
    "SpanId",
    "ParentSpanId",
    "SpanName",
    "SpanKind",
    "ServiceName",
    "ScopeName",
    "ScopeVersion",
    "Duration",
    "StatusCode",
];

const SIGNOZ_PLAIN: &[&str] = &[
    "timestamp",
    "trace_id",
    "span_id",
    "parent_span_id",
    "name",
    "kind",
    "status_code",
    "duration_nano",
    "scope_name",
    "scope_version",
];

/// Whether a span is an LLM call, or a wrapper or server view of one.
fn calls(shape: &Shape, wanted: &Wanted) -> String {
    let mut any = carried(shape, &kept_by(wanted, Keep::Always));
    let names = wanted.span_names();
    if !names.is_empty() {
        any.push(format!("has({}, t.{})", list(&names), name(shape.span_name)));
    }
    format!("({})", any.join("\n      OR "))
}

/// Whether a span is an HTTP request of a client.
fn attempts(shape: &Shape, wanted: &Wanted) -> String {
    let any = carried(shape, &kept_by(wanted, Keep::IfClient));
    format!("{} AND ({})", shape.client, any.join(" OR "))
}

/// Whether a request is one that has an answer generated: such attempts are asked for wherever
/// they stand, for some libraries write them into a trace of their own.
fn generating(shape: &Shape, wanted: &Wanted) -> String {
    let attempts = wanted.attempts();
    let endpoints: Vec<&str> = attempts.endpoints.iter().map(|end| &**end).collect();
    let Some(bag) = shape.span.first() else { return "0".to_owned() };
    let hit = |url: &str| format!("multiSearchAny({}, {})", bag.value(url), list(&endpoints));
    let hits: Vec<String> = attempts.urls.iter().map(|url| hit(url)).collect();
    if hits.is_empty() || endpoints.is_empty() { "0".to_owned() } else { hits.join(" OR ") }
}

fn kept_by(wanted: &Wanted, keep: Keep) -> Vec<&str> {
    let keeps = |attr: &&str| wanted.attr(attr).is_some_and(|want| want.keep == keep);
    wanted.attr_names().into_iter().filter(keeps).collect()
}

fn carried(shape: &Shape, names: &[&str]) -> Vec<String> {
    shape.span.iter().map(|bag| bag.has_any(names)).collect()
}

/// The wanted events, as the layout has them.
fn events(layout: Layout, columns: &Columns, wanted: &Wanted) -> Vec<String> {
    let events = wanted.events();
    let names: Vec<&str> = events.iter().map(|(event, ..)| *event).collect();
    let mut attrs: Vec<&str> = events.iter().flat_map(|(.., attrs)| attrs.clone()).collect();
    attrs.sort_unstable();
    attrs.dedup();
    let (names, attrs_list) = (list(&names), list(&attrs));
    if layout == Layout::Signoz {
        let attributes = "JSONExtractKeysAndValuesRaw(e, 'attributeMap')";
        let kept = format!(
            "concat('{{', arrayStringConcat(arrayMap(p -> concat(toJSONString(p.1), ':', p.2), \
             arrayFilter(p -> has({attrs_list}, p.1), {attributes})), ','), '}}')"
        );
        let event = format!(
            "concat('{{\"name\":', JSONExtractRaw(e, 'name'), ',\"timeUnixNano\":', \
             JSONExtractRaw(e, 'timeUnixNano'), ',\"attributeMap\":', {kept}, '}}')"
        );
        let of =
            format!("arrayFilter(e -> has({names}, JSONExtractString(e, 'name')), t.`events`)");
        let all = format!("concat('[', arrayStringConcat(arrayMap(e -> {event}, {of}), ','), ']')");
        return if columns.has("events") { vec![format!("{all} AS `events`")] } else { Vec::new() };
    }
    if !columns.has("Events.Name") || !columns.has("Events.Timestamp") {
        return Vec::new();
    }
    let of = |what: &str| {
        format!("arrayFilter((e, n) -> has({names}, n), t.`Events.{what}`, t.`Events.Name`)")
    };
    let mut sent = vec![
        format!("{} AS `Events.Timestamp`", of("Timestamp")),
        format!("{} AS `Events.Name`", of("Name")),
    ];
    if columns.has("Events.Attributes") && !attrs.is_empty() {
        let kept = match layout {
            Layout::Map => format!("mapFilter((k, v) -> has({attrs_list}, k), a)"),
            _ => json_attributes(&attrs),
        };
        sent.push(format!("arrayMap(a -> {kept}, {}) AS `Events.Attributes`", of("Attributes")));
    }
    sent
}

/// The wanted attributes of an event that is of the JSON type, as JSON text.
fn json_attributes(attrs: &[&str]) -> String {
    let piece = |attr: &&str| {
        let steps: Vec<String> = attr.split('.').map(text).collect();
        let member = text(&format!("\"{attr}\":"));
        format!("({member}, JSONExtractRaw(toJSONString(a), {}))", steps.join(", "))
    };
    let pieces: Vec<String> = attrs.iter().map(piece).collect();
    format!(
        "concat('{{', arrayStringConcat(arrayMap(p -> concat(p.1, p.2), arrayFilter(p -> p.2 != \
         '', [{}])), ','), '}}')",
        pieces.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        let mut wanted = Wanted::default();
        wanted.want_attr("gen_ai.system", Keep::Always);
        wanted.want_attr("url.full", Keep::IfClient);
        wanted.want_event_attr("exception", "exception.type", Keep::Never);
        wanted.want_span("llm_request");
        wanted.want_attempts(&["url.full"], &["/chat/completions"]);
        wanted
    }

    fn asked(address: &str, columns: &Columns) -> String {
        let address = Address::parse(address).unwrap();
        let layout = columns.layout("t").unwrap();
        let times = [Stretch { start_ns: 1_500_000_000, end_ns: 9_000_000_000 }];
        let wanted = wanted();
        let asking = Asking { address: &address, columns, layout, times: &times, wanted: &wanted };
        asking.select(1)
    }

    #[test]
    fn time_comes_first_and_only_wanted_columns_are_sent() {
        let sql = asked("clickhouse://h/otel?table=o`x&service=a'b", &Columns::of_the_exporter());
        let time = "WHERE t.`Timestamp` >= fromUnixTimestamp64Nano(1500000000) AND t.`Timestamp` \
                    < fromUnixTimestamp64Nano(9000000000)\n  AND t.`ServiceName` IN ('a\\'b')";
        assert!(sql.contains(time), "{sql}");
        assert!(sql.contains("FROM `otel`.`o\\`x` AS t"), "{sql}");
        assert!(sql.contains("hasAny(t.`SpanAttributes`.`keys`, ['gen_ai.system'])"), "{sql}");
        assert!(sql.contains("has(['llm_request'], t.`SpanName`)"), "{sql}");
        assert!(sql.contains("GLOBAL IN ("), "{sql}");
        assert!(!sql.contains("StatusMessage") && !sql.contains("Links"), "{sql}");
        assert!(sql.ends_with("FORMAT Parquet"), "{sql}");
    }

    #[test]
    fn signoz_is_asked_by_its_buckets() {
        let columns = Columns::parse(
            "ts_bucket_start\tUInt64\ntimestamp\tDateTime64(9)\ntrace_id\tFixedString(32)\n\
             duration_nano\tUInt64\nattributes_string\tMap(String, String)\nevents\tArray(String)",
        );
        let sql = asked("clickhouse://h/signoz_traces?table=signoz_index_v3", &columns);
        assert!(sql.contains("t.`ts_bucket_start` >= -1799"), "{sql}");
        assert!(sql.contains("AS `events`"), "{sql}");
    }
}
