//! Tables that nobody documented: which column plays which part is guessed by its name, said, and
//! may be told (`--map ttft=col:ms`).

use arrow_array::RecordBatch;
use arrow_schema::Fields;

use super::column_names::KNOWN;
use super::{Layout, Source, Unit};
use crate::diagnosis::MAPPED;
use crate::error::{Error, Result};
use crate::ingest::parquet;
use crate::schema::{Col, Kind};

/// What stands before the name of a column of the call table to name an attribute.
pub const PREFIX: &str = "mapped.";

/// Words for parts besides the columns' own names.
const ALIASES: [(&str, &str); 4] =
    [("ttft", "ttft_s"), ("itl", "itl_s"), ("model", "request_model"), ("duration_s", "duration")];

/// One rule of `--map`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapRule {
    part: &'static str,
    column: String,
    unit: Option<Unit>,
}

impl MapRule {
    /// Reads `part=column` or `part=column:unit`.
    ///
    /// # Errors
    /// A part that does not exist, or a unit that is none.
    pub fn parse(text: &str) -> Result<Self> {
        let help = "write part=column or part=column:unit, such as --map ttft=first_ms:ms; parts \
                    are start, end, duration, trace_id, span_id, parent_span_id and the columns of \
                    docs/schema.md; units are s, ms, us and ns";
        let wrong = |what: String| Error::usage(format!("--map {text}: {what}"), help);
        let Some((part, column)) = text.split_once('=') else {
            return Err(wrong("there is no `=`".to_owned()));
        };
        let part = ALIASES.iter().find(|(alias, _)| *alias == part).map_or(part, |found| found.1);
        let skeleton = KNOWN.iter().map(|names| names.part).find(|known| *known == part);
        let column_of = || Col::from_name(part).map(Col::name);
        let Some(known) = skeleton.or_else(column_of) else {
            return Err(wrong(format!("`{part}` is no part of a call")));
        };
        let (column, unit) = match column.rsplit_once(':') {
            Some((column, unit)) => match unit_named(unit) {
                Some(unit) => (column, Some(unit)),
                None => return Err(wrong(format!("`{unit}` is no unit"))),
            },
            None => (column, None),
        };
        if column.is_empty() {
            return Err(wrong("the column has no name".to_owned()));
        }
        Ok(Self { part: known, column: column.to_owned(), unit })
    }
}

fn unit_named(unit: &str) -> Option<Unit> {
    match unit {
        "s" | "sec" | "seconds" => Some(Unit::Seconds),
        "ms" => Some(Unit::Milliseconds),
        "us" => Some(Unit::Microseconds),
        "ns" => Some(Unit::Nanoseconds),
        _ => None,
    }
}

/// A part, the column that plays it, and its unit where one is known.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Choice {
    part: &'static str,
    column: String,
    unit: Option<Unit>,
    /// Whether the unit was told by the values.
    guessed: bool,
}

/// Which columns play which parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ingest) struct Mapping {
    choices: Vec<Choice>,
}

impl Mapping {
    /// Chooses among these columns; none where they do not make calls: a time, and what a call
    /// has beside it.
    pub(in crate::ingest) fn choose(fields: &Fields, told: &[MapRule]) -> Option<Self> {
        let mut choices: Vec<Choice> = Vec::new();
        let told = told.iter().filter(|rule| super::has(fields, &[&rule.column]));
        choices.extend(told.map(|rule| Choice {
            part: rule.part,
            column: rule.column.clone(),
            unit: rule.unit,
            guessed: false,
        }));
        let told = !choices.is_empty();
        for known in KNOWN {
            if choices.iter().any(|choice| choice.part == known.part) {
                continue;
            }
            let free = |column: &str| choices.iter().all(|choice| choice.column != column);
            let found = known.names.iter().find_map(|name| {
                let named = |field: &&arrow_schema::FieldRef| plain(field.name()) == *name;
                fields.iter().filter(named).map(|field| field.name()).find(|name| free(name))
            });
            choices.extend(found.map(|column| Choice {
                part: known.part,
                column: column.clone(),
                unit: unit_in_name(known.part, column),
                guessed: false,
            }));
        }
        let mapping = Self { choices };
        let has = |part: &str| mapping.choice(part).is_some();
        let timed = has("start") || has("end") && has("duration");
        let call = ["request_model", "input_tokens", "output_tokens", "ttft_s"];
        let measured = has("duration") || has("end") || has("ttft_s") || told;
        let works = timed && measured && (call.iter().any(|part| has(part)) || told);
        works.then_some(mapping)
    }

    /// Whether any rule names one of these columns.
    pub(in crate::ingest) fn is_told(fields: &Fields, told: &[MapRule]) -> bool {
        told.iter().any(|rule| super::has(fields, &[&rule.column]))
    }

    fn choice(&self, part: &str) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.part == part)
    }

    /// The columns whose values tell the unit.
    pub(in crate::ingest) fn unsettled(&self) -> Vec<&str> {
        let open = self.choices.iter().filter(|choice| choice.unit.is_none());
        open.filter(|choice| is_length(choice.part)).map(|choice| choice.column.as_str()).collect()
    }

    /// Tells the units that no name says from the middle of the values: an answer of a language
    /// model takes longer than 100 ms and seldom more than minutes.
    pub(in crate::ingest) fn settle(&mut self, batch: &RecordBatch) {
        for choice in &mut self.choices {
            if choice.unit.is_some() || !is_length(choice.part) {
                continue;
            }
            let Some(column) = batch.column_by_name(&choice.column) else { continue };
            let mut values = parquet::numbers(column.as_ref());
            values.retain(|value| *value > 0.0);
            values.sort_by(f64::total_cmp);
            let middle = values.get(values.len() / 2).copied();
            choice.unit = Some(match middle {
                Some(1e8..) => Unit::Nanoseconds,
                Some(1e6..) => Unit::Microseconds,
                Some(50.0..) if choice.part == "ttft_s" => Unit::Milliseconds,
                Some(200.0..) => Unit::Milliseconds,
                Some(5.0..) if choice.part == "itl_s" => Unit::Milliseconds,
                _ => Unit::Seconds,
            });
            choice.guessed = true;
        }
    }

    /// In words: every part with its column and unit.
    pub(in crate::ingest) fn said(&self) -> String {
        let one = |choice: &Choice| {
            let guess = if choice.guessed { ", by its values" } else { "" };
            let unit =
                choice.unit.map_or_else(String::new, |unit| format!(" ({}{guess})", name(unit)));
            format!("{}={}{unit}", choice.part, choice.column)
        };
        let all: Vec<String> = self.choices.iter().map(one).collect();
        format!("{MAPPED}{}; --map says otherwise", all.join(", "))
    }

    /// The layout that this makes.
    pub(in crate::ingest) fn layout(&self) -> Layout {
        let column = |part: &str| self.choice(part).map(|choice| choice.column.clone());
        let skeleton =
            ["trace_id", "span_id", "parent_span_id", "start", "end", "duration", "span_name"];
        let source = |choice: &Choice| {
            let name = format!("{PREFIX}{}", choice.part);
            let column = choice.column.clone();
            match choice.unit {
                Some(unit) if is_length(choice.part) => Source::Length { column, unit, name },
                _ => Source::Attr { column, name },
            }
        };
        let parts = self.choices.iter().filter(|choice| !skeleton.contains(&choice.part));
        let unit = |part: &str| self.choice(part).and_then(|choice| choice.unit);
        // Every row is a call, and this says so.
        let marks = column("start")
            .or_else(|| column("end"))
            .map(|column| Source::Attr { column, name: format!("{PREFIX}row") });
        Layout {
            name: "mapped columns",
            trace_id: column("trace_id"),
            span_id: column("span_id"),
            parent_span_id: column("parent_span_id"),
            span_name: column("span_name"),
            status: column("status"),
            times_in: unit("start").or_else(|| unit("end")),
            start: column("start"),
            end: column("end"),
            duration: column("duration")
                .map(|column| (column, unit("duration").unwrap_or(Unit::Seconds))),
            span: marks.into_iter().chain(parts.map(source)).collect(),
            ..Layout::default()
        }
    }
}

fn is_length(part: &str) -> bool {
    let seconds = || Col::from_name(part).is_some_and(|col| col.info().kind == Kind::Seconds);
    part == "duration" || seconds()
}

/// The unit that a name ends in; of a length of time alone.
fn unit_in_name(part: &str, column: &str) -> Option<Unit> {
    if !is_length(part) {
        return None;
    }
    let lower = column.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let of_word = |word: &&str| match *word {
        "s" | "sec" | "secs" | "second" | "seconds" => Some(Unit::Seconds),
        "ms" | "msec" | "millis" | "milliseconds" => Some(Unit::Milliseconds),
        "us" | "micros" | "microseconds" => Some(Unit::Microseconds),
        "ns" | "nano" | "nanos" | "nanoseconds" => Some(Unit::Nanoseconds),
        _ => None,
    };
    let camel = || {
        let ends = |end: &str| column.ends_with(end);
        match () {
            () if ends("Ms") || ends("Millis") => Some(Unit::Milliseconds),
            () if ends("Seconds") || ends("Sec") => Some(Unit::Seconds),
            () if ends("Ns") || ends("Nanos") => Some(Unit::Nanoseconds),
            () if ends("Us") || ends("Micros") => Some(Unit::Microseconds),
            () => None,
        }
    };
    words.iter().rev().find_map(of_word).or_else(camel)
}

const fn name(unit: Unit) -> &'static str {
    match unit {
        Unit::Seconds => "s",
        Unit::Milliseconds => "ms",
        Unit::Microseconds => "us",
        Unit::Nanoseconds => "ns",
        Unit::SecondsOrMilliseconds => "s or ms",
    }
}

/// A name without what spellings differ in.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_schema::{DataType, Field};

    fn fields(names: &[&str]) -> Fields {
        names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect()
    }

    #[test]
    fn the_usual_names_are_understood_and_their_units() {
        let columns = ["timestamp", "model", "Latency (ms)", "ttft", "prompt_tokens", "note"];
        let mapping = Mapping::choose(&fields(&columns), &[]).unwrap();
        assert_eq!(mapping.choice("duration").unwrap().unit, Some(Unit::Milliseconds));
        assert_eq!(mapping.choice("input_tokens").unwrap().column, "prompt_tokens");
        assert_eq!(mapping.unsettled(), ["ttft"]);
        assert!(mapping.said().starts_with("columns taken as "), "{}", mapping.said());
        assert!(!mapping.said().contains("note"));
    }

    #[test]
    fn what_is_told_stands_above_what_is_guessed() {
        let rule = MapRule::parse("ttft=first:ms").unwrap();
        let columns = fields(&["ts", "first", "ttft_s", "latency_s", "model"]);
        let mapping = Mapping::choose(&columns, &[rule]).unwrap();
        assert_eq!(mapping.choice("ttft_s").unwrap().column, "first");
    }

    #[test]
    fn what_makes_no_call_is_not_mapped() {
        for columns in [&["timestamp", "note"][..], &["model", "latency"], &["a", "b"]] {
            assert_eq!(Mapping::choose(&fields(columns), &[]), None, "{columns:?}");
        }
    }

    #[test]
    fn a_rule_that_makes_no_sense_is_a_usage_error() {
        for text in ["ttft", "colour=x", "ttft=x:minutes", "ttft="] {
            assert_eq!(MapRule::parse(text).unwrap_err().exit_code(), 2, "{text}");
        }
    }
}
