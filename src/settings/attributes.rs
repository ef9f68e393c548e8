//! Where a column's value stands, as `llmspan.toml` writes it: a name, a table, or a list of them.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::schema::Col;

/// Longest attribute name: the readers tell names apart by their length up to this.
const LONGEST_NAME: usize = 240;

/// One place where a column's value may stand.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// What it fills.
    pub col: Col,
    /// Where the value stands.
    pub source: Source,
    /// How it is written there.
    pub written: Written,
}

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A span attribute.
    Attribute(String),
    /// A path into the JSON document that a span attribute holds.
    Path(String, Vec<String>),
    /// A resource attribute.
    Resource(String),
    /// The time of the first event of that name, from the span's start.
    Event(String),
    /// The same for every span.
    Always(String),
}

/// How a value is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Written {
    /// As the column has it: seconds, tokens, text, truth value.
    #[default]
    Plain,
    /// Milliseconds.
    Ms,
    /// ISO 8601 time, counted from the span's start.
    Iso8601,
    /// A URL, of which the host is taken.
    Host,
    /// A truth value that says the opposite.
    Negated,
    /// Text of which the part behind the last dash is taken.
    Suffix,
}

/// A source without its column.
pub(super) type Written1 = (Source, Written);

/// What stands behind a column's name: one source or several, the first that yields a value wins.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources(pub Vec<Written1>);

/// An attribute name of a length that can be looked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(pub String);

/// One name or a list of names.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(pub Vec<String>);

/// A column that a mapping may fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Filled(pub Col);

/// Columns that come from the span itself, or from others.
const OWN: [Col; 11] = [
    Col::TraceId,
    Col::SpanId,
    Col::ParentSpanId,
    Col::SpanName,
    Col::ScopeName,
    Col::Dialect,
    Col::Start,
    Col::DurationS,
    Col::Status,
    Col::UncachedTokens,
    Col::CacheMissReasonSource,
];

impl<'de> Deserialize<'de> for Filled {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        let found = Col::from_name(&name).ok_or_else(|| {
            de::Error::custom(format!("`{name}` is no column of the call table (docs/schema.md)"))
        })?;
        if OWN.contains(&found) {
            let told = format!("`{name}` comes from the span itself and cannot be mapped");
            return Err(de::Error::custom(told));
        }
        Ok(Self(found))
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        named(String::deserialize(from)?).map(Self)
    }
}

fn named<E: de::Error>(name: String) -> Result<String, E> {
    if name.is_empty() || name.len() > LONGEST_NAME {
        return Err(E::custom(format!("an attribute name has 1 to {LONGEST_NAME} bytes")));
    }
    Ok(name)
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Detail {
    attribute: Option<Name>,
    resource: Option<Name>,
    event: Option<Name>,
    always: Option<String>,
    path: Option<String>,
    #[serde(default)]
    unit: Written,
}

impl Detail {
    fn source<E: de::Error>(self) -> Result<Written1, E> {
        let source = match (self.attribute, self.resource, self.event, self.always, self.path) {
            (Some(Name(name)), None, None, None, None) => Source::Attribute(name),
            (Some(Name(name)), None, None, None, Some(path)) => {
                let keys: Vec<String> = path.split('.').map(str::to_owned).collect();
                if name.len() + path.len() > LONGEST_NAME || keys.iter().any(String::is_empty) {
                    return Err(E::custom("a path is keys between dots, such as `usage.cached`"));
                }
                Source::Path(name, keys)
            }
            (None, Some(Name(name)), None, None, None) => Source::Resource(name),
            (None, None, Some(Name(name)), None, None) => Source::Event(name),
            (None, None, None, Some(text), None) => Source::Always(text),
            _ => {
                return Err(E::custom(
                    "give one of `attribute` (with or without `path`), `resource`, `event`, `always`",
                ));
            }
        };
        Ok((source, self.unit))
    }
}

impl<'de> Deserialize<'de> for Sources {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Sources;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an attribute name, a table such as { attribute = \"x\", unit = \"ms\" }, or a list of these")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Sources, E> {
                let name = named(name.to_owned())?;
                Ok(Sources(vec![(Source::Attribute(name), Written::Plain)]))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Sources, A::Error> {
                let detail = Detail::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Sources(vec![detail.source()?]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Sources, A::Error> {
                let mut all = Sources::default();
                while let Some(one) = list.next_element::<Sources>()? {
                    all.0.extend(one.0);
                }
                Ok(all)
            }
        }
        from.deserialize_any(Any)
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Names;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a text or a list of texts")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Names, E> {
                named(name.to_owned()).map(|name| Names(vec![name]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some(Name(name)) = list.next_element()? {
                    names.push(name);
                }
                Ok(Names(names))
            }
        }
        from.deserialize_any(Any)
    }
}
