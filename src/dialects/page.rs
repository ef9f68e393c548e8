//! The documentation of the dialects, written from their tables.

use std::fmt::Write as _;

use super::{
    Absent, Clue, DIALECTS, Dialect, Field, From, Input, Part, Streaming, Test, To, Unit, Zero,
    context, http, proposed, semconv,
};

/// The page `docs/dialects.md`.
pub fn page() -> String {
    let mut page = String::from(INTRO);
    page.push_str("\n| dialect | written by | calls are | input count | cached count absent |\n|---|---|---|---|---|\n");
    for dialect in DIALECTS.iter().filter(|dialect| dialect.id != http::DIALECT.id) {
        overview(&mut page, dialect);
    }
    page.push_str(
        "\n## Shared rules\n\nTables are composed. These sets are part of many of them.\n",
    );
    for (name, fields) in shared() {
        write(&mut page, format_args!("\n### {name}\n\n"));
        rules(&mut page, fields.iter().copied());
    }
    for dialect in DIALECTS {
        section(&mut page, dialect);
    }
    page
}

const INTRO: &str = "\
# Dialects

Each way of writing LLM calls is one table in `src/dialects/`; this page is written from those tables.
A span is read with the first table whose signs it shows. Of the rules for a column, the first that
yields a value is believed. Attributes that no table names are never kept, and of a document (a JSON
text inside an attribute) only the named paths are.
";

fn shared() -> [(&'static str, &'static [Field]); 3] {
    [
        ("OpenTelemetry's conventions", semconv::FIELDS),
        ("Proposed attributes", proposed::FIELDS),
        ("Context", context::FIELDS),
    ]
}

/// Writing to a string cannot fail.
fn write(page: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = page.write_fmt(text);
}

fn overview(page: &mut String, dialect: &Dialect) {
    let calls: Vec<&str> = dialect
        .spans
        .iter()
        .filter(|rule| matches!(rule.part, Part::Call | Part::ServerView))
        .map(|rule| rule.part.describe())
        .collect();
    let part = calls.first().copied().unwrap_or("never");
    let input = if dialect.has_clue(Clue::InputWithoutCache) && !dialect.has_col("input_tokens") {
        "without the cache"
    } else if dialect.has_clue(Clue::InputWithoutCache) {
        "by its key"
    } else {
        match dialect.tokens.input {
            Input::Whole => "whole prompt",
            Input::AsProvider => "as the provider counts",
        }
    };
    let absent = match dialect.tokens.absent_cache {
        Absent::Zero => "zero",
        Absent::Unknown => "not known",
        Absent::Learned => "as the dump shows",
    };
    write(
        page,
        format_args!(
            "| [`{id}`](#{id}) | {} | {part} | {input} | {absent} |\n",
            dialect.title,
            id = dialect.id
        ),
    );
}

impl Dialect {
    fn has_clue(&self, clue: Clue) -> bool {
        self.all_fields().any(|field| field.to == To::Clue(clue))
    }

    fn has_col(&self, name: &str) -> bool {
        self.all_fields().any(|field| matches!(field.to, To::Col(col) if col.name() == name))
    }
}

fn section(page: &mut String, dialect: &Dialect) {
    write(
        page,
        format_args!("\n## {}\n\n{}. Source: {}.\n", dialect.id, dialect.title, dialect.source),
    );
    page.push_str("\nRecognised by:\n\n");
    for group in dialect.signs {
        write(page, format_args!("- {}\n", test_words(group)));
    }
    page.push_str("\nIts spans, by the first rule that holds:\n\n");
    for rule in dialect.spans {
        write(page, format_args!("- {}: {}\n", test_words(rule.when), rule.part.describe()));
    }
    page.push_str("- anything else: not a call\n");
    if !dialect.chunks.is_empty() {
        let names: Vec<String> = dialect.chunks.iter().map(|name| format!("`{name}`")).collect();
        write(page, format_args!("\nOne event a chunk: {}.\n", names.join(", ")));
    }
    write(page, format_args!("\n{}\n", counting(dialect)));
    let known: Vec<(&str, String)> =
        shared().iter().map(|(name, fields)| (*name, format!("{fields:?}"))).collect();
    let (mut own, mut also) = (Vec::new(), Vec::new());
    for set in dialect.fields {
        let written = format!("{set:?}");
        match known.iter().find(|(_, fields)| *fields == written) {
            Some((name, _)) => also.push(*name),
            None => own.extend(set.iter().copied()),
        }
    }
    if dialect.id == http::DIALECT.id {
        own.extend(http::header_fields());
    }
    page.push('\n');
    if !own.is_empty() {
        rules(page, own.into_iter());
        page.push('\n');
    }
    if !also.is_empty() {
        write(page, format_args!("Shared rules: {}.\n\n", also.join(", ")));
    }
    for note in dialect.notes {
        write(page, format_args!("- {note}\n"));
    }
}

fn counting(dialect: &Dialect) -> String {
    let zero = match dialect.tokens.zero_cache {
        Zero::Miss => "",
        Zero::Learned => {
            " A cached count of zero is believed only where the dump also holds positive ones."
        }
    };
    let streaming = match dialect.streaming {
        Streaming::Said => "by its flag or a first chunk",
        Streaming::AbsentIsFalse => "by its flag, which is written only where true",
        Streaming::TtftTells => "by its first chunk, which every stream has",
    };
    let retries =
        if dialect.span_per_attempt { " Every attempt is a span of its own." } else { "" };
    format!("A stream is told {streaming}.{zero}{retries}")
}

fn rules(page: &mut String, fields: impl Iterator<Item = Field>) {
    page.push_str("| fills | from | written as |\n|---|---|---|\n");
    for field in fields {
        let to = match field.to {
            To::Col(col) => format!("`{}`", col.name()),
            To::Segment(name) => format!("`attr.{name}`"),
            To::Clue(clue) => clue_name(clue).to_owned(),
        };
        write(page, format_args!("| {to} | {} | {} |\n", place(&field.from), unit(field.unit)));
    }
}

pub(super) fn place(from: &From) -> String {
    match from {
        From::Attr(name) => format!("`{name}`"),
        From::Path(name, path) => format!("`{name}` (JSON), `{}`", path.join(".")),
        From::Repr(name, path) => format!("`{name}` (Python literal), `{}`", path.join(".")),
        From::Resource(name) => format!("resource `{name}`"),
        From::Event(name) => format!("time of event `{name}`"),
        From::EventAttr(event, name) => format!("event `{event}`, `{name}`"),
        From::Fixed(text) => format!("always `{text}`"),
    }
}

pub(super) fn unit(unit: Unit) -> String {
    match unit {
        Unit::Plain => String::new(),
        Unit::Millis => "milliseconds".to_owned(),
        Unit::WithUnit => "text with its unit".to_owned(),
        Unit::Iso => "ISO 8601 time".to_owned(),
        Unit::Host => "URL, its host".to_owned(),
        Unit::UrlPath => "URL, its path".to_owned(),
        Unit::Suffix => "text behind the last dash".to_owned(),
        Unit::ServerTiming => "`dur=` in milliseconds".to_owned(),
        Unit::Contains(part) => format!("true where it contains `{part}`"),
        Unit::RegionName => "human name of a region".to_owned(),
        Unit::MissReason => "reason in any spelling".to_owned(),
        Unit::Negated => "false where true".to_owned(),
        Unit::Attempt => "number of the attempt".to_owned(),
        Unit::HitsOfTotals => "`position:hits/total` list".to_owned(),
    }
}

fn clue_name(clue: Clue) -> &'static str {
    match clue {
        Clue::InputWithoutCache => "input without the cache",
        Clue::MoreInput => "further input",
        Clue::MoreOutput => "further output",
        Clue::TotalTokens => "total, for the self-check",
        Clue::FinishS => "time of the last chunk",
        Clue::StreamS => "length of the stream",
        Clue::TtftAfterHeadersS => "first chunk after the headers",
        Clue::Resends => "attempts before the last",
        Clue::Failure => "whether a time limit was hit (the text is not kept)",
        Clue::Failed => "whether it failed",
        Clue::GatewayCache => "whether a gateway's cache answered",
        Clue::UrlPath => "endpoint",
        Clue::ServerRequest => "the server's own request id",
    }
}

pub(super) fn test_words(tests: &[Test]) -> String {
    let words: Vec<String> = tests.iter().map(test).collect();
    words.join(" and ")
}

fn test(test: &Test) -> String {
    match test {
        Test::Scope(prefix) => format!("scope `{prefix}…`"),
        Test::Has(name) => format!("`{name}`"),
        Test::Lacks(name) => format!("no `{name}`"),
        Test::Is(name, values) => {
            let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
            format!("`{name}` is {}", values.join(" or "))
        }
        Test::Ends(name, end) => format!("`{name}` ends in `{end}`"),
        Test::Name(prefix) => format!("name `{prefix}…`"),
        Test::Kind(kind) => format!("kind {}", format!("{kind:?}").to_lowercase()),
    }
}
