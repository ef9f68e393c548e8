//! The dialect tables compiled against what ingest was asked for: tells what a span is.

use crate::dialects::{Dialect, Field, From, Part, Tables, Test, To, Unit};
use crate::ingest::{AttrId, Resource, Scope, Span, SpanKind, Value, Wanted};

/// The compiled tables.
#[derive(Debug)]
pub struct Lens {
    /// One for each table, in the order in which they are tried.
    pub dialects: Vec<Compiled>,
    names: usize,
}

/// One compiled table.
#[derive(Debug)]
pub struct Compiled {
    /// The table.
    pub table: &'static Dialect,
    signs: Vec<Vec<Probe>>,
    spans: Vec<(Vec<Probe>, Part)>,
    /// Its field rules.
    pub fields: Vec<Rule>,
    /// Which of the rules a span attribute calls for.
    of_span: ByAttr,
    /// Which of the rules a resource attribute calls for.
    of_resource: ByAttr,
    /// The rules that look at events.
    of_events: Vec<u16>,
    /// The rules that need nothing of the span.
    fixed: Vec<u16>,
    /// Events that are written once a chunk.
    pub chunks: Vec<AttrId>,
}

/// Rules by the attribute that they read.
#[derive(Debug, Default)]
struct ByAttr {
    /// For every attribute the end of its rules in `rules`; they begin where the last one's end.
    ends: Vec<u16>,
    rules: Vec<u16>,
}

impl ByAttr {
    /// Files the rules by the attribute that each of them reads.
    fn new(names: usize, fields: &[Rule], reads: impl Fn(&Source) -> Option<AttrId>) -> Self {
        let mut found: Vec<(AttrId, u16)> = fields
            .iter()
            .zip(0..)
            .filter_map(|(rule, at)| Some((reads(&rule.source)?, at)))
            .collect();
        found.sort_unstable();
        let count = |id: usize| found.partition_point(|(have, _)| usize::from(have.0) <= id);
        let ends = (0..names).map(|id| u16::try_from(count(id)).expect("fewer rules than 65,536"));
        Self { ends: ends.collect(), rules: found.iter().map(|(_, at)| *at).collect() }
    }

    #[inline]
    fn get(&self, id: AttrId) -> &[u16] {
        let id = usize::from(id.0);
        let end = |at: usize| self.ends.get(at).map_or(0, |end| usize::from(*end));
        let start = id.checked_sub(1).map_or(0, end);
        self.rules.get(start..end(id)).unwrap_or_default()
    }
}

/// A group of signs by which a dialect may know a span.
#[derive(Debug, Clone, Copy)]
pub struct Candidate {
    /// Index of the dialect.
    pub dialect: usize,
    /// Index of the group.
    group: usize,
}

/// A field rule with its ids resolved.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// What it fills.
    pub to: To,
    /// Where the value stands.
    pub source: Source,
    /// How it is written.
    pub unit: Unit,
}

/// Where a value stands, resolved.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    /// A span attribute, mined path or event attribute.
    Span(AttrId),
    /// A path into the Python literal in a span attribute.
    Repr(AttrId, &'static [&'static str]),
    /// A resource attribute.
    Resource(AttrId),
    /// The first event of that name.
    Event(AttrId),
    /// A constant.
    Fixed(&'static str),
}

#[derive(Debug, Clone, Copy)]
enum Probe {
    Scope(&'static str),
    Has(AttrId),
    Lacks(AttrId),
    Is(AttrId, &'static [&'static str]),
    Ends(AttrId, &'static str),
    Name(&'static str),
    Kind(SpanKind),
    Never,
}

/// The attributes of one span by id, so that a rule finds its value at once.
#[derive(Debug)]
pub struct Slots {
    at: Vec<u32>,
    set: Vec<AttrId>,
}

impl Slots {
    /// Takes the attributes of another span; the last one wins where one was written twice.
    pub fn load(&mut self, attrs: &[(AttrId, Value)]) {
        for id in self.set.drain(..) {
            self.at[usize::from(id.0)] = 0;
        }
        for (index, (id, _)) in attrs.iter().enumerate() {
            if let (Some(slot), Ok(place)) =
                (self.at.get_mut(usize::from(id.0)), u32::try_from(index + 1))
            {
                *slot = place;
                self.set.push(*id);
            }
        }
    }

    /// The value of an attribute of the loaded span.
    pub fn get<'a>(&self, attrs: &'a [(AttrId, Value)], id: AttrId) -> Option<&'a Value> {
        let place = *self.at.get(usize::from(id.0))?;
        let index = usize::try_from(place).ok()?.checked_sub(1)?;
        attrs.get(index).map(|(_, value)| value)
    }
}

impl Lens {
    /// Compiles the tables against what ingest was asked for.
    pub fn new(tables: &Tables) -> Self {
        let wanted = tables.wanted();
        let dialects = tables.all().iter().map(|table| Compiled::new(table, wanted)).collect();
        Self { dialects, names: wanted.len() }
    }

    /// Scratch space for one thread.
    pub fn slots(&self) -> Slots {
        Slots { at: vec![0; self.names], set: Vec::new() }
    }

    /// The signs that spans of a scope can show, in the order of the dialects.
    pub fn open_to(&self, scope: &Scope) -> Box<[Candidate]> {
        let fits = |probe: &Probe| match probe {
            Probe::Scope(prefix) => scope.name.starts_with(prefix),
            Probe::Never => false,
            _ => true,
        };
        let mut open = Vec::new();
        for (dialect, compiled) in self.dialects.iter().enumerate() {
            let groups = compiled.signs.iter().enumerate();
            let groups = groups.filter(|(_, group)| group.iter().all(fits));
            open.extend(groups.map(|(group, _)| Candidate { dialect, group }));
        }
        open.into()
    }

    /// Which dialect a span is of, and what it is; the span must be loaded in `slots`, and `open`
    /// be what its scope is open to.
    pub fn classify(
        &self,
        span: &Span,
        scope: &Scope,
        open: &[Candidate],
        slots: &Slots,
    ) -> Option<(usize, Part)> {
        let holds = |probe: &Probe| probe.holds(span, scope, slots);
        let shows = |candidate: &&Candidate| {
            self.dialects[candidate.dialect].signs[candidate.group].iter().all(holds)
        };
        let index = open.iter().find(shows)?.dialect;
        let rules = &self.dialects[index].spans;
        let part = rules.iter().find(|(when, _)| when.iter().all(holds));
        Some((index, part.map_or(Part::Other, |(_, part)| *part)))
    }
}

impl Compiled {
    fn new(table: &'static Dialect, wanted: &Wanted) -> Self {
        let probes =
            |tests: &[Test]| tests.iter().map(|test| Probe::new(test, wanted)).collect::<Vec<_>>();
        let rule = |field: Field| {
            let source = Source::new(&field.from, wanted)?;
            Some(Rule { to: field.to, source, unit: field.unit })
        };
        let fields: Vec<Rule> = table.all_fields().filter_map(rule).collect();
        let of_kind = |fits: fn(&Source) -> bool| {
            let at = fields.iter().zip(0..).filter(|(rule, _)| fits(&rule.source));
            at.map(|(_, at)| at).collect()
        };
        Self {
            table,
            signs: table.signs.iter().map(|group| probes(group)).collect(),
            spans: table.spans.iter().map(|rule| (probes(rule.when), rule.part)).collect(),
            of_span: ByAttr::new(wanted.len(), &fields, |source| match source {
                Source::Span(id) | Source::Repr(id, _) => Some(*id),
                _ => None,
            }),
            of_resource: ByAttr::new(wanted.len(), &fields, |source| match source {
                Source::Resource(id) => Some(*id),
                _ => None,
            }),
            of_events: of_kind(|source| matches!(source, Source::Event(_))),
            fixed: of_kind(|source| matches!(source, Source::Fixed(_))),
            fields,
            chunks: table
                .chunks
                .iter()
                .filter_map(|event| wanted.event(event).map(|(id, _)| id))
                .collect(),
        }
    }
}

impl Compiled {
    /// The rules that a span with its resource calls for, in order: most rules of a table find
    /// nothing in most spans.
    pub fn due(&self, span: &Span, resource: Option<&Resource>, due: &mut Vec<u16>) {
        due.clear();
        due.extend_from_slice(&self.fixed);
        if !span.events.is_empty() {
            due.extend_from_slice(&self.of_events);
        }
        for (id, _) in &span.attrs {
            due.extend_from_slice(self.of_span.get(*id));
        }
        for (id, _) in resource.into_iter().flat_map(|resource| &resource.attrs) {
            due.extend_from_slice(self.of_resource.get(*id));
        }
        due.sort_unstable();
        due.dedup();
    }
}

impl Source {
    fn new(from: &From, wanted: &Wanted) -> Option<Self> {
        Some(match from {
            From::Attr(name) => Self::Span(wanted.id(name)?),
            From::Path(name, path) => Self::Span(wanted.id(&format!("{name}#{}", path.join(".")))?),
            From::Repr(name, path) => Self::Repr(wanted.id(name)?, path),
            From::Resource(name) => Self::Resource(wanted.id(name)?),
            From::Event(name) => Self::Event(wanted.event(name)?.0),
            From::EventAttr(event, name) => Self::Span(wanted.event_attr(event, name)?),
            From::Fixed(text) => Self::Fixed(text),
        })
    }
}

impl Probe {
    fn new(test: &Test, wanted: &Wanted) -> Self {
        let probe = match test {
            Test::Scope(prefix) => Some(Self::Scope(prefix)),
            Test::Has(name) => wanted.id(name).map(Self::Has),
            Test::Lacks(name) => wanted.id(name).map(Self::Lacks),
            Test::Is(name, values) => wanted.id(name).map(|id| Self::Is(id, values)),
            Test::Ends(name, end) => wanted.id(name).map(|id| Self::Ends(id, end)),
            Test::Name(prefix) => Some(Self::Name(prefix)),
            Test::Kind(kind) => Some(Self::Kind(*kind)),
        };
        probe.unwrap_or(Self::Never)
    }

    fn holds(&self, span: &Span, scope: &Scope, slots: &Slots) -> bool {
        let text = |id: AttrId| slots.get(&span.attrs, id).and_then(Value::as_str);
        match self {
            Self::Scope(prefix) => scope.name.starts_with(prefix),
            Self::Has(id) => slots.get(&span.attrs, *id).is_some(),
            Self::Lacks(id) => slots.get(&span.attrs, *id).is_none(),
            Self::Is(id, values) => text(*id).is_some_and(|text| {
                let text = text.trim().trim_matches('"');
                values.iter().any(|value| value.eq_ignore_ascii_case(text))
            }),
            Self::Ends(id, end) => text(*id).is_some_and(|text| text.ends_with(end)),
            Self::Name(prefix) => span.name.starts_with(prefix),
            Self::Kind(kind) => span.kind == *kind,
            Self::Never => false,
        }
    }
}
