//! The tables of one run: the built-in ones, and those that a user's settings add or change.
//!
//! A table is data that lives as long as the process. One that comes from settings is made once a
//! run and given up to it, so that every stage holds plain references to tables of both kinds.

use super::context;
use super::table::{
    Absent, Accounting, Clue, Dialect, Field, From, Input, Part, SpanRule, Streaming, Test, To,
    Unit, Zero, resource_segment, rule, segment,
};
use super::{DIALECTS, wanted_by};
use crate::error::{Error, Result};
use crate::ingest::Wanted;
use crate::schema::Col;
use crate::settings::{
    AbsentCount, Group, InputCount, Mapping, OwnDialect, Role, Settings, Source, Streamed, Tokens,
    Written, ZeroCount,
};

/// The tables of one run, and what ingest has to look for on their behalf.
#[derive(Debug)]
pub struct Tables {
    all: Vec<&'static Dialect>,
    wanted: Wanted,
}

impl Default for Tables {
    fn default() -> Self {
        Self { all: DIALECTS.to_vec(), wanted: wanted_by(DIALECTS) }
    }
}

impl Tables {
    /// The tables with what the settings add: own dialects are tried first, and mapped columns
    /// are believed before any table's own rules.
    ///
    /// # Errors
    /// An own dialect that takes the id of a built-in one or is based on none.
    pub fn new(settings: &Settings) -> Result<Self> {
        let (front, back) = (fields(&settings.columns, false), segments(&settings.segments));
        if front.is_empty() && back.is_empty() && settings.dialects.is_empty() {
            return Ok(Self::default());
        }
        let mut all = Vec::with_capacity(settings.dialects.len() + DIALECTS.len());
        for own in &settings.dialects {
            all.push(keep(dialect(own)?));
        }
        all.extend_from_slice(DIALECTS);
        if !front.is_empty() || !back.is_empty() {
            let (front, back) = (keep_all(front), keep_all(back));
            for table in &mut all {
                let fields = [&[front], table.fields, &[back]].concat();
                *table = keep(Dialect { fields: keep_all(fields), ..**table });
            }
        }
        let wanted = wanted_by(&all);
        Ok(Self { all, wanted })
    }

    /// Every table, in the order in which they are tried.
    pub fn all(&self) -> &[&'static Dialect] {
        &self.all
    }

    /// The same tables, counting what is met and read by none of them.
    #[must_use]
    pub fn counting_unread(mut self) -> Self {
        self.wanted.count_unread();
        self
    }

    /// What ingest has to look for.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }
}

fn keep<T>(made: T) -> &'static T {
    Box::leak(Box::new(made))
}

fn keep_all<T>(made: Vec<T>) -> &'static [T] {
    Vec::leak(made)
}

fn text(text: &str) -> &'static str {
    String::leak(text.to_owned())
}

fn texts(all: &[String]) -> &'static [&'static str] {
    keep_all(all.iter().map(|one| text(one)).collect())
}

fn dialect(own: &OwnDialect) -> Result<Dialect> {
    let wrong = |message: String| {
        let known = DIALECTS.iter().map(|table| table.id).collect::<Vec<_>>().join(", ");
        let help = format!("`llmspan dialects` lists those that exist: {known}");
        Err(Error::usage(format!("{}: {message}", own.place), help))
    };
    if Dialect::find(&own.id).is_some() {
        return wrong(format!("`{}` is the id of a built-in dialect: choose another", own.id));
    }
    let base = match own.based_on.as_deref() {
        None => None,
        Some(id) => match Dialect::find(id) {
            Some(base) => Some(base),
            None => return wrong(format!("`based_on` names no dialect: `{id}`")),
        },
    };
    let mut sets: Vec<&'static [Field]> = vec![
        keep_all(fields(&own.columns, own.tokens.input == InputCount::WithoutCache)),
        keep_all(segments(&own.segments)),
    ];
    sets.extend_from_slice(base.map_or(&[context::FIELDS], |base| base.fields));
    Ok(Dialect {
        id: text(&own.id),
        title: text(&own.title),
        source: "settings",
        signs: keep_all(own.recognise.iter().map(group).collect()),
        spans: spans(own, base),
        fields: keep_all(sets),
        chunks: texts(&own.chunk_events),
        tokens: accounting(own.tokens),
        streaming: match own.streaming {
            Streamed::Said => Streaming::Said,
            Streamed::AbsentIsFalse => Streaming::AbsentIsFalse,
            Streamed::TtftTells => Streaming::TtftTells,
        },
        rank: 5,
        span_per_attempt: false,
        notes: &[],
    })
}

/// The own rules, or those of the dialect that it is based on, or: every span is a call.
fn spans(own: &OwnDialect, base: Option<&'static Dialect>) -> &'static [SpanRule] {
    let part = |role: Role| match role {
        Role::Call => Part::Call,
        Role::ServerView => Part::ServerView,
        Role::Wrapper => Part::Wrapper,
        Role::Other => Part::Other,
    };
    match base {
        _ if !own.spans.is_empty() => {
            let rules = own.spans.iter().map(|(when, role)| rule(group(when), part(*role)));
            keep_all(rules.collect())
        }
        Some(base) => base.spans,
        None => const { &[rule(&[], Part::Call)] },
    }
}

fn group(group: &Group) -> &'static [Test] {
    let mut tests = Vec::new();
    tests.extend(group.has.iter().map(|name| Test::Has(text(name))));
    tests.extend(group.is.iter().map(|(name, values)| Test::Is(text(name), texts(values))));
    tests.extend(group.lacks.iter().map(|name| Test::Lacks(text(name))));
    tests.extend(group.scope.iter().map(|prefix| Test::Scope(text(prefix))));
    tests.extend(group.name.iter().map(|prefix| Test::Name(text(prefix))));
    keep_all(tests)
}

fn accounting(tokens: Tokens) -> Accounting {
    Accounting {
        input: match tokens.input {
            InputCount::Whole | InputCount::WithoutCache => Input::Whole,
            InputCount::AsProvider => Input::AsProvider,
        },
        absent_cache: match tokens.absent_cache {
            AbsentCount::Unknown => Absent::Unknown,
            AbsentCount::Zero => Absent::Zero,
        },
        zero_cache: match tokens.zero_cache {
            ZeroCount::Miss => Zero::Miss,
            ZeroCount::Learned => Zero::Learned,
        },
    }
}

fn fields(mappings: &[Mapping], without_cache: bool) -> Vec<Field> {
    let field = |mapping: &Mapping| {
        let to = if without_cache && mapping.col == Col::InputTokens {
            To::Clue(Clue::InputWithoutCache)
        } else {
            To::Col(mapping.col)
        };
        let from = match &mapping.source {
            Source::Attribute(name) => From::Attr(text(name)),
            Source::Path(name, path) => From::Path(text(name), texts(path)),
            Source::Resource(name) => From::Resource(text(name)),
            Source::Event(name) => From::Event(text(name)),
            Source::Always(value) => From::Fixed(text(value)),
        };
        let unit = match mapping.written {
            Written::Plain => Unit::Plain,
            Written::Ms => Unit::Millis,
            Written::Iso8601 => Unit::Iso,
            Written::Host => Unit::Host,
            Written::Negated => Unit::Negated,
            Written::Suffix => Unit::Suffix,
        };
        Field { to, from, unit }
    };
    mappings.iter().map(field).collect()
}

/// A segment may stand on the span or on its resource.
fn segments(names: &[String]) -> Vec<Field> {
    let both = |name: &String| {
        let name = text(name);
        [segment(name), resource_segment(name)]
    };
    names.iter().flat_map(both).collect()
}
