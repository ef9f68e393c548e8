//! The dialect tables compiled against what ingest was asked for: tells what a span is.

use crate::calls::shapes::Seen;
use crate::dialects::{Dialect, Field, From, Part, Tables, Test, To, Unit};
use crate::ingest::{AttrId, Attrs, Scope, SpanKind, Value, ValueRef, Wanted};

/// The compiled tables.
#[derive(Debug)]
pub struct Lens {
    /// One for each table, in the order in which they are tried.
    pub dialects: Vec<Compiled>,
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
        // None behind the last attribute that a rule reads.
        let names = found.last().map_or(0, |(last, _)| names.min(usize::from(last.0) + 1));
        let mut ends = vec![0; names];
        let mut end = 0;
        for (id, _) in &found {
            end += 1;
            ends[usize::from(id.0)] = end;
        }
        // Where no rule reads an attribute, its rules end where those of the last one do.
        let mut last = 0;
        for end in &mut ends {
            last = last.max(*end);
            *end = last;
        }
        Self { ends, rules: found.iter().map(|(_, at)| *at).collect() }
    }

    #[inline]
    fn get(&self, id: AttrId) -> &[u16] {
        let id = usize::from(id.0);
        let Some(end) = self.ends.get(id) else { return &[] };
        let start = id.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |at| *at);
        self.rules.get(usize::from(start)..usize::from(*end)).unwrap_or_default()
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

/// What a span shares with all that have its attributes, its scope and its kind.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'s> {
    /// Its scope.
    pub scope: &'s Scope,
    /// Its kind.
    pub kind: SpanKind,
    /// Its attributes, of which only the names count.
    pub attrs: Attrs<'s>,
}

/// A test that only the values of a span decide.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// The text of the attribute in that place is one of these.
    Is(usize, &'static [&'static str]),
    /// The text of the attribute in that place ends so.
    Ends(usize, &'static str),
    /// The span's name starts so.
    Name(&'static str),
}

impl Check {
    /// Whether it holds for a span.
    pub fn holds(&self, seen: Seen<'_>) -> bool {
        let text = |place: usize| seen.attrs.get(place).and_then(ValueRef::as_str);
        match self {
            Self::Is(place, values) => text(*place).is_some_and(|text| {
                let ends = [text.as_bytes().first(), text.as_bytes().last()];
                let bare = ends.iter().flatten().all(|end| end.is_ascii_alphanumeric());
                let text = if bare { text } else { text.trim().trim_matches('"') };
                values.iter().any(|value| value.eq_ignore_ascii_case(text))
            }),
            Self::Ends(place, end) => text(*place).is_some_and(|text| text.ends_with(end)),
            Self::Name(prefix) => seen.span.name.starts_with(prefix),
        }
    }
}

/// The checks that are left of these probes; none where one of them fails whatever the values.
fn left_of(probes: &[Probe], facts: &Facts<'_>) -> Option<Vec<Check>> {
    let mut checks = Vec::new();
    for probe in probes {
        match probe.settle(facts) {
            Settled::Holds => {}
            Settled::Fails => return None,
            Settled::Left(check) => checks.push(check),
        }
    }
    Some(checks)
}

/// What the facts alone say of a probe.
enum Settled {
    Holds,
    Fails,
    Left(Check),
}

impl Lens {
    /// Compiles the tables against what ingest was asked for.
    pub fn new(tables: &Tables) -> Self {
        let wanted = tables.wanted();
        let dialects = tables.all().iter().map(|table| Compiled::new(table, wanted)).collect();
        Self { dialects }
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

    /// What is left to check of a candidate's signs; none where they do not show.
    pub fn signs(&self, candidate: &Candidate, facts: &Facts<'_>) -> Option<Vec<Check>> {
        left_of(&self.dialects[candidate.dialect].signs[candidate.group], facts)
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
    /// What a span may be, in order, with what is left to check.
    pub fn parts(&self, facts: &Facts<'_>) -> Vec<(Vec<Check>, Part)> {
        let left = |(when, part): &(Vec<Probe>, Part)| Some((left_of(when, facts)?, *part));
        self.spans.iter().filter_map(left).collect()
    }

    /// The rules that a span calls for, in order: most rules of a table find nothing in most
    /// spans.
    pub fn due(&self, seen: Seen<'_>) -> Vec<u16> {
        let mut due = self.fixed.clone();
        if !seen.span.events.is_empty() {
            due.extend_from_slice(&self.of_events);
        }
        for id in seen.attrs.ids() {
            due.extend_from_slice(self.of_span.get(id));
        }
        in_order(due)
    }

    /// The rules that a resource of these attributes calls for, in order.
    pub fn due_of_resource(&self, attrs: &[(AttrId, Value)]) -> Vec<u16> {
        in_order(attrs.iter().flat_map(|(id, _)| self.of_resource.get(*id)).copied().collect())
    }
}

fn in_order(mut rules: Vec<u16>) -> Vec<u16> {
    rules.sort_unstable();
    rules.dedup();
    rules
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

    fn settle(&self, facts: &Facts<'_>) -> Settled {
        // The last value counts where an attribute was written more than once.
        let place = |id: AttrId| facts.attrs.place(id);
        let left = |check: Option<Check>| check.map_or(Settled::Fails, Settled::Left);
        let holds = match self {
            Self::Scope(prefix) => facts.scope.name.starts_with(prefix),
            Self::Has(id) => place(*id).is_some(),
            Self::Lacks(id) => place(*id).is_none(),
            Self::Kind(kind) => facts.kind == *kind,
            Self::Never => false,
            Self::Is(id, values) => return left(place(*id).map(|at| Check::Is(at, values))),
            Self::Ends(id, end) => return left(place(*id).map(|at| Check::Ends(at, end))),
            Self::Name(prefix) => return Settled::Left(Check::Name(prefix)),
        };
        if holds { Settled::Holds } else { Settled::Fails }
    }
}
