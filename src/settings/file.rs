//! The form of `llmspan.toml`, key by key, and what is checked beyond it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::attributes::{Filled, Mapping, Name, Names, Source, Sources, Written};
use super::tables::{Group, OwnDialect, Role, Streamed, Tokens};
use super::{CacheFacts, Material, Settings, Standards, located};
use crate::error::Result;
use crate::schema::Col;

type Columns = BTreeMap<Filled, Sources>;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    timezone: Option<Spanned<String>>,
    tenant: Option<Name>,
    redact_key: String,
    segments: Names,
    columns: Columns,
    dialects: Vec<Spanned<Table>>,
    cache: BTreeMap<String, Spanned<CacheFacts>>,
    material: Option<Spanned<Material>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    id: Spanned<String>,
    title: Option<String>,
    recognise: Vec<Spanned<Tests>>,
    #[serde(default)]
    spans: Vec<Rule>,
    #[serde(default)]
    columns: Columns,
    #[serde(default)]
    segments: Names,
    based_on: Option<String>,
    #[serde(default)]
    chunk_events: Names,
    #[serde(default)]
    tokens: Tokens,
    #[serde(default)]
    streaming: Streamed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    part: Role,
    #[serde(default)]
    when: Tests,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Tests {
    has: Names,
    lacks: Names,
    is: BTreeMap<Name, Names>,
    scope: Option<Name>,
    name: Option<Name>,
}

impl From<Tests> for Group {
    fn from(tests: Tests) -> Self {
        Self {
            has: tests.has.0,
            lacks: tests.lacks.0,
            is: tests.is.into_iter().map(|(Name(name), values)| (name, values.0)).collect(),
            scope: tests.scope.map(|name| name.0),
            name: tests.name.map(|name| name.0),
        }
    }
}

impl File {
    /// What it sets, or what of it makes no sense.
    pub(super) fn checked(self, place: &str, text: &str) -> Result<Settings> {
        let wrong =
            |span: std::ops::Range<usize>, message: &str| Err(located(place, text, span, message));
        if let Some(zone) = &self.timezone
            && !is_zone(zone.get_ref())
        {
            return wrong(zone.span(), "no time zone; write Europe/Berlin, UTC or +02:00");
        }
        for facts in self.cache.values() {
            let lives = facts.get_ref().time_to_live_s;
            if lives.is_some_and(|seconds| !seconds.is_finite() || seconds <= 0.0) {
                return wrong(facts.span(), "`time_to_live_s` is a number of seconds above 0");
            }
        }
        let material = self.material.as_ref().map(|told| (*told.get_ref(), told.span()));
        let (material, span) = material.unwrap_or_default();
        let Material { typical_ratio, slow_ratio, same_work_ratio, own_work_ratio } = material;
        let ratios = [typical_ratio, slow_ratio, same_work_ratio, own_work_ratio];
        if ratios.into_iter().flatten().any(|ratio| !(1.01..=100.0).contains(&ratio)) {
            return wrong(span, "a threshold is a factor from 1.01 to 100, such as 1.2");
        }
        let mut columns = Vec::new();
        columns.extend(self.tenant.map(|Name(name)| Mapping {
            col: Col::Tenant,
            source: Source::Attribute(name),
            written: Written::Plain,
        }));
        columns.extend(mappings(self.columns));
        let cache = self.cache.into_iter().map(|(name, facts)| (name, facts.into_inner()));
        let mut dialects: Vec<OwnDialect> = Vec::new();
        for table in self.dialects {
            let span = table.span();
            let own = table.into_inner().checked(place, text, span.clone())?;
            if dialects.iter().any(|other| other.id == own.id) {
                return wrong(span, "two dialects have this id");
            }
            dialects.push(own);
        }
        Ok(Settings {
            timezone: self.timezone.map(Spanned::into_inner),
            columns,
            segments: self.segments.0,
            dialects,
            standards: Standards { cache: cache.collect(), material },
            redact: false,
            redact_key: self.redact_key,
            servers: Arc::default(),
            max_expansion: None,
            max_record_bytes: None,
        })
    }
}

impl Table {
    fn checked(self, place: &str, text: &str, span: std::ops::Range<usize>) -> Result<OwnDialect> {
        let id = self.id.get_ref();
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if id.is_empty() || id.len() > 60 || !id.bytes().all(plain) {
            let message = "an id is 1 to 60 lower-case letters, digits and underscores";
            return Err(located(place, text, self.id.span(), message));
        }
        if self.recognise.is_empty() {
            let message = "`recognise` says by what a span is known: give it at least one table";
            return Err(located(place, text, span, message));
        }
        let line = 1 + text.get(..span.start).unwrap_or_default().matches('\n').count();
        let mut recognise = Vec::new();
        for group in self.recognise {
            let span = group.span();
            let group = Group::from(group.into_inner());
            if group.has.is_empty() && group.is.is_empty() && group.name.is_none() {
                let message = "give an attribute by `has` or `is`, or the span's `name`";
                return Err(located(place, text, span, message));
            }
            recognise.push(group);
        }
        let id = self.id.into_inner();
        Ok(OwnDialect {
            place: format!("{place}, line {line}"),
            title: self.title.unwrap_or_else(|| id.clone()),
            id,
            recognise,
            spans: self.spans.into_iter().map(|rule| (rule.when.into(), rule.part)).collect(),
            columns: mappings(self.columns),
            segments: self.segments.0,
            based_on: self.based_on,
            chunk_events: self.chunk_events.0,
            tokens: self.tokens,
            streaming: self.streaming,
        })
    }
}

fn mappings(columns: Columns) -> Vec<Mapping> {
    let of = |(Filled(col), Sources(sources)): (Filled, Sources)| {
        sources.into_iter().map(move |(source, written)| Mapping { col, source, written })
    };
    columns.into_iter().flat_map(of).collect()
}

fn is_zone(text: &str) -> bool {
    text == "Z"
        || text.parse::<chrono_tz::Tz>().is_ok()
        || text.parse::<chrono::FixedOffset>().is_ok()
}
