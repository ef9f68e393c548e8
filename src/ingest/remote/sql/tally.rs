//! The question that counts every call where only a sample of them is read: by time and slice, with
//! failures, tokens and the lengths by class.

use super::bag::Bag;
use super::words::{name, text};
use super::{Asking, Shape, calls, table};
use crate::diagnosis::CLASSES_PER_DOUBLING;
use crate::ingest::figures::Figure;
use crate::ingest::remote::{Stretch, Terms};

const MINUTE_NS: i64 = 60_000_000_000;
/// Most bins in which calls are counted here: three days of minutes.
const MOST_BINS: i64 = 4_320;

/// Where the bins begin in which a server counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bins {
    /// The length.
    pub length_ns: i64,
    /// A bin begins at a multiple of the length after this.
    pub origin_ns: i64,
    /// What is counted apart.
    pub window: Option<Stretch>,
}

impl Bins {
    /// Bins that begin with the window where there is one, and on round times where there is none.
    pub fn new(terms: &Terms) -> Self {
        let length_ns = terms.bin_ns.unwrap_or(MINUTE_NS).max(1);
        let origin_ns = terms.window.map_or(0, |window| window.start_ns.rem_euclid(length_ns));
        Self { length_ns, origin_ns, window: terms.window }
    }

    /// The same, or where there is no window as many times as long as it takes for a time to have no
    /// more than 4,320 bins, three days of minutes.
    #[must_use]
    pub fn over(self, span_ns: Option<i64>) -> Self {
        let span_ns = span_ns.filter(|_| self.window.is_none());
        let times = span_ns.map_or(1, |span| span / self.length_ns.saturating_mul(MOST_BINS) + 1);
        Self { length_ns: self.length_ns.saturating_mul(times), ..self }
    }
}

impl Asking<'_> {
    /// The question how many calls there are of each kind in each slice and bin.
    ///
    /// The kind, which is the name of the span and of its scope, tells calls from wrappers: whoever
    /// reads the sample knows which kinds are which, and how many of each the sample has is counted
    /// beside.
    pub fn tally(&self, one_in: u64, bins: &Bins) -> String {
        let shape = Shape::new(self.layout, self.columns);
        let (length, origin) = (bins.length_ns, bins.origin_ns);
        let start = format!("toUnixTimestamp64Nano(toDateTime64(t.{}, 9))", name(shape.start));
        let inside = bins.window.map_or("0".to_owned(), |window| {
            format!("{start} >= {} AND {start} < {}", window.start_ns, window.end_ns)
        });
        let duration = format!("toFloat64({}) / 1e9", self.column(&["Duration", "duration_nano"]));
        let class = |value: &str| {
            format!("map(toInt16(floor(log2({value}) * {CLASSES_PER_DOUBLING})), toUInt64(1))")
        };
        let of = |value: &str, there: &str| {
            format!("sumMapIf({}, NOT failed AND {there})", class(value))
        };
        format!(
            "SELECT bin, inside, service, model, span_name, scope,\n    count(), countIf(sampled), \
             countIf(failed),\n    sum(input_tokens), sum(output_tokens),\n    {},\n    {}\n\
             FROM (\n  SELECT intDiv({start} - {origin}, {length}) AS bin,\n    {inside} AS inside,\n    \
             toString(t.{}) AS service,\n    {} AS model,\n    toString(t.{}) AS span_name,\n    {} AS \
             scope,\n    cityHash64(t.{}) % {one_in} = 0 AS sampled,\n    {} AS failed,\n    {} AS \
             input_tokens,\n    {} AS output_tokens,\n    {duration} AS duration_s,\n    {} AS ttft_s\n  \
             FROM {} AS t\n  WHERE {}\n    AND {}\n)\nGROUP BY bin, inside, service, model, span_name, \
             scope\nFORMAT JSONCompactEachRow",
            of("duration_s", "duration_s > 0"),
            of("ifNull(ttft_s, 1)", "ifNull(ttft_s > 0 AND ttft_s <= duration_s, 0)"),
            name(shape.service),
            words(&shape, self, Figure::RequestModel),
            name(shape.span_name),
            self.scope(),
            name(shape.trace),
            self.failed(&shape),
            number(&shape, self, Figure::InputTokens),
            number(&shape, self, Figure::OutputTokens),
            number(&shape, self, Figure::TtftS),
            table(self.address),
            self.within(&shape),
            calls(&shape, self.wanted),
        )
    }

    /// The first of these columns that the table has.
    fn column(&self, names: &[&str]) -> String {
        let found = names.iter().find(|column| self.columns.has(column));
        found.map_or("0".to_owned(), |column| format!("t.{}", name(column)))
    }

    fn scope(&self) -> String {
        match self.column(&["ScopeName", "scope_name"]).as_str() {
            "0" => "''".to_owned(),
            column => format!("toString({column})"),
        }
    }

    /// Whether a call failed, as far as its own span says.
    fn failed(&self, shape: &Shape) -> String {
        let status = self.column(&["StatusCode", "status_code"]);
        let status = format!("lower(replaceOne(toString({status}), 'STATUS_CODE_', ''))");
        format!(
            "({status} IN ('error', '2') OR {} != '' OR ifNull({} >= 400, 0))",
            words(shape, self, Figure::ErrorType),
            number(shape, self, Figure::HttpStatus),
        )
    }
}

/// The text of a figure; empty where there is none.
fn words(shape: &Shape, asking: &Asking<'_>, figure: Figure) -> String {
    let Some(bag) = shape.span.first() else { return "''".to_owned() };
    let values: Vec<String> =
        asking.wanted.figures().of(figure).map(|(attr, _)| bag.value(attr)).collect();
    if values.is_empty() {
        return "''".to_owned();
    }
    format!("arrayFirst(v -> v != '', [{}])", values.join(", "))
}

/// The number of a figure; null where there is none.
fn number(shape: &Shape, asking: &Asking<'_>, figure: Figure) -> String {
    let figures = asking.wanted.figures().of(figure);
    let values = figures.flat_map(|(attr, millis)| {
        let scale = if millis { " / 1000" } else { "" };
        shape.span.iter().filter_map(move |bag| Some(format!("{}{scale}", number_in(bag, attr)?)))
    });
    let values: Vec<String> = values.collect();
    if values.is_empty() {
        return "CAST(NULL, 'Nullable(Float64)')".to_owned();
    }
    format!("coalesce({}, NULL)", values.join(", "))
}

fn number_in(bag: &Bag, attr: &str) -> Option<String> {
    match bag {
        Bag::Map { column, text: false } if column.contains("bool") => None,
        Bag::Map { column, text: false } => {
            Some(format!("if(mapContains({column}, {0}), {column}[{0}], NULL)", text(attr)))
        }
        bag => Some(format!("toFloat64OrNull({})", bag.value(attr))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Columns, Layout};
    use super::*;
    use crate::ingest::remote::address::Address;
    use crate::ingest::wanted::{Keep, Wanted};

    #[test]
    fn calls_are_counted_in_bins_that_begin_with_the_window() {
        let window = Stretch { start_ns: 90_000_000_001, end_ns: 150_000_000_000 };
        let terms = Terms { window: Some(window), ..Terms::default() };
        let bins = Bins::new(&terms);
        assert_eq!((bins.length_ns, bins.origin_ns), (MINUTE_NS, 30_000_000_001));
        let mut wanted = Wanted::default();
        wanted.want_attr("gen_ai.system", Keep::Always);
        wanted.want_figure(Figure::RequestModel, "gen_ai.request.model", false);
        wanted.want_figure(Figure::TtftS, "ttft_ms", true);
        let address = Address::parse("clickhouse://h/otel").unwrap();
        let columns = Columns::of_the_exporter();
        let times = [window];
        let layout = Layout::Map;
        let asking =
            Asking { address: &address, columns: &columns, layout, times: &times, wanted: &wanted };
        let sql = asking.tally(10, &bins);
        assert!(sql.contains("- 30000000001, 60000000000) AS bin"), "{sql}");
        assert!(sql.contains("toFloat64OrNull(t.`SpanAttributes`['ttft_ms']) / 1000"), "{sql}");
        assert!(sql.contains("cityHash64(t.`TraceId`) % 10 = 0 AS sampled"), "{sql}");
        assert!(!sql.contains("StatusMessage"), "{sql}");
    }
}
