//! One span read with its dialect's table: the cells that it gives, and the clues beside them.

use std::borrow::Cow;

use crate::calls::call::{Call, Cell, Cols, Identity};
use crate::calls::chunks::{self, Chunks};
use crate::calls::clues::Clues;
use crate::calls::lens::{Lens, Rule, Source};
use crate::calls::parse::{self, Rejection};
use crate::calls::python;
use crate::calls::shapes::{Read, Seen, Shapes};
use crate::dialects::{Dialect, Part, To, Unit};
use crate::ingest::{AttrId, Event, Resource, Span, SpanKind, Spans, StatusCode, ValueRef};
use crate::schema::Col;

/// A span as its dialect reads it.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    /// Index of the span.
    pub span: u32,
    /// The span, which alone says which one a row is.
    pub origin: &'a Span,
    /// Name of its scope.
    pub scope: &'a str,
    /// The table that reads it.
    pub dialect: &'static Dialect,
    /// What it is.
    pub part: Part,
    /// Its kind.
    pub kind: SpanKind,
    /// When it started, nanoseconds since the epoch.
    pub start_ns: i64,
    /// When it ended; none where unfinished.
    pub end_ns: Option<i64>,
    /// Its cells.
    pub call: Call<'a>,
    /// Figures that help to derive others.
    pub clues: Clues<'a>,
    /// Times of its chunks.
    pub chunks: Option<Box<Chunks>>,
    /// Values that could not be true.
    pub rejected: Vec<Rejection>,
}

/// Room for the cells that are derived later on, or lent by an attempt.
const DERIVED: usize = 20;

/// Reads spans with the compiled tables; one for each thread.
#[derive(Debug)]
pub struct Reader<'a> {
    lens: &'a Lens,
    spans: &'a Spans,
    shapes: Shapes<'a>,
}

impl<'a> Reader<'a> {
    /// A reader over these spans.
    pub fn new(lens: &'a Lens, spans: &'a Spans) -> Self {
        Self { lens, spans, shapes: Shapes::new(lens) }
    }

    /// Reads the span of that index, and adds it to the others of its trace; adds nothing where no
    /// dialect knows it or it has nothing to do with a call.
    pub fn read(&mut self, index: u32, drafts: &mut Vec<Draft<'a>>) -> Option<()> {
        let spans = self.spans;
        let span = spans.spans.get(usize::try_from(index).ok()?)?;
        let scope = spans.scopes.get(usize::try_from(span.scope).ok()?)?;
        let resource = usize::try_from(span.resource).ok().and_then(|at| spans.resources.get(at));
        let attrs = spans.attrs(span);
        let read = self.shapes.classify(Seen { span, attrs }, scope, resource)?;
        let part = read.part;
        if part == Part::Other {
            return None;
        }
        // An attempt is never a row.
        let room = if part == Part::Attempt { 0 } else { DERIVED };
        drafts.push(Draft {
            span: index,
            origin: span,
            scope: &scope.name,
            dialect: self.lens.dialects[read.dialect].table,
            part,
            kind: span.kind,
            start_ns: span.start_ns,
            end_ns: span.end_ns,
            call: Call::with_room(attrs.len() + room),
            clues: Clues::default(),
            chunks: None,
            rejected: Vec::new(),
        });
        // It is large, and so filled where it lies.
        let draft = drafts.last_mut()?;
        let compiled = &self.lens.dialects[read.dialect];
        draft.fill(Seen { span, attrs }, resource, &compiled.fields, &read);
        draft.chunks = chunks::read(span, &compiled.chunks).map(Box::new);
        draft.clues.failed |= span.status == StatusCode::Error;
        Some(())
    }
}

/// The first event of that name; none where older events were dropped.
fn first_event(events: &[Event], id: AttrId, dropped: u32) -> Option<&Event> {
    let first = events.iter().filter(|event| event.id == id).min_by_key(|event| event.time_ns);
    first.filter(|_| dropped == 0)
}

impl<'a> Draft<'a> {
    /// Takes what the rules that are due find.
    fn fill(
        &mut self,
        Seen { span, attrs }: Seen<'a>,
        resource: Option<&'a Resource>,
        fields: &[Rule],
        read: &Read<'_>,
    ) {
        for (rule, place) in read.due() {
            let Some(rule) = fields.get(usize::from(rule)) else { continue };
            match rule.source {
                Source::Span(_) => {
                    if let Some(value) = attrs.get(place) {
                        self.offer(rule.to, value, rule.unit);
                    }
                }
                Source::Resource(_) => {
                    let found = resource.and_then(|resource| resource.attrs.get(place));
                    if let Some((_, value)) = found {
                        self.offer(rule.to, value.lent(), rule.unit);
                    }
                }
                Source::Repr(_, path) => {
                    let text = attrs.get(place).and_then(ValueRef::as_str);
                    let text = text.filter(|_| !self.filled(rule.to));
                    if let Some(value) = text.and_then(|text| python::find(text, path)) {
                        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
                        self.put_as(rule.to, value.lent(), rule.unit, own);
                    }
                }
                Source::Event(id) => {
                    if let Some(event) = first_event(&span.events, id, span.dropped_events) {
                        let seconds = parse::ns_to_s(event.time_ns.saturating_sub(span.start_ns));
                        self.offer(rule.to, ValueRef::Float(seconds), rule.unit);
                    }
                }
                Source::Fixed(text) if !self.filled(rule.to) => {
                    self.put(rule.to, ValueRef::Str(text), rule.unit);
                }
                Source::Fixed(_) => {}
            }
        }
    }

    /// Which span it is.
    pub fn identity(&self) -> Identity<'a> {
        let (span, scope, dialect) = (self.origin, self.scope, self.dialect.id);
        Identity { span, scope, dialect, start_ns: self.start_ns }
    }

    /// Seconds from start to end; none where unfinished.
    pub fn duration_s(&self) -> Option<f64> {
        let elapsed = self.end_ns?.checked_sub(self.start_ns)?;
        (elapsed >= 0).then(|| parse::ns_to_s(elapsed))
    }

    /// The end, or the start of a span that never ended.
    pub fn last_ns(&self) -> i64 {
        self.end_ns.unwrap_or(self.start_ns)
    }

    /// Whether this span lies within another one, give or take.
    pub fn within(&self, other: &Self, slack_ns: i64) -> bool {
        self.start_ns >= other.start_ns.saturating_sub(slack_ns)
            && self.last_ns() <= other.last_ns().saturating_add(slack_ns)
    }

    fn filled(&self, to: To) -> bool {
        match to {
            To::Col(col) => self.call.has(col),
            To::Segment(name) => self.call.segments.iter().any(|(have, _)| *have == name),
            To::Clue(_) => false,
        }
    }

    /// Puts a value where an earlier rule gave none.
    fn offer(&mut self, to: To, value: ValueRef<'a>, unit: Unit) {
        if !self.filled(to) {
            self.put(to, value, unit);
        }
    }

    fn put(&mut self, to: To, value: ValueRef<'a>, unit: Unit) {
        self.put_as(to, value, unit, |text| text);
    }

    /// Puts a value whose text is held as it is told.
    fn put_as<'v>(
        &mut self,
        to: To,
        value: ValueRef<'v>,
        unit: Unit,
        hold: impl Fn(Cow<'v, str>) -> Cow<'a, str>,
    ) {
        match to {
            To::Col(col) => match parse::cell(col, value, unit, self.start_ns) {
                Ok(cell) => self.call.set(col, cell.held(hold)),
                Err(reason) => self.rejected.push(reason),
            },
            To::Segment(name) => {
                if let Some(text) = parse::text(value) {
                    self.call.segments.push((Cow::Borrowed(name), hold(text)));
                }
            }
            To::Clue(clue) => {
                if let Err(reason) = self.clues.put(clue, (value, unit), self.start_ns, hold) {
                    self.rejected.push(reason);
                }
            }
        }
    }

    /// Lets the call begin earlier: with the attempts that failed before it.
    pub fn begin_at(&mut self, start_ns: i64) {
        let earlier_s = parse::ns_to_s(self.start_ns.saturating_sub(start_ns));
        self.start_ns = start_ns;
        if let Some(ttft) = self.call.number(Col::TtftS) {
            self.call.set(Col::TtftS, Cell::Float(ttft + earlier_s));
        }
        self.clues.finish_s = self.clues.finish_s.map(|finish| finish + earlier_s);
        if let Some(chunks) = &mut self.chunks {
            chunks.first_s += earlier_s;
            chunks.last_s += earlier_s;
        }
    }

    fn has_input(&self) -> bool {
        let clues = &self.clues;
        let counted = clues.input_without_cache.is_some() || clues.more_input.is_some();
        counted || self.call.has(Col::InputTokens)
    }

    fn has_output(&self) -> bool {
        self.clues.more_output.is_some() || self.call.has(Col::OutputTokens)
    }

    /// Whether it failed without any answer.
    pub fn fruitless(&self) -> bool {
        self.clues.failed
            && [Col::ResponseId, Col::OutputTokens, Col::TtftS]
                .iter()
                .all(|col| !self.call.has(*col))
    }

    /// Takes from another record of the same call what is not known here.
    pub fn fill_from(&mut self, other: &Self) {
        let ahead_s = parse::ns_to_s(self.start_ns.saturating_sub(other.start_ns));
        let ttft = self.call.number(Col::TtftS);
        // Counts of two vocabularies must not be mixed.
        let (input, output) = (self.has_input(), self.has_output());
        let mut fills = Cols::ALL;
        if input {
            fills = fills.without(Col::InputTokens);
        }
        if output {
            fills = fills.without(Col::OutputTokens);
        }
        self.call.fill_where(&other.call, fills);
        self.call.fill_segments(&other.call);
        if ttft.is_none()
            && let Some(theirs) = other.call.number(Col::TtftS)
        {
            // The other one counts from its own start.
            let mine = theirs - ahead_s;
            self.call.set(Col::TtftS, if mine >= 0.0 { Cell::Float(mine) } else { Cell::Null });
        }
        self.clues.usage_from(&other.clues, !input, !output);
        self.clues.fill_from(&other.clues);
        if self.chunks.is_none() && ahead_s.abs() < 1e-3 {
            self.chunks.clone_from(&other.chunks);
        }
        self.rejected.extend(&other.rejected);
    }
}

/// Whether two records can be of one model: one of them does not say, or one name begins with
/// the other.
pub fn models_agree(a: &Draft<'_>, b: &Draft<'_>) -> bool {
    let names = |draft: &Draft| {
        [Col::RequestModel, Col::ResponseModel]
            .iter()
            .filter_map(|col| draft.call.text(*col))
            .map(|name| name.rsplit('/').next().unwrap_or(name).to_owned())
            .collect::<Vec<_>>()
    };
    let (a, b) = (names(a), names(b));
    if a.is_empty() || b.is_empty() {
        return true;
    }
    a.iter().any(|a| b.iter().any(|b| a.starts_with(b.as_str()) || b.starts_with(a.as_str())))
}
