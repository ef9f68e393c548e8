//! Spans of one shape are read alike: the same attributes in the same order, of one scope and
//! kind. What the shape settles is worked out once for all of them.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::calls::lens::{Candidate, Check, Facts, Lens, Source};
use crate::dialects::Part;
use crate::ingest::{AttrId, Attrs, Resource, Scope, Span, Value};

/// Most shapes that are remembered; a dump has few, unless somebody names attributes after values.
const MOST: usize = 4096;

/// A span and its attributes.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'s> {
    /// The span.
    pub span: &'s Span,
    /// Its attributes.
    pub attrs: Attrs<'s>,
}

/// The shapes that were met.
#[derive(Debug)]
pub struct Shapes<'a> {
    lens: &'a Lens,
    shapes: Vec<Shape>,
    /// Which of the shapes the spans of a key have.
    known: HashMap<Box<[u16]>, usize, FixedState>,
    /// The signs that spans of each scope may show, once a span of it was met.
    open: HashMap<u32, Box<[Candidate]>, FixedState>,
    /// What each dialect finds in each resource.
    resources: HashMap<(u32, usize), Found, FixedState>,
    key: Vec<u16>,
}

/// Rules that find something, in order, and where the attribute of each stands.
type Found = Box<[(u16, usize)]>;

/// What a span is and how it is read.
pub struct Read<'s> {
    /// Index of the dialect.
    pub dialect: usize,
    /// What it is.
    pub part: Part,
    of_span: &'s [(u16, usize)],
    of_resource: &'s [(u16, usize)],
}

impl Read<'_> {
    /// The rules that the span and its resource call for, in order, with the place of the
    /// attribute in either.
    pub fn due(&self) -> impl Iterator<Item = (u16, usize)> {
        let mut of_span = self.of_span.iter().copied().peekable();
        let mut of_resource = self.of_resource.iter().copied().peekable();
        std::iter::from_fn(move || match (of_span.peek(), of_resource.peek()) {
            (Some(one), Some(other)) if one > other => of_resource.next(),
            (Some(_), _) => of_span.next(),
            (None, _) => of_resource.next(),
        })
    }
}

/// What is settled for the spans of one shape.
#[derive(Debug)]
struct Shape {
    /// The dialects that its spans may be of, in order, with what only values tell.
    signs: Vec<(usize, Vec<Check>)>,
    plans: Vec<(usize, Plan)>,
}

/// How spans of one shape are read with one dialect.
#[derive(Debug)]
struct Plan {
    parts: Vec<(Vec<Check>, Part)>,
    due: Found,
}

impl<'a> Shapes<'a> {
    /// None so far.
    pub fn new(lens: &'a Lens) -> Self {
        let (shapes, known, open, resources) = Default::default();
        Self { lens, shapes, known, open, resources, key: Vec::new() }
    }

    /// Which dialect a span is of, what it is, and how it is read.
    pub fn classify(
        &mut self,
        seen: Seen<'_>,
        scope: &Scope,
        resource: Option<&Resource>,
    ) -> Option<Read<'_>> {
        let span = seen.span;
        self.key.clear();
        let events = u16::from(!span.events.is_empty());
        let [low, high] = [span.scope as u16, (span.scope >> 16) as u16];
        self.key.extend([low, high, (span.kind as u16) << 1 | events]);
        self.key.extend_from_slice(seen.attrs.shape());
        let known = self.known.get(self.key.as_slice()).copied();
        let at = known.unwrap_or_else(|| self.meet(seen, scope));
        let shape = self.shapes.get_mut(at)?;
        let holds = |checks: &[Check]| checks.iter().all(|check| check.holds(seen));
        let dialect = shape.signs.iter().find(|(_, checks)| holds(checks))?.0;
        let at = match shape.plans.iter().position(|(of, _)| *of == dialect) {
            Some(at) => at,
            None => {
                let plan = Plan::new(self.lens, dialect, seen, scope);
                shape.plans.push((dialect, plan));
                shape.plans.len() - 1
            }
        };
        let plan = &shape.plans.get(at)?.1;
        let part = plan.parts.iter().find(|(checks, _)| holds(checks));
        let part = part.map_or(Part::Other, |(_, part)| *part);
        if self.resources.len() == MOST {
            self.resources.clear();
        }
        let found = || in_resource(self.lens, dialect, resource);
        let of_resource = self.resources.entry((span.resource, dialect)).or_insert_with(found);
        Some(Read { dialect, part, of_span: &plan.due, of_resource })
    }
}

impl Shapes<'_> {
    /// Works out the shape of a span of which none was met before.
    fn meet(&mut self, seen: Seen<'_>, scope: &Scope) -> usize {
        let open = self.open.entry(seen.span.scope).or_insert_with(|| self.lens.open_to(scope));
        let shape = Shape::new(self.lens, open, &facts(seen, scope));
        if self.shapes.len() == MOST {
            self.shapes.clear();
            self.known.clear();
        }
        self.known.insert(self.key.as_slice().into(), self.shapes.len());
        self.shapes.push(shape);
        self.shapes.len() - 1
    }
}

fn facts<'s>(seen: Seen<'s>, scope: &'s Scope) -> Facts<'s> {
    Facts { scope, kind: seen.span.kind, attrs: seen.attrs }
}

impl Shape {
    fn new(lens: &Lens, open: &[Candidate], facts: &Facts<'_>) -> Self {
        let mut signs = Vec::new();
        for candidate in open {
            if let Some(checks) = lens.signs(candidate, facts) {
                let certain = checks.is_empty();
                signs.push((candidate.dialect, checks));
                // What comes behind is never asked.
                if certain {
                    break;
                }
            }
        }
        Self { signs, plans: Vec::new() }
    }
}

impl Plan {
    fn new(lens: &Lens, dialect: usize, seen: Seen<'_>, scope: &Scope) -> Self {
        let compiled = &lens.dialects[dialect];
        let located = |rule: u16| {
            let at = match compiled.fields.get(usize::from(rule))?.source {
                Source::Span(id) | Source::Repr(id, _) => seen.attrs.place(id)?,
                Source::Resource(_) | Source::Event(_) | Source::Fixed(_) => 0,
            };
            Some((rule, at))
        };
        let due = compiled.due(seen).into_iter().filter_map(located).collect();
        Self { parts: compiled.parts(&facts(seen, scope)), due }
    }
}

/// What the rules of a dialect find in a resource.
fn in_resource(lens: &Lens, dialect: usize, resource: Option<&Resource>) -> Found {
    let compiled = &lens.dialects[dialect];
    let attrs = resource.map(|resource| resource.attrs.as_slice()).unwrap_or_default();
    let located = |rule: u16| match compiled.fields.get(usize::from(rule))?.source {
        Source::Resource(id) => Some((rule, place(attrs, id)?)),
        _ => None,
    };
    compiled.due_of_resource(attrs).into_iter().filter_map(located).collect()
}

/// Where an attribute stands: the last one where it was written more than once.
fn place(attrs: &[(AttrId, Value)], id: AttrId) -> Option<usize> {
    attrs.iter().rposition(|(have, _)| *have == id)
}
